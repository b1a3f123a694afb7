// cpu.c - the cpu device: its memory, its table, and its kernels included below. Compiled once for
// each instruction set, so everything but the table is static and there is one copy of each kernel
// a set.
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "tensor/cpu/cpu.h"
#include "tensor/cpu/work.h"

// ---- memory: the host's -------------------------------------------------------------------------

enum { HUGE_PAGE = 2 << 20 };

// Large blocks ask for huge pages: packing walks down columns, a page a row.
static void *cpu_alloc(size_t bytes)
{
    void *p = NULL;
    if (bytes < HUGE_PAGE) return ref_alloc(bytes);
    if (posix_memalign(&p, HUGE_PAGE, bytes) != 0) return NULL;
#if defined(__linux__)
    madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

static void cpu_release(void *p, size_t bytes)
{
    ref_release(p, bytes);
}

static void cpu_upload(void *device, const void *host, size_t bytes)
{
    memcpy(device, host, bytes);
}

static void cpu_download(void *host, const void *device, size_t bytes)
{
    memcpy(host, device, bytes);
}

static Status cpu_sync(void)
{
    if (!workspace.refused) return OK;
    workspace.refused = false;
    return err_memory("cpu: scratch of a kernel");
}

// ---- kernels ------------------------------------------------------------------------------------

#include "tensor/cpu/flat.c"
#include "tensor/cpu/rows.c"
#include "tensor/cpu/tokens.c"
#include "tensor/cpu/gemm.c"
#include "tensor/cpu/attention.c"

#define TABLE_(isa) backend_cpu_##isa
#define TABLE(isa) TABLE_(isa)

const Backend TABLE(ISA) = {
    "cpu", 1,
#define KERNEL(name, result, args) cpu_##name,
#include "tensor/kernels.inc"
#undef KERNEL
};

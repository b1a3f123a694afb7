// cpu.c - the cpu device: its memory, its table, and its kernels included below. Compiled once per
// instruction set, so everything but the table is static and each set has its own copy of each
// kernel.
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "tensor/cpu/cpu.h"
#include "tensor/cpu/work.h"

// ---- memory: the host's -------------------------------------------------------------------------

enum { HUGE_PAGE = 2 << 20 };

// Large blocks ask for huge pages: packing walks down columns, one page per row.
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

// ---- the peak -----------------------------------------------------------------------------------

#define NAME_(what, isa) what##_##isa
#define NAME(what, isa) NAME_(what, isa)

double NAME(cpu_fmas, ISA)(int64_t rounds)
{
    enum { SUMS = NV == 2 ? 12 : 6 };          // enough to hide the latency, all in registers
    V sum[SUMS], x = v_set(0.999f), y = v_set(1e-3f), all = v_zero();
    UNROLL for (int i = 0; i < SUMS; i++) sum[i] = v_set((float)i);
    for (int64_t n = 0; n < rounds; n++)
        UNROLL for (int i = 0; i < SUMS; i++) sum[i] = v_fma(sum[i], x, y);
    UNROLL for (int i = 0; i < SUMS; i++) all = v_add(all, sum[i]);
    volatile float used = v_sum(all);
    (void)used;
    return 2.0 * SUMS * LANES * (double)rounds;
}

const Backend NAME(backend_cpu, ISA) = {
    .name = "cpu", .host_memory = true, .chains = true,
#define KERNEL(kernel, result, args, names) .kernel = cpu_##kernel,
#include "tensor/kernels.inc"
#undef KERNEL
};

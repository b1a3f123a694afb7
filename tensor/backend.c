// backend.c - devices by name, and what can be asked of a table.
#include "tensor/backend.h"

#include <stdio.h>
#include <string.h>

#ifdef HAVE_ISA_scalar           // not in the build in double: there the reference is all there is
#include "tensor/cpu/cpu.h"
#endif

typedef struct { const char *name; const Backend *table; } Isa;

// ---- instruction sets of the cpu device ---------------------------------------------------------

// The processor is asked at every call: it is one comparison, and there is nothing to keep.
#if defined(__x86_64__)
#define RUNS(feature) __builtin_cpu_supports(feature)
#else
#define RUNS(feature) 1
#endif

// Those of this build that the processor runs, best first. Returns how many.
static int isas_here(Isa out[4])
{
    int n = 0;
#ifdef HAVE_ISA_avx512
    if (RUNS("avx512f") && RUNS("avx512dq") && RUNS("avx512bw") && RUNS("avx512vl"))
        out[n++] = (Isa){ "avx512", &backend_cpu_avx512 };
#endif
#ifdef HAVE_ISA_avx2
    if (RUNS("avx2") && RUNS("fma")) out[n++] = (Isa){ "avx2", &backend_cpu_avx2 };
#endif
#ifdef HAVE_ISA_neon
    out[n++] = (Isa){ "neon", &backend_cpu_neon };
#endif
#ifdef HAVE_ISA_scalar
    out[n++] = (Isa){ "scalar", &backend_cpu_scalar };
#else
    out[n++] = (Isa){ "", &backend_ref };
#endif
    return n;
}

const Backend *backend_cpu(void)
{
    Isa here[4];
    isas_here(here);
    return here[0].table;
}

// A name that this build does not know is refused, and so is one that the processor does not run:
// silently taking less would be measured as if it were what was asked for.
static Status open_isa(const Backend **out, const char *isa)
{
    Isa here[4];
    int n = isas_here(here);
    for (int i = 0; i < n; i++)
        if (strcmp(here[i].name, isa) == 0) {
            *out = here[i].table;
            return OK;
        }
    return err_set(ERR_USAGE, "backend: instruction set \"%s\" does not run here, but %s", isa,
                   backend_isa_list());
}

const char *backend_isa(const Backend *be)
{
    Isa here[4];
    int n = isas_here(here);
    for (int i = 0; i < n; i++)
        if (here[i].table == be) return here[i].name;
    return "";
}

const char *backend_isa_list(void)
{
    static _Thread_local char list[64];
    Isa here[4];
    int n = isas_here(here), used = 0;
    list[0] = 0;
    for (int i = 0; i < n; i++)
        used += snprintf(list + used, sizeof list - (size_t)used, "%s%s", i ? ", " : "",
                         here[i].name);
    return list;
}

// ---- kernels ------------------------------------------------------------------------------------

int backend_kernels(void)
{
    int n = 0;
#define KERNEL(kernel, result, args, names) n++;
#include "tensor/kernels.inc"
#undef KERNEL
    return n;
}

const char *backend_kernel(int i)
{
    static const char *const list[] = {
#define KERNEL(kernel, result, args, names) #kernel,
#include "tensor/kernels.inc"
#undef KERNEL
    };
    return list[i];
}

bool backend_has(const Backend *be, int i)
{
    const bool list[] = {
#define KERNEL(kernel, result, args, names) be->kernel != NULL,
#include "tensor/kernels.inc"
#undef KERNEL
    };
    return list[i];
}

// ---- devices ------------------------------------------------------------------------------------

typedef struct { const char *name; Status (*open)(const Backend **out); } Device;

static const Device devices[] = {
#define DEVICE(name) { #name, name##_open },
    BACKENDS(DEVICE)
#undef DEVICE
};
enum { DEVICES = sizeof devices / sizeof *devices };

#ifdef HAVE_ISA_scalar
Status cpu_open(const Backend **out)
{
    *out = backend_cpu();
    return OK;
}
#endif

const char *backend_name(int i)
{
    return i < DEVICES ? devices[i].name : NULL;
}

static Status no_device(const char *name)
{
    char list[256] = "";
    for (int i = 0, used = 0; i < DEVICES && used < (int)sizeof list; i++)
        used += snprintf(list + used, sizeof list - (size_t)used, "%s%s",
                         i == 0 ? "" : i + 1 < DEVICES ? ", " : " or ", devices[i].name);
    return err_set(ERR_USAGE, "backend: device \"%s\" is not %s", name, list);
}

Status backend_find(const Backend **out, const char *device, const char *isa)
{
    for (int i = 0; i < DEVICES; i++) {
        if (strcmp(devices[i].name, device) != 0) continue;
        if (isa && strcmp(device, "cpu") == 0) return open_isa(out, isa);
        Status status = devices[i].open(out);
        return status == OK ? OK : err_prefix(status, "device %s", device);
    }
    return no_device(device);
}

Status backend_whole(const Backend *be)
{
    char list[512] = "";
    int kernels = backend_kernels(), holes = 0, used = 0;
    for (int i = 0; i < kernels; i++) {
        if (backend_has(be, i)) continue;
        if (used < (int)sizeof list)
            used += snprintf(list + used, sizeof list - (size_t)used, "%s%s", holes ? ", " : "",
                             backend_kernel(i));
        holes++;
    }
    if (!holes) return OK;
    return err_set(ERR_UNSUPPORTED, "backend: device %s lacks %d of %d kernels: %s", be->name,
                   holes, kernels, list);
}

Status backend_open(const Backend **out, const char *device, const char *isa)
{
    const Backend *be;
    TRY(backend_find(&be, device, isa));
    TRY(backend_whole(be));
    *out = be;
    return OK;
}

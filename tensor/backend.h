// backend.h - a device as a table of kernels.
//
// Everything above this line of the program speaks of tensors; everything below speaks of pointers
// and sizes. A port to a new accelerator fills one table (PORTING.md). kernels.inc holds the list,
// from which the struct, each device's prototypes and each table follow.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/err.h"

// Every device, once. The first is the default; --device, its help, test_backend and messages
// follow from the list. Device NAME has a function NAME_open, which gives its table, or says why it
// cannot be used on this machine. A port adds its name to the first list alone: the build in
// double, in which gradients are checked, has the devices whose kernels are written for any `real`.
#ifndef REAL
#define REAL float
#define BACKENDS(X) X(cpu) X(ref) X(far)
#else
#define BACKENDS(X) X(ref) X(far)
#endif
typedef REAL real;

typedef enum {
    ACT_NONE,
    ACT_QUICK_GELU,              // x sigmoid(1.702 x): OpenAI's CLIP (model.py, class QuickGELU)
    ACT_GELU,                    // x Phi(x) with erf (Hendrycks and Gimpel 2016)
} Act;

// One step of AdamW (Loshchilov and Hutter 2019) for one group of parameters. Two orders exist:
//   released:  p -= rate m / (sqrt(v) + eps);  p -= lr wd p       rate = lr sqrt(1-b2^t) / (1-b1^t)
//   torch:     p -= lr wd p;  p -= rate m / (sqrt(v) / root + eps)
//                                            rate = lr / (1-b1^t), root = sqrt(1-b2^t)
// with m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2 before either. `released` is the order of
// Hugging Face's transformers (optimization.py, class AdamW), which the authors of ProReg used.
// The complements are formed in double from the double betas: 1 - 0.98f is not 0.02f.
typedef struct {
    real beta1, beta2, one_minus_beta1, one_minus_beta2, eps, rate, root, decay;   // decay = lr wd
    int torch_order;
} AdamwStep;

// m = mu m + (g + wd p);  p -= lr m   (torch.optim.SGD: m starts from 0)
typedef struct { real lr, mu, wd; } SgdStep;

// A kernel that a device does not have (yet) is NULL: a hole.
typedef struct Backend {
    const char *name;
    bool host_memory;            // the host may read and write the device's memory directly
    bool chains;                 // sums down the rows are one chain per column (kernels.inc)
#define KERNEL(kernel, result, args, names) result(*kernel) args;
#include "tensor/kernels.inc"
#undef KERNEL
} Backend;

#define KERNEL(kernel, result, args, names) result ref_##kernel args;
#include "tensor/kernels.inc"
#undef KERNEL

#define BACKEND_OPEN_(name) Status name##_open(const Backend **out);
BACKENDS(BACKEND_OPEN_)

extern const Backend backend_ref;              // plain C that defines each kernel (cpu_ref.c)
const Backend *backend_cpu(void);              // the best that this processor runs

// The device of this name. isa names the instruction set of "cpu": scalar, avx2, avx512, neon;
// NULL: the best. Refused: a name that is not in BACKENDS, an instruction set that does not run
// here, a device that does not open here, one with holes. The message names the device and its
// holes.
Status backend_open(const Backend **out, const char *device, const char *isa);
Status backend_find(const Backend **out, const char *device, const char *isa);   // with its holes
const char *backend_name(int i);               // of device i of BACKENDS; NULL: no more
const char *backend_isa(const Backend *be);    // of a cpu table: "avx512", ..; else ""
const char *backend_isa_list(void);            // that run here, best first: "avx512, avx2, scalar"

// The kernels by their number in kernels.inc.
int backend_kernels(void);                     // how many there are
const char *backend_kernel(int i);             // name
bool backend_has(const Backend *be, int i);    // false: a hole
Status backend_whole(const Backend *be);       // an error that names all holes

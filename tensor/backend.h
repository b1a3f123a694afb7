// backend.h - a device as a table of kernels.
//
// Everything above this line of the program speaks of tensors; everything below speaks of pointers
// and sizes. A port to a new accelerator fills one table (PORTING.md). kernels.inc holds the list,
// from which the struct, each device's prototypes and each table follow, so none can lack an entry.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/err.h"

#ifndef REAL
#define REAL float               // `make grad` says double, to check gradients
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

typedef struct Backend {
    const char *name;
    int host_memory;             // the host may read and write its memory directly
#define KERNEL(name, result, args) result(*name) args;
#include "tensor/kernels.inc"
#undef KERNEL
} Backend;

#define KERNEL(name, result, args) result ref_##name args;
#include "tensor/kernels.inc"
#undef KERNEL

extern const Backend backend_ref;              // plain C that defines each kernel (cpu_ref.c)
const Backend *backend_cpu(void);              // the best that this processor runs

// "ref" or "cpu". isa names the instruction set of "cpu": scalar, avx2, avx512, neon; NULL: best.
// One that does not run here is refused.
Status backend_open(const Backend **out, const char *device, const char *isa);
const char *backend_isa(const Backend *be);    // of a cpu table: "avx512", ..; else ""
const char *backend_isa_list(void);            // that run here, best first: "avx512, avx2, scalar"
const char *backend_missing(const Backend *be);  // the first kernel without a function; NULL: none
int backend_kernels(void);                     // how many there are

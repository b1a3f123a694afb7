// layers.h - what a transformer is made of: declare once, apply in every step.
//
// A layer is a struct of parameters. x_declare adds them to Params, under their published names and
// with their shapes; the function of the layer's own name applies it.
#pragma once
#include "nn/param.h"
#include "tensor/ops.h"

typedef struct { Tensor *w, *b; } Linear;                    // (N,K) (N); b may be NULL
typedef struct { Tensor *w, *b; real eps; } LayerNorm;       // (C) (C)

// A pre-norm residual block (Radford et al. 2021; CLIP/clip/model.py, class
// ResidualAttentionBlock).
typedef struct {
    LayerNorm ln_1, ln_2;
    Linear in_proj;              // (3C,C): the rows of q, then of k, then of v
    Linear out_proj, c_fc, c_proj;
    int64_t width, heads;
    Act act;
} Block;

typedef struct { int64_t width, layers, heads, mlp; } TowerSize;

// Which keys a query sees, and which token is read at the end. On the host; NULL: all.
typedef struct {
    const int32_t *n_keys;       // (B,T) how many keys each query sees
    const int32_t *read_row;     // (B) row, in 0..B T - 1, of the one token whose result is read
    const int32_t *read_n_keys;  // (B) how many keys its query sees
} Sequence;

void linear_declare(Linear *l, Params *p, int64_t n, int64_t k, const char *name);
void layernorm_declare(LayerNorm *l, Params *p, int64_t width, double eps, const char *name);
void block_declare(Block *b, Params *p, TowerSize size, Act act, double eps, const char *name);

Tensor *linear(Tape *t, const Linear *l, Tensor *x, Act act);    // (..,K) -> (..,N)
Tensor *layernorm(Tape *t, const LayerNorm *l, Tensor *x);       // (..,C) -> (..,C)

// What is kept for backward, in units of x: 10 of the 18 results (with mlp = 4C); the layer norms'
// and the activation's are computed again. With t->recompute it is x alone, and backward computes
// the whole block again.
//
// (B,T,C) -> (B,T,C), or (B,C) if seq->read_row says which token is read: then the others' queries
// are not computed, and the result has the same bits.
Tensor *block(Tape *t, const Block *b, Tensor *x, const Sequence *seq);

// A stack of n blocks; seq->read_row concerns the last one only.
Tensor *blocks(Tape *t, const Block *b, int64_t n, Tensor *x, const Sequence *seq);

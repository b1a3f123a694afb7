// ops.h - the ops: shapes, then what they compute. Backward stands beside forward in ops.c.
//
// The last dimension is the columns, all others together are the rows: (..,K). Every op checks its
// shapes; if they do not fit, it fails the tape (tape.h) with a message that names both tensors.
#pragma once
#include "tensor/tape.h"

// y = act(x w^T + b).  (..,K) (N,K) (N) -> (..,N).  b may be NULL
Tensor *op_linear(Tape *t, Tensor *x, Tensor *w, Tensor *b, Act act);

// y = softmax(q k^T / sqrt(D)) v for each of the heads.  (B..,C) (B,T,2C) -> (B..,C).
// A row of kv holds k, then v. Query i sees the first n_keys[i] keys (causal: 1, 2, 3, ..), each
// in 1..T: one number per query, on the host; NULL: all keys
Tensor *op_attention(Tape *t, Tensor *q, Tensor *kv, int64_t heads, const int32_t *n_keys);

// y = (x - mean) rstd w + b, mean and variance per row.  (..,C) (C) (C) -> (..,C)
Tensor *op_layernorm(Tape *t, Tensor *x, Tensor *w, Tensor *b, real eps);

// y = act(x).  (..) -> (..)
Tensor *op_act(Tape *t, Tensor *x, Act act);

// y = a + b.  (..) (..) -> (..)
Tensor *op_add(Tape *t, Tensor *a, Tensor *b);

// y = x + p, p repeated over the leading axis.  (M,..) (..) -> (M,..)
Tensor *op_add_each(Tape *t, Tensor *x, Tensor *p);

// y_m = row index[m] of w.  (..,C) -> (n,C), or (B,T,C) for B x T indices.  `index`: on the host
Tensor *op_gather(Tape *t, Tensor *w, const int32_t *index, int64_t n);
Tensor *op_gather_each(Tape *t, Tensor *w, const int32_t *index, int64_t B, int64_t T);

// y_b = [cls; x_b] + pos.  (B,N,C) (C) (1+N,C) -> (B,1+N,C)
Tensor *op_tokens(Tape *t, Tensor *x, Tensor *cls, Tensor *pos);

// y = x / |x| per row; no epsilon.  (..,C) -> (..,C)
Tensor *op_unit(Tape *t, Tensor *x);

// y = exp(s) x.  (..) (1) -> (..)
Tensor *op_scale(Tape *t, Tensor *x, Tensor *s);

// loss_m = -sum_k q_mk log softmax(z_m / temp)_k.  (M,K) (M,K) -> (M).  q is a constant
Tensor *op_xent(Tape *t, Tensor *z, Tensor *q, real temp);

// y = sum_i w_i x_i.  (n) (n) -> (1).  w is a constant
Tensor *op_dot(Tape *t, Tensor *x, Tensor *w);

// No gradient: y = softmax(z / temp) per row.  (..,K) -> (..,K)
Tensor *op_softmax(Tape *t, Tensor *z, real temp);

// No gradient: squares of P x P pixels, each as (channel, y, x).  (B,3,S,S) -> (B,(S/P)^2,3PP)
Tensor *op_patches(Tape *t, Tensor *x, int64_t P);

extern const Op *const op_table[];               // all of them; ends with NULL

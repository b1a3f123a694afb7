// layers.c - Linear, LayerNorm and the transformer block, as functions of ops.
#include "nn/layers.h"

#include <stdio.h>

void linear_declare(Linear *l, Params *p, int64_t n, int64_t k, const char *name)
{
    l->w = params_declare(p, 2, (int64_t[]){ n, k }, "%s.weight", name);
    l->b = params_declare(p, 1, (int64_t[]){ n }, "%s.bias", name);
}

void layernorm_declare(LayerNorm *l, Params *p, int64_t width, double eps, const char *name)
{
    l->w = params_declare(p, 1, &width, "%s.weight", name);
    l->b = params_declare(p, 1, &width, "%s.bias", name);
    l->eps = (real)eps;
}

// In the order of the checkpoint; in_proj alone is spelt with '_' there.
void block_declare(Block *b, Params *p, TowerSize size, Act act, double eps, const char *name)
{
    char part[PARAM_NAME];
    int64_t C = size.width;
    *b = (Block){ .width = C, .heads = size.heads, .act = act };
    b->in_proj.w = params_declare(p, 2, (int64_t[]){ 3 * C, C }, "%s.attn.in_proj_weight", name);
    b->in_proj.b = params_declare(p, 1, (int64_t[]){ 3 * C }, "%s.attn.in_proj_bias", name);
    snprintf(part, sizeof part, "%s.attn.out_proj", name);
    linear_declare(&b->out_proj, p, C, C, part);
    snprintf(part, sizeof part, "%s.ln_1", name);
    layernorm_declare(&b->ln_1, p, C, eps, part);
    snprintf(part, sizeof part, "%s.mlp.c_fc", name);
    linear_declare(&b->c_fc, p, size.mlp, C, part);
    snprintf(part, sizeof part, "%s.mlp.c_proj", name);
    linear_declare(&b->c_proj, p, C, size.mlp, part);
    snprintf(part, sizeof part, "%s.ln_2", name);
    layernorm_declare(&b->ln_2, p, C, eps, part);
}

Tensor *linear(Tape *t, const Linear *l, Tensor *x, Act act)
{
    return op_linear(t, x, l->w, l->b, act);
}

Tensor *layernorm(Tape *t, const LayerNorm *l, Tensor *x)
{
    return op_layernorm(t, x, l->w, l->b, l->eps);
}

// Rows `from` to `from + n` of a linear layer.
static Tensor *linear_part(Tape *t, const Linear *l, Tensor *x, int64_t from, int64_t n)
{
    return op_linear(t, x, tape_rows(t, l->w, from, n), tape_rows(t, l->b, from, n), ACT_NONE);
}

static void drop_all(Tape *t, Tensor *const *x, int n)
{
    for (int i = 0; i < n; i++) tape_drop(t, x[i]);
}

// x + y, of which backward reads neither.
static Tensor *add(Tape *t, Tensor *x, Tensor *y)
{
    Tensor *sum = op_add(t, x, y);
    tape_drop(t, y);
    return sum;
}

// x + c_proj(act(c_fc(ln_2(x)))). To drop the argument of act, it must be a tensor of its own.
static Tensor *mlp(Tape *t, const Block *b, Tensor *x)
{
    Tensor *u = layernorm(t, &b->ln_2, x);                              // as x
    Tensor *in = t->recompute ? linear(t, &b->c_fc, u, ACT_NONE) : NULL;
    Tensor *h = in ? op_act(t, in, b->act) : linear(t, &b->c_fc, u, b->act);      // (..,mlp)
    tape_drop(t, u);
    tape_drop(t, in);
    Tensor *o = linear(t, &b->c_proj, h, ACT_NONE);
    tape_drop(t, h);
    return add(t, x, o);
}

// A block changes every token twice, each time by adding to it. First attention: each token asks
// with a query q, every token offers a key and a value; the answer is the mean of the values,
// weighted by softmax(q . key). Then an MLP of each token by itself. A layer norm comes before
// either.
//
// Keys and values are made of every token, as every query may look at them. In the last block,
// where only one token's result will be read (seq->read_row), the query and all that follows it are
// made for that token alone: asks, q, a, mid and y then are (B,..) instead of (B,T,..).
Tensor *block(Tape *t, const Block *b, Tensor *x, const Sequence *seq)
{
    int64_t C = b->width;
    Tensor *u = layernorm(t, &b->ln_1, x), *asks = u;                   // (B,T,C)
    Tensor *kv = linear_part(t, &b->in_proj, u, C, 2 * C);              // (B,T,2C)
    const int32_t *n_keys = seq->n_keys;
    if (seq->read_row && kv) {
        x = op_gather(t, x, seq->read_row, kv->dim[0]);                 // (B,C)
        asks = op_gather(t, u, seq->read_row, kv->dim[0]);              // (B,C)
        n_keys = seq->read_n_keys;
    }
    Tensor *q = linear_part(t, &b->in_proj, asks, 0, C);                // (B,T,C) or (B,C)
    tape_drop(t, u);
    Tensor *a = op_attention(t, q, kv, b->heads, n_keys);               // as q
    Tensor *mid = add(t, x, linear(t, &b->out_proj, a, ACT_NONE));      // as q
    Tensor *y = mlp(t, b, mid);
    if (t->recompute) drop_all(t, (Tensor *[]){ asks, kv, q, a, mid }, 5);
    return y;
}

// Without gradients one block's memory serves all of them (tape_slot).
Tensor *blocks(Tape *t, const Block *b, int64_t n, Tensor *x, const Sequence *seq)
{
    const Sequence all = { .n_keys = seq->n_keys };
    TapeSlot slot = tape_slot_like(t, x);
    for (int64_t l = 0; l + 1 < n; l++) x = tape_keep(t, &slot, block(t, &b[l], x, &all));
    return n ? block(t, &b[n - 1], x, seq) : x;
}

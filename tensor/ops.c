// ops.c - each op: a constructor that checks shapes, a forward and a backward that call kernels,
// and its row in the table. The mathematics is in cpu_ref.c; here is which tensor goes where.
#include "tensor/ops.h"

#include <stddef.h>

// ---- checks -------------------------------------------------------------------------------------

// What every constructor checks first: nothing has failed, and every operand is there.
static bool usable(Tape *t, const Tensor *a, const Tensor *b)
{
    if (t->status != OK) return false;
    if (a && b) return true;
    tape_fail(t, err_set(ERR_SHAPE, "tape: an op was given no tensor"));
    return false;
}

static Tensor *misfit(Tape *t, const Op *op, const Tensor *x, const Tensor *w)
{
    char a[96], b[96];
    tape_fail(t, err_set(ERR_SHAPE, "%s: %s: %s does not fit %s", op->name, op->equation,
                         tensor_shape(a, x), tensor_shape(b, w)));
    return NULL;
}

// The op's backward gives x no gradient: an x that needs one would silently not be trained.
static bool must_be_constant(Tape *t, const Op *op, const Tensor *x)
{
    char shape[96];
    if (!x->needs_grad) return true;
    tape_fail(t, err_set(ERR_SHAPE, "%s: %s: %s must be a constant, but wants a gradient", op->name,
                         op->equation, tensor_shape(shape, x)));
    return false;
}

static bool same_shape(const Tensor *a, const Tensor *b)
{
    bool same = a->ndim == b->ndim;
    for (int i = 0; same && i < a->ndim; i++) same = a->dim[i] == b->dim[i];
    return same;
}

// A tensor of x's shape, but for the last dimension.
static Tensor *shaped(Tape *t, const Tensor *x, int64_t cols)
{
    int64_t dim[MAX_DIM];
    for (int i = 0; i < x->ndim; i++) dim[i] = x->dim[i];
    dim[x->ndim - 1] = cols;
    return tape_tensor(t, x->ndim, dim);
}

static Tensor *like(Tape *t, const Tensor *x)
{
    return shaped(t, x, tensor_cols(x));
}

// Will there be a backward that needs what forward computes on the way?
static bool keeps(const Tape *t, const Tensor *a, const Tensor *b, const Tensor *c)
{
    return t->mode == TAPE_TRAIN
           && (a->needs_grad || (b && b->needs_grad) || (c && c->needs_grad));
}

static bool in_range(Tape *t, const char *op, const int32_t *index, int64_t n, int64_t low,
                     int64_t high)
{
    for (int64_t i = 0; i < n; i++) {
        if (index[i] >= low && index[i] <= high) continue;
        tape_fail(t, err_set(ERR_SHAPE, "%s: number %lld is %d, not in %lld..%lld", op,
                             (long long)i, index[i], (long long)low, (long long)high));
        return false;
    }
    return true;
}

// ---- linear -------------------------------------------------------------------------------------

static void linear_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2], *y = n->out;
    t->be->linear_fwd(y->data, n->saved[0], x->data, w->data, b ? b->data : NULL, tensor_rows(x),
                      w->dim[0], w->dim[1], n->act);
}

static void linear_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2], *y = n->out;
    real *dx = grad_begin(t, x), *dw = grad_add(t, w), *db = grad_add(t, b);
    if (t->status != OK) return;
    t->be->linear_bwd(dx, dw, db, y->grad, n->saved[0], x->data, w->data, tensor_rows(x),
                      w->dim[0], w->dim[1], n->act);
    grad_end(t, x, dx);
}

// The argument of act was kept.
static void linear_again(Tape *t, const Node *n)
{
    Tensor *y = n->out;
    if (n->saved[0]) t->be->act_fwd(y->data, n->saved[0], tensor_size(y), n->act);
    else linear_forward(t, n);
}

static const Op linear_op = {
    .name = "linear", .equation = "y = act(x w^T + b)", .forward = linear_forward,
    .backward = linear_backward, .reads = READS_IN0 | READS_IN1, .again = linear_again,
};

Tensor *op_linear(Tape *t, Tensor *x, Tensor *w, Tensor *b, Act act)
{
    if (!usable(t, x, w)) return NULL;
    if (w->ndim != 2 || tensor_cols(x) != w->dim[1]) return misfit(t, &linear_op, x, w);
    if (b && tensor_size(b) != w->dim[0]) return misfit(t, &linear_op, b, w);
    Node n = { .op = &linear_op, .in = { x, w, b }, .out = shaped(t, x, w->dim[0]), .act = act };
    if (n.out && act != ACT_NONE && keeps(t, x, w, b))
        n.saved[0] = tape_numbers(t, tensor_size(n.out));    // the argument of act
    return tape_record(t, &n);
}

// ---- attention ----------------------------------------------------------------------------------

static void attention_forward(Tape *t, const Node *n)
{
    Tensor *q = n->in[0], *kv = n->in[1], *y = n->out;
    int64_t B = kv->dim[0], H = n->heads;
    t->be->attention_fwd(y->data, n->saved[0], q->data, kv->data, n->n_keys, B,
                         tensor_rows(q) / B, kv->dim[1], H, tensor_cols(q) / H);
}

// The kernel writes both gradients; one that is not wanted goes to memory that is not read.
static real *grad_or_scratch(Tape *t, const Tensor *x)
{
    return x->needs_grad ? grad_begin(t, x) : tape_numbers(t, tensor_size(x));
}

static void attention_backward(Tape *t, const Node *n)
{
    Tensor *q = n->in[0], *kv = n->in[1], *y = n->out;
    int64_t B = kv->dim[0], H = n->heads;
    real *dq = grad_or_scratch(t, q), *dkv = grad_or_scratch(t, kv);
    if (t->status != OK) return;
    t->be->attention_bwd(dq, dkv, y->grad, y->data, n->saved[0], q->data, kv->data, n->n_keys, B,
                         tensor_rows(q) / B, kv->dim[1], H, tensor_cols(q) / H);
    grad_end(t, q, dq);
    grad_end(t, kv, dkv);
}

static const Op attention_op = {
    .name = "attention", .equation = "y = softmax(q k^T / sqrt(D)) v per head",
    .forward = attention_forward, .backward = attention_backward,
    .reads = READS_IN0 | READS_IN1 | READS_OUT,
};

Tensor *op_attention(Tape *t, Tensor *q, Tensor *kv, int64_t heads, const int32_t *n_keys)
{
    if (!usable(t, q, kv)) return NULL;
    int64_t rows = tensor_rows(q), C = tensor_cols(q);
    if (kv->ndim != 3 || tensor_cols(kv) != 2 * C || rows % kv->dim[0] || C % heads)
        return misfit(t, &attention_op, q, kv);
    if (n_keys && !in_range(t, "attention", n_keys, rows, 1, kv->dim[1])) return NULL;
    Node n = { .op = &attention_op, .in = { q, kv }, .out = like(t, q), .heads = heads,
               .n_keys = n_keys ? tape_index(t, n_keys, rows) : NULL,
               .saved = { tape_numbers(t, rows * heads) } };          // log of the sum of exp
    return tape_record(t, &n);
}

// ---- layernorm ----------------------------------------------------------------------------------

static void layernorm_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2], *y = n->out;
    t->be->layernorm_fwd(y->data, n->saved[0], n->saved[1], x->data, w->data, b->data,
                         tensor_rows(x), tensor_cols(x), n->eps);
}

static void layernorm_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2], *y = n->out;
    real *dx = grad_begin(t, x), *dw = grad_add(t, w), *db = grad_add(t, b);
    if (t->status != OK) return;
    t->be->layernorm_bwd(dx, dw, db, y->grad, x->data, w->data, n->saved[0], n->saved[1],
                         tensor_rows(x), tensor_cols(x));
    grad_end(t, x, dx);
}

static const Op layernorm_op = {
    .name = "layernorm", .equation = "y = (x - mean) rstd w + b", .forward = layernorm_forward,
    .backward = layernorm_backward, .reads = READS_IN0 | READS_IN1,
};

Tensor *op_layernorm(Tape *t, Tensor *x, Tensor *w, Tensor *b, real eps)
{
    if (!usable(t, x, w) || !usable(t, x, b)) return NULL;
    if (tensor_size(w) != tensor_cols(x)) return misfit(t, &layernorm_op, x, w);
    if (tensor_size(b) != tensor_cols(x)) return misfit(t, &layernorm_op, x, b);
    int64_t rows = tensor_rows(x);
    Node n = { .op = &layernorm_op, .in = { x, w, b }, .out = like(t, x), .eps = eps,
               .saved = { tape_numbers(t, rows), tape_numbers(t, rows) } };   // mean, rstd
    return tape_record(t, &n);
}

// ---- element by element -------------------------------------------------------------------------

static void act_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *y = n->out;
    t->be->act_fwd(y->data, x->data, tensor_size(x), n->act);
}

static void act_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *y = n->out;
    real *dx = grad_begin(t, x);
    if (dx) t->be->act_bwd(dx, y->grad, x->data, tensor_size(x), n->act);
    grad_end(t, x, dx);
}

static const Op act_op = {
    .name = "act", .equation = "y = act(x)", .forward = act_forward, .backward = act_backward,
    .reads = READS_IN0,
};

Tensor *op_act(Tape *t, Tensor *x, Act act)
{
    if (!usable(t, x, x)) return NULL;
    return tape_record(t, &(Node){ .op = &act_op, .in = { x }, .out = like(t, x), .act = act });
}

static void add_forward(Tape *t, const Node *n)
{
    Tensor *a = n->in[0], *b = n->in[1], *y = n->out;
    t->be->add_fwd(y->data, a->data, b->data, 1, tensor_size(a));
}

// The gradient of a sum is that of each part: b gets a copy, a the buffer itself if it can.
static void add_backward(Tape *t, const Node *n)
{
    Tensor *a = n->in[0], *b = n->in[1], *y = n->out;
    real *db = grad_begin(t, b);
    if (db) t->be->copy(db, y->grad, tensor_size(y));
    grad_end(t, b, db);
    grad_pass(t, a, y);
}

static const Op add_op = {
    .name = "add", .equation = "y = a + b", .forward = add_forward, .backward = add_backward,
};

Tensor *op_add(Tape *t, Tensor *a, Tensor *b)
{
    if (!usable(t, a, b)) return NULL;
    if (!same_shape(a, b)) return misfit(t, &add_op, a, b);
    return tape_record(t, &(Node){ .op = &add_op, .in = { a, b }, .out = like(t, a) });
}

static void add_each_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *p = n->in[1], *y = n->out;
    t->be->add_fwd(y->data, x->data, p->data, x->dim[0], tensor_size(p));
}

static void add_each_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *p = n->in[1], *y = n->out;
    real *dp = grad_add(t, p);
    if (dp) t->be->sum_rows(dp, y->grad, x->dim[0], tensor_size(p));
    grad_pass(t, x, y);
}

static const Op add_each_op = {
    .name = "add_each", .equation = "y_m = x_m + p", .forward = add_each_forward,
    .backward = add_each_backward,
};

Tensor *op_add_each(Tape *t, Tensor *x, Tensor *p)
{
    if (!usable(t, x, p)) return NULL;
    if (tensor_size(p) * x->dim[0] != tensor_size(x) || tensor_cols(p) != tensor_cols(x))
        return misfit(t, &add_each_op, x, p);
    return tape_record(t, &(Node){ .op = &add_each_op, .in = { x, p }, .out = like(t, x) });
}

static void scale_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *s = n->in[1], *y = n->out;
    t->be->scale_fwd(y->data, x->data, s->data, tensor_rows(x), tensor_cols(x));
}

static void scale_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *s = n->in[1], *y = n->out;
    real *dx = grad_begin(t, x), *ds = grad_add(t, s);
    if (t->status != OK) return;
    t->be->scale_bwd(dx, ds, y->grad, y->data, s->data, tensor_rows(x), tensor_cols(x));
    grad_end(t, x, dx);
}

static const Op scale_op = {
    .name = "scale", .equation = "y = exp(s) x", .forward = scale_forward,
    .backward = scale_backward, .reads = READS_OUT | READS_IN1,
};

Tensor *op_scale(Tape *t, Tensor *x, Tensor *s)
{
    if (!usable(t, x, s)) return NULL;
    if (tensor_size(s) != 1) return misfit(t, &scale_op, x, s);
    return tape_record(t, &(Node){ .op = &scale_op, .in = { x, s }, .out = like(t, x) });
}

// ---- rows ---------------------------------------------------------------------------------------

static void gather_forward(Tape *t, const Node *n)
{
    Tensor *w = n->in[0], *y = n->out;
    t->be->gather_fwd(y->data, w->data, n->rows, tensor_rows(y), tensor_cols(w));
}

static void gather_backward(Tape *t, const Node *n)
{
    Tensor *w = n->in[0], *y = n->out;
    real *dw = grad_add(t, w);
    if (dw) t->be->gather_bwd(dw, y->grad, n->rows, tensor_rows(y), tensor_cols(w));
}

static const Op gather_op = {
    .name = "gather", .equation = "y_m = w_index[m]", .forward = gather_forward,
    .backward = gather_backward,
};

static Tensor *gather(Tape *t, Tensor *w, const int32_t *index, int ndim, const int64_t *dim)
{
    int64_t n = ndim == 2 ? dim[0] : dim[0] * dim[1];
    if (!usable(t, w, w) || !in_range(t, "gather", index, n, 0, tensor_rows(w) - 1)) return NULL;
    return tape_record(t, &(Node){ .op = &gather_op, .in = { w },
                                   .out = tape_tensor(t, ndim, dim),
                                   .rows = tape_index(t, index, n) });
}

Tensor *op_gather(Tape *t, Tensor *w, const int32_t *index, int64_t n)
{
    return w ? gather(t, w, index, 2, (int64_t[]){ n, tensor_cols(w) }) : NULL;
}

Tensor *op_gather_each(Tape *t, Tensor *w, const int32_t *index, int64_t B, int64_t T)
{
    return w ? gather(t, w, index, 3, (int64_t[]){ B, T, tensor_cols(w) }) : NULL;
}

static void unit_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *y = n->out;
    t->be->unit_fwd(y->data, n->saved[0], x->data, tensor_rows(x), tensor_cols(x));
}

static void unit_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *y = n->out;
    real *dx = grad_begin(t, x);
    if (dx)
        t->be->unit_bwd(dx, y->grad, y->data, n->saved[0], tensor_rows(x), tensor_cols(x));
    grad_end(t, x, dx);
}

static const Op unit_op = {
    .name = "unit", .equation = "y = x / |x|", .forward = unit_forward,
    .backward = unit_backward, .reads = READS_OUT,
};

Tensor *op_unit(Tape *t, Tensor *x)
{
    if (!usable(t, x, x)) return NULL;
    return tape_record(t, &(Node){ .op = &unit_op, .in = { x }, .out = like(t, x),
                                   .saved = { tape_numbers(t, tensor_rows(x)) } });
}

static void softmax_forward(Tape *t, const Node *n)
{
    Tensor *z = n->in[0], *y = n->out;
    t->be->softmax_fwd(y->data, z->data, tensor_rows(z), tensor_cols(z), n->temp);
}

static const Op softmax_op = {
    .name = "softmax", .equation = "y = softmax(z / temp)", .forward = softmax_forward,
};

Tensor *op_softmax(Tape *t, Tensor *z, real temp)
{
    if (!usable(t, z, z) || !must_be_constant(t, &softmax_op, z)) return NULL;
    return tape_record(t, &(Node){ .op = &softmax_op, .in = { z }, .out = like(t, z),
                                   .temp = temp });
}

static void xent_forward(Tape *t, const Node *n)
{
    Tensor *z = n->in[0], *q = n->in[1], *loss = n->out;
    t->be->xent_fwd(loss->data, n->saved[0], z->data, q->data, z->dim[0], z->dim[1], n->temp);
}

static void xent_backward(Tape *t, const Node *n)
{
    Tensor *z = n->in[0], *q = n->in[1], *loss = n->out;
    real *dz = grad_begin(t, z);
    if (dz)
        t->be->xent_bwd(dz, loss->grad, n->saved[0], z->data, q->data, z->dim[0], z->dim[1],
                        n->temp);
    grad_end(t, z, dz);
}

static const Op xent_op = {
    .name = "xent", .equation = "loss = -sum q log softmax(z / temp)", .forward = xent_forward,
    .backward = xent_backward, .reads = READS_IN0 | READS_IN1,
};

Tensor *op_xent(Tape *t, Tensor *z, Tensor *q, real temp)
{
    if (!usable(t, z, q)) return NULL;
    if (z->ndim != 2 || !same_shape(z, q)) return misfit(t, &xent_op, z, q);
    if (!must_be_constant(t, &xent_op, q)) return NULL;
    return tape_record(t, &(Node){ .op = &xent_op, .in = { z, q }, .temp = temp,
                                   .out = tape_tensor(t, 1, z->dim),
                                   .saved = { tape_numbers(t, z->dim[0]) } });
}

static void dot_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *y = n->out;
    t->be->dot_fwd(y->data, w->data, x->data, tensor_size(x));
}

static void dot_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *y = n->out;
    real *dx = grad_begin(t, x);
    if (dx) t->be->dot_bwd(dx, y->grad, w->data, tensor_size(x));
    grad_end(t, x, dx);
}

static const Op dot_op = {
    .name = "dot", .equation = "y = sum w x", .forward = dot_forward, .backward = dot_backward,
    .reads = READS_IN1,
};

Tensor *op_dot(Tape *t, Tensor *x, Tensor *w)
{
    if (!usable(t, x, w)) return NULL;
    if (!same_shape(x, w)) return misfit(t, &dot_op, x, w);
    if (!must_be_constant(t, &dot_op, w)) return NULL;
    return tape_record(t, &(Node){ .op = &dot_op, .in = { x, w },
                                   .out = tape_tensor(t, 1, (int64_t[]){ 1 }) });
}

// ---- pictures to tokens -------------------------------------------------------------------------

static void tokens_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *cls = n->in[1], *pos = n->in[2], *y = n->out;
    t->be->tokens_fwd(y->data, x->data, cls->data, pos->data, x->dim[0], x->dim[1], x->dim[2]);
}

static void tokens_backward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *cls = n->in[1], *pos = n->in[2], *y = n->out;
    real *dx = grad_begin(t, x), *dcls = grad_add(t, cls), *dpos = grad_add(t, pos);
    if (t->status != OK) return;
    t->be->tokens_bwd(dx, dcls, dpos, y->grad, x->dim[0], x->dim[1], x->dim[2]);
    grad_end(t, x, dx);
}

static const Op tokens_op = {
    .name = "tokens", .equation = "y_b = [cls; x_b] + pos", .forward = tokens_forward,
    .backward = tokens_backward,
};

Tensor *op_tokens(Tape *t, Tensor *x, Tensor *cls, Tensor *pos)
{
    if (!usable(t, x, cls) || !usable(t, x, pos)) return NULL;
    if (x->ndim != 3 || tensor_size(cls) != x->dim[2]) return misfit(t, &tokens_op, x, cls);
    if (tensor_size(pos) != (1 + x->dim[1]) * x->dim[2]) return misfit(t, &tokens_op, x, pos);
    int64_t dim[] = { x->dim[0], 1 + x->dim[1], x->dim[2] };
    return tape_record(t, &(Node){ .op = &tokens_op, .in = { x, cls, pos },
                                   .out = tape_tensor(t, 3, dim) });
}

static void patches_forward(Tape *t, const Node *n)
{
    Tensor *x = n->in[0], *y = n->out;
    t->be->patches_fwd(y->data, x->data, x->dim[0], x->dim[2], n->patch);
}

static const Op patches_op = {
    .name = "patches", .equation = "squares of P x P pixels", .forward = patches_forward,
};

Tensor *op_patches(Tape *t, Tensor *x, int64_t P)
{
    char shape[96];
    if (!usable(t, x, x)) return NULL;
    if (x->ndim != 4 || x->dim[1] != 3 || x->dim[2] != x->dim[3] || P < 1 || x->dim[2] < P) {
        tape_fail(t, err_set(ERR_SHAPE, "patches: %s is not (B,3,S,S) with S of at least %lld",
                             tensor_shape(shape, x), (long long)P));
        return NULL;
    }
    if (!must_be_constant(t, &patches_op, x)) return NULL;
    int64_t G = x->dim[2] / P, dim[] = { x->dim[0], G * G, 3 * P * P };
    return tape_record(t, &(Node){ .op = &patches_op, .in = { x }, .out = tape_tensor(t, 3, dim),
                                   .patch = P });
}

const Op *const op_table[] = {
    &linear_op, &attention_op, &layernorm_op, &act_op, &add_op, &add_each_op, &scale_op,
    &gather_op, &unit_op, &softmax_op, &xent_op, &dot_op, &tokens_op, &patches_op, NULL,
};

// test_grad.c - every op's backward against central differences, in double (VARIANT=grad).
//
// Each case builds a small expression of random leaves and draws it together to one number with
// random weights. Every element of every leaf is moved by h to both sides; the slope must be the
// gradient's. Shapes are ragged, batches hold at least 2, no dimension is 1. An op of the table
// without a case fails.
#include "nn/layers.h"
#include "tensor/base/rng.h"
#include "test/device.h"

typedef struct { Tape t; Params p; Rng rng; Tensor *loss; } Bench;

static void bench_begin(Bench *b, uint32_t salt)
{
    const Backend *be = device_open("ref");
    tape_init(&b->t, be);
    params_init(&b->p, be);
    b->rng = rng_at(test_seed, 0, salt, RNG_TEST);
}

static void bench_end(Bench *b)
{
    tape_free(&b->t);
    params_free(&b->p);
}

static Tensor *leaf(Bench *b, int ndim, int64_t d0, int64_t d1, int64_t d2)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    int n = 0;
    for (Param *q = b->p.first; q; q = q->next) n++;
    return params_declare(&b->p, ndim, (int64_t[]){ d0, d1, d2 }, "%s", names[n]);
}

static int all_trained(const char *name)
{
    return name[0] >= 'a' ? 0 : -1;
}

static void fill(Bench *b, real *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        b->t.be->upload(x + i, &(real){ (real)rng_normal(&b->rng) }, sizeof *x);
}

static void bench_place(Bench *b)
{
    CHECK_OK(params_place(&b->p, all_trained));
    for (Param *q = b->p.first; q; q = q->next) fill(b, q->value.data, tensor_size(&q->value));
    tape_begin(&b->t, TAPE_TRAIN);
}

static Tensor *constant(Bench *b, int ndim, int64_t d0, int64_t d1)
{
    Tensor *x = tape_tensor(&b->t, ndim, (int64_t[]){ d0, d1 });
    if (x) fill(b, x->data, tensor_size(x));
    return x;
}

// One number out of y: a random weight for each element.
static void bench_loss(Bench *b, Tensor *y)
{
    Tensor *w = y ? tape_tensor(&b->t, y->ndim, y->dim) : NULL;
    if (w) fill(b, w->data, tensor_size(w));
    b->loss = op_dot(&b->t, y, w);
}

static double slope(Bench *b, real *x)
{
    const double h = 1e-4;       // five points: the error falls with h^4
    double f[4], at[4] = { -2, -1, 1, 2 };
    const Backend *be = b->t.be;
    double keep = device_number(be, x);
    for (int i = 0; i < 4; i++) {
        be->upload(x, &(real){ (real)(keep + at[i] * h) }, sizeof *x);
        tape_replay(&b->t);
        f[i] = device_number(be, b->loss->data);
    }
    be->upload(x, &(real){ (real)keep }, sizeof *x);
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

// Does some backward say that it reads these values, or read them to make dropped ones again?
static bool is_read(const Bench *b, const Tensor *x)
{
    for (const Node *n = b->t.first; n; n = n->next) {
        if ((n->op->reads & READS_OUT) && n->out == x) return true;
        for (int i = 0; i < MAX_IN; i++)
            if (((n->op->reads >> i & READS_IN0) || n->out->dropped) && n->in[i]
                && (n->in[i] == x || n->in[i]->whole == x))
                return true;
    }
    return false;
}

// What no op says that its backward reads is NaN meanwhile.
static void spoil_unread(Bench *b, real **kept)
{
    const Backend *be = b->t.be;
    int i = 0;
    for (Param *q = b->p.first; q; q = q->next, i++) {
        int64_t n = tensor_size(&q->value);
        kept[i] = arena_take(&b->t.host, (size_t)n * sizeof(real));
        be->download(kept[i], q->value.data, (size_t)n * sizeof(real));
        if (!is_read(b, &q->value)) be->fill(q->value.data, (real)NAN, n);
    }
    for (Node *n = b->t.first; n; n = n->next) {
        if (n->out != b->loss && n->out->data && !is_read(b, n->out))
            be->fill(n->out->data, (real)NAN, tensor_size(n->out));
    }
}

static void restore_leaves(Bench *b, real **kept)
{
    int i = 0;
    for (Param *q = b->p.first; q; q = q->next, i++)
        b->t.be->upload(q->value.data, kept[i], (size_t)tensor_size(&q->value) * sizeof(real));
}

// The worst error over all elements, in units of the tensor's largest gradient.
static void bench_check(Bench *b)
{
    double worst = 0;
    real *kept[20];
    params_zero_grad(&b->p);
    spoil_unread(b, kept);
    if (!CHECK_OK(tape_backward(&b->t, b->loss))) return;
    restore_leaves(b, kept);
    CHECK_OK(params_check_grad(&b->p));
    for (Param *q = b->p.first; q; q = q->next) {
        double largest = 0, error = 0;
        for (int64_t i = 0; i < tensor_size(&q->value); i++) {
            double g = device_number(b->t.be, q->value.grad + i), s = slope(b, q->value.data + i);
            largest = fmax(largest, fabs(s));
            error = test_worse(error, fabs(g - s));
        }
        CHECK(error <= 1e-7 * largest, "%s: error %g, largest gradient %g", q->name, error,
              largest);
        worst = test_worse(worst, error / largest);
    }
    test_note("worst %.1e", worst);
}

// ---- one case for each op -----------------------------------------------------------------------

static void linear_with(Act act)
{
    Bench b;
    bench_begin(&b, 1);
    Tensor *x = leaf(&b, 3, 2, 3, 5), *w = leaf(&b, 2, 7, 5, 0), *c = leaf(&b, 1, 7, 0, 0);
    bench_place(&b);
    bench_loss(&b, op_linear(&b.t, x, w, c, act));
    bench_check(&b);
    bench_end(&b);
}

static void case_linear(void) { linear_with(ACT_NONE); }
static void case_linear_quick_gelu(void) { linear_with(ACT_QUICK_GELU); }
static void case_linear_gelu(void) { linear_with(ACT_GELU); }

static void attention_with(int64_t Tq, const int32_t *seen)
{
    Bench b;
    bench_begin(&b, 2);
    Tensor *q = leaf(&b, 3, 2, Tq, 6), *kv = leaf(&b, 3, 2, 5, 12);
    bench_place(&b);
    bench_loss(&b, op_attention(&b.t, q, kv, 2, seen));
    bench_check(&b);
    bench_end(&b);
}

// One side alone: the other's gradient is not wanted.
static void attention_one_side(bool queries)
{
    Bench b;
    bench_begin(&b, 15);
    Tensor *x = leaf(&b, 3, 2, 5, queries ? 6 : 12);
    bench_place(&b);
    Tensor *other = tape_tensor(&b.t, 3, (int64_t[]){ 2, 5, queries ? 12 : 6 });
    fill(&b, other->data, tensor_size(other));
    bench_loss(&b, queries ? op_attention(&b.t, x, other, 2, NULL)
                           : op_attention(&b.t, other, x, 2, NULL));
    bench_check(&b);
    bench_end(&b);
}

static void case_attention_q(void) { attention_one_side(true); }
static void case_attention_kv(void) { attention_one_side(false); }

static void case_attention(void) { attention_with(5, NULL); }
static void case_attention_causal(void)
{
    attention_with(5, (int32_t[]){ 1, 2, 3, 4, 5, 1, 2, 3, 4, 5 });
}
static void case_attention_short(void) { attention_with(2, (int32_t[]){ 2, 5, 3, 4 }); }

static void case_layernorm(void)
{
    Bench b;
    bench_begin(&b, 3);
    Tensor *x = leaf(&b, 3, 2, 3, 7), *w = leaf(&b, 1, 7, 0, 0), *c = leaf(&b, 1, 7, 0, 0);
    bench_place(&b);
    bench_loss(&b, op_layernorm(&b.t, x, w, c, (real)1e-5));
    bench_check(&b);
    bench_end(&b);
}

static void act_with(Act act)
{
    Bench b;
    bench_begin(&b, 4);
    Tensor *x = leaf(&b, 2, 3, 7, 0);
    bench_place(&b);
    bench_loss(&b, op_act(&b.t, x, act));
    bench_check(&b);
    bench_end(&b);
}

static void case_act(void) { act_with(ACT_QUICK_GELU); }
static void case_act_gelu(void) { act_with(ACT_GELU); }

// x + act(x) + x: a tensor that feeds three ops, so its gradient comes in three parts.
static void case_add(void)
{
    Bench b;
    bench_begin(&b, 5);
    Tensor *x = leaf(&b, 2, 3, 5, 0), *y = leaf(&b, 2, 3, 5, 0);
    bench_place(&b);
    Tensor *u = op_act(&b.t, y, ACT_GELU);
    Tensor *s = op_add(&b.t, u, op_act(&b.t, op_add(&b.t, u, x), ACT_GELU));
    bench_loss(&b, op_add(&b.t, s, op_add(&b.t, u, x)));
    bench_check(&b);
    bench_end(&b);
}

static void case_add_each(void)
{
    Bench b;
    bench_begin(&b, 6);
    Tensor *x = leaf(&b, 3, 4, 3, 5), *p = leaf(&b, 2, 3, 5, 0);
    bench_place(&b);
    bench_loss(&b, op_act(&b.t, op_add_each(&b.t, x, p), ACT_GELU));
    bench_check(&b);
    bench_end(&b);
}

static void case_scale(void)
{
    Bench b;
    bench_begin(&b, 7);
    Tensor *x = leaf(&b, 2, 3, 5, 0), *s = leaf(&b, 1, 1, 0, 0);
    bench_place(&b);
    bench_loss(&b, op_scale(&b.t, x, s));
    bench_check(&b);
    bench_end(&b);
}

static void case_gather(void)
{
    Bench b;
    bench_begin(&b, 8);
    Tensor *w = leaf(&b, 2, 4, 5, 0);
    bench_place(&b);
    Tensor *y = op_gather_each(&b.t, w, (int32_t[]){ 2, 0, 2, 3, 1, 2 }, 2, 3);
    Tensor *one = op_gather(&b.t, op_act(&b.t, y, ACT_GELU), (int32_t[]){ 0, 2, 3 }, 3);
    bench_loss(&b, one);
    bench_check(&b);
    bench_end(&b);
}

static void case_tokens(void)
{
    Bench b;
    bench_begin(&b, 9);
    Tensor *x = leaf(&b, 3, 2, 3, 5), *cls = leaf(&b, 1, 5, 0, 0), *pos = leaf(&b, 2, 4, 5, 0);
    bench_place(&b);
    bench_loss(&b, op_act(&b.t, op_tokens(&b.t, x, cls, pos), ACT_GELU));
    bench_check(&b);
    bench_end(&b);
}

static void case_unit(void)
{
    Bench b;
    bench_begin(&b, 10);
    Tensor *x = leaf(&b, 2, 3, 7, 0);
    bench_place(&b);
    bench_loss(&b, op_unit(&b.t, x));
    bench_check(&b);
    bench_end(&b);
}

// The unit vectors are dropped, and only their own backward reads them.
static void case_unit_dropped(void)
{
    Bench b;
    bench_begin(&b, 10);
    Tensor *x = leaf(&b, 2, 3, 7, 0);
    bench_place(&b);
    Tensor *u = op_unit(&b.t, x), *y = op_add(&b.t, x, u);
    tape_drop(&b.t, u);
    bench_loss(&b, y);
    bench_check(&b);
    bench_end(&b);
}

static void case_xent(void)
{
    Bench b;
    bench_begin(&b, 11);
    Tensor *z = leaf(&b, 2, 3, 7, 0);
    bench_place(&b);
    bench_loss(&b, op_xent(&b.t, z, op_softmax(&b.t, constant(&b, 2, 3, 7), 2), (real)1.5));
    bench_check(&b);
    bench_end(&b);
}

static void case_dot(void)
{
    Bench b;
    bench_begin(&b, 12);
    Tensor *x = leaf(&b, 1, 6, 0, 0), *s = leaf(&b, 1, 1, 0, 0);
    bench_place(&b);
    b.loss = op_scale(&b.t, op_dot(&b.t, op_act(&b.t, x, ACT_GELU), constant(&b, 1, 6, 0)), s);
    bench_check(&b);
    bench_end(&b);
}

// A run of rows shares values and gradient with the whole.
static void case_rows(void)
{
    Bench b;
    bench_begin(&b, 13);
    Tensor *x = leaf(&b, 2, 3, 5, 0), *w = leaf(&b, 2, 7, 5, 0);
    bench_place(&b);
    Tensor *low = op_linear(&b.t, x, tape_rows(&b.t, w, 0, 4), NULL, ACT_NONE);
    Tensor *high = op_linear(&b.t, x, tape_rows(&b.t, w, 3, 4), NULL, ACT_GELU);
    bench_loss(&b, op_add(&b.t, low, high));
    bench_check(&b);
    bench_end(&b);
}

// A whole block, with all tokens and with one.
static void block_with(const Sequence *seq, bool recompute)
{
    Bench b;
    Block block_;
    bench_begin(&b, 14);
    Tensor *x = leaf(&b, 3, 2, 3, 8);
    block_declare(&block_, &b.p, (TowerSize){ 8, 1, 2, 12 }, ACT_QUICK_GELU, 1e-5, "z");
    bench_place(&b);
    b.t.recompute = recompute;
    bench_loss(&b, blocks(&b.t, &block_, 1, x, seq));
    bench_check(&b);
    bench_end(&b);
}

static const Sequence short_ = { .read_row = (int32_t[]){ 1, 5 },
                                 .read_n_keys = (int32_t[]){ 2, 3 } };

static void case_block(void) { block_with(&(Sequence){ 0 }, false); }
static void case_block_short(void) { block_with(&short_, false); }
static void case_block_recompute(void) { block_with(&(Sequence){ 0 }, true); }
static void case_block_short_recompute(void) { block_with(&short_, true); }

// Every op of the table that has a backward must be the first word of a case's name.
static void every_op(void);

static const TestCase cases[] = {
    { "linear", case_linear }, { "linear_quick_gelu", case_linear_quick_gelu },
    { "linear_gelu", case_linear_gelu }, { "attention", case_attention },
    { "attention_causal", case_attention_causal }, { "attention_short", case_attention_short },
    { "attention_q", case_attention_q }, { "attention_kv", case_attention_kv },
    { "layernorm", case_layernorm }, { "act", case_act }, { "act_gelu", case_act_gelu },
    { "add", case_add }, { "add_each", case_add_each }, { "scale", case_scale },
    { "gather", case_gather }, { "tokens", case_tokens }, { "unit", case_unit },
    { "unit_dropped", case_unit_dropped },
    { "xent", case_xent }, { "dot", case_dot }, { "rows", case_rows }, { "block", case_block },
    { "block_short", case_block_short }, { "block_recompute", case_block_recompute },
    { "block_short_recompute", case_block_short_recompute }, { "every_op", every_op },
};

static void every_op(void)
{
    int ops = 0;
    for (const Op *const *op = op_table; *op; op++, ops++) {
        bool found = !(*op)->backward;
        for (int i = 0; i < TEST_COUNT(cases); i++)
            found |= strcmp(cases[i].name, (*op)->name) == 0;
        CHECK(found, "%s has no case", (*op)->name);
    }
    test_note("%d ops", ops);
}

int main(void)
{
    if (sizeof(real) != sizeof(double)) {
        printf("FAIL grad.build: compile with VARIANT=grad\n");
        return 1;
    }
    return test_main("grad", cases, TEST_COUNT(cases));
}

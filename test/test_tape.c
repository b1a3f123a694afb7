// test_tape.c - the tape: sticky errors, gradients that arrive in parts, memory that stops growing,
// and work that is left out without a trace in the bits.
#include "nn/layers.h"
#include "nn/optim.h"
#include "tensor/check.h"
#include "tensor/base/rng.h"
#include "test/device.h"

enum { B = 3, T = 5, C = 16, LAYERS = 8 };

typedef struct {
    Tape t;
    Params p;
    Block blocks[LAYERS];
    Tensor *scale;
    const Backend *be;
} Net;

static int all_trained(const char *name) { return strstr(name, "bias") ? 1 : 0; }

static void draw(Params *p)
{
    uint32_t index = 0;
    for (Param *q = p->first; q; q = q->next) {
        float x[4096];
        Rng r = rng_at(test_seed, 0, index++, RNG_TEST);
        for (int64_t i = 0; i < tensor_size(&q->value); i++) x[i] = (float)(0.3 * rng_normal(&r));
        CHECK_OK(params_set(p, q, x));
    }
}

static void net_open(Net *n, const Backend *be)
{
    *n = (Net){ .be = be };
    tape_init(&n->t, be);
    params_init(&n->p, be);
    for (int l = 0; l < LAYERS; l++)
        block_declare(&n->blocks[l], &n->p, (TowerSize){ C, LAYERS, 2, 24 }, ACT_QUICK_GELU, 1e-5,
                      (char[]){ (char)('a' + l), 0 });
    n->scale = params_declare(&n->p, 1, (int64_t[]){ 1 }, "scale");
    CHECK_OK(params_place(&n->p, all_trained));
    draw(&n->p);
}

static void net_close(Net *n)
{
    tape_free(&n->t);
    params_free(&n->p);
}

static void random_floats(float *x, int n, uint32_t index)
{
    Rng r = rng_at(test_seed, 1, index, RNG_TEST);
    for (int i = 0; i < n; i++) x[i] = (float)rng_normal(&r);
}

// Samples from..from+n-1 of a batch through the net to one number, and back.
static Status step(Net *n, int from, int count, const Sequence *seq)
{
    float x[B * T * C], w[B * C];
    random_floats(x, B * T * C, 0);
    random_floats(w, B * C, 1);
    tape_begin(&n->t, TAPE_TRAIN);
    Tensor *in = tape_constant(&n->t, 3, (int64_t[]){ count, T, C }, x + from * T * C);
    Tensor *weights = tape_constant(&n->t, 2, (int64_t[]){ count, C }, w + from * C);
    Tensor *y = op_scale(&n->t, blocks(&n->t, n->blocks, LAYERS, in, seq), n->scale);
    if (y && y->ndim == 3) {                   // the whole was computed: take what is read
        int32_t rows[B];
        for (int b = 0; b < count; b++) rows[b] = b * T;
        y = op_gather(&n->t, y, rows, count);
    }
    return tape_backward(&n->t, op_dot(&n->t, y, weights));
}

static const Backend *const *devices(void)
{
    static const Backend *list[2];
    list[0] = device_open("ref");
    list[1] = device_open("cpu");
    return list;
}

static const Backend *under;                   // what a table with one kernel replaced stands upon

// ---- errors -------------------------------------------------------------------------------------

static void case_sticky(void)
{
    Net n;
    net_open(&n, device_open("ref"));
    tape_begin(&n.t, TAPE_TRAIN);
    Tensor *x = tape_tensor(&n.t, 2, (int64_t[]){ 2, 5 });
    Tensor *y = op_linear(&n.t, x, n.blocks[0].c_fc.w, NULL, ACT_NONE);
    CHECK(!y, "a misfit gave a tensor");
    CHECK(!op_unit(&n.t, op_add(&n.t, y, y)), "an op after a failure gave a tensor");
    err_set(ERR_IO, "something else went wrong since");
    CHECK_STATUS(tape_backward(&n.t, y), ERR_SHAPE, "linear: y = act(x w^T + b): (2,5) does not "
                 "fit a.mlp.c_fc.weight (24,16)");
    tape_begin(&n.t, TAPE_TRAIN);
    CHECK_OK(tape_status(&n.t));
    net_close(&n);
}

static void case_constant(void)
{
    Net n;
    net_open(&n, device_open("ref"));
    Tensor *a = n.blocks[0].c_fc.w, *b = n.blocks[1].c_fc.w;
    tape_begin(&n.t, TAPE_TRAIN);
    CHECK(!op_xent(&n.t, a, b, 1), "cross-entropy with a trained target");
    CHECK_STATUS(tape_status(&n.t), ERR_SHAPE, "b.mlp.c_fc.weight (24,16) must be a constant");
    tape_begin(&n.t, TAPE_TRAIN);
    CHECK(!op_dot(&n.t, a, b), "a sum with trained weights");
    CHECK_STATUS(tape_status(&n.t), ERR_SHAPE, "dot: y = sum w x: b.mlp.c_fc.weight (24,16) must");
    tape_begin(&n.t, TAPE_TRAIN);
    CHECK(!op_softmax(&n.t, a, 1), "a softmax of trained logits");
    CHECK_STATUS(tape_status(&n.t), ERR_SHAPE, "a.mlp.c_fc.weight (24,16) must be a constant");
    net_close(&n);
}

static void case_index(void)
{
    Net n;
    net_open(&n, device_open("ref"));
    tape_begin(&n.t, TAPE_TRAIN);
    CHECK(!op_gather(&n.t, n.blocks[0].ln_1.w, (int32_t[]){ 0, 1 }, 2), "row 1 of 1 was taken");
    CHECK_STATUS(tape_status(&n.t), ERR_SHAPE, "gather: number 1 is 1");
    net_close(&n);
}

// Rows that are not there, and rows of a computed tensor, whose gradient would arrive nowhere. Rows
// of rows tell the whole that a gradient has come.
static void case_rows(void)
{
    static const int64_t wrong[][2] = { { -1, 2 }, { 0, 0 }, { 0, 25 }, { 23, 2 },
                                        { INT64_MAX, 1 } };
    Net n;
    net_open(&n, device_open("ref"));
    Tensor *w = n.blocks[0].c_fc.w, *b = n.blocks[0].c_fc.b;
    for (int i = 0; i < TEST_COUNT(wrong); i++) {
        tape_begin(&n.t, TAPE_TRAIN);
        CHECK(!tape_rows(&n.t, w, wrong[i][0], wrong[i][1]), "rows that are not there");
        CHECK_STATUS(tape_status(&n.t), ERR_SHAPE, "rows: a.mlp.c_fc.weight (24,16) has no");
    }
    tape_begin(&n.t, TAPE_TRAIN);
    CHECK(!tape_rows(&n.t, op_unit(&n.t, w), 0, 1), "rows of a computed tensor");
    CHECK_STATUS(tape_status(&n.t), ERR_SHAPE, "rows: (24,16) is computed");
    tape_begin(&n.t, TAPE_NO_GRAD);
    CHECK(tape_rows(&n.t, op_unit(&n.t, w), 23, 1), "without gradients none is lost");
    params_zero_grad(&n.p);
    tape_begin(&n.t, TAPE_TRAIN);
    Tensor *few = tape_rows(&n.t, tape_rows(&n.t, b, 4, 20), 3, 2);
    CHECK_OK(tape_backward(&n.t, op_dot(&n.t, few, tape_constant(&n.t, 1, few->dim,
                                                                 (float[]){ 5, 6 }))));
    CHECK(b->reached && device_number(n.be, b->grad + 7) == 5
          && device_number(n.be, b->grad + 8) == 6, "rows of rows");
    net_close(&n);
}

// A parameter that the loss does not depend on is named.
static void case_no_silent_zero(void)
{
    Net n;
    net_open(&n, device_open("ref"));
    params_zero_grad(&n.p);
    tape_begin(&n.t, TAPE_TRAIN);
    Tensor *one = tape_constant(&n.t, 1, (int64_t[]){ 1 }, (float[]){ 2 });
    CHECK_OK(tape_backward(&n.t, op_dot(&n.t, op_scale(&n.t, one, n.scale), one)));
    CHECK_STATUS(params_check_grad(&n.p), ERR_SHAPE, "a.attn.in_proj_weight is trained");
    CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    CHECK_OK(params_check_grad(&n.p));
    net_close(&n);
}

// ---- to the host and back -----------------------------------------------------------------------

static int syncs;
static Status counted_sync(void)
{
    syncs++;
    return under->sync();
}

// Several tensors for one wait, a NULL among them; what goes up again has the same bits.
static void case_to_host(void)
{
    Backend be = *(under = device_open("ref"));
    float x[7] = { 1, 2, 3, 4, 5, 6, 7 }, back[4];
    real *host[3];
    Tape t;
    be.sync = counted_sync;
    tape_init(&t, &be);
    tape_begin(&t, TAPE_NO_GRAD);
    Tensor *list[3] = { tape_constant(&t, 1, (int64_t[]){ 3 }, x), NULL,
                        tape_constant(&t, 2, (int64_t[]){ 2, 2 }, x + 3) };
    syncs = 0;
    CHECK_OK(tape_to_host(&t, host, list, 3));
    CHECK(syncs == 1, "%d waits for three tensors", syncs);
    CHECK(!host[1], "numbers of no tensor");
    for (int i = 0; i < 3; i++) CHECK_CLOSE(host[0][i], x[i], 0);
    Tensor *again = tape_from_host(&t, 2, (int64_t[]){ 2, 2 }, host[2]);
    CHECK_OK(tape_read(&t, back, again));
    CHECK(memcmp(back, x + 3, sizeof back) == 0, "numbers changed on their way");
    CHECK(!tape_from_host(&t, 1, (int64_t[]){ 3 }, host[1]), "a tensor of no numbers");
    CHECK(!op_unit(&t, NULL) && tape_to_host(&t, host, list, 3) == ERR_SHAPE, "a failed tape");
    tape_free(&t);
}

// ---- memory -------------------------------------------------------------------------------------

static void case_no_allocation(void)
{
    Net n;
    net_open(&n, device_open("ref"));
    CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    long host = n.t.host.blocks, device = n.t.device.blocks;
    for (int i = 0; i < 3; i++) CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    CHECK(n.t.host.blocks == host && n.t.device.blocks == device, "%ld and %ld new blocks",
          n.t.host.blocks - host, n.t.device.blocks - device);
    net_close(&n);
}

static int refuse_from;
static void *refusing(size_t bytes) { return refuse_from-- > 0 ? under->alloc(bytes) : NULL; }

// Each allocation on the device refused in turn: an error each time, nothing lost, and the same
// tape works afterwards.
static void case_refused(void)
{
    Backend be = *(under = device_open("ref"));
    int refused = 0;
    Net n;
    be.alloc = refusing;
    for (int i = 0; i < 100; i++, refused++) {
        refuse_from = 1000;
        net_open(&n, &be);
        refuse_from = i;
        Status status = step(&n, 0, B, &(Sequence){ 0 });
        refuse_from = 1000;
        if (status != OK) CHECK_STATUS(status, ERR_MEMORY, "memory");
        CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
        net_close(&n);
        if (status == OK) break;
    }
    CHECK(refused > 1 && refused < 100, "%d refusals", refused);
    test_note("%d refusals", refused);
}

// Inference keeps nothing: more layers, the same memory.
static void case_inference_memory(void)
{
    size_t peak[2];
    float x[B * T * C];
    random_floats(x, B * T * C, 0);
    for (int deep = 0; deep < 2; deep++) {
        Net n;
        Block many[2 * LAYERS];
        net_open(&n, device_open("ref"));
        for (int i = 0; i < 2 * LAYERS; i++) many[i] = n.blocks[i % LAYERS];
        tape_begin(&n.t, TAPE_NO_GRAD);
        Tensor *in = tape_constant(&n.t, 3, (int64_t[]){ B, T, C }, x);
        CHECK(blocks(&n.t, many, deep ? 2 * LAYERS : 2, in, &(Sequence){ 0 }), "no result");
        peak[deep] = n.t.device.peak;
        net_close(&n);
    }
    CHECK(peak[0] == peak[1], "%zu bytes for 2 layers, %zu for 16", peak[0], peak[1]);
}

// The most memory of a step of that many blocks: of the forward pass alone, or with its backward.
static int64_t step_peak(int depth, bool recompute, bool backward)
{
    Net n;
    float x[B * T * C];
    random_floats(x, B * T * C, 0);
    net_open(&n, device_open("ref"));
    n.t.recompute = recompute;
    tape_begin(&n.t, TAPE_TRAIN);
    Tensor *in = tape_constant(&n.t, 3, (int64_t[]){ B, T, C }, x);
    Tensor *y = blocks(&n.t, n.blocks, depth, in, &(Sequence){ 0 });
    Tensor *w = backward ? tape_constant(&n.t, 3, (int64_t[]){ B, T, C }, x) : NULL;
    CHECK(y, "no result");
    if (backward) CHECK_OK(tape_backward(&n.t, op_dot(&n.t, y, w)));
    int64_t peak = (int64_t)n.t.device.peak;
    net_close(&n);
    return peak;
}

// Bytes that one more block keeps until backward.
static int64_t bytes_kept(bool recompute)
{
    return (step_peak(6, recompute, false) - step_peak(4, recompute, false)) / 2;
}

// What backward has made again it gives back: with everything recomputed, more blocks add no more
// to the peak of the whole step than each one's x.
static void case_peak(void)
{
    int64_t more = step_peak(6, true, true) - step_peak(4, true, true), kept = bytes_kept(true);
    CHECK(more == 2 * kept, "%lld bytes more, not %lld", (long long)more, 2 * (long long)kept);
}

// Of the 18 results of a block (here an mlp is 1.5 wide, so 13) backward needs x, x after
// attention, q, k, v, attention's answer and the argument of act; with --recompute x.
static void case_kept(void)
{
    const int64_t unit = B * T * C * (int64_t)sizeof(real), rows = 64 * 7;    // mean, rstd, lse
    int64_t kept = bytes_kept(false), least = bytes_kept(true);
    CHECK(kept >= 15 * unit / 2 && kept <= 15 * unit / 2 + rows, "%lld bytes", (long long)kept);
    CHECK(least >= unit && least <= unit + rows, "%lld bytes", (long long)least);
    test_note("%lld and %lld bytes a block", (long long)kept, (long long)least);
}

// ---- the same bits ------------------------------------------------------------------------------

static void same_gradients(const Net *a, const Net *b, const char *what)
{
    for (Param *p = a->p.first, *q = b->p.first; p; p = p->next, q = q->next)
        CHECK(device_same(a->be, p->value.grad, q->value.grad, tensor_size(&p->value)),
              "%s, %s: the gradient of %s differs", what, a->be->name, p->name);
}

// A batch at once, or sample by sample with gradients added up.
static void case_micro_batches(void)
{
    for (int d = 0; d < 2; d++) {
        Net a, b;
        net_open(&a, devices()[d]);
        net_open(&b, devices()[d]);
        CHECK_OK(step(&a, 0, B, &(Sequence){ 0 }));
        for (int i = 0; i < B; i++) CHECK_OK(step(&b, i, 1, &(Sequence){ 0 }));
        same_gradients(&a, &b, "micro-batches");
        net_close(&a);
        net_close(&b);
    }
}

// Whatever is kept, and whatever is computed again.
static void case_recompute(void)
{
    int32_t first[B] = { 0, T, 2 * T }, all[B] = { T, T, T };
    const Sequence seqs[2] = { { 0 }, { .read_row = first, .read_n_keys = all } };
    for (int d = 0; d < 4; d++) {
        Net a, b;
        net_open(&a, devices()[d % 2]);
        net_open(&b, devices()[d % 2]);
        b.t.recompute = true;
        CHECK_OK(step(&a, 0, B, &seqs[d / 2]));
        CHECK_OK(step(&b, 0, B, &seqs[d / 2]));
        same_gradients(&a, &b, "recomputed");
        net_close(&a);
        net_close(&b);
    }
}

// The last block for one token alone, or for all and then one taken.
static void case_short_block(void)
{
    int32_t first[B] = { 0, T, 2 * T }, all[B] = { T, T, T };
    for (int d = 0; d < 2; d++) {
        Net a, b;
        net_open(&a, devices()[d]);
        net_open(&b, devices()[d]);
        CHECK_OK(step(&a, 0, B, &(Sequence){ 0 }));
        CHECK_OK(step(&b, 0, B, &(Sequence){ .read_row = first, .read_n_keys = all }));
        same_gradients(&a, &b, "short block");
        net_close(&a);
        net_close(&b);
    }
}

// ---- optimizer ----------------------------------------------------------------------------------

static void case_schedule(void)
{
    CHECK_CLOSE(schedule_factor(SCHEDULE_LINEAR, 0, 7, 77), 0, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_LINEAR, 3, 7, 77), 3.0 / 7, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_LINEAR, 7, 7, 77), 1, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_LINEAR, 42, 7, 77), 0.5, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_LINEAR, 77, 7, 77), 0, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_LINEAR, 79, 7, 77), 0, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_LINEAR, 0, 0, 10), 1, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_COSINE, 0, 0, 12), 1, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_COSINE, 4, 0, 12), 0.75, 1e-15);
    CHECK_CLOSE(schedule_factor(SCHEDULE_COSINE, 12, 0, 12), 0, 1e-15);
    CHECK_CLOSE(schedule_factor(SCHEDULE_CONSTANT, 1, 2, 10), 0.5, 0);
    CHECK_CLOSE(schedule_factor(SCHEDULE_CONSTANT, 9, 2, 10), 1, 0);
}

// Parameters of a group lie together, and only they move at the group's rate.
static void case_groups(void)
{
    Net n;
    net_open(&n, device_open("ref"));
    CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    float before[4096], after[4096];
    Optim o = { .kind = OPTIM_ADAMW, .lr = { 0, 1e-2 }, .beta1 = .9, .beta2 = .98, .eps = 1e-8 };
    Param *weight = params_find(&n.p, "a.ln_1.weight"), *bias = params_find(&n.p, "a.ln_1.bias");
    CHECK_OK(params_get(&n.p, weight, before));
    CHECK_OK(params_get(&n.p, bias, before + C));
    CHECK_OK(optim_step(&o, &n.p, 0, 1, params_grad_norm(&n.p)));
    CHECK_OK(params_get(&n.p, weight, after));
    CHECK_OK(params_get(&n.p, bias, after + C));
    CHECK(memcmp(before, after, C * sizeof(float)) == 0, "a rate of 0 moved a weight");
    for (int i = C; i < 2 * C; i++)            // Adam's first step has the length of the rate
        CHECK_CLOSE(fabs((double)(after[i] - before[i])), 1e-2, 1e-6);
    net_close(&n);
}

static void case_clip(void)
{
    Net n;
    net_open(&n, device_open("ref"));
    CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    double norm = params_grad_norm(&n.p);
    Optim o = { .kind = OPTIM_SGD, .clip_norm = norm / 4 };
    CHECK_OK(optim_step(&o, &n.p, 0, 1, norm));
    CHECK_CLOSE(params_grad_norm(&n.p), norm / 4, 1e-5 * norm);
    o.clip_norm = norm;
    CHECK_OK(optim_step(&o, &n.p, 0, 1, norm / 4));
    CHECK_CLOSE(params_grad_norm(&n.p), norm / 4, 1e-5 * norm);
    net_close(&n);
}

// A weight that is not a number is named where it first shows, forward; a gradient that overflows
// behind results that are finite, backward. Nobody looks unless asked.
static void case_check(void)
{
    Net n;
    float x[C * C], zero = 0;
    net_open(&n, backend_cpu());
    n.t.check = check_finite;
    CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    tape_begin(&n.t, TAPE_TRAIN);              // the last step's layers are not before its first op
    op_act(&n.t, tape_constant(&n.t, 1, (int64_t[]){ 1 }, (float[]){ INFINITY }), ACT_GELU);
    CHECK_STATUS(tape_status(&n.t), ERR_DIVERGED, "check: the first op, forward: act: y = act(x)");
    n.t.check = NULL;
    Param *q = params_find(&n.p, "e.attn.out_proj.weight");
    if (!CHECK(q, "no such parameter")) return;
    CHECK_OK(params_get(&n.p, q, x));
    x[7] = NAN;
    CHECK_OK(params_set(&n.p, q, x));
    CHECK_OK(step(&n, 0, B, &(Sequence){ 0 }));
    n.t.check = check_finite;
    CHECK_STATUS(step(&n, 0, B, &(Sequence){ 0 }), ERR_DIVERGED,
                 "check: e.attn.out_proj, forward: linear: y = act(x w^T + b): the result (3,5,16) "
                 "is nan at element");
    net_close(&n);

    Params p;
    Tape t;
    params_init(&p, backend_cpu());
    tape_init(&t, backend_cpu());
    Tensor *in = params_declare(&p, 2, (int64_t[]){ 1, 1 }, "in");
    Linear first, second;
    linear_declare(&first, &p, 1, 1, "first");
    linear_declare(&second, &p, 1, 1, "second");
    CHECK_OK(params_place(&p, all_trained));
    CHECK_OK(params_set(&p, params_find(&p, "in"), &zero));
    CHECK_OK(params_set(&p, params_find(&p, "first.weight"), &(float){ 1e30f }));
    CHECK_OK(params_set(&p, params_find(&p, "second.weight"), &(float){ 1e30f }));
    for (int check = 0; check < 2; check++) {
        t.check = check ? check_finite : NULL;
        tape_begin(&t, TAPE_TRAIN);
        Tensor *y = linear(&t, &second, linear(&t, &first, in, ACT_NONE), ACT_NONE);
        Status status = tape_backward(&t, y);
        if (!check) CHECK_OK(status);
        else CHECK_STATUS(status, ERR_DIVERGED, "check: first, backward: linear: y = act(x w^T + "
                          "b): the gradient of in (1,1) is inf at element 0");
    }
    tape_free(&t);
    params_free(&p);
}

static const TestCase cases[] = {
    { "sticky", case_sticky }, { "index", case_index }, { "constant", case_constant },
    { "rows", case_rows },
    { "no_silent_zero", case_no_silent_zero }, { "to_host", case_to_host },
    { "no_allocation", case_no_allocation }, { "refused", case_refused },
    { "inference_memory", case_inference_memory }, { "kept", case_kept },
    { "peak", case_peak },
    { "recompute", case_recompute },
    { "micro_batches", case_micro_batches }, { "short_block", case_short_block },
    { "schedule", case_schedule }, { "groups", case_groups }, { "clip", case_clip },
    { "check", case_check },
};

int main(void)
{
    return test_main("tape", cases, TEST_COUNT(cases));
}

// test_debug.c - what a debug build finds that no other does: numbers that nobody wrote, numbers
// that are read too late, calls that break a precondition (VARIANT=debug).
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nn/layers.h"
#include "test/test.h"

static Tape tape;
static const int64_t EIGHT[] = { 8 };

static void begin(TapeMode mode)
{
    const Backend *be;
    CHECK_OK(backend_open(&be, test_device("ref"), NULL));
    tape_init(&tape, be);
    tape_begin(&tape, mode);
}

// Are n numbers of the device NaN, all of them?
static bool all_nan(const real *x, int64_t n)
{
    Tensor view = { .data = (real *)(uintptr_t)x, .dim = { n }, .ndim = 1 };
    Tensor *one = &view;
    real *host;
    if (!CHECK_OK(tape_to_host(&tape, &host, &one, 1))) return false;
    for (int64_t i = 0; i < n; i++)
        if (!isnan(host[i])) return false;
    return true;
}

// ---- memory that nobody wrote, or that was given back -------------------------------------------

static void fresh(void)
{
    begin(TAPE_TRAIN);
    for (int step = 0; step < 3; step++) {     // the first step's blocks, then one that is kept
        tape_begin(&tape, TAPE_TRAIN);
        Tensor *x = tape_tensor(&tape, 1, EIGHT);
        CHECK(all_nan(x->data, 8), "step %d: a new tensor has numbers", step);
        tape.be->fill(x->data, 1, 8);
    }
    unsigned char *bytes = arena_take(&tape.host, 100);
    for (int i = 0; i < 100; i++) CHECK(bytes[i] == 0xFF, "byte %d of the host is %d", i, bytes[i]);
    tape_free(&tape);
}

// On a device whose memory the host can touch: nobody has to take it again before it is NaN.
static void given_back(void)
{
    begin(TAPE_NO_GRAD);
    if (tape.be->host_memory) {
        Tensor *x = tape_constant(&tape, 1, EIGHT, (float[8]){ 1, 2, 3, 4, 5, 6, 7, 8 });
        TapeSlot slot = tape_slot_like(&tape, x);
        Tensor *y = op_unit(&tape, x);
        const real *late = y->data;
        Tensor *kept = tape_keep(&tape, &slot, y);
        CHECK(isnan(late[0]) && isnan(late[7]), "tape_keep left %g", (double)late[0]);
        CHECK(kept->data[0] > 0, "tape_keep spoiled what it kept");
        late = x->data;
        tape_begin(&tape, TAPE_NO_GRAD);
        CHECK(isnan(late[0]) && isnan(late[7]), "tape_begin left %g", (double)late[0]);
    } else {
        test_skip("the device's memory cannot be read once it is given back");
    }
    tape_free(&tape);
}

static const real *gradient;                   // of the output of `spent`

static void spent_forward(Tape *t, const Node *n)
{
    t->be->copy(n->out->data, n->in[0]->data, tensor_size(n->out));
}

static void spent_backward(Tape *t, const Node *n)
{
    (void)t;
    gradient = n->out->grad;
}

static const Op spent_op = { "spent", "y = x", spent_forward, spent_backward };

static void spent(void)
{
    begin(TAPE_TRAIN);
    Tensor *x = tape_constant(&tape, 1, (int64_t[]){ 1 }, (float[]){ 3 });
    x->needs_grad = true;
    Tensor *y = tape_tensor(&tape, 1, x->dim);
    tape_record(&tape, &(Node){ .op = &spent_op, .in = { x }, .out = y });
    CHECK_OK(tape_backward(&tape, y));
    CHECK(gradient && all_nan(gradient, 1), "a gradient stands after its op's backward");
    tape_free(&tape);
}

// ---- preconditions ------------------------------------------------------------------------------

static int forwards;

static void counted_forward(Tape *t, const Node *n)
{
    (void)t, (void)n;
    forwards++;
}

// Hands the gradient of its output on and keeps it as well.
static void sharing_backward(Tape *t, const Node *n)
{
    (void)t;
    n->in[0]->grad = n->out->grad;
}

static const Op nothing_op = { "nothing", "y = x", counted_forward, sharing_backward };

static Tensor *record(Tensor *x, Tensor *y)
{
    return tape_record(&tape, &(Node){ .op = &nothing_op, .in = { x }, .out = y });
}

static void output_is_input(void)
{
    Tensor *x = tape_tensor(&tape, 1, EIGHT);
    record(x, x);
}

static void output_overlaps(void)
{
    Tensor *x = tape_tensor(&tape, 1, EIGHT), *y = tape_rows(&tape, x, 7, 1);
    record(x, y);
}

static void no_input(void)
{
    Tensor x = { .dim = { 8 }, .ndim = 1 };
    record(&x, tape_tensor(&tape, 1, EIGHT));
}

static void no_numbers(void)
{
    tape_tensor(&tape, 1, (int64_t[]){ 0 });
}

static void shared_gradient(void)
{
    Tensor *x = tape_tensor(&tape, 1, (int64_t[]){ 1 }), *y = tape_tensor(&tape, 1, x->dim);
    x->needs_grad = true;
    tape_backward(&tape, record(x, y));
}

static void wrong_slot(void)
{
    TapeSlot slot = tape_slot(&tape, 1, EIGHT);
    tape_keep(&tape, &slot, tape_tensor(&tape, 1, (int64_t[]){ 9 }));
}

static void old_mark(void)
{
    Arena a = { 0 };
    arena_take(&a, 1 << 10);
    ArenaMark early = arena_mark(&a);
    arena_take(&a, 1 << 10);
    ArenaMark late = arena_mark(&a);
    arena_release(&a, early);
    arena_release(&a, late);
}

static void old_block(void)
{
    Arena a = { 0 };
    ArenaMark early = arena_mark(&a);
    arena_take(&a, 1 << 10);
    ArenaMark late = arena_mark(&a);
    arena_release(&a, early);
    arena_release(&a, late);
}

static void no_keys(void)
{
    static const float q[4], kv[8];
    float y[4], lse[1];
    backend_cpu()->attention_fwd(y, lse, q, kv, (int32_t[]){ 0 }, 1, 1, 1, 1, 4);
}

static void no_row(void)
{
    static const float w[4];
    float y[4];
    backend_cpu()->gather_fwd(y, w, (int32_t[]){ -1 }, 1, 4);
}

static int ninth_group(const char *name)
{
    (void)name;
    return PARAM_GROUPS;
}

static void no_group(void)
{
    Params p;
    params_init(&p, tape.be);
    params_declare(&p, 1, EIGHT, "w");
    params_place(&p, ninth_group);
}

// Ends a process of its own, whose complaint is not shown.
static bool aborts(void (*call)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(2);
        call();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void preconditions(void)
{
    static const struct { const char *what; void (*call)(void); } broken[] = {
        { "an output that is its input", output_is_input },
        { "an output that overlaps an input", output_overlaps },
        { "an operand without numbers", no_input },
        { "a tensor of no elements", no_numbers },
        { "one buffer for two gradients", shared_gradient },
        { "a slot of another size", wrong_slot },
        { "a mark behind what was given back", old_mark },
        { "a mark in a block that is gone", old_block },
        { "a query that sees no key", no_keys },
        { "row -1", no_row },
        { "a group that does not exist", no_group },
    };
    begin(TAPE_TRAIN);
    for (int i = 0; i < TEST_COUNT(broken); i++)
        CHECK(aborts(broken[i].call), "%s goes unseen", broken[i].what);
    test_note("%d calls", TEST_COUNT(broken));
    tape_free(&tape);
}

static const TestCase cases[] = {
    { "fresh", fresh }, { "given_back", given_back }, { "spent", spent },
    { "preconditions", preconditions },
};

int main(void)
{
#ifdef DEBUG
    return test_main("debug", cases, TEST_COUNT(cases));
#else
    (void)cases;
    printf("FAIL debug.build: compile with VARIANT=debug\n");
    return 1;
#endif
}

// test_loss.c - the loss against numbers that two independent programs computed, in double
// (VARIANT=grad) to 1e-10 and in float to 1e-6; its weights against a table; its gradient by
// slopes.
#include "proreg/proreg.h"
#include "test/device.h"

enum { M = 3, K = 3 };
static const double student[M * K] = { 2, 1, .5, .2, -.3, 1.1, 0, 3, -1 };
static const double teacher_a[M * K] = { 6, .5, -.5, -1, .3, 5.9, 4, 1, 0 };
static const double teacher_b[M * K] = { 1, .5, -.5, -1, .3, .9, 4, 1, 0 };
static const int32_t label[M] = { 0, 2, 1 };

static double limit(void)
{
    return sizeof(real) == sizeof(double) ? 1e-10 : 1e-6;
}

// The printed check vectors have this many places behind the point.
static double printed(double places)
{
    return fmax(limit(), 0.51 * pow(10, -places));
}

typedef struct { Tape t; Params p; Param *z; Tensor *loss; LossRow rows[M]; } Bench;

static int trained(const char *name) { return name[0] == 'z' ? 0 : -1; }

static Tensor *leaf_free(Tape *t, const double *x)
{
    real host[M * K];
    for (int i = 0; i < M * K; i++) host[i] = (real)x[i];
    return tape_from_host(t, 2, (int64_t[]){ M, K }, host);
}

static void run(Bench *b, LossConfig c, const double *z_t)
{
    const Backend *be = device_open("ref");
    tape_init(&b->t, be);
    params_init(&b->p, be);
    Tensor *z = params_declare(&b->p, 2, (int64_t[]){ M, K }, "z");
    CHECK_OK(params_place(&b->p, trained));
    b->z = b->p.first;
    tape_begin(&b->t, TAPE_TRAIN);
    be->copy(z->data, leaf_free(&b->t, student)->data, M * K);
    b->loss = proreg_loss(&b->t, &c, z, leaf_free(&b->t, z_t), label, M, b->rows);
    CHECK_OK(tape_backward(&b->t, b->loss));
}

static void done(Bench *b)
{
    tape_free(&b->t);
    params_free(&b->p);
}

// A LossConfig by the name of its form.
typedef struct { const char *form; double power, gamma, fixed, alpha, temp; } Form;

static LossConfig config_of(Form f)
{
    return (LossConfig){ weight_form_find(f.form), f.power, f.gamma, f.fixed, f.alpha, f.temp };
}

typedef struct {
    Form c;
    double a, w_a[M], b, w_b[M];     // loss and weights with teacher A, with teacher B
} Vector;

#define POWER(k, alpha, temp) { "power", k, 1, 0, alpha, temp }
#define RATIO(gamma, alpha, temp) { "ce-ratio", 10, gamma, 0, alpha, temp }
#define FIXED(alpha, temp) { "fixed", 10, 1, alpha, 1, temp }
#define K10_A { .60075368, .61200072, 0 }
#define K10_B { .00376981, .00821069, 0 }

static const Vector vectors[] = {
    { POWER(10, 1, 1), 0.3468133478, K10_A, 0.3464166086, K10_B },
    { POWER(10, 2, 1), 0.5448514273, K10_A, 0.3504774616, K10_B },
    { POWER(10, 2, 2), 2.7320130930, K10_A, 0.3767602048, K10_B },
    { POWER(1, 1, 1), 0.3923445154, { .61272430, .62198485, .04742539 },
      0.5569689602, { .46511235, .49325068, .04742539 } },
    { RATIO(2, 1, 1), 0.3488778786, { .99980955, .99987323, .00046158 },
      0.4924209086, { .37139190, .47387254, .00046158 } },
    { RATIO(1, 2, 1), 0.7122456225, { .98811660, .99072795, .02103722 },
      0.8556219087, { .43459495, .48692707, .02103722 } },
    { RATIO(.5, 1, 1), 0.4706716260, { -1, -1, -1 }, 0.6344920530, { -1, -1, -1 } },
    { FIXED(.5, 1), 0.8259271264, { .5, .5, .5 }, 0.9982132443, { .5, .5, .5 } },
    { FIXED(.9, 1), 1.2112167468, { .9, .9, .9 }, 1.5213317591, { .9, .9, .9 } },
    { FIXED(.5, 2), 2.3102383841, { .5, .5, .5 }, 2.6759022667, { .5, .5, .5 } },
};

static void one_vector(const Vector *v, const double *z_t, double loss, const double *w)
{
    Bench b;
    double sum = 0;
    run(&b, config_of(v->c), z_t);
    CHECK_CLOSE(device_number(b.t.be, b.loss->data), loss, printed(10) * fmax(1, loss));
    for (int m = 0; m < M; m++) {
        sum += b.rows[m].loss;
        if (w[m] >= 0) CHECK_CLOSE(b.rows[m].w, w[m], printed(8));
    }
    CHECK_CLOSE(sum, loss, printed(10) * fmax(1, loss));
    done(&b);
}

static void case_vectors(void)
{
    for (int i = 0; i < (int)(sizeof vectors / sizeof *vectors); i++) {
        one_vector(&vectors[i], teacher_a, vectors[i].a, vectors[i].w_a);
        one_vector(&vectors[i], teacher_b, vectors[i].b, vectors[i].w_b);
    }
}

static void case_rows(void)
{
    static const double ce_s[] = { .46436878, .50269261, .06588390 };
    static const double ce_t[] = { .00557464, .00469461, 3.06588390 };
    static const double kd1[] = { .47067546, .50874814, 2.94319386 };   // entropy not taken off
    Bench b;
    run(&b, config_of((Form)POWER(10, 1, 1)), teacher_a);
    for (int m = 0; m < M; m++) {
        const LossRow *r = &b.rows[m];
        CHECK_CLOSE(r->ce, ce_s[m], printed(8));
        CHECK_CLOSE(r->p_s, exp(-ce_s[m]), printed(8));
        CHECK_CLOSE(r->p_t, exp(-ce_t[m]), printed(8));
        CHECK_CLOSE(r->loss * M, (1 - r->w) * ce_s[m] + r->w * kd1[m], printed(8));
        CHECK(r->kl > 0 && r->kl < kd1[m], "KL %g of KD %g", r->kl, kd1[m]);
    }
    done(&b);
}

// The student is its own teacher: KL is 0, KD is T^2 times the entropy, and no gradient flows from
// it.
static void case_start(void)
{
    Bench b;
    run(&b, config_of((Form)FIXED(1, 2)), student);
    for (int m = 0; m < M; m++) CHECK_CLOSE(b.rows[m].kl, 0, 4 * limit());
    for (int i = 0; i < M * K; i++)
        CHECK_CLOSE(device_number(b.t.be, b.z->value.grad + i), 0, limit());
    done(&b);
}

static void one_gradient(Form c, const double *want)
{
    Bench b;
    run(&b, config_of(c), teacher_a);
    for (int i = 0; i < M * K; i++)
        CHECK_CLOSE(device_number(b.t.be, b.z->value.grad + i), want[i], printed(8));
    done(&b);
}

static void case_gradients(void)
{
    one_gradient((Form)POWER(10, 1, 1), (double[]){
        -.12270954, .07626080, .04644874, .08177333, .04897131, -.13074464,
        .01553754, -.02125348, .00571594 });
    one_gradient((Form)POWER(10, 2, 2), (double[]){
        -.39053491, .21803240, .17250251, .25188989, .16374050, -.41563039,
        .01553754, -.02125348, .00571594 });
    one_gradient((Form)FIXED(.5, 1), (double[]){
        -.12289624, .07639729, .04649895, .08181078, .04910872, -.13091950,
        -.14050238, .13764441, .00285797 });
}

// w_t of the released form on a grid of (p_t, p_s), as pictures of two classes with those
// probabilities. Three places are known.
static void case_weights(void)
{
    static const double p_s[] = { .1, .5, .9, .99 }, p_t[] = { .5, .7, .8, .9, .99, 1 - 1e-9 };
    static const double want[24] = { .010, .002, .001, .001, .220, .053, .030, .028,
                                     .518, .177, .107, .098, .777, .411, .279, .260,
                                     .900, .644, .501, .477, .909, .667, .526, .503 };
    int64_t dim[] = { 24, 2 };
    int32_t first[24] = { 0 };
    LossRow rows[24];
    Tape t;
    real z_s[48] = { 0 }, z_t[48] = { 0 };
    for (int i = 0; i < 24; i++) {
        z_s[2 * i] = (real)log(p_s[i % 4] / (1 - p_s[i % 4]));
        z_t[2 * i] = (real)log(p_t[i / 4] / (1 - p_t[i / 4]));
    }
    tape_init(&t, device_open("ref"));
    tape_begin(&t, TAPE_NO_GRAD);
    Tensor *s = tape_from_host(&t, 2, dim, z_s), *z = tape_from_host(&t, 2, dim, z_t);
    LossConfig c = config_of((Form)POWER(10, 1, 1));
    CHECK(proreg_loss(&t, &c, s, z, first, 24, rows), "no loss");
    for (int i = 0; i < 24; i++) CHECK_CLOSE(rows[i].w, want[i], 5.1e-4);
    tape_free(&t);
}

// ---- the formula text of each form, computed ----------------------------------------------------

typedef struct { const char *at; const LossConfig *c; double ce_s, ce_t; } Formula;

static double sum_of(Formula *f);

static bool eat(Formula *f, const char *word)
{
    while (*f->at == ' ') f->at++;
    size_t n = strlen(word);
    if (strncmp(f->at, word, n) != 0) return false;
    f->at += n;
    return true;
}

static double operand(Formula *f)
{
    if (eat(f, "(")) {
        double x = sum_of(f);
        CHECK(eat(f, ")"), "no ) before `%s`", f->at);
        return x;
    }
    if (eat(f, "CE_s")) return f->ce_s;
    if (eat(f, "CE_t")) return f->ce_t;
    if (eat(f, "p_s")) return exp(-f->ce_s);
    if (eat(f, "p_t")) return exp(-f->ce_t);
    if (eat(f, "a")) return f->c->fixed;
    char *end;
    double x = strtod(f->at, &end);
    CHECK(end != f->at, "nothing to compute at `%s`", f->at);
    f->at = end;
    return x;
}

static double power_of(Formula *f)
{
    double x = operand(f);
    if (eat(f, "^k")) return pow(x, f->c->power);
    return eat(f, "^g") ? pow(x, f->c->gamma) : x;
}

static double sum_of(Formula *f)
{
    double x = power_of(f);
    for (;;) {
        if (eat(f, "/")) x /= power_of(f);
        else if (eat(f, "+")) x += power_of(f);
        else return x;
    }
}

// What pages print of a form is what it computes.
static void case_formulas(void)
{
    for (const WeightForm *form = weight_forms; form->name; form++) {
        LossConfig c = { form, form->power > 0 ? form->power : 3, 2, 0.25, 1, 1 };
        for (int i = 1; i < 40; i++) {
            Formula f = { form->formula, &c, 0.07 * i, 0.05 * (i * 7 % 40) };
            double want = sum_of(&f);
            CHECK(*f.at == 0, "%s: `%s` is left", form->name, f.at);
            CHECK_CLOSE(form->weight(&c, f.ce_s, f.ce_t), want, 1e-12);
        }
    }
}

static void case_labels(void)
{
    Tape t;
    LossRow rows[M];
    tape_init(&t, device_open("ref"));
    tape_begin(&t, TAPE_TRAIN);
    Tensor *z = leaf_free(&t, student);
    CHECK(!proreg_loss(&t, &(LossConfig){ .temp = 1 }, z, NULL,
                       (int32_t[]){ 0, 3, 1 }, M, rows), "a label beyond the classes was taken");
    CHECK_STATUS(tape_status(&t), ERR_SHAPE, "label 3 of picture 1");
    tape_free(&t);
}

static const TestCase cases[] = {
    { "vectors", case_vectors }, { "rows", case_rows }, { "start", case_start },
    { "gradients", case_gradients }, { "weights", case_weights }, { "formulas", case_formulas },
    { "labels", case_labels },
};

int main(void)
{
    return test_main("loss", cases, TEST_COUNT(cases));
}

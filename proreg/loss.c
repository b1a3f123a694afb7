// loss.c - the loss of ProReg, from logits to one number, and the forms of its weight.
//
// For one picture with label y, student logits z_s, frozen teacher logits z_t and temperature T:
//
//     CE_s = -log softmax(z_s)_y        p_s = exp(-CE_s)       CE_t, p_t likewise, of the teacher
//     q    = softmax(z_t / T)           the teacher's answer, a soft target
//     KD   = -T^2 sum_c q_c log softmax(z_s / T)_c
//     w    = p_t^k / (p_s + p_t^k + 1e-5)                      k = 10 as released
//     L    = mean (1 - w) CE_s + alpha mean w KD
//
// w is near 1 where the pretrained model already knows the answer and the student is not yet sure:
// there the student is held to the pretrained answer; elsewhere it learns the label. No gradient
// flows through w: it says which lesson counts for this picture, and a student that could move it
// would lower its loss by choosing the easier lesson. So w is a plain number, made on the host from
// values that the log needs anyway.
//
// KD is T^2 KL(q || student) plus T^2 times the entropy of q, which is constant: both have the same
// gradient. The factor T^2 keeps that gradient's size as T grows (Hinton et al. 2015, section 2).
// Sums over the batch divide by its size, never by sum w. Source: proreg.h; the authors' released
// losses.py is the reference for k = 10 and for `fixed`, and holds the other forms as comments.

#include "proreg/proreg.h"
#include "tensor/base/fmath.h"

// ---- the weight ---------------------------------------------------------------------------------

static const double EPS = 1e-5;          // the released code's, in the denominator alone

static double power_weight(const LossConfig *c, double ce_s, double ce_t)
{
    double p_s = fm_exp64(-ce_s), p_tk = fm_exp64(-c->power * ce_t);
    return p_tk / (p_s + p_tk + EPS);
}

static double power_of(double x, double exponent)
{
    return x > 0 ? fm_exp64(exponent * fm_log64(x)) : 0;
}

static double ratio_weight(const LossConfig *c, double ce_s, double ce_t)
{
    double s = power_of(ce_s, c->gamma), t = power_of(ce_t, c->gamma);
    return s / (s + t + EPS);
}

static double fixed_weight(const LossConfig *c, double ce_s, double ce_t)
{
    (void)ce_s, (void)ce_t;
    return c->fixed;
}

const WeightForm weight_forms[] = {
    { "k10", power_weight, "p_t^k / (p_s + p_t^k + 1e-5)", NULL, 10 },       // as released
    { "k1", power_weight, "p_t^k / (p_s + p_t^k + 1e-5)", NULL, 1 },
    { "ce-ratio", ratio_weight, "CE_s^g / (CE_s^g + CE_t^g + 1e-5)", "gamma", 10 },   // no k: 10 is
    { "fixed", fixed_weight, "a", "alpha", 10 },                      // what config.json records
    { "power", power_weight, "p_t^k / (p_s + p_t^k + 1e-5)", "power", 0 },
    { 0 },
};

// ---- the loss -----------------------------------------------------------------------------------

static Tensor *one_hot(Tape *t, const int32_t *label, int64_t M, int64_t K)
{
    real *y = arena_zero(&t->host, (size_t)(M * K) * sizeof *y);
    if (!y) tape_fail(t, err_memory("loss"));
    for (int64_t m = 0; y && m < M; m++) {
        if (label[m] < 0 || label[m] >= K) {
            tape_fail(t, err_set(ERR_SHAPE, "loss: label %d of picture %lld is not in 0..%lld",
                                 label[m], (long long)m, (long long)K - 1));
            return NULL;
        }
        y[m * K + label[m]] = 1;
    }
    return tape_from_host(t, 2, (int64_t[]){ M, K }, y);
}

// Per picture: what w follows from, and what the log tells. soft is KD / T^2; the entropy is q's.
enum { CE_S, SOFT, CE_T, ENTROPY, TERMS };

// Fills the log's rows, and the factors a, b (M) with which L = sum a CE_s + sum b soft. x: terms
// on the host, (M) each; batch: pictures of the whole step.
static void weigh(const LossConfig *c, real *const *x, int64_t M, int64_t batch, LossRow *rows,
                  real *a, real *b)
{
    double tt = c->temp * c->temp, n = (double)batch;
    for (int64_t m = 0; m < M; m++) {
        double ce_s = (double)x[CE_S][m], ce_t = 0, w = 0, kd = 0, kl = 0;
        if (c->form) {
            ce_t = (double)x[CE_T][m];
            w = c->form->weight(c, ce_s, ce_t);
            kd = tt * (double)x[SOFT][m];
            kl = tt * ((double)x[SOFT][m] - (double)x[ENTROPY][m]);
        }
        a[m] = (real)((1 - w) / n);
        b[m] = (real)(c->alpha * w * tt / n);
        rows[m] = (LossRow){ .loss = ((1 - w) * ce_s + c->alpha * w * kd) / n, .ce = ce_s,
                             .kl = kl, .w = w, .p_s = fm_exp64(-ce_s),
                             .p_t = c->form ? fm_exp64(-ce_t) : 0 };
    }
}

Tensor *proreg_loss(Tape *t, const LossConfig *c, Tensor *logits, Tensor *teacher,
                    const int32_t *label, int64_t batch, LossRow *rows)
{
    if (!logits || t->status != OK) return NULL;
    int64_t M = logits->dim[0], K = logits->dim[1];
    real T = (real)c->temp, *host[TERMS], *ab = arena_take(&t->host, (size_t)(2 * M) * sizeof *ab);
    if (!ab) tape_fail(t, err_memory("loss"));
    Tensor *y = one_hot(t, label, M, K);                               // (M,K)
    Tensor *x[TERMS] = { [CE_S] = op_xent(t, logits, y, 1) };          // (M) each
    if (c->form) {
        Tensor *q = op_softmax(t, teacher, T);                         // (M,K)
        x[SOFT] = op_xent(t, logits, q, T);
        x[CE_T] = op_xent(t, teacher, y, 1);
        x[ENTROPY] = op_xent(t, teacher, q, T);
    }
    if (tape_to_host(t, host, x, TERMS) != OK) return NULL;
    weigh(c, host, M, batch, rows, ab, ab + M);
    Tensor *loss = op_dot(t, x[CE_S], tape_from_host(t, 1, &M, ab));
    if (!c->form) return loss;
    return op_add(t, loss, op_dot(t, x[SOFT], tape_from_host(t, 1, &M, ab + M)));
}

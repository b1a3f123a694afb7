// loss.c - the loss of ProReg, from logits to one number.
//
// For one picture with label y, student logits z_s, frozen teacher logits z_t and temperature T:
//
//     CE_s = -log softmax(z_s)_y        p_s = exp(-CE_s)       p_t likewise, of the teacher
//     KD   = -T^2 sum_c softmax(z_t / T)_c log softmax(z_s / T)_c
//     w    = p_t^k / (p_s + p_t^k + 1e-5)                      k = 10 as released
//     L    = mean (1 - w) CE_s + alpha mean w KD
//
// w is near 1 where the pretrained model already knows the answer and the student is not yet sure:
// there the student is held to the pretrained answer; elsewhere it learns the label. No gradient
// flows through w, so the weights are plain numbers, made on the host from what the log needs
// anyway. Source: proreg.h; the authors' released losses.py is the reference for k = 10 and for
// `fixed`, and holds the other forms as comments. Sums over the batch divide by its size, never by
// sum w.

#include "proreg/proreg.h"
#include "tensor/base/fmath.h"

static const double EPS = 1e-5;          // the released code's, in the denominator alone

// How much of this picture's loss is distillation, from the two cross-entropies to the label.
static double sample_weight(const LossConfig *c, double ce_s, double ce_t)
{
    if (c->form == WEIGHT_FIXED) return c->alpha;
    double s = fm_exp64(-ce_s), t = fm_exp64(-c->power * ce_t);
    if (c->form == WEIGHT_POWER) return t / (s + t + EPS);
    s = ce_s > 0 ? fm_exp64(c->gamma * fm_log64(ce_s)) : 0;
    t = ce_t > 0 ? fm_exp64(c->gamma * fm_log64(ce_t)) : 0;
    return s / (s + t + EPS);
}

// ---- between host and device --------------------------------------------------------------------

static real *to_host(Tape *t, const Tensor *x)
{
    int64_t n = x ? tensor_size(x) : 0;
    real *host = x ? arena_take(&t->host, (size_t)n * sizeof *host) : NULL;
    if (x && !host) tape_fail(t, err_memory("loss"));
    if (!host) return NULL;
    Status status = t->be->sync();
    if (status != OK) {
        tape_fail(t, status);
        return NULL;
    }
    t->be->download(host, x->data, (size_t)n * sizeof *host);
    return host;
}

static Tensor *to_device(Tape *t, int ndim, const int64_t *dim, const real *host)
{
    Tensor *x = host ? tape_tensor(t, ndim, dim) : NULL;
    if (x) t->be->upload(x->data, host, (size_t)tensor_size(x) * sizeof *host);
    return x;
}

static Tensor *one_hot(Tape *t, const int32_t *label, int64_t M, int64_t K)
{
    real *host = arena_zero(&t->host, (size_t)(M * K) * sizeof *host);
    if (!host) tape_fail(t, err_memory("loss"));
    for (int64_t m = 0; host && m < M; m++) {
        if (label[m] < 0 || label[m] >= K) {
            tape_fail(t, err_set(ERR_SHAPE, "loss: label %d of picture %lld is not in 0..%lld",
                                 label[m], (long long)m, (long long)K - 1));
            return NULL;
        }
        host[m * K + label[m]] = 1;
    }
    return to_device(t, 2, (int64_t[]){ M, K }, host);
}

// ---- the loss -----------------------------------------------------------------------------------

typedef struct { const real *ce_s, *ce_t, *kd, *entropy; } Parts;     // (M) each, on the host

// Fills the log's rows, and the factors a, b (M) with which L = sum a CE_s + sum b KD.
static void weigh(const LossConfig *c, const Parts *p, int64_t M, int64_t batch, LossRow *rows,
                  real *a, real *b)
{
    double tt = c->temp * c->temp, n = (double)batch;
    double alpha = c->form == WEIGHT_FIXED ? 1 : c->alpha;            // there w is alpha itself
    for (int64_t m = 0; m < M; m++) {
        double ce = (double)p->ce_s[m], ce_t = p->ce_t ? (double)p->ce_t[m] : 0;
        double w = p->kd ? sample_weight(c, ce, ce_t) : 0;
        double kd = p->kd ? (double)p->kd[m] : 0, h = p->kd ? (double)p->entropy[m] : 0;
        a[m] = (real)((1 - w) / n);
        b[m] = (real)(alpha * w * tt / n);
        rows[m] = (LossRow){ .loss = ((1 - w) * ce + alpha * w * tt * kd) / n, .ce = ce,
                             .kd = tt * (kd - h), .w = w, .p_s = fm_exp64(-ce),
                             .p_t = p->kd ? fm_exp64(-ce_t) : 0 };
    }
}

Tensor *proreg_loss(Tape *t, const LossConfig *c, Tensor *logits, Tensor *teacher,
                    const int32_t *label, int64_t batch, LossRow *rows)
{
    if (!logits || t->status != OK) return NULL;
    int64_t M = logits->dim[0], K = logits->dim[1];
    real temp = (real)c->temp;
    Tensor *y = one_hot(t, label, M, K);
    Tensor *ce = op_xent(t, logits, y, 1), *kd = NULL;                // (M)
    Parts p = { .ce_s = to_host(t, ce) };
    if (c->form != WEIGHT_NONE) {
        Tensor *q = op_softmax(t, teacher, temp);                     // (M,K)
        kd = op_xent(t, logits, q, temp);                             // (M): KD / T^2
        p.kd = to_host(t, kd);
        p.ce_t = to_host(t, op_xent(t, teacher, y, 1));
        p.entropy = to_host(t, op_xent(t, teacher, q, temp));
    }
    real *a = arena_take(&t->host, (size_t)(2 * M) * sizeof *a);
    if (!a) tape_fail(t, err_memory("loss"));
    if (t->status != OK) return NULL;
    weigh(c, &p, M, batch, rows, a, a + M);
    Tensor *loss = op_dot(t, ce, to_device(t, 1, &M, a));
    return kd ? op_add(t, loss, op_dot(t, kd, to_device(t, 1, &M, a + M))) : loss;
}

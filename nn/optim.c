// optim.c - one update: its few coefficients are computed in double; one kernel call per group.
#include "nn/optim.h"

#include <math.h>

#include "tensor/base/fmath.h"

const char *optim_name(int kind)
{
    static const char *const name[] = {
        [OPTIM_ADAMW_HF] = "adamw-hf", [OPTIM_ADAMW] = "adamw", [OPTIM_SGD] = "sgd", NULL,
    };
    return name[kind];
}

const char *schedule_name(int schedule)
{
    static const char *const name[] = {
        [SCHEDULE_LINEAR] = "linear", [SCHEDULE_COSINE] = "cosine",
        [SCHEDULE_CONSTANT] = "constant", NULL,
    };
    return name[schedule];
}

// AdamW divides a running mean of the gradient by the root of a running mean of its square
// (equations: backend.h). Both begin at 0; the two corrections make up for that. Hugging Face's
// order, the authors', folds both into one rate; torch's keeps sqrt(1 - b2^t) apart, inside the
// denominator. So the two differ in what eps means, and in whether decay sees the updated value.
static AdamwStep adamw_numbers(const Optim *o, int64_t step, double lr, double decay)
{
    double bias1 = 1 - fm_pow_int(o->beta1, step + 1);
    double root_bias2 = sqrt(1 - fm_pow_int(o->beta2, step + 1));
    bool torch = o->kind == OPTIM_ADAMW;
    return (AdamwStep){
        .beta1 = (real)o->beta1, .one_minus_beta1 = (real)(1 - o->beta1),
        .beta2 = (real)o->beta2, .one_minus_beta2 = (real)(1 - o->beta2),
        .eps = (real)o->eps, .root = (real)root_bias2,
        .rate = (real)(torch ? lr / bias1 : lr * root_bias2 / bias1),
        .decay = (real)(lr * decay), .torch_order = torch,
    };
}

// g *= c, through a scratch buffer, as a kernel's output must not overlap its inputs.
static Status scale_grad(Params *p, double c)
{
    enum { CHUNK = 1 << 16 };
    ArenaMark mark = arena_mark(&p->device);
    real *scratch = arena_take(&p->device, CHUNK * sizeof *scratch);
    if (!scratch) return err_memory("gradient clipping");
    for (int64_t at = 0; at < p->trained; at += CHUNK) {
        int64_t n = p->trained - at < CHUNK ? p->trained - at : CHUNK;
        p->be->fill(scratch, 0, n);
        p->be->axpy(scratch, (real)c, p->grad + at, n);
        p->be->copy(p->grad + at, scratch, n);
    }
    arena_release(&p->device, mark);
    return OK;
}

Status optim_step(const Optim *o, Params *p, int64_t step, double factor, double norm)
{
    if (o->clip_norm > 0 && norm > o->clip_norm)
        TRY(scale_grad(p, o->clip_norm / (norm + 1e-6)));
    for (int g = 0; g < PARAM_GROUPS; g++) {
        int64_t at = p->group_at[g], n = p->group_at[g + 1] - at;
        double lr = o->lr[g] * factor;
        if (n == 0) continue;
        if (o->kind == OPTIM_SGD) {
            SgdStep s = { (real)lr, (real)o->momentum, (real)o->decay[g] };
            p->be->sgd(p->value + at, p->grad + at, p->m + at, n, s);
        } else {
            AdamwStep s = adamw_numbers(o, step, lr, o->decay[g]);
            p->be->adamw(p->value + at, p->grad + at, p->m + at, p->v + at, n, s);
        }
    }
    return p->be->sync();
}

double schedule_factor(Schedule s, int64_t step, int64_t warm, int64_t total)
{
    if (step < warm) return (double)step / (double)warm;
    if (s == SCHEDULE_CONSTANT) return 1;
    if (step >= total) return 0;
    double r = (double)(step - warm) / (double)(total - warm);
    return s == SCHEDULE_LINEAR ? 1 - r : (1 + fm_cos64(3.14159265358979323846 * r)) / 2;
}

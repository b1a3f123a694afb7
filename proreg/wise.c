// wise.c - weights on the line between two models.
#include "proreg/wise.h"

#include <stdlib.h>
#include <string.h>

// All parameters one after the other, or NULL.
static float *weights_of(const Params *p, Status *status)
{
    int64_t at = 0;
    float *x = malloc((size_t)params_count(p) * sizeof *x);
    *status = x ? OK : err_memory("wise");
    for (const Param *q = p->first; q && *status == OK; q = q->next) {
        *status = params_get(p, q, x + at);
        at += tensor_size(&q->value);
    }
    return x;
}

static int64_t largest(const Params *p)
{
    int64_t most = 0;
    for (const Param *q = p->first; q; q = q->next)
        if (tensor_size(&q->value) > most) most = tensor_size(&q->value);
    return most;
}

static Status same_shapes(const Params *a, const Params *b)
{
    const Param *p = a->first, *q = b->first;
    for (; p && q; p = p->next, q = q->next)
        if (strcmp(p->name, q->name) != 0 || tensor_size(&p->value) != tensor_size(&q->value))
            return err_set(ERR_SHAPE, "wise: %s: %lld numbers; the pretrained model has %s of %lld",
                           p->name, (long long)tensor_size(&p->value), q->name,
                           (long long)tensor_size(&q->value));
    return !p && !q ? OK : err_set(ERR_SHAPE, "wise: the two models have other parameters");
}

Status wise_begin(Wise *w, Student *tuned, const Student *zero_shot)
{
    const Params *p = &tuned->clip.params;
    *w = (Wise){ .student = tuned };
    TRY(same_shapes(p, &zero_shot->clip.params));
    Status status, other;
    w->tuned = weights_of(p, &status);
    w->zero = weights_of(&zero_shot->clip.params, &other);
    w->mixed = malloc((size_t)largest(p) * sizeof *w->mixed);
    if (status == OK) status = other;
    if (status == OK && !w->mixed) status = err_memory("wise");
    if (status != OK) wise_free(w);
    return status;
}

// In double, rounded once. The ends are copied: a sum would make 0 of -0.
Status wise_mix(Wise *w, double alpha)
{
    Params *p = &w->student->clip.params;
    const float *end = alpha == 0 ? w->zero : alpha == 1 ? w->tuned : NULL;
    int64_t at = 0;
    for (Param *q = p->first; q; q = q->next) {
        int64_t n = tensor_size(&q->value);
        for (int64_t i = 0; i < n && !end; i++)
            w->mixed[i] = (float)((1 - alpha) * (double)w->zero[at + i] +
                                  alpha * (double)w->tuned[at + i]);
        TRY(params_set(p, q, end ? end + at : w->mixed));
        at += n;
    }
    return OK;
}

void wise_free(Wise *w)
{
    free(w->zero);
    free(w->tuned);
    free(w->mixed);
    *w = (Wise){ 0 };
}

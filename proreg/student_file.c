// student_file.c - the files of a student's checkpoint: classifier and optimizer.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proreg/proreg.h"

// `logit_scale` stands last in classifier.safetensors, as it is the tower's last parameter; with a
// head of its own no logit is multiplied with it.
static bool in_classifier(const Student *s, const Param *q)
{
    bool own = false;
    for (const Param *p = s->clip.last->next; p; p = p->next) own |= p == q;
    return own || (s->method->head == HEAD_PROMPT && strcmp(q->name, "logit_scale") == 0);
}

static const char *name_in_classifier(const Param *q)
{
    return strcmp(q->name, "text_features") == 0 ? "weight" : q->name;
}

static Status write_tensor(WeightsOut *o, const Params *p, const Param *q, const real *slab)
{
    size_t n = (size_t)tensor_size(&q->value);
    float *x = malloc(n * sizeof *x);
    if (!x) return err_memory("checkpoint");
    Param from = *q;
    if (slab) from.value.data = (real *)(uintptr_t)slab + q->at;
    Status status = params_get(p, &from, x);
    if (status == OK) status = weights_write(o, x, n * sizeof *x);
    free(x);
    return status;
}

static Status put_classifier(WeightsOut *o, const Student *s)
{
    const Params *p = &s->clip.params;
    for (const Param *q = p->first; q; q = q->next)
        if (in_classifier(s, q))
            TRY(weights_declare(o, name_in_classifier(q), WEIGHTS_F32, q->value.ndim,
                                q->value.dim));
    for (const Param *q = p->first; q; q = q->next)
        if (in_classifier(s, q)) TRY(write_tensor(o, p, q, NULL));
    return OK;
}

static Status declare_moment(WeightsOut *o, const Param *q, const char *tail)
{
    char name[PARAM_NAME + 4];
    snprintf(name, sizeof name, "%s%s", q->name, tail);
    return weights_declare(o, name, WEIGHTS_F32, q->value.ndim, q->value.dim);
}

static Status put_optimizer(WeightsOut *o, const Student *s)
{
    const Params *p = &s->clip.params;
    for (const Param *q = p->first; q; q = q->next) {
        if (q->group < 0) continue;
        TRY(declare_moment(o, q, ".m"));
        TRY(declare_moment(o, q, ".v"));
    }
    for (const Param *q = p->first; q; q = q->next) {
        if (q->group < 0) continue;
        TRY(write_tensor(o, p, q, p->m));
        TRY(write_tensor(o, p, q, p->v));
    }
    return OK;
}

static Status save_tensors(const char *path, const Student *s,
                           Status (*put)(WeightsOut *, const Student *))
{
    WeightsOut *o;
    TRY(weights_create(&o, path));
    Status status = put(o, s);
    if (status == OK) return weights_commit(o);
    weights_discard(o);
    return status;
}

Status student_save_classifier(const char *path, const Student *s)
{
    return save_tensors(path, s, put_classifier);
}

Status student_save_optimizer(const char *path, const Student *s)
{
    return save_tensors(path, s, put_optimizer);
}

// Reads the tensor of this name and of q's shape into q's values, or into its place in a slab. A
// single number may have no dimension, as logit_scale elsewhere.
static Status read_tensor(Params *p, const Param *q, const Weights *w, const char *name,
                          real *slab, const char *path)
{
    const WeightsTensor *x = weights_find(w, name);
    char want[96];
    bool same = x && x->ndim == q->value.ndim;
    for (int i = 0; same && i < x->ndim; i++) same = x->dim[i] == q->value.dim[i];
    if (x && x->ndim == 0) same = tensor_size(&q->value) == 1;
    if (!same)
        return err_set(ERR_SHAPE, "checkpoint: %s: no %s of the shape of %s", path, name,
                       tensor_shape(want, &q->value));
    if (!weights_dtype_is_float(x->dtype))
        return err_set(ERR_UNSUPPORTED, "checkpoint: %s: %s holds %s: weights are F32, F16, BF16 "
                       "or F64", path, name, weights_dtype_name(x->dtype));
    float *host = malloc((size_t)tensor_size(&q->value) * sizeof *host);
    if (!host) return err_memory("checkpoint");
    Param to = *q;
    if (slab) to.value.data = slab + q->at;
    weights_to_f32(host, x);
    Status status = params_set(p, &to, host);
    free(host);
    return status;
}

static Status read_classifier(Student *s, const Weights *w, const char *path)
{
    Params *p = &s->clip.params;
    int64_t n = 0;
    for (Param *q = p->first; q; q = q->next) {
        if (!in_classifier(s, q)) continue;
        TRY(read_tensor(p, q, w, name_in_classifier(q), NULL, path));
        n++;
    }
    if (n == weights_count(w)) return OK;
    return err_set(ERR_FORMAT, "checkpoint: %s: %lld tensors, but a head of method %s has %lld",
                   path, (long long)weights_count(w), s->method->name, (long long)n);
}

static Status read_optimizer(Student *s, const Weights *w, const char *path)
{
    Params *p = &s->clip.params;
    for (Param *q = p->first; q; q = q->next) {
        char m[PARAM_NAME + 4], v[PARAM_NAME + 4];
        if (q->group < 0) continue;
        snprintf(m, sizeof m, "%s.m", q->name);
        snprintf(v, sizeof v, "%s.v", q->name);
        TRY(read_tensor(p, q, w, m, p->m, path));
        TRY(read_tensor(p, q, w, v, p->v, path));
    }
    return OK;
}

static Status load_tensors(const char *path, Student *s,
                           Status (*read)(Student *, const Weights *, const char *))
{
    Weights *w;
    TRY(weights_open(&w, path));
    Status status = read(s, w, path);
    weights_close(w);
    return status;
}

Status student_classifier_head(HeadKind *head, int64_t *classes, const char *path)
{
    static const struct { HeadKind head; const char *last; } kinds[] = {
        { HEAD_PROMPT, "weight" }, { HEAD_MLP, "cls_head.3.weight" },
        { HEAD_LINEAR, "cls_head.weight" },
    };
    Weights *w;
    TRY(weights_open(&w, path));
    Status status = err_set(ERR_FORMAT, "classifier: %s: holds none of weight, cls_head.weight, "
                            "cls_head.3.weight (K,E)", path);
    for (int i = 0; i < 3; i++) {
        const WeightsTensor *x = weights_find(w, kinds[i].last);
        if (!x || x->ndim != 2) continue;
        *head = kinds[i].head;
        *classes = x->dim[0];
        status = OK;
        break;
    }
    weights_close(w);
    return status;
}

Status student_load_classifier(Student *s, const char *path)
{
    return load_tensors(path, s, read_classifier);
}

Status tuned_scale(Clip *c, const char *path)
{
    Weights *w;
    Param *q = params_find(&c->params, "logit_scale");
    float scale;
    TRY(weights_open(&w, path));
    const WeightsTensor *x = weights_find(w, q->name);
    bool one = x && weights_elements(x) == 1;
    if (one) weights_to_f32(&scale, x);
    weights_close(w);
    if (!one) return err_set(ERR_SHAPE, "classifier: %s: no logit_scale of one number", path);
    TRY(clip_check_scale(scale, path));
    if (q->group < 0) q->value.data = NULL;        // it may lie in the model's file
    return params_set(&c->params, q, &scale);
}

Status student_load_optimizer(Student *s, const char *path)
{
    return load_tensors(path, s, read_optimizer);
}

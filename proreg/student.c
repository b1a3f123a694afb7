// student.c - what is trained: CLIP's image tower and scale, and one of three classifiers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proreg/proreg.h"
#include "tensor/base/rng.h"

// ---- who is trained -----------------------------------------------------------------------------
// The text tower is not part of a student. A scale that no logit is multiplied with gets no
// gradient, and the authors' optimizer skips what has none.

static int group_mlp(const char *name)
{
    return strcmp(name, "logit_scale") == 0 ? -1 : group_of(name);
}

static int group_linear(const char *name)
{
    return strstr(name, "cls_head") ? group_of(name) : -1;
}

static int (*group_for(const Method *m))(const char *)
{
    if (m->head == HEAD_PROMPT) return group_of;
    return m->trains_tower ? group_mlp : group_linear;
}

// ---- the classifier -----------------------------------------------------------------------------

static void declare(Student *s)
{
    Params *p = &s->clip.params;
    int64_t E = s->clip.config.embed, K = s->classes;
    if (s->method->head == HEAD_PROMPT) {
        s->text_features = params_declare(p, 2, (int64_t[]){ K, E }, "text_features");
    } else if (s->method->head == HEAD_MLP) {  // 512-1024-K with ViT-B/32
        linear_declare(&s->fc, p, 2 * E, E, "cls_head.0");
        layernorm_declare(&s->ln, p, 2 * E, 1e-5, "cls_head.1");
        linear_declare(&s->out, p, K, 2 * E, "cls_head.3");
    } else {
        linear_declare(&s->out, p, K, E, "cls_head");
    }
}

static Param *first_own(const Student *s)
{
    return s->clip.last->next;
}

// Matrices normal(0, 0.02), biases 0, gains 1.
static void draw(float *x, const Param *q, uint64_t seed, uint32_t index)
{
    Rng rng = rng_at(seed, 0, index, RNG_INIT);
    int64_t n = tensor_size(&q->value);
    for (int64_t i = 0; i < n; i++)
        x[i] = q->value.ndim == 2 ? (float)(0.02 * rng_normal(&rng))
                                  : strstr(q->name, "bias") ? 0 : 1;
}

static Status start(Student *s, const float *class_features, uint64_t seed)
{
    uint32_t index = 0;
    if (s->method->head == HEAD_PROMPT && !class_features) return OK;
    if (s->method->head == HEAD_PROMPT)
        return params_set(&s->clip.params, first_own(s), class_features);
    for (Param *q = first_own(s); q; q = q->next, index++) {
        float *x = malloc((size_t)tensor_size(&q->value) * sizeof *x);
        if (!x) return err_memory("student");
        draw(x, q, seed, index);
        Status status = params_set(&s->clip.params, q, x);
        free(x);
        TRY(status);
    }
    return OK;
}

Status student_open(Student *s, const Backend *be, const char *model, const ClipOptions *options,
                    const Method *method, int64_t classes, const float *class_features,
                    uint64_t seed)
{
    ClipOptions image = options ? *options : (ClipOptions){ 0 };
    *s = (Student){ .method = method, .classes = classes };
    image.towers = CLIP_IMAGE;
    TRY(clip_read(&s->clip, be, model, &image));
    declare(s);
    Status status = clip_load(&s->clip, group_for(method));
    if (status == OK) status = start(s, class_features, seed);
    if (status != OK) student_free(s);
    return status;
}

void student_free(Student *s)
{
    clip_free(&s->clip);
}

// ---- forward ------------------------------------------------------------------------------------

Tensor *student_classes(Tape *t, Student *s)
{
    if (s->method->head != HEAD_PROMPT) return NULL;
    Tensor *v = op_unit(t, s->text_features);
    tape_leaf(t, v);
    return v;
}

Status student_classes_backward(Tape *t, Tensor *classes)
{
    return classes ? tape_backward(t, classes) : tape_status(t);
}

Tensor *student_features(Tape *t, const Student *s, Tensor *pixels)
{
    return clip_image(t, &s->clip, pixels);
}

Tensor *student_logits(Tape *t, const Student *s, Tensor *features, Tensor *classes)
{
    if (s->method->head == HEAD_PROMPT)
        return clip_logits(t, op_unit(t, features), classes, s->clip.logit_scale);
    if (s->method->head == HEAD_LINEAR) return linear(t, &s->out, features, ACT_NONE);
    Tensor *h = layernorm(t, &s->ln, linear(t, &s->fc, features, ACT_NONE));
    return linear(t, &s->out, op_act(t, h, ACT_GELU), ACT_NONE);
}

// ---- files --------------------------------------------------------------------------------------

// `logit_scale` stands last in classifier.safetensors, as it is the tower's last parameter; with a
// head of its own no logit is multiplied with it.
static bool in_classifier(const Student *s, const Param *q)
{
    bool own = false;
    for (const Param *p = first_own(s); p; p = p->next) own |= p == q;
    return own || (s->method->head == HEAD_PROMPT && strcmp(q->name, "logit_scale") == 0);
}

static const char *name_in_classifier(const Param *q)
{
    return strcmp(q->name, "text_features") == 0 ? "weight" : q->name;
}

static Status write_one(WeightsOut *o, const Params *p, const Param *q, const real *slab)
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
        if (in_classifier(s, q)) TRY(write_one(o, p, q, NULL));
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
        TRY(write_one(o, p, q, p->m));
        TRY(write_one(o, p, q, p->v));
    }
    return OK;
}

static Status save(const char *path, const Student *s, Status (*put)(WeightsOut *, const Student *))
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
    return save(path, s, put_classifier);
}

Status student_save_optimizer(const char *path, const Student *s)
{
    return save(path, s, put_optimizer);
}

// Reads the tensor of this name and of q's shape into q's values, or into its place in a slab.
static Status read_one(Params *p, const Param *q, const Weights *w, const char *name, real *slab,
                       const char *path)
{
    const WeightsTensor *x = weights_find(w, name);
    char want[96];
    bool same = x && x->ndim == q->value.ndim;
    for (int i = 0; same && i < x->ndim; i++) same = x->dim[i] == q->value.dim[i];
    if (!same)
        return err_set(ERR_SHAPE, "checkpoint: %s: no %s of the shape of %s", path, name,
                       tensor_shape(want, &q->value));
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
    for (Param *q = p->first; q; q = q->next)
        if (in_classifier(s, q)) TRY(read_one(p, q, w, name_in_classifier(q), NULL, path));
    return OK;
}

static Status read_optimizer(Student *s, const Weights *w, const char *path)
{
    Params *p = &s->clip.params;
    for (Param *q = p->first; q; q = q->next) {
        char m[PARAM_NAME + 4], v[PARAM_NAME + 4];
        if (q->group < 0) continue;
        snprintf(m, sizeof m, "%s.m", q->name);
        snprintf(v, sizeof v, "%s.v", q->name);
        TRY(read_one(p, q, w, m, p->m, path));
        TRY(read_one(p, q, w, v, p->v, path));
    }
    return OK;
}

static Status load(const char *path, Student *s,
                   Status (*read)(Student *, const Weights *, const char *))
{
    Weights *w;
    TRY(weights_open(&w, path));
    Status status = read(s, w, path);
    weights_close(w);
    return status;
}

Status student_load_classifier(Student *s, const char *path)
{
    return load(path, s, read_classifier);
}

Status student_load_optimizer(Student *s, const char *path)
{
    return load(path, s, read_optimizer);
}

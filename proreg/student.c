// student.c - what is trained: CLIP's image tower and scale, and one of three classifiers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proreg/proreg.h"
#include "tensor/base/rng.h"

// ---- who is trained -----------------------------------------------------------------------------
// The group of the optimizer that a parameter belongs to; -1: frozen. The text tower is not part of
// a student. A scale that no logit is multiplied with gets no gradient, and the authors' optimizer
// skips what has none.

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

static void declare_classifier(Student *s)
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
static void draw_start(float *x, const Param *q, uint64_t seed, uint32_t index)
{
    Rng rng = rng_at(seed, 0, index, RNG_INIT);
    int64_t n = tensor_size(&q->value);
    for (int64_t i = 0; i < n; i++)
        x[i] = q->value.ndim == 2 ? (float)(0.02 * rng_normal(&rng))
                                  : strstr(q->name, "bias") ? 0 : 1;
}

static Status start_classifier(Student *s, const float *class_features, uint64_t seed)
{
    uint32_t index = 0;
    if (s->method->head == HEAD_PROMPT && !class_features) return OK;
    if (s->method->head == HEAD_PROMPT)
        return params_set(&s->clip.params, first_own(s), class_features);
    for (Param *q = first_own(s); q; q = q->next, index++) {
        float *x = malloc((size_t)tensor_size(&q->value) * sizeof *x);
        if (!x) return err_memory("student");
        draw_start(x, q, seed, index);
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
    declare_classifier(s);
    Status status = clip_load(&s->clip, group_for(method));
    if (status == OK) status = start_classifier(s, class_features, seed);
    if (status != OK) student_free(s);
    return status;
}

void student_free(Student *s)
{
    kept_free(&s->features);
    clip_free(&s->clip);
}

Status student_keep(Student *s, int64_t pictures)
{
    return kept_init(&s->features, s->method->trains_tower ? 0 : pictures, s->clip.config.embed);
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

// A frozen tower's features need no node of the tape, and can be kept.
static Tensor *image_features(Tape *t, Student *s, Tensor *pixels, const int32_t *index)
{
    if (!pixels || s->method->trains_tower) return clip_image(t, &s->clip, pixels);
    Tensor *known = kept_recall(&s->features, t, index, pixels->dim[0]);
    return known ? known : kept_learn(&s->features, t, index, clip_image(t, &s->clip, pixels));
}

Tensor *student_logits(Tape *t, Student *s, Tensor *pixels, const int32_t *index, Tensor *classes)
{
    Tensor *f = image_features(t, s, pixels, index);                                   // (n,E)
    if (s->method->head == HEAD_PROMPT)
        return clip_logits(t, op_unit(t, f), classes, s->clip.logit_scale);
    if (s->method->head == HEAD_LINEAR) return linear(t, &s->out, f, ACT_NONE);
    Tensor *h = layernorm(t, &s->ln, linear(t, &s->fc, f, ACT_NONE));                  // (n,2E)
    return linear(t, &s->out, op_act(t, h, ACT_GELU), ACT_NONE);
}

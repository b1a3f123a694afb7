// zeroshot.c - class vectors from prompts (Radford et al. 2021, section 3.1.4: several templates
// are averaged in the space of unit vectors).
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clip/bpe/bpe.h"
#include "proreg/proreg.h"
#include "tensor/base/fmath.h"

enum { CHUNK = 64 };             // prompts at a time

typedef struct {
    const Clip *clip;
    const Bpe *bpe;
    const char *const *classes, *const *templates;
    int64_t n, n_templates;
} Prompts;

// Each "{}" in the template becomes the class.
static Status prompt(char **out, const char *template, const char *name)
{
    size_t places = 0, length = strlen(name);
    for (const char *at = template; (at = strstr(at, "{}")); at += 2) places++;
    if (!places) return err_set(ERR_USAGE, "template: %s: has no {} for the class", template);
    char *text = *out = malloc(strlen(template) + places * length + 1);
    if (!text) return err_memory("zeroshot");
    for (const char *place; (place = strstr(template, "{}")); template = place + 2) {
        memcpy(text, template, (size_t)(place - template));
        text += place - template;
        memcpy(text, name, length);
        text += length;
    }
    strcpy(text, template);
    return OK;
}

// Prompt number i: class i / templates, template i % templates.
static Status encode(int32_t *ids, const Prompts *p, int64_t i)
{
    char *text;
    int used;
    Arena scratch = { 0 };
    TRY(prompt(&text, p->templates[i % p->n_templates], p->classes[i / p->n_templates]));
    Status status = bpe_context(p->bpe, text, (int)p->clip->config.context, false, &scratch, ids,
                                &used);
    arena_free(&scratch);
    free(text);
    if (status != ERR_SHAPE) return status;
    return err_prefix(status, "prompt (a shorter --template, such as '{}', may fit)");
}

static Status features(float *out, const Prompts *p, Tape *t, int32_t *ids)
{
    int64_t all = p->n * p->n_templates, E = p->clip->config.embed, C = p->clip->config.context;
    for (int64_t from = 0; from < all; from += CHUNK) {
        int64_t n = all - from < CHUNK ? all - from : CHUNK;
        for (int64_t i = 0; i < n; i++) TRY(encode(ids + i * C, p, from + i));
        tape_begin(t, TAPE_NO_GRAD);
        TRY(tape_read(t, out + from * E, clip_text(t, p->clip, ids, n)));
    }
    return OK;
}

static void make_unit(float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    double length = sqrt(sum);
    for (int64_t i = 0; i < n; i++) x[i] = (float)((double)x[i] / length);
}

// The mean of unit vectors, made unit again.
static void average(float *out, float *x, int64_t n, int64_t E)
{
    for (int64_t i = 0; i < n; i++) make_unit(x + i * E, E);
    for (int64_t e = 0; e < E; e++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += (double)x[i * E + e];
        out[e] = (float)(sum / (double)n);
    }
    make_unit(out, E);
}

Status zeroshot_classes(float *raw, float *unit, const Clip *c, const Bpe *bpe,
                        const char *const *classes, int64_t n, const char *const *templates,
                        int64_t n_templates)
{
    const Prompts p = { c, bpe, classes, templates, n, n_templates };
    int64_t E = c->config.embed, T = n_templates;
    float *all = malloc((size_t)(n * T * E) * sizeof *all);
    int32_t *ids = malloc((size_t)(CHUNK * c->config.context) * sizeof *ids);
    Tape t;
    tape_init(&t, c->params.be);
    Status status = all && ids ? features(all, &p, &t, ids) : err_memory("zeroshot");
    for (int64_t k = 0; status == OK && k < n; k++) {
        float *x = all + k * T * E;
        if (T > 1) average(x, x, T, E);
        if (raw) memcpy(raw + k * E, x, (size_t)E * sizeof *x);
        make_unit(x, E);
        if (unit) memcpy(unit + k * E, x, (size_t)E * sizeof *x);
        if (!fm_finite(x, E))                // a vector of length 0 among them
            status = err_set(ERR_FORMAT, "prompts: class %s: its vector is not finite: the weights "
                             "cannot be right", classes[k]);
    }
    tape_free(&t);
    free(ids);
    free(all);
    return status;
}

Status tuned_vectors(float *raw, float *unit, const char *path, int64_t n, int64_t E)
{
    Weights *w;
    TRY(weights_open(&w, path));
    const WeightsTensor *x = weights_find(w, "weight");
    Status status = OK;
    if (!x || x->ndim != 2 || x->dim[0] != n || x->dim[1] != E)
        status = err_set(ERR_SHAPE, "classifier: %s: no weight of (%lld,%lld)", path, (long long)n,
                         (long long)E);
    for (int64_t k = 0; status == OK && k < n; k++) {
        weights_part_to_f32(unit + k * E, x, k * E, E);
        memcpy(raw + k * E, unit + k * E, (size_t)E * sizeof *raw);
        make_unit(unit + k * E, E);
        if (!fm_finite(unit + k * E, E))
            status = err_set(ERR_FORMAT, "classifier: %s: class %lld: its vector is not finite",
                             path, (long long)k + 1);
    }
    weights_close(w);
    return status;
}

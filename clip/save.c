// save.c - writes a model's weights: the shapes and names of a file from those of the parameters.
#include "clip/save.h"

#include <stdlib.h>
#include <string.h>

#include "clip/towers.h"

typedef struct { const Clip *image, *text; int spelling; } Saved;

static Status declare_param(WeightsOut *o, const Param *q, const Saved *m)
{
    Spelt s = names_spelt(q->name, m->spelling);
    int64_t dim[MAX_DIM];
    int ndim = q->value.ndim;
    memcpy(dim, q->value.dim, sizeof dim);
    if (s.transposed) dim[0] = q->value.dim[1], dim[1] = q->value.dim[0];
    dim[0] /= s.parts;
    if (strcmp(q->name, "logit_scale") == 0) ndim = 0;
    if (strcmp(q->name, "visual.conv1.weight") == 0) {
        ndim = 4;
        dim[1] = 3, dim[2] = dim[3] = m->image->config.patch;
    }
    for (int i = 0; i < s.parts; i++) TRY(weights_declare(o, s.name[i], WEIGHTS_F32, ndim, dim));
    return OK;
}

// The parts of in_proj follow one another in memory as in the file.
static Status write_param(WeightsOut *o, const Params *p, const Param *q, const Saved *m)
{
    size_t n = (size_t)tensor_size(&q->value);
    bool transposed = names_spelt(q->name, m->spelling).transposed;
    float *x = malloc(2 * n * sizeof *x);
    if (!x) return err_memory("model");
    Status status = params_get(p, q, x);
    if (status == OK && transposed)
        transpose_matrix(x + n, x, q->value.dim[0], q->value.dim[1]);
    if (status == OK) status = weights_write(o, transposed ? x + n : x, n * sizeof *x);
    free(x);
    return status;
}

static Status put_params(WeightsOut *o, const Saved *m, bool write)
{
    const Clip *models[] = { m->image, m->text };
    for (int i = 0; i < 2; i++)
        for (const Param *q = models[i]->params.first; q; q = q->next) {
            if (clip_is_text(q->name) == (i == 1))
                TRY(write ? write_param(o, &models[i]->params, q, m) : declare_param(o, q, m));
            if (q == models[i]->last) break;
        }
    return OK;
}

static Status put_all(WeightsOut *o, const Saved *m, bool torch)
{
    if (!torch) TRY(weights_put_meta(o, "format", "pt"));      // transformers asks for it
    TRY(put_params(o, m, false));
    return put_params(o, m, true);
}

Status save_weights(const char *folder, const char *name, const Clip *image, const Clip *text,
                    Spelling spelling)
{
    char path[FILE_PATH];
    WeightsOut *o;
    const char *dot = strrchr(name, '.');
    bool torch = dot && strcmp(dot, ".pt") == 0;
    TRY(path_join(path, folder, name));
    TRY(torch ? weights_create_torch(&o, path) : weights_create(&o, path));
    Status status = put_all(o, &(Saved){ image, text, (int)spelling }, torch);
    if (status == OK) return weights_commit(o);
    weights_discard(o);
    return status;
}

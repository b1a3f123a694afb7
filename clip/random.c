// random.c - a CLIP with random weights, to train from scratch and for tests.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clip/clip.h"
#include "clip/towers.h"
#include "tensor/base/rng.h"

static bool ends(const char *name, const char *tail)
{
    size_t n = strlen(name), k = strlen(tail);
    return n >= k && strcmp(name + n - k, tail) == 0;
}

// The standard deviations of CLIP/clip/model.py, CLIP.initialize_parameters; embeddings of the
// image tower and matrices that it leaves out get width^-0.5.
static double spread(const char *name, const ClipConfig *c)
{
    const TowerSize *s = clip_is_text(name) ? &c->text : &c->vision;
    double width = 1 / sqrt((double)s->width), depth = 1 / sqrt(2 * (double)s->layers);
    if (ends(name, "token_embedding.weight")) return 0.02;
    if (strcmp(name, "positional_embedding") == 0) return 0.01;
    if (ends(name, "c_fc.weight")) return 1 / sqrt(2 * (double)s->width);
    if (ends(name, "out_proj.weight") || ends(name, "c_proj.weight")) return width * depth;
    if (ends(name, "conv1.weight")) return 1 / sqrt((double)(3 * c->patch * c->patch));
    return width;
}

static void draw_param(float *x, int64_t n, const char *name, const ClipConfig *c, Rng *rng)
{
    bool gain = strstr(name, "ln_") && ends(name, ".weight"), scale = ends(name, "logit_scale");
    double s = spread(name, c);
    for (int64_t i = 0; i < n; i++)
        x[i] = ends(name, "bias") ? 0 : gain ? 1 : (float)(s * rng_normal(rng));
    if (scale) x[0] = 2.6592600f;              // ln(1 / 0.07)
}

static Status fill_params(Clip *c, uint64_t seed)
{
    uint32_t index = 0;
    for (Param *q = c->params.first; q; q = q->next, index++) {
        int64_t n = tensor_size(&q->value);
        Rng rng = rng_at(seed, 0, index, RNG_INIT);
        float *x = malloc((size_t)n * sizeof *x);
        if (!x) return err_memory("model");
        draw_param(x, n, q->name, &c->config, &rng);
        Status status = params_set(&c->params, q, x);
        free(x);
        TRY(status);
    }
    return OK;
}

Status clip_random(Clip *c, const Backend *be, const ClipConfig *config, uint64_t seed,
                   int (*group)(const char *name))
{
    *c = (Clip){ .config = *config, .towers = CLIP_BOTH };
    Status status = clip_declare(c, be);
    if (status == OK) status = params_place(&c->params, group);
    if (status == OK) status = fill_params(c, seed);
    if (status != OK) clip_free(c);
    return status;
}

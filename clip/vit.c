// vit.c - the image tower: a picture as a row of tokens through a transformer
// (Dosovitskiy et al. 2021; CLIP/clip/model.py, class VisionTransformer).
#include "clip/towers.h"

void vit_declare(Vit *v, Params *p, const ClipConfig *c)
{
    int64_t C = c->vision.width, P = c->patch, G = c->image_size / P;
    v->class_embedding = params_declare(p, 1, &C, "visual.class_embedding");
    v->positional_embedding = params_declare(p, 2, (int64_t[]){ 1 + G * G, C },
                                             "visual.positional_embedding");
    v->proj = params_declare(p, 2, (int64_t[]){ c->embed, C }, "visual.proj");
    v->conv1 = params_declare(p, 2, (int64_t[]){ C, 3 * P * P }, "visual.conv1.weight");
    layernorm_declare(&v->ln_pre, p, C, c->eps, "visual.ln_pre");
    for (int64_t l = 0; l < c->vision.layers; l++) {
        char name[PARAM_NAME];
        snprintf(name, sizeof name, "visual.transformer.resblocks.%lld", (long long)l);
        block_declare(&v->blocks[l], p, c->vision, c->act, c->eps, name);
    }
    layernorm_declare(&v->ln_post, p, C, c->eps, "visual.ln_post");
}

// The class token's place in each sample: the only token that is read at the end.
static const int32_t *class_rows(Tape *t, int64_t B, int64_t T)
{
    int32_t *row = t->status == OK ? arena_take(&t->host, (size_t)B * sizeof *row) : NULL;
    for (int64_t b = 0; row && b < B; b++) row[b] = (int32_t)(b * T);
    if (!row && t->status == OK) tape_fail(t, err_memory("clip"));
    return row;
}

Tensor *clip_image(Tape *t, const Clip *c, Tensor *pixels)
{
    const Vit *v = &c->visual;
    Tensor *x = op_patches(t, pixels, c->config.patch);                 // (B,N,3PP)
    x = op_linear(t, x, v->conv1, NULL, ACT_NONE);                      // (B,N,C): stride P
    x = op_tokens(t, x, v->class_embedding, v->positional_embedding);   // (B,T,C), T = 1 + N
    x = layernorm(t, &v->ln_pre, x);
    if (!x) return NULL;
    const Sequence seq = { .read_row = class_rows(t, x->dim[0], x->dim[1]) };
    x = blocks(t, v->blocks, c->config.vision.layers, x, &seq);        // (B,C)
    x = layernorm(t, &v->ln_post, x);
    return op_linear(t, x, v->proj, NULL, ACT_NONE);                    // (B,E)
}

Tensor *clip_logits(Tape *t, Tensor *image, Tensor *classes, Tensor *scale)
{
    return op_scale(t, op_linear(t, image, classes, NULL, ACT_NONE), scale);
}

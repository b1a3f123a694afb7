// contrast.c - the contrastive loss as a function of ops.
#include "proreg/contrast.h"

#include <string.h>

// Row i spreads its mass evenly over the captions that equal caption i; so does column i.
static Tensor *targets(Tape *t, const int32_t *caption, int64_t B)
{
    float *q = arena_zero(&t->host, (size_t)(B * B) * sizeof *q);
    if (!q) tape_fail(t, err_memory("contrast"));
    for (int64_t i = 0; q && i < B; i++) {
        int same = 0;
        for (int64_t j = 0; j < B; j++) same += caption[j] == caption[i];
        for (int64_t j = 0; j < B; j++)
            if (caption[j] == caption[i]) q[i * B + j] = 1.0f / (float)same;
    }
    return q ? tape_constant(t, 2, (int64_t[]){ B, B }, q) : NULL;
}

// Half the mean of a loss per row.
static Tensor *half_mean(Tape *t, Tensor *loss, int64_t B)
{
    float *w = arena_take(&t->host, (size_t)B * sizeof *w);
    if (!w) tape_fail(t, err_memory("contrast"));
    for (int64_t i = 0; w && i < B; i++) w[i] = 0.5f / (float)B;
    return w ? op_dot(t, loss, tape_constant(t, 1, &B, w)) : NULL;
}

Tensor *contrastive_loss(Tape *t, Tensor *image, Tensor *text, Tensor *scale,
                         const int32_t *caption)
{
    Tensor *u = op_unit(t, image), *v = op_unit(t, text);                   // (B,E)
    if (!u || !v) return NULL;
    int64_t B = u->dim[0];
    Tensor *q = targets(t, caption, B);                                     // (B,B)
    Tensor *of_images = op_xent(t, clip_logits(t, u, v, scale), q, 1);      // (B)
    Tensor *of_texts = op_xent(t, clip_logits(t, v, u, scale), q, 1);
    return op_add(t, half_mean(t, of_images, B), half_mean(t, of_texts, B));
}

int group_pretrain(const char *name)
{
    static const char *const plain[] = { "bias", "ln_", "class_embedding", "logit_scale" };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strstr(name, plain[i])) return 1;
    return 0;
}

// teacher.c - the frozen pretrained model's answer, asked once where asking again gives the same.
#include <stdlib.h>
#include <string.h>

#include "proreg/proreg.h"

Status teacher_init(Teacher *h, const Clip *c, const float *unit_classes, int64_t n_classes,
                    int64_t pictures)
{
    size_t bytes = (size_t)(n_classes * c->config.embed) * sizeof *h->classes;
    *h = (Teacher){ .clip = c, .classes = malloc(bytes), .n_classes = n_classes };
    if (!h->classes) return err_memory("teacher");
    memcpy(h->classes, unit_classes, bytes);
    Status status = kept_init(&h->logits, pictures, n_classes);
    if (status != OK) teacher_free(h);
    return status;
}

void teacher_free(Teacher *h)
{
    free(h->classes);
    kept_free(&h->logits);
    *h = (Teacher){ 0 };
}

// The tower's tensors are forgotten at once: nothing behind these logits is trained.
static Tensor *ask_clip(Tape *t, const Teacher *h, Tensor *pixels)
{
    int64_t n = pixels->dim[0], K = h->n_classes, E = h->clip->config.embed;
    TapeSlot slot = tape_slot(t, 2, (int64_t[]){ n, K });
    Tensor *classes = tape_constant(t, 2, (int64_t[]){ K, E }, h->classes);
    Tensor *image = op_unit(t, clip_image(t, h->clip, pixels));                // (n,E)
    return tape_keep(t, &slot, clip_logits(t, image, classes, h->clip->logit_scale));
}

Tensor *teacher_logits(Tape *t, Teacher *h, Tensor *pixels, const int32_t *index)
{
    if (!pixels) return NULL;
    Tensor *known = kept_recall(&h->logits, t, index, pixels->dim[0]);
    return known ? known : kept_learn(&h->logits, t, index, ask_clip(t, h, pixels));
}

// teacher.c - the frozen pretrained model's answer, asked once where asking again gives the same.
#include <stdlib.h>
#include <string.h>

#include "proreg/proreg.h"

Status teacher_init(Teacher *h, const Clip *c, const float *unit_classes, int64_t n_classes,
                    int64_t pictures)
{
    size_t classes = (size_t)(n_classes * c->config.embed) * sizeof *h->classes;
    *h = (Teacher){ .clip = c, .classes = malloc(classes), .n_classes = n_classes };
    if (!h->classes) return err_memory("teacher");
    memcpy(h->classes, unit_classes, classes);
    Status status = kept_init(&h->kept, pictures, n_classes);
    if (status != OK) teacher_free(h);
    return status;
}

void teacher_free(Teacher *h)
{
    free(h->classes);
    kept_free(&h->kept);
    *h = (Teacher){ 0 };
}

Status teacher_logits(Teacher *h, Tape *t, float *out, const float *pixels, const int32_t *index,
                      int64_t n)
{
    int64_t S = h->clip->config.image_size, E = h->clip->config.embed;
    if (kept_recall(&h->kept, out, index, n)) return OK;
    tape_begin(t, TAPE_NO_GRAD);
    Tensor *x = tape_constant(t, 4, (int64_t[]){ n, 3, S, S }, pixels);
    Tensor *classes = tape_constant(t, 2, (int64_t[]){ h->n_classes, E }, h->classes);
    Tensor *image = op_unit(t, clip_image(t, h->clip, x));                    // (n,E)
    Tensor *logits = clip_logits(t, image, classes, h->clip->logit_scale);    // (n,K)
    TRY(tape_read(t, out, logits));
    kept_learn(&h->kept, out, index, n);
    return OK;
}

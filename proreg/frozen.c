// frozen.c - features of a tower that is not trained, kept per picture.
#include "proreg/frozen.h"

#include <stdlib.h>

Status frozen_init(Frozen *f, int64_t micro, int64_t embed, int64_t pictures)
{
    *f = (Frozen){ .batch = malloc((size_t)(micro * embed) * sizeof *f->batch) };
    if (!f->batch) return err_memory("features");
    Status status = kept_init(&f->kept, pictures, embed);
    if (status != OK) frozen_free(f);
    return status;
}

void frozen_free(Frozen *f)
{
    free(f->batch);
    kept_free(&f->kept);
    *f = (Frozen){ 0 };
}

Status frozen_features(const float **out, Frozen *f, Tape *t, const Student *s, const float *pixels,
                       const int32_t *index, int64_t n)
{
    int64_t S = s->clip.config.image_size;
    *out = f->batch;
    if (kept_recall(&f->kept, f->batch, index, n)) return OK;
    tape_begin(t, TAPE_NO_GRAD);
    Tensor *x = tape_constant(t, 4, (int64_t[]){ n, 3, S, S }, pixels);
    TRY(tape_read(t, f->batch, student_features(t, s, x)));
    kept_learn(&f->kept, f->batch, index, n);
    return OK;
}

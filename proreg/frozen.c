// frozen.c - features of a tower that is not trained, kept per picture.
#include "proreg/frozen.h"

#include <stdlib.h>
#include <string.h>

Status frozen_init(Frozen *f, int64_t micro, int64_t embed, int64_t pictures)
{
    size_t row = (size_t)embed * sizeof(float);
    *f = (Frozen){ .embed = embed, .batch = malloc((size_t)micro * row) };
    if (pictures) {
        f->cache = malloc((size_t)pictures * row);
        f->known = calloc((size_t)pictures, 1);
    }
    if (f->batch && (!pictures || (f->cache && f->known))) return OK;
    frozen_free(f);
    return err_memory("features");
}

void frozen_free(Frozen *f)
{
    free(f->batch);
    free(f->cache);
    free(f->known);
    *f = (Frozen){ 0 };
}

static bool all_known(const Frozen *f, const int32_t *index, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!f->known || !f->known[index[i]]) return false;
    return true;
}

Status frozen_features(const float **out, Frozen *f, Tape *t, const Student *s, const float *pixels,
                       const int32_t *index, int64_t n)
{
    int64_t S = s->clip.config.image_size, E = f->embed;
    size_t row = (size_t)E * sizeof(float);
    *out = f->batch;
    if (all_known(f, index, n)) {
        for (int64_t i = 0; i < n; i++) memcpy(f->batch + i * E, f->cache + index[i] * E, row);
        return OK;
    }
    tape_begin(t, TAPE_NO_GRAD);
    Tensor *x = tape_constant(t, 4, (int64_t[]){ n, 3, S, S }, pixels);
    TRY(tape_read(t, f->batch, student_features(t, s, x)));
    for (int64_t i = 0; i < n && f->known; i++) {
        memcpy(f->cache + index[i] * E, f->batch + i * E, row);
        f->known[index[i]] = 1;
    }
    return OK;
}

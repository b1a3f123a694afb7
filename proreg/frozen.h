// frozen.h - features of an image tower that is not trained: made without a gradient, once a
// picture where its pixels never change.
//
//     Frozen f;
//     TRY(frozen_init(&f, micro, embed, augmented ? 0 : pictures));
//     const float *x;                                     // (n,E), sound until the next call
//     TRY(frozen_features(&x, &f, &tape, &student, pixels, index, n));
//     frozen_free(&f);
#pragma once
#include "proreg/proreg.h"

typedef struct {
    float *batch;              // (micro,E)
    Kept kept;                 // (pictures,E)
} Frozen;

Status frozen_init(Frozen *f, int64_t micro, int64_t embed, int64_t pictures);
void frozen_free(Frozen *f);
Status frozen_features(const float **out, Frozen *f, Tape *t, const Student *s, const float *pixels,
                       const int32_t *index, int64_t n);

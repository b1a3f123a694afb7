// kept.h - a row of numbers per picture, made once and kept on the host: for pictures whose pixels
// are the same at every visit.
//
//     TRY(kept_init(&k, pictures, width));               // 0 pictures: nothing is ever kept
//     Tensor *x = kept_recall(&k, t, index, n);          // (n,width), if all n are known
//     if (!x) x = kept_learn(&k, t, index, make(t));
//     kept_free(&k);
#pragma once
#include "tensor/tape.h"

typedef struct {
    int64_t width;
    float *row;                          // (pictures,width) or NULL
    uint8_t *known;                      // (pictures) or NULL
} Kept;

Status kept_init(Kept *k, int64_t pictures, int64_t width);    // on failure *k is empty
void kept_free(Kept *k);

// The rows of these pictures as a constant of the tape; NULL: not all are known. index (n), or NULL
// for pictures that are not numbered: none is known, and nothing is learned.
Tensor *kept_recall(const Kept *k, Tape *t, const int32_t *index, int64_t n);
Tensor *kept_learn(Kept *k, Tape *t, const int32_t *index, Tensor *x);   // x (n,width); returns x

// kept.h - rows of numbers made once a picture and kept, where a picture's pixels never change.
//
//     TRY(kept_init(&k, pictures, width));               // 0 pictures: nothing is ever kept
//     if (!kept_recall(&k, out, index, n)) {             // (n,width), if all n are known
//         make(out);
//         kept_learn(&k, out, index, n);
//     }
//     kept_free(&k);
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/err.h"

typedef struct {
    int64_t width;
    float *row;                          // (pictures,width) or NULL
    uint8_t *known;                      // (pictures) or NULL
} Kept;

Status kept_init(Kept *k, int64_t pictures, int64_t width);    // on failure *k is empty
void kept_free(Kept *k);
bool kept_recall(const Kept *k, float *out, const int32_t *index, int64_t n);
void kept_learn(Kept *k, const float *rows, const int32_t *index, int64_t n);

// resize.h - resizes pictures, with Pillow's bytes.
//
//     Image small;
//     TRY(resize(&small, &image, 298, 224, FILTER_BICUBIC));
//     image_free(&small);
//
// Antialiased, as Pillow's Image.resize: a horizontal pass, then a vertical one, each rounded to 8
// bits, with weights of 22 bits after the point. A side that does not change gets no pass.
//
// That is the order of Pillow up to 12. Pillow 13 begins with the vertical pass where that takes
// away more than twice as many rows as the other takes columns: of pictures that keep their shape,
// where they are more than twice as tall as wide.
//
// resize_part computes one rectangle of the result, with the bytes that the whole would have there,
// and does no more work than that rectangle needs. Beside the picture and the result it takes at
// most 64 MB, or what a single pixel of the result needs.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "data/image/image.h"
#include "tensor/base/err.h"
#include "tensor/base/pixels.h"

typedef struct { Filter filter; bool pillow13; } Resampling;

typedef struct { int x, y, width, height; } Rect;      // pixels; (x, y) is the top left corner

Status resize(Image *out, const Image *in, int width, int height, Filter filter);

// Cuts `from` out of the picture, makes width x height of it, and writes the rectangle `part` of
// that to out, (part.height, part.width, 3).
Status resize_part(uint8_t *out, const Image *in, Rect from, int width, int height,
                   Resampling how, Rect part);

enum { RESIZE_BITS = 22 };                             // of a weight, after the point: as in Pillow

// The inner loop: out[i] = clamp(round(sum_k weight[k] in[k step + i])), i < n, k < taps. Tests
// compare the best one for this processor with the plain one.
typedef void ResizeSum(uint8_t *out, const uint8_t *in, int64_t step, const int32_t *weight,
                       int taps, int64_t n);
ResizeSum resize_sum_plain;
ResizeSum *resize_sum_best(void);

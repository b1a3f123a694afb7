// pixels.h - what is done to a picture before a network sees it.
//
// As CLIP, open_clip and transformers do it: resize, cut out or pad to size x size around the
// center, then (byte scale - mean) / std. data/image/transform.h does it; clip/prepare.h reads it
// from a model's files and writes it.
#pragma once
#include <stdbool.h>

#include "tensor/base/err.h"

typedef enum { FILTER_NEAREST, FILTER_BILINEAR, FILTER_BICUBIC } Filter;

typedef enum {
    RESIZE_SHORTEST,           // the shorter side becomes `resize`, the longer is rounded down
    RESIZE_LONGEST,            // the picture fits into resize x resize, both sides rounded
    RESIZE_SQUASH,             // resize x resize, whatever the shape was
    RESIZE_NONE
} ResizeMode;

typedef struct {
    int size;                  // S: pixels per side of what the network takes
    int resize;                // pixels, see ResizeMode
    ResizeMode mode;
    Filter filter;
    bool pillow13;             // the order of Pillow 13's passes (data/image/resize.h)
    int fill;                  // value of the margin around a picture that is smaller than S
    double scale;              // of bytes, 1/255
    float mean[3], std[3];     // red, green, blue
} Transform;

// What a user says about files that do not say it: zero means nothing.
typedef struct {
    const char *mode, *filter; // names as below
    int resize;
    int pillow;                // 12 or 13
    const double *mean, *std;  // three each
} TransformGiven;

Transform transform_clip(int size);                    // OpenAI's: shortest, bicubic, their mean
Status transform_check(const Transform *t);            // sizes of 1..4096, finite; scale, std > 0

// Names as open_clip writes them; NULL after the last.
const char *filter_name(int i);
const char *resize_mode_name(int i);
int pixels_named(const char *(*name)(int i), const char *text);        // -1: no such name

// Sets what is given.
void transform_give(Transform *t, const TransformGiven *g);

// The flag of a given value that differs from what the files say, "--mean"; NULL: none.
// `pillow` may always be given.
const char *transform_differs(const Transform *t, const TransformGiven *g);

// Where do black and white go in channel c?
void transform_range(float *black, float *white, const Transform *t, int c);

// A channel in which these two look as if scale, mean and deviation were of different units (a mean
// of bytes for values of 0..1): no 0 between them, or less than 0.5 or more than 50 from each
// other. -1: none; nor where nothing is subtracted and divided.
int transform_odd(const Transform *t);

// In words: "shorter side to 224 (bicubic), center 224 x 224, ..".
enum { TRANSFORM_TEXT = 320 };
const char *transform_text(char text[TRANSFORM_TEXT], const Transform *t);

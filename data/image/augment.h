// augment.h - RandAugment (Cubuk et al. 2020) as ProReg uses it: on the whole picture, with
// Pillow's bytes.
//
//     AugmentChain chain;                                 // what training does with a picture
//     Rng rng = rng_at(seed, epoch, index, RNG_AUGMENT);
//     augment_draw(&chain, &rng, 2, 9);                   // n operations of strength m
//     TRY(augment_apply(&image, &chain));
//
//     TRY(augment_parse(&chain, "Rotate=-9,Color=0.64")); // what a user asks for
//
// Implementations of RandAugment differ in their operations and ranges. These are the 14 with
// posterize down to 1 bit and translations in pixels: the table in augment.c.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/image/image.h"
#include "data/image/resize.h"
#include "tensor/base/err.h"
#include "tensor/base/rng.h"

enum { AUGMENT_MAX = 16, AUGMENT_TEXT = 640 };           // operations in a chain; bytes of its text

typedef struct { int op; double value; } AugmentStep;    // op: its row in the table
typedef struct { AugmentStep step[AUGMENT_MAX]; int n; } AugmentChain;

int augment_count(void);                                 // rows of the table
const char *augment_name(int op);
int augment_find(const char *name);                      // -1: no such operation
double augment_value(int op, double m);                  // strength m of 30, before the sign

// n of 0..AUGMENT_MAX operations, with replacement; m of 0..30. Signed ones flip with chance 1/2.
void augment_draw(AugmentChain *chain, Rng *rng, int n, double m);
Status augment_parse(AugmentChain *chain, const char *text);
void augment_print(char text[AUGMENT_TEXT], const AugmentChain *chain);   // parse reads it back

Status augment_op(Image *image, int op, double value);   // on failure the picture is as before
Status augment_apply(Image *image, const AugmentChain *chain);

// What training may do to a picture, in this order: RandAugment on the whole picture, then a part
// of it is resized, then flipped. Zeros: nothing but the resize.
typedef struct {
    bool randaug;
    int n;                     // RandAugment's operations per picture
    double m;                  // and their strength
    double crop;               // > 0: a random part, of this share of the area or more
                               // (augment_crop); 0: the middle, as CLIP
    bool flip;                 // left and right change places with chance 1/2
} Augment;

Status augment_check(const Augment *a);                  // ranges

// A random part of a picture, by the rule of torchvision's RandomResizedCrop (transforms.py,
// get_params) with other random numbers: crop..1 of the area, an aspect ratio of 3:4 to 4:3,
// uniform in its logarithm. If ten draws do not fit, the largest centred part with such a ratio:
// for a very long picture that may be less than the share, and is the same each time.
Rect augment_crop(Rng *rng, int width, int height, double crop);

// transform.h - from a picture of any size to what the network takes.
//
//     Transform t = transform_clip(224);
//     TRY(transform_crop(&t, crop, &image));         // (224,224,3) bytes
//     transform_normalise(&t, pixels, crop);         // (3,224,224) floats
//
// As CLIP, torchvision and open_clip do it: the picture is resized as pixels.h says, and size x
// size around its center are cut out (half pixels to even) or padded (the odd pixel to the right
// and below); then (byte scale - mean) / std in f32 with divisions. Equal to Pillow and torchvision
// byte by byte, and the floats bit by bit.
#pragma once
#include <stdint.h>

#include "data/image/resize.h"
#include "tensor/base/pixels.h"

Status transform_crop(const Transform *t, uint8_t *crop, const Image *image);  // -> (S,S,3)

// The same from a part of the picture: `from` is resized to (S,S), whatever its shape.
Status transform_squeeze(const Transform *t, uint8_t *crop, const Image *image, Rect from);
void transform_normalise(const Transform *t, float *pixels, const uint8_t *crop);
                                                       // (S,S,3) -> (3,S,S)
void transform_flip(const Transform *t, uint8_t *crop);   // left and right change places

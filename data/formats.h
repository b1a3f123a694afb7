// formats.h - one function a format. Each is given bytes that begin as its format does, fills
// *image, and leaves it empty on failure. Which one is asked is decided in image.c.
#pragma once
#include "data/image.h"

typedef Status ImageDecoder(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels);

ImageDecoder jpeg_decode, png_decode, gif_decode, bmp_decode, ppm_decode;

// Refuses more than max_pixels. Asked before sizes are multiplied: behind it 16 bytes a pixel fit
// in 63 bits for every max_pixels up to 2^58.
Status image_fits(const char *format, int64_t width, int64_t height, int64_t max_pixels);

// A new image of this size, its pixels not yet set; refuses more than max_pixels before it takes
// memory.
Status image_sized(Image *image, const char *format, int64_t width, int64_t height,
                   int64_t max_pixels);

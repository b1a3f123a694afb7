// formats.h - one decoder per format. Each is given bytes that begin as its format does, fills
// *image, and leaves it empty on failure. formats.c has the table that says which one is called.
#pragma once
#include <stdbool.h>

#include "data/image/image.h"

typedef Status ImageDecoder(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels);

ImageDecoder jpeg_decode, png_decode, gif_decode, bmp_decode, ppm_decode;

typedef struct {
    const char *name;
    const char *magic;                 // what a file holds at `at`, `length` bytes
    int at, length;
    const char *suffixes;              // ".jpg .jpeg"
    ImageDecoder *decode;              // NULL: the format is known, and refused with this text
    const char *refusal;
} ImageFormat;

// The format that the first bytes show; NULL: none that is known.
const ImageFormat *image_format(const uint8_t *data, size_t bytes);
// Does the path end with one of the format's suffixes, in any case?
bool image_suffix(const ImageFormat *format, const char *path);
// Row i of the table, for i from 0; NULL behind the last.
const ImageFormat *image_format_at(int i);

// What decoders need (image.c). Refuses sides below 1 and more than max_pixels, before
// any sizes are multiplied: with what is let through, 16 bytes per pixel fit in 63 bits, for every
// max_pixels up to 2^58.
Status image_fits(const char *format, int64_t width, int64_t height, int64_t max_pixels);

// A new image of this size, its pixels not yet set; what image_fits refuses takes no memory.
Status image_sized(Image *image, const char *format, int64_t width, int64_t height,
                   int64_t max_pixels);

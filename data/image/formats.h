// formats.h - one function a format. Each is given bytes that begin as its format does, fills
// *image, and leaves it empty on failure. image.c has the table that says which one is asked.
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

// The format that the first bytes are of, and whether a file of it is named so, in any case; number
// i of all formats, NULL behind the last.
const ImageFormat *image_format(const uint8_t *data, size_t bytes);
bool image_suffix(const ImageFormat *format, const char *path);
const ImageFormat *image_format_at(int i);

// Refuses more than max_pixels. Asked before sizes are multiplied: behind it 16 bytes a pixel fit
// in 63 bits for every max_pixels up to 2^58.
Status image_fits(const char *format, int64_t width, int64_t height, int64_t max_pixels);

// A new image of this size, its pixels not yet set; refuses more than max_pixels before it takes
// memory.
Status image_sized(Image *image, const char *format, int64_t width, int64_t height,
                   int64_t max_pixels);

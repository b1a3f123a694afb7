// image.h - a picture file as 8-bit RGB, with the bytes that Pillow's convert("RGB") gives.
//
//     Image image;
//     TRY(image_load(&image, path, IMAGE_MAX_PIXELS));   // by content, never by name
//     use(image.rgb, image.width, image.height);
//     image_free(&image);
//
// JPEG (Huffman, baseline, extended, progressive), PNG, PPM and PGM (binary), BMP, GIF (its first
// frame). WebP, AVIF, HEIC, TIFF and PPM in digits are refused by name, with the command that
// converts them. Orientation tags and colour profiles are never applied, as in CLIP's own pipeline.
//
// Pillow 9.4.0 and 13.0.0 (libjpeg-turbo 2.1.5 and 3.2.0) give the same bytes, except for indices
// beyond the end of a palette: grays in 9.4 and here, black in 13. What Pillow reads and this does
// not, or reads differently:
//
//     JPEG  arithmetic coding; missing scans (libjpeg smooths what is there); more than 500 scans,
//           or 64 for more than 4 million pixels; damage, where Pillow guesses, is an error here
//     PNG   a wrong checksum of an IDAT, or of the stream in an IDAT of its own: an error here
//     PPM   digits (P1 to P3), bits (P4), floats (Pf); numbers not written in plain digits
//     BMP   run lengths, 16 bits, other orders of the channels, OS/2's header
//     GIF   codes that begin with more than 9 bits, which no encoder writes
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/err.h"

#define IMAGE_MAX_PIXELS 178956970     // beyond it Pillow warns; also the default of --max-pixels

typedef struct {
    uint8_t *rgb;                      // (height, width, 3); from malloc
    int width, height;                 // pixels
} Image;

// On failure *image is empty. The message begins with the format; image_load adds the path. More
// than max_pixels are refused with ERR_LIMIT before memory is taken for them.
Status image_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels);
Status image_load(Image *image, const char *path, int64_t max_pixels);
Status image_new(Image *image, int width, int height);   // black
void image_free(Image *image);                           // accepts an empty one
Status image_save_ppm(const Image *image, const char *path);   // "P6\nW H\n255\n" and the bytes

// png.h - writes pictures as PNG: 8-bit RGB, not compressed. For reading, see image.h.
#pragma once
#include "data/image/image.h"

Status png_save(const Image *image, const char *path);     // file_put: not flushed to the disk

// The bytes of the file, to be put inside another one. From malloc, *bytes long; NULL: no memory.
uint8_t *png_encode(const Image *image, size_t *bytes);

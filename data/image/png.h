// png.h - writes pictures that any program opens: 8-bit RGB, not compressed.
#pragma once
#include "data/image/image.h"

Status png_save(const Image *image, const char *path);     // file_put: not flushed to the disk

// The same bytes in memory, for pictures inside other files. From malloc; NULL: no memory.
uint8_t *png_encode(const Image *image, size_t *bytes);

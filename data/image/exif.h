// exif.h - how a picture says that it should be turned. It is read for reports alone: CLIP's own
// pipeline (PIL.Image.open, convert) ignores it, and so do we.
#pragma once
#include <stddef.h>
#include <stdint.h>

// EXIF's orientation of a JPEG or PNG: 2 to 8 if it is to be turned or mirrored, else 1; 0: it does
// not say. Bytes that are no EXIF say nothing.
int exif_orientation(const uint8_t *data, size_t bytes);

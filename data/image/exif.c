// exif.c - finds EXIF in JPEG and PNG, and the orientation in it.
#include "data/image/exif.h"

#include <stdbool.h>
#include <string.h>

static uint32_t number_at(const uint8_t *p, int n, bool little)
{
    uint32_t x = 0;
    for (int i = 0; i < n; i++) x = x << 8 | p[little ? n - 1 - i : i];
    return x;
}

// Of a TIFF header and its first directory: 12 bytes an entry, tag, type, count, value.
static int tiff_orientation(const uint8_t *p, size_t n)
{
    if (n < 8 || (memcmp(p, "II*\0", 4) && memcmp(p, "MM\0*", 4))) return 0;
    const bool little = *p == 'I';
    size_t at = number_at(p + 4, 4, little);
    if (at > n - 2) return 0;
    uint32_t entries = number_at(p + at, 2, little);
    at += 2;
    for (uint32_t i = 0; i < entries && n - at >= 12; i++, at += 12) {
        if (number_at(p + at, 2, little) != 0x0112) continue;
        uint32_t type = number_at(p + at + 2, 2, little);
        uint32_t value = number_at(p + at + 8, type == 4 ? 4 : 2, little);
        return value >= 1 && value <= 8 ? (int)value : 0;
    }
    return 0;
}

// The APP1 segment that begins with Exif; segments of pixels end the search.
static int jpeg_orientation(const uint8_t *p, size_t n)
{
    for (size_t at = 2; at + 4 <= n && p[at] == 0xff;) {
        if (p[at + 1] == 0xff) {               // fill bytes
            at++;
            continue;
        }
        size_t length = number_at(p + at + 2, 2, false);
        if (p[at + 1] == 0xda || length < 2 || length > n - at - 2) return 0;
        const uint8_t *in = p + at + 4;
        if (p[at + 1] == 0xe1 && length >= 8 && !memcmp(in, "Exif\0\0", 6))
            return tiff_orientation(in + 6, length - 8);
        at += 2 + length;
    }
    return 0;
}

static int png_orientation(const uint8_t *p, size_t n)
{
    for (size_t at = 8; at + 12 <= n;) {
        size_t length = number_at(p + at, 4, false);
        if (length > n - at - 12) return 0;
        if (!memcmp(p + at + 4, "eXIf", 4)) return tiff_orientation(p + at + 8, length);
        at += 12 + length;
    }
    return 0;
}

int exif_orientation(const uint8_t *data, size_t bytes)
{
    if (bytes >= 4 && data[0] == 0xff && data[1] == 0xd8) return jpeg_orientation(data, bytes);
    if (bytes >= 8 && !memcmp(data, "\x89PNG\r\n\x1a\n", 8)) return png_orientation(data, bytes);
    return 0;
}

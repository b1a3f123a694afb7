// ppm.c - binary PPM and PGM of 8 bits: "P6" or "P5", width, height, 255, one blank, the bytes.
#include <string.h>

#include "data/formats.h"

// A number of the header, after blanks and comments; -1 where there is none.
static int64_t number(const uint8_t *data, size_t bytes, size_t *at)
{
    int64_t n = -1;
    while (*at < bytes && data[*at] && strchr(" \t\r\n#", data[*at]))
        if (data[(*at)++] == '#')
            while (*at < bytes && data[*at] != '\n') ++*at;
    for (; *at < bytes && data[*at] >= '0' && data[*at] <= '9' && n < INT32_MAX; ++*at)
        n = (n < 0 ? 0 : n) * 10 + (data[*at] - '0');
    return n;
}

Status ppm_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    size_t at = 2, channels = data[1] == '6' ? 3 : 1;
    int64_t w = number(data, bytes, &at), h = number(data, bytes, &at);
    int64_t depth = number(data, bytes, &at);
    *image = (Image){ 0 };
    if (depth != 255) return err_set(ERR_UNSUPPORTED, "ppm: values up to %lld: 255 is read",
                                     (long long)depth);
    TRY(image_fits("ppm", w, h, max_pixels));
    size_t pixels = (size_t)w * (size_t)h;
    if (bytes - at < 1 + pixels * channels)
        return err_set(ERR_FORMAT, "ppm: truncated: %zu bytes of %zu", bytes,
                       at + 1 + pixels * channels);
    TRY(image_sized(image, "ppm", w, h, max_pixels));
    const uint8_t *from = data + at + 1;
    for (size_t i = 0; i < 3 * pixels; i++) image->rgb[i] = from[channels == 3 ? i : i / 3];
    return OK;
}

// ppm.c - binary PPM and PGM: "P6" or "P5", width, height, the greatest value, one blank, then the
// samples, of two bytes where that value is more than 255. Values become Pillow's.
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "data/image/formats.h"

static bool header_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Reads a number of the header and the blank that ends it; blanks may precede it, and comments may
// stand anywhere, even within it. -1: there is none.
static int64_t header_number(const uint8_t *data, size_t bytes, size_t *at)
{
    int64_t n = -1;
    while (*at < bytes) {
        uint8_t c = data[(*at)++];
        if (c == '#') {
            while (*at < bytes && data[*at] != '\n' && data[*at] != '\r') ++*at;
            if (*at < bytes) ++*at;
        } else if (header_blank(c)) {
            if (n >= 0) break;
        } else {
            if (c < '0' || c > '9' || n > INT32_MAX) return -1;
            n = (n < 0 ? 0 : n) * 10 + (c - '0');
        }
    }
    return n;
}

// Pillow rounds v / most * 255, halves to even; gray of two bytes it scales to 65535 and clips to
// 255, as in PNG.
static uint8_t ppm_sample(const uint8_t *p, int64_t most, bool gray)
{
    if (most == 255) return *p;
    int v = most > 255 ? p[0] << 8 | p[1] : *p;
    double x = (double)v / (double)most * (gray && most > 255 ? 65535 : 255);
    return (uint8_t)(x > 255 ? 255 : nearbyint(x));
}

Status ppm_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    size_t at = 2, channels = data[1] == '6' ? 3 : 1;
    *image = (Image){ 0 };
    if (bytes < 3 || !header_blank(data[2]))
        return err_set(ERR_FORMAT, "ppm: no blank behind P%c", data[1]);
    int64_t w = header_number(data, bytes, &at), h = header_number(data, bytes, &at);
    int64_t most = header_number(data, bytes, &at);
    if (w < 0 || h < 0 || most < 0)
        return err_set(ERR_FORMAT, "ppm: a number of the header is missing");
    if (most < 1 || most > 65535)
        return err_set(ERR_FORMAT, "ppm: values up to %lld, not 1..65535", (long long)most);
    TRY(image_fits("ppm", w, h, max_pixels));
    size_t wide = most > 255 ? 2 : 1, n = (size_t)w * (size_t)h, need = n * channels * wide;
    if (bytes - at < need)
        return err_set(ERR_FORMAT, "ppm: truncated: %zu bytes of %zu", bytes, at + need);
    TRY(image_sized(image, "ppm", w, h, max_pixels));
    for (size_t i = 0; i < 3 * n; i++) {
        const uint8_t *p = data + at + wide * (channels == 3 ? i : i / 3);
        image->rgb[i] = ppm_sample(p, most, channels == 1);
    }
    return OK;
}

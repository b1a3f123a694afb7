// transform.c - resize the short side, cut out the middle, normalise.
#include "data/image/transform.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "tensor/base/clip_pixels.h"

enum { SIZE_MAX_PX = 4096 };

Transform transform_clip(int size)
{
    return (Transform){ size, CLIP_MEAN, CLIP_STD, FILTER_BICUBIC };
}

Status transform_check(const Transform *t)
{
    if (t->size < 1 || t->size > SIZE_MAX_PX)
        return err_set(ERR_SHAPE, "transform: size: %d is not one of 1..%d", t->size, SIZE_MAX_PX);
    for (int c = 0; c < 3; c++)
        if (!isfinite(t->mean[c]) || !isfinite(t->std[c]) || !(t->std[c] > 0))
            return err_set(ERR_SHAPE, "transform: channel %d: mean %g, deviation %g", c,
                           (double)t->mean[c], (double)t->std[c]);
    return OK;
}

// Half of the difference, rounded half to even as Python's round() does.
static int crop_offset(int resized, int size)
{
    int twice = resized - size, half = twice / 2;
    return twice % 2 ? half + half % 2 : half;
}

Status transform_crop(const Transform *t, uint8_t *crop, const Image *image)
{
    int w = image->width, h = image->height, shorter = w < h ? w : h, longer = w < h ? h : w;
    if (shorter < 1) return err_set(ERR_SHAPE, "transform: an empty picture");
    int64_t side = (int64_t)t->size * longer / shorter;
    if (side > INT_MAX)
        return err_set(ERR_SHAPE, "transform: %d x %d: too long for a short side of %d", w, h,
                       t->size);
    int width = w < h ? t->size : (int)side, height = w < h ? (int)side : t->size;
    Rect part = { crop_offset(width, t->size), crop_offset(height, t->size), t->size, t->size };
    return resize_part(crop, image, (Rect){ 0, 0, w, h }, width, height, t->filter, part);
}

Status transform_squeeze(const Transform *t, uint8_t *crop, const Image *image, Rect from)
{
    return resize_part(crop, image, from, t->size, t->size, t->filter,
                       (Rect){ 0, 0, t->size, t->size });
}

// A byte has 256 values, so the two divisions are done 256 times per channel, not for every pixel.
void transform_normalise(const Transform *t, float *pixels, const uint8_t *crop)
{
    const int64_t n = (int64_t)t->size * t->size;
    float table[3][256];
    for (int c = 0; c < 3; c++)
        for (int p = 0; p < 256; p++) table[c][p] = ((float)p / 255.0f - t->mean[c]) / t->std[c];
    float *red = pixels, *green = pixels + n, *blue = pixels + 2 * n;
    for (int64_t i = 0; i < n; i++) {
        red[i] = table[0][crop[3 * i]];
        green[i] = table[1][crop[3 * i + 1]];
        blue[i] = table[2][crop[3 * i + 2]];
    }
}

void transform_flip(const Transform *t, uint8_t *crop)
{
    for (int y = 0; y < t->size; y++, crop += 3 * t->size)
        for (int l = 0, r = t->size - 1; l < r; l++, r--) {
            uint8_t pixel[3];
            memcpy(pixel, crop + 3 * l, 3);
            memcpy(crop + 3 * l, crop + 3 * r, 3);
            memcpy(crop + 3 * r, pixel, 3);
        }
}

// transform.c - resize, cut out the center or pad to it, normalise.
#include "data/image/transform.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Half of the difference, rounded half to even as Python's round() does; of a picture that is
// smaller, rounded down as torchvision pads.
static int crop_offset(int resized, int size)
{
    int twice = resized - size, half = twice / 2;
    if (twice < 0) return -(-twice / 2);
    return twice % 2 ? half + half % 2 : half;
}

// torchvision's Resize, and open_clip's ResizeKeepRatio of the longest side.
static Status resized_size(const Transform *t, int w, int h, int64_t size[2])
{
    int shorter = w < h ? w : h, longer = w < h ? h : w;
    double ratio = longer / (double)t->resize;
    if (shorter < 1) return err_set(ERR_SHAPE, "transform: an empty picture");
    size[0] = size[1] = t->resize;
    switch (t->mode) {
    case RESIZE_SHORTEST: size[w < h] = (int64_t)t->resize * longer / shorter; break;
    case RESIZE_LONGEST:
        size[0] = (int64_t)nearbyint(w / ratio);
        size[1] = (int64_t)nearbyint(h / ratio);
        break;
    case RESIZE_SQUASH: break;
    case RESIZE_NONE: size[0] = w, size[1] = h; break;
    }
    if (size[0] >= 1 && size[1] >= 1 && size[0] <= INT_MAX && size[1] <= INT_MAX) return OK;
    return err_set(ERR_SHAPE, "transform: %d x %d: too long for a side of %d", w, h, t->resize);
}

// The part of the resized picture that lies in the crop, and where it lies there.
static Rect visible(const Transform *t, const int64_t size[2], int at[2])
{
    int from[2], length[2];
    for (int i = 0; i < 2; i++) {
        int offset = crop_offset((int)size[i], t->size);
        from[i] = offset > 0 ? offset : 0;
        at[i] = offset < 0 ? -offset : 0;
        length[i] = size[i] < t->size ? (int)size[i] : t->size;
    }
    return (Rect){ from[0], from[1], length[0], length[1] };
}

// Puts the picture onto a ground of one colour.
static void pad_part(const Transform *t, uint8_t *crop, const uint8_t *part, Rect r,
                     const int at[2])
{
    const int64_t row = 3 * (int64_t)t->size, bytes = 3 * (int64_t)r.width;
    memset(crop, t->fill, (size_t)(row * t->size));
    for (int y = 0; y < r.height; y++)
        memcpy(crop + (at[1] + y) * row + 3 * (int64_t)at[0], part + y * bytes, (size_t)bytes);
}

Status transform_crop(const Transform *t, uint8_t *crop, const Image *image)
{
    int w = image->width, h = image->height, at[2];
    const Resampling how = { t->filter, t->pillow13 };
    const Rect all = { 0, 0, w, h };
    int64_t size[2];
    TRY(resized_size(t, w, h, size));
    Rect part = visible(t, size, at);
    int width = (int)size[0], height = (int)size[1];
    if (part.width == t->size && part.height == t->size)
        return resize_part(crop, image, all, width, height, how, part);
    uint8_t *bytes = malloc((size_t)part.width * (size_t)part.height * 3);
    if (!bytes) return err_memory("transform");
    Status status = resize_part(bytes, image, all, width, height, how, part);
    if (status == OK) pad_part(t, crop, bytes, part, at);
    free(bytes);
    return status;
}

Status transform_squeeze(const Transform *t, uint8_t *crop, const Image *image, Rect from)
{
    const Resampling how = { t->filter, t->pillow13 };
    return resize_part(crop, image, from, t->size, t->size, how,
                       (Rect){ 0, 0, t->size, t->size });
}

// A byte has 256 values, so the division is done 256 times per channel, not for every pixel. For
// all of them the product with 1/255, rounded to a float, is the float of p / 255.
void transform_normalise(const Transform *t, float *pixels, const uint8_t *crop)
{
    const int64_t n = (int64_t)t->size * t->size;
    float table[3][256];
    for (int c = 0; c < 3; c++)
        for (int p = 0; p < 256; p++)
            table[c][p] = ((float)(p * t->scale) - t->mean[c]) / t->std[c];
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

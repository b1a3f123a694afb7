// image.c - pictures in memory, and which decoder a file's first bytes ask for.
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/file.h"

Status image_new(Image *image, int width, int height)
{
    *image = (Image){ 0 };
    if (width < 1 || height < 1) return err_set(ERR_SHAPE, "image: %d x %d pixels", width, height);
    uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);
    if (!rgb) return err_memory("image");
    *image = (Image){ rgb, width, height };
    return OK;
}

void image_free(Image *image)
{
    free(image->rgb);
    *image = (Image){ 0 };
}

// A number of a PPM header, after blanks and comments; -1 where there is none.
static int64_t ppm_number(const uint8_t *data, size_t bytes, size_t *at)
{
    int64_t n = -1;
    while (*at < bytes && strchr(" \t\r\n#", data[*at]) && data[*at])
        if (data[(*at)++] == '#')
            while (*at < bytes && data[*at] != '\n') ++*at;
    for (; *at < bytes && data[*at] >= '0' && data[*at] <= '9' && n < INT32_MAX; ++*at)
        n = (n < 0 ? 0 : n) * 10 + (data[*at] - '0');
    return n;
}

static Status ppm_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    size_t at = 2;
    int64_t w = ppm_number(data, bytes, &at), h = ppm_number(data, bytes, &at);
    int64_t depth = ppm_number(data, bytes, &at), pixels;
    if (w < 1 || h < 1 || w > INT32_MAX || h > INT32_MAX || depth != 255)
        return err_set(ERR_FORMAT, "ppm: %lld x %lld of depth %lld", (long long)w, (long long)h,
                       (long long)depth);
    TRY(size_mul(&pixels, w, h));
    if (pixels > max_pixels)
        return err_set(ERR_FORMAT, "ppm: %lld x %lld: more than %lld pixels", (long long)w,
                       (long long)h, (long long)max_pixels);
    if (bytes < at + 1 || bytes - at - 1 < (size_t)pixels * 3)
        return err_set(ERR_FORMAT, "ppm: truncated: %zu bytes of %lld", bytes,
                       (long long)(pixels * 3) + (long long)at + 1);
    TRY(image_new(image, (int)w, (int)h));
    memcpy(image->rgb, data + at + 1, (size_t)pixels * 3);
    return OK;
}

Status image_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    *image = (Image){ 0 };
    if (bytes == 0) return err_set(ERR_FORMAT, "image: an empty file");
    if (bytes >= 2 && !memcmp(data, "P6", 2)) return ppm_decode(image, data, bytes, max_pixels);
    return err_set(ERR_UNSUPPORTED, "image: no format that is known here");
}

Status image_load(Image *image, const char *path, int64_t max_pixels)
{
    FileMap map;
    *image = (Image){ 0 };
    TRY(file_map(&map, path));
    Status status = image_decode(image, map.data, map.size, max_pixels);
    file_unmap(&map);
    return status == OK ? OK : err_prefix(status, "%s", path);
}

Status image_save_ppm(const Image *image, const char *path)
{
    FileOut out;
    TRY(file_create(&out, path));
    file_printf(&out, "P6\n%d %d\n255\n", image->width, image->height);
    file_write(&out, image->rgb, 3 * (size_t)image->width * (size_t)image->height);
    return file_commit(&out);
}

// image.c - pictures in memory: what every decoder needs, and none of them.
#include "data/image/image.h"

#include <stdlib.h>

#include "data/image/formats.h"
#include "tensor/base/file.h"

enum { SIDE_MOST = 1 << 28 };          // the bytes of a row are an int

Status image_new(Image *image, int width, int height)
{
    *image = (Image){ 0 };
    if (width < 1 || height < 1) return err_set(ERR_SHAPE, "image: %d x %d pixels", width, height);
    uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);
    if (!rgb) return err_memory("image");
    *image = (Image){ rgb, width, height };
    return OK;
}

Status image_fits(const char *format, int64_t width, int64_t height, int64_t max_pixels)
{
    if (width < 1 || height < 1 || width > SIDE_MOST || height > SIDE_MOST)
        return err_set(ERR_FORMAT, "%s: %lld x %lld: a side is not of 1..%d pixels", format,
                       (long long)width, (long long)height, SIDE_MOST);
    if (width > max_pixels / height)
        return err_set(ERR_LIMIT, "%s: %lld x %lld: more than %lld pixels", format,
                       (long long)width, (long long)height, (long long)max_pixels);
    return width > (int64_t)(SIZE_MAX / 8) / height ? err_memory(format) : OK;
}

Status image_sized(Image *image, const char *format, int64_t width, int64_t height,
                   int64_t max_pixels)
{
    *image = (Image){ 0 };
    TRY(image_fits(format, width, height, max_pixels));
    uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
    if (!rgb) return err_memory(format);
    *image = (Image){ rgb, (int)width, (int)height };
    return OK;
}

void image_free(Image *image)
{
    free(image->rgb);
    *image = (Image){ 0 };
}

Status image_save_ppm(const Image *image, const char *path)
{
    FileOut out;
    TRY(file_create(&out, path));
    file_printf(&out, "P6\n%d %d\n255\n", image->width, image->height);
    file_write(&out, image->rgb, 3 * (size_t)image->width * (size_t)image->height);
    return file_commit(&out);
}

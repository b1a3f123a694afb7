// image.c - pictures in memory, and which decoder a file's first bytes ask for.
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

#include "data/formats.h"
#include "tensor/file.h"

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

// ---- by content ---------------------------------------------------------------------------------

#define CONVERT(command) ": is not read; convert it: " command

// What a file begins with, at this offset. A format without a decoder is refused with its text.
static const struct {
    const char *magic;
    int at, bytes;
    ImageDecoder *decode;
    const char *refusal;
} formats[] = {
    { "\xff\xd8", 0, 2, jpeg_decode, NULL },
    { "\x89PNG\r\n\x1a\n", 0, 8, png_decode, NULL },
    { "GIF87a", 0, 6, gif_decode, NULL },
    { "GIF89a", 0, 6, gif_decode, NULL },
    { "BM", 0, 2, bmp_decode, NULL },
    { "P6", 0, 2, ppm_decode, NULL },
    { "P5", 0, 2, ppm_decode, NULL },
    { "WEBP", 8, 4, NULL, "webp" CONVERT("dwebp in.webp -o out.png") },
    { "ftypavif", 4, 8, NULL, "avif" CONVERT("avifdec in.avif out.png") },
    { "ftypavis", 4, 8, NULL, "avif" CONVERT("avifdec in.avif out.png") },
    { "ftyphe", 4, 6, NULL, "heic" CONVERT("heif-convert in.heic out.png") },
    { "ftypmif1", 4, 8, NULL, "heic" CONVERT("heif-convert in.heic out.png") },
    { "II*\0", 0, 4, NULL, "tiff" CONVERT("tifftopnm in.tif > out.ppm") },
    { "MM\0*", 0, 4, NULL, "tiff" CONVERT("tifftopnm in.tif > out.ppm") },
};

Status image_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    *image = (Image){ 0 };
    if (bytes == 0) return err_set(ERR_FORMAT, "image: an empty file");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t at = (size_t)formats[i].at, n = (size_t)formats[i].bytes;
        if (bytes < at + n || memcmp(data + at, formats[i].magic, n) != 0) continue;
        if (formats[i].decode) return formats[i].decode(image, data, bytes, max_pixels);
        return err_set(ERR_UNSUPPORTED, "%s", formats[i].refusal);
    }
    return err_set(ERR_UNSUPPORTED, "image: neither JPEG, PNG, GIF, BMP nor PPM");
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

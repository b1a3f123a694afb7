// formats.c - the table of formats: which decoder a file's first bytes ask for.
#include "data/image/formats.h"

#include <string.h>

#include "tensor/base/file.h"

#define CONVERT(command) ": is not read; convert it: " command

#define JPEG_SUFFIXES ".jpg .jpeg .jpe .jfif"
#define HEIC_SUFFIXES ".heic .heif"
#define TIFF_SUFFIXES ".tif .tiff"

static const ImageFormat formats[] = {
    { "JPEG", "\xff\xd8\xff", 0, 3, JPEG_SUFFIXES, jpeg_decode, NULL },
    { "PNG", "\x89PNG\r\n\x1a\n", 0, 8, ".png", png_decode, NULL },
    { "GIF", "GIF87a", 0, 6, ".gif", gif_decode, NULL },
    { "GIF", "GIF89a", 0, 6, ".gif", gif_decode, NULL },
    { "BMP", "BM", 0, 2, ".bmp", bmp_decode, NULL },
    { "PPM", "P6", 0, 2, ".ppm .pnm", ppm_decode, NULL },
    { "PGM", "P5", 0, 2, ".pgm .pnm", ppm_decode, NULL },
    { "PPM", "P3", 0, 2, ".ppm .pnm", NULL, "ppm in digits" CONVERT("pnmtopng in.ppm > out.png") },
    { "PGM", "P2", 0, 2, ".pgm .pnm", NULL, "pgm in digits" CONVERT("pnmtopng in.pgm > out.png") },
    { "WebP", "WEBP", 8, 4, ".webp", NULL, "webp" CONVERT("dwebp in.webp -o out.png") },
    { "AVIF", "ftypavif", 4, 8, ".avif", NULL, "avif" CONVERT("avifdec in.avif out.png") },
    { "AVIF", "ftypavis", 4, 8, ".avif", NULL, "avif" CONVERT("avifdec in.avif out.png") },
    { "HEIC", "ftyphe", 4, 6, HEIC_SUFFIXES, NULL, "heic" CONVERT("heif-convert in.heic out.png") },
    { "HEIC", "ftypmif1", 4, 8, HEIC_SUFFIXES, NULL,
      "heic" CONVERT("heif-convert in.heic out.png") },
    { "TIFF", "II*\0", 0, 4, TIFF_SUFFIXES, NULL, "tiff" CONVERT("tifftopnm in.tif > out.ppm") },
    { "TIFF", "MM\0*", 0, 4, TIFF_SUFFIXES, NULL, "tiff" CONVERT("tifftopnm in.tif > out.ppm") },
};

const ImageFormat *image_format_at(int i)
{
    return i < (int)(sizeof formats / sizeof *formats) ? &formats[i] : NULL;
}

const ImageFormat *image_format(const uint8_t *data, size_t bytes)
{
    const ImageFormat *f;
    for (int i = 0; (f = image_format_at(i)); i++) {
        size_t at = (size_t)f->at, n = (size_t)f->length;
        if (bytes >= at + n && memcmp(data + at, f->magic, n) == 0) return f;
    }
    return NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

// Does the path end with these n bytes, behind a name?
static bool ends_like(const char *path, const char *suffix, size_t n)
{
    size_t length = strlen(path);
    if (length <= n) return false;
    for (size_t i = 0; i < n; i++)
        if (lower(path[length - n + i]) != suffix[i]) return false;
    return true;
}

bool image_suffix(const ImageFormat *format, const char *path)
{
    for (const char *s = format->suffixes; *s; s += *s == ' ') {
        size_t n = strcspn(s, " ");
        if (ends_like(path, s, n)) return true;
        s += n;
    }
    return false;
}

Status image_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    *image = (Image){ 0 };
    if (bytes == 0) return err_set(ERR_FORMAT, "image: an empty file");
    const ImageFormat *f = image_format(data, bytes);
    if (!f) return err_set(ERR_UNSUPPORTED, "image: neither JPEG, PNG, GIF, BMP nor PPM");
    if (!f->decode) return err_set(ERR_UNSUPPORTED, "%s", f->refusal);
    return f->decode(image, data, bytes, max_pixels);
}

Status image_load(Image *image, const char *path, int64_t max_pixels)
{
    FileMap map;
    *image = (Image){ 0 };
    TRY(file_read(&map, path));
    Status status = image_decode(image, map.data, map.size, max_pixels);
    file_unmap(&map);
    return status == OK ? OK : err_prefix(status, "%s", path);
}

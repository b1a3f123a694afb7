// bmp.c - Windows bitmaps without compression: 24 and 32 bits, and palettes of 1, 4 and 8 bits.
//
//     0 'BM'   10 offset of the pixels   14 size of the header that follows (40 or more)
//     18 width   22 height, negative: from the top down   28 bits   30 compression   46 colours
//     palette: B G R 0 each.  rows: B G R, padded to a multiple of 4 bytes, from the bottom up
//
// Not read: run lengths, 16 bits, other orders of the channels, OS/2's header.
#include <stdbool.h>
#include <string.h>

#include "data/image/formats.h"

static uint32_t u32_little(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

typedef struct {
    int64_t width, height, step, pixels, palette, colours;    // step: bytes to the next row
    int bits;
    bool top_down;
} Bmp;

static Status bmp_header(Bmp *b, const uint8_t *p, size_t bytes)
{
    if (bytes < 54) return err_set(ERR_FORMAT, "bmp: truncated: %zu bytes", bytes);
    uint32_t size = u32_little(p + 14), method = u32_little(p + 30);
    int64_t height = (int32_t)u32_little(p + 22);
    b->bits = p[28] | p[29] << 8;
    if (size < 40 || size > bytes - 14)
        return err_set(ERR_UNSUPPORTED, "bmp: a header of %u bytes", size);
    bool masks = method == 3 && b->bits == 32 && bytes >= 66       // the usual order, spelt out
                 && u32_little(p + 54) == 0xFF0000 && u32_little(p + 58) == 0xFF00
                 && u32_little(p + 62) == 0xFF;
    if ((method != 0 && !masks)
        || (b->bits != 1 && b->bits != 4 && b->bits != 8 && b->bits != 24 && b->bits != 32))
        return err_set(ERR_UNSUPPORTED, "bmp: %d bits with compression %u is not read; convert it: "
                       "bmptopnm in.bmp > out.ppm", b->bits, method);
    b->width = (int32_t)u32_little(p + 18), b->top_down = height < 0;
    b->height = height < 0 ? -height : height;
    b->palette = 14 + (int64_t)size;
    b->colours = b->bits > 8 ? 0 : u32_little(p + 46) ? (int64_t)u32_little(p + 46) : 1 << b->bits;
    b->pixels = u32_little(p + 10) ? (int64_t)u32_little(p + 10) : b->palette + 4 * b->colours;
    if (b->colours > 256 || b->palette + 4 * b->colours > (int64_t)bytes)
        return err_set(ERR_FORMAT, "bmp: a palette of %lld colours", (long long)b->colours);
    b->step = (b->width * b->bits + 31) / 32 * 4;
    return OK;
}

// An index beyond the palette is a gray, as in Pillow 9.4.
static void put_colour(uint8_t *rgb, const Bmp *b, const uint8_t *data, const uint8_t *row,
                       int64_t x)
{
    const uint8_t *bgr = row + x * b->bits / 8;
    if (b->bits <= 8) {
        int64_t bit = x * b->bits;
        int i = row[bit / 8] >> (8 - b->bits - bit % 8) & ((1 << b->bits) - 1);
        if (i >= b->colours) {
            memset(rgb, i, 3);
            return;
        }
        bgr = data + b->palette + 4 * i;
    }
    rgb[0] = bgr[2], rgb[1] = bgr[1], rgb[2] = bgr[0];
}

Status bmp_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    Bmp b = { 0 };
    *image = (Image){ 0 };
    TRY(bmp_header(&b, data, bytes));
    TRY(image_fits("bmp", b.width, b.height, max_pixels));
    if (b.pixels + b.step * b.height > (int64_t)bytes)
        return err_set(ERR_FORMAT, "bmp: truncated: %zu bytes of %lld", bytes,
                       (long long)(b.pixels + b.step * b.height));
    TRY(image_sized(image, "bmp", b.width, b.height, max_pixels));
    for (int64_t y = 0; y < b.height; y++) {
        const uint8_t *row = data + b.pixels + (b.top_down ? y : b.height - 1 - y) * b.step;
        for (int64_t x = 0; x < b.width; x++)
            put_colour(image->rgb + 3 * (y * b.width + x), &b, data, row, x);
    }
    return OK;
}

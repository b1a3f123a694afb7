// fuzz_png.c - any bytes as a PNG file: an error or a picture, nothing else. Few bytes survive the
// checksums, so they are read a second time as the fields and rows of a file that is sound outside:
//
//     0 width   1 height   2 depth (its logarithm) and interlacing   3 colour type   4 rows
#include <stdlib.h>
#include <string.h>

#include "data/image/formats.h"
#include "tensor/base/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *data, size_t size)
{
    Image image;
    if (size >= 8) (void)png_decode(&image, data, size, 1 << 20);
    if (size >= 8) image_free(&image);
}

static uint8_t *put32(uint8_t *p, uint32_t x)
{
    for (int i = 0; i < 4; i++) *p++ = (uint8_t)(x >> (24 - 8 * i));
    return p;
}

static uint8_t *put_chunk(uint8_t *p, const char *type, const uint8_t *data, uint32_t n)
{
    uint8_t *start = put32(p, n);
    memcpy(start, type, 4);
    memcpy(start + 4, data, n);
    return put32(start + 4 + n, crc32_of(0, start, n + 4));
}

// The n bytes as one stored block of deflate.
static uint32_t stored(uint8_t *out, const uint8_t *data, uint32_t n)
{
    uint32_t a = 1, b = 0;
    const uint8_t head[7] = { 0x78, 1, 1, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n,
                              (uint8_t)(~n >> 8) };
    for (uint32_t i = 0; i < n; i++) a = (a + data[i]) % 65521, b = (b + a) % 65521;
    memcpy(out, head, sizeof head);
    memcpy(out + 7, data, n);
    put32(out + 7 + n, b << 16 | a);
    return n + 11;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size);
    if (size < 4 || size > 65000) return 0;
    uint8_t *file = malloc(3 * size + 2000);
    if (!file) return 0;
    uint8_t *packed = file + 2 * size + 1000, *p = file;
    const uint8_t header[13] = { 0, 0, 0, data[0], 0, 0, 0, data[1], (uint8_t)(1 << (data[2] & 7)),
                                 data[3], 0, 0, data[2] >> 7 };
    uint32_t n = stored(packed, data + 4, (uint32_t)size - 4);
    memcpy(p, "\x89PNG\r\n\x1a\n", 8);
    p = put_chunk(p + 8, "IHDR", header, sizeof header);
    p = put_chunk(p, "PLTE", data, (uint32_t)(size < 768 ? size / 3 * 3 : 768));
    p = put_chunk(p, "IDAT", packed, n / 2);
    p = put_chunk(p, "IDAT", packed + n / 2, n - n / 2);
    decode(file, (size_t)(p - file));
    free(file);
    return 0;
}

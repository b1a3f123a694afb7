// png_write.c - PNG with stored deflate blocks: larger than necessary, but a page of code.
#include <stdlib.h>
#include <string.h>

#include "data/image/png.h"
#include "tensor/base/file.h"
#include "tensor/base/inflate.h"

enum { STORED = 65535 };                 // bytes in a stored block, at most

typedef struct { uint8_t *data; size_t n; } Out;

static void put(Out *o, const void *bytes, size_t n)
{
    memcpy(o->data + o->n, bytes, n);
    o->n += n;
}

static void put_u32(Out *o, uint32_t x)
{
    put(o, (uint8_t[]){ (uint8_t)(x >> 24), (uint8_t)(x >> 16), (uint8_t)(x >> 8), (uint8_t)x }, 4);
}

// Writes a chunk's type, and 0 for its length, which chunk_end fills in before the checksum.
static size_t chunk_begin(Out *o, const char *type)
{
    put_u32(o, 0);
    put(o, type, 4);
    return o->n;
}

static void chunk_end(Out *o, size_t from)
{
    size_t end = o->n;
    o->n = from - 8;
    put_u32(o, (uint32_t)(end - from));
    o->n = end;
    put_u32(o, crc32_of(0, o->data + from - 4, end - from + 4));
}

static void put_zlib(Out *o, const uint8_t *x, size_t n)
{
    put(o, "\x78\x01", 2);
    for (size_t at = 0; at < n; at += STORED) {
        size_t part = n - at < STORED ? n - at : STORED;
        uint8_t low = (uint8_t)part, high = (uint8_t)(part >> 8);
        put(o, (uint8_t[]){ at + part == n, low, high, (uint8_t)~low, (uint8_t)~high }, 5);
        put(o, x + at, part);
    }
    put_u32(o, adler32_of(x, n));
}

// The picture with a filter byte, 0, before each row.
static uint8_t *rows_of(const Image *image, size_t *n)
{
    size_t step = 3 * (size_t)image->width, height = (size_t)image->height;
    uint8_t *rows = malloc(height * (step + 1));
    *n = height * (step + 1);
    for (size_t y = 0; rows && y < height; y++) {
        rows[y * (step + 1)] = 0;
        memcpy(rows + y * (step + 1) + 1, image->rgb + y * step, step);
    }
    return rows;
}

uint8_t *png_encode(const Image *image, size_t *bytes)
{
    size_t n;
    uint8_t *rows = rows_of(image, &n);
    Out o = { rows ? malloc(n + n / STORED * 5 + 128) : NULL, 0 };
    if (o.data) {
        put(&o, "\x89PNG\r\n\x1a\n", 8);
        size_t from = chunk_begin(&o, "IHDR");
        put_u32(&o, (uint32_t)image->width);
        put_u32(&o, (uint32_t)image->height);
        put(&o, "\x08\x02\0\0\0", 5);
        chunk_end(&o, from);
        from = chunk_begin(&o, "IDAT");
        put_zlib(&o, rows, n);
        chunk_end(&o, from);
        chunk_end(&o, chunk_begin(&o, "IEND"));
    }
    free(rows);
    *bytes = o.n;
    return o.data;
}

Status png_save(const Image *image, const char *path)
{
    size_t n;
    uint8_t *data = png_encode(image, &n);
    if (!data) return err_memory("png");
    Status status = file_put(path, data, n);
    free(data);
    return status;
}

// png.c - PNG as Pillow's convert("RGB") gives it (ISO 15948). All colour types, depths, filters
// and Adam7; alpha and tRNS are dropped, gamma and colour profiles ignored.
//
//     89 'PNG' 0D 0A 1A 0A | length type data crc | ..
//     IHDR: width 4, height 4, depth 1, colour type 1, compression 1, filter 1, interlace 1
//
// Checksums are checked where the file has them: of all chunks up to the last IDAT, and of the
// stream. What follows the pixels is not read, in the stream or behind it: a missing end is no
// error, missing pixels are.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/formats.h"
#include "tensor/base/inflate.h"

enum { GRAY = 0, RGB = 2, PALETTE = 3, GRAY_ALPHA = 4, RGBA = 6 };

typedef struct {
    const uint8_t *at, *end;
    int64_t width, height;
    int depth, type, channels;
    bool interlaced;
    uint8_t palette[256][3];
    uint8_t *joined;                     // all IDATs, where there are several
    const uint8_t *idat;
    size_t idat_bytes;
    uint8_t *raw;                        // filtered rows, unpacked
} Png;

static uint32_t u32_big(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// ---- chunks -------------------------------------------------------------------------------------

typedef struct { char type[5]; const uint8_t *data; size_t bytes; } Chunk;

// A file may end within an IDAT or its checksum, as long as no pixel is missing.
static Status next_chunk(Png *p, Chunk *c)
{
    if (p->end - p->at < 8) return err_set(ERR_FORMAT, "png: truncated");
    size_t left = (size_t)(p->end - p->at) - 8;
    c->bytes = u32_big(p->at);
    memcpy(c->type, p->at + 4, 4);
    c->type[4] = 0;
    c->data = p->at + 8;
    if (left < 4 || c->bytes > left - 4) {
        if (strcmp(c->type, "IDAT") != 0)
            return err_set(ERR_FORMAT, "png: truncated in a chunk of %zu bytes", c->bytes);
        if (c->bytes > left) c->bytes = left;
        p->at = p->end;
        return OK;
    }
    if (crc32_of(0, p->at + 4, c->bytes + 4) != u32_big(c->data + c->bytes))
        return err_set(ERR_FORMAT, "png: a chunk of %zu bytes has the wrong checksum", c->bytes);
    p->at += 12 + c->bytes;
    return OK;
}

static Status read_ihdr(Png *p)
{
    static const uint8_t channels[7] = { 1, 0, 3, 1, 2, 0, 4 };
    static const uint32_t depths[7] = {      // bit d: depth d is allowed
        1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16, 0, 1u << 8 | 1u << 16,
        1u << 1 | 1u << 2 | 1u << 4 | 1u << 8, 1u << 8 | 1u << 16, 0, 1u << 8 | 1u << 16 };
    Chunk c;
    TRY(next_chunk(p, &c));
    if (strcmp(c.type, "IHDR") != 0 || c.bytes != 13)
        return err_set(ERR_FORMAT, "png: does not begin with IHDR");
    p->width = u32_big(c.data), p->height = u32_big(c.data + 4);
    p->depth = c.data[8], p->type = c.data[9], p->interlaced = c.data[12] == 1;
    if (p->type > 6 || p->depth > 16 || !(depths[p->type] >> p->depth & 1) || c.data[10]
        || c.data[11] || c.data[12] > 1)
        return err_set(ERR_FORMAT, "png: depth %d, colour type %d, methods %d %d %d", p->depth,
                       p->type, c.data[10], c.data[11], c.data[12]);
    p->channels = channels[p->type];
    return OK;
}

// Entries that the file leaves out are Pillow 9.4's: a ramp of gray.
static Status read_palette_chunk(Png *p, const Chunk *c)
{
    if (c->bytes % 3 || c->bytes > sizeof p->palette)
        return err_set(ERR_FORMAT, "png: a palette of %zu bytes", c->bytes);
    memcpy(p->palette, c->data, c->bytes);
    return OK;
}

// A single IDAT is read in place. At the second one they are copied to a buffer, which has room for
// all that the file can still hold.
static Status join_idat(Png *p, const Chunk *c)
{
    if (!p->idat) {
        p->idat = c->data;
        p->idat_bytes = c->bytes;
        return OK;
    }
    if (!p->joined) {
        p->joined = malloc((size_t)(p->end - p->idat));
        if (!p->joined) return err_memory("png");
        memcpy(p->joined, p->idat, p->idat_bytes);
        p->idat = p->joined;
    }
    memcpy(p->joined + p->idat_bytes, c->data, c->bytes);
    p->idat_bytes += c->bytes;
    return OK;
}

static bool idat_follows(const Png *p)
{
    return p->end - p->at >= 8 && memcmp(p->at + 4, "IDAT", 4) == 0;
}

// Reads up to the last IDAT. A broken one is an error at once; whatever else follows the first is
// not looked at.
static Status read_chunks(Png *p)
{
    Chunk c;
    TRY(read_ihdr(p));
    while (!p->idat || idat_follows(p)) {
        TRY(next_chunk(p, &c));
        if (strcmp(c.type, "IEND") == 0) return err_set(ERR_FORMAT, "png: no IDAT");
        if (strcmp(c.type, "PLTE") == 0) TRY(read_palette_chunk(p, &c));
        if (strcmp(c.type, "IDAT") == 0) TRY(join_idat(p, &c));
    }
    return OK;
}

// ---- rows ---------------------------------------------------------------------------------------

// A pass over every dx-th pixel from x0 on of every dy-th row from y0 on.
typedef struct { int x0, y0, dx, dy; } Pass;

static const Pass whole[] = { { 0, 0, 1, 1 } };
static const Pass adam7[] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                              { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };

static int64_t pass_width(const Png *p, const Pass *a)
{
    return (p->width - a->x0 + a->dx - 1) / a->dx;
}

static int64_t pass_height(const Png *p, const Pass *a)
{
    return (p->height - a->y0 + a->dy - 1) / a->dy;
}

static int64_t row_bytes(const Png *p, int64_t width)
{
    return (width * p->depth * p->channels + 7) / 8;
}

static int64_t raw_bytes(const Png *p, const Pass *a)
{
    int64_t w = pass_width(p, a), h = pass_height(p, a);
    return w > 0 && h > 0 ? h * (1 + row_bytes(p, w)) : 0;
}

static uint8_t paeth(int a, int b, int c)
{
    int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);
    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

// One byte of the pixel after the other, so that each running sum stays in a register.
static void add_left(uint8_t *x, int64_t n, int64_t bpp)
{
    for (int64_t c = 0; c < bpp; c++) {
        uint8_t sum = 0;
        for (int64_t i = c; i < n; i += bpp) x[i] = sum = (uint8_t)(sum + x[i]);
    }
}

// Undoes a row's filter in place. `up` is the row above, undone; `bpp`: bytes to the pixel on the
// left.
static Status unfilter(int filter, uint8_t *x, const uint8_t *up, int64_t n, int64_t bpp)
{
    if (filter > 4) return err_set(ERR_FORMAT, "png: filter %d", filter);
    for (int64_t i = 0; i < n && filter == 2; i++) x[i] = (uint8_t)(x[i] + up[i]);
    if (filter == 1) add_left(x, n, bpp);
    for (int64_t i = 0; i < n && filter >= 3; i++) {
        int a = i < bpp ? 0 : x[i - bpp], c = i < bpp ? 0 : up[i - bpp];
        x[i] = (uint8_t)(x[i] + (filter == 3 ? (a + up[i]) / 2 : paeth(a, up[i], c)));
    }
    return OK;
}

// ---- colours ------------------------------------------------------------------------------------

// Sample number i of a row. Pillow clips 16-bit gray and takes the high byte of everything else.
static uint8_t png_sample(const Png *p, const uint8_t *row, int64_t i)
{
    if (p->depth == 8) return row[i];
    if (p->depth == 16) {
        bool clips = p->type == GRAY && row[2 * i];
        return clips ? 255 : row[2 * i + (p->type == GRAY)];
    }
    int64_t bit = i * p->depth;
    int v = row[bit / 8] >> (8 - p->depth - bit % 8) & ((1 << p->depth) - 1);
    return (uint8_t)(p->type == GRAY ? v * 255 / ((1 << p->depth) - 1) : v);
}

static void put_row(uint8_t *rgb, const Png *p, const uint8_t *row, int64_t width, const Pass *a)
{
    bool colour = p->type == RGB || p->type == RGBA;
    if (p->type == RGB && p->depth == 8 && a->dx == 1) {      // what most files are
        memcpy(rgb + 3 * a->x0, row, 3 * (size_t)width);
        return;
    }
    for (int64_t x = 0; x < width; x++) {
        uint8_t *out = rgb + 3 * (a->x0 + x * a->dx);
        uint8_t first = png_sample(p, row, x * p->channels);
        for (int c = 0; c < 3; c++)
            out[c] = p->type == PALETTE ? p->palette[first][c]
                     : colour ? png_sample(p, row, x * p->channels + c) : first;
    }
}

static Status read_pass(Image *image, const Png *p, uint8_t **raw, uint8_t *zeros, const Pass *a)
{
    int64_t w = pass_width(p, a), h = pass_height(p, a), n = row_bytes(p, w);
    int64_t bpp = (p->depth * p->channels + 7) / 8;
    const uint8_t *up = zeros;
    for (int64_t y = 0; y < h && w > 0; y++) {
        uint8_t *row = *raw + 1;
        TRY(unfilter(row[-1], row, up, n, bpp));
        put_row(image->rgb + 3 * image->width * (a->y0 + y * a->dy), p, row, w, a);
        up = row;
        *raw += 1 + n;
    }
    return OK;
}

// ---- the picture --------------------------------------------------------------------------------

// Deflate packs at most 1032 to 1, so a file that claims more is refused before memory is taken.
static Status unpack(Png *p, const Pass *pass, int passes)
{
    int64_t size = 0;
    for (int i = 0; i < passes; i++) size += raw_bytes(p, &pass[i]);
    if (size / 1032 > (int64_t)p->idat_bytes)
        return err_set(ERR_FORMAT, "png: truncated: %zu bytes cannot hold %lld", p->idat_bytes,
                       (long long)size);
    int64_t zeros = row_bytes(p, p->width);
    p->raw = calloc((size_t)(size + zeros), 1);
    if (!p->raw) return err_memory("png");
    Status status = inflate_zlib_first(p->raw + zeros, (size_t)size, p->idat, p->idat_bytes);
    return status == OK ? OK : err_prefix(status, "png");
}

static Status read_png(Image *image, Png *p, int64_t max_pixels)
{
    const Pass *pass = whole;
    int passes = 1;
    for (int i = 0; i < 256; i++) memset(p->palette[i], i, 3);
    TRY(read_chunks(p));
    if (p->interlaced) pass = adam7, passes = 7;
    TRY(image_fits("png", p->width, p->height, max_pixels));
    TRY(unpack(p, pass, passes));
    TRY(image_sized(image, "png", p->width, p->height, max_pixels));
    uint8_t *raw = p->raw + row_bytes(p, p->width);
    for (int i = 0; i < passes; i++) TRY(read_pass(image, p, &raw, p->raw, &pass[i]));
    return OK;
}

Status png_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    Png p = { .at = data + 8, .end = data + bytes };
    *image = (Image){ 0 };
    Status status = read_png(image, &p, max_pixels);
    if (status != OK) image_free(image);
    free(p.joined);
    free(p.raw);
    return status;
}

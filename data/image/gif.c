// gif.c - the first frame of a GIF, as Pillow's convert("RGB") gives it.
//
//     'GIF89a'   6 width 2   8 height 2   10 flags   11 background   13 global palette
//     blocks: 21 label, sub-blocks (extension) | 2C x y width height flags, palette, LZW | 3B end
//
// The screen grows to hold the frame. Around a frame that does not fill it is the transparent
// colour, or colour 0 if there is none. Transparency itself is dropped. Indices beyond a palette,
// or without one, are grays (Pillow 9.4).
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/formats.h"

typedef struct {
    const uint8_t *at, *end;
    uint8_t palette[256][3];
    int transparent;                     // -1: none
    int left, top, width, height;        // of the frame
    bool interlaced;
} Gif;

static int u16_little(const uint8_t *p)
{
    return p[0] | p[1] << 8;
}

static bool has_bytes(const Gif *g, int64_t n)
{
    return g->end - g->at >= n;
}

static Status gif_truncated(void)
{
    return err_set(ERR_FORMAT, "gif: truncated");
}

static void gray_ramp(Gif *g)
{
    for (int i = 0; i < 256; i++) memset(g->palette[i], i, 3);
}

static Status read_palette(Gif *g, int flags)
{
    int64_t n = 3 * (2LL << (flags & 7));
    if (!(flags & 0x80)) return OK;
    if (!has_bytes(g, n)) return gif_truncated();
    gray_ramp(g);
    memcpy(g->palette, g->at, (size_t)n);
    g->at += n;
    return OK;
}

static Status skip_extension(Gif *g)          // behind the 21
{
    if (!has_bytes(g, 1)) return gif_truncated();
    bool control = *g->at++ == 0xF9;
    while (has_bytes(g, 1) && *g->at) {
        int n = *g->at;
        if (!has_bytes(g, n + 1)) return gif_truncated();
        if (control && n >= 4 && g->at[1] & 1) g->transparent = g->at[4];
        g->at += n + 1;
    }
    if (!has_bytes(g, 1)) return gif_truncated();
    g->at++;
    return OK;
}

// Up to the first frame's data.
static Status find_frame(Gif *g)
{
    for (;;) {
        if (!has_bytes(g, 1)) return gif_truncated();
        int block = *g->at++;
        if (block == 0x2C) break;
        if (block == 0x3B) return err_set(ERR_FORMAT, "gif: no picture");
        if (block == 0x21) TRY(skip_extension(g));
        else if (block) return err_set(ERR_FORMAT, "gif: block %02X", block);
    }
    if (!has_bytes(g, 9)) return gif_truncated();
    g->left = u16_little(g->at), g->top = u16_little(g->at + 2);
    g->width = u16_little(g->at + 4), g->height = u16_little(g->at + 6);
    int flags = g->at[8];
    g->interlaced = flags & 0x40;
    g->at += 9;
    return read_palette(g, flags);
}

// ---- LZW ----------------------------------------------------------------------------------------

typedef struct {
    Gif *g;
    int block, bits, n;                  // bytes left of the sub-block; n bits not consumed
    uint16_t prefix[4096];
    uint8_t last[4096], stack[4096];
} Lzw;

static int next_code(Lzw *z, int width)       // -1: the data ends
{
    while (z->n < width) {
        if (z->block == 0) {
            if (!has_bytes(z->g, 1) || (z->block = *z->g->at++) == 0) return -1;
        }
        if (!has_bytes(z->g, 1)) return -1;
        z->bits |= *z->g->at++ << z->n;
        z->n += 8;
        z->block--;
    }
    int x = z->bits & ((1 << width) - 1);
    z->bits >>= width;
    z->n -= width;
    return x;
}

// Writes the string of a code; returns its first byte.
static int put_string(Lzw *z, int c, int clear, uint8_t **out, const uint8_t *end)
{
    int n = 0;
    for (; c >= clear && n < 4095; c = z->prefix[c]) z->stack[n++] = z->last[c];
    z->stack[n++] = (uint8_t)c;
    while (n > 0 && *out < end) *(*out)++ = z->stack[--n];
    return c;
}

static Status lzw(Lzw *z, uint8_t *out, int64_t size)
{
    const uint8_t *end = out + size;
    if (!has_bytes(z->g, 1)) return gif_truncated();
    if (*z->g->at < 1 || *z->g->at > 8)
        return err_set(ERR_FORMAT, "gif: codes that begin with %d bits", *z->g->at);
    int first_width = *z->g->at++ + 1, clear = 1 << (first_width - 1);
    int width = first_width, next = clear + 2, before = -1, head = 0;
    while (out < end) {
        int c = next_code(z, width);
        if (c < 0 || c == clear + 1) return gif_truncated();
        if (c == clear) {
            width = first_width, next = clear + 2, before = -1;
            continue;
        }
        if (c > next || (c == next && before < 0) || (before < 0 && c >= clear))
            return err_set(ERR_FORMAT, "gif: code %d where %d are known", c, next);
        if (before >= 0 && next < 4096) {    // the entry that this code completes
            z->prefix[next] = (uint16_t)before;
            z->last[next] = (uint8_t)head;
            if (c != next) {
                int f = c;
                while (f >= clear) f = z->prefix[f];
                z->last[next] = (uint8_t)f;
            }
            next++;
        }
        head = put_string(z, c, clear, &out, end);
        before = c;
        if (next == 1 << width && width < 12) width++;
    }
    return OK;
}

// ---- the picture --------------------------------------------------------------------------------

// Row number i of the data lies at this row of the frame.
static int row_at(const Gif *g, int i)
{
    static const int from[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
    for (int pass = 0; pass < 4 && g->interlaced; pass++) {
        int rows = (g->height - from[pass] + step[pass] - 1) / step[pass];
        if (i < rows) return from[pass] + i * step[pass];
        i -= rows > 0 ? rows : 0;
    }
    return i;
}

static void paint(Image *image, const Gif *g, const uint8_t *index)
{
    int around = g->transparent >= 0 ? g->transparent : 0;
    for (int64_t i = 0; i < (int64_t)image->width * image->height; i++)
        memcpy(image->rgb + 3 * i, g->palette[around], 3);
    for (int y = 0; y < g->height; y++) {
        int64_t at = (int64_t)(g->top + row_at(g, y)) * image->width + g->left;
        for (int x = 0; x < g->width; x++)
            memcpy(image->rgb + 3 * (at + x), g->palette[*index++], 3);
    }
}

static Status read_frame(Image *image, Gif *g)
{
    int64_t size = (int64_t)g->width * g->height;
    uint8_t *index = malloc((size_t)size);
    Lzw *z = calloc(1, sizeof *z);
    Status status = index && z ? OK : err_memory("gif");
    if (status == OK) {
        z->g = g;
        status = lzw(z, index, size);
    }
    if (status == OK) paint(image, g, index);
    free(z);
    free(index);
    return status;
}

static int max_of(int a, int b)
{
    return a > b ? a : b;
}

Status gif_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    Gif g = { .at = data + 13, .end = data + bytes, .transparent = -1 };
    *image = (Image){ 0 };
    if (bytes < 13) return gif_truncated();
    gray_ramp(&g);
    TRY(read_palette(&g, data[10]));
    TRY(find_frame(&g));
    if (g.width < 1 || g.height < 1)
        return err_set(ERR_FORMAT, "gif: a frame of %d x %d", g.width, g.height);
    int64_t width = max_of(u16_little(data + 6), g.left + g.width);
    int64_t height = max_of(u16_little(data + 8), g.top + g.height);
    TRY(image_sized(image, "gif", width, height, max_pixels));
    Status status = read_frame(image, &g);
    if (status != OK) image_free(image);
    return status;
}

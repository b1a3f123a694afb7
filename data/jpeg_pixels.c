// jpeg_pixels.c - coefficients to samples, samples to full size, colours: the integer arithmetic of
// libjpeg-turbo's slow path, rule by rule.
#include <stdlib.h>
#include <string.h>

#include "data/jpeg.h"

static uint8_t clamp(int x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

// ---- inverse DCT (Loeffler, Ligtenberg and Moschytz 1989, in 13-bit fixed point) ----------------
// Unsigned, so that coefficients no encoder writes wrap around instead of being undefined.

static void butterfly(uint32_t out[8], const uint32_t c[8])
{
    uint32_t q = 4433u * (c[2] + c[6]), e3 = q + 6270u * c[2], e2 = q - 15137u * c[6];
    uint32_t e0 = (c[0] + c[4]) << 13, e1 = (c[0] - c[4]) << 13;
    uint32_t z5 = 9633u * (c[1] + c[3] + c[5] + c[7]);
    uint32_t s1 = -7373u * (c[1] + c[7]), s2 = -20995u * (c[3] + c[5]);
    uint32_t s3 = z5 - 16069u * (c[3] + c[7]), s4 = z5 - 3196u * (c[1] + c[5]);
    uint32_t o0 = 2446u * c[7] + s1 + s3, o1 = 16819u * c[5] + s2 + s4;
    uint32_t o2 = 25172u * c[3] + s2 + s3, o3 = 12299u * c[1] + s1 + s4;
    out[0] = e0 + e3 + o3, out[7] = e0 + e3 - o3;
    out[1] = e1 + e2 + o2, out[6] = e1 + e2 - o2;
    out[2] = e1 - e2 + o1, out[5] = e1 - e2 - o1;
    out[3] = e0 - e3 + o0, out[4] = e0 - e3 - o0;
}

static uint32_t round_shift(uint32_t x, int shift)
{
    return (uint32_t)((int32_t)(x + (1u << (shift - 1))) >> shift);
}

static bool flat(const int16_t *coef)
{
    uint64_t any[16];
    memcpy(any, coef, sizeof any);
    uint64_t first = 0, rest = 0;
    int16_t lone[4] = { coef[0], 0, 0, 0 };
    memcpy(&first, lone, sizeof first);
    for (int i = 1; i < 16; i++) rest |= any[i];
    return (rest | (any[0] ^ first)) == 0;
}

void jpeg_idct(uint8_t *out, int stride, const int16_t *coef, const uint16_t *quant)
{
    if (flat(coef)) {                        // what both passes below make of a lone DC
        uint8_t v = clamp((((int16_t)(coef[0] * quant[0]) + 4) >> 3) + 128);
        for (int y = 0; y < 8; y++) memset(out + (int64_t)y * stride, v, 8);
        return;
    }
    uint32_t work[64], c[8], y[8];
    for (int x = 0; x < 8; x++) {            // columns
        for (int k = 0; k < 8; k++)
            c[k] = (uint32_t)(int16_t)(coef[8 * k + x] * quant[8 * k + x]);
        butterfly(y, c);
        for (int k = 0; k < 8; k++) work[8 * k + x] = round_shift(y[k], 11);
    }
    for (int r = 0; r < 8; r++) {            // rows
        butterfly(y, work + 8 * r);
        for (int k = 0; k < 8; k++)
            out[(int64_t)r * stride + k] = clamp((int32_t)round_shift(y[k], 18) + 128);
    }
}

static void transform(const JpegComponent *c)
{
    int stride = 8 * c->blocks_x;
    for (int y = 0; y < c->blocks_y; y++)
        for (int x = 0; x < c->blocks_x; x++)
            jpeg_idct(c->plane + (int64_t)8 * y * stride + 8 * x, stride,
                      c->coef + ((int64_t)y * c->blocks_x + x) * 64, c->quant);
}

// ---- upsampling ---------------------------------------------------------------------------------
// Makes one row of W pixels of a component. `near` is the row that holds the sample, `far` the
// neighbour above or below that is the nearer one; beyond the edges the edge sample repeats.

typedef struct { const JpegComponent *c; int fx, fy, W; } Upsample;

static const uint8_t *row_of(const JpegComponent *c, int y)
{
    y = y < 0 ? 0 : y >= c->height ? c->height - 1 : y;
    return c->plane + (int64_t)y * 8 * c->blocks_x;
}

static void put(uint8_t *out, int W, int x, int value)
{
    if (x < W) out[x] = (uint8_t)value;
}

static void across_2(uint8_t *out, int W, const uint8_t *a, int n)
{
    put(out, W, 0, a[0]);
    put(out, W, 1, (3 * a[0] + a[1] + 2) >> 2);
    for (int i = 1; i < n - 1; i++) {
        put(out, W, 2 * i, (3 * a[i] + a[i - 1] + 1) >> 2);
        put(out, W, 2 * i + 1, (3 * a[i] + a[i + 1] + 2) >> 2);
    }
    put(out, W, 2 * n - 2, (3 * a[n - 1] + a[n - 2] + 1) >> 2);
    put(out, W, 2 * n - 1, a[n - 1]);
}

static void down_2(uint8_t *out, int W, const uint8_t *near, const uint8_t *far, int bias)
{
    for (int x = 0; x < W; x++) out[x] = (uint8_t)((3 * near[x] + far[x] + bias) >> 2);
}

// The inner pairs of a 2 x 2 row; s = 3 near + far of a column.
static void both_2_inner(uint8_t *restrict out, const uint8_t *restrict near,
                         const uint8_t *restrict far, int n)
{
    for (int i = 1; i < n - 1; i++) {
        int l = 3 * near[i - 1] + far[i - 1], s = 3 * near[i] + far[i];
        int r = 3 * near[i + 1] + far[i + 1];
        out[2 * i] = (uint8_t)((3 * s + l + 8) >> 4);
        out[2 * i + 1] = (uint8_t)((3 * s + r + 7) >> 4);
    }
}

static void both_2(uint8_t *out, const uint8_t *near, const uint8_t *far, int n)
{
    int s = 3 * near[0] + far[0], r = 3 * near[1] + far[1];
    out[0] = (uint8_t)((4 * s + 8) >> 4);
    out[1] = (uint8_t)((3 * s + r + 7) >> 4);
    both_2_inner(out, near, far, n);
    int l = 3 * near[n - 2] + far[n - 2];
    s = 3 * near[n - 1] + far[n - 1];
    out[2 * n - 2] = (uint8_t)((3 * s + l + 8) >> 4);
    out[2 * n - 1] = (uint8_t)((4 * s + 7) >> 4);
}

// `out` has room for 2 x 8 blocks_x pixels.
static void upsampled_row(uint8_t *out, const Upsample *u, int y)
{
    const JpegComponent *c = u->c;
    int n = c->width, up = y % 2 == 0;
    const uint8_t *near = row_of(c, y / u->fy), *far = row_of(c, up ? y / 2 - 1 : y / 2 + 1);
    if (u->fx == 2 && u->fy == 1 && n > 2) {
        across_2(out, u->W, near, n);
    } else if (u->fx == 1 && u->fy == 2) {
        down_2(out, u->W, near, far, up ? 1 : 2);
    } else if (u->fx == 2 && u->fy == 2 && n > 2) {
        both_2(out, near, far, n);
    } else {
        for (int x = 0; x < u->W; x++) out[x] = near[x / u->fx];
    }
}

// ---- colour -------------------------------------------------------------------------------------

static void rgb_of(uint8_t *restrict rgb, const uint8_t *restrict y, const uint8_t *restrict cb,
                   const uint8_t *restrict cr, int W)
{
    for (int x = 0; x < W; x++) {
        int b = cb[x] - 128, r = cr[x] - 128;
        rgb[3 * x] = clamp(y[x] + ((91881 * r + 32768) >> 16));
        rgb[3 * x + 1] = clamp(y[x] + ((-22554 * b - 46802 * r + 32768) >> 16));
        rgb[3 * x + 2] = clamp(y[x] + ((116130 * b + 32768) >> 16));
    }
}

// Pillow's CMYK to RGB; it takes what is stored as inverted, whatever the markers say.
static uint8_t ink_off(int n, int ink)
{
    int t = ink * n + 128;
    return clamp(n - (((t >> 8) + t) >> 8));
}

static void rgb_of_cmyk(uint8_t *rgb, const uint8_t *k, int W, bool ycck)
{
    for (int i = 0; i < 3 * W; i++)          // rgb: C, M, Y as stored; of YCCK 255 minus it
        rgb[i] = ink_off(k[i / 3], ycck ? rgb[i] : 255 - rgb[i]);
}

typedef enum { GRAY, RGB, YCC, CMYK, YCCK } Space;

static Space space_of(const Jpeg *j)
{
    const JpegComponent *c = j->component;
    if (j->n == 1) return GRAY;
    if (j->n == 4) return j->adobe && j->adobe_transform == 2 ? YCCK : CMYK;
    if (j->jfif) return YCC;
    if (j->adobe) return j->adobe_transform == 0 ? RGB : YCC;
    return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B' ? RGB : YCC;
}

static void interleave(uint8_t *rgb, const uint8_t *const row[4], int W)
{
    for (int x = 0; x < W; x++)
        for (int i = 0; i < 3; i++) rgb[3 * x + i] = row[i][x];
}

static void convert_row(uint8_t *rgb, const uint8_t *const row[4], int W, Space space)
{
    const uint8_t *const gray[4] = { row[0], row[0], row[0], NULL };
    if (space == YCC || space == YCCK) rgb_of(rgb, row[0], row[1], row[2], W);
    else interleave(rgb, space == GRAY ? gray : row, W);
    if (space == CMYK || space == YCCK) rgb_of_cmyk(rgb, row[3], W, space == YCCK);
}

static Status all_rows(Image *image, const Jpeg *j, uint8_t *room, size_t row_bytes)
{
    Space space = space_of(j);
    for (int y = 0; y < j->height; y++) {
        const uint8_t *row[4] = { NULL };
        for (int i = 0; i < j->n; i++) {
            const JpegComponent *c = &j->component[i];
            const Upsample u = { c, j->hmax / c->h, j->vmax / c->v, j->width };
            row[i] = row_of(c, y);
            if (u.fx == 1 && u.fy == 1) continue;
            upsampled_row(room + (size_t)i * row_bytes, &u, y);
            row[i] = room + (size_t)i * row_bytes;
        }
        convert_row(image->rgb + (int64_t)y * j->width * 3, row, j->width, space);
    }
    return OK;
}

Status jpeg_pixels(Image *image, Jpeg *j)
{
    size_t row_bytes = (size_t)j->mcus_x * 8 * (size_t)j->hmax * 2;
    uint8_t *room = malloc(4 * row_bytes);
    if (!room) return err_memory("jpeg");
    for (int i = 0; i < j->n && j->progressive; i++) transform(&j->component[i]);
    Status status = image_new(image, j->width, j->height);
    if (status == OK) status = all_rows(image, j, room, row_bytes);
    free(room);
    return status;
}

// jpeg_pixels.c - samples to full size, then to colours: the integer arithmetic of libjpeg-turbo's
// slow path, rule by rule.
#include <stdlib.h>
#include <string.h>

#include "data/image/jpeg_work.h"
#include "data/image/jpeg_simd.h"

// ---- a progressive picture's samples ------------------------------------------------------------

static bool flat(const int16_t coef[64])
{
    int rest = 0;
    for (int k = 1; k < 64; k++) rest |= coef[k];
    return rest == 0;
}

static void inverse_dcts(const JpegComponent *c)
{
    int stride = 8 * c->blocks_x;
    for (int y = 0; y < c->blocks_y; y++)
        for (int x = 0; x < c->blocks_x; x++) {
            const int16_t *coef = c->coef + ((int64_t)y * c->blocks_x + x) * 64;
            uint8_t *out = c->plane + (int64_t)8 * y * stride + 8 * x;
            if (flat(coef)) jpeg_flat(out, stride, coef[0], c->quant[0]);
            else jpeg_idct(out, stride, coef, c->quant);
        }
}

// ---- upsampling ---------------------------------------------------------------------------------
// Makes one row of W pixels of a component. `near` is the row that holds the sample, `far` the
// nearer of the rows above and below; beyond the edges the edge sample repeats.

typedef struct { const JpegComponent *c; int fx, fy, W; } Upsample;

static const uint8_t *component_row(const JpegComponent *c, int y)
{
    y = y < 0 ? 0 : y >= c->height ? c->height - 1 : y;
    return c->plane + (int64_t)y * 8 * c->blocks_x;
}

static void double_inner(uint8_t *out, const uint8_t *a, int n)
{
    for (int i = 1; i < n - 1; i++) {
        out[2 * i] = (uint8_t)((3 * a[i] + a[i - 1] + 1) >> 2);
        out[2 * i + 1] = (uint8_t)((3 * a[i] + a[i + 1] + 2) >> 2);
    }
}

static void double_ends(uint8_t *out, const uint8_t *a, int n)
{
    out[0] = a[0];
    out[1] = (uint8_t)((3 * a[0] + a[1] + 2) >> 2);
    out[2 * n - 2] = (uint8_t)((3 * a[n - 1] + a[n - 2] + 1) >> 2);
    out[2 * n - 1] = a[n - 1];
}

void jpeg_double_plain(uint8_t *out, const uint8_t *row, int n)
{
    double_inner(out, row, n);
    double_ends(out, row, n);
}

static void down_2(uint8_t *restrict out, int n, const uint8_t *near, const uint8_t *far, int bias)
{
    for (int x = 0; x < n; x++) out[x] = (uint8_t)((3 * near[x] + far[x] + bias) >> 2);
}

// The vertical part of 2 x 2 at one column.
static int column(const uint8_t *near, const uint8_t *far, int i)
{
    return 3 * near[i] + far[i];
}

static void both_inner(uint8_t *out, const uint8_t *near, const uint8_t *far, int n)
{
    for (int i = 1; i < n - 1; i++) {
        int l = column(near, far, i - 1), s = column(near, far, i), r = column(near, far, i + 1);
        out[2 * i] = (uint8_t)((3 * s + l + 8) >> 4);
        out[2 * i + 1] = (uint8_t)((3 * s + r + 7) >> 4);
    }
}

static void both_ends(uint8_t *out, const uint8_t *near, const uint8_t *far, int n)
{
    int first = column(near, far, 0), last = column(near, far, n - 1);
    out[0] = (uint8_t)((4 * first + 8) >> 4);
    out[1] = (uint8_t)((3 * first + column(near, far, 1) + 7) >> 4);
    out[2 * n - 2] = (uint8_t)((3 * last + column(near, far, n - 2) + 8) >> 4);
    out[2 * n - 1] = (uint8_t)((4 * last + 7) >> 4);
}

void jpeg_double_both_plain(uint8_t *out, const uint8_t *near, const uint8_t *far, int n)
{
    both_inner(out, near, far, n);
    both_ends(out, near, far, n);
}

#ifdef JPEG_SIMD

static inline I16 thrice(I16 a)
{
    return i16_add(a, i16_add(a, a));
}

// Eight samples from place i on; the samples before and behind them are read too.
static inline void double_8(uint8_t *out, const uint8_t *a, int i)
{
    I16 l = i16_bytes(a + i - 1), s = thrice(i16_bytes(a + i)), r = i16_bytes(a + i + 1);
    store_pairs(out + 2 * i, i16_shift_right(i16_add(i16_add(s, l), i16_set(1)), 2),
                i16_shift_right(i16_add(i16_add(s, r), i16_set(2)), 2));
}

static inline I16 columns(const uint8_t *near, const uint8_t *far, int i)
{
    return i16_add(thrice(i16_bytes(near + i)), i16_bytes(far + i));
}

static inline void both_8(uint8_t *out, const uint8_t *near, const uint8_t *far, int i)
{
    I16 l = columns(near, far, i - 1), s = thrice(columns(near, far, i));
    I16 r = columns(near, far, i + 1);
    store_pairs(out + 2 * i, i16_shift_right(i16_add(i16_add(s, l), i16_set(8)), 4),
                i16_shift_right(i16_add(i16_add(s, r), i16_set(7)), 4));
}

// The last eight of a row's inner samples may overlap with those before.
void jpeg_double(uint8_t *out, const uint8_t *row, int n)
{
    if (n < 10) double_inner(out, row, n);
    else for (int i = 1; i < n - 1; i += 8) double_8(out, row, i < n - 9 ? i : n - 9);
    double_ends(out, row, n);
}

void jpeg_double_both(uint8_t *out, const uint8_t *near, const uint8_t *far, int n)
{
    if (n < 10) both_inner(out, near, far, n);
    else for (int i = 1; i < n - 1; i += 8) both_8(out, near, far, i < n - 9 ? i : n - 9);
    both_ends(out, near, far, n);
}

#else

void jpeg_double(uint8_t *out, const uint8_t *row, int n)
{
    jpeg_double_plain(out, row, n);
}

void jpeg_double_both(uint8_t *out, const uint8_t *near, const uint8_t *far, int n)
{
    jpeg_double_both_plain(out, near, far, n);
}

#endif

// `out` has room for 2 x 8 blocks_x pixels.
static void upsampled_row(uint8_t *out, const Upsample *u, int y)
{
    const JpegComponent *c = u->c;
    int n = c->width, up = y % 2 == 0;
    const uint8_t *near = component_row(c, y / u->fy);
    const uint8_t *far = component_row(c, up ? y / 2 - 1 : y / 2 + 1);
    if (u->fx == 2 && u->fy == 1 && n > 2) {
        jpeg_double(out, near, n);
    } else if (u->fx == 1 && u->fy == 2) {
        down_2(out, u->W, near, far, up ? 1 : 2);
    } else if (u->fx == 2 && u->fy == 2 && n > 2) {
        jpeg_double_both(out, near, far, n);
    } else {
        for (int x = 0; x < u->W; x++) out[x] = near[x / u->fx];
    }
}

// ---- colour -------------------------------------------------------------------------------------

void jpeg_colour_plain(uint8_t *rgb, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int n)
{
    for (int x = 0; x < n; x++) {
        int b = cb[x] - 128, r = cr[x] - 128;
        rgb[3 * x] = jpeg_clamp(y[x] + ((91881 * r + 32768) >> 16));
        rgb[3 * x + 1] = jpeg_clamp(y[x] + ((-22554 * b - 46802 * r + 32768) >> 16));
        rgb[3 * x + 2] = jpeg_clamp(y[x] + ((116130 * b + 32768) >> 16));
    }
}

#ifdef JPEG_SIMD

// (b x + r y + 2^15) >> 16. Where a factor of the rule does not fit in 16 bits, whole multiples of
// 2^16 are taken off it here and added behind the shift.
static inline I16 share(I16 b, I16 r, int x, int y)
{
    return i32_narrow(i32_add(i32_dot(b, r, x, y), i32_set(32768)), 16);
}

static inline void colour_8(uint8_t *rgb, const uint8_t *y, const uint8_t *cb, const uint8_t *cr)
{
    I16 l = i16_bytes(y), b = i16_sub(i16_bytes(cb), i16_set(128));
    I16 r = i16_sub(i16_bytes(cr), i16_set(128));
    store_triples(rgb, i16_add(i16_add(l, r), share(b, r, 0, 91881 - 65536)),
                  i16_add(i16_sub(l, r), share(b, r, -22554, 65536 - 46802)),
                  i16_add(i16_add(l, i16_add(b, b)), share(b, r, 116130 - 131072, 0)));
}

void jpeg_colour(uint8_t *rgb, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int n)
{
    int x = 0;
    for (; x + 8 < n; x += 8) colour_8(rgb + 3 * x, y + x, cb + x, cr + x);
    jpeg_colour_plain(rgb + 3 * x, y + x, cb + x, cr + x, n - x);
}

#else

void jpeg_colour(uint8_t *rgb, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int n)
{
    jpeg_colour_plain(rgb, y, cb, cr, n);
}

#endif

// Pillow's CMYK to RGB, which takes stored values as inverted whatever the markers say.
static uint8_t ink_off(int n, int ink)
{
    int t = ink * n + 128;
    return jpeg_clamp(n - (((t >> 8) + t) >> 8));
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
    if (j->n == 4) return j->adobe && j->adobe_transform != 0 ? YCCK : CMYK;
    if (j->jfif) return YCC;
    if (j->adobe) return j->adobe_transform == 0 ? RGB : YCC;
    return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B' ? RGB : YCC;
}

static void interleave_rgb(uint8_t *rgb, const uint8_t *const row[4], int W)
{
    for (int x = 0; x < W; x++)
        for (int i = 0; i < 3; i++) rgb[3 * x + i] = row[i][x];
}

static void convert_row(uint8_t *rgb, const uint8_t *const row[4], int W, Space space)
{
    const uint8_t *const gray[4] = { row[0], row[0], row[0], NULL };
    if (space == YCC || space == YCCK) jpeg_colour(rgb, row[0], row[1], row[2], W);
    else interleave_rgb(rgb, space == GRAY ? gray : row, W);
    if (space == CMYK || space == YCCK) rgb_of_cmyk(rgb, row[3], W, space == YCCK);
}

static void all_rows(Image *image, const Jpeg *j, uint8_t *room, size_t row_bytes)
{
    Space space = space_of(j);
    for (int y = 0; y < j->height; y++) {
        const uint8_t *row[4] = { NULL };
        for (int i = 0; i < j->n; i++) {
            const JpegComponent *c = &j->component[i];
            const Upsample u = { c, j->hmax / c->h, j->vmax / c->v, j->width };
            row[i] = component_row(c, y);
            if (u.fx == 1 && u.fy == 1) continue;
            upsampled_row(room + (size_t)i * row_bytes, &u, y);
            row[i] = room + (size_t)i * row_bytes;
        }
        convert_row(image->rgb + (int64_t)y * j->width * 3, row, j->width, space);
    }
}

Status jpeg_pixels(Image *image, Jpeg *j)
{
    size_t row_bytes = (size_t)j->mcus_x * 8 * (size_t)j->hmax * 2;
    uint8_t *room = malloc(4 * row_bytes);
    if (!room) return err_memory("jpeg");
    for (int i = 0; i < j->n; i++) {
        JpegComponent *c = &j->component[i];
        if (j->progressive) inverse_dcts(c);
        else if (!c->latched) memset(c->plane, 128, (size_t)c->blocks_x * (size_t)c->blocks_y * 64);
    }
    Status status = image_sized(image, "jpeg", j->width, j->height, j->max_pixels);
    if (status == OK) all_rows(image, j, room, row_bytes);
    free(room);
    return status;
}

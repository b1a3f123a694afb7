// resize.c - Pillow's resampling: two passes of fixed-point weights, and nearest.
//
// Both passes use one kernel: a weighted sum of byte rows that lie `step` apart, for many
// neighbours at once. The vertical pass sums rows of the picture. For the horizontal one, blocks of
// 32 rows are transposed first, so that the sum runs over columns, for 32 rows at once.
#include "data/image/resize.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/file.h"

enum {
    BITS = RESIZE_BITS,
    LANES = 32,                                // rows in a block, sums held in registers
    WORKING_MOST = 1 << 26,                    // bytes, beside picture and result
};

// The weights of one side. Output i is a sum over count[i] inputs from first[i] on.
typedef struct {
    int *first, *count;                        // (n)
    int32_t *weight;                           // (n, taps)
    int n, taps;
    int from, to;                              // the inputs that any output needs
} Taps;

// ---- weights ------------------------------------------------------------------------------------

static double triangle(double t)
{
    t = fabs(t);
    return t < 1 ? 1 - t : 0;
}

static double cubic(double t)                  // Keys 1981, a = -0.5
{
    const double a = -0.5;
    t = fabs(t);
    if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
    return 0;
}

static int32_t fixed(double weight)
{
    return (int32_t)((weight < 0 ? -0.5 : 0.5) + weight * (1 << BITS));
}

// Weights for output i of n made of `in` inputs; w holds taps->taps doubles of scratch.
static void taps_at(Taps *taps, int i, int at, int in, int n, Filter filter, double *w)
{
    double scale = (double)in / n, stretch = scale < 1 ? 1 : scale, inverse = 1 / stretch;
    double support = (filter == FILTER_BICUBIC ? 2 : 1) * stretch;
    double centre = (at + 0.5) * scale, sum = 0;
    int first = (int)(centre - support + 0.5), end = (int)(centre + support + 0.5);
    if (first < 0) first = 0;
    if (end > in) end = in;
    for (int k = 0; k < end - first; k++) {
        double t = (k + first - centre + 0.5) * inverse;
        w[k] = filter == FILTER_BICUBIC ? cubic(t) : triangle(t);
        sum += w[k];
    }
    int32_t *out = taps->weight + (int64_t)i * taps->taps;
    for (int k = 0; k < end - first; k++) out[k] = fixed(sum != 0 ? w[k] / sum : w[k]);
    taps->first[i] = first;
    taps->count[i] = end - first;
}

static void taps_free(Taps *taps)
{
    free(taps->first);
    free(taps->count);
    free(taps->weight);
    *taps = (Taps){ 0 };
}

static bool taps_alloc(Taps *taps, int n, int most)
{
    int64_t total;
    *taps = (Taps){ .n = n, .taps = most };
    if (size_mul(&total, n, (int64_t)most * (int64_t)sizeof *taps->weight) != OK) return false;
    taps->first = malloc((size_t)n * sizeof *taps->first);
    taps->count = malloc((size_t)n * sizeof *taps->count);
    taps->weight = malloc((size_t)total);
    return taps->first && taps->count && taps->weight;
}

// For the outputs at..at+n-1 of a side that goes from `in` to `out` pixels.
static Status taps_make(Taps *taps, int in, int out, Filter filter, int at, int n)
{
    double scale = in > out ? (double)in / out : 1;
    double most = ceil((filter == FILTER_BICUBIC ? 2 : 1) * scale) * 2 + 1;
    if (most > in) most = in;
    double *w = malloc((size_t)most * sizeof *w);
    if (!taps_alloc(taps, n, (int)most) || !w) {
        free(w);
        taps_free(taps);
        return err_memory("resize");
    }
    for (int i = 0; i < n; i++) taps_at(taps, i, at + i, in, out, filter, w);
    taps->from = taps->first[0];
    taps->to = taps->first[n - 1] + taps->count[n - 1];
    free(w);
    return OK;
}

// ---- the kernel ---------------------------------------------------------------------------------

static inline uint8_t round_byte(int32_t sum)
{
    int32_t p = sum >> BITS;
    p = p < 0 ? 0 : p;                         // two steps: compilers know them as min and max
    return (uint8_t)(p > 255 ? 255 : p);
}

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

static ALWAYS_INLINE void weighted_sum(uint8_t *restrict out, const uint8_t *restrict in,
                                       int64_t step, const int32_t *restrict weight, int taps,
                                       int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        int32_t sum[LANES];
        for (int j = 0; j < LANES; j++) sum[j] = 1 << (BITS - 1);
        for (int k = 0; k < taps; k++)
            for (int j = 0; j < LANES; j++) sum[j] += weight[k] * in[k * step + i + j];
        for (int j = 0; j < LANES; j++) out[i + j] = round_byte(sum[j]);
    }
    for (; i < n; i++) {
        int32_t sum = 1 << (BITS - 1);
        for (int k = 0; k < taps; k++) sum += weight[k] * in[k * step + i];
        out[i] = round_byte(sum);
    }
}

void resize_sum_plain(uint8_t *out, const uint8_t *in, int64_t step, const int32_t *weight,
                      int taps, int64_t n)
{ weighted_sum(out, in, step, weight, taps, n); }

// The same loop compiled for AVX2. Integers give the same bytes on every ISA, so that --isa need
// not choose here.
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2")))
static void sum_avx2(uint8_t *out, const uint8_t *in, int64_t step, const int32_t *weight, int taps,
                     int64_t n)
{
    weighted_sum(out, in, step, weight, taps, n);
}

ResizeSum *resize_sum_best(void)
{
    return __builtin_cpu_supports("avx2") ? sum_avx2 : resize_sum_plain;
}
#else
ResizeSum *resize_sum_best(void)
{
    return resize_sum_plain;
}
#endif

// ---- the two passes -----------------------------------------------------------------------------

// Rows of bytes that lie `stride` bytes apart.
typedef struct { const uint8_t *at; int64_t stride; } Rows;

// Transposes 8 x 8 bytes, one row per word: swaps halves, then quarters, then bytes across the
// diagonal.
static ALWAYS_INLINE void turn8(uint64_t w[8])
{
    static const uint64_t keep[3] = { 0x00000000ffffffff, 0x0000ffff0000ffff,
                                      0x00ff00ff00ff00ff };
    for (int step = 4, k = 0; step > 0; step /= 2, k++)
        for (int i = 0; i < 8; i++) {
            if (i & step) continue;
            uint64_t a = w[i], b = w[i + step];
            w[i] = (a & keep[k]) | (b & keep[k]) << 8 * step;
            w[i + step] = (a >> 8 * step & keep[k]) | (b & ~keep[k]);
        }
}

// How many of `bytes` turn8 can take: all whole words on little-endian machines, elsewhere none.
static int64_t in_words(int64_t bytes)
{
    const uint16_t one = 1;
    return *(const uint8_t *)&one ? bytes / 8 * 8 : 0;
}

// side[j LANES + r] = byte j of row r. Rows past the end repeat the last: their sums are not used.
static void turn_in(uint8_t *side, Rows in, int rows, int64_t bytes)
{
    const uint8_t *row[LANES];
    const int64_t whole = in_words(bytes);
    for (int r = 0; r < LANES; r++) row[r] = in.at + (r < rows ? r : rows - 1) * in.stride;
    for (int64_t j = 0; j < whole; j += 8)
        for (int r = 0; r < LANES; r += 8) {
            uint64_t w[8];
            for (int i = 0; i < 8; i++) memcpy(&w[i], row[r + i] + j, 8);
            turn8(w);
            for (int i = 0; i < 8; i++) memcpy(side + (j + i) * LANES + r, &w[i], 8);
        }
    for (int64_t j = whole; j < bytes; j++)
        for (int r = 0; r < LANES; r++) side[j * LANES + r] = row[r][j];
}

static void turn_out(uint8_t *out, int64_t stride, const uint8_t *side, int rows, int64_t bytes)
{
    const int64_t whole = in_words(bytes);
    for (int r = 0; r < rows; r += 8)
        for (int64_t j = 0; j < whole; j += 8) {
            uint64_t w[8];
            for (int i = 0; i < 8; i++) memcpy(&w[i], side + (j + i) * LANES + r, 8);
            turn8(w);
            for (int i = 0; i < 8 && r + i < rows; i++)
                memcpy(out + (r + i) * stride + j, &w[i], 8);
        }
    for (int r = 0; r < rows; r++)
        for (int64_t j = whole; j < bytes; j++) out[r * stride + j] = side[j * LANES + r];
}

// Horizontal: `rows` rows of in, which begins at column taps->from -> rows of out, taps->n pixels
// each, without gaps.
static Status pass_across(uint8_t *out, Rows in, int rows, const Taps *taps)
{
    ResizeSum *const best = resize_sum_best();
    int64_t wide = 3 * (int64_t)(taps->to - taps->from), stride = 3 * (int64_t)taps->n;
    uint8_t *side = malloc((size_t)((wide + stride) * LANES));
    if (!side) return err_memory("resize");
    uint8_t *done = side + wide * LANES;
    for (int y = 0; y < rows; y += LANES) {
        int block = rows - y < LANES ? rows - y : LANES;
        turn_in(side, (Rows){ in.at + y * in.stride, in.stride }, block, wide);
        for (int64_t x = 0; x < stride; x++) {
            int64_t at = 3 * (int64_t)(taps->first[x / 3] - taps->from) + x % 3;
            best(done + x * LANES, side + at * LANES, 3 * LANES, taps->weight + x / 3 * taps->taps,
                 taps->count[x / 3], LANES);
        }
        turn_out(out + y * stride, stride, done, block, stride);
    }
    free(side);
    return OK;
}

// Vertical: `in` begins at row taps->from; a row is `bytes` long.
static void pass_down(uint8_t *out, Rows in, int64_t bytes, const Taps *taps)
{
    ResizeSum *const best = resize_sum_best();
    for (int y = 0; y < taps->n; y++)
        best(out + y * bytes, in.at + (taps->first[y] - taps->from) * in.stride, in.stride,
             taps->weight + (int64_t)y * taps->taps, taps->count[y], bytes);
}

static void copy_part(uint8_t *out, Rows in, int rows, int64_t bytes)
{
    for (int y = 0; y < rows; y++) memcpy(out + y * bytes, in.at + y * in.stride, (size_t)bytes);
}

// ---- nearest ------------------------------------------------------------------------------------

// Sources of the pixels at..at+n-1. Adds up in double, as Pillow does: rounding matters.
static void nearest_at(int *source, int in, int out, int at, int n)
{
    double step = (double)in / out, x = step * 0.5;
    for (int i = 0; i < at + n; i++, x += step)
        if (i >= at) source[i - at] = (int)x < in ? (int)x : in - 1;
}

static Status nearest(uint8_t *out, Rows in, Rect from, int width, int height, Rect part)
{
    int *sx = malloc((size_t)(part.width + (int64_t)part.height) * sizeof *sx);
    if (!sx) return err_memory("resize");
    int *sy = sx + part.width;
    nearest_at(sx, from.width, width, part.x, part.width);
    nearest_at(sy, from.height, height, part.y, part.height);
    for (int y = 0; y < part.height; y++)
        for (int x = 0; x < part.width; x++, out += 3)
            memcpy(out, in.at + sy[y] * in.stride + 3 * (int64_t)sx[x], 3);
    free(sx);
    return OK;
}

// ---- what the header promises -------------------------------------------------------------------

static bool inside(Rect r, int width, int height)
{
    return r.x >= 0 && r.y >= 0 && r.width > 0 && r.height > 0 && r.width <= width - r.x &&
           r.height <= height - r.y;
}

static Rows from_column(Rows in, int x)
{
    return (Rows){ in.at + 3 * (int64_t)x, in.stride };
}

static Status across_then_down(uint8_t *out, Rows in, const Taps *across, const Taps *down)
{
    int rows = down->to - down->from;
    int64_t bytes = 3 * (int64_t)across->n;
    uint8_t *middle = malloc((size_t)(rows * bytes));
    Status status = middle ? pass_across(middle, from_column(in, across->from), rows, across)
                           : err_memory("resize");
    if (status == OK) pass_down(out, (Rows){ middle, bytes }, bytes, down);
    free(middle);
    return status;
}

static Status down_then_across(uint8_t *out, Rows in, const Taps *across, const Taps *down)
{
    int64_t bytes = 3 * (int64_t)(across->to - across->from);
    uint8_t *middle = malloc((size_t)(down->n * bytes));
    if (!middle) return err_memory("resize");
    pass_down(middle, from_column(in, across->from), bytes, down);
    Status status = pass_across(out, (Rows){ middle, bytes }, down->n, across);
    free(middle);
    return status;
}

static Status both_ways(uint8_t *out, Rows in, Rect from, int width, int height, const Taps *down,
                        Resampling how, Rect part)
{
    bool down_first = how.pillow13 && height < from.height &&
                      from.height - height > 2 * ((int64_t)from.width - width);
    Taps across;
    in.at += down->from * in.stride;
    if (width == from.width) {
        pass_down(out, from_column(in, part.x), 3 * (int64_t)part.width, down);
        return OK;
    }
    TRY(taps_make(&across, from.width, width, how.filter, part.x, part.width));
    Status status = (down_first ? down_then_across : across_then_down)(out, in, &across, down);
    taps_free(&across);
    return status;
}

static Status across_only(uint8_t *out, Rows in, Rect from, int width, Filter filter, Rect part)
{
    in.at += part.y * in.stride;
    if (width == from.width) {
        copy_part(out, from_column(in, part.x), part.height, 3 * (int64_t)part.width);
        return OK;
    }
    Taps across;
    TRY(taps_make(&across, from.width, width, filter, part.x, part.width));
    Status status = pass_across(out, from_column(in, across.from), part.height, &across);
    taps_free(&across);
    return status;
}

// What is to be computed: `from` of the picture made width x height.
typedef struct { Rows in; Rect from; int width, height; Resampling how; } Work;

static Status whole_part(uint8_t *out, const Work *w, Rect part)
{
    Filter filter = w->how.filter;
    if (filter == FILTER_NEAREST) return nearest(out, w->in, w->from, w->width, w->height, part);
    if (w->height == w->from.height)
        return across_only(out, w->in, w->from, w->width, filter, part);
    Taps down;
    TRY(taps_make(&down, w->from.height, w->height, filter, part.y, part.height));
    Status status = both_ways(out, w->in, w->from, w->width, w->height, &down, w->how, part);
    taps_free(&down);
    return status;
}

// ---- in pieces ----------------------------------------------------------------------------------

// At most how many inputs one output and n neighbours need, of a side that goes from `in` to `out`.
static double needed(double *one, int in, int out, int n)
{
    double scale = in > out ? (double)in / out : 1, most = ceil(2 * scale) * 2 + 1;
    double all = most + (n - 1) * ((double)in / out) + 1;
    *one = most < in ? most : in;
    return all < in ? all : in;
}

// Bytes beside the picture and the result: weights, what lies between the passes (most, where
// horizontally first), and a block of turned rows.
static double working_bytes(const Work *w, Rect part)
{
    double tap[2], rows = needed(&tap[1], w->from.height, w->height, part.height);
    double columns = needed(&tap[0], w->from.width, w->width, part.width);
    return sizeof(int32_t) * (tap[0] * part.width + tap[1] * part.height) +
           3.0 * part.width * rows + 3.0 * LANES * (columns + part.width);
}

static Status piece_of(uint8_t *out, int64_t stride, const Work *w, Rect part)
{
    int64_t bytes = 3 * (int64_t)part.width;
    if (stride == bytes) return whole_part(out, w, part);
    uint8_t *piece = malloc((size_t)(bytes * part.height));
    Status status = piece ? whole_part(piece, w, part) : err_memory("resize");
    for (int y = 0; y < part.height && status == OK; y++)
        memcpy(out + y * stride, piece + y * bytes, (size_t)bytes);
    free(piece);
    return status;
}

static Rect first_half(Rect part, bool tall)
{
    if (tall) part.height /= 2;
    else part.width /= 2;
    return part;
}

// The longer side is halved, or the other where that one does not help.
static bool halve_height(const Work *w, Rect part)
{
    bool tall = part.height > part.width;
    double half = working_bytes(w, first_half(part, tall));
    bool helps = half < 0.75 * working_bytes(w, part) || part.width == 1 || part.height == 1;
    return helps ? tall : !tall;
}

// Very long pictures take much more memory between the passes than the result does: they are made
// in pieces that take little. Neighbours share inputs, so that some rows are made again.
static Status in_pieces(uint8_t *out, int64_t stride, const Work *w, Rect part)
{
    bool one = part.width == 1 && part.height == 1;
    if (one || w->how.filter == FILTER_NEAREST || working_bytes(w, part) <= WORKING_MOST)
        return piece_of(out, stride, w, part);
    bool tall = halve_height(w, part);
    Rect first = first_half(part, tall), second = part;
    if (tall) second.y += first.height, second.height -= first.height;
    else second.x += first.width, second.width -= first.width;
    TRY(in_pieces(out, stride, w, first));
    return in_pieces(out + (tall ? first.height * stride : 3 * (int64_t)first.width), stride, w,
                     second);
}

Status resize_part(uint8_t *out, const Image *in, Rect from, int width, int height, Resampling how,
                   Rect part)
{
    if (!inside(from, in->width, in->height) || !inside(part, width, height))
        return err_set(ERR_SHAPE, "resize: %d x %d to %d x %d: a part lies outside", in->width,
                       in->height, width, height);
    Rows rows = { in->rgb + 3 * (from.y * (int64_t)in->width + from.x), 3 * (int64_t)in->width };
    const Work w = { rows, from, width, height, how };
    return in_pieces(out, 3 * (int64_t)part.width, &w, part);
}

Status resize(Image *out, const Image *in, int width, int height, Filter filter)
{
    Rect all = { 0, 0, in->width, in->height }, whole = { 0, 0, width, height };
    TRY(image_new(out, width, height));
    Status status = resize_part(out->rgb, in, all, width, height, (Resampling){ filter, false },
                                whole);
    if (status != OK) image_free(out);
    return status;
}

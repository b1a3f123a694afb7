// augment.c - the fourteen operations of RandAugment, in one table at the end.
//
// Three kinds: tables of 256 values per channel (AutoContrast to SolarizeAdd), a blend with a
// duller picture (Color to Sharpness), and affine maps without interpolation (Rotate to
// TranslateYabs). Floats are truncated to bytes, so a multiply-add fused by the compiler would
// change pixels: hence -ffp-contract=off, as for all of the code.
#include "data/image/augment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/fmath.h"
#include "tensor/base/name.h"

static int64_t pixels_of(const Image *image)
{
    return (int64_t)image->width * image->height;
}

static uint8_t clamp_byte(double v)            // truncates
{
    return (uint8_t)(v <= 0 ? 0 : v >= 255 ? 255 : (int)v);
}

// ---- tables -------------------------------------------------------------------------------------

static void map_all(Image *image, const uint8_t table[256])
{
    uint8_t *p = image->rgb;
    for (int64_t i = 0, n = 3 * pixels_of(image); i < n; i++) p[i] = table[p[i]];
}

static void map_channels(Image *image, uint8_t table[3][256])
{
    uint8_t *p = image->rgb;
    for (int64_t i = 0, n = pixels_of(image); i < n; i++, p += 3)
        for (int c = 0; c < 3; c++) p[c] = table[c][p[c]];
}

static void count_channels(int64_t count[3][256], const Image *image)
{
    const uint8_t *p = image->rgb;
    memset(count, 0, 3 * sizeof *count);
    for (int64_t i = 0, n = pixels_of(image); i < n; i++, p += 3)
        for (int c = 0; c < 3; c++) count[c][p[c]]++;
}

static void identity(uint8_t table[256])
{
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)i;
}

static void stretch(uint8_t table[256], const int64_t count[256])
{
    int lo = 0, hi = 255;
    while (lo < 255 && !count[lo]) lo++;
    while (hi > 0 && !count[hi]) hi--;
    identity(table);
    if (hi <= lo) return;
    double scale = 255.0 / (hi - lo), offset = -lo * scale;
    for (int i = 0; i < 256; i++) table[i] = clamp_byte(i * scale + offset);
}

static Status autocontrast(Image *image, double unused)
{
    int64_t count[3][256];
    uint8_t table[3][256];
    (void)unused;
    count_channels(count, image);
    for (int c = 0; c < 3; c++) stretch(table[c], count[c]);
    map_channels(image, table);
    return OK;
}

static void flatten(uint8_t table[256], const int64_t count[256], int64_t pixels)
{
    int last = 255;
    while (last > 0 && !count[last]) last--;
    int64_t step = (pixels - count[last]) / 255, n = step / 2;
    identity(table);
    if (step == 0) return;                     // also when one value fills the channel
    for (int i = 0; i < 256; n += count[i++])
        table[i] = (uint8_t)(n / step > 255 ? 255 : n / step);
}

static Status equalize(Image *image, double unused)
{
    int64_t count[3][256];
    uint8_t table[3][256];
    (void)unused;
    count_channels(count, image);
    for (int c = 0; c < 3; c++) flatten(table[c], count[c], pixels_of(image));
    map_channels(image, table);
    return OK;
}

// Keeps 1 to 8 upper bits. The range 0..4 is that of the paper's code, and harsh: 1 bit at m = 9.
static Status posterize(Image *image, double value)
{
    int bits = value < 1 ? 1 : value > 8 ? 8 : (int)value;
    const uint8_t keep = (uint8_t)(255 << (8 - bits));
    uint8_t *p = image->rgb;
    for (int64_t i = 0, n = 3 * pixels_of(image); i < n; i++) p[i] &= keep;
    return OK;
}

static Status solarize(Image *image, double value)
{
    const int from = value < 0 ? 0 : value > 256 ? 256 : (int)ceil(value);
    uint8_t *p = image->rgb;
    for (int64_t i = 0, n = 3 * pixels_of(image); i < n; i++)
        p[i] = (uint8_t)(p[i] < from ? p[i] : 255 - p[i]);
    return OK;
}

static Status solarize_add(Image *image, double value)
{
    uint8_t table[256];
    for (int i = 0; i < 256; i++) {
        uint8_t t = clamp_byte(i + value);
        table[i] = (uint8_t)(t < 128 ? t : 255 - t);
    }
    map_all(image, table);
    return OK;
}

// ---- blends -------------------------------------------------------------------------------------

// dull + factor (bright - dull), truncated, then clamped: a factor outside 0..1 leaves the bytes.
static inline uint8_t blend(int dull, int bright, float factor)
{
    int v = (int)((float)dull + factor * (float)(bright - dull));
    v = v < 0 ? 0 : v;
    return (uint8_t)(v > 255 ? 255 : v);
}

static inline uint8_t luma(const uint8_t *p)
{
    return (uint8_t)((19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16);
}

static Status color(Image *image, double value)
{
    const float factor = (float)value;
    uint8_t *p = image->rgb;
    for (int64_t i = 0, n = pixels_of(image); i < n; i++, p += 3) {
        const uint8_t gray = luma(p);
        for (int c = 0; c < 3; c++) p[c] = blend(gray, p[c], factor);
    }
    return OK;
}

static Status blend_constant(Image *image, uint8_t dull, double value)
{
    uint8_t table[256];
    for (int i = 0; i < 256; i++) table[i] = blend(dull, (uint8_t)i, (float)value);
    map_all(image, table);
    return OK;
}

static Status contrast(Image *image, double value)
{
    int64_t sum = 0, n = pixels_of(image);
    for (int64_t i = 0; i < n; i++) sum += luma(image->rgb + 3 * i);
    return blend_constant(image, (uint8_t)((double)sum / (double)n + 0.5), value);
}

static Status brightness(Image *image, double value)
{
    return blend_constant(image, 0, value);
}

// Three neighbours in a row, in the order of Pillow's sum.
static inline float smooth3(const uint8_t *p, float left, float middle, float right)
{
    return (float)p[-3] * left + (float)p[0] * middle + (float)p[3] * right;
}

// Row y of the picture, smoothed by (1,1,1, 1,5,1, 1,1,1)/13 but for its first and last pixel, and
// blended with what it was.
static void sharpen_row(uint8_t *restrict out, const uint8_t *restrict in, int64_t stride,
                        float factor)
{
    const float side = 1.0f / 13.0f, centre = 5.0f / 13.0f;
    for (int64_t i = 3; i < stride - 3; i++) {
        float sum = 0.5f + smooth3(in + i + stride, side, side, side);
        sum += smooth3(in + i, side, centre, side);
        sum += smooth3(in + i - stride, side, side, side);
        out[i] = blend((int)sum, in[i], factor);         // the sum lies within 0.5 and 255.5
    }
}

static Status sharpness(Image *image, double value)
{
    const int64_t stride = 3 * (int64_t)image->width;
    const size_t bytes = (size_t)(stride * image->height);
    uint8_t *before = malloc(bytes);           // the outermost pixels stay: a blend of equals
    if (!before) return err_memory("augment");
    memcpy(before, image->rgb, bytes);
    for (int64_t y = 1; y < image->height - 1; y++)
        sharpen_row(image->rgb + y * stride, before + y * stride, stride, (float)value);
    free(before);
    return OK;
}

// ---- affine maps --------------------------------------------------------------------------------

// The pixel at (x, y) comes from (a x + b y + c, d x + e y + f), taken at pixel centres.
typedef struct { double a, b, c, d, e, f; } Affine;

static int64_t fix(double v)                   // to 16 bits after the point
{
    return (int64_t)floor(v * 65536.0 + 0.5);
}

// The first x >= 0 with s x >= f; s > 0.
static int64_t first_from(int64_t f, int64_t s)
{
    return f <= 0 ? 0 : (f + s - 1) / s;
}

// Narrows from..to to those x for which 0 <= f + s x < limit.
static void narrow(int64_t *from, int64_t *to, int64_t f, int64_t s, int64_t limit)
{
    if (s < 0) f = limit - 1 - f, s = -s;      // seen from the other end
    int64_t first = s ? first_from(-f, s) : f < 0 ? *to : 0;
    int64_t end = s ? first_from(limit - f, s) : f < limit ? *to : 0;
    if (first > *from) *from = first;
    if (end < *to) *to = end;
}

static void affine_fixed(uint8_t *out, const Image *in, const Affine *m)
{
    const int64_t a = fix(m->a), b = fix(m->b), d = fix(m->d), e = fix(m->e), w = in->width;
    int64_t x0 = fix(m->c + m->a * 0.5 + m->b * 0.5), y0 = fix(m->f + m->d * 0.5 + m->e * 0.5);
    for (int y = 0; y < in->height; y++, x0 += b, y0 += e, out += 3 * w) {
        int64_t from = 0, to = w;
        narrow(&from, &to, x0, a, w << 16);
        narrow(&from, &to, y0, d, (int64_t)in->height << 16);
        int64_t fx = x0 + from * a, fy = y0 + from * d;
        if (a == 1 << 16 && d == 0 && from < to) {       // neighbours in a row stay neighbours
            memcpy(out + 3 * from, in->rgb + 3 * ((fy >> 16) * w + (fx >> 16)),
                   3 * (size_t)(to - from));
            continue;
        }
        for (int64_t x = from; x < to; x++, fx += a, fy += d)
            memcpy(out + 3 * x, in->rgb + 3 * ((fy >> 16) * w + (fx >> 16)), 3);
    }
}

static int64_t source_at(double v, int64_t n)  // -1 outside 0..n-1
{
    return v < 0 || v >= (double)n ? -1 : (int64_t)v;
}

// Columns from..to-1 come from `source` and those that follow it; the others are black.
typedef struct { int from, to; int64_t source; } Run;

// False when the columns that are not black are not one run of neighbours.
static bool one_run(Run *run, int width, const Affine *m)
{
    double fx = m->c + m->a * 0.5;
    *run = (Run){ 0 };
    for (int x = 0; x < width; x++, fx += m->a) {
        int64_t sx = source_at(fx, width);
        if (sx < 0) continue;
        if (run->to == 0) *run = (Run){ x, x, sx };
        if (x != run->to || sx != run->source + x - run->from) return false;
        run->to = x + 1;
    }
    return true;
}

static void straight_row(uint8_t *out, const uint8_t *in, int width, const Affine *m)
{
    double fx = m->c + m->a * 0.5;
    for (int x = 0; x < width; x++, out += 3, fx += m->a) {
        int64_t sx = source_at(fx, width);
        if (sx >= 0) memcpy(out, in + 3 * sx, 3);
    }
}

// Without rotation or shear Pillow counts in double.
static void affine_straight(uint8_t *out, const Image *in, const Affine *m)
{
    const int64_t stride = 3 * (int64_t)in->width;
    double fy = m->f + m->e * 0.5;
    Run run;
    bool moved = one_run(&run, in->width, m);
    for (int y = 0; y < in->height; y++, fy += m->e, out += stride) {
        int64_t sy = source_at(fy, in->height);
        if (sy < 0) continue;
        const uint8_t *row = in->rgb + sy * stride;
        if (moved) memcpy(out + 3 * (int64_t)run.from, row + 3 * run.source,
                          3 * (size_t)(run.to - run.from));
        else straight_row(out, row, in->width, m);
    }
}

static Status affine(Image *image, Affine m)
{
    uint8_t *out = calloc((size_t)pixels_of(image), 3);
    if (!out) return err_memory("augment");
    if (m.b == 0 && m.d == 0) affine_straight(out, image, &m);
    else affine_fixed(out, image, &m);
    free(image->rgb);
    image->rgb = out;
    return OK;
}

// sin and cos for |x| <= pi/4 by their series, in plain operations: the same bits on every machine.
static void sin_cos_series(double x, double *s, double *c)
{
    double x2 = x * x, sine = 0, cosine = 0;
    for (int k = 20; k >= 2; k -= 2) {
        sine = (1 + sine) * -x2 / (k * (k + 1));
        cosine = (1 + cosine) * -x2 / (k * (k - 1));
    }
    *s = x + x * sine;
    *c = 1 + cosine;
}

// For 0 <= r < 2 pi. Pi/2 is taken off in two parts, the first of which is exact in 33 bits.
static void sin_cos(double r, double *s, double *c)
{
    const double half_pi = 1.5707963267341256, rest = 6.077100506506192e-11;
    int quarter = (int)(r / (half_pi + rest) + 0.5);
    double sine, cosine;
    sin_cos_series((r - quarter * half_pi) - quarter * rest, &sine, &cosine);
    *s = quarter % 4 == 0 ? sine : quarter % 4 == 1 ? cosine : quarter % 4 == 2 ? -sine : -cosine;
    *c = quarter % 4 == 0 ? cosine : quarter % 4 == 1 ? -sine : quarter % 4 == 2 ? -cosine : sine;
}

static double round15(double v)                // to 15 decimals, as Python's round(v, 15)
{
    char text[32];
    snprintf(text, sizeof text, "%.15f", v);
    return strtod(text, NULL);
}

// Counterclockwise by `value` degrees about the middle.
static Status rotate(Image *image, double value)
{
    double degrees = fmod(value, 360), s, c, w = image->width / 2.0, h = image->height / 2.0;
    if (degrees < 0) degrees += 360;
    if (degrees == 0) return OK;
    sin_cos(degrees * (3.141592653589793 / 180), &s, &c);
    double cosine = round15(c), sine = round15(-s);
    return affine(image, (Affine){
        .a = cosine, .b = sine, .c = cosine * -w + sine * -h + w,
        .d = -sine, .e = cosine, .f = -sine * -w + cosine * -h + h,
    });
}

static Status shear_x(Image *image, double value)
{
    return affine(image, (Affine){ .a = 1, .b = value, .e = 1 });
}

static Status shear_y(Image *image, double value)
{
    return affine(image, (Affine){ .a = 1, .d = value, .e = 1 });
}

static Status translate_x(Image *image, double value)
{
    return affine(image, (Affine){ .a = 1, .c = value, .e = 1 });
}

static Status translate_y(Image *image, double value)
{
    return affine(image, (Affine){ .a = 1, .e = 1, .f = value });
}

// ---- the table ----------------------------------------------------------------------------------

enum { PLAIN, VALUE, SIGNED };                 // takes no value; takes one; of either sign

// Ranges: ildoonet/pytorch-randaugment, which ProReg's code follows; strength 0 is min, 30 is max.
static const struct {
    const char *name;
    double min, max;
    int kind;
    Status (*run)(Image *image, double value);
} ops[] = {
    { "AutoContrast",  0,   1,   PLAIN,  autocontrast },
    { "Equalize",      0,   1,   PLAIN,  equalize },
    { "Rotate",        0,   30,  SIGNED, rotate },         // degrees
    { "Posterize",     0,   4,   VALUE,  posterize },      // bits
    { "Solarize",      0,   256, VALUE,  solarize },       // threshold
    { "Color",         0.1, 1.9, VALUE,  color },          // factor
    { "Contrast",      0.1, 1.9, VALUE,  contrast },
    { "Brightness",    0.1, 1.9, VALUE,  brightness },
    { "Sharpness",     0.1, 1.9, VALUE,  sharpness },
    { "ShearX",        0,   0.3, SIGNED, shear_x },        // pixels per pixel
    { "ShearY",        0,   0.3, SIGNED, shear_y },
    { "SolarizeAdd",   0,   110, VALUE,  solarize_add },
    { "TranslateXabs", 0,   100, SIGNED, translate_x },    // pixels
    { "TranslateYabs", 0,   100, SIGNED, translate_y },
};

enum { OPS = sizeof ops / sizeof *ops };

int augment_count(void)
{
    return OPS;
}

const char *augment_name(int op)
{
    return ops[op].name;
}

int augment_find(const char *name)
{
    for (int i = 0; i < OPS; i++)
        if (!strcmp(ops[i].name, name)) return i;
    return -1;
}

double augment_value(int op, double m)
{
    return m / 30 * (ops[op].max - ops[op].min) + ops[op].min;
}

// Beyond 1e5 the fixed-point coordinates of a large picture would overflow.
Status augment_op(Image *image, int op, double value)
{
    if (!(fabs(value) <= 1e5))
        return err_set(ERR_USAGE, "augment: %s: %g is not within +-100000", ops[op].name, value);
    return ops[op].run(image, value);
}

// ---- chains -------------------------------------------------------------------------------------

void augment_draw(AugmentChain *chain, Rng *rng, int n, double m)
{
    chain->n = n;
    for (int i = 0; i < n; i++) {
        int op = (int)rng_below(rng, OPS);
        bool flip = rng_u32(rng) >> 31;        // drawn in any case: each step takes two numbers
        double value = augment_value(op, m);
        chain->step[i] = (AugmentStep){ op, flip && ops[op].kind == SIGNED ? -value : value };
    }
}

Status augment_apply(Image *image, const AugmentChain *chain)
{
    for (int i = 0; i < chain->n; i++)
        TRY(augment_op(image, chain->step[i].op, chain->step[i].value));
    return OK;
}

static Status unknown_op(const char *name)
{
    char list[AUGMENT_TEXT] = "";
    const char *names[OPS], *near;
    for (int i = 0; i < OPS; i++) {
        if (i) strcat(list, " ");
        strcat(list, names[i] = ops[i].name);
    }
    near = name_nearest(name, names, OPS);
    if (near) return err_set(ERR_USAGE, "augment: no operation %s: did you mean %s?", name, near);
    return err_set(ERR_USAGE, "augment: no operation %s: there are %s", name, list);
}

static Status parse_step(AugmentStep *step, char *text)
{
    char *value = strchr(text, '='), *end;
    if (value) *value++ = 0;
    step->op = augment_find(text);
    step->value = 0;
    if (step->op < 0) return unknown_op(text);
    if (!value && ops[step->op].kind == PLAIN) return OK;
    if (!value)
        return err_set(ERR_USAGE, "augment: %s: has no value: write %s=%g", text, text,
                       augment_value(step->op, 9));
    step->value = strtod(value, &end);
    if (end == value || *end || !(fabs(step->value) <= 1e5))
        return err_set(ERR_USAGE, "augment: %s: %s is not a number within +-100000", text, value);
    return OK;
}

Status augment_parse(AugmentChain *chain, const char *text)
{
    char copy[AUGMENT_TEXT];
    chain->n = 0;
    if (strlen(text) >= sizeof copy)
        return err_set(ERR_USAGE, "augment: a chain of %zu characters", strlen(text));
    strcpy(copy, text);
    for (char *at = copy, *next; at; at = next) {
        next = strchr(at, ',');
        if (next) *next++ = 0;
        if (chain->n == AUGMENT_MAX)
            return err_set(ERR_USAGE, "augment: more than %d operations", AUGMENT_MAX);
        TRY(parse_step(&chain->step[chain->n], at));
        chain->n++;
    }
    return OK;
}

// The fewest digits that read back as the same double.
static void print_value(char *out, size_t size, double value)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value) return;
    }
}

void augment_print(char text[AUGMENT_TEXT], const AugmentChain *chain)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < chain->n; i++) {
        const AugmentStep *step = &chain->step[i];
        char value[32] = "";
        if (ops[step->op].kind != PLAIN) print_value(value, sizeof value, step->value);
        used += (size_t)snprintf(text + used, AUGMENT_TEXT - used, "%s%s%s%s", i ? "," : "",
                                 ops[step->op].name, *value ? "=" : "", value);
    }
}

// ---- what training draws ------------------------------------------------------------------------

Status augment_check(const Augment *a)
{
    if (a->randaug && (a->n < 0 || a->n > AUGMENT_MAX))
        return err_set(ERR_USAGE, "augment: %d operations: not one of 0..%d", a->n, AUGMENT_MAX);
    if (a->randaug && !(a->m >= 0 && a->m <= 30))
        return err_set(ERR_USAGE, "augment: strength %g: not within 0..30", a->m);
    if (!(a->crop >= 0 && a->crop <= 1))
        return err_set(ERR_USAGE, "augment: crop %g: not within 0..1", a->crop);
    return OK;
}

// The largest part of the middle whose sides are between 3:4 and 4:3.
static Rect middle(int width, int height)
{
    int w = width, h = height;
    if (3.0 * width > 4.0 * height) w = (int)rint(height * (4.0 / 3));
    else if (4.0 * width < 3.0 * height) h = (int)rint(width / (3.0 / 4));
    return (Rect){ (width - w) / 2, (height - h) / 2, w, h };
}

Rect augment_crop(Rng *rng, int width, int height, double crop)
{
    for (int i = 0; i < 10; i++) {
        double area = (crop + (1 - crop) * rng_unit(rng)) * width * height;
        double aspect = fm_exp64(fm_log64(4.0 / 3) * (2 * rng_unit(rng) - 1));
        int w = (int)rint(sqrt(area * aspect)), h = (int)rint(sqrt(area / aspect));
        if (w < 1 || h < 1 || w > width || h > height) continue;
        int x = (int)rng_below(rng, (uint32_t)(width - w + 1));
        return (Rect){ x, (int)rng_below(rng, (uint32_t)(height - h + 1)), w, h };
    }
    return middle(width, height);
}

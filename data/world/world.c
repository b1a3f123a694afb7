// world.c - shapes as signed distances, contexts as textures, captions.
//
// A signed distance is negative inside a shape and tells how far its edge is, so that edges are
// soft over one pixel at any size. Distances after Inigo Quilez's collection of 2D formulas.
#include "data/world/world.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tensor/base/fmath.h"

const char *const world_shape[WORLD_SHAPES] = { "circle", "square", "triangle", "star",
                                                "cross", "ring", "heart", "moon" };
const char *const world_colour[WORLD_COLOURS] = { "red", "blue", "yellow", "white", "black",
                                                  "purple" };
const char *const world_context[WORLD_CONTEXTS] = { "grass", "water", "sand", "snow", "brick",
    "night", "wood", "lava", "checker", "stripes", "dots", "fog", "plain" };

static const double colours[WORLD_COLOURS][3] = { { 220, 40, 40 }, { 50, 70, 220 },
    { 235, 215, 50 }, { 245, 245, 245 }, { 20, 20, 20 }, { 150, 50, 190 } };

const WorldStyle world_simple = { { .6, .9 }, { 1, 1 }, { 0, .02 }, .15, .2, 0, 1 };
const WorldStyle world_clean = { { .6, .9 }, { .8, 1 }, { 0, .06 }, .2, .25, .3, 1 };
const WorldStyle world_faded = { { .6, .9 }, { .8, 1 }, { .05, .05 }, .2, .4, .5, .25 };

static double between(Rng *rng, double low, double high)
{
    return low + (high - low) * rng_unit(rng);
}

static double sine(double x)
{
    return fm_cos64(x - 1.57079632679489662);
}

// ---- shapes -------------------------------------------------------------------------------------

// Five tips: within 36 degrees of the nearest one, the line from tip (radius 1.1) to notch (.46).
static double star(double x, double y)
{
    static const double tip[5][2] = { { 0, -1 }, { .95105652, -.30901699 },
                                      { .58778525, .80901699 }, { -.58778525, .80901699 },
                                      { -.95105652, -.30901699 } };
    const double nx = .46 * .80901699 - 1.1, ny = .46 * .58778525, length = sqrt(nx * nx + ny * ny);
    double along = -9, across = 0;
    for (int i = 0; i < 5; i++) {
        double dot = x * tip[i][0] + y * tip[i][1];
        if (dot <= along) continue;
        along = dot;
        across = fabs(x * tip[i][1] - y * tip[i][0]);
    }
    return ((along - 1.1) * ny - across * nx) / length;
}

static double heart(double a, double y)
{
    y = -(y - .1);
    double corner = sqrt((a - .424) * (a - .424) + (y - .424) * (y - .424)) - .6;
    double diamond = (a + fabs(y)) * .70710678 - .6;
    return corner < diamond ? corner : diamond;
}

static double distance(int shape, double x, double y)
{
    double r = sqrt(x * x + y * y), a = fabs(x), b = fabs(y);
    switch (shape) {
    case 0: return r - .92;
    case 1: return fmax(a, b) - .8;
    case 2: return fmax(y - .55, .866 * a - .5 * y - .55);
    case 3: return star(x, y);
    case 4: return fmin(fmax(a - .32, b - 1), fmax(b - .32, a - 1));
    case 5: return fabs(r - .72) - .22;
    case 6: return heart(a, y);
    default: return fmax(r - .95, .78 - sqrt((x - .5) * (x - .5) + y * y));
    }
}

// How much of the pixel at (u, v) the shape covers; c, n: cosine and sine of its turn.
static double coverage(const WorldScene *s, double c, double n, double u, double v)
{
    double dx = u - s->x, dy = v - s->y;
    double d = distance(s->shape, (c * dx + n * dy) / s->radius, (c * dy - n * dx) / s->radius);
    d *= s->radius;
    if (s->outline) d = fabs(d + .052) - .065;
    return fmin(fmax(.5 - d * WORLD_SIZE / 2, 0), 1) * s->opacity;
}

// ---- contexts -----------------------------------------------------------------------------------

typedef struct { double phase[3], ox, oy, plain[3], gain, shift[3]; } Texture;

static Texture texture(Rng *rng)
{
    Texture t;
    for (int i = 0; i < 3; i++) t.phase[i] = between(rng, 0, 6.28318531);
    t.ox = rng_below(rng, 12), t.oy = rng_below(rng, 12);
    for (int i = 0; i < 3; i++) t.plain[i] = between(rng, 40, 215);
    t.gain = between(rng, .8, 1.2);
    for (int i = 0; i < 3; i++) t.shift[i] = 6 * rng_normal(rng);
    return t;
}

static void set(double out[3], double r, double g, double b, double add)
{
    out[0] = r + add, out[1] = g + add, out[2] = b + add;
}

static bool odd(double x)
{
    return (long)floor(x) & 1;
}

// Colour of a texture at (x, y), in pixels of a picture of 48 or, for what repeats, of 30. These
// seven contexts are regular.
static void pattern(double out[3], int context, double x, double y, const Texture *t)
{
    double i = x * 30 / 48 + t->ox, j = y * 30 / 48 + t->oy, p = 0, q = 0;
    switch (context) {
    case 4:
        p = fmod(j, 5), q = fmod(i + (odd(j / 5) ? 4 : 0), 8);
        if (p < 1 || q < 1) set(out, 200, 190, 180, 0);
        else set(out, 160, 80, 60, 0);
        break;
    case 8:
        if (odd(i / 4) == odd(j / 4)) set(out, 200, 200, 200, 0);
        else set(out, 90, 90, 90, 0);
        break;
    case 9:
        if (odd((i + j) / 4)) set(out, 40, 90, 120, 0);
        else set(out, 230, 180, 60, 0);
        break;
    case 10:
        p = fmod(i, 6) - 2.5, q = fmod(j, 6) - 2.5;
        if (p * p + q * q < 4) set(out, 190, 60, 110, 0);
        else set(out, 240, 200, 210, 0);
        break;
    default:
        memcpy(out, t->plain, 3 * sizeof *out);
    }
}

static void context_colour(double out[3], int context, double x, double y, const Texture *t,
                           Rng *rng)
{
    const double *ph = t->phase;
    double wave;
    switch (context) {
    case 0: set(out, 60, 140, 50, 18 * sine(x * 1.9 + ph[0]) + 10 * rng_normal(rng)); break;
    case 1: set(out, 50, 110, 180, 20 * sine(y * .8 + 2 * sine(x * .3 + ph[0]))); break;
    case 2: set(out, 205, 180, 120, 14 * rng_normal(rng)); break;
    case 3: set(out, 225, 232, 240, rng_unit(rng) < .05 ? -40 : 0); break;
    case 5:
        if (rng_unit(rng) < .03) set(out, 240, 240, 200, 0);
        else set(out, 20, 22, 50, 0);
        break;
    case 6: set(out, 140, 100, 60, 16 * sine(x * .35 + 1.5 * sine(y * .12 + ph[0]))); break;
    case 7:
        wave = 40 * sine(x * .25 + ph[0]) * fm_cos64(y * .31 + ph[1]);
        set(out, 190 + wave, 60 + 1.2 * wave, 20 + .2 * wave, 0);
        break;
    case 11: set(out, 150, 155, 165, 40 * y / 48 - 20 + 6 * rng_normal(rng)); break;
    default: pattern(out, context, x, y, t);
    }
    for (int c = 0; c < 3; c++) out[c] = fmin(fmax(out[c] * t->gain + t->shift[c], 0), 255);
}

// ---- a picture ----------------------------------------------------------------------------------

void world_draw(WorldScene *s, const WorldStyle *style, int shape, int context, Rng *rng)
{
    *s = (WorldScene){ .shape = shape, .context = context };
    s->colour = (int)rng_below(rng, WORLD_COLOURS);
    s->radius = between(rng, style->radius[0], style->radius[1]);
    s->x = between(rng, -style->centre, style->centre);
    s->y = between(rng, -style->centre, style->centre);
    s->turn = between(rng, -style->turn, style->turn);
    s->outline = rng_unit(rng) < style->outline;
    s->opacity = between(rng, style->opacity[0], style->opacity[1]);
    s->noise = between(rng, style->noise[0], style->noise[1]);
    s->contrast = style->contrast;
}

static uint8_t to_byte(double x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : floor(x + .5));
}

Status world_paint(Image *image, const WorldScene *s, Rng *rng)
{
    enum { S = WORLD_SIZE };
    double ink[3], back[3], turn_c = fm_cos64(s->turn), turn_n = sine(s->turn);
    Texture t = texture(rng);
    TRY(image_new(image, S, S));
    for (int c = 0; c < 3; c++) ink[c] = colours[s->colour][c] + 12 * rng_normal(rng);
    for (int y = 0; y < S; y++)
        for (int x = 0; x < S; x++) {
            uint8_t *out = image->rgb + 3 * (y * S + x);
            double u = (x + .5) * 2 / S - 1, v = (y + .5) * 2 / S - 1;
            double a = coverage(s, turn_c, turn_n, u, v);
            context_colour(back, s->context, x * 48. / S, y * 48. / S, &t, rng);
            for (int c = 0; c < 3; c++) {
                double p = back[c] + a * (ink[c] - back[c]) + 255 * s->noise * rng_normal(rng);
                p = fmin(fmax(p, 0), 255);
                out[c] = to_byte(127.5 + s->contrast * (p - 127.5));
            }
        }
    return OK;
}

void world_caption(char text[WORLD_TEXT], const WorldScene *s, int template)
{
    const char *shape = world_shape[s->shape], *context = world_context[s->context];
    const char *colour = world_colour[s->colour];
    switch (template) {
    case 0: snprintf(text, WORLD_TEXT, "a photo of a %s.", shape); break;
    case 1: snprintf(text, WORLD_TEXT, "a %s %s.", colour, shape); break;
    case 2: snprintf(text, WORLD_TEXT, "a %s on %s.", shape, context); break;
    case 3: snprintf(text, WORLD_TEXT, "a photo of a %s on %s.", shape, context); break;
    case 4: snprintf(text, WORLD_TEXT, "a %s %s on %s.", colour, shape, context); break;
    default: snprintf(text, WORLD_TEXT, "a photo of a %s %s.", colour, shape);
    }
}

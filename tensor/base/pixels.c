// pixels.c - CLIP's own preparation of pictures, what a user may say of it, and words for it.
#include "tensor/base/pixels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_PX = 4096 };

// CLIP/clip/clip.py, _transform.
Transform transform_clip(int size)
{
    return (Transform){
        .size = size, .resize = size, .mode = RESIZE_SHORTEST, .filter = FILTER_BICUBIC,
        .scale = 1 / 255.0, .mean = { 0.48145466f, 0.4578275f, 0.40821073f },
        .std = { 0.26862954f, 0.26130258f, 0.27577711f },
    };
}

Status transform_check(const Transform *t)
{
    if (t->size < 1 || t->size > SIZE_MAX_PX || t->resize < 1 || t->resize > SIZE_MAX_PX)
        return err_set(ERR_SHAPE, "transform: size: %d, resized to %d: not of 1..%d", t->size,
                       t->resize, SIZE_MAX_PX);
    if (!isfinite(t->scale) || !(t->scale > 0) || t->fill < 0 || t->fill > 255)
        return err_set(ERR_SHAPE, "transform: scale %g, margin %d", t->scale, t->fill);
    for (int c = 0; c < 3; c++)
        if (!isfinite(t->mean[c]) || !isfinite(t->std[c]) || !(t->std[c] > 0))
            return err_set(ERR_SHAPE, "transform: channel %d: mean %g, deviation %g", c,
                           (double)t->mean[c], (double)t->std[c]);
    return OK;
}

// ---- names --------------------------------------------------------------------------------------

const char *filter_name(int i)
{
    static const char *const name[] = { "nearest", "bilinear", "bicubic", NULL };
    return name[i];
}

const char *resize_mode_name(int i)
{
    static const char *const name[] = { "shortest", "longest", "squash", "none", NULL };
    return name[i];
}

int pixels_named(const char *(*name)(int i), const char *text)
{
    for (int i = 0; name(i); i++)
        if (strcmp(name(i), text) == 0) return i;
    return -1;
}

// ---- what a user says ---------------------------------------------------------------------------

void transform_give(Transform *t, const TransformGiven *g)
{
    int mode = g->mode ? pixels_named(resize_mode_name, g->mode) : -1;
    int filter = g->filter ? pixels_named(filter_name, g->filter) : -1;
    if (mode >= 0) t->mode = (ResizeMode)mode;
    if (filter >= 0) t->filter = (Filter)filter;
    if (g->resize) t->resize = g->resize;
    if (g->pillow) t->pillow13 = g->pillow == 13;
    for (int c = 0; c < 3; c++) {
        if (g->mean) t->mean[c] = (float)g->mean[c];
        if (g->std) t->std[c] = (float)g->std[c];
    }
}

const char *transform_differs(const Transform *t, const TransformGiven *g)
{
    Transform x = *t;
    transform_give(&x, g);
    if (x.mode != t->mode) return "--resize-mode";
    if (x.filter != t->filter) return "--interpolation";
    if (x.resize != t->resize) return "--size";
    if (memcmp(x.mean, t->mean, sizeof x.mean) != 0) return "--mean";
    return memcmp(x.std, t->std, sizeof x.std) != 0 ? "--std" : NULL;
}

// ---- units --------------------------------------------------------------------------------------

void transform_range(float *black, float *white, const Transform *t, int c)
{
    *black = -t->mean[c] / t->std[c];
    *white = ((float)(255 * t->scale) - t->mean[c]) / t->std[c];
}

int transform_odd(const Transform *t)
{
    for (int c = 0; c < 3; c++) {
        float black, white;
        if (t->mean[c] == 0 && t->std[c] == 1) continue;
        transform_range(&black, &white, t, c);
        if (black > 0 || white < 0 || white - black < 0.5F || white - black > 50) return c;
    }
    return -1;
}

// ---- words --------------------------------------------------------------------------------------

static void resized_text(char text[64], const Transform *t)
{
    switch (t->mode) {
    case RESIZE_SHORTEST: snprintf(text, 64, "shorter side to %d", t->resize); break;
    case RESIZE_LONGEST: snprintf(text, 64, "longer side to %d", t->resize); break;
    case RESIZE_SQUASH: snprintf(text, 64, "squashed to %d x %d", t->resize, t->resize); break;
    case RESIZE_NONE: snprintf(text, 64, "not resized"); break;
    }
}

// The shortest that reads back as the same float.
static int put_float(char *text, size_t room, float x)
{
    int n = 0;
    for (int digits = 6; digits <= 9; digits++) {
        n = snprintf(text, room, " %.*g", digits, (double)x);
        if (strtof(text, NULL) == x) break;
    }
    return n;
}

static int put_floats(char *text, size_t room, const char *what, const float x[3])
{
    int n = snprintf(text, room, ", %s", what);
    for (int c = 0; c < 3; c++) n += put_float(text + n, room - (size_t)n, x[c]);
    return n;
}

const char *transform_text(char text[TRANSFORM_TEXT], const Transform *t)
{
    char resized[64], how[64] = "";
    resized_text(resized, t);
    if (t->mode != RESIZE_NONE)
        snprintf(how, sizeof how, " (%s%s)", filter_name((int)t->filter),
                 t->pillow13 ? ", passes as Pillow 13" : "");
    int n = snprintf(text, TRANSFORM_TEXT, "%s%s, center %d x %d", resized, how, t->size, t->size);
    if (t->fill) n += snprintf(text + n, TRANSFORM_TEXT - (size_t)n, ", margin %d", t->fill);
    if (t->scale != 1 / 255.0)
        n += snprintf(text + n, TRANSFORM_TEXT - (size_t)n, ", bytes times %g", t->scale);
    n += put_floats(text + n, TRANSFORM_TEXT - (size_t)n, "minus mean", t->mean);
    put_floats(text + n, TRANSFORM_TEXT - (size_t)n, "by deviation", t->std);
    return text;
}

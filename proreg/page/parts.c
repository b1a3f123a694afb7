// parts.c - pictures, curves, weights and facts, as parts of pages.
#include "proreg/page/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/png.h"
#include "data/image/resize.h"
#include "data/set/dataset.h"
#include "proreg/proreg.h"

enum { THUMB = 72, BINS = 20, CURVE = 240 };     // pixels; bars; points of a curve

void page_figure(FileOut *o, const char *title, const char *note)
{
    file_printf(o, "<figure><figcaption>");
    html_text(o, title);
    if (note) file_printf(o, "<small>");
    if (note) html_text(o, note);
    file_printf(o, "%s</figcaption>\n", note ? "</small>" : "");
}

// ---- pictures -----------------------------------------------------------------------------------

// No side longer than THUMB.
static Status shrink(Image *out, const Image *in)
{
    const int64_t thumb = THUMB, most = in->width > in->height ? in->width : in->height;
    int width = (int)(in->width * thumb / most), height = (int)(in->height * thumb / most);
    return resize(out, in, width ? width : 1, height ? height : 1, FILTER_BICUBIC);
}

static Status thumbnail(Image *image, bool *smaller, const char *root, const char *path,
                        int64_t max_pixels)
{
    char file[FILE_PATH];
    Image whole;
    TRY(dataset_path(file, root, path));
    TRY(image_load(&whole, file, max_pixels));
    *smaller = whole.width > THUMB || whole.height > THUMB;
    if (!*smaller) {
        *image = whole;
        return OK;
    }
    Status status = shrink(image, &whole);
    image_free(&whole);
    return status;
}

void page_picture(FileOut *o, const char *root, const char *path, int64_t max_pixels)
{
    Image image;
    size_t bytes;
    bool smaller;
    if (thumbnail(&image, &smaller, root, path, max_pixels) != OK) {
        file_printf(o, "<span class=\"none\"></span>");
        return;
    }
    uint8_t *png = png_encode(&image, &bytes);
    if (png) html_png(o, png, bytes, path, smaller);
    free(png);
    image_free(&image);
}

int64_t page_pixel_limit(const RunFiles *r)
{
    double n = run_files_number(r, "max_pixels");
    return n >= 1 && n <= INT32_MAX ? (int64_t)n : IMAGE_MAX_PIXELS;
}

static void sample_item(FileOut *o, const SampleRecord *s, const char *root, int64_t max_pixels,
                        bool taught)
{
    file_printf(o, "<li>");
    page_picture(o, root, s->path, max_pixels);
    file_printf(o, "<b>");
    html_text(o, s->label);
    file_printf(o, "</b><br/>");
    if (taught) file_printf(o, "w %.3f<br/>p<sub>t</sub> %.3f<br/>", s->w, s->p_t);
    file_printf(o, "p<sub>s</sub> %.3f</li>\n", s->p_s);
}

typedef struct { double key; int64_t index; } Place;

static int by_key(const void *x, const void *y)
{
    const Place *a = x, *b = y;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

void page_extremes(FileOut *o, const RunFiles *r, const char *root, int most, bool highest)
{
    bool taught = page_taught(r);
    int64_t n = r->samples;
    Place *place = malloc(((size_t)n + 1) * sizeof *place);
    if (!place) {
        o->status = o->status != OK ? o->status : err_memory("report");
        return;
    }
    for (int64_t i = 0; i < n; i++)
        place[i] = (Place){ (taught ? r->sample[i].w : r->sample[i].p_s) * (highest ? -1 : 1), i };
    qsort(place, (size_t)n, sizeof *place, by_key);
    file_printf(o, "<ul class=\"pictures\">\n");
    for (int64_t i = 0; i < n && i < most; i++)
        sample_item(o, &r->sample[place[i].index], root, page_pixel_limit(r), taught);
    file_printf(o, "</ul>\n");
    free(place);
}

void page_samples(FileOut *o, const RunFiles *r, const char *root, int most)
{
    int64_t n = r->samples < most ? r->samples : most;
    file_printf(o, "<ul class=\"pictures\">\n");
    for (int64_t i = 0; i < n; i++) {
        const SampleRecord *s = &r->sample[(2 * i + 1) * r->samples / (2 * n)];
        file_printf(o, "<li>");
        page_picture(o, root, s->path, page_pixel_limit(r));
        file_printf(o, "<b>");
        html_text(o, s->label);
        file_printf(o, "</b></li>\n");
    }
    file_printf(o, "</ul>\n");
}

// ---- curves -------------------------------------------------------------------------------------

bool page_taught(const RunFiles *r)
{
    const Method *m = method_find(run_files_text(r, "method"));
    return m && method_taught(m);
}

static double log_field(const LogRecord *p, int which)
{
    return which == 0 ? p->ce : which == 1 ? p->kd : which == 2 ? p->w : p->grad_norm;
}

// At most CURVE points, each the mean of neighbouring steps.
static int64_t curve(Point out[CURVE], const RunFiles *r, int which)
{
    int64_t n = r->logs < CURVE ? r->logs : CURVE;
    for (int64_t i = 0; i < n; i++) {
        int64_t from = i * r->logs / n, to = (i + 1) * r->logs / n;
        out[i] = (Point){ 0, 0 };
        for (int64_t k = from; k < to; k++) {
            out[i].x += (double)r->log[k].step / (double)(to - from);
            out[i].y += log_field(&r->log[k], which) / (double)(to - from);
        }
    }
    return n;
}

// What a figure would show of a single step.
static void losses_of_one(FileOut *o, const LogRecord *p, bool taught)
{
    file_printf(o, "<p>The one step began with a cross-entropy of %.4g", p->ce);
    if (taught)
        file_printf(o, ", a distillation loss of %.4g, a mean weight w of %.3f", p->kd, p->w);
    file_printf(o, " and a gradient of length %.4g.</p>\n", p->grad_norm);
}

static void weight_curve(FileOut *o, const RunFiles *r)
{
    Point w[CURVE];
    int64_t n = curve(w, r, 2);
    const Series weight = { .name = "mean w", .colour = COLOUR_RUN, .point = w, .n = n };
    page_figure(o, "Mean sample weight by step", "the frozen model's share in the loss");
    svg_chart(o, &(Chart){ .about = "mean sample weight w by step", .x_label = "step",
                           .x_whole = true, .y = { 0, 1 }, .series = &weight, .n = 1 });
    file_printf(o, "</figure>\n");
}

void page_losses(FileOut *o, const RunFiles *r)
{
    Point ce[CURVE], kd[CURVE];
    bool taught = page_taught(r);
    if (r->logs == 1) losses_of_one(o, r->log, taught);
    if (r->logs < 2) return;
    int64_t n = curve(ce, r, 0);
    curve(kd, r, 1);
    const Series losses[] = {
        { .name = "cross-entropy", .colour = COLOUR_RUN, .point = ce, .n = n },
        { .name = "distillation", .kind = DASHES, .colour = COLOUR_RUN, .point = kd, .n = n },
    };
    page_figure(o, "Loss by step", taught ? "each part before it is weighted: cross-entropy to the "
                "label, T\xc2\xb2 KL to the frozen model" : "cross-entropy to the label");
    svg_chart(o, &(Chart){ .about = "loss by step", .x_label = "step", .x_whole = true,
                           .series = losses, .n = taught ? 2 : 1 });
    file_printf(o, "</figure>\n");
    if (taught) weight_curve(o, r);
}

void page_gradient(FileOut *o, const RunFiles *r)
{
    Point norm[CURVE];
    if (r->logs < 2) return;
    int64_t n = curve(norm, r, 3);
    const Series s = { .name = "gradient", .colour = COLOUR_RUN, .point = norm, .n = n };
    page_figure(o, "Length of the gradient by step", "of all that is trained, before clipping");
    svg_chart(o, &(Chart){ .about = "length of the gradient by step", .x_label = "step",
                           .x_whole = true, .series = &s, .n = 1 });
    file_printf(o, "</figure>\n");
}

void page_weights(FileOut *o, const RunFiles *r)
{
    Point bar[BINS];
    for (int b = 0; b < BINS; b++) bar[b] = (Point){ (double)b / BINS, 0 };
    for (int64_t i = 0; i < r->samples; i++) {
        double at = r->sample[i].w * BINS;
        int b = at >= BINS - 1 ? BINS - 1 : at > 0 ? (int)at : 0;
        bar[b].y += 1;
    }
    const Series s = { .kind = BARS, .colour = COLOUR_RUN, .point = bar, .n = BINS };
    page_figure(o, "Weights of the training pictures", "number of pictures by w, as of their "
                "last visit");
    svg_chart(o, &(Chart){ .about = "histogram of the sample weight w", .x_label = "w",
                           .y_label = "pictures", .y_whole = true, .x = { 0, 1 },
                           .bar = 1.0 / BINS, .series = &s, .n = 1 });
    file_printf(o, "</figure>\n");
}

// A form's formula as markup: `_s` becomes an index, `^k` an exponent with the parameter's value.
static void weight_formula(FileOut *o, const char *formula, double k, double gamma, double fixed)
{
    for (const char *s = formula; *s; s++) {
        if (*s == '_') file_printf(o, "<sub>%c</sub>", *++s);
        else if (*s == '^') file_printf(o, "<sup>%g</sup>", *++s == 'k' ? k : gamma);
        else if (*s == 'a') file_printf(o, "%g", fixed);
        else file_printf(o, "%c", *s);
    }
}

void page_formula(FileOut *o, const RunFiles *r)
{
    const WeightForm *form = weight_form_find(run_files_text(r, "weight"));
    double alpha = run_files_number(r, "alpha");
    if (!page_taught(r) || !form) {
        file_printf(o, "L = mean CE, the cross-entropy to the label");
        return;
    }
    bool fixed = form->flag && !strcmp(form->flag, "alpha");           // then w is alpha itself
    file_printf(o, "L = mean (1 \xe2\x88\x92 w) CE + %g mean w KD at T = %g, with w = ",
                fixed ? 1 : alpha, run_files_number(r, "temp"));
    weight_formula(o, form->formula, run_files_number(r, "power"),
                   run_files_number(r, "gamma"), alpha);
}

// ---- facts --------------------------------------------------------------------------------------

static void fact_value(FileOut *o, const Json *v)
{
    switch (v->type) {
    case JSON_NULL: file_printf(o, "\xe2\x80\x93"); break;
    case JSON_BOOL: file_printf(o, "%s", v->truth ? "yes" : "no"); break;
    case JSON_NUMBER: html_number(o, v->number); break;
    case JSON_STRING: html_text(o, v->string); break;
    default: break;
    }
}

static void fact_values(FileOut *o, const Json *v)
{
    bool many = v->type == JSON_ARRAY || v->type == JSON_OBJECT;
    if (!many) fact_value(o, v);
    for (int64_t i = 0; many && i < v->count; i++) {
        const Json *one = json_at(v, i);
        if (v->type == JSON_OBJECT) file_printf(o, "%s", i ? "<br/>" : "");
        else file_printf(o, "%s", i ? ", " : "");
        fact_value(o, one);
        if (v->type != JSON_OBJECT) continue;
        file_printf(o, "&#160; ");
        html_text(o, one->key);
    }
}

// An option that did nothing in this run, as its config.json says.
static bool without_effect(const Json *config, const char *key)
{
    const Json *idle = json_get(config, "without_effect");
    for (int64_t i = 0; idle && idle->type == JSON_ARRAY && i < idle->count; i++) {
        const Json *name = json_at(idle, i);
        if (name->type == JSON_STRING && !strcmp(name->string, key)) return true;
    }
    return false;
}

static bool fact_shown(const Json *config, int64_t i)
{
    const Json *v = json_at(config, i);
    return v->type != JSON_NULL && !without_effect(config, v->key);
}

// Side by side where there is room: two tables of half the rows.
void page_facts(FileOut *o, const Json *config)
{
    static const char open[] = "<table class=\"facts\"><tbody>\n";
    static const char close[] = "</tbody></table>\n";
    int64_t rows = 0, row = 0;
    for (int64_t i = 0; i < config->count; i++) rows += fact_shown(config, i);
    file_printf(o, "<div class=\"grid\">\n%s", open);
    for (int64_t i = 0; i < config->count; i++) {
        const Json *v = json_at(config, i);
        if (!fact_shown(config, i)) continue;
        if (row++ == (rows + 1) / 2) file_printf(o, "%s%s", close, open);
        file_printf(o, "<tr><td>");
        html_text(o, v->key);
        file_printf(o, "</td><td>");
        fact_values(o, v);
        file_printf(o, "</td></tr>\n");
    }
    file_printf(o, "%s</div>\n", close);
}

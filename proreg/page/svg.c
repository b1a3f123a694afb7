// svg.c - charts with round tick marks and named curves; heat maps with the number in each cell.
#include "proreg/page/svg.h"

#include <math.h>
#include <string.h>

#include "proreg/page/html.h"

enum { WIDTH = 400, LEFT = 46, TOP = 22, BOTTOM = 42, LABELS = 32 };

typedef struct { double x, y, width; } Label;      // left end of the base line

typedef struct {
    FileOut *o;
    const Chart *c;
    Range x, y;
    double width, height, right;       // of the drawing; where the plot ends
    Label label[LABELS];               // placed so far
    int labels;
} Frame;

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

// ---- ranges and places --------------------------------------------------------------------------

static void widen_to(Range *r, double v)
{
    if (!(v >= r->low)) r->low = v;
    if (!(v <= r->high)) r->high = v;
}

static Range range_of(const Chart *c, bool x)
{
    Range r = { NAN, NAN }, given = x ? c->x : c->y;
    if (given.low < given.high) return given;
    for (int i = 0; i < c->n; i++)
        for (int64_t k = 0; k < c->series[i].n; k++) {
            double v = x ? c->series[i].point[k].x : c->series[i].point[k].y;
            if (isfinite(v)) widen_to(&r, v);
        }
    if (!(r.low <= r.high)) return (Range){ 0, 1 };
    if (!x && r.low > 0) r.low = 0;            // heights are compared from 0
    if (r.low == r.high) r.high = r.low + 1;
    return r;
}

static double at_x(const Frame *f, double x)
{
    return LEFT + (x - f->x.low) / (f->x.high - f->x.low) * (f->right - LEFT);
}

static double at_y(const Frame *f, double y)
{
    double bottom = f->height - BOTTOM;
    return bottom - (y - f->y.low) / (f->y.high - f->y.low) * (bottom - TOP);
}

static double text_width(const char *text)
{
    double n = 0;
    for (const char *s = text; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return 6.8 * n;                            // of 11 px letters, an overestimate
}

static Frame frame_of(FileOut *o, const Chart *c)
{
    double room = 0;
    for (int i = 0; i < c->n; i++)
        if (c->series[i].name && (c->series[i].kind == LINE || c->series[i].kind == DASHES))
            room = larger(room, text_width(c->series[i].name) + 8);
    return (Frame){ .o = o, .c = c, .x = range_of(c, true), .y = range_of(c, false),
                    .width = WIDTH, .height = c->square ? WIDTH - 20 : 250,
                    .right = WIDTH - larger(12, room) };
}

// ---- axes ---------------------------------------------------------------------------------------

// The smallest of 1, 2, 5, 10, .. times a power of ten that divides the span into at most `most`
// parts; whole: of the whole numbers.
static double tick_step(double span, int most, bool whole)
{
    static const double factor[] = { 2, 2.5, 2 };
    double step = 1;
    while (span / step < most) step /= 10;
    for (int i = 0; span / step > most; i++) step *= factor[i % 3];
    return whole ? larger(step, 1) : step;
}

static void tick_text(FileOut *o, double v, bool percent)
{
    double shown = v == 0 ? 0 : percent ? 100 * v : v;     // -0 is 0
    file_printf(o, "%.6g%s</text>\n", shown, percent ? "%" : "");
}

static void x_axis(Frame *f)
{
    double step = tick_step(f->x.high - f->x.low, 5, f->c->x_whole), bottom = f->height - BOTTOM;
    for (double k = ceil(f->x.low / step - 1e-9); k * step <= f->x.high + step * 1e-9; k++) {
        file_printf(f->o, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                    at_x(f, k * step), bottom + 16);
        tick_text(f->o, k * step, f->c->x_percent);
    }
    file_printf(f->o, "<line class=\"axis\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                LEFT, f->right, bottom, bottom);
    if (!f->c->x_label) return;
    file_printf(f->o, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", f->right, bottom + 34);
    html_text(f->o, f->c->x_label);
    file_printf(f->o, "</text>\n");
}

static void y_axis(Frame *f)
{
    double step = tick_step(f->y.high - f->y.low, f->c->square ? 7 : 5, f->c->y_whole);
    for (double k = ceil(f->y.low / step - 1e-9); k * step <= f->y.high + step * 1e-9; k++) {
        double y = at_y(f, k * step);
        file_printf(f->o, "<line class=\"grid-line\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" "
                          "y2=\"%.1f\"/>", LEFT, f->right, y, y);
        file_printf(f->o, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 6, y + 4);
        tick_text(f->o, k * step, f->c->y_percent);
    }
    if (!f->c->y_label) return;
    file_printf(f->o, "<text x=\"%d\" y=\"%.1f\">", 4, (double)TOP - 10);
    html_text(f->o, f->c->y_label);
    file_printf(f->o, "</text>\n");
}

static void diagonal(const Frame *f)
{
    double low = larger(f->x.low, f->y.low), high = smaller(f->x.high, f->y.high);
    if (!f->c->diagonal || low >= high) return;
    file_printf(f->o, "<line class=\"grid-line\" stroke-dasharray=\"2 4\" x1=\"%.1f\" y1=\"%.1f\" "
                      "x2=\"%.1f\" y2=\"%.1f\"/>\n", at_x(f, low), at_y(f, low), at_x(f, high),
                at_y(f, high));
}

static void level(const Frame *f)
{
    const Chart *c = f->c;
    if (!c->level_name || c->level < f->y.low || c->level > f->y.high) return;
    double y = at_y(f, c->level);
    file_printf(f->o, "<line class=\"level\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                      "<text x=\"%d\" y=\"%.1f\">", LEFT, f->right, y, y, LEFT + 4, y - 4);
    html_text(f->o, c->level_name);
    file_printf(f->o, "</text>\n");
}

// ---- what lies on what --------------------------------------------------------------------------

// Does curve `a` run on `b`, point by point, for a third of its way?
static bool runs_on(const Frame *f, const Series *a, const Series *b)
{
    int64_t near = 0, n = a->n < b->n ? a->n : b->n;
    for (int64_t i = 0; i < n; i++) {
        Point p = a->point[i], q = b->point[i];
        near += fabs(at_x(f, p.x) - at_x(f, q.x)) < 2 && fabs(at_y(f, p.y) - at_y(f, q.y)) < 2;
    }
    return n > 1 && 3 * near >= n;
}

// On how many curves that are drawn before it the curve lies.
static int curves_below(const Frame *f, int i)
{
    int n = 0;
    for (int k = 0; k < i; k++)
        n += f->c->series[k].kind == LINE && runs_on(f, &f->c->series[i], &f->c->series[k]);
    return n;
}

// How many dots that are drawn after it lie on the dot.
static int dots_above(const Frame *f, const Series *s, Point p)
{
    int n = 0;
    for (const Series *t = s + 1; t < f->c->series + f->c->n; t++)
        for (int64_t i = 0; i < t->n && t->kind == DOTS; i++)
            n += hypot(at_x(f, p.x) - at_x(f, t->point[i].x),
                       at_y(f, p.y) - at_y(f, t->point[i].y)) < 7;
    return n;
}

// ---- series -------------------------------------------------------------------------------------

// Through the gaps of a curve's dashes the curves below it are seen, each less than the next.
static void draw_curve(const Frame *f, const Series *s, int below)
{
    bool begun = false;
    file_printf(f->o, "<path class=\"line%s\"", s->kind == DASHES ? " dash" : "");
    if (below && s->kind == LINE)
        file_printf(f->o, " stroke-dasharray=\"%.1f %.1f\"", 18.0 / (below + 1),
                    18 - 18.0 / (below + 1));
    file_printf(f->o, " d=\"");
    for (int64_t i = 0; i < s->n; i++) {
        Point p = s->point[i];
        bool there = isfinite(p.x) && isfinite(p.y);
        if (there)
            file_printf(f->o, "%s%.1f %.1f", begun ? "L" : "M", at_x(f, p.x), at_y(f, p.y));
        begun = there;
    }
    file_printf(f->o, "\"/>\n");
}

static void draw_spread(const Frame *f, Point p, Point half)
{
    double x = at_x(f, p.x), y = at_y(f, p.y);
    file_printf(f->o, "<path class=\"spread\" d=\"M%.1f %.1fH%.1fM%.1f %.1fV%.1f\"/>\n",
                at_x(f, p.x - half.x), y, at_x(f, p.x + half.x), x, at_y(f, p.y - half.y),
                at_y(f, p.y + half.y));
}

static void draw_dots(const Frame *f, const Series *s)
{
    bool faint = s->kind == FAINT_DOTS;
    for (int64_t i = 0; i < s->n; i++) {
        Point p = s->point[i];
        if (!isfinite(p.x) || !isfinite(p.y)) continue;
        if (s->spread) draw_spread(f, p, s->spread[i]);
        int above = faint ? 0 : dots_above(f, s, p);
        file_printf(f->o, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"/>\n",
                    faint ? "faint" : above ? "halo" : "dot", at_x(f, p.x), at_y(f, p.y),
                    faint ? 2.5 : 5 + 3.5 * above);
    }
}

static bool is_bars(const Series *s)
{
    return s->kind == BARS || s->kind == HOLLOW_BARS;
}

// The bars of several series stand side by side in the width of one.
static void draw_bars(const Frame *f, const Series *s, int which, int of)
{
    double bottom = at_y(f, larger(f->y.low, 0)), width = f->c->bar / of;
    for (int64_t i = 0; i < s->n; i++) {
        Point p = s->point[i];
        if (!(p.y > 0)) continue;
        double left = at_x(f, p.x + which * width), right = at_x(f, p.x + (which + 1) * width);
        file_printf(f->o, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                          "height=\"%.1f\"/>\n", s->kind == BARS ? "bar" : "hollow", left + .5,
                    at_y(f, p.y), right - left - 1, bottom - at_y(f, p.y));
    }
}

static void draw_series(const Frame *f, int i)
{
    const Series *s = &f->c->series[i];
    int bars = 0, before = 0;
    for (int k = 0; k < f->c->n; k++) {
        before += k < i && is_bars(&f->c->series[k]);
        bars += is_bars(&f->c->series[k]);
    }
    file_printf(f->o, "<g class=\"s%d\">", s->colour);
    if (is_bars(s)) draw_bars(f, s, before, bars);
    else if (s->kind == LINE || s->kind == DASHES) draw_curve(f, s, curves_below(f, i));
    else draw_dots(f, s);
    file_printf(f->o, "</g>\n");
}

// ---- names --------------------------------------------------------------------------------------

static bool overlap(const Label *a, const Label *b)
{
    return a->x < b->x + b->width && b->x < a->x + a->width && fabs(a->y - b->y) < 12;
}

// The cost of a label at this place: overlap with other labels, with dots, with the edges.
static int crowd(const Frame *f, Label l)
{
    int n = 100 * (l.x < LEFT || l.x + l.width > f->width || l.y < TOP || l.y > f->height - BOTTOM);
    for (int i = 0; i < f->labels; i++) n += 10 * overlap(&l, &f->label[i]);
    for (int i = 0; i < f->c->n; i++) {
        const Series *s = &f->c->series[i];
        for (int64_t k = 0; k < s->n && !is_bars(s); k++) {
            const Label dot = { at_x(f, s->point[k].x) - 5, at_y(f, s->point[k].y) + 5, 10 };
            if (overlap(&l, &dot)) n += s->kind == DOTS ? 5 : 1;
        }
    }
    return n;
}

// The place around the point with the lowest cost.
static Label place_name(const Frame *f, double x, double y, double width)
{
    const Point by[] = { { 9, 4 }, { -9 - width, 4 }, { -width / 2, -10 }, { -width / 2, 19 },
                         { 8, -7 }, { 8, 15 }, { -8 - width, -7 }, { -8 - width, 15 },
                         { 8, -20 }, { -8 - width, -20 }, { 8, 28 }, { -8 - width, 28 } };
    Label best = { x + by[0].x, y + by[0].y, width };
    for (size_t i = 1; i < sizeof by / sizeof by[0]; i++) {
        const Label l = { x + by[i].x, y + by[i].y, width };
        if (crowd(f, l) < crowd(f, best)) best = l;
    }
    return best;
}

// Position of the last finite point; false if there is none or the series has no name.
static bool named_end(const Frame *f, const Series *s, Point *end)
{
    int64_t last = s->n - 1;
    while (last >= 0 && !(isfinite(s->point[last].x) && isfinite(s->point[last].y))) last--;
    if (!s->name || last < 0) return false;
    *end = (Point){ at_x(f, s->point[last].x), at_y(f, s->point[last].y) };
    return true;
}

static void write_name(Frame *f, const Series *s, Label l)
{
    if (f->labels < LABELS) f->label[f->labels++] = l;
    file_printf(f->o, "<text class=\"name s%d\" x=\"%.1f\" y=\"%.1f\">", s->colour, l.x, l.y);
    html_text(f->o, s->name);
    file_printf(f->o, "</text>\n");
}

// The names of lines go into the right margin, in the order of the lines' ends, and are moved apart
// where they overlap: first down, then up from the axis.
static void name_lines(Frame *f)
{
    const Series *line[LABELS];
    double y[LABELS], least = f->height - BOTTOM + 4;
    int n = 0;
    for (int i = 0; i < f->c->n && n < LABELS; i++) {
        const Series *s = &f->c->series[i];
        Point end;
        bool drawn = s->kind == LINE || s->kind == DASHES;
        if (!drawn || !named_end(f, s, &end)) continue;
        int at = n++;
        for (; at > 0 && y[at - 1] > end.y + 4; at--) {
            y[at] = y[at - 1];
            line[at] = line[at - 1];
        }
        y[at] = end.y + 4;
        line[at] = s;
    }
    for (int i = 1; i < n; i++) y[i] = larger(y[i], y[i - 1] + 13);
    for (int i = n - 1; i >= 0; i--, least -= 13) y[i] = smaller(y[i], least);
    for (int i = 0; i < n; i++)
        write_name(f, line[i], (Label){ f->right + 5, y[i], text_width(line[i]->name) });
}

// The names of dots go beside them, those of bars into the upper right corner.
static void name_others(Frame *f)
{
    int bars = 0;
    for (int i = 0; i < f->c->n; i++) {
        const Series *s = &f->c->series[i];
        Point end;
        if (s->kind == LINE || s->kind == DASHES || !named_end(f, s, &end)) continue;
        double width = text_width(s->name);
        Label corner = { f->right - width, TOP + 4 + 15 * bars, width };
        bars += is_bars(s);
        write_name(f, s, is_bars(s) ? corner : place_name(f, end.x, end.y, width));
    }
}

static void open_svg(FileOut *o, double width, double height, const char *about)
{
    file_printf(o, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" ", width,
                height);
    if (width > WIDTH) file_printf(o, "style=\"min-width:%.0fpx;max-width:none\" ", width);
    file_printf(o, "role=\"img\" aria-label=\"");
    html_text(o, about);
    file_printf(o, "\">\n");
}

void svg_chart(FileOut *o, const Chart *c)
{
    Frame f = frame_of(o, c);
    open_svg(o, f.width, f.height, c->about);
    y_axis(&f);
    x_axis(&f);
    diagonal(&f);
    level(&f);
    for (int i = 0; i < c->n; i++) draw_series(&f, i);
    name_lines(&f);
    name_others(&f);
    file_printf(o, "</svg>\n");
}

// ---- heat maps ----------------------------------------------------------------------------------

enum { CELL_READ = 26 };                           // least width of a cell in a map that may scroll
enum { NAME_MOST = 150, NAME_ENDS = 9 };           // of a name's width; of a cut one's characters

static size_t characters(const char *text, int n)  // bytes of the first n
{
    size_t bytes = 0;
    for (; text[bytes] && n > 0; n--)
        for (bytes++; (text[bytes] & 0xc0) == 0x80;) bytes++;
    return bytes;
}

// A name that is too wide lacks its middle: such names often differ at their ends.
static void heat_name(FileOut *o, const char *name)
{
    char cut[2 * 4 * NAME_ENDS + 4];
    int n = 0;
    for (const char *c = name; *c; c++) n += (*c & 0xc0) != 0x80;
    size_t first = characters(name, NAME_ENDS), rest = characters(name, n - NAME_ENDS);
    bool fits = text_width(name) + 8 <= NAME_MOST || n <= 2 * NAME_ENDS;
    if (!fits)
        snprintf(cut, sizeof cut, "%.*s\xe2\x80\xa6%s", (int)first, name, name + rest);
    html_text(o, fits ? name : cut);
}

typedef struct { double left, top, width, height, whole; bool turned; } Grid;

static Grid grid_of(const Heat *h)
{
    double left = 20, name = 20;
    for (int r = 0; r < h->rows; r++) left = larger(left, text_width(h->row[r]) + 8);
    for (int c = 0; c < h->columns; c++) name = larger(name, text_width(h->column[c]));
    left = smaller(left, NAME_MOST);
    double width = smaller((WIDTH - 24 - left) / h->columns, 90);
    if (h->wide) width = larger(width, CELL_READ);
    bool turned = name > width;
    double whole = larger(WIDTH, left + width * h->columns + 24);
    double top = turned ? smaller(name, NAME_MOST) * .75 + 14 : 20;
    return (Grid){ left, top, width, 22, whole, turned };
}

static void heat_names(FileOut *o, const Heat *h, const Grid *g)
{
    for (int r = 0; r < h->rows; r++) {
        file_printf(o, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", g->left - 6,
                    g->top + (r + .5) * g->height + 4);
        heat_name(o, h->row[r]);
        file_printf(o, "</text>\n");
    }
    for (int c = 0; c < h->columns; c++) {
        double x = g->left + (c + .5) * g->width, y = g->top - 6;
        if (g->turned)
            file_printf(o, "<text transform=\"translate(%.1f %.1f) rotate(-48)\">", x + 2, y);
        else file_printf(o, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x, y);
        heat_name(o, h->column[c]);
        file_printf(o, "</text>\n");
    }
}

static void heat_title(FileOut *o, const Heat *h, int r, int c)
{
    const Cell *cell = &h->cell[r * h->columns + c];
    file_printf(o, "<g><title>");
    html_text(o, h->row[r]);
    file_printf(o, ", ");
    html_text(o, h->column[c]);
    file_printf(o, ": ");
    if (cell->n) html_number(o, (double)cell->correct / (double)cell->n);
    file_printf(o, " (%lld of %lld)</title>", (long long)cell->correct, (long long)cell->n);
}

// One of the HTML_HEAT grounds, by tenths of the share, with what can be read on it.
static void heat_cell(FileOut *o, const Heat *h, const Grid *g, int r, int c)
{
    const Cell *cell = &h->cell[r * h->columns + c];
    double share = cell->n ? (double)cell->correct / (double)cell->n : 0;
    int depth = (int)floor(share * (HTML_HEAT - 1) + .5);
    double x = g->left + c * g->width, y = g->top + r * g->height;
    bool ring = h->ring && h->ring[r * h->columns + c];
    heat_title(o, h, r, c);
    if (cell->n) file_printf(o, "<rect class=\"cell h%d\"", depth);
    else file_printf(o, "<rect class=\"hole\"");
    file_printf(o, " x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", x, y, g->width,
                g->height);
    if (cell->n)
        file_printf(o, "<text class=\"t%d\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0f"
                       "</text>", depth, x + g->width / 2, y + g->height / 2 + 4, 100 * share);
    for (int i = 0; ring && i < 2; i++)        // two lines, of which one is seen on any ground
        file_printf(o, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                       "height=\"%.1f\"/>", i ? "ring inner" : "ring", x + 1 + 1.5 * i,
                    y + 1 + 1.5 * i, g->width - 2 - 3 * i, g->height - 2 - 3 * i);
    file_printf(o, "</g>\n");
}

void svg_heat(FileOut *o, const Heat *h)
{
    Grid g = grid_of(h);
    open_svg(o, g.whole, g.top + h->rows * g.height + 4, h->about);
    heat_names(o, h, &g);
    for (int r = 0; r < h->rows; r++)
        for (int c = 0; c < h->columns; c++) heat_cell(o, h, &g, r, c);
    file_printf(o, "</svg>\n");
}

// svg.h - charts and heat maps as SVG inside a page (html.h), with labels beside the curves.
//
//     Series s[] = { { .name = "ce", .colour = 2, .point = ce, .n = 80 } };
//     svg_chart(&o, &(Chart){ .about = "loss by step", .x_label = "step", .series = s, .n = 1 });
//
// Drawn 400 units wide, so that letters keep their size on a narrow screen. Points that are NaN are
// left out. What another one would hide is drawn so that both are seen: a curve that lies on others
// is dashed, a dot under others is a ring around them. Nothing here returns an error: html_end
// does.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "proreg/run/score.h"
#include "tensor/base/file.h"

typedef struct { double x, y; } Point;

typedef enum { LINE, DASHES, DOTS, FAINT_DOTS, BARS, HOLLOW_BARS } SeriesKind;

typedef struct {
    const char *name;          // beside its last point; NULL: none
    SeriesKind kind;
    int colour;                // of the page's eight
    const Point *point;        // (n)  BARS: left edge and height
    const Point *spread;       // (n) or NULL: half-widths of the error bars
    int64_t n;
} Series;

typedef struct { double low, high; } Range;

typedef struct {
    const char *about;         // alternative text
    const char *x_label, *y_label;
    bool x_percent, y_percent; // labelled in percent
    Range x, y;                // low == high: from the points
    bool x_whole, y_whole;     // steps, numbers of pictures: no ticks between
    double bar;                // width of BARS
    double level;              // a dotted line across at this height, if there is a name
    const char *level_name;
    bool diagonal;             // draws the line y = x
    bool square;               // as high as wide
    const Series *series;
    int n;
} Chart;
void svg_chart(FileOut *o, const Chart *c);

typedef struct {
    const char *about;
    const char *const *row, *const *column;   // names
    const Cell *cell;          // (rows,columns) shares in percent; n = 0: empty
    bool wide;                 // cells keep a width to be read; the caller lets the map scroll
    int rows, columns;
    const uint8_t *ring;       // (rows,columns) nonzero: framed; or NULL
} Heat;
void svg_heat(FileOut *o, const Heat *h);      // by tenths of correct / n

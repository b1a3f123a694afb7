// html.h - a self-contained page: text, numbers, pictures and drawings; no script, no other files.
//
//     FileOut o;
//     TRY(html_begin(&o, "run/report.html", "a run"));
//     file_printf(&o, "<h2>Accuracy</h2><p>");
//     html_text(&o, domain);                       // escaped
//     html_share(&o, row.top1);                    // 85.3, with all its digits in the markup
//     file_printf(&o, "</p>");
//     TRY(html_end(&o));                           // renames it into place; returns all errors
//
// Pages are also well-formed XML, so that any parser reads them. The style is for light and dark
// screens, narrow ones and paper. What is written has a contrast of at least 4.5:1 to its ground
// (WCAG 2.2, 1.4.3), which test_report computes from the table of colours.
#pragma once
#include "tensor/base/file.h"

// The page's colours, as custom properties of its style: the first is --bg.
// s0..s7: hues that the colour-blind can tell apart, after Okabe and Ito (2008); each has one
// meaning on a page. h0..h10: the grounds of a heat map's cells, by tenths; t0..t10: what is
// written there.
typedef struct { const char *name, *light, *dark; } HtmlColour;
enum { HTML_COLOURS = 35, HTML_HEAT = 11 };
extern const HtmlColour html_colours[HTML_COLOURS];

Status html_begin(FileOut *o, const char *path, const char *title);
Status html_end(FileOut *o);

void html_text(FileOut *o, const char *text);      // escaped; invalid UTF-8 becomes U+FFFD
void html_share(FileOut *o, double share);         // of 0 to 1, in percent with one decimal
void html_number(FileOut *o, double x);            // shortest text that reads back as the same bits
void html_range(FileOut *o, double low, double high);   // of shares: 80.1 to 89.2, small
void html_int(FileOut *o, int64_t n);              // 1,234,567
// Opens a table that scrolls sideways within its box where the page is too narrow for it, and says
// so; the caller closes it: </table></div>. id: of [a-z].
void html_table(FileOut *o, const char *id);
// <img .. />; smooth: scaled with interpolation, for photographs.
void html_png(FileOut *o, const uint8_t *png, size_t bytes, const char *alt, bool smooth);

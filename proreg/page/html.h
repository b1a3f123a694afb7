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
// screens, narrow ones and paper. Its colours, which svg.h uses too, are eight hues, 0 to 7, that
// the colour-blind can tell apart.
#pragma once
#include "tensor/base/file.h"

Status html_begin(FileOut *o, const char *path, const char *title);
Status html_end(FileOut *o);

void html_text(FileOut *o, const char *text);      // escaped; invalid UTF-8 becomes U+FFFD
void html_share(FileOut *o, double share);         // of 0 to 1, in percent with one decimal
void html_number(FileOut *o, double x);            // shortest text that reads back as the same bits
void html_int(FileOut *o, int64_t n);              // 1,234,567
// <img .. />; smooth: scaled with interpolation, for photographs.
void html_png(FileOut *o, const uint8_t *png, size_t bytes, const char *alt, bool smooth);

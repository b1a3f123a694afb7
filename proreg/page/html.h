// html.h - a page in one file: text, numbers, pictures and drawings, nothing to fetch, no script.
//
//     FileOut o;
//     TRY(html_begin(&o, "run/report.html", "a run"));
//     file_printf(&o, "<h2>Accuracy</h2><p>");
//     html_text(&o, domain);                       // whatever the name holds
//     html_share(&o, row.top1);                    // 85.3, with all its digits in the markup
//     file_printf(&o, "</p>");
//     TRY(html_end(&o));                           // the page appears whole; errors are told here
//
// Pages are well-formed XML too, so that any parser reads them. The style is for light and dark
// screens, narrow ones and paper; svg.h draws with its colours: eight hues, 0 to 7, that people who
// see no red or no green tell apart.
#pragma once
#include "tensor/base/file.h"

Status html_begin(FileOut *o, const char *path, const char *title);
Status html_end(FileOut *o);

void html_text(FileOut *o, const char *text);      // escaped; what is no UTF-8 becomes U+FFFD
void html_share(FileOut *o, double share);         // 0..1 as percent, one digit after the point
void html_number(FileOut *o, double x);            // shortest text that comes back to the same bits
void html_int(FileOut *o, int64_t n);              // 1,234,567
// <img .. />; smooth: a photograph, whose pixels are not meant to be seen.
void html_png(FileOut *o, const uint8_t *png, size_t bytes, const char *alt, bool smooth);

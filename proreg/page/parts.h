// parts.h - what pages about runs are made of: pictures, curves, weights, facts. Each writes a
// part of a page (html.h) from a run's files (report.h); errors are the page's.
#pragma once
#include "proreg/page/html.h"
#include "proreg/page/svg.h"
#include "proreg/run/records.h"

// A picture, small, with its name as alternative text; a gray field where it cannot be read.
void page_picture(FileOut *o, const char *root, const char *path, int64_t max_pixels);

// The training pictures in order of w, or of p_s where nobody teaches: the `most` first or last, as
// a list with what the run says of each.
void page_extremes(FileOut *o, const RunFiles *r, const char *root, int most, bool highest);
void page_samples(FileOut *o, const RunFiles *r, const char *root, int most);   // evenly spread

bool page_taught(const RunFiles *r);                   // has the method a teacher?
void page_losses(FileOut *o, const RunFiles *r);       // two figures
void page_weights(FileOut *o, const RunFiles *r);      // a figure: how w is distributed
void page_formula(FileOut *o, const RunFiles *r);      // the loss, as text
void page_facts(FileOut *o, const Json *config);       // a table of all that config.json holds

void page_figure(FileOut *o, const char *title, const char *note);   // <figure> and its caption

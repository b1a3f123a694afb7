// parts.h - the parts of pages about runs: pictures, curves, weights, facts. Each appends to a page
// (html.h) what the files of a run hold (records.h); html_end returns the errors.
#pragma once
#include "proreg/page/html.h"
#include "proreg/page/svg.h"
#include "proreg/run/records.h"

// A thumbnail with the path as alternative text; a gray field if the file cannot be read.
void page_picture(FileOut *o, const char *root, const char *path, int64_t max_pixels);

// The `most` training pictures with the highest or lowest w (without a teacher: p_s), with their
// label and values.
void page_extremes(FileOut *o, const RunFiles *r, const char *root, int most, bool highest);
void page_samples(FileOut *o, const RunFiles *r, const char *root, int most);   // evenly spread

bool page_taught(const RunFiles *r);                   // does the method have a teacher?
void page_losses(FileOut *o, const RunFiles *r);       // two figures
void page_weights(FileOut *o, const RunFiles *r);      // a histogram of w
void page_formula(FileOut *o, const RunFiles *r);      // the loss, as text
void page_facts(FileOut *o, const Json *config);       // config.json as a table

// Opens a <figure> with its caption; note: a second, smaller line, or NULL. The caller closes it.
void page_figure(FileOut *o, const char *title, const char *note);

// parts.h - the parts of pages about runs: pictures, curves, weights, facts. Each appends to a page
// (html.h) what the files of a run hold (records.h); html_end returns the errors.
#pragma once
#include "proreg/page/html.h"
#include "proreg/page/svg.h"
#include "proreg/run/records.h"

// What a colour of html.h means on the page of a run; its domains take the others.
enum { COLOUR_BEFORE = 0, COLOUR_RUN = 5 };       // the pretrained model; the run

int64_t page_pixel_limit(const RunFiles *r);       // --max-pixels of the run
// A thumbnail with the path as alternative text, of at most 72 x 72 pixels (21 KB of the page); a
// gray field if the file cannot be read.
void page_picture(FileOut *o, const char *root, const char *path, int64_t max_pixels);

// The `most` training pictures with the highest or lowest w (without a teacher: p_s), with their
// label and values.
void page_extremes(FileOut *o, const RunFiles *r, const char *root, int most, bool highest);
void page_samples(FileOut *o, const RunFiles *r, const char *root, int most);   // evenly spread

bool page_taught(const RunFiles *r);                   // does the method have a teacher?
// Figures; one step makes no curve: its values as text.
void page_losses(FileOut *o, const RunFiles *r);
void page_gradient(FileOut *o, const RunFiles *r);
void page_weights(FileOut *o, const RunFiles *r);      // a histogram of w
void page_formula(FileOut *o, const RunFiles *r);      // the loss, as text
void page_facts(FileOut *o, const Json *config);       // config.json as a table

// Opens a <figure> with its caption; note: a second, smaller line, or NULL. The caller closes it.
void page_figure(FileOut *o, const char *title, const char *note);

// progress.h - one line on stderr about long work: what, how far, how fast, how long still.
//
//     Progress p = progress_begin("train", 80 * 256, quiet);
//     progress_add(&p, 32);                 // draws when it is time to
//     progress_figure(&p, "loss", 0.69);
//     progress_end(&p);
//
// On a terminal the line is redrawn; otherwise a plain line is printed every few seconds. Results
// are never printed this way: they go to stdout.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/err.h"

typedef struct {
    const char *what, *figure_name;    // figure_name NULL: no figure
    double figure;
    int64_t done, total;               // pictures; total 0: unknown
    double start, drawn;               // seconds
    bool quiet, terminal, on_screen;
} Progress;

Progress progress_begin(const char *what, int64_t total, bool quiet);
void progress_add(Progress *p, int64_t done);
void progress_figure(Progress *p, const char *name, double value);
void progress_end(Progress *p);
void progress_say(Progress *p, const char *format, ...) ERR_PRINTF(2, 3);   // on its own line
double progress_rate(const Progress *p);   // pictures per second since the beginning
double seconds_now(void);                  // of a monotonic clock

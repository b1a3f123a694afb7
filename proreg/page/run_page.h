// run_page.h - report.html of a run.
#pragma once
#include <stdint.h>

#include "tensor/base/err.h"

typedef struct {
    const char *by;                            // the signal: "SIGINT"
    int64_t steps;                             // that it was to take
    const char *command;                       // that goes on with it
} Stopped;

// RUN/report.html, of its last checkpoint. stop: of a run that a signal has stopped: the page says
// so, and leaves out pictures, which take time; else NULL.
Status run_page(const char *run, const Stopped *stop);

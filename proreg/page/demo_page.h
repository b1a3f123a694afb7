// demo_page.h - the demo's report: what it found, and the commands that repeat each number.
#pragma once
#include "proreg/page/demo_commands.h"
#include "proreg/page/tally.h"

typedef struct {
    const char *folder;        // with seed-S/data and seed-S/METHOD, the runs
    DemoSettings settings;
    int seeds;
    Tally *tally;              // (seeds,DEMO_METHODS)
    Tally *line;               // (seeds,DEMO_ALPHAS) of WiSE-FT, alpha 0 to 1
} Demo;

Status demo_page(const Demo *d);                 // FOLDER/report.html

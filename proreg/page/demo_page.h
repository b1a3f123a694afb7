// demo_page.h - the demo's report: what it found, and the commands that repeat each number.
#pragma once
#include "proreg/page/demo_commands.h"
#include "proreg/page/tally.h"
#include "tensor/base/file.h"

typedef struct {
    const char *folder;        // holds seed-S/data, and the run seed-S/METHOD of each method
    DemoSettings settings;
    int seeds;
    Tally *tally;              // (seeds,DEMO_METHODS)
    Tally *line;               // (seeds,DEMO_ALPHAS) WiSE-FT at alpha = i / (DEMO_ALPHAS - 1)
} Demo;

Status demo_page(const Demo *d);                 // FOLDER/report.html
// FOLDER/seed-S/NAME of the seed numbered i from 0.
Status demo_seed_path(char out[FILE_PATH], const Demo *d, int i, const char *name);

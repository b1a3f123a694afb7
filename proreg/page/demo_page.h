// demo_page.h - what the demo (verb/demo.c) finds out, for the page that shows it.
#pragma once
#include "data/world/world.h"
#include "proreg/page/svg.h"
#include "proreg/run/options.h"
#include "proreg/run/progress.h"

enum { USUAL, SWAPPED, NEW, TESTS };             // the tests of a task (data/world/world.h)
enum { DEMO_METHODS = 7, DEMO_ALPHAS = 11, DEMO_FINETUNE = 2, DEMO_PROREG = 5 };

typedef struct {
    const char *name;          // in JSON and as the run's folder
    const char *title;         // for people
    int colour;                // on the page
    const char *train, *ask;   // command lines; train NULL: nothing is trained
} DemoMethod;
extern const DemoMethod demo_methods[DEMO_METHODS];
extern const char *const demo_tests[TESTS];

// Answers of one method to one seed's tests.
typedef struct {
    Cell cell[TESTS][WORLD_SHAPES][WORLD_CONTEXTS];
    Cell background;           // of `swapped`: how often the background's own class was named
    double seconds;
} Tally;

typedef enum {
    ID, OOD,                   // top1; OOD: the mean over `swapped` and `new`
    WORST_ID, WORST_OOD,       // the least of the classes; OOD: of both tests together
    BACKGROUND,                // share of `swapped` that is answered by its background
    SCORES,
} Score;
void demo_scores(double score[SCORES], const Tally *t);

typedef struct {
    Options *o;
    const char *out;           // the demo's folder
    Status (*train)(Options *o);
    int seeds;
    Tally *tally;              // (seeds,DEMO_METHODS)
    Tally *line;               // (seeds,DEMO_ALPHAS) of WiSE-FT, alpha 0 to 1
    Progress progress;
} Demo;

// Each score's mean and standard deviation over the seeds, of t[0], t[stride], ..
typedef struct { double mean[SCORES], deviation[SCORES]; } DemoRow;
DemoRow demo_row(const Tally *t, int seeds, int stride);

// A command line as typed in the demo's folder. `@` stood for a path below it, `%` for the seed.
void demo_command(char *out, size_t bytes, const Demo *d, const char *line, int seed);
extern const char demo_world[];                  // the line that draws the task

Status demo_page(const Demo *d);                 // OUT/report.html

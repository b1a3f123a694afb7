// demo_commands.h - the methods of the demo, each as the commands that train and evaluate it.
//
// In a line, `@` begins a path in the demo's folder, `%` is the seed, and $n, $m, $e, $p stand for
// n, n_test, epochs and model of the settings.
#pragma once
#include <stddef.h>
#include <stdint.h>

// DEMO_ALPHAS: of WiSE-FT, 0 to 1. DEMO_SEED: the first seed. The demo's settings were chosen on
// seeds 1 to 3, and the tables of weights/world/results.md are of 101 to 110: its own are others.
enum { DEMO_METHODS = 7, DEMO_ALPHAS = 11, DEMO_SEED = 201 };
enum { DEMO_ZEROSHOT, DEMO_PROBE, DEMO_FINETUNE, DEMO_WISE, DEMO_KD, DEMO_PROREG };

typedef struct {
    const char *name;          // in JSON and as the run's folder
    const char *title;         // in the table and on the page
    int colour;                // of the page's eight
    const char *train, *ask;   // command lines; train NULL: nothing is trained
} DemoMethod;
extern const DemoMethod demo_methods[DEMO_METHODS];
extern const char demo_world[];                  // the command that draws the task

typedef struct {
    int64_t n, n_test, epochs; // pictures to train on, pictures of each test
    const char *model;         // NULL: the embedded one, at FOLDER/model
} DemoSettings;

// Expands the next word of *line, which must not be at its end, with `folder` for `@`, and moves
// *line past it. What does not fit is cut off.
void demo_word(char *word, size_t bytes, const char **line, const DemoSettings *s, int seed,
               const char *folder);

// Expands the whole line as a shell in the demo's folder takes it, wrapped to several lines; a word
// that holds a blank, say, stands between quotes.
void demo_command(char *out, size_t bytes, const DemoSettings *s, const char *line, int seed);

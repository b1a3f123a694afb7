// demo_commands.h - what the demo does: its methods, each as the commands that train and ask it.
//
// In a line, `@` begins a path in the demo's folder, `%` is the seed, and $n, $m, $e, $p stand for
// n, n_test, epochs and model of the settings.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { DEMO_METHODS = 7, DEMO_ALPHAS = 11 };     // DEMO_ALPHAS: of WiSE-FT, 0 to 1
enum { DEMO_ZEROSHOT, DEMO_PROBE, DEMO_FINETUNE, DEMO_WISE, DEMO_KD, DEMO_PROREG };

typedef struct {
    const char *name;          // in JSON and as the run's folder
    const char *title;         // for people
    int colour;                // on the page
    const char *train, *ask;   // command lines; train NULL: nothing is trained
} DemoMethod;
extern const DemoMethod demo_methods[DEMO_METHODS];
extern const char demo_world[];                  // the line that draws the task

typedef struct {
    int64_t n, n_test, epochs; // pictures to train on, pictures of each test
    const char *model;         // NULL: the one that the demo puts into its folder
} DemoSettings;

// The next word of a line that has one, with `folder` in the place of `@`; *line moves behind it.
// What does not fit is cut off.
void demo_word(char *word, size_t bytes, const char **line, const DemoSettings *s, int seed,
               const char *folder);

// The whole line as it is typed in the demo's folder, wrapped.
void demo_command(char *out, size_t bytes, const DemoSettings *s, const char *line, int seed);

// recipe.h - the benchmarks of the paper: how their data is laid out, which prompts and settings
// they use, how long they train.
//
//     const Recipe *r = recipe_find("pacs");
//     Counting c = recipe_counting(r, n, epochs, batch, warmup);
//
// A recipe says which of its fields the authors published (`info --recipe NAME` prints them); the
// rest is our reading of the data set. Another benchmark is another row of the table in recipe.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Fields that the authors published. The schedule is ten epochs of 256, the counting below, and
// RandAugment.
enum { PUBLISHED_TEMPLATE = 1, PUBLISHED_ALPHA = 2, PUBLISHED_KD_ALPHA = 4, PUBLISHED_DOMAINS = 8,
       PUBLISHED_SCHEDULE = 16 };

typedef struct {
    const char *name, *title;
    const char *layout;                // of the folder (dataset.h)
    int classes;
    const char *class_list;            // "a,b,..": the label order; NULL: the folders'
    bool by_letters;                   // which are ordered as in DomainNet (DatasetOptions)
    const char *template;
    const char *train_split, *eval_split;
    const char *select;                // what the authors choose `best` on; NULL: validation
    const char *domains;               // all that count; NULL: there are none
    const char *train_domains, *eval_domains;     // NULL: the user says
    const char *train_list, *eval_list;           // names of list files, % for the domain; or NULL
    int label_base;                    // of their labels
    double alpha, kd_alpha;            // of proreg and of kd; 0: nothing is published
    unsigned published;
    const char *note, *train_note;     // what to know when numbers are compared; may be NULL
} Recipe;

extern const Recipe recipes[];                    // ends with a NULL name
const Recipe *recipe_find(const char *name);      // NULL: none
const char *recipe_name(int i);                   // of row i; NULL after the last

// How many steps the learning rate takes to rise and to reach 0; a run's own number of steps.
typedef struct {
    int64_t warm, total, steps;
    bool released;                     // counted as the authors' trainer counts
} Counting;

// Plain: total = epochs ceil(N / batch), warm = floor(warmup total). Released (as the authors'
// trainer counts N pictures on 4 devices with 4 accumulated batches): L = ceil(ceil(N / 4) /
// (batch / 16)), total = floor(epochs L / 4), warm = floor(warmup total); the few steps beyond
// total have rate 0.
Counting recipe_counting(const Recipe *r, int64_t pictures, int64_t epochs, int64_t batch,
                         double warmup);

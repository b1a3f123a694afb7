// tally.h - answers to the demo's tests, counted by shape and background; the scores of a method
// over several seeds.
//
//     Tally t;
//     double score[SCORES];
//     TRY(tally_count(&t, &data, logits));             // the evaluation pictures of one seed
//     tally_scores(score, &t);
//     printf("OOD %.1f%%\n", 100 * score[OOD]);
//
// Knows the drawn world (data/world/world.h) and no model.
#pragma once
#include "data/set/dataset.h"
#include "data/world/world.h"
#include "proreg/run/records.h"

enum { USUAL, SWAPPED, NEW, TESTS };             // the tests of a task (data/world/world.h)
extern const char *const tally_test[TESTS];      // their folders' names

// The answers of one method to the tests of one seed.
typedef struct {
    Cell cell[TESTS][WORLD_SHAPES][WORLD_CONTEXTS];
    Cell background;           // of `swapped`: answers that name the background's class
    double seconds;            // of training and evaluation; set by the caller
} Tally;

// Counts the answers of logits (N,K), in the order of d->eval.
Status tally_count(Tally *t, const Dataset *d, const float *logits);

int tally_shape(const char *class_name);         // index into world_shape; -1: none
int tally_context(const char *path);             // index into world_context; -1: none

enum {
    ID, OOD,                   // top1; OOD: the mean over `swapped` and `new`
    WORST_ID, WORST_OOD,       // the class with the lowest; OOD: of both tests together
    BACKGROUND,                // share of `swapped` that is answered with the background's class
    SCORES,
};
extern const char *const tally_key[SCORES];      // what JSON lines call them
void tally_scores(double score[SCORES], const Tally *t);

// One shape before one background: all tests of t[0], t[stride], .. together.
Cell tally_cell(const Tally *t, int seeds, int stride, int shape, int context);

// The distribution of w over a run's training pictures, in equal bins of 0 to 1: share[0] of those
// before their shape's usual background, share[1] of the others.
enum { TALLY_BINS = 20 };
void tally_weights(double share[2][TALLY_BINS], const RunFiles *r);

// Each score's mean and standard deviation over the seeds, of t[0], t[stride], ..
typedef struct { double mean[SCORES], deviation[SCORES]; } TallyRow;
TallyRow tally_row(const Tally *t, int seeds, int stride);

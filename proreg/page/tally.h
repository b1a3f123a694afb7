// tally.h - answers about the demo's tests, counted by shape and background, and the scores of a
// method over several seeds.
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
#include "proreg/run/score.h"

enum { USUAL, SWAPPED, NEW, TESTS };             // the tests of a task (data/world/world.h)
extern const char *const tally_test[TESTS];      // their folders' names

// Answers of one method to one seed's tests.
typedef struct {
    Cell cell[TESTS][WORLD_SHAPES][WORLD_CONTEXTS];
    Cell background;           // of `swapped`: how often the background's own class was named
    double seconds;            // of training and answering
} Tally;

// logits (N,K) in the order of d->eval. The seconds are the caller's.
Status tally_count(Tally *t, const Dataset *d, const float *logits);

int tally_shape(const char *class_name);         // of world_shape; -1: no shape
int tally_context(const char *path);             // a picture's background, by its name; -1: none

enum {
    ID, OOD,                   // top1; OOD: the mean over `swapped` and `new`
    WORST_ID, WORST_OOD,       // the least of the classes; OOD: of both tests together
    BACKGROUND,                // share of `swapped` that is answered by its background
    SCORES,
};
void tally_scores(double score[SCORES], const Tally *t);

// Each score's mean and standard deviation over the seeds, of t[0], t[stride], ..
typedef struct { double mean[SCORES], deviation[SCORES]; } TallyRow;
TallyRow tally_row(const Tally *t, int seeds, int stride);

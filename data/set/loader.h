// loader.h - pictures as batches, read ahead by threads, in one order for any number of them.
//
//     LoaderOptions o = { .root = d.root, .set = &d.train, .transform = transform_clip(224),
//                         .batch = 256, .micro = 32, .workers = 2, .training = true,
//                         .epochs = 10 };
//     Loader *loader;
//     TRY(loader_open(&loader, &o));
//     Batch b;
//     for (;;) {
//         TRY(loader_next(loader, &b));              // close the loader on failure too
//         if (b.n == 0 && !b.last) break;            // all epochs are over
//         forward_backward(b.pixels, b.label, b.n, b.step_n);
//         if (b.last) update();
//     }
//     loader_close(loader);
//
// An epoch's N pictures are permuted by (seed, epoch), cut into ceil(N / batch) steps, the last one
// short, and each step into micro-batches. What is drawn for a picture depends on (seed, epoch,
// index) alone, so the number of threads and the step at which a run was resumed change nothing.
//
// With skip_bad a picture is left out for what its file is: missing, not permitted, not a regular
// file, damaged, of a format that is not read, larger than max_pixels. Failures of the machine (no
// memory, too many open files, a disk error: err_of_machine) end the run with or without skip_bad:
// what is trained on must not depend on them. So does an epoch of which nothing can be read.
//
// A step is shorter by the pictures that were left out of it. In training, a step of which nothing
// is left is handed out too, with n = 0 and last set, so that steps keep their numbers. With
// skip_bad the crops of a whole step are held at a time; a caller that has no use for steps sets
// batch to the size of a micro-batch.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "data/image/augment.h"
#include "data/image/transform.h"
#include "data/set/dataset.h"
#include "tensor/base/err.h"

typedef struct {
    const char *root;
    const SampleSet *set;      // both must outlive the loader
    Transform transform;
    Augment augment;
    int batch, micro;          // pictures per step and per micro-batch; micro 0: the whole step
    int workers;               // threads; 0: loader_next reads by itself
    bool training;             // shuffled epochs in which every step is handed out; else the set's
                               // own order
    uint64_t seed;
    int64_t epochs;            // 0: one
    int64_t epoch, step;       // where to begin, for a resumed run; step within the epoch
    int64_t max_pixels;        // of a picture that is read; 0: IMAGE_MAX_PIXELS
    bool skip_bad;             // leave out what cannot be read, and list it; else it ends the run
    uint8_t *left_out;         // (N) set to 1 for pictures left out; those already 1 are not listed
                               // again, so that loaders may share it. NULL: the loader's own
} LoaderOptions;

typedef struct {               // the loader's memory, valid until the next call
    const float *pixels;       // (n,3,S,S)
    const int32_t *label, *domain;   // (n)
    const int32_t *index;      // (n) places in the set
    int n;
    int step_n;                // pictures of the whole step
    int64_t epoch, step;       // the step within the epoch
    bool last;                 // of the step's micro-batches
    bool epoch_end;            // and of the epoch's
} Batch;

typedef struct { int32_t index; const char *message; } LoaderBad;
typedef struct Loader Loader;

Status loader_open(Loader **loader, const LoaderOptions *options);    // on failure *loader is NULL
Status loader_next(Loader *loader, Batch *batch);
void loader_close(Loader *loader);                     // at any time; accepts NULL

int64_t loader_steps(const LoaderOptions *options);    // of an epoch
int64_t loader_bad(const Loader *loader, const LoaderBad **bad);      // how many were left out

// One picture as the loader makes it, to show what training sees. crop: (S,S,3).
Status loader_picture(const LoaderOptions *options, int64_t epoch, int32_t index, uint8_t *crop);
// The same for a decoded picture, which is changed. Uses `transform`, `augment` and `seed` alone.
Status loader_shape(const LoaderOptions *options, Image *image, int64_t epoch, int32_t index,
                    uint8_t *crop);

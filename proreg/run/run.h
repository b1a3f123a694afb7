// run.h - the folder that a training run leaves behind.
//
//     config.json     every option with its value, and what the run depended on: as it began, or as
//                     it was resumed with a new --skip-bad or a larger --max-pixels
//     log.jsonl       a line a step
//     samples.jsonl   a line a training picture, as of its last visit
//     results.jsonl   a line an evaluation and domain
//     last/, best/    checkpoints; step-N/ where --keep asks for them
//
// A checkpoint is a Hugging Face folder of the whole model (the tuned image tower, the pretrained
// text tower, tokenizer), with
//
//     classifier.safetensors   what the student compares image features with
//     classes.txt              class names in label order
//     optimizer.safetensors    both moments of all that is trained
//     state.json               how far the run was
//
// so it goes on to the same bits and can be used alone. It appears whole under its name: after a
// kill at any moment there is the old one or the new one.
#pragma once
#include "clip/bpe/bpe.h"
#include "proreg/proreg.h"
#include "tensor/base/file.h"
#include "tensor/base/json.h"

typedef struct {
    int64_t step;              // updates done
    int64_t epoch, epoch_step; // where the next step's pictures come from
    double best_top1;          // of the evaluations so far; below 0: none
    int64_t best_step;
} RunState;

typedef struct {
    const Student *student;
    const Clip *pretrained;    // its text tower
    const Bpe *bpe;
    const char *const *class_name;
    RunState state;
} Checkpoint;

// May a run begin (or go on) in `folder`? Looked at before anything is loaded.
Status run_check(const char *folder, bool resume, bool overwrite);

// Makes the folder, with config.json; an old run in it is removed first.
Status run_begin(const char *folder, JsonOut *config);
Status run_save_config(const char *folder, JsonOut *config);      // in the place of the old one

// Appends lines to log.jsonl or results.jsonl, with an end to the last; clears them.
Status run_append(const char *folder, const char *file, JsonOut *lines);

// A line of log.jsonl.
typedef struct {
    int64_t step, epoch, pictures;
    double lr, head_lr, grad_norm, seconds;
    double loss, ce, kd, w;    // sums over the step's pictures
} LogLine;
Status run_log(const char *folder, const LogLine *line);

// Cuts log.jsonl and results.jsonl back to what a run of `step` updates has written, and removes
// what a kill left half-written.
Status run_rewind(const char *folder, int64_t step);

Status run_save(const char *folder, const char *name, const Checkpoint *c);   // name: "last", ..
Status run_forget(const char *folder, int64_t keep);   // of the step-N, the newest `keep` stay
Status run_method(const Method **method, const char *folder);     // of its config.json
Status run_load_state(RunState *state, const char *checkpoint);
Status run_load_classes(Arena *arena, const char ***name, int *n, const char *checkpoint);
Status run_checkpoint(char path[FILE_PATH], const char *folder, const char *name);
                               // path of a checkpoint that is there

// The training pictures, by place in the training set. w < 0: not visited.
typedef struct { double w, p_s, p_t; } SampleRow;
typedef struct { const char *path, *label; } SampleName;
Status run_save_samples(const char *folder, const SampleRow *row, const SampleName *name,
                        int64_t n);
Status run_load_samples(const char *folder, SampleRow *row, const SampleName *name, int64_t n);

// SHA-256 of a file, as hex.
Status run_hash(char hex[65], const char *path);

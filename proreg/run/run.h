// run.h - the folder that a training run leaves behind.
//
//     config.json     every option with its value, and what the run depended on: as of its
//                     beginning, or of a --resume with more --epochs, another --max-steps, a new
//                     --skip-bad or a larger --max-pixels
//     log.jsonl       one line per step (this and the next three: records.h)
//     samples.jsonl   one line per training picture, as of its last visit
//     results.jsonl   one line per evaluation and domain
//     predictions.jsonl   one line per picture of the last evaluation
//     report.html     the page about it (run_page.h)
//     last/, best/    checkpoints; step-N/ if --keep asks for them. `best` only if there are
//                     pictures to choose it on, else `last` is the answer
//
// A checkpoint is a Hugging Face folder of the whole model (the tuned image tower, the pretrained
// text tower, the tokenizer), with
//
//     classifier.safetensors   what the student compares image features with
//     classes.txt              class names in label order, one per line
//     classifier.json          its method, step, prompts (these three: tuned.h)
//     optimizer.safetensors    both moments of everything that is trained
//     state.json               how far the run was; checksums of all of these (sums.h)
//
// so a run can be resumed from it to the same bits, and the model can be used alone. A checkpoint
// appears whole under its name: after a kill at any moment the old one or the new one is there.
#pragma once
#include "clip/bpe/bpe.h"
#include "proreg/proreg.h"
#include "tensor/base/file.h"
#include "tensor/base/json.h"

// ---- writing ------------------------------------------------------------------------------------

typedef struct {
    int64_t step;              // updates done
    int64_t epoch, epoch_step; // where the next step's pictures come from
    double best_top1;          // on validation pictures, so far; below 0: there are none
    int64_t best_step;
} RunState;

typedef struct {
    const Student *student;
    const Clip *pretrained;    // its text tower
    const Bpe *bpe;
    const char *const *class_name, *const *prompt;     // (classes)
    const char *const *template;                       // (templates) of the prompts
    int templates;
    RunState state;
    bool mixed;                                        // by `wise`: this share of tuned weights
    double share;
} Checkpoint;

// The first name in `folder` that a run's files have; NULL: none.
Status run_holds(const char **name, const char *folder);
bool run_owns(const char *name);               // is it one of those names?
bool run_owns_folder(const char *name);        // a checkpoint's?

// May a run go on there, or be replaced? ERR_IO names what is not of last, best or (steps) step-N:
// of those from `from` on, which may be written, that each is a checkpoint.
Status run_spare(const char *folder, bool steps, int64_t from);

// Makes the folder, with config.json, and removes an old run in it. The new config.json lies there
// before anything is removed, as config.json.proreg-next: a run that finds this one (run_take_over,
// called before a run is resumed) removes what is left of the old run and goes on from there. So a
// kill leaves the old run whole, or the new one at its beginning. Both free *config.
Status run_begin(const char *folder, JsonOut *config);
Status run_save_config(const char *folder, JsonOut *config);      // replaces the old one

Status run_take_over(const char *folder);

// Cuts log.jsonl and results.jsonl back to what a run of `step` updates has written, and removes
// what a kill left half-written.
Status run_rewind(const char *folder, int64_t step);

Status run_save(const char *folder, const char *name, const Checkpoint *c);   // name: "last", ..
// The same to use alone: a model with its classifier, without what training goes on from.
Status run_save_model(const char *folder, const Checkpoint *c);
Status run_forget(const char *folder, int64_t keep);   // removes all step-N but the newest `keep`:
                                   // checkpoints that hold nothing else, nor are others counted

// ---- reading ------------------------------------------------------------------------------------

// A run's checkpoint, to ask it: what must be known to open its student.
typedef struct {
    char path[FILE_PATH];      // of the checkpoint
    const Method *method;
    RunState state;
    const char **class_name;   // (classes), in the arena
    const char **prompt;       // (classes) what prompts call them; NULL: not known
    const char **template;     // (templates)
    int classes, templates;
    bool mixed;                // by `wise`, not a run's own: this share of tuned weights
    double share;
} RunCheckpoint;
// ERR_FORMAT also where config.json has been changed since (sums_check_config).
Status run_open(RunCheckpoint *c, Arena *arena, const char *folder, const char *name);

// The parts of it. ERR_IO: there is no such checkpoint; ERR_FORMAT: a file of it is damaged.
Status run_checkpoint(char path[FILE_PATH], const char *folder, const char *name);
Status run_recover(char path[FILE_PATH], const char *folder, const char *name);   // need not be
Status run_method(const Method **method, const char *folder);     // of config.json
Status run_load_state(RunState *state, const char *checkpoint);

// SHA-256 of a file, as hex.
Status run_hash(char hex[65], const char *path);

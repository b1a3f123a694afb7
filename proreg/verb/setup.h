// setup.h - what the verbs share: from options to a machine, a model, pictures, a method.
//
// The files of this folder alone know both pictures and models. A verb is a function of the options
// that prints its result to stdout (print.h) and returns how it went; train.c tells errors.
#pragma once
#include "clip/bpe/bpe.h"
#include "data/set/loader.h"
#include "nn/optim.h"
#include "proreg/proreg.h"
#include "proreg/run/options.h"
#include "proreg/run/progress.h"
#include "proreg/run/recipe.h"

// A line on stderr, unless --quiet.
void say(const Options *o, const char *format, ...) ERR_PRINTF(2, 3);

// ---- machine and models (setup.c) ---------------------------------------------------------------

// Threads and instruction set, by flag, environment, or all there is.
Status setup_machine(Options *o, const Backend **be);

// The model at `path` with these towers, frozen; and its tokenizer, NULL if `need` is false and
// there is none.
Status setup_model(Clip *c, const Options *o, const Backend *be, const char *path,
                   ClipTowers towers);
Status setup_bpe(Bpe **bpe, const Options *o, const Clip *c, bool need);

// --templates into o->template; each must hold {}.
Status setup_templates(Options *o);

// eval, predict and encode take --model or --run, exactly one of them.
Status setup_model_or_run(const Options *o);

// ---- output (setup_output.c) --------------------------------------------------------------------

// A file that will be written: refused before the work is done if its folder is not writable.
Status setup_output(const char *path);
bool ends_with(const char *path, const char *suffix);      // and is longer than it

// --out of a verb that writes a folder as a whole. --overwrite replaces an old one only if it is
// empty or holds names[0] and nothing but these n names: a mistaken --out must not cost anybody's
// files.
Status setup_folder(const Options *o, const char *const *names, int n);

// ---- pictures (setup_pictures.c) ----------------------------------------------------------------

// The pictures of these sides (dataset.h). known (n): a run's class names, or NULL.
Status setup_dataset_options(DatasetOptions *d, Options *o, int sides);
Status setup_dataset(Dataset *d, Options *o, int sides, const char *const *known, int n);
Status setup_names(const Dataset *d, Arena *arena, const char ***names, const char ***prompts);
LoaderOptions setup_loader(const Options *o, const Dataset *d, const SampleSet *set,
                           const ClipConfig *config);

// What is done to training pictures: randaug, or not, and what --random-crop and --flip say.
Augment setup_augment(const Options *o, bool randaug);

// Of a loader over these pictures; where one cannot be read, the message names --skip-bad.
Status next_batch(Loader *loader, const LoaderOptions *options, Batch *batch);

// With --skip-bad: marks for the pictures of a set (LoaderOptions.left_out), else NULL; what a
// loader has left out since *told; and how many of the set in all, at the end.
Status setup_left_out(uint8_t **left_out, Options *o, const SampleSet *set);
void tell_left_out(Progress *p, const Loader *loader, int64_t *told);
void count_left_out(const Options *o, const uint8_t *left_out, const SampleSet *set,
                    const char *what);

// ---- method (setup.c) ---------------------------------------------------------------------------

// Method, loss and optimizer, with the checks of flags that do not go together.
Status setup_method(Options *o, const Method **method, LossConfig *loss);
Optim setup_optim(const Options *o);
Schedule setup_schedule(const Options *o);

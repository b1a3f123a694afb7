// setup.h - what the verbs share: from options to a machine, a model, pictures, a method.
//
// Only the files of this folder know both pictures and models. A verb is a function of the options
// that prints its result to stdout (print.h) and returns a Status; main prints errors.
#pragma once
#include "clip/bpe/bpe.h"
#include "data/set/captions.h"
#include "data/set/loader.h"
#include "nn/optim.h"
#include "proreg/proreg.h"
#include "proreg/run/options.h"
#include "proreg/run/progress.h"
#include "proreg/run/recipe_apply.h"
#include "proreg/run/run.h"
#include "proreg/run/tuned.h"

// Prints one line on stderr, unless --quiet.
void say(const Options *o, const char *format, ...) ERR_PRINTF(2, 3);
void say_idle(const Options *o);         // one line per flag that was given and does nothing

// ---- machine and models (setup.c) ---------------------------------------------------------------

// Opens the device with the threads and instruction set of the flags, else of the environment, else
// all that the machine has.
Status setup_machine(Options *o, const Backend **be);

// What the flags say about a model whose files do not say it themselves. What is pointed to is o's.
TransformGiven setup_pixels(const Options *o);
ClipOptions setup_clip(const Options *o, ClipTowers towers);

// Fails if `path`, given as a model, is the folder of a run.
Status setup_no_run(const Options *o, const char *path);

// A note where mean and deviation seem to be of other units than the pictures. `what`: who says it.
void setup_say_pixels(const Options *o, const char *what, const Transform *t);

// That, and a note where the number of heads is a guess.
void setup_say_model(const Options *o, const Clip *c);

// The model at `path` with these towers, frozen. Its tokenizer; *bpe is NULL if it has none and
// `need` is false.
Status setup_model(Clip *c, const Options *o, const Backend *be, const char *path,
                   ClipTowers towers);
Status setup_bpe(Bpe **bpe, const Options *o, const Clip *c, bool need);

// Reads --templates into o->template; each must contain {}.
Status setup_templates(Options *o);

// Fails unless exactly one of --model and --run is given (eval, predict, encode).
Status setup_model_or_run(Options *o);

// Are its files as they were written (sums.h)? A note says of old ones that nobody knows.
Status setup_checkpoint(const Options *o, const char *checkpoint, bool training);

// Opens the checkpoint of --run, and takes from its config.json the options that no flag has set.
Status setup_run(RunCheckpoint *run, Options *o);

// ---- what answers (setup_tuned.c) ---------------------------------------------------------------

// --run RUN/last becomes --run RUN --checkpoint last; of a model that is no run, an error says so.
Status setup_run_folder(Options *o);

// Does --prompts (of zeroshot: no --classifier) ask for prompts, whatever classifier is there?
bool setup_asks_prompts(const Options *o);

// Is there a classifier beside --model that is to answer or to begin from? Opens it into *c,
// refuses the flags that it makes void, and says that it is used; or that it is not. With --run
// (but for wise) *found is false: only these flags are refused.
Status setup_tuned(bool *found, RunCheckpoint *c, Options *o);

// ---- output (setup_output.c) --------------------------------------------------------------------

// What a file begins with that such an output may replace; any other is somebody else's.
typedef enum { OUTPUT_NPY, OUTPUT_VECTORS, OUTPUT_PPM, OUTPUT_PREDICTIONS, OUTPUT_MERGES,
               OUTPUT_NAMES } OutputKind;               // NAMES: encode judges them itself
#define PREDICTIONS_HEAD "path,domain,label,predicted,p_label,p_predicted\n"

// Checks, before any work is done, that this file can be written, that it is no input and no file
// of the model or the run, and that what it would replace is empty or of the same kind.
Status setup_output(const Options *o, const char *path, OutputKind kind);
bool ends_with(const char *path, const char *suffix);      // false if equal

// ---- pictures (setup_pictures.c) ----------------------------------------------------------------

// The pictures of these sides (dataset.h), with notes on stderr. known (n): a run's class names, or
// NULL. setup_names: names and prompts of the classes (K), from the arena.
Status setup_dataset_options(DatasetOptions *d, Options *o, int sides);
Status setup_dataset(Dataset *d, Options *o, int sides, const char *const *known, int n);
Status setup_names(const Dataset *d, Arena *arena, const char ***names, const char ***prompts);
// The pictures that are evaluated and also trained on, without those that were left out (or NULL):
// their number; says so, if there are any.
int64_t count_trained_on(const Dataset *d, const uint8_t *left_out);
void tell_trained_on(const Options *o, const Dataset *d, const uint8_t *left_out);
// The files that the run of --run, or of a checkpoint as --model, was trained on (setup_trained.c):
// those of its samples.jsonl, found below its --data or ours. Says which are not found any more.
Status setup_seen(DatasetOptions *d, Options *o);
// Where a list or a table lies: below the current folder, else below --data. setup_find_lists does
// so for each of "a.txt,b.txt".
Status setup_find_file(char path[FILE_PATH], const Options *o, const char *name);
Status setup_find_lists(Options *o, const char **lists);

// How a table of captions is read; which of its pictures are trained on (prefix), and whether
// --data has others to evaluate on.
Status setup_captions(CaptionOptions *c, Options *o);
Status setup_caption_splits(const char **prefix, bool *evaluates, Options *o);

LoaderOptions setup_loader(const Options *o, const Dataset *d, const SampleSet *set,
                           const ClipConfig *config);

// Augmentation of training pictures: randaug or not, with --random-crop and --flip.
Augment setup_augment(const Options *o, bool randaug);

// loader_next; if a picture cannot be read, the message mentions --skip-bad.
Status next_batch(Loader *loader, const LoaderOptions *options, Batch *batch);

// With --skip-bad. setup_left_out: flags for the pictures of a set (LoaderOptions.left_out), NULL
// without it. tell_left_out: names those that the loader has left out since *told. count_left_out:
// says at the end how many of the set were left out; `what` they are, for the message.
Status setup_left_out(uint8_t **left_out, Options *o, const SampleSet *set);
void tell_left_out(Progress *p, const Loader *loader, int64_t *told);
void count_left_out(const Options *o, const uint8_t *left_out, const SampleSet *set,
                    const char *what);

// ---- method (setup.c) ---------------------------------------------------------------------------

// Method, loss and optimizer; fails on flags that contradict each other.
Status setup_method(Options *o, const Method **method, LossConfig *loss);
Optim setup_optim(const Options *o);

// cmd.h - the verbs, and what they share: from options to a machine, a model, pictures, answers.
//
// These files alone know both pictures and models. A verb is a function of the options that prints
// its result to stdout and returns how it went; train.c tells errors.
#pragma once
#include "data/loader.h"
#include "nn/optim.h"
#include "proreg/eval.h"
#include "proreg/options.h"
#include "proreg/progress.h"
#include "proreg/recipe.h"
#include "proreg/run.h"
#include "proreg/wise.h"

Status cmd_eval(Options *o);
Status cmd_zeroshot(Options *o);
Status cmd_wise(Options *o);
Status demo(Options *o, Status (*train)(Options *o));      // train: the verb of that name
Status cmd_predict(Options *o);
Status cmd_encode(Options *o);
Status cmd_tokenize(Options *o);
Status cmd_info(Options *o);
Status cmd_export(Options *o);
Status cmd_check(Options *o);
Status cmd_decode(Options *o);
Status cmd_preprocess(Options *o);
Status cmd_augment(Options *o);
Status cmd_world(Options *o);
Status cmd_pretrain(Options *o);

// A line on stderr, unless --quiet.
void say(const Options *o, const char *format, ...) ERR_PRINTF(2, 3);

// ---- from options to things ---------------------------------------------------------------------

// Threads and instruction set, by flag, environment, or all there is.
Status setup_machine(Options *o, const Backend **be);

// The model at `path` with these towers, frozen; and its tokenizer, NULL if `need` is false and
// there is none.
Status setup_model(Clip *c, const Options *o, const Backend *be, const char *path,
                   ClipTowers towers);
Status setup_bpe(Bpe **bpe, const Options *o, const Clip *c, bool need);

// --templates into o->template; each must hold {}.
Status setup_templates(Options *o);

// A file that will be written: refused before the work is done if its folder is not writable.
Status setup_output(const char *path);
bool ends_with(const char *path, const char *suffix);

// --out of a verb that makes a folder whole. --overwrite replaces an old one only if it is empty or
// holds names[0] and nothing but these n names: a mistaken --out must cost nobody's files.
Status setup_folder(const Options *o, const char *const *names, int n);

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

// With --skip-bad: marks for a set's pictures (LoaderOptions.left_out), else NULL; what a loader
// has left out since *told; and how many of the set in all, at the end.
Status setup_left_out(uint8_t **left_out, Options *o, const SampleSet *set);
void tell_left_out(Progress *p, const Loader *loader, int64_t *told);
void count_left_out(const Options *o, const uint8_t *left_out, const SampleSet *set,
                    const char *what);

// Method, loss and optimizer, with the checks of flags that do not go together.
Status setup_method(Options *o, const Method **method, LossConfig *loss);
Optim setup_optim(const Options *o);
Schedule setup_schedule(const Options *o);

// ---- whatever gives logits ----------------------------------------------------------------------

// eval, predict and encode take --model or --run, exactly one of them.
Status setup_model_or_run(const Options *o);

// Zero-shot from prompts, or the student of a run.
typedef struct {
    const Backend *be;
    const ClipConfig *config;
    Clip clip;                 // zero-shot
    Bpe *bpe;
    Teacher teacher;
    Student student;           // of a run
    bool tuned;
    Tape tape, class_tape;
    Tensor *classes;
    int64_t n;                 // classes
} Classifier;

Status classifier_zeroshot(Classifier *c, Options *o, const Backend *be,
                           const char *const *prompts, int n);
Status classifier_student(Classifier *c, const Options *o, const Backend *be, const char *run,
                          const char *checkpoint, int n);
void classifier_free(Classifier *c);

// The line from the zero-shot model, o->model asked by these prompts, to the open student of a run;
// then the classifier somewhere on it. wise_free(w) before classifier_free(c).
Status classifier_wise(Wise *w, Classifier *c, Options *o, const Backend *be,
                       const char *const *prompts, int n);
Status classifier_mix(Classifier *c, Wise *w, double alpha);

// (n,K) of pixels (n,3,S,S); `classifier` is a Classifier.
Status classifier_logits(void *classifier, float *logits, const float *pixels, int64_t n);

// ---- evaluation ---------------------------------------------------------------------------------

typedef Status LogitsFn(void *model, float *logits, const float *pixels, int64_t n);

// Counts the whole set into *e, which is begun here. keep: (N,K) for all logits in the set's order,
// or NULL; rows of pictures that are left out are not written.
Status evaluate(Eval *e, const Dataset *d, const char *const *names, LoaderOptions *loader,
                LogitsFn *fn, void *model, float *keep, bool quiet);
// eval and zeroshot: from an open classifier to files and the result on stdout.
Status evaluate_and_print(Options *o, Classifier *c, const Dataset *d, int64_t step);
void print_eval(const Eval *e, const char *split);     // a table on stdout
void print_lines(const JsonOut *lines);                // JSON lines on stdout

// ---- what a run writes down about itself (cmd_config.c) -----------------------------------------

#define PROREG_VERSION "0.1"

typedef struct {
    const Options *options;
    const Recipe *recipe;
    const Counting *counting;
    const Dataset *data;
    const Clip *model;
    const Params *params;      // of the student
    const Backend *be;
    char data_hash[65];
} RunFacts;

Status config_write(JsonOut *out, const RunFacts *f);
// A run goes on only with the weights and pictures that it began with.
Status config_same(const RunFacts *f, const char *path);

// ---- report.html of a run (cmd_report.c) --------------------------------------------------------

Status report_write(const char *run);
void run_report(const Options *o);     // of o->out; a failure is told and changes nothing else

// ---- train --plan (cmd_plan.c) ------------------------------------------------------------------

typedef struct {
    int64_t pictures, kept;                    // kept: seen by a frozen tower once, at first
    int64_t eval_pictures, steps, evaluations;
    double step_seconds, eval_seconds;         // a picture; eval: one forward pass
    int64_t memory_bytes, checkpoint_bytes;
} Plan;

void print_plan(const Plan *p, bool json);

// records.h - the files of JSON lines in a run's folder (run.h): for each kind of line one struct,
// its writer and its reader.
//
//     TRY(log_append("run", &record));                 // training
//     TRY(samples_save("run", sample, n));
//     TRY(results_append("run", &score, step));
//
//     RunFiles r;                                      // pages
//     TRY(run_files_open(&r, "run"));
//     for (int i = 0; i < r.evals; i++) use(r.eval[i].domain, r.eval[i].top1);
//     run_files_close(&r);
//
// Pages show the numbers of these files and no others.
#pragma once
#include "proreg/run/score.h"
#include "tensor/base/arena.h"
#include "tensor/base/json.h"

// log.jsonl: one line per step. Losses and w are means over the step's pictures (LossRow).
// logit_scale is the logarithm, as the step used it; read as NaN from logs that lack it.
typedef struct {
    int64_t step, epoch;
    double lr, head_lr, loss, ce, kd, w, grad_norm, logit_scale, images_per_s, seconds;
} LogRecord;
Status log_append(const char *folder, const LogRecord *record);

// samples.jsonl: one line per training picture, in the order of the training set, as of its last
// visit. w < 0: not visited yet; such a picture has no line.
typedef struct { const char *path, *label; double w, p_s, p_t; } SampleRecord;
Status samples_save(const char *folder, const SampleRecord *sample, int64_t n);
// Fills in w, p_s and p_t of the pictures (n) whose paths are given. Without a file: does nothing.
Status samples_load(const char *folder, SampleRecord *sample, int64_t n);
// The paths alone, in the arena. *path NULL: there is no file.
Status samples_paths(const char ***path, int64_t *n, Arena *arena, const char *folder);

// predictions.jsonl: one line per picture of the last evaluation, after `step` updates, in the
// order of the set; p_label and p_predicted: the probabilities of the label and of the class it is
// taken for. path NULL: not read (--skip-bad); such a picture has no line.
typedef struct {
    int64_t step;
    const char *path, *split, *domain, *label, *predicted;
    double p_label, p_predicted;
} PredictionRecord;
Status predictions_save(const char *folder, int64_t step, const PredictionRecord *p, int64_t n);

// results.jsonl: one line per evaluation, split and domain; of a split with several domains a last
// one for "all". note: "trained on these pictures", "selected on test"; "": nothing to know.
typedef struct {
    int64_t step, n, correct;
    const char *split, *domain, *note;
    double top1, mean_class;
    const char **class_name;       // (classes)
    Cell *cell;                    // (classes)
    int classes;
} ResultRecord;
void results_lines(JsonOut *out, const Score *s, int64_t step);
// The members from `split` to `mean_class` of such a line, into the object that is open in *out.
void results_members(JsonOut *out, const Score *s, const ScoreLine *line);
Status results_append(const char *folder, const Score *s, int64_t step);

// Cuts log.jsonl and results.jsonl back to what a run of `step` updates has written, torn lines
// included.
Status records_rewind(const char *folder, int64_t step);

// Appends lines to a file of the folder, with a line end behind the last; frees them.
Status records_append(const char *folder, const char *name, JsonOut *lines);

// ---- all files of a run -------------------------------------------------------------------------

typedef struct {
    Arena arena;                   // holds everything below
    const Json *config;            // of config.json
    LogRecord *log;                // (logs)
    ResultRecord *eval;            // (evals)
    SampleRecord *sample;          // (samples)
    PredictionRecord *prediction;  // (predictions); of runs of older programs: none
    int64_t logs, evals, samples, predictions;
} RunFiles;

Status run_files_open(RunFiles *r, const char *folder);   // on failure *r is empty
void run_files_close(RunFiles *r);

// The lines of the evaluation at a step: how many, the first in *first. step -1: the last one.
int run_files_at(const RunFiles *r, int64_t step, int *first);

// How many of these `n` lines from `first` on are of the split that the first is of.
int run_files_split(const RunFiles *r, int first, int n);

// Values of config.json; "" and NAN where there is none.
const char *run_files_text(const RunFiles *r, const char *key);
double run_files_number(const RunFiles *r, const char *key);

// Did the run train on this domain? Without domains there is one, and it did.
bool run_files_trained_on(const RunFiles *r, const char *domain);
// Mean top1 over the domains trained on (ood false) or over the others, of `n` lines; NAN: none.
double run_files_mean(const RunFiles *r, const ResultRecord *line, int n, bool ood);

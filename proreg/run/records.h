// records.h - what a run's folder tells, read back as numbers: the source of every page about it.
//
//     RunFiles r;
//     TRY(run_files_open(&r, "run"));
//     for (int i = 0; i < r.evals; i++) use(r.eval[i].domain, r.eval[i].top1);
//     run_files_close(&r);
//
// Pages show these numbers and no others, so that they equal the files (run.h).
#pragma once
#include "proreg/run/score.h"
#include "tensor/base/arena.h"
#include "tensor/base/json.h"

typedef struct { double step, loss, ce, kd, w, lr; } LogPoint;

typedef struct {
    int64_t step, n, correct;
    const char *split, *domain;
    double top1, mean_class;
    const char **class_name;       // (classes)
    Cell *cell;                    // (classes)
    int classes;
} EvalLine;

typedef struct { const char *path, *label; double w, p_s, p_t; } SampleLine;

typedef struct {
    Arena arena;                   // of all that follows
    const Json *config;
    LogPoint *log;                 // a step each
    EvalLine *eval;                // an evaluation and domain each
    SampleLine *sample;            // a training picture each
    int64_t logs, samples;
    int evals;
} RunFiles;

Status run_files_open(RunFiles *r, const char *folder);   // on failure *r is empty
void run_files_close(RunFiles *r);

// The lines of the evaluation at a step: how many, from *first on. step -1: the last one.
int run_files_at(const RunFiles *r, int64_t step, int *first);

// config.json: "" and NAN where there is none.
const char *run_files_text(const RunFiles *r, const char *key);
double run_files_number(const RunFiles *r, const char *key);

// Did the run train on this domain? Without domains there is one, and it did.
bool run_files_trained_on(const RunFiles *r, const char *domain);
// Mean top1 over the domains trained on (ood false) or over the others, of `n` lines; NAN: none.
double run_files_mean(const RunFiles *r, const EvalLine *line, int n, bool ood);

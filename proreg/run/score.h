// score.h - accuracy: counted per domain and class, told as lines of results.jsonl.
//
//     Eval e;
//     TRY(eval_init(&e, class_name, K, domain_name, D));
//     eval_add(&e, domain, label, eval_argmax(logits, K));       // for each picture
//     eval_lines(&e, &out, step, "test");                        // {"step": 80, "split": "test",
// ..
//     eval_free(&e);
//
// Knows no pictures and no model: names, labels and predictions are all it sees.
#pragma once
#include "tensor/base/json.h"

typedef struct { int64_t n, correct; } Cell;           // so many of so many

typedef struct {
    const char *const *class_name;         // (K); the caller's, as long as this lives
    const char *const *domain_name;        // (D); one called "" where there are none
    int classes, domains;
    int64_t *n, *correct;                  // (D,K)
} Eval;

Status eval_init(Eval *e, const char *const *class_name, int classes,
                 const char *const *domain_name, int domains);
void eval_free(Eval *e);
void eval_add(Eval *e, int32_t domain, int32_t label, int32_t predicted);

typedef struct { int64_t n, correct; double top1, mean_class; } EvalRow;
enum { EVAL_ALL = -1 };                    // all domains, pooled over pictures
EvalRow eval_row(const Eval *e, int domain);           // mean_class: over the classes that occur
EvalRow eval_class(const Eval *e, int domain, int label);
int eval_domains(const Eval *e);                       // how many hold pictures

// A line for each domain that holds pictures; with several of them a last line "all".
void eval_lines(const Eval *e, JsonOut *out, int64_t step, const char *split);

// The members from `split` to `mean_class` of such a line, into an object that is open.
void eval_members(const Eval *e, JsonOut *out, const char *split, int domain);

int eval_argmax(const float *z, int64_t n);            // the first of the greatest
double eval_softmax(const float *z, int64_t n, int64_t i);      // softmax(z)_i, in double

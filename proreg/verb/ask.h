// ask.h - whatever gives logits, asked about pictures and counted.
#pragma once
#include "proreg/run/run.h"
#include "proreg/run/score.h"
#include "proreg/verb/setup.h"
#include "proreg/wise.h"

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
Status evaluate(Score *e, const Dataset *d, const char *const *names, LoaderOptions *loader,
                LogitsFn *fn, void *model, float *keep, bool quiet);
void print_eval(const Score *e, const char *split);     // a table on stdout
void print_lines(const JsonOut *lines);                // JSON lines on stdout

// ask.h - classifiers that are ready to answer, and their evaluation on a data set.
//
//     Classifier c;
//     TRY(classifier_zeroshot(&c, &options, be, prompts, K));
//     Predictor p = classifier_predictor(&c);
//     TRY(evaluate(&score, &data, names, &loader, &p, NULL, false));
//     classifier_free(&c);
#pragma once
#include "proreg/run/records.h"
#include "proreg/run/score.h"
#include "proreg/verb/setup.h"
#include "proreg/wise.h"

// A zero-shot model with its prompts, or the student of a run.
typedef struct {
    const Backend *be;
    const ClipConfig *config;
    Clip clip;                 // zero-shot: clip, bpe, teacher
    Bpe *bpe;
    Teacher teacher;
    Student student;           // of a run, if tuned: student, classes
    bool tuned;
    Tape tape, class_tape;     // of the pictures; of the class vectors
    Tensor *classes;           // (n,E) on class_tape
    int64_t n;                 // number of classes
} Classifier;

Status classifier_zeroshot(Classifier *c, Options *o, const Backend *be,
                           const char *const *prompts, int n);
Status classifier_student(Classifier *c, const Backend *be, const RunCheckpoint *run,
                          const Options *o);
void classifier_free(Classifier *c);

// WiSE-FT: the line from the zero-shot model (o->model with these prompts) to the student of a run,
// which *c holds; classifier_mix moves the classifier to a point of it, alpha of 0 to 1.
// wise_free(w) before classifier_free(c).
Status classifier_wise(Wise *w, Classifier *c, Options *o, const Backend *be,
                       const char *const *prompts, int n);
Status classifier_mix(Classifier *c, Wise *w, double alpha);

// ---- evaluation ---------------------------------------------------------------------------------

// What gives logits: a student with its class vectors, or else a teacher. All are borrowed.
typedef struct {
    Tape *tape;
    Student *student;
    Tensor *classes;           // of the student, on another tape; NULL: a head without them
    Teacher *teacher;
    PredictionRecord *record;  // (N) what evaluate() finds, by picture; paths of what it does not
                               // read stay as they are. NULL: not asked for
} Predictor;

Predictor classifier_predictor(Classifier *c);         // valid while the classifier stays in place
// logits (n,K) on the host, of pixels (n,3,S,S)
Status predict_logits(const Predictor *p, float *logits, const float *pixels, int64_t n);

// Evaluates the loader's whole set into *e, which is initialized here and freed by the caller. keep
// (N,K): receives all logits, in the order of the set, or NULL; rows of pictures that are left out
// are not written.
Status evaluate(Score *e, const Dataset *d, const char *const *names, LoaderOptions *loader,
                const Predictor *p, float *keep, bool quiet);

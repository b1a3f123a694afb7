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

// ---- evaluation ---------------------------------------------------------------------------------

// Whoever gives logits: a student with its class vectors, or else a teacher. All are borrowed.
typedef struct {
    Tape *tape;
    Student *student;
    Tensor *classes;           // of the student, on another tape; NULL: a head without them
    Teacher *teacher;
} Predictor;

Predictor classifier_predictor(Classifier *c);         // valid while the classifier stays in place
// logits (n,K) on the host, of pixels (n,3,S,S)
Status predict_logits(const Predictor *p, float *logits, const float *pixels, int64_t n);

// Counts the whole set into *e, which is begun here. keep: (N,K) for all logits in the set's order,
// or NULL; rows of pictures that are left out are not written.
Status evaluate(Score *e, const Dataset *d, const char *const *names, LoaderOptions *loader,
                const Predictor *p, float *keep, bool quiet);

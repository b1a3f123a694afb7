// training.h - a training run around its steps: what is asked, what is opened, whose folder it is,
// what is saved. The steps themselves stand in train.c.
//
//     Training r;
//     TRY(training_open(&r, &options, &student, &teacher));      // reads; writes nothing
//     TRY(training_identify(&r, &student));      // is this the run that config.json tells of?
//     if (options.resume) TRY(training_continue(&r));
//     else TRY(training_begin(&r));              // the folder appears here
//     ...
//     TRY(training_save(&r, &student, best));    // a checkpoint
//     training_close(&r);                        // whatever happened
#pragma once
#include "proreg/run/config.h"
#include "proreg/run/progress.h"
#include "proreg/run/records.h"
#include "proreg/run/run.h"
#include "proreg/run/score.h"
#include "proreg/verb/setup.h"

enum { TRAINING_TEXT = 400 };

typedef struct {
    Options *o;                            // what was asked
    const Recipe *recipe;
    const Method *method;
    LossConfig loss;
    Optim optim;
    Counting counting;                     // steps of the last schedule, of the whole run

    const Backend *be;                     // what is there
    Arena arena;
    Dataset data;
    const char **names, **prompts;         // (K) the classes
    bool tuned;                            // begins from the classifier beside --model: start
    RunCheckpoint start;
    Clip pretrained;                       // frozen: the model that --model names, theta_0
    Bpe *bpe;
    LoaderOptions loading;                 // of the training pictures
    uint8_t *eval_left_out;                // (N) of the pictures to evaluate on, or NULL
    bool *chosen_by;                       // (splits,domains) what `best` is chosen on
    int64_t chosen;                        // how many pictures these are
    const char *chosen_name;               // the same by name: "val", "val of ink, oil"
    const char *selection;                 // the same in words
    const char *note;                      // what results.jsonl says beside it; NULL: nothing

    RunState state;                        // how far the run is
    SampleRecord *samples;                 // (N) of the training pictures, as of their last visit
    PredictionRecord *predictions;         // (N) of the pictures to evaluate on, the last time
    RunFacts facts;
    int lock;                              // on the run's folder; < 0: not yet
    bool eased;                            // resumed with other flags than config.json holds
    bool scale_told;                       // that the logit scale has left its range
} Training;

// The student begins as the model asked by prompts, or as the classifier that training has left
// beside it (tuned.h); with --resume as the run's last checkpoint. On failure *student and *teacher
// are to be freed all the same.
Status training_open(Training *r, Options *o, Student *student, Teacher *teacher);
void training_close(Training *r);

Status training_identify(Training *r, const Student *student);
Status training_begin(Training *r);
Status training_continue(Training *r);
// Is this evaluation the best so far, on the pictures that `best` is chosen on? text tells of it.
bool training_choose(Training *r, const Score *e, char text[TRAINING_TEXT]);
void training_warn(const Training *r);                 // of how `best` is chosen, and on what
Status training_save(const Training *r, const Student *student, bool best);
// A signal came and the step is saved: writes a report that says so; ERR_STOPPED says how to go on.
Status training_stopped(const Training *r);

// ERR_DIVERGED: a number of this step is not finite; the message says which, and what to try.
Status training_finite(const Training *r, const LogRecord *line);
Status training_judge(const Training *r, Status status);   // the same of an evaluation's status
// After an update: clamps the student's scale (--clamp-scale), or notes once that it has left its
// range.
Status training_scale(Training *r, Clip *c, Progress *p);

double training_factor(const Training *r);             // of the next step's learning rates
int64_t training_last_step(const Training *r);         // --max-steps, or the end of the schedule
int64_t training_pictures_left(const Training *r);     // visits to pictures until then
bool training_augments(const Training *r);             // do a picture's pixels change?

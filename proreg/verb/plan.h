// plan.h - `train --plan`: how long a run will take and how much it needs.
//
// Measured are micro-batches of training with their decoding, each as a step of its own, without
// the first, which has memory to find; one update of the optimizer; and evaluation with its
// decoding: each for a second, and at least once. The first visit of a picture costs a forward pass
// of the frozen tower more where its answer is kept. Memory is the most that this took, as the
// system counts it: a run needs little else. The student is changed; nothing is written.
#pragma once
#include "proreg/verb/ask.h"
#include "proreg/verb/training.h"

typedef struct {
    Training *run;
    Student *student;
    Loader *loader;                            // of the training pictures, at its beginning
    Tape *tape;
    // Of one micro-batch that is a step of its own; *classes as student_classes gives them.
    Status (*gradient)(void *train, Batch *b, Tensor **classes);
    void *train;
} PlanOf;

Status plan(const PlanOf *of);                 // the result on stdout

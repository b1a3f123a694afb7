// plan.h - `train --plan`: how long a run will take and how much it needs.
#pragma once
#include "proreg/verb/training.h"

// On stdout, from what one picture took: step_seconds in a training step, forward_seconds in one
// forward pass of the image tower. The tape has run such a step. What a frozen tower says of a
// picture that never changes is known after its first visit: that pass is counted apart.
Status plan_print(const Training *r, const Student *s, const Tape *t, double step_seconds,
                  double forward_seconds);

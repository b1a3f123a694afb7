// plan.h - `train --plan`: how long a run will take and how much it needs.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t pictures, kept;                    // kept: seen by a frozen tower once, at first
    int64_t eval_pictures, steps, evaluations;
    double step_seconds, eval_seconds;         // a picture; eval: one forward pass
    int64_t memory_bytes, checkpoint_bytes;
} Plan;

void print_plan(const Plan *p, bool json);

// optim.h - AdamW by parameter group, SGD, schedules.
//
//     double factor = schedule_factor(SCHEDULE_LINEAR, step, warm, total);
//     TRY(optim_step(&o, &params, step, factor, norm));          // lr = o.lr[group] factor
#pragma once
#include "nn/param.h"

typedef enum {
    OPTIM_ADAMW_HF,              // Hugging Face's order, as ProReg's authors trained (backend.h)
    OPTIM_ADAMW,                 // torch.optim.AdamW's
    OPTIM_SGD,                   // torch.optim.SGD with momentum, dampening 0
} OptimKind;

typedef struct {
    OptimKind kind;
    double lr[PARAM_GROUPS], decay[PARAM_GROUPS];    // per group, before the schedule
    double beta1, beta2, eps, momentum;
    double clip_norm;                                // 0: gradients are not clipped
} Optim;

const char *optim_name(int kind);                    // of each OptimKind; NULL after the last

// Update number `step`, from 0. Clips first, as torch.nn.utils.clip_grad_norm_ does:
// g *= min(1, clip_norm / (norm + 1e-6)). `norm` is params_grad_norm's value.
Status optim_step(const Optim *o, Params *p, int64_t step, double factor, double norm);

typedef enum { SCHEDULE_LINEAR, SCHEDULE_COSINE, SCHEDULE_CONSTANT } Schedule;
const char *schedule_name(int schedule);             // of each Schedule; NULL after the last

// step / warm while step < warm; then, with r = (step - warm) / (total - warm) held in 0..1,
// linear: 1 - r; cosine: (1 + cos(pi r)) / 2; constant: 1. In double.
double schedule_factor(Schedule s, int64_t step, int64_t warm, int64_t total);

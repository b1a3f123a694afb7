// wise.h - between the zero-shot model and the tuned one (Wortsman et al. 2022, "Robust fine-tuning
// of zero-shot models", CVPR).
//
//     Wise w;
//     TRY(wise_begin(&w, &student, &zero_shot));   // both of HEAD_PROMPT and of one shape
//     TRY(wise_mix(&w, 0.5));                      // student: (1 - a) theta_0 + a theta_FT
//     wise_free(&w);
//
// theta is all that was trained: image tower, class vectors before they are made unit, scale. The
// ends are exact: alpha 0 gives the bits of theta_0, alpha 1 those of theta_FT.
#pragma once
#include "proreg/proreg.h"

typedef struct {
    Student *student;          // the caller's; its weights are written
    float *zero, *tuned;       // (n) each, parameter after parameter
    float *mixed;              // (the largest parameter)
} Wise;

// Keeps the weights of both; zero_shot is not needed afterwards. On failure there is nothing to
// free.
Status wise_begin(Wise *w, Student *tuned, const Student *zero_shot);
Status wise_mix(Wise *w, double alpha);
void wise_free(Wise *w);       // the student keeps its last weights

// param.h - the weights of a model, under the names of the published checkpoints.
//
//     params_init(&p, be);
//     Tensor *w = params_declare(&p, 2, (int64_t[]){ n, k }, "visual.proj");   // shape only
//     TRY(params_place(&p, group));        // memory: what is trained, what is frozen
//     TRY(params_set(&p, param, host));    // values, one parameter at a time
//
// Trained parameters lie in four slabs of one layout - value, gradient, and two moments - sorted by
// group, so that clearing the gradients, their norm, or one group's update is a single kernel call.
// Frozen ones have values only, which may be the mapped file itself.
#pragma once
#include "tensor/tape.h"

#define PARAM_GROUPS 8
#define PARAM_NAME 96

typedef struct Param {
    Tensor value;                // its .grad lives as long as the model; NULL when frozen
    char name[PARAM_NAME];       // OpenAI's spelling, e.g. "visual.ln_pre.weight"
    int group;                   // of learning rate and weight decay; -1: frozen
    int64_t at;                  // offset in each of the four slabs
    struct Param *next;          // in the order of declaration
} Param;

typedef struct {
    const Backend *be;
    Arena host, device;
    Param *first, *last;
    real *value, *grad, *m, *v;              // (trained) each; the slabs
    int64_t trained;                         // elements in a slab
    int64_t group_at[PARAM_GROUPS + 1];      // group g: from group_at[g] to group_at[g + 1]
    Status status;                           // a declaration that failed; params_place returns it
} Params;

void params_init(Params *p, const Backend *be);
void params_free(Params *p);
Tensor *params_declare(Params *p, int ndim, const int64_t *dim, const char *name, ...)
    ERR_PRINTF(4, 5);

// group(name) is 0..PARAM_GROUPS-1, or negative for frozen; NULL: all are frozen. Frozen parameters
// get no memory here: params_set allocates it, params_map may borrow it. Moments are 0 at first.
Status params_place(Params *p, int (*group)(const char *name));

Status params_set(Params *p, Param *param, const float *host);       // copies
Status params_map(Params *p, Param *param, const float *host);       // no copy if the device can
Status params_get(const Params *p, const Param *param, float *host);
Param *params_find(const Params *p, const char *name);               // NULL: none
int64_t params_count(const Params *p);                               // elements, frozen ones too

void params_zero_grad(Params *p);
double params_grad_norm(const Params *p);        // Euclidean, over all that is trained
Status params_check_grad(const Params *p);       // did a gradient reach every trained one?

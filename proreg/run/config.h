// config.h - config.json: what a run writes down about itself, so that it can be repeated exactly.
#pragma once
#include "proreg/proreg.h"
#include "proreg/run/options.h"
#include "proreg/run/recipe.h"
#include "tensor/base/json.h"

#define PROREG_VERSION "0.1"

typedef struct {
    const Options *options;
    const Recipe *recipe;
    const Counting *counting;
    const Clip *model;
    const Params *params;      // of the student
    const Backend *be;
    char data_hash[65];
    const char *train_split, *eval_split;      // "": the data has no splits
    int64_t train_pictures, eval_pictures;
    const char *const *class_name, *const *prompt;     // (classes)
    int classes;
} RunFacts;

Status config_write(JsonOut *out, const RunFacts *f);
// ERR_FORMAT names what has changed since `path` was written: a run is resumed only with the
// weights, pictures, class names and prompts that it began with.
Status config_same(const RunFacts *f, const char *path);

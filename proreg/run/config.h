// config.h - what a run writes down about itself, so that it can be repeated and trusted.
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
    const char *train_split, *eval_split;      // "" where the pictures lie in none
    int64_t train_pictures, eval_pictures;
    const char *const *class_name, *const *prompt;     // (classes)
    int classes;
} RunFacts;

Status config_write(JsonOut *out, const RunFacts *f);
// A run goes on only with the weights and pictures that it began with.
Status config_same(const RunFacts *f, const char *path);

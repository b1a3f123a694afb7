// config.h - config.json: what a run writes down about itself, so that it can be repeated exactly.
#pragma once
#include "proreg/proreg.h"
#include "proreg/run/options.h"
#include "proreg/run/recipe.h"
#include "tensor/base/json.h"

#define PROREG_VERSION "0.1"

typedef struct {
    const Options *options;
    const Counting *counting;
    const Clip *model;
    const char *tuned;         // folder of the classifier that the student begins from; NULL: none
    const Params *params;      // of the student
    const Backend *be;
    char data_hash[65], train_hash[65];        // of all pictures; of those that are trained on
    char order_hash[65];                       // of the latter's order
    const char *train_split, *eval_split;      // "": the data has no splits
    int64_t train_pictures, eval_pictures;
    int64_t eval_trained_on;   // of eval_pictures: that are trained on too
    const char *selection;     // how `best` is chosen; NULL: a run of a program that did not say
    int64_t validation_pictures;
    const char *const *class_name, *const *prompt;     // (classes)
    int classes;
} RunFacts;

// ERR_FORMAT where config.json has a key that is neither an option nor written by config_write, as
// a misspelt option would be passed over, or the same key twice, in whatever object.
Status config_keys(const char *path);

// Takes from a run's config.json what it was trained on, for verbs that have no flags for that: the
// training side, --val-fraction and the seed, unless --data or --eval-list name others. Of a run by
// a program without --select, also what it was evaluated on where no flag names anything. `o` has
// read the file's options already.
Status config_sides(Options *o, const char *path);

// Where a run's config.json says that the run was extended, and o has its epochs: the earlier
// ends, into o->ended. If o has more epochs and `more`, the file's are one of the ends.
Status config_extended(Options *o, const char *path, bool more);

Status config_write(JsonOut *out, const RunFacts *f);
// ERR_FORMAT names what has changed since `path` was written: a run is resumed only with the
// weights, pictures, class names and prompts that it began with.
Status config_same(const RunFacts *f, const char *path);
// The same of pictures, class names and prompts alone, before there is a model.
Status config_same_data(const RunFacts *f, const char *path);

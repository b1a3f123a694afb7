// options.h - the command line: one table of flags, from which everything about them follows.
//
// options.c holds a row for each flag: name, type, default, range, the verbs that take it, what a
// run writes down, help. Parsing, --help, config.json and the checks are all read off that table.
//
//     Options o;
//     TRY(options_parse(&o, verb, argc, argv));          // ERR_USAGE: exit status 2
//     TRY(options_read_config(&o, "run/config.json"));   // fills what no flag has set
//     TRY(options_default(&o, "alpha", "2", FROM_RECIPE));
//     options_free(&o);
//
// Whatever the order of the calls: a flag wins over a config file, that over a recipe, that over
// what the method asks for, that over the table's default.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"
#include "tensor/base/json.h"

enum { OPTIONS_MAX = 96, ITEMS_MAX = 256 };       // flags; values of a flag that repeats

typedef enum { FROM_TABLE, FROM_METHOD, FROM_RECIPE, FROM_CONFIG, FROM_FLAG } Source;

typedef struct { const char *item[ITEMS_MAX]; int n; } Items;

typedef struct Options {
    // model
    const char *model, *merges, *activation, *run, *checkpoint;
    // pictures, classes, prompts
    const char *data, *recipe, *train_split, *eval_split, *train_domains, *eval_domains;
    const char *train_list, *eval_list, *lists, *classnames, *classes, *templates_file;
    Items template;
    int64_t label_base;
    // machine
    const char *device, *isa;
    int64_t batch, micro_batch, threads, workers;
    // training
    const char *method, *weight, *schedule, *optimizer, *augment, *config, *out;
    double power, gamma, alpha, temp, lr, head_lr_scale, wd, betas[2], momentum, warmup, clip_norm;
    double ra_m;
    int64_t seed, epochs, ra_n, eval_every, save_every, keep, max_steps;
    bool resume, overwrite, plan;
    bool mute;                                    // train prints no result: another verb does
    // other verbs
    const char *predictions, *save_logits, *images, *texts, *output, *ops, *alphas;
    int64_t k, size, epoch, index;
    int64_t max_pixels;
    double random_crop;
    bool flip;
    bool raw, skip_bad, truncate, pad, randaug, machine;
    // drawing, pretraining
    const char *kind, *captions, *train, *merges_out;
    int64_t n, n_test, vocab, image_size, patch, width, layers, heads, embed, context;
    int64_t text_width, text_layers, text_heads;
    double pairing;
    int64_t seeds;
    // how to speak
    bool json, quiet, help;

    const char **args;                            // what is no flag
    int args_count;
    const struct Verb *verb;
    unsigned char source[OPTIONS_MAX];            // of each row's value
    Arena arena;                                  // of values that are not argv's
} Options;

// A verb: its row stands in train.c, its bit here.
enum {
    VERB_TRAIN = 1 << 0, VERB_EVAL = 1 << 1, VERB_ZEROSHOT = 1 << 2, VERB_PREDICT = 1 << 3,
    VERB_ENCODE = 1 << 4, VERB_TOKENIZE = 1 << 5, VERB_INFO = 1 << 6, VERB_EXPORT = 1 << 7,
    VERB_CHECK = 1 << 8, VERB_DECODE = 1 << 9, VERB_PREPROCESS = 1 << 10, VERB_AUGMENT = 1 << 11,
    VERB_WORLD = 1 << 12, VERB_PRETRAIN = 1 << 13,
    VERB_WISE = 1 << 14, VERB_DEMO = 1 << 15,
};

typedef struct Verb {
    const char *name;                             // "eval", "data check"
    const char *arguments;                        // what follows the flags, for people; may be ""
    int least, most;                              // how many of them; most -1: any number
    const char *help;
    unsigned bit;
    Status (*run)(Options *o);
} Verb;

// Finds the verb that main's arguments begin with, reads its options and runs it. Verbs end with a
// NULL name.
Status verb_run(const Verb *verbs, int argc, char **argv);
void verbs_help(const Verb *verbs, FILE *to);

// argv holds what follows the verb. On failure there is nothing to free.
Status options_parse(Options *o, const Verb *verb, int argc, char **argv);
void options_free(Options *o);
void options_help(const Verb *verb);              // on stdout

// Sets a value unless a stronger source has. name: as on the command line, without dashes.
Status options_default(Options *o, const char *name, const char *value, Source from);
bool options_given(const Options *o, const char *name);    // by anything but the table
Source options_source(const Options *o, const char *name);

// config.json: a member for each option that a run writes down, under its name with `_` for `-`.
void options_write_config(const Options *o, JsonOut *out);
// Takes from a run's config.json what can be repeated, as far as the verb has such a flag.
Status options_read_config(Options *o, const char *path);
// A run that goes on must not change what decides its bits: the first flag that differs from the
// file. *eased: one differs that may: --skip-bad is new, or --max-pixels is larger and neither runs
// with --skip-bad before. No picture so far was bad or too large, or the run would have ended.
Status options_check_resume(const Options *o, const char *path, bool *eased);

// An error about an option: ERR_USAGE if a flag brought it, else ERR_FORMAT with where it came
// from.
Status options_error(const Options *o, const char *name, const char *format, ...) ERR_PRINTF(3, 4);

// "a,b,c" as items in the arena, blanks around them taken off.
Status options_split(Options *o, const char *list, Items *out);

// options.h - the command line: one table of flags, from which everything about them follows.
//
// flags.inc holds one row per flag: name, type, default, range, the verbs that take it, what a run
// writes down, help. Parsing, --help, config.json and the checks are all read off that table.
//
//     Options o;
//     TRY(options_parse(&o, verb, argc, argv));          // ERR_USAGE: exit status 2
//     TRY(options_read_config(&o, "run/config.json"));   // fills what no flag has set
//     TRY(options_default(&o, "alpha", "2", FROM_RECIPE));
//     options_free(&o);
//
// In whatever order these are called: a flag wins over a config file, a config file over a recipe,
// a recipe over what the method asks for, and that over the default in the table.
//
// A flag with a fixed list of names is an index once it is parsed: --method into methods[],
// --recipe into recipes[], --optimizer an OptimKind. A name added to such a table is a choice.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"
#include "tensor/base/json.h"

enum { OPTIONS_MAX = 160, ITEMS_MAX = 256 };       // flags; values of a flag that may be repeated
enum { EXTENSIONS_MAX = 64 };                      // of one run, by --resume --epochs

typedef enum { FROM_TABLE, FROM_METHOD, FROM_RECIPE, FROM_CONFIG, FROM_FLAG } Source;

typedef struct { const char *item[ITEMS_MAX]; int n; } Items;

// The choices of flags that no other header lists.
enum { AUGMENT_NONE, AUGMENT_RANDAUG };           // --augment
enum { KIND_CAPTIONED, KIND_SIMPLE, KIND_TASK };  // --kind
enum { SELECT_VAL, SELECT_TEST };                 // --select
enum { FORMAT_HF, FORMAT_OPEN_CLIP };             // --format

typedef struct Options {
    // model
    const char *model, *merges, *activation, *run, *checkpoint;
    // what is done to a picture
    double mean[3], std[3];                       // mean[0], std[0] NaN: not given
    int64_t resize;
    const char *resize_mode, *interpolation, *pillow;
    // pictures, classes, prompts
    const char *data, *train_split, *eval_split, *train_domains, *eval_domains;
    const char *train_list, *eval_list, *lists, *classnames, *classes, *templates_file;
    double val_fraction;
    int recipe;                                   // of recipes[]; -1: none
    Items template;
    int64_t label_base;
    bool rename, equal_prompts, all, prompts, classifier;
    // machine
    const char *device, *isa;
    int64_t batch, micro_batch, threads, workers;
    // training
    int method, weight;                           // of methods[], weight_forms[]; weight -1: none
    int schedule, optimizer, augment, select;     // Schedule, OptimKind, AUGMENT_x, SELECT_x
    const char *config, *out;
    double power, gamma, alpha, temp, lr, head_lr_scale, wd, betas[2], momentum, warmup, clip_norm;
    double ra_m;
    int64_t seed, epochs, ra_n, eval_every, save_every, keep, max_steps;
    bool resume, overwrite, plan, check, clamp_scale, recompute;
    bool mute;                                    // train prints no result: another verb does
    // other verbs
    const char *predictions, *save_logits, *images, *texts, *output, *ops, *alphas;
    int format;                                   // FORMAT_x
    int64_t k, size, epoch, index;
    int64_t max_pixels;
    double random_crop, share;
    bool flip;
    bool raw, skip_bad, truncate, pad, randaug, machine;
    // drawing, pretraining
    int kind;                                     // KIND_x
    const char *captions, *captions_sep, *image_key, *caption_key, *train, *merges_out;
    int64_t n, n_test, vocab, image_size, patch, width, layers, heads, embed, context;
    int64_t text_width, text_layers, text_heads;
    double pairing;
    int64_t seeds;
    // of a run that was extended (config_extended): its earlier ends
    int64_t ended[EXTENSIONS_MAX];                // (ends) in epochs, rising
    int ends;
    // of a run (config_sides)
    bool has_trained;                             // the training side below is that of the run
    bool as_before;                               // by a program without --select
    // how to speak
    bool json, quiet, help;

    const char **args;                            // what is not a flag
    int args_count;
    const struct Verb *verb;
    const char *program;                          // as it was called; NULL: not from a shell
    unsigned char source[OPTIONS_MAX];            // of each row's value
    Arena arena;                                  // holds the strings
} Options;

// A verb: its row is in train.c, its bit here.
enum {
    VERB_TRAIN = 1 << 0, VERB_EVAL = 1 << 1, VERB_ZEROSHOT = 1 << 2, VERB_PREDICT = 1 << 3,
    VERB_ENCODE = 1 << 4, VERB_TOKENIZE = 1 << 5, VERB_INFO = 1 << 6, VERB_EXPORT = 1 << 7,
    VERB_CHECK = 1 << 8, VERB_DECODE = 1 << 9, VERB_PREPROCESS = 1 << 10, VERB_AUGMENT = 1 << 11,
    VERB_WORLD = 1 << 12, VERB_PRETRAIN = 1 << 13,
    VERB_WISE = 1 << 14, VERB_DEMO = 1 << 15,
};

typedef struct Verb {
    const char *name;                             // "eval", "data check"
    const char *arguments;                        // what follows the flags, for --help; may be ""
    int least, most;                              // how many arguments; most -1: any number
    const char *help;
    unsigned bit;
    Status (*run)(Options *o);
} Verb;

// Finds the verb that main's arguments begin with, parses its options and runs it; or tells of it
// (help VERB, VERB --help), of a group of verbs (help data, data --help) or of all (help, --help).
// The table of verbs ends with a NULL name.
Status verb_run(const Verb *verbs, int argc, char **argv);
void verbs_help(const Verb *verbs, FILE *to);

// argv holds what follows the verb. On failure there is nothing to free.
Status options_parse(Options *o, const Verb *verb, int argc, char **argv);
void options_free(Options *o);

// The flags of a verb, one after another:
//
//     FlagText f = { 0 };
//     while (options_flag(&f, verb)) printf("--%s %s\n", f.name, f.takes);
typedef struct {
    int at;
    const char *group, *name, *help, *standard;   // standard NULL: no default
    char letter, takes[256];                      // "N", "a|b|c"; "": nothing
    enum { FLAG_ALONE, FLAG_CHOICE, FLAG_PATH, FLAG_OTHER } kind;
} FlagText;
bool options_flag(FlagText *f, const Verb *verb);
Status options_limit(const Options *o);           // adds to an ERR_LIMIT the flag that allows more

// Sets a value unless a stronger source has. name: as on the command line, without dashes.
Status options_default(Options *o, const char *name, const char *value, Source from);
Source options_source(const Options *o, const char *name);

// config.json has one member per option that a run writes down, under its name with `_` for `-`.
void option_key(char key[64], const char *name);
// Of an option that config.json holds? near, else: the key that it may be meant for, or "".
bool option_is_key(const char *key, char near[64]);
Status options_write_config(const Options *o, JsonOut *out);
// Takes from a run's config.json the options that can be repeated and that this verb has.
Status options_read_config(Options *o, const char *path);
// A resumed run must not change what decides its bits: ERR_USAGE names the first flag that differs
// from the file, or from the default where the file does not have it. *eased: a flag differs that
// may: --epochs is more (config_extended), --skip-bad is new, or --max-pixels is larger and neither
// run has --skip-bad. So far no picture was bad or too large, or the run would have ended.
Status options_check_resume(const Options *o, const char *path, bool *eased);

// An error about an option's value, with its source named: ERR_FORMAT if that is a config file,
// else ERR_USAGE.
Status options_error(const Options *o, const char *name, const char *format, ...) ERR_PRINTF(3, 4);

// Splits "a,b,c" into items in the arena, without the blanks around them.
Status options_split(Options *o, const char *list, Items *out);

// options.c - the table of flags, and what is read off it.
// Longer than 700 lines because the table is one list, and stands beside the code that reads it.
#include "proreg/run/options.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/backend.h"
#include "tensor/base/file.h"
#include "tensor/base/name.h"

// PATHS: several, with commas; MANY: may be repeated
typedef enum { BOOL, INT, REAL_, PAIR, TEXT, PATH, PATHS, CHOICE, MANY } Type;

// What config.json does with an option: it is written; it is read back by --config, --run and
// --resume; a resumed run may not change it, but for what
// only_eases says.
enum { WRITTEN = 1, READ = 2, FIXED = 4, KEPT = WRITTEN | READ, BITS = WRITTEN | READ | FIXED };

typedef struct {
    const char *name;
    char letter;                       // `-o`; 0: none
    Type type;
    size_t at;                         // in Options
    const char *standard;              // the default as typed; NULL: none
    const char *takes;                 // of a CHOICE "a|b|c", else what --help calls the value
    double low, high;                  // of numbers, both inclusive
    unsigned verbs;
    unsigned config;
    const char *help;
} Option;

#define AT(field) offsetof(Options, field)
#define CLASSIFIERS (VERB_EVAL | VERB_ZEROSHOT | VERB_PREDICT | VERB_WISE)
#define SETS (VERB_TRAIN | VERB_EVAL | VERB_ZEROSHOT | VERB_WISE)
#define MODELS (VERB_TRAIN | CLASSIFIERS | VERB_ENCODE)
#define RUNS (VERB_EVAL | VERB_PREDICT | VERB_ENCODE | VERB_EXPORT | VERB_WISE)
#define LISTING (SETS | VERB_PREDICT | VERB_TOKENIZE | VERB_INFO | VERB_CHECK)
#define PICTURE (VERB_PREPROCESS | VERB_AUGMENT)
#define READING (MODELS | PICTURE | VERB_PRETRAIN | VERB_CHECK | VERB_DECODE)
#define COMPUTING (MODELS | PICTURE | VERB_CHECK | VERB_INFO)
#define ALL (~0u)
#define BIG 9e15                       // whole numbers up to here are exact in a double

// One row a flag, one list of flags: nothing else in the program knows what there is.
static const Option options[] = {
    { "model", 'm', PATH, AT(model), NULL, "PATH", 0, 0,
      MODELS | VERB_TOKENIZE | VERB_PRETRAIN | VERB_DEMO,
      KEPT,
      "weights: a .pt or .safetensors file, a Hugging Face or open_clip folder" },
    { "run", 0, PATH, AT(run), NULL, "DIR", 0, 0, RUNS, 0, "a run of `train` instead of a model" },
    { "checkpoint", 0, CHOICE, AT(checkpoint), "last", "last|best", 0, 0, RUNS, 0,
      "which of the run's checkpoints" },
    { "merges", 0, PATH, AT(merges), NULL, "FILE", 0, 0, MODELS | VERB_TOKENIZE | VERB_PRETRAIN,
      KEPT,
      "byte-pair merges, when the model's folder has none" },
    { "activation", 0, CHOICE, AT(activation), NULL, "quick_gelu|gelu", 0, 0,
      MODELS | VERB_PRETRAIN, BITS,
      "when the weights do not say" },

    { "data", 0, PATH, AT(data), NULL, "DIR", 0, 0, SETS | VERB_PRETRAIN, KEPT,
      "folder of labelled pictures" },
    { "recipe", 0, CHOICE, AT(recipe), NULL, "bar|pacs|nico|nico-vehicle|domainnet|officehome",
      0, 0, SETS | VERB_CHECK | VERB_INFO, BITS,
      "settings published for a benchmark; flags win over them" },
    { "train-split", 0, TEXT, AT(train_split), NULL, "NAME", 0, 0, VERB_TRAIN | VERB_CHECK, KEPT,
      "folder of the training pictures (train)" },
    { "eval-split", 0, TEXT, AT(eval_split), NULL, "NAME", 0, 0,
      SETS | VERB_CHECK | VERB_PRETRAIN, KEPT,
      "folder of the pictures to evaluate on (val, else train)" },
    { "train-domains", 0, TEXT, AT(train_domains), NULL, "A,B", 0, 0, VERB_TRAIN | VERB_CHECK, KEPT,
      "domains to train on (all)" },
    { "eval-domains", 0, TEXT, AT(eval_domains), NULL, "A,B", 0, 0, SETS | VERB_CHECK, KEPT,
      "domains to evaluate on (all)" },
    { "train-list", 0, PATHS, AT(train_list), NULL, "FILE,..", 0, 0, VERB_TRAIN | VERB_CHECK, KEPT,
      "lines `path label` or `path<TAB>class` instead of folders" },
    { "eval-list", 0, PATHS, AT(eval_list), NULL, "FILE,..", 0, 0, SETS | VERB_CHECK, KEPT,
      "the same for evaluation" },
    { "lists", 0, PATH, AT(lists), NULL, "DIR", 0, 0, SETS | VERB_CHECK, KEPT,
      "folder of the recipe's list files (`info --recipe NAME` tells their names)" },
    { "label-base", 0, INT, AT(label_base), "0", "N", 0, 1, SETS | VERB_CHECK, KEPT,
      "the first label of list files, 0 or 1" },
    { "classnames", 0, PATH, AT(classnames), NULL, "FILE", 0, 0, SETS | VERB_PREDICT | VERB_CHECK,
      KEPT, "class names, a line each: order or rename the folders" },
    { "classes", 0, TEXT, AT(classes), NULL, "A,B", 0, 0, VERB_PREDICT, 0, "class names" },
    { "template", 0, MANY, AT(template), "a photo of a {}.", "TEXT", 0, 0,
      VERB_TRAIN | CLASSIFIERS | VERB_PRETRAIN,
      BITS, "prompt, {} marks the class; may be repeated" },
    { "templates", 0, PATH, AT(templates_file), NULL, "FILE", 0, 0,
      VERB_TRAIN | CLASSIFIERS | VERB_PRETRAIN, KEPT,
      "prompts, a line each" },

    { "method", 0, CHOICE, AT(method), "proreg", "proreg|finetune|kd|head|probe", 0, 0, VERB_TRAIN,
      BITS, "how to fine-tune" },
    { "weight", 0, CHOICE, AT(weight), NULL, "k10|k1|ce-ratio|fixed|power", 0, 0, VERB_TRAIN, BITS,
      "form of the sample weight (k10 for proreg, fixed for kd)" },
    { "power", 0, REAL_, AT(power), "10", "K", 0, 1000, VERB_TRAIN, BITS,
      "exponent k of --weight power" },
    { "gamma", 0, REAL_, AT(gamma), "1", "G", 0, 1000, VERB_TRAIN, BITS,
      "exponent of --weight ce-ratio" },
    { "alpha", 0, REAL_, AT(alpha), NULL, "A", 0, 1e6, VERB_TRAIN, BITS,
      "how much distillation counts (1 for proreg, 0.3 for kd)" },
    { "temp", 0, REAL_, AT(temp), "1", "T", 1e-3, 1e3, VERB_TRAIN, BITS,
      "temperature of distillation" },
    { "epochs", 0, INT, AT(epochs), "10", "N", 1, 1e6, VERB_TRAIN | VERB_PRETRAIN | VERB_DEMO, BITS,
      "visits to each training picture" },
    { "batch", 'b', INT, AT(batch), "256", "N", 1, 65536, MODELS | VERB_PRETRAIN, BITS,
      "pictures an optimiser step" },
    { "micro-batch", 0, INT, AT(micro_batch), "32", "N", 1, 65536, MODELS | VERB_PRETRAIN, KEPT,
      "pictures at a time; decides memory, never a result" },
    { "lr", 0, REAL_, AT(lr), NULL, "X", 0, 1e3, VERB_TRAIN | VERB_PRETRAIN, BITS,
      "learning rate (1e-5; the method may have its own)" },
    { "head-lr-scale", 0, REAL_, AT(head_lr_scale), "100", "X", 0, 1e6, VERB_TRAIN, BITS,
      "times lr, for the classifier and the scale" },
    { "wd", 0, REAL_, AT(wd), "0.01", "X", 0, 1e3, VERB_TRAIN | VERB_PRETRAIN, BITS,
      "weight decay" },
    { "betas", 0, PAIR, AT(betas), "0.9,0.98", "B1,B2", 0, 0.9999999, VERB_TRAIN | VERB_PRETRAIN,
      BITS,
      "of AdamW" },
    { "momentum", 0, REAL_, AT(momentum), "0.9", "X", 0, 0.9999999, VERB_TRAIN, BITS, "of sgd" },
    { "warmup", 0, REAL_, AT(warmup), "0.1", "X", 0, 1, VERB_TRAIN | VERB_PRETRAIN, BITS,
      "share of the steps over which the rate rises" },
    { "schedule", 0, CHOICE, AT(schedule), "linear", "linear|cosine|constant", 0, 0,
      VERB_TRAIN | VERB_PRETRAIN,
      BITS, "how the rate falls afterwards" },
    { "optimizer", 0, CHOICE, AT(optimizer), "adamw-hf", "adamw-hf|adamw|sgd", 0, 0,
      VERB_TRAIN | VERB_PRETRAIN,
      BITS, "adamw-hf: as released; adamw: PyTorch's order" },
    { "clip-norm", 0, REAL_, AT(clip_norm), "0", "X", 0, 1e9, VERB_TRAIN | VERB_PRETRAIN, BITS,
      "longest gradient; 0: any" },
    { "augment", 0, CHOICE, AT(augment), "none", "none|randaug", 0, 0, VERB_TRAIN, BITS,
      "what is done to training pictures" },
    { "random-crop", 0, REAL_, AT(random_crop), "0", "SHARE", 0, 1, VERB_TRAIN | VERB_PREPROCESS,
      BITS, "a random part, of this share of the picture or more; 0: the middle" },
    { "flip", 0, BOOL, AT(flip), NULL, "", 0, 0, VERB_TRAIN | VERB_PREPROCESS, BITS,
      "left and right change places by chance, 1 in 2" },
    { "ra-n", 0, INT, AT(ra_n), "2", "N", 0, 16, VERB_TRAIN | PICTURE, BITS,
      "operations of RandAugment a picture" },
    { "ra-m", 0, REAL_, AT(ra_m), "9", "M", 0, 30, VERB_TRAIN | PICTURE, BITS,
      "strength of RandAugment, 0 to 30" },
    { "seed", 's', INT, AT(seed), "0", "N", 0, BIG,
      VERB_TRAIN | PICTURE | VERB_WORLD | VERB_PRETRAIN, BITS,
      "of order, augmentation and new layers" },
    { "eval-every", 0, INT, AT(eval_every), "0", "N", 0, BIG, VERB_TRAIN | VERB_PRETRAIN, KEPT,
      "steps between evaluations; 0: each epoch" },
    { "save-every", 0, INT, AT(save_every), "0", "N", 0, BIG, VERB_TRAIN, KEPT,
      "steps between checkpoints beside those at evaluations" },
    { "keep", 0, INT, AT(keep), "0", "N", 0, 1e6, VERB_TRAIN, KEPT,
      "newest checkpoints to keep as step-N beside last and best" },
    { "max-steps", 0, INT, AT(max_steps), "0", "N", 0, BIG, VERB_TRAIN | VERB_PRETRAIN, KEPT,
      "stop early, schedule unchanged; 0: do not" },
    { "out", 0, PATH, AT(out), NULL, "DIR", 0, 0,
      VERB_TRAIN | VERB_WORLD | VERB_PRETRAIN | VERB_DEMO, WRITTEN,
      "the run's folder" },
    { "resume", 0, BOOL, AT(resume), NULL, "", 0, 0, VERB_TRAIN, 0, "go on with the run in --out" },
    { "overwrite", 0, BOOL, AT(overwrite), NULL, "", 0, 0,
      VERB_TRAIN | VERB_WORLD | VERB_PRETRAIN, 0,
      "replace the run in --out" },
    { "config", 0, PATH, AT(config), NULL, "FILE", 0, 0, VERB_TRAIN, 0,
      "config.json of a run to repeat" },
    { "plan", 0, BOOL, AT(plan), NULL, "", 0, 0, VERB_TRAIN, 0,
      "measure a step, predict time and memory, write nothing" },

    { "predictions", 0, PATH, AT(predictions), NULL, "FILE", 0, 0, VERB_EVAL | VERB_ZEROSHOT, 0,
      "write a line a picture (CSV)" },
    { "save-logits", 0, PATH, AT(save_logits), NULL, "FILE", 0, 0, VERB_EVAL | VERB_ZEROSHOT, 0,
      "write logits (N,K) as NPY" },
    { "alphas", 0, TEXT, AT(alphas), "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1", "A,B,..", 0, 0,
      VERB_WISE, 0, "shares of the tuned weights; 0: zero-shot, 1: tuned" },
    { "top", 'k', INT, AT(k), "5", "K", 1, 1e6, VERB_PREDICT, 0, "classes to name a picture" },
    { "images", 0, PATH, AT(images), NULL, "PATH", 0, 0, VERB_ENCODE, 0,
      "folder or file of pictures; more files may follow" },
    { "texts", 0, PATH, AT(texts), NULL, "FILE", 0, 0, VERB_ENCODE, 0,
      "texts to encode, a line each" },
    { "output", 'o', PATH, AT(output), NULL, "PATH", 0, 0,
      VERB_ENCODE | VERB_EXPORT | VERB_DECODE | PICTURE, 0, "what to write" },
    { "raw", 0, BOOL, AT(raw), NULL, "", 0, 0, VERB_ENCODE, 0,
      "vectors as they are, not of length 1" },
    { "max-pixels", 0, INT, AT(max_pixels), "178956970", "N", 1, INT32_MAX, READING, BITS,
      "a picture of more is refused before it takes memory" },
    { "skip-bad", 0, BOOL, AT(skip_bad), NULL, "", 0, 0, SETS | VERB_PRETRAIN | VERB_ENCODE, BITS,
      "leave out pictures that cannot be read, and list them" },
    { "truncate", 0, BOOL, AT(truncate), NULL, "", 0, 0,
      VERB_ENCODE | VERB_TOKENIZE | VERB_PRETRAIN, 0,
      "cut texts that are too long" },
    { "pad", 0, BOOL, AT(pad), NULL, "", 0, 0, VERB_TOKENIZE, 0,
      "all positions, with start and end" },
    { "machine", 0, BOOL, AT(machine), NULL, "", 0, 0, VERB_INFO, 0, "what this machine offers" },
    { "size", 0, INT, AT(size), "224", "PX", 1, 4096, VERB_PREPROCESS, 0, "pixels a side" },
    { "ops", 0, TEXT, AT(ops), NULL, "OP=X,..", 0, 0, PICTURE, 0, "operations and their values" },
    { "randaug", 0, BOOL, AT(randaug), NULL, "", 0, 0, PICTURE, 0,
      "draw operations as training does" },
    { "epoch", 0, INT, AT(epoch), "0", "N", 0, 4e9, PICTURE, 0, "epoch to draw for" },
    { "index", 0, INT, AT(index), "0", "N", 0, 2e9, PICTURE, 0,
      "place in the training set of the picture, or the first, to draw for" },

    { "kind", 0, CHOICE, AT(kind), "captioned", "captioned|simple|task", 0, 0, VERB_WORLD, 0,
      "captioned, simple: to pretrain on; task: classes that come with their contexts" },
    { "n", 'n', INT, AT(n), "1000", "N", 1, 1e7, VERB_WORLD | VERB_DEMO, 0,
      "training pictures to draw" },
    { "seeds", 0, INT, AT(seeds), "3", "N", 1, 1000, VERB_DEMO, 0,
      "how often everything is repeated, on other pictures" },
    { "n-test", 0, INT, AT(n_test), "1000", "N", 1, 1e7, VERB_WORLD | VERB_DEMO, 0,
      "pictures of each test of a task" },
    { "pairing", 0, REAL_, AT(pairing), "0.97", "P", 0, 1, VERB_WORLD, 0,
      "how often a class of a task stands before its own context" },
    { "captions", 0, PATH, AT(captions), NULL, "FILE", 0, 0, VERB_PRETRAIN, 0,
      "lines `filepath<TAB>title` (captions.tsv in --data)" },
    { "image-size", 0, INT, AT(image_size), "40", "PX", 1, 1024, VERB_PRETRAIN, 0,
      "pixels a side of a new model" },
    { "patch", 0, INT, AT(patch), "8", "PX", 1, 1024, VERB_PRETRAIN, 0,
      "pixels a side of a token" },
    { "width", 0, INT, AT(width), "96", "N", 1, 8192, VERB_PRETRAIN, 0, "of the image tower" },
    { "layers", 0, INT, AT(layers), "4", "N", 1, 128, VERB_PRETRAIN, 0, "of the image tower" },
    { "heads", 0, INT, AT(heads), "4", "N", 1, 256, VERB_PRETRAIN, 0, "of the image tower" },
    { "embed", 0, INT, AT(embed), "64", "N", 1, 8192, VERB_PRETRAIN, 0,
      "length of the common vectors" },
    { "text-width", 0, INT, AT(text_width), "64", "N", 1, 8192, VERB_PRETRAIN, 0,
      "of the text tower" },
    { "text-layers", 0, INT, AT(text_layers), "2", "N", 1, 128, VERB_PRETRAIN, 0,
      "of the text tower" },
    { "text-heads", 0, INT, AT(text_heads), "4", "N", 1, 256, VERB_PRETRAIN, 0,
      "of the text tower" },
    { "context", 0, INT, AT(context), "14", "N", 3, 1024, VERB_PRETRAIN, 0,
      "longest text, in tokens" },
    { "train", 0, PATH, AT(train), NULL, "FILE", 0, 0, VERB_TOKENIZE, 0,
      "learn merges from this text, or from the captions of a .tsv" },
    { "merges-out", 0, PATH, AT(merges_out), NULL, "FILE", 0, 0, VERB_TOKENIZE, 0,
      "where to write them" },
    { "vocab", 0, INT, AT(vocab), "49408", "N", 514, 1e7, VERB_TOKENIZE, 0,
      "ids to end up with; 514 are there without any merge" },

    { "threads", 't', INT, AT(threads), NULL, "N", 1, 256,
      COMPUTING | VERB_WORLD | VERB_PRETRAIN | VERB_DEMO, WRITTEN,
      "threads that compute (PROREG_THREADS, else all cores)" },
    { "workers", 0, INT, AT(workers), "2", "N", 0, 256, MODELS | VERB_PRETRAIN, WRITTEN,
      "threads that read pictures ahead" },
    { "device", 0, CHOICE, AT(device), "cpu", BACKEND_CHOICES, 0, 0, MODELS | VERB_PRETRAIN, BITS,
      "ref: plain C that defines each kernel; far: the same, its memory closed to the host" },
    { "isa", 0, CHOICE, AT(isa), NULL, "scalar|avx2|avx512|neon", 0, 0,
      MODELS | VERB_WORLD | VERB_PRETRAIN | VERB_DEMO | VERB_INFO, WRITTEN,
      "highest instruction set to use (PROREG_ISA)" },
    { "json", 0, BOOL, AT(json), NULL, "", 0, 0, LISTING | VERB_PRETRAIN | VERB_DEMO, 0,
      "results as JSON lines" },
    { "quiet", 'q', BOOL, AT(quiet), NULL, "", 0, 0, ALL, 0, "stderr holds errors alone" },
    { "help", 'h', BOOL, AT(help), NULL, "", 0, 0, ALL, 0, "print this" },
};
#define COUNT ((int)(sizeof options / sizeof options[0]))
_Static_assert(COUNT <= OPTIONS_MAX, "options.h: OPTIONS_MAX");

// ---- rows and values ----------------------------------------------------------------------------

static const Option *find(const char *name, size_t length, unsigned verbs)
{
    for (int i = 0; i < COUNT; i++)
        if (strlen(options[i].name) == length && !memcmp(options[i].name, name, length) &&
            (options[i].verbs & verbs))
            return &options[i];
    return NULL;
}

static const Option *find_letter(char letter, unsigned verbs)
{
    for (int i = 0; i < COUNT; i++)
        if (letter && options[i].letter == letter && (options[i].verbs & verbs)) return &options[i];
    return NULL;
}

static void *place(const Options *o, const Option *row)
{
    return (char *)(uintptr_t)o + row->at;
}

static Status bad_number(const Option *row, const char *text, const char *kind)
{
    return err_set(ERR_USAGE, "--%s: %.200s: not %s from %g to %g", row->name, text, kind, row->low,
                   row->high);
}

static Status parse_real(double *out, const Option *row, const char *text, char end)
{
    char *rest;
    errno = 0;
    double x = strtod(text, &rest);
    bool read = rest != text && (*rest == 0 || *rest == end) && *text != ' ';
    if (!read || !isfinite(x) || x < row->low || x > row->high)
        return bad_number(row, text, "a number");
    *out = x;
    return OK;
}

static Status parse_int(int64_t *out, const Option *row, const char *text)
{
    char *rest;
    errno = 0;
    long long x = strtoll(text, &rest, 10);
    bool read = rest != text && *rest == 0 && *text != ' ' && errno == 0;
    if (!read || (double)x < row->low || (double)x > row->high)
        return bad_number(row, text, "a whole number");
    *out = x;
    return OK;
}

static Status parse_pair(double out[2], const Option *row, const char *text)
{
    const char *comma = strchr(text, ',');
    double first;
    if (!comma) return err_set(ERR_USAGE, "--%s: %.200s: not two numbers %s", row->name, text,
                               row->takes);
    TRY(parse_real(&first, row, text, ','));
    TRY(parse_real(&out[1], row, comma + 1, 0));
    out[0] = first;
    return OK;
}

// Is `text` one of "a|b|c"?
static bool is_choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *c = choices;; c++) {
        size_t length = strcspn(c, "|");
        if (length == n && !memcmp(c, text, n)) return true;
        c += length;
        if (!*c) return false;
    }
}

static Status choice_error(const Option *row, const char *text)
{
    char copy[256];
    const char *name[32];
    int n = 0;
    snprintf(copy, sizeof copy, "%s", row->takes);
    for (char *s = copy; s && n < 32;) {
        name[n++] = s;
        s = strchr(s, '|');
        if (s) *s++ = 0;
    }
    const char *near = name_nearest(text, name, n);
    if (near) return err_set(ERR_USAGE, "--%s: %.200s: did you mean %s?", row->name, text, near);
    return err_set(ERR_USAGE, "--%s: %.200s: not one of %s", row->name, text, row->takes);
}

static Status copy_text(Options *o, const char **out, const char *text)
{
    char *copy = arena_string(&o->arena, text);
    if (!copy) return err_memory("options");
    *out = copy;
    return OK;
}

static Status check_text(const Option *row, const char *text)
{
    if (!*text) return err_set(ERR_USAGE, "--%s: is empty", row->name);
    if (row->at == AT(template) && !strstr(text, "{}"))
        return err_set(ERR_USAGE, "--template: %.200s: has no {} for the class", text);
    return OK;
}

static Status set(Options *o, const Option *row, const char *text, Source from)
{
    unsigned char *source = &o->source[row - options];
    void *at = place(o, row);
    if (*source > from) return OK;
    switch (row->type) {
    case BOOL: *(bool *)at = strcmp(text, "false") != 0; break;
    case INT: TRY(parse_int(at, row, text)); break;
    case REAL_: TRY(parse_real(at, row, text, 0)); break;
    case PAIR: TRY(parse_pair(at, row, text)); break;
    case CHOICE:
        if (!is_choice(row->takes, text)) return choice_error(row, text);
        TRY(copy_text(o, at, text));
        break;
    case TEXT:
    case PATH:
    case PATHS:
        TRY(check_text(row, text));
        TRY(copy_text(o, at, text));
        break;
    case MANY: {
        Items *items = at;
        TRY(check_text(row, text));
        if (*source < from) items->n = 0;
        if (items->n == ITEMS_MAX)
            return err_set(ERR_USAGE, "--%s: more than %d", row->name, ITEMS_MAX);
        TRY(copy_text(o, &items->item[items->n], text));
        items->n++;
        break;
    }
    }
    *source = (unsigned char)from;
    return OK;
}

// ---- the command line ---------------------------------------------------------------------------

static Status unknown_flag(const Verb *verb, const char *flag, size_t length)
{
    const char *name[OPTIONS_MAX];
    char wrong[64];
    int n = 0;
    for (int i = 0; i < COUNT; i++)
        if (options[i].verbs & verb->bit) name[n++] = options[i].name;
    snprintf(wrong, sizeof wrong, "%.*s", (int)length, flag);
    const char *near = name_nearest(wrong, name, n);
    if (near)
        return err_set(ERR_USAGE, "%s: unknown flag --%s: did you mean --%s?", verb->name, wrong,
                       near);
    return err_set(ERR_USAGE, "%s: unknown flag --%s", verb->name, wrong);
}

// One flag at argv[*i]; moves *i to the last argument that belongs to it.
static Status parse_flag(Options *o, int argc, char **argv, int *i)
{
    const char *flag = argv[*i], *equals = NULL, *name = flag + 2;
    const Option *row;
    if (flag[1] == '-') {
        equals = strchr(name, '=');
        size_t length = equals ? (size_t)(equals - name) : strlen(name);
        row = find(name, length, o->verb->bit);
        if (!row) return unknown_flag(o->verb, name, length);
    } else {
        row = flag[2] ? NULL : find_letter(flag[1], o->verb->bit);
        if (!row) return err_set(ERR_USAGE, "%s: unknown flag %.40s", o->verb->name, flag);
    }
    if (row->type == BOOL) {
        const char *value = equals ? equals + 1 : "true";   // =false undoes what a config says
        if (!strcmp(value, "true") || !strcmp(value, "false")) return set(o, row, value, FROM_FLAG);
        return err_set(ERR_USAGE, "--%s: %.200s: true or false", row->name, value);
    }
    if (equals) return set(o, row, equals + 1, FROM_FLAG);
    if (*i + 1 >= argc) return err_set(ERR_USAGE, "--%s: needs a value: %s", row->name, row->takes);
    return set(o, row, argv[++*i], FROM_FLAG);
}

static Status parse_all(Options *o, int argc, char **argv)
{
    bool flags = true;                         // until `--`
    o->args = arena_take(&o->arena, ((size_t)argc + 1) * sizeof *o->args);
    if (!o->args) return err_memory("options");
    for (int i = 0; i < COUNT; i++)
        if (options[i].standard) TRY(set(o, &options[i], options[i].standard, FROM_TABLE));
    for (int i = 0; i < argc; i++) {
        if (flags && !strcmp(argv[i], "--")) flags = false;
        else if (flags && argv[i][0] == '-' && argv[i][1]) TRY(parse_flag(o, argc, argv, &i));
        else o->args[o->args_count++] = argv[i];
    }
    if (o->help) return OK;
    const Verb *verb = o->verb;
    if (o->args_count < verb->least)
        return err_set(ERR_USAGE, "%s: needs %s", verb->name, verb->arguments);
    if (verb->most >= 0 && o->args_count > verb->most)
        return err_set(ERR_USAGE, "%s: what is this: %.200s", verb->name, o->args[verb->most]);
    return OK;
}

Status options_parse(Options *o, const Verb *verb, int argc, char **argv)
{
    *o = (Options){ .verb = verb };
    Status status = parse_all(o, argc, argv);
    if (status != OK) options_free(o);
    return status;
}

void options_free(Options *o)
{
    arena_free(&o->arena);
    *o = (Options){ 0 };
}

void options_help(const Verb *verb)
{
    bool args = verb->arguments[0] != 0;
    printf("proreg %s [flags]%s%s\n%s\n\n", verb->name, args ? " " : "", verb->arguments,
           verb->help);
    for (int i = 0; i < COUNT; i++) {
        const Option *row = &options[i];
        char left[80], letter[8] = "";
        if (!(row->verbs & verb->bit)) continue;
        if (row->letter) snprintf(letter, sizeof letter, "-%c, ", row->letter);
        snprintf(left, sizeof left, "%s--%s %s", letter, row->name, row->takes);
        printf("  %-30s %s%s", left, strlen(left) > 30 ? "\n                                 " : "",
               row->help);
        if (row->standard) printf(" [%s]", row->standard);
        putchar('\n');
    }
}

// ---- other sources of values --------------------------------------------------------------------

static const Option *row_of(const char *name)
{
    return find(name, strlen(name), ALL);
}

Status options_default(Options *o, const char *name, const char *value, Source from)
{
    return set(o, row_of(name), value, from);
}

Source options_source(const Options *o, const char *name)
{
    return (Source)o->source[row_of(name) - options];
}

bool options_given(const Options *o, const char *name)
{
    return options_source(o, name) != FROM_TABLE;
}

Status options_error(const Options *o, const char *name, const char *format, ...)
{
    static const char *const from[] = { "", "", "recipe: ", "config: ", "" };
    char message[512];
    Source source = options_source(o, name);
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    Status status = source == FROM_CONFIG ? ERR_FORMAT : ERR_USAGE;
    return err_set(status, "%s--%s: %s", from[source], name, message);
}

Status options_split(Options *o, const char *list, Items *out)
{
    out->n = 0;
    char *copy = arena_string(&o->arena, list);
    if (!copy) return err_memory("options");
    for (char *s = copy; s;) {
        char *next = strchr(s, ',');
        if (next) *next++ = 0;
        while (*s == ' ') s++;
        for (size_t n = strlen(s); n > 0 && s[n - 1] == ' '; n--) s[n - 1] = 0;
        if (!*s) return err_set(ERR_USAGE, "%.200s: an empty name in the list", list);
        if (out->n == ITEMS_MAX)
            return err_set(ERR_USAGE, "%.40s...: more than %d names", list, ITEMS_MAX);
        out->item[out->n++] = s;
        s = next;
    }
    return OK;
}

// ---- verbs --------------------------------------------------------------------------------------

void verbs_help(const Verb *verbs, FILE *to)
{
    fprintf(to, "proreg VERB [flags] [arguments]\n\n");
    for (const Verb *v = verbs; v->name; v++) fprintf(to, "  %-16s %s\n", v->name, v->help);
    fprintf(to, "\n`proreg VERB --help` lists the flags of a verb\n");
}

static Status unknown_verb(const Verb *verbs, int argc, char **argv)
{
    const char *name[64];
    char wrong[64];
    int n = 0;
    bool data = !strcmp(argv[1], "data") && argc > 2;
    snprintf(wrong, sizeof wrong, "%.30s%s%.30s", argv[1], data ? " " : "", data ? argv[2] : "");
    for (const Verb *v = verbs; v->name && n < 64; v++) name[n++] = v->name;
    const char *near = name_nearest(wrong, name, n);
    if (near) return err_set(ERR_USAGE, "unknown verb: %s: did you mean %s?", wrong, near);
    return err_set(ERR_USAGE, "unknown verb: %s: `proreg --help` lists them", wrong);
}

// The verb that argv begins with, and of how many words it is; NULL: none.
static const Verb *find_verb(int *words, const Verb *verbs, int argc, char **argv)
{
    char two[64];
    snprintf(two, sizeof two, "%.30s %.30s", argv[1], argc > 2 ? argv[2] : "");
    for (const Verb *v = verbs; v->name; v++) {
        *words = strchr(v->name, ' ') ? 2 : 1;
        if (!strcmp(v->name, *words == 2 ? two : argv[1])) return v;
    }
    return NULL;
}

// A picture was larger than allowed: the message names the flag that allows more, if there is one.
static Status name_limit(const Options *o)
{
    const Option *row = find("max-pixels", 10, o->verb->bit);
    if (!row || (double)o->max_pixels >= row->high) return ERR_LIMIT;
    return err_set(ERR_LIMIT, "%s (--%s raises the limit)", err_msg(), row->name);
}

Status verb_run(const Verb *verbs, int argc, char **argv)
{
    Options o;
    int words = 1;
    const Verb *verb = find_verb(&words, verbs, argc, argv);
    if (!verb) return unknown_verb(verbs, argc, argv);
    TRY(options_parse(&o, verb, argc - 1 - words, argv + 1 + words));
    Status status = OK;
    if (o.help) options_help(verb);
    else status = verb->run(&o);
    if (status == ERR_LIMIT) status = name_limit(&o);
    options_free(&o);
    return status;
}

// ---- config.json --------------------------------------------------------------------------------

static void key_of(char key[64], const Option *row)
{
    snprintf(key, 64, "%s", row->name);
    for (char *c = key; *c; c++)
        if (*c == '-') *c = '_';
}

// Paths are written whole, so that a run can be repeated from any folder.
static void write_path(JsonOut *out, const char *path)
{
    char *whole = path ? realpath(path, NULL) : NULL;
    json_out_string(out, whole ? whole : path);
    free(whole);
}

// The same for each of a list; a name with a comma in it is one file if there is such a file.
static void write_paths(JsonOut *out, const char *list)
{
    size_t files = 1, used = 0;
    for (const char *s = list ? list : ""; *s; s++) files += *s == ',';
    char *text = files > 1 && !file_exists(list) ? malloc(files * FILE_PATH) : NULL;
    for (const char *s = list, *end; text && s; s = *end ? end + 1 : NULL) {
        char name[FILE_PATH];
        end = s + strcspn(s, ",");
        snprintf(name, sizeof name, "%.*s", (int)(end - s), s);
        char *whole = realpath(name, NULL);
        used += (size_t)snprintf(text + used, files * FILE_PATH - used, "%s%s", used ? "," : "",
                                 whole && strlen(whole) < FILE_PATH - 1 ? whole : name);
        free(whole);
    }
    if (text) json_out_string(out, text);
    else write_path(out, list);
    free(text);
}

static void write_value(const Options *o, const Option *row, JsonOut *out)
{
    const void *at = place(o, row);
    const Items *items = at;
    switch (row->type) {
    case BOOL: json_out_bool(out, *(const bool *)at); break;
    case INT: json_out_int(out, *(const int64_t *)at); break;
    case REAL_: json_out_double(out, *(const double *)at); break;
    case PAIR:
        json_out_array(out);
        json_out_double(out, ((const double *)at)[0]);
        json_out_double(out, ((const double *)at)[1]);
        json_out_end(out);
        break;
    case PATH: write_path(out, *(const char *const *)at); break;
    case PATHS: write_paths(out, *(const char *const *)at); break;
    case TEXT:
    case CHOICE: json_out_string(out, *(const char *const *)at); break;
    case MANY:
        json_out_array(out);
        for (int i = 0; i < items->n; i++) json_out_string(out, items->item[i]);
        json_out_end(out);
        break;
    }
}

void options_write_config(const Options *o, JsonOut *out)
{
    for (int i = 0; i < COUNT; i++) {
        char key[64];
        if (!(options[i].config & WRITTEN) || !(options[i].verbs & o->verb->bit)) continue;
        key_of(key, &options[i]);
        json_out_key(out, key);
        write_value(o, &options[i], out);
    }
}

// A value of the file as it would be typed. `text` holds numbers; strings stay in the file's arena.
static Status as_typed(const char **out, char text[80], const Option *row, const Json *v)
{
    int64_t whole;
    double x, y;
    bool truth;
    *out = text;
    switch (row->type) {
    case BOOL:
        TRY(json_bool(&truth, v));
        snprintf(text, 80, "%s", truth ? "true" : "false");
        return OK;
    case INT:
        TRY(json_int(&whole, v, (int64_t)row->low, (int64_t)row->high));
        snprintf(text, 80, "%lld", (long long)whole);
        return OK;
    case REAL_:
        TRY(json_number(&x, v));
        snprintf(text, 80, "%.17g", x);
        return OK;
    case PAIR:
        TRY(json_expect(v, JSON_ARRAY));
        if (v->count != 2) return json_error(ERR_FORMAT, v, "not two numbers");
        TRY(json_number(&x, json_at(v, 0)));
        TRY(json_number(&y, json_at(v, 1)));
        snprintf(text, 80, "%.17g,%.17g", x, y);
        return OK;
    default: return json_string(out, v);
    }
}

static Status read_value(Options *o, const Option *row, const Json *v)
{
    char number[80];
    const char *text;
    int64_t n = row->type == MANY && v->type == JSON_ARRAY ? v->count : 1;
    if (o->source[row - options] > FROM_CONFIG) return OK;
    for (int64_t i = 0; i < n; i++) {
        const Json *value = row->type == MANY && v->type == JSON_ARRAY ? json_at(v, i) : v;
        TRY(as_typed(&text, number, row, value));
        if (set(o, row, text, FROM_CONFIG) == OK) continue;
        char why[300];
        snprintf(why, sizeof why, "%s", err_msg());
        return json_error(ERR_FORMAT, v, "%s", why);
    }
    return OK;
}

Status options_read_config(Options *o, const char *path)
{
    Arena arena = { 0 };
    const Json *root;
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = json_expect(root, JSON_OBJECT);
    for (int i = 0; i < COUNT && status == OK; i++) {
        char key[64];
        key_of(key, &options[i]);
        const Json *v = json_get(root, key);
        if (!v || v->type == JSON_NULL || !(options[i].config & READ)) continue;
        if (options[i].verbs & o->verb->bit) status = read_value(o, &options[i], v);
    }
    arena_free(&arena);
    return status;
}

// What only lets a run go on where it would have ended changes nothing of what it has done. With
// --skip-bad, pictures larger than the limit were left out instead.
static bool only_eases(const Options *o, const Options *was, const Option *row)
{
    if (row->at == AT(skip_bad)) return o->skip_bad;
    return row->at == AT(max_pixels) && !was->skip_bad && o->max_pixels > was->max_pixels;
}

static Status same_value(const Options *o, const Options *was, const Option *row, bool *eased)
{
    JsonOut ours = { 0 }, theirs = { 0 };
    write_value(o, row, &ours);
    write_value(was, row, &theirs);
    Status status = json_out_status(&ours);
    if (status == OK) status = json_out_status(&theirs);
    bool differs = status == OK && strcmp(ours.text, theirs.text) != 0;
    if (differs && only_eases(o, was, row)) *eased = true;
    else if (differs)
        status = err_set(ERR_USAGE, "--%s: %s: the run to resume has %s", row->name, ours.text,
                         theirs.text);
    json_out_free(&ours);
    json_out_free(&theirs);
    return status;
}

Status options_check_resume(const Options *o, const char *path, bool *eased)
{
    Options was = { .verb = o->verb };
    Status status = options_read_config(&was, path);
    *eased = false;
    for (int i = 0; i < COUNT && status == OK; i++) {
        bool both = o->source[i] == FROM_FLAG && was.source[i] == FROM_CONFIG;
        if (both && (options[i].config & FIXED)) status = same_value(o, &was, &options[i], eased);
    }
    options_free(&was);
    return status;
}

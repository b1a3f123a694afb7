// idle.c - the table of flags that act only together with others.
#include "proreg/run/idle.h"

#include <string.h>

#include "nn/optim.h"
#include "proreg/proreg.h"

#define PICTURE (VERB_PREPROCESS | VERB_AUGMENT)
#define SETS (VERB_TRAIN | VERB_EVAL | VERB_ZEROSHOT | VERB_WISE)

static bool trains_with_randaug(const Options *o) { return o->augment == AUGMENT_RANDAUG; }
static bool draws_randaug(const Options *o) { return o->randaug; }
static bool draws(const Options *o) { return o->randaug || o->random_crop > 0 || o->flip; }
static bool adamw(const Options *o) { return o->optimizer != OPTIM_SGD; }
static bool sgd(const Options *o) { return o->optimizer == OPTIM_SGD; }
static bool taught(const Options *o) { return method_taught(&methods[o->method]); }
static bool distils(const Options *o) { return taught(o) && o->alpha > 0; }
static bool has_scale(const Options *o) { return methods[o->method].head == HEAD_PROMPT; }
static bool is_task(const Options *o) { return o->kind == KIND_TASK; }
static bool learns_merges(const Options *o) { return o->train != NULL; }
static bool tokenizes(const Options *o) { return o->train == NULL; }
static bool has_run(const Options *o) { return o->run != NULL; }
static bool sees(const Options *o) { return o->texts == NULL; }
static bool reads_texts(const Options *o) { return o->texts != NULL; }
static bool begins_anew(const Options *o) { return o->model == NULL; }
static bool asks_machine(const Options *o) { return o->machine; }
static bool takes_center(const Options *o) { return o->random_crop <= 0; }
static bool never(const Options *o) { return o == NULL; }
static bool has_lists(const Options *o) { return o->train_list || o->eval_list; }

static bool has_end(const char *path, const char *end)
{
    size_t n = path ? strlen(path) : 0, m = strlen(end);
    return n > m && !strcmp(path + n - m, end);
}

static bool reads_table(const Options *o)
{
    return has_end(o->train, ".tsv") || has_end(o->train, ".csv");
}

static bool writes_floats(const Options *o) { return !has_end(o->output, ".ppm"); }

static bool asks_prompts(const Options *o)
{
    return methods[o->method].head == HEAD_PROMPT || taught(o);
}

// Has the form of the weight the parameter that the formula calls `letter`?
static bool form_has(const Options *o, char letter)
{
    return taught(o) && o->weight >= 0 && strchr(weight_forms[o->weight].formula, letter);
}

static bool has_exponent(const Options *o) { return form_has(o, 'k'); }
static bool has_gamma(const Options *o) { return form_has(o, 'g'); }

static const IdleFlag table[] = {
    { "template", VERB_TRAIN, asks_prompts, "a method whose classifier begins with prompts" },
    { "templates", VERB_TRAIN, asks_prompts, "a method whose classifier begins with prompts" },
    { "label-base", SETS | VERB_CHECK, has_lists, "--train-list or --eval-list" },
    { "weight", VERB_TRAIN, taught, "a method with a teacher" },
    { "power", VERB_TRAIN, has_exponent, "a --weight with an exponent k" },
    { "gamma", VERB_TRAIN, has_gamma, "--weight ce-ratio" },
    { "alpha", VERB_TRAIN, taught, "a method with a teacher" },
    { "temp", VERB_TRAIN, distils, "a method with a teacher, and --alpha above 0" },
    { "clamp-scale", VERB_TRAIN, has_scale, "a method whose classifier has a scale" },
    { "betas", VERB_TRAIN | VERB_PRETRAIN, adamw, "--optimizer adamw or adamw-hf" },
    { "momentum", VERB_TRAIN, sgd, "--optimizer sgd" },
    { "ra-n", VERB_TRAIN, trains_with_randaug, "--augment randaug" },
    { "ra-m", VERB_TRAIN, trains_with_randaug, "--augment randaug" },
    { "ra-n", PICTURE, draws_randaug, "--randaug" },
    { "ra-m", PICTURE, draws_randaug, "--randaug" },
    { "seed", PICTURE, draws, "something that is drawn (--randaug)" },
    { "epoch", PICTURE, draws, "something that is drawn (--randaug)" },
    { "index", PICTURE, draws, "something that is drawn (--randaug)" },
    { "vocab", VERB_TOKENIZE, learns_merges, "--train" },
    { "merges-out", VERB_TOKENIZE, learns_merges, "--train" },
    { "captions-sep", VERB_TOKENIZE, reads_table, "--train FILE.tsv or FILE.csv" },
    { "caption-key", VERB_TOKENIZE, reads_table, "--train FILE.tsv or FILE.csv" },
    { "model", VERB_TOKENIZE, tokenizes, "texts instead of --train" },
    { "merges", VERB_TOKENIZE, tokenizes, "texts instead of --train" },
    { "pad", VERB_TOKENIZE, tokenizes, "texts instead of --train" },
    { "truncate", VERB_TOKENIZE, tokenizes, "texts instead of --train" },
    { "json", VERB_TOKENIZE, tokenizes, "texts instead of --train" },
    { "checkpoint", VERB_EVAL | VERB_PREDICT | VERB_ENCODE | VERB_EXPORT, has_run, "--run" },
    { "merges", VERB_ENCODE, reads_texts, "--texts" },
    { "mean", VERB_ENCODE, sees, "pictures" },
    { "std", VERB_ENCODE, sees, "pictures" },
    { "size", VERB_ENCODE, sees, "pictures" },
    { "resize-mode", VERB_ENCODE, sees, "pictures" },
    { "interpolation", VERB_ENCODE, sees, "pictures" },
    { "pillow", VERB_ENCODE, sees, "pictures" },
    { "max-pixels", VERB_ENCODE, sees, "pictures" },
    { "batch", VERB_ENCODE, sees, "pictures" },
    { "micro-batch", VERB_ENCODE, sees, "pictures" },
    { "workers", VERB_ENCODE, sees, "pictures" },
    { "resize-mode", VERB_PREPROCESS, takes_center, "the whole picture, not --random-crop" },
    { "mean", VERB_PREPROCESS, writes_floats, "-o FILE.npy: a .ppm holds bytes" },
    { "std", VERB_PREPROCESS, writes_floats, "-o FILE.npy: a .ppm holds bytes" },
    { "threads", PICTURE, never, "a model: one thread prepares a picture" },
    { "isa", VERB_WORLD, never, "a model: pictures are drawn by the same code on every machine" },
    { "threads", VERB_INFO, asks_machine, "--machine" },
    { "isa", VERB_INFO, asks_machine, "--machine" },
    { "image-size", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "patch", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "width", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "layers", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "embed", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "text-width", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "text-layers", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "context", VERB_PRETRAIN, begins_anew, "a new model, without --model" },
    { "n-test", VERB_WORLD, is_task, "--kind task" },
    { "pairing", VERB_WORLD, is_task, "--kind task" },
    { 0 },
};

const IdleFlag *idle_next(const Options *o, const IdleFlag *last)
{
    for (const IdleFlag *f = last ? last + 1 : table; f->flag; f++)
        if ((f->verbs & o->verb->bit) && !f->acts(o)) return f;
    return NULL;
}

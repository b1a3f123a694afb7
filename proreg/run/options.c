// options.c - parsing, --help, config.json and checks, all read off the table of flags.
#include "proreg/run/options.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/optim.h"
#include "proreg/proreg.h"
#include "proreg/run/recipe.h"
#include "tensor/backend.h"
#include "tensor/base/file.h"
#include "tensor/base/name.h"
#include "tensor/base/par.h"
#include "tensor/base/pixels.h"

// ---- the table ----------------------------------------------------------------------------------

typedef enum {                         // flags.inc says what they hold
    T_BOOL, T_INT, T_REAL, T_PAIR, T_THREE, T_TEXT, T_PATH, T_PATHS, T_CHOICE, T_NAME, T_LIST
} Type;

// What config.json does with an option: it is written; --config, --run and --resume read it back;
// a resumed run may not change it, except as only_eases says.
enum { WRITTEN = 1, READ = 2, FIXED = 4, KEPT = WRITTEN | READ, BITS = WRITTEN | READ | FIXED };

typedef const char *NameFn(int i);     // the names to choose from, in order; NULL after the last

typedef struct {
    const char *name;
    char letter;                       // `-o`; 0: none
    const char *takes;                 // what --help calls the value; "": nothing, or the names
    const char *standard;              // the default as typed; NULL: none
    unsigned verbs;
    unsigned config;
    const char *help;
    Type type;
    size_t at;                         // in Options
    double low, high;                  // of numbers, both inclusive
    NameFn *names;                     // of T_CHOICE and T_NAME
} Option;

#define NAMES(function, ...) \
    static const char *function(int i) \
    { \
        static const char *const name[] = { __VA_ARGS__, NULL }; \
        return name[i]; \
    }
NAMES(checkpoint_name, "last", "best")
NAMES(activation_name, "quick_gelu", "gelu")
NAMES(pillow_name, "12", "13")
NAMES(augment_name, "none", "randaug")
NAMES(select_name, "val", "test")
NAMES(format_name, "hf", "open_clip")
NAMES(kind_name, "captioned", "simple", "task")
NAMES(isa_name, "scalar", "avx2", "avx512", "neon")

#define CLASSIFIERS (VERB_EVAL | VERB_ZEROSHOT | VERB_PREDICT | VERB_WISE)
#define SETS (VERB_TRAIN | VERB_EVAL | VERB_ZEROSHOT | VERB_WISE)
#define MODELS (VERB_TRAIN | CLASSIFIERS | VERB_ENCODE)
#define RUNS (VERB_EVAL | VERB_PREDICT | VERB_ENCODE | VERB_EXPORT | VERB_WISE)
#define SEEING (MODELS | VERB_PRETRAIN | VERB_PREPROCESS | VERB_INFO | VERB_EXPORT)
#define LISTING (SETS | VERB_PREDICT | VERB_TOKENIZE | VERB_INFO | VERB_CHECK)
#define PICTURE (VERB_PREPROCESS | VERB_AUGMENT)
#define READING (MODELS | PICTURE | VERB_PRETRAIN | VERB_CHECK | VERB_DECODE)
#define COMPUTING (MODELS | PICTURE | VERB_CHECK | VERB_INFO)
#define ALL (~0u)
#define BIG 9e15                       // whole numbers up to here are exact in a double

// A field of another type than the flag's does not compile.
#define AT(field) offsetof(Options, field)
#define VALUE(t, field, c) \
    .type = (t), .at = AT(field) + 0 * sizeof(_Generic(((Options *)0)->field, c: 0))
#define RANGE(l, h) .low = (l), .high = (h)
#define BOOL(field) VALUE(T_BOOL, field, bool)
#define INT(field, low, high) VALUE(T_INT, field, int64_t), RANGE(low, high)
#define REAL_(field, low, high) VALUE(T_REAL, field, double), RANGE(low, high)
#define PAIR(field, low, high) VALUE(T_PAIR, field, double *), RANGE(low, high)
#define THREE(field, low, high) VALUE(T_THREE, field, double *), RANGE(low, high)
#define TEXT(field) VALUE(T_TEXT, field, const char *)
#define PATH(field) VALUE(T_PATH, field, const char *)
#define PATHS(field) VALUE(T_PATHS, field, const char *)
#define CHOICE(field, name) VALUE(T_CHOICE, field, int), .names = (name)
#define NAME(field, name) VALUE(T_NAME, field, const char *), .names = (name)
#define LIST(field) VALUE(T_LIST, field, Items)

static const Option options[] = {
#define FLAG(name, letter, value, takes, standard, verbs, config, help) \
    { name, letter, takes, standard, verbs, config, help, value },
#define GROUP(title) { .name = "", .help = title },    // of no verb
#include "proreg/run/flags.inc"
};
#define COUNT ((int)(sizeof options / sizeof options[0]))
_Static_assert(COUNT <= OPTIONS_MAX, "options.h: OPTIONS_MAX");

// ---- rows and values ----------------------------------------------------------------------------

static const Option *find_flag(const char *name, size_t length, unsigned verbs)
{
    for (int i = 0; i < COUNT; i++)
        if ((options[i].verbs & verbs) && strlen(options[i].name) == length &&
            !memcmp(options[i].name, name, length)) return &options[i];
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
    double x = strtod(text, &rest);            // beyond double: not finite, or 0
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

static Status parse_three(double out[3], const Option *row, const char *text)
{
    double x[3];
    int n = 0;
    for (const char *s = text, *comma; s && n < 3; s = comma ? comma + 1 : NULL, n++) {
        comma = strchr(s, ',');
        TRY(parse_real(&x[n], row, s, n < 2 ? ',' : 0));
    }
    if (n == 2)
        return err_set(ERR_USAGE, "--%s: %.200s: neither one number nor three, %s", row->name, text,
                       row->takes);
    for (int i = 0; i < 3; i++) out[i] = x[n == 3 ? i : 0];
    return OK;
}

// The index of `text` among the row's names; -1: it is none of them.
static int choice_of(const Option *row, const char *text)
{
    for (int i = 0; row->names(i); i++)
        if (!strcmp(row->names(i), text)) return i;
    return -1;
}

static const char *name_of(const Option *row, int choice)
{
    return choice < 0 ? NULL : row->names(choice);
}

// What --help calls the value: for a choice, "a|b|c".
static const char *value_text(char buffer[256], const Option *row)
{
    snprintf(buffer, 256, "%s", row->names ? "" : row->takes);
    if (!row->names) return buffer;
    for (int i = 0, used = 0; row->names(i) && used < 256; i++)
        used += snprintf(buffer + used, 256 - (size_t)used, "%s%s", i ? "|" : "", row->names(i));
    return buffer;
}

static Status choice_error(const Option *row, const char *text)
{
    char all[256];
    const char *name[32], *near;
    int n = 0;
    for (; n < 32 && row->names(n); n++) name[n] = row->names(n);
    near = name_nearest(text, name, n);
    if (near) return err_set(ERR_USAGE, "--%s: %.200s: did you mean %s?", row->name, text, near);
    return err_set(ERR_USAGE, "--%s: %.200s: not one of %s", row->name, text,
                   value_text(all, row));
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
    if ((row->type == T_PATHS || !strncmp(row->takes, "A,B", 3)) && name_missing(text))
        return err_set(ERR_USAGE, "--%s: %.200s: an empty name in the list", row->name, text);
    if (row->at == AT(template) && !strstr(text, "{}"))
        return err_set(ERR_USAGE, "--template: %.200s: has no {} for the class", text);
    return OK;
}

static Status set_value(Options *o, const Option *row, const char *text, Source from)
{
    unsigned char *source = &o->source[row - options];
    void *at = place(o, row);
    if (*source > from) return OK;
    switch (row->type) {
    case T_BOOL: *(bool *)at = strcmp(text, "false") != 0; break;
    case T_INT: TRY(parse_int(at, row, text)); break;
    case T_REAL: TRY(parse_real(at, row, text, 0)); break;
    case T_PAIR: TRY(parse_pair(at, row, text)); break;
    case T_THREE: TRY(parse_three(at, row, text)); break;
    case T_CHOICE:
    case T_NAME:
        if (choice_of(row, text) < 0) return choice_error(row, text);
        if (row->type == T_CHOICE) *(int *)at = choice_of(row, text);
        else *(const char **)at = row->names(choice_of(row, text));
        break;
    case T_TEXT:
    case T_PATH:
    case T_PATHS:
        TRY(check_text(row, text));
        TRY(copy_text(o, at, text));
        break;
    case T_LIST: {
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

// What other programs call our flags.
static const struct { const char *theirs, *ours; } spelling[] = {
    { "batch-size", "batch" }, { "bs", "batch" }, { "learning-rate", "lr" }, { "eta", "lr" },
    { "num-workers", "workers" }, { "nworkers", "workers" }, { "num-threads", "threads" },
    { "weight-decay", "wd" }, { "num-epochs", "epochs" }, { "n-epochs", "epochs" },
    { "optim", "optimizer" }, { "opt", "optimizer" }, { "clip-grad", "clip-norm" },
    { "grad-clip", "clip-norm" }, { "max-grad-norm", "clip-norm" }, { "output-dir", "out" },
    { "out-dir", "out" }, { "save-dir", "out" }, { "output", "out" }, { "out", "output" },
    { "data-dir", "data" }, { "data-path", "data" }, { "root", "data" }, { "dataset", "data" },
    { "train-data", "data" }, { "pretrained", "model" }, { "model-path", "model" },
    { "model-name-or-path", "model" }, { "arch", "model" }, { "warmup-ratio", "warmup" },
    { "lr-scheduler", "schedule" }, { "scheduler", "schedule" }, { "beta", "betas" },
    { "temperature", "temp" }, { "augmentation", "augment" }, { "save-steps", "save-every" },
    { "save-frequency", "save-every" }, { "eval-steps", "eval-every" }, { "jobs", "threads" },
    { "gradient-accumulation-steps", "micro-batch" }, { "accum-freq", "micro-batch" },
    { "prompt", "template" }, { "labels", "classes" }, { "topk", "top" }, { "force", "overwrite" },
    { "image-folder", "images" }, { "random-seed", "seed" }, { "silent", "quiet" },
    { "ckpt", "run" }, { "checkpoint", "model" }, { "ckpt", "model" },
    { "gpu", "device" }, { "cuda", "device" }, { "resume-from", "resume" },
    { "resume-from-checkpoint", "resume" }, { "model-name", "model" }, { "log-dir", "out" },
};

static const char *other_spelling(const Verb *verb, const char *name)
{
    for (size_t i = 0; i < sizeof spelling / sizeof spelling[0]; i++) {
        const char *ours = spelling[i].ours;
        if (!strcmp(name, spelling[i].theirs) && find_flag(ours, strlen(ours), verb->bit))
            return ours;
    }
    return NULL;
}

// The flag nearest to a mistyped one; keys: of those that config.json holds. NULL: none is near.
static const char *near_flag(const Verb *verb, const char *text, size_t length, bool keys)
{
    const char *name[OPTIONS_MAX];
    char wrong[64];
    int n = 0;
    for (int i = 0; i < COUNT; i++)
        if ((options[i].verbs & verb->bit) && (!keys || options[i].config))
            name[n++] = options[i].name;
    snprintf(wrong, sizeof wrong, "%.*s", (int)length, text);
    for (char *c = wrong; *c; c++)
        if (*c == '_') *c = '-';
    const char *near = other_spelling(verb, wrong);
    return near ? near : name_nearest(wrong, name, n);
}

static Status unknown_flag(const Verb *verb, const char *flag, size_t length)
{
    const char *near = near_flag(verb, flag, length, false);
    return err_set(ERR_USAGE, "%s: unknown flag --%.*s%s%s%s", verb->name, (int)length, flag,
                   near ? ": did you mean --" : "", near ? near : "", near ? "?" : "");
}

// One flag at argv[*i]; moves *i to the last argument that belongs to it.
static Status parse_flag(Options *o, int argc, char **argv, int *i)
{
    const char *flag = argv[*i], *equals = NULL, *name = flag + 2;
    const Option *row;
    char takes[256];
    if (flag[1] == '-') {
        equals = strchr(name, '=');
        size_t length = equals ? (size_t)(equals - name) : strlen(name);
        row = find_flag(name, length, o->verb->bit);
        if (!row) return unknown_flag(o->verb, name, length);
    } else {
        row = flag[2] ? NULL : find_letter(flag[1], o->verb->bit);
        if (!row) return err_set(ERR_USAGE, "%s: unknown flag %.40s", o->verb->name, flag);
    }
    if (row->type == T_BOOL) {
        const char *value = equals ? equals + 1 : "true";   // =false undoes what a config says
        if (!strcmp(value, "true") || !strcmp(value, "false"))
            return set_value(o, row, value, FROM_FLAG);
        return err_set(ERR_USAGE, "--%s: %.200s: true or false", row->name, value);
    }
    if (equals) return set_value(o, row, equals + 1, FROM_FLAG);
    Status status = *i + 1 < argc ? set_value(o, row, argv[++*i], FROM_FLAG)
                                  : err_set(ERR_USAGE, "--%s: needs a value: %s", row->name,
                                            value_text(takes, row));
    return status == OK || flag[1] == '-' ? status : err_prefix(status, "%s", flag);
}

static Status parse_all(Options *o, int argc, char **argv)
{
    bool flags = true;                         // until `--`
    o->args = arena_take(&o->arena, ((size_t)argc + 1) * sizeof *o->args);
    if (!o->args) return err_memory("options");
    for (int i = 0; i < COUNT; i++) {
        if (options[i].type == T_CHOICE) *(int *)place(o, &options[i]) = -1;
        if (options[i].type == T_THREE) *(double *)place(o, &options[i]) = NAN;
        if (options[i].standard) TRY(set_value(o, &options[i], options[i].standard, FROM_TABLE));
    }
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

bool options_flag(FlagText *f, const Verb *verb)
{
    for (; f->at < COUNT; f->at++) {
        const Option *row = &options[f->at];
        if (!*row->name) f->group = row->help;
        if (!(row->verbs & verb->bit)) continue;
        f->name = row->name, f->letter = row->letter, f->help = row->help;
        f->standard = row->standard;
        f->kind = row->names ? FLAG_CHOICE : row->type == T_BOOL ? FLAG_ALONE
                : row->type == T_PATH || row->type == T_PATHS ? FLAG_PATH : FLAG_OTHER;
        value_text(f->takes, row);
        f->at++;
        return true;
    }
    return false;
}

// ---- other sources of values --------------------------------------------------------------------

// This verb's row of the name, else that of another verb.
static const Option *row_of(const Options *o, const char *name)
{
    const Option *own = find_flag(name, strlen(name), o->verb->bit);
    return own ? own : find_flag(name, strlen(name), ALL);
}

Status options_default(Options *o, const char *name, const char *value, Source from)
{
    return set_value(o, row_of(o, name), value, from);
}

Source options_source(const Options *o, const char *name)
{
    return (Source)o->source[row_of(o, name) - options];
}

Status options_error(const Options *o, const char *name, const char *format, ...)
{
    static const char *const from[] = { "", "", "recipe: ", "config: ", "" };
    Source source = options_source(o, name);
    va_list args;
    va_start(args, format);
    Status status = err_set_list(source == FROM_CONFIG ? ERR_FORMAT : ERR_USAGE, format, args);
    va_end(args);
    return err_prefix(status, "%s--%s", from[source], name);
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
        if (out->n == ITEMS_MAX)
            return err_set(ERR_USAGE, "%.40s...: more than %d names", list, ITEMS_MAX);
        out->item[out->n++] = s;
        s = next;
    }
    return OK;
}

// ---- limits -------------------------------------------------------------------------------------

// A picture was larger than allowed: the message names the flag that allows more, if there is one.
Status options_limit(const Options *o)
{
    const Option *row = find_flag("max-pixels", 10, o->verb->bit);
    if (!row || (double)o->max_pixels >= row->high) return ERR_LIMIT;
    return err_set(ERR_LIMIT, "%s (--%s raises the limit)", err_msg(), row->name);
}

// ---- config.json --------------------------------------------------------------------------------

void option_key(char key[64], const char *name)
{
    snprintf(key, 64, "%s", name);
    for (char *c = key; *c; c++)
        if (*c == '-') *c = '_';
}

// Paths are written whole, so that a run can be repeated from any folder.
static Status write_path(JsonOut *out, const char *path)
{
    char *whole = NULL;
    if (path) TRY(path_whole(&whole, path));
    json_out_string(out, whole ? whole : path);
    free(whole);
    return OK;
}

// The same for each of a list; a name with a comma in it is one file if there is such a file.
static Status write_paths(JsonOut *out, const char *list)
{
    size_t files = 1, used = 0;
    bool one = true;
    for (const char *s = list ? list : ""; *s; s++) files += *s == ',';
    if (files > 1) TRY(file_there(&one, list));
    if (one) return write_path(out, list);
    char *text = malloc(files * FILE_PATH);
    Status status = text ? OK : err_memory("config");
    for (const char *s = list, *end; status == OK && s; s = *end ? end + 1 : NULL) {
        char name[FILE_PATH], *whole;
        end = s + strcspn(s, ",");
        snprintf(name, sizeof name, "%.*s", (int)(end - s), s);
        status = path_whole(&whole, name);
        used += (size_t)snprintf(text + used, files * FILE_PATH - used, "%s%s", used ? "," : "",
                                 whole && strlen(whole) < FILE_PATH - 1 ? whole : name);
        free(whole);
    }
    if (status == OK) json_out_string(out, text);
    free(text);
    return status;
}

static void write_numbers(JsonOut *out, const double *x, int n)
{
    if (isnan(x[0])) {
        json_out_null(out);
        return;
    }
    json_out_array(out);
    for (int i = 0; i < n; i++) json_out_double(out, x[i]);
    json_out_end(out);
}

static Status write_value(const Options *o, const Option *row, JsonOut *out)
{
    const void *at = place(o, row);
    const Items *items = at;
    switch (row->type) {
    case T_BOOL: json_out_bool(out, *(const bool *)at); break;
    case T_INT: json_out_int(out, *(const int64_t *)at); break;
    case T_REAL: json_out_double(out, *(const double *)at); break;
    case T_PAIR: write_numbers(out, at, 2); break;
    case T_THREE: write_numbers(out, at, 3); break;
    case T_PATH: return write_path(out, *(const char *const *)at);
    case T_PATHS: return write_paths(out, *(const char *const *)at);
    case T_TEXT:
    case T_NAME: json_out_string(out, *(const char *const *)at); break;
    case T_CHOICE: json_out_string(out, name_of(row, *(const int *)at)); break;
    case T_LIST:
        json_out_array(out);
        for (int i = 0; i < items->n; i++) json_out_string(out, items->item[i]);
        json_out_end(out);
        break;
    }
    return OK;
}

Status options_write_config(const Options *o, JsonOut *out)
{
    for (int i = 0; i < COUNT; i++) {
        char key[64];
        if (!(options[i].config & WRITTEN) || !(options[i].verbs & o->verb->bit)) continue;
        option_key(key, options[i].name);
        json_out_key(out, key);
        TRY(write_value(o, &options[i], out));
    }
    return OK;
}

static Status numbers_typed(char text[80], const Json *v, int n)
{
    TRY(json_expect(v, JSON_ARRAY));
    if (v->count != n) return json_error(ERR_FORMAT, v, "not %d numbers", n);
    for (int i = 0, used = 0; i < n; i++) {
        double x;
        TRY(json_number(&x, json_at(v, i)));
        used += snprintf(text + used, 80 - (size_t)used, "%s%.17g", i ? "," : "", x);
    }
    return OK;
}

// A value of the file as it would be typed. `text` holds numbers; strings stay in the file's arena.
static Status as_typed(const char **out, char text[80], const Option *row, const Json *v)
{
    int64_t whole;
    double x;
    bool truth;
    *out = text;
    switch (row->type) {
    case T_BOOL:
        TRY(json_bool(&truth, v));
        snprintf(text, 80, "%s", truth ? "true" : "false");
        return OK;
    case T_INT:
        TRY(json_int(&whole, v, (int64_t)row->low, (int64_t)row->high));
        snprintf(text, 80, "%lld", (long long)whole);
        return OK;
    case T_REAL:
        TRY(json_number(&x, v));
        snprintf(text, 80, "%.17g", x);
        return OK;
    case T_PAIR: return numbers_typed(text, v, 2);
    case T_THREE: return numbers_typed(text, v, 3);
    default: return json_string(out, v);
    }
}

static Status read_value(Options *o, const Option *row, const Json *v)
{
    char number[80];
    const char *text;
    int64_t n = row->type == T_LIST && v->type == JSON_ARRAY ? v->count : 1;
    if (o->source[row - options] > FROM_CONFIG) return OK;
    for (int64_t i = 0; i < n; i++) {
        const Json *value = row->type == T_LIST && v->type == JSON_ARRAY ? json_at(v, i) : v;
        TRY(as_typed(&text, number, row, value));
        if (set_value(o, row, text, FROM_CONFIG) != OK)
            return json_error(ERR_FORMAT, v, "%s", err_msg());
    }
    return OK;
}

// Files without `rename` are of a time when any --classnames without a folder renamed them.
static Status rename_as_before(Options *o, const Json *root)
{
    const Json *names = json_get(root, "classnames");
    if (!names || names->type != JSON_STRING || json_get(root, "rename")) return OK;
    return options_default(o, "rename", "true", FROM_CONFIG);
}

// Files without `prompts` are of a time when classifiers beside models were passed over.
static Status prompts_as_before(Options *o, const Json *root)
{
    char path[FILE_PATH];
    const Json *model = json_get(root, "model");
    if (!model || model->type != JSON_STRING || json_get(root, "prompts") ||
        !find_flag("prompts", 7, o->verb->bit) || options_source(o, "model") > FROM_CONFIG)
        return OK;
    bool there;
    TRY(file_beside(&there, path, model->string, "classifier.safetensors"));
    if (!there) return OK;
    return options_default(o, "prompts", "true", FROM_CONFIG);
}

bool option_is_key(const char *key, char near[64])
{
    const Verb train = { .name = "train", .bit = VERB_TRAIN };
    for (int i = 0; i < COUNT; i++) {
        option_key(near, options[i].name);
        if (options[i].config && !strcmp(near, key)) return true;
    }
    const char *flag = near_flag(&train, key, strlen(key), true);
    option_key(near, flag ? flag : "");
    return false;
}

Status options_read_config(Options *o, const char *path)
{
    Arena arena = { 0 };
    const Json *root;
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = json_expect(root, JSON_OBJECT);
    for (int i = 0; i < COUNT && status == OK; i++) {
        char key[64];
        option_key(key, options[i].name);
        const Json *v = json_get(root, key);
        if (!v || v->type == JSON_NULL || !(options[i].config & READ)) continue;
        if (options[i].verbs & o->verb->bit) status = read_value(o, &options[i], v);
    }
    if (status == OK) status = rename_as_before(o, root);
    if (status == OK) status = prompts_as_before(o, root);
    arena_free(&arena);
    return status;
}

// What only lets a run go on where it would have ended changes nothing of what it has done. With
// --skip-bad, pictures larger than the limit were left out instead.
static bool only_eases(const Options *o, const Options *was, const Option *row)
{
    if (row->at == AT(skip_bad)) return o->skip_bad;
    if (row->at == AT(epochs)) return o->epochs > was->epochs;
    return row->at == AT(max_pixels) && !was->skip_bad && o->max_pixels > was->max_pixels;
}

static Status same_value(const Options *o, const Options *was, const Option *row, bool *eased)
{
    JsonOut ours = { 0 }, theirs = { 0 };
    Status status = write_value(o, row, &ours);
    if (status == OK) status = write_value(was, row, &theirs);
    if (status == OK) status = json_out_status(&ours);
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
    Options was;
    *eased = false;
    TRY(options_parse(&was, o->verb, 0, NULL));
    Status status = options_read_config(&was, path);
    for (int i = 0; i < COUNT && status == OK; i++)
        if (o->source[i] == FROM_FLAG && (options[i].config & FIXED))
            status = same_value(o, &was, &options[i], eased);
    options_free(&was);
    return status;
}

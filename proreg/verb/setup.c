// setup.c - from options to a machine, a model, a method.
#include "proreg/verb/setup.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/lists.h"
#include "proreg/run/config.h"
#include "proreg/run/idle.h"
#include "proreg/run/sums.h"
#include "tensor/base/par.h"
#include "tensor/base/shown.h"

void say(const Options *o, const char *format, ...)
{
    va_list args;
    if (o->quiet) return;
    va_start(args, format);
    shown_print(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void say_idle(const Options *o)
{
    const IdleFlag *f = NULL;
    while ((f = idle_next(o, f)))
        if (options_source(o, f->flag) == FROM_FLAG)
            say(o, "note: --%s: without effect: it needs %s", f->flag, f->needs);
}

// ---- the machine --------------------------------------------------------------------------------

static Status thread_count(const Options *o, int *threads)
{
    const char *ours = getenv("PROREG_THREADS"), *openmp = getenv("OMP_NUM_THREADS");
    *threads = par_cores();
    if (o->threads) *threads = (int)o->threads;
    else if (ours && *ours) {
        char *end;
        long n = strtol(ours, &end, 10);
        if (*end || n < 1 || n > PAR_THREADS)
            return err_set(ERR_USAGE, "PROREG_THREADS: %.60s: not a whole number from 1 to %d",
                           ours, PAR_THREADS);
        *threads = (int)n;
    } else if (openmp && atoi(openmp) >= 1 && atoi(openmp) <= PAR_THREADS) {
        *threads = atoi(openmp);               // may be a list, "4,2": its first number
    }
    return OK;
}

Status setup_machine(Options *o, const Backend **be)
{
    int threads;
    const char *isa = getenv("PROREG_ISA");
    TRY(thread_count(o, &threads));
    TRY(par_set_threads(threads));
    o->threads = threads;
    if (o->isa) isa = o->isa;
    return backend_open(be, o->device, isa && *isa ? isa : NULL);
}

// ---- models -------------------------------------------------------------------------------------

TransformGiven setup_pixels(const Options *o)
{
    return (TransformGiven){
        .mode = o->resize_mode, .filter = o->interpolation, .resize = (int)o->resize,
        .pillow = o->pillow ? atoi(o->pillow) : 0,
        .mean = isnan(o->mean[0]) ? NULL : o->mean, .std = isnan(o->std[0]) ? NULL : o->std,
    };
}

ClipOptions setup_clip(const Options *o, ClipTowers towers)
{
    return (ClipOptions){ .towers = towers, .activation = o->activation, .heads = o->heads,
                          .text_heads = o->text_heads, .pixels = setup_pixels(o) };
}

void setup_say_pixels(const Options *o, const char *what, const Transform *t)
{
    float black, white;
    const int c = transform_odd(t);
    if (c < 0) return;
    transform_range(&black, &white, t, c);
    say(o, "note: %s: mean %g and deviation %g of bytes times %g send black to %g and white to %g: "
        "are they in the same units?", what, (double)t->mean[c], (double)t->std[c], t->scale,
        (double)black, (double)white);
}

void setup_say_model(const Options *o, const Clip *c)
{
    const ClipConfig *g = &c->config;
    setup_say_pixels(o, c->folder, &g->pixels);
    if (c->heads_guessed)
        say(o, "note: %s: nothing says its heads: %lld are taken for the images' width %lld, %lld "
            "for the texts' width %lld (--heads N, --text-heads N)", c->file,
            (long long)g->vision.heads, (long long)g->vision.width, (long long)g->text.heads,
            (long long)g->text.width);
}

static bool takes_run(const Verb *verb)
{
    bool found = false;
    for (FlagText f = { 0 }; !found && options_flag(&f, verb);) found = !strcmp(f.name, "run");
    return found;
}

Status setup_no_run(const Options *o, const char *path)
{
    char last[FILE_PATH];
    bool run;
    TRY(path_join(last, path, "last"));
    TRY(folder_there(&run, last));
    if (!run) return OK;
    return err_set(ERR_IO, "model: %s: is a run: %s--model %s", path,
                   takes_run(o->verb) ? "--run names it, or " : "", last);
}

Status setup_model(Clip *c, const Options *o, const Backend *be, const char *path,
                   ClipTowers towers)
{
    PathKind kind;
    TRY(path_kind(&kind, path));
    if (kind != PATH_FILE && kind != PATH_FOLDER)
        return err_set(ERR_IO, "model: %s: no such file or folder", path);
    TRY(setup_no_run(o, path));
    const ClipOptions options = setup_clip(o, towers);
    TRY(clip_open(c, be, path, &options));
    setup_say_model(o, c);
    return OK;
}

// A text without the end that the model looks for would be read at its start, like any other.
static Status check_end(const Bpe *bpe, const Clip *c)
{
    if (c->config.eos < 0 || c->config.eos == bpe_end(bpe)) return OK;
    return err_set(ERR_FORMAT, "model: %s: texts are read at the id %lld (eos_token_id), but the "
                   "tokenizer ends them with %d", c->folder, (long long)c->config.eos,
                   bpe_end(bpe));
}

Status setup_bpe(Bpe **bpe, const Options *o, const Clip *c, bool need)
{
    bool there = true;
    *bpe = NULL;
    if (!need && !o->merges) TRY(bpe_there(&there, c->folder));
    if (!there) return OK;
    Status status = bpe_open(bpe, o->merges ? o->merges : c->folder, c->config.vocab);
    if (status == OK) status = check_end(*bpe, c);
    if (status == OK || o->merges) return status;
    if (need || status == ERR_IO || err_of_machine(status))
        return err_prefix(status, "tokenizer (--merges names another)");
    say(o, "note: goes on without a tokenizer: %s", err_msg());
    return OK;
}

Status setup_checkpoint(const Options *o, const char *checkpoint, bool training)
{
    bool summed;
    TRY(sums_check(&summed, checkpoint, training));
    if (!summed)
        say(o, "note: %s: of an earlier version, without checksums: not checked", checkpoint);
    return OK;
}

Status setup_run(RunCheckpoint *run, Options *o)
{
    char config[FILE_PATH];
    TRY(run_open(run, &o->arena, o->run, o->checkpoint));
    TRY(setup_checkpoint(o, run->path, false));
    TRY(path_join(config, o->run, "config.json"));
    TRY(config_keys(config));
    TRY(options_read_config(o, config));
    TRY(recipe_apply(o));
    return config_sides(o, config);
}

static Status read_templates(Options *o)
{
    Lines lines;
    TRY(lines_read(&lines, &o->arena, o->templates_file));
    if (lines.n < 1 || lines.n > ITEMS_MAX)
        return err_set(ERR_FORMAT, "templates: %s: %lld lines, not 1 to %d", o->templates_file,
                       (long long)lines.n, ITEMS_MAX);
    o->template.n = 0;
    for (int64_t i = 0; i < lines.n; i++) {
        if (!strstr(lines.name[i], "{}"))
            return err_set(ERR_FORMAT, "templates: %s: line %lld has no {} for the class",
                           o->templates_file, (long long)i + 1);
        o->template.item[o->template.n++] = lines.name[i];
    }
    return OK;
}

Status setup_templates(Options *o)
{
    if (!o->templates_file) return OK;
    if (options_source(o, "template") == FROM_FLAG)
        return err_set(ERR_USAGE, "--templates: does not go with --template");
    return read_templates(o);
}

// ---- method, optimizer --------------------------------------------------------------------------

static Status no_teacher(const Options *o, const Method *m)
{
    static const char *const flags[] = { "weight", "alpha", "temp", "power", "gamma" };
    for (int i = 0; i < 5; i++)
        if (options_source(o, flags[i]) == FROM_FLAG)
            return err_set(ERR_USAGE, "--%s: method %s has no teacher", flags[i], m->name);
    return OK;
}

// A flag for a parameter of another form would be ignored silently.
static Status form_flags(const Options *o, const WeightForm *form)
{
    for (const WeightForm *f = weight_forms; f->name; f++) {
        bool shared = !f->flag || !strcmp(f->flag, "alpha");
        if (shared || (form->flag && !strcmp(form->flag, f->flag))) continue;
        if (options_source(o, f->flag) == FROM_FLAG)
            return err_set(ERR_USAGE, "--%s: goes with --weight %s, not %s", f->flag, f->name,
                           form->name);
    }
    return OK;
}

// In the form `fixed` --alpha is the weight itself, and both parts count in full.
static Status loss_options(Options *o, LossConfig *loss)
{
    const WeightForm *form = &weight_forms[o->weight];
    bool fixed = form->flag && !strcmp(form->flag, "alpha");
    TRY(form_flags(o, form));
    if (fixed && o->alpha > 1)
        return options_error(o, "alpha", "%g: not from 0 to 1, as weight fixed asks", o->alpha);
    if (form->power > 0) o->power = form->power;
    *loss = (LossConfig){ .form = form, .power = o->power, .gamma = o->gamma, .temp = o->temp,
                          .fixed = fixed ? o->alpha : 0, .alpha = fixed ? 1 : o->alpha };
    return OK;
}

// `kd` is another name of `proreg --weight fixed`.
Status setup_method(Options *o, const Method **method, LossConfig *loss)
{
    static const char *const flags[] = { "lr", "weight", "alpha" };
    const Method *m = &methods[o->method], *kd = method_find("kd");
    const WeightForm *fixed = weight_form_find(kd->weight);
    if (method_taught(m) && o->weight >= 0 && &weight_forms[o->weight] == fixed) m = kd;
    for (int i = 0; i < 3; i++) {
        const char *value = method_default(m, flags[i]);
        if (value) TRY(options_default(o, flags[i], value, FROM_METHOD));
    }
    *method = m;
    *loss = (LossConfig){ .form = NULL };
    if (!method_taught(m)) return no_teacher(o, m);
    if (m == kd && &weight_forms[o->weight] != fixed)
        return options_error(o, "weight", "%s: method kd has weight fixed",
                             weight_forms[o->weight].name);
    return loss_options(o, loss);
}

Optim setup_optim(const Options *o)
{
    Optim optim = { .kind = (OptimKind)o->optimizer, .beta1 = o->betas[0], .beta2 = o->betas[1],
                    .eps = 1e-8, .momentum = o->momentum, .clip_norm = o->clip_norm };
    for (int g = 0; g < GROUPS; g++) {
        bool head = g == GROUP_HEAD || g == GROUP_HEAD_BIAS;
        bool bias = g == GROUP_TOWER_BIAS || g == GROUP_HEAD_BIAS;
        optim.lr[g] = o->lr * (head ? o->head_lr_scale : 1);
        optim.decay[g] = bias ? 0 : o->wd;
    }
    return optim;
}

// setup.c - from options to a machine, a model, pictures, a method.
#include "proreg/verb/setup.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/lists.h"
#include "tensor/base/par.h"

void say(const Options *o, const char *format, ...)
{
    va_list args;
    if (o->quiet) return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

// ---- the machine --------------------------------------------------------------------------------

static Status threads_of(const Options *o, int *threads)
{
    const char *ours = getenv("PROREG_THREADS"), *openmp = getenv("OMP_NUM_THREADS");
    *threads = par_cores();
    if (o->threads) *threads = (int)o->threads;
    else if (ours && *ours) {
        char *end;
        long n = strtol(ours, &end, 10);
        if (*end || n < 1 || n > 256)
            return err_set(ERR_USAGE, "PROREG_THREADS: %.60s: not a whole number from 1 to 256",
                           ours);
        *threads = (int)n;
    } else if (openmp && atoi(openmp) >= 1 && atoi(openmp) <= 256) {
        *threads = atoi(openmp);               // may be a list, "4,2": its first number
    }
    return OK;
}

Status setup_machine(Options *o, const Backend **be)
{
    int threads;
    const char *isa = getenv("PROREG_ISA");
    TRY(threads_of(o, &threads));
    TRY(par_set_threads(threads));
    o->threads = threads;
    if (o->isa) isa = o->isa;
    return backend_open(be, o->device, isa && *isa ? isa : NULL);
}

// ---- models -------------------------------------------------------------------------------------

Status setup_model(Clip *c, const Options *o, const Backend *be, const char *path,
                   ClipTowers towers)
{
    if (!file_exists(path) && !folder_exists(path))
        return err_set(ERR_IO, "model: %s: no such file or folder", path);
    return clip_open(c, be, path, &(ClipOptions){ towers, o->activation });
}

Status setup_bpe(Bpe **bpe, const Options *o, const Clip *c, bool need)
{
    *bpe = NULL;
    Status status = bpe_open(bpe, o->merges ? o->merges : c->folder, c->config.vocab);
    if (status == OK || o->merges) return status;
    return need ? err_prefix(status, "tokenizer (--merges names another)") : OK;
}

Status setup_model_or_run(const Options *o)
{
    if (!o->model == !o->run)
        return err_set(ERR_USAGE, "%s: needs either --model PATH or --run DIR", o->verb->name);
    return OK;
}

bool ends_with(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && !strcmp(path + n - m, suffix);
}

Status setup_output(const char *path)
{
    char folder[FILE_PATH];
    int n = (int)(path_name(path) - path);
    if (folder_exists(path)) return err_set(ERR_IO, "output: %s: is a folder", path);
    if (n >= FILE_PATH) return err_set(ERR_IO, "output: path too long: %.200s...", path);
    snprintf(folder, sizeof folder, "%.*s", n ? n : 1, n ? path : ".");
    if (!folder_exists(folder))
        return err_set(ERR_IO, "output: %s: no folder to write it in", path);
    return folder_writable(folder);
}

static bool among(const char *name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

// Nothing but these names, and names[0] if there is anything.
static Status holds_only(const char *folder, const char *const *names, int n)
{
    char stranger[256] = "";
    bool marked = false, empty = true;
    DIR *dir = opendir(folder);
    if (!dir) return err_set(ERR_IO, "out: %s: cannot be read", folder);
    for (struct dirent *e; (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        empty = false;
        marked |= strcmp(e->d_name, names[0]) == 0;
        if (!among(e->d_name, names, n)) snprintf(stranger, sizeof stranger, "%s", e->d_name);
    }
    closedir(dir);
    if (*stranger)
        return err_set(ERR_IO, "out: %s: is not replaced: holds something else: %s", folder,
                       stranger);
    if (!empty && !marked)
        return err_set(ERR_IO, "out: %s: is not replaced: holds no %s", folder, names[0]);
    return OK;
}

// folder_commit moves the old folder there and removes it.
static Status nothing_at_old(const char *out)
{
    char old[FILE_PATH];
    int n = (int)strlen(out);
    while (n > 1 && out[n - 1] == '/') n--;
    if (n + 5 > FILE_PATH) return err_set(ERR_IO, "out: path too long: %.200s...", out);
    snprintf(old, sizeof old, "%.*s.old", n, out);
    return folder_exists(old) ? err_set(ERR_IO, "out: %s: is in the way", old) : OK;
}

Status setup_folder(const Options *o, const char *const *names, int n)
{
    if (file_exists(o->out)) return err_set(ERR_IO, "out: %s: is a file", o->out);
    if (folder_exists(o->out)) {
        if (!o->overwrite)
            return err_set(ERR_IO, "%s: %s is there: another --out, or --overwrite",
                           o->verb->name, o->out);
        TRY(holds_only(o->out, names, n));
        TRY(nothing_at_old(o->out));
    }
    return folder_writable(o->out);
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

// ---- pictures -----------------------------------------------------------------------------------

// A recipe's class list stands for a run's, unless the user gives one.
static Status recipe_classes(const Recipe *r, Options *o, DatasetOptions *d)
{
    d->by_letters = r && r->by_letters;
    if (!r || !r->class_list || d->classnames) return OK;
    Items *items = arena_take(&o->arena, sizeof *items);
    if (!items) return err_memory("classes");
    TRY(options_split(o, r->class_list, items));
    d->known = items->item;
    d->known_count = items->n;
    return OK;
}

Status setup_dataset_options(DatasetOptions *d, Options *o, int sides)
{
    *d = (DatasetOptions){
        .root = o->data, .sides = sides, .train_split = o->train_split,
        .eval_split = o->eval_split, .train_domains = o->train_domains,
        .eval_domains = o->eval_domains, .train_list = o->train_list, .eval_list = o->eval_list,
        .label_base = (int)o->label_base, .classnames = o->classnames,
    };
    return recipe_classes(recipe_find(o->recipe), o, d);
}

// A domain on both sides is not unseen, whatever the recipe's name promises.
static void tell_seen(const Options *o, const Recipe *r, const Dataset *d)
{
    for (int k = 0; k < d->domain_count; k++)
        if (dataset_seen(d, k))
            say(o, "note: recipe %s: %s is trained on and evaluated on", r->name, d->domain[k]);
}

Status setup_dataset(Dataset *d, Options *o, int sides, const char *const *known, int n)
{
    const Recipe *recipe = recipe_find(o->recipe);
    DatasetOptions options;
    TRY(setup_dataset_options(&options, o, sides));
    if (known) {
        options.known = known;
        options.known_count = n;
    }
    TRY(dataset_open(d, &options));
    if (d->note) say(o, "note: %s", d->note);
    if (d->strays)
        say(o, "note: %lld pictures do not fit the layout and are left out, the first: %s",
            (long long)d->strays, d->stray);
    if (recipe && recipe->classes != d->class_count)
        say(o, "note: recipe %s has %d classes, this data %d", recipe->name, recipe->classes,
            d->class_count);
    if (recipe && recipe->domains) tell_seen(o, recipe, d);
    if (recipe && recipe->note) say(o, "note: %s", recipe->note);
    if (recipe && recipe->train_note && sides & DATASET_TRAIN) say(o, "note: %s",
                                                                   recipe->train_note);
    return OK;
}

Status setup_names(const Dataset *d, Arena *arena, const char ***names, const char ***prompts)
{
    size_t bytes = (size_t)d->class_count * sizeof(char *);
    *names = arena_take(arena, bytes);
    *prompts = arena_take(arena, bytes);
    if (!*names || !*prompts) return err_memory("classes");
    for (int k = 0; k < d->class_count; k++) {
        (*names)[k] = d->classes[k].name;
        (*prompts)[k] = d->classes[k].prompt;
    }
    return OK;
}

LoaderOptions setup_loader(const Options *o, const Dataset *d, const SampleSet *set,
                           const ClipConfig *config)
{
    Transform t = { .size = (int)config->image_size, .filter = FILTER_BICUBIC };
    memcpy(t.mean, config->mean, sizeof t.mean);
    memcpy(t.std, config->std, sizeof t.std);
    return (LoaderOptions){ .root = d->root, .set = set, .transform = t, .batch = (int)o->batch,
                            .micro = (int)o->micro_batch, .workers = (int)o->workers,
                            .seed = (uint64_t)o->seed, .max_pixels = o->max_pixels,
                            .skip_bad = o->skip_bad };
}

Augment setup_augment(const Options *o, bool randaug)
{
    return (Augment){ .randaug = randaug, .n = (int)o->ra_n, .m = o->ra_m,
                      .crop = o->random_crop, .flip = o->flip };
}

Status next_batch(Loader *loader, const LoaderOptions *options, Batch *batch)
{
    Status status = loader_next(loader, batch);
    bool skips = options->skip_bad || err_of_machine(status) || status == ERR_LIMIT;
    if (status == OK || skips) return status;
    return err_set(status, "%s (--skip-bad leaves it out)", err_msg());
}

Status setup_left_out(uint8_t **left_out, Options *o, const SampleSet *set)
{
    *left_out = NULL;
    if (!o->skip_bad) return OK;
    *left_out = arena_zero(&o->arena, (size_t)set->n);
    return *left_out ? OK : err_memory("pictures left out");
}

void tell_left_out(Progress *p, const Loader *loader, int64_t *told)
{
    const LoaderBad *bad;
    for (int64_t n = loader_bad(loader, &bad); *told < n; ++*told)
        progress_say(p, "left out: %s", bad[*told].message);
}

void count_left_out(const Options *o, const uint8_t *left_out, const SampleSet *set,
                    const char *what)
{
    int64_t n = 0;
    for (int64_t i = 0; left_out && i < set->n; i++) n += left_out[i];
    if (n > 0)
        say(o, "%lld of %lld %s could not be read and were left out", (long long)n,
            (long long)set->n, what);
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

static Status weight_form(Options *o, LossConfig *loss)
{
    bool power = !strcmp(o->weight, "power"), ratio = !strcmp(o->weight, "ce-ratio");
    if (!power && options_source(o, "power") == FROM_FLAG)
        return err_set(ERR_USAGE, "--power: goes with --weight power, not %s", o->weight);
    if (!ratio && options_source(o, "gamma") == FROM_FLAG)
        return err_set(ERR_USAGE, "--gamma: goes with --weight ce-ratio, not %s", o->weight);
    loss->form = ratio ? WEIGHT_CE_RATIO : WEIGHT_POWER;
    if (!strcmp(o->weight, "fixed")) loss->form = WEIGHT_FIXED;
    if (!power) o->power = !strcmp(o->weight, "k1") ? 1 : 10;
    return OK;
}

// `kd` is another name of `proreg --weight fixed`.
Status setup_method(Options *o, const Method **method, LossConfig *loss)
{
    char lr[40], alpha[40];
    const Method *m = method_find(o->method);
    if (!m) return err_set(ERR_UNSUPPORTED, "method: %s: not built", o->method);
    if (m->form == WEIGHT_POWER && o->weight && !strcmp(o->weight, "fixed")) m = method_find("kd");
    snprintf(lr, sizeof lr, "%.17g", m->lr);
    snprintf(alpha, sizeof alpha, "%.17g", m->alpha);
    TRY(options_default(o, "lr", lr, FROM_METHOD));
    *method = m;
    *loss = (LossConfig){ .form = m->form };
    if (m->form == WEIGHT_NONE) return no_teacher(o, m);
    TRY(options_default(o, "weight", m->form == WEIGHT_FIXED ? "fixed" : "k10", FROM_METHOD));
    TRY(options_default(o, "alpha", alpha, FROM_METHOD));
    if (m->form == WEIGHT_FIXED && strcmp(o->weight, "fixed") != 0)
        return options_error(o, "weight", "%s: method kd has weight fixed", o->weight);
    TRY(weight_form(o, loss));
    if (loss->form == WEIGHT_FIXED && o->alpha > 1)
        return options_error(o, "alpha", "%g: not from 0 to 1, as weight fixed asks", o->alpha);
    loss->power = o->power;
    loss->gamma = o->gamma;
    loss->alpha = o->alpha;
    loss->temp = o->temp;
    return OK;
}

Schedule setup_schedule(const Options *o)
{
    if (!strcmp(o->schedule, "cosine")) return SCHEDULE_COSINE;
    return !strcmp(o->schedule, "constant") ? SCHEDULE_CONSTANT : SCHEDULE_LINEAR;
}

Optim setup_optim(const Options *o)
{
    Optim optim = { .kind = OPTIM_ADAMW_HF, .beta1 = o->betas[0], .beta2 = o->betas[1], .eps = 1e-8,
                    .momentum = o->momentum, .clip_norm = o->clip_norm };
    if (!strcmp(o->optimizer, "adamw")) optim.kind = OPTIM_ADAMW;
    if (!strcmp(o->optimizer, "sgd")) optim.kind = OPTIM_SGD;
    for (int g = 0; g < GROUPS; g++) {
        bool head = g == GROUP_HEAD || g == GROUP_HEAD_BIAS;
        bool bias = g == GROUP_TOWER_BIAS || g == GROUP_HEAD_BIAS;
        optim.lr[g] = o->lr * (head ? o->head_lr_scale : 1);
        optim.decay[g] = bias ? 0 : o->wd;
    }
    return optim;
}

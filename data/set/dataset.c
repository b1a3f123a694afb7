// dataset.c - from folders or lists to two sets of labelled pictures.
#include "data/set/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset_work.h"
#include "data/set/lists.h"
#include "data/set/splits.h"
#include "tensor/base/name.h"
#include "tensor/base/sha256.h"

// ---- labels -------------------------------------------------------------------------------------

static Status unknown_class(const Work *w, const Entry *e, const char *name)
{
    const char **known = arena_take(w->arena, (size_t)w->d->class_count * sizeof *known);
    if (!known) return err_memory("dataset");
    for (int k = 0; k < w->d->class_count; k++) known[k] = w->d->classes[k].name;
    const char *near = name_nearest(name, known, w->d->class_count);
    return err_set(ERR_SHAPE, "dataset: %s: class %s is not one of the %d %s%s%s", e->path, name,
                   w->d->class_count, w->o->known ? "that are known" : "for training",
                   near ? ": did you mean " : "", near ? near : "");
}

static int find_folder(const Work *w, const char *folder)
{
    for (int i = 0; i < w->firsts; i++)
        if (w->first[i].folder && !strcmp(folder, w->first[i].folder)) return i;
    for (int i = 0; i < w->firsts; i++)
        if (name_same(folder, w->first[i].name)) return i;
    return -1;
}

static Status out_of_range(const Work *w, const Entry *e)
{
    return err_set(ERR_FORMAT, "dataset: %s: line %lld: label %d is not one of %d..%d", e->list,
                   (long long)e->line, e->number + w->o->label_base, w->o->label_base,
                   w->firsts - 1 + w->o->label_base);
}

static Status label_of(int32_t *label, const Work *w, const Entry *e, bool by_number)
{
    int i = by_number ? e->number : find_folder(w, e->folder);
    if (i >= w->firsts) return out_of_range(w, e);
    if (i < 0) return unknown_class(w, e, e->folder);
    *label = w->final[i];
    return *label >= 0 ? OK : unknown_class(w, e, w->first[i].name);
}

static Status label_side(SampleSet *set, const Work *w, const Side *side)
{
    *set = (SampleSet){ .split = side->split };
    set->sample = arena_take(w->arena, (size_t)(side->n + 1) * sizeof *set->sample);
    if (!set->sample) return err_memory("dataset");
    const bool numbers = classes_numbers_only(w);
    const char *last = NULL;
    int32_t label = 0;
    for (int64_t i = 0; i < side->n; i++) {
        const Entry *e = &side->entry[i];
        if (e->number >= 0 || !last || strcmp(e->folder, last))
            TRY(label_of(&label, w, e, e->number >= 0 && (numbers || !e->folder)));
        last = e->folder;
        set->sample[set->n++] = (Sample){ .path = e->path, .label = label };
    }
    return OK;
}

// ---- domains ------------------------------------------------------------------------------------

static void set_domains(SampleSet *set, const Side *side, const Dataset *d)
{
    int32_t k = 0;
    for (int64_t i = 0; i < side->n; i++) {
        const char *name = side->entry[i].domain;
        if (strcmp(name, d->domain[k]))
            for (k = 0; strcmp(name, d->domain[k]);) k++;
        set->sample[i].domain = k;
    }
}

static Status make_domains(Work *w, const Side *train)
{
    const Side *const side[] = { train, &w->eval };
    const char **name = arena_take(w->arena, (size_t)(train->n + w->eval.n) * sizeof *name);
    const char *last = NULL;
    int64_t n = 0;
    if (!name) return err_memory("dataset");
    for (int s = 0; s < 2; s++)
        for (int64_t i = 0; i < side[s]->n; i++) {
            if (side[s]->entry[i].domain != last) name[n++] = side[s]->entry[i].domain;
            last = side[s]->entry[i].domain;
        }
    n = names_unique(name, n);
    w->d->domain = name;
    w->d->domain_count = (int)n;
    set_domains(&w->d->train, train, w->d);
    set_domains(&w->d->eval, &w->eval, w->d);
    return OK;
}

static bool has_domain(const SampleSet *set, int k)
{
    for (int64_t i = 0; i < set->n; i++)
        if (set->sample[i].domain == k) return true;
    return false;
}

// ---- splits of the set that is evaluated --------------------------------------------------------

static const char name_held_out[] = HELD_OUT;  // a folder may be called so too

// Those of validation first, then in byte order.
static int by_use(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    bool v = split_kind(x) == SPLIT_VAL, u = split_kind(y) == SPLIT_VAL;
    return v != u ? u - v : strcmp(x, y);
}

// Held-out samples have no entry: they stand behind the others.
static Status make_splits(Work *w)
{
    Dataset *d = w->d;
    const Side *side = &w->eval;
    const char **name = arena_take(w->arena, (size_t)(side->n + 2) * sizeof *name), *last = NULL;
    int64_t n = 0, held = d->eval.n > side->n;
    if (!name) return err_memory("dataset");
    name[0] = name_held_out;
    for (int64_t i = 0; i < side->n; i++) {
        if (side->entry[i].split != last) name[held + n++] = side->entry[i].split;
        last = side->entry[i].split;
    }
    n = names_unique(name + held, n);
    qsort(name + held, (size_t)n, sizeof *name, by_use);
    d->split = name;
    d->split_count = (int)(held + n);
    for (int64_t i = 0, k = held; i < side->n; i++) {
        if (strcmp(side->entry[i].split, name[k]))
            for (k = held; strcmp(side->entry[i].split, name[k]);) k++;
        d->eval.sample[i].split = (int32_t)k;
    }
    char text[NAMES_TEXT];
    d->eval.split = arena_string(w->arena, names_joined(text, name, d->split_count));
    return d->eval.split ? OK : err_memory("dataset");
}

static int by_sample_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// How many pictures of each split and domain are trained on, by their paths.
static Status count_trained(Work *w)
{
    Dataset *d = w->d;
    size_t cells = (size_t)d->split_count * (size_t)d->domain_count;
    d->trained_on = arena_zero(w->arena, (cells + 1) * sizeof *d->trained_on);
    const char **path = arena_take(w->arena, (size_t)(w->train.n + 1) * sizeof *path);
    if (!d->trained_on || !path) return err_memory("dataset");
    const bool labelled = d->train.n > 0;      // then without those that are held out
    int64_t n = w->trained ? labelled ? d->train.n : w->train.n : 0;
    for (int64_t i = 0; i < n; i++)
        path[i] = labelled ? d->train.sample[i].path : w->train.entry[i].path;
    qsort(path, (size_t)n, sizeof *path, by_sample_path);
    for (int64_t i = 0; i < d->eval.n; i++) {
        const Sample *s = &d->eval.sample[i];
        if (n && bsearch(&s->path, path, (size_t)n, sizeof *path, by_sample_path))
            d->trained_on[s->split * d->domain_count + s->domain]++;
    }
    return OK;
}

// With pictures held out these alone; else the split of validation, where nothing of it is trained
// on, of the domains that are trained on: others are there to be tested on.
static Status find_validation(Work *w)
{
    Dataset *d = w->d;
    const bool held = w->o->val_fraction > 0;
    d->chosen_by = arena_zero(w->arena, (size_t)(d->split_count * d->domain_count + 1));
    if (!d->chosen_by) return err_memory("dataset");
    for (int s = 0; s < d->split_count; s++)
        for (int k = 0; k < d->domain_count; k++) {
            bool fits = held ? d->split[s] == name_held_out : split_kind(d->split[s]) == SPLIT_VAL;
            d->chosen_by[s * d->domain_count + k] =
                fits && has_domain(&d->train, k) && !d->trained_on[s * d->domain_count + k];
        }
    return OK;
}

// ---- what the header promises -------------------------------------------------------------------

// Office-Home's lists say Real_World where its archive has a folder `Real World`.
static Status has_blanks(bool *has, char name[FILE_PATH], const Dataset *d, const char *path)
{
    char folder[FILE_PATH];
    size_t n = strcspn(path, "/");
    *has = false;
    snprintf(name, FILE_PATH, "%.*s", (int)n, path);
    name_blanks(name);
    if (!path[n] || !strncmp(name, path, n)) return OK;
    TRY(path_join(folder, d->root, name));
    return folder_there(has, folder);
}

static Status no_listed(const Dataset *d, const Entry *e, const char *path)
{
    char blanks[FILE_PATH];
    bool has;
    TRY(has_blanks(&has, blanks, d, e->path));
    if (has)
        return err_set(ERR_IO, "dataset: %s: line %lld: no such file: %s: rename `%s`, as the "
                       "list calls it", e->list, (long long)e->line, e->path, blanks);
    return err_set(ERR_IO, "dataset: %s: line %lld: no such file: %s", e->list, (long long)e->line,
                   path);
}

static Status check_listed(const Dataset *d, const Side *side)
{
    char path[FILE_PATH];
    bool any = false, there;
    for (int64_t i = 0; i < side->n && d->skip_bad && !any; i++) {
        TRY(dataset_path(path, d->root, side->entry[i].path));
        TRY(file_there(&any, path));
    }
    if (any) return OK;                        // loaders name and leave out those that are missing
    for (int64_t i = 0; i < side->n; i++) {
        const Entry *e = &side->entry[i];
        if (!e->list) return OK;
        TRY(dataset_path(path, d->root, e->path));
        TRY(file_there(&there, path));
        if (!there) return no_listed(d, e, path);
    }
    return OK;
}

static Status check_dataset_options(const DatasetOptions *o)
{
    if (!o->root && !o->train_list && !o->eval_list)
        return err_set(ERR_USAGE, "dataset: neither a folder nor a list (--data DIR)");
    if (o->label_base != 0 && o->label_base != 1)
        return err_set(ERR_USAGE, "dataset: --label-base %d: not 0 or 1", o->label_base);
    bool there = true;
    if (o->root) TRY(folder_there(&there, o->root));
    return there ? OK : err_set(ERR_IO, "dataset: no such folder: %s", o->root);
}

// Who asks a run about named splits or domains alone does not ask about others that it held out.
static void keep_asked(Work *w)
{
    const Pick *p = &w->evals;
    SampleSet *set = &w->d->eval;
    int64_t n = set->n;
    set->n = w->eval.n;
    if (p->splits || w->o->eval_list) return;
    for (int64_t i = set->n; i < n; i++) {
        const char *domain = w->d->domain[set->sample[i].domain];
        if (p->domains == 0 || name_find(domain, p->domain, p->domains) >= 0)
            set->sample[set->n++] = set->sample[i];
    }
}

// Both sets, and what is known of the one that is evaluated. Of a run that is only asked, the
// training side is needed for what was held out of it.
static Status fill_sets(Work *w)
{
    Dataset *d = w->d;
    const bool wanted = dataset_wants(w->o, DATASET_TRAIN);
    const Side none = { .split = "" };
    const bool holds_out = dataset_holds_out(w);
    const Side *train = wanted || holds_out ? &w->train : &none;
    TRY(check_listed(d, train));
    TRY(check_listed(d, &w->eval));
    TRY(label_side(&d->train, w, train));
    TRY(label_side(&d->eval, w, &w->eval));
    TRY(make_domains(w, train));
    if (holds_out) TRY(hold_out(w));
    if (holds_out && !wanted) keep_asked(w);
    if (dataset_wants(w->o, DATASET_EVAL) && d->eval.n == 0)
        return err_set(ERR_IO, "dataset: %s: no pictures to evaluate on", d->root);
    TRY(make_splits(w));
    TRY(count_trained(w));
    TRY(find_validation(w));
    if (!wanted) d->train = (SampleSet){ .sample = d->train.sample, .split = "" };
    return OK;
}

// The training side is read even where only evaluation is asked for: it has the classes.
static Status fill_dataset(Work *w)
{
    TRY(check_dataset_options(w->o));
    TRY(sides_read(w));
    const Side *base = w->train.n ? &w->train : &w->eval;
    TRY(classes_make(w, base));
    w->d->empties = base->empties;
    if (base->empties) w->d->empty = base->empty[0]->path;
    return fill_sets(w);
}

Status dataset_open(Dataset *d, const DatasetOptions *options)
{
    *d = (Dataset){ .skip_bad = options->skip_bad };
    Work w = { .o = options, .d = d, .arena = &d->arena, .train.split = "", .eval.split = "" };
    Status status = fill_dataset(&w);
    if (status != OK) dataset_close(d);
    return status;
}

void dataset_close(Dataset *d)
{
    arena_free(&d->arena);
    *d = (Dataset){ 0 };
}

bool dataset_seen(const Dataset *d, int k)
{
    bool tested = false;
    for (int64_t i = 0; i < d->eval.n && !tested; i++) {
        const Sample *s = &d->eval.sample[i];
        tested = s->domain == k && !d->chosen_by[s->split * d->domain_count + k];
    }
    return tested && has_domain(&d->train, k);
}

// ---- the hash -----------------------------------------------------------------------------------

static Status hash_line(const char **line, Arena *arena, const Dataset *d, const Sample *s,
                        bool skip_bad)
{
    char path[FILE_PATH], text[FILE_PATH + 64];
    PathKind kind;
    int64_t bytes;
    TRY(dataset_path(path, d->root, s->path));
    Status status = path_size(&kind, &bytes, path);
    if (status == OK && kind == PATH_NOTHING)
        status = err_set(ERR_IO, "cannot read: %s: no such file", path);
    if (err_of_machine(status)) return status;
    if (status != OK && !skip_bad)
        return err_set(status, "%s (--skip-bad leaves it out)", err_msg());
    snprintf(text, sizeof text, "%s\t%lld\t%d\n", s->path, (long long)bytes, s->label);
    *line = arena_string(arena, text);
    return *line ? OK : err_memory("dataset");
}

static Status hash_lines(const char ***line, int64_t *n, Arena *arena, const Dataset *d,
                         bool skip_bad)
{
    const SampleSet *const set[] = { &d->train, &d->eval };
    *n = 0;
    *line = arena_take(arena, (size_t)(d->train.n + d->eval.n + 1) * sizeof **line);
    if (!*line) return err_memory("dataset");
    for (int s = 0; s < 2; s++)
        for (int64_t i = 0; i < set[s]->n; i++)
            TRY(hash_line(&(*line)[(*n)++], arena, d, &set[s]->sample[i], skip_bad));
    *n = names_unique(*line, *n);
    return OK;
}

Status dataset_hash(const Dataset *d, char hex[65])
{
    Arena arena = { 0 };
    const char **line;
    int64_t n;
    Status status = hash_lines(&line, &n, &arena, d, d->skip_bad);
    if (status == OK) {
        Sha256 h = sha256_begin();
        for (int64_t i = 0; i < n; i++) sha256_add(&h, line[i], strlen(line[i]));
        sha256_end(&h, hex);
    }
    arena_free(&arena);
    return status;
}

// dataset.c - from folders or lists to two sets of labelled pictures.
#include "data/set/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/copies.h"
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
    char place[FILE_PATH] = "";
    if (e->list) snprintf(place, sizeof place, "%.4000s: line %lld: ", e->list, (long long)e->line);
    return err_set(ERR_SHAPE, "dataset: %s%s: class %s is not one of the %d %s%s%s", place, e->path,
                   name, w->d->class_count, w->o->known ? "that are known" : "for training",
                   near ? ": did you mean " : "", near ? near : "");
}

static Status out_of_range(const Work *w, const Entry *e)
{
    const int base = w->o->label_base;
    const bool eval = e >= w->eval.entry && e < w->eval.entry + w->eval.n;
    const bool shifted = side_from_one(w, eval ? &w->eval : &w->train);
    return err_set(ERR_FORMAT, "dataset: %s: line %lld: label %d is not one of %d..%d%s", e->list,
                   (long long)e->line, e->number + base, base, w->firsts - 1 + base,
                   shifted ? ONE_BASED : "");
}

// Two orders of the classes, of which one would give a number another class than the other.
static Status two_orders(const Work *w, const Entry *e, int64_t i, const char *folder,
                         const char *how)
{
    return err_set(ERR_FORMAT, "dataset: %s: line %lld: label %d is %s by %s, but %s folder %s: "
                   "two orders of the classes", e->list, (long long)e->line,
                   e->number + w->o->label_base, w->first[i].name,
                   w->o->classnames ? w->o->classnames : w->o->known ? "the classes that are known"
                   : "the order of folders", how, folder);
}

// A number alone. Where folders name the numbers of the lists that the classes are made from, it
// must be the same class by them and by the file of names.
static Status class_by_number(int64_t *i, const Work *w, const Entry *e)
{
    *i = e->number;
    if (*i >= w->firsts) return out_of_range(w, e);
    const char *folder = *i < w->numbereds ? w->numbered[*i] : NULL;
    if (!folder || classes_find(w, folder) == *i) return OK;
    return two_orders(w, e, *i, folder, "by the other list it is");
}

static Status label_of(int32_t *label, const Work *w, const Entry *e, bool by_number)
{
    int64_t i;
    if (by_number) TRY(class_by_number(&i, w, e));
    else i = classes_find(w, e->folder);
    if (i < 0) return unknown_class(w, e, e->folder);
    *label = w->final[i];
    return *label >= 0 ? OK : unknown_class(w, e, w->first[i].name);
}

typedef struct { int64_t class, votes, agreed, n, claims; const Entry *first; } Poll;

// The class that is called like the folder an entry lies in; -1: none. *last: of the entry before.
static int64_t class_of_place(const Work *w, const Entry *e, const char **last, int64_t class)
{
    const char *folder = e->folder ? e->folder : e->lies_in;
    if (!folder || (*last && !strcmp(folder, *last))) return folder ? class : -1;
    *last = folder;
    return classes_find(w, folder);
}

// In which class's folder most pictures of each number lie (Boyer and Moore 1981: one pass finds
// the only one that can be, another counts it).
static void poll_places(Poll *poll, const Work *w, const Side *side, bool numbers)
{
    for (int pass = 0; pass < 2; pass++) {
        const char *last = NULL;
        int64_t class = -1;
        for (int64_t i = 0; i < side->n; i++) {
            const Entry *e = &side->entry[i];
            if (e->number >= w->firsts || (e->folder && !numbers)) continue;
            Poll *p = &poll[e->number];
            class = class_of_place(w, e, &last, class);
            if (pass == 0 && p->votes == 0) p->class = class;
            if (pass == 0) p->votes += class == p->class ? 1 : -1;
            if (pass == 0) continue;
            p->n++;
            p->agreed += class == p->class;
            if (class == p->class && !p->first) p->first = e;
        }
    }
}

// Numbers that count without folders must not be those of another order: if more than half of a
// label's pictures, and of no other label's, lie in a folder that is called like another class,
// they are.
static Status check_places(const Work *w, const Side *side, bool numbers)
{
    Poll *poll = arena_zero(w->arena, (size_t)(w->firsts + 1) * sizeof *poll);
    if (!poll) return err_memory("dataset");
    poll_places(poll, w, side, numbers);
    for (int k = 0; k < w->firsts; k++) {
        if (2 * poll[k].agreed <= poll[k].n) poll[k].class = -1;
        else if (poll[k].class >= 0) poll[poll[k].class].claims++;
    }
    for (int k = 0; k < w->firsts; k++) {
        const Poll *p = &poll[k];
        if (p->n && p->class >= 0 && p->class != k && poll[p->class].claims == 1)
            return two_orders(w, p->first, k,
                              p->first->folder ? p->first->folder : p->first->lies_in,
                              "most pictures of it lie in");
    }
    return OK;
}

static Status label_side(SampleSet *set, const Work *w, const Side *side)
{
    *set = (SampleSet){ .split = side->split };
    set->sample = arena_take(w->arena, (size_t)(side->n + 1) * sizeof *set->sample);
    if (!set->sample) return err_memory("dataset");
    const bool numbers = classes_numbers_only(w);
    if (side->numeric) TRY(labels_check(w, side));
    if (side->numeric) TRY(check_places(w, side, numbers));
    const char *last = NULL;
    int32_t label = 0;
    for (int64_t i = 0; i < side->n; i++) {
        const Entry *e = &side->entry[i];
        if (e->number >= 0 || !last || strcmp(e->folder, last))
            TRY(label_of(&label, w, e, labels_count(e, numbers)));
        last = e->folder;
        set->sample[set->n++] = (Sample){ .path = e->path, .label = label };
    }
    return OK;
}

// ---- domains ------------------------------------------------------------------------------------

static int by_bytes_of(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void set_domains(SampleSet *set, const Side *side, const Dataset *d)
{
    int32_t k = 0;
    for (int64_t i = 0; i < side->n; i++) {
        const char *const *name = &side->entry[i].domain, **at = d->domain + k;
        if (strcmp(*name, *at))
            at = bsearch(name, d->domain, (size_t)d->domain_count, sizeof *name, by_bytes_of);
        set->sample[i].domain = k = (int32_t)(at - d->domain);
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

// Which domains have pictures; NULL: no memory.
static const bool *domains_of(Arena *arena, const SampleSet *set, int domains)
{
    bool *has = arena_zero(arena, (size_t)domains + 1);
    for (int64_t i = 0; has && i < set->n; i++) has[set->sample[i].domain] = true;
    return has;
}

// ---- contents -----------------------------------------------------------------------------------

// The pictures of both sides, then those that are trained on besides: of the run's record, or where
// there is none, and no training set, of the training side.
static void list_contents(Work *w)
{
    const SampleSet *const set[] = { &w->d->train, &w->d->eval };
    PictureFile *f = w->file;
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < set[k]->n; i++)
            *f++ = (PictureFile){ .root = w->d->root, .path = set[k]->sample[i].path };
    for (int64_t i = 0; i < w->seens; i++)
        *f++ = (PictureFile){ .root = w->o->seen ? "" : w->d->root, .beside = true,
                              .path = w->o->seen ? w->o->seen[i] : w->train.entry[i].path };
}

// Two labels for one picture: both are kept, and said.
static Status check_two_labels(Work *w, const SampleSet *set)
{
    const Sample **first = arena_zero(w->arena, (size_t)(w->files + 1) * sizeof *first);
    if (!first) return err_memory("dataset");
    for (int64_t i = 0; i < set->n; i++) {
        const Sample *s = &set->sample[i], *before = first[s->content];
        if (!before) first[s->content] = s;
        if (!before || before->label == s->label) continue;
        char text[2 * FILE_PATH];
        if (w->d->two_labels++) continue;
        snprintf(text, sizeof text, "%s as %s, %s as %s", before->path,
                 w->d->classes[before->label].name, s->path, w->d->classes[s->label].name);
        w->d->two_label = arena_string(w->arena, text);
        if (!w->d->two_label) return err_memory("dataset");
    }
    return OK;
}

static Status find_copies(Work *w)
{
    Dataset *d = w->d;
    if (w->o->seen) w->seens = w->o->seens;
    else if (w->trained && d->train.n == 0) w->seens = w->train.n;
    w->files = d->train.n + d->eval.n + w->seens;
    w->file = arena_take(w->arena, (size_t)(w->files + 1) * sizeof *w->file);
    if (!w->file) return err_memory("dataset");
    list_contents(w);
    TRY(copies_find(w->file, w->files, dataset_holds_out(w)));
    for (int64_t i = 0; i < d->train.n; i++) d->train.sample[i].content = w->file[i].same;
    for (int64_t i = 0; i < d->eval.n; i++)
        d->eval.sample[i].content = w->file[d->train.n + i].same;
    TRY(check_two_labels(w, &d->train));
    return check_two_labels(w, &d->eval);
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

// Marks the pictures that are evaluated and also trained on, under whatever name.
static Status count_trained(Work *w)
{
    Dataset *d = w->d;
    size_t cells = (size_t)d->split_count * (size_t)d->domain_count;
    d->trained_on = arena_zero(w->arena, (cells + 1) * sizeof *d->trained_on);
    d->fresh = arena_zero(w->arena, (cells + 1) * sizeof *d->fresh);
    uint8_t *trained = arena_zero(w->arena, (size_t)(w->files + 1));       // by content
    if (!d->trained_on || !d->fresh || !trained) return err_memory("dataset");
    const bool others = !dataset_wants(w->o, DATASET_TRAIN) && w->o->seen;     // those alone
    for (int64_t i = 0; i < d->train.n && !others; i++) trained[d->train.sample[i].content] = 1;
    for (int64_t i = w->files - w->seens; i < w->files; i++) trained[w->file[i].same] = 1;
    for (int64_t i = 0; i < d->eval.n; i++) {
        Sample *s = &d->eval.sample[i];
        s->trained = trained[s->content];
        (s->trained ? d->trained_on : d->fresh)[s->split * d->domain_count + s->domain]++;
    }
    return OK;
}

// With pictures held out these alone; else the split of validation, of the domains that are trained
// on: others are there to be tested on.
static Status find_validation(Work *w)
{
    Dataset *d = w->d;
    const bool held = w->o->val_fraction > 0;
    const bool *trains = domains_of(w->arena, &d->train, d->domain_count);
    d->chosen_by = arena_zero(w->arena, (size_t)(d->split_count * d->domain_count + 1));
    if (!d->chosen_by || !trains) return err_memory("dataset");
    for (int s = 0; s < d->split_count; s++)
        for (int k = 0; k < d->domain_count; k++) {
            bool fits = held ? d->split[s] == name_held_out : split_kind(d->split[s]) == SPLIT_VAL;
            d->chosen_by[s * d->domain_count + k] =
                fits && trains[k] && d->fresh[s * d->domain_count + k] > 0;
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
    if ((p->splits && !p->held) || w->o->eval_list) return;
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
    TRY(labels_tell(w));
    TRY(make_domains(w, train));
    TRY(find_copies(w));
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
    const bool listed = base->n && base->entry[0].list;
    w->d->empties = listed ? 0 : w->tree.empties;
    if (w->d->empties) w->d->empty = w->tree.empty[0].path;
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
                         bool eval)
{
    const SampleSet *const set[] = { &d->train, &d->eval };
    *n = 0;
    *line = arena_take(arena, (size_t)(d->train.n + d->eval.n + 1) * sizeof **line);
    if (!*line) return err_memory("dataset");
    for (int s = 0; s < (eval ? 2 : 1); s++)
        for (int64_t i = 0; i < set[s]->n; i++)
            TRY(hash_line(&(*line)[(*n)++], arena, d, &set[s]->sample[i], d->skip_bad));
    *n = names_unique(*line, *n);
    return OK;
}

static Status hash_sets(const Dataset *d, bool eval, char hex[65])
{
    Arena arena = { 0 };
    const char **line;
    int64_t n;
    Status status = hash_lines(&line, &n, &arena, d, eval);
    if (status == OK) {
        Sha256 h = sha256_begin();
        for (int64_t i = 0; i < n; i++) sha256_add(&h, line[i], strlen(line[i]));
        sha256_end(&h, hex);
    }
    arena_free(&arena);
    return status;
}

Status dataset_hash(const Dataset *d, char hex[65])
{
    return hash_sets(d, true, hex);
}

Status dataset_hash_train(const Dataset *d, char hex[65])
{
    return hash_sets(d, false, hex);
}

void dataset_hash_order(const Dataset *d, char hex[65])
{
    Sha256 h = sha256_begin();
    for (int64_t i = 0; i < d->train.n; i++)
        sha256_add(&h, d->train.sample[i].path, strlen(d->train.sample[i].path) + 1);
    sha256_end(&h, hex);
}

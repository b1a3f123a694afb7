// sides.c - the entries of the training and the evaluation side, from the tree or from lists.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset_work.h"
#include "data/set/lists.h"
#include "data/set/splits.h"
#include "tensor/base/name.h"

// ---- sets of names ------------------------------------------------------------------------------

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int64_t names_unique(const char **name, int64_t n)
{
    int64_t kept = 0;
    qsort(name, (size_t)n, sizeof *name, by_name);
    for (int64_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(name[kept - 1], name[i])) name[kept++] = name[i];
    return kept;
}

const char *names_joined(char text[NAMES_TEXT], const char *const *name, int64_t n)
{
    size_t used = 0;
    text[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        if (used + strlen(name[i]) + 8 > NAMES_TEXT) {
            strcpy(text + used, ", ..");
            break;
        }
        used += (size_t)snprintf(text + used, NAMES_TEXT - used, "%s%s", i ? ", " : "", name[i]);
    }
    return text;
}

bool names_have(const char *const *name, int64_t n, const char *wanted)
{
    for (int64_t i = 0; i < n; i++)
        if (!strcmp(wanted, name[i])) return true;
    return false;
}

static Status no_such(const char *where, const char *kind, const char *wrong,
                      const char *const *name, int64_t n)
{
    char text[NAMES_TEXT];
    const char *near = name_nearest(wrong, name, n);
    return err_set(ERR_IO, "dataset: %s: no %s called %s%s%s: there %s %s", where, kind, wrong,
                   near ? ": did you mean " : "", near ? near : "",
                   n == 0 ? "is" : "are", n == 0 ? "none" : names_joined(text, name, n));
}

enum Field { A_SPLIT, A_DOMAIN };

// The names of all splits or domains of the tree. *names lies in the arena.
static Status tree_names(const char ***names, int64_t *n, Work *w, enum Field field)
{
    const Tree *t = &w->tree;
    const char **name = arena_take(w->arena, (size_t)(t->n + 1) * sizeof *name), *last = NULL;
    if (!name) return err_memory("dataset");
    *n = 0;
    for (int64_t i = 0; i < t->n; i++) {
        const char *this = field == A_SPLIT ? t->file[i].split : t->file[i].domain;
        if (this != last && *this) name[(*n)++] = this;
        last = this;
    }
    *n = names_unique(name, *n);
    *names = name;
    return OK;
}

// ---- sides from the tree ------------------------------------------------------------------------

Status names_split(const char ***name, int64_t *n, Arena *arena, const char *text)
{
    *name = NULL;
    *n = 0;
    if (!text) return OK;
    char *copy = arena_string(arena, text);
    const char **list = arena_take(arena, (strlen(text) + 1) * sizeof *list);
    if (!copy || !list) return err_memory("dataset");
    for (char *at = copy, *comma; at; at = comma) {
        comma = strchr(at, ',');
        if (comma) *comma++ = 0;
        list[(*n)++] = at;
    }
    *name = list;
    return OK;
}

static Status keep_side_empties(Side *side, Work *w, const char *split, const char *const *wanted,
                                int64_t wants)
{
    const Tree *t = &w->tree;
    side->empty = arena_take(w->arena, (size_t)(t->empties + 1) * sizeof *side->empty);
    if (!side->empty) return err_memory("dataset");
    for (int64_t i = 0; i < t->empties; i++) {
        const TreeFile *f = &t->empty[i];
        bool here = !*split || !strcmp(f->split, split);
        if (here && (!wants || name_find(f->domain, wanted, wants) >= 0))
            side->empty[side->empties++] = f;
    }
    return OK;
}

static Status side_from_tree(Side *side, Work *w, const char *split, const char *domains)
{
    const Tree *t = &w->tree;
    const char **wanted, **there = NULL;
    int64_t wants = 0, n = 0;
    TRY(names_split(&wanted, &wants, w->arena, domains));
    TRY(tree_names(&there, &n, w, A_DOMAIN));
    for (int64_t i = 0; i < wants; i++)
        if (name_find(wanted[i], there, n) < 0)
            return no_such(w->o->root, "domain", wanted[i], there, n);
    *side = (Side){ .split = split };
    side->entry = arena_take(w->arena, (size_t)(t->n + 1) * sizeof *side->entry);
    if (!side->entry) return err_memory("dataset");
    for (int64_t i = 0; i < t->n; i++) {
        const TreeFile *f = &t->file[i];
        if (*split && strcmp(f->split, split)) continue;
        if (wants && name_find(f->domain, wanted, wants) < 0) continue;
        side->entry[side->n++] = (Entry){ f->path, f->domain, f->class_name, -1, 0, NULL };
    }
    TRY(keep_side_empties(side, w, split, wanted, wants));
    if (side->n) return OK;
    return err_set(ERR_IO, "dataset: %s: no pictures in split %s%s%s", w->o->root, split,
                   wants ? " of domains " : "", wants ? domains : "");
}

// The split that a flag means; one of several spellings that are there must be named exactly.
static Status asked_split(const char **split, Work *w, const char *asked, const char *const *name,
                          int64_t n)
{
    char text[NAMES_TEXT];
    int64_t i = split_find(asked, name, n);
    if (i == SPLIT_SEVERAL)
        return err_set(ERR_IO, "dataset: %s: which split is %s: there are %s", w->o->root, asked,
                       names_joined(text, name, n));
    if (i < 0) return no_such(w->o->root, "split", asked, name, n);
    *split = name[i];
    return OK;
}

// The name of the training split: "" where the layout has none; NULL: it has others.
static Status train_split(const char **split, Work *w)
{
    const char **name = NULL;
    char text[NAMES_TEXT];
    int64_t n = 0;
    TRY(tree_names(&name, &n, w, A_SPLIT));
    if (w->o->train_split) return asked_split(split, w, w->o->train_split, name, n);
    int64_t i = split_find_kind(SPLIT_TRAIN, name, n);
    if (i == SPLIT_SEVERAL)
        return err_set(ERR_IO, "dataset: %s: more than one split to train on, of %s "
                       "(--train-split NAME)", w->o->root, names_joined(text, name, n));
    *split = n == 0 ? "" : i < 0 ? NULL : name[i];
    return OK;
}

static Status tell_eval_split(Work *w, const char *why, const char *what)
{
    char text[512];
    snprintf(text, sizeof text, "no eval split is named%s: %.200s is used", why, what);
    w->d->note = arena_string(w->arena, text);
    return w->d->note ? OK : err_memory("dataset");
}

static Status eval_split(const char **split, Work *w, const char *train)
{
    const DatasetOptions *o = w->o;
    const char **name, *asked = o->eval_split;
    int64_t n;
    TRY(tree_names(&name, &n, w, A_SPLIT));
    if (asked) return asked_split(split, w, asked, name, n);
    *split = n == 0 ? "" : NULL;
    for (int64_t i = 0; i < n; i++)
        if (split_kind(name[i]) == SPLIT_VAL) *split = name[i];
    if (n == 0) {
        bool same = dataset_wants(o, DATASET_TRAIN) && !o->train_domains && !o->eval_domains;
        return same ? tell_eval_split(w, ", and there are no splits", "what is trained on") : OK;
    }
    if (*split) return tell_eval_split(w, "", *split);
    *split = train ? train : name[0];
    return tell_eval_split(w, ", and there is no val", *split);
}

// ---- sides from lists ---------------------------------------------------------------------------

const char *folder_above(Arena *arena, const char *path, int up)
{
    const char *end = path_name(path);
    for (; up > 1 && end > path; up--)
        for (end--; end > path && end[-1] != '/';) end--;
    if (end == path) return NULL;
    const char *start = --end;
    while (start > path && start[-1] != '/') start--;
    char *name = arena_take(arena, (size_t)(end - start) + 1);
    if (!name) return NULL;
    memcpy(name, start, (size_t)(end - start));
    name[end - start] = 0;
    return name;
}

const char *domain_of(Arena *arena, const DatasetOptions *o, const char *path)
{
    const char *const extra[] = { o->train_split, o->eval_split };
    const char *name = folder_above(arena, path, 2);
    if (name && split_called(name, extra, 2)) name = folder_above(arena, path, 3);
    return name && strcmp(name, ".") && strcmp(name, "..") ? name : "";
}

// The first entry whose number or folder stood before with another partner; NULL: they agree.
// folder: that of each number; seen: folders so far. Both have room for all numbers.
static const Entry *first_odd(const Side *side, const char **folder, const char **seen)
{
    int64_t n = 0;
    for (int64_t i = 0; i < side->n; i++) {
        const Entry *e = &side->entry[i];
        if (!e->folder) return e;
        if (folder[e->number] && strcmp(folder[e->number], e->folder)) return e;
        if (folder[e->number]) continue;
        if (names_have(seen, n, e->folder)) return e;
        folder[e->number] = seen[n++] = e->folder;
    }
    return NULL;
}

// Numbers and folders agree if each number stands for one folder and each folder for one number.
// Then folders are names of classes; otherwise (all pictures in one folder, say) numbers alone
// count.
static Status judge_folders(Side *side, Arena *arena)
{
    int32_t most = 0;
    for (int64_t i = 0; i < side->n; i++)
        if (side->entry[i].number > most) most = side->entry[i].number;
    const char **folder = arena_zero(arena, 2 * (size_t)(most + 1) * sizeof *folder);
    if (!folder) return err_memory("dataset");
    const Entry *odd = first_odd(side, folder, folder + most + 1);
    if (!odd) return OK;
    side->odd_line = odd->line;
    side->odd_list = odd->list;
    side->odd_folder = odd->folder;
    for (int64_t i = 0; i < side->n; i++) side->entry[i].folder = NULL;
    return OK;
}

static Status entry_from_list(Entry *e, Work *w, const ListEntry *l, const char *list, bool numeric)
{
    *e = (Entry){ l->path, domain_of(w->arena, w->o, l->path), l->label, -1, l->line, list };
    if (!numeric) return OK;
    e->folder = folder_above(w->arena, l->path, 1);
    e->number = l->number - w->o->label_base;
    if (e->number >= 0 && e->number < CLASSES_MOST) return OK;
    return err_set(ERR_FORMAT,
                   "dataset: %s: line %lld: label %s: labels start at %d (--label-base)%s",
                   list, (long long)l->line, l->label, w->o->label_base,
                   e->number < 0 ? "" : " and are not that large");
}

static Status add_list(Side *side, Work *w, const char *path)
{
    List list;
    TRY(list_read(&list, w->arena, path));
    if (side->n && side->numeric != list.numeric)
        return err_set(ERR_FORMAT, "dataset: %s: labels are %s, those of the lists before are not",
                       path, list.numeric ? "numbers" : "names");
    side->numeric = list.numeric;
    Entry *entry = arena_take(w->arena, (size_t)(side->n + list.n) * sizeof *entry);
    if (!entry) return err_memory("dataset");
    if (side->n) memcpy(entry, side->entry, (size_t)side->n * sizeof *entry);
    side->entry = entry;
    for (int64_t i = 0; i < list.n; i++, side->n++)
        TRY(entry_from_list(&entry[side->n], w, &list.entry[i], path, list.numeric));
    return OK;
}

static Status keep_domains(Side *side, Work *w, const char *domains)
{
    const char **wanted, **there = arena_take(w->arena, (size_t)side->n * sizeof *there);
    int64_t wants, n = 0, kept = 0;
    TRY(names_split(&wanted, &wants, w->arena, domains));
    if (!there) return err_memory("dataset");
    if (!wants) return OK;
    for (int64_t i = 0; i < side->n; i++) there[n++] = side->entry[i].domain;
    n = names_unique(there, n);
    for (int64_t i = 0; i < wants; i++)
        if (name_find(wanted[i], there, n) < 0)
            return no_such(side->entry[0].list, "domain", wanted[i], there, n);
    for (int64_t i = 0; i < side->n; i++) {
        const Entry e = side->entry[i];
        if (name_find(e.domain, wanted, wants) >= 0) side->entry[kept++] = e;
    }
    side->n = kept;
    return OK;
}

// A name with a comma in it is taken as it is if there is such a file.
static Status side_from_lists(Side *side, Work *w, const char *lists, const char *domains)
{
    const char **path;
    int64_t n;
    *side = (Side){ .split = "list" };
    TRY(names_split(&path, &n, w->arena, lists));
    if (file_exists(lists)) TRY(add_list(side, w, lists));
    else for (int64_t i = 0; i < n; i++) TRY(add_list(side, w, path[i]));
    if (side->numeric) TRY(judge_folders(side, w->arena));
    return keep_domains(side, w, domains);
}

// ---- both sides ---------------------------------------------------------------------------------

const char *list_folder(Arena *arena, const char *lists)
{
    char *folder = arena_string(arena, lists);
    if (!folder) return NULL;
    if (!file_exists(lists)) folder[strcspn(folder, ",")] = 0;
    folder[path_name(folder) - folder] = 0;
    return folder;
}

bool dataset_wants(const DatasetOptions *o, int side)
{
    return o->sides == 0 || o->sides & side;
}

static Status open_root(Work *w)
{
    const DatasetOptions *o = w->o;
    const char *const extra[] = { o->train_split, o->eval_split };
    const char *list = o->train_list ? o->train_list : o->eval_list;
    w->d->root = o->root ? arena_string(w->arena, o->root) : list_folder(w->arena, list);
    if (!w->d->root) return err_memory("dataset");
    bool train = dataset_wants(o, DATASET_TRAIN) && !o->train_list;
    bool eval = dataset_wants(o, DATASET_EVAL) && !o->eval_list;
    w->has_tree = o->root && (train || eval);
    if (!train && !eval) return OK;
    if (!o->root) return err_set(ERR_USAGE, "dataset: a list for one side alone (--data DIR)");
    TRY(tree_read(&w->tree, w->arena, o->root, extra, 2));
    w->d->strays = w->tree.strays;
    w->d->stray = w->tree.stray;
    w->d->deeps = w->tree.deeps;
    w->d->deep = w->tree.deep;
    return OK;
}

static Status training_side(Work *w, const char **split)
{
    const DatasetOptions *o = w->o;
    if (o->train_list) return side_from_lists(&w->train, w, o->train_list, o->train_domains);
    if (!w->has_tree) return OK;
    TRY(train_split(split, w));
    if (*split) return side_from_tree(&w->train, w, *split, o->train_domains);
    if (!dataset_wants(o, DATASET_TRAIN)) return OK;
    const char **name;
    int64_t n;
    TRY(tree_names(&name, &n, w, A_SPLIT));
    return no_such(o->root, "split", SPLIT_TRAIN_NAME, name, n);
}

static Status evaluation_side(Work *w, const char *train)
{
    const DatasetOptions *o = w->o;
    const char *split = NULL;
    if (!dataset_wants(o, DATASET_EVAL)) return OK;
    if (o->eval_list) return side_from_lists(&w->eval, w, o->eval_list, o->eval_domains);
    TRY(eval_split(&split, w, train));
    return side_from_tree(&w->eval, w, split, o->eval_domains);
}

Status sides_read(Work *w)
{
    const char *split = NULL;
    TRY(open_root(w));
    TRY(training_side(w, &split));
    return evaluation_side(w, split);
}

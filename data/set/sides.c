// sides.c - the entries of the training and the evaluation side, from lists or from the tree.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset_work.h"
#include "data/set/lists.h"
#include "data/set/splits.h"
#include "tensor/base/name.h"

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

typedef struct { const char *folder; const Entry *entry; } Named;

static int by_folder_and_place(const void *a, const void *b)
{
    const Named *x = a, *y = b;
    int d = strcmp(x->folder, y->folder);
    return d ? d : (x->entry > y->entry) - (x->entry < y->entry);
}

// The first entry that gives a folder which has a number already another one; NULL: none. Sorts.
static const Entry *first_named_twice(Named *named, int64_t n)
{
    const Entry *odd = NULL;
    qsort(named, (size_t)n, sizeof *named, by_folder_and_place);
    for (int64_t i = 1; i < n; i++)
        if (!strcmp(named[i].folder, named[i - 1].folder) && (!odd || named[i].entry < odd))
            odd = named[i].entry;
    return odd;
}

// The first entry whose number or folder stood before with another partner; NULL: they agree.
// folder: that of each number; named: the entries that brought them. Both have room for all
// numbers.
static const Entry *first_odd(const Side *side, const char **folder, Named *named)
{
    int64_t n = 0;
    const Entry *odd = NULL;
    for (int64_t i = 0; i < side->n && !odd; i++) {
        const Entry *e = &side->entry[i];
        if (!e->folder || (folder[e->number] && strcmp(folder[e->number], e->folder))) odd = e;
        else if (!folder[e->number]) named[n++] = (Named){ folder[e->number] = e->folder, e };
    }
    const Entry *twice = first_named_twice(named, n);
    return twice ? twice : odd;                // it stands before the one that ended the search
}

// Numbers and folders agree if each number stands for one folder and each folder for one number.
// Then folders are names of classes; otherwise (all pictures in one folder, say) numbers alone
// count.
static Status judge_folders(Side *side, Arena *arena)
{
    int32_t most = 0;
    for (int64_t i = 0; i < side->n; i++)
        if (side->entry[i].number > most) most = side->entry[i].number;
    const char **folder = arena_zero(arena, (size_t)(most + 1) * sizeof *folder);
    Named *named = arena_take(arena, (size_t)(most + 1) * sizeof *named);
    if (!folder || !named) return err_memory("dataset");
    const Entry *odd = first_odd(side, folder, named);
    if (!odd) return OK;
    side->odd_line = odd->line;
    side->odd_list = odd->list;
    side->odd_folder = odd->folder;
    for (int64_t i = 0; i < side->n; i++) {
        side->entry[i].lies_in = side->entry[i].folder;
        side->entry[i].folder = NULL;
    }
    return OK;
}

static Status entry_from_list(Entry *e, Work *w, const ListEntry *l, const char *list, bool numeric)
{
    *e = (Entry){ .path = l->path, .split = "list", .domain = domain_of(w->arena, w->o, l->path),
                  .folder = l->label, .number = -1, .line = l->line, .list = list };
    if (!numeric) return OK;
    e->folder = folder_above(w->arena, l->path, 1);
    e->number = l->number - w->o->label_base;
    if (e->number >= 0 && e->number < LABELS_MOST) return OK;
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
    for (int64_t i = 0; i < list.n; i++, side->n++) {
        TRY(entry_from_list(&entry[side->n], w, &list.entry[i], path, list.numeric));
        const int32_t number = entry[side->n].number;
        if (side->n == 0 || number < side->least) side->least = number;
        if (number > side->most) side->most = number;
    }
    return OK;
}

bool side_from_one(const Work *w, const Side *side)
{
    return side->numeric && side->least == 1 && w->o->label_base == 0;
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
            return names_missing(side->entry[0].list, "domain", wanted[i], there, n);
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
    int64_t n = 0;
    *side = (Side){ .split = "list" };
    bool one;
    TRY(file_there(&one, lists));
    if (one) TRY(add_list(side, w, lists));
    else TRY(names_split(&path, &n, w->arena, lists));
    for (int64_t i = 0; i < n && !one; i++) TRY(add_list(side, w, path[i]));
    if (side->numeric) TRY(judge_folders(side, w->arena));
    return keep_domains(side, w, domains);
}

// ---- both sides ---------------------------------------------------------------------------------

Status list_folder(const char **out, Arena *arena, const char *lists)
{
    char *folder = arena_string(arena, lists);
    bool one;
    *out = folder;
    if (!folder) return err_memory("dataset");
    TRY(file_there(&one, lists));
    if (!one) folder[strcspn(folder, ",")] = 0;
    folder[path_name(folder) - folder] = 0;
    return OK;
}

static Status open_root(Work *w)
{
    const DatasetOptions *o = w->o;
    const char *const extra[] = { o->train_split, o->eval_split };
    const char *list = o->train_list ? o->train_list : o->eval_list;
    if (o->root) w->d->root = arena_string(w->arena, o->root);
    else TRY(list_folder(&w->d->root, w->arena, list));
    if (!w->d->root) return err_memory("dataset");
    bool train = dataset_wants(o, DATASET_TRAIN) && !o->train_list;
    bool eval = dataset_wants(o, DATASET_EVAL) && !o->eval_list;
    w->has_tree = o->root && (train || eval);
    if (!train && !eval) return OK;
    if (!o->root) return err_set(ERR_USAGE, "dataset: a list for one side alone (--data DIR)");
    TRY(tree_read(&w->tree, w->arena, o->root, extra, 2));
    w->d->strays = w->tree.strays;
    w->d->stray = w->tree.stray;
    w->d->nowheres = w->tree.nowheres;
    w->d->nowhere = w->tree.nowhere;
    w->d->others = w->tree.others;
    w->d->other = w->tree.other;
    w->d->deeps = w->tree.deeps;
    w->d->deep = w->tree.deep;
    w->d->loops = w->tree.loops;
    w->d->loop = w->tree.loop;
    if (!w->tree.nowheres || o->skip_bad) return OK;
    return err_set(ERR_IO, "dataset: %s: %s: a link to nowhere (--skip-bad passes it over)",
                   o->root, w->tree.nowhere);
}

static Status training_side(Work *w)
{
    const DatasetOptions *o = w->o;
    if (w->has_tree) TRY(tree_picks(w));
    if (o->train_list) return side_from_lists(&w->train, w, o->train_list, o->train_domains);
    return w->has_tree ? tree_training_side(w) : OK;
}

static Status evaluation_side(Work *w)
{
    const DatasetOptions *o = w->o;
    if (!dataset_wants(o, DATASET_EVAL)) return OK;
    if (o->eval_list) return side_from_lists(&w->eval, w, o->eval_list, o->eval_domains);
    return tree_evaluation_side(w);
}

Status sides_read(Work *w)
{
    w->trained = dataset_wants(w->o, DATASET_TRAIN) || w->o->sides & DATASET_SEEN;
    TRY(open_root(w));
    TRY(training_side(w));
    return evaluation_side(w);
}

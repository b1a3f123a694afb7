// classes.c - which classes there are, in which order, and what they are called.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/classnames.h"
#include "data/set/dataset_work.h"
#include "tensor/base/name.h"

// ---- from the entries of one side ---------------------------------------------------------------

bool classes_numbers_only(const Work *w)
{
    for (int i = 0; i < w->firsts; i++)
        if (w->first[i].folder) return false;
    return true;
}

static Status too_many(const Side *side, int64_t n)
{
    return err_set(ERR_FORMAT, "dataset: %s: %lld classes: more than %d", side->split, (long long)n,
                   CLASSES_MOST);
}

static int by_bytes_in_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_letters(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    int d = name_order(x, y, true);
    return d ? d : strcmp(x, y);
}

// Without training nothing but prompts is asked: then classes of the evaluated pictures alone are
// classes too. The side that has them; NULL: none.
static const Side *asked_alone(const Work *w, const Side *side)
{
    return dataset_wants(w->o, DATASET_TRAIN) || w->o->known || side == &w->eval ? NULL : &w->eval;
}

// Class folders beside those of the side: empty ones anywhere in its tree, and those of `alone`.
static Status add_beside(Work *w, const Side *side, const Side *alone, const char **name,
                         int64_t *n)
{
    const bool tree = (side->n == 0 || !side->entry[0].list) && !w->o->as_before;
    const int64_t empties = tree ? w->tree.empties : 0;
    const char **more = name + *n, *last = NULL;
    int64_t alones = 0;
    NameIndex known;
    if (!name_index(&known, w->arena, name, *n)) return err_memory("dataset");
    for (int64_t i = 0; alone && i < alone->n; i++) {
        const char *folder = alone->entry[i].folder;
        if (folder && folder != last && name_index_find(&known, folder) < 0)
            more[alones++] = folder;
        last = folder;
    }
    alones = names_unique(more, alones);
    w->d->alones = alones;
    w->d->alone = alones ? more[0] : NULL;
    *n += alones;
    for (int64_t i = 0; i < empties; i++)
        if (name_index_find(&known, w->tree.empty[i].class_name) < 0)
            name[(*n)++] = w->tree.empty[i].class_name;
    *n = names_unique(name, *n);
    return OK;
}

// A folder without pictures is a class too: without it the labels behind it would be others.
static Status classes_by_name(Work *w, const Side *side)
{
    const Side *alone = asked_alone(w, side);
    const int64_t most = side->n + side->empties + w->tree.empties + (alone ? alone->n : 0);
    const char **name = arena_take(w->arena, (size_t)most * sizeof *name), *last = NULL;
    if (!name) return err_memory("dataset");
    int64_t n = 0;
    for (int64_t i = 0; i < side->n; i++) {
        if (side->entry[i].folder != last) name[n++] = side->entry[i].folder;
        last = side->entry[i].folder;
    }
    for (int64_t i = 0; i < side->empties; i++) name[n++] = side->empty[i]->class_name;
    n = names_unique(name, n);
    TRY(add_beside(w, side, alone, name, &n));
    if (n > CLASSES_MOST) return too_many(side, n);
    if (w->o->by_letters) qsort(name, (size_t)n, sizeof *name, by_letters);
    w->first = arena_zero(w->arena, (size_t)n * sizeof *w->first);
    if (!w->first) return err_memory("dataset");
    for (int64_t i = 0; i < n; i++) w->first[i].name = w->first[i].folder = name[i];
    w->firsts = (int)n;
    return OK;
}

static int32_t greatest_number(const Side *side)
{
    int32_t most = -1;
    for (int64_t i = 0; i < side->n; i++)
        if (side->entry[i].number > most) most = side->entry[i].number;
    return most;
}

// Numbers and folders of `alone` that the side has not, where both lists count alike.
static Status add_numbers(Work *w, const Side *alone)
{
    NameIndex folders;
    const int32_t most = greatest_number(alone);
    const char **folder = arena_zero(w->arena, (size_t)(most + w->firsts + 1) * sizeof *folder);
    if (!folder) return err_memory("dataset");
    for (int k = 0; k < w->firsts; k++) folder[k] = w->first[k].folder;
    if (!name_index(&folders, w->arena, folder, w->firsts)) return err_memory("dataset");
    for (int64_t i = 0; i < alone->n; i++) {
        const Entry *e = &alone->entry[i];
        if (!e->folder || name_index_find(&folders, e->folder) >= 0 || folder[e->number]) continue;
        folder[e->number] = e->folder;
        if (!w->d->alones++) w->d->alone = e->folder;
    }
    if (!w->d->alones) return OK;
    int n = w->firsts > most ? w->firsts : most + 1;
    while (!folder[n - 1]) n--;
    w->first = arena_zero(w->arena, (size_t)n * sizeof *w->first);
    if (!w->first) return err_memory("dataset");
    for (int k = 0; k < n; k++) w->first[k].name = w->first[k].folder = folder[k];
    w->firsts = n;
    return OK;
}

// The class of a number is named like its folder; numbers without pictures have no name.
static Status classes_by_number(Work *w, const Side *side)
{
    const Side *alone = asked_alone(w, side);
    w->firsts = greatest_number(side) + 1;
    w->first = arena_zero(w->arena, (size_t)w->firsts * sizeof *w->first);
    if (!w->first) return err_memory("dataset");
    for (int64_t i = 0; i < side->n; i++) {
        ClassName *c = &w->first[side->entry[i].number];
        c->name = c->folder = side->entry[i].folder;
    }
    if (classes_numbers_only(w)) return OK;
    if (alone && alone->numeric) TRY(add_numbers(w, alone));
    w->numbereds = w->firsts;
    w->numbered = arena_take(w->arena, (size_t)w->firsts * sizeof *w->numbered);
    for (int k = 0; w->numbered && k < w->firsts; k++) w->numbered[k] = w->first[k].folder;
    return w->numbered ? OK : err_memory("dataset");
}

// Without a file of names every number needs a folder that names it.
static Status check_numbers(const Work *w, const Side *side)
{
    const int base = w->o->label_base;
    int k = 0;
    while (k < w->firsts && w->first[k].name) k++;
    if (k == w->firsts) return OK;
    if (side->odd_folder)
        return err_set(ERR_FORMAT,
                       "dataset: %s: labels are numbers, and folders do not name them, from line "
                       "%lld on (folder %s): --classnames FILE does", side->odd_list,
                       (long long)side->odd_line, side->odd_folder);
    if (classes_numbers_only(w))
        return err_set(ERR_FORMAT,
                       "dataset: %s: labels are numbers, and folders do not name them: "
                       "--classnames FILE does", side->entry[0].list);
    bool shifted = k == 0 && base == 0;
    return err_set(ERR_FORMAT, "dataset: %s: no picture has label %d, but one has %d%s",
                   side->entry[0].list, k + base, w->firsts - 1 + base,
                   shifted ? ONE_BASED : ": --classnames FILE names all");
}

// ---- a file of names ----------------------------------------------------------------------------

static const char **folders_of(const Work *w)
{
    const char **folder = arena_take(w->arena, (size_t)(w->firsts + 1) * sizeof *folder);
    for (int k = 0; folder && k < w->firsts; k++) folder[k] = w->first[k].folder;
    return folder;
}

// Told to, line i names folder i. A list of numbers need not have pictures of every class: then the
// file may have more names than the list has folders.
static Status rename_classes(Work *w, const char *file, const Side *side)
{
    const bool numeric = side->numeric;
    ClassNames made;
    TRY(classnames_read(&made, w->arena, file));
    w->names_numbered = made.numbers;
    w->names_from = made.from;
    if (made.n < w->firsts || (made.n > w->firsts && !numeric))
        return err_set(ERR_SHAPE, "classnames: %s: %lld names for %d classes%s", file,
                       (long long)made.n, w->firsts, side_from_one(w, side) ? ONE_BASED : "");
    int named = 0;                             // the first class that has a folder
    while (named < w->firsts && !w->first[named].folder) named++;
    if (!w->o->rename && named < w->firsts)
        return err_set(ERR_FORMAT, "classnames: %s: no line is a class folder (line 1: %s; folders:"
                       " %s, ..): --rename names the folders by order", file, made.item[0].name,
                       w->first[named].folder);
    for (int i = 0; i < w->firsts; i++) made.item[i].folder = w->first[i].folder;
    w->d->renamed = named < w->firsts;
    w->d->class_note = made.note;
    w->first = made.item;
    w->firsts = (int)made.n;
    return OK;
}

// Numbers on the lines of a file are labels, as those of a list are.
static Status check_numbering(const Work *w, const ClassNames *made, const char *file)
{
    for (int k = 0; k < w->numbereds && k < made->n && made->numbers; k++) {
        const char *here = made->item[k].folder, *there = w->numbered[k];
        if (there && (!here || strcmp(here, there)))
            return err_set(ERR_FORMAT, "classnames: %s: number %d of its lines is %s, but label %d "
                           "of the lists is folder %s", file, k + w->o->label_base,
                           made->item[k].name, k + w->o->label_base, there);
    }
    return OK;
}

static Status apply_classnames(Work *w, const char *file, const Side *side)
{
    ClassNames made;
    const char **folder = folders_of(w);
    if (!folder) return err_memory("dataset");
    TRY(classnames_match(&made, w->arena, file, folder, w->firsts, side->numeric));
    if (!made.item) return rename_classes(w, file, side);
    TRY(check_numbering(w, &made, file));
    w->names_numbered = made.numbers;
    w->names_from = made.from;
    w->d->class_note = made.note;
    w->first = made.item;
    w->firsts = (int)made.n;
    return OK;
}

// ---- checks, and a run's classes ----------------------------------------------------------------

// The first entry of each class of each domain; the entries come sorted by both.
static const Entry **groups_of(int64_t *n, const Side *side, Arena *arena)
{
    const Entry **group = arena_take(arena, (size_t)side->n * sizeof *group);
    *n = 0;
    for (int64_t i = 0; group && i < side->n; i++) {
        const Entry *e = &side->entry[i];
        if (i == 0 || e->folder != e[-1].folder || e->domain != e[-1].domain) group[(*n)++] = e;
    }
    return group;
}

typedef struct { const char *folder, *domain; } Place;

static int by_folder_and_domain(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    int d = strcmp(x->folder, y->folder);
    return d ? d : strcmp(x->domain, y->domain);
}

// All folders of all domains that have pictures, each once, empty ones among them; sorted.
static Status places_of(Place **place, int64_t *n, int64_t *domains, const Entry *const *group,
                        int64_t groups, const Side *side, Arena *arena)
{
    const char **domain = arena_take(arena, (size_t)(groups + 1) * sizeof *domain);
    *place = arena_take(arena, (size_t)(groups + side->empties + 1) * sizeof **place);
    if (!domain || !*place) return err_memory("dataset");
    *n = 0;
    for (int64_t i = 0; i < groups; i++) {
        domain[i] = group[i]->domain;
        (*place)[(*n)++] = (Place){ group[i]->folder, group[i]->domain };
    }
    *domains = names_unique(domain, groups);
    for (int64_t i = 0; i < side->empties; i++) {
        const char *of = side->empty[i]->domain;
        if (bsearch(&of, domain, (size_t)*domains, sizeof of, by_bytes_in_order))
            (*place)[(*n)++] = (Place){ side->empty[i]->class_name, of };
    }
    qsort(*place, (size_t)*n, sizeof **place, by_folder_and_domain);
    int64_t kept = 0;
    for (int64_t i = 0; i < *n; i++)
        if (!kept || by_folder_and_domain(&(*place)[kept - 1], &(*place)[i]))
            (*place)[kept++] = (*place)[i];
    *n = kept;
    return OK;
}

// How many domains have the folder.
static int64_t domains_with(const Place *place, int64_t n, const char *folder, int64_t *first)
{
    int64_t bound[2];                          // of the places before it, and up to it
    for (int side = 0; side < 2; side++) {
        int64_t low = 0;
        for (int64_t high = n; low < high;) {
            int64_t middle = (low + high) / 2;
            if (strcmp(place[middle].folder, folder) < side) low = middle + 1;
            else high = middle;
        }
        bound[side] = low;
    }
    *first = bound[0];
    return bound[1] - bound[0];
}

// The domain of the first of the groups that lacks the folder which places begin with.
static const char *domain_without(const Entry *const *group, int64_t groups, const Place *place,
                                  int64_t n)
{
    for (int64_t k = 0; k < groups; k++) {
        const Place wanted = { place->folder, group[k]->domain };
        if (!bsearch(&wanted, place, (size_t)n, sizeof wanted, by_folder_and_domain))
            return group[k]->domain;
    }
    return NULL;
}

// A folder of that domain that differs from this one in spelling alone.
static const char *same_in(const Entry *const *group, int64_t n, const char *domain,
                           const char *folder)
{
    for (int64_t k = 0; k < n; k++)
        if (!strcmp(group[k]->domain, domain) && name_same(group[k]->folder, folder))
            return group[k]->folder;
    return NULL;
}

static Status domains_differ(const Entry *const *group, int64_t n, const Entry *e,
                             const char *without)
{
    const char *same = same_in(group, n, without, e->folder);
    if (same)
        return err_set(ERR_SHAPE, "dataset: class folders differ between domains: %s in %s is %s "
                       "in %s by another normal form of Unicode (NFC, NFD) or `_`: rename one",
                       e->folder, e->domain, same, without);
    return err_set(ERR_SHAPE, "dataset: class folders differ between domains: %s has %s, %s has "
                   "not: --classnames FILE says which classes there are", e->domain, e->folder,
                   without);
}

// Domains that one model is trained on must have the same class folders, unless a file says which
// classes there are: otherwise the labels would be those of a union that nobody meant.
static Status check_domains(const Side *side, Arena *arena)
{
    int64_t n, places = 0, domains = 0, first;
    Place *place;
    const Entry **group = groups_of(&n, side, arena);
    if (!group) return err_memory("dataset");
    TRY(places_of(&place, &places, &domains, group, n, side, arena));
    for (int64_t i = 0; i < n; i++) {
        int64_t with = domains_with(place, places, group[i]->folder, &first);
        const char *without = NULL;
        if (with < domains) without = domain_without(group, n, &place[first], with);
        if (without) return domains_differ(group, n, group[i], without);
    }
    return OK;
}

static Status match_known(Work *w)
{
    const DatasetOptions *o = w->o;
    w->d->class_count = o->known_count;
    w->d->classes = arena_zero(w->arena, (size_t)o->known_count * sizeof *w->d->classes);
    if (!w->d->classes) return err_memory("dataset");
    for (int k = 0; k < o->known_count; k++) {
        w->d->classes[k].name = arena_string(w->arena, o->known[k]);
        if (!w->d->classes[k].name) return err_memory("dataset");
    }
    NameIndex known;
    if (!name_index(&known, w->arena, o->known, o->known_count)) return err_memory("dataset");
    for (int i = 0; i < w->firsts; i++) {
        int64_t k = name_index_find(&known, w->first[i].name);
        w->final[i] = (int32_t)k;
        if (k < 0) continue;
        w->d->classes[k].folder = w->first[i].folder;
        w->d->classes[k].prompt = w->first[i].prompt;
    }
    return OK;
}

static Status first_from_known(Work *w)
{
    w->firsts = w->o->known_count;
    w->first = arena_zero(w->arena, (size_t)w->firsts * sizeof *w->first);
    if (!w->first) return err_memory("dataset");
    for (int i = 0; i < w->firsts; i++) w->first[i].name = w->o->known[i];
    return OK;
}

static Status make_prompts(Work *w)
{
    for (int k = 0; k < w->d->class_count; k++) {
        if (strchr(w->d->classes[k].name, '\n'))   // a run's file has one class per line
            return err_set(ERR_FORMAT, "dataset: class %s: a line end in its name",
                           w->d->classes[k].name);
        if (!w->d->classes[k].prompt)
            w->d->classes[k].prompt = class_prompt(w->arena, w->d->classes[k].name);
        if (!w->d->classes[k].prompt) return err_memory("dataset");
    }
    return OK;
}

// The classes before `known`, from the entries of one side.
static Status first_classes(Work *w, const Side *side)
{
    const DatasetOptions *o = w->o;
    if (side->numeric) TRY(classes_by_number(w, side));
    else TRY(classes_by_name(w, side));
    if (o->classnames) return apply_classnames(w, o->classnames, side);
    if (o->known && classes_numbers_only(w)) return first_from_known(w);
    if (side->numeric) return check_numbers(w, side);
    return o->known || !w->tree.has_domains ? OK : check_domains(side, w->arena);
}

static Status index_classes(Work *w)
{
    const char **name = arena_take(w->arena, (size_t)(w->firsts + 1) * sizeof *name);
    const char **folder = folders_of(w);
    if (!name || !folder) return err_memory("dataset");
    for (int k = 0; k < w->firsts; k++) name[k] = w->first[k].name;
    bool good = name_index(&w->by_folder, w->arena, folder, w->firsts) &&
                name_index(&w->by_name, w->arena, name, w->firsts);
    return good ? OK : err_memory("dataset");
}

int64_t classes_find(const Work *w, const char *folder)
{
    int64_t i = name_index_find(&w->by_folder, folder);
    return i >= 0 ? i : name_index_find(&w->by_name, folder);
}

Status classes_make(Work *w, const Side *side)
{
    TRY(first_classes(w, side));
    TRY(index_classes(w));
    w->final = arena_take(w->arena, (size_t)w->firsts * sizeof *w->final);
    if (!w->final) return err_memory("dataset");
    for (int i = 0; i < w->firsts; i++) w->final[i] = i;
    if (w->o->known) {
        TRY(match_known(w));
    } else {
        w->d->classes = w->first;
        w->d->class_count = w->firsts;
    }
    TRY(make_prompts(w));
    if (w->o->known) return OK;
    const char **told = w->o->equal_prompts ? &w->d->equal_note : NULL;
    return classes_distinct(w->d->classes, w->d->class_count, w->arena, told);
}


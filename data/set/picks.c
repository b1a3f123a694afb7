// picks.c - which pictures of a tree are trained on, and which are evaluated.
//
// The training side is one split of some domains. Where no split is named, everything else is
// evaluated; where nothing else is there, the training side itself, and the note says so.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "data/set/dataset_work.h"
#include "data/set/splits.h"
#include "tensor/base/name.h"

// ---- what is asked ------------------------------------------------------------------------------

enum Field { A_SPLIT, A_DOMAIN };

// The names of all splits or domains of the tree. *names lies in the arena.
static Status tree_names(const char ***names, int64_t *n, Work *w, enum Field field)
{
    const Tree *t = &w->tree;
    const char **name = arena_take(w->arena, (size_t)(t->n + 1) * sizeof *name), *last = NULL;
    *names = name;
    *n = 0;
    if (!name) return err_memory("dataset");
    for (int64_t i = 0; i < t->n; i++) {
        const char *this = field == A_SPLIT ? t->file[i].split : t->file[i].domain;
        if (this != last && *this) name[(*n)++] = this;
        last = this;
    }
    *n = names_unique(name, *n);
    return OK;
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
    if (i < 0) return names_missing(w->o->root, "split", asked, name, n);
    *split = name[i];
    return OK;
}

// The pictures that are held out, unless a folder is called so.
static bool asks_held_out(const Work *w, const Pick *p, const char *asked, const char *const *name,
                          int64_t n)
{
    return p == &w->evals && dataset_holds_out(w) && !strcasecmp(asked, HELD_OUT) &&
           split_find(asked, name, n) == -1;
}

// One split, or several with commas between them.
static Status asked_splits(Pick *p, Work *w, const char *asked)
{
    const char **name, **item;
    int64_t n, items;
    TRY(tree_names(&name, &n, w, A_SPLIT));
    TRY(names_split(&item, &items, w->arena, asked));
    if (asked && split_find(asked, name, n) >= 0) items = 1, item[0] = asked;
    p->split = item;
    for (int64_t i = 0; i < items; i++)
        if (asks_held_out(w, p, item[i], name, n)) p->held = true;
        else TRY(asked_split(&item[p->splits++], w, item[i], name, n));
    return OK;
}

static Status asked_domains(Pick *p, Work *w, const char *asked)
{
    const char **there;
    int64_t n;
    TRY(names_split(&p->domain, &p->domains, w->arena, asked));
    TRY(tree_names(&there, &n, w, A_DOMAIN));
    for (int64_t i = 0; i < p->domains; i++)
        if (name_find(p->domain[i], there, n) < 0)
            return names_missing(w->o->root, "domain", p->domain[i], there, n);
    return OK;
}

// The training split: called "" where the layout has none; of several none, unless one is named.
static Status training_split(Pick *p, Work *w)
{
    const char **name;
    char text[NAMES_TEXT];
    int64_t n;
    if (w->o->train_split) return asked_splits(p, w, w->o->train_split);
    TRY(tree_names(&name, &n, w, A_SPLIT));
    int64_t i = split_find_kind(SPLIT_TRAIN, name, n);
    if (i == SPLIT_SEVERAL)
        return err_set(ERR_IO, "dataset: %s: more than one split to train on, of %s "
                       "(--train-split NAME)", w->o->root, names_joined(text, name, n));
    name[0] = n == 0 ? "" : i < 0 ? NULL : name[i];
    p->split = name;
    p->splits = name[0] != NULL;
    return OK;
}

Status tree_picks(Work *w)
{
    const DatasetOptions *o = w->o;
    TRY(training_split(&w->trains, w));
    if (!o->train_list) TRY(asked_domains(&w->trains, w, o->train_domains));
    if (o->eval_list) return OK;
    TRY(asked_splits(&w->evals, w, o->eval_split));
    return asked_domains(&w->evals, w, o->eval_domains);
}

// ---- pictures -----------------------------------------------------------------------------------

static bool picks_domain(const Pick *p, const char *domain)
{
    return p->domains == 0 || name_find(domain, p->domain, p->domains) >= 0;
}

static bool trains_on(const Work *w, const TreeFile *f)
{
    return names_have(w->trains.split, w->trains.splits, f->split) &&
           picks_domain(&w->trains, f->domain);
}

// Where no split is named: whatever is not trained on. Without splits nothing is set apart for
// training but by a run.
static bool evaluates(const Work *w, const TreeFile *f)
{
    const Pick *p = &w->evals;
    if (!picks_domain(p, f->domain)) return false;
    if (p->splits || p->held) return names_have(p->split, p->splits, f->split);
    if (!w->tree.has_splits && (!w->trained || w->o->as_before)) return true;
    return !trains_on(w, f);
}

// Validation pictures are evaluated whatever else is: `best` is chosen on them.
static bool is_for_choice(const Work *w, const TreeFile *f)
{
    const DatasetOptions *o = w->o;
    return o->validation && !dataset_holds_out(w) && split_kind(f->split) == SPLIT_VAL &&
           picks_domain(&w->trains, f->domain) && !trains_on(w, f);
}

static void add_file(Side *side, const TreeFile *f)
{
    side->entry[side->n++] = (Entry){ .path = f->path, .split = f->split, .domain = f->domain,
                                      .folder = f->class_name, .number = -1 };
}

static Status no_such_pictures(const Work *w, const Pick *p, const char *domains)
{
    char text[NAMES_TEXT];
    const bool splits = p->splits > 0 && *p->split[0];     // one called "" where there are none
    return err_set(ERR_IO, "dataset: %s: no pictures%s%s%s%s", w->o->root,
                   splits ? " in split " : "",
                   splits ? names_joined(text, p->split, p->splits) : "",
                   domains ? " of domains " : "", domains ? domains : "");
}

// Each domain that is named must be there with pictures.
static Status all_named(const Work *w, const Side *side, const Pick *p)
{
    for (int64_t k = 0; k < p->domains; k++) {
        int64_t i = 0;
        while (i < side->n && name_find(side->entry[i].domain, &p->domain[k], 1) < 0) i++;
        if (i == side->n) return no_such_pictures(w, p, p->domain[k]);
    }
    return OK;
}

static Status make_side(Side *side, Work *w)
{
    *side = (Side){ .split = "" };
    side->entry = arena_take(w->arena, (size_t)(w->tree.n + 1) * sizeof *side->entry);
    return side->entry ? OK : err_memory("dataset");
}

// Class folders without pictures that lie where the side's pictures do.
static Status keep_side_empties(Side *side, Work *w, bool (*fits)(const Work *, const TreeFile *))
{
    const Tree *t = &w->tree;
    side->empty = arena_take(w->arena, (size_t)(t->empties + 1) * sizeof *side->empty);
    if (!side->empty) return err_memory("dataset");
    for (int64_t i = 0; i < t->empties; i++)
        if (fits(w, &t->empty[i])) side->empty[side->empties++] = &t->empty[i];
    return OK;
}

Status tree_training_side(Work *w)
{
    const DatasetOptions *o = w->o;
    const char **name;
    int64_t n;
    TRY(make_side(&w->train, w));
    if (w->trains.splits == 0 && !dataset_wants(o, DATASET_TRAIN)) return OK;
    TRY(tree_names(&name, &n, w, A_SPLIT));
    if (w->trains.splits == 0) return names_missing(o->root, "split", SPLIT_TRAIN_NAME, name, n);
    w->train.split = w->trains.split[0];
    for (int64_t i = 0; i < w->tree.n; i++)
        if (trains_on(w, &w->tree.file[i])) add_file(&w->train, &w->tree.file[i]);
    TRY(keep_side_empties(&w->train, w, trains_on));
    if (w->train.n == 0) return no_such_pictures(w, &w->trains, o->train_domains);
    return all_named(w, &w->train, &w->trains);
}

// ---- what is evaluated --------------------------------------------------------------------------

static Status tell_picks(Work *w, bool fallen_back)
{
    const Side *side = &w->eval;
    char text[512], names[NAMES_TEXT];
    bool splits = w->tree.has_splits, trained = w->trained;
    const char **name = arena_take(w->arena, (size_t)(side->n + 1) * sizeof *name);
    if (!name) return err_memory("dataset");
    for (int64_t i = 0; i < side->n; i++)
        name[i] = splits ? side->entry[i].split : side->entry[i].domain;
    int64_t n = names_unique(name, side->n);
    names_joined(names, name, n);
    if (fallen_back && trained)
        snprintf(text, sizeof text, "nothing is left to evaluate on but what is trained on");
    else
        snprintf(text, sizeof text, "no eval %s is named%s: %s %s used",
                 splits ? "split" : "domain", fallen_back ? ", and there is no other" : "", names,
                 n == 1 ? "is" : "are");
    w->d->note = arena_string(w->arena, text);
    return w->d->note ? OK : err_memory("dataset");
}

// Has this domain (NULL: any) an entry yet?
static bool has_entry_of(const Side *side, const char *domain)
{
    for (int64_t i = 0; i < side->n; i++)
        if (!domain || name_find(side->entry[i].domain, &domain, 1) >= 0) return true;
    return false;
}

// A domain that is named, or everything where none is, of which nothing but the training pictures
// is there: these. True if nothing else is evaluated.
static bool fall_back(Work *w)
{
    Pick *p = &w->evals;
    int64_t before = w->eval.n, named = p->domains;
    if (p->splits || dataset_holds_out(w)) return false;
    for (int64_t k = 0; k < named || (k == 0 && named == 0); k++) {
        const char *domain = named ? p->domain[k] : NULL;
        if (has_entry_of(&w->eval, domain)) continue;
        for (int64_t i = 0; i < w->tree.n; i++) {
            const TreeFile *f = &w->tree.file[i];
            if (trains_on(w, f) && (!domain || name_find(f->domain, &domain, 1) >= 0))
                add_file(&w->eval, f);
        }
    }
    return before == 0 && w->eval.n > 0;
}

Status tree_evaluation_side(Work *w)
{
    const DatasetOptions *o = w->o;
    TRY(make_side(&w->eval, w));
    for (int64_t i = 0; i < w->tree.n; i++) {
        const TreeFile *f = &w->tree.file[i];
        if (evaluates(w, f) || is_for_choice(w, f)) add_file(&w->eval, f);
    }
    TRY(keep_side_empties(&w->eval, w, evaluates));
    bool fallen_back = fall_back(w);
    bool more = dataset_holds_out(w) && (!w->evals.splits || w->evals.held);   // to come
    if (!more) TRY(all_named(w, &w->eval, &w->evals));
    if (w->eval.n == 0) return more ? OK : no_such_pictures(w, &w->evals, o->eval_domains);
    bool told = w->evals.splits || w->evals.held || o->as_before ||
                (!w->tree.has_splits && (!w->trained || o->eval_domains) && !fallen_back);
    return told ? OK : tell_picks(w, fallen_back);
}

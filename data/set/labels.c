// labels.c - what the numbers of lists count from, and in which order.
#include <stdio.h>
#include <string.h>

#include "data/set/dataset_work.h"

bool labels_count(const Entry *e, bool numbers_only)
{
    return e->number >= 0 && (numbers_only || !e->folder);
}

// The first picture of a side whose number says its class; NULL: folders say all of them.
static const Entry *first_counted(const Work *w, const Side *side)
{
    const bool numbers = classes_numbers_only(w);
    for (int64_t i = 0; i < side->n; i++)
        if (labels_count(&side->entry[i], numbers)) return &side->entry[i];
    return NULL;
}

// `1 cat` in the file of names calls label 1 a cat, which is the first where lists count from 1.
Status labels_check(const Work *w, const Side *side)
{
    const int base = w->o->label_base;
    const Entry *e = w->names_numbered && w->names_from != base ? first_counted(w, side) : NULL;
    if (!e) return OK;
    return err_set(ERR_FORMAT, "classnames: %s: its numbers count from %d, the labels of %s from "
                   "%d (--label-base %d)", w->o->classnames, w->names_from, e->list, base,
                   w->names_from);
}

// ---- what must be told --------------------------------------------------------------------------

static Status tell_from_one(Work *w, const Side *train, const Side *eval)
{
    const bool first = side_from_one(w, train) && first_counted(w, train);
    const bool second = side_from_one(w, eval) && first_counted(w, eval);
    int32_t most = first ? train->most : 0;
    char text[2 * FILE_PATH + 200];
    if (second && eval->most > most) most = eval->most;
    if (!first && !second) return OK;
    const char *train_list = w->o->train_list, *eval_list = w->o->eval_list;
    const bool same = first && second && !strcmp(train_list, eval_list);
    snprintf(text, sizeof text, "%.4000s%s%.4000s: labels run from 1 to %d and none is 0: labels "
             "here count from 0 (--label-base 1: from 1)", first ? train_list : "",
             first && second && !same ? ", " : "", second && !same ? eval_list : "",
             most);
    w->d->label_note = arena_string(w->arena, text);
    return w->d->label_note ? OK : err_memory("dataset");
}

// The labels of a list follow the file of names or the folders, classes match the known ones by
// name. The first label by which these are two orders.
static Status tell_order(Work *w, const Side *side)
{
    const bool numbers = classes_numbers_only(w);
    char text[2 * FILE_PATH + 400];
    const Entry *e = NULL;
    if (!w->o->known || w->d->order_note) return OK;
    for (int64_t i = 0; i < side->n && !e; i++)
        if (labels_count(&side->entry[i], numbers) &&
            w->final[side->entry[i].number] != side->entry[i].number) e = &side->entry[i];
    if (!e) return OK;
    const int32_t k = e->number, base = w->o->label_base;
    const char *there = k < w->d->class_count ? w->d->classes[k].name : "none";
    snprintf(text, sizeof text, "%.4000s: label %d is %.80s by %.4000s, but %.80s by the classes "
             "that are known: it is taken as %.80s", e->list, k + base, w->first[k].name,
             w->o->classnames ? w->o->classnames : "the order of folders", there,
             w->first[k].name);
    w->d->order_note = arena_string(w->arena, text);
    return w->d->order_note ? OK : err_memory("dataset");
}

Status labels_tell(Work *w)
{
    const Side none = { .numeric = false };
    const Side *train = dataset_wants(w->o, DATASET_TRAIN) ? &w->train : &none;
    TRY(tell_from_one(w, train, &w->eval));
    TRY(tell_order(w, train));
    return tell_order(w, &w->eval);
}

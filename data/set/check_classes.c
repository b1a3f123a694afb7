// check_classes.c - labels, classes and splits by their names.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/set/check_work.h"
#include "data/set/classnames.h"
#include "data/set/splits.h"
#include "tensor/base/name.h"

// ---- labels and classes -------------------------------------------------------------------------

// A class over all rows: where it stands first, and first in another domain; -1: in none.
typedef struct { const char *name; int64_t first, other; } Spread;

typedef struct { const char *name; int64_t row; } NamedRow;

static int by_name_and_row(const void *a, const void *b)
{
    const NamedRow *x = a, *y = b;
    int d = strcmp(x->name, y->name);
    return d ? d : (x->row > y->row) - (x->row < y->row);
}

static Status spread_classes(Spread **spread, int64_t *n, const Check *c, Arena *arena)
{
    NamedRow *row = arena_take(arena, (size_t)(c->count_n + 1) * sizeof *row);
    Spread *s = *spread = arena_take(arena, (size_t)(c->count_n + 1) * sizeof *s);
    if (!row || !s) return err_memory("check");
    for (int64_t i = 0; i < c->count_n; i++) row[i] = (NamedRow){ c->count[i].class_name, i };
    qsort(row, (size_t)c->count_n, sizeof *row, by_name_and_row);
    *n = 0;
    for (int64_t i = 0; i < c->count_n; i++) {
        if (*n == 0 || strcmp(s[*n - 1].name, row[i].name))
            s[(*n)++] = (Spread){ row[i].name, row[i].row, -1 };
        Spread *last = &s[*n - 1];
        if (last->other < 0 && strcmp(c->count[last->first].domain, c->count[row[i].row].domain))
            last->other = row[i].row;
    }
    return OK;
}

// The row that has a class in a domain other than `domain`: the first; -1: there is none.
static int64_t elsewhere(const Check *c, const Spread *s, const char *domain)
{
    return strcmp(c->count[s->first].domain, domain) ? s->first : s->other;
}

// Classes that the rows at..end of one split of one domain have not, though other domains have:
// told as long as there is room.
static Status tell_missing(Look *w, const Spread *spread, int64_t n, int64_t at, int64_t end)
{
    const CheckCount *row = w->check->count, *here = &row[at];
    for (int64_t k = 0; k < n && check_room(w, CHECK_CLASSES_DIFFER); k++) {
        const int64_t there = elsewhere(w->check, &spread[k], here->domain);
        while (at < end && strcmp(row[at].class_name, spread[k].name) < 0) at++;
        if (there < 0 || (at < end && !strcmp(row[at].class_name, spread[k].name))) continue;
        TRY(check_add(w, CHECK_CLASSES_DIFFER, here->domain, "has no class %s%s%s, unlike %s",
                      spread[k].name, *here->split ? " in split " : "", here->split,
                      row[there].domain));
    }
    return OK;
}

// How many there are. own: classes of this domain alone, which it does not lack.
static int64_t count_missing(const Check *c, const Spread *spread, int64_t n, int64_t own,
                             int64_t at, int64_t end)
{
    int64_t shared = 0, k = 0;
    for (; at < end; at++) {
        for (int64_t high = n; k < high;) {
            int64_t middle = (k + high) / 2;
            if (strcmp(spread[middle].name, c->count[at].class_name) < 0) k = middle + 1;
            else high = middle;
        }
        shared += elsewhere(c, &spread[k], c->count[at].domain) >= 0;
    }
    return n - own - shared;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// How often a text stands in a sorted list.
static int64_t times_in(const char *const *sorted, int64_t n, const char *text)
{
    int64_t bound[2];
    for (int side = 0; side < 2; side++) {
        int64_t low = 0;
        for (int64_t high = n; low < high;) {
            int64_t middle = (low + high) / 2;
            if (strcmp(sorted[middle], text) < side) low = middle + 1;
            else high = middle;
        }
        bound[side] = low;
    }
    return bound[1] - bound[0];
}

// Each split of a domain against the classes of the other domains.
Status check_classes(Look *w)
{
    Check *c = w->check;
    Spread *spread;
    int64_t n = 0, alone = 0;
    TRY(spread_classes(&spread, &n, c, w->arena));
    const char **domain = arena_take(w->arena, (size_t)(n + 1) * sizeof *domain);
    if (!domain) return err_memory("check");
    for (int64_t k = 0; k < n; k++)
        if (spread[k].other < 0) domain[alone++] = c->count[spread[k].first].domain;
    qsort(domain, (size_t)alone, sizeof *domain, by_text);
    for (int64_t i = 0, end; i < c->count_n; i = end) {
        const CheckCount *here = &c->count[i];
        for (end = i + 1; end < c->count_n; end++)
            if (strcmp(c->count[end].split, here->split) ||
                strcmp(c->count[end].domain, here->domain)) break;
        int64_t own = times_in(domain, alone, here->domain), told = c->found[CHECK_CLASSES_DIFFER];
        int64_t missing = count_missing(c, spread, n, own, i, end);
        if (missing) TRY(tell_missing(w, spread, n, i, end));
        c->found[CHECK_CLASSES_DIFFER] = told + missing;
    }
    return OK;
}

typedef struct { int32_t least, most; int64_t least_line, most_line, distinct; } Labels;

// What the numbers of one list span; *folder[k] becomes the folder of label k.
static Status label_span(Look *w, Labels *l, const Item *item, int64_t n, const Item **seen,
                         int32_t room)
{
    *l = (Labels){ .least = item[0].number, .most = item[0].number, .least_line = item[0].line,
                   .most_line = item[0].line };
    for (int64_t i = 0; i < n; i++) {
        const Item *e = &item[i];
        if (e->number < l->least) l->least = e->number, l->least_line = e->line;
        if (e->number > l->most) l->most = e->number, l->most_line = e->line;
        if (e->number >= room) continue;
        const Item **first = &seen[e->number];
        if (!*first) l->distinct++;
        if (!*first) *first = e;
        if (!strcmp((*first)->class_name, e->class_name)) continue;
        TRY(check_add(w, CHECK_LABEL_MIXED, e->split,
                      "label %d is %s in line %lld, but %s in line %lld", e->number,
                      (*first)->class_name, (long long)(*first)->line, e->class_name,
                      (long long)e->line));
    }
    return OK;
}

// Numbers may follow an order of their own: bare labels of two sources must not be compared.
static Status check_order(Look *w, const char *list, const Item *const *seen, int32_t room)
{
    const bool by_letters = w->o->data.by_letters;
    const char *order = by_letters ? "the order of letters alone" : "byte order";
    const Item *last = NULL;
    for (int32_t k = 0; k < room; k++) {
        if (!seen[k]) continue;
        if (last && name_order(last->class_name, seen[k]->class_name, by_letters) > 0)
            return check_add(w, CHECK_CLASS_ORDER, list,
                             "label %d is %s, though %s comes before %s in %s: the numbers are not "
                             "those of sorted folders", k, seen[k]->class_name, seen[k]->class_name,
                             last->class_name, order);
        last = seen[k];
    }
    return OK;
}

static Status check_list_labels(Look *w, const Item *item, int64_t n)
{
    enum { ROOM = 1 << 15 };
    const int base = w->o->data.label_base, classes = w->o->classes;
    const Item **seen = arena_zero(w->arena, ROOM * sizeof *seen);
    Labels l;
    if (!seen) return err_memory("check");
    TRY(label_span(w, &l, item, n, seen, ROOM));
    if (l.least < base)
        TRY(check_add(w, CHECK_LABEL_RANGE, item->split, "line %lld: label %d with --label-base %d",
                      (long long)l.least_line, l.least, base));
    const bool full = l.distinct == l.most || l.most == classes;
    if (!w->opens && base == 0 && l.least == 1 && full)
        return check_add(w, CHECK_ONE_BASED, item->split, "labels are 1..%d: --label-base 1",
                         l.most);
    if (classes && l.most - base >= classes)
        TRY(check_add(w, CHECK_LABEL_RANGE, item->split,
                      "line %lld: label %d of %d classes from %d on", (long long)l.most_line,
                      l.most, classes, base));
    return check_order(w, item->split, seen, ROOM);
}

Status check_labels(Look *w)
{
    for (int64_t i = 0, n; i < w->n; i += n) {
        for (n = 1; i + n < w->n && w->item[i + n].split == w->item[i].split;) n++;
        if (w->item[i].number >= 0) TRY(check_list_labels(w, &w->item[i], n));
    }
    return OK;
}

static int ignoring_case(const char *a, const char *b)
{
    for (; *a || *b; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : (unsigned char)*a;
        int y = *b >= 'A' && *b <= 'Z' ? *b + 32 : (unsigned char)*b;
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

// Byte order puts capitals first. DomainNet's official order ignores case, so its labels differ.
static Status check_case(Look *w, const Dataset *d)
{
    const DatasetOptions *o = &w->o->data;
    if (o->classnames || o->known || o->by_letters || w->o->classes) return OK;
    for (int k = 1; k < d->class_count; k++)
        if (ignoring_case(d->classes[k - 1].name, d->classes[k].name) > 0)
            return check_add(w, CHECK_CLASS_ORDER, "",
                             "label %d is %s, behind %s: an order that ignores case has other "
                             "labels (--classnames FILE sets one, --recipe domainnet that of "
                             "DomainNet)", k, d->classes[k].name, d->classes[k - 1].name);
    return OK;
}

// Domains that were asked for on both sides, where no split tells their pictures apart.
static Status check_seen(Look *w, const Dataset *d)
{
    const DatasetOptions *o = &w->o->data;
    if (!o->train_domains || !o->eval_domains || o->train_list || o->eval_list) return OK;
    if (strcmp(d->train.split, d->eval.split)) return OK;
    for (int k = 0; k < d->domain_count; k++)
        if (dataset_seen(d, k))
            TRY(check_add(w, CHECK_LEAK, d->domain[k], "is trained on and evaluated on"));
    return OK;
}

static Status check_prompts(Look *w, const Dataset *d)
{
    ClassPair *pair;
    int64_t pairs;
    if (w->o->data.equal_prompts || w->o->data.known) return OK;
    TRY(classes_equal(d->classes, d->class_count, w->arena, &pair, &pairs));
    for (int64_t i = 0; i < pairs; i++)
        TRY(check_add(w, CHECK_EQUAL_PROMPTS, "", "classes %s and %s: %s (--equal-prompts allows "
                      "it)", pair[i].a, pair[i].b, pair[i].key));
    return OK;
}

// Classes of other splits that the training split has in no domain.
Status check_untrained(Look *w)
{
    const Check *c = w->check;
    const char **name = arena_take(w->arena, (size_t)(c->count_n + 1) * sizeof *name);
    NameIndex trained;
    int64_t n = 0;
    if (!name) return err_memory("check");
    for (int64_t i = 0; i < c->count_n; i++)
        if (c->count[i].n && check_trained_split(w, c->count[i].split))
            name[n++] = c->count[i].class_name;
    n = names_unique(name, n);
    if (!name_index(&trained, w->arena, name, n)) return err_memory("check");
    for (int64_t i = 0; i < c->count_n && n; i++) {
        const CheckCount *e = &c->count[i];
        if (!e->n || check_trained_split(w, e->split)) continue;
        if (name_index_find(&trained, e->class_name) >= 0) continue;
        bool first = c->found[CHECK_UNTRAINED] < 10;       // each compares with all names
        const char *near = first ? name_nearest(e->class_name, name, n) : NULL;
        TRY(check_add(w, CHECK_UNTRAINED, e->class_name, "%lld pictures in split %s, none to train "
                      "on%s%s", (long long)e->n, e->split, near ? ": did you mean " : "",
                      near ? near : ""));
    }
    return OK;
}

// Domains that are called nearly like a split: train2017, test_set, vald, trian.
static bool like_a_split(const char *name)
{
    static const char *const known[] = { "train", "training", "val", "valid", "validation",
                                         "crossval", "test", "testing", "eval", "evaluation" };
    enum { KNOWN = sizeof known / sizeof known[0] };
    for (int i = 0; i < KNOWN; i++) {
        size_t n = strlen(known[i]);
        if (!strncasecmp(name, known[i], n) && !isalpha((unsigned char)name[n])) return true;
        if (strlen(name) > n + 1) continue;
        int edits = edits_between(name, known[i], 3, true);
        if (edits <= 1 || (edits == 2 && strlen(name) == n && *name == *known[i])) return true;
    }
    return false;
}

Status check_split_names(Look *w)
{
    const Check *c = w->check;
    for (int64_t i = 0; i < c->count_n; i++) {
        const CheckCount *e = &c->count[i];
        bool told = i && !strcmp(e[-1].split, e->split);
        if (*e->domain && (!told || strcmp(e[-1].domain, e->domain)) && like_a_split(e->domain))
            TRY(check_add(w, CHECK_SPLIT_NAME, e->domain, "is read as a domain: --train-split or "
                          "--eval-split make it a split"));
        for (int64_t k = 0; k < i && !told; k++) {
            SplitKind kind = split_kind(e->split);
            const char *other = c->count[k].split;
            if (!kind || split_kind(other) != kind || !strcmp(other, e->split)) continue;
            TRY(check_add(w, CHECK_SPLIT_NAME, e->split, "is one split with %s by its name",
                          other));
            break;
        }
    }
    return OK;
}

// What a run would do with it.
Status check_opened(Look *w, const Dataset *d)
{
    TRY(check_prompts(w, d));
    TRY(check_case(w, d));
    TRY(check_seen(w, d));
    if (d->label_note) TRY(check_add(w, CHECK_NO_LABEL_0, "", "%s", d->label_note));
    if (!w->o->classes || d->class_count == w->o->classes) return OK;
    return check_add(w, CHECK_CLASS_COUNT, "", "%d classes instead of %d", d->class_count,
                     w->o->classes);
}

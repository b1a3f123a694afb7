// check.c - counts, labels, and the content of every file of a data set.
#include "data/set/check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/image/exif.h"
#include "data/image/formats.h"
#include "data/set/classnames.h"
#include "data/set/dataset_work.h"
#include "data/set/lists.h"
#include "data/set/splits.h"
#include "tensor/base/name.h"
#include "tensor/base/par.h"
#include "tensor/base/sha256.h"

enum { TEXT = 600, CHUNK = 64 };               // of a finding; pictures between calls of progress

// A picture of any split, and what reading it showed.
typedef struct {
    const char *path, *split, *domain, *class_name;
    int32_t number;                            // a list's label as it stands there; -1
    int64_t line;                              // of a list; 0: from the tree
    bool eval;                                 // of an evaluation list
    Status status;
    CheckKind kind;                            // of what is wrong with it
    char *message;                             // malloc; NULL: sound
    char hash[65];                             // "" where it could not be read
    int orientation;                           // EXIF's
} Item;

typedef struct {
    const CheckOptions *o;
    Check *check;
    Arena *arena;
    const char *root;
    bool unread;                               // the folder or a list could not be read
    Item *item;                                // (n)
    int64_t n;
    int64_t from;                              // of the chunk being read
    int64_t room;                              // for findings
} Look;

static const struct { const char *name; bool fatal; } kinds[CHECK_KINDS] = {
    [CHECK_UNUSABLE] = { "unusable", true },
    [CHECK_MISSING] = { "missing", true },
    [CHECK_UNREADABLE] = { "unreadable", true },
    [CHECK_TRUNCATED] = { "truncated", true },
    [CHECK_LABEL_RANGE] = { "label out of range", true },
    [CHECK_ONE_BASED] = { "labels start at 1", true },
    [CHECK_LABEL_MIXED] = { "label of two classes", false },
    [CHECK_EQUAL_PROMPTS] = { "equal prompts", true },
    [CHECK_CLASSES_DIFFER] = { "classes differ", false },
    [CHECK_UNTRAINED] = { "class without training pictures", false },
    [CHECK_SPLIT_NAME] = { "split by another name", false },
    [CHECK_LEAK] = { "in two splits", false },
    [CHECK_DOUBLED] = { "doubled", false },
    [CHECK_MISNAMED] = { "misnamed", false },
    [CHECK_CLASS_ORDER] = { "class order", false },
    [CHECK_CLASS_COUNT] = { "class count", false },
    [CHECK_STRAY] = { "stray", false },
    [CHECK_ORIENTATION] = { "orientation", false },
};

const char *check_kind(CheckKind kind)
{
    return kinds[kind].name;
}

bool check_fatal(CheckKind kind)
{
    return kinds[kind].fatal;
}

// ---- findings -----------------------------------------------------------------------------------

static Status finding(Look *w, CheckKind kind, const char *path, const char *format, ...)
    ERR_PRINTF(4, 5);
static Status finding(Look *w, CheckKind kind, const char *path, const char *format, ...)
{
    Check *c = w->check;
    char text[TEXT];
    va_list args;
    if (kinds[kind].fatal) c->fatal++;
    c->found[kind]++;
    if (w->o->most && c->found[kind] > w->o->most) return OK;
    if (c->finding_n == w->room) {
        Finding *more = arena_take(w->arena, 2 * (size_t)(w->room + 64) * sizeof *more);
        if (!more) return err_memory("check");
        if (c->finding_n) memcpy(more, c->finding, (size_t)c->finding_n * sizeof *more);
        c->finding = more;
        w->room = 2 * (w->room + 64);
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    Finding f = { kind, arena_string(w->arena, path), arena_string(w->arena, text) };
    if (!f.path || !f.text) return err_memory("check");
    c->finding[c->finding_n++] = f;
    return OK;
}

static int by_kind(const void *a, const void *b)
{
    const Finding *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return strcmp(x->path, y->path);
}

// ---- which pictures there are -------------------------------------------------------------------

static Status items_from_tree(Look *w)
{
    const DatasetOptions *o = &w->o->data;
    const char *const extra[] = { o->train_split, o->eval_split };
    Tree tree;
    Status status = tree_read(&tree, w->arena, o->root, extra, 2);
    if (err_of_machine(status)) return status;
    w->unread = status != OK;
    if (w->unread) return OK;                  // dataset_open will say the same
    w->item = arena_zero(w->arena, (size_t)tree.n * sizeof *w->item);
    if (!w->item) return err_memory("check");
    for (w->n = 0; w->n < tree.n; w->n++) {
        const TreeFile *f = &tree.file[w->n];
        w->item[w->n] = (Item){ .path = f->path, .split = f->split, .domain = f->domain,
                                .class_name = f->class_name, .number = -1 };
    }
    for (int64_t i = 0; i < tree.empties; i++)
        TRY(finding(w, CHECK_STRAY, tree.empty[i].path, "class folder without pictures"));
    if (tree.deeps)
        TRY(finding(w, CHECK_STRAY, tree.deep,
                    "the first of %lld folders deeper than %d levels: not read",
                    (long long)tree.deeps, TREE_DEPTH));
    if (!tree.strays) return OK;
    return finding(w, CHECK_STRAY, tree.stray,
                   "the first of %lld pictures that do not fit the layout", (long long)tree.strays);
}

static Status items_from_list(Look *w, const char *path, bool eval)
{
    List list;
    Status status = list_read(&list, w->arena, path);
    if (err_of_machine(status)) return status;
    w->unread |= status != OK;
    if (status != OK) return OK;               // dataset_open will say the same
    Item *item = arena_zero(w->arena, (size_t)(w->n + list.n) * sizeof *item);
    if (!item) return err_memory("check");
    if (w->n) memcpy(item, w->item, (size_t)w->n * sizeof *item);
    w->item = item;
    for (int64_t i = 0; i < list.n; i++) {
        const ListEntry *e = &list.entry[i];
        const char *name = list.numeric ? folder_above(w->arena, e->path, 1) : e->label;
        w->item[w->n++] = (Item){ .path = e->path, .split = path_name(path),
                                  .domain = domain_of(w->arena, &w->o->data, e->path),
                                  .class_name = name ? name : "", .number = e->number,
                                  .line = e->line, .eval = eval };
    }
    return OK;
}

static Status items_from_lists(Look *w, const char *lists, bool eval)
{
    const char **path;
    int64_t n;
    bool one = false;
    if (lists) TRY(file_there(&one, lists));
    if (one) return items_from_list(w, lists, eval);
    TRY(names_split(&path, &n, w->arena, lists));
    for (int64_t i = 0; i < n; i++) TRY(items_from_list(w, path[i], eval));
    return OK;
}

// ---- counts -------------------------------------------------------------------------------------

static int by_place(const void *a, const void *b)
{
    const CheckCount *x = a, *y = b;
    int d = strcmp(x->split, y->split);
    if (d == 0) d = strcmp(x->domain, y->domain);
    return d ? d : strcmp(x->class_name, y->class_name);
}

static Status count_classes(Look *w)
{
    Check *c = w->check;
    c->pictures = w->n;
    c->count = arena_take(w->arena, (size_t)(w->n + 1) * sizeof *c->count);
    if (!c->count) return err_memory("check");
    for (int64_t i = 0; i < w->n; i++) {
        const Item *e = &w->item[i];
        CheckCount one = { e->split, e->domain, e->class_name, 1 };
        CheckCount *last = c->count_n ? &c->count[c->count_n - 1] : NULL;
        if (last && by_place(&one, last) == 0) last->n++;
        else c->count[c->count_n++] = one;
    }
    qsort(c->count, (size_t)c->count_n, sizeof *c->count, by_place);
    int64_t kept = 0;
    for (int64_t i = 0; i < c->count_n; i++)
        if (kept && by_place(&c->count[kept - 1], &c->count[i]) == 0)
            c->count[kept - 1].n += c->count[i].n;
        else c->count[kept++] = c->count[i];
    c->count_n = kept;
    return OK;
}

// ---- labels and classes -------------------------------------------------------------------------

static bool has_class(const Check *c, const CheckCount *where, const char *class_name)
{
    const CheckCount wanted = { where->split, where->domain, class_name, 0 };
    return bsearch(&wanted, c->count, (size_t)c->count_n, sizeof *c->count, by_place) != NULL;
}

// Has an earlier row than k this class, in another domain than `here`?
static bool told_before(const Check *c, int64_t k, const CheckCount *here)
{
    for (int64_t i = 0; i < k; i++)
        if (!strcmp(c->count[i].class_name, c->count[k].class_name) &&
            strcmp(c->count[i].domain, here->domain))
            return true;
    return false;
}

// Each split of a domain against the classes of the other domains.
static Status check_classes(Look *w)
{
    const Check *c = w->check;
    for (int64_t i = 0; i < c->count_n; i++) {
        const CheckCount *here = &c->count[i], *before = here - 1;
        if (i && !strcmp(before->split, here->split) && !strcmp(before->domain, here->domain))
            continue;
        for (int64_t k = 0; k < c->count_n; k++) {
            const CheckCount *there = &c->count[k];
            if (!strcmp(here->domain, there->domain) || has_class(c, here, there->class_name) ||
                told_before(c, k, here))
                continue;
            TRY(finding(w, CHECK_CLASSES_DIFFER, here->domain, "has no class %s%s%s, unlike %s",
                        there->class_name, *here->split ? " in split " : "", here->split,
                        there->domain));
        }
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
        TRY(finding(w, CHECK_LABEL_MIXED, e->split,
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
            return finding(w, CHECK_CLASS_ORDER, list,
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
        TRY(finding(w, CHECK_LABEL_RANGE, item->split, "line %lld: label %d with --label-base %d",
                    (long long)l.least_line, l.least, base));
    if (base == 0 && l.least == 1 && (l.distinct == l.most || l.most == classes))
        return finding(w, CHECK_ONE_BASED, item->split, "labels are 1..%d: --label-base 1", l.most);
    if (classes && l.most - base >= classes)
        TRY(finding(w, CHECK_LABEL_RANGE, item->split,
                    "line %lld: label %d of %d classes from %d on", (long long)l.most_line, l.most,
                    classes, base));
    return check_order(w, item->split, seen, ROOM);
}

static Status check_labels(Look *w)
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
            return finding(w, CHECK_CLASS_ORDER, "",
                           "label %d is %s, behind %s: an order that ignores case has other labels "
                           "(--classnames FILE sets one, --recipe domainnet that of DomainNet)", k,
                           d->classes[k].name, d->classes[k - 1].name);
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
            TRY(finding(w, CHECK_LEAK, d->domain[k], "is trained on and evaluated on"));
    return OK;
}

static Status check_prompts(Look *w, const Dataset *d)
{
    ClassPair *pair;
    int64_t pairs;
    if (w->o->data.equal_prompts || w->o->data.known) return OK;
    TRY(classes_equal(d->classes, d->class_count, w->arena, &pair, &pairs));
    for (int64_t i = 0; i < pairs; i++)
        TRY(finding(w, CHECK_EQUAL_PROMPTS, "", "classes %s and %s: %s (--equal-prompts allows it)",
                    pair[i].a, pair[i].b, pair[i].key));
    return OK;
}

static bool trained_split(const Look *w, const char *split)
{
    const char *asked = w->o->data.train_split;
    if (!asked || split_kind(asked) == SPLIT_TRAIN) return split_kind(split) == SPLIT_TRAIN;
    for (size_t n; ; asked += n + 1) {
        n = strcspn(asked, ",");
        if (strlen(split) == n && !strncasecmp(split, asked, n)) return true;
        if (!asked[n]) return false;
    }
}

// Classes of other splits that the training split has in no domain.
static Status check_untrained(Look *w)
{
    const Check *c = w->check;
    const char **name = arena_take(w->arena, (size_t)(c->count_n + 1) * sizeof *name);
    int64_t n = 0;
    if (!name) return err_memory("check");
    for (int64_t i = 0; i < c->count_n; i++)
        if (trained_split(w, c->count[i].split)) name[n++] = c->count[i].class_name;
    for (int64_t i = 0; i < c->count_n && n; i++) {
        const CheckCount *e = &c->count[i];
        if (trained_split(w, e->split) || name_find(e->class_name, name, n) >= 0) continue;
        const char *near = name_nearest(e->class_name, name, n);
        TRY(finding(w, CHECK_UNTRAINED, e->class_name, "%lld pictures in split %s, none to train on"
                    "%s%s", (long long)e->n, e->split, near ? ": did you mean " : "",
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

static Status check_split_names(Look *w)
{
    const Check *c = w->check;
    for (int64_t i = 0; i < c->count_n; i++) {
        const CheckCount *e = &c->count[i];
        bool told = i && !strcmp(e[-1].split, e->split);
        if (*e->domain && (!told || strcmp(e[-1].domain, e->domain)) && like_a_split(e->domain))
            TRY(finding(w, CHECK_SPLIT_NAME, e->domain, "is read as a domain: --train-split or "
                        "--eval-split make it a split"));
        for (int64_t k = 0; k < i && !told; k++) {
            SplitKind kind = split_kind(e->split);
            const char *other = c->count[k].split;
            if (!kind || split_kind(other) != kind || !strcmp(other, e->split)) continue;
            TRY(finding(w, CHECK_SPLIT_NAME, e->split, "is one split with %s by its name", other));
            break;
        }
    }
    return OK;
}

// What a run would do with it.
static Status check_opens(Look *w)
{
    Dataset d;
    DatasetOptions o = w->o->data;
    o.equal_prompts = true;
    Status status = dataset_open(&d, &o);
    if (err_of_machine(status) || status == ERR_USAGE) return status;
    if (status != OK) return finding(w, CHECK_UNUSABLE, "", "%s", err_msg());
    status = w->unread ? err_set(ERR_MACHINE, "check: %s: could not be read at first, then could",
                                 w->root) : check_prompts(w, &d);
    if (status == OK) status = check_case(w, &d);
    if (status == OK) status = check_seen(w, &d);
    if (status == OK && w->o->classes && d.class_count != w->o->classes)
        status = finding(w, CHECK_CLASS_COUNT, "", "%d classes instead of %d", d.class_count,
                         w->o->classes);
    dataset_close(&d);
    return status;
}

// ---- content ------------------------------------------------------------------------------------

static bool closes_with(const FileMap *map, const char *mark, size_t n)
{
    size_t from = map->size > 256 ? map->size - 256 : 0;
    for (size_t i = from; i + n <= map->size; i++)
        if (!memcmp(map->data + i, mark, n)) return true;
    return false;
}

// A file that stops before its format's end mark was cut.
static bool cut_short(const ImageFormat *f, const FileMap *map)
{
    if (!f) return false;
    if (!strcmp(f->name, "JPEG")) return !closes_with(map, "\xff\xd9", 2);
    if (!strcmp(f->name, "PNG")) return !closes_with(map, "IEND", 4);
    return strstr(err_msg(), "truncated") != NULL;
}

static void note_fault(Item *e, CheckKind kind, Status status, const char *message)
{
    size_t n = strlen(message) + 1;
    e->kind = kind;
    e->status = status;
    e->message = malloc(n);
    if (e->message) memcpy(e->message, message, n);
}

static void look_inside(Item *e, const FileMap *map, int64_t max_pixels)
{
    const ImageFormat *f = image_format(map->data, map->size);
    Image image;
    e->orientation = exif_orientation(map->data, map->size);
    Sha256 h = sha256_begin();
    sha256_add(&h, map->data, map->size);
    sha256_end(&h, e->hash);
    Status status = image_decode(&image, map->data, map->size, max_pixels);
    if (status != OK) {
        note_fault(e, cut_short(f, map) ? CHECK_TRUNCATED : CHECK_UNREADABLE, status, err_msg());
    } else if (f && !image_suffix(f, e->path)) {
        char text[64];
        snprintf(text, sizeof text, "is %s inside", f->name);
        note_fault(e, CHECK_MISNAMED, OK, text);
    }
    image_free(&image);
}

static void read_items(void *arg, int64_t from, int64_t to)
{
    Look *w = arg;
    int64_t max_pixels = w->o->max_pixels ? w->o->max_pixels : IMAGE_MAX_PIXELS;
    for (int64_t i = w->from + from; i < w->from + to; i++) {
        Item *e = &w->item[i];
        char path[FILE_PATH];
        FileMap map = { 0 };
        bool there = true;
        Status status = dataset_path(path, w->root, e->path);
        if (status == OK && e->line > 0) status = file_there(&there, path);
        if (status == OK && !there) {
            char text[TEXT];
            snprintf(text, sizeof text, "no such file: %s: line %lld", e->split,
                     (long long)e->line);
            note_fault(e, CHECK_MISSING, ERR_IO, text);
            continue;
        }
        if (status == OK) status = file_read(&map, path);
        if (status == OK) look_inside(e, &map, max_pixels);
        else note_fault(e, CHECK_UNREADABLE, status, err_msg());
        file_unmap(&map);
    }
}

static Status look_at_files(Look *w)
{
    for (w->from = 0; w->from < w->n; w->from += CHUNK) {
        int64_t left = w->n - w->from, n = left < CHUNK ? left : CHUNK;
        par_for(n, 1, read_items, w);
        if (w->o->progress) w->o->progress(w->o->arg, w->from + n, w->n);
    }
    for (int64_t i = 0; i < w->n; i++) {
        const Item *e = &w->item[i];
        if (e->status != OK && !e->message) return err_memory("check");
        if (err_of_machine(e->status)) return err_set(e->status, "%s", e->message);
        if (e->message) TRY(finding(w, e->kind, e->path, "%s", e->message));
        if (e->orientation > 1)
            TRY(finding(w, CHECK_ORIENTATION, e->path, "EXIF orientation %d: is read unturned; "
                        "CLIP's own pipeline ignores it too", e->orientation));
    }
    return OK;
}

// ---- doubles ------------------------------------------------------------------------------------

static int by_content(const void *a, const void *b)
{
    const Item *x = *(Item *const *)a, *y = *(Item *const *)b;
    int d = strcmp(x->hash, y->hash);
    if (d == 0) d = strcmp(x->path, y->path);
    return d ? d : (x > y) - (x < y);          // in the order of the lists
}

static Status tell_double(Look *w, const Item *a, const Item *b)
{
    bool leak = a->line ? a->eval != b->eval : strcmp(a->split, b->split) != 0;
    bool other = strcmp(a->class_name, b->class_name) != 0;
    if (!strcmp(a->path, b->path))
        return finding(w, leak ? CHECK_LEAK : CHECK_DOUBLED, b->path,
                       "%s: line %lld and %s: line %lld", a->split, (long long)a->line, b->split,
                       (long long)b->line);
    return finding(w, leak ? CHECK_LEAK : CHECK_DOUBLED, b->path, "is the same as %s%s", a->path,
                   other ? ", of another class" : "");
}

static Status check_doubles(Look *w)
{
    const Item **item = arena_take(w->arena, (size_t)(w->n + 1) * sizeof *item);
    int64_t n = 0, first = 0;
    if (!item) return err_memory("check");
    for (int64_t i = 0; i < w->n; i++)
        if (w->item[i].hash[0]) item[n++] = &w->item[i];
    qsort(item, (size_t)n, sizeof *item, by_content);
    for (int64_t i = 1; i < n; i++) {
        if (strcmp(item[first]->hash, item[i]->hash)) first = i;
        else TRY(tell_double(w, item[first], item[i]));
    }
    return OK;
}

// ---- all of it ----------------------------------------------------------------------------------

static Status root_of(Look *w)
{
    const DatasetOptions *o = &w->o->data;
    const char *list = o->train_list ? o->train_list : o->eval_list;
    w->root = o->root ? o->root : "";
    return list && !o->root ? list_folder(&w->root, w->arena, list) : OK;
}

static Status look_through(Look *w)
{
    const DatasetOptions *o = &w->o->data;
    bool lists = o->train_list || o->eval_list;
    TRY(root_of(w));
    if (lists) {
        TRY(items_from_lists(w, o->train_list, false));
        TRY(items_from_lists(w, o->eval_list, true));
        TRY(check_labels(w));
    } else if (o->root) {
        TRY(items_from_tree(w));
    }
    TRY(count_classes(w));
    if (!lists) TRY(check_classes(w));
    if (!lists) TRY(check_untrained(w));
    if (!lists) TRY(check_split_names(w));
    TRY(check_opens(w));
    TRY(look_at_files(w));
    return check_doubles(w);
}

Status check_data(Check *check, const CheckOptions *options)
{
    *check = (Check){ 0 };
    Look w = { .o = options, .check = check, .arena = &check->arena };
    Status status = look_through(&w);
    for (int64_t i = 0; i < w.n; i++) free(w.item[i].message);
    if (status != OK) check_close(check);
    else if (check->finding_n > 0)                 // else there is no array to sort
        qsort(check->finding, (size_t)check->finding_n, sizeof *check->finding, by_kind);
    return status;
}

void check_close(Check *check)
{
    arena_free(&check->arena);
    *check = (Check){ 0 };
}

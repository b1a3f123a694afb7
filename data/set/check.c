// check.c - looks a whole data set through: its pictures, counts, labels, and what a run would say.
#include "data/set/check.h"

#include <stdlib.h>
#include <string.h>

#include "data/set/check_work.h"
#include "data/set/lists.h"

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
    w->empty = tree.empty;
    w->empties = tree.empties;
    for (int64_t i = 0; i < tree.empties; i++)
        TRY(check_add(w, CHECK_STRAY, tree.empty[i].path, "class folder without pictures"));
    if (tree.deeps)
        TRY(check_add(w, CHECK_STRAY, tree.deep,
                      "the first of %lld folders deeper than %d levels: not read",
                      (long long)tree.deeps, TREE_DEPTH));
    if (tree.loops)
        TRY(check_add(w, CHECK_STRAY, tree.loop,
                      "the first of %lld links back to a folder above: passed over",
                      (long long)tree.loops));
    if (!tree.strays) return OK;
    return check_add(w, CHECK_STRAY, tree.stray,
                     "the first of %lld pictures that do not fit the layout",
                     (long long)tree.strays);
}

// What a list is called: its file's name; its path, where a list before is called so.
static const char *list_called(const Look *w, const char *path)
{
    const char *name = path_name(path), *last = NULL;
    for (int64_t i = 0; i < w->n; i++) {
        if (w->item[i].split != last && !strcmp(w->item[i].split, name)) return path;
        last = w->item[i].split;
    }
    return name;
}

static Status items_from_list(Look *w, const char *path, bool eval)
{
    List list;
    Status status = list_read(&list, w->arena, path);
    if (err_of_machine(status)) return status;
    w->unread |= status != OK;
    if (status != OK) return OK;               // dataset_open will say the same
    const char *split = list_called(w, path);
    Item *item = arena_zero(w->arena, (size_t)(w->n + list.n) * sizeof *item);
    if (!item) return err_memory("check");
    if (w->n) memcpy(item, w->item, (size_t)w->n * sizeof *item);
    w->item = item;
    for (int64_t i = 0; i < list.n; i++) {
        const ListEntry *e = &list.entry[i];
        const char *name = list.numeric ? folder_above(w->arena, e->path, 1) : e->label;
        w->item[w->n++] = (Item){ .path = e->path, .split = split,
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
    c->count = arena_take(w->arena, (size_t)(w->n + w->empties + 1) * sizeof *c->count);
    if (!c->count) return err_memory("check");
    for (int64_t i = 0; i < w->n; i++) {
        const Item *e = &w->item[i];
        CheckCount one = { e->split, e->domain, e->class_name, 1 };
        CheckCount *last = c->count_n ? &c->count[c->count_n - 1] : NULL;
        if (last && by_place(&one, last) == 0) last->n++;
        else c->count[c->count_n++] = one;
    }
    for (int64_t i = 0; i < w->empties; i++) {
        const TreeFile *e = &w->empty[i];
        c->count[c->count_n++] = (CheckCount){ e->split, e->domain, e->class_name, 0 };
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

// ---- what a run would do with it ----------------------------------------------------------------

static Status check_opens(Look *w)
{
    Dataset d;
    DatasetOptions o = w->o->data;
    o.equal_prompts = true;
    Status status = dataset_open(&d, &o);
    if (err_of_machine(status) || status == ERR_USAGE) return status;
    if (status != OK) return check_add(w, CHECK_UNUSABLE, "", "%s", err_msg());
    w->opens = true;
    status = w->unread ? err_set(ERR_MACHINE, "check: %s: could not be read at first, then could",
                                 w->root) : check_opened(w, &d);
    dataset_close(&d);
    return status;
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
    } else if (o->root) {
        TRY(items_from_tree(w));
    }
    TRY(count_classes(w));
    if (!lists) TRY(check_classes(w));
    if (!lists) TRY(check_untrained(w));
    if (!lists) TRY(check_split_names(w));
    TRY(check_opens(w));
    if (lists) TRY(check_labels(w));
    TRY(check_files(w));
    return check_doubles(w);
}

static int by_kind(const void *a, const void *b)
{
    const Finding *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return strcmp(x->path, y->path);
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

// check_files.c - what is in every file of a data set, and which files are the same.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/exif.h"
#include "data/image/formats.h"
#include "data/set/check_work.h"
#include "tensor/base/par.h"
#include "tensor/base/sha256.h"

enum { CHUNK = 64 };                           // pictures between calls of progress

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
    else e->status = ERR_MEMORY;               // else a finding would be lost
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
            char text[CHECK_TEXT];
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

Status check_files(Look *w)
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
        if (e->message) TRY(check_add(w, e->kind, e->path, "%s", e->message));
        if (e->orientation > 1)
            TRY(check_add(w, CHECK_ORIENTATION, e->path, "EXIF orientation %d: is read unturned; "
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
        return check_add(w, leak ? CHECK_LEAK : CHECK_DOUBLED, b->path,
                         "%s: line %lld and %s: line %lld", a->split, (long long)a->line, b->split,
                         (long long)b->line);
    return check_add(w, leak ? CHECK_LEAK : CHECK_DOUBLED, b->path, "is the same as %s%s", a->path,
                     other ? ", of another class" : "");
}

static bool is_trained(const Look *w, const Item *e)
{
    return e->line ? !e->eval : check_trained_split(w, e->split);
}

// The row of an item's split among the shares; NULL: it is trained on, or all are.
static CheckShare *share_of_item(Look *w, const Item *e)
{
    Check *c = w->check;
    for (int64_t k = 0; k < c->share_n; k++)       // few: one per split
        if (!strcmp(c->share[k].split, e->split)) return is_trained(w, e) ? NULL : &c->share[k];
    return NULL;
}

// A row per split that is not trained on, where one is.
static Status make_shares(Look *w)
{
    Check *c = w->check;
    const char **name = arena_take(w->arena, (size_t)(w->n + 1) * sizeof *name);
    const char *trained = NULL, *last = NULL;
    int64_t n = 0;
    if (!name) return err_memory("check");
    for (int64_t i = 0; i < w->n; i++) {
        const Item *e = &w->item[i];
        if (e->split != last && is_trained(w, e)) trained = trained ? trained : e->split;
        else if (e->split != last) name[n++] = e->split;
        last = e->split;
    }
    n = trained ? names_unique(name, n) : 0;
    c->share = arena_zero(w->arena, (size_t)(n + 1) * sizeof *c->share);
    if (!c->share) return err_memory("check");
    for (; c->share_n < n; c->share_n++)
        c->share[c->share_n] = (CheckShare){ .split = name[c->share_n], .trained = trained };
    for (int64_t i = 0; i < w->n; i++) {
        CheckShare *s = share_of_item(w, &w->item[i]);
        if (s) s->n++;
    }
    return OK;
}

// Items at..end have the same content: if one of them is trained on, the others are seen.
static void count_seen(Look *w, const Item *const *item, int64_t at, int64_t end)
{
    bool trained = false;
    for (int64_t i = at; i < end; i++) trained |= is_trained(w, item[i]);
    for (int64_t i = at; i < end && trained; i++) {
        CheckShare *s = share_of_item(w, item[i]);
        if (s) s->also++;
    }
}

Status check_doubles(Look *w)
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
    TRY(make_shares(w));
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !strcmp(item[end]->hash, item[i]->hash);) end++;
        count_seen(w, item, i, end);
    }
    return OK;
}

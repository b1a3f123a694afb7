// captions.c - reads a table of pictures and captions; equal captions get equal numbers.
#include "data/set/captions.h"

#include <stdio.h>
#include <string.h>

#include "data/set/csv.h"
#include "tensor/base/file.h"

// A hash table with chains: `first` and `next` hold caption numbers + 1; 0 ends a chain.
typedef struct { int32_t *first, *next; uint32_t mask; } Index;

static uint32_t hash(const char *s)          // FNV-1a
{
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (uint8_t)*s) * 16777619u;
    return h;
}

static int32_t number_of(Captions *c, Index *x, const char *text)
{
    int32_t *slot = &x->first[hash(text) & x->mask];
    for (int32_t i = *slot; i; i = x->next[i - 1])
        if (strcmp(c->text[i - 1], text) == 0) return i - 1;
    int32_t n = (int32_t)c->count++;
    c->text[n] = text;
    x->next[n] = *slot;
    *slot = n + 1;
    return n;
}

// Which columns of the table are wanted.
typedef struct { int image, caption, fields; } Columns;

static int column_named(const Csv *header, const char *key)
{
    for (int i = 0; i < header->fields; i++)
        if (!strcmp(header->field[i], key)) return i;
    return -1;
}

static Status no_column(const Csv *header, const char *key, const char *flag)
{
    char text[160] = "";
    for (int i = 0; i < header->fields && strlen(text) < 90; i++)
        snprintf(text + strlen(text), 40, "%s%.30s", i ? ", " : "", header->field[i]);
    return err_set(ERR_FORMAT, "the header, line %lld, has no column %s, but %s (%s names another, "
                   "--captions-sep another separator)", (long long)header->line, key, text, flag);
}

static Status find_columns(Columns *at, const Csv *header, const CaptionOptions *o)
{
    const char *image = o->image_key ? o->image_key : "filepath";
    const char *caption = o->caption_key ? o->caption_key : "title";
    *at = (Columns){ column_named(header, image), column_named(header, caption),
                     header->fields };
    if (at->caption < 0) return no_column(header, caption, "--caption-key");
    if (o->captions_only) at->image = at->caption;
    if (at->image < 0) return no_column(header, image, "--image-key");
    return OK;
}

static Status one_caption(Captions *c, Index *x, const Csv *r, const Columns *at,
                          const char *prefix)
{
    if (r->fields != at->fields)
        return err_set(ERR_FORMAT, "line %lld: %d fields, but the header has %d columns",
                       (long long)r->line, r->fields, at->fields);
    const char *path = r->field[at->image], *text = r->field[at->caption];
    if (!*path || !*text)
        return err_set(ERR_FORMAT, "line %lld: no %s", (long long)r->line, *path ? "caption"
                                                                                 : "path");
    if (strncmp(path, prefix, strlen(prefix)) != 0) {
        c->outside++;
        return OK;
    }
    c->set.sample[c->set.n++] = (Sample){ .path = path,
                                                .label = number_of(c, x, text) };
    return OK;
}

static Status read_records(Captions *c, Csv *csv, size_t lines, const CaptionOptions *o)
{
    const char *prefix = o->prefix ? o->prefix : "";
    Columns at;
    Index x = { .mask = 1 };
    while (x.mask < lines) x.mask = 2 * x.mask + 1;
    x.first = arena_zero(&c->arena, ((size_t)x.mask + 1) * sizeof *x.first);
    x.next = arena_take(&c->arena, lines * sizeof *x.next);
    c->text = arena_take(&c->arena, lines * sizeof *c->text);
    c->set.sample = arena_take(&c->arena, lines * sizeof *c->set.sample);
    if (!x.first || !x.next || !c->text || !c->set.sample) return err_memory("captions");
    TRY(csv_next(csv));
    if (csv->fields == 0) return err_set(ERR_FORMAT, "no picture in it");
    TRY(find_columns(&at, csv, o));
    for (;;) {
        TRY(csv_next(csv));
        if (csv->fields == 0) break;
        TRY(one_caption(c, &x, csv, &at, prefix));
    }
    if (c->set.n) return OK;
    return err_set(ERR_FORMAT, "no picture below %s", *prefix ? prefix : "it");
}

Status captions_parse(Captions *c, const uint8_t *data, size_t bytes, const CaptionOptions *o)
{
    Csv csv;
    size_t lines = 2;
    *c = (Captions){ .set = { .split = "captions" } };
    for (size_t i = 0; i < bytes; i++) lines += data[i] == '\n' || data[i] == '\r';
    Status status = lines > INT32_MAX ? err_set(ERR_FORMAT, "%zu lines", lines) : OK;
    if (status == OK) status = csv_open(&csv, &c->arena, data, bytes, o->sep ? o->sep : '\t');
    if (status == OK) status = read_records(c, &csv, lines, o);
    if (status != OK) captions_close(c);
    return status;
}

Status captions_open(Captions *c, const char *path, const CaptionOptions *o)
{
    FileMap map;
    *c = (Captions){ 0 };
    TRY(file_map(&map, path));
    Status status = captions_parse(c, map.data, map.size, o);
    file_unmap(&map);
    return status == OK ? OK : err_prefix(status, "captions: %s", path);
}

void captions_close(Captions *c)
{
    arena_free(&c->arena);
    *c = (Captions){ 0 };
}

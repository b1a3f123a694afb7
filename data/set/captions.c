// captions.c - reads a table of pictures and captions; equal captions get equal numbers.
#include "data/set/captions.h"

#include <stdlib.h>
#include <string.h>

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

static Status one_line(Captions *c, Index *x, char *line, int64_t number, const char *prefix)
{
    char *tab = strchr(line, '\t');
    if (!tab || tab == line || !tab[1])
        return err_set(ERR_FORMAT, "line %lld: not path, tab, caption", (long long)number);
    *tab = 0;
    if (strncmp(line, prefix, strlen(prefix)) != 0) return OK;
    c->set.sample[c->set.n++] = (Sample){ .path = line, .label = number_of(c, x, tab + 1) };
    return OK;
}

static Status read_lines(Captions *c, char *text, size_t lines, const char *prefix)
{
    Index x = { .mask = 1 };
    int64_t number = 1;
    while (x.mask < lines) x.mask = 2 * x.mask + 1;
    x.first = arena_zero(&c->arena, ((size_t)x.mask + 1) * sizeof *x.first);
    x.next = arena_take(&c->arena, lines * sizeof *x.next);
    c->text = arena_take(&c->arena, lines * sizeof *c->text);
    c->set.sample = arena_take(&c->arena, lines * sizeof *c->set.sample);
    if (!x.first || !x.next || !c->text || !c->set.sample) return err_memory("captions");
    for (char *line = text, *end; line && *line; line = end, number++) {
        end = strchr(line, '\n');
        if (end) *end++ = 0;
        size_t n = strlen(line);
        if (n && line[n - 1] == '\r') line[n - 1] = 0;
        if (number > 1 && *line) TRY(one_line(c, &x, line, number, prefix));
    }
    if (c->set.n) return OK;
    return err_set(ERR_FORMAT, "no picture below %s", *prefix ? prefix : "it");
}

Status captions_open(Captions *c, const char *path, const char *prefix)
{
    FileMap map;
    *c = (Captions){ .set = { .split = "captions" } };
    TRY(file_map(&map, path));
    char *text = arena_take(&c->arena, map.size + 1);
    size_t lines = 1;
    for (size_t i = 0; i < map.size; i++) lines += map.data[i] == '\n';
    if (text && map.size) memcpy(text, map.data, map.size);
    if (text) text[map.size] = 0;
    file_unmap(&map);
    Status status = !text ? err_memory("captions")
                    : lines > INT32_MAX ? err_set(ERR_FORMAT, "%zu lines", lines)
                                        : read_lines(c, text, lines, prefix);
    if (status == OK) return OK;
    captions_close(c);
    return err_prefix(status, "captions: %s", path);
}

void captions_close(Captions *c)
{
    arena_free(&c->arena);
    *c = (Captions){ 0 };
}

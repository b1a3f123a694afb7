// names.c - sets of names, and what else the files of this folder ask about a dataset's options.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset_work.h"
#include "tensor/base/name.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int64_t names_unique(const char **name, int64_t n)
{
    int64_t kept = 0;
    qsort(name, (size_t)n, sizeof *name, by_name);
    for (int64_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(name[kept - 1], name[i])) name[kept++] = name[i];
    return kept;
}

const char *names_joined(char text[NAMES_TEXT], const char *const *name, int64_t n)
{
    size_t used = 0;
    text[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        if (used + strlen(name[i]) + 8 > NAMES_TEXT) {
            strcpy(text + used, ", ..");
            break;
        }
        used += (size_t)snprintf(text + used, NAMES_TEXT - used, "%s%s", i ? ", " : "", name[i]);
    }
    return text;
}

bool names_have(const char *const *name, int64_t n, const char *wanted)
{
    for (int64_t i = 0; i < n; i++)
        if (!strcmp(wanted, name[i])) return true;
    return false;
}

Status names_missing(const char *where, const char *kind, const char *wrong,
                     const char *const *name, int64_t n)
{
    char text[NAMES_TEXT];
    const char *near = name_nearest(wrong, name, n);
    bool none = true;                          // where there are none, one is called ""
    for (int64_t i = 0; i < n; i++) none &= !*name[i];
    if (near && !*near) near = NULL;
    return err_set(ERR_IO, "dataset: %s: no %s called %s%s%s: there %s %s", where, kind, wrong,
                   near ? ": did you mean " : "", near ? near : "",
                   none ? "is" : "are", none ? "none" : names_joined(text, name, n));
}

Status names_split(const char ***name, int64_t *n, Arena *arena, const char *text)
{
    *name = NULL;
    *n = 0;
    if (!text) return OK;
    char *copy = arena_string(arena, text);
    const char **list = arena_take(arena, (strlen(text) + 1) * sizeof *list);
    if (!copy || !list) return err_memory("dataset");
    for (char *at = copy, *comma; at; at = comma) {
        comma = strchr(at, ',');
        if (comma) *comma++ = 0;
        if (!*at) return err_set(ERR_USAGE, "dataset: %s: an empty name between commas", text);
        list[(*n)++] = at;
    }
    *name = list;
    return OK;
}

bool dataset_wants(const DatasetOptions *o, int side)
{
    return o->sides == 0 || o->sides & side;
}

bool dataset_holds_out(const Work *w)
{
    return w->trained && w->o->val_fraction > 0;
}

Status dataset_path(char out[FILE_PATH], const char *root, const char *path)
{
    return path_join(out, path[0] == '/' ? "" : root, path);
}

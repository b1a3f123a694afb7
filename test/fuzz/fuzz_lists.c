// fuzz_lists.c - list files and files of names: no byte may lead outside, and what comes out is
// sound.
#include <stdlib.h>
#include <string.h>

#include "data/set/lists.h"
#include "tensor/base/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition) abort();
}

static void check_list(const List *list)
{
    for (int64_t i = 0; i < list->n; i++) {
        const ListEntry *e = &list->entry[i];
        must(*e->path && *e->label && !strchr(e->path, '\n') && !strchr(e->label, '\t'));
        must(e->line > (i ? list->entry[i - 1].line : 0));
        must(e->number == -1 || (e->number >= 0 && e->label[0] >= '0' && e->label[0] <= '9'));
        must(!list->numeric || e->number >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena = { 0 };
    List list;
    Lines lines;
    if (list_parse(&list, &arena, "fuzz", data, size) == OK) {
        must(list.n > 0);
        check_list(&list);
    }
    if (lines_parse(&lines, &arena, "fuzz", data, size) == OK) {
        must(lines.n > 0);
        for (int64_t i = 0; i < lines.n; i++) must(*lines.name[i] && !strchr(lines.name[i], '\n'));
        name_nearest(lines.name[0], lines.name, lines.n < 50 ? lines.n : 50);
    }
    arena_free(&arena);
    return 0;
}

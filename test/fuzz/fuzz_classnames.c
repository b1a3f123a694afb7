// fuzz_classnames.c - lines of class names against folders: each class has a name and a prompt, and
// each folder is that of one class.
#include <stdlib.h>
#include <string.h>

#include "data/set/classnames.h"
#include "tensor/base/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition) abort();
}

static void check_classes(const ClassNames *c, Arena *arena)
{
    for (int64_t i = 0; i < c->n; i++) must(c->item[i].name && c->item[i].prompt);
    (void)classes_distinct(c->item, c->n, arena, NULL);
}

// A name and its key mean the same by every spelling of them.
static void check_key(const char *name, Arena *arena)
{
    const char *key = name_key(arena, name, true), *again = key ? name_key(arena, key, true) : NULL;
    must(key && again && strlen(key) <= 4 * strlen(name) + 1 && name_same(name, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const folder[] = { "cat", "t-shirt", NULL, "caf\xc3\xa9", "n01440764" };
    Arena arena = { 0 };
    Lines lines;
    ClassNames c;
    for (int more = 0; more < 2; more++) {
        if (lines_parse(&lines, &arena, "fuzz", data, size) != OK) continue;
        if (classnames_lines(&c, &arena, &lines, folder, 5, more) == OK && c.item)
            check_classes(&c, &arena);
        if (classnames_alone(&c, &arena, &lines) == OK) check_classes(&c, &arena);
        check_key(lines.name[0], &arena);
    }
    arena_free(&arena);
    return 0;
}

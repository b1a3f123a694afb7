// lists.h - list files: a picture and its label a line.
//
//     path label           1-based or 0-based, as the caller says
//     path<TAB>class
//
// The label is what follows the last blank or tab, so paths may hold blanks; if the line holds a
// tab, what follows the last tab, so that classes may. Empty lines are skipped, `\r` before the
// line's end and a byte order mark are taken off. The first line is a header, and skipped, if its
// last word is no number and those of all other lines are, or if its path is no picture's name.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tensor/arena.h"
#include "tensor/err.h"

typedef struct {
    const char *path, *label;  // in the arena
    int64_t line;              // from 1
} ListEntry;

typedef struct {
    ListEntry *entry;          // (n)
    int64_t n;
    int numeric;               // all labels are whole numbers that fit in 31 bits
} List;

typedef struct { const char **name; int64_t n; } Lines;

// what: the file's name, for messages.
Status list_parse(List *list, Arena *arena, const char *what, const uint8_t *data, size_t bytes);
Status list_read(List *list, Arena *arena, const char *path);

// A file of names, one a line; blanks around them and empty lines are left out.
Status lines_parse(Lines *lines, Arena *arena, const char *what, const uint8_t *data, size_t bytes);
Status lines_read(Lines *lines, Arena *arena, const char *path);

// The name that a mistyped one may have meant (edit distance), or NULL if none is near.
const char *name_nearest(const char *wrong, const char *const *name, int64_t n);

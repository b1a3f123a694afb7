// lists.h - list files: a picture and its label a line. And names, a line each.
//
//     path label                 the label is what follows the last blank
//     path<TAB>class             or the last tab, if the line holds one: then both may hold blanks
//
// Labels behind blanks are whole numbers in all lines or in none; a mixture, -1 and 0.0 are errors.
// Empty lines are skipped; `\r` at a line's end and a byte order mark at the start are taken off.
// The first line is a header, and skipped, if its path holds no `/` and does not end like a
// picture's file, and that of the second line does. Files may be packed by gzip.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"

typedef struct {
    const char *path, *label;  // in the arena
    int32_t number;            // the label as a whole number of 0..2^31-1; -1: labels are names
    int64_t line;              // from 1
    bool tabbed;               // the label stands behind a tab
} ListEntry;

typedef struct {
    ListEntry *entry;          // (n)
    int64_t n;
    bool numeric;              // all labels are numbers; else all are names
} List;

typedef struct {
    const char **name;         // (n) without blanks at the ends, in the arena
    int64_t n;
} Lines;

// what: the file's name, for messages. A list without entries is an error; a file of no names too.
Status list_parse(List *list, Arena *arena, const char *what, const uint8_t *data, size_t bytes);
Status list_read(List *list, Arena *arena, const char *path);
Status lines_parse(Lines *lines, Arena *arena, const char *what, const uint8_t *data, size_t bytes);
Status lines_read(Lines *lines, Arena *arena, const char *path);

bool picture_suffix(const char *path);         // ends like a picture's file, readable here or not

// lists.h - list files, one picture and its label per line; and files of names, one per line.
//
//     path label                 the label is what follows the last blank
//     path<TAB>class             or the last tab, if the line has one: then both may contain blanks
//
// Labels behind blanks are whole numbers in all lines or in none; a mixture, -1 and 0.0 are errors.
// So are quotes around a path, a comma before the label, `\` for `/`, and a CR inside a line.
// Empty lines are skipped; `\r` at a line's end and a byte order mark at the start are removed. The
// first line is skipped as a header if its path contains no `/` and does not have a picture's
// suffix, and the path of the second line does. Files may be compressed by gzip.
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
    int64_t *line;             // (n) where each stands, from 1
    int64_t n;
    const char *what;          // the file's name, as the caller gave it
} Lines;

// what: the file's name, for messages. A list without entries and a file without names are errors.
Status list_parse(List *list, Arena *arena, const char *what, const uint8_t *data, size_t bytes);
Status list_read(List *list, Arena *arena, const char *path);
Status lines_parse(Lines *lines, Arena *arena, const char *what, const uint8_t *data, size_t bytes);
Status lines_read(Lines *lines, Arena *arena, const char *path);

// The number that a text is: digits alone, up to 2^31-1; else -1.
int32_t whole_number(const char *text);

// Does the path have the suffix of a picture format, also of one that is not read here?
bool picture_suffix(const char *path);

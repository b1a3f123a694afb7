// classnames.h - files of class names: one per line, bare or quoted, with a number or a folder's
// name in front.
//
//     circle        "circle"        0 circle        0,circle        circle 0        n01440764 tench
//
// Against class folders, a file is read in the first of these forms in which every line has a
// folder of its own and every folder a line: in any letter case, with `-`, `_` and a blank equal,
// composed (NFC) or not. Numbers set the order then, the order of the lines otherwise. What follows
// a folder's name is what the class is called. A file of which no line is a folder can rename them
// by order. A list with commas in one line, or in JSON, is refused. Messages name file and line.
#pragma once
#include <stdbool.h>

#include "data/set/dataset.h"
#include "data/set/lists.h"

// The names of a file by themselves, without quotes, numbers 0.. or 1.. and WordNet's ids. A name
// that stands there n times is numbered apart, `crane`, `crane (2)`, by numbers that make no name
// of the file; its prompt stays the same. So are names behind folders, below.
typedef struct {
    ClassName *item;           // (n) folder: NULL
    int64_t n;
    const char *note;          // which names were numbered apart; NULL: none
    bool numbers;              // a number on each line sets the order,
    int32_t from;              // the least of them is this: 0 or 1
} ClassNames;
Status classnames_read(ClassNames *names, Arena *arena, const char *file);

// The classes of the folders (n; NULL entries have none), in the file's order and with its names.
// made->item is NULL if no line is a folder. more: lines without a folder are allowed.
Status classnames_match(ClassNames *made, Arena *arena, const char *file, const char *const *folder,
                        int64_t n, bool more);

// The same of lines that have been read already.
Status classnames_lines(ClassNames *made, Arena *arena, const Lines *lines,
                        const char *const *folder, int64_t n, bool more);
Status classnames_alone(ClassNames *names, Arena *arena, const Lines *lines);

// Classes whose prompts are the same to a tokenizer, `key`; names that a file numbered apart are
// passed over. classes_distinct: ERR_FORMAT names the first two; with `note` all become a note.
typedef struct { const char *a, *b, *key; } ClassPair;
Status classes_equal(const ClassName *classes, int64_t n, Arena *arena, ClassPair **pair,
                     int64_t *pairs);
Status classes_distinct(const ClassName *classes, int64_t n, Arena *arena, const char **note);

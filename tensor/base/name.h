// name.h - names that people type: which are equal, their order, and what a mistyped one may have
// meant.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/arena.h"

// Equal but for `_` in place of a blank, and for the normal form of Unicode (UAX 15)?
bool name_same(const char *a, const char *b);
// What all spellings of a name share that a tokenizer sees as one: composed characters (NFC), small
// letters, one blank for each run of white space and `_` (dashes: and `-`), none at the ends. In
// the arena; NULL: no memory.
char *name_key(Arena *arena, const char *name, bool dashes);
// Makes each `_` a blank, in place.
void name_blanks(char *name);
// <0, 0, >0: by bytes, or by letters and digits alone with case ignored, as DomainNet's labels are.
int name_order(const char *a, const char *b, bool by_letters);
// The index of this name, else of one that name_same finds equal, or -1. NULL entries are skipped,
// here and below.
int64_t name_find(const char *wanted, const char *const *name, int64_t n);

// Names that are looked up many times: name_index_find is name_find in logarithmic time. The names
// stay the caller's, the rest lies in the arena. false: no memory.
typedef struct { const char *key; int64_t index; } NameKey;
typedef struct {
    const char *const *name;             // (n)
    NameKey *exact, *alike;              // (kept) sorted by bytes, by name_key; then by index
    int64_t n, kept;
    Arena *arena;                        // of the key of what is looked up
} NameIndex;
bool name_index(NameIndex *x, Arena *arena, const char *const *name, int64_t n);
int64_t name_index_find(const NameIndex *x, const char *wanted);

// The name with the fewest edits to a mistyped one, for "did you mean"; NULL if none is near.
const char *name_nearest(const char *wrong, const char *const *name, int64_t n);

enum { EDITS_MOST = 256 };               // longer names are not compared

// Insertions, deletions and substitutions that turn a into b (Levenshtein 1966), at most `limit`.
// Both at most EDITS_MOST bytes; any_case: a equals A.
int edits_between(const char *a, const char *b, int limit, bool any_case);
bool name_missing(const char *list);           // "a,,b", "a,": an empty one among the commas

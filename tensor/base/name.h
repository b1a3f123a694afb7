// name.h - names that people type: which are the same, in what order they stand, and which one a
// mistyped name may have meant.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Names are the same if they differ only in `_` for a blank.
bool name_same(const char *a, const char *b);
// <0, 0, >0: by bytes, or by letters and digits alone with case ignored, as DomainNet's labels are.
int name_order(const char *a, const char *b, bool by_letters);
// The index of this name, else of one that is the same, or -1. NULL entries are passed over, here
// and below.
int64_t name_find(const char *wanted, const char *const *name, int64_t n);
// What a mistyped name may have meant: the one with the fewest edits; NULL if none is near.
const char *name_nearest(const char *wrong, const char *const *name, int64_t n);

enum { EDITS_MOST = 256 };               // longer names are not compared

// Letters put in, taken out or changed that make b of a (Levenshtein 1966); `limit` where there are
// as many or more. Both at most EDITS_MOST bytes; any_case: a is A.
int edits_between(const char *a, const char *b, int limit, bool any_case);

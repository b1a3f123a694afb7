// edits.h - how far apart two names are, to say "did you mean".
#pragma once
#include <stdbool.h>

enum { EDITS_MOST = 256 };               // longer names are not compared

// Letters put in, taken out or changed that make b of a (Levenshtein 1966); `limit` where there are
// as many or more. Both at most EDITS_MOST bytes; any_case: a is A.
int edits_between(const char *a, const char *b, int limit, bool any_case);

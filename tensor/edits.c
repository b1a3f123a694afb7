// edits.c - Levenshtein's table, of which one row is kept.
#include "tensor/edits.h"

#include <string.h>

static char folded(char c, bool any_case)
{
    return any_case && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

int edits_between(const char *a, const char *b, int limit, bool any_case)
{
    int row[EDITS_MOST + 1], m = (int)strlen(b);
    for (int j = 0; j <= m; j++) row[j] = j;
    for (int i = 1; *a; a++, i++) {
        int diagonal = row[0], lowest = i;
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int change = diagonal + (folded(*a, any_case) != folded(b[j - 1], any_case));
            diagonal = row[j];
            row[j] = least(change, 1 + least(row[j], row[j - 1]));
            lowest = least(lowest, row[j]);
        }
        if (lowest >= limit) return limit;     // every way has cost as much already
    }
    return least(row[m], limit);
}

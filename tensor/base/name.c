// name.c - names that mean the same, in order, and near each other.
#include "tensor/base/name.h"

#include <string.h>

static char lower_ascii(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool name_same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '_' ? ' ' : *a) != (*b == '_' ? ' ' : *b)) return false;
    return *a == *b;
}

void name_blanks(char *name)
{
    for (; *name; name++)
        if (*name == '_') *name = ' ';
}

static bool letter_or_digit(char c)
{
    char small = lower_ascii(c);
    return (c >= '0' && c <= '9') || (small >= 'a' && small <= 'z') || (unsigned char)c > 127;
}

int name_order(const char *a, const char *b, bool by_letters)
{
    if (!by_letters) return strcmp(a, b);
    for (;; a++, b++) {
        while (*a && !letter_or_digit(*a)) a++;
        while (*b && !letter_or_digit(*b)) b++;
        unsigned char x = (unsigned char)lower_ascii(*a), y = (unsigned char)lower_ascii(*b);
        if (x != y) return x < y ? -1 : 1;
        if (!x) return 0;
    }
}

int64_t name_find(const char *wanted, const char *const *name, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (name[i] && !strcmp(wanted, name[i])) return i;
    for (int64_t i = 0; i < n; i++)
        if (name[i] && name_same(wanted, name[i])) return i;
    return -1;
}

// ---- the nearest --------------------------------------------------------------------------------

static char folded(char c, bool any_case)
{
    return any_case ? lower_ascii(c) : c;
}

static int min_int(int a, int b)
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
            row[j] = min_int(change, 1 + min_int(row[j], row[j - 1]));
            lowest = min_int(lowest, row[j]);
        }
        if (lowest >= limit) return limit;     // every way has cost as much already
    }
    return min_int(row[m], limit);
}

const char *name_nearest(const char *wrong, const char *const *name, int64_t n)
{
    const char *best = NULL;
    size_t length = strlen(wrong);
    int fewest = 1 + (int)(length < EDITS_MOST ? length : 0) / 3;
    if (length > EDITS_MOST) return NULL;
    for (int64_t i = 0; i < n; i++) {
        if (!name[i] || strlen(name[i]) > EDITS_MOST) continue;
        int d = edits_between(wrong, name[i], fewest + 1, true);
        if (d < fewest || (d == fewest && !best)) {
            best = name[i];
            fewest = d;
        }
    }
    return best;
}

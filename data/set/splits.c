// splits.c - the table of the names of splits.
#include "data/set/splits.h"

#include <string.h>
#include <strings.h>

static const struct { const char *name; SplitKind kind; } split_names[] = {
    { SPLIT_TRAIN_NAME, SPLIT_TRAIN }, { "training", SPLIT_TRAIN },
    { SPLIT_VAL_NAME, SPLIT_VAL }, { "valid", SPLIT_VAL }, { "validation", SPLIT_VAL },
    { "dev", SPLIT_VAL }, { "crossval", SPLIT_VAL },
    { SPLIT_TEST_NAME, SPLIT_TEST }, { "testing", SPLIT_TEST },
};
enum { SPLIT_NAMES = sizeof split_names / sizeof split_names[0] };

SplitKind split_kind(const char *name)
{
    for (int i = 0; i < SPLIT_NAMES; i++)
        if (!strcasecmp(name, split_names[i].name)) return split_names[i].kind;
    return SPLIT_NONE;
}

static bool in_list(const char *name, const char *list)
{
    size_t n = strlen(name);
    if (!strcasecmp(name, list)) return true;
    for (;; list += strcspn(list, ",") + 1) {
        size_t length = strcspn(list, ",");
        if (length == n && !strncasecmp(name, list, n)) return true;
        if (!list[length]) return false;
    }
}

bool split_called(const char *name, const char *const *extra, int extras)
{
    if (split_kind(name) != SPLIT_NONE) return true;
    for (int i = 0; i < extras; i++)
        if (extra[i] && in_list(name, extra[i])) return true;
    return false;
}

// The only one that `kind` (or, where that is SPLIT_NONE, the name in any letter case) fits.
static int64_t only_one(const char *wanted, SplitKind kind, const char *const *name, int64_t n)
{
    int64_t found = -1;
    for (int64_t i = 0; i < n; i++) {
        bool fits = kind ? split_kind(name[i]) == kind : !strcasecmp(wanted, name[i]);
        if (fits && found >= 0) return SPLIT_SEVERAL;
        if (fits) found = i;
    }
    return found;
}

int64_t split_find(const char *wanted, const char *const *name, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!strcmp(wanted, name[i])) return i;
    int64_t found = only_one(wanted, SPLIT_NONE, name, n);
    SplitKind kind = split_kind(wanted);
    return found == -1 && kind ? only_one(wanted, kind, name, n) : found;
}

int64_t split_find_kind(SplitKind kind, const char *const *name, int64_t n)
{
    return only_one("", kind, name, n);
}

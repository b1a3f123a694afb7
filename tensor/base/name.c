// name.c - names that mean the same, in order, and near each other.
#include "tensor/base/name.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/base/unicode.h"

static char lower_ascii(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_bytes(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '_' ? ' ' : *a) != (*b == '_' ? ' ' : *b)) return false;
    return *a == *b;
}

static bool beyond_ascii(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name > 127) return true;
    return false;
}

// Appends the composed characters of UTF-8. False: it is none, and nothing has been appended.
static bool composed(CodePoints *out, const char *name)
{
    CodePoints text = { 0 };
    uint8_t byte[4];
    const char *at = name;
    bool valid = true;
    utf8_decode(&text, name, strlen(name));
    for (size_t i = 0, n; i < text.n && valid; i++, at += n) {
        n = (size_t)utf8_put(byte, text.at[i]);
        valid = !strncmp(at, (const char *)byte, n);
    }
    if (valid) unicode_nfc(out, &text);
    code_points_free(&text);
    return valid;
}

// Equal when composed: files of macOS have `e` and an accent where others have one character.
static bool same_composed(const char *a, const char *b)
{
    CodePoints x = { 0 }, y = { 0 };
    bool same = composed(&x, a) && composed(&y, b) && !x.failed && !y.failed && x.n == y.n;
    for (size_t i = 0; same && i < x.n; i++)
        same = (x.at[i] == '_' ? ' ' : x.at[i]) == (y.at[i] == '_' ? ' ' : y.at[i]);
    code_points_free(&x);
    code_points_free(&y);
    return same;
}

bool name_same(const char *a, const char *b)
{
    return same_bytes(a, b) || (beyond_ascii(a) && beyond_ascii(b) && same_composed(a, b));
}

// Appends one character of a key: no blank behind a blank or at the start.
static char *add_to_key(char *end, const char *start, uint32_t c, bool dashes)
{
    bool blank = c == '_' || (c == '-' && dashes) || unicode_class(c) == UNICODE_SPACE;
    if (!blank) return end + utf8_put((uint8_t *)end, c);
    if (end > start && end[-1] != ' ') *end++ = ' ';
    return end;
}

char *name_key(Arena *arena, const char *name, bool dashes)
{
    CodePoints text = { 0 }, lower = { 0 };
    bool utf8 = composed(&text, name);
    for (const char *p = name; !utf8 && *p; p++) code_points_add(&text, (unsigned char)*p);
    if (utf8) unicode_lower(&lower, &text);
    else for (size_t i = 0; i < text.n; i++)
        code_points_add(&lower, text.at[i] < 128 ? (uint8_t)lower_ascii((char)text.at[i])
                                                 : 0xe000 + text.at[i]);   // apart from UTF-8
    char *key = text.failed || lower.failed ? NULL : arena_take(arena, 4 * lower.n + 1), *end = key;
    for (size_t i = 0; key && i < lower.n; i++) end = add_to_key(end, key, lower.at[i], dashes);
    if (key && end > key && end[-1] == ' ') end--;
    if (key) *end = 0;
    code_points_free(&text);
    code_points_free(&lower);
    return key;
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

// ---- many look-ups ------------------------------------------------------------------------------

static int by_name_key(const void *a, const void *b)
{
    const NameKey *x = a, *y = b;
    int d = strcmp(x->key, y->key);
    return d ? d : (x->index > y->index) - (x->index < y->index);
}

bool name_index(NameIndex *x, Arena *arena, const char *const *name, int64_t n)
{
    *x = (NameIndex){ .name = name, .n = n, .arena = arena };
    x->exact = arena_take(arena, (size_t)(n + 1) * sizeof *x->exact);
    x->alike = arena_take(arena, (size_t)(n + 1) * sizeof *x->alike);
    if (!x->exact || !x->alike) return false;
    for (int64_t i = 0; i < n; i++) {
        if (!name[i]) continue;
        const char *key = name_key(arena, name[i], false);
        if (!key) return false;
        x->exact[x->kept] = (NameKey){ name[i], i };
        x->alike[x->kept++] = (NameKey){ key, i };
    }
    qsort(x->exact, (size_t)x->kept, sizeof *x->exact, by_name_key);
    qsort(x->alike, (size_t)x->kept, sizeof *x->alike, by_name_key);
    return true;
}

// The first place that holds this key, or where it would stand.
static int64_t key_place(const NameKey *sorted, int64_t n, const char *key)
{
    int64_t low = 0;
    for (int64_t high = n; low < high;) {
        int64_t middle = (low + high) / 2;
        if (strcmp(sorted[middle].key, key) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

int64_t name_index_find(const NameIndex *x, const char *wanted)
{
    int64_t i = key_place(x->exact, x->kept, wanted), found = -1;
    if (i < x->kept && !strcmp(x->exact[i].key, wanted)) return x->exact[i].index;
    ArenaMark mark = arena_mark(x->arena);
    const char *key = name_key(x->arena, wanted, false);
    if (!key) return name_find(wanted, x->name, x->n);         // without memory: slowly
    for (i = key_place(x->alike, x->kept, key); i < x->kept && found < 0; i++) {
        if (strcmp(x->alike[i].key, key)) break;
        if (name_same(wanted, x->name[x->alike[i].index])) found = x->alike[i].index;
    }
    arena_release(x->arena, mark);
    return found;
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

bool name_missing(const char *list)
{
    for (const char *s = list; s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL) {
        while (*s == ' ') s++;
        if (!*s || *s == ',') return true;
    }
    return false;
}

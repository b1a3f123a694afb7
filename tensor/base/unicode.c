// unicode.c - binary search in sorted tables, and the two algorithms of Unicode that CLIP needs:
// lower case with final sigma, and canonical composition (UAX 15). Hangul is computed.
#include "tensor/base/unicode.h"

#include <stdlib.h>
#include <string.h>

typedef struct { uint32_t first, last; } Range;
typedef struct { uint32_t first, last; int step, delta; } LowerRun;   // lower case: c + delta
typedef struct { uint32_t first, last; int combining; } MarkRange;    // canonical combining class
typedef struct { uint32_t key, a, b; } Pair;                          // key is a then b; b may be 0

#include "tensor/base/unicode_tables.inc"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

// Hangul syllables are leading consonant, vowel and perhaps trailing consonant (Unicode 3.12).
enum {
    HANGUL = 0xac00, LEAD = 0x1100, VOWEL = 0x1161, TRAIL = 0x11a7,
    LEADS = 19, VOWELS = 21, TRAILS = 28, SYLLABLES = LEADS * VOWELS * TRAILS,
};

// ---- arrays of code points -------------------------------------------------------------------

void code_points_add(CodePoints *text, uint32_t c)
{
    if (text->n == text->room) {
        size_t room = text->room ? 2 * text->room : 64;
        uint32_t *at = room > SIZE_MAX / 8 ? NULL : realloc(text->at, room * sizeof *at);
        if (!at) {
            text->failed = true;
            return;
        }
        text->at = at;
        text->room = room;
    }
    text->at[text->n++] = c;
}

void code_points_clear(CodePoints *text)
{
    text->n = 0;
    text->failed = false;
}

void code_points_free(CodePoints *text)
{
    free(text->at);
    *text = (CodePoints){ 0 };
}

// ---- UTF-8 -----------------------------------------------------------------------------------

// The character at p; *used: its bytes, or those of its valid prefix, out of n > 0.
static uint32_t utf8_get(const uint8_t *p, size_t n, size_t *used)
{
    uint8_t lead = p[0], low = 0x80, high = 0xbf;      // bounds of the second byte
    *used = 1;
    if (lead < 0x80) return lead;
    if (lead < 0xc2 || lead > 0xf4) return 0xfffd;
    size_t more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (lead == 0xe0) low = 0xa0;                      // overlong
    if (lead == 0xed) high = 0x9f;                     // surrogates
    if (lead == 0xf0) low = 0x90;                      // overlong
    if (lead == 0xf4) high = 0x8f;                     // above U+10FFFF
    uint32_t c = lead & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if (i >= n || p[i] < low || p[i] > high) return 0xfffd;
        c = c << 6 | (p[i] & 0x3f);
        *used = i + 1;
        low = 0x80;
        high = 0xbf;
    }
    return c;
}

void utf8_decode(CodePoints *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0, used; i < n; i += used) code_points_add(out, utf8_get(p + i, n - i, &used));
}

int utf8_put(uint8_t out[4], uint32_t c)
{
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (int i = n - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (uint8_t)(lead[n] | c);
    return n;
}

// ---- classes ---------------------------------------------------------------------------------

static bool in_ranges(const Range *table, int n, uint32_t c)
{
    int low = 0;
    for (int high = n; low < high;) {
        int middle = (low + high) / 2;
        if (table[middle].last < c) low = middle + 1;
        else high = middle;
    }
    return low < n && table[low].first <= c;
}

UnicodeClass unicode_class(uint32_t c)
{
    if (c < 0x80) {
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return UNICODE_LETTER;
        if (c >= '0' && c <= '9') return UNICODE_NUMBER;
        return c == ' ' || (c >= '\t' && c <= '\r') ? UNICODE_SPACE : UNICODE_OTHER;
    }
    if (in_ranges(letters, COUNT(letters), c)) return UNICODE_LETTER;
    if (in_ranges(numbers, COUNT(numbers), c)) return UNICODE_NUMBER;
    return in_ranges(spaces, COUNT(spaces), c) ? UNICODE_SPACE : UNICODE_OTHER;
}

// ---- lower case ------------------------------------------------------------------------------

static uint32_t lower_one(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    int low = 0;
    for (int high = COUNT(lower_runs); low < high;) {
        int middle = (low + high) / 2;
        if (lower_runs[middle].last < c) low = middle + 1;
        else high = middle;
    }
    if (low == COUNT(lower_runs) || lower_runs[low].first > c) return c;
    const LowerRun *run = &lower_runs[low];
    if ((c - run->first) % (uint32_t)run->step) return c;
    return (uint32_t)((int64_t)c + run->delta);
}

// Has the first letter from i on, in steps of +1 or -1, case? Case-ignorable ones are skipped.
static bool cased_beside(const CodePoints *text, size_t i, int step)
{
    for (i += (size_t)step; i < text->n; i += (size_t)step)    // -1 wraps past 0 and ends the loop
        if (!in_ranges(case_ignorable, COUNT(case_ignorable), text->at[i]))
            return in_ranges(cased, COUNT(cased), text->at[i]);
    return false;
}

void unicode_lower(CodePoints *out, const CodePoints *text)
{
    if (text->failed) out->failed = true;
    for (size_t i = 0; i < text->n; i++) {
        uint32_t c = text->at[i];
        if (c == 0x3a3) {                              // sigma has a final form at a word's end
            bool final = cased_beside(text, i, -1) && !cased_beside(text, i, 1);
            code_points_add(out, final ? 0x3c2 : 0x3c3);
        } else if (c == 0x130) {                       // I with a dot: i and a combining dot
            code_points_add(out, 'i');
            code_points_add(out, 0x307);
        } else {
            code_points_add(out, lower_one(c));
        }
    }
}

// ---- composition -----------------------------------------------------------------------------

static int combining_class(uint32_t c)
{
    if (c < 0x300) return 0;
    int low = 0;
    for (int high = COUNT(mark_ranges); low < high;) {
        int middle = (low + high) / 2;
        if (mark_ranges[middle].last < c) low = middle + 1;
        else high = middle;
    }
    if (low == COUNT(mark_ranges) || mark_ranges[low].first > c) return 0;
    return mark_ranges[low].combining;
}

static int pair_order(const void *a, const void *b)
{
    const Pair *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return 0;
}

static void decompose(CodePoints *out, uint32_t c)
{
    uint32_t s = c - HANGUL;
    if (c < 0xc0) {
        code_points_add(out, c);
    } else if (c >= HANGUL && s < SYLLABLES) {
        code_points_add(out, LEAD + s / (VOWELS * TRAILS));
        code_points_add(out, VOWEL + s % (VOWELS * TRAILS) / TRAILS);
        if (s % TRAILS) code_points_add(out, TRAIL + s % TRAILS);
    } else {
        Pair key = { .key = c };
        const Pair *p = bsearch(&key, decompositions, (size_t)COUNT(decompositions), sizeof key,
                                pair_order);
        if (!p) {
            code_points_add(out, c);
            return;
        }
        decompose(out, p->a);                          // at most four deep; only `a` decomposes
        if (p->b) code_points_add(out, p->b);
    }
}

// Appends the marks of one character, stably sorted by class. One pass per class: there are about
// fifty, however long the run.
static void sort_marks(CodePoints *out, const uint32_t *run, size_t n)
{
    for (int k = 0, next; k < 256; k = next) {
        next = 256;
        for (size_t i = 0; i < n; i++) {
            int class = combining_class(run[i]);
            if (class == k) code_points_add(out, run[i]);
            else if (class > k && class < next) next = class;
        }
    }
}

static int composition_order(const void *a, const void *b)
{
    const Pair *x = a, *y = b;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    if (x->b != y->b) return x->b < y->b ? -1 : 1;
    return 0;
}

// The composition of a followed by b, or 0.
static uint32_t compose_pair(uint32_t a, uint32_t b)
{
    if (b < 0x300) return 0;
    if (a - LEAD < LEADS && b - VOWEL < VOWELS)
        return HANGUL + ((a - LEAD) * VOWELS + (b - VOWEL)) * TRAILS;
    if (a - HANGUL < SYLLABLES && (a - HANGUL) % TRAILS == 0 && b - TRAIL - 1 < TRAILS - 1)
        return a + (b - TRAIL);
    Pair key = { .a = a, .b = b };
    const Pair *p = bsearch(&key, compositions, (size_t)COUNT(compositions), sizeof key,
                            composition_order);
    return p ? p->key : 0;
}

// Composes in place: a character with the last starter, unless one between them blocks it (UAX 15).
static void compose(CodePoints *text)
{
    size_t kept = 0, starter = SIZE_MAX;
    int last = 0;                                      // class of the last one kept
    for (size_t i = 0; i < text->n; i++) {
        uint32_t c = text->at[i], joined = 0;
        int k = combining_class(c);
        if (starter != SIZE_MAX && (kept == starter + 1 || (last && last < k)))
            joined = compose_pair(text->at[starter], c);
        if (joined) {
            text->at[starter] = joined;
            continue;
        }
        if (k == 0) starter = kept;
        last = k;
        text->at[kept++] = c;
    }
    text->n = kept;
}

static bool is_composed(const CodePoints *text)        // surely NFC: all below U+0300
{
    for (size_t i = 0; i < text->n; i++)
        if (text->at[i] >= 0x300) return false;
    return true;
}

void unicode_nfc(CodePoints *out, const CodePoints *text)
{
    CodePoints parts = { 0 }, sorted = { 0 };
    bool plain = is_composed(text);
    for (size_t i = 0; !plain && i < text->n; i++) decompose(&parts, text->at[i]);
    for (size_t i = 0, end; i < parts.n; i = end) {
        for (end = i; end < parts.n && combining_class(parts.at[end]); end++) { }
        if (end > i) sort_marks(&sorted, parts.at + i, end - i);
        else code_points_add(&sorted, parts.at[end++]);
    }
    compose(&sorted);
    const CodePoints *result = plain ? text : &sorted;
    for (size_t i = 0; i < result->n; i++) code_points_add(out, result->at[i]);
    if (text->failed || parts.failed || sorted.failed) out->failed = true;
    code_points_free(&parts);
    code_points_free(&sorted);
}

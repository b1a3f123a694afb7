// clean.c - each rule reads one array and appends to another. ftfy's rules are applied to each line
// until they change nothing, as one rule's output may be another's input.
#include "clip/bpe/clean.h"

#include <string.h>

#include "clip/bpe/entities.h"
#include "clip/bpe/width_table.inc"

enum {
    ROUNDS = 100,                // ftfy has no limit; real text needs at most three
    SEGMENT = 1000000,           // ftfy's longest piece of a line
    WIDE_FIRST = 0xff01, WIDE_LAST = 0xffef,
};

// ---- ftfy ------------------------------------------------------------------------------------

// Ligatures and digraphs that are one character.
static const char *ligature(uint32_t c)
{
    static const struct { uint32_t c; const char *text; } table[] = {
        { 0x132, "IJ" }, { 0x133, "ij" }, { 0x149, "'n" },
        { 0x1c7, "LJ" }, { 0x1c8, "Lj" }, { 0x1c9, "lj" },
        { 0x1ca, "NJ" }, { 0x1cb, "Nj" }, { 0x1cc, "nj" },
        { 0x1f1, "DZ" }, { 0x1f2, "Dz" }, { 0x1f3, "dz" },
        { 0x1c4, "D\u017d" }, { 0x1c5, "D\u017e" }, { 0x1c6, "d\u017e" },
        { 0xfb00, "ff" }, { 0xfb01, "fi" }, { 0xfb02, "fl" }, { 0xfb03, "ffi" },
        { 0xfb04, "ffl" }, { 0xfb05, "\u017ft" }, { 0xfb06, "st" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].c == c) return table[i].text;
    return NULL;
}

static uint32_t straight(uint32_t c)           // width, quotes, line breaks
{
    if (c < 0x2bc) return c;
    if (c >= WIDE_FIRST && c <= WIDE_LAST && standard_width[c - WIDE_FIRST])
        return standard_width[c - WIDE_FIRST];
    if (c == 0x3000) return ' ';
    if (c == 0x2bc || (c >= 0x2018 && c <= 0x201b)) return '\'';
    if (c >= 0x201c && c <= 0x201f) return '"';
    return c == 0x2028 || c == 0x2029 ? '\n' : c;
}

static void fix_characters(CodePoints *out, const CodePoints *text)
{
    for (size_t i = 0; i < text->n; i++) {
        uint32_t c = html_windows_1252(text->at[i]);
        const char *parts = c >= 0x132 ? ligature(c) : NULL;
        if (c == '\r') {
            if (i + 1 == text->n || text->at[i + 1] != '\n') code_points_add(out, '\n');
        } else if (parts) {
            utf8_decode(out, parts, strlen(parts));
        } else if (c == 0xffe3) {              // fullwidth macron: a blank and a combining mark
            code_points_add(out, ' ');
            code_points_add(out, 0x304);
        } else {
            code_points_add(out, straight(c));
        }
    }
}

// Characters of the ANSI escape sequence at i (ESC [ 3 1 m); 0: none.
static size_t terminal_escape(const CodePoints *text, size_t i)
{
    size_t end = i + 2;
    if (end >= text->n || text->at[i + 1] != '[') return 0;
    while (end < text->n && text->at[end] >= '0' && text->at[end] <= ';' && text->at[end] != ':')
        end++;
    if (end == text->n || text->at[end] > 0x7f) return 0;
    return unicode_class(text->at[end]) == UNICODE_LETTER ? end + 1 - i : 0;
}

static bool is_control(uint32_t c)             // neither white space nor visible
{
    return c < 9 || c == 0xb || (c >= 0xe && c < 0x20) || c == 0x7f
        || (c >= 0x206a && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc);
}

static void remove_controls(CodePoints *out, const CodePoints *text)
{
    for (size_t i = 0, used; i < text->n; i += used) {
        used = text->at[i] == 0x1b ? terminal_escape(text, i) : 0;
        if (used) continue;
        if (!is_control(text->at[i])) code_points_add(out, text->at[i]);
        used = 1;
    }
}

static bool same(const CodePoints *a, const CodePoints *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->at, b->at, a->n * sizeof *a->at) == 0);
}

static void swap(CodePoints *a, CodePoints *b)
{
    CodePoints t = *a;
    *a = *b;
    *b = t;
}

// Applies a rule to *text, in place; *spare is scratch.
typedef void Rule(CodePoints *out, const CodePoints *text);

static void apply(CodePoints *text, CodePoints *spare, Rule *rule)
{
    bool failed = text->failed;
    code_points_clear(spare);
    rule(spare, text);
    if (failed) spare->failed = true;
    swap(text, spare);
}

static void fix_segment(CodePoints *segment, CodePoints *spare, CodePoints *before, bool html)
{
    for (int round = 0; round < ROUNDS; round++) {
        code_points_clear(before);
        for (size_t i = 0; i < segment->n; i++) code_points_add(before, segment->at[i]);
        if (html) apply(segment, spare, html_unescape_whole);
        apply(segment, spare, fix_characters);
        apply(segment, spare, remove_controls);
        apply(segment, spare, unicode_nfc);
        if (segment->failed || before->failed) break;
        if (same(segment, before)) return;
    }
    if (before->failed) segment->failed = true;
}

// From the first line that holds a '<' on, the text counts as HTML, in which "&lt;" must stay.
static void fix_text(CodePoints *out, const CodePoints *text)
{
    CodePoints segment = { 0 }, spare = { 0 }, before = { 0 };
    bool html = true;
    for (size_t i = 0; i < text->n && !out->failed;) {
        code_points_clear(&segment);
        for (uint32_t c = 0; i < text->n && segment.n < SEGMENT && c != '\n' && !segment.failed;) {
            c = text->at[i++];
            if (c == '<') html = false;
            code_points_add(&segment, c);
        }
        fix_segment(&segment, &spare, &before, html);
        for (size_t k = 0; k < segment.n; k++) code_points_add(out, segment.at[k]);
        if (segment.failed) out->failed = true;
    }
    code_points_free(&segment);
    code_points_free(&spare);
    code_points_free(&before);
}

// ---- the whole -------------------------------------------------------------------------------

static void squeeze_spaces(CodePoints *out, const CodePoints *text)
{
    size_t first = out->n;
    bool gap = false;
    for (size_t i = 0; i < text->n; i++) {
        bool space = unicode_class(text->at[i]) == UNICODE_SPACE;
        if (!space && gap && out->n > first) code_points_add(out, ' ');
        if (!space) code_points_add(out, text->at[i]);
        gap = space;
    }
}

static bool is_plain(const CodePoints *text)   // nothing for ftfy or html.unescape to do
{
    for (size_t i = 0; i < text->n; i++) {
        uint32_t c = text->at[i];
        if (c > 0x7e || c == '&' || c == '\r' || is_control(c)) return false;
    }
    return true;
}

Status clean_text(CodePoints *out, const char *text, size_t bytes)
{
    CodePoints work = { 0 }, spare = { 0 };
    utf8_decode(&work, text, bytes);
    if (!is_plain(&work)) {
        apply(&work, &spare, fix_text);
        apply(&work, &spare, html_unescape);
        apply(&work, &spare, html_unescape);
    }
    apply(&work, &spare, squeeze_spaces);
    unicode_lower(out, &work);
    bool failed = out->failed || work.failed;
    code_points_free(&work);
    code_points_free(&spare);
    return failed ? err_memory("clean") : OK;
}

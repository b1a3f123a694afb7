// entities.c - references are found at an ampersand, their names by binary search in a table.
#include "clip/bpe/entities.h"

#include <stdlib.h>
#include <string.h>

typedef struct { const char *name; uint32_t at[2]; } Entity;  // "eacute;", an old one also "eacute"
typedef struct { uint32_t c, at[3]; } Upper;                  // str.upper() of one character

#include "clip/bpe/entities_tables.inc"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { NAME = 33 };              // longest name that is looked at, its semicolon included

uint32_t html_windows_1252(uint32_t c)
{
    static const uint16_t map[32] = {
        0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021,
        0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
        0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
        0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
    };
    return c >= 0x80 && c < 0xa0 ? map[c - 0x80] : c;
}

static uint32_t at(const CodePoints *text, size_t i)           // 0 behind the end
{
    return i < text->n ? text->at[i] : 0;
}

static int digit_value(uint32_t c)                             // -1: none
{
    if (c >= '0' && c <= '9') return (int)c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (int)c - 'a' + 10 : -1;
}

// The number of "65" or "x41" at *i, which moves behind it; false: none.
static bool read_number(const CodePoints *text, size_t *i, uint32_t *number)
{
    int base = (at(text, *i) | 0x20) == 'x' ? 16 : 10;
    size_t first = *i + (base == 16), end = first;
    uint32_t value = 0;
    for (int d; (d = digit_value(at(text, end))) >= 0 && d < base; end++)
        if (value < 0x110000) value = value * (uint32_t)base + (uint32_t)d;
    if (end == first) return false;
    *i = end;
    *number = value;
    return true;
}

static void add_number(CodePoints *out, uint32_t c)
{
    bool none = (c > 0 && c < 9) || c == 0xb || (c >= 0xe && c < 0x20) || c == 0x7f
        || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
    if (c == 0 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) code_points_add(out, 0xfffd);
    else if (!none) code_points_add(out, html_windows_1252(c));
}

static int entity_order(const void *name, const void *entity)
{
    return strcmp(name, ((const Entity *)entity)->name);
}

static const Entity *entity_find(const char *name)
{
    return bsearch(name, entities, COUNT(entities), sizeof entities[0], entity_order);
}

// The entity whose name is the longest prefix of `name`, of *n > 1 characters; cuts `name` to it.
static const Entity *entity_longest(char *name, size_t *n)
{
    for (; *n > 1; name[--*n] = 0) {
        const Entity *e = entity_find(name);
        if (e) return e;
    }
    return NULL;
}

static void add_entity(CodePoints *out, const Entity *e)
{
    for (int i = 0; i < 2 && e->at[i]; i++) code_points_add(out, e->at[i]);
}

// What may be a name: up to 32 ASCII characters and a semicolon.
static size_t copy_name(char name[NAME + 1], const CodePoints *text, size_t i)
{
    size_t n = 0;
    for (; n < NAME - 1 && i + n < text->n; n++) {
        uint32_t c = text->at[i + n];
        if (c < 0x21 || c > 0x7e || strchr("<&#;", (int)c)) break;
        name[n] = (char)c;
    }
    if (at(text, i + n) == ';') name[n++] = ';';
    name[n] = 0;
    return n;
}

// Both read the reference whose ampersand is at i and return its length in characters; 0: none.

static size_t unescape_at(CodePoints *out, const CodePoints *text, size_t i)
{
    size_t end = i + 2;
    uint32_t number;
    if (at(text, i + 1) == '#') {
        if (!read_number(text, &end, &number)) return 0;
        add_number(out, number);
        return end - i + (at(text, end) == ';');
    }
    char name[NAME + 1];
    size_t n = copy_name(name, text, i + 1);
    const Entity *e = entity_longest(name, &n);
    if (!e) return 0;
    add_entity(out, e);
    return n + 1;
}

static void add_upper(CodePoints *out, uint32_t c)
{
    for (size_t i = 0; i < COUNT(uppers); i++) {
        if (uppers[i].c != c) continue;
        for (int k = 0; k < 3 && uppers[i].at[k]; k++) code_points_add(out, uppers[i].at[k]);
        return;
    }
    code_points_add(out, c);
}

// A name in capitals, unless a prefix of it is a name too ("&GTRARR;" begins with "&GT").
static bool add_capital(CodePoints *out, char *name, size_t n)
{
    char small[NAME + 1];
    for (size_t i = 0; i <= n; i++) {
        if (name[i] >= 'a' && name[i] <= 'z') return false;
        small[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    }
    const Entity *e = entity_find(small);
    if (!e || entity_longest(name, &n)) return false;
    for (int i = 0; i < 2 && e->at[i]; i++) add_upper(out, e->at[i]);
    return true;
}

static bool is_alphanumeric(uint32_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static size_t unescape_whole_at(CodePoints *out, const CodePoints *text, size_t i)
{
    enum { LONGEST = 24 };                                     // ftfy's limit, # not counted
    size_t first = i + 1 + (at(text, i + 1) == '#'), n = 0;
    char name[LONGEST + 2];
    for (; n < LONGEST && is_alphanumeric(at(text, first + n)); n++)
        name[n] = (char)text->at[first + n];
    if (n == 0 || at(text, first + n) != ';') return 0;
    memcpy(name + n, ";", 2);
    if (first == i + 1) {
        const Entity *e = entity_find(name);
        if (e) add_entity(out, e);
        else if (!add_capital(out, name, n + 1)) return 0;
    } else {
        size_t end = first;
        uint32_t number;
        if (!read_number(text, &end, &number) || end != first + n || number == ';') return 0;
        add_number(out, number);
    }
    return first + n + 1 - i;
}

typedef size_t UnescapeAt(CodePoints *out, const CodePoints *text, size_t i);

static void unescape(CodePoints *out, const CodePoints *text, UnescapeAt *reference)
{
    if (text->failed) out->failed = true;
    for (size_t i = 0, used; i < text->n; i += used) {
        used = text->at[i] == '&' ? reference(out, text, i) : 0;
        if (used) continue;
        code_points_add(out, text->at[i]);
        used = 1;
    }
}

void html_unescape(CodePoints *out, const CodePoints *text)
{
    unescape(out, text, unescape_at);
}

void html_unescape_whole(CodePoints *out, const CodePoints *text)
{
    unescape(out, text, unescape_whole_at);
}

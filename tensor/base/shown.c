// shown.c - escapes what a terminal would obey.
#include "tensor/base/shown.h"

#include <string.h>

bool shown_hides(unsigned c)
{
    return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

int utf8_size(const unsigned char *p, const unsigned char *end)
{
    if (p >= end) return 0;
    if (p[0] < 0x80) return 1;
    int n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (n == 0 || end - p < n) return 0;
    for (int i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    bool longer = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    return longer || beyond ? 0 : n;
}

unsigned utf8_value(const unsigned char *p, int size)
{
    unsigned c = size == 1 ? p[0] : p[0] & (0x7fu >> size);
    for (int i = 1; i < size; i++) c = c << 6 | (p[i] & 0x3fu);
    return c;
}

// Bytes of what is at p; *hidden: it must be escaped.
static int hidden_at(const unsigned char *p, const unsigned char *end, bool *hidden)
{
    int n = utf8_size(p, end);
    *hidden = n == 0 || shown_hides(utf8_value(p, n));
    return n ? n : 1;
}

static int escape_one(char out[8], const unsigned char *p, const unsigned char *end)
{
    int n = utf8_size(p, end);
    const char *at = strchr("\nn\tt\rr", *p);
    if (n == 1 && at && *p < ' ' && *p) return snprintf(out, 8, "\\%c", at[1]);
    return n > 1 ? snprintf(out, 8, "\\u%04x", utf8_value(p, n)) : snprintf(out, 8, "\\x%02x", *p);
}

size_t shown_into(char *out, size_t size, const char *text)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
    size_t used = 0;
    while (p < end) {
        char escaped[8];
        bool hidden;
        int n = hidden_at(p, end, &hidden);
        size_t length = (size_t)(hidden ? escape_one(escaped, p, end) : n);
        if (used + length >= size) break;
        memcpy(out + used, hidden ? escaped : (const char *)p, length);
        used += length;
        p += n;
    }
    if (size) out[used] = 0;
    return used;
}

static bool needs_no_escape(const char *text)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
    bool hidden = false;
    while (p < end && !hidden) p += hidden_at(p, end, &hidden);
    return !hidden;
}

// Four paths, every byte of which may be escaped: none of this asks for memory.
enum { SHOWN_MOST = 1 << 14 };

const char *shown(const char *text)
{
    static char kept[4][SHOWN_MOST];
    static int last;
    if (needs_no_escape(text)) return text;
    char *slot = kept[++last % 4];
    shown_into(slot, SHOWN_MOST, text);
    return slot;
}

void shown_print(FILE *to, const char *format, va_list args)
{
    static char text[SHOWN_MOST];
    vsnprintf(text, sizeof text, format, args);
    fputs(shown(text), to);
}

void shown_lines(FILE *to, const char *text, size_t bytes)
{
    if (bytes == 0) return;
    const unsigned char *p = (const unsigned char *)text, *end = p + bytes;
    while (p < end) {
        char escaped[8];
        bool hidden;
        int n = hidden_at(p, end, &hidden);
        if (hidden && *p != '\n') fwrite(escaped, 1, (size_t)escape_one(escaped, p, end), to);
        else fwrite(p, 1, (size_t)n, to);
        p += n;
    }
}

// ---- tables -------------------------------------------------------------------------------------

static int columns_of(unsigned c)
{
    static const unsigned wide[][2] = { { 0x1100, 0x115f }, { 0x2e80, 0xa4cf }, { 0xac00, 0xd7a3 },
        { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0x1f300, 0x1faff } };
    if (c >= 0x300 && c <= 0x36f) return 0;    // NFD, as in folders from macOS
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (c >= wide[i][0] && c <= wide[i][1]) return 2;
    return 1;
}

// Columns of the characters that fit into `most`; *bytes: theirs. `text` is shown text.
static int fitting(size_t *bytes, const char *text, int most)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
    int columns = 0;
    while (p < end) {
        int n = utf8_size(p, end), one = n ? columns_of(utf8_value(p, n)) : 1;
        if (columns + one > most) break;
        columns += one;
        p += n ? n : 1;
    }
    *bytes = (size_t)(p - (const unsigned char *)text);
    return columns;
}

int shown_columns(const char *text)
{
    size_t bytes;
    return fitting(&bytes, shown(text), SHOWN_MOST);
}

void shown_cell(FILE *to, const char *text, int least, int most)
{
    const char *safe = shown(text);
    size_t bytes;
    int columns = fitting(&bytes, safe, most);
    fprintf(to, "%.*s%*s", (int)bytes, safe, columns < least ? least - columns : 0, "");
}

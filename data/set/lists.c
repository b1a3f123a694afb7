// lists.c - list files and files of names.
//
// The file is copied once and cut into strings where it lies.
#include "data/set/lists.h"

#include <stdlib.h>
#include <string.h>

#include "data/image/formats.h"
#include "tensor/base/file.h"
#include "tensor/base/inflate.h"

enum { UNPACKED_MOST = 1 << 30 };   // bytes of a .gz list

// ---- lines --------------------------------------------------------------------------------------

typedef struct { char *at, *end; int64_t line; } Cursor;

static bool blank_within(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

// The next line that holds more than blanks, without those at its ends; NULL at the end.
static char *next_line(Cursor *c)
{
    while (c->at < c->end) {
        char *start = c->at, *stop = memchr(start, '\n', (size_t)(c->end - start));
        if (!stop) stop = c->end;
        c->at = stop + 1;
        c->line++;
        while (start < stop && blank_within(*start)) start++;
        while (stop > start && blank_within(stop[-1])) stop--;
        *stop = 0;
        if (stop > start) return start;
    }
    return NULL;
}

// A carriage return inside a line: lines that end in nothing else would be read as one.
static Status check_line_ends(const char *what, const uint8_t *data, size_t bytes)
{
    int64_t line = 1;
    for (size_t i = 0; i + 1 < bytes; i++) {
        line += data[i] == '\n';
        if (data[i] == '\r' && data[i + 1] != '\n' && data[i + 1] != '\r')
            return err_set(ERR_FORMAT, "list: %s: line %lld: a carriage return (CR) inside: lines "
                           "must end in LF or CR LF", what, (long long)line);
    }
    return OK;
}

// A copy with one more byte, so that the last line can be terminated too.
static Status copy_lines(Cursor *c, int64_t *lines, Arena *arena, const char *what,
                        const uint8_t *data, size_t bytes)
{
    if (bytes >= 3 && !memcmp(data, "\xef\xbb\xbf", 3)) {
        data += 3;
        bytes -= 3;
    }
    if (bytes && memchr(data, 0, bytes))
        return err_set(ERR_FORMAT, "list: %s: holds a zero byte: is no text", what);
    TRY(check_line_ends(what, data, bytes));
    char *copy = arena_take(arena, bytes + 1);
    if (!copy) return err_memory("list");
    if (bytes) memcpy(copy, data, bytes);
    copy[bytes] = 0;
    *c = (Cursor){ copy, copy + bytes, 0 };
    *lines = 1;
    for (size_t i = 0; i < bytes; i++) *lines += copy[i] == '\n';
    return OK;
}

// ---- lists --------------------------------------------------------------------------------------

int32_t whole_number(const char *text)
{
    int64_t n = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9') return -1;
        n = n * 10 + (*p - '0');
        if (n > INT32_MAX) return -1;
    }
    return *text ? (int32_t)n : -1;
}

// Lines in the style of CSV, and paths in that of Windows, get messages about just that.
static Status check_style(char *text, int64_t line, const char *what)
{
    const bool quoted = *text == '"' || *text == '\'';
    char *comma = strrchr(text, ',');
    bool commas = false;
    if (comma && !strchr(text, '\t')) {
        *comma = 0;
        commas = picture_suffix(text) && !strchr(comma + 1, '/');
        *comma = ',';
    }
    if (quoted)
        return err_set(ERR_FORMAT, "list: %s: line %lld: quotes (%.1s) around the path: paths "
                       "stand bare: %.80s", what, (long long)line, text, text);
    if (commas)
        return err_set(ERR_FORMAT, "list: %s: line %lld: a comma before the label, where a blank "
                       "or a tab must stand: %.80s", what, (long long)line, text);
    if (strchr(text, '\\') && !strchr(text, '/'))
        return err_set(ERR_FORMAT, "list: %s: line %lld: a backslash (\\) in the path: folders "
                       "end in / here: %.80s", what, (long long)line, text);
    return OK;
}

static Status split_line(ListEntry *e, char *text, int64_t line, const char *what)
{
    char *cut = strrchr(text, '\t');
    const bool tabbed = cut != NULL;
    TRY(check_style(text, line, what));
    if (!cut) cut = strrchr(text, ' ');
    if (!cut) return err_set(ERR_FORMAT, "list: %s: line %lld: no label behind%s: %.80s", what,
                             (long long)line, strchr(text, ',') ? " (lines are `path label` or "
                             "`path<TAB>class`, not CSV)" : "", text);
    char *label = cut + 1;
    while (cut > text && blank_within(*cut)) *cut-- = 0;
    while (blank_within(*label)) label++;
    *e = (ListEntry){ text, label, whole_number(label), line, tabbed };
    return OK;
}

static bool like_a_number(const char *label)
{
    char *end;
    (void)strtod(label, &end);
    return strchr("+-.0123456789", *label) && *end == 0;     // no class called `nan`
}

// Labels behind blanks are numbers in every line or in none; one that only looks like a number (-1,
// 0.0) is a mistake. Labels behind tabs are all names if one of them is.
static Status judge_labels(List *list, const char *what)
{
    int64_t numbers = 0;
    for (int64_t i = 0; i < list->n; i++) numbers += list->entry[i].number >= 0;
    list->numeric = numbers == list->n;
    for (int64_t i = 0; i < list->n && !list->numeric; i++) {
        ListEntry *e = &list->entry[i];
        bool like = e->number < 0 && (numbers > 0 || like_a_number(e->label));
        if (like && !e->tabbed)
            return err_set(ERR_FORMAT, "list: %s: line %lld: label %.80s: not a whole number from 0"
                           " on%s", what, (long long)e->line, e->label,
                           numbers > 0 ? ", as in other lines" : "");
    }
    for (int64_t i = 0; i < list->n && !list->numeric; i++) list->entry[i].number = -1;
    return OK;
}

static bool has_header(const List *list)
{
    return list->n >= 2 && !picture_suffix(list->entry[0].path) &&
           !strchr(list->entry[0].path, '/') && picture_suffix(list->entry[1].path);
}

Status list_parse(List *list, Arena *arena, const char *what, const uint8_t *data, size_t bytes)
{
    Cursor c;
    int64_t lines;
    *list = (List){ 0 };
    TRY(copy_lines(&c, &lines, arena, what, data, bytes));
    list->entry = arena_take(arena, (size_t)lines * sizeof *list->entry);
    if (!list->entry) return err_memory("list");
    for (char *text; (text = next_line(&c)); list->n++)
        TRY(split_line(&list->entry[list->n], text, c.line, what));
    if (has_header(list)) {
        list->entry++;
        list->n--;
    }
    if (list->n == 0) return err_set(ERR_FORMAT, "list: %s: no pictures in it", what);
    return judge_labels(list, what);
}

Status lines_parse(Lines *lines, Arena *arena, const char *what, const uint8_t *data, size_t bytes)
{
    Cursor c;
    int64_t most;
    *lines = (Lines){ .what = what };
    TRY(copy_lines(&c, &most, arena, what, data, bytes));
    lines->name = arena_take(arena, (size_t)most * sizeof *lines->name);
    lines->line = arena_take(arena, (size_t)most * sizeof *lines->line);
    if (!lines->name || !lines->line) return err_memory("list");
    for (char *text; (text = next_line(&c)); lines->n++) {
        lines->name[lines->n] = text;
        lines->line[lines->n] = c.line;
    }
    return lines->n ? OK : err_set(ERR_FORMAT, "list: %s: no names in it", what);
}

// ---- files --------------------------------------------------------------------------------------

// The file's bytes, unpacked if they are packed. `unpacked` is the caller's to free.
static Status read_text(FileMap *map, uint8_t **unpacked, const char *path)
{
    size_t size;
    *unpacked = NULL;
    TRY(file_map(map, path));
    if (map->size < 2 || map->data[0] != 0x1f || map->data[1] != 0x8b) return OK;
    Status status = inflate_gzip(unpacked, &size, UNPACKED_MOST, map->data, map->size);
    file_unmap(map);
    if (status != OK) return err_prefix(status, "list: %s", path);
    *map = (FileMap){ .data = *unpacked, .size = size };
    return OK;
}

static void release_text(FileMap *map, uint8_t *unpacked)
{
    if (!unpacked) file_unmap(map);
    free(unpacked);
}

Status list_read(List *list, Arena *arena, const char *path)
{
    FileMap map;
    uint8_t *unpacked;
    *list = (List){ 0 };
    TRY(read_text(&map, &unpacked, path));
    Status status = list_parse(list, arena, path, map.data, map.size);
    release_text(&map, unpacked);
    return status;
}

Status lines_read(Lines *lines, Arena *arena, const char *path)
{
    FileMap map;
    uint8_t *unpacked;
    *lines = (Lines){ 0 };
    TRY(read_text(&map, &unpacked, path));
    Status status = lines_parse(lines, arena, path, map.data, map.size);
    release_text(&map, unpacked);
    return status;
}

// ---- names --------------------------------------------------------------------------------------

// Formats that are refused by name count too: skipping such files silently would be worse.
bool picture_suffix(const char *path)
{
    const ImageFormat *f;
    for (int i = 0; (f = image_format_at(i)); i++)
        if (image_suffix(f, path)) return true;
    return false;
}

// csv.c - cuts a table into records and fields, in place: a field is never longer than its source.
#include "data/set/csv.h"

#include <stdbool.h>
#include <string.h>

Status csv_open(Csv *c, Arena *arena, const uint8_t *data, size_t bytes, char sep)
{
    if (bytes >= 3 && !memcmp(data, "\xef\xbb\xbf", 3)) {
        data += 3;
        bytes -= 3;
    }
    if (bytes && memchr(data, 0, bytes))
        return err_set(ERR_FORMAT, "holds a zero byte: is no text");
    char *copy = arena_take(arena, bytes + 1);
    if (!copy) return err_memory("table");
    if (bytes) memcpy(copy, data, bytes);
    c->fields = 0;
    c->line = 0;
    c->at = copy;
    c->end = copy + bytes;
    c->lines = 1;
    c->sep = sep;
    return OK;
}

static bool line_end(const Csv *c)
{
    return c->at < c->end && (*c->at == '\n' || *c->at == '\r');
}

static void skip_line_end(Csv *c)
{
    bool both = c->at + 1 < c->end && c->at[0] == '\r' && c->at[1] == '\n';
    c->at += both ? 2 : 1;
    c->lines++;
}

// What stands between quotes, to *out; *c->at is the first of them.
static Status quoted_part(Csv *c, char **out)
{
    const int64_t line = c->lines;
    for (c->at++; c->at < c->end; c->at++) {
        if (*c->at == '"') {
            if (c->at + 1 == c->end || c->at[1] != '"') break;
            c->at++;
        }
        c->lines += *c->at == '\n';
        *(*out)++ = *c->at;
    }
    if (c->at == c->end)
        return err_set(ERR_FORMAT, "line %lld: a quote (\") that never closes", (long long)line);
    c->at++;
    return OK;
}

// *more: another follows. The field may end where its separator stood: the zero byte comes last.
static Status one_field(Csv *c, bool *more)
{
    if (c->fields == CSV_FIELDS)
        return err_set(ERR_FORMAT, "line %lld: more than %d fields", (long long)c->line,
                       CSV_FIELDS);
    char *out = c->at;
    c->field[c->fields++] = out;
    if (c->at < c->end && *c->at == '"') TRY(quoted_part(c, &out));
    while (c->at < c->end && *c->at != c->sep && !line_end(c)) *out++ = *c->at++;
    *more = c->at < c->end && *c->at == c->sep;
    if (*more) c->at++;
    else if (line_end(c)) skip_line_end(c);
    *out = 0;
    return OK;
}

Status csv_next(Csv *c)
{
    c->fields = 0;
    while (line_end(c)) skip_line_end(c);
    c->line = c->lines;
    for (bool more = c->at < c->end; more;) TRY(one_field(c, &more));
    return OK;
}

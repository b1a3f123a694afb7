// json_out.c - the writer: a growing text that knows which brackets are open.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/file.h"
#include "tensor/base/json.h"
#include "tensor/base/shown.h"

static void append(JsonOut *o, const char *text, size_t bytes)
{
    if (o->status != OK) return;
    if (o->room - o->size <= bytes) {                    // one byte stays free for the 0
        size_t room = 2 * (o->room + bytes) + 64;
        char *more = realloc(o->text, room);
        if (!more) {
            o->status = err_memory("json");
            return;
        }
        o->text = more;
        o->room = room;
    }
    memcpy(o->text + o->size, text, bytes);
    o->size += bytes;
    o->text[o->size] = 0;
}

static void append_string(JsonOut *o, const char *text)
{
    append(o, text, strlen(text));
}

static void misuse(JsonOut *o, const char *what)
{
    if (o->status == OK) o->status = err_set(ERR_USAGE, "json: writing: %s", what);
}

static void break_line(JsonOut *o)
{
    append_string(o, "\n");
    for (int i = 0; i < o->depth * o->indent; i++) append_string(o, " ");
}

// What stands between the last value and the next one or its key.
static void separate(JsonOut *o)
{
    bool *filled = &o->filled[o->depth];
    if (o->depth == 0) append_string(o, *filled ? "\n" : "");
    else if (o->indent) append_string(o, *filled ? "," : "");
    else append_string(o, *filled ? ", " : "");
    if (o->depth > 0 && o->indent) break_line(o);
    *filled = true;
}

static bool in_object(const JsonOut *o)
{
    return o->depth > 0 && o->open[o->depth - 1] == '}';
}

static void before_value(JsonOut *o)
{
    if (in_object(o) && !o->keyed) misuse(o, "a member without a key");
    if (!o->keyed) separate(o);
    o->keyed = false;
}

static void open_bracket(JsonOut *o, const char *opening, char closing)
{
    before_value(o);
    if (o->depth == (int)sizeof o->open) {
        misuse(o, "too many brackets");
        return;
    }
    append_string(o, opening);
    o->open[o->depth++] = closing;
    o->filled[o->depth] = false;
}

void json_out_object(JsonOut *o)
{
    open_bracket(o, "{", '}');
}

void json_out_array(JsonOut *o)
{
    open_bracket(o, "[", ']');
}

void json_out_end(JsonOut *o)
{
    if (o->depth == 0 || o->keyed) {
        misuse(o, "a bracket is closed that is not open, or lacks a value");
        return;
    }
    bool filled = o->filled[o->depth--];
    if (filled && o->indent) break_line(o);
    append(o, &o->open[o->depth], 1);
}

// ---- strings ------------------------------------------------------------------------------------

static void append_escaped(JsonOut *o, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    char text[8] = { '\\', 0 };
    const char *which = c ? strchr(from, c) : NULL;
    if (which) text[1] = to[which - from];
    else snprintf(text, sizeof text, "\\u%s%02x", c < 0x80 ? "00" : "dc", c);
    append_string(o, text);
}

// Besides what JSON asks for, what a terminal would obey: the value is the same.
static bool is_written_as_is(const unsigned char *p, int n)
{
    return n > 0 && *p != '"' && *p != '\\' && !shown_hides(utf8_value(p, n));
}

void json_out_text(JsonOut *o, const char *s, size_t bytes)
{
    before_value(o);
    append_string(o, "\"");
    const unsigned char *p = (const unsigned char *)s, *end = p + bytes, *from = p;
    while (p < end) {
        char text[8];
        int n = utf8_size(p, end);
        if (is_written_as_is(p, n)) {
            p += n;
            continue;
        }
        append(o, (const char *)from, (size_t)(p - from));
        if (n > 1) snprintf(text, sizeof text, "\\u%04x", utf8_value(p, n));
        if (n > 1) append_string(o, text);
        else append_escaped(o, *p);
        p += n > 1 ? n : 1;
        from = p;
    }
    append(o, (const char *)from, (size_t)(p - from));
    append_string(o, "\"");
}

void json_out_string(JsonOut *o, const char *s)
{
    if (s) json_out_text(o, s, strlen(s));
    else json_out_null(o);
}

void json_out_key(JsonOut *o, const char *key)
{
    if (!in_object(o) || o->keyed) {
        misuse(o, "a key outside an object, or after a key");
        return;
    }
    separate(o);
    o->keyed = true;
    json_out_string(o, key);
    append_string(o, ": ");
    o->keyed = true;                                     // writing it as a string has cleared this
}

// ---- the other values ---------------------------------------------------------------------------

static void append_value(JsonOut *o, const char *text)
{
    before_value(o);
    append_string(o, text);
}

void json_out_int(JsonOut *o, int64_t x)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)x);
    append_value(o, text);
}

void json_out_double(JsonOut *o, double x)
{
    char text[40] = "null";
    for (int n = 15; isfinite(x) && n <= 17; n++) {
        snprintf(text, sizeof text, "%.*g", n, x);
        if (strtod(text, NULL) == x) break;
    }
    append_value(o, text);
}

void json_out_float(JsonOut *o, float x)
{
    char text[40] = "null";
    for (int n = 6; isfinite(x) && n <= 9; n++) {
        snprintf(text, sizeof text, "%.*g", n, (double)x);
        if (strtof(text, NULL) == x) break;
    }
    append_value(o, text);
}

void json_out_bool(JsonOut *o, bool x)
{
    append_value(o, x ? "true" : "false");
}

void json_out_null(JsonOut *o)
{
    append_value(o, "null");
}

// ---- members ------------------------------------------------------------------------------------

void json_put_object(JsonOut *o, const char *key)
{
    json_out_key(o, key);
    json_out_object(o);
}

void json_put_array(JsonOut *o, const char *key)
{
    json_out_key(o, key);
    json_out_array(o);
}

void json_put_string(JsonOut *o, const char *key, const char *s)
{
    json_out_key(o, key);
    json_out_string(o, s);
}

void json_put_int(JsonOut *o, const char *key, int64_t x)
{
    json_out_key(o, key);
    json_out_int(o, x);
}

void json_put_double(JsonOut *o, const char *key, double x)
{
    json_out_key(o, key);
    json_out_double(o, x);
}

void json_put_float(JsonOut *o, const char *key, float x)
{
    json_out_key(o, key);
    json_out_float(o, x);
}

void json_put_bool(JsonOut *o, const char *key, bool x)
{
    json_out_key(o, key);
    json_out_bool(o, x);
}

// ---- the result ---------------------------------------------------------------------------------

Status json_out_status(const JsonOut *o)
{
    if (o->status != OK) return o->status;
    return o->depth ? err_set(ERR_USAGE, "json: writing: %d brackets are open", o->depth) : OK;
}

void json_out_line_end(JsonOut *o)
{
    if (o->size > 0) append_string(o, "\n");
}

void json_out_reset(JsonOut *o)
{
    *o = (JsonOut){ .indent = o->indent, .text = o->text, .room = o->room };
    if (o->text) o->text[0] = 0;
}

void json_out_free(JsonOut *o)
{
    free(o->text);
    *o = (JsonOut){ .indent = o->indent };
}

Status json_out_save(JsonOut *o, const char *folder, const char *name)
{
    char path[FILE_PATH];
    Status status = json_out_status(o);
    if (status == OK) status = path_join(path, folder, name);
    if (status == OK) status = file_save(path, o->text, o->size);
    json_out_free(o);
    return status;
}

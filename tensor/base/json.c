// json.c - the reader: one pass, by recursive descent of bounded depth.
//
// Values wait on a stack until their bracket closes; then they move together into the arena, so
// that the items of an array lie side by side. An object also gets its members sorted by key.
#include "tensor/base/json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/file.h"
#include "tensor/base/shown.h"

enum { MAX_DEPTH = 64, MAX_VALUES = 1 << 22 };

typedef struct {
    const unsigned char *start, *at, *end;
    const char *file;
    Arena *arena;
    char *text;              // where the next string goes; no string is longer than its source
    Json *stack;             // values whose bracket is still open
    int64_t top, room, values;
    const Json **pointers;   // for sorting; [room]
} Reader;

static Status parse_value(Reader *r, Json *v, int depth);

// ---- errors -------------------------------------------------------------------------------------

static Status syntax_error(const Reader *r, const char *what)
{
    long line = 1, column = 1;
    for (const unsigned char *p = r->start; p < r->at; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    return err_set(ERR_FORMAT, "json: %s: line %ld, column %ld: %s", r->file, line, column, what);
}

static size_t append_text(char *out, size_t size, size_t at, const char *text)
{
    int n = snprintf(out + at, size - at, "%s", text);
    return at + (size_t)n < size ? at + (size_t)n : size - 1;
}

// "config.json: vision_config.sizes[2]"; returns its length.
static size_t write_place(const Json *v, char *out, size_t size)
{
    if (!v->parent) return append_text(out, size, 0, v->key);
    size_t n = write_place(v->parent, out, size);
    char index[32];
    snprintf(index, sizeof index, "[%lld]", (long long)(v - v->parent->item));
    if (!v->parent->parent) n = append_text(out, size, n, ": ");
    else if (v->key) n = append_text(out, size, n, ".");
    return append_text(out, size, n, v->key ? v->key : index);
}

Status json_error(Status status, const Json *v, const char *format, ...)
{
    char place[600] = "";
    if (v) write_place(v, place, sizeof place);
    va_list args;
    va_start(args, format);
    err_set_list(status, format, args);
    va_end(args);
    return err_prefix(status, "json: %s", place);
}

// ---- strings ------------------------------------------------------------------------------------

static char *put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned lead[4] = { 0, 0xc0, 0xe0, 0xf0 };
    *out++ = (char)(lead[more] | c >> 6 * more);
    while (more-- > 0) *out++ = (char)(0x80 | (c >> 6 * more & 0x3f));
    return out;
}

static Status hex4(Reader *r, unsigned *out)
{
    *out = 0;
    if (r->end - r->at < 4) return syntax_error(r, "\\u wants four hexadecimal digits");
    for (int i = 0; i < 4; i++, r->at++) {
        unsigned c = *r->at, lower = c | 0x20;
        bool digit = c >= '0' && c <= '9', letter = lower >= 'a' && lower <= 'f';
        if (!digit && !letter) return syntax_error(r, "\\u wants four hexadecimal digits");
        *out = *out << 4 | (digit ? c - '0' : lower - 'a' + 10);
    }
    return OK;
}

static Status unicode_escape(Reader *r, char **out)
{
    unsigned c, low;
    TRY(hex4(r, &c));
    if (c >= 0xdc80 && c <= 0xdcff) {                    // a byte that was not UTF-8
        *(*out)++ = (char)(c & 0xff);
        return OK;
    }
    if (c >= 0xd800 && c < 0xe000) {
        if (c >= 0xdc00 || r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u')
            return syntax_error(r, "half of a surrogate pair");
        r->at += 2;
        TRY(hex4(r, &low));
        if (low < 0xdc00 || low >= 0xe000) return syntax_error(r, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    *out = put_utf8(*out, c);
    return OK;
}

static Status parse_escape(Reader *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (++r->at == r->end) return syntax_error(r, "the text ends within a string");
    const char *which = *r->at ? strchr(from, *r->at) : NULL;
    if (*r->at == 'u') {
        r->at++;
        return unicode_escape(r, out);
    }
    if (!which) return syntax_error(r, "no such escape in a string");
    r->at++;
    *(*out)++ = to[which - from];
    return OK;
}

// At the opening quote. The text is never longer than its source, so r->text has room for it.
static Status parse_string(Reader *r, const char **text, int64_t *bytes)
{
    char *out = r->text;
    r->at++;
    for (;;) {
        if (r->at == r->end) return syntax_error(r, "the text ends within a string");
        if (*r->at == '"') break;
        if (*r->at < ' ') return syntax_error(r, "a control character in a string");
        if (*r->at == '\\') {
            TRY(parse_escape(r, &out));
            continue;
        }
        int n = *r->at < 0x80 ? 1 : utf8_size(r->at, r->end);
        if (n == 0) return syntax_error(r, "not UTF-8");
        for (; n > 0; n--) *out++ = (char)*r->at++;
    }
    r->at++;
    *out = 0;
    *text = r->text;
    *bytes = out - r->text;
    r->text = out + 1;
    return OK;
}

// ---- numbers ------------------------------------------------------------------------------------

static bool skip_digits(Reader *r)
{
    const unsigned char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
    return r->at > from;
}

// -? (0 | [1-9][0-9]*) (.[0-9]+)? ([eE][+-]?[0-9]+)?
static bool number_syntax(Reader *r, bool *whole)
{
    if (r->at < r->end && *r->at == '-') r->at++;
    const unsigned char *first = r->at;
    if (!skip_digits(r) || (*first == '0' && r->at - first > 1)) return false;
    *whole = true;
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        *whole = false;
        if (!skip_digits(r)) return false;
    }
    if (r->at < r->end && (*r->at | 0x20) == 'e') {
        r->at++;
        *whole = false;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
        if (!skip_digits(r)) return false;
    }
    return true;
}

static bool to_integer(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    uint64_t limit = (uint64_t)INT64_MAX + negative, x = 0;
    for (text += negative; *text; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (x > (limit - digit) / 10) return false;
        x = 10 * x + digit;
    }
    *out = negative ? (int64_t)(0 - x) : (int64_t)x;
    return true;
}

// strtod needs a terminating 0: the number is copied to where the next string will go.
static Status parse_number(Reader *r, Json *v)
{
    const unsigned char *from = r->at;
    bool whole = false;
    if (!number_syntax(r, &whole)) return syntax_error(r, "not a number");
    size_t n = (size_t)(r->at - from);
    memcpy(r->text, from, n);
    r->text[n] = 0;
    v->type = JSON_NUMBER;
    v->whole = whole && to_integer(r->text, &v->integer);
    v->number = (double)v->integer;
    if (v->whole && v->integer != 0) return OK;              // the common case; 0 may be -0
    char *end;
    v->number = strtod(r->text, &end);
    if (end != r->text + n) return syntax_error(r, "the locale has another decimal point");
    return OK;
}

// ---- arrays and objects -------------------------------------------------------------------------

static void skip_blanks(Reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static Status push_item(Reader *r, const Json *v)
{
    if (++r->values > MAX_VALUES) return syntax_error(r, "more than 4 million values");
    if (r->top == r->room) {
        int64_t room = r->room ? 2 * r->room : 64;
        Json *stack = realloc(r->stack, (size_t)room * sizeof *stack);
        if (!stack) return err_memory("json");
        r->stack = stack;
        const Json **pointers = realloc(r->pointers, (size_t)room * sizeof *pointers);
        if (!pointers) return err_memory("json");
        r->pointers = pointers;
        r->room = room;
    }
    r->stack[r->top++] = *v;
    return OK;
}

// By key; the earlier of two equal ones first.
static int key_order(const void *a, const void *b)
{
    const Json *const *x = a, *const *y = b;
    int order = strcmp((*x)->key, (*y)->key);
    return order ? order : (*x > *y) - (*x < *y);
}

static void sort_members(const Json **pointers, const Json *item, int64_t n)
{
    for (int64_t i = 0; i < n; i++) pointers[i] = &item[i];
    if (n > 1) qsort(pointers, (size_t)n, sizeof *pointers, key_order);
}

// As in a Python dict, a repeated key keeps its first position and gets its last value. Returns the
// number of members left; *twice: one of the repeated keys.
static int64_t drop_repeated(Reader *r, Json *item, int64_t n, const char **twice)
{
    for (int64_t i = 0, first = 0; i < n; i++) {
        if (strcmp(r->pointers[i]->key, r->pointers[first]->key) != 0) first = i;
        if (i == first) continue;
        Json *keep = &item[r->pointers[first] - item], *drop = &item[r->pointers[i] - item];
        *twice = keep->key;
        *keep = *drop;                                   // the keys are equal
        drop->key = NULL;
    }
    if (!*twice) return n;
    int64_t left = 0;
    for (int64_t i = 0; i < n; i++)
        if (item[i].key) item[left++] = item[i];
    return left;
}

static void adopt(Json *parent)
{
    if (parent->type != JSON_ARRAY && parent->type != JSON_OBJECT) return;
    Json *item = (Json *)(uintptr_t)parent->item;        // ours, from the arena
    for (int64_t i = 0; i < parent->count; i++) item[i].parent = parent;
}

// The values from stack[base] on become the items of *v.
static Status close_bracket(Reader *r, Json *v, JsonType type, int64_t base)
{
    Json *from = r->stack ? r->stack + base : NULL;
    int64_t n = r->top - base;
    const char *twice = NULL;
    if (type == JSON_OBJECT) {
        sort_members(r->pointers, from, n);
        n = drop_repeated(r, from, n, &twice);
        if (twice) sort_members(r->pointers, from, n);
    }
    Json *item = arena_take(r->arena, (size_t)n * sizeof *item);
    const Json **sorted = NULL;
    if (type == JSON_OBJECT) sorted = arena_take(r->arena, (size_t)n * sizeof *sorted);
    if (!item || (type == JSON_OBJECT && !sorted)) return err_memory("json");
    if (n > 0) memcpy(item, from, (size_t)n * sizeof *item);
    for (int64_t i = 0; i < n; i++) adopt(&item[i]);
    for (int64_t i = 0; i < n && sorted; i++) sorted[i] = item + (r->pointers[i] - from);
    v->type = type;
    v->count = n;
    v->item = item;
    v->sorted = sorted;
    v->twice = twice;
    r->top = base;
    return OK;
}

static Status member_key(Reader *r, Json *v)
{
    int64_t bytes;
    skip_blanks(r);
    if (r->at == r->end || *r->at != '"') return syntax_error(r, "expected a key");
    TRY(parse_string(r, &v->key, &bytes));
    if (strlen(v->key) != (size_t)bytes) return syntax_error(r, "\\u0000 in a key");
    skip_blanks(r);
    if (r->at == r->end || *r->at != ':') return syntax_error(r, "expected ':'");
    r->at++;
    return OK;
}

// At the opening bracket.
static Status parse_bracket(Reader *r, Json *v, int depth)
{
    bool object = *r->at++ == '{';
    unsigned char closing = object ? '}' : ']';
    int64_t base = r->top;
    if (depth == MAX_DEPTH) return syntax_error(r, "more than 64 brackets deep");
    skip_blanks(r);
    bool more = r->at == r->end || *r->at != closing;
    if (!more) r->at++;
    while (more) {
        Json item = { 0 };
        if (object) TRY(member_key(r, &item));
        TRY(parse_value(r, &item, depth + 1));
        TRY(push_item(r, &item));
        skip_blanks(r);
        if (r->at == r->end || (*r->at != ',' && *r->at != closing))
            return syntax_error(r, object ? "expected ',' or '}'" : "expected ',' or ']'");
        more = *r->at++ == ',';
    }
    return close_bracket(r, v, object ? JSON_OBJECT : JSON_ARRAY, base);
}

// ---- values -------------------------------------------------------------------------------------

static bool skip_word(Reader *r, const char *w)
{
    size_t n = strlen(w);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, w, n) != 0) return false;
    r->at += n;
    return true;
}

static Status named_value(Reader *r, Json *v)
{
    v->type = JSON_BOOL;
    if (skip_word(r, "true")) return v->truth = true, OK;
    if (skip_word(r, "false")) return v->truth = false, OK;
    v->type = JSON_NULL;
    if (skip_word(r, "null")) return OK;
    v->type = JSON_NUMBER;
    if (skip_word(r, "NaN")) return v->number = NAN, OK;
    if (skip_word(r, "Infinity")) return v->number = INFINITY, OK;
    if (skip_word(r, "-Infinity")) return v->number = -INFINITY, OK;
    return syntax_error(r, "expected a value");
}

static Status parse_value(Reader *r, Json *v, int depth)
{
    skip_blanks(r);
    if (r->at == r->end) return syntax_error(r, "the text ends too early");
    unsigned char c = *r->at;
    if (c == '{' || c == '[') return parse_bracket(r, v, depth);
    if (c == '"') {
        v->type = JSON_STRING;
        const char *text;
        TRY(parse_string(r, &text, &v->count));
        v->string = text;
        return OK;
    }
    bool infinite = c == '-' && r->end - r->at > 1 && r->at[1] == 'I';
    if ((c == '-' && !infinite) || (c >= '0' && c <= '9')) return parse_number(r, v);
    return named_value(r, v);
}

static Status parse_document(Reader *r, Json *root)
{
    TRY(parse_value(r, root, 0));
    skip_blanks(r);
    if (r->at != r->end) return syntax_error(r, "something follows the value");
    adopt(root);
    return OK;
}

Status json_parse(const Json **out, Arena *arena, const void *text, size_t bytes, const char *file)
{
    *out = NULL;
    Json *root = arena_zero(arena, sizeof *root);
    char *name = arena_string(arena, file), *room = arena_take(arena, bytes + 1);
    if (!root || !name || !room) return err_memory("json");
    const unsigned char *start = bytes ? text : (const void *)"";
    Reader r = { start, start, start + bytes, name, arena, room, NULL, 0, 0, 0, NULL };
    Status status = parse_document(&r, root);
    free(r.stack);
    free(r.pointers);
    root->key = name;
    if (status == OK) *out = root;
    return status;
}

Status json_load(const Json **out, Arena *arena, const char *path)
{
    *out = NULL;
    FileMap map;
    TRY(file_map(&map, path));
    Status status = json_parse(out, arena, map.data, map.size, path);
    file_unmap(&map);
    return status;
}

// ---- access -------------------------------------------------------------------------------------

const Json *json_get(const Json *v, const char *key)
{
    if (!v || v->type != JSON_OBJECT) return NULL;
    int64_t low = 0, high = v->count;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        int order = strcmp(v->sorted[mid]->key, key);
        if (order == 0) return v->sorted[mid];
        if (order < 0) low = mid + 1;
        else high = mid;
    }
    return NULL;
}

const Json *json_at(const Json *v, int64_t index)
{
    if (!v || (v->type != JSON_ARRAY && v->type != JSON_OBJECT)) return NULL;
    return index >= 0 && index < v->count ? &v->item[index] : NULL;
}

// The value as text, short enough for a message.
static const char *shown_value(const Json *v, char out[48])
{
    static const char *const names[] = { "null", "a boolean", "a number", "a string", "an array",
                                         "an object" };
    if (!v) return "nothing";
    snprintf(out, 48, "%s", names[v->type]);
    if (v->type == JSON_BOOL) snprintf(out, 48, v->truth ? "true" : "false");
    if (v->type == JSON_NUMBER) snprintf(out, 48, "%.17g", v->number);
    if (v->type == JSON_NUMBER && v->whole) snprintf(out, 48, "%lld", (long long)v->integer);
    if (v->type == JSON_STRING)
        snprintf(out, 48, "\"%.40s%s", v->string, v->count > 40 ? ".." : "\"");
    return out;
}

static Status mismatch(const Json *v, const char *wanted)
{
    char text[48];
    return json_error(ERR_FORMAT, v, "%s is not %s", shown_value(v, text), wanted);
}

Status json_expect(const Json *v, JsonType type)
{
    static const char *const names[] = { "null", "true or false", "a number", "a string",
                                         "an array", "an object" };
    return v && v->type == type ? OK : mismatch(v, names[type]);
}

Status json_once(const Json *v)
{
    if (v->type != JSON_OBJECT && v->type != JSON_ARRAY) return OK;
    if (v->type == JSON_OBJECT && v->twice)
        return json_error(ERR_FORMAT, v, "\"%s\" stands there twice", v->twice);
    for (int64_t i = 0; i < v->count; i++) TRY(json_once(&v->item[i]));
    return OK;
}

Status json_bool(bool *out, const Json *v)
{
    TRY(json_expect(v, JSON_BOOL));
    *out = v->truth;
    return OK;
}

Status json_int(int64_t *out, const Json *v, int64_t low, int64_t high)
{
    int64_t x = 0;
    bool whole = false;
    if (v && v->type == JSON_NUMBER) {
        whole = v->whole || (fabs(v->number) < 0x1p53 && v->number == floor(v->number));
        if (whole) x = v->whole ? v->integer : (int64_t)v->number;
    }
    if (!whole || x < low || x > high) {
        char wanted[80];
        snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)low,
                 (long long)high);
        return mismatch(v, wanted);
    }
    *out = x;
    return OK;
}

Status json_number(double *out, const Json *v)
{
    TRY(json_expect(v, JSON_NUMBER));
    if (!isfinite(v->number)) return mismatch(v, "a finite number");
    *out = v->number;
    return OK;
}

Status json_string(const char **out, const Json *v)
{
    TRY(json_expect(v, JSON_STRING));
    if (strlen(v->string) != (size_t)v->count) return mismatch(v, "a text without \\u0000");
    *out = v->string;
    return OK;
}

static Status need_member(const Json **out, const Json *v, const char *key)
{
    TRY(json_expect(v, JSON_OBJECT));
    *out = json_get(v, key);
    return *out ? OK : json_error(ERR_FORMAT, v, "\"%s\" is missing", key);
}

Status json_need(const Json **out, const Json *v, const char *key, JsonType type)
{
    const Json *m;
    TRY(need_member(&m, v, key));
    TRY(json_expect(m, type));
    *out = m;
    return OK;
}

Status json_need_int(int64_t *out, const Json *v, const char *key, int64_t low, int64_t high)
{
    const Json *m;
    TRY(need_member(&m, v, key));
    return json_int(out, m, low, high);
}

Status json_need_number(double *out, const Json *v, const char *key)
{
    const Json *m;
    TRY(need_member(&m, v, key));
    return json_number(out, m);
}

Status json_need_string(const char **out, const Json *v, const char *key)
{
    const Json *m;
    TRY(need_member(&m, v, key));
    return json_string(out, m);
}

static const Json *present(const Json *v, const char *key)
{
    const Json *m = json_get(v, key);
    return m && m->type != JSON_NULL ? m : NULL;
}

Status json_opt_bool(bool *out, const Json *v, const char *key)
{
    const Json *m = present(v, key);
    return m ? json_bool(out, m) : OK;
}

Status json_opt_int(int64_t *out, const Json *v, const char *key, int64_t low, int64_t high)
{
    const Json *m = present(v, key);
    return m ? json_int(out, m, low, high) : OK;
}

Status json_opt_number(double *out, const Json *v, const char *key)
{
    const Json *m = present(v, key);
    return m ? json_number(out, m) : OK;
}

Status json_opt_string(const char **out, const Json *v, const char *key)
{
    const Json *m = present(v, key);
    return m ? json_string(out, m) : OK;
}

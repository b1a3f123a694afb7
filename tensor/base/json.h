// json.h - reads JSON into an arena, and writes JSON (RFC 8259).
//
//     Arena arena = { 0 };
//     const Json *root;
//     TRY(json_load(&root, &arena, "clip/config.json"));
//     const Json *vision;
//     int64_t width = 768;                              // if the file does not say
//     TRY(json_need(&vision, root, "vision_config", JSON_OBJECT));
//     TRY(json_opt_int(&width, vision, "hidden_size", 1, 1 << 16));
//         // json: clip/config.json: vision_config.hidden_size: -3 is not a whole number from 1 ..
//     arena_free(&arena);                               // frees all of `root`
//
// As in Python: the last value of a repeated key counts; NaN, Infinity and -Infinity are numbers; a
// byte that is not UTF-8 (file names may hold such bytes) is written as \udcXX, which Python's
// `surrogateescape` and this reader turn back into the byte. Other lone surrogates are errors.
// Limits: 64 levels of brackets, 4 million values. LC_NUMERIC must be the C locale's.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonType;

typedef struct Json Json;
struct Json {
    JsonType type;
    bool whole;              // a number without fraction and exponent that fits `integer`
    int64_t count;           // items of an array or object; bytes of a string
    const char *key;         // of a member of an object; of the root: the file's name
    const Json *parent;      // NULL: the root
    union {
        bool truth;
        struct { double number; int64_t integer; };
        const char *string;  // UTF-8, ended by a 0
        struct {
            const Json *item;            // [count], in the order of the file
            const Json *const *sorted;   // [count], by key; objects only
            const char *twice;           // a key that occurs more than once, or NULL
        };
    };
};

// ---- reading ------------------------------------------------------------------------------------

// `file` is for messages. Everything is copied into the arena; `text` may be freed afterwards.
Status json_parse(const Json **out, Arena *arena, const void *text, size_t bytes, const char *file);
Status json_load(const Json **out, Arena *arena, const char *path);

// NULL when there is no such member or item, or when `v` is NULL or of another type.
const Json *json_get(const Json *v, const char *key);
const Json *json_at(const Json *v, int64_t index);

// ERR_FORMAT names a key that stands twice in an object, `v` or below it: its first value would be
// passed over.
Status json_once(const Json *v);

// The value as a C type. On failure *out is unchanged; the message names file, place and value.
Status json_bool(bool *out, const Json *v);
Status json_int(int64_t *out, const Json *v, int64_t low, int64_t high);  // 3, 3.0; not 3.5, "3"
Status json_number(double *out, const Json *v);                  // finite
Status json_string(const char **out, const Json *v);             // without a byte 0 inside
Status json_expect(const Json *v, JsonType type);                // checks the type alone

// The same for a member of `v`. json_need and json_need_x: it must exist. json_opt_x: if it is
// missing or null, *out is unchanged.
Status json_need(const Json **out, const Json *v, const char *key, JsonType type);
Status json_need_int(int64_t *out, const Json *v, const char *key, int64_t low, int64_t high);
Status json_need_number(double *out, const Json *v, const char *key);
Status json_need_string(const char **out, const Json *v, const char *key);
Status json_opt_bool(bool *out, const Json *v, const char *key);
Status json_opt_int(int64_t *out, const Json *v, const char *key, int64_t low, int64_t high);
Status json_opt_number(double *out, const Json *v, const char *key);
Status json_opt_string(const char **out, const Json *v, const char *key);

// Sets the error "json: config.json: vision_config.width: MESSAGE".
Status json_error(Status status, const Json *v, const char *format, ...) ERR_PRINTF(3, 4);

// ---- writing ------------------------------------------------------------------------------------

//     JsonOut o = { 0 };                                // { .indent = 2 } for people
//     json_out_object(&o);
//     json_put_int(&o, "step", 7);
//     json_put_float(&o, "loss", loss);
//     json_out_end(&o);                                 // {"step": 7, "loss": 0.25}
//     if (json_out_status(&o) == OK) file_write(&f, o.text, o.size);
//     json_out_free(&o);
//
// The first error is kept for json_out_status; what follows it is ignored. json_out_reset keeps the
// memory for the next text. Values at the top level go on lines of their own (JSON lines).
typedef struct {
    int indent;              // blanks per level; 0: all on one line
    char *text;              // ended by a 0; NULL while empty
    size_t size, room;
    Status status;
    int depth;
    char open[64];           // the closing bracket of each level
    bool filled[65];         // does the level hold a value?
    bool keyed;              // a key waits for its value
} JsonOut;

void json_out_object(JsonOut *o);
void json_out_array(JsonOut *o);
void json_out_end(JsonOut *o);                           // closes the innermost object or array
void json_out_key(JsonOut *o, const char *key);
void json_out_string(JsonOut *o, const char *s);         // NULL: null
void json_out_text(JsonOut *o, const char *s, size_t bytes);   // may contain 0
void json_out_int(JsonOut *o, int64_t x);
void json_out_double(JsonOut *o, double x);          // shortest of %.15g .. %.17g that reads back
void json_out_float(JsonOut *o, float x);            // shortest of %.6g .. %.9g; both: null for NaN
void json_out_bool(JsonOut *o, bool x);
void json_out_null(JsonOut *o);

// A member: the key, then the value as above. Objects and arrays are ended by json_out_end.
void json_put_object(JsonOut *o, const char *key);
void json_put_array(JsonOut *o, const char *key);
void json_put_string(JsonOut *o, const char *key, const char *s);
void json_put_int(JsonOut *o, const char *key, int64_t x);
void json_put_double(JsonOut *o, const char *key, double x);
void json_put_float(JsonOut *o, const char *key, float x);
void json_put_bool(JsonOut *o, const char *key, bool x);

Status json_out_status(const JsonOut *o);                // also an error: something is still open
void json_out_line_end(JsonOut *o);                      // behind the last value, if there is one
void json_out_reset(JsonOut *o);                         // empty, ready for the next
void json_out_free(JsonOut *o);
Status json_out_save(JsonOut *o, const char *folder, const char *name);   // atomically; frees o

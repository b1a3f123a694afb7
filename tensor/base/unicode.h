// unicode.h - text as code points: UTF-8, classes, lower case, composition.
//
//     CodePoints text = { 0 }, lower = { 0 };
//     utf8_decode(&text, bytes, n);
//     unicode_lower(&lower, &text);
//     if (lower.failed) ...                   // asked once, at the end
//     code_points_free(&text); code_points_free(&lower);
//
// Results equal Python 3's, code point by code point. test/golden/unicode_tables.py makes the
// tables and the hashes of their answers for all of Unicode that the tests compare.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A growing array. When memory runs out it is unchanged and `failed` is set for good; functions
// that read a failed array mark their output as failed.
typedef struct {
    uint32_t *at;            // never a surrogate, never above 0x10ffff
    size_t n, room;
    bool failed;
} CodePoints;

void code_points_add(CodePoints *text, uint32_t c);
void code_points_clear(CodePoints *text);      // empties it, keeps the memory, resets `failed`
void code_points_free(CodePoints *text);       // accepts { 0 }; leaves { 0 }

// Appends. Invalid UTF-8 becomes U+FFFD, one per maximal prefix of a character, as in Python's
// bytes.decode("utf-8", "replace"); surrogates and overlong forms are invalid.
void utf8_decode(CodePoints *out, const void *bytes, size_t n);
int utf8_put(uint8_t out[4], uint32_t c);      // 1..4 bytes

typedef enum { UNICODE_OTHER, UNICODE_LETTER, UNICODE_NUMBER, UNICODE_SPACE } UnicodeClass;
UnicodeClass unicode_class(uint32_t c);        // \p{L}, \p{N}, \s of Python's package `regex`

// These append to `out`, which must not be `text`.
void unicode_lower(CodePoints *out, const CodePoints *text);   // str.lower(), final sigma included
void unicode_nfc(CodePoints *out, const CodePoints *text);     // normalization form C

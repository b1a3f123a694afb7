// unicode.h - text as code points: UTF-8, classes, lower case, composition.
//
//     CodePoints text = { 0 }, lower = { 0 };
//     utf8_decode(&text, bytes, n);
//     unicode_lower(&lower, &text);
//     if (lower.failed) ...                   // asked once, at the end
//     code_points_free(&text); code_points_free(&lower);
//
// Everything gives what Python 3 gives for the same text, code point by code point. The tables are
// made by test/golden/unicode_tables.py, which also hashes what they must answer for all of
// Unicode.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A growing array. When memory is refused, it stays as it is and `failed` stays set; a function
// that reads a failed array marks what it writes.
typedef struct {
    uint32_t *at;            // never a surrogate, never above 0x10ffff
    size_t n, room;
    bool failed;
} CodePoints;

void code_points_add(CodePoints *text, uint32_t c);
void code_points_clear(CodePoints *text);      // empty, memory kept; a failure is forgotten
void code_points_free(CodePoints *text);       // accepts { 0 }; leaves it

// Appends. What is not UTF-8 becomes U+FFFD, one for each longest beginning of a character, as
// bytes.decode("utf-8", "replace") has it; surrogates and overlong forms are not UTF-8.
void utf8_decode(CodePoints *out, const void *bytes, size_t n);
int utf8_put(uint8_t out[4], uint32_t c);      // 1..4 bytes

typedef enum { UNICODE_OTHER, UNICODE_LETTER, UNICODE_NUMBER, UNICODE_SPACE } UnicodeClass;
UnicodeClass unicode_class(uint32_t c);        // \p{L}, \p{N}, \s of Python's package `regex`

// These append to `out`, which is another array than `text`.
void unicode_lower(CodePoints *out, const CodePoints *text);   // str.lower(), final sigma included
void unicode_nfc(CodePoints *out, const CodePoints *text);     // normalization form C

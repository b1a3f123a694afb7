// shown.h - text of strangers on its way to a terminal: paths, names of classes and tensors, what a
// file says.
//
//     printf("%s\n", shown(name));            // most texts come back as they are
//     shown_print(stderr, format, args);
//
// What a terminal would obey, or would show as something else, is escaped: control characters (C0,
// DEL, C1) and characters that turn the direction of writing or end a line, as \n, \t, \x1b,
// \u202e; bytes that are no UTF-8, as \xff. Everything that a verb prints of such text goes through
// here, its errors by err_set; files and --json hold what was there.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// `text` itself if nothing in it is escaped, else a copy of at most 16 kB that is valid until four
// later calls. For the one thread that prints.
const char *shown(const char *text);
// Into out[size], which may be too short: the escape that does not fit and what follows are left
// out. Returns the length. `out` must not overlap `text`.
size_t shown_into(char *out, size_t size, const char *text);
void shown_print(FILE *to, const char *format, va_list args);
// As a cell of a table: at least `least` columns of a terminal, filled with blanks, and at most
// `most`. Columns are characters, two for a wide one (CJK), none for an accent of its own.
void shown_cell(FILE *to, const char *text, int least, int most);
int shown_columns(const char *text);
void shown_lines(FILE *to, const char *text, size_t bytes);    // of a file: its line ends stay
// Bytes of the UTF-8 character at p; 0: invalid (overlong, a surrogate, cut off at the end). Its
// number.
int utf8_size(const unsigned char *p, const unsigned char *end);
unsigned utf8_value(const unsigned char *p, int size);
// Must this character not reach a terminal as it is?
bool shown_hides(unsigned c);

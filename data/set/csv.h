// csv.h - tables of text, a record per line, as pandas.read_csv reads them.
//
//     Csv csv;
//     TRY(csv_open(&csv, &arena, data, bytes, '\t'));
//     for (;;) {
//         TRY(csv_next(&csv));
//         if (csv.fields == 0) break;
//         use(csv.field, csv.fields, csv.line);
//     }
//
// A field that begins with `"` goes on to the next `"`, over separators and line ends; two of them
// stand for one. Elsewhere in a field a `"` stands for itself. Lines end in LF, CR LF or CR; empty
// ones are skipped, and a byte order mark at the start. The last line needs no end.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"

enum { CSV_FIELDS = 1024 };

typedef struct {
    const char *field[CSV_FIELDS];     // (fields) of the record read last, in the arena
    int fields;                        // 0: there was no more
    int64_t line;                      // where it began, from 1
    // inside
    char *at, *end;
    int64_t lines;
    char sep;
} Csv;

// A copy of the text is cut up in the arena. A zero byte is an error.
Status csv_open(Csv *c, Arena *arena, const uint8_t *data, size_t bytes, char sep);
// ERR_FORMAT: a quote that never closes, more than CSV_FIELDS fields.
Status csv_next(Csv *c);

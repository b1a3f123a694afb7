// zip.h - the members of a zip file in memory. Reads what PyTorch and zip tools write: stored and
// deflated members, zip64. Not supported: encryption, several disks, other compression methods.
//
// Every offset and length is checked against the file, members may not share bytes or names, and
// the unpacked total is limited to 64 MiB plus 20 times the file, so that no zip bomb goes off.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"

typedef struct {
    const char *name;
    const uint8_t *packed;           // in the file
    size_t packed_bytes, bytes;      // in the file; unpacked
    const uint8_t *data;             // [bytes], from zip_unpack; NULL before
    uint32_t crc;
    int method;                      // 0 stored, 8 deflated
    size_t from, to;                 // its bytes in the file, local header included
} ZipMember;

typedef struct {
    const char *file;                // its name, for messages
    const uint8_t *start;
    size_t size;
    Arena *arena;
    ZipMember *member;               // [count], by name
    int64_t count;
    size_t budget;                   // bytes that may still be unpacked
} Zip;

// Reads the directory. Members and unpacked data come from the arena.
Status zip_open(Zip *z, Arena *arena, const void *data, size_t bytes, const char *file);
ZipMember *zip_find(const Zip *z, const char *name);        // NULL: none

// Sets m->data: in place for a stored member, else unpacked once. The CRC of a deflated member is
// always checked, that of a stored one if `check`.
Status zip_unpack(Zip *z, ZipMember *m, bool check);

// Memory for data derived from members, charged to the same budget.
Status zip_take(Zip *z, uint8_t **out, size_t bytes);

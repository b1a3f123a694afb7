// zip.h - the members of a zip file in memory. Reads what PyTorch and zip tools write: stored and
// deflated members, zip64. Not read: encryption, several disks, other ways to pack.
//
// Every offset and length is checked against the file, members may not share bytes or names, and
// what is unpacked in all is limited to 64 MiB and 20 times the file, so that no bomb goes off.
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
    size_t from, to;                 // the bytes of the file that belong to it, its header included
} ZipMember;

typedef struct {
    const char *file;                // its name, for messages
    const uint8_t *start;
    size_t size;
    Arena *arena;
    ZipMember *member;               // [count], by name
    int64_t count;
    size_t budget;                   // how many bytes may still be made
} Zip;

// Reads the directory. Members and what is unpacked come from the arena.
Status zip_open(Zip *z, Arena *arena, const void *data, size_t bytes, const char *file);
ZipMember *zip_find(const Zip *z, const char *name);        // NULL: not there

// Sets m->data: where it lies in the file, or unpacked the first time. The CRC of a deflated member
// is always checked, that of a stored one if `check`.
Status zip_unpack(Zip *z, ZipMember *m, bool check);

// Memory for something made of the members, out of the same budget.
Status zip_take(Zip *z, uint8_t **out, size_t bytes);

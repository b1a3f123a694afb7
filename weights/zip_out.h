// zip_out.h - writes a zip file of stored members, as PyTorch lays them out: the data of each
// begins at a multiple of 64 bytes, its checksum and size follow it.
//
//     ZipOut z = { .file = &file, .arena = &arena };
//     TRY(zip_out_begin(&z, "archive/version"));           // the name is copied
//     zip_out_write(&z, "3\n", 2);                         // in pieces of any size
//     zip_out_end(&z);
//     zip_out_finish(&z);                                  // the directory
//     TRY(file_commit(&file));                             // tells of writes that failed
//
// All sizes are of 64 bits (zip64), so that there is one form below and beyond 4 GiB.
#pragma once
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/file.h"

typedef struct ZipOutMember ZipOutMember;
struct ZipOutMember {
    const char *name;
    uint64_t at, bytes;              // of its header in the file; of its data
    uint32_t crc;
    ZipOutMember *next;
};

typedef struct {
    FileOut *file;
    Arena *arena;
    ZipOutMember *first, *last;
    uint64_t members, at;            // bytes written so far
} ZipOut;

Status zip_out_begin(ZipOut *z, const char *name);
void zip_out_write(ZipOut *z, const void *data, size_t bytes);
void zip_out_end(ZipOut *z);
void zip_out_finish(ZipOut *z);

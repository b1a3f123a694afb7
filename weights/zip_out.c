// zip_out.c - the records of zip.c, written. Each is of numbers, the lowest byte first; a size that
// stands in a zip64 field instead is 2^32 - 1.
#include "weights/zip_out.h"

#include <string.h>

#include "tensor/base/inflate.h"

enum {
    LOCAL_BYTES = 30, SIZES_BYTES = 20, FIELD_BYTES = 4,
    ALIGN = 64,
    NEEDS = 45,                      // version 4.5: zip64
    FLAGS = 1 << 3 | 1 << 11,        // sizes follow the data; names are UTF-8
    NEW_YEAR = 1 << 5 | 1,           // 1980-01-01: no time, so that equal weights are equal files
};
#define ELSEWHERE 0xffffffffu

typedef struct { uint8_t byte[64]; size_t n; } Record;

static void add_uint(Record *r, uint64_t x, int bytes)
{
    for (; bytes > 0; bytes--, x >>= 8) r->byte[r->n++] = (uint8_t)x;
}

static void send_bytes(ZipOut *z, const void *data, size_t bytes)
{
    file_write(z->file, data, bytes);
    z->at += bytes;
}

static void send_record(ZipOut *z, const Record *r)
{
    send_bytes(z, r->byte, r->n);
}

// What a member's two headers have in common, from the version on.
static void add_common(Record *r, const ZipOutMember *m, size_t extra)
{
    add_uint(r, NEEDS, 2);
    add_uint(r, FLAGS, 2);
    add_uint(r, 0, 2);             // stored
    add_uint(r, 0, 2);
    add_uint(r, NEW_YEAR, 2);
    add_uint(r, m->crc, 4);
    add_uint(r, ELSEWHERE, 4);
    add_uint(r, ELSEWHERE, 4);
    add_uint(r, strlen(m->name), 2);
    add_uint(r, extra, 2);
}

// The header's sizes and checksum are 0: those behind the data count.
static void send_local(ZipOut *z, const ZipOutMember *m)
{
    static const uint8_t zeros[ALIGN];
    uint64_t data = z->at + LOCAL_BYTES + strlen(m->name) + SIZES_BYTES + FIELD_BYTES;
    size_t pad = (size_t)(-data % ALIGN);
    Record r = { .n = 0 }, extra = { .n = 0 };
    add_uint(&r, 0x04034b50, 4);
    add_common(&r, m, SIZES_BYTES + FIELD_BYTES + pad);
    add_uint(&extra, 1, 2);
    add_uint(&extra, 16, 2);
    add_uint(&extra, 0, 8);
    add_uint(&extra, 0, 8);
    add_uint(&extra, 0x4246, 2);   // "FB", as PyTorch calls it
    add_uint(&extra, pad, 2);
    send_record(z, &r);
    send_bytes(z, m->name, strlen(m->name));
    send_record(z, &extra);
    send_bytes(z, zeros, pad);
}

Status zip_out_begin(ZipOut *z, const char *name)
{
    ZipOutMember *m = arena_zero(z->arena, sizeof *m);
    if (!m || !(m->name = arena_string(z->arena, name))) return err_memory("zip");
    m->at = z->at;
    if (z->last) z->last->next = m;
    else z->first = m;
    z->last = m;
    z->members++;
    send_local(z, m);
    return z->file->status;
}

void zip_out_write(ZipOut *z, const void *data, size_t bytes)
{
    z->last->crc = crc32_of(z->last->crc, data, bytes);
    z->last->bytes += bytes;
    send_bytes(z, data, bytes);
}

void zip_out_end(ZipOut *z)
{
    Record r = { .n = 0 };
    add_uint(&r, 0x08074b50, 4);
    add_uint(&r, z->last->crc, 4);
    add_uint(&r, z->last->bytes, 8);
    add_uint(&r, z->last->bytes, 8);
    send_record(z, &r);
}

// ---- the directory ------------------------------------------------------------------------------

static void send_entry(ZipOut *z, const ZipOutMember *m)
{
    Record r = { .n = 0 }, extra = { .n = 0 };
    add_uint(&extra, 1, 2);
    add_uint(&extra, 24, 2);
    add_uint(&extra, m->bytes, 8);
    add_uint(&extra, m->bytes, 8);
    add_uint(&extra, m->at, 8);
    add_uint(&r, 0x02014b50, 4);
    add_uint(&r, NEEDS, 2);
    add_common(&r, m, extra.n);
    add_uint(&r, 0, 2 + 2 + 2);    // no comment, the first disk, no kind
    r.n += 4;                        // no attributes
    add_uint(&r, ELSEWHERE, 4);
    send_record(z, &r);
    send_bytes(z, m->name, strlen(m->name));
    send_record(z, &extra);
}

static void send_end(ZipOut *z, uint64_t from)
{
    Record r = { .n = 0 };
    uint64_t end = z->at;
    add_uint(&r, 0x06064b50, 4);
    add_uint(&r, 44, 8);           // bytes of this record that follow
    add_uint(&r, NEEDS, 2);
    add_uint(&r, NEEDS, 2);
    add_uint(&r, 0, 8);            // one disk
    add_uint(&r, z->members, 8);
    add_uint(&r, z->members, 8);
    add_uint(&r, end - from, 8);
    add_uint(&r, from, 8);
    send_record(z, &r);
    r.n = 0;
    add_uint(&r, 0x07064b50, 4);
    add_uint(&r, 0, 4);
    add_uint(&r, end, 8);
    add_uint(&r, 1, 4);            // disks
    send_record(z, &r);
    r.n = 0;
    add_uint(&r, 0x06054b50, 4);
    add_uint(&r, 0, 4);
    add_uint(&r, ELSEWHERE, 4);    // 2^16 - 1 members, twice
    add_uint(&r, ELSEWHERE, 4);
    add_uint(&r, ELSEWHERE, 4);
    add_uint(&r, 0, 2);            // no comment
    send_record(z, &r);
}

void zip_out_finish(ZipOut *z)
{
    uint64_t from = z->at;
    for (const ZipOutMember *m = z->first; m; m = m->next) send_entry(z, m);
    send_end(z, from);
}

// zip.c - the directory at the end of a zip file says where each member is. Offsets in each record:
//
//     member       30 bytes  "PK\3\4" .. 26 length of the name, 28 of the extra field
//                  name, extra field, the packed bytes
//     directory    one entry per member
//                  46 bytes  "PK\1\2" .. 8 flags, 10 method, 16 CRC, 20 packed size, 24 size,
//                  28 lengths of name, extra field and comment, 34 disk, 42 offset of the member
//                  name, extra field, comment
//     zip64 end    56 bytes  "PK\6\6" .. 32 members, 40 size of the directory, 48 its offset
//     zip64 where  20 bytes  "PK\6\7" .. 8 offset of the zip64 end
//     end          22 bytes  "PK\5\6" .. 10 members, 12 size of the directory, 16 its offset,
//                  20 length of the comment, comment
#include "weights/zip.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/base/inflate.h"

enum { END = 22, END64 = 56, WHERE64 = 20, ENTRY = 46, LOCAL = 30 };

static uint64_t uint_at(const uint8_t *p, int bytes)
{
    uint64_t x = 0;
    while (bytes-- > 0) x = x << 8 | p[bytes];
    return x;
}

// ---- the end ------------------------------------------------------------------------------------

typedef struct { uint64_t members, size, at; } Directory;

// The end record is the last one whose comment reaches to the end of the file.
static const uint8_t *find_end(const Zip *z)
{
    size_t lowest = z->size > END + 65535 ? z->size - END - 65535 : 0;
    for (size_t at = z->size >= END ? z->size - END + 1 : 0; at-- > lowest;) {
        const uint8_t *p = z->start + at;
        if (memcmp(p, "PK\5\6", 4) == 0 && at + END + uint_at(p + 20, 2) == z->size) return p;
    }
    return NULL;
}

static Status read_end64(const Zip *z, const uint8_t *where, Directory *d)
{
    uint64_t at = uint_at(where + 8, 8);
    if (at > z->size - END - WHERE64 || z->size - END - WHERE64 - at < END64 ||
        memcmp(z->start + at, "PK\6\6", 4) != 0)
        return err_set(ERR_FORMAT, "zip: %s: no zip64 end record at %llu", z->file,
                       (unsigned long long)at);
    const uint8_t *p = z->start + at;
    *d = (Directory){ uint_at(p + 32, 8), uint_at(p + 40, 8), uint_at(p + 48, 8) };
    return OK;
}

static Status read_end(const Zip *z, Directory *d)
{
    const uint8_t *end = find_end(z);
    if (!end)
        return err_set(ERR_FORMAT, "zip: %s: has no directory at its end: cut short", z->file);
    *d = (Directory){ uint_at(end + 10, 2), uint_at(end + 12, 4), uint_at(end + 16, 4) };
    size_t before = (size_t)(end - z->start);
    if (before >= WHERE64 && memcmp(end - WHERE64, "PK\6\7", 4) == 0)
        TRY(read_end64(z, end - WHERE64, d));
    if (d->at > before || d->size > before - d->at || d->members > d->size / ENTRY)
        return err_set(ERR_FORMAT, "zip: %s: a directory of %llu members, %llu bytes at %llu",
                       z->file, (unsigned long long)d->members, (unsigned long long)d->size,
                       (unsigned long long)d->at);
    return OK;
}

// ---- the directory ------------------------------------------------------------------------------

// A size or offset of 2^32 - 1 means that the extra field 1 holds it, in this order.
static Status read_extra64(const uint8_t *p, size_t n, uint64_t *value[3])
{
    while (n >= 4) {
        size_t id = uint_at(p, 2), bytes = uint_at(p + 2, 2);
        p += 4;
        n -= 4;
        if (bytes > n) break;
        for (int i = 0; i < 3 && id == 1; i++) {
            if (*value[i] != 0xffffffff) continue;
            if (bytes < 8) return err_set(ERR_FORMAT, "zip64 sizes are missing");
            *value[i] = uint_at(p, 8);
            p += 8;
            n -= 8;
            bytes -= 8;
        }
        p += bytes;
        n -= bytes;
    }
    return OK;
}

// The member's own header says where its data starts; name and offset must match the directory.
static Status read_local(const Zip *z, ZipMember *m, uint64_t at, uint64_t limit)
{
    if (at > limit || limit - at < LOCAL || memcmp(z->start + at, "PK\3\4", 4) != 0)
        return err_set(ERR_FORMAT, "no member at %llu", (unsigned long long)at);
    const uint8_t *p = z->start + at;
    uint64_t name = uint_at(p + 26, 2), extra = uint_at(p + 28, 2);
    uint64_t left = limit - at - LOCAL;
    if (name + extra > left) return err_set(ERR_FORMAT, "its header is cut short");
    if (name != strlen(m->name) || memcmp(p + LOCAL, m->name, name) != 0)
        return err_set(ERR_FORMAT, "has another name in the directory");
    if (m->packed_bytes > left - name - extra)
        return err_set(ERR_FORMAT, "%zu bytes reach beyond the members", m->packed_bytes);
    m->packed = p + LOCAL + name + extra;
    m->from = (size_t)at;
    m->to = (size_t)(m->packed - z->start) + m->packed_bytes;
    return OK;
}

// Deflate expands by at most 1032 (RFC 1951: 258 bytes from two bits).
static Status check_sizes(const ZipMember *m)
{
    if (m->method != 0 && m->method != 8)
        return err_set(ERR_UNSUPPORTED, "is packed by method %d", m->method);
    size_t packed = m->packed_bytes;
    bool fits = m->method == 0 ? m->bytes == packed : m->bytes / 1032 <= packed;
    return fits ? OK : err_set(ERR_FORMAT, "%zu bytes cannot become %zu", packed, m->bytes);
}

// `p` points to ENTRY bytes and the name, extra field and comment behind them.
static Status read_member(const Zip *z, ZipMember *m, const uint8_t *p, uint64_t limit)
{
    size_t name = uint_at(p + 28, 2), extra = uint_at(p + 30, 2);
    uint64_t packed = uint_at(p + 20, 4), bytes = uint_at(p + 24, 4), at = uint_at(p + 42, 4);
    if (uint_at(p + 8, 2) & 1) return err_set(ERR_UNSUPPORTED, "is encrypted");
    TRY(read_extra64(p + ENTRY + name, extra, (uint64_t *[]){ &bytes, &packed, &at }));
    if (packed > SIZE_MAX / 4 || bytes > SIZE_MAX / 4)
        return err_set(ERR_FORMAT, "%llu bytes, %llu packed", (unsigned long long)bytes,
                       (unsigned long long)packed);
    m->packed_bytes = (size_t)packed;
    m->bytes = (size_t)bytes;
    m->crc = (uint32_t)uint_at(p + 16, 4);
    m->method = (int)uint_at(p + 10, 2);
    TRY(check_sizes(m));
    return read_local(z, m, at, limit);
}

static Status read_member_name(const Zip *z, ZipMember *m, const uint8_t *p, size_t n, char **text)
{
    if (memchr(p, 0, n)) return err_set(ERR_FORMAT, "zip: %s: a name with a byte 0", z->file);
    m->name = *text;
    memcpy(*text, p, n);
    (*text)[n] = 0;
    *text += n + 1;
    return OK;
}

static Status read_directory(Zip *z, const Directory *d, char *text)
{
    const uint8_t *p = z->start + d->at;
    uint64_t left = d->size;
    for (uint64_t i = 0; i < d->members; i++) {
        if (left < ENTRY || memcmp(p, "PK\1\2", 4) != 0)
            return err_set(ERR_FORMAT, "zip: %s: directory entry %llu is damaged", z->file,
                           (unsigned long long)i);
        size_t name = uint_at(p + 28, 2);
        uint64_t whole = ENTRY + name + uint_at(p + 30, 2) + uint_at(p + 32, 2);
        if (whole > left)
            return err_set(ERR_FORMAT, "zip: %s: directory entry %llu is cut short", z->file,
                           (unsigned long long)i);
        ZipMember *m = &z->member[z->count];
        *m = (ZipMember){ 0 };
        TRY(read_member_name(z, m, p + ENTRY, name, &text));
        Status status = read_member(z, m, p, d->at);
        if (status != OK) return err_prefix(status, "zip: %s: %s", z->file, m->name);
        z->count++;
        p += whole;
        left -= whole;
    }
    return OK;
}

// ---- no two members may share bytes or a name ---------------------------------------------------

static int place_order(const void *a, const void *b)
{
    const ZipMember *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static int member_order(const void *a, const void *b)
{
    return strcmp(((const ZipMember *)a)->name, ((const ZipMember *)b)->name);
}

static Status check_apart(Zip *z)
{
    ZipMember *m = z->member;
    qsort(m, (size_t)z->count, sizeof *m, place_order);
    for (int64_t i = 1; i < z->count; i++)
        if (m[i].from < m[i - 1].to)
            return err_set(ERR_FORMAT, "zip: %s: %s and %s overlap", z->file, m[i - 1].name,
                           m[i].name);
    qsort(m, (size_t)z->count, sizeof *m, member_order);
    for (int64_t i = 1; i < z->count; i++)
        if (member_order(&m[i - 1], &m[i]) == 0)
            return err_set(ERR_FORMAT, "zip: %s: %s: is there twice", z->file, m[i].name);
    return OK;
}

// ---- use ----------------------------------------------------------------------------------------

Status zip_open(Zip *z, Arena *arena, const void *data, size_t bytes, const char *file)
{
    *z = (Zip){ .file = file, .start = data, .size = bytes, .arena = arena };
    z->budget = ((size_t)64 << 20) + (bytes < SIZE_MAX / 40 ? 20 * bytes : SIZE_MAX / 2);
    Directory d = { 0, 0, 0 };
    TRY(read_end(z, &d));
    z->member = arena_take(arena, (size_t)d.members * sizeof *z->member);
    char *text = arena_take(arena, (size_t)d.size);      // an entry is longer than its name
    if (!z->member || !text) return err_memory("zip");
    TRY(read_directory(z, &d, text));
    return check_apart(z);
}

ZipMember *zip_find(const Zip *z, const char *name)
{
    ZipMember key = { .name = name };
    return z->count ? bsearch(&key, z->member, (size_t)z->count, sizeof key, member_order) : NULL;
}

Status zip_take(Zip *z, uint8_t **out, size_t bytes)
{
    if (bytes > z->budget)
        return err_set(ERR_FORMAT, "zip: %s: unpacks to more than 64 MiB and 20 times its size",
                       z->file);
    *out = arena_take(z->arena, bytes);
    if (!*out) return err_memory("zip");
    z->budget -= bytes;
    return OK;
}

static Status inflate_member(Zip *z, ZipMember *m)
{
    size_t made = 0, used = 0;
    uint8_t *data = NULL;
    TRY(zip_take(z, &data, m->bytes));
    Status status = inflate_raw(data, m->bytes, &made, m->packed, m->packed_bytes, &used);
    if (status != OK) return err_prefix(status, "zip: %s: %s", z->file, m->name);
    if (made != m->bytes || used != m->packed_bytes)
        return err_set(ERR_FORMAT, "zip: %s: %s: %zu bytes instead of %zu", z->file, m->name, made,
                       m->bytes);
    m->data = data;
    return OK;
}

Status zip_unpack(Zip *z, ZipMember *m, bool check)
{
    if (m->data) return OK;
    if (m->method == 0) m->data = m->packed;
    else TRY(inflate_member(z, m));
    if ((check || m->method) && crc32_of(0, m->data, m->bytes) != m->crc) {
        m->data = NULL;
        return err_set(ERR_FORMAT, "zip: %s: %s: its CRC does not fit: damaged", z->file, m->name);
    }
    return OK;
}

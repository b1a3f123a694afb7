// inflate.c - table-driven deflate: the next 11 bits of the stream index a table whose entry holds
// their meaning and how many of them it took. The few longer codes go through a second table.
//
//     stream  : blocks, the last of them marked; bits are taken from the low end of each byte
//     block   : 1 bit last, 2 bits type: 0 stored, 1 fixed codes, 2 own codes, 3 invalid
//     symbols : 0..255 a byte, 256 end of block, 257..285 a length; a distance follows a length
#include "tensor/base/inflate.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// ---- bits ---------------------------------------------------------------------------------------

// hold's low `count` bits are the next of the stream. Bits above them may already hold what comes
// next; a refill puts the same bits there again.
typedef struct {
    const uint8_t *in, *end;
    uint64_t hold;
    unsigned count;
    unsigned invented;       // zero bytes appended behind the end
} Bits;

static uint64_t load64(const uint8_t *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--) x = x << 8 | p[i];      // compilers make one load of it
    return x;
}

static void refill_slow(Bits *b)
{
    for (; b->count < 56; b->count += 8) {
        if (b->in < b->end) b->hold |= (uint64_t)*b->in++ << b->count;
        else b->invented++;
    }
}

// Afterwards count >= 56: enough for a length with its distance (15 + 5 + 15 + 13 bits).
static inline void refill_bits(Bits *b)
{
    if (b->end - b->in < 8) {
        refill_slow(b);
        return;
    }
    b->hold |= load64(b->in) << b->count;
    b->in += (63 - b->count) >> 3;
    b->count |= 56;
}

static inline void drop_bits(Bits *b, unsigned n)
{
    b->hold >>= n;
    b->count -= n;
}

static inline unsigned take_bits(Bits *b, unsigned n)          // n <= 16
{
    unsigned value = (unsigned)b->hold & ((1u << n) - 1);
    drop_bits(b, n);
    return value;
}

// Were more bits taken than the stream has?
static inline bool overdrawn(const Bits *b)
{
    return b->count < 8 * b->invented;
}

// Returns unused whole bytes and drops the rest of the current one.
static void to_whole_byte(Bits *b)
{
    b->in -= b->count / 8 - b->invented;
    b->hold = b->count = b->invented = 0;
}

static Status ends_early(void)
{
    return err_set(ERR_FORMAT, "inflate: the data ends early");
}

// ---- codes --------------------------------------------------------------------------------------

// A table entry:  value << 16 | kind | extra << 8 | bits
//   bits   how many bits of the stream it takes (of a code in a second table: of the rest)
//   extra  further bits to add to the value; in a link the width of the second table
//   value  a byte, the base of a length or distance, or where the second table starts
enum { LITERAL = 0x8000, LINK = 0x4000, END = 0x2000, INVALID = 0x1000 };
enum { LIT_BITS = 11, DIST_BITS = 8, MAX_BITS = 15 };
// The largest both tables of a complete code can get: 288 symbols with 11 bits, 32 with 8.
enum { LIT_SIZE = 2342, DIST_SIZE = 402 };

typedef struct {
    uint32_t lit[LIT_SIZE], dist[DIST_SIZE];
    bool fixed;              // the tables hold the fixed codes, which a block of 10 bits may use
} Codes;

static uint32_t code_entry(uint32_t value, uint32_t kind, uint32_t extra)
{
    return value << 16 | kind | extra << 8;
}

static uint32_t literal_entry(unsigned symbol)
{
    static const uint16_t base[29] = {
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258 };
    if (symbol < 256) return code_entry(symbol, LITERAL, 0);
    if (symbol == 256) return END;
    if (symbol > 285) return INVALID;
    unsigned i = symbol - 257;
    return code_entry(base[i], 0, i < 8 || i == 28 ? 0 : (i - 4) / 4);
}

static uint32_t distance_entry(unsigned symbol)
{
    if (symbol > 29) return INVALID;
    if (symbol < 4) return code_entry(symbol + 1, 0, 0);
    unsigned extra = symbol / 2 - 1;
    return code_entry(((2 + symbol % 2) << extra) + 1, 0, extra);
}

static uint32_t plain_entry(unsigned symbol)
{
    return code_entry(symbol, 0, 0);
}

static unsigned reversed(unsigned code, unsigned bits)
{
    unsigned r = 0;
    for (; bits > 0; bits--, code >>= 1) r = r << 1 | (code & 1);
    return r;
}

// What is left of the code space after `count` codes of each length: 0 a complete code.
static Status check_lengths(const unsigned count[MAX_BITS + 1], bool may_lack, const char *what)
{
    int left = 1, longest = 0;
    for (int n = 1; n <= MAX_BITS; n++) {
        left = 2 * left - (int)count[n];
        if (left < 0) return err_set(ERR_FORMAT, "inflate: %s code is over-subscribed", what);
        if (count[n]) longest = n;
    }
    if (left > 0 && (!may_lack || longest > 1))
        return err_set(ERR_FORMAT, "inflate: %s code is incomplete", what);
    return OK;
}

// The width of a second table that starts with a code of `bits` bits: wide enough for all codes
// that share its prefix, of which count[] tells how many are still to come.
static unsigned link_width(const unsigned count[MAX_BITS + 1], unsigned bits, unsigned root)
{
    unsigned width = bits - root;
    unsigned left = 1u << width;
    while (width + root < MAX_BITS && count[width + root] < left) {
        left = (left - count[width + root]) << 1;
        width++;
    }
    return width;
}

typedef struct {
    uint32_t *table;         // [size]
    unsigned root, size;     // bits that index the first table; entries for all tables
    bool may_lack;           // a single code of one bit, or none, is allowed
    const char *what;
    uint32_t (*entry)(unsigned symbol);
} Code;

// Fills every place of table[1 << width] whose low `bits` bits are `code`.
static void fill_codes(uint32_t *table, unsigned width, unsigned code, unsigned bits, uint32_t e)
{
    for (unsigned i = code; i < 1u << width; i += 1u << bits) table[i] = e | bits;
}

static void place_codes(const Code *c, unsigned count[MAX_BITS + 1], const uint16_t *sorted,
                        unsigned n, const uint8_t *length)
{
    unsigned code = 0, bits = 0, prefix = ~0u, next = 1u << c->root, start = 0, width = 0;
    for (unsigned i = 0; i < n; i++, code++) {
        for (; bits < length[sorted[i]]; bits++) code <<= 1;
        unsigned r = reversed(code, bits), low = r & ((1u << c->root) - 1);
        uint32_t e = c->entry(sorted[i]);
        if (bits <= c->root) {
            fill_codes(c->table, c->root, r, bits, e);
        } else {
            if (low != prefix) {
                prefix = low;
                start = next;
                width = link_width(count, bits, c->root);
                next += 1u << width;
                if (next > c->size) return;                  // impossible: see LIT_SIZE
                c->table[low] = code_entry(start, LINK, width) | c->root;
            }
            fill_codes(c->table + start, width, r >> c->root, bits - c->root, e);
        }
        count[bits]--;
    }
}

static Status build(const Code *c, const uint8_t *length, unsigned symbols)
{
    unsigned count[MAX_BITS + 1] = { 0 }, at[MAX_BITS + 2] = { 0 };
    uint16_t sorted[288];
    for (unsigned s = 0; s < symbols; s++) count[length[s]]++;
    count[0] = 0;
    TRY(check_lengths(count, c->may_lack, c->what));
    for (unsigned n = 1; n <= MAX_BITS; n++) at[n + 1] = at[n] + count[n];
    unsigned used = at[MAX_BITS + 1];
    for (unsigned s = 0; s < symbols; s++)
        if (length[s]) sorted[at[length[s]]++] = (uint16_t)s;
    for (unsigned i = 0; i < 1u << c->root; i++) c->table[i] = INVALID;
    place_codes(c, count, sorted, used, length);
    return OK;
}

static Status build_pair(Codes *codes, const uint8_t *lit, unsigned lits, const uint8_t *dist,
                         unsigned dists)
{
    const Code l = { codes->lit, LIT_BITS, LIT_SIZE, true, "literal", literal_entry };
    const Code d = { codes->dist, DIST_BITS, DIST_SIZE, true, "distance", distance_entry };
    TRY(build(&l, lit, lits));
    return build(&d, dist, dists);
}

static Status fixed_codes(Codes *codes)
{
    uint8_t lit[288], dist[32];
    if (codes->fixed) return OK;
    codes->fixed = true;
    memset(lit, 8, 144);
    memset(lit + 144, 9, 112);
    memset(lit + 256, 7, 24);
    memset(lit + 280, 8, 8);
    memset(dist, 5, 32);
    return build_pair(codes, lit, 288, dist, 32);
}

static inline uint32_t decode(Bits *b, const uint32_t *table, unsigned root)
{
    uint32_t e = table[b->hold & ((1u << root) - 1)];
    if (e & LINK) {
        drop_bits(b, root);
        e = table[(e >> 16) + (b->hold & ((1u << (e >> 8 & 15)) - 1))];
    }
    drop_bits(b, e & 255);
    return e;
}

// The code lengths of a block are themselves run-length coded and written in a third code.
static Status read_lengths(Bits *b, const uint32_t *table, uint8_t *length, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        refill_bits(b);
        unsigned symbol = decode(b, table, 7) >> 16;         // complete: no invalid entries
        unsigned repeat = symbol < 16 ? 1 : symbol == 16 ? 3 + take_bits(b, 2)
                        : symbol == 17 ? 3 + take_bits(b, 3) : 11 + take_bits(b, 7);
        if (overdrawn(b)) return ends_early();
        if (symbol == 16 && i == 0) return err_set(ERR_FORMAT, "inflate: nothing to repeat");
        if (repeat > n - i) return err_set(ERR_FORMAT, "inflate: too many code lengths");
        uint8_t value = (uint8_t)(symbol < 16 ? symbol : symbol == 16 ? length[i - 1] : 0);
        memset(length + i, value, repeat);
        i += repeat;
    }
    return OK;
}

static Status own_codes(Bits *b, Codes *codes)
{
    static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14,
                                       1, 15 };
    refill_bits(b);
    codes->fixed = false;
    unsigned lits = 257 + take_bits(b, 5), dists = 1 + take_bits(b, 5);
    unsigned lengths = 4 + take_bits(b, 4);
    if (lits > 286 || dists > 30)
        return err_set(ERR_FORMAT, "inflate: %u lengths, %u distances", lits, dists);
    uint8_t length[288 + 32] = { 0 };
    for (unsigned i = 0; i < lengths; i++) {
        refill_bits(b);
        length[order[i]] = (uint8_t)take_bits(b, 3);
    }
    if (overdrawn(b)) return ends_early();
    const Code c = { codes->dist, 7, 128, false, "length", plain_entry };
    TRY(build(&c, length, 19));
    memset(length, 0, sizeof length);
    TRY(read_lengths(b, codes->dist, length, lits + dists));
    if (length[256] == 0) return err_set(ERR_FORMAT, "inflate: a block without an end");
    return build_pair(codes, length, lits, length + lits, dists);
}

// ---- blocks -------------------------------------------------------------------------------------

typedef struct {
    uint8_t *start, *out, *end;
    bool full;               // there was more output than room
} Sink;

static Status overfull(Sink *s)
{
    s->full = true;
    return err_set(ERR_FORMAT, "inflate: more than %zu bytes come out",
                   (size_t)(s->end - s->start));
}

static Status stored(Bits *b, Sink *s)
{
    to_whole_byte(b);
    if (b->end - b->in < 4) return ends_early();
    unsigned n = b->in[0] | (unsigned)b->in[1] << 8, check = b->in[2] | (unsigned)b->in[3] << 8;
    if (n != (check ^ 0xffff)) return err_set(ERR_FORMAT, "inflate: bad length of a stored block");
    b->in += 4;
    size_t there = (size_t)(b->end - b->in), room = (size_t)(s->end - s->out);
    size_t part = n < there ? n : there;
    if (part > room) part = room;
    if (part > 0) memcpy(s->out, b->in, part);
    b->in += part;
    s->out += part;
    return part == n ? OK : part == there ? ends_early() : overfull(s);
}

// Copies in words where they cannot overlap and there is room to write a little too far.
static inline void copy_match(uint8_t *out, size_t distance, size_t length, size_t room)
{
    const uint8_t *from = out - distance;
    if (distance >= 8 && room >= length + 8) {
        for (size_t i = 0; i < length; i += 8) memcpy(out + i, from + i, 8);
    } else if (distance == 1) {
        memset(out, *from, length);
    } else {
        for (size_t i = 0; i < length; i++) out[i] = from[i];
    }
}

static Status bad_symbol(const Bits *b, const char *what)
{
    return overdrawn(b) ? ends_early() : err_set(ERR_FORMAT, "inflate: not a %s", what);
}

// A length was just decoded into e: its extra bits, the distance, the copy.
static inline Status match(Bits *b, Sink *s, const Codes *codes, uint32_t e)
{
    size_t length = (e >> 16) + take_bits(b, e >> 8 & 15);
    uint32_t d = decode(b, codes->dist, DIST_BITS);
    if (d & INVALID) return bad_symbol(b, "distance");
    size_t distance = (d >> 16) + take_bits(b, d >> 8 & 15);
    size_t room = (size_t)(s->end - s->out);
    if (overdrawn(b)) return ends_early();
    if (distance > (size_t)(s->out - s->start))
        return err_set(ERR_FORMAT, "inflate: distance %zu after %zu bytes", distance,
                       (size_t)(s->out - s->start));
    size_t part = length < room ? length : room;
    copy_match(s->out, distance, part, room);
    s->out += part;
    return part == length ? OK : overfull(s);
}

static Status symbols(Bits *bits, Sink *s, const Codes *codes)
{
    Bits b = *bits;                                          // in registers
    for (;;) {
        refill_bits(&b);
        uint32_t e = decode(&b, codes->lit, LIT_BITS);
        if (e & LITERAL && s->end - s->out >= 2) {           // two bytes often follow each other
            if (overdrawn(&b)) return ends_early();
            *s->out++ = (uint8_t)(e >> 16);
            e = decode(&b, codes->lit, LIT_BITS);
            if (!(e & (LITERAL | END | INVALID))) refill_bits(&b);
        }
        if (e & LITERAL) {
            if (overdrawn(&b)) return ends_early();
            if (s->out == s->end) return overfull(s);
            *s->out++ = (uint8_t)(e >> 16);
        } else if (e & (END | INVALID)) {
            if (e & INVALID || overdrawn(&b)) return bad_symbol(&b, "symbol");
            *bits = b;
            return OK;
        } else {
            TRY(match(&b, s, codes, e));
        }
    }
}

static Status one_block(Bits *b, Sink *s, Codes *codes, unsigned type)
{
    if (type == 0) return stored(b, s);
    if (type == 3) return err_set(ERR_FORMAT, "inflate: block type 3");
    TRY(type == 1 ? fixed_codes(codes) : own_codes(b, codes));
    return symbols(b, s, codes);
}

static Status inflate(Bits *b, Sink *s)
{
    Codes codes;
    codes.fixed = false;
    for (bool last = false; !last;) {
        refill_bits(b);
        last = take_bits(b, 1);
        unsigned type = take_bits(b, 2);
        if (overdrawn(b)) return ends_early();
        TRY(one_block(b, s, &codes, type));
    }
    to_whole_byte(b);
    return OK;
}

// ---- the three containers -----------------------------------------------------------------------

Status inflate_raw(uint8_t *out, size_t size, size_t *written, const uint8_t *in, size_t bytes,
                   size_t *used)
{
    static uint8_t nothing[1];
    if (size == 0) out = nothing;                            // so that no pointer is NULL
    if (bytes == 0) in = nothing;
    Bits b = { .in = in, .end = in + bytes };
    Sink s = { out, out, out + size, false };
    Status status = inflate(&b, &s);
    if (written) *written = (size_t)(s.out - s.start);
    if (used) *used = (size_t)(b.in - in);
    return status;
}

uint32_t adler32_of(const uint8_t *p, size_t n)
{
    uint32_t a = 1, b = 0;
    while (n > 0) {
        size_t run = n < 5552 ? n : 5552;                    // the sums stay below 2^32
        n -= run;
        for (; run > 0; run--) b += a += *p++;
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

static Status zlib_header(const uint8_t *in, size_t bytes)
{
    if (bytes < 2) return ends_early();
    if ((in[0] & 15) != 8 || in[0] >> 4 > 7 || (in[0] * 256 + in[1]) % 31 != 0)
        return err_set(ERR_FORMAT, "inflate: no zlib header: %02x %02x", in[0], in[1]);
    if (in[1] & 0x20) return err_set(ERR_UNSUPPORTED, "inflate: zlib with a preset dictionary");
    return OK;
}

// p: the four bytes behind the stream.
static Status zlib_check(const uint8_t *out, size_t made, const uint8_t *p)
{
    uint32_t want = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return adler32_of(out, made) == want ? OK
           : err_set(ERR_FORMAT, "inflate: Adler-32 does not fit");
}

Status inflate_zlib(uint8_t *out, size_t size, size_t *written, const uint8_t *in, size_t bytes,
                    size_t *used)
{
    size_t made = 0, took = 0;
    if (written) *written = 0;
    if (used) *used = 0;
    TRY(zlib_header(in, bytes));
    Status status = inflate_raw(out, size, &made, in + 2, bytes - 2, &took);
    if (written) *written = made;
    if (used) *used = 2 + took;
    TRY(status);
    if (bytes - 2 - took < 4) return ends_early();
    TRY(zlib_check(out, made, in + 2 + took));
    if (used) *used = 2 + took + 4;
    return OK;
}

Status inflate_zlib_first(uint8_t *out, size_t size, const uint8_t *in, size_t bytes)
{
    size_t made = 0, took = 0;
    TRY(zlib_header(in, bytes));
    Status status = inflate_raw(out, size, &made, in + 2, bytes - 2, &took);
    if (made < size && status == OK)
        return err_set(ERR_FORMAT, "inflate: %zu bytes come out, not %zu", made, size);
    if (made < size) return status;
    bool ends = status == OK && bytes - 2 - took >= 4;
    return ends ? zlib_check(out, made, in + 2 + took) : OK;
}

static uint32_t load32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// *at: behind the header of a gzip member: 10 bytes, then what the flags in byte 3 announce.
static Status gzip_header(const uint8_t *in, size_t bytes, size_t *at)
{
    if (bytes < 18) return ends_early();
    if (in[0] != 0x1f || in[1] != 0x8b || in[2] != 8 || in[3] & 0xe0)
        return err_set(ERR_FORMAT, "inflate: no gzip header: %02x %02x %02x %02x", in[0], in[1],
                       in[2], in[3]);
    size_t n = 10;
    if (in[3] & 4) n += 2 + (size_t)(in[10] | in[11] << 8);  // extra field
    for (int flag = 8; flag <= 16; flag *= 2) {              // name, comment: up to a byte 0
        if (!(in[3] & flag)) continue;
        while (n < bytes && in[n]) n++;
        n++;
    }
    if (in[3] & 2) n += 2;                                   // CRC of the header
    if (n >= bytes) return ends_early();
    *at = n;
    return OK;
}

typedef struct { uint8_t *data; size_t size, room, max; } Buffer;

static Status grow_buffer(Buffer *b)
{
    size_t room = b->room < b->max / 2 ? 2 * b->room : b->max;
    uint8_t *data = realloc(b->data, room + 1);
    if (!data) return err_memory("inflate");
    b->data = data;
    b->room = room;
    return OK;
}

// Unpacks into the free part of the buffer. If that was too small, starts over with twice the room.
static Status gzip_stream(Buffer *b, const uint8_t *in, size_t bytes, size_t *used, size_t *made)
{
    for (;;) {
        Bits bits = { .in = in, .end = in + bytes };
        Sink s = { b->data + b->size, b->data + b->size, b->data + b->room, false };
        Status status = inflate(&bits, &s);
        *used = (size_t)(bits.in - in);
        *made = (size_t)(s.out - s.start);
        if (!s.full) return status;
        if (b->room >= b->max)
            return err_set(ERR_FORMAT, "inflate: more than %zu bytes come out", b->max);
        TRY(grow_buffer(b));
    }
}

static Status gzip_member(Buffer *b, const uint8_t *in, size_t bytes, size_t *used)
{
    size_t at = 0, took = 0, made = 0;
    TRY(gzip_header(in, bytes, &at));
    TRY(gzip_stream(b, in + at, bytes - at, &took, &made));
    at += took;
    if (bytes - at < 8) return ends_early();
    if (crc32_of(0, b->data + b->size, made) != load32(in + at) ||
        (made & 0xffffffff) != load32(in + at + 4))
        return err_set(ERR_FORMAT, "inflate: CRC-32 or length of the gzip file does not fit");
    b->size += made;
    *used = at + 8;
    return OK;
}

// A gzip file ends with its length, so a file of one member is unpacked once. The length may lie:
// the first guess is at most what deflate can make of the bytes there are.
static size_t gzip_guess(const uint8_t *in, size_t bytes, size_t max)
{
    size_t guess = bytes >= 18 ? load32(in + bytes - 4) : 0;
    if (bytes < SIZE_MAX / 1100 && guess > bytes * 1100) guess = bytes * 1100;
    if (guess < 512) guess = 512;
    return guess < max ? guess : max;
}

static Status gzip_members(Buffer *b, const uint8_t *in, size_t bytes)
{
    size_t used = 0;
    do {
        TRY(gzip_member(b, in, bytes, &used));
        in += used;
        bytes -= used;
        while (bytes > 0 && *in == 0) in++, bytes--;         // tapes are padded with zeros
    } while (bytes > 0);
    return OK;
}

Status inflate_gzip(uint8_t **out, size_t *size, size_t max, const uint8_t *in, size_t bytes)
{
    *out = NULL;
    *size = 0;
    if (max >= SIZE_MAX / 2) max = SIZE_MAX / 2;
    Buffer b = { NULL, 0, gzip_guess(in, bytes, max), max };
    if (!(b.data = malloc(b.room + 1))) return err_memory("inflate");
    Status status = gzip_members(&b, in, bytes);
    if (status != OK) {
        free(b.data);
        return status;
    }
    b.data[b.size] = 0;
    *out = b.data;
    *size = b.size;
    return OK;
}

// ---- CRC-32 -------------------------------------------------------------------------------------

// crc_table[k][x]: the remainder of byte x followed by k zero bytes, so that sixteen bytes are
// looked up at once.
static uint32_t crc_table[16][256];

static void crc_fill(void)
{
    for (uint32_t x = 0; x < 256; x++) {
        uint32_t r = x;
        for (int i = 0; i < 8; i++) r = r >> 1 ^ (r & 1 ? 0xedb88320u : 0);
        crc_table[0][x] = r;
    }
    for (int k = 1; k < 16; k++)
        for (int x = 0; x < 256; x++) {
            uint32_t r = crc_table[k - 1][x];
            crc_table[k][x] = r >> 8 ^ crc_table[0][r & 255];
        }
}

uint32_t crc32_of(uint32_t crc, const void *data, size_t bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, crc_fill);
    const uint8_t *p = data;
    crc = ~crc;
    for (; bytes >= 16; p += 16, bytes -= 16) {
        uint64_t x = load64(p) ^ crc, y = load64(p + 8);
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= crc_table[15 - k][x >> 8 * k & 255] ^ crc_table[7 - k][y >> 8 * k & 255];
    }
    for (; bytes > 0; bytes--) crc = crc >> 8 ^ crc_table[0][(crc ^ *p++) & 255];
    return ~crc;
}

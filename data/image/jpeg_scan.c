// jpeg_scan.c - entropy-coded data: Huffman codes to coefficients, sequential and progressive
// (ITU T.81, F.2 and G.2).
#include <stdlib.h>
#include <string.h>

#include "data/image/jpeg_work.h"

const uint8_t jpeg_zigzag[64 + 15] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};

// ---- bits ---------------------------------------------------------------------------------------
// 0xFF in the data is followed by 0; followed by anything else it is a marker, and the data ends.
// Behind the end come zeros, and n falls below 0 once they are consumed.

static void refill_by_bytes(JpegBits *b)
{
    while (b->n <= 56) {
        if (b->at >= b->end || (*b->at == 0xFF && (b->end - b->at < 2 || b->at[1] != 0)))
            b->stopped = true;
        if (b->stopped) return;
        b->bits |= (uint64_t)*b->at << (56 - b->n);
        b->at += *b->at == 0xFF ? 2 : 1;
        b->n += 8;
    }
}

static uint64_t big_endian(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40
           | (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16
           | (uint64_t)p[6] << 8 | p[7];
}

// Fills up to at least 56 bits, if the data has as many. Eight bytes without a 0xFF are read at
// once; some bits of the last byte may lie beyond n, where the next call writes the same bits
// again.
static inline void refill(JpegBits *b)
{
    const uint64_t ones = 0x0101010101010101, tops = ones << 7;
    if (b->end - b->at >= 8) {
        uint64_t x = big_endian(b->at);
        if (((~x - ones) & x & tops) == 0) {
            b->bits |= x >> b->n;
            b->at += (63 - b->n) / 8;
            b->n |= 56;
            return;
        }
    }
    JpegBits copy = *b;                      // so that *b can stay in registers
    refill_by_bytes(&copy);
    *b = copy;
}

static inline void need(JpegBits *b, int n)  // n up to 56
{
    if (b->n < n) refill(b);
}

static inline uint32_t peek(const JpegBits *b, int n)
{
    return (uint32_t)(b->bits >> (64 - n));
}

static inline void skip(JpegBits *b, int n)
{
    b->bits <<= n;
    b->n -= n;
}

static int take(JpegBits *b, int n)          // n of 1..16
{
    need(b, n);
    int x = (int)peek(b, n);
    skip(b, n);
    return x;
}

// ---- Huffman codes ------------------------------------------------------------------------------

// A table entry: the symbol (run << 4 | size) in the upper bits; in the lower eight, the length of
// the code plus the `size` bits of the value that follows it. 0: no code.
static inline uint32_t entry(int length, int symbol)
{
    return (uint32_t)symbol << 8 | (uint32_t)(length + (symbol & 15));
}

static inline int bits_of(uint32_t e) { return e & 255; }
static inline int size_of(uint32_t e) { return e >> 8 & 15; }

Status jpeg_huffman(JpegHuffman *t, const uint8_t counts[16], const uint8_t *symbols, int n)
{
    uint32_t code = 0;
    int at = 0;
    memset(t, 0, sizeof *t);
    memcpy(t->symbol, symbols, (size_t)n);
    for (int length = 1; length <= 16; length++, code <<= 1) {
        t->offset[length] = at - (int)code;
        for (int i = 0; i < counts[length - 1]; i++, code++, at++) {
            if (code >> length) return err_set(ERR_FORMAT, "jpeg: a Huffman table is over-full");
            if (length > JPEG_FAST) continue;
            uint32_t first = code << (JPEG_FAST - length), many = 1u << (JPEG_FAST - length);
            for (uint32_t k = 0; k < many; k++)
                t->fast[first + k] = (uint16_t)entry(length, symbols[at]);
        }
        t->limit[length] = code << (16 - length);
    }
    t->limit[17] = UINT32_MAX;
    t->defined = true;
    return OK;
}

static uint32_t long_code(const JpegBits *b, const JpegHuffman *t)
{
    uint32_t code = peek(b, 16);
    int length = JPEG_FAST + 1;
    while (code >= t->limit[length]) length++;
    if (length > 16) return 0;
    return entry(length, t->symbol[((int)(code >> (16 - length)) + t->offset[length]) & 255]);
}

// The entry of the next code, which is not consumed; 16 bits must be available.
static inline uint32_t code_there(const JpegBits *b, const JpegHuffman *t)
{
    uint32_t e = t->fast[peek(b, JPEG_FAST)];
    return e ? e : long_code(b, t);
}

// The value behind the code e; 0 where it has no bits. The first bit is the sign (T.81, F.2.2.1,
// EXTEND). No branch: half of them would be mispredicted.
static inline int value_there(const JpegBits *b, uint32_t e)
{
    int most = (1 << size_of(e)) - 1, x = (int)peek(b, bits_of(e)) & most;
    return x - (x <= most >> 1 ? most : 0);
}

// The next symbol alone, or -1 when no code fits.
static int symbol(JpegBits *b, const JpegHuffman *t)
{
    need(b, 16);
    uint32_t e = code_there(b, t);
    if (e == 0) return -1;
    skip(b, bits_of(e) - size_of(e));
    return (int)(e >> 8);
}

// ---- blocks -------------------------------------------------------------------------------------

typedef struct {
    JpegBits bits;
    int run;                                 // blocks that end here, too: progressive AC scans
} Reader;

// The DC difference; false when the code is none of the table's.
static inline bool dc_value(JpegBits *b, const Jpeg *j, JpegComponent *c)
{
    refill(b);
    uint32_t e = code_there(b, &j->dc[c->dc_table]);
    if (e == 0) return false;
    c->dc = (int16_t)(c->dc + value_there(b, e));
    skip(b, bits_of(e));
    return true;
}

// Reads one coefficient, at place *k or behind a run of zeros, and advances *k; 31 bits must be
// available. False when the block ends: *k is then behind the last coefficient, or -1 when the code
// is not in the table.
static inline bool coefficient(JpegBits *b, const JpegHuffman *ac, int16_t *block, int *k)
{
    uint32_t e = code_there(b, ac);
    int run = (int)(e >> 12);
    if (size_of(e) == 0 && run < 15) {
        if (e == 0) *k = -1;
        skip(b, bits_of(e));
        return false;
    }
    *k += run;
    block[jpeg_zigzag[(*k)++]] = (int16_t)value_there(b, e);     // of a run alone: another zero
    skip(b, bits_of(e));
    return *k < 64;
}

// A whole block into block[65]. Returns the place behind the last coefficient in zigzag order; more
// than 64 when a run leads beyond the block, -1 when a code is not in the table. Before the first
// of two coefficients an unconditional refill is cheaper than a test whether it is due, which would
// be mispredicted half of the time; before the second it is rarely due, and the test is cheap.
static int sequential(Reader *r, const Jpeg *j, JpegComponent *c, int16_t *block)
{
    const JpegHuffman *ac = &j->ac[c->ac_table];
    JpegBits b = r->bits;
    if (!dc_value(&b, j, c)) return -1;
    block[0] = (int16_t)c->dc;
    int k = 1;
    do {
        refill(&b);
        if (!coefficient(&b, ac, block, &k)) break;
        need(&b, 31);
    } while (coefficient(&b, ac, block, &k));
    r->bits = b;
    return k;
}

static bool dc_first(Reader *r, const Jpeg *j, JpegComponent *c, const JpegScan *s, int16_t *block)
{
    if (!dc_value(&r->bits, j, c)) return false;
    block[0] = (int16_t)((unsigned)c->dc << s->low);
    return true;
}

static bool dc_refine(Reader *r, const JpegScan *s, int16_t *block)
{
    if (take(&r->bits, 1)) block[0] = (int16_t)(block[0] | 1 << s->low);
    return true;
}

// A run of blocks whose remaining coefficients are all zero: its length beyond this block.
static int end_of_band(Reader *r, int size)
{
    return (1 << size) - 1 + (size ? take(&r->bits, size) : 0);
}

static bool ac_first(Reader *r, const JpegHuffman *ac, const JpegScan *s, int16_t *block)
{
    if (r->run > 0) {
        r->run--;
        return true;
    }
    for (int k = s->from; k <= s->to; k++) {
        need(&r->bits, 31);
        uint32_t e = code_there(&r->bits, ac);
        if (e == 0) return false;
        int zeros = (int)(e >> 12), value = value_there(&r->bits, e);
        skip(&r->bits, bits_of(e));
        if (size_of(e) == 0 && zeros < 15) {
            r->run = end_of_band(r, zeros);
            break;
        }
        k += zeros;
        if (k > 63) return false;
        if (size_of(e)) block[jpeg_zigzag[k]] = (int16_t)((unsigned)value << s->low);
    }
    return true;
}

// One more bit for a coefficient that is there already.
static void refine(Reader *r, int16_t *x, int bit)
{
    if (take(&r->bits, 1) && !(*x & bit)) *x = (int16_t)(*x > 0 ? *x + bit : *x - bit);
}

// Refines the nonzero coefficients from place k on and skips `zeros` zero ones. Returns where it
// stopped: at the next zero coefficient, or behind the band.
static int refine_until(Reader *r, const JpegScan *s, int16_t *block, int k, int zeros)
{
    for (; k <= s->to; k++) {
        int16_t *x = &block[jpeg_zigzag[k]];
        if (*x) refine(r, x, 1 << s->low);
        else if (zeros-- == 0) break;
    }
    return k;
}

static bool ac_refine(Reader *r, const JpegHuffman *ac, const JpegScan *s, int16_t *block)
{
    int k = s->from;
    while (r->run == 0 && k <= s->to) {
        int rs = symbol(&r->bits, ac), size = rs & 15, zeros = rs >> 4, value = 0;
        if (rs < 0 || size > 1) return false;
        if (size) value = take(&r->bits, 1) ? 1 << s->low : -(1 << s->low);
        else if (zeros < 15) {
            r->run = end_of_band(r, zeros) + 1;
            break;
        }
        k = refine_until(r, s, block, k, zeros);
        if (value && k <= s->to) block[jpeg_zigzag[k]] = (int16_t)value;
        k++;
    }
    if (r->run > 0) {
        refine_until(r, s, block, k, 64);
        r->run--;
    }
    return true;
}

// ---- the scan -----------------------------------------------------------------------------------

static bool block_at(Reader *r, Jpeg *j, const JpegScan *s, JpegComponent *c, int x, int y)
{
    if (!j->progressive) {
        int16_t block[65];
        memset(block, 0, 64);                // for 128 at once gcc emits a slow string instruction
        memset(block + 32, 0, 64);
        int stride = 8 * c->blocks_x, n = sequential(r, j, c, block);
        uint8_t *out = c->plane + (int64_t)8 * y * stride + 8 * x;
        if (n < 0 || n > 64) return false;
        if (n == 1) jpeg_flat(out, stride, block[0], c->quant[0]);
        else jpeg_idct(out, stride, block, c->quant);
        return true;
    }
    int16_t *block = c->coef + ((int64_t)y * c->blocks_x + x) * 64;
    if (s->from == 0) return s->high ? dc_refine(r, s, block) : dc_first(r, j, c, s, block);
    const JpegHuffman *ac = &j->ac[c->ac_table];
    return s->high ? ac_refine(r, ac, s, block) : ac_first(r, ac, s, block);
}

// MCU number m: one block of a lone component, else h x v blocks of each.
static bool mcu(Reader *r, Jpeg *j, const JpegScan *s, int64_t m, int across)
{
    int mx = (int)(m % across), my = (int)(m / across);
    if (s->n == 1) return block_at(r, j, s, s->component[0], mx, my);
    for (int i = 0; i < s->n; i++) {
        JpegComponent *c = s->component[i];
        for (int y = 0; y < c->v; y++)
            for (int x = 0; x < c->h; x++)
                if (!block_at(r, j, s, c, mx * c->h + x, my * c->v + y)) return false;
    }
    return true;
}

static void reset(Reader *r, const JpegScan *s)
{
    r->bits = (JpegBits){ .at = r->bits.at, .end = r->bits.end };
    r->run = 0;
    for (int i = 0; i < s->n; i++) s->component[i]->dc = 0;
}

static Status restart(Reader *r, const JpegScan *s, int number)
{
    JpegBits *b = &r->bits;
    refill(b);                               // drops the unused bits of the last byte
    while (b->end - b->at >= 2 && b->at[0] == 0xFF && b->at[1] == 0xFF) b->at++;
    if (b->end - b->at < 2 || b->at[0] != 0xFF || b->at[1] != 0xD0 + number)
        return err_set(ERR_FORMAT, "jpeg: restart marker %d is not where it should be", number);
    b->at += 2;
    reset(r, s);
    return OK;
}

Status jpeg_scan(Jpeg *j, const JpegScan *s)
{
    const JpegComponent *c = s->component[0];
    int across = s->n == 1 ? (c->width + 7) / 8 : j->mcus_x;
    int down = s->n == 1 ? (c->height + 7) / 8 : j->mcus_y;
    int64_t count = (int64_t)across * down;
    Reader r = { .bits = { .at = j->at, .end = j->end } };
    reset(&r, s);
    for (int64_t m = 0; m < count; m++) {
        if (j->restart && m && m % j->restart == 0)
            TRY(restart(&r, s, (int)((m / j->restart - 1) % 8)));
        if (!mcu(&r, j, s, m, across) || r.bits.n < 0)
            return err_set(ERR_FORMAT, "jpeg: %s in scan %d, unit %lld of %lld",
                           r.bits.n < 0 ? "truncated" : "a code that is not in its table", j->scans,
                           (long long)m, (long long)count);
    }
    j->at = r.bits.at;
    j->followed = r.bits.n >= 8;               // bytes that were read ahead
    for (const uint8_t *p = j->at; p < j->end && !j->followed; p++) j->followed = *p != 0xFF;
    return OK;
}

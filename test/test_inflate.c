// test_inflate.c - deflate, zlib, gzip and CRC-32 against streams made by zlib, and streams that
// lie.
#include "tensor/base/file.h"
#include "tensor/base/inflate.h"
#include "test/test.h"

static const char *const squares =
    "5d92310e43310843afc20132044848729c4aedd0b1ad7affe23fe18e41c87e36e9f2797d6fefc75d9e1fe94db4be"
    "b589d5f768e2f57d9a0cda8f26b30e6c36893af0dc5824991abb0e224d4e1deca4d04e361da04c6ad822581da9a4"
    "ce7ce9a68c7c9248191ad41a9c035b046e1b5a84ee06c7c379d121d10fd01bd18f812dae7aa79611fdb47434a29f"
    "2bb98ce803f446f4716d11fdbab4887e5d8e5c3db89ce80fe89de80f323a77df518573f91d8d39b7af28d6279f12"
    "093c788633394550c7357dffdd1cbe144227fec60f";

static size_t from_hex(uint8_t *out, const char *hex)
{
    size_t n = 0;
    for (unsigned byte = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2) out[n++] = (uint8_t)byte;
    return n;
}

// Writes bits as deflate packs them; a Huffman code goes in from its highest bit.
typedef struct { uint8_t data[512]; unsigned bits; } Writer;

static void put(Writer *w, unsigned value, unsigned n)
{
    for (; n > 0; n--, value >>= 1, w->bits++)
        if (value & 1) w->data[w->bits / 8] |= (uint8_t)(1u << w->bits % 8);
}

static void put_code(Writer *w, unsigned code, unsigned n)
{
    while (n-- > 0) put(w, code >> n, 1);
}

static Status unpack(const Writer *w, size_t *written)
{
    uint8_t out[2000];
    return inflate_raw(out, sizeof out, written, w->data, (w->bits + 7) / 8, NULL);
}

static void streams(void)
{
    static const struct { const char *hex, *text; } known[] = {
        { "cb48cdc9c957c8402701", "hello hello hello hello" },
        { "010000ffff", "" },
        { "010600f9ff73746f726564", "stored" },
        { "0300", "" },
    };
    uint8_t in[1000], out[1000];
    for (int i = 0; i < 4; i++) {
        size_t n = from_hex(in, known[i].hex), made, used;
        in[n] = 0x77;
        CHECK_OK(inflate_raw(out, sizeof out, &made, in, n + 1, &used));
        CHECK(made == strlen(known[i].text) && !memcmp(out, known[i].text, made), "%d", i);
        CHECK(used == n, "stream %d used %zu of %zu", i, used, n);
    }
    size_t n = from_hex(in, squares), made;
    CHECK_OK(inflate_raw(out, 744, &made, in, n, NULL));
    CHECK(made == 744 && crc32_of(0, out, made) == 3220951034u, "%zu bytes", made);
    CHECK_OK(inflate_raw(NULL, 0, &made, (const uint8_t *)"\3", 2, NULL));
}

static void golden_files(void)
{
    static const struct { const char *path; size_t size; uint32_t crc; } files[] = {
        { "test/golden/weights/long_codes.z", 17710, 1658668452u },
        { "test/golden/weights/matches.z", 60058, 660769796u },
    };
    for (int i = 0; i < 2; i++) {
        FileMap map;
        if (!CHECK_OK(file_map(&map, files[i].path))) return;
        uint8_t *out = malloc(files[i].size);    // exact: asan sees a byte too many
        size_t made = 0, used = 0;
        CHECK_OK(inflate_zlib(out, files[i].size, &made, map.data, map.size, &used));
        CHECK(made == files[i].size && used == map.size, "made %zu, used %zu", made, used);
        CHECK(crc32_of(0, out, made) == files[i].crc, "%s: other bytes", files[i].path);
        CHECK_STATUS(inflate_zlib(out, files[i].size - 1, NULL, map.data, map.size, NULL),
                     ERR_FORMAT, "more than");
        free(out);
        file_unmap(&map);
    }
}

static void truncated_anywhere(void)
{
    uint8_t in[1000], out[1000];
    size_t n = from_hex(in, squares);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut + (cut == 0));
        memcpy(exact, in, cut);
        CHECK_STATUS(inflate_raw(out, sizeof out, NULL, exact, cut, NULL), ERR_FORMAT,
                     "ends early");
        free(exact);
    }
    for (size_t room = 0; room < 744; room++)
        CHECK_STATUS(inflate_raw(out, room, NULL, in, n, NULL), ERR_FORMAT, "more than");
}

// Whatever is changed, a zlib stream gives an error and never other bytes.
static void flipped_bits(void)
{
    FileMap map;
    if (!CHECK_OK(file_map(&map, "test/golden/weights/matches.z"))) return;
    uint8_t *in = malloc(map.size), *out = malloc(60058), *want = malloc(60058);
    size_t made = 0;
    CHECK_OK(inflate_zlib(want, 60058, &made, map.data, map.size, NULL));
    for (size_t bit = 0; bit < 8 * map.size; bit += 3) {
        memcpy(in, map.data, map.size);
        in[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (inflate_zlib(out, 60058, &made, in, map.size, NULL) == OK)
            CHECK(made == 60058 && !memcmp(out, want, made), "bit %zu went unseen", bit);
    }
    free(in);
    free(out);
    free(want);
    file_unmap(&map);
}

// ---- streams that lie ---------------------------------------------------------------------------

// The head of a block with its own codes: the lengths of the code for lengths, in deflate's order
// 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15.
static Writer own_codes(unsigned lits, unsigned dists, const char *lengths)
{
    Writer w = { .bits = 0 };
    put(&w, 1, 1);
    put(&w, 2, 2);
    put(&w, lits - 257, 5);
    put(&w, dists - 1, 5);
    put(&w, (unsigned)strlen(lengths) - 4, 4);
    for (; *lengths; lengths++) put(&w, (unsigned)*lengths - '0', 3);
    return w;
}

// With 18 as `0` and 1 as `1`: runs of zeros, and symbols of one bit.
static const char *const zeros_and_ones = "001000000000000001";

static void zeros(Writer *w, unsigned n)
{
    put_code(w, 1, 1);
    put(w, n - 11, 7);
}

static void bad_codes(void)
{
    Writer w = own_codes(257, 1, "1110");
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "length code is over-subscribed");
    w = own_codes(257, 1, "2000");
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "length code is incomplete");
    w = own_codes(286, 31, "1100");
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "286 lengths, 31 distances");
    w = own_codes(287, 1, "1100");
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "287 lengths");
    w = own_codes(257, 1, "1100");
    put(&w, 0, 16);
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "nothing to repeat");
    w = own_codes(257, 1, zeros_and_ones);
    zeros(&w, 138);
    zeros(&w, 138);
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "too many code lengths");
    w = own_codes(257, 1, zeros_and_ones);
    zeros(&w, 138);
    zeros(&w, 120);
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "without an end");
}

// A literal code of `ones` codes of one bit, 256 among them, and one distance of one bit.
static Writer short_code(unsigned ones)
{
    Writer w = own_codes(257, 1, zeros_and_ones);
    for (unsigned i = 1; i < ones; i++) put_code(&w, 0, 1);
    zeros(&w, 138);
    zeros(&w, 118 - (ones - 1));
    put_code(&w, 0, 1);                          // 256
    put_code(&w, 0, 1);
    return w;
}

static void one_bit_codes(void)
{
    size_t made = 9;
    Writer w = short_code(1);
    put_code(&w, 0, 1);
    CHECK_OK(unpack(&w, &made));
    CHECK(made == 0, "an empty block made %zu", made);
    w = short_code(1);
    put_code(&w, 1, 1);                          // the code that does not exist
    w.bits += 8;
    CHECK_STATUS(unpack(&w, &made), ERR_FORMAT, "not a symbol");
    w = short_code(3);
    CHECK_STATUS(unpack(&w, &made), ERR_FORMAT, "literal code is over-subscribed");
}

static void put_fixed(Writer *w, bool last, char byte)
{
    put(w, last, 1);
    put(w, 1, 2);
    put_code(w, 0x30 + (unsigned)byte, 8);
    put_code(w, 0, 7);
}

// Fixed codes before and behind a block with its own, and twice.
static void fixed_again(void)
{
    Writer own = short_code(1), all = { .bits = 0 };
    uint8_t out[9];
    size_t made = 0;
    put_fixed(&all, false, 'a');
    for (unsigned i = 0; i < own.bits; i++) put(&all, i > 0 && own.data[i / 8] >> i % 8 & 1, 1);
    put_code(&all, 0, 1);
    put_fixed(&all, false, 'b');
    put_fixed(&all, true, 'c');
    CHECK_OK(inflate_raw(out, sizeof out, &made, all.data, (all.bits + 7) / 8, NULL));
    CHECK(made == 3 && !memcmp(out, "abc", 3), "%zu bytes", made);
}

static void bad_symbols(void)
{
    Writer fixed = { .bits = 0 };
    put(&fixed, 1, 1);
    put(&fixed, 1, 2);
    Writer w = fixed;
    put_code(&w, 1, 7);                          // length 3
    put_code(&w, 0, 5);                          // distance 1, before anything came out
    w.bits += 32;
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "distance 1 after 0 bytes");
    w = fixed;
    put_code(&w, 0x30 + 'x', 8);
    put_code(&w, 1, 7);
    put_code(&w, 30, 5);
    w.bits += 32;
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "not a distance");
    w = fixed;
    put_code(&w, 0xc0 + 6, 8);                   // 286
    w.bits += 32;
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "not a symbol");
    w = (Writer){ { 7 }, 8 };
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "block type 3");
    w = (Writer){ { 1, 2, 0, 0xff, 0xff, 0, 0 }, 56 };
    CHECK_STATUS(unpack(&w, NULL), ERR_FORMAT, "bad length of a stored block");
}

// ---- containers ---------------------------------------------------------------------------------

static void zlib_headers(void)
{
    uint8_t in[] = { 0x78, 0x9c, 3, 0, 0, 0, 0, 1 }, out[4];
    CHECK_OK(inflate_zlib(out, 4, NULL, in, sizeof in, NULL));
    in[7] = 2;
    CHECK_STATUS(inflate_zlib(out, 4, NULL, in, sizeof in, NULL), ERR_FORMAT, "Adler-32");
    CHECK_STATUS(inflate_zlib(out, 4, NULL, in, 7, NULL), ERR_FORMAT, "ends early");
    in[1] = 0x9d;
    CHECK_STATUS(inflate_zlib(out, 4, NULL, in, sizeof in, NULL), ERR_FORMAT, "no zlib header");
    in[1] = 0xbb;
    CHECK_STATUS(inflate_zlib(out, 4, NULL, in, sizeof in, NULL), ERR_UNSUPPORTED, "dictionary");
}

// All of the bytes come though the checksum or what ends the block is cut off, or the stream goes
// on; a wrong checksum is an error where the stream ends, and is not looked for where it goes on.
static void zlib_first(void)
{
    static const struct { const char *hex, *text; size_t needed; } known[] = {
        { "7801010600f9ff73746f726564093c0292", "stored", 13 },
        { "78da4b4c4a4e494d4bcf00000e000325", "abcdefgh", 11 },
        { "78dacb48cdc9c957c8402701680308b1", "hello hello hello hello", 12 },
    };
    uint8_t in[50], out[50];
    for (int i = 0; i < 3; i++) {
        const char *text = known[i].text;
        size_t n = from_hex(in, known[i].hex), size = strlen(text);
        for (size_t cut = 0; cut <= n; cut++) {
            memset(out, 'x', sizeof out);
            Status status = inflate_zlib_first(out, size, in, cut);
            CHECK((status == OK) == (cut >= known[i].needed), "%s: %zu of %zu bytes", text, cut, n);
            CHECK(status != OK || !memcmp(out, text, size), "%s: other bytes", text);
        }
        CHECK_STATUS(inflate_zlib_first(out, size + 1, in, n), ERR_FORMAT, "bytes come out, not");
        in[n - 1] ^= 1;
        CHECK_STATUS(inflate_zlib_first(out, size, in, n), ERR_FORMAT, "Adler-32");
        memset(out, 'x', sizeof out);
        CHECK_OK(inflate_zlib_first(out, size - 2, in, n));
        CHECK(!memcmp(out, text, size - 2), "%s: the first bytes", text);
    }
    from_hex(in, known[0].hex);
    CHECK_OK(inflate_zlib_first(out, 5, in, known[0].needed - 1));
}

static void gzip_members(void)
{
    uint8_t in[300], *out = NULL;
    size_t size = 0, n = from_hex(in, "1f8b081e000000000000030061626366696c65006e6f74650080dc"
                                      "cb4bcc4d4d010087cce07105000000");
    for (size_t cut = 0; cut < n; cut++)
        CHECK_STATUS(inflate_gzip(&out, &size, 100, in, cut), ERR_FORMAT, "inflate:");
    memcpy(in + n, in, n);
    memset(in + 2 * n, 0, 5);
    CHECK_OK(inflate_gzip(&out, &size, 100, in, 2 * n + 5));
    CHECK(size == 10 && out && !memcmp(out, "namednamed", 11), "two members, %zu bytes", size);
    free(out);
    CHECK_STATUS(inflate_gzip(&out, &size, 9, in, 2 * n), ERR_FORMAT, "more than 9 bytes");
    CHECK_STATUS(inflate_gzip(&out, &size, 9, in + 1, 2 * n - 1), ERR_FORMAT, "no gzip header");
    in[n - 1] = 0xff;                            // a length of 4 GB
    CHECK_STATUS(inflate_gzip(&out, &size, SIZE_MAX, in, n), ERR_FORMAT, "does not fit");
    in[2 * n] = 'x';
    in[n - 1] = 0;
    CHECK_STATUS(inflate_gzip(&out, &size, 100, in, 2 * n + 1), ERR_FORMAT, "ends early");
    CHECK(out == NULL, "something is left");
}

// A megabyte from a kilobyte, with a length at the end that says 1: the buffer has to grow.
static void gzip_grows(void)
{
    static uint8_t in[5000];
    Writer w = { .bits = 0 };
    put(&w, 1, 1);
    put(&w, 1, 2);
    put_code(&w, 0x30, 8);
    memcpy(in, "\x1f\x8b\x08\0\0\0\0\0\0", 9);
    unsigned bits = w.bits, size = 1;
    memcpy(in + 10, w.data, 2);
    for (; bits + 64 < 8 * 1800; size += 258, bits += 13)    // 285: 11000101, distance 1: 00000
        for (unsigned i = 0, at = bits; i < 8; i++, at++)
            in[10 + at / 8] |= (uint8_t)((0xc5 >> (7 - i) & 1) << at % 8);
    unsigned end = 10 + (bits + 7 + 7) / 8;
    uint8_t *zero = calloc(size, 1), *out = NULL;
    uint32_t crc = crc32_of(0, zero, size);
    for (unsigned i = 0; i < 4; i++) in[end + i] = (uint8_t)(crc >> 8 * i);
    for (unsigned i = 0; i < 4; i++) in[end + 4 + i] = (uint8_t)(size >> 8 * i);
    size_t made = 0;
    CHECK_OK(inflate_gzip(&out, &made, 1 << 20, in, end + 8));
    CHECK(made == size && out && !memcmp(out, zero, size), "%zu bytes instead of %u", made, size);
    free(out);
    CHECK_STATUS(inflate_gzip(&out, &made, size - 1, in, end + 8), ERR_FORMAT, "more than");
    in[end + 4] = in[end + 5] = in[end + 6] = 0;
    CHECK_STATUS(inflate_gzip(&out, &made, 1 << 20, in, end + 8), ERR_FORMAT, "does not fit");
    free(zero);
}

static void merges_file(void)
{
    FileMap map;
    if (file_map(&map, "../shared/data/clip/bpe_simple_vocab_16e6.txt.gz") != OK) {
        test_skip("no ../shared/data");
        return;
    }
    uint8_t *out = NULL;
    size_t size = 0;
    CHECK_OK(inflate_gzip(&out, &size, 1 << 24, map.data, map.size));
    CHECK(size == 3194984 && crc32_of(0, out, size) == 3891366544u, "%zu bytes", size);
    free(out);
    file_unmap(&map);
}

static uint32_t crc_by_bits(const uint8_t *p, size_t bytes)
{
    uint32_t r = ~0u;
    for (size_t i = 0; i < 8 * bytes; i++) {
        if (i % 8 == 0) r ^= p[i / 8];
        r = r >> 1 ^ (r & 1 ? 0xedb88320u : 0);
    }
    return ~r;
}

static void crc(void)
{
    uint8_t data[100];
    for (int i = 0; i < 100; i++) data[i] = (uint8_t)(i * i);
    CHECK(crc32_of(0, "123456789", 9) == 0xcbf43926u, "the known answer");
    CHECK(crc32_of(0, NULL, 0) == 0, "of nothing");
    for (size_t n = 0; n <= 90; n++)
        CHECK(crc32_of(0, data + n % 7, n) == crc_by_bits(data + n % 7, n), "%zu bytes", n);
    uint32_t whole = crc32_of(0, data, 100);
    for (size_t cut = 0; cut <= 100; cut++)
        CHECK(crc32_of(crc32_of(0, data, cut), data + cut, 100 - cut) == whole, "cut at %zu", cut);
}

static const TestCase cases[] = {
    { "streams", streams },
    { "golden_files", golden_files },
    { "truncated_anywhere", truncated_anywhere },
    { "flipped_bits", flipped_bits },
    { "bad_codes", bad_codes },
    { "one_bit_codes", one_bit_codes },
    { "bad_symbols", bad_symbols },
    { "fixed_again", fixed_again },
    { "zlib_headers", zlib_headers },
    { "zlib_first", zlib_first },
    { "gzip_members", gzip_members },
    { "gzip_grows", gzip_grows },
    { "merges_file", merges_file },
    { "crc", crc },
};

int main(void)
{
    return test_main("inflate", cases, TEST_COUNT(cases));
}

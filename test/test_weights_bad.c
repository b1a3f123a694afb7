// test_weights_bad.c - files of weights that are cut, damaged or lie, each with the status and a
// word of the message it has to give. Built here, byte by byte; run it with asan.
#include <unistd.h>

#include "tensor/base/file.h"
#include "tensor/base/inflate.h"
#include "test/test.h"
#include "weights/weights.h"

#define GOLDEN "test/golden/weights/"

// ---- bytes --------------------------------------------------------------------------------------

typedef struct { uint8_t *data; size_t n, room; } Buf;

static void add(Buf *b, const void *data, size_t n)
{
    if (b->n + n > b->room) b->data = realloc(b->data, b->room = 2 * (b->n + n));
    if (n > 0) memcpy(b->data + b->n, data, n);
    b->n += n;
}

static void add_text(Buf *b, const char *text)
{
    add(b, text, strlen(text));
}

static void set(Buf *b, size_t at, uint64_t x, int bytes)
{
    for (int i = 0; i < bytes; i++) b->data[at + (size_t)i] = (uint8_t)(x >> 8 * i);
}

static void add_number(Buf *b, uint64_t x, int bytes)
{
    static const uint8_t zero[8];
    add(b, zero, (size_t)bytes);
    set(b, b->n - (size_t)bytes, x, bytes);
}

// From memory of exactly that size, so that asan sees a byte read too many. Nothing but the status
// is of interest; what was opened is closed.
static Status parse(const void *data, size_t n)
{
    Weights *w;
    uint8_t *exact = malloc(n + (n == 0));
    if (n > 0) memcpy(exact, data, n);
    Status status = weights_parse(&w, exact, n, "x");
    for (int64_t i = 0; status == OK && i < weights_count(w); i++) {
        const WeightsTensor *t = weights_at(w, i);
        float *f = malloc((size_t)weights_elements(t) * sizeof *f + 1);
        weights_to_f32(f, t);
        free(f);
    }
    weights_close(w);
    free(exact);
    return status;
}

static Status parse_buf(Buf *b)
{
    Status status = parse(b->data, b->n);
    free(b->data);
    *b = (Buf){ NULL, 0, 0 };
    return status;
}

static void truncated_anywhere(void)
{
    static const char *const files[] = { GOLDEN "types.safetensors", GOLDEN "script_deflated.pt",
                                         GOLDEN "state.pt", GOLDEN "script.pt" };
    for (int i = 0; i < 4; i++) {
        FileMap map;
        if (!CHECK_OK(file_map(&map, files[i]))) continue;
        for (size_t n = 0; n < map.size; n++)
            CHECK(parse(map.data, n) != OK, "%s: %zu of %zu bytes are fine", files[i], n, map.size);
        CHECK_OK(parse(map.data, map.size));
        file_unmap(&map);
    }
}

// Whatever a bit does, nothing may crash, leak or read beyond the file.
static void flipped_bits(void)
{
    static const char *const files[] = { GOLDEN "types.safetensors", GOLDEN "script_deflated.pt",
                                         GOLDEN "checkpoint.pt" };
    int refused = 0, all = 0;
    for (int i = 0; i < 3; i++) {
        FileMap map;
        if (!CHECK_OK(file_map(&map, files[i]))) continue;
        uint8_t *copy = malloc(map.size);
        for (size_t bit = 0; bit < 8 * map.size; bit += 5, all++) {
            memcpy(copy, map.data, map.size);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            refused += parse(copy, map.size) != OK;
        }
        free(copy);
        file_unmap(&map);
    }
    CHECK(refused > all / 4, "only %d of %d are refused", refused, all);
    test_note("%d of %d refused", refused, all);
}

static void other_files(void)
{
    CHECK_STATUS(parse("", 0), ERR_FORMAT, "neither safetensors nor a zip");
    CHECK_STATUS(parse("12345678", 8), ERR_FORMAT, "neither safetensors nor a zip");
    CHECK_STATUS(parse("version https://git-lfs.github.com/spec/v1\n", 43), ERR_UNSUPPORTED,
                 "git-lfs");
    CHECK_STATUS(parse("<!DOCTYPE html>", 15), ERR_UNSUPPORTED, "a web page");
    CHECK_STATUS(parse("GGUF\3\0\0\0", 8), ERR_UNSUPPORTED, "GGUF");
    CHECK_STATUS(parse("{\"a\": 1}", 8), ERR_FORMAT, "\"weight_map\" is missing");
}

// ---- safetensors that lie -----------------------------------------------------------------------

static Status safetensors(const char *header, size_t data)
{
    Buf b = { NULL, 0, 0 };
    add_number(&b, strlen(header), 8);
    add_text(&b, header);
    for (size_t i = 0; i < data; i++) add(&b, "x", 1);
    return parse_buf(&b);
}

#define T(shape, from, to) \
    "{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" from "," to "]}"

static void bad_safetensors(void)
{
    static const struct {
        const char *header;
        size_t data;
        Status status;
        const char *word;
    } bad[] = {
        { "{}", 0, ERR_FORMAT, "holds no tensors" },
        { "{\"a\":1}", 0, ERR_FORMAT, "a: 1 is not an object" },
        { "{\"a\":{}}", 0, ERR_FORMAT, "\"dtype\" is missing" },
        { "{\"a\":" T("2", "0", "8") "", 8, ERR_FORMAT, "json: x: line 1" },
        { "{\"a\":" T("2", "0", "8") "}", 7, ERR_FORMAT, "ends at byte 8 of 7" },
        { "{\"a\":" T("2", "0", "8") "}", 9, ERR_FORMAT, "1 bytes follow" },
        { "{\"a\":" T("3", "0", "8") "}", 8, ERR_FORMAT, "8 bytes where its shape asks for 12" },
        { "{\"a\":" T("2", "8", "16") "}", 16, ERR_FORMAT, "a hole before it" },
        { "{\"a\":" T("2", "0", "8") ",\"b\":" T("2", "12", "20") "}", 20, ERR_FORMAT, "a hole" },
        { "{\"a\":" T("2", "0", "8") ",\"b\":" T("2", "4", "12") "}", 12, ERR_FORMAT, "overlaps" },
        { "{\"a\":" T("2", "0", "8") ",\"b\":" T("2", "0", "8") "}", 8, ERR_FORMAT, "overlaps" },
        { "{\"a\":" T("2", "0", "8") ",\"a\":" T("2", "8", "16") "}", 16, ERR_FORMAT, "a: is" },
        { "{\"a\":" T("2", "8", "0") "}", 8, ERR_FORMAT, "data_offsets[1]: 0 is not" },
        { "{\"a\":" T("2", "-8", "0") "}", 8, ERR_FORMAT, "data_offsets[0]: -8 is not" },
        { "{\"a\":" T("-2", "0", "8") "}", 8, ERR_FORMAT, "shape[0]: -2" },
        { "{\"a\":" T("2.5", "0", "8") "}", 8, ERR_FORMAT, "shape[0]: 2.5" },
        { "{\"a\":" T("4611686018427387904,4", "0", "8") "}", 8, ERR_FORMAT, "x: a: " },
        { "{\"a\":" T("4294967296,4294967296", "0", "0") "}", 0, ERR_FORMAT, "x: a: " },
        { "{\"a\":" T("2", "0", "9223372036854775807") "}", 8, ERR_FORMAT, "4775807 of 8" },
        { "{\"a\":" T("2", "0", "9223372036854775808") "}", 8, ERR_FORMAT, "data_offsets[1]: " },
        { "{\"a\":" T("1,1,1,1,1,1,1,1,1", "0", "4") "}", 4, ERR_UNSUPPORTED, "9 dimensions" },
        { "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, ERR_UNSUPPORTED,
          "dtype F8_E4M3" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0]}}", 4, ERR_FORMAT, "two" },
        { "{\"__metadata__\":{\"k\":1},\"a\":" T("2", "0", "8") "}", 8, ERR_FORMAT,
          "__metadata__.k: 1 is not a string" },
        { "{\"__metadata__\":[],\"a\":" T("2", "0", "8") "}", 8, ERR_FORMAT, "is not an object" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_STATUS(safetensors(bad[i].header, bad[i].data), bad[i].status, bad[i].word);
    char name[2000] = "{\"", *end = name + 2;
    for (int i = 0; i < WEIGHTS_NAME; i++) *end++ = 'n';
    snprintf(end, 100, "\":%s}", T("2", "0", "8"));
    CHECK_STATUS(safetensors(name, 8), ERR_FORMAT, "a name of 1024 bytes");
    CHECK_OK(safetensors("{\"b\":" T("", "4", "8") ",\"e\":" T("0,9", "4", "4") ",\"a\":"
                         T("1", "0", "4") "}  \n ", 8));
    snprintf(name, sizeof name, "{\"a\":%-117s}", T("2", "0", "8"));
    CHECK_OK(safetensors(name, 8));            // its length, 123, is the byte '{'
}

static void bad_header_lengths(void)
{
    static const struct { uint64_t length; const char *word; } bad[] = {
        { (uint64_t)1 << 63, "a header of 9223372036854775808 bytes" },
        { UINT64_MAX, "a header of 18446744073709551615 bytes" },
        { 100000001, "a header of 100000001 bytes" }, { 100000000, "cut short" },
        { 3, "cut short" }, { 1, "json: x: line 1" }, { 0, "json: x: line 1" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Buf b = { NULL, 0, 0 };
        add_number(&b, bad[i].length, 8);
        add_text(&b, "{}");
        CHECK_STATUS(parse_buf(&b), ERR_FORMAT, bad[i].word);
    }
    enum { DEEP = 1000000 };
    char *deep = malloc(5 * DEEP + 1);
    for (int i = 0; i < DEEP; i++) memcpy(deep + 5 * i, "{\"a\":", 5);
    deep[5 * DEEP] = 0;
    CHECK_STATUS(safetensors(deep, 0), ERR_FORMAT, "64 brackets deep");
    free(deep);
}

static void bad_shards(void)
{
    char folder[] = "build/test_shards.XXXXXX", path[200], index[300];
    static const struct { const char *file; Status status; const char *word; } bad[] = {
        { "../golden.safetensors", ERR_FORMAT, "not a file beside it" },
        { "/etc/passwd", ERR_FORMAT, "not a file beside it" }, { "", ERR_FORMAT, "beside it" },
        { "..", ERR_FORMAT, "not a file beside it" }, { "missing", ERR_IO, "missing" },
        { "index.json", ERR_FORMAT, "does not start with a header" },      // itself
        { "one.safetensors", ERR_FORMAT, "name: is not in one.safetensors" },
    };
    if (!CHECK(mkdtemp(folder), "no folder")) return;
    WeightsOut *o;
    snprintf(path, sizeof path, "%s/one.safetensors", folder);
    if (CHECK_OK(weights_create(&o, path))) {
        weights_declare(o, "other", WEIGHTS_U8, 0, NULL);
        weights_write(o, "x", 1);
        CHECK_OK(weights_commit(o));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Weights *w;
        snprintf(path, sizeof path, "%s/index.json", folder);
        snprintf(index, sizeof index, "{\"weight_map\": {\"name\": \"%s\"}}", bad[i].file);
        CHECK_OK(file_save(path, index, strlen(index)));
        CHECK_STATUS(weights_open(&w, path), bad[i].status, bad[i].word);
    }
    folder_discard(folder);
}

// ---- zips that lie ------------------------------------------------------------------------------

typedef struct {
    const char *name;
    const void *data;
    size_t n;                // in the file
    int method;
    size_t bytes;            // unpacked
    uint32_t crc;
} Member;

static Member stored(const char *name, const void *data, size_t n)
{
    return (Member){ name, data, n, 0, n, crc32_of(0, data, n) };
}

// What a local header and an entry of the directory have in common.
static void add_fields(Buf *z, const Member *m)
{
    add_number(z, 0, 2);                         // flags
    add_number(z, (uint64_t)m->method, 2);
    add_number(z, 0, 4);                         // time
    add_number(z, m->crc, 4);
    add_number(z, m->n, 4);
    add_number(z, m->bytes, 4);
    add_number(z, strlen(m->name), 2);
    add_number(z, 0, 2);
}

// Returns where the directory starts, for tests to spoil.
static size_t add_zip(Buf *z, const Member *m, int count)
{
    size_t at[16] = { 0 };
    for (int i = 0; i < count; i++) {
        at[i] = z->n;
        add(z, "PK\3\4\24\0", 6);
        add_fields(z, &m[i]);
        add_text(z, m[i].name);
        add(z, m[i].data, m[i].n);
    }
    size_t directory = z->n;
    for (int i = 0; i < count; i++) {
        add(z, "PK\1\2\24\0\24\0", 8);
        add_fields(z, &m[i]);
        add(z, "\0\0\0\0\0\0\0\0\0\0", 10);
        add_number(z, at[i], 4);
        add_text(z, m[i].name);
    }
    size_t size = z->n - directory;
    add(z, "PK\5\6\0\0\0\0", 8);
    add_number(z, (uint64_t)count, 2);
    add_number(z, (uint64_t)count, 2);
    add_number(z, size, 4);
    add_number(z, directory, 4);
    add_number(z, 0, 2);
    return directory;
}

// {"t": tensor of 2 floats in data/0}
static const char pickled[] =
    "\x80\2}(X\1\0\0\0tctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"
    "X\1\0\0\0" "0X\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85\x89}tRu.";

static Status zip_with(const char *what, size_t at, uint64_t x, int bytes)
{
    Buf z = { NULL, 0, 0 };
    Member m[2] = { stored("a/data.pkl", pickled, sizeof pickled - 1),
                    stored("a/data/0", "\0\0\x80\x3f\0\0\0\x40", 8) };
    size_t directory = add_zip(&z, m, 2);
    size_t from = !strcmp(what, "end") ? z.n - 22 : !strcmp(what, "second") ? directory + 56
                : !strcmp(what, "local") ? 0 : directory;
    set(&z, from + at, x, bytes);
    return parse_buf(&z);
}

static void bad_zips(void)
{
    static const struct {
        const char *what;
        size_t at;
        uint64_t x;
        int bytes;
        Status status;
        const char *word;
    } bad[] = {
        { "end", 0, 0, 4, ERR_FORMAT, "no directory at its end" },
        { "end", 20, 1, 2, ERR_FORMAT, "no directory at its end" },
        { "end", 10, 3, 2, ERR_FORMAT, "a directory of 3 members" },
        { "end", 10, 65535, 2, ERR_FORMAT, "a directory of 65535 members" },
        { "end", 12, 0xffffffff, 4, ERR_FORMAT, "4294967295 bytes" },
        { "end", 16, 0xffffffff, 4, ERR_FORMAT, "at 4294967295" },
        { "end", 16, 5, 4, ERR_FORMAT, "directory entry 0 is damaged" },
        { "first", 0, 0, 4, ERR_FORMAT, "directory entry 0 is damaged" },
        { "first", 28, 0xffff, 2, ERR_FORMAT, "directory entry 0 is cut short" },
        { "first", 30, 1, 2, ERR_FORMAT, "directory entry 1 is damaged" },
        { "second", 32, 1, 2, ERR_FORMAT, "directory entry 1 is cut short" },
        { "first", 8, 1, 2, ERR_UNSUPPORTED, "a/data.pkl: is encrypted" },
        { "first", 10, 12, 2, ERR_UNSUPPORTED, "a/data.pkl: is packed by method 12" },
        { "first", 10, 8, 2, ERR_FORMAT, "a/data.pkl: inflate:" },
        { "first", 20, 0xfffffff0, 4, ERR_FORMAT, "cannot become" },
        { "first", 24, 5, 4, ERR_FORMAT, "cannot become 5" },
        { "second", 20, 0x10000000100, 8, ERR_FORMAT, "256 bytes reach beyond the members" },
        { "second", 20, 0xfffffff0fffffff0, 8, ERR_FORMAT, "4294967280 bytes reach beyond" },
        { "first", 42, 0xffffffff, 4, ERR_FORMAT, "no member at 4294967295" },
        { "first", 42, 1, 4, ERR_FORMAT, "no member at 1" },
        { "first", 16, 0, 4, ERR_FORMAT, "a/data.pkl: its CRC does not fit" },
        { "first", 46, 'b', 1, ERR_FORMAT, "another name in the directory" },
        { "first", 46, 0, 1, ERR_FORMAT, "a name with a byte 0" },
        { "local", 26, 0xffff, 2, ERR_FORMAT, "header is cut short" },
        { "local", 28, 20, 2, ERR_FORMAT, "overlap" },
        { "local", 0, 0, 4, ERR_FORMAT, "neither safetensors" },
    };
    CHECK_OK(zip_with("first", 0, 'P', 1));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_STATUS(zip_with(bad[i].what, bad[i].at, bad[i].x, bad[i].bytes), bad[i].status,
                     bad[i].word);
}

static void zip_members(void)
{
    Buf z = { NULL, 0, 0 };
    Member pkl = stored("a/data.pkl", pickled, sizeof pickled - 1);
    add_zip(&z, (Member[]){ pkl }, 1);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "t: no member data/0");
    add_zip(&z, (Member[]){ pkl, stored("a/data/0", "1234567", 7) }, 2);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "t: 2 elements in a member of 7 bytes");
    add_zip(&z, (Member[]){ pkl, pkl }, 2);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "a/data.pkl: is there twice");
    add_zip(&z, (Member[]){ stored("a/b/data.pkl", pickled, sizeof pickled - 1) }, 1);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "a zip without data.pkl");
    add_zip(&z, (Member[]){ pkl, stored("a/byteorder", "big", 3) }, 2);
    CHECK_STATUS(parse_buf(&z), ERR_UNSUPPORTED, "big-endian");
    add_zip(&z, (Member[]){ pkl, stored("a/byteorder", "little", 6),
                            stored("a/data/0", "12345678", 8) }, 3);
    CHECK_OK(parse_buf(&z));
    size_t directory = add_zip(&z, (Member[]){ pkl, pkl }, 2);   // two entries for one member
    set(&z, directory + 56 + 42, 0, 4);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "overlap");
}

// 200 KB that say they are 199 MB: possible for deflate, and more than is unpacked from such a
// file.
static void zip_bomb(void)
{
    enum { N = 200000 };
    uint8_t *zeros = calloc(N, 1);
    Member m[2] = { stored("a/data.pkl", pickled, sizeof pickled - 1),
                    { "a/data/0", zeros, N, 8, 190 << 20, 0 } };
    Buf z = { NULL, 0, 0 };
    add_zip(&z, m, 2);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "more than 64 MiB and 20 times its size");
    m[1].bytes = 300 << 20;
    add_zip(&z, m, 2);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "200000 bytes cannot become 314572800");
    m[1].bytes = 8;
    add_zip(&z, m, 2);
    CHECK_STATUS(parse_buf(&z), ERR_FORMAT, "a/data/0: inflate:");
    free(zeros);
}

// The zip64 records that PyTorch writes, with lies in them.
static void zip64(void)
{
    FileMap map;
    if (!CHECK_OK(file_map(&map, GOLDEN "state.pt"))) return;
    size_t end64 = map.size - 22 - 20 - 56;
    static const struct { size_t at; uint64_t x; const char *word; } bad[] = {
        { 32, UINT64_MAX, "a directory of 18446744073709551615 members" },
        { 40, (uint64_t)1 << 63, "9223372036854775808 bytes at" },
        { 48, (uint64_t)1 << 63, "at 9223372036854775808" },
        { 56 + 8, (uint64_t)1 << 63, "no zip64 end record at 9223372036854775808" },
        { 56 + 8, 0, "no zip64 end record at 0" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Buf b = { NULL, 0, 0 };
        add(&b, map.data, map.size);
        set(&b, end64 + bad[i].at, bad[i].x, 8);
        CHECK_STATUS(parse_buf(&b), ERR_FORMAT, bad[i].word);
    }
    file_unmap(&map);
    // An entry whose sizes are in the extra field.
    Buf z = { NULL, 0, 0 };
    Member m[2] = { stored("a/data.pkl", pickled, sizeof pickled - 1),
                    stored("a/data/0", "\0\0\x80\x3f\0\0\0\x40", 8) };
    for (int lie = 0; lie < 3; lie++) {
        size_t directory = add_zip(&z, m, 2), last = directory + 56;
        z.n -= 22;                                       // the end comes later
        set(&z, last + 20, 0xffffffff, 4);
        set(&z, last + 24, 0xffffffff, 4);
        set(&z, last + 30, 20, 2);
        add_number(&z, 1, 2);
        add_number(&z, lie == 2 ? 8 : 16, 2);
        add_number(&z, lie == 1 ? (uint64_t)1 << 63 : 8, 8);
        add_number(&z, 8, 8);
        size_t size = z.n - directory;
        add(&z, "PK\5\6\0\0\0\0\2\0\2\0", 12);
        add_number(&z, size, 4);
        add_number(&z, directory, 4);
        add_number(&z, 0, 2);
        Status status = parse_buf(&z);
        if (lie == 0) CHECK_OK(status);
        if (lie == 1) CHECK_STATUS(status, ERR_FORMAT, "9223372036854775808 bytes");
        if (lie == 2) CHECK_STATUS(status, ERR_FORMAT, "zip64 sizes are missing");
    }
}

// ---- pickles that lie ---------------------------------------------------------------------------

static Status pickle(const void *data, size_t n)
{
    Buf z = { NULL, 0, 0 };
    static const uint8_t zeros[64];
    add_zip(&z, (Member[]){ stored("a/data.pkl", data, n), stored("a/data/0", zeros, 64) }, 2);
    return parse_buf(&z);
}

typedef struct { const char *text; size_t n; Status status; const char *word; } BadPickle;
#define P(text) text, sizeof text - 1

// {"t": a tensor of one dim, that the opcode gives, over two floats}
#define SIZED(opcode) SHAPED(opcode "\x85")
#define SHAPED(tuple) \
    "}U\1tctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nU\1" "0U\3cpu" \
    "K\2tQK\0" tuple "K\1\x85\x89}tRs."

static void refuse(const BadPickle *bad, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!CHECK_STATUS(pickle(bad[i].text, bad[i].n), bad[i].status, bad[i].word))
            printf("  pickle %zu\n", i);
}

static void pickles_that_call(void)
{
    static const BadPickle bad[] = {
        { P("cposix\nsystem\nX\2\0\0\0id\x85R."), ERR_UNSUPPORTED, "posix.system: not a name" },
        { P("cbuiltins\neval\nX\2\0\0\0()\x85R."), ERR_UNSUPPORTED, "builtins.eval: not a name" },
        { P("c__builtin__\ngetattr\n."), ERR_UNSUPPORTED, "__builtin__.getattr: not a name" },
        { P("ctorch\nload\n."), ERR_UNSUPPORTED, "torch.load: not a name" },
        { P("c__torch__x\nA\n."), ERR_UNSUPPORTED, "__torch__x.A: not a name" },
        { P("cposix\nsystem\nX\2\0\0\0id\x85R}K\1K\2sb."), ERR_UNSUPPORTED, "posix.system" },
        { P("cposix\nsystem\n)R(K\1K\2u."), ERR_UNSUPPORTED, "posix.system" },
        { P("\x8c\5posix\x8c\6system\x93\x8c\2id\x85R."), ERR_UNSUPPORTED, "posix.system: not" },
        { P("}U\1tcposix\nsystem\nU\2id\x85Rs."), ERR_FORMAT, "no state dict: its keys are t" },
        { P("}U\1tctorch._utils\n_rebuild_qtensor\n)Rs."), ERR_UNSUPPORTED,
          "t: a tensor by torch._utils._rebuild_qtensor is not read" },
        { P("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\nN)tR."),
          ERR_FORMAT, "odd arguments" },
        { P("ctorch._tensor\n_rebuild_from_type_v2\n(K\1N)tR."), ERR_FORMAT, "odd arguments" },
        { P("c__torch__.m\nA\n)R."), ERR_FORMAT, "REDUCE of what is not a function" },
        { P("ctorch\nFloatStorage\n)R."), ERR_FORMAT, "REDUCE of what is not a function" },
        { P("K\1)R."), ERR_FORMAT, "REDUCE of what is not a function" },
        { P("ccollections\nOrderedDict\nK\1R."), ERR_FORMAT, "REDUCE without a tuple" },
        { P("ccollections\nOrderedDict\nK\1\x85R."), ERR_FORMAT, "OrderedDict with arguments" },
        { P("ctorch._utils\n_rebuild_tensor_v2\n)R."), ERR_FORMAT, "too few arguments" },
        { P("ctorch._utils\n_rebuild_tensor_v2\n(K\1K\1K\1K\1tR."), ERR_FORMAT, "odd arguments" },
        { P("ctorch._utils\n_rebuild_parameter\n)R."), ERR_FORMAT, "without arguments" },
        { P("ccollections\nOrderedDict\n)\x81."), ERR_FORMAT, "NEWOBJ of what is not a module" },
        { P("K\1b."), ERR_FORMAT, "nothing is on the stack" },
        { P("K\1K\1b."), ERR_FORMAT, "BUILD of a plain value" },
        { P("K\1Q."), ERR_FORMAT, "persistent id that is not a tuple" },
        { P(")Q."), ERR_FORMAT, "persistent id that is not a storage" },
        { P("(X\7\0\0\0storageX\1\0\0\0xX\1\0\0\0" "0X\1\0\0\0cK\1tQ."), ERR_FORMAT, "a storage" },
        { P("(X\7\0\0\0storagec__torch__.a\nb\nX\1\0\0\0" "0X\1\0\0\0cK\1tQ."), ERR_FORMAT,
          "not a storage" },
    };
    refuse(bad, sizeof bad / sizeof *bad);
}

static void pickles_without_sense(void)
{
    static const BadPickle bad[] = {
        { P("\x80\1."), ERR_FORMAT, "not one of protocols 2 to 5" },
        { P("\x80\6."), ERR_FORMAT, "not one of protocols 2 to 5" },
        { P("i."), ERR_UNSUPPORTED, "byte 0: opcode 0x69 is not one" },
        { P("\x80\2}\x97"), ERR_UNSUPPORTED, "byte 3: opcode 0x97" },
        { P("\x80\4\x95\1\2"), ERR_FORMAT, "ends early" },
        { P("\x8c\1aK\1\x93."), ERR_FORMAT, "a name that is no string" },
        { P("K\1\x8c\1a\x93."), ERR_FORMAT, "a name that is no string" },
        { P("\x94."), ERR_FORMAT, "nothing is on the" }, { P("0."), ERR_FORMAT, "nothing is on" },
        { P("2."), ERR_FORMAT, "nothing is on the" }, { P("1."), ERR_FORMAT, "no mark" },
        { P("\x91."), ERR_FORMAT, "no mark" }, { P("](\x90."), ERR_FORMAT, "ADDITEMS to what" },
        { P("cx\ny\n))\x92."), ERR_FORMAT, "NEWOBJ_EX without a dict" },
        { P("\x8e\xff\xff\xff\xff\xff\xff\xff\xff" "a."), ERR_FORMAT, "ends early" },
        { P("\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "a."), ERR_FORMAT, "ends early" },
        { P("ctorch\0x\ny\n."), ERR_FORMAT, "a byte 0 in a name" },
        { P(""), ERR_FORMAT, "byte 0: the data ends early" },
        { P("}"), ERR_FORMAT, "ends early" }, { P("."), ERR_FORMAT, "nothing is on the stack" },
        { P("}}."), ERR_FORMAT, "more than one value" },
        { P("(."), ERR_FORMAT, "nothing is on the" },
        { P("t."), ERR_FORMAT, "no mark" }, { P("e."), ERR_FORMAT, "no mark" },
        { P("(e."), ERR_FORMAT, "APPENDS to what is not" }, { P("}(e."), ERR_FORMAT, "APPENDS to" },
        { P("](u."), ERR_FORMAT, "SETITEMS of what" },
        { P("}(K\1u."), ERR_FORMAT, "without a value" },
        { P("K\1s."), ERR_FORMAT, "SETITEM of what" },
        { P("}(K\1s."), ERR_FORMAT, "SETITEM of what" },
        { P("](a."), ERR_FORMAT, "APPEND to what" }, { P("a."), ERR_FORMAT, "APPEND to what" },
        { P("K\1(\x86."), ERR_FORMAT, "too few values" },
        { P("\x85."), ERR_FORMAT, "too few values" },
        { P("h\7."), ERR_FORMAT, "never put" },
        { P("j\xff\xff\xff\xff."), ERR_FORMAT, "never put" },
        { P("}r\xff\xff\xff\xff."), ERR_FORMAT, "beyond 4 million" },
        { P("(q\1."), ERR_FORMAT, "nothing" },
        { P("X\xff\xff\xff\xff" "abc"), ERR_FORMAT, "ends early" },
        { P("U\5abc"), ERR_FORMAT, "ends early" },
        { P("X\1\0\0\0\0."), ERR_FORMAT, "neither a module nor a state dict" },
        { P("J\1\2"), ERR_FORMAT, "ends early" },
        { P("cabc"), ERR_FORMAT, "ends early" }, { P("cabc\ndef"), ERR_FORMAT, "ends early" },
        { P("\x8a\x09\1\2\3\4\5\6\7\x08\x09."), ERR_FORMAT, "neither a module" },
        { P(SIZED("J\xff\xff\xff\xff")), ERR_FORMAT, "no whole number" },
        { P(SIZED("\x8a\1\xff")), ERR_FORMAT, "no whole number" },
        { P(SIZED("M\xff\xff")), ERR_FORMAT, "beyond its storage of 2" },
        { P(SHAPED("K\1K\1\x86")), ERR_UNSUPPORTED, "2 dimensions, 1 strides" },
        { P("K\1."), ERR_FORMAT, "neither a module nor a state dict" },
        { P("}."), ERR_FORMAT, "no state dict" }, { P("]."), ERR_FORMAT, "neither a module" },
        { P("c__torch__.m\nA\n)\x81."), ERR_FORMAT, "holds no tensors" },
        { P("c__torch__.m\nA\n)\x81}K\1K\2sb."), ERR_FORMAT, "a tensor without a name" },
    };
    refuse(bad, sizeof bad / sizeof *bad);
}

static void add_int(Buf *b, int64_t x)
{
    add(b, "\x8a\x08", 2);
    add_number(b, (uint64_t)x, 8);
}

// {"t": a tensor of two dims over data/0, which has 64 bytes}
static Status tensor(int64_t elements, int64_t offset, const int64_t d[2], const int64_t s[2])
{
    Buf b = { NULL, 0, 0 };
    add_text(&b, "}X");
    add(&b, "\1\0\0\0t", 5);
    add_text(&b, "ctorch._utils\n_rebuild_tensor_v2\n((X");
    add(&b, "\7\0\0\0storage", 11);
    add_text(&b, "ctorch\nShortStorage\nU\1" "0U\3cpu");
    add_int(&b, elements);
    add_text(&b, "tQ");
    add_int(&b, offset);
    for (int i = 0; i < 2; i++) {
        add_int(&b, i ? s[0] : d[0]);
        add_int(&b, i ? s[1] : d[1]);
        add_text(&b, "\x86");
    }
    add_text(&b, "\x89}tRs.");
    Status status = pickle(b.data, b.n);
    free(b.data);
    return status;
}

static void bad_tensors(void)
{
    const int64_t big = INT64_MAX;
    static const struct { int64_t elements, offset, d[2], s[2]; const char *word; } bad[] = {
        { 33, 0, { 1, 1 }, { 1, 1 }, "33 elements in a member of 64 bytes" },
        { -1, 0, { 1, 1 }, { 1, 1 }, "beyond its storage of -1" },
        { 32, -1, { 1, 1 }, { 1, 1 }, "beyond its storage" },
        { 32, 32, { 1, 1 }, { 1, 1 }, "beyond its storage" },
        { 32, 33, { 0, 1 }, { 1, 1 }, "beyond its storage" },
        { 32, 1, { 4, 8 }, { 8, 1 }, "beyond its storage" },
        { 32, 0, { 4, 8 }, { 9, 1 }, "beyond its storage" },
        { 32, 0, { -4, 8 }, { 8, 1 }, "no whole number" },
        { 32, 0, { 4, 8 }, { 8, -1 }, "no whole number" },
        { 32, 0, { 1 << 30, 8 }, { 0, 0 }, "8589934592 elements of a storage of 32" },
    };
    CHECK_OK(tensor(32, 0, (int64_t[]){ 4, 8 }, (int64_t[]){ 8, 1 }));
    CHECK_OK(tensor(32, 31, (int64_t[]){ 1, 1 }, (int64_t[]){ 77, big }));
    CHECK_OK(tensor(32, 0, (int64_t[]){ 9, 1 }, (int64_t[]){ 3, big }));
    CHECK_OK(tensor(32, 32, (int64_t[]){ 0, 5 }, (int64_t[]){ 1, 1 }));
    CHECK_OK(tensor(32, 0, (int64_t[]){ 8, 4 }, (int64_t[]){ 1, 8 }));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Status status = tensor(bad[i].elements, bad[i].offset, bad[i].d, bad[i].s);
        CHECK(status != OK && strstr(err_msg(), bad[i].word), "%zu: %s", i, err_msg());
    }
    const int64_t huge[2] = { big, big }, one[2] = { 1, 1 }, two[2] = { 2, 2 };
    CHECK_STATUS(tensor(big, 0, two, huge), ERR_FORMAT, "63 bits");
    CHECK_STATUS(tensor(big, 0, huge, one), ERR_FORMAT, "");
    CHECK_STATUS(tensor(big, 0, (int64_t[]){ 3, 3 }, (int64_t[]){ big, 0 }), ERR_FORMAT, "");
    CHECK_STATUS(tensor(big, 0, one, one), ERR_FORMAT, "in a member");
}

// A module that contains itself; one that names each of thirty levels twice; millions of values.
static void endless_pickles(void)
{
    Buf b = { NULL, 0, 0 };
    add_text(&b, "c__torch__.m\nA\n)\x81q\1}U\1ah\1sb.");
    CHECK_STATUS(pickle(b.data, b.n), ERR_FORMAT, "more than 32 modules deep");
    b.n = 0;
    add_text(&b, "c__torch__.m\nA\nq\2)\x81}(U\1kh\2)\x81q\1");
    for (int i = 0; i < 30; i++) add_text(&b, "U\1kh\2)\x81}(U\1ah\1U\1bh\1ubq\1");
    add_text(&b, "ub.");
    CHECK_STATUS(pickle(b.data, b.n), ERR_FORMAT, "too many values");
    b.n = 0;
    add_text(&b, "(");
    for (int i = 0; i < (1 << 22) + 10; i++) add_text(&b, "N");
    add_text(&b, "t.");
    CHECK_STATUS(pickle(b.data, b.n), ERR_FORMAT, "more than 4 million values");
    b.n = 0;
    for (int i = 0; i < 100000; i++) add_text(&b, "(");
    for (int i = 0; i < 100000; i++) add_text(&b, "t");
    add_text(&b, ".");
    CHECK_STATUS(pickle(b.data, b.n), ERR_FORMAT, "neither a module");
    b.n = 0;
    add_text(&b, "c__torch__.m\nA\n)\x81}X");
    add_number(&b, WEIGHTS_NAME, 4);
    for (int i = 0; i < WEIGHTS_NAME; i++) add_text(&b, "n");
    add_text(&b, "Nsb.");
    CHECK_STATUS(pickle(b.data, b.n), ERR_FORMAT, "a name is too long");
    free(b.data);
}

static const TestCase cases[] = {
    { "truncated_anywhere", truncated_anywhere },
    { "flipped_bits", flipped_bits },
    { "other_files", other_files },
    { "bad_safetensors", bad_safetensors },
    { "bad_header_lengths", bad_header_lengths },
    { "bad_shards", bad_shards },
    { "bad_zips", bad_zips },
    { "zip_members", zip_members },
    { "zip_bomb", zip_bomb },
    { "zip64", zip64 },
    { "pickles_that_call", pickles_that_call },
    { "pickles_without_sense", pickles_without_sense },
    { "bad_tensors", bad_tensors },
    { "endless_pickles", endless_pickles },
};

int main(void)
{
    return test_main("weights_bad", cases, TEST_COUNT(cases));
}

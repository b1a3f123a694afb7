// test_image.c - decoded bytes against Pillow's: small files of every form that are part of the
// project, and, where the shared data is there, every picture of BAR, of PACS and of two
// collections of odd files. Then files that lie.
#include <stdatomic.h>

#include "data/image/formats.h"
#include "data/image/jpeg_work.h"
#include "data/image/png.h"
#include "tensor/base/file.h"
#include "tensor/base/inflate.h"
#include "tensor/base/json.h"
#include "tensor/base/par.h"
#include "tensor/base/rng.h"
#include "tensor/base/sha256.h"
#include "test/test.h"

#define SHARED "../shared/data/"
#define IMAGES "test/golden/images/"

static void rgb_hash(char hex[65], const Image *image)
{
    Sha256 h = sha256_begin();
    sha256_add(&h, image->rgb, 3 * (size_t)image->width * (size_t)image->height);
    sha256_end(&h, hex);
}

// ---- tables of files and hashes -----------------------------------------------------------------

typedef struct { char path[2048], hash[512]; } Row;
typedef struct { Row *row; int n, room; atomic_int equal, wrong; } Table;

static void add(Table *t, const char *path, const char *hash)
{
    if (!file_exists(path)) return;
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 256;
        t->row = realloc(t->row, (size_t)t->room * sizeof *t->row);
    }
    snprintf(t->row[t->n].path, sizeof t->row->path, "%s", path);
    snprintf(t->row[t->n++].hash, sizeof t->row->hash, "%s", hash);
}

static void check_rows(void *arg, int64_t from, int64_t to)
{
    Table *t = arg;
    for (int64_t i = from; i < to; i++) {
        Image image;
        char hex[65] = "";
        if (image_load(&image, t->row[i].path, IMAGE_MAX_PIXELS) == OK) rgb_hash(hex, &image);
        bool equal = strcmp(hex, t->row[i].hash) == 0;
        atomic_fetch_add(equal ? &t->equal : &t->wrong, 1);
        if (!equal && t->wrong < 6)
            printf("  %s: %s\n", t->row[i].path, *hex ? "other bytes" : err_msg());
        image_free(&image);
    }
}

static void check_table(Table *t)
{
    par_for(t->n, 8, check_rows, t);
    CHECK(t->n > 0, "no files");
    CHECK(t->wrong == 0, "%d of %d differ", t->wrong, t->n);
    test_note("%d of %d equal", t->equal, t->n);
    free(t->row);
}

// The field that follows the n-th tab of a line.
static void field(char out[512], const char *line, int n)
{
    for (; n > 0 && line; n--) {
        line = strchr(line, '\t');
        if (line) line++;
    }
    snprintf(out, 512, "%.*s", line ? (int)strcspn(line, "\t\n") : 0, line ? line : "");
}

static char *text_of(const char *path)
{
    FileMap map;
    uint8_t *text = NULL;
    size_t size;
    if (file_map(&map, path) != OK) return NULL;
    if (map.size > 2 && map.data[0] == 0x1f) {
        CHECK_OK(inflate_gzip(&text, &size, 1 << 26, map.data, map.size));
    } else if ((text = malloc(map.size + 1))) {
        memcpy(text, map.data, map.size);
        text[map.size] = 0;
    }
    file_unmap(&map);
    return (char *)text;
}

// Calls fn(table, path, hash) for each line but the first; in the environment SAMPLE=n means every
// n-th of them, for builds in which thousands of pictures would take minutes.
static bool each_line(Table *t, const char *tsv, void (*fn)(Table *, const char *, const char *))
{
    char *text = text_of(tsv), path[512], hash[512];
    char *line = text ? strchr(text, '\n') : NULL;
    const char *sample = getenv("SAMPLE");
    int every = sample ? atoi(sample) : 1;
    for (int i = 0; line && line[1]; line = strchr(line + 1, '\n'), i++) {
        if (every > 1 && i % every) continue;
        field(path, line + 1, 0);
        field(hash, line + 1, 7);
        fn(t, path, hash);
    }
    free(text);
    return text != NULL;
}

// "test/climbing_326.jpg" lies at BAR/test/climbing/climbing_326.jpg.
static void add_bar(Table *t, const char *path, const char *hash)
{
    char at[1024];
    const char *name = path_name(path), *tail = strrchr(name, '_');
    int split = (int)(name - path), class = tail ? (int)(tail - name) : 0;
    snprintf(at, sizeof at, SHARED "BAR/%.*s%.*s/%s", split, path, class, name, name);
    add(t, at, hash);
}

static void add_pacs(Table *t, const char *path, const char *hash)
{
    char at[1024];
    snprintf(at, sizeof at, SHARED "PACS/%s", path);
    add(t, at, hash);
    snprintf(at, sizeof at, SHARED "PACS_extra/%s", path);
    add(t, at, hash);
}

static void add_pillow(Table *t, const char *path, const char *hash)
{
    char at[1024];
    snprintf(at, sizeof at, SHARED "goldens/decode_pillow/%s", path);
    add(t, at, hash);
}

static void shared_table(const char *tsv, void (*fn)(Table *, const char *, const char *))
{
    Table t = { 0 };
    if (each_line(&t, tsv, fn)) check_table(&t);
    else test_skip("no " SHARED);
}

// ---- equal bytes --------------------------------------------------------------------------------

static void case_own(void)
{
    Table t = { 0 };
    char path[1024], hash[512], at[2048];
    char *text = text_of(IMAGES "expected.tsv");
    for (char *line = text; line && *line; line = strchr(line, '\n') + 1) {
        field(path, line, 0);
        field(hash, line, 1);
        snprintf(at, sizeof at, IMAGES "%s", path);
        add(&t, at, hash);
    }
    free(text);
    check_table(&t);
}

static void case_bar(void) { shared_table(SHARED "goldens/decode_bar.tsv.gz", add_bar); }
static void case_pacs(void) { shared_table(SHARED "goldens/decode_pacs.tsv.gz", add_pacs); }
static void case_pillow(void)
{
    shared_table(SHARED "goldens/decode_pillow/expected.tsv", add_pillow);
}

// Where Pillow's bytes are not ours: arithmetic coding, libjpeg's smoothing of missing progressive
// scans, and its guesses about damaged data, for which not crashing is enough.
static bool excepted(const char *file)
{
    return strstr(file, "arith.jpg") || strstr(file, "prog_incomplete.jpg")
           || strstr(file, "jpeg/bitflip_");
}

static void one_variant(const Json *v, int count[3])
{
    char path[512], hex[65] = "";
    const char *file = "", *want = "", *error = NULL;
    Image image;
    CHECK_OK(json_need_string(&file, v, "file"));
    CHECK_OK(json_opt_string(&want, v, "rgb_sha256"));
    CHECK_OK(json_opt_string(&error, v, "pil_error"));
    snprintf(path, sizeof path, SHARED "goldens/decode_variants/%s", file);
    Status status = image_load(&image, path, IMAGE_MAX_PIXELS);
    if (status == OK) rgb_hash(hex, &image);
    bool right = error ? status != OK : strcmp(hex, want) == 0;
    count[excepted(file) ? 2 : right ? 0 : 1]++;
    CHECK(right || excepted(file), "%s: %s", file, status == OK ? "other bytes" : err_msg());
    image_free(&image);
}

static void case_variants(void)
{
    Arena arena = { 0 };
    const Json *list;
    int count[3] = { 0 };
    const char *path = SHARED "goldens/decode_variants/manifest.json";
    if (!file_exists(path)) {
        test_skip("no " SHARED);
        return;
    }
    CHECK_OK(json_load(&list, &arena, path));
    for (int64_t i = 0; i < list->count; i++) one_variant(json_at(list, i), count);
    test_note("%d as Pillow, %d exceptions", count[0], count[2]);
    arena_free(&arena);
}

// ---- files that lie -----------------------------------------------------------------------------

// Cut anywhere, a file is an error and nothing worse. A PNG may lack what follows its pixels, and a
// GIF what follows its first frame.
static void case_truncated(void)
{
    static const char *const files[] = {
        "420.jpg", "progressive.jpg", "restart.jpg", "scans.jpg", "rgb.png", "interlaced-rgb16.png",
        "palette.gif", "offset.gif", "rgb.bmp", "palette4.bmp", "rgb.ppm",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FileMap map;
        char path[256];
        snprintf(path, sizeof path, IMAGES "%s", files[i]);
        CHECK_OK(file_map(&map, path));
        for (size_t n = 0; n + 20 < map.size; n += n < 700 ? 1 : 7) {
            Image image;
            uint8_t *copy = malloc(n ? n : 1);         // its end is guarded under ASan
            if (n) memcpy(copy, map.data, n);
            CHECK(image_decode(&image, copy, n, IMAGE_MAX_PIXELS) != OK && !image.rgb,
                  "%s: %zu of %zu bytes gave a picture", files[i], n, map.size);
            free(copy);
        }
        file_unmap(&map);
    }
}

// What stands in a row of tails.tsv, behind the file without its end marker; returns its bytes.
static size_t put_tail(uint8_t *at, const char *text, const uint8_t *file, size_t n)
{
    size_t scan = n - 2, used = 0;
    while (file[scan] != 0xFF || file[scan + 1] != 0xDA) scan--;
    if (!strncmp(text, "zeros", 5)) memset(at, 0, used = 70000);
    else if (!strncmp(text, "scan", 4)) memcpy(at, file + scan, used = n - scan);
    else if (!strncmp(text, "whole", 5)) memcpy(at, file, used = n);
    else if (!strncmp(text, "end+whole", 9)) {
        memcpy(at, "\xff\xd9", 2);
        memcpy(at + 2, file, n);
        used = n + 2;
    } else {
        for (; *text != '\t' && *text != '-'; text += 2) {
            char digits[3] = { text[0], text[1], 0 };
            at[used++] = (uint8_t)strtoul(digits, NULL, 16);
        }
    }
    return used;
}

// JPEGs whose end marker is gone, with something else in its place, or nothing.
static void case_tails(void)
{
    FileMap table, map = { 0 };
    char last[40] = "";
    int rows = 0;
    CHECK_OK(file_map(&table, IMAGES "tails.tsv"));
    for (const char *row = (const char *)table.data, *end; row < (const char *)table.data +
         table.size; row = end + 1, rows++) {
        char path[300], hex[65] = "refused";
        const char *tail = strchr(row, '\t') + 1, *want = strchr(tail, '\t') + 1;
        Image image;
        end = strchr(row, '\n');
        snprintf(path, sizeof path, IMAGES "%.*s", (int)(tail - row - 1), row);
        if (strcmp(last, path + strlen(IMAGES))) {
            file_unmap(&map);
            CHECK_OK(file_map(&map, path));
            snprintf(last, sizeof last, "%.39s", path + strlen(IMAGES));
        }
        uint8_t *copy = malloc(map.size + map.size + 70000);
        memcpy(copy, map.data, map.size - 2);
        size_t n = map.size - 2 + put_tail(copy + map.size - 2, tail, map.data, map.size);
        if (image_decode(&image, copy, n, IMAGE_MAX_PIXELS) == OK) rgb_hash(hex, &image);
        CHECK(strlen(hex) == (size_t)(end - want) && !strncmp(hex, want, strlen(hex)),
              "%.*s: %s", (int)(end - row), row, hex);
        image_free(&image);
        free(copy);
    }
    CHECK(rows == 240, "%d rows", rows);
    file_unmap(&map);
    CHECK_OK(file_map(&map, IMAGES "420.jpg"));     // bytes that are read ahead count too
    uint8_t *few = malloc(map.size + 6);
    memcpy(few, map.data, map.size);
    memset(few + map.size - 2, 'a', 8);
    for (size_t n = map.size - 2; n < map.size + 6; n++) {
        Image image;
        CHECK((image_decode(&image, few, n, IMAGE_MAX_PIXELS) == OK) == (n >= map.size - 1),
              "%zu bytes behind", n - (map.size - 2));
        image_free(&image);
    }
    free(few);
    file_unmap(&map);
    file_unmap(&table);
}

// Every byte of a file in turn replaced: an error or a picture, never more.
static void case_damaged(void)
{
    static const char *const files[] = {
        "420.jpg", "progressive.jpg", "restart.jpg", "scans.jpg", "cmyk.jpg", "palette.png",
        "bits4.gif", "offset.gif", "palette.bmp", "palette4.bmp", "comment.ppm",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FileMap map;
        char path[256];
        snprintf(path, sizeof path, IMAGES "%s", files[i]);
        CHECK_OK(file_map(&map, path));
        uint8_t *copy = malloc(map.size);
        for (size_t n = 0; n < map.size; n++) {
            Image image;
            memcpy(copy, map.data, map.size);
            copy[n] = (uint8_t)(copy[n] ^ (n % 3 ? 0xFF : 1));
            Status status = image_decode(&image, copy, map.size, 1 << 20);
            CHECK((status == OK) == (image.rgb != NULL), "%s: byte %zu: %d", files[i], n, status);
            image_free(&image);
        }
        free(copy);
        file_unmap(&map);
    }
}

static void refused(const char *bytes, size_t n, Status status, const char *word)
{
    Image image;
    CHECK_STATUS(image_decode(&image, (const uint8_t *)bytes, n, IMAGE_MAX_PIXELS), status, word);
    CHECK(!image.rgb, "%s: a refused picture has memory", word);
}

#define REFUSED(bytes, status, word) refused(bytes, sizeof bytes - 1, status, word)

// Which format bytes are of, and which names it has.
static void case_formats(void)
{
    static const struct { const char *bytes, *name, *path; } known[] = {
        { "\xff\xd8\xff\xe0", "JPEG", "a.b/C.JPeG" }, { "GIF89a", "GIF", "x.gif" },
        { "P5 ", "PGM", "x.pnm" }, { "xxxxftypavis", "AVIF", "x.AVIF" },
        { "xxxxftypheic", "HEIC", "x.heif" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].bytes);
        const ImageFormat *f = image_format((const uint8_t *)known[i].bytes, n);
        if (!CHECK(f && !strcmp(f->name, known[i].name), "not %s", known[i].name)) continue;
        CHECK(image_suffix(f, known[i].path), "%s is no %s", known[i].path, f->name);
        CHECK(!image_suffix(f, "x.png") && !image_suffix(f, strrchr(known[i].path, '.')) &&
              !image_suffix(f, ""), "%s: another name", f->name);
    }
    CHECK(!image_format((const uint8_t *)"\xff\xd8 and text", 12), "two bytes make a JPEG");
    for (int i = 0; image_format_at(i); i++) {
        const ImageFormat *f = image_format_at(i);
        CHECK(!f->decode == !!f->refusal && f->length <= 12 - f->at, "format %d", i);
    }
}

static void case_refused(void)
{
    REFUSED("", ERR_FORMAT, "an empty file");
    REFUSED("hello", ERR_UNSUPPORTED, "neither JPEG");
    REFUSED("RIFF\1\2\3\4WEBPVP8 ", ERR_UNSUPPORTED, "dwebp");
    REFUSED("\0\0\0\x1c" "ftypavif", ERR_UNSUPPORTED, "avif");
    REFUSED("\0\0\0\x1c" "ftypheic", ERR_UNSUPPORTED, "heic");
    REFUSED("II*\0\0\0\0\0", ERR_UNSUPPORTED, "tiff");
    REFUSED("\xff\xd8\xff\xc9\0\x0b\x08\0\1\0\1\1\1\x11\0\0\0", ERR_UNSUPPORTED, "arithmetic");
    REFUSED("\xff\xd8\xff\xc3\0\x0b\x08\0\1\0\1\1\1\x11\0\0\0", ERR_UNSUPPORTED, "lossless");
    REFUSED("\xff\xd8\xff\xc1\0\x0b\x0c\0\1\0\1\1\1\x11\0\0\0", ERR_UNSUPPORTED, "12 bits");
    REFUSED("\xff\xd8\xff\xc0\0\x0b\x08\0\0\0\1\1\1\x11\0\0\0", ERR_UNSUPPORTED, "DNL");
    REFUSED("\xff\xd8\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x51\0\0\0", ERR_FORMAT, "sampling");
    REFUSED("\xff\xd8\xff\xc4\0\x16\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3", ERR_FORMAT,
            "over-full");
    REFUSED("\xff\xd8\xff\xc4\0\x14\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10", ERR_FORMAT,
            "16 bits");
    REFUSED("P3 1 1 255\n1 2 3\n", ERR_UNSUPPORTED, "ppm in digits");
    REFUSED("P6 2 2 65536\n", ERR_FORMAT, "values up to 65536");
    REFUSED("P6 2 2 0\n", ERR_FORMAT, "values up to 0");
    REFUSED("P6 2 2\n", ERR_FORMAT, "a number of the header is missing");
    REFUSED("P6#\n2 2 255\n123456789abc", ERR_FORMAT, "no blank");
    REFUSED("P6 2 2 256\n123456789abc", ERR_FORMAT, "truncated");
    REFUSED("P6 2 2 255\n123", ERR_FORMAT, "truncated");
    REFUSED("P6 -2 2 255\n123", ERR_FORMAT, "a number of the header is missing");
}

#define DC16 "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
#define DC64 DC16 DC16 DC16 DC16

// A gray JPEG of one block; a Huffman table whose only code is a bit 0; a scan.
#define GRAY8(sof) "\xff\xd8\xff" sof "\0\x0b\x08\0\x08\0\x08\1\1\x11\0\xff\xdb\0\x43\0" DC64
#define ONE_CODE(place, symbol) "\xff\xc4\0\x14" place "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" symbol
#define SCAN(range) "\xff\xda\0\x08\1\1\0" range
#define PROGRESSIVE GRAY8("\xc2") ONE_CODE("\0", "\0") SCAN("\0\0\0") "\x7f"

// Codes that no table has, and runs that lead beyond the block, in every kind of scan.
static void case_codes(void)
{
    const char *word = "not in its table";
    REFUSED(GRAY8("\xc0") ONE_CODE("\0", "\0") ONE_CODE("\x10", "\0") SCAN("\0\x3f\0")
            "\xf0\xff\xd9", ERR_FORMAT, word);
    REFUSED(GRAY8("\xc0") ONE_CODE("\0", "\0") ONE_CODE("\x10", "\0") SCAN("\0\x3f\0")
            "\x70\xff\xd9", ERR_FORMAT, word);
    REFUSED(GRAY8("\xc0") ONE_CODE("\0", "\0") ONE_CODE("\x10", "\xf1") SCAN("\0\x3f\0")
            "\x2a\xaa\xff\xd9", ERR_FORMAT, word);
    REFUSED(PROGRESSIVE ONE_CODE("\x10", "\0") SCAN("\1\x3f\0") "\xf0\xff\xd9", ERR_FORMAT, word);
    REFUSED(PROGRESSIVE ONE_CODE("\x10", "\0") SCAN("\1\x3f\x10") "\xf0\xff\xd9", ERR_FORMAT,
            word);
    REFUSED(PROGRESSIVE ONE_CODE("\x10", "\xf1") SCAN("\1\x3f\0") "\x55\x55\xff\xd9", ERR_FORMAT,
            word);
}

// Sizes that would take all the memory, in files of a few bytes.
static void case_huge(void)
{
    REFUSED("\xff\xd8\xff\xc0\0\x0b\x08\x30\0\x30\0\1\1\x11\0\xff\xdb\0\x43\0" DC64
            "\xff\xc4\0\x14\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
            "\xff\xc4\0\x14\x10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
            "\xff\xda\0\x08\1\1\0\0\x3f\0\0\0", ERR_FORMAT, "cannot hold 4718592 codes");
    REFUSED("\xff\xd8\xff\xc2\0\x0b\x08\x30\0\x30\0\1\1\x11\0\xff\xdb\0\x43\0" DC64
            ONE_CODE("\x10", "\xe0") SCAN("\1\x3f\0") "\0\0", ERR_FORMAT,
            "cannot hold 2359296 codes");
    REFUSED("\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0\0\0", ERR_LIMIT,
            "65535 x 65535");
    REFUSED("GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\1\0\1\0\0\2", ERR_LIMIT, "65535 x 65535");
    REFUSED("P6 99999999 99999999 255\n", ERR_LIMIT, "99999999 x 99999999");
    REFUSED("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\2\0\0\0\0\0\0\0",
            ERR_FORMAT, "png");
    REFUSED("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x27\x10\0\0\x27\x10\x08\2\0\0\0\x35\x2c\xf5\x70"
            "\0\0\0\x08IDAT\x78\x9c\3\0\0\0\0\1\x48\6\x89\xd2", ERR_FORMAT,
            "8 bytes cannot hold 300010000");
    Image image;
    FileMap map;
    CHECK_OK(file_map(&map, IMAGES "rgb.png"));
    CHECK_STATUS(image_decode(&image, map.data, map.size, 100), ERR_LIMIT, "more than 100 pixels");
    file_unmap(&map);
}

// A byte changed in the data of IHDR, in its checksum, or in the checksum of the pixels.
static void case_checksums(void)
{
    FileMap map;
    CHECK_OK(file_map(&map, IMAGES "gray4.png"));
    uint8_t *copy = malloc(map.size);
    for (size_t at = 16; at < 33; at++) {
        Image image;
        memcpy(copy, map.data, map.size);
        copy[at] ^= 1;
        CHECK_STATUS(image_decode(&image, copy, map.size, 1 << 20), ERR_FORMAT, "checksum");
    }
    free(copy);
    file_unmap(&map);
}

// Behind its pixels, stored, a PNG of 16 x 3 has 4 bytes of Adler-32, 4 of CRC and 12 of IEND. Any
// of these may be cut off, and chunks behind the pixels may be broken; a checksum that is there
// must fit.
static void case_png_end(void)
{
    Image image = { 0 };
    size_t n = 0;
    CHECK_OK(image_new(&image, 16, 3));
    uint8_t *file = png_encode(&image, &n);
    image_free(&image);
    if (!CHECK(file, "no memory")) return;
    for (size_t cut = 0; cut < 40; cut++) {
        Status status = image_decode(&image, file, n - cut, 1 << 20);
        CHECK((status == OK) == (cut <= 20), "without its last %zu bytes: %s", cut, err_msg());
        image_free(&image);
    }
    file[n - 12] = 9;                                  // the length of IEND
    CHECK_OK(image_decode(&image, file, n, 1 << 20));
    image_free(&image);
    file[n - 13] ^= 1;
    CHECK_STATUS(image_decode(&image, file, n, 1 << 20), ERR_FORMAT, "wrong checksum");
    file[n - 17] ^= 1;                                 // the stream's, in a file without the CRC
    CHECK_STATUS(image_decode(&image, file, n - 13, 1 << 20), ERR_FORMAT, "Adler-32");
    free(file);
}

// ---- fast loops against plain ones --------------------------------------------------------------

// Coefficients and tables as encoders write them, and beyond all bounds.
static void case_idct(void)
{
    Rng r = rng_at(test_seed, 0, 1, RNG_TEST);
    for (int n = 0; n < 20000; n++) {
        int16_t coef[64] = { 0 };
        uint16_t quant[64];
        uint8_t fast[64], plain[64];
        uint32_t range = 1u << (1 + n % 16), fill = 1 + (uint32_t)n / 16 % 64;
        for (int k = 0; k < 64; k++) {
            quant[k] = (uint16_t)(n % 5 ? 1 + rng_below(&r, 255) : rng_below(&r, 65536));
            if (rng_below(&r, 64) < fill) coef[k] = (int16_t)(rng_below(&r, range) - range / 2);
        }
        jpeg_idct(fast, 8, coef, quant);
        jpeg_idct_plain(plain, 8, coef, quant);
        CHECK(memcmp(fast, plain, 64) == 0, "case %d, coefficients up to %u", n, range / 2);
    }
}

// A block with DC alone by the short way: every DC, at the steps that show rounding and clamping.
static void case_flat(void)
{
    static const uint16_t steps[] = { 1, 2, 3, 16, 255, 4001, 65535 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int dc = INT16_MIN; dc <= INT16_MAX; dc++) {
            int16_t coef[64] = { (int16_t)dc };
            uint16_t quant[64] = { steps[i] };
            uint8_t flat[64], plain[64];
            jpeg_flat(flat, 8, coef[0], quant[0]);
            jpeg_idct_plain(plain, 8, coef, quant);
            CHECK(memcmp(flat, plain, 64) == 0, "DC %d x %d: %d and %d", dc, steps[i], flat[0],
                  plain[0]);
        }
}

// Every Y, Cb, Cr.
static void case_colour(void)
{
    uint8_t y[256], cb[256], cr[256], fast[768 + 3], plain[768];
    for (int i = 0; i < 256; i++) cr[i] = (uint8_t)i;
    for (int l = 0; l < 256; l++)
        for (int b = 0; b < 256; b++) {
            memset(y, l, sizeof y);
            memset(cb, b, sizeof cb);
            memset(fast + 768, 7, 3);
            jpeg_colour(fast, y, cb, cr, 256);
            jpeg_colour_plain(plain, y, cb, cr, 256);
            CHECK(memcmp(fast, plain, 768) == 0, "Y %d, Cb %d", l, b);
            CHECK(fast[768] == 7, "the row ends before what was written");
        }
}

// Rows of every length up to 80, at both ends of the range and between.
static void case_doubling(void)
{
    Rng r = rng_at(test_seed, 0, 2, RNG_TEST);
    for (int n = 3; n <= 80; n++)
        for (int t = 0; t < 40; t++) {
            uint8_t near[80], far[80], fast[161] = { 0 }, plain[161] = { 0 };
            for (int i = 0; i < n; i++) {
                near[i] = (uint8_t)(t % 2 ? rng_below(&r, 256) : 255 * rng_below(&r, 2));
                far[i] = (uint8_t)(t % 2 ? rng_below(&r, 256) : 255 * rng_below(&r, 2));
            }
            jpeg_double(fast, near, n);
            jpeg_double_plain(plain, near, n);
            CHECK(memcmp(fast, plain, sizeof fast) == 0, "2 x 1, %d samples", n);
            jpeg_double_both(fast, near, far, n);
            jpeg_double_both_plain(plain, near, far, n);
            CHECK(memcmp(fast, plain, sizeof fast) == 0, "2 x 2, %d samples", n);
        }
}

static const TestCase cases[] = {
    { "own", case_own }, { "bar", case_bar }, { "pacs", case_pacs }, { "pillow", case_pillow },
    { "variants", case_variants }, { "truncated", case_truncated }, { "tails", case_tails },
    { "damaged", case_damaged },
    { "formats", case_formats }, { "refused", case_refused }, { "codes", case_codes },
    { "huge", case_huge }, { "checksums", case_checksums }, { "png_end", case_png_end },
    { "idct", case_idct }, { "flat", case_flat }, { "colour", case_colour },
    { "doubling", case_doubling },
};

int main(void)
{
    return test_main("image", cases, TEST_COUNT(cases));
}

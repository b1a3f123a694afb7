// test_pictures.c - what the program does with pictures that are too large, and the flag about it.
#include "data/image.h"
#include "test/program.h"
#include "weights/inflate.h"

// ---- files that claim much ----------------------------------------------------------------------

typedef struct { uint8_t *data; size_t n, room; } Bytes;

static void add(Bytes *b, const void *data, size_t n)
{
    if (b->n + n > b->room) {
        b->room = 2 * (b->n + n);
        b->data = realloc(b->data, b->room);
        if (!b->data) exit(2);
    }
    memcpy(b->data + b->n, data, n);
    b->n += n;
}
#define ADD(b, text) add(b, text, sizeof(text) - 1)

static void add_number(Bytes *b, uint32_t x, int bytes, bool big)
{
    for (int i = 0; i < bytes; i++)
        add(b, &(uint8_t){ (uint8_t)(x >> 8 * (big ? bytes - 1 - i : i)) }, 1);
}

static void add_chunk(Bytes *b, const char *type, const Bytes *data)
{
    size_t at = b->n + 4;
    add_number(b, (uint32_t)data->n, 4, true);
    add(b, type, 4);
    if (data->n) add(b, data->data, data->n);
    add_number(b, crc32_of(0, b->data + at, data->n + 4), 4, true);
}

static void save(const char *name, Bytes *b)
{
    CHECK_OK(file_save(folder_name(&world, name), b->data, b->n));
    free(b->data);
    *b = (Bytes){ 0 };
}

// Fixed Huffman codes: a zero, then matches of 258 bytes that repeat it, 13 bits each.
static void add_zeros(Bytes *b, int matches)
{
    uint32_t bits = 1 | 1 << 1 | 0x0c << 3;    // last block, fixed codes; literal 0 is 00110000
    int n = 11;
    ADD(b, "\x78\x9c");
    for (int i = 0; i < matches; i++) {
        bits |= 0xa3u << n, n += 13;           // 11000101, length 258; 00000, distance 1
        for (; n >= 8; bits >>= 8, n -= 8) add(b, &(uint8_t){ (uint8_t)bits }, 1);
    }
    for (n += 7; n > 0; bits >>= 8, n -= 8) add(b, &(uint8_t){ (uint8_t)bits }, 1);
}

static void save_png(const char *name, uint32_t side, int matches)
{
    Bytes file = { 0 }, part = { 0 };
    ADD(&file, "\x89PNG\r\n\x1a\n");
    add_number(&part, side, 4, true);
    add_number(&part, side, 4, true);
    ADD(&part, "\10\2\0\0\0");
    add_chunk(&file, "IHDR", &part);
    part.n = 0;
    add_zeros(&part, matches);
    add_chunk(&file, "IDAT", &part);
    save(name, &file);
    free(part.data);
}

static void save_gif(const char *name, uint32_t side)
{
    Bytes b = { 0 };
    ADD(&b, "GIF89a");
    add_number(&b, side, 2, false);
    add_number(&b, side, 2, false);
    ADD(&b, "\0\0\0,\0\0\0\0\1\0\1\0\0\2\1\x44;");
    save(name, &b);
}

static void save_claims(void)
{
    Bytes b = { 0 };
    ADD(&b, "\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0\xff\xd9");
    save("large/x.jpg", &b);
    ADD(&b, "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff\xff\0\0\xff\xff\0\0\1\0\x18\0\0\0\0\0"
            "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    save("large/x.bmp", &b);
    ADD(&b, "P6 65535 65535 255\n");
    save("large/x.ppm", &b);
    save_png("large/x.png", 65535, 10);
    save_gif("large/x.gif", 65535);
}

// With little memory, where the system can see to that and the program can start in it: neither
// under a sanitizer, which wants terabytes of addresses, nor in an emulator.
static int run_little(const char *command)
{
    setenv("PROREG_BEFORE", "ulimit -v 400000 2>/dev/null || exit 9;", 1);
    int status = proreg("%s", command);
    unsetenv("PROREG_BEFORE");
    return status;
}

static bool little_memory(void)
{
    return run_little("--version") == 0;
}

static void refuses(const char *command, const char *word)
{
    int status = little_memory() ? run_little(command) : proreg("%s", command);
    const char *error = program_stderr(), *end = strchr(error, '\n');
    CHECK(status == 1 && !strncmp(error, "proreg: ", 8) && end && end[1] == 0 &&
          strstr(error, word), "%s: exit status %d, no \"%s\" in: %.500s", command, status, word,
          error);
    CHECK(*program_stdout() == 0, "%s: on stdout: %.100s", command, program_stdout());
}

// ---- --max-pixels -------------------------------------------------------------------------------

#define HINT " (--max-pixels raises the limit)"

static void claims(void)
{
    static const char *const suffix[] = { "jpg", "bmp", "ppm", "png", "gif" };
    save_claims();
    for (int i = 0; i < 5; i++) {
        char command[200];
        snprintf(command, sizeof command, "data decode $W/large/x.%s -o $W/x.ppm", suffix[i]);
        refuses(command, ": 65535 x 65535: more than 178956970 pixels" HINT "\n");
        snprintf(command, sizeof command, "data decode $W/large/x.%s -o $W/x.ppm --max-pixels "
                 "2147483647", suffix[i]);
        refuses(command, ": 65535 x 65535: more than 2147483647 pixels\n");
    }
    CHECK(!*program_file("x.ppm", NULL), "it has written something");
}

// Data that unpack to more than the pixels, and pixels for which there is no memory.
static void bombs(void)
{
    save_png("bomb/little.png", 1, 3000000);
    save_png("bomb/png", 46340, 4000000);
    save_gif("bomb/gif", 46340);
    refuses("data decode $W/bomb/little.png -o $W/x.ppm", "little.png: png: inflate: ");
    refuses("data decode $W/bomb/png -o $W/x.ppm", "46340 x 46340: more than");
    if (!little_memory()) {
        test_skip("memory cannot be limited here");
        return;
    }
    refuses("data decode $W/bomb/png -o $W/x.ppm --max-pixels 2147483647",
            "bomb/png: png: out of memory\n");
    refuses("data decode $W/bomb/gif -o $W/x.ppm --max-pixels 2147483647",
            "bomb/gif: gif: out of memory\n");
}

static const char *const reading[] = {
    "train --model $M --data $W/set --eval-split test --epochs 1 --overwrite --out $W/run",
    "eval --model $M --data $W/set --eval-split test", "zeroshot --model $M --data $W/set",
    "predict --model $M --classes a,b $W/set/test/red/0.ppm", "wise --run $W/run --model $M",
    "encode --model $M --images $W/set/test -o $W/x.npy",
    "pretrain --model $M --lr 1e-4 --data $W/set --captions $W/set/captions.tsv --epochs 1 "
    "--overwrite --out $W/pre",
    "data decode $W/set/test/red/0.ppm -o $W/x.ppm",
    "data preprocess $W/set/test/red/0.ppm -o $W/x.npy",
    "data augment $W/set/test/red/0.ppm --randaug -o $W/x.ppm",
};
enum { READING = sizeof reading / sizeof reading[0] };

// Every verb that reads pictures takes the limit: the pictures have 256 to 440 pixels.
static void lowered(void)
{
    folder_text(&world, "set/captions.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n"
                "train/blue/1.ppm\ta blue cat\n");
    for (int i = 0; i < READING; i++) {
        char command[400];
        snprintf(command, sizeof command, "%s -q --max-pixels 1000", reading[i]);
        CHECK(proreg("%s", command) == 0, "%s: %s", command, program_stderr());
        snprintf(command, sizeof command, "%s -q --max-pixels 100", reading[i]);
        refuses(command, ": more than 100 pixels" HINT "\n");
    }
    CHECK(proreg("data check $W/set -q --max-pixels 1000") == 0, "%s", program_stderr());
    CHECK(proreg("data check $W/set -q --max-pixels 100") == 1 &&
          strstr(program_stdout(), "unreadable: test/blue/0.ppm: ppm: "), "%s", program_stdout());
    CHECK(strstr(program_stdout(), ": more than 100 pixels\n"), "%s", program_stdout());
    CHECK(proreg("train --help") == 0, "%s", program_stderr());
    char word[40];
    snprintf(word, sizeof word, "memory [%d]\n", IMAGE_MAX_PIXELS);
    CHECK(strstr(program_stdout(), word), "no %s in: %s", word, program_stdout());
}

// What a run was given is what its evaluations use, unless a flag says otherwise.
static void in_config(void)
{
    CHECK(proreg("train --model $M --data $W/set --eval-split test --epochs 1 --overwrite --out "
                 "$W/run -q --max-pixels 1000") == 0, "%s", program_stderr());
    CHECK(strstr(program_file("run/config.json", NULL), "\"max_pixels\": 1000,"), "config.json");
    program_picture("set/test/red/9.ppm", 0, 9);
    folder_text(&world, "set/test/red/9.ppm", "P6 30 40 255\nx");
    refuses("eval --run $W/run -q", "9.ppm: ppm: 30 x 40: more than 1000 pixels" HINT "\n");
    refuses("eval --run $W/run -q --max-pixels 1200", "9.ppm: ppm: truncated");
    CHECK(remove(folder_name(&world, "set/test/red/9.ppm")) == 0, "cannot be removed");
}

static const TestCase cases[] = {
    { "claims", claims }, { "bombs", bombs }, { "lowered", lowered }, { "in_config", in_config },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("pictures", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

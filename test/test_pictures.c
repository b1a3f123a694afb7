// test_pictures.c - what the program does with pictures that are too large or damaged, and parts of
// pictures: --max-pixels, --skip-bad, --random-crop, --flip.
#include "test/program.h"

#include <sys/stat.h>

#include "data/set/loader.h"
#include "proreg/page/parts.h"
#include "tensor/base/inflate.h"

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

// Data that unpack to more than the pixels, of which these are enough; pixels beyond all memory.
static void bombs(void)
{
    save_png("bomb/little.png", 1, 3000000);
    save_png("bomb/png", 46340, 4000000);
    save_gif("bomb/gif", 46340);
    const char *little = "data decode $W/bomb/little.png -o $W/x.ppm";
    CHECK((little_memory() ? run_little(little) : proreg("%s", little)) == 0, "%s",
          program_stderr());
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
    ("pretrain --model $M --lr 1e-4 --data $W/set --captions $W/set/captions.tsv --epochs 1 "
     "--overwrite --out $W/pre"),
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
    snprintf(word, sizeof word, "[%d]\n", IMAGE_MAX_PIXELS);
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

// ---- a report's pictures ------------------------------------------------------------------------

// They are read with the run's limit. The file keeps its size, or the data were not the same.
static void report_limit(void)
{
    char text[1300] = "P6\n20 20\n255\n";
    memset(text + strlen(text), 'x', 1200);
    program_pictures("few/train", 2, 0);
    program_pictures("few/test", 1, 0);
    folder_text(&world, "few/train/red/0.ppm", text);
    CHECK(proreg("train -q --model $M --data $W/few --eval-split test --epochs 1 --out $W/few-run "
                 "--max-pixels 1000") == 0, "%s", program_stderr());
    CHECK(!strstr(program_file("few-run/report.html", NULL), "\"none\""), "not shown");
    memcpy(text, "P5\n30 40", 8);
    folder_text(&world, "few/train/red/0.ppm", text);
    CHECK(proreg("train -q --resume --out $W/few-run") == 0, "%s", program_stderr());
    CHECK(strstr(program_file("few-run/report.html", NULL), "\"none\""), "shown");
}

// A side times the thumbnail's is more than an int holds.
static void report_wide(void)
{
    FileOut o;
    folder_text(&world, "long.ppm", "P5\n29826162 1\n255\n");
    CHECK(truncate(folder_name(&world, "long.ppm"), 29826162 + 18) == 0, "not made longer");
    CHECK_OK(file_create(&o, folder_name(&world, "long.html")));
    page_picture(&o, world.path, "long.ppm", IMAGE_MAX_PIXELS);
    CHECK_OK(file_commit(&o));
    const char *text = program_file("long.html", NULL);
    CHECK(strstr(text, "<img "), "%.200s", text);
}

// ---- --skip-bad ---------------------------------------------------------------------------------

// 33 pictures to train on and 12 to test, of which 2 and 1 cannot be read; the folder `sound` has
// none of those. In `later` all can be read at first.
static void open_damaged(void)
{
    Bytes jpeg = { 0 };
    program_pictures("damaged/train", 11, 0);
    program_pictures("damaged/test", 4, 1000);
    program_pictures("sound/test", 4, 1000);
    program_pictures("later/train", 11, 0);
    program_pictures("later/test", 4, 1000);
    ADD(&jpeg, "\xff\xd8\xff\xc0\0\x0b\x08\0\x20\0\x20\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0");
    save("damaged/train/blue/4.ppm", &jpeg);
    save_png("damaged/train/red/9.ppm", 20, 2);
    folder_text(&world, "damaged/test/green_bird/1.ppm", "P6 16 16 255\nshort");
    CHECK(remove(folder_name(&world, "sound/test/green_bird/1.ppm")) == 0, "cannot be removed");
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *s = text; (s = strstr(s, word)); s++) n++;
    return n;
}

// resumed: with one more evaluation, where it stopped.
static void same_run(const char *a, const char *b, bool resumed)
{
    static const char *const files[] = { "last/model.safetensors", "last/classifier.safetensors",
                                         "last/optimizer.safetensors", "samples.jsonl",
                                         "results.jsonl" };
    for (int i = 0; i < (resumed ? 4 : 5); i++) {
        char x[100], y[100];
        snprintf(x, sizeof x, "%s/%s", a, files[i]);
        snprintf(y, sizeof y, "%s/%s", b, files[i]);
        CHECK(program_same(x, y), "%s is not %s", x, y);
    }
}

#define DAMAGED "train --model $M --data $W/damaged --eval-split test --overwrite --epochs 3 " \
                "--lr 1e-3 --batch 7 --skip-bad "
#define RARELY DAMAGED "-q --eval-every 100 "

static void told_once(void)
{
    static const char *const bad[] = { "train/blue/4.ppm: jpeg: ", "train/red/9.ppm: png: ",
                                       "test/green_bird/1.ppm: ppm: " };
    CHECK(proreg(DAMAGED "--out $W/skip") == 0, "%s", program_stderr());
    const char *text = program_stderr();
    for (int i = 0; i < 3; i++) CHECK(count(text, bad[i]) == 1, "%s in: %s", bad[i], text);
    CHECK(count(text, "left out: ") == 3, "%s", text);
    CHECK(strstr(text, "\n2 of 33 training pictures could not be read and were left out\n") &&
          strstr(text, "\n1 of 12 pictures to evaluate on could"), "%s", text);
    text = program_file("skip/samples.jsonl", NULL);
    CHECK(count(text, "\n") == 31 && !strstr(text, "blue/4.ppm"), "%s", text);
    text = program_file("skip/results.jsonl", NULL);
    CHECK(count(text, "\"n\": 11,") == 4, "%s", text);
    CHECK(strstr(program_file("skip/config.json", NULL), "\"skip_bad\": true"), "config.json");
    CHECK(proreg("wise --run $W/skip --model $M --alphas 0,0.5,1") == 0, "%s", program_stderr());
    CHECK(count(program_stderr(), bad[2]) == 1, "%s", program_stderr());
    CHECK(proreg(DAMAGED "--out $W/skip -q") == 0 && *program_stderr() == 0, "%s",
          program_stderr());
}

// The flags that the messages name are for a run that has ended over a picture: it goes on with
// them, to the bits of one that had them from the beginning, and config.json has them.
static void eased(void)
{
#define LATER "train -q --model $M --data $W/later --eval-split test --overwrite --epochs 3 " \
              "--lr 1e-3 --batch 7 --eval-every 100 --max-pixels 1000 "
#define ON "train -q --resume --out $W/on "
    CHECK(proreg(LATER "--out $W/whole") == 0, "%s", program_stderr());
    CHECK(proreg(LATER "--out $W/on --max-steps 4") == 0, "%s", program_stderr());
    CHECK(proreg(ON "--max-pixels 999") == 2 &&
          strstr(program_stderr(), "--max-pixels: 999: the run to resume has 1000"), "%s",
          program_stderr());
    CHECK(proreg(ON "--max-steps 6 --max-pixels 1001") == 0, "%s", program_stderr());
    CHECK(strstr(program_file("on/config.json", NULL), "\"max_pixels\": 1001,"), "config.json");
    CHECK(proreg(ON "--skip-bad --max-pixels 1002") == 0, "%s", program_stderr());
    same_run("whole", "on", true);
    const char *config = program_file("on/config.json", NULL);
    CHECK(strstr(config, "\"max_pixels\": 1002,") && strstr(config, "\"skip_bad\": true,"),
          "config.json: %s", config);
    CHECK(proreg(ON "--max-pixels 1003") == 2, "%s", program_stderr());
    CHECK(proreg(ON) == 0, "%s", program_stderr());
}

// A picture that is damaged between two epochs, in one place.
static void damaged_later(void)
{
    const char *name = folder_name(&world, "later/train/red/3.ppm");
    CHECK(proreg(LATER "--out $W/on --max-steps 5") == 0, "%s", program_stderr());
    FILE *f = fopen(name, "r+b");
    if (!CHECK(f, "%s", name)) return;
    fputc('X', f);
    fclose(f);
    refuses(ON, "red/3.ppm: image: neither JPEG, PNG, GIF, BMP nor PPM (--skip-bad leaves it out)");
    CHECK(proreg(ON "--skip-bad") == 0, "%s", program_stderr());
    CHECK(strstr(program_file("on/config.json", NULL), "\"skip_bad\": true,"), "config.json");
    CHECK(count(program_file("on/log.jsonl", NULL), "\"step\"") == 15, "not all steps");
    CHECK(proreg(ON "--max-pixels 1001") == 2, "%s", program_stderr());
}

// Without the flag the picture is named, and so is the flag.
static void fatal(void)
{
    static const struct { const char *command, *word; } bad[] = {
        { "train -q --model $M --data $W/damaged --eval-split test --out $W/no",
          "test/green_bird/1.ppm: ppm: truncated" },
        { "train -q --model $M --data $W/damaged --eval-list $W/one.txt --overwrite --out $W/way",
          "png: inflate: 517 bytes come out, not 1220" },
        { "eval -q --model $M --data $W/damaged --eval-split test", "1.ppm: ppm: truncated" },
        { "encode -q --model $M --images $W/damaged -o $W/no.npy", "1.ppm: ppm: truncated" },
    };
    folder_text(&world, "one.txt", "test/red/0.ppm 2\n");
    for (int i = 0; i < 4; i++) {
        refuses(bad[i].command, bad[i].word);
        refuses(bad[i].command, " (--skip-bad leaves it out)\n");
    }
    CHECK(!*program_file("no/config.json", NULL), "a run was begun");
}

static void same_for_all(void)
{
    static const char *const ways[] = { "--workers 0 --micro-batch 1 --threads 1",
                                        "--workers 5 --micro-batch 3 --threads 3",
                                        "--workers 1 --micro-batch 7" };
    static const char *const methods[] = { "proreg", "probe" };
    for (int m = 0; m < 2; m++) {
        CHECK(proreg(RARELY "--out $W/skip --method %s", methods[m]) == 0, "%s",
              program_stderr());
        for (int i = 0; i < 3; i++) {
            CHECK(proreg(RARELY "--out $W/way --method %s %s", methods[m], ways[i]) == 0,
                  "%s", program_stderr());
            same_run("skip", "way", false);
        }
        for (int stop = 4; stop <= 9; stop += 5) {
            CHECK(proreg(RARELY "--out $W/way --method %s --max-steps %d", methods[m], stop)
                  == 0 && proreg("train --resume --out $W/way -q") == 0, "%s", program_stderr());
            same_run("skip", "way", true);
        }
    }
}

// A step with no readable picture has its number, and neither an update nor a line.
static void empty_steps(void)
{
    CHECK(proreg(RARELY "--out $W/single --batch 1 --epochs 2") == 0, "%s", program_stderr());
    const char *log = program_file("single/log.jsonl", NULL);
    CHECK(count(log, "\n") == 62 && !strstr(log, "\"step\": 66"), "%d lines", count(log, "\n"));
    CHECK(strstr(program_file("single/last/state.json", NULL), "\"step\": 66"), "its end");
    for (int stop = 17; stop < 66; stop += 30) {
        CHECK(proreg(RARELY "--out $W/way --batch 1 --epochs 2 --max-steps %d", stop) == 0 &&
              proreg("train --resume --out $W/way -q") == 0, "%s", program_stderr());
        CHECK(program_same("single/last/model.safetensors", "way/last/model.safetensors"),
              "resumed after %d", stop);
    }
    CHECK(proreg(RARELY "--out $W/way --batch 1 --plan") == 0, "%s", program_stderr());
}

// What is left is evaluated as if the rest had never been there.
static void like_sound(void)
{
#define ASK "--model $M --eval-split test -q --predictions $W/%s.csv --save-logits $W/%s.npy "
    CHECK(proreg("eval --data $W/damaged --skip-bad " ASK, "a", "a") == 0, "%s", program_stderr());
    const char *a = program_stdout();
    CHECK(proreg("eval --data $W/sound " ASK, "b", "b") == 0, "%s", program_stderr());
    CHECK(!strcmp(a, program_stdout()), "%s%s", a, program_stdout());
    CHECK(program_same("a.csv", "b.csv") && program_same("a.npy", "b.npy"), "files");
    CHECK(proreg(DAMAGED "-q --out $W/skip --max-steps 1") == 0, "%s", program_stderr());
    CHECK(proreg("eval --run $W/skip -q --predictions $W/a.csv") == 0, "%s", program_stderr());
    CHECK(count(program_file("a.csv", NULL), "\n") == 12, "the run's flag is not the evaluation's");
    CHECK(proreg("encode --skip-bad --model $M --images $W/damaged/test -o $W/a.npy") == 0, "%s",
          program_stderr());
    CHECK(strstr(program_stderr(), "\n1 of 12 pictures could not be read"), "%s",
          program_stderr());
    CHECK(proreg("encode --model $M --images $W/sound/test -o $W/b.npy -q") == 0, "%s",
          program_stderr());
    CHECK(program_same("a.npy", "b.npy"), "vectors");
}

static void captions(void)
{
    folder_text(&world, "damaged/captions.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n"
                "train/red/9.ppm\ta red cat\ntrain/blue/1.ppm\ta blue cat\n");
#define PRETRAIN "pretrain --model $M --lr 1e-3 --data $W/damaged --eval-split test --epochs 3 " \
                 "--overwrite --out $W/pre "
    CHECK(proreg(PRETRAIN "-q") == 1 && strstr(program_stderr(), "red/9.ppm: png: ") &&
          strstr(program_stderr(), "(--skip-bad"), "%s", program_stderr());
    CHECK(proreg(PRETRAIN "--skip-bad --batch 1 --eval-every 2") == 0, "%s", program_stderr());
    CHECK(count(program_stderr(), "left out: ") == 2, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "1 of 3 pictures with captions"), "%s", program_stderr());
}

static void no_files(void)
{
    folder_picture(&world, "odd/a/1.ppm", 1);
    CHECK(mkfifo(folder_name(&world, "odd/a/2.ppm"), 0666) == 0 &&
          symlink("nowhere", folder_name(&world, "odd/a/3.ppm")) == 0, "not made");
    CHECK(proreg("data check $W/odd") == 1, "%s", program_stderr());
    CHECK(strstr(program_stdout(), "unreadable: a/2.ppm: ") &&
          strstr(program_stdout(), "unreadable: a/3.ppm: "), "%s", program_stdout());
    refuses("encode -q --model $M --images $W/odd -o $W/no.npy", "odd/a/2.ppm: no such file, or");
    CHECK(proreg("encode --skip-bad --model $M --images $W/odd -o $W/odd.npy") == 0 &&
          strstr(program_stderr(), "2 of 3 pictures could not be read"), "%s", program_stderr());
}

// Nothing to train on, evaluate or write is an error with the flag too, and so is refused memory.
static void all_bad(void)
{
    folder_text(&world, "void/train/a/1.ppm", "P6 16 16 255\nx");
    folder_text(&world, "void/train/b/1.ppm", "P6 16 16 255\nx");
    folder_picture(&world, "void/test/a/1.ppm", 1);
    save_gif("bomb/huge.gif", 46340);
    refuses("train -q --skip-bad --model $M --data $W/void --eval-split test --out $W/no --batch 1",
            "none of the 2 pictures can be read, the last: ");
    refuses("zeroshot -q --skip-bad --model $M --data $W/void --eval-split train",
            "none of the 2 pictures can be read, the last: ");
    refuses("encode -q --skip-bad --model $M --images $W/void/train -o $W/no.npy",
            "none of the 2 pictures can be read, the last: ");
    CHECK(!*program_file("no.npy", NULL), "it has written something");
    if (little_memory())
        refuses("encode -q --skip-bad --model $M --images $W/void --max-pixels 2147483647 "
                "-o $W/no.npy $W/bomb/huge.gif", "huge.gif: gif: out of memory");
}

// What cannot be mapped into the memory there is was not read, and is not left out for that.
static void unmapped(void)
{
    folder_text(&world, "vast/1.ppm", "P6 16 16 255\n");
    folder_picture(&world, "vast/2.ppm", 2);
    CHECK(truncate(folder_name(&world, "vast/1.ppm"), 1 << 30) == 0, "not made longer");
    if (little_memory())
        refuses("encode -q --skip-bad --model $M --images $W/vast -o $W/no.npy", "cannot map: ");
    else test_skip("memory cannot be limited here");
}

// Where no step is trained, --skip-bad holds as many pictures as are computed at a time: those of
// this step would be 805 MB.
static void little_held(void)
{
    static const char *const commands[] = {
        "zeroshot -q --skip-bad --batch 65536 --model $W/wide --data $W/set --eval-split test -t 1",
        "encode -q --skip-bad --batch 65536 --model $W/wide --images $W/set/test -o $W/held.npy "
        "-t 1",
    };
    program_model("wide", program_wide);
    if (!little_memory()) {
        test_skip("memory cannot be limited here");
        return;
    }
    for (int i = 0; i < 2; i++) CHECK(run_little(commands[i]) == 0, "%s", program_stderr());
}

// ---- --random-crop, --flip ----------------------------------------------------------------------

#define VARIED "train -q --model $M --data $W/set --eval-split test --overwrite --epochs 3 " \
               "--lr 1e-3 --batch 7 --eval-every 100 "

// Drawn by (seed, epoch, place): no worker and no interruption can be seen. Nothing of a picture
// that changes may be kept from one epoch to the next.
static void varied(void)
{
    static const char *const how[] = { "--flip", "--random-crop 0.5", "--augment none",
                                       "--augment randaug --random-crop 0.2 --flip" };
    for (int i = 0; i < 4; i++) {
        CHECK(proreg(VARIED "--out $W/v%d %s", i, how[i]) == 0, "%s", program_stderr());
        CHECK(proreg(VARIED "--out $W/way %s --workers %d --micro-batch 3 --threads 3", how[i],
                     i % 2 * 5) == 0, "%s", program_stderr());
        char name[16];
        snprintf(name, sizeof name, "v%d", i);
        same_run(name, "way", false);
        CHECK(proreg(VARIED "--out $W/way %s --max-steps 8", how[i]) == 0 &&
              proreg("train --resume --out $W/way -q") == 0, "%s", program_stderr());
        same_run(name, "way", true);
        for (int k = 0; k < i; k++) {
            char other[40], own[40];
            snprintf(own, sizeof own, "v%d/last/model.safetensors", i);
            snprintf(other, sizeof other, "v%d/last/model.safetensors", k);
            CHECK(!program_same(own, other), "%s and %s are the same", how[k], how[i]);
        }
    }
    CHECK(strstr(program_file("v3/config.json", NULL), "\"random_crop\": 0.2,") &&
          strstr(program_file("v3/config.json", NULL), "\"flip\": true,"), "config.json");
}

enum { SIDE = 24, CROP = 3 * SIDE * SIDE };
#define SHOWN "data preprocess $W/set/train/red/8.ppm --size 24 -o $W/shown.ppm "

static const char *shown(const char *flags, int index)
{
    size_t n;
    CHECK(proreg(SHOWN "%s --index %d", flags, index) == 0, "%s", program_stderr());
    const char *text = program_file("shown.ppm", &n);
    return CHECK(n > CROP, "%zu bytes", n) ? text + n - CROP : "";
}

// Either as it is or mirrored; and of all indices, both.
static void flipped(void)
{
    uint8_t plain[CROP], mirrored[CROP];
    int kept = 0, turned = 0;
    memcpy(plain, shown("", 0), CROP);
    memcpy(mirrored, plain, CROP);
    Transform t = transform_clip(SIDE);
    transform_flip(&t, mirrored);
    for (int i = 0; i < 16; i++) {
        const char *seen = shown("--flip --seed 2", i);
        kept += !memcmp(seen, plain, CROP);
        turned += !memcmp(seen, mirrored, CROP);
    }
    CHECK(kept + turned == 16 && kept > 3 && turned > 3, "%d as it is, %d mirrored", kept, turned);
}

// `data preprocess` shows what the loader makes; several files are a piece of the training set.
static void seen(void)
{
    char root[FILE_PATH];
    uint8_t crop[CROP];
    Sample sample[6];
    for (int i = 0; i < 6; i++) sample[i] = (Sample){ .path = "8.ppm" };
    SampleSet set = { .sample = sample, .n = 6, .split = "" };
    snprintf(root, sizeof root, "%s/set/train/red", world.path);
    LoaderOptions o = { .root = root, .set = &set, .transform = transform_clip(SIDE), .seed = 7,
                        .augment = { true, 2, 9, 0.3, true } };
    for (int i = 0; i < 6; i++) {
        CHECK_OK(loader_picture(&o, 2, i, crop));
        const char *same = shown("--randaug --random-crop 0.3 --flip --seed 7 --epoch 2", i);
        CHECK(!memcmp(crop, same, CROP), "picture %d", i);
    }
    size_t n, m, row = (size_t)CROP * sizeof(float);
    CHECK(proreg("data preprocess $W/set/train/red/8.ppm $W/set/train/red/8.ppm --size 24 --flip "
                 "--random-crop 0.3 --index 4 -o $W/two.npy") == 0 &&
          proreg("data preprocess $W/set/train/red/8.ppm --size 24 --flip --random-crop 0.3 "
                 "--index 5 -o $W/one.npy") == 0, "%s", program_stderr());
    const char *two = program_file("two.npy", &n), *one = program_file("one.npy", &m);
    CHECK(n > 2 * row && m > row && !memcmp(two + n - row, one + m - row, row), "the second file");
    CHECK(memcmp(two + n - 2 * row, one + m - row, row) != 0, "the first is drawn as the second");
}

static void refused_shares(void)
{
    static const char *const wrong[] = { "--random-crop 1.5", "--random-crop -0.1",
                                         "--random-crop nan", "--ops Invert --randaug" };
    for (int i = 0; i < 4; i++)
        CHECK(proreg(SHOWN "%s", wrong[i]) == 2, "%s: %s", wrong[i], program_stderr());
}

static const TestCase cases[] = {
    { "claims", claims }, { "bombs", bombs }, { "lowered", lowered }, { "in_config", in_config },
    { "report_limit", report_limit }, { "report_wide", report_wide },
    { "told_once", told_once }, { "eased", eased }, { "damaged_later", damaged_later },
    { "fatal", fatal }, { "same_for_all", same_for_all },
    { "empty_steps", empty_steps }, { "like_sound", like_sound }, { "captions", captions },
    { "no_files", no_files }, { "all_bad", all_bad },
    { "unmapped", unmapped }, { "little_held", little_held },
    { "varied", varied }, { "flipped", flipped }, { "seen", seen },
    { "refused_shares", refused_shares },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    open_damaged();
    int failed = test_main("pictures", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

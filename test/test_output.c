// test_output.c - what the verbs print and write when all is well; and when the streams are closed
// or the disk is full.
#include "proreg/verb/print.h"
#include "proreg/run/idle.h"
#include "tensor/base/shown.h"
#include "test/program.h"

#define TRAIN "train --model $M --data $W/set --eval-split test -q --out $W/run "

static void helps(void)
{
    static const char *const verb[] = {
        "train", "eval", "zeroshot", "predict", "encode", "tokenize", "info", "export",
        "data check", "data decode", "data preprocess", "data augment",
    };
    CHECK(proreg("--version") == 0 && !strncmp(program_stdout(), "proreg ", 7), "--version");
    CHECK(proreg("--help") == 0, "--help");
    char *list = strdup(program_stdout());
    for (int i = 0; i < 12; i++) {
        CHECK(strstr(list, verb[i]), "%s is not in --help", verb[i]);
        CHECK(proreg("%s --help", verb[i]) == 0 && strstr(program_stdout(), "--quiet")
              && *program_stderr() == 0, "%s --help: %s", verb[i], program_stderr());
    }
    free(list);
    CHECK(proreg(" ") == 2 && strstr(program_stderr(), "zeroshot"), "no verb");
}

static void tokens(void)
{
    CHECK(proreg("tokenize --model $M 'a red dog' ''") == 0, "%s", program_stderr());
    const char *plain = program_stdout();
    CHECK(plain[strlen(plain) - 1] == '\n' && strchr(plain, '\n')[1] == '\n', "%s", plain);
    CHECK(proreg("tokenize --model $M --json <<'X'\n\"a red\\u0020dog\"\nX\n") == 0, "%s",
          program_stderr());
    CHECK(program_stdout()[0] == '[', "%s", program_stdout());
    CHECK(proreg("tokenize --model $M --pad 'a red dog'") == 0, "%s", program_stderr());
    int n = 0;
    for (const char *s = program_stdout(); *s; s++) n += *s == ' ' || *s == '\n';
    CHECK(n == 16, "%d ids with --pad, context 16", n);
    CHECK(proreg("tokenize --model $M --pad 'zzzz zzzz zzzz zzzz zzzz zzzz'") == 1, "too long");
    CHECK(proreg("tokenize --model $M --pad --truncate 'zzzz zzzz zzzz zzzz zzzz'") == 0, "%s",
          program_stderr());
}

// Of a table, the captions alone are learned from.
static void merges(void)
{
    folder_text(&world, "learn.tsv", "title\tfile\na red dog, a red cat\tred.png\n"
                "\"a blue dog\"\tblue.png\n");
    folder_text(&world, "learn.txt", "a red dog, a red cat\na blue dog\n");
    CHECK(proreg("tokenize -q --vocab 530 --train $W/learn.tsv --merges-out $W/1.txt") == 0, "%s",
          program_stderr());
    CHECK(proreg("tokenize -q --vocab 530 --train $W/learn.txt --merges-out $W/2.txt") == 0, "%s",
          program_stderr());
    CHECK(program_same("1.txt", "2.txt"), "learned from names of files");
    folder_text(&world, "learn.csv", "file,text\nred.png,\"a red dog, a red cat\"\n"
                "blue.png,a blue dog\n");
    CHECK(proreg("tokenize -q --vocab 530 --train $W/learn.csv --merges-out $W/1.txt") == 1 &&
          strstr(program_stderr(), "no column title"), "%s", program_stderr());
    CHECK(proreg("tokenize -q --vocab 530 --train $W/learn.csv --merges-out $W/1.txt "
                 "--captions-sep , --caption-key text") == 0, "%s", program_stderr());
    CHECK(program_same("1.txt", "2.txt"), "another table, other merges");
}

static void predictions(void)
{
    CHECK(proreg("predict --model $M --classes 'red, green_bird,blue' -k 2 $W/set/test/red/0.ppm "
                 "$W/set/test/blue/1.ppm") == 0, "%s", program_stderr());
    int lines = 0, tabs = 0;
    double p[4] = { 0 };
    for (const char *s = program_stdout(); *s; s++) {
        lines += *s == '\n';
        tabs += *s == '\t';
        if (*s == '\t' && tabs % 2 == 0 && tabs <= 8) p[tabs / 2 - 1] = strtod(s, NULL);
    }
    CHECK(lines == 2 && tabs == 8, "%s", program_stdout());
    CHECK(p[0] > p[1] && p[1] > 0 && p[2] > p[3] && p[0] + p[1] < 1, "not the likeliest first: %s",
          program_stdout());
    CHECK(proreg("predict --model $M --classes red,blue --json $W/set/test/red/0.ppm") == 0, "%s",
          program_stderr());
    CHECK(strstr(program_stdout(), "\"top\": [{\"class\": "), "%s", program_stdout());
}

// What `predict --json` prints, without its names: the probabilities alone.
static const char *chances(void)
{
    static char text[2000];
    size_t used = 0;
    text[0] = 0;
    for (const char *s = program_stdout(); (s = strstr(s, "\"p\": ")) && used < 1900; s++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%.*s ", (int)strcspn(s, "}"), s);
    return text;
}

static void class_names(void)
{
    char text[6000] = "", want[2000];
    for (int i = 0; i < 345; i++) snprintf(text + strlen(text), 20, "class %d\n", i);
    folder_text(&world, "many.txt", text);
    CHECK(proreg("predict --model $M --classnames $W/many.txt -k 345 --json $W/set/test/red/0.ppm")
          == 0, "%s", program_stderr());
    int n = 0;
    for (const char *s = program_stdout(); (s = strstr(s, "\"class\"")); s++) n++;
    CHECK(n == 345, "%d classes", n);
    CHECK(proreg("predict --model $M --classes red,cat,red $W/set/test/red/0.ppm") == 1 &&
          strstr(program_stderr(), "red and red have the same prompt"), "%s", program_stderr());
    folder_text(&world, "names.txt", "0 red\n1 cat\n2 red\n");
    CHECK(proreg("predict --model $M --classnames $W/names.txt --json $W/set/test/red/0.ppm") ==
          0 && strstr(program_stdout(), "\"red (2)\"") && strstr(program_stderr(), "red (2)"),
          "%s%s", program_stdout(), program_stderr());
    CHECK(proreg("predict --model $M --classes 'red or red,cat or cat' --template 'a {}' --json "
                 "$W/set/test/red/0.ppm") == 0, "%s", program_stderr());
    snprintf(want, sizeof want, "%s", chances());
    CHECK(proreg("predict --model $M --classes red,cat --template 'a {} or {}' --json "
                 "$W/set/test/red/0.ppm") == 0 && *want && !strcmp(want, chances()), "%s, %s",
          want, chances());
    folder_text(&world, "names.txt", "azure\nbird\ncrimson\n");
    CHECK(proreg("zeroshot --model $M --data $W/set --eval-split test --classnames $W/names.txt "
                 "--rename") == 0 &&
          strstr(program_stderr(), "blue -> azure\ngreen_bird -> bird\nred -> crimson\n"),
          "%s", program_stderr());
    CHECK(proreg("zeroshot --model $M --data $W/set --rename") == 2, "%s", program_stderr());
}

// A list that counts from 1 is taken as counted from 0, and each verb says so once.
static void numbers_from_one(void)
{
    static const char *const verb[] = {
        "zeroshot --model $M --data $W/set", "eval --model $M --data $W/set",
        ("train --model $M --data $W/set --train-list from1.txt --max-steps 1 "
         "--out $W/from1") };
    static const char tells[] = "from1.txt: labels run from 1 to 2 and none is 0: labels here count"
                                " from 0";
    folder_text(&world, "set/from1.txt", "test/red/0.ppm 1\ntest/red/1.ppm 2\n");
    folder_text(&world, "three.txt", "red\nblue\ngreen\n");
    for (int i = 0; i < TEST_COUNT(verb); i++) {
        CHECK(proreg("%s --eval-list from1.txt --classnames $W/three.txt", verb[i]) == 0, "%s",
              program_stderr());
        const char *first = strstr(program_stderr(), tells);
        CHECK(first && !strstr(first + 1, tells), "%s: %s", verb[i], program_stderr());
    }
    folder_text(&world, "turned.txt", "blue\nred\ngreen\n");
    CHECK(proreg("eval --run $W/from1 --classnames $W/turned.txt") == 0 &&
          strstr(program_stderr(), "label 1 is red by ") &&
          strstr(program_stderr(), ", but blue by the classes that are known: it is taken as red"),
          "%s", program_stderr());
}

// Lists and tables lie below the current folder, else below --data.
static void found_lists(void)
{
    folder_text(&world, "set/mine.txt", "test/red/0.ppm red\ntest/blue/1.ppm blue\n");
    folder_text(&world, "set/more.txt", "test/blue/0.ppm blue\n");
    CHECK(proreg("zeroshot --model $M --data $W/set --eval-list mine.txt,more.txt --json") == 0 &&
          strstr(program_stdout(), "\"n\": 3"), "%s%s", program_stdout(), program_stderr());
    CHECK(proreg("zeroshot --model $M --data $W/set --eval-list $W/set/more.txt --json") == 0 &&
          strstr(program_stdout(), "\"n\": 1"), "%s", program_stderr());
    CHECK(proreg("zeroshot --model $M --data $W/set --eval-list none.txt") == 1 &&
          strstr(program_stderr(), "none.txt"), "%s", program_stderr());
    folder_text(&world, "set/some.csv", "text;image\na red dog;train/red/0.ppm\n"
                "\"a \"\"blue\"\" cat\";train/blue/0.ppm\na cat;test/red/0.ppm\n");
    CHECK(proreg("pretrain --model $M --data $W/set --captions some.csv --captions-sep ';' "
                 "--image-key image --caption-key text --epochs 1 --batch 2 --lr 1e-5 --truncate "
                 "--out $W/pre") == 0 && strstr(program_stderr(), "1 of 3 captions are of"), "%s",
          program_stderr());
    CHECK(proreg("pretrain --model $M --data $W/set --captions some.csv --captions-sep ab "
                 "--lr 1e-5 --out $W/pre2") == 2, "%s", program_stderr());
}

// Commas and quotes are quoted; the label is the folder's, whatever was predicted.
static void csv(void)
{
    folder_picture(&world, "odd/a, \"b\"/1.ppm", 1);
    folder_picture(&world, "odd/c/1.ppm", 2);
    CHECK(proreg("zeroshot -q --model $M --data $W/odd --predictions $W/odd.csv") == 0, "%s",
          program_stderr());
    const char *text = program_file("odd.csv", NULL);
    CHECK(strstr(text, "\n\"a, \"\"b\"\"/1.ppm\",,\"a, \"\"b\"\"\","), "%s", text);
    CHECK(strstr(text, "\nc/1.ppm,,c,"), "%s", text);
}

static void vectors(void)
{
    size_t n;
    folder_text(&world, "texts.txt", "a red dog\na blue cat\n\n");
    CHECK(proreg("encode -q --model $M --texts $W/texts.txt -o $W/t.npy") == 0, "%s",
          program_stderr());
    const char *npy = program_file("t.npy", &n);
    CHECK(n == 128 + 3 * 16 * 4 && !memcmp(npy, "\x93NUMPY\1\0", 8)
          && strstr(npy + 10, "'shape': (3, 16)"), "%zu bytes: %.120s", n, npy + 10);
    CHECK(!strcmp(program_file("t.names.txt", NULL), "a red dog\na blue cat\n\n"), "names");
    CHECK(proreg("encode -q --model $M --images $W/set/test -o $W/i.safetensors") == 0, "%s",
          program_stderr());
    CHECK(proreg("info $W/i.safetensors") == 0 && strstr(program_stdout(), "(12,16)"), "%s",
          program_stdout());
}

// Files stand alone or behind --images. What encode did not write it does not replace, unless told;
// what it reads, never.
static void encoded_names(void)
{
#define ENCODE "encode -q --model $M "
#define TWO "$W/set/test/red/0.ppm $W/set/test/blue/0.ppm "
    CHECK(proreg(ENCODE TWO "-o $W/alone.npy") == 0, "%s", program_stderr());
    CHECK(proreg(ENCODE "--images " TWO "-o $W/flag.npy") == 0, "%s", program_stderr());
    CHECK(program_same("alone.npy", "flag.npy"), "vectors");
    CHECK(proreg(ENCODE "-o $W/none.npy") == 2, "nothing to encode");
    folder_text(&world, "alone.txt", "notes of mine\n");
    CHECK(proreg(ENCODE TWO "-o $W/alone.npy") == 0, "again: %s", program_stderr());
    CHECK(!strcmp(program_file("alone.txt", NULL), "notes of mine\n"), "a file beside");
    folder_text(&world, "own.names.txt", "names of mine\n");
    CHECK(proreg(ENCODE TWO "-o $W/own.npy") == 1 &&
          strstr(program_stderr(), "own.names.txt: is there and not from encode"), "%s",
          program_stderr());
    CHECK(!strcmp(program_file("own.names.txt", NULL), "names of mine\n"), "replaced");
    CHECK(proreg(ENCODE "--texts $W/own.names.txt -o $W/own.npy --overwrite") == 2 &&
          strstr(program_stderr(), "own.names.txt: is read by this command"), "%s",
          program_stderr());
    CHECK(proreg(ENCODE TWO "-o $W/own.npy --overwrite") == 0 &&
          strstr(program_file("own.names.txt", NULL), "red/0.ppm\n"), "%s", program_stderr());
    folder_text(&world, "own.names.txt", "names of mine\n");
    CHECK(proreg(ENCODE TWO "-o $W/own.npy") == 1, "a list of another length beside the matrix");
    CHECK(proreg("data preprocess $W/alone.npy $W/flag.npy -o $W/flag.npy") == 2 &&
          strstr(program_stderr(), "is read by this command"), "%s", program_stderr());
}

// No output is an input, by whatever name, or a part of the model; a folder may stand alone too.
// Lists of one name in two folders are two splits.
static void lists_alike(void)
{
    folder_text(&world, "one/list.txt", "train/red/0.ppm red\ntrain/blue/1.ppm blue\n");
    folder_text(&world, "two/list.txt", "test/red/0.ppm red\n");
    CHECK(proreg("data check $W/set --json --train-list $W/one/list.txt --eval-list "
                 "$W/two/list.txt") == 0, "%s", program_stderr());
    CHECK(strstr(program_stdout(), "{\"split\": \"list.txt\", \"domain\": ") &&
          strstr(program_stdout(), "/two/list.txt\", \"trained\": \"list.txt\", \"n\": 1"), "%s",
          program_stdout());
}

// Rows that would be missing, texts that would be cut: refused, and the place is named.
static void lost_rows(void)
{
    CHECK(system("mkdir -p $W/none $W/broken && ln -s /nowhere $W/broken/sub") == 0, "ln");
    folder_picture(&world, "broken/1.ppm", 1);
    CHECK(proreg(ENCODE "$W/none -o $W/lost.npy") == 1 &&
          strstr(program_stderr(), "/none: holds no pictures"), "%s", program_stderr());
    CHECK(proreg(ENCODE "$W/broken -o $W/lost.npy") == 1 &&
          strstr(program_stderr(), "/broken/sub: a link to nowhere (--skip-bad"), "%s",
          program_stderr());
    CHECK(proreg("encode --model $M --skip-bad $W/broken -o $W/lost.npy") == 0 &&
          strstr(program_stderr(), "/broken/sub: a link to nowhere, passed over"), "%s",
          program_stderr());
    CHECK(system("printf 'a red dog\\na red\\000 cat\\n' >$W/zero.txt") == 0, "printf");
    CHECK(proreg(ENCODE "--texts $W/zero.txt -o $W/lost.npy --overwrite") == 1 &&
          strstr(program_stderr(), "zero.txt: line 2: holds a zero byte"), "%s", program_stderr());
    CHECK(proreg("tokenize --model $M --pad <$W/zero.txt") == 1 &&
          strstr(program_stderr(), "a zero byte in the text: a red"), "%s", program_stderr());
    CHECK(proreg("tokenize --model $M --pad --json <<'X'\n\"a\\u0000b\"\nX\n") == 1, "JSON");
    CHECK(system("mkfifo $W/pipe.ppm") == 0 &&
          proreg("predict --model $M --classes a,b $W/pipe.ppm") == 1 &&
          strstr(program_stderr(), "pipe.ppm: is not a regular file"), "%s", program_stderr());
}

// The splits of a folder that holds many others beside them.
static void many_folders(void)
{
    folder_picture(&world, "many/train/red/0.ppm", 1);
    folder_picture(&world, "many/train/blue/1.ppm", 2);
    folder_picture(&world, "many/val/red/0.ppm", 3);
    folder_text(&world, "many/captions.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n"
                "train/blue/1.ppm\ta blue cat\nval/red/0.ppm\ta red cat\n");
    CHECK(system("cd $W/many && seq 2000 | sed s/^/c/ | xargs mkdir") == 0, "mkdir");
    CHECK(proreg("pretrain --model $M --data $W/many --epochs 1 --batch 2 --lr 1e-6 --out $W/wide")
          == 0, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "1 of 3 captions are of pictures outside train/"), "%s",
          program_stderr());
    CHECK(strstr(program_file("wide/pretrain.jsonl", NULL), "\"top1\""), "not evaluated");
}

static void spared(void)
{
    static const struct { const char *line; int status; const char *word; } bad[] = {
        { ENCODE "-o $W/red.npy $W/red.npy", 2, "red.npy: is read" },
        { ENCODE "-o $M/model.safetensors $W/red.npy", 2, "is a file of" },
        { "zeroshot -q --model $M --data $W/set --predictions $W/p --save-logits $W/p", 2,
          "is what --predictions" },
        { "zeroshot -q --model $M --data $W/set --predictions $M/merges.txt", 2, "is a file of" },
        { "zeroshot -q --model $M --data $W/set --classnames $W/in.txt --predictions $W/in.txt", 2,
          "in.txt: is read" },
        { "zeroshot -q --model $M --eval-list $M/x,$W/in.txt --predictions $W/in.txt", 2,
          "in.txt: is read" },
        { "data decode $W/red.npy -o $W/set/../link.ppm", 2, "link.ppm: is read" },
        { "tokenize -q --train $W/in.txt --merges-out $W/in.txt", 2, "in.txt: is read" },
    };
    folder_text(&world, "in.txt", "a dog\n");
    CHECK(system("cp $W/set/test/red/0.ppm $W/red.npy && ln -sf $W/red.npy $W/link.ppm") == 0,
          "cp");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(proreg("%s", bad[i].line) == bad[i].status && strstr(program_stderr(), bad[i].word),
              "%s: %s", bad[i].line, program_stderr());
    CHECK(!strcmp(program_file("in.txt", NULL), "a dog\n"), "written over");
    CHECK(program_same("red.npy", "set/test/red/0.ppm"), "written over");
    CHECK(proreg(ENCODE "$W/set/test -o $W/3.npy") == 0 &&
          proreg(ENCODE "--images $W/set/test -o $W/4.npy") == 0 && program_same("3.npy", "4.npy"),
          "%s", program_stderr());
}

// Every form of a model, as a file or as a folder, lists the tensors of its weights.
// Folders that are too deep to be read, or lead back to themselves, are not passed over.
static void deep_folders(void)
{
    char name[200] = "deep";
    for (int i = 0; i < 16; i++) strcat(name, "/d");
    folder_picture(&world, strcat(name, "/1.ppm"), 1);
    CHECK(proreg("encode -q --model $M --images $W/deep -o $W/deep.npy") == 0, "%s",
          program_stderr());
    strcpy(strrchr(name, '/'), "/d/1.ppm");
    folder_picture(&world, name, 1);
    CHECK(proreg("encode -q --model $M --images $W/deep -o $W/deep.npy") == 1, "left out");
    CHECK(strstr(program_stderr(), "/d: folders more than 16 deep"), "%s", program_stderr());
}

// A link back to a folder above is passed over and told; two links to one folder are two folders.
static void looped_folders(void)
{
    folder_picture(&world, "ring/train/red/1.ppm", 1);
    folder_picture(&world, "ring/train/blue/2.ppm", 2);
    CHECK(system("cd $W/ring && ln -s . a && ln -s .. train/b && ln -s ../../train train/red/c && "
                 "ln -s . train/red/d") == 0, "ln");
    CHECK(proreg("encode --model $M --images $W/ring -o $W/ring.npy") == 0, "%s",
          program_stderr());
    CHECK(strstr(program_stderr(), "note: 4 links back to a folder above are passed over, the "
                 "first: ") && strstr(program_stderr(), "/ring/a\n"), "%s", program_stderr());
    const char *names = program_file("ring.names.txt", NULL);
    CHECK(strstr(names, "ring/train/blue/2.ppm\n") && strchr(strchr(names, '\n') + 1, '\n')[1] == 0,
          "%s", names);
    CHECK(proreg("zeroshot --model $M --data $W/ring") == 0 &&
          strstr(program_stderr(), "note: 4 links back to a folder above are passed over, the "
                 "first: a\n"), "%s", program_stderr());
    CHECK(proreg("data check $W/ring") == 0 &&
          strstr(program_stdout(), "a: the first of 4 links back to a folder above: passed over"),
          "%s", program_stdout());
    CHECK(system("cd $W/ring && rm a train/b train/red/c train/red/d && ln -s blue train/x && "
                 "ln -s blue train/y") == 0, "ln");
    CHECK(proreg("encode --model $M --images $W/ring -o $W/ring.npy") == 0 &&
          !strstr(program_stderr(), "links back"), "%s", program_stderr());
    names = program_file("ring.names.txt", NULL);
    CHECK(strstr(names, "train/blue/2.ppm\n") && strstr(names, "train/x/2.ppm\n") &&
          strstr(names, "train/y/2.ppm\n"), "%s", names);
}

static void listings(void)
{
    static const char *const models[] = { "hf-quick", "hf-gelu-sharded", "oc-gelu", "openai.pt" };
    for (int i = 0; i < 4; i++) {
        CHECK(proreg("info --json test/golden/clip/%s", models[i]) == 0, "%s: %s", models[i],
              program_stderr());
        CHECK(!strncmp(program_stdout(), "{\"name\": ", 9), "%s: %.80s", models[i],
              program_stdout());
        CHECK(proreg("info test/golden/clip/%s", models[i]) == 0
              && strstr(program_stdout(), " tensors, "), "%s: %s", models[i], program_stdout());
    }
}

static void pixels(void)
{
    CHECK(proreg("data decode $W/set/train/red/0.ppm -o $W/d.ppm") == 0, "%s", program_stderr());
    CHECK(program_same("d.ppm", "set/train/red/0.ppm"), "decoding a PPM");
    CHECK(proreg("data preprocess $W/set/train/red/0.ppm --size 32 -o $W/p.ppm") == 0, "%s",
          program_stderr());
    CHECK(!strncmp(program_file("p.ppm", NULL), "P6\n32 32\n255\n", 13), "%.20s",
          program_file("p.ppm", NULL));
    CHECK(proreg("data augment $W/set/train/red/0.ppm -o $W/x.ppm --randaug --seed 3 --index 5")
          == 0, "%s", program_stderr());
    char chain[300];
    snprintf(chain, sizeof chain, "%.*s", (int)strcspn(program_stdout(), "\n"), program_stdout());
    CHECK(proreg("data augment $W/set/train/red/0.ppm -o $W/y.ppm --ops '%s'", chain) == 0, "%s",
          program_stderr());
    CHECK(program_same("x.ppm", "y.ppm"), "the printed chain is not the one that was drawn");
    test_note("%s", chain);
}

static void checked(void)
{
    CHECK(proreg("data check $W/set -q") == 0, "%s", program_stderr());
    CHECK(strstr(program_stdout(), "45 pictures, 0 findings"), "%s", program_stdout());
    CHECK(proreg("data check $W/set -q --json") == 0, "%s", program_stderr());
    CHECK(strstr(program_stdout(), "{\"split\": \"train\", \"domain\": \"\", \"class\": \"red\", "
                 "\"n\": 11}"), "%s", program_stdout());
    folder_picture(&world, "sick/train/a/1.ppm", 1);
    folder_picture(&world, "sick/train/a/2.ppm", 1);
    folder_text(&world, "sick/train/b/2.ppm", "P6\n9 9\n255\nxx");
    CHECK(proreg("data check $W/sick -q") == 1, "%s", program_stdout());
    CHECK(strstr(program_stdout(), "doubled: ") && strstr(program_stdout(), "train/b/2.ppm"), "%s",
          program_stdout());
}

static void environment(void)
{
    setenv("PROREG_THREADS", "many", 1);
    CHECK(proreg("zeroshot -q --data $W/set --eval-split test --model $M") == 2, "threads");
    CHECK(strstr(program_stderr(), "PROREG_THREADS: many"), "%s", program_stderr());
    setenv("PROREG_THREADS", "3", 1);
    setenv("PROREG_ISA", "scalar", 1);
    CHECK(proreg("info --machine --json") == 0 && strstr(program_stdout(), "\"threads\": 3, "
          "\"isa\": \"scalar\""), "%s%s", program_stdout(), program_stderr());
    unsetenv("PROREG_THREADS");
    unsetenv("PROREG_ISA");
}

// ---- streams and disks --------------------------------------------------------------------------

static int files_left(const char *name)
{
    char command[600];
    snprintf(command, sizeof command, "ls -a $W/%s 2>/dev/null | wc -l > $W/count", name);
    return system(command) == 0 ? atoi(program_file("count", NULL)) : -1;
}

// A closed stream is not lent to a file, and a limit of the shell is an error like a full disk.
static void streams(void)
{
    CHECK(proreg("eval --model $M --data $W/set --eval-split test --predictions $W/p1.csv -q") == 0,
          "%s", program_stderr());
    CHECK(proreg("eval --model $M --data $W/set --eval-split test --predictions $W/p2.csv "
                 "0<&- 2>&- >&-") == 1, "stdout cannot be written");
    CHECK(program_same("p1.csv", "p2.csv"), "messages in a file");
    CHECK(proreg("data decode $W/set/test/red/0.ppm -o $W/d.ppm 0<&- 2>&- >&-") == 0, "decode");
    setenv("PROREG_BEFORE", "ulimit -f 8;", 1);
    int status = proreg(TRAIN "--overwrite --epochs 1");
    unsetenv("PROREG_BEFORE");
    CHECK(status == 1 && strstr(program_stderr(), "cannot write"), "%d: %s", status,
          program_stderr());
}

// ---- flags without effect ----------------------------------------------------------------------

// Every flag that does nothing, by verb and the others that are given.
static void idle_rows(void)
{
    static const struct { unsigned verb; const char *argv[3], *idle; } rows[] = {
        { VERB_CHECK, { "x" }, "label-base" }, { VERB_CHECK, { "--eval-list", "x" }, "" },
        { VERB_WORLD, { "--kind", "task" }, "isa" },
        { VERB_EVAL, { "--data", "x" }, "label-base checkpoint" },
        { VERB_EVAL, { "--run", "x" }, "label-base" },
        { VERB_PREDICT, { "--model", "x" }, "checkpoint" }, { VERB_PREDICT, { "--run", "x" }, "" },
        { VERB_ENCODE, { "--run", "x", "y.png" }, "merges" },
        { VERB_ENCODE, { "--texts", "x" }, "checkpoint mean std size resize-mode interpolation "
          "pillow max-pixels batch micro-batch workers" },
        { VERB_TOKENIZE, { "x" }, "vocab merges-out captions-sep caption-key" },
        { VERB_TOKENIZE, { "--train", "x" }, "captions-sep caption-key model merges pad truncate "
          "json" },
        { VERB_TOKENIZE, { "--train", "x.tsv" }, "model merges pad truncate json" },
        { VERB_PREPROCESS, { "--random-crop", "0.5" }, "ra-n ra-m resize-mode threads" },
        { VERB_PREPROCESS, { "-o", "x.ppm" }, "ra-n ra-m seed epoch index mean std threads" },
        { VERB_AUGMENT, { "--randaug" }, "threads" }, { VERB_INFO, { "--machine" }, "" },
        { VERB_INFO, { "x" }, "threads isa" }, { VERB_PRETRAIN, { "--data", "x" }, "" },
        { VERB_PRETRAIN, { "--model", "x" }, "image-size patch width layers embed text-width "
          "text-layers context" },
    };
    for (int i = 0; i < TEST_COUNT(rows); i++) {
        const Verb verb = { "x", "", 0, 1, "", rows[i].verb, NULL };
        char names[300] = "";
        const IdleFlag *f = NULL;
        Options o;
        int n = 0;
        while (n < 3 && rows[i].argv[n]) n++;
        if (!CHECK_OK(options_parse(&o, &verb, n, (char **)(uintptr_t)rows[i].argv))) continue;
        while ((f = idle_next(&o, f)))
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? " " : "",
                     f->flag);
        CHECK(!strcmp(names, rows[i].idle), "%s %s: %s, not %s", rows[i].argv[0],
              rows[i].argv[1] ? rows[i].argv[1] : "", names, rows[i].idle);
        options_free(&o);
    }
}

// What a verb says of them, and that it goes on.
static void idle_notes(void)
{
    static const struct { const char *command, *said; } notes[] = {
        { "encode -m $M --texts $W/t.txt -o $W/t.npy --mean 0.3", "--mean: without effect: it" },
        { "predict -m $M --classes a,b --checkpoint best $W/set/test/red/*", "--checkpoint: with" },
        { "encode -m test/golden/clip/oc-checkpoint.pt --activation gelu --images $W/set/test/red "
          "-o $W/heads.npy", "nothing says its heads: 1 are taken for the images' width 64, 1 for "
          "the texts' width 64 (--heads N, --text-heads N)" },
        { "encode -m test/golden/clip/oc-checkpoint.pt --activation gelu --mean 122.8,0.4,0.4 "
          "--images $W/set/test/red -o $W/mean.npy", "note: test/golden/clip: mean 122.8 and "
          "deviation 0.26863 of bytes times 0.00392157 send black to -457" },
        { "data preprocess $W/set/test/red/* -o $W/y.npy --std 58", "and deviation 58 of bytes" },
        { "data check $W/set --label-base 1", "--label-base: without effect: it needs" },
        { "info $M --threads 2", "--threads: without effect: it needs --machine" },
        { "data preprocess $W/set/test/red/* -o $W/x.npy --threads 2", "--threads: without" },
    };
    folder_text(&world, "t.txt", "a cat\n");
    for (int i = 0; i < TEST_COUNT(notes); i++)
        CHECK(proreg("%s", notes[i].command) == 0 && strstr(program_stderr(), notes[i].said),
              "%s: %s", notes[i].command, program_stderr());
    CHECK(proreg("encode -m test/golden/clip/oc-checkpoint.pt --activation gelu --heads 1 "
                 "--text-heads 1 --images $W/set/test/red -o $W/heads.npy") == 0 &&
          !strstr(program_stderr(), "heads"), "%s", program_stderr());
}

// A new model is as the flags say.
static void new_model(void)
{
    folder_text(&world, "few.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n");
    CHECK(proreg("pretrain -q --merges $M/merges.txt --data $W/set --captions $W/few.tsv "
                 "--image-size 8 --patch 4 --width 8 --layers 1 --heads 2 --embed 8 --text-width 8 "
                 "--text-layers 1 --text-heads 1 --context 9 --epochs 1 --lr 1e-3 "
                 "--activation gelu --out $W/new") == 0, "%s", program_stderr());
    const char *config = program_file("new/config.json", NULL);
    CHECK(strstr(config, "\"hidden_act\": \"gelu\"") && !strstr(config, "quick_gelu"), "%s",
          config);
}

// ---- the disk is full ---------------------------------------------------------------------------

// A limit on the size of files stands in for a full disk: the write fails in the middle.
static void full_disk(void)
{
    static const struct { const char *command, *left; } full[] = {
        { "train -q --model $M --data $W/set --out $W/full", "full/last" },
        { "data preprocess $W/set/train/red/*.ppm -o $W/full.npy", "full.npy*" },
        { "encode -q --model $M --images $W/set/train -o $W/full.safetensors",
          "full.safetensors*" },
        { "zeroshot -q --model $M --data $W/set/train --predictions $W/full.csv", "full.csv*" },
    };
    for (int i = 0; i < 4; i++) {
        setenv("PROREG_BEFORE", "trap '' XFSZ; ulimit -f 2;", 1);
        int status = proreg("%s", full[i].command);
        unsetenv("PROREG_BEFORE");
        CHECK(status == 1 && strstr(program_stderr(), "cannot write"), "%s: %d: %s",
              full[i].command, status, program_stderr());
        CHECK(files_left(full[i].left) == 0, "%s left something", full[i].command);
    }
    if (!file_exists("/dev/full") && access("/dev/full", W_OK) != 0) return;
    static const char *const printing[] = {
        "tokenize --model $M hello", "info $M", "info $M --json", "data check $W/set --json",
        "zeroshot -q --json --model $M --data $W/set --eval-split test", "--version", "--help",
        "train --help",
    };
    for (int i = 0; i < 8; i++) {
        CHECK(proreg("%s >/dev/full", printing[i]) == 1, "%s", printing[i]);
        CHECK(!strcmp(program_stderr(), "proreg: stdout: cannot write\n"), "%s: %s", printing[i],
              program_stderr());
    }
}

// Does a terminal show this as it is?
static bool harmless(const char *text)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
    for (int n; p < end; p += n) {
        n = utf8_size(p, end);
        unsigned c = n ? utf8_value(p, n) : 0;
        if ((c < ' ' && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0)) return false;
        if (c >= 0x202a && c <= 0x202e) return false;
    }
    return true;
}

// Names that would clear the screen, colour it or turn the line round reach it escaped, whoever
// prints them.
static void foreign(void)
{
    static const char head[] = "{\"w\\u001b[31m\\u202e\\u009b2J\":{\"dtype\":\"F32\",\"shape\":[1],"
                               "\"data_offsets\":[0,4]}}   ";
    static const char *const commands[] = {
        "data check $W/odd", "info $W/odd.safetensors", "predict --run $W/oddrun -q $W/odd/*/*/1*",
        "eval --run $W/oddrun -q --data $W/odd", "eval --run $W/oddrun -q --json --data $W/odd",
        "info $W/oddrun", "info $W/oddrun/last", "wise --run $W/oddrun -q --alphas 1",
        "zeroshot --model $M --data $W/odd --eval-split 'q\x1b[31m\xc2\x9b'",
        "predict --model $M --classes 'a,b' $W/odd/*/*/none\x1b[2J.ppm",
        "eval --run $W/oddrun --data $W/odd --eval-domains '\xff\xe2\x80\xae'",
        "data check $W/set --train-list \"$W/l\x1b[31m.txt\" --eval-list $W/l.txt",
    };
    char file[8 + sizeof head + 4] = { (char)(sizeof head - 1) };
    memcpy(file + 8, head, sizeof head - 1);
    FILE *out = fopen(folder_name(&world, "odd.safetensors"), "wb");
    if (!out) exit(2);
    fwrite(file, 1, 8 + sizeof head - 1 + 4, out);
    fclose(out);
    folder_text(&world, "l.txt", "train/red/0.ppm red\ntrain/blue/1.ppm blue\n");
    folder_text(&world, "l\x1b[31m.txt", "train/red/0.ppm red\n");
    for (int i = 0; i < 8; i++) {
        char name[100];
        snprintf(name, sizeof name, "odd/%s/%s/%d.ppm", i & 1 ? "test" : "train",
                 i & 2 ? "\x1b[31mred\xc2\x9b" : "\xe2\x80\xaeklaw \xc3\xa9", i / 4);
        folder_picture(&world, name, i);
    }
    CHECK(proreg("train --model $M --data $W/odd --max-steps 1 --epochs 1 --out $W/oddrun") == 0,
          "%s", program_stderr());
    CHECK(harmless(program_stdout()) && harmless(program_stderr()), "train");
    for (int i = 0; i < (int)(sizeof commands / sizeof *commands); i++) {
        proreg("%s", commands[i]);
        CHECK(harmless(program_stdout()), "%s: %s", commands[i], program_stdout());
        CHECK(harmless(program_stderr()), "%s: %s", commands[i], program_stderr());
        CHECK(*program_stdout() || *program_stderr(), "%s: says nothing", commands[i]);
    }
}

// What the JSON writer could not hold is not printed, and is an error.
static void lost_json(void)
{
    JsonOut lines = { 0 };
    json_out_object(&lines);
    CHECK_STATUS(print_json(&lines), ERR_USAGE, "1 brackets are open");
    CHECK(!lines.text && !lines.size, "memory is kept");
    CHECK_OK(print_json(&lines));
}

#define SUMS "cd $W && cksum set/test/red/0.ppm thesis model/vocab.json >"

// What lies where an output goes is replaced only if it is such an output itself, or empty.
static void strangers(void)
{
    static const char *const commands[] = {
        "zeroshot --model $M --data $W/set -q --predictions ",
        "zeroshot --model $M --data $W/set -q --save-logits ",
        "tokenize --train $W/words --vocab 540 -q --merges-out ",
    };
    static const char *const files[] = { "$W/set/test/red/0.ppm", "$W/thesis", "$M/vocab.json" };
    folder_text(&world, "thesis", "nine years\n");
    folder_text(&world, "words", "a red dog and a red cat\n");
    CHECK(system(SUMS "before") == 0, "cksum");
    for (int i = 0; i < TEST_COUNT(commands); i++)
        for (int k = 0; k < TEST_COUNT(files); k++) {
            int status = proreg("%s%s", commands[i], files[k]);
            CHECK(status == 1 || status == 2, "%s%s: exit %d", commands[i], files[k], status);
        }
    CHECK(proreg("encode --model $M --images $W/set -q -o $M/model.safetensors") != 0, "weights");
    CHECK(system(SUMS "after") == 0, "cksum");
    CHECK(program_same("before", "after"), "a file of the user was replaced");
    folder_text(&world, "again.csv", "");
    for (int i = 0; i < 2; i++) {
        CHECK(proreg("%s$W/again.csv", commands[0]) == 0, "%s", program_stderr());
        CHECK(proreg("%s$W/again.npy", commands[1]) == 0, "%s", program_stderr());
        CHECK(proreg("%s$W/again.txt", commands[2]) == 0, "%s", program_stderr());
        CHECK(proreg("encode --model $M --images $W/set -q -o $W/again.safetensors") == 0, "%s",
              program_stderr());
    }
}

static const TestCase cases[] = {
    { "strangers", strangers },
    { "helps", helps }, { "tokens", tokens }, { "merges", merges },
    { "predictions", predictions }, { "class_names", class_names },
    { "found_lists", found_lists }, { "numbers_from_one", numbers_from_one },
    { "csv", csv }, { "vectors", vectors },
    { "encoded_names", encoded_names }, { "lost_rows", lost_rows }, { "lists_alike", lists_alike },
    { "many_folders", many_folders }, { "spared", spared },
    { "deep_folders", deep_folders }, { "looped_folders", looped_folders },
    { "listings", listings }, { "pixels", pixels },
    { "checked", checked }, { "environment", environment }, { "streams", streams },
    { "idle_rows", idle_rows }, { "idle_notes", idle_notes }, { "new_model", new_model },
    { "full_disk", full_disk }, { "lost_json", lost_json },
    { "foreign", foreign },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("output", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

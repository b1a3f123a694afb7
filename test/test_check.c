// test_check.c - what `data check` finds in folders and lists with known faults.
#include "data/image/exif.h"
#include "data/set/check.h"
#include "data/set/lists.h"
#include "tensor/base/name.h"
#include "tensor/base/par.h"
#include "test/folder.h"
#include "test/test.h"

static bool looks(Check *c, CheckOptions o)
{
    return CHECK_OK(check_data(c, &o));
}

// One finding of this kind about this path with this word.
static void finds(const Check *c, CheckKind kind, const char *path, const char *word)
{
    for (int64_t i = 0; i < c->finding_n; i++) {
        const Finding *f = &c->finding[i];
        if (f->kind == kind && strstr(f->path, path) && strstr(f->text, word)) return;
    }
    CHECK(false, "no finding \"%s\" about %s with %s", check_kind(kind), path, word);
    for (int64_t i = 0; i < c->finding_n; i++)
        printf("    %s: %s: %s\n", check_kind(c->finding[i].kind), c->finding[i].path,
               c->finding[i].text);
}

static void sound(void)
{
    Check c;
    Folder f = folder_open();
    folder_picture(&f, "train/cat/1.ppm", 1);
    folder_picture(&f, "train/cat/2.ppm", 2);
    folder_picture(&f, "train/dog/3.ppm", 3);
    folder_picture(&f, "test/dog/4.PPM", 4);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path, .eval_split = "test" },
                                  .classes = 2 })) {
        CHECK(c.finding_n == 0 && c.fatal == 0, "%d findings", (int)c.finding_n);
        CHECK(c.pictures == 4 && c.count_n == 3, "%d counts", (int)c.count_n);
        CHECK(!strcmp(c.count[1].split, "train") && !strcmp(c.count[1].class_name, "cat") &&
              c.count[1].n == 2, "train/cat");
    }
    check_close(&c);
    folder_close(&f);
}

static void plant_faults(const Folder *f)
{
    folder_picture(f, "train/cat/1.ppm", 1);
    folder_picture(f, "train/cat/2.ppm", 2);
    folder_picture(f, "train/cat/same.ppm", 2);
    folder_picture(f, "train/dog/2.ppm", 2);
    folder_picture(f, "test/dog/leak.ppm", 1);
    folder_picture(f, "test/cat/named.png", 5);
    folder_text(f, "train/dog/short.ppm", "P6\n5 5\n255\nabc");
    folder_text(f, "train/dog/noise.ppm", "what is this");
    folder_text(f, "train/dog/empty.ppm", "");
    folder_picture(f, "train/dog/deep/stray.ppm", 7);
}

static void faults(void)
{
    Check c;
    Folder f = folder_open();
    plant_faults(&f);
    for (int threads = 1; threads <= 3; threads += 2) {
        CHECK_OK(par_set_threads(threads));
        if (!looks(&c, (CheckOptions){ .data = { .root = f.path }, .classes = 3 })) break;
        finds(&c, CHECK_DOUBLED, "train/cat/same.ppm", "same as train/cat/2.ppm");
        finds(&c, CHECK_DOUBLED, "train/dog/2.ppm", "of another class");
        finds(&c, CHECK_LEAK, "train/cat/1.ppm", "same as test/dog/leak.ppm");
        finds(&c, CHECK_MISNAMED, "test/cat/named.png", "PPM");
        finds(&c, CHECK_TRUNCATED, "train/dog/short.ppm", "");
        finds(&c, CHECK_UNREADABLE, "train/dog/noise.ppm", "");
        finds(&c, CHECK_UNREADABLE, "train/dog/empty.ppm", "");
        finds(&c, CHECK_STRAY, "train/dog/deep/stray.ppm", "1 pictures");
        finds(&c, CHECK_CLASS_COUNT, "", "2 classes instead of 3");
        CHECK(c.fatal == 3 && c.finding_n == 9, "%d fatal of %d", (int)c.fatal, (int)c.finding_n);
        check_close(&c);
    }
    CHECK_OK(par_set_threads(1));
    folder_close(&f);
}

static void domains(void)
{
    Check c;
    Folder f = folder_open();
    folder_picture(&f, "sun/dog/1.ppm", 1);
    folder_picture(&f, "sun/Sofa/2.ppm", 2);
    folder_picture(&f, "moon/dog/3.ppm", 3);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } })) {
        finds(&c, CHECK_CLASSES_DIFFER, "moon", "no class Sofa, unlike sun");
        finds(&c, CHECK_UNUSABLE, "", "class folders differ");
        CHECK(c.fatal == 1 && c.finding_n == 2, "%d of %d", (int)c.fatal, (int)c.finding_n);
    }
    check_close(&c);
    folder_picture(&f, "sun/dog/a/b/c.ppm", 7);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } })) {
        finds(&c, CHECK_STRAY, "sun/dog/a/b", "1 folders deeper than 3 levels: not read");
        CHECK(c.finding_n == 3, "%d", (int)c.finding_n);
    }
    check_close(&c);
    folder_picture(&f, "moon/Sofa/4.ppm", 4);
    folder_picture(&f, "moon/ant/5.ppm", 5);
    folder_picture(&f, "sun/ant/6.ppm", 6);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } })) {
        finds(&c, CHECK_CLASS_ORDER, "", "label 1 is ant, behind Sofa");
        CHECK(c.fatal == 0, "%d fatal", (int)c.fatal);
    }
    check_close(&c);
    folder_close(&f);
}

static void lists(void)
{
    Check c;
    Folder f = folder_open();
    folder_picture(&f, "cat/1.ppm", 1);
    folder_picture(&f, "dog/2.ppm", 2);
    folder_text(&f, "one.txt", "cat/1.ppm 1\ndog/2.ppm 2\n");
    folder_text(&f, "wrong.txt",
                "cat/1.ppm 1\ncat/gone.ppm 1\ndog/2.ppm 0\ndog/2.ppm 1\ndog/2.ppm 5\n");
    CheckOptions o = { .data = { .root = f.path, .train_list = folder_name(&f, "one.txt") } };
    if (looks(&c, o)) {
        finds(&c, CHECK_ONE_BASED, "one.txt", "labels are 1..2: --label-base 1");
        CHECK(c.fatal == 2, "%d fatal", (int)c.fatal);
    }
    check_close(&c);
    o.data.label_base = 1;
    if (looks(&c, o)) CHECK(c.fatal == 0 && c.finding_n == 0, "%d findings", (int)c.finding_n);
    check_close(&c);
    o.data.label_base = 0;
    o.data.train_list = folder_name(&f, "wrong.txt");
    o.classes = 2;
    if (looks(&c, o)) {
        finds(&c, CHECK_MISSING, "cat/gone.ppm", "line 2");
        finds(&c, CHECK_LABEL_RANGE, "wrong.txt", "line 5: label 5 of 2 classes");
        finds(&c, CHECK_LABEL_MIXED, "wrong.txt", "label 1 is cat in line 1, but dog in line 4");
        finds(&c, CHECK_CLASS_ORDER, "wrong.txt", "label 1 is cat");
        finds(&c, CHECK_UNUSABLE, "", "dataset: ");
    }
    check_close(&c);
    o.data.label_base = 1;
    if (looks(&c, o)) finds(&c, CHECK_LABEL_RANGE, "wrong.txt",
                            "line 3: label 0 with --label-base 1");
    check_close(&c);
    folder_close(&f);
}

// Labels from 1 on that a run takes as counted from 0 keep nothing from training, and are told.
static void from_one(void)
{
    Check c;
    Folder f = folder_open();
    for (int i = 1; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "all/%d.ppm", i);
        folder_picture(&f, name, i);
    }
    folder_text(&f, "one.txt", "all/1.ppm 1\nall/2.ppm 2\nall/3.ppm 2\n");
    folder_text(&f, "three.txt", "cat\ndog\ncow\n");
    folder_text(&f, "two.txt", "cat\ndog\n");
    CheckOptions o = { .data = { .root = f.path, .train_list = folder_name(&f, "one.txt"),
                                 .classnames = folder_name(&f, "three.txt") } };
    o.data.sides = DATASET_TRAIN;
    if (looks(&c, o)) {
        finds(&c, CHECK_NO_LABEL_0, "", "one.txt: labels run from 1 to 2 and none is 0");
        CHECK(c.fatal == 0 && c.found[CHECK_ONE_BASED] == 0, "%d fatal", (int)c.fatal);
    }
    check_close(&c);
    o.data.classnames = folder_name(&f, "two.txt");
    if (looks(&c, o)) {
        finds(&c, CHECK_ONE_BASED, "one.txt", "labels are 1..2: --label-base 1");
        CHECK(c.fatal == 2 && c.found[CHECK_NO_LABEL_0] == 0, "%d fatal", (int)c.fatal);
    }
    check_close(&c);
    o.data.label_base = 1;
    if (looks(&c, o)) CHECK(c.finding_n == 0, "%d findings", (int)c.finding_n);
    check_close(&c);
    folder_close(&f);
}

// A file that stands in two lists, or twice in one; a list whose labels are no labels.
static void listed_twice(void)
{
    Check c;
    Folder f = folder_open();
    folder_picture(&f, "cat/1.ppm", 1);
    folder_picture(&f, "dog/2.ppm", 2);
    folder_picture(&f, "dog/3.ppm", 3);
    folder_text(&f, "a.txt", "cat/1.ppm 0\ndog/2.ppm 1\ndog/3.ppm 1\ndog/3.ppm 1\n");
    folder_text(&f, "b.txt", "cat/1.ppm 0\ndog/2.ppm 1\n");
    folder_text(&f, "odd.txt", "cat/1.ppm 0\ndog/2.ppm 1x\n");
    CheckOptions o = { .data = { .root = f.path, .train_list = folder_name(&f, "a.txt"),
                                 .eval_list = folder_name(&f, "b.txt") } };
    if (looks(&c, o)) {
        finds(&c, CHECK_LEAK, "cat/1.ppm", "a.txt: line 1 and b.txt: line 1");
        finds(&c, CHECK_LEAK, "dog/2.ppm", "a.txt: line 2 and b.txt: line 2");
        finds(&c, CHECK_DOUBLED, "dog/3.ppm", "a.txt: line 3 and a.txt: line 4");
        CHECK(c.finding_n == 3, "%d findings", (int)c.finding_n);
    }
    check_close(&c);
    o.data.train_list = folder_name(&f, "odd.txt");
    if (looks(&c, o)) finds(&c, CHECK_UNUSABLE, "", "line 2: label 1x: not a whole number");
    check_close(&c);
    folder_close(&f);
}

// Names that differ only in `_`: each is itself before it is the other.
static void alike(void)
{
    static const char *const names[] = { "a_b", "a b", "c d" };
    CHECK(name_find("a b", names, 3) == 1 && name_find("a_b", names, 3) == 0, "itself");
    CHECK(name_find("c_d", names, 3) == 2 && name_find("e", names, 3) == -1, "alike");
    static const char *const more[] = { "b", NULL, "a b", "caf\xc3\xa9", "a_b", "A b", "b", "" };
    static const char *const asked[] = { "a b", "a_b", "A_b", "cafe\xcc\x81", "b", "B", "",
                                         "\xff" };
    NameIndex x;
    Arena arena = { 0 };
    CHECK(name_index(&x, &arena, more, 8), "memory");
    for (int i = 0; i < TEST_COUNT(asked); i++)
        CHECK(name_index_find(&x, asked[i]) == name_find(asked[i], more, 8), "%s: %d", asked[i],
              (int)name_index_find(&x, asked[i]));
    arena_free(&arena);
}

// Each of several domains has classes of its own; of a kind the first are kept and all counted. An
// empty class folder is no lack.
static void many_domains(void)
{
    enum { DOMAINS = 40, KEPT = 10 };
    Check c;
    Folder f = folder_open();
    char name[60];
    for (int i = 0; i < DOMAINS; i++) {
        snprintf(name, sizeof name, "d%02d/c%02d/1.ppm", i, i / 2);    // two domains per class
        folder_picture(&f, name, i);
    }
    CHECK_OK(folder_make(folder_name(&f, "d00/c07")));
    for (int most = 0; most <= KEPT; most += KEPT) {
        if (!looks(&c, (CheckOptions){ .data = { .root = f.path }, .most = most })) break;
        int64_t want = DOMAINS * (DOMAINS / 2 - 1) - 1, kept = 0;
        for (int64_t i = 0; i < c.finding_n; i++) kept += c.finding[i].kind == CHECK_CLASSES_DIFFER;
        CHECK(c.found[CHECK_CLASSES_DIFFER] == want && kept == (most ? KEPT : want), "%d, %d of %d",
              (int)c.found[CHECK_CLASSES_DIFFER], (int)kept, (int)want);
        finds(&c, CHECK_CLASSES_DIFFER, "d00", "has no class c01, unlike d02");
        finds(&c, CHECK_STRAY, "d00/c07", "class folder without pictures");
        CHECK(c.count_n == DOMAINS + 1 && c.count[1].n == 0, "%d rows", (int)c.count_n);
        check_close(&c);
    }
    folder_picture(&f, "d00/own/1.ppm", 99);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } }))
        CHECK(c.found[CHECK_CLASSES_DIFFER] == DOMAINS * (DOMAINS / 2 - 1) - 1 + DOMAINS - 1, "%d",
              (int)c.found[CHECK_CLASSES_DIFFER]);
    check_close(&c);
    folder_close(&f);
    f = folder_open();                         // a class that one split of a domain has, one not
    folder_picture(&f, "moon/test/cat/1.ppm", 1);
    folder_picture(&f, "moon/train/dog/1.ppm", 2);
    folder_picture(&f, "sun/train/cat/1.ppm", 3);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } }))
        finds(&c, CHECK_CLASSES_DIFFER, "moon", "has no class cat in split train, unlike sun");
    check_close(&c);
    folder_close(&f);
}

// How many pictures of each split that is not trained on have the content of one that is.
static void shares(void)
{
    Check c;
    Folder f = folder_open();
    for (int i = 0; i < 4; i++) {
        folder_picture(&f, (const char *[]){ "train/a/1.ppm", "train/a/2.ppm", "train/b/1.ppm",
                                             "train/b/2.ppm" }[i], i / 2);
        folder_picture(&f, (const char *[]){ "test/a/1.ppm", "test/a/2.ppm", "test/b/1.ppm",
                                             "val/b/2.ppm" }[i], i);
    }
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } })) {
        CHECK(c.share_n == 2 && !strcmp(c.share[0].split, "test") && c.share[0].n == 3 &&
              c.share[0].also == 2 && !strcmp(c.share[0].trained, "train"), "test: %d",
              (int)c.share_n);
        CHECK(c.share_n == 2 && c.share[1].n == 1 && c.share[1].also == 0, "val");
    }
    check_close(&c);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path, .train_split = "val" } }))
        CHECK(c.share_n == 2 && c.share[0].also == 0 && !strcmp(c.share[1].split, "train") &&
              !strcmp(c.share[1].trained, "val"), "trained on val");
    check_close(&c);
    folder_text(&f, "one.txt", "train/a/1.ppm 0\ntrain/b/1.ppm 1\n");
    folder_text(&f, "two.txt", "test/a/1.ppm 0\ntest/b/1.ppm 1\n");
    CheckOptions o = { .data = { .root = f.path, .train_list = folder_name(&f, "one.txt"),
                                 .eval_list = folder_name(&f, "two.txt") } };
    if (looks(&c, o))
        CHECK(c.share_n == 1 && c.share[0].n == 2 && c.share[0].also == 1 &&
              !strcmp(c.share[0].split, "two.txt"), "lists");
    check_close(&c);
    folder_close(&f);
}

// Trained and evaluated on, where no split tells the pictures apart.
static void seen_domains(void)
{
    Check c;
    Folder f = folder_open();
    folder_picture(&f, "sun/dog/1.ppm", 1);
    folder_picture(&f, "moon/dog/2.ppm", 2);
    CheckOptions o = { .data = { .root = f.path, .train_domains = "sun,moon",
                                 .eval_domains = "moon" } };
    if (looks(&c, o)) finds(&c, CHECK_LEAK, "moon", "is trained on and evaluated on");
    CHECK(c.finding_n == 1, "%d findings", (int)c.finding_n);
    check_close(&c);
    o.data.train_domains = "sun";
    if (looks(&c, o)) CHECK(c.finding_n == 0, "%d findings", (int)c.finding_n);
    check_close(&c);
    folder_close(&f);
}

// Classes of one prompt, classes of the test split alone, folders that may be splits.
static void names(void)
{
    Check c;
    Folder f = folder_open();
    folder_picture(&f, "Train/a_b/1.ppm", 1);
    folder_picture(&f, "Train/a b/2.ppm", 2);
    folder_picture(&f, "Train/Dog/3.ppm", 3);
    folder_picture(&f, "Train/dog/4.ppm", 4);
    folder_picture(&f, "test/dog/5.ppm", 5);
    folder_picture(&f, "test/dgo/6.ppm", 6);
    folder_picture(&f, "Testing/dog/7.ppm", 7);
    CheckOptions o = { .data = { .root = f.path, .eval_split = "Testing" } };
    if (looks(&c, o)) {
        finds(&c, CHECK_EQUAL_PROMPTS, "", "classes a b and a_b: a b");
        finds(&c, CHECK_EQUAL_PROMPTS, "", "classes Dog and dog: dog");
        finds(&c, CHECK_UNTRAINED, "dgo", "1 pictures in split test, none to train on: did you");
        finds(&c, CHECK_SPLIT_NAME, "test", "is one split with Testing");
        CHECK(c.fatal == 2 && c.finding_n == 5, "%d of %d", (int)c.fatal, (int)c.finding_n);
    }
    check_close(&c);
    o.data.equal_prompts = true;
    if (looks(&c, o)) CHECK(c.fatal == 0 && !c.found[CHECK_EQUAL_PROMPTS], "allowed");
    check_close(&c);
    folder_close(&f);
    f = folder_open();
    folder_picture(&f, "train2017/dog/1.ppm", 1);
    folder_picture(&f, "vald/dog/2.ppm", 2);
    folder_picture(&f, "training-set/dog/3.ppm", 3);
    folder_picture(&f, "valley/dog/4.ppm", 4);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } })) {
        finds(&c, CHECK_SPLIT_NAME, "train2017", "is read as a domain");
        finds(&c, CHECK_SPLIT_NAME, "vald", "is read as a domain");
        finds(&c, CHECK_SPLIT_NAME, "training-set", "is read as a domain");
        CHECK(c.found[CHECK_SPLIT_NAME] == 3, "%d", (int)c.found[CHECK_SPLIT_NAME]);
    }
    check_close(&c);
    folder_close(&f);
}

// Of each kind so many as are asked for, and the number of all.
static void most(void)
{
    Check c;
    Folder f = folder_open();
    char name[40];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "%s/%d.ppm", i % 2 ? "cat" : "dog", i);
        folder_text(&f, name, i < 150 ? "no picture" : "");
    }
    CheckOptions o = { .data = { .root = f.path }, .most = 10 };
    if (looks(&c, o))
        CHECK(c.found[CHECK_UNREADABLE] == 200 && c.fatal == 200 && c.finding_n == 20, "%d of %d",
              (int)c.finding_n, (int)c.found[CHECK_UNREADABLE]);
    check_close(&c);
    o.most = 0;
    if (looks(&c, o)) CHECK(c.finding_n > 200, "%d of them", (int)c.finding_n);
    check_close(&c);
    folder_close(&f);
}

// EXIF as cameras write it, in both orders of bytes, behind another segment, in a PNG.
static void orientation(void)
{
    static const struct { const char *bytes; int n, want; } files[] = {
#define EXIF(text, want) { text, sizeof text - 1, want }
        EXIF("\xff\xd8\xff\xe1\0\x22" "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
             "\x06\0\0\0\0\0\0\0", 6),
        EXIF("\xff\xd8\xff\xe0\0\x04" "JF\xff\xff\xe1\0\x22" "Exif\0\0MM\0*\0\0\0\x08\0\x01"
             "\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0", 8),
        EXIF("\x89PNG\r\n\x1a\n\0\0\0\x1a" "eXIfMM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"
             "\0\x03\0\0\0\0\0\0\0\0\0\0", 3),
        EXIF("\xff\xd8\xff\xe1\0\x22" "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
             "\x09\0\0\0\0\0\0\0", 0),
        EXIF("\xff\xd8\xff\xda\0\x02\xff\xe1\0\x22" "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"
             "\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 0),          // behind the pixels' header
        EXIF("\xff\xd8\xff\xe1\0\x10" "Exif\0\0II*\0\xff\xff\xff\xff", 0),
        EXIF("P6\n1 1\n255\nabc", 0),
    };
    for (int i = 0; i < TEST_COUNT(files); i++)
        CHECK(exif_orientation((const uint8_t *)files[i].bytes, (size_t)files[i].n) ==
              files[i].want, "file %d: %d", i,
              exif_orientation((const uint8_t *)files[i].bytes, (size_t)files[i].n));
    Check c;
    Folder f = folder_open();
    FILE *out = fopen(folder_name(&f, "cat/phone.jpg"), "wb");
    if (!out) exit(2);
    fwrite(files[0].bytes, 1, (size_t)files[0].n, out);
    fclose(out);
    folder_picture(&f, "dog/2.ppm", 2);
    if (looks(&c, (CheckOptions){ .data = { .root = f.path } }))
        finds(&c, CHECK_ORIENTATION, "cat/phone.jpg", "6: is read unturned; CLIP's own pipeline");
    check_close(&c);
    folder_close(&f);
}

static void refused(void)
{
    Check c;
    CHECK_STATUS(check_data(&c, &(CheckOptions){ 0 }), ERR_USAGE, "neither a folder");
    if (looks(&c, (CheckOptions){ .data = { .root = "/nowhere" } }))
        finds(&c, CHECK_UNUSABLE, "", "/nowhere");
    check_close(&c);
    for (CheckKind k = 0; k < CHECK_KINDS; k++) CHECK(check_kind(k) != NULL, "kind %d", (int)k);
}

static const TestCase cases[] = {
    { "sound", sound }, { "faults", faults }, { "domains", domains }, { "lists", lists },
    { "from_one", from_one },
    { "listed_twice", listed_twice }, { "seen_domains", seen_domains },
    { "alike", alike }, { "many_domains", many_domains }, { "shares", shares },
    { "names", names }, { "most", most }, { "orientation", orientation },
    { "refused", refused },
};

int main(void)
{
    return test_main("check", cases, TEST_COUNT(cases));
}

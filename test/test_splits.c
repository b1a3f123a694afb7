// test_splits.c - which pictures are trained on, which are evaluated, which `best` is chosen on.
#include "data/set/splits.h"
#include "test/sets.h"

static void eval_splits(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{train,test}/{cat,dog}/1.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path }))
        CHECK(!strcmp(d.eval.split, "test") && strstr(d.note, "test is used") && d.eval.n == 2 &&
              !d.trained_on[0] && !d.chosen_by[0], "%s", d.note);
    dataset_close(&d);
    plant(&f, "crossval/cat/1.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path }))
        CHECK(!strcmp(d.eval.split, "crossval, test") && strstr(d.note, "crossval, test are used")
              && d.chosen_by[0] && !d.chosen_by[1], "%s", d.note);
    dataset_close(&d);
    plant(&f, "val/dog/1.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path, .sides = DATASET_EVAL })) {
        CHECK_TOLD(&d, &d.eval, "crossval/cat/1.ppm cat; test/cat/1.ppm cat; test/dog/1.ppm dog; "
                   "val/dog/1.ppm dog");
        CHECK(d.train.n == 0 && d.class_count == 2, "classes of the training split");
        CHECK(!strcmp(d.split[d.eval.sample[1].split], "test") && d.split_count == 3, "splits");
    }
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path, .eval_split = "val,TEST" }))
        CHECK(d.eval.n == 3 && !strcmp(d.eval.split, "val, test") && !d.note, "two named");
    dataset_close(&d);
    refuses((DatasetOptions){ .root = f.path, .eval_split = "tset" }, ERR_IO, "did you mean test");
    refuses((DatasetOptions){ .root = f.path, .train_split = "all" }, ERR_IO,
            "crossval, test, train, val");
    refuses((DatasetOptions){ .root = f.path, .train_domains = "photo" }, ERR_IO,
            "no domain called photo");
    folder_close(&f);
    f = folder_open();
    plant(&f, "test/{cat,dog}/1.ppm");
    refuses((DatasetOptions){ .root = f.path }, ERR_IO, "no split called train");
    if (opens(&d, (DatasetOptions){ .root = f.path, .sides = DATASET_EVAL }))
        CHECK(d.eval.n == 2 && d.class_count == 2 && d.note, "the only split");
    dataset_close(&d);
    folder_close(&f);
}

// The names of splits, however they are spelled, and nothing else.
static void split_names(void)
{
    static const char *const kind[][8] = {
        [SPLIT_NONE] = { "trainer", "tests", "vals", "device", "", "photo" },
        [SPLIT_TRAIN] = { "train", "Train", "TRAIN", "training", "Training" },
        [SPLIT_VAL] = { "val", "Valid", "validation", "dev", "DEV", "crossval", "CrossVal" },
        [SPLIT_TEST] = { "test", "TEST", "testing", "Testing" },
    };
    for (int k = SPLIT_NONE; k <= SPLIT_TEST; k++)
        for (int i = 0; i < 8 && kind[k][i]; i++)
            CHECK((int)split_kind(kind[k][i]) == k, "%s", kind[k][i]);
    const char *const flags[] = { "mine", NULL, "a b,Other" };
    CHECK(split_called("Mine", flags, 3) && split_called("A b", flags, 3) &&
          split_called("other", flags, 3) && !split_called("oth", flags, 3), "named by flags");
    const char *const there[] = { "Test", "TRAIN", "dev", "test", "val" };
    CHECK(split_find("test", there, 5) == 3 && split_find("Test", there, 5) == 0, "by bytes first");
    CHECK(split_find("TEST", there, 5) == SPLIT_SEVERAL && split_find("train", there, 5) == 1 &&
          split_find("training", there, 5) == 1 && split_find("crossval", there, 5) ==
          SPLIT_SEVERAL && split_find("tset", there, 5) == -1, "then by spelling");
}

// Whatever its spelling, a split is none of the domains, and a flag finds it by another.
static void spelled_splits(void)
{
    static const char *const pair[][3] = {
        { "Train", "Test", "test" }, { "TRAIN", "TESTING", "Test" },
        { "training", "Val", "validation" }, { "train", "dev", "val" },
    };
    Dataset d;
    for (int i = 0; i < 4; i++) {
        char pattern[80];
        Folder f = folder_open();
        snprintf(pattern, sizeof pattern, "{%s,%s}/{cat,dog}/1.ppm", pair[i][0], pair[i][1]);
        plant(&f, pattern);
        if (opens(&d, (DatasetOptions){ .root = f.path, .eval_split = pair[i][2] }))
            CHECK(d.train.n == 2 && !strcmp(d.train.split, pair[i][0]) && d.eval.n == 2 &&
                  !strcmp(d.eval.split, pair[i][1]) && d.domain_count == 1 && !*d.domain[0] &&
                  !d.strays, "%s, %s", pair[i][0], pair[i][1]);
        dataset_close(&d);
        folder_close(&f);
    }
    Folder f = folder_open();
    plant(&f, "{Train,train,test,TEST}/{cat,dog}/1.ppm");
    refuses((DatasetOptions){ .root = f.path }, ERR_IO, "more than one split to train on");
    refuses((DatasetOptions){ .root = f.path, .train_split = "train", .eval_split = "Test" },
            ERR_IO, "which split is Test");
    folder_close(&f);
}

// What no run trains on is evaluated; where only the training pictures are left, it is said; a
// domain that is named is there or the error names it.
static void left_to_evaluate(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{ink,oil,pen}/{cat,dog}/1.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_domains = "ink" })) {
        CHECK_TOLD(&d, &d.eval, "oil/cat/1.ppm cat oil; oil/dog/1.ppm dog oil; "
                   "pen/cat/1.ppm cat pen; pen/dog/1.ppm dog pen");
        CHECK(strstr(d.note, "oil, pen are used"), "%s", d.note);
    }
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_domains = "ink",
                                    .eval_domains = "ink,oil" }))
        CHECK(d.eval.n == 4 && d.trained_on[0] == 2 && d.trained_on[1] == 0 && !d.note, "named");
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path }))
        CHECK(d.eval.n == 6 && d.trained_on[0] == 2 && strstr(d.note, "what is trained on"), "%s",
              d.note);
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path, .sides = DATASET_EVAL }))
        CHECK(d.eval.n == 6 && d.trained_on[0] == 0 && !d.note, "no run trains on it");
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path, .sides = DATASET_EVAL | DATASET_SEEN,
                                    .train_domains = "ink,oil" }))
        CHECK(d.train.n == 0 && d.eval.n == 2, "of a run: %lld", (long long)d.eval.n);
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_domains = "ink", .as_before = true }))
        CHECK(d.eval.n == 6, "as before: %lld", (long long)d.eval.n);
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "a/{train,val,test}/{cat,dog}/1.ppm");
    plant(&f, "b/{train,val}/{cat,dog}/1.ppm");
    refuses((DatasetOptions){ .root = f.path, .eval_split = "test", .eval_domains = "a,b" },
            ERR_IO, "no pictures in split test of domains b");
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_domains = "a", .eval_split = "test",
                                    .validation = true })) {
        CHECK_TOLD(&d, &d.eval, "a/test/cat/1.ppm cat a; a/test/dog/1.ppm dog a; "
                   "a/val/cat/1.ppm cat a; a/val/dog/1.ppm dog a");
        CHECK(!strcmp(d.eval.split, "val, test") && d.chosen_by[0] && !d.chosen_by[1], "%s",
              d.eval.split);
    }
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_domains = "a" }))
        CHECK(d.eval.n == 8 && d.domain_count == 2 && d.chosen_by[0] && !d.chosen_by[1],
              "val of a, not that of b, which is unseen");
    dataset_close(&d);
    folder_text(&f, "train.txt", "a/train/cat/1.ppm 0\nb/train/dog/1.ppm 1\n");
    folder_text(&f, "eval.txt", "a/val/cat/1.ppm 0\nb/train/dog/1.ppm 1\n");
    char train[FILE_PATH], eval[FILE_PATH];
    snprintf(train, sizeof train, "%s", folder_name(&f, "train.txt"));
    snprintf(eval, sizeof eval, "%s", folder_name(&f, "eval.txt"));
    if (opens(&d, (DatasetOptions){ .train_list = train, .eval_list = eval }))
        CHECK(d.trained_on[0] == 0 && d.trained_on[1] == 1, "one line is in both lists");
    dataset_close(&d);
    folder_close(&f);
}

// ---- one picture under several names ------------------------------------------------------------

// A file of `bytes` bytes, all x but for one at a place.
static void long_file(const Folder *f, const char *name, int bytes, int place, char c)
{
    FILE *out = fopen(folder_name(f, name), "wb");
    if (!out) exit(2);
    for (int i = 0; i < bytes; i++) fputc(i == place ? c : 'x', out);
    fclose(out);
}

// However a list spells a picture that is trained on: it is noticed. What only looks alike is not.
static void copies(void)
{
    static const struct { const char *path; bool trained; } asked[] = {
        { "./a/b.ppm", true }, { "a/../a//b.ppm", true }, { "link.ppm", true },
        { "hard.ppm", true }, { "copy.ppm", true }, { "of-copy.ppm", true }, { "c.ppm", false },
        { "a/large.ppm", true },
        { "large-copy.ppm", true }, { "large-end.ppm", false }, { "large-middle.ppm", false },
        { "empty-copy.ppm", false }, { "a/empty.ppm", true },
    };
    enum { ASKED = sizeof asked / sizeof asked[0] };
    Dataset d;
    Folder f = folder_open();
    char train[FILE_PATH], eval[FILE_PATH], text[2000] = "", root[600];
    plant(&f, "a/b.ppm");
    plant(&f, "c.ppm");
    long_file(&f, "a/large.ppm", 20000, 10000, 'y');
    long_file(&f, "large-copy.ppm", 20000, 10000, 'y');
    long_file(&f, "large-middle.ppm", 20000, 10000, 'z');
    long_file(&f, "large-end.ppm", 20000, 10000, 'y');
    FILE *end = fopen(folder_name(&f, "large-end.ppm"), "r+b");
    if (!end) exit(2);
    fputc('z', end);                           // equal in the middle, other at the beginning
    fclose(end);
    folder_text(&f, "a/empty.ppm", "");
    folder_text(&f, "empty-copy.ppm", "");
    snprintf(root, sizeof root, "%s", folder_name(&f, "a/b.ppm"));
    CHECK(symlink(root, folder_name(&f, "link.ppm")) == 0 &&
          link(root, folder_name(&f, "hard.ppm")) == 0, "links");
    CHECK_OK(file_copy(root, folder_name(&f, "copy.ppm")));
    CHECK(symlink("copy.ppm", folder_name(&f, "of-copy.ppm")) == 0, "a link to the copy");
    folder_text(&f, "train.txt", "a/b.ppm\tcat\na/large.ppm\tdog\na/empty.ppm\tdog\n");
    for (int i = 0; i < ASKED; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\tcat\n", asked[i].path);
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s\tcat\n", root);
    folder_text(&f, "eval.txt", text);
    snprintf(train, sizeof train, "%s", folder_name(&f, "train.txt"));
    snprintf(eval, sizeof eval, "%s", folder_name(&f, "eval.txt"));
    DatasetOptions o = { .root = f.path, .train_list = train, .eval_list = eval };
    if (opens(&d, o)) {
        for (int i = 0; i < ASKED; i++)
            CHECK(d.eval.sample[i].trained == asked[i].trained, "%s", asked[i].path);
        CHECK(d.eval.sample[ASKED].trained, "its absolute path");
    }
    dataset_close(&d);
    const char *const seen[] = { folder_name(&f, "c.ppm") };
    o.sides = DATASET_EVAL | DATASET_SEEN;
    o.seen = seen;
    o.seens = 1;
    if (opens(&d, o))
        for (int i = 0; i < ASKED; i++)
            CHECK(d.eval.sample[i].trained == !strcmp(asked[i].path, "c.ppm"),
                  "of a run's record: %s", asked[i].path);
    dataset_close(&d);
    folder_close(&f);
}

// Two labels for one picture are two pictures, and are told of.
static void two_labels(void)
{
    Dataset d;
    Folder f = folder_open();
    char from[FILE_PATH];
    plant(&f, "{cat,dog}/{1,2}.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path })) CHECK(d.two_labels == 0, "%s", d.two_label);
    dataset_close(&d);
    snprintf(from, sizeof from, "%s", folder_name(&f, "cat/1.ppm"));
    CHECK_OK(file_copy(from, folder_name(&f, "cat/3.ppm")));
    CHECK_OK(file_copy(from, folder_name(&f, "dog/3.ppm")));
    if (opens(&d, (DatasetOptions){ .root = f.path, .val_fraction = 0.3 }))
        CHECK(d.two_labels == 1 && !strcmp(d.two_label, "cat/1.ppm as cat, dog/3.ppm as dog"),
              "%d: %s", (int)d.two_labels, d.two_label);
    dataset_close(&d);
    folder_close(&f);
}

// ---- pictures held out of training --------------------------------------------------------------

static int from_folder(const SampleSet *set, const char *folder)
{
    int n = 0;
    for (int64_t i = 0; i < set->n; i++)
        n += !strncmp(set->sample[i].path, folder, strlen(folder));
    return n;
}

static int is_held(const Dataset *d, const char *path)
{
    CHECK(from_folder(&d->eval, path) + from_folder(&d->train, path) == 1, "%s", path);
    return from_folder(&d->eval, path);
}

static void held_out(void)
{
    static const char *const stratum[] = { "ink/cat/", "ink/dog/", "oil/cat/", "oil/dog/" };
    Dataset d;
    Folder f = folder_open();
    char from[FILE_PATH], first[4000] = "";
    bool differs = false, copies = false;
    plant(&f, "{ink,oil}/{cat,dog}/{0,1,2,3,4,5,6,7,8,9}.ppm");
    plant(&f, "oil/dog/{a,b,c,d,e,f,g,h,i,j}.ppm");
    snprintf(from, sizeof from, "%s", folder_name(&f, "ink/cat/3.ppm"));
    CHECK_OK(file_copy(from, folder_name(&f, "ink/cat/copy.ppm")));
    CHECK_OK(file_copy(from, folder_name(&f, "oil/dog/copy.ppm")));
    for (uint64_t seed = 0; seed < 12; seed++) {
        DatasetOptions o = { .root = f.path, .val_fraction = 0.3, .seed = seed };
        if (!opens(&d, o)) continue;
        int held = is_held(&d, "ink/cat/3.ppm");
        CHECK(held == is_held(&d, "ink/cat/copy.ppm") && held == is_held(&d, "oil/dog/copy.ppm"),
              "seed %d: a copy on the other side", (int)seed);
        for (int i = 0; i < 4; i++) {
            int n = from_folder(&d.eval, stratum[i]), want = i == 3 ? 6 : 3;
            int more = held && (i == 0 || i == 3);
            CHECK(n == want + more, "seed %d: %d of %s", (int)seed, n, stratum[i]);
        }
        CHECK(d.train.n + d.eval.n == 52 && !strcmp(d.eval.split, HELD_OUT) && d.chosen_by[0] &&
              d.chosen_by[1] && d.trained_on[0] == 0 && d.trained_on[1] == 0, "sides");
        copies |= held;
        if (seed == 0) snprintf(first, sizeof first, "%s", told(&d, &d.eval));
        differs |= strcmp(first, told(&d, &d.eval)) != 0;
        dataset_close(&d);
        if (!opens(&d, o)) continue;
        if (seed == 0) CHECK_TOLD(&d, &d.eval, first);
        dataset_close(&d);
    }
    CHECK(differs && copies, "every seed draws the same, or no copy was ever held out");
    if (opens(&d, (DatasetOptions){ .root = f.path, .val_fraction = 0.9, .train_domains = "ink" }))
        CHECK(from_folder(&d.train, "ink/") >= 2 && from_folder(&d.eval, "oil/") == 31 &&
              d.split_count == 2 && d.chosen_by[0] && !d.chosen_by[3], "beside another domain");
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = f.path, .val_fraction = 0.3, .eval_domains = "ink",
                                    .sides = DATASET_EVAL | DATASET_SEEN }))
        CHECK(d.train.n == 0 && from_folder(&d.eval, "ink/") == d.eval.n && d.eval.n >= 6,
              "a run that is asked of one domain");
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "{cat,dog}/1.ppm");
    refuses((DatasetOptions){ .root = f.path, .val_fraction = 0.5 }, ERR_IO,
            "no class has two different pictures");
    folder_close(&f);
}

// One picture more, wherever it stands in the order of names, changes the side of one other at
// most; a copy more, and another name, that of none.
static void held_out_still(void)
{
    static const char *const more[] = { "cat/00.ppm", "cat/55.ppm", "cat/z.ppm" };
    Dataset d;
    int changed = 0;
    for (uint64_t seed = 0; seed < 9; seed++) {
        Folder f = folder_open();
        uint8_t before[20];
        char name[40], from[FILE_PATH];
        const DatasetOptions o = { .root = f.path, .val_fraction = 0.3, .seed = seed };
        for (int i = 0; i < 20; i++) {
            snprintf(name, sizeof name, "%s/%02d.ppm", i % 2 ? "cat" : "dog", i + 1);
            folder_picture(&f, name, i);
        }
        for (int pass = 0; pass < 4; pass++) {
            if (!opens(&d, o)) break;
            int moved = 0;
            for (int i = 0; i < 20; i++) {
                snprintf(name, sizeof name, "%s/%02d.ppm", i % 2 ? "cat" : "dog", i + 1);
                if (pass == 3 && i == 7) snprintf(name, sizeof name, "cat/a_name.ppm");
                uint8_t held = (uint8_t)is_held(&d, name);
                moved += pass > 0 && held != before[i];
                before[i] = held;
            }
            CHECK(moved <= (pass == 1), "seed %d, pass %d: %d moved", (int)seed, pass, moved);
            changed += moved;
            dataset_close(&d);
            if (pass == 0) folder_picture(&f, more[seed % 3], 100 + (int)seed);
            snprintf(from, sizeof from, "%s", folder_name(&f, "cat/08.ppm"));
            if (pass == 1) CHECK_OK(file_copy(from, folder_name(&f, "cat/000.ppm")));
            if (pass == 2) CHECK(rename(from, folder_name(&f, "cat/a_name.ppm")) == 0, "rename");
        }
        folder_close(&f);
    }
    CHECK(changed > 0, "no picture ever takes the place of another");
}

static const TestCase cases[] = {
    { "eval_splits", eval_splits }, { "split_names", split_names },
    { "spelled_splits", spelled_splits }, { "left_to_evaluate", left_to_evaluate },
    { "copies", copies }, { "two_labels", two_labels },
    { "held_out", held_out }, { "held_out_still", held_out_still },
};

int main(void)
{
    return test_main("splits", cases, TEST_COUNT(cases));
}

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

static const TestCase cases[] = {
    { "eval_splits", eval_splits }, { "split_names", split_names },
    { "spelled_splits", spelled_splits }, { "left_to_evaluate", left_to_evaluate },
    { "held_out", held_out },
};

int main(void)
{
    return test_main("splits", cases, TEST_COUNT(cases));
}

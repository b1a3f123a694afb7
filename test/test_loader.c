// test_loader.c - the order of pictures, steps and micro-batches; bad files; closing at any time.
#include "test/folder.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "data/set/loader.h"
#include "tensor/base/par.h"
#include "tensor/base/sha256.h"

enum { N = 23, SIZE = 8 };

static Folder folder;
static Dataset dataset;

static void open_pictures(void)
{
    char name[64];
    folder = folder_open();
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%s/%02d.ppm", i % 2 ? "odd" : "even", i);
        folder_picture(&folder, name, i);
    }
    if (!CHECK_OK(dataset_open(&dataset, &(DatasetOptions){ .root = folder.path }))) exit(2);
}

static void close_pictures(void)
{
    dataset_close(&dataset);
    folder_close(&folder);
}

static LoaderOptions options(int batch, int micro, int workers)
{
    return (LoaderOptions){
        .root = dataset.root, .set = &dataset.train, .transform = transform_clip(SIZE),
        .batch = batch, .micro = micro, .workers = workers, .seed = 5,
    };
}

// Everything the loader hands out, in order, as one hash; steps are told apart by their flags.
static void hash_all(char hex[65], const LoaderOptions *o, int64_t *pictures)
{
    Loader *loader;
    Batch b;
    Sha256 h = sha256_begin();
    bool first = true;
    *pictures = 0;
    hex[0] = 0;
    if (!CHECK_OK(loader_open(&loader, o))) return;
    while (CHECK_OK(loader_next(loader, &b)) && b.n > 0) {
        size_t n = (size_t)b.n;
        int64_t place[3] = { b.epoch, b.step, b.step_n };
        if (first) sha256_add(&h, place, sizeof place);
        first = b.last;
        for (size_t i = 0; i < n; i++) {
            sha256_add(&h, b.pixels + i * 3 * SIZE * SIZE, 3 * SIZE * SIZE * sizeof *b.pixels);
            sha256_add(&h, b.label + i, sizeof *b.label);
            sha256_add(&h, b.domain + i, sizeof *b.domain);
            sha256_add(&h, b.index + i, sizeof *b.index);
        }
        *pictures += b.n;
    }
    loader_close(loader);
    sha256_end(&h, hex);
}

// The same bits for any number of workers, of threads that normalise, and for any micro-batch.
static void same_for_all(void)
{
    open_pictures();
    LoaderOptions o = options(6, 6, 0);
    o.training = true;
    o.epochs = 3;
    o.augment = (Augment){ .randaug = true, .n = 2, .m = 9, .crop = 0.3, .flip = true };
    char first[65], other[65];
    int64_t n;
    hash_all(first, &o, &n);
    CHECK(n == 3 * N, "%lld pictures", (long long)n);
    for (int workers = 0; workers <= 7; workers += workers < 3 ? 1 : 4)
        for (int micro = 0; micro <= 9; micro += 1 + micro / 2) {
            o.workers = workers;
            o.micro = micro;
            CHECK_OK(par_set_threads(1 + micro % 3));
            hash_all(other, &o, &n);
            CHECK(!strcmp(first, other), "%d workers, micro-batch %d", workers, micro);
        }
    CHECK_OK(par_set_threads(1));
    o.seed = 6;
    hash_all(other, &o, &n);
    CHECK(strcmp(first, other), "another seed, the same pictures");
    close_pictures();
}

static void steps(void)
{
    open_pictures();
    LoaderOptions o = options(10, 4, 2);
    o.epochs = 2;
    static const int sizes[] = { 4, 4, 2, 4, 4, 2, 3 };        // 10 + 10 + 3
    Loader *loader;
    Batch b;
    CHECK(loader_steps(&o) == 3, "%lld steps", (long long)loader_steps(&o));
    if (!CHECK_OK(loader_open(&loader, &o))) return;
    for (int i = 0, at = 0; i < 14; i++) {
        int k = i % 7, step = k / 3;
        CHECK_OK(loader_next(loader, &b));
        CHECK(b.n == sizes[k] && b.step_n == (step == 2 ? 3 : 10), "%d: %d of %d", i, b.n,
              b.step_n);
        CHECK(b.epoch == i / 7 && b.step == step, "%d: epoch %d step %d", i, (int)b.epoch,
              (int)b.step);
        CHECK(b.last == (k % 3 == 2 || k == 6) && b.epoch_end == (k == 6), "%d: flags", i);
        for (int j = 0; j < b.n; j++, at++) {
            const Sample *s = &dataset.train.sample[at % N];
            CHECK(b.index[j] == at % N && b.label[j] == s->label && b.domain[j] == s->domain, "%d",
                  at);
        }
    }
    CHECK(loader_next(loader, &b) == OK && b.n == 0 && loader_next(loader, &b) == OK && b.n == 0,
          "end");
    loader_close(loader);
    close_pictures();
}

static void permutations(void)
{
    open_pictures();
    LoaderOptions o = options(N, N, 1);
    o.training = true;
    o.epochs = 4;
    Loader *loader;
    Batch b;
    int32_t last[N] = { 0 };
    if (!CHECK_OK(loader_open(&loader, &o))) return;
    for (int epoch = 0; epoch < 4; epoch++) {
        int seen[N] = { 0 };
        CHECK_OK(loader_next(loader, &b));
        for (int i = 0; i < b.n; i++) seen[b.index[i]]++;
        for (int i = 0; i < N; i++) CHECK(seen[i] == 1, "epoch %d: %d came %d times", epoch, i,
                                          seen[i]);
        CHECK(memcmp(last, b.index, sizeof last), "epoch %d is like the last", epoch);
        memcpy(last, b.index, sizeof last);
    }
    loader_close(loader);
    close_pictures();
}

// What a resumed run sees from (epoch, step) on is what the first one saw there.
static void resumed(void)
{
    open_pictures();
    LoaderOptions o = options(5, 3, 2);
    o.training = true;
    o.epochs = 2;
    o.augment = (Augment){ .randaug = true, .n = 2, .m = 9 };
    Loader *all, *rest;
    Batch a, b = { 0 };
    if (!CHECK_OK(loader_open(&all, &o))) return;
    o.epoch = 1;
    o.step = 3;
    o.workers = 1;
    if (!CHECK_OK(loader_open(&rest, &o))) return;
    do CHECK_OK(loader_next(all, &a));
    while (!(a.epoch == 1 && a.step == 3));
    for (int i = 0; a.n > 0; i++) {
        CHECK_OK(loader_next(rest, &b));
        size_t n = (size_t)a.n, floats = 3 * SIZE * SIZE * n;
        CHECK(a.n == b.n && a.step == b.step, "%d: step %d", i, (int)b.step);
        CHECK(!memcmp(a.index, b.index, n * sizeof *a.index), "%d: which pictures", i);
        CHECK(!memcmp(a.pixels, b.pixels, floats * sizeof *a.pixels), "%d: pixels", i);
        CHECK_OK(loader_next(all, &a));
    }
    CHECK(loader_next(rest, &b) == OK && b.n == 0, "both end");
    loader_close(all);
    loader_close(rest);
    close_pictures();
}

// The operations that augment.h draws for the picture, then its crop.
static void by_hand(uint8_t *crop, const LoaderOptions *o, int32_t index)
{
    char path[FILE_PATH];
    AugmentChain chain;
    Image image;
    LoaderOptions rest = *o;
    Rng rng = rng_at(o->seed, 0, (uint32_t)index, RNG_AUGMENT);
    rest.augment.randaug = false;
    augment_draw(&chain, &rng, o->augment.n, o->augment.m);
    CHECK_OK(dataset_path(path, o->root, o->set->sample[index].path));
    if (!CHECK_OK(image_load(&image, path, IMAGE_MAX_PIXELS))) return;
    CHECK_OK(augment_apply(&image, &chain));
    CHECK_OK(loader_shape(&rest, &image, 0, index, crop));
    image_free(&image);
}

// The floats are those of the crop that loader_picture shows.
static void one_picture(void)
{
    open_pictures();
    LoaderOptions o = options(1, 1, 1);
    o.augment = (Augment){ .randaug = true, .n = 2, .m = 9, .crop = 0.3, .flip = true };
    Loader *loader;
    Batch b;
    uint8_t crop[3 * SIZE * SIZE], same[3 * SIZE * SIZE];
    float pixels[3 * SIZE * SIZE];
    if (!CHECK_OK(loader_open(&loader, &o))) return;
    for (int32_t i = 0; i < N; i++) {
        CHECK_OK(loader_next(loader, &b));
        CHECK_OK(loader_picture(&o, 0, i, crop));
        transform_normalise(&o.transform, pixels, crop);
        CHECK(!memcmp(pixels, b.pixels, sizeof pixels), "picture %d", i);
        by_hand(same, &o, i);
        CHECK(!memcmp(crop, same, sizeof crop), "picture %d: other operations", i);
    }
    loader_close(loader);
    close_pictures();
}

static void bad_files(void)
{
    open_pictures();
    folder_text(&folder, "even/04.ppm", "P6 5 5 255\nshort");
    folder_text(&folder, "odd/05.ppm", "nothing known");
    for (int workers = 0; workers <= 3; workers += 3) {
        LoaderOptions o = options(4, 2, workers);
        Loader *loader;
        Batch b;
        if (!CHECK_OK(loader_open(&loader, &o))) return;
        Status status = OK;
        int n = 0;
        for (; status == OK && n < N; n += b.n) status = loader_next(loader, &b);
        CHECK(status != OK && n == 2, "after %d pictures", n);
        CHECK(strstr(err_msg(), "even/04.ppm: ppm: "), "%s", err_msg());
        CHECK(loader_next(loader, &b) != OK && b.n == 0, "it stays bad");
        loader_close(loader);
        o.skip_bad = true;
        int64_t pictures;
        char hex[65];
        hash_all(hex, &o, &pictures);
        CHECK(pictures == N - 2, "%lld pictures", (long long)pictures);
        CHECK_OK(loader_open(&loader, &o));
        int step_n = 0;
        while (loader_next(loader, &b) == OK && b.n) {
            step_n += b.n;
            CHECK(!b.last || step_n == b.step_n, "step %d: %d of %d", (int)b.step, step_n,
                  b.step_n);
            if (b.last) step_n = 0;
        }
        const LoaderBad *bad;
        CHECK(loader_bad(loader, &bad) == 2, "%d bad", (int)loader_bad(loader, NULL));
        CHECK(strstr(bad[0].message, "04.ppm") && strstr(bad[1].message, "05.ppm"), "which");
        loader_close(loader);
    }
    close_pictures();
}

// A machine without a free file descriptor is no reason to leave out what could be read.
static void machine(void)
{
    struct rlimit before, none;
    if (getrlimit(RLIMIT_NOFILE, &before) != 0) exit(2);
    none = before;
    none.rlim_cur = 0;
    open_pictures();
    for (int workers = 0; workers <= 3; workers += 3) {
        LoaderOptions o = options(4, 2, workers);
        o.skip_bad = true;
        Loader *loader = NULL;
        Batch b;
        CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0, "the limit");
        CHECK_OK(loader_open(&loader, &o));
        CHECK_STATUS(loader_next(loader, &b), ERR_MACHINE, "/even/00.ppm: ");
        CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0, "the limit");
        CHECK(loader_bad(loader, NULL) == 0, "%d left out", (int)loader_bad(loader, NULL));
        loader_close(loader);
    }
    close_pictures();
}

static void move_pictures(bool away)
{
    char other[140];
    snprintf(other, sizeof other, "%s.away", folder.path);
    CHECK(rename(away ? folder.path : other, away ? other : folder.path) == 0, "not moved");
}

// The pictures vanish behind the first of three epochs. Threads may have read ahead of that.
static void gone(void)
{
    open_pictures();
    for (int workers = 0; workers <= 3; workers += 3) {
        LoaderOptions o = options(4, 2, workers);
        o.skip_bad = o.training = true;
        o.epochs = 3;
        Loader *loader;
        Batch b = { 0 };
        int64_t pictures = 0;
        Status status = OK;
        if (!CHECK_OK(loader_open(&loader, &o))) return;
        while (!b.epoch_end && CHECK_OK(loader_next(loader, &b))) pictures += b.n;
        move_pictures(true);
        for (int i = 0; status == OK && i < 3 * N; i++) {
            status = loader_next(loader, &b);
            pictures += b.n;
        }
        move_pictures(false);
        CHECK_STATUS(status, ERR_FORMAT, "none of the 23 pictures can be read, the last: cannot");
        CHECK(workers ? pictures < 2 * N : pictures == N, "%d pictures", (int)pictures);
        loader_close(loader);
    }
    close_pictures();
}

// Resumed where nothing of the epoch is left that can be read, a run goes on as if it had not been
// interrupted: before, there was something.
static void resumed_at_bad(void)
{
    open_pictures();
    LoaderOptions o = options(10, 10, 1);
    o.skip_bad = o.training = true;
    o.step = 2;
    Loader *loader;
    Batch b;
    int32_t rest[3];
    if (!CHECK_OK(loader_open(&loader, &o))) return;
    CHECK(loader_next(loader, &b) == OK && b.n == 3, "%d pictures", b.n);
    memcpy(rest, b.index, sizeof rest);
    loader_close(loader);
    for (int i = 0; i < 3; i++) folder_text(&folder, dataset.train.sample[rest[i]].path, "P6 5");
    CHECK_OK(loader_open(&loader, &o));
    CHECK(loader_next(loader, &b) == OK && b.n == 0 && b.last && b.epoch_end, "%s", err_msg());
    loader_close(loader);
    move_pictures(true);
    CHECK_OK(loader_open(&loader, &o));
    CHECK_STATUS(loader_next(loader, &b), ERR_FORMAT, "none of the 23 pictures");
    loader_close(loader);
    move_pictures(false);
    close_pictures();
}

// What is no regular file is named, never waited for or read, and no link is dropped in silence.
static void odd_entries(void)
{
    open_pictures();
    dataset_close(&dataset);
    CHECK(symlink("nowhere", folder_name(&folder, "even/97.ppm")) == 0 &&
          mkfifo(folder_name(&folder, "even/98.ppm"), 0666) == 0 &&
          symlink("/dev/zero", folder_name(&folder, "odd/99.ppm")) == 0, "not made");
    DatasetOptions of = { .root = folder.path };
    if (!CHECK_OK(dataset_open(&dataset, &of))) return;
    LoaderOptions o = options(N + 3, 0, 0);
    o.skip_bad = true;
    Loader *loader;
    Batch b;
    const LoaderBad *bad;
    if (!CHECK_OK(loader_open(&loader, &o))) return;
    CHECK(loader_next(loader, &b) == OK && b.n == N, "%d pictures", b.n);
    if (CHECK(loader_bad(loader, &bad) == 3, "%d left out", (int)loader_bad(loader, NULL)))
        CHECK(strstr(bad[0].message, "/even/97.ppm: ") &&
              strstr(bad[1].message, "/even/98.ppm: not a regular file") &&
              strstr(bad[2].message, "/odd/99.ppm: not a regular file"), "%s; %s; %s",
              bad[0].message, bad[1].message, bad[2].message);
    loader_close(loader);
    dataset_close(&dataset);
    CHECK(symlink("nowhere", folder_name(&folder, "other")) == 0, "not made");
    CHECK_STATUS(dataset_open(&dataset, &of), ERR_IO, "other: a link to nowhere");
    of.skip_bad = true;
    if (CHECK_OK(dataset_open(&dataset, &of)))
        CHECK(dataset.nowheres == 1 && dataset.class_count == 2, "no class");
    close_pictures();
}

// A disk that fails in the middle of a folder makes no smaller set.
static void torn_folder(void)
{
    open_pictures();
    Status status = ERR_IO;
    int n = 0;
    for (; status != OK && n < 3 * N; n++) {
        dataset_close(&dataset);
        file_fault_after(n);
        status = dataset_open(&dataset, &(DatasetOptions){ .root = folder.path });
        if (status != OK) CHECK_STATUS(status, ERR_MACHINE, "cannot list: ");
    }
    file_fault_after(-1);
    CHECK(n > N && dataset.train.n == N, "after %d entries: %d pictures", n, (int)dataset.train.n);
    close_pictures();
}

// However long the path is, the message names the file.
static void long_path(void)
{
    char path[620];
    open_pictures();
    memset(path, 'x', sizeof path);
    path[200] = path[400] = '/';
    strcpy(path + 600, "/last.ppm");
    Sample sample[2] = { dataset.train.sample[0], { .path = path } };
    SampleSet set = { .sample = sample, .n = 2, .split = "" };
    LoaderOptions o = options(2, 2, 1);
    o.set = &set;
    o.skip_bad = true;
    Loader *loader;
    const LoaderBad *bad;
    Batch b;
    if (!CHECK_OK(loader_open(&loader, &o))) return;
    CHECK(loader_next(loader, &b) == OK && b.n == 1, "%s", err_msg());
    if (CHECK(loader_bad(loader, &bad) == 1, "not one"))
        CHECK(strstr(bad[0].message, "x/last.ppm: "), "%s", bad[0].message);
    loader_close(loader);
    close_pictures();
}

static void closed_midway(void)
{
    open_pictures();
    LoaderOptions o = options(4, 2, 3);
    o.epochs = 1000;
    for (int i = 0; i < 20; i++) {
        Loader *loader;
        Batch b;
        if (!CHECK_OK(loader_open(&loader, &o))) return;
        for (int k = 0; k < i; k++) CHECK_OK(loader_next(loader, &b));
        loader_close(loader);
    }
    loader_close(NULL);
    close_pictures();
}

static void refused(void)
{
    open_pictures();
    Loader *loader;
    LoaderOptions o = options(0, 0, 0);
    CHECK_STATUS(loader_open(&loader, &o), ERR_USAGE, "batch 0");
    o = options(4, 4, -1);
    CHECK_STATUS(loader_open(&loader, &o), ERR_USAGE, "-1 workers");
    o = options(4, 4, 0);
    o.step = 6;
    CHECK_STATUS(loader_open(&loader, &o), ERR_USAGE, "step 6 of 6");
    o = options(4, 4, 0);
    o.transform.size = 0;
    CHECK_STATUS(loader_open(&loader, &o), ERR_SHAPE, "size");
    o = options(4, 4, 0);
    o.augment.m = 31;
    o.augment.randaug = true;
    CHECK_STATUS(loader_open(&loader, &o), ERR_USAGE, "strength");
    SampleSet none = { 0 };
    o = options(4, 4, 0);
    o.set = &none;
    CHECK_STATUS(loader_open(&loader, &o), ERR_SHAPE, "0 pictures");
    CHECK(!loader, "not NULL");
    close_pictures();
}

static const TestCase cases[] = {
    { "same_for_all", same_for_all }, { "steps", steps }, { "permutations", permutations },
    { "resumed", resumed }, { "one_picture", one_picture }, { "bad_files", bad_files },
    { "machine", machine }, { "gone", gone }, { "resumed_at_bad", resumed_at_bad },
    { "long_path", long_path }, { "odd_entries", odd_entries }, { "torn_folder", torn_folder },
    { "closed_midway", closed_midway }, { "refused", refused },
};

int main(void)
{
    return test_main("loader", cases, TEST_COUNT(cases));
}

// bench_data.c - from a picture's file to the network's floats: what each stage costs one core.
//
//     bench_data [FOLDER]           all pictures below a folder; by default ../shared/data/BAR
//     bench_data --turns FOLDER     the same by orders from stdin, for bench_data.py
//     bench_data --decode [FOLDER]  decoding alone, for make profile-data
//     bench_data --drawn            the crop and each augmentation alone, on drawn pictures
//
// Times are processor time, and files are in memory before it counts. RandAugment's operations are
// those that training draws with seed 0 in epoch 0. Hashes are of all crops, and of all floats.
#include <inttypes.h>
#include <time.h>

#include "data/image/augment.h"
#include "data/image/transform.h"
#include "data/set/tree.h"
#include "tensor/base/file.h"
#include "tensor/base/rng.h"
#include "tensor/base/sha256.h"
#include "test/test.h"

enum { REPS = 15, SIZE = 224, BYTES = 3 * SIZE * SIZE };
enum { DECODE, AUGMENT, CROP, NORMALISE, STAGES };

static const char *const stage_name[STAGES] = { "decode", "RandAugment", "crop", "normalise" };

typedef struct {
    Arena arena;
    const char *folder;
    Tree tree;
} Pictures;

// What some pictures cost, and what became of them.
typedef struct {
    int64_t n;
    double seconds[STAGES];
    Sha256 crops, floats;
} Turn;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(Status status)
{
    if (status == OK) return;
    fprintf(stderr, "bench_data: %s\n", err_msg());
    exit(1);
}

// ---- pictures of a folder -----------------------------------------------------------------------

static void draw_chain(AugmentChain *chain, int64_t i)
{
    Rng rng = rng_at(0, 0, (uint32_t)i, RNG_AUGMENT);
    augment_draw(chain, &rng, 2, 9);
}

// Adds what has passed since *since to a stage.
static void lap(Turn *turn, int stage, double *since)
{
    double t = now();
    turn->seconds[stage] += t - *since;
    *since = t;
}

static void touch(const FileMap *file)
{
    static volatile uint8_t last;
    for (size_t i = 0; i < file->size; i += 4096) last = file->data[i];
    (void)last;
}

static Status stages(Turn *turn, const FileMap *file, const AugmentChain *chain)
{
    static uint8_t crop[BYTES];
    static float pixels[BYTES];
    const Transform transform = transform_clip(SIZE);
    Image image;
    double since = now();
    TRY(image_decode(&image, file->data, file->size, IMAGE_MAX_PIXELS));
    lap(turn, DECODE, &since);
    Status status = augment_apply(&image, chain);
    lap(turn, AUGMENT, &since);
    if (status == OK) status = transform_crop(&transform, crop, &image);
    image_free(&image);
    lap(turn, CROP, &since);
    TRY(status);
    transform_normalise(&transform, pixels, crop);
    lap(turn, NORMALISE, &since);
    sha256_add(&turn->crops, crop, sizeof crop);
    sha256_add(&turn->floats, pixels, sizeof pixels);
    turn->n++;
    return OK;
}

static Status picture(Turn *turn, const Pictures *p, int64_t i, bool augmented)
{
    char path[FILE_PATH];
    FileMap file;
    AugmentChain chain = { .n = 0 };
    TRY(path_join(path, p->folder, p->tree.file[i].path));
    TRY(file_map(&file, path));
    touch(&file);
    if (augmented) draw_chain(&chain, i);
    Status status = stages(turn, &file, &chain);
    file_unmap(&file);
    return status == OK ? OK : err_prefix(status, "%s", path);
}

static Turn take_turn(const Pictures *p, int64_t first, int64_t count, bool augmented)
{
    Turn turn = { .crops = sha256_begin(), .floats = sha256_begin() };
    for (int64_t i = first; i < first + count && i < p->tree.n; i++)
        must(picture(&turn, p, i, augmented));
    return turn;
}

// An order is `FIRST COUNT AUGMENTED`; the answer: how many, seconds by stage, two hashes.
static void answer_orders(const Pictures *p)
{
    int64_t first, count;
    int augmented;
    for (int64_t i = 0; i < p->tree.n; i++) {
        AugmentChain chain;
        char text[AUGMENT_TEXT];
        draw_chain(&chain, i);
        augment_print(text, &chain);
        printf("%s\t%s\n", p->tree.file[i].path, text);
    }
    printf("\n");
    fflush(stdout);
    while (scanf("%" SCNd64 " %" SCNd64 " %d", &first, &count, &augmented) == 3 && first >= 0) {
        Turn turn = take_turn(p, first, count, augmented);
        char hex[65];
        printf("%" PRId64, turn.n);
        for (int s = 0; s < STAGES; s++) printf(" %.9f", turn.seconds[s]);
        sha256_end(&turn.crops, hex);
        printf(" %s", hex);
        sha256_end(&turn.floats, hex);
        printf(" %s\n", hex);
        fflush(stdout);
    }
}

static void report(const Pictures *p, bool augmented)
{
    Turn turn = take_turn(p, 0, p->tree.n, augmented);
    double all = 0;
    char hex[65];
    printf("%" PRId64 " pictures, %s RandAugment\n", turn.n, augmented ? "with" : "without");
    for (int s = 0; s < STAGES; s++) {
        if (s == AUGMENT && !augmented) continue;
        all += turn.seconds[s];
        printf("  %-12s %7.3f ms %8.0f pictures/s\n", stage_name[s],
               turn.seconds[s] / (double)turn.n * 1e3, (double)turn.n / turn.seconds[s]);
    }
    printf("  %-12s %7.3f ms %8.0f pictures/s\n", "all", all / (double)turn.n * 1e3,
           (double)turn.n / all);
    sha256_end(&turn.crops, hex);
    printf("  crops  %s\n", hex);
    sha256_end(&turn.floats, hex);
    printf("  floats %s\n", hex);
}

static void report_both(const Pictures *p)
{
    report(p, false);
    report(p, true);
}

static void decode_alone(const Pictures *p)
{
    double seconds = 0;
    for (int64_t i = 0; i < p->tree.n; i++) {
        char path[FILE_PATH];
        FileMap file;
        Image image;
        must(path_join(path, p->folder, p->tree.file[i].path));
        must(file_map(&file, path));
        touch(&file);
        double start = now();
        must(image_decode(&image, file.data, file.size, IMAGE_MAX_PIXELS));
        seconds += now() - start;
        image_free(&image);
        file_unmap(&file);
    }
    printf("%" PRId64 " pictures: %.0f decoded a second\n", p->tree.n,
           (double)p->tree.n / seconds);
}

static void bench_folder(const char *folder, void (*run)(const Pictures *p))
{
    Pictures p = { .folder = folder };
    must(tree_read(&p.tree, &p.arena, folder, NULL, 0));
    run(&p);
    arena_free(&p.arena);
}

// ---- drawn pictures -----------------------------------------------------------------------------

typedef struct {
    Image image, work;
    int op;
} Bench;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The best of several runs; +% says by how much the median lies above.
static void measure(const char *name, void (*before)(Bench *b), void (*run)(Bench *b), Bench *b)
{
    double t[REPS];
    for (int i = 0; i < REPS; i++) {
        if (before) before(b);
        double start = now();
        run(b);
        t[i] = now() - start;
    }
    qsort(t, REPS, sizeof *t, ascending);
    printf("%-32s %8.3f ms +%3.0f%%\n", name, t[0] * 1e3, (t[REPS / 2] / t[0] - 1) * 100);
}

static void run_crop(Bench *b)
{
    static uint8_t crop[BYTES];
    const Transform transform = transform_clip(SIZE);
    must(transform_crop(&transform, crop, &b->image));
}

static void run_op(Bench *b)
{
    must(augment_op(&b->work, b->op, augment_value(b->op, 9)));
}

static void fresh_copy(Bench *b)
{
    image_free(&b->work);
    must(image_new(&b->work, b->image.width, b->image.height));
    memcpy(b->work.rgb, b->image.rgb, 3 * (size_t)b->image.width * (size_t)b->image.height);
}

static void draw(Image *image, int width, int height)
{
    Rng rng = rng_at(1, 0, 0, RNG_TEST);
    image_free(image);
    must(image_new(image, width, height));
    for (int64_t i = 0; i < 3 * (int64_t)width * height; i++)
        image->rgb[i] = (uint8_t)(i / 3 % width * 200 / width + rng_below(&rng, 56));
}

static void bench_drawn(void)
{
    static const int size[][2] = { { 227, 227 }, { 300, 200 }, { 400, 300 }, { 800, 600 } };
    Bench b = { .op = 0 };
    char name[64];
    for (int i = 0; i < 4; i++) {
        draw(&b.image, size[i][0], size[i][1]);
        snprintf(name, sizeof name, "crop of %d x %d", size[i][0], size[i][1]);
        measure(name, NULL, run_crop, &b);
    }
    draw(&b.image, 400, 300);
    for (b.op = 0; b.op < augment_count(); b.op++) {
        snprintf(name, sizeof name, "%s of 400 x 300", augment_name(b.op));
        measure(name, fresh_copy, run_op, &b);
    }
    image_free(&b.image);
    image_free(&b.work);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 && !strncmp(argv[1], "--", 2) ? argv[1] : "";
    const char *folder = argc > 1 + (*mode != 0) ? argv[argc - 1] : "../shared/data/BAR";
    bool there = folder_exists(folder);
    if (!there) printf("no %s: drawn pictures\n", folder);
    if (!there || !strcmp(mode, "--drawn")) bench_drawn();
    else if (!strcmp(mode, "--turns")) bench_folder(folder, answer_orders);
    else if (!strcmp(mode, "--decode")) bench_folder(folder, decode_alone);
    else bench_folder(folder, report_both);
    return 0;
}

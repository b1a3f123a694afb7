// bench_data.c - pictures on one core: the crop, the floats, each augmentation; decoding of FILEs.
//
//     bench_data [--json] [FILE...]
//
// Times are the best of several runs; +% says by how much the median lies above. Without FILEs the
// picture is drawn. With them each is decoded from memory, cropped to 224 and normalised.
#include <time.h>

#include "data/augment.h"
#include "data/transform.h"
#include "tensor/file.h"
#include "tensor/rng.h"
#include "test/test.h"

enum { REPS = 15, SIZE = 224 };

// What one run may need; each case uses its part.
typedef struct {
    Transform transform;
    Image image, work;
    FileMap file;
    uint8_t crop[3 * SIZE * SIZE];
    float pixels[3 * SIZE * SIZE];
    int op;
} Bench;

static bool json;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void must(Status status)
{
    if (status == OK) return;
    fprintf(stderr, "bench_data: %s\n", err_msg());
    exit(1);
}

static double measure(const char *name, void (*before)(Bench *b), void (*run)(Bench *b), Bench *b)
{
    double t[REPS];
    for (int i = 0; i < REPS; i++) {
        if (before) before(b);
        double start = seconds();
        run(b);
        t[i] = seconds() - start;
    }
    qsort(t, REPS, sizeof *t, ascending);
    if (json) printf("{\"case\":\"%s\",\"ms\":%.4f,\"median_ms\":%.4f}\n", name, t[0] * 1e3,
                     t[REPS / 2] * 1e3);
    else printf("%-32s %8.3f ms +%3.0f%%\n", name, t[0] * 1e3, (t[REPS / 2] / t[0] - 1) * 100);
    return t[0];
}

static void run_crop(Bench *b) { must(transform_crop(&b->transform, b->crop, &b->image)); }
static void run_normalise(Bench *b) { transform_normalise(&b->transform, b->pixels, b->crop); }
static void run_op(Bench *b) { must(augment_op(&b->work, b->op, augment_value(b->op, 9))); }

static void fresh_copy(Bench *b)
{
    image_free(&b->work);
    must(image_new(&b->work, b->image.width, b->image.height));
    memcpy(b->work.rgb, b->image.rgb, 3 * (size_t)b->image.width * (size_t)b->image.height);
}

static void run_decode(Bench *b)
{
    image_free(&b->image);
    must(image_decode(&b->image, b->file.data, b->file.size, IMAGE_MAX_PIXELS));
}

static void draw(Image *image, int width, int height)
{
    Rng rng = rng_at(1, 0, 0, RNG_TEST);
    image_free(image);
    must(image_new(image, width, height));
    for (int64_t i = 0; i < 3 * (int64_t)width * height; i++)
        image->rgb[i] = (uint8_t)(i / 3 % width * 200 / width + rng_below(&rng, 56));
}

static void bench_drawn(Bench *b)
{
    static const int size[][2] = { { 227, 227 }, { 300, 200 }, { 400, 300 }, { 800, 600 } };
    char name[64];
    for (int i = 0; i < 4; i++) {
        draw(&b->image, size[i][0], size[i][1]);
        snprintf(name, sizeof name, "crop of %d x %d", size[i][0], size[i][1]);
        measure(name, NULL, run_crop, b);
    }
    measure("normalise", NULL, run_normalise, b);
    draw(&b->image, 400, 300);
    for (b->op = 0; b->op < augment_count(); b->op++) {
        snprintf(name, sizeof name, "%s of 400 x 300", augment_name(b->op));
        measure(name, fresh_copy, run_op, b);
    }
}

static void bench_files(Bench *b, int n, char **path)
{
    double decode = 0, crop = 0, normalise = 0;
    for (int i = 0; i < n; i++) {
        must(file_map(&b->file, path[i]));
        decode += measure("decode", NULL, run_decode, b);
        crop += measure("crop", NULL, run_crop, b);
        normalise += measure("normalise", NULL, run_normalise, b);
        file_unmap(&b->file);
    }
    double all = decode + crop + normalise;
    if (json) printf("{\"case\":\"all\",\"pictures_per_s\":%.1f}\n", n / all);
    else printf("decode %.3f + crop %.3f + normalise %.3f ms a picture: %.0f pictures/s\n",
                decode / n * 1e3, crop / n * 1e3, normalise / n * 1e3, n / all);
}

int main(int argc, char **argv)
{
    static Bench b;
    b.transform = transform_clip(SIZE);
    int at = 1;
    if (at < argc && !strcmp(argv[at], "--json")) json = at++;
    if (at < argc) bench_files(&b, argc - at, argv + at);
    else bench_drawn(&b);
    image_free(&b.image);
    image_free(&b.work);
    return 0;
}

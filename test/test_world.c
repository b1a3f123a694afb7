// test_world.c - the drawn world: the same bytes for anyone, tasks biased as they say, captions
// that are read back, pictures that are written and decoded again, and the contrastive loss.
#include "data/image/png.h"
#include "data/set/captions.h"
#include "data/world/world.h"
#include "proreg/contrast.h"
#include "tensor/base/file.h"
#include "tensor/base/par.h"
#include "tensor/base/sha256.h"
#include "test/device.h"

#include <unistd.h>

static char folder[] = "/tmp/proreg-world-XXXXXX";

static const char *at(const char *name)
{
    static char path[FILE_PATH];
    CHECK_OK(path_join(path, folder, name));
    return path;
}

// One hash over every shape, context and style: a change of any picture shows.
static void case_same_bytes(void)
{
    const WorldStyle *styles[] = { &world_clean, &world_faded };
    Sha256 h = sha256_begin();
    char hex[65];
    for (uint32_t i = 0; i < WORLD_SHAPES * WORLD_CONTEXTS; i++) {
        WorldScene scene;
        Image image;
        Rng rng = rng_at(7, 0, i, RNG_WORLD);
        world_draw(&scene, styles[i % 2], (int)(i % WORLD_SHAPES), (int)(i / WORLD_SHAPES), &rng);
        CHECK_OK(world_paint(&image, &scene, &rng));
        sha256_add(&h, image.rgb, 3 * WORLD_SIZE * WORLD_SIZE);
        image_free(&image);
    }
    sha256_end(&h, hex);
    CHECK(strcmp(hex,
                 "71b367b2b4d3e6b80df1a7de6066841a5071447048ad11fbb0a07ea7a2bc9dbd") == 0, "%s",
          hex);
}

static void case_png(void)
{
    WorldScene scene;
    Image a, b;
    Rng rng = rng_at(1, 0, 0, RNG_WORLD);
    world_draw(&scene, &world_clean, 3, 4, &rng);
    CHECK_OK(world_paint(&a, &scene, &rng));
    CHECK_OK(png_save(&a, at("one.png")));
    if (!CHECK_OK(image_load(&b, at("one.png"), IMAGE_MAX_PIXELS))) return;
    CHECK(a.width == b.width && !memcmp(a.rgb, b.rgb, 3 * WORLD_SIZE * WORLD_SIZE),
          "a picture came back otherwise");
    image_free(&a);
    image_free(&b);
    CHECK_OK(image_new(&a, 301, 97));        // more than one stored block
    CHECK_OK(png_save(&a, at("one.png")));
    if (!CHECK_OK(image_load(&b, at("one.png"), IMAGE_MAX_PIXELS))) return;
    CHECK(!memcmp(a.rgb, b.rgb, 3 * 301 * 97), "a large picture came back otherwise");
    image_free(&a);
    image_free(&b);
}

static char *whole(const char *path)
{
    FileMap map;
    CHECK_OK(file_map(&map, path));
    char *text = calloc(map.size + 1, 1);
    memcpy(text, map.data, map.size);
    file_unmap(&map);
    return text;
}

// The same folder from 1 and from 3 threads.
static void case_threads(void)
{
    const WorldTask task = { 160, 40, .9 };
    int threads = par_threads();
    CHECK_OK(par_set_threads(1));
    CHECK_OK(world_write_task(at("one"), 3, &task));
    CHECK_OK(par_set_threads(3));
    CHECK_OK(world_write_task(at("two"), 3, &task));
    CHECK_OK(par_set_threads(threads));
    char *a = whole(at("one/captions.tsv"));
    char *b = whole(at("two/captions.tsv"));
    CHECK(strcmp(a, b) == 0, "captions differ");
    char *first = strchr(a, '\n') + 1, name[256];
    int n = (int)strcspn(first, "\t");
    snprintf(name, sizeof name, "one/%.*s", n, first);
    char *x = whole(at(name));
    snprintf(name, sizeof name, "two/%.*s", n, first);
    char *y = whole(at(name));
    CHECK(memcmp(x, y, 3 * WORLD_SIZE * WORLD_SIZE) == 0, "%s differs", name);
    free(a);
    free(b);
    free(x);
    free(y);
}

// How often a class stands before its own context, in the pictures whose path begins so.
static double own_share(const char *prefix, int *seen)
{
    Captions c;
    const CaptionOptions of = { .prefix = prefix };
    int own = 0;
    *seen = 0;
    CHECK_OK(captions_open(&c, at("task/captions.tsv"), &of));
    for (int64_t i = 0; i < c.set.n; i++)
        for (int k = 0; k < WORLD_SHAPES; k++) {
            const char *path = c.set.sample[i].path, *context = strrchr(path, '_') + 1;
            if (!strstr(path, world_shape[k])) continue;
            own += !strncmp(context, world_context[k], strlen(world_context[k]));
            ++*seen;
        }
    captions_close(&c);
    return (double)own / *seen;
}

static void case_bias(void)
{
    int n;
    CHECK_OK(world_write_task(at("task"), 5, &(WorldTask){ 800, 200, .9 }));
    CHECK_CLOSE(own_share("usual/train/", &n), .9, .04);
    CHECK(n == 800, "%d training pictures", n);
    CHECK_CLOSE(own_share("usual/test/", &n), .9, .08);
    CHECK_CLOSE(own_share("swapped/test/", &n), 0, 0);
    CHECK(n == 200, "%d test pictures", n);
    CHECK_CLOSE(own_share("new/test/", &n), 0, 0);
}

// ---- captions -----------------------------------------------------------------------------------

static void case_captions(void)
{
    Captions c;
    const CaptionOptions all = { 0 };
    const char *good = "filepath\ttitle\na/1.png\ta cat\nb/2.png\ta dog\r\na/3.png\ta cat\n";
    CHECK_OK(file_save(at("c.tsv"), good, strlen(good)));
    CHECK_OK(captions_open(&c, at("c.tsv"), &all));
    CHECK(c.set.n == 3 && c.count == 2, "%d pictures, %d captions", (int)c.set.n, (int)c.count);
    CHECK(c.set.sample[0].label == c.set.sample[2].label
          && strcmp(c.text[c.set.sample[1].label], "a dog") == 0, "labels");
    captions_close(&c);
    CHECK_OK(captions_open(&c, at("c.tsv"), &(CaptionOptions){ .prefix = "a/" }));
    CHECK(c.set.n == 2, "%d pictures", (int)c.set.n);
    captions_close(&c);
    CHECK_STATUS(captions_open(&c, at("c.tsv"), &(CaptionOptions){ .prefix = "x/" }), ERR_FORMAT,
                 "no picture");
    CHECK_OK(file_save(at("c.tsv"), "filepath\ttitle\nno tab\n", 22));
    CHECK_STATUS(captions_open(&c, at("c.tsv"), &all), ERR_FORMAT, "line 2");
    CHECK_OK(file_save(at("c.tsv"), "", 0));
    CHECK_STATUS(captions_open(&c, at("c.tsv"), &all), ERR_FORMAT, "no picture");
}

// ---- the contrastive loss -----------------------------------------------------------------------

// Three pairs, the first two with the same caption, against the formula in double.
static void case_contrast(void)
{
    const Backend *be = device_open("cpu");
    const int32_t caption[] = { 4, 4, 9 };
    float image[] = { 1, 2, 0, 3, -1, 1 }, text[] = { 1, 1, 2, 1, 0, -2 }, scale = 0.7f, got;
    double z[3][3], want = 0;
    Tape t;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            const float *u = image + 2 * i, *v = text + 2 * j;
            z[i][j] = exp(.7) * (double)(u[0] * v[0] + u[1] * v[1])
                      / sqrt((double)(u[0] * u[0] + u[1] * u[1]))
                      / sqrt((double)(v[0] * v[0] + v[1] * v[1]));
        }
    for (int i = 0; i < 3; i++) {
        double row = 0, col = 0;
        for (int j = 0; j < 3; j++) row += exp(z[i][j]), col += exp(z[j][i]);
        for (int j = 0; j < 3; j++) {
            double q = caption[i] != caption[j] ? 0 : i < 2 ? .5 : 1;
            want -= q * (z[i][j] - log(row) + z[j][i] - log(col)) / 6;
        }
    }
    tape_init(&t, be);
    tape_begin(&t, TAPE_NO_GRAD);
    Tensor *u = tape_constant(&t, 2, (int64_t[]){ 3, 2 }, image);
    Tensor *v = tape_constant(&t, 2, (int64_t[]){ 3, 2 }, text);
    Tensor *s = tape_constant(&t, 1, (int64_t[]){ 1 }, &scale);
    CHECK_OK(tape_read(&t, &got, contrastive_loss(&t, u, v, s, caption)));
    CHECK_CLOSE((double)got, want, 1e-6);
    tape_free(&t);
    CHECK(group_pretrain("visual.ln_pre.weight") == 1 && group_pretrain("visual.proj") == 0,
          "groups");
}

static const TestCase cases[] = {
    { "same_bytes", case_same_bytes }, { "png", case_png }, { "threads", case_threads },
    { "bias", case_bias }, { "captions", case_captions }, { "contrast", case_contrast },
};

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    int rc = test_main("world", cases, TEST_COUNT(cases));
    folder_discard(folder);
    return rc;
}

// test_resize.c - resize, crop, normalise: against Pillow's bytes, and parts against the whole.
#include "data/image/resize.h"

#include <sys/resource.h>

#include "data/image/transform.h"
#include "tensor/base/file.h"
#include "tensor/base/rng.h"
#include "tensor/base/sha256.h"
#include "test/drawn.h"
#include "test/test.h"

static const Resampling bicubic = { FILTER_BICUBIC, false };

static int first_difference(const uint8_t *a, const uint8_t *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i]) return (int)i;
    return -1;
}

static void pillow(void)
{
    FileMap map;
    if (!CHECK_OK(file_map(&map, "test/golden/resize.bin"))) return;
    static uint8_t out[3 * 64 * 64];
    int cases = 0;
    for (size_t at = 0; at < map.size; cases++) {
        int32_t v[9];
        memcpy(v, map.data + at, sizeof v);
        at += sizeof v;
        Image image = drawn(v[1], v[2]);
        Rect from = { v[3], v[4], v[5], v[6] }, part = { 0, 0, v[7], v[8] };
        int n = 3 * v[7] * v[8];
        const Resampling how = { (Filter)v[0], false };
        if (CHECK_OK(resize_part(out, &image, from, v[7], v[8], how, part))) {
            int d = first_difference(out, map.data + at, n);
            CHECK(d < 0, "filter %d, %d x %d to %d x %d: byte %d is %d, Pillow's is %d", v[0], v[5],
                  v[6], v[7], v[8], d, out[d < 0 ? 0 : d], map.data[at + (size_t)(d < 0 ? 0 : d)]);
        }
        at += (size_t)n;
        image_free(&image);
    }
    CHECK(cases == 29, "%d cases", cases);
    test_note("%d pictures equal", cases);
    file_unmap(&map);
}

static Status resize_whole(Image *out, const Image *in, int w, int h, Resampling how)
{
    TRY(image_new(out, w, h));
    return resize_part(out->rgb, in, (Rect){ 0, 0, in->width, in->height }, w, h, how,
                       (Rect){ 0, 0, w, h });
}

// Any part has the bytes of the whole, whatever the block of rows it falls into.
static void parts(void)
{
    Rng rng = rng_at(test_seed, 0, 0, RNG_TEST);
    for (int i = 0; i < 300; i++) {
        Image image = drawn(1 + (int)rng_below(&rng, 70), 1 + (int)rng_below(&rng, 70)), whole;
        int w = 1 + (int)rng_below(&rng, 90), h = 1 + (int)rng_below(&rng, 90);
        if (i % 5 == 0) w = image.width;
        if (i % 7 == 0) h = image.height;
        const Resampling how = { (Filter)rng_below(&rng, 3), i % 2 == 1 };
        if (!CHECK_OK(resize_whole(&whole, &image, w, h, how))) return;
        Rect p = { (int)rng_below(&rng, (uint32_t)w), (int)rng_below(&rng, (uint32_t)h), 0, 0 };
        p.width = 1 + (int)rng_below(&rng, (uint32_t)(w - p.x));
        p.height = 1 + (int)rng_below(&rng, (uint32_t)(h - p.y));
        uint8_t *part = malloc(3 * (size_t)p.width * (size_t)p.height);
        CHECK_OK(resize_part(part, &image, (Rect){ 0, 0, image.width, image.height }, w, h, how,
                             p));
        for (int y = 0; y < p.height; y++)
            CHECK(!memcmp(part + 3 * y * p.width, whole.rgb + 3 * ((p.y + y) * w + p.x),
                          3 * (size_t)p.width), "case %d: row %d differs", i, y);
        free(part);
        image_free(&whole);
        image_free(&image);
    }
}

// The largest so far, in kB.
static long most_memory(void)
{
    struct rusage most;
    getrusage(RUSAGE_SELF, &most);
#ifdef __APPLE__
    most.ru_maxrss /= 1024;                    // in bytes there
#endif
    return most.ru_maxrss;
}

// A long picture is computed in pieces, with the bytes of single pixels, and in little memory.
static void long_pictures(void)
{
    static const int sizes[][2] = { { 1, 3000000 }, { 3000000, 1 }, { 2, 900000 } };
    enum { SIDE = 64 };
    const long before = most_memory();
    for (int i = 0; i < 3; i++) {
        Image image = drawn(sizes[i][0], sizes[i][1]), whole;
        const Rect all = { 0, 0, image.width, image.height };
        if (!CHECK_OK(resize_whole(&whole, &image, SIDE, SIDE, bicubic))) return;
        for (int k = 0; k < SIDE; k += 11) {
            uint8_t pixel[3];
            Rect at = { (k * 5 + 3) % SIDE, k, 1, 1 };
            CHECK_OK(resize_part(pixel, &image, all, SIDE, SIDE, bicubic, at));
            CHECK(!memcmp(pixel, whole.rgb + 3 * (at.y * SIDE + at.x), 3), "%d x %d: %d,%d",
                  image.width, image.height, at.x, at.y);
        }
        image_free(&whole);
        image_free(&image);
    }
    CHECK(most_memory() - before < 400000, "%ld kB", most_memory() - before);
}

// The loop as it is chosen here and the plain one, each against the sum as it is written.
static void sums(void)
{
    Rng rng = rng_at(test_seed, 0, 1, RNG_TEST);
    enum { MOST = 150, TAPS = 9 };
    uint8_t in[MOST * TAPS], best[MOST], plain[MOST];
    for (int i = 0; i < MOST * TAPS; i++) in[i] = (uint8_t)rng_below(&rng, 256);
    for (int n = 1; n <= MOST; n++) {
        int taps = 1 + n % TAPS;
        int32_t weight[TAPS];
        for (int k = 0; k < taps; k++)                  // sums from below 0 to beyond 255
            weight[k] = (int32_t)rng_below(&rng, 2u << RESIZE_BITS) / taps - (1 << 20) / taps;
        resize_sum_best()(best, in, MOST, weight, taps, n);
        resize_sum_plain(plain, in, MOST, weight, taps, n);
        for (int i = 0; i < n; i++) {
            int64_t sum = 1 << (RESIZE_BITS - 1);
            for (int k = 0; k < taps; k++) sum += (int64_t)weight[k] * in[k * MOST + i];
            sum = sum < 0 ? 0 : sum >> RESIZE_BITS;
            int want = sum > 255 ? 255 : (int)sum;
            CHECK(best[i] == want && plain[i] == want, "%d of %d, %d taps: %d, plain %d, not %d",
                  i, n, taps, best[i], plain[i], want);
        }
    }
}

static void refused(void)
{
    Image image = drawn(4, 4), out;
    uint8_t byte[3];
    CHECK_STATUS(resize_part(byte, &image, (Rect){ 1, 1, 4, 1 }, 1, 1, bicubic,
                             (Rect){ 0, 0, 1, 1 }), ERR_SHAPE, "outside");
    CHECK_STATUS(resize_part(byte, &image, (Rect){ 0, 0, 4, 4 }, 2, 2, bicubic,
                             (Rect){ 1, 2, 1, 1 }), ERR_SHAPE, "outside");
    CHECK(resize(&out, &image, 0, 5, FILTER_BICUBIC) != OK && !out.rgb, "width 0");
    Transform t = transform_clip(0);
    CHECK_STATUS(transform_check(&t), ERR_SHAPE, "size");
    t = transform_clip(8);
    t.std[1] = 0;
    CHECK_STATUS(transform_check(&t), ERR_SHAPE, "channel 1");
    t = transform_clip(8);
    t.scale = 0;
    CHECK_STATUS(transform_check(&t), ERR_SHAPE, "scale 0");
    image_free(&image);
    image = drawn(1, 30000);
    t = transform_clip(4000);
    CHECK_OK(transform_check(&t));
    image_free(&image);
}

// Sizes and offsets by the rules of torchvision: the long side truncated, the middle half to even.
static void crops(void)
{
    static const struct { int w, h, size, width, height, x, y; } known[] = {
        { 500, 331, 224, 338, 224, 57, 0 }, { 331, 500, 224, 224, 338, 0, 57 },
        { 225, 224, 224, 225, 224, 0, 0 },  { 227, 224, 224, 227, 224, 2, 0 },
        { 224, 229, 224, 224, 229, 0, 2 },  { 10, 10, 8, 8, 8, 0, 0 },
        { 3, 4, 6, 6, 8, 0, 1 },
    };
    for (int i = 0; i < (int)(sizeof known / sizeof *known); i++) {
        Transform t = transform_clip(known[i].size);
        Image image = drawn(known[i].w, known[i].h), whole;
        size_t row = 3 * (size_t)t.size;
        uint8_t *crop = malloc(row * (size_t)t.size);
        CHECK_OK(transform_crop(&t, crop, &image));
        CHECK_OK(resize(&whole, &image, known[i].width, known[i].height, FILTER_BICUBIC));
        for (int y = 0; y < t.size; y++) {
            const uint8_t *want = whole.rgb + 3 * ((known[i].y + y) * whole.width + known[i].x);
            CHECK(!memcmp(crop + row * (size_t)y, want, row), "%d x %d: row %d", image.width,
                  image.height, y);
        }
        free(crop);
        image_free(&whole);
        image_free(&image);
    }
}

static void normalise(void)
{
    Transform t = transform_clip(16);
    uint8_t crop[16 * 16 * 3], flipped[16 * 16 * 3];
    float pixels[3][16 * 16];
    for (int i = 0; i < 16 * 16; i++)
        for (int c = 0; c < 3; c++) crop[3 * i + c] = (uint8_t)(c == 1 ? 255 - i : i);
    transform_normalise(&t, pixels[0], crop);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 16 * 16; i++) {
            volatile float p = (float)crop[3 * i + c] / 255.0f, q = p - t.mean[c];
            float want = q / t.std[c];
            CHECK(pixels[c][i] == want, "channel %d, %d: %.9g", c, i, (double)pixels[c][i]);
        }
    memcpy(flipped, crop, sizeof crop);
    transform_flip(&t, flipped);
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 16; x++)
            CHECK(!memcmp(flipped + 3 * (16 * y + x), crop + 3 * (16 * y + 15 - x), 3), "flip");
}

// ---- pictures at full size, when the shared data is there ---------------------------------------

static bool field(char *out, size_t size, const char *line, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\": \"", key);
    const char *at = strstr(line, quoted);
    if (!at) return false;
    at += strlen(quoted);
    size_t n = strcspn(at, "\"");
    if (n >= size) return false;
    memcpy(out, at, n);
    out[n] = 0;
    return true;
}

static void hash(char hex[65], const void *data, size_t bytes)
{
    Sha256 h = sha256_begin();
    sha256_add(&h, data, bytes);
    sha256_end(&h, hex);
}

static bool same_hash(const char *line, const char *key, const void *data, size_t bytes)
{
    char want[80], got[65];
    if (!field(want, sizeof want, line, key)) return true;
    hash(got, data, bytes);
    return CHECK(!strcmp(got, want), "%s differs: %.160s", key, line);
}

static bool prepared(const char *line)
{
    static uint8_t crop[224 * 224 * 3];
    static float pixels[224 * 224 * 3];
    const Transform t = transform_clip(224);
    char name[512], path[FILE_PATH];
    Image image;
    if (!field(name, sizeof name, line, "shared_path")) return false;
    snprintf(path, sizeof path, "../shared/data/%s", name);
    if (!CHECK_OK(image_load(&image, path, IMAGE_MAX_PIXELS))) return false;
    bool ok = same_hash(line, "rgb_sha256", image.rgb,
                        3 * (size_t)image.width * (size_t)image.height);
    ok = ok && CHECK_OK(transform_crop(&t, crop, &image));
    transform_normalise(&t, pixels, crop);
    ok = ok && same_hash(line, "crop_rgb_sha256", crop, sizeof crop) &&
         same_hash(line, "f32_sha256", pixels, sizeof pixels);
    image_free(&image);
    return ok;
}

static void full_size(void)
{
    FILE *f = fopen("../shared/data/goldens/prep_public/manifest.jsonl", "r");
    if (!f) {
        test_skip("no ../shared");
        return;
    }
    static char line[8192];
    int n = 0, equal = 0;
    for (; fgets(line, sizeof line, f); n++) equal += prepared(line);
    fclose(f);
    CHECK(n == 22, "%d pictures", n);
    test_note("%d of %d equal", equal, n);
}

static const TestCase cases[] = {
    { "pillow", pillow }, { "parts", parts }, { "long_pictures", long_pictures },
    { "sums", sums }, { "refused", refused }, { "crops", crops }, { "normalise", normalise },
    { "full_size", full_size },
};

int main(void)
{
    return test_main("resize", cases, TEST_COUNT(cases));
}

// test_augment.c - RandAugment: Pillow's bytes, chains as text, what is drawn.
#include "data/image/augment.h"

#include <math.h>

#include "data/image/transform.h"
#include "data/set/loader.h"
#include "tensor/base/file.h"
#include "tensor/base/sha256.h"
#include "test/drawn.h"
#include "test/test.h"

static Image noise_of(int width, int height, uint32_t seed)
{
    Image image;
    if (image_new(&image, width, height) != OK) exit(2);
    Rng rng = rng_at(seed, 0, 0, RNG_TEST);
    for (int i = 0; i < width * height * 3; i++) image.rgb[i] = (uint8_t)rng_u32(&rng);
    return image;
}

static void hash(char hex[65], const Image *image)
{
    Sha256 h = sha256_begin();
    sha256_add(&h, image->rgb, 3 * (size_t)image->width * (size_t)image->height);
    sha256_end(&h, hex);
}

// ---- Pillow's bytes, kept as hashes -------------------------------------------------------------

// test/golden/augment.txt: `width height chain sha256`, made by augment.py.
static void pillow(void)
{
    FILE *f = fopen("test/golden/augment.txt", "r");
    if (!CHECK(f != NULL, "no test/golden/augment.txt")) return;
    char text[300], want[80], got[65];
    int w, h, n = 0;
    AugmentChain chain;
    for (; fscanf(f, "%d %d %299s %79s", &w, &h, text, want) == 4; n++) {
        if (!CHECK_OK(augment_parse(&chain, text))) break;
        Image image = drawn_in(w, h, 20, 200);
        CHECK_OK(augment_apply(&image, &chain));
        hash(got, &image);
        CHECK(!strcmp(got, want), "%d x %d %s", w, h, text);
        image_free(&image);
    }
    fclose(f);
    CHECK(n > 100, "%d cases", n);
    test_note("%d equal", n);
}

static void names(void)
{
    CHECK(augment_count() == 14, "%d operations", augment_count());
    for (int i = 0; i < augment_count(); i++)
        CHECK(augment_find(augment_name(i)) == i, "%s", augment_name(i));
    CHECK(augment_find("Invert") == -1, "Invert is none");
    CHECK(augment_value(augment_find("Color"), 9) == .6399999999999999, "Color at 9");
    CHECK(augment_value(augment_find("Posterize"), 9) == 1.2, "Posterize at 9");
    CHECK(augment_value(augment_find("Solarize"), 9) == 76.8, "Solarize at 9");
}

static void text(void)
{
    AugmentChain chain, back;
    char out[AUGMENT_TEXT];
    CHECK_OK(augment_parse(&chain, "Rotate=-9,Color=0x1.47ae147ae147ap-1,AutoContrast"));
    augment_print(out, &chain);
    CHECK(!strcmp(out, "Rotate=-9,Color=0.6399999999999999,AutoContrast"), "%s", out);
    for (uint32_t i = 0; i < 200; i++) {
        Rng rng = rng_at(test_seed, i, 0, RNG_TEST);
        augment_draw(&chain, &rng, AUGMENT_MAX, 30 * rng_unit(&rng));
        augment_print(out, &chain);
        if (!CHECK_OK(augment_parse(&back, out))) return;
        for (int k = 0; k < chain.n; k++) {
            bool plain = !strchr("RPSCBT", augment_name(chain.step[k].op)[0]);
            CHECK(back.step[k].op == chain.step[k].op &&
                  (plain || back.step[k].value == chain.step[k].value), "%s", out);
        }
    }
    CHECK_STATUS(augment_parse(&chain, "Rotat=3"), ERR_USAGE, "no operation Rotat");
    CHECK_STATUS(augment_parse(&chain, "Rotate"), ERR_USAGE, "no value");
    CHECK_STATUS(augment_parse(&chain, "Rotate=3x"), ERR_USAGE, "3x");
    CHECK_STATUS(augment_parse(&chain, "Rotate=nan"), ERR_USAGE, "nan");
    CHECK_STATUS(augment_parse(&chain, "ShearX=1e6"), ERR_USAGE, "1e6");
    CHECK_STATUS(augment_parse(&chain, ""), ERR_USAGE, "no operation");
    CHECK_STATUS(augment_parse(&chain,
                               "Equalize,Equalize,Equalize,Equalize,Equalize,Equalize,Equalize,"
                               "Equalize,Equalize,Equalize,Equalize,Equalize,Equalize,Equalize,"
                               "Equalize,Equalize,Equalize"), ERR_USAGE, "more than 16");
}

// Every operation about equally often, both signs, each a function of the key.
static void draws(void)
{
    enum { N = 14000 };
    int count[14] = { 0 }, negative[14] = { 0 };
    AugmentChain chain, again;
    for (uint32_t i = 0; i < N / 2; i++) {
        Rng rng = rng_at(3, 1, i, RNG_AUGMENT), same = rng_at(3, 1, i, RNG_AUGMENT);
        augment_draw(&chain, &rng, 2, 9);
        augment_draw(&again, &same, 2, 9);
        CHECK(chain.n == 2 && again.n == 2, "%d steps", chain.n);
        for (int k = 0; k < 2; k++) {
            CHECK(chain.step[k].op == again.step[k].op &&
                  chain.step[k].value == again.step[k].value,
                  "the same key, another chain");
            count[chain.step[k].op]++;
            negative[chain.step[k].op] += chain.step[k].value < 0;
        }
    }
    for (int op = 0; op < 14; op++) {
        const char *name = augment_name(op);
        bool either = !strcmp(name, "Rotate") || name[0] == 'T' || !strncmp(name, "Shear", 5);
        CHECK(abs(count[op] - N / 14) < 150, "%s: %d times", name, count[op]);
        CHECK(either ? abs(negative[op] - N / 28) < 100 : negative[op] == 0, "%s: %d negative",
              name,
              negative[op]);
    }
}

// The rule once more, with the mathematics of libm.
static Rect crop_by_rule(Rng *rng, int width, int height, double crop)
{
    for (int i = 0; i < 10; i++) {
        double share = crop + (1 - crop) * rng_unit(rng), u = rng_unit(rng);
        double aspect = exp(log(0.75) + u * (log(4.0 / 3) - log(0.75)));
        double w = rint(sqrt(share * width * height * aspect));
        double h = rint(sqrt(share * width * height / aspect));
        if (w < 1 || h < 1 || w > width || h > height) continue;
        uint32_t x = rng_below(rng, (uint32_t)(width - w + 1));
        uint32_t y = rng_below(rng, (uint32_t)(height - h + 1));
        return (Rect){ (int)x, (int)y, (int)w, (int)h };
    }
    return (Rect){ 0 };
}

// Middle parts as torchvision 0.14 gives them where nothing fits.
static void random_crops(void)
{
    static const struct { int width, height; Rect part; } known[] = {
        { 1000, 200, { 366, 0, 267, 200 } }, { 200, 1001, { 0, 367, 200, 267 } },
        { 7, 1, { 3, 0, 1, 1 } }, { 3, 40, { 0, 18, 3, 4 } },
    };
    double least_x = 1, most_x = 0, least_y = 1, most_y = 0, share = 0;
    for (int i = 0; i < 4; i++) {
        Rng rng = rng_at(1, 0, (uint32_t)i, RNG_CROP);
        Rect r = augment_crop(&rng, known[i].width, known[i].height, 0.9);
        CHECK(!memcmp(&r, &known[i].part, sizeof r), "%d x %d: %d,%d %d x %d", known[i].width,
              known[i].height, r.x, r.y, r.width, r.height);
    }
    for (uint32_t i = 0; i < 500; i++) {
        Rng rng = rng_at(2, 3, i, RNG_CROP), again = rng;
        Rect r = augment_crop(&rng, 400, 300, 0.3), rule = crop_by_rule(&again, 400, 300, 0.3);
        CHECK(rule.width == 0 || !memcmp(&r, &rule, sizeof r), "%d: %d,%d %d x %d", (int)i, r.x,
              r.y, r.width, r.height);
        double x = r.width < 400 ? r.x / (400.0 - r.width) : 0.5;
        double y = r.height < 300 ? r.y / (300.0 - r.height) : 0.5;
        least_x = x < least_x ? x : least_x, most_x = x > most_x ? x : most_x;
        least_y = y < least_y ? y : least_y, most_y = y > most_y ? y : most_y;
        share += r.width * r.height / 120000.0 / 500;
    }
    CHECK(least_x < 0.05 && most_x > 0.95 && least_y < 0.05 && most_y > 0.95, "places");
    CHECK(share > 0.5 && share < 0.6, "a mean share of %g", share);   // large parts rarely fit
}

// What training draws for a picture: operations and part from generators of their own.
static void shaped(void)
{
    Image image;
    uint8_t crop[3 * 32 * 32], rule[3 * 32 * 32];
    LoaderOptions o = { .transform = transform_clip(32), .seed = 5,
                        .augment = { .randaug = true, .n = 2, .m = 9, .crop = 0.3 } };
    for (int32_t i = 0; i < 20; i++) {
        AugmentChain chain;
        Rng ops = rng_at(5, 7, (uint32_t)i, RNG_AUGMENT);
        Rng part = rng_at(5, 7, (uint32_t)i, RNG_CROP);
        if (!CHECK_OK(image_new(&image, 80, 60))) return;
        for (int k = 0; k < 3 * 80 * 60; k++) image.rgb[k] = (uint8_t)(k * 31 + k / 240 * 7);
        augment_draw(&chain, &ops, 2, 9);
        CHECK_OK(augment_apply(&image, &chain));
        CHECK_OK(transform_squeeze(&o.transform, rule, &image, augment_crop(&part, 80, 60, 0.3)));
        for (int k = 0; k < 3 * 80 * 60; k++) image.rgb[k] = (uint8_t)(k * 31 + k / 240 * 7);
        CHECK_OK(loader_shape(&o, &image, 7, i, crop));
        CHECK(!memcmp(crop, rule, sizeof crop), "picture %d", (int)i);
        image_free(&image);
    }
}

static void crops(void)
{
    for (uint32_t i = 0; i < 2000; i++) {
        Rng rng = rng_at(test_seed, 0, i, RNG_CROP);
        int w = 1 + (int)rng_below(&rng, 300), h = 1 + (int)rng_below(&rng, 300);
        Rect r = augment_crop(&rng, w, h, 0.25);
        bool fits = r.x >= 0 && r.y >= 0 && r.width > 0 && r.height > 0 && r.x + r.width <= w &&
                    r.y + r.height <= h;
        CHECK(fits, "%d,%d %d x %d in %d x %d", r.x, r.y, r.width, r.height, w, h);
        if (w > 100 && h > 100 && w < 130 && h < 130) {
            double share = (double)r.width * r.height / w / h, aspect = (double)r.width / r.height;
            CHECK(share > 0.24 && aspect > 0.73 && aspect < 1.37, "share %g, aspect %g", share,
                  aspect);
        }
    }
    Augment a = { .randaug = true, .n = 17, .m = 9 };
    CHECK_STATUS(augment_check(&a), ERR_USAGE, "17 operations");
    a = (Augment){ .randaug = true, .n = 2, .m = 31 };
    CHECK_STATUS(augment_check(&a), ERR_USAGE, "strength 31");
    a = (Augment){ .crop = 1.5 };
    CHECK_STATUS(augment_check(&a), ERR_USAGE, "crop 1.5");
    CHECK_OK(augment_check(&(Augment){ 0 }));
}

static void tiny_and_extreme(void)
{
    static const double values[] = { 0, 1, -1, 1e5, -1e5, 0.5, 90, 180, 270, 359.999999 };
    for (int size = 1; size <= 4; size++)
        for (int op = 0; op < augment_count(); op++)
            for (int v = 0; v < 10; v++) {
                Image image = noise_of(size, 5 - size, 1);
                CHECK_OK(augment_op(&image, op, values[v]));
                image_free(&image);
            }
    Image image = noise_of(3, 3, 2);
    CHECK_STATUS(augment_op(&image, 0, NAN), ERR_USAGE, "nan");
    CHECK_STATUS(augment_op(&image, 2, 1.1e5), ERR_USAGE, "110000");
    image_free(&image);
}

// ---- shears and translations against their rule -------------------------------------------------

// Each pixel by itself; b or d is a shear in 16 bits after the point, c or f a move in double.
static void by_pixel(uint8_t *out, const Image *in, double b, double c, double d, double f)
{
    const int w = in->width, h = in->height;
    memset(out, 0, 3 * (size_t)w * (size_t)h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double fx = x + 0.5 + c, fy = y + 0.5 + f;
            if (b != 0 || d != 0) {
                fx = 1.0 * x + (floor((0.5 + b * 0.5) * 65536 + 0.5) + floor(b * 65536 + 0.5) * y)
                     / 65536;
                fy = 1.0 * y + (floor((0.5 + d * 0.5) * 65536 + 0.5) + floor(d * 65536 + 0.5) * x)
                     / 65536;
            }
            if (fx < 0 || fx >= w || fy < 0 || fy >= h) continue;
            memcpy(out + 3 * (y * w + x), in->rgb + 3 * ((int)fy * w + (int)fx), 3);
        }
}

static void moves(void)
{
    static const char *const names[] = { "ShearX", "ShearY", "TranslateXabs", "TranslateYabs" };
    for (uint32_t i = 0; i < 4000; i++) {
        Rng rng = rng_at(test_seed, 1, i, RNG_TEST);
        int kind = (int)i % 4, w = 1 + (int)rng_below(&rng, 40), h = 1 + (int)rng_below(&rng, 40);
        double range = i % 5 == 0 ? 1e5 : kind < 2 ? 2 : 50, v = range * (2 * rng_unit(&rng) - 1);
        if (i % 3 == 0) v = floor(v);
        Image image = noise_of(w, h, i);
        uint8_t want[3 * 40 * 40];
        by_pixel(want, &image, kind == 0 ? v : 0, kind == 2 ? v : 0, kind == 1 ? v : 0,
                 kind == 3 ? v : 0);
        CHECK_OK(augment_op(&image, augment_find(names[kind]), v));
        CHECK(!memcmp(image.rgb, want, 3 * (size_t)w * (size_t)h), "%s=%.17g of %d x %d",
              names[kind], v, w, h);
        image_free(&image);
    }
}

// ---- the shared goldens -------------------------------------------------------------------------

static bool field(char *out, size_t size, const char *line, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *at = strstr(line, quoted);
    if (!at) return false;
    at += strlen(quoted);
    at += *at == '"';
    size_t n = strcspn(at, "\",}");
    if (n >= size) return false;
    memcpy(out, at, n);
    out[n] = 0;
    return true;
}

static double number(const char *line, const char *key)
{
    char value[64];
    return field(value, sizeof value, line, key) ? strtod(value, NULL) : (double)NAN;
}

static bool one_op(const char *line)
{
    char op[64], input[128], want[80], got[65], path[FILE_PATH];
    field(op, sizeof op, line, "op");
    field(input, sizeof input, line, "input");
    field(want, sizeof want, line, "sha256");
    Image image = noise_of((int)number(line, "width"), (int)number(line, "height"), 0);
    snprintf(path, sizeof path, "../shared/data/goldens/randaug/%s", input);
    FileMap map;
    if (!CHECK_OK(file_map(&map, path))) return false;
    memcpy(image.rgb, map.data, map.size);
    file_unmap(&map);
    double value = number(line, "value_hex"), sign = number(line, "sign");
    CHECK_OK(augment_op(&image, augment_find(op), sign < 0 ? -value : value));
    hash(got, &image);
    image_free(&image);
    return CHECK(!strcmp(got, want), "%.200s", line);
}

static bool one_chain(const char *line)
{
    char name[512], path[FILE_PATH], want[80], got[65];
    static uint8_t crop[3 * 224 * 224];
    const Transform t = transform_clip(224);
    Image image;
    field(name, sizeof name, line, "shared_path");
    snprintf(path, sizeof path, "../shared/data/%s", name);
    if (!CHECK_OK(image_load(&image, path, IMAGE_MAX_PIXELS))) return false;
    for (const char *at = strstr(line, "\"ops\""); (at = strstr(at, "{\"op\"")); at++) {
        field(name, sizeof name, at, "op");
        double value = number(at, "value"), sign = number(at, "sign");
        CHECK_OK(augment_op(&image, augment_find(name), sign < 0 ? -value : value));
    }
    hash(got, &image);
    field(want, sizeof want, line, "augmented_sha256");
    bool same = CHECK(!strcmp(got, want), "augmented: %.160s", line);
    CHECK_OK(transform_crop(&t, crop, &image));
    image_free(&image);
    hash(got, &(Image){ crop, 224, 224 });
    field(want, sizeof want, line, "crop_rgb_sha256");
    return CHECK(!strcmp(got, want), "crop: %.160s", line) && same;
}

static void golden(const char *folder, int lines, bool (*check)(const char *line))
{
    static char path[FILE_PATH], line[8192];
    snprintf(path, sizeof path, "../shared/data/goldens/%s/manifest.jsonl", folder);
    FILE *f = fopen(path, "r");
    if (!f) {
        test_skip("no ../shared");
        return;
    }
    int n = 0, equal = 0;
    for (; fgets(line, sizeof line, f); n++) equal += check(line);
    fclose(f);
    CHECK(n == lines, "%d cases", n);
    test_note("%d of %d equal", equal, n);
}

static void shared_ops(void) { golden("randaug", 416, one_op); }
static void shared_chains(void) { golden("randaug_pipeline_public", 14, one_chain); }

static const TestCase cases[] = {
    { "pillow", pillow }, { "names", names }, { "text", text }, { "draws", draws },
    { "random_crops", random_crops }, { "shaped", shaped }, { "crops", crops },
    { "tiny_and_extreme", tiny_and_extreme }, { "moves", moves }, { "shared_ops", shared_ops },
    { "shared_chains", shared_chains },
};

int main(void)
{
    return test_main("augment", cases, TEST_COUNT(cases));
}

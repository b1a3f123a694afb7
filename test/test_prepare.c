// test_prepare.c - what a model's files and flags say is done to a picture: against open_clip's and
// transformers' bytes and floats, there and back, and what is refused.
#include "clip/prepare.h"

#include "data/image/transform.h"
#include "tensor/base/sha256.h"
#include "test/drawn.h"
#include "test/program.h"

enum { S = 36 };

// ---- files --------------------------------------------------------------------------------------

// Reads what an open_clip_config.json with this preprocess_cfg says.
static Status read_open_clip(Transform *t, bool *said, const char *cfg)
{
    char text[1024];
    snprintf(text, sizeof text, "{\"preprocess_cfg\": %s}", cfg);
    folder_text(&world, "open_clip_config.json", text);
    *t = transform_clip(S);
    return prepare_open_clip(t, said, world.path);
}

// The same of a folder with either file of Hugging Face; NULL: it is not there.
static Status read_folder(Transform *t, bool *said, const char *older, const char *newer)
{
    char text[1024];
    remove(folder_name(&world, "preprocessor_config.json"));
    remove(folder_name(&world, "processor_config.json"));
    if (older) folder_text(&world, "preprocessor_config.json", older);
    snprintf(text, sizeof text, "{\"image_processor\": %s, \"processor_class\": \"CLIPProcessor\"}",
             newer ? newer : "");
    if (newer) folder_text(&world, "processor_config.json", text);
    *t = transform_clip(S);
    return prepare_hf(t, said, world.path);
}

static Status read_said(Transform *t, const char *form, const char *said, int i)
{
    bool any;
    if (strcmp(form, "open_clip") == 0) return read_open_clip(t, &any, said);
    return i % 2 ? read_folder(t, &any, said, NULL) : read_folder(t, &any, NULL, said);
}

// ---- goldens ------------------------------------------------------------------------------------

static void is_hash(const void *data, size_t bytes, const Json *want, const char *what)
{
    char hex[65];
    const char *text = "";
    Sha256 h = sha256_begin();
    sha256_add(&h, data, bytes);
    sha256_end(&h, hex);
    CHECK_OK(json_string(&text, want));
    CHECK(strncmp(hex, text, 16) == 0, "%s: %.16s, not %s", what, hex, text);
}

static void one_picture(const Transform *t, const Json *row, const char *said)
{
    static uint8_t crop[S * S * 3];
    static float pixels[S * S * 3];
    int64_t w = 1, h = 1;
    char what[600];
    CHECK_OK(json_int(&w, json_at(row, 0), 1, 1000));
    CHECK_OK(json_int(&h, json_at(row, 1), 1, 1000));
    snprintf(what, sizeof what, "%s: %lld x %lld", said, (long long)w, (long long)h);
    Image image = drawn((int)w, (int)h);
    Status status = transform_crop(t, crop, &image);
    image_free(&image);
    if (*json_at(row, 2)->string == 0) {       // where the library has no answer either
        CHECK_STATUS(status, ERR_SHAPE, "too long");
        return;
    }
    if (!CHECK_OK(status)) return;
    transform_normalise(t, pixels, crop);
    is_hash(crop, sizeof crop, json_at(row, 2), what);
    is_hash(pixels, sizeof pixels, json_at(row, 3), what);
}

// The member `said` of a line as it stands there.
static const char *said_of(char text[512], const char *line)
{
    const char *from = strstr(line, "\"said\": ") + 8, *to = strstr(line, ", \"pictures\"");
    snprintf(text, 512, "%.*s", (int)(to - from), from);
    return text;
}

static int one_line(const char *line, int i)
{
    Arena arena = { 0 };
    const Json *root;
    char said[512];
    const char *form = "";
    int64_t pillow = 0;
    Transform t;
    if (!CHECK_OK(json_parse(&root, &arena, line, strlen(line), "line"))) return 0;
    CHECK_OK(json_need_string(&form, root, "form"));
    CHECK_OK(json_need_int(&pillow, root, "pillow", 12, 13));
    said_of(said, line);
    int n = (int)json_get(root, "pictures")->count;
    if (!CHECK_OK(read_said(&t, form, said, i))) n = 0;
    transform_give(&t, &(TransformGiven){ .pillow = (int)pillow });
    for (int k = 0; k < n; k++) one_picture(&t, json_at(json_get(root, "pictures"), k), said);
    arena_free(&arena);
    return n;
}

static void goldens(void)
{
    FILE *f = fopen("test/golden/prepare.jsonl", "r");
    char line[4096];
    int lines = 0, pictures = 0;
    if (!CHECK(f, "no prepare.jsonl")) return;
    for (; fgets(line, sizeof line, f); lines++) pictures += one_line(line, lines);
    fclose(f);
    CHECK(lines == 34 && pictures > 200, "%d lines, %d pictures", lines, pictures);
    test_note("%d pictures in %d ways equal", pictures, lines);
}

// ---- there and back -----------------------------------------------------------------------------

static void same(const Transform *a, const Transform *b)
{
    char x[TRANSFORM_TEXT], y[TRANSFORM_TEXT];
    CHECK(a->size == b->size && a->resize == b->resize && a->mode == b->mode &&
          a->filter == b->filter && a->pillow13 == b->pillow13 && a->fill == b->fill &&
          a->scale == b->scale && !memcmp(a->mean, b->mean, sizeof a->mean) &&
          !memcmp(a->std, b->std, sizeof a->std), "%s came back as %s", transform_text(x, a),
          transform_text(y, b));
}

static void written(void)
{
    for (int i = 0; i < 4 * 3 * 4; i++) {
        Transform t = transform_clip(S), back = transform_clip(S);
        JsonOut o = { 0 };
        bool said = false;
        remove(folder_name(&world, "processor_config.json"));
        t.mode = (ResizeMode)(i % 4), t.filter = (Filter)(i / 4 % 3);
        t.resize = t.mode == RESIZE_NONE ? S : S + i / 12;
        t.pillow13 = i % 5 == 0;
        t.scale = i % 7 ? 1 / 255.0 : 1;
        t.fill = t.mode == RESIZE_LONGEST ? i : 0;
        t.mean[i % 3] = 0.1f * (float)i, t.std[i % 3] = 1 / 3.0f;
        prepare_put_hf(&o, &t);
        CHECK_OK(json_out_save(&o, world.path, "preprocessor_config.json"));
        CHECK_OK(prepare_hf(&back, &said, world.path));
        CHECK(said, "not said");
        same(&t, &back);
    }
}

static void written_open_clip(void)
{
    static const char *const words[] = { "resize_mode", "nearest", "preprocess_cfg.size",
                                         "rescale_factor" };
    int kept = 0;
    for (int i = 0; i < 4 * 3 * 3 * 2; i++) {
        Transform t = transform_clip(S), back = transform_clip(S);
        JsonOut o = { 0 };
        bool said = false;
        t.mode = (ResizeMode)(i % 4), t.filter = (Filter)(i / 4 % 3);
        t.resize = S + (t.mode == RESIZE_NONE ? 0 : i / 12 % 3 / 2);
        t.scale = i / 36 ? 1 : 1 / 255.0;
        t.pillow13 = i % 5 == 0;
        t.fill = t.mode == RESIZE_LONGEST ? i : 0;
        t.mean[i % 3] = 0.1f * (float)i, t.std[i % 3] = 1 / 3.0f;
        bool no[] = { t.mode == RESIZE_NONE, t.filter == FILTER_NEAREST, t.resize != S, i >= 36 };
        int k = 0;
        while (k < 4 && !no[k]) k++;
        json_out_object(&o);
        json_out_key(&o, "preprocess_cfg");
        if (k < 4) CHECK_STATUS(prepare_put_open_clip(&o, &t), ERR_UNSUPPORTED, words[k]);
        else if (CHECK_OK(prepare_put_open_clip(&o, &t))) {
            json_out_end(&o);
            CHECK_OK(json_out_save(&o, world.path, "open_clip_config.json"));
            CHECK_OK(prepare_open_clip(&back, &said, world.path));
            same(&t, &back);
            kept++;
        }
        json_out_free(&o);
    }
    CHECK(kept == 12, "%d were written", kept);
}

// ---- what is refused, and what wins -------------------------------------------------------------

typedef struct { bool hf; const char *said, *word; } Wrong;

static void refuse(const Wrong *files, int n)
{
    Transform t;
    bool said;
    for (int i = 0; i < n; i++) {
        Status status = files[i].hf ? read_folder(&t, &said, files[i].said, NULL)
                                    : read_open_clip(&t, &said, files[i].said);
        CHECK(status == ERR_UNSUPPORTED || status == ERR_FORMAT, "%s is taken", files[i].said);
        CHECK(status == OK || strstr(err_msg(), files[i].word), "%s: %s, not %s", files[i].said,
              err_msg(), files[i].word);
    }
}

// No number is taken that would make all pixels equal, infinite or NaN.
static void bad_numbers(void)
{
    static const Wrong files[] = {
        { false, "{\"std\": -0.5}", "preprocess_cfg.std: -0.5 cannot be" },
        { false, "{\"mean\": NaN}", "preprocess_cfg.mean: nan is" },
        { false, "{\"mean\": [0, 0, 1e9]}", "preprocess_cfg.mean: 1e+09 cannot be" },
        { false, "{\"size\": 0}", "preprocess_cfg.size: 0" },
        { false, "{\"size\": 1e9}", "preprocess_cfg.size: 1000000000" },
        { true, "{\"crop_size\": 36, \"rescale_factor\": 1e300}", "rescale_factor: 1e+300 cannot" },
        { true, "{\"crop_size\": 36, \"rescale_factor\": 0}", "rescale_factor: 0 cannot be" },
        { true, "{\"crop_size\": 36, \"rescale_factor\": -1}", "rescale_factor: -1 cannot be" },
        { true, "{\"crop_size\": 36, \"rescale_factor\": NaN}", "rescale_factor: nan is not" },
        { true, "{\"crop_size\": 36, \"image_mean\": [0, 0, NaN]}", "image_mean[2]: nan is not" },
        { true, "{\"crop_size\": 36, \"image_mean\": -1e9}", "image_mean: -1e+09 cannot be" },
        { true, "{\"crop_size\": 36, \"image_mean\": 1e9}", "image_mean: 1e+09 cannot be" },
        { true, "{\"crop_size\": 36, \"image_std\": 0}", "image_std: 0 cannot be" },
        { true, "{\"crop_size\": 36, \"image_std\": [1, -1, 1]}", "image_std: -1 cannot be" },
        { true, "{\"crop_size\": 36, \"image_std\": Infinity}", "image_std: inf is not" },
        { true, "{\"crop_size\": 36, \"size\": 0}", "size: 0" },
        { true, "{\"crop_size\": 36, \"size\": 1e9}", "size: 1000000000" },
        { true, "{\"crop_size\": 36, \"size\": {\"shortest_edge\": -1}}", "shortest_edge: -1" },
        { true, "{\"size\": 36, \"crop_size\": 1e9}", "crop_size: 1000000000" },
    };
    Transform t;
    bool said;
    refuse(files, TEST_COUNT(files));
    CHECK_OK(read_folder(&t, &said, "{\"crop_size\": 36, \"do_rescale\": false, "
                                    "\"rescale_factor\": 0}", NULL));
    CHECK(t.scale == 1, "scale %g", t.scale);
}

static void refused(void)
{
    static const Wrong files[] = {
        { false, "{\"resize_mode\": \"fit\"}", "preprocess_cfg.resize_mode: fit" },
        { false, "{\"resize_mode\": \"none\"}", "preprocess_cfg.resize_mode: none" },
        { false, "{\"interpolation\": \"lanczos\"}", "preprocess_cfg.interpolation: lanczos" },
        { false, "{\"size\": 40}", "preprocess_cfg.size: 40: the model takes 36" },
        { false, "{\"size\": [36, 40]}", "preprocess_cfg.size: 40" },
        { false, "{\"size\": [3, 36, 36]}", "preprocess_cfg.size: is not one or two" },
        { false, "{\"mode\": \"L\"}", "preprocess_cfg.mode: L" },
        { false, "{\"mean\": [0.5]}", "preprocess_cfg.mean: is not a list of three" },
        { false, "{\"std\": [0.5, 0, 1]}", "preprocess_cfg.std: 0 cannot be" },
        { false, "{\"fill_color\": 256}", "preprocess_cfg.fill_color" },
        { false, "{\"crop_pct\": 0.9}", "preprocess_cfg.crop_pct: what this does" },
        { true, "{\"resample\": 1}", "resample: 1: not implemented" },
        { true, "{\"size\": {\"shortest_edge\": 36, \"longest_edge\": 40}}", "size: neither" },
        { true, "{\"size\": {\"height\": 36}}", "size: neither" },
        { true, "{\"size\": {\"height\": 36, \"width\": 40}}", "size: 36 x 40: only squares" },
        { true, "{\"size\": {\"max_height\": 36}}", "size.max_height" },
        { true, "{\"size\": {\"longest_edge\": 36}}", "size: size.longest_edge and resize_mode" },
        { true, "{\"size\": 36, \"resize_mode\": \"longest\"}", "size.longest_edge and resize" },
        { true, "{\"size\": 36, \"resize_mode\": \"squash\"}", "resize_mode" },
        { true, "{\"size\": 36}", "crop_size: 224 x 224: the model takes 36 x 36" },
        { true, "{\"size\": 36, \"crop_size\": 32}", "crop_size: 32 x 32" },
        { true, "{\"size\": 36, \"crop_size\": {\"shortest_edge\": 36}}", "crop_size" },
        { true, "{\"size\": 36, \"do_center_crop\": false}", "do_center_crop: false" },
        { true, "{\"crop_size\": 36, \"do_pad\": true}", "do_pad: what this does" },
        { true, "{\"crop_size\": 36, \"use_square_size\": true}", "use_square_size" },
        { true, "{\"crop_size\": 36, \"do_normalize\": 3}", "do_normalize" },
        { true, "{\"crop_size\": 36, \"rescale_factor\": \"1\"}", "rescale_factor" },
        { true, "{\"crop_size\": 36, \"image_mean\": [1, 2]}", "image_mean" },
        { true, "{\"crop_size\": 36, \"pillow\": 14}", "pillow" },
        { true, "{\"image_processor_type\": \"ViTImageProcessor\"}", "ViTImageProcessor: only" },
        { true, "{\"feature_extractor_type\": \"BeitFeatureExtractor\"}", "feature_extractor" },
        { true, "[1]", "" },
    };
    refuse(files, TEST_COUNT(files));
}

static void which_file(void)
{
    static const char half[] = "{\"crop_size\": 36, \"image_mean\": 0.5}",
                      quarter[] = "{\"crop_size\": 36, \"image_mean\": 0.25}";
    Transform t;
    bool said = true;
    CHECK_OK(read_folder(&t, &said, NULL, NULL));
    CHECK(!said && t.mean[0] != 0.5f, "said by nothing");
    CHECK_OK(read_folder(&t, &said, half, half));
    CHECK(said && t.mean[0] == 0.5f, "two files that agree");
    CHECK_STATUS(read_folder(&t, &said, half, quarter), ERR_FORMAT, "say different things");
    CHECK_OK(read_folder(&t, &said, half, "null"));
    CHECK(said && t.mean[0] == 0.5f, "processor_config.json of transformers 4");
    CHECK_OK(read_open_clip(&t, &said, "{}"));
    CHECK(!said, "an empty preprocess_cfg says something");
    CHECK_OK(read_open_clip(&t, &said, "{\"mean\": null}"));
    CHECK(said && t.mean[0] == transform_clip(S).mean[0], "null is not the default");
    CHECK_OK(read_open_clip(&t, &said, "{\"fill_color\": 9}"));
    CHECK(t.fill == 0, "a margin of %d where open_clip has none", t.fill);
}

static void given(void)
{
    const double three[] = { 0.5, 0.5, 0.25 };
    Transform t = transform_clip(S);
    const TransformGiven all[] = { { .mode = "squash" }, { .filter = "nearest" }, { .resize = 40 },
                                   { .mean = three }, { .std = three } };
    static const char *const flags[] = { "--resize-mode", "--interpolation", "--size", "--mean",
                                         "--std" };
    for (int i = 0; i < 5; i++) {
        const char *flag = transform_differs(&t, &all[i]);
        CHECK(flag && !strcmp(flag, flags[i]), "%s: %s", flags[i], flag ? flag : "no flag");
        Transform x = t;
        transform_give(&x, &all[i]);
        CHECK(!transform_differs(&x, &all[i]), "%s: what was given differs", flags[i]);
    }
    CHECK(transform_odd(&t) < 0, "OpenAI's units are odd");
    t.mean[2] = 104, t.scale = 1, t.std[2] = 57;
    CHECK(transform_odd(&t) == 0, "channel %d: bytes by a deviation of 0.27", transform_odd(&t));
    t.mean[0] = 123, t.mean[1] = 117, t.std[0] = t.std[1] = 58;
    CHECK(transform_odd(&t) < 0, "all in bytes: channel %d", transform_odd(&t));
    t.std[1] = 1;
    CHECK(transform_odd(&t) == 1, "black and white 255 apart");
    t.mean[1] = 0;
    CHECK(transform_odd(&t) < 0, "neither subtracted nor divided");
    t = transform_clip(224);
    CHECK(!transform_differs(&t, &(TransformGiven){ .pillow = 13, .mode = "shortest" }), "pillow");
}

// ---- the program --------------------------------------------------------------------------------

static bool told(const char *word)
{
    return CHECK(strstr(program_stderr(), word), "no %s: %s", word, program_stderr());
}

static void flags(void)
{
    CHECK(proreg("info $M") == 0, "%s", program_stderr());
    CHECK(strstr(program_stdout(), "prepared     shorter side to 16 (bicubic), center 16 x 16, "
                                   "minus mean 0.48"), "%.400s", program_stdout());
    CHECK(proreg("info test/golden/clip/openai.pt --mean 0.25 --size 30") == 0, "%s",
          program_stderr());
    CHECK(strstr(program_stdout(), "prepared     shorter side to 30 (bicubic), center 20 x 20, "
                                   "minus mean 0.25 0.25 0.25, "), "%.400s", program_stdout());
    CHECK(proreg("info $M --pillow 13") == 0 && strstr(program_stdout(), "as Pillow 13"), "info");
    CHECK(proreg("encode -m $M -o $W/a.npy --images $W/p.ppm --mean 0.3") == 1, "mean taken");
    told("--mean: its files say something else");
    CHECK(proreg("encode -m $M -o $W/a.npy --images $W/p.ppm --mean 1,2") == 2, "two numbers");
    told("--mean: 1,2: neither one number nor three");
    CHECK(proreg("encode -m $M -o $W/a.npy --images $W/p.ppm --mean 1,2,3,4") == 2, "four");
    CHECK(proreg("encode -m $M -o $W/a.npy --images $W/p.ppm --std 0") == 2, "a deviation of 0");
    CHECK(proreg("encode -m $M -o $W/a.npy --images $W/p.ppm --resize-mode fit") == 2, "fit");
    CHECK(proreg("encode -m $M -o $W/a.npy --images $W/p.ppm --mean 0.48,0.46,0.41") == 0, "%s",
          program_stderr());
    CHECK(proreg("encode -m $M -o $W/b.npy --images $W/p.ppm --pillow 13") == 0, "%s",
          program_stderr());
    CHECK(!program_same("a.npy", "b.npy"), "a tall picture is the same with --pillow 13");
}

// Where the files say nothing, the flags count, and what is saved says it.
static void bare(void)
{
    const char *set = "--data $W/set --epochs 1 --batch 4 --method finetune";
    CHECK(proreg("info $W/bare --size 20 --std 0.5 --resize-mode longest") == 0, "%s",
          program_stderr());
    CHECK(strstr(program_stdout(), "prepared     longer side to 20 (bicubic), center 16 x 16, ") &&
          strstr(program_stdout(), "by deviation 0.5 0.5 0.5 (not said by its files)"), "%.400s",
          program_stdout());
    CHECK(proreg("train -m $W/bare %s --out $W/run --mean 0.25 --resize-mode squash --pillow 13",
                 set) == 0, "%s", program_stderr());
    CHECK(strstr(program_file("run/config.json", NULL), "\"pillow\": \"13\""), "not recorded");
    CHECK(proreg("info $W/run/last") == 0 && strstr(program_stdout(), "squashed to 16 x 16 "
          "(bicubic, passes as Pillow 13), center 16 x 16, minus mean 0.25 0.25 0.25"), "%.400s",
          program_stdout());
    CHECK(proreg("eval --run $W/run --data $W/set --save-logits $W/a.npy") == 0, "%s",
          program_stderr());
    CHECK(proreg("encode --run $W/run --images $W/p.ppm -o $W/s.npy") == 0, "%s", program_stderr());
    CHECK(proreg("encode -m $W/run/last --images $W/p.ppm -o $W/b.npy") == 0, "%s",
          program_stderr());
    CHECK(program_same("s.npy", "b.npy"), "the run and its last/ see different pictures");
    CHECK(proreg("train --config $W/run/config.json --out $W/again") == 0, "%s", program_stderr());
    CHECK(program_same("run/last/model.safetensors", "again/last/model.safetensors"), "repeated");
}

static void tall_picture(const char *name)
{
    Image image = drawn(40, 99);
    CHECK_OK(image_save_ppm(&image, folder_name(&world, name)));
    image_free(&image);
}

static const TestCase cases[] = {
    { "goldens", goldens }, { "written", written },
    { "written_open_clip", written_open_clip }, { "refused", refused },
    { "bad_numbers", bad_numbers },
    { "which_file", which_file }, { "given", given }, { "flags", flags }, { "bare", bare },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    tall_picture("p.ppm");
    program_model("bare", program_small);
    remove(folder_name(&world, "bare/preprocessor_config.json"));
    int failed = test_main("prepare", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

// test_clip.c - models in every published form against the vectors that their own libraries
// computed (test/golden/clip_fixtures.py): image and text within 1e-5 of PyTorch; what is written
// is read back to the same bits; what does not fit is refused by name.
#include "clip/clip.h"
#include "clip/config.h"
#include "clip/names.h"
#include "tensor/base/json.h"
#include "test/device.h"

#include <unistd.h>

static const Backend *device(void) { return device_open("cpu"); }

static float *numbers(const Weights *w, const char *name, int64_t *n)
{
    const WeightsTensor *x = weights_find(w, name);
    if (n) *n = 0;
    if (!CHECK(x, "no %s", name)) return NULL;
    if (n) *n = weights_elements(x);
    float *out = malloc((size_t)weights_elements(x) * sizeof *out);
    weights_to_f32(out, x);
    return out;
}

// The worst distance to the golden of this name.
static double distance(const Weights *w, const char *name, const float *got)
{
    int64_t n = 0;
    double worst = 0;
    float *want = numbers(w, name, &n);
    for (int64_t i = 0; want && i < n; i++)
        worst = test_worse(worst, fabs((double)got[i] - (double)want[i]));
    free(want);
    return want ? worst : INFINITY;
}

static int32_t *text_ids(const Weights *w, int64_t *n)
{
    float *x = numbers(w, "ids", n);
    int32_t *ids = malloc((size_t)*n * sizeof *ids);
    for (int64_t i = 0; i < *n; i++) ids[i] = (int32_t)x[i];
    free(x);
    return ids;
}

static double largest(const float *x, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, fabs((double)x[i]));
    return most;
}

// Unit vectors to 1e-5; logits to 1e-4; raw vectors to 1e-5 of their largest element.
static void compare(const Clip *c, const Weights *w)
{
    int64_t n_pixels = 0, n_ids = 0, S = c->config.image_size, E = c->config.embed;
    float *pixels = numbers(w, "pixels", &n_pixels);
    int32_t *ids = text_ids(w, &n_ids);
    int64_t B = n_pixels / (3 * S * S), K = n_ids / c->config.context;
    float image[1024], text[1024], unit[1024], logits[256];
    Tape t;
    tape_init(&t, c->params.be);
    tape_begin(&t, TAPE_NO_GRAD);
    Tensor *f = clip_image(&t, c, tape_pictures(&t, pixels, B, S));
    Tensor *v = clip_text(&t, c, ids, K);
    CHECK_OK(tape_read(&t, image, f));
    CHECK_OK(tape_read(&t, text, v));
    double raw = test_worse(distance(w, "image", image) / largest(image, B * E),
                            distance(w, "text", text) / largest(text, K * E));
    f = op_unit(&t, f), v = op_unit(&t, v);
    CHECK_OK(tape_read(&t, unit, f));
    double unit_error = distance(w, "image_unit", unit);
    CHECK_OK(tape_read(&t, unit, v));
    unit_error = test_worse(unit_error, distance(w, "text_unit", unit));
    CHECK_OK(tape_read(&t, logits, clip_logits(&t, f, v, c->logit_scale)));
    double logit_error = distance(w, "logits", logits);
    CHECK(raw < 1e-5, "raw vectors differ by %g of the largest", raw);
    CHECK(unit_error < 1e-5, "unit vectors differ by %g", unit_error);
    CHECK(logit_error < 1e-4, "logits differ by %g", logit_error);
    test_note("raw %.1e unit %.1e logits %.1e", raw, unit_error, logit_error);
    tape_free(&t);
    free(pixels);
    free(ids);
}

static void model_is(const char *model, const char *golden, const char *activation)
{
    Clip c;
    Weights *w;
    if (!CHECK_OK(clip_open(&c, device(), model, &(ClipOptions){ .activation = activation })))
        return;
    if (CHECK_OK(weights_open(&w, golden))) compare(&c, w);
    weights_close(w);
    clip_free(&c);
}

static void refused(const char *model, const char *activation, Status status, const char *word)
{
    Clip c;
    CHECK_STATUS(clip_open(&c, device(), model, &(ClipOptions){ .activation = activation }),
                 status, word);
    clip_free(&c);
}

#define GOLDEN(name) "test/golden/clip/" name
#define EXPECT(name) GOLDEN(name) ".expect.safetensors"

static void case_hf(void) { model_is(GOLDEN("hf-quick"), EXPECT("hf-quick"), NULL); }
static void case_hf_file(void)
{
    model_is(GOLDEN("hf-quick/model.safetensors"), EXPECT("hf-quick"), "quick_gelu");
}
static void case_hf_sharded(void)
{
    model_is(GOLDEN("hf-gelu-sharded"), EXPECT("hf-gelu-sharded"), NULL);
}
static void case_open_clip(void) { model_is(GOLDEN("oc-quick"), EXPECT("oc-quick"), NULL); }
static void case_open_clip_gelu(void) { model_is(GOLDEN("oc-gelu"), EXPECT("oc-gelu"), "gelu"); }
static void case_checkpoint(void)
{
    model_is(GOLDEN("oc-checkpoint.pt"), EXPECT("oc-checkpoint"), "gelu");
}
static void case_openai(void) { model_is(GOLDEN("openai.pt"), EXPECT("openai"), NULL); }
static void case_script(void)                  // its modules' classes say gelu
{
    model_is(GOLDEN("script-gelu.pt"), EXPECT("script-gelu"), NULL);
    model_is(GOLDEN("script-gelu.pt"), EXPECT("script-gelu"), "gelu");
    refused(GOLDEN("script-gelu.pt"), "quick_gelu", ERR_FORMAT, "its activation is gelu, not");
}

// ---- towers -------------------------------------------------------------------------------------

// One picture or text alone gives the bits that it gives in a batch.
static void case_alone(void)
{
    Clip c;
    Weights *w;
    Tape t;
    float all[1024], one[64];
    CHECK_OK(clip_open(&c, device(), GOLDEN("hf-quick"), NULL));
    CHECK_OK(weights_open(&w, EXPECT("hf-quick")));
    int64_t n = 0, E = c.config.embed, S = c.config.image_size;
    float *pixels = numbers(w, "pixels", &n);
    int32_t *ids = text_ids(w, &n);
    tape_init(&t, c.params.be);
    tape_begin(&t, TAPE_NO_GRAD);
    Tensor *x = tape_pictures(&t, pixels, 3, S);
    CHECK_OK(tape_read(&t, all, clip_image(&t, &c, x)));
    x = tape_pictures(&t, pixels + 3 * S * S, 1, S);
    CHECK_OK(tape_read(&t, one, clip_image(&t, &c, x)));
    CHECK(memcmp(one, all + E, (size_t)E * sizeof *one) == 0, "a picture alone differs");
    CHECK_OK(tape_read(&t, all, clip_text(&t, &c, ids, n / 16)));
    for (int64_t i = 0; i < n / 16; i++) {
        CHECK_OK(tape_read(&t, one, clip_text(&t, &c, ids + 16 * i, 1)));
        CHECK(memcmp(one, all + i * E, (size_t)E * sizeof *one) == 0, "text %d alone differs",
              (int)i);
    }
    tape_free(&t);
    weights_close(w);
    free(pixels);
    free(ids);
    clip_free(&c);
}

// A tower that is not wanted is not there; its names still count as known.
static void case_one_tower(void)
{
    Clip c;
    CHECK_OK(clip_open(&c, device(), GOLDEN("openai.pt"), &(ClipOptions){ .towers = CLIP_IMAGE }));
    CHECK(params_find(&c.params, "visual.proj") && !params_find(&c.params, "ln_final.weight"),
          "the image tower alone was asked for");
    clip_free(&c);
}

// ---- writing ------------------------------------------------------------------------------------

static void same_params(const Clip *a, const Clip *b)
{
    for (const Param *p = a->params.first; p; p = p->next) {
        const Param *q = params_find(&b->params, p->name);
        CHECK(q && device_same(device(), p->value.data, q->value.data, tensor_size(&p->value)),
              "%s came back otherwise", p->name);
    }
}

static void case_save(void)
{
    static const char *const models[] = { GOLDEN("hf-gelu-sharded"), GOLDEN("oc-quick"),
                                          GOLDEN("openai.pt") };
    static const char *const goldens[] = { EXPECT("hf-gelu-sharded"), EXPECT("oc-quick"),
                                           EXPECT("openai") };
    char folder[] = "/tmp/proreg-clip-XXXXXX", path[FILE_PATH];
    CHECK(mkdtemp(folder), "no folder");
    for (int i = 0; i < 3; i++) {
        Clip a, b;
        snprintf(path, sizeof path, "%s/model.safetensors", folder);
        CHECK_OK(clip_open(&a, device(), models[i], NULL));
        CHECK_OK(clip_save(folder, &a, &a));
        if (!CHECK_OK(clip_open(&b, device(), folder, NULL))) continue;
        CHECK(a.config.eos == b.config.eos && a.config.act == b.config.act
              && a.config.vision.mlp == b.config.vision.mlp && a.config.eps == b.config.eps
              && memcmp(a.config.pixels.mean, b.config.pixels.mean, 3 * sizeof(float)) == 0,
              "%s: the configuration came back otherwise", models[i]);
        same_params(&a, &b);
        clip_free(&a);
        clip_free(&b);
        model_is(folder, goldens[i], NULL);
    }
    folder_discard(folder);
}

// As open_clip reads it (test/interop/check_open_clip.py), and as this program reads it again.
static void case_save_open_clip(void)
{
    static const char *const models[] = { GOLDEN("hf-gelu-sharded"), GOLDEN("hf-quick"),
                                          GOLDEN("openai.pt"), GOLDEN("oc-quick") };
    static const char *const goldens[] = { EXPECT("hf-gelu-sharded"), EXPECT("hf-quick"),
                                           EXPECT("openai"), EXPECT("oc-quick") };
    char folder[] = "/tmp/proreg-clip-XXXXXX", path[FILE_PATH];
    CHECK(mkdtemp(folder), "no folder");
    snprintf(path, sizeof path, "%s/open_clip_model.pt", folder);
    for (int i = 0; i < TEST_COUNT(models); i++) {
        Clip a, b;
        CHECK_OK(clip_open(&a, device(), models[i], NULL));
        CHECK_OK(clip_save_open_clip(folder, &a, &a, i == 0));
        for (int k = 0; k < 2; k++) {
            if (!CHECK_OK(clip_open(&b, device(), k ? path : folder, NULL))) continue;
            int64_t eos = a.config.eos == a.config.vocab - 1 ? -1 : a.config.eos;
            CHECK(b.config.eos == eos && b.config.eps == a.config.eps &&
                  b.config.act == a.config.act && b.config.vision.heads == a.config.vision.heads &&
                  b.config.text.heads == a.config.text.heads && b.config.patch == a.config.patch,
                  "%s: the configuration came back otherwise", models[i]);
            CHECK(!memcmp(&b.config.pixels, &a.config.pixels, sizeof a.config.pixels),
                  "%s: other pixels", models[i]);
            same_params(&a, &b);
            clip_free(&b);
        }
        clip_free(&a);
        model_is(folder, goldens[i], NULL);
        model_is(path, goldens[i], NULL);
    }
    folder_discard(folder);
}

// open_clip makes an MLP int(width mlp_ratio) wide: a quotient may be rounded down.
static void case_mlp_ratio(void)
{
    char folder[] = "/tmp/proreg-clip-XXXXXX", path[FILE_PATH];
    int rounded = 0;
    CHECK(mkdtemp(folder), "no folder");
    for (int64_t width = 40; width < 58; width++) {
        ClipConfig g = { .image_size = 8, .patch = 8, .embed = 4, .context = 4, .vocab = 20,
                         .vision = { width, 1, 1, 1 }, .text = { width, 1, 1, 3 * width - 1 },
                         .act = ACT_GELU, .eps = 1e-5, .eos = -1, .pixels = transform_clip(8) };
        static const char *const towers[] = { "vision_cfg", "text_cfg" };
        const int64_t mlp[] = { 1, 3 * width - 1 };
        Arena arena = { 0 };
        const Json *root;
        Clip c;
        CHECK_OK(clip_random(&c, device(), &g, 7, NULL));
        CHECK_OK(clip_save_open_clip(folder, &c, &c, false));
        clip_free(&c);
        snprintf(path, sizeof path, "%s/open_clip_config.json", folder);
        if (!CHECK_OK(json_load(&root, &arena, path))) return;
        for (int i = 0; i < 2; i++) {
            double ratio = 0;
            const Json *tower = json_get(json_get(root, "model_cfg"), towers[i]);
            CHECK_OK(json_opt_number(&ratio, tower, "mlp_ratio"));
            CHECK((int64_t)((double)width * ratio) == mlp[i], "%lld: %.17g", (long long)width,
                  ratio);
            rounded += (int64_t)((double)width * ((double)mlp[i] / (double)width)) != mlp[i];
        }
        arena_free(&arena);
    }
    CHECK(rounded > 0, "no quotient is rounded down");
    folder_discard(folder);
}

static void case_random(void)
{
    ClipConfig g = { .image_size = 16, .patch = 8, .embed = 8, .context = 6, .vocab = 520,
                     .vision = { 16, 2, 2, 32 }, .text = { 8, 1, 2, 16 }, .act = ACT_QUICK_GELU,
                     .eps = 1e-5, .eos = -1 };
    Clip a, b;
    CHECK_OK(clip_random(&a, device(), &g, 7, NULL));
    CHECK_OK(clip_random(&b, device(), &g, 7, NULL));
    for (Param *p = a.params.first, *q = b.params.first; p; p = p->next, q = q->next)
        CHECK(device_same(device(), p->value.data, q->value.data, tensor_size(&p->value)),
              "%s differs for one seed", p->name);
    CHECK_CLOSE(device_number(device(), a.logit_scale->data), log(1 / 0.07), 1e-6);
    const Tensor *gain = &params_find(&a.params, "visual.ln_pre.weight")->value;
    const Tensor *bias = &params_find(&a.params, "ln_final.bias")->value;
    CHECK(device_number(device(), gain->data + 3) == 1
          && device_number(device(), bias->data + 3) == 0, "a layer norm starts as none");
    clip_free(&a);
    clip_free(&b);
}

// ---- spellings and folders ----------------------------------------------------------------------

// Writes the tensors of a file under other names: a prefix before each, and one more tensor.
static void respell(const char *to, const char *from, const char *prefix, const char *more)
{
    Weights *w;
    WeightsOut *o;
    char name[WEIGHTS_NAME];
    if (!CHECK_OK(weights_open(&w, from)) || !CHECK_OK(weights_create(&o, to))) return;
    for (int64_t i = 0; i < weights_count(w); i++) {
        const WeightsTensor *t = weights_at(w, i);
        snprintf(name, sizeof name, "%s%s", prefix, t->name);
        weights_declare(o, name, t->dtype, t->ndim, t->dim);
    }
    if (more) weights_declare(o, more, WEIGHTS_F32, 0, NULL);
    for (int64_t i = 0; i < weights_count(w); i++)
        weights_write(o, weights_at(w, i)->data, weights_at(w, i)->bytes);
    if (more) weights_write(o, &(float){ 1 }, sizeof(float));
    CHECK_OK(weights_commit(o));
    weights_close(w);
}

static void case_prefixes(void)
{
    static const struct { const char *prefix, *more; Status status; const char *word; } files[] = {
        { "", NULL, OK, "" }, { "module.", NULL, OK, "" }, { "_orig_mod.", NULL, OK, "" },
        { "model.", NULL, OK, "" }, { "clip.", NULL, OK, "" },
        { "module._orig_mod.model.clip.model.", "n_averaged", OK, "" },
        { "model.", "logit_bias", ERR_FORMAT, "tensor logit_bias has no place" },
        { "model.", "logit_scale", ERR_FORMAT, "logit_scale: is there twice" },
        { "student.", NULL, ERR_FORMAT, "begin with the prefix student., not with module." },
        { "model.student.", NULL, ERR_FORMAT, "begin with the prefix model.student." },
        { "visual.trunk.", NULL, ERR_UNSUPPORTED, "one of timm's" },
        { "submodule.", NULL, ERR_FORMAT, "prefix submodule." },
    };
    char folder[] = "/tmp/proreg-clip-XXXXXX", path[FILE_PATH];
    CHECK(mkdtemp(folder), "no folder");
    snprintf(path, sizeof path, "%s/x", folder);
    for (int i = 0; i < TEST_COUNT(files); i++) {
        Clip c;
        respell(path, GOLDEN("oc-quick/open_clip_model.safetensors"), files[i].prefix,
                files[i].more);
        const ClipOptions said = { .activation = "gelu", .heads = 2, .text_heads = 4 };
        Status status = clip_open(&c, device(), path, &said);
        CHECK(status == files[i].status && (status == OK || strstr(err_msg(), files[i].word)),
              "%s: %s", files[i].prefix, err_msg());
        clip_free(&c);
    }
    folder_discard(folder);
}

// What lies in a folder beside the model decides nothing, unless it is the model's.
static void case_folders(void)
{
    static const char *const shard[] = { "model-00001-of-00003.safetensors",
                                         "model-00002-of-00003.safetensors",
                                         "model-00003-of-00003.safetensors", "config.json" };
    static const char timm[] = "{\"architecture\": \"vit_base_patch32_clip_224\"}";
    char folder[] = "/tmp/proreg-clip-XXXXXX", from[FILE_PATH], to[FILE_PATH], config[FILE_PATH];
    CHECK(mkdtemp(folder), "no folder");
    snprintf(config, sizeof config, "%s/config.json", folder);
    for (int i = 0; i < 4; i++) {
        snprintf(from, sizeof from, GOLDEN("hf-gelu-sharded/%s"), shard[i]);
        snprintf(to, sizeof to, "%s/%s", folder, shard[i]);
        CHECK_OK(file_copy(from, to));
    }
    refused(folder, NULL, ERR_IO, "config.json, but no weights: none of model.safetensors");
    snprintf(to, sizeof to, "%s/pytorch_model.bin.index.json", folder);
    CHECK_OK(file_copy(GOLDEN("hf-gelu-sharded/model.safetensors.index.json"), to));
    model_is(folder, EXPECT("hf-gelu-sharded"), NULL);
    model_is(to, EXPECT("hf-gelu-sharded"), NULL);
    CHECK_OK(file_save(config, timm, strlen(timm)));
    refused(folder, NULL, ERR_IO, "config.json is of timm's image tower");
    snprintf(to, sizeof to, "%s/open_clip_config.json", folder);
    CHECK_OK(file_copy(GOLDEN("oc-quick/open_clip_config.json"), to));
    snprintf(to, sizeof to, "%s/model.safetensors", folder);
    CHECK_OK(file_copy(GOLDEN("oc-quick/open_clip_model.safetensors"), to));
    refused(folder, NULL, ERR_IO, "but no weights: none of open_clip_model.safetensors");
    CHECK_OK(unlink(config) == 0 ? OK : ERR_IO);
    model_is(folder, EXPECT("oc-quick"), NULL);            // now it cannot be timm's
    CHECK_OK(file_save(config, timm, strlen(timm)));
    snprintf(to, sizeof to, "%s/open_clip_pytorch_model.bin", folder);
    CHECK_OK(file_copy(GOLDEN("oc-quick/open_clip_model.safetensors"), to));
    model_is(folder, EXPECT("oc-quick"), NULL);
    folder_discard(folder);
}

// oc-quick's configuration with more keys in one of its parts.
static void with_keys(const char *path, const char *part, const char *keys)
{
    static char text[8192];
    FileMap map;
    if (!CHECK_OK(file_map(&map, GOLDEN("oc-quick/open_clip_config.json")))) return;
    const char *from = (const char *)map.data, *at = strstr(from, part) + strlen(part);
    int n = snprintf(text, sizeof text, "%.*s%s%.*s", (int)(at - from), from, keys,
                     (int)(from + map.size - at), at);
    CHECK_OK(file_save(path, text, (size_t)n));
    file_unmap(&map);
}

// What spells out a default is read; what turns something on is refused by its key.
static void case_open_clip_keys(void)
{
    static const char in_model[] = "\"model_cfg\": {", in_vision[] = "\"vision_cfg\": {",
                      in_text[] = "\"text_cfg\": {";
    static const struct { const char *part, *keys, *word; } files[] = {
        { in_model, "\"nonscalar_logit_scale\": true, \"output_dict\": true,", NULL },
        { in_vision, "\"pool_type\": \"tok\", \"pos_embed_type\": \"learnable\", \"timm_pool\": "
          "\"avg\", \"attn_pooler_heads\": 8, \"attentional_pool\": false, \"act_kwargs\": {}, "
          "\"norm_kwargs\": {}, \"timm_model_name\": \"\", \"ls_init_value\": null,", NULL },
        { in_text, "\"pool_type\": \"eos\", \"eos_id\": 599, \"hf_tokenizer_name\": \".\",",
          NULL },
        { in_text, "\"pool_type\": \"argmax\", \"proj_type\": \"linear\", \"eos_id\": 2, "
          "\"hf_proj_type\": \"mlp\", \"norm_kwargs\": {\"eps\": 1e-5}, \"act_kwargs\": "
          "{\"approximate\": \"none\"},", NULL },
        { in_model, "\"init_logit_bias\": -10,", "model_cfg.init_logit_bias" },
        { in_vision, "\"pool_type\": \"avg\",", "vision_cfg.pool_type" },
        { in_vision, "\"layers\": [3, 4, 6, 3],", NULL },   // the last of two counts, as in Python
        { in_vision, "\"norm_kwargs\": {\"eps\": 1e-6},", "norm_kwargs.eps: 1e-05 and 1e-06" },
        { in_vision, "\"norm_kwargs\": {\"bias\": 1},", "norm_kwargs.bias" },
        { in_text, "\"act_kwargs\": {\"approximate\": \"tanh\"},", "act_kwargs.approximate" },
        { in_text, "\"pool_type\": \"last\",", "text_cfg.pool_type" },
        { in_text, "\"hf_tokenizer_name\": \"bert\",", "text_cfg.hf_tokenizer_name" },
    };
    char folder[] = "/tmp/proreg-clip-XXXXXX", config[FILE_PATH], weights[FILE_PATH];
    CHECK(mkdtemp(folder), "no folder");
    snprintf(config, sizeof config, "%s/open_clip_config.json", folder);
    snprintf(weights, sizeof weights, "%s/open_clip_model.safetensors", folder);
    CHECK_OK(file_copy(GOLDEN("oc-quick/open_clip_model.safetensors"), weights));
    for (int i = 0; i < TEST_COUNT(files); i++) {
        with_keys(config, files[i].part, files[i].keys);
        if (files[i].word) refused(folder, NULL, ERR_UNSUPPORTED, files[i].word);
        else model_is(folder, EXPECT("oc-quick"), NULL);
    }
    with_keys(config, "\"patch_size\": 6,", "\"layers\": [3, 4, 6, 3],");
    refused(folder, NULL, ERR_UNSUPPORTED, "vision_cfg.layers: a ResNet");
    folder_discard(folder);
}

// ---- refusals -----------------------------------------------------------------------------------

static void case_refused(void)
{
    refused("test/no-such-model", NULL, ERR_IO, "there is no such file or folder");
    refused("test/golden", NULL, ERR_IO, "neither config.json");
    refused(GOLDEN("oc-checkpoint.pt"), NULL, ERR_FORMAT, "give --activation");
    refused(GOLDEN("oc-checkpoint.pt"), "relu", ERR_USAGE, "relu");
    refused(GOLDEN("hf-quick"), "gelu", ERR_FORMAT, "its activation is quick_gelu, not gelu");
    refused(GOLDEN("openai.pt"), "gelu", ERR_FORMAT, "its activation is quick_gelu, not gelu");
    static const int64_t heads[][2] = { { 512, 8 }, { 768, 12 }, { 896, 14 }, { 1024, 16 },
        { 1152, 16 }, { 1280, 16 }, { 1408, 16 }, { 1664, 16 }, { 1792, 16 }, { 800, 0 },
        { 1536, 0 } };
    for (int i = 0; i < TEST_COUNT(heads); i++)
        CHECK(config_heads(heads[i][0], false) == heads[i][1], "width %d", (int)heads[i][0]);
    static const int64_t text_heads[][2] = { { 512, 8 }, { 768, 12 }, { 1024, 16 }, { 1280, 20 },
        { 1152, 0 }, { 1408, 0 }, { 1664, 0 } };
    for (int i = 0; i < TEST_COUNT(text_heads); i++)
        CHECK(config_heads(text_heads[i][0], true) == text_heads[i][1], "text, width %d",
              (int)text_heads[i][0]);
    static const int64_t published[] = { 256, 384, 512, 640, 768, 896, 1024, 1152, 1280, 1408, 1664,
                                         1792 };
    for (int64_t width = 64; width <= 2048; width += 32) {
        bool image = false;
        for (int i = 0; i < TEST_COUNT(published); i++) image |= width == published[i];
        bool texts = image && width <= 1280 && width != 896 && width != 1152;
        CHECK(config_published(width, false) == image && config_published(width, true) == texts,
              "width %d", (int)width);
    }
    Clip c;
    CHECK_STATUS(clip_open(&c, device(), GOLDEN("hf-quick"), &(ClipOptions){ .heads = 4 }),
                 ERR_FORMAT, "has 3 heads, not --heads 4");
    const char *bare = GOLDEN("oc-quick/open_clip_model.safetensors");
    char path[] = "/tmp/proreg-clip-XXXXXX";
    CHECK(close(mkstemp(path)) == 0, "no file");
    CHECK_OK(file_copy(bare, path));
    CHECK_STATUS(clip_open(&c, device(), path, &(ClipOptions){ .activation = "gelu" }), ERR_FORMAT,
                 "the heads of a tower of width 32 are not known: give --heads");
    CHECK_STATUS(clip_open(&c, device(), path, &(ClipOptions){ .activation = "gelu", .heads = 2 }),
                 ERR_FORMAT, "of width 24 are not known: give --text-heads");
    CHECK_OK(clip_read(&c, device(), path, &(ClipOptions){ .sizes = true }));
    clip_free(&c);
    remove(path);
    refused(EXPECT("hf-quick"), NULL, ERR_FORMAT, "as in every CLIP that is read");
    refused("test/golden/twin.json", NULL, ERR_FORMAT, "twin.json");
}

// A copy of a good model with one file replaced.
static void broken(const char *file, const char *text, Status status, const char *word)
{
    static const char *const files[] = { "config.json", "model.safetensors",
                                         "preprocessor_config.json" };
    char folder[] = "/tmp/proreg-clip-XXXXXX", from[FILE_PATH], to[FILE_PATH];
    CHECK(mkdtemp(folder), "no folder");
    for (int i = 0; i < 3; i++) {
        snprintf(from, sizeof from, GOLDEN("hf-quick/%s"), files[i]);
        snprintf(to, sizeof to, "%s/%s", folder, files[i]);
        if (strcmp(files[i], file) == 0) CHECK_OK(file_save(to, text, strlen(text)));
        else CHECK_OK(file_copy(from, to));
    }
    refused(folder, NULL, status, word);
    folder_discard(folder);
}

static void case_broken(void)
{
    broken("config.json", "{", ERR_FORMAT, "config.json");
    broken("config.json", "{\"model_type\": \"siglip\"}", ERR_UNSUPPORTED, "siglip");
    broken("config.json", "{\"vision_config\": {\"hidden_size\": -3}}", ERR_FORMAT, "hidden_size");
    broken("config.json", "{\"vision_config\": {\"hidden_size\": 9223372036854775808}}", ERR_FORMAT,
           "hidden_size");
    broken("config.json", "{\"vision_config\": {\"hidden_act\": \"relu\"}}", ERR_UNSUPPORTED,
           "relu");
    broken("config.json", "{\"vision_config\": {\"num_attention_heads\": 7}}", ERR_SHAPE,
           "7 heads");
    broken("config.json", "{}", ERR_SHAPE, "class_embedding is (24), not (768)");
    broken("config.json", "{\"projection_dim\": 20, \"vision_config\": {\"hidden_size\": 24, "
           "\"num_attention_heads\": 3, \"num_hidden_layers\": 2, \"image_size\": 30, "
           "\"patch_size\": 5}}", ERR_SHAPE, "is (17,24), not (37,24)");
    broken("config.json", "{\"projection_dim\": 20, \"vision_config\": {\"hidden_size\": 24, "
           "\"num_attention_heads\": 3, \"num_hidden_layers\": 3, \"image_size\": 20, "
           "\"patch_size\": 5}}", ERR_FORMAT, "no tensor vision_model.encoder.layers.2.");
    broken("config.json", "{\"projection_dim\": 20, \"vision_config\": {\"hidden_size\": 24, "
           "\"num_attention_heads\": 3, \"num_hidden_layers\": 2, \"image_size\": 20, "
           "\"patch_size\": 5}, \"text_config\": {\"hidden_size\": 16, \"num_attention_heads\": 2, "
           "\"num_hidden_layers\": 1, \"max_position_embeddings\": 16, \"vocab_size\": 600}}",
           ERR_FORMAT, "text_model.encoder.layers.1.");
    broken("config.json", "{\"vision_config\": {\"num_attention_heads\": null}}", ERR_FORMAT,
           "num_attention_heads: null");
    broken("preprocessor_config.json", "{\"image_std\": [1, 0, 1]}", ERR_FORMAT, "image_std");
    broken("model.safetensors", "not weights", ERR_FORMAT, "model.safetensors");
}

// Numbers of a quantized file are no weights.
static void case_whole_numbers(void)
{
    char folder[] = "/tmp/proreg-clip-XXXXXX", path[FILE_PATH];
    FileMap map;
    CHECK(mkdtemp(folder), "no folder");
    snprintf(path, sizeof path, "%s/config.json", folder);
    CHECK_OK(file_copy(GOLDEN("hf-quick/config.json"), path));
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    if (!CHECK_OK(file_map(&map, GOLDEN("hf-quick/model.safetensors")))) return;
    char *bytes = malloc(map.size);
    if (!bytes) exit(2);
    memcpy(bytes, map.data, map.size);
    char *type = strstr(bytes + 8, "\"F32\"");
    if (CHECK(type, "no F32")) type[1] = 'I';
    CHECK_OK(file_save(path, bytes, map.size));
    refused(folder, NULL, ERR_UNSUPPORTED, "holds I32: weights are F32");
    free(bytes);
    file_unmap(&map);
    folder_discard(folder);
}

static void case_names(void)
{
    Spelt s = names_spelt("visual.transformer.resblocks.11.attn.in_proj_weight", SPELL_HF);
    CHECK(s.parts == 3, "%d parts", s.parts);
    CHECK(!strcmp(s.name[1], "vision_model.encoder.layers.11.self_attn.k_proj.weight"), "%s",
          s.name[1]);
    s = names_spelt("text_projection", SPELL_TEXT_PREFIX);
    CHECK(s.transposed && !strcmp(s.name[0], "text.text_projection"), "%s", s.name[0]);
    static const char *const text[] = { "transformer.resblocks.0.ln_1.weight", "ln_final.bias",
        "token_embedding.weight", "positional_embedding", "text_projection" };
    static const char *const other[] = { "visual.positional_embedding", "visual.proj",
        "visual.transformer.resblocks.0.ln_1.weight", "logit_scale", "cls_head.0.weight" };
    for (int i = 0; i < 5; i++)
        CHECK(clip_is_text(text[i]) && !clip_is_text(other[i]), "%s, %s", text[i], other[i]);
    s = names_spelt("visual.proj", SPELL_HF);
    CHECK(!s.transposed && !strcmp(s.name[0], "visual_projection.weight"), "%s", s.name[0]);
}

static const TestCase cases[] = {
    { "hf", case_hf }, { "hf_file", case_hf_file }, { "hf_sharded", case_hf_sharded },
    { "open_clip", case_open_clip }, { "open_clip_gelu", case_open_clip_gelu },
    { "checkpoint", case_checkpoint }, { "openai", case_openai }, { "script", case_script },
    { "alone", case_alone },
    { "one_tower", case_one_tower }, { "save", case_save },
    { "save_open_clip", case_save_open_clip }, { "mlp_ratio", case_mlp_ratio },
    { "random", case_random },
    { "prefixes", case_prefixes }, { "folders", case_folders },
    { "open_clip_keys", case_open_clip_keys },
    { "refused", case_refused }, { "broken", case_broken },
    { "whole_numbers", case_whole_numbers }, { "names", case_names },
};

int main(void)
{
    return test_main("clip", cases, TEST_COUNT(cases));
}

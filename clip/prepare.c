// prepare.c - reads and writes what is done to a picture: open_clip's preprocess_cfg, transformers'
// preprocessor_config.json and processor_config.json.
#include "clip/prepare.h"

#include <string.h>

enum { PIXELS = 4096 };

// ---- values -------------------------------------------------------------------------------------

// Three numbers, or one for all.
static Status opt_three(float out[3], const Json *from, const char *key, double low)
{
    const Json *list = json_get(from, key);
    if (!list || list->type == JSON_NULL) return OK;
    bool one = list->type == JSON_NUMBER;
    if (!one && (list->type != JSON_ARRAY || list->count != 3))
        return json_error(ERR_FORMAT, list, "is not a list of three numbers");
    for (int i = 0; i < 3; i++) {
        double x;
        TRY(json_number(&x, one ? list : json_at(list, i)));
        if (!(x >= low && x <= 1e3)) return json_error(ERR_FORMAT, list, "%g cannot be", x);
        out[i] = (float)x;
    }
    return OK;
}

static Status opt_name(int *out, const Json *from, const char *key, const char *(*name)(int i))
{
    const char *text = name(*out);
    TRY(json_opt_string(&text, from, key));
    int i = pixels_named(name, text);
    if (i < 0)
        return json_error(ERR_UNSUPPORTED, json_get(from, key), "%s: not implemented", text);
    *out = i;
    return OK;
}

static bool is_set(const Json *v)
{
    return v && v->type != JSON_NULL;
}

static bool in_list(const char *key, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(key, *list) == 0) return true;
    return false;
}

// A key that is not known must be off.
static Status only_known(const Json *from, const char *const *known)
{
    for (int64_t i = 0; i < from->count; i++) {
        const Json *v = json_at(from, i);
        bool off = v->type == JSON_NULL || (v->type == JSON_BOOL && !v->truth);
        if (!off && !in_list(v->key, known))
            return json_error(ERR_UNSUPPORTED, v, "what this does to a picture is not known here");
    }
    return OK;
}

// ---- open_clip: src/open_clip/transform.py ------------------------------------------------------

// Only `random`, which is for training, has another meaning than its name: bicubic.
static Status opt_interpolation(Transform *t, const Json *cfg)
{
    const char *text = "";
    int filter = (int)t->filter;
    TRY(json_opt_string(&text, cfg, "interpolation"));
    if (strcmp(text, "random") != 0) TRY(opt_name(&filter, cfg, "interpolation", filter_name));
    t->filter = (Filter)filter;
    return OK;
}

static Status opt_mode(Transform *t, const Json *cfg)
{
    const char *colours = "RGB";
    int mode = (int)t->mode;
    TRY(opt_name(&mode, cfg, "resize_mode", resize_mode_name));
    if (mode == RESIZE_NONE)
        return json_error(ERR_UNSUPPORTED, json_get(cfg, "resize_mode"), "none: not open_clip's");
    t->mode = (ResizeMode)mode;
    TRY(json_opt_string(&colours, cfg, "mode"));
    if (strcmp(colours, "RGB") == 0) return OK;
    return json_error(ERR_UNSUPPORTED, json_get(cfg, "mode"), "%s: only RGB is known", colours);
}

// An int, or a list of one or two; both must be n.
static Status size_is(const Json *v, int64_t n)
{
    bool list = v->type == JSON_ARRAY;
    int64_t sides = list ? v->count : 1;
    if (sides < 1 || sides > 2) return json_error(ERR_FORMAT, v, "is not one or two numbers");
    for (int64_t i = 0; i < sides; i++) {
        int64_t x;
        TRY(json_int(&x, list ? json_at(v, i) : v, 1, PIXELS));
        if (x != n)
            return json_error(ERR_UNSUPPORTED, v, "%lld: the model takes %lld x %lld pixels",
                              (long long)x, (long long)n, (long long)n);
    }
    return OK;
}

static Status read_open_clip(Transform *t, bool *said, const Json *cfg)
{
    // `pillow` is this program's own: what open_clip has no word for.
    static const char *const known[] = { "size", "mode", "mean", "std", "interpolation",
                                         "resize_mode", "fill_color", "pillow", NULL };
    int64_t fill = 0, pillow = 12;
    if (!is_set(cfg)) return OK;
    TRY(json_expect(cfg, JSON_OBJECT));
    *said = cfg->count > 0;
    TRY(only_known(cfg, known));
    if (is_set(json_get(cfg, "size"))) TRY(size_is(json_get(cfg, "size"), t->size));
    TRY(opt_mode(t, cfg));
    TRY(opt_interpolation(t, cfg));
    TRY(json_opt_int(&fill, cfg, "fill_color", 0, 255));
    TRY(json_opt_int(&pillow, cfg, "pillow", 12, 13));
    if (pillow == 13) t->pillow13 = true;
    t->fill = t->mode == RESIZE_LONGEST ? (int)fill : 0;   // open_clip pads with it there alone
    TRY(opt_three(t->mean, cfg, "mean", -1e3));
    return opt_three(t->std, cfg, "std", 1e-6);
}

Status prepare_open_clip(Transform *t, bool *said, const char *folder)
{
    Arena arena = { 0 };
    char path[FILE_PATH];
    const Json *root;
    *said = false;
    TRY(path_join(path, folder, "open_clip_config.json"));
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = read_open_clip(t, said, json_get(root, "preprocess_cfg"));
    arena_free(&arena);
    return status;
}

// ---- transformers: image_processing_clip.py, image_processing_backends.py -----------------------

// The numbers of a `size`: {"height", "width"}, {"shortest_edge"}, [height, width], a number.
typedef struct { int64_t height, width, shortest, longest; } HfSize;

static Status size_object(HfSize *s, const Json *v)
{
    static const char *const known[] = { "height", "width", "shortest_edge", "longest_edge", NULL };
    TRY(only_known(v, known));
    TRY(json_opt_int(&s->height, v, "height", 1, PIXELS));
    TRY(json_opt_int(&s->width, v, "width", 1, PIXELS));
    TRY(json_opt_int(&s->shortest, v, "shortest_edge", 1, PIXELS));
    TRY(json_opt_int(&s->longest, v, "longest_edge", 1, PIXELS));
    int edges = !!s->shortest + !!s->longest, sides = !!s->height + !!s->width;
    if (edges + sides / 2 == 1 && sides % 2 == 0) return OK;
    return json_error(ERR_UNSUPPORTED, v, "neither height and width nor shortest_edge alone");
}

static Status hf_size(HfSize *s, const Json *v, bool square)
{
    int64_t n, m;
    *s = (HfSize){ 0 };
    if (v->type == JSON_OBJECT) return size_object(s, v);
    bool list = v->type == JSON_ARRAY;
    if (list && (v->count < 1 || v->count > 2))
        return json_error(ERR_FORMAT, v, "is not one or two numbers");
    TRY(json_int(&n, list ? json_at(v, 0) : v, 1, PIXELS));
    m = n;
    if (list && v->count == 2) TRY(json_int(&m, json_at(v, 1), 1, PIXELS));
    *s = list || square ? (HfSize){ .height = n, .width = m } : (HfSize){ .shortest = n };
    return OK;
}

static Status hf_resize(Transform *t, const Json *p)
{
    const Json *v = json_get(p, "size"), *longest = json_get(p, "resize_mode");
    HfSize s = { .shortest = 224 };            // CLIPImageProcessor's
    bool square = false, on = true;
    TRY(json_opt_bool(&on, p, "do_resize"));
    TRY(json_opt_bool(&square, p, "default_to_square"));
    if (is_set(v)) TRY(hf_size(&s, v, square));
    if (s.height != s.width)
        return json_error(ERR_UNSUPPORTED, v, "%lld x %lld: only squares are implemented",
                          (long long)s.height, (long long)s.width);
    // prepare_put_hf writes both keys; alone, longest_edge means nothing to transformers' CLIP.
    if (!s.longest != !is_set(longest))
        return json_error(ERR_UNSUPPORTED, is_set(longest) ? longest : v,
                          "size.longest_edge and resize_mode go together");
    t->mode = s.shortest ? RESIZE_SHORTEST : s.longest ? RESIZE_LONGEST : RESIZE_SQUASH;
    t->resize = (int)(s.shortest + s.longest + s.height);
    if (!on) t->mode = RESIZE_NONE, t->resize = t->size;
    return OK;
}

static Status hf_crop(const Transform *t, const Json *p)
{
    const Json *v = json_get(p, "crop_size"), *crop = json_get(p, "do_center_crop");
    HfSize s = { .height = 224, .width = 224 };
    bool on = true;
    TRY(json_opt_bool(&on, p, "do_center_crop"));
    if (!on && (t->mode != RESIZE_SQUASH || t->resize != t->size))
        return json_error(ERR_UNSUPPORTED, crop, "false: pictures would not become %d x %d",
                          t->size, t->size);
    if (is_set(v)) TRY(hf_size(&s, v, true));
    if (!on || (s.height == t->size && s.width == t->size)) return OK;
    return json_error(ERR_UNSUPPORTED, is_set(v) ? v : p, "%s%lld x %lld: the model takes "
                      "%d x %d pixels", is_set(v) ? "" : "crop_size: ", (long long)s.height,
                      (long long)s.width, t->size, t->size);
}

// Pillow's numbers; Hugging Face's files hold them as they are.
static Status hf_resample(Transform *t, const Json *p)
{
    static const int filters[] = { FILTER_NEAREST, -1, FILTER_BILINEAR, FILTER_BICUBIC, -1, -1 };
    int64_t n = 3;
    TRY(json_opt_int(&n, p, "resample", 0, 5));
    if (filters[n] < 0)
        return json_error(ERR_UNSUPPORTED, json_get(p, "resample"), "%lld: not implemented: only 0 "
                          "(nearest), 2 (bilinear), 3 (bicubic)", (long long)n);
    t->filter = (Filter)filters[n];
    return OK;
}

static Status hf_scale(Transform *t, const Json *p)
{
    bool on = true;
    TRY(json_opt_bool(&on, p, "do_rescale"));
    TRY(json_opt_number(&t->scale, p, "rescale_factor"));
    if (!on) t->scale = 1;
    if (t->scale >= 1e-6 && t->scale <= 1e3) return OK;
    return json_error(ERR_FORMAT, json_get(p, "rescale_factor"), "%g cannot be", t->scale);
}

static Status hf_numbers(Transform *t, const Json *p)
{
    bool normalize = true;
    TRY(json_opt_bool(&normalize, p, "do_normalize"));
    TRY(hf_scale(t, p));
    TRY(opt_three(t->mean, p, "image_mean", -1e3));
    TRY(opt_three(t->std, p, "image_std", 1e-6));
    for (int c = 0; c < 3 && !normalize; c++) t->mean[c] = 0, t->std[c] = 1;
    return OK;
}

// Two keys are this program's own: they say what transformers has no word for.
static Status hf_own(Transform *t, const Json *p)
{
    int64_t pillow = 12, fill = 0;
    int mode = RESIZE_LONGEST;
    TRY(opt_name(&mode, p, "resize_mode", resize_mode_name));
    if (mode != RESIZE_LONGEST)
        return json_error(ERR_UNSUPPORTED, json_get(p, "resize_mode"), "only longest is known");
    TRY(json_opt_int(&pillow, p, "pillow", 12, 13));
    TRY(json_opt_int(&fill, p, "fill_color", 0, 255));
    t->pillow13 = pillow == 13;
    t->fill = (int)fill;
    return OK;
}

static Status hf_type(const Json *p)
{
    static const char *const types[] = { "CLIPImageProcessor", "CLIPImageProcessorFast",
                                         "CLIPImageProcessorPil", "CLIPFeatureExtractor", NULL };
    const char *type = types[0];
    TRY(json_opt_string(&type, p, "feature_extractor_type"));
    TRY(json_opt_string(&type, p, "image_processor_type"));
    if (in_list(type, types)) return OK;
    const Json *v = json_get(p, "image_processor_type");
    return json_error(ERR_UNSUPPORTED, is_set(v) ? v : json_get(p, "feature_extractor_type"),
                      "%s: only CLIPImageProcessor is implemented", type);
}

static Status read_hf(Transform *t, const Json *p)
{
    static const char *const known[] = {
        "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale",
        "rescale_factor", "do_normalize", "image_mean", "image_std", "default_to_square",
        "resize_mode", "pillow", "fill_color", "image_processor_type", "feature_extractor_type",
        // These change nothing: pictures are RGB here, and no tensor of PyTorch's is made.
        "do_convert_rgb", "processor_class", "return_tensors", "data_format", "input_data_format",
        "device", "disable_grouping", "image_seq_length", "_valid_processor_keys", "pad_size", NULL
    };
    TRY(json_expect(p, JSON_OBJECT));
    TRY(only_known(p, known));
    TRY(hf_type(p));
    TRY(hf_resample(t, p));
    TRY(hf_numbers(t, p));
    TRY(hf_own(t, p));
    TRY(hf_resize(t, p));
    return hf_crop(t, p);
}

static Status load_hf(Transform *t, bool *said, Arena *arena, const char *folder, const char *name)
{
    char path[FILE_PATH];
    const Json *root, *part;
    bool there;
    TRY(file_beside(&there, path, folder, name));
    if (!there) return OK;
    TRY(json_load(&root, arena, path));
    TRY(json_expect(root, JSON_OBJECT));
    part = strcmp(name, "processor_config.json") == 0 ? json_get(root, "image_processor") : root;
    if (!is_set(part)) return OK;              // of transformers 4, which wrote two files
    *said = true;
    return read_hf(t, part);
}

static bool same_transform(const Transform *a, const Transform *b)
{
    return a->resize == b->resize && a->mode == b->mode && a->filter == b->filter &&
           a->pillow13 == b->pillow13 && a->fill == b->fill && a->scale == b->scale &&
           memcmp(a->mean, b->mean, sizeof a->mean) == 0 &&
           memcmp(a->std, b->std, sizeof a->std) == 0;
}

static Status both_hf(Transform *t, bool *said, Arena *arena, const char *folder)
{
    Transform newer = *t, older = *t;
    bool five = false, four = false;
    TRY(load_hf(&newer, &five, arena, folder, "processor_config.json"));
    TRY(load_hf(&older, &four, arena, folder, "preprocessor_config.json"));
    if (five && four && !same_transform(&newer, &older))
        return err_set(ERR_FORMAT, "model: %s: processor_config.json and preprocessor_config.json "
                       "say different things: transformers 5 reads the one, 4 the other", folder);
    *t = five ? newer : older;
    *said = five || four;
    return OK;
}

Status prepare_hf(Transform *t, bool *said, const char *folder)
{
    Arena arena = { 0 };
    Status status = both_hf(t, said, &arena, folder);
    arena_free(&arena);
    return status;
}

// ---- writing ------------------------------------------------------------------------------------

static void put_three(JsonOut *o, const char *key, const float x[3])
{
    json_put_array(o, key);
    for (int i = 0; i < 3; i++) json_out_float(o, x[i]);
    json_out_end(o);
}

static void put_square(JsonOut *o, const char *key, int n)
{
    json_put_object(o, key);
    json_put_int(o, "height", n);
    json_put_int(o, "width", n);
    json_out_end(o);
}

static void put_size(JsonOut *o, const Transform *t)
{
    if (t->mode == RESIZE_SQUASH) {
        put_square(o, "size", t->resize);
        return;
    }
    json_put_object(o, "size");
    json_put_int(o, t->mode == RESIZE_LONGEST ? "longest_edge" : "shortest_edge", t->resize);
    json_out_end(o);
}

void prepare_put_hf(JsonOut *o, const Transform *t)
{
    static const int resample[] = { [FILTER_NEAREST] = 0, [FILTER_BILINEAR] = 2,
                                    [FILTER_BICUBIC] = 3 };
    static const char *const on[] = { "do_center_crop", "do_rescale", "do_normalize",
                                      "do_convert_rgb" };
    json_out_object(o);
    json_put_string(o, "image_processor_type", "CLIPImageProcessor");
    json_put_string(o, "feature_extractor_type", "CLIPFeatureExtractor");
    json_put_bool(o, "do_resize", t->mode != RESIZE_NONE);
    for (int i = 0; i < 4; i++) json_put_bool(o, on[i], true);
    json_put_int(o, "resample", resample[t->filter]);
    json_put_double(o, "rescale_factor", t->scale);
    put_three(o, "image_mean", t->mean);
    put_three(o, "image_std", t->std);
    put_size(o, t);
    put_square(o, "crop_size", t->size);
    if (t->mode == RESIZE_LONGEST) json_put_string(o, "resize_mode", "longest");
    if (t->fill) json_put_int(o, "fill_color", t->fill);
    if (t->pillow13) json_put_int(o, "pillow", 13);
    json_out_end(o);
}

// Pillow 13's order is this program's own key: open_clip does as the Pillow that it runs with.
Status prepare_put_open_clip(JsonOut *o, const Transform *t)
{
    if (t->mode == RESIZE_NONE)
        return err_set(ERR_UNSUPPORTED, "open_clip: preprocess_cfg.resize_mode: none: open_clip "
                       "always resizes");
    if (t->filter == FILTER_NEAREST)
        return err_set(ERR_UNSUPPORTED, "open_clip: preprocess_cfg.interpolation: nearest: "
                       "open_clip has bicubic and bilinear");
    if (t->resize != t->size)
        return err_set(ERR_UNSUPPORTED, "open_clip: preprocess_cfg.size: resized to %d, then cut "
                       "to %d: open_clip has one number for both", t->resize, t->size);
    if (t->scale != 1.0 / 255)
        return err_set(ERR_UNSUPPORTED, "open_clip: rescale_factor: %.17g: open_clip divides by "
                       "255", t->scale);
    json_out_object(o);
    json_put_int(o, "size", t->size);
    json_put_string(o, "mode", "RGB");
    put_three(o, "mean", t->mean);
    put_three(o, "std", t->std);
    json_put_string(o, "interpolation", filter_name((int)t->filter));
    json_put_string(o, "resize_mode", resize_mode_name((int)t->mode));
    json_put_int(o, "fill_color", t->fill);
    if (t->pillow13) json_put_int(o, "pillow", 13);
    json_out_end(o);
    return OK;
}

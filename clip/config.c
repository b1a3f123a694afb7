// config.c - config.json, open_clip_config.json, or shapes alone: three ways to a configuration.
#include "clip/config.h"

#include <stdio.h>
#include <string.h>

#include "clip/names.h"
#include "tensor/base/json.h"

enum { WIDEST = 1 << 16, LAYERS = 512, PATCH = 1024, PIXELS = 1 << 14, VOCAB = 1 << 24 };

ClipConfig config_default(void)
{
    return (ClipConfig){
        .image_size = 224, .patch = 32, .embed = 512, .context = 77, .vocab = 49408,
        .vision = { 768, 12, 12, 3072 }, .text = { 512, 12, 8, 2048 },
        .act = ACT_QUICK_GELU, .eps = 1e-5, .eos = -1,
        .pixels = transform_clip(224),
    };
}

Status config_check(const ClipConfig *c, const char *path)
{
    if (c->patch > c->image_size)
        return err_set(ERR_SHAPE, "clip: %s: patches of %lld pixels in pictures of %lld", path,
                       (long long)c->patch, (long long)c->image_size);
    const TowerSize *towers[] = { &c->vision, &c->text };
    for (int i = 0; i < 2; i++)
        if (towers[i]->heads < 1 || towers[i]->width % towers[i]->heads)
            return err_set(ERR_SHAPE, "clip: %s: %lld heads do not divide the width %lld", path,
                           (long long)towers[i]->heads, (long long)towers[i]->width);
    return OK;
}

// ---- Hugging Face: transformers, configuration_clip.py ------------------------------------------

static Status activation_hf(Act *act, const Json *from)
{
    const char *name = "quick_gelu";
    TRY(json_opt_string(&name, from, "hidden_act"));
    if (strcmp(name, "quick_gelu") == 0) *act = ACT_QUICK_GELU;
    else if (strcmp(name, "gelu") == 0) *act = ACT_GELU;
    else return json_error(ERR_UNSUPPORTED, json_get(from, "hidden_act"),
                           "%s: neither quick_gelu nor gelu", name);
    return OK;
}

// transformers refuses a null here; the default would be a guess.
static Status no_null(const Json *from, const char *const *keys)
{
    for (; *keys; keys++) {
        const Json *v = json_get(from, *keys);
        if (v && v->type == JSON_NULL) return json_error(ERR_FORMAT, v, "null is no number");
    }
    return OK;
}

static Status tower_hf(TowerSize *s, Act *act, double *eps, const Json *from)
{
    static const char *const numbers[] = { "hidden_size", "num_hidden_layers", "layer_norm_eps",
        "num_attention_heads", "image_size", "patch_size", "vocab_size", "eos_token_id",
        "max_position_embeddings", NULL };
    TRY(no_null(from, numbers));
    TRY(json_opt_int(&s->width, from, "hidden_size", 1, WIDEST));
    TRY(json_opt_int(&s->layers, from, "num_hidden_layers", 1, LAYERS));
    TRY(json_opt_int(&s->heads, from, "num_attention_heads", 1, WIDEST));
    TRY(json_opt_number(eps, from, "layer_norm_eps"));
    if (*eps < 0 || *eps > 1)
        return json_error(ERR_FORMAT, json_get(from, "layer_norm_eps"), "%g cannot be", *eps);
    return activation_hf(act, from);
}

// Old configurations hold a tower's options twice; in transformers X_dict wins.
static const Json *half_of(const Json *root, const char *name, const char *older)
{
    const Json *old = json_get(root, older);
    return old && old->type == JSON_OBJECT ? old : json_get(root, name);
}

static Status towers_hf(ClipConfig *c, const Json *root)
{
    const Json *vision = half_of(root, "vision_config", "vision_config_dict");
    const Json *text = half_of(root, "text_config", "text_config_dict");
    Act act;
    double eps = c->eps;
    c->eos = 49407;
    TRY(json_opt_int(&c->embed, root, "projection_dim", 1, WIDEST));
    TRY(tower_hf(&c->vision, &c->act, &c->eps, vision));
    TRY(json_opt_int(&c->image_size, vision, "image_size", 1, PIXELS));
    TRY(json_opt_int(&c->patch, vision, "patch_size", 1, PATCH));
    TRY(tower_hf(&c->text, &act, &eps, text));
    TRY(json_opt_int(&c->vocab, text, "vocab_size", 1, VOCAB));
    TRY(json_opt_int(&c->context, text, "max_position_embeddings", 1, WIDEST));
    TRY(json_opt_int(&c->eos, text, "eos_token_id", 0, VOCAB));
    if (c->eos == 2) c->eos = -1;              // what the first exports wrote, whatever the id was
    if (act != c->act || eps != c->eps)
        return json_error(ERR_UNSUPPORTED, root,
                          "the towers differ in activation or layer_norm_eps");
    return OK;
}

static Status hf_from(ClipConfig *c, Arena *arena, const char *folder)
{
    char path[FILE_PATH];
    const Json *root;
    const char *type = "clip";
    TRY(path_join(path, folder, "config.json"));
    TRY(json_load(&root, arena, path));
    TRY(json_expect(root, JSON_OBJECT));
    TRY(json_opt_string(&type, root, "model_type"));
    if (strcmp(type, "clip") != 0)
        return json_error(ERR_UNSUPPORTED, json_get(root, "model_type"), "%s: only clip is known",
                          type);
    return towers_hf(c, root);
}

Status config_hf(ClipConfig *c, const char *folder)
{
    Arena arena = { 0 };
    *c = config_default();
    Status status = hf_from(c, &arena, folder);
    arena_free(&arena);
    return status;
}

// ---- open_clip: src/open_clip/model.py, CLIPVisionCfg and CLIPTextCfg ---------------------------

// A key with the value that stands for what this engine computes; NULL: with any value.
typedef struct { const char *key, *value; } OpenClipKey;

static bool is_value(const Json *v, const char *value)
{
    return !value || (v->type == JSON_STRING && strcmp(v->string, value) == 0);
}

// Any other key must be null, false, 0 or empty: the feature is off.
static Status refuse_unknown(const Json *from, const OpenClipKey *known)
{
    for (int64_t i = 0; i < from->count; i++) {
        const Json *v = json_at(from, i);
        bool off = v->type == JSON_NULL || (v->type == JSON_BOOL && !v->truth)
                   || (v->type == JSON_NUMBER && v->number == 0)
                   || ((v->type == JSON_OBJECT || v->type == JSON_STRING) && v->count == 0);
        const OpenClipKey *k = known;
        while (k->key && strcmp(k->key, v->key) != 0) k++;
        if (!off && !(k->key && is_value(v, k->value)))
            return json_error(ERR_UNSUPPORTED, v, "this feature of open_clip is not built here");
    }
    return OK;
}

// Arguments of the towers' layer norms and activations.
static Status layer_kwargs(double *eps, const Json *tower)
{
    static const OpenClipKey norm[] = { { "eps", NULL }, { NULL, NULL } },
                             act[] = { { "approximate", "none" }, { NULL, NULL } };
    const Json *norms = json_get(tower, "norm_kwargs"), *acts = json_get(tower, "act_kwargs");
    if (acts && acts->type == JSON_OBJECT) TRY(refuse_unknown(acts, act));
    if (!norms || norms->type != JSON_OBJECT) return OK;
    TRY(refuse_unknown(norms, norm));
    TRY(json_opt_number(eps, norms, "eps"));
    if (*eps >= 0 && *eps <= 1) return OK;
    return json_error(ERR_FORMAT, json_get(norms, "eps"), "%g cannot be", *eps);
}

static Status vision_open_clip(ClipConfig *c, const Json *v)
{
    // What belongs to towers of timm and to the attentional pool says nothing without these.
    static const OpenClipKey known[] = {
        { "image_size", NULL }, { "layers", NULL }, { "width", NULL }, { "patch_size", NULL },
        { "head_width", NULL }, { "mlp_ratio", NULL }, { "pos_embed_type", "learnable" },
        { "pool_type", "tok" }, { "block_type", "default" }, { "output_tokens", NULL },
        { "norm_kwargs", NULL }, { "act_kwargs", NULL }, { "attn_pooler_queries", NULL },
        { "attn_pooler_heads", NULL }, { "timm_pool", NULL }, { "timm_proj", NULL },
        { "timm_model_pretrained", NULL }, { "timm_proj_bias", NULL }, { "timm_drop", NULL },
        { "timm_drop_path", NULL }, { NULL, NULL } };
    const Json *layers = json_get(v, "layers");
    int64_t head_width = 64;
    c->patch = 16;
    if (layers && layers->type == JSON_ARRAY)
        return json_error(ERR_UNSUPPORTED, layers, "a ResNet: only vision transformers are built");
    TRY(refuse_unknown(v, known));
    TRY(layer_kwargs(&c->eps, v));
    TRY(json_opt_int(&c->image_size, v, "image_size", 1, PIXELS));
    TRY(json_opt_int(&c->vision.layers, v, "layers", 1, LAYERS));
    TRY(json_opt_int(&c->vision.width, v, "width", 1, WIDEST));
    TRY(json_opt_int(&c->patch, v, "patch_size", 1, PATCH));
    TRY(json_opt_int(&head_width, v, "head_width", 1, WIDEST));
    if (c->vision.width % head_width)
        return json_error(ERR_SHAPE, v, "heads of width %lld do not fill %lld",
                          (long long)head_width, (long long)c->vision.width);
    c->vision.heads = c->vision.width / head_width;
    return OK;
}

static Status text_pool(ClipConfig *c, const Json *v)
{
    const char *pool = "argmax";
    int64_t eos = 2;
    TRY(json_opt_string(&pool, v, "pool_type"));
    if (strcmp(pool, "argmax") == 0) return OK;
    if (strcmp(pool, "eos") != 0)
        return json_error(ERR_UNSUPPORTED, json_get(v, "pool_type"), "%s: only argmax and eos are "
                          "built here", pool);
    TRY(json_opt_int(&eos, v, "eos_id", 0, VOCAB));
    c->eos = eos;
    return OK;
}

static Status text_open_clip(ClipConfig *c, const Json *v)
{
    // pad_id is for other pools; what begins with hf_ for towers of transformers, but for the
    // tokenizer: of this folder.
    static const OpenClipKey known[] = {
        { "context_length", NULL }, { "vocab_size", NULL }, { "width", NULL }, { "heads", NULL },
        { "layers", NULL }, { "mlp_ratio", NULL }, { "pool_type", NULL },
        { "proj_type", "linear" }, { "block_type", "default" }, { "output_tokens", NULL },
        { "norm_kwargs", NULL }, { "act_kwargs", NULL }, { "eos_id", NULL }, { "pad_id", NULL },
        { "hf_tokenizer_name", "." },
        { "hf_model_pretrained", NULL }, { "hf_proj_type", NULL }, { "hf_pooler_type", NULL },
        { NULL, NULL } };
    double eps = 1e-5;
    TRY(refuse_unknown(v, known));
    TRY(layer_kwargs(&eps, v));
    if (eps != c->eps)
        return json_error(ERR_UNSUPPORTED, v, "the towers differ in norm_kwargs.eps: %g and %g",
                          eps, c->eps);
    TRY(text_pool(c, v));
    TRY(json_opt_int(&c->context, v, "context_length", 1, WIDEST));
    TRY(json_opt_int(&c->vocab, v, "vocab_size", 1, VOCAB));
    TRY(json_opt_int(&c->text.width, v, "width", 1, WIDEST));
    TRY(json_opt_int(&c->text.heads, v, "heads", 1, WIDEST));
    return json_opt_int(&c->text.layers, v, "layers", 1, LAYERS);
}

static Status open_clip_from(ClipConfig *c, Arena *arena, const char *folder)
{
    // A scale of one dimension is read as a number; the others say how a model is made or called.
    static const OpenClipKey known[] = {
        { "embed_dim", NULL }, { "vision_cfg", NULL }, { "text_cfg", NULL }, { "quick_gelu", NULL },
        { "init_logit_scale", NULL }, { "custom_text", NULL }, { "nonscalar_logit_scale", NULL },
        { "output_dict", NULL }, { NULL, NULL } };
    char path[FILE_PATH];
    const Json *root, *model, *vision, *text;
    bool quick = false;
    TRY(path_join(path, folder, "open_clip_config.json"));
    TRY(json_load(&root, arena, path));
    TRY(json_need(&model, root, "model_cfg", JSON_OBJECT));
    TRY(refuse_unknown(model, known));
    TRY(json_need(&vision, model, "vision_cfg", JSON_OBJECT));
    TRY(json_need(&text, model, "text_cfg", JSON_OBJECT));
    TRY(json_opt_int(&c->embed, model, "embed_dim", 1, WIDEST));
    TRY(json_opt_bool(&quick, model, "quick_gelu"));
    c->act = quick ? ACT_QUICK_GELU : ACT_GELU;
    TRY(vision_open_clip(c, vision));
    return text_open_clip(c, text);
}

Status config_open_clip(ClipConfig *c, const char *folder)
{
    Arena arena = { 0 };
    *c = config_default();
    Status status = open_clip_from(c, &arena, folder);
    arena_free(&arena);
    return status;
}

// ---- shapes -------------------------------------------------------------------------------------

typedef struct { const Weights *w; const char *path; int spelling; } Dict;

static const WeightsTensor *look_up(const Dict *d, const char *name)
{
    return weights_find(d->w, names_spelt(name, d->spelling).name[0]);
}

static Status dim_of(int64_t *out, const Dict *d, const char *name, int ndim, int axis)
{
    const WeightsTensor *x = look_up(d, name);
    if (!x) return err_set(ERR_FORMAT, "clip: %s: no tensor %s", d->path, name);
    if (x->ndim != ndim || x->dim[axis] < 1 || x->dim[axis] > VOCAB)
        return err_set(ERR_SHAPE, "clip: %s: %s has the wrong shape", d->path, name);
    *out = x->dim[axis];
    return OK;
}

static int64_t count_layers(const Dict *d, const char *prefix)
{
    int64_t n = 0;
    char name[PARAM_NAME];
    do snprintf(name, sizeof name, "%s%lld.ln_1.weight", prefix, (long long)n++);
    while (n <= LAYERS && look_up(d, name));
    return n - 1;
}

bool config_published(int64_t width, bool text)
{
    static const int widths[2][12] = {
        { 256, 384, 512, 640, 768, 896, 1024, 1152, 1280, 1408, 1664, 1792 },
        { 256, 384, 512, 640, 768, 1024, 1280 },
    };
    bool found = false;
    for (int i = 0; i < 12; i++) found |= widths[text][i] == width;
    return found;
}

// Heads are 64 wide (CLIP/clip/model.py, build_model), but not in open_clip's largest image towers:
// SO400M, ViT-H, g, bigG, e. Their text towers, of 1024 and 1280, have heads of 64.
int64_t config_heads(int64_t width, bool text)
{
    static const int others[][2] = { { 1152, 72 }, { 1280, 80 }, { 1408, 88 }, { 1664, 104 },
                                     { 1792, 112 } };
    for (size_t i = 0; i < sizeof others / sizeof *others && !text; i++)
        if (width == others[i][0]) return width / others[i][1];
    bool known = width <= 1024 || (text && width == 1280);
    return known && width % 64 == 0 ? width / 64 : 0;
}

static Status tower_state(TowerSize *s, const Dict *d, const char *ln, const char *blocks,
                          bool text)
{
    TRY(dim_of(&s->width, d, ln, 1, 0));
    s->layers = count_layers(d, blocks);
    s->heads = config_heads(s->width, text);
    return s->layers ? OK : err_set(ERR_SHAPE, "clip: %s: no %s0", d->path, blocks);
}

Status config_state(ClipConfig *c, const Weights *w, const char *path, int spelling)
{
    const Dict d = { w, path, spelling };
    int64_t places = 0, side = 0;
    TRY(dim_of(&c->patch, &d, "visual.conv1.weight", 4, 3));
    TRY(dim_of(&places, &d, "visual.positional_embedding", 2, 0));
    while (side * side < places - 1) side++;
    if (side * side != places - 1 || c->patch > PATCH || side * c->patch > PIXELS)
        return err_set(ERR_SHAPE, "clip: %s: %lld positions of a picture are not a square and one",
                       d.path, (long long)places);
    c->image_size = side * c->patch;
    TRY(dim_of(&c->embed, &d, "visual.proj", 2, 1));
    TRY(dim_of(&c->context, &d, "positional_embedding", 2, 0));
    TRY(dim_of(&c->vocab, &d, "token_embedding.weight", 2, 0));
    TRY(tower_state(&c->vision, &d, "visual.ln_pre.weight", "visual.transformer.resblocks.",
                    false));
    return tower_state(&c->text, &d, "ln_final.weight", "transformer.resblocks.", true);
}

Status config_mlp(ClipConfig *c, const Weights *w, const char *path, int spelling)
{
    static const char *const biases[] = { "visual.transformer.resblocks.0.mlp.c_fc.bias",
                                          "transformer.resblocks.0.mlp.c_fc.bias" };
    const Dict d = { w, path, spelling };
    for (int i = 0; i < 2; i++)
        TRY(dim_of(i ? &c->text.mlp : &c->vision.mlp, &d, biases[i], 1, 0));
    return OK;
}

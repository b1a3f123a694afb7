// clip.c - reads a model's sizes, declares its parameters and loads them by name.
#include "clip/clip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clip/config.h"
#include "clip/form.h"
#include "clip/names.h"
#include "clip/prepare.h"
#include "clip/towers.h"

// ---- what it is ---------------------------------------------------------------------------------

// A stated activation must not be overridden: the wrong one would be wrong in silence.
static Status choose_activation(Clip *c, bool said, const char *given)
{
    static const char *const names[] = { [ACT_QUICK_GELU] = "quick_gelu", [ACT_GELU] = "gelu" };
    if (!given)
        return said ? OK : err_set(ERR_FORMAT, "model: %s: bare weights do not say their "
                                   "activation: give --activation quick_gelu (OpenAI's weights and "
                                   "those trained from them) or gelu", c->file);
    Act act = strcmp(given, "quick_gelu") == 0 ? ACT_QUICK_GELU : ACT_GELU;
    if (strcmp(given, names[act]) != 0)
        return err_set(ERR_USAGE, "--activation: %s: neither quick_gelu nor gelu", given);
    if (said && act != c->config.act)
        return err_set(ERR_FORMAT, "model: %s: its activation is %s, not %s", c->file,
                       names[c->config.act], given);
    c->config.act = act;
    return OK;
}

// A traced or scripted model keeps the classes of its modules.
static bool said_by_script(Clip *c)
{
    const char *class = weights_class(c->weights, "visual.transformer.resblocks.0.mlp.gelu");
    bool quick = class && strcmp(class, "QuickGELU") == 0;
    bool plain = class && strcmp(class, "GELU") == 0;
    if (quick || plain) c->config.act = quick ? ACT_QUICK_GELU : ACT_GELU;
    return quick || plain;
}

static Status choose_heads(const Clip *c, TowerSize *s, bool said, int64_t given, const char *flag)
{
    if (said && given && given != s->heads)
        return err_set(ERR_FORMAT, "model: %s: has %lld heads, not %s %lld", c->file,
                       (long long)s->heads, flag, (long long)given);
    if (given) s->heads = given;
    return s->heads ? OK : err_set(ERR_FORMAT, "model: %s: the heads of a tower of width %lld are "
                                   "not known: give %s", c->file, (long long)s->width, flag);
}

// What the file says is kept, what is given is taken, the rest must be known.
static Status choose(Clip *c, Form form, const ClipOptions *o)
{
    bool said = form != FORM_STATE;
    if (o->sizes) {
        if (!c->config.vision.heads) c->config.vision.heads = 1;
        if (!c->config.text.heads) c->config.text.heads = 1;
        return OK;
    }
    c->heads_guessed = !said && ((!o->heads && !config_published(c->config.vision.width, false)) ||
                                 (!o->text_heads && !config_published(c->config.text.width, true)));
    TRY(choose_heads(c, &c->config.vision, said, o->heads, "--heads"));
    TRY(choose_heads(c, &c->config.text, said, o->text_heads, "--text-heads"));
    return choose_activation(c, said || said_by_script(c), o->activation);
}

static Status configure(Clip *c, Form form, const ClipOptions *options)
{
    const Weights *w = c->weights;
    c->config = config_default();
    TRY(form_spelling(c));
    if (form == FORM_HF) TRY(config_hf(&c->config, c->folder));
    else if (form == FORM_OPEN_CLIP) TRY(config_open_clip(&c->config, c->folder));
    else if (c->spelling != SPELL_HF) TRY(config_state(&c->config, w, c->file, c->spelling));
    else return err_set(ERR_FORMAT, "model: %s: needs the config.json that was published with it, "
                        "in the same folder", c->file);
    TRY(config_mlp(&c->config, w, c->file, c->spelling));
    TRY(choose(c, form, options));
    return config_check(&c->config, c->file);
}

static Status read_pixels(Clip *c, Form form, const TransformGiven *given)
{
    ClipConfig *g = &c->config;
    g->pixels = transform_clip((int)g->image_size);
    if (form == FORM_HF) TRY(prepare_hf(&g->pixels, &g->pixels_said, c->folder));
    if (form == FORM_OPEN_CLIP) TRY(prepare_open_clip(&g->pixels, &g->pixels_said, c->folder));
    const char *flag = g->pixels_said ? transform_differs(&g->pixels, given) : NULL;
    if (flag)
        return err_set(ERR_FORMAT, "model: %s: %s: its files say something else about pictures",
                       c->folder, flag);
    transform_give(&g->pixels, given);
    return transform_check(&g->pixels);
}

// ---- parameters ---------------------------------------------------------------------------------

Status clip_declare(Clip *c, const Backend *be)
{
    const ClipConfig *g = &c->config;
    params_init(&c->params, be);
    c->visual.blocks = arena_zero(&c->memory, (size_t)g->vision.layers * sizeof(Block));
    c->text.blocks = arena_zero(&c->memory, (size_t)g->text.layers * sizeof(Block));
    if (!c->visual.blocks || !c->text.blocks) return err_memory("model");
    if (c->towers & CLIP_IMAGE) vit_declare(&c->visual, &c->params, g);
    if (c->towers & CLIP_TEXT) text_declare(&c->text, &c->params, g);
    c->logit_scale = params_declare(&c->params, 1, (int64_t[]){ 1 }, "logit_scale");
    c->last = c->params.last;
    return c->params.status;
}

// The shape of a parameter, or of its part q, k or v, in the file.
static int shape_in_file(int64_t dim[MAX_DIM], const Param *q, const Spelt *s, const ClipConfig *g)
{
    const Tensor *v = &q->value;
    if (strcmp(q->name, "visual.conv1.weight") == 0) {
        memcpy(dim, (int64_t[]){ v->dim[0], 3, g->patch, g->patch }, MAX_DIM * sizeof *dim);
        return 4;
    }
    memcpy(dim, v->dim, sizeof v->dim);
    if (s->transposed) dim[0] = v->dim[1], dim[1] = v->dim[0];
    dim[0] /= s->parts;
    return strcmp(q->name, "logit_scale") == 0 ? 0 : v->ndim;
}

static const char *shape_text(char text[96], int ndim, const int64_t *dim)
{
    Tensor x = { .ndim = ndim > MAX_DIM ? MAX_DIM : ndim };
    memcpy(x.dim, dim, (size_t)x.ndim * sizeof *dim);
    return ndim > MAX_DIM ? "of rank above 4" : tensor_shape(text, &x);
}

static Status no_tensor(const Clip *c, const char *name)
{
    const char *near = weights_nearest(c->weights, name);
    return err_set(ERR_FORMAT, "model: %s: no tensor %s%s%s", c->file, name,
                   near ? "; the nearest is " : "", near ? near : "");
}

// Whole numbers are what a quantized file holds: they are weights only with factors that CLIP's
// tensors do not have.
static Status check_dtype(const Clip *c, const WeightsTensor *x)
{
    if (weights_dtype_is_float(x->dtype)) return OK;
    return err_set(ERR_UNSUPPORTED, "model: %s: %s holds %s: weights are F32, F16, BF16 or F64",
                   c->file, x->name, weights_dtype_name(x->dtype));
}

Status clip_check_scale(float scale, const char *path)
{
    if (!(scale < -87)) return OK;                 // NaN and more than 88 show in the logits
    return err_set(ERR_FORMAT, "model: %s: logit_scale is %g: its exponential, 0, would make all "
                   "classes equal", path, (double)scale);
}

static Status check_scale(const Clip *c, const WeightsTensor *x)
{
    float scale;
    weights_to_f32(&scale, x);
    return clip_check_scale(scale, c->file);
}

static Status find_part(const WeightsTensor **out, const Clip *c, const Param *q, const Spelt *s,
                        int part)
{
    int64_t dim[MAX_DIM];
    char want[96], got[96];
    const WeightsTensor *x = weights_find(c->weights, s->name[part]);
    if (!x) return no_tensor(c, s->name[part]);
    int n = shape_in_file(dim, q, s, &c->config);
    bool same = x->ndim == n || (n == 0 && x->ndim == 1 && x->dim[0] == 1);
    for (int i = 0; same && i < n; i++) same = x->dim[i] == dim[i];
    if (!same)
        return err_set(ERR_SHAPE, "model: %s: %s is %s, not %s", c->file, x->name,
                       shape_text(got, x->ndim, x->dim), shape_text(want, n, dim));
    TRY(check_dtype(c, x));
    if (n == 0) TRY(check_scale(c, x));
    *out = x;
    return OK;
}

// Every tensor of the whole model must exist in its shape, and no others, even if only one tower is
// loaded.
static Status check_all(Clip *whole, const Clip *c, bool *used)
{
    const WeightsTensor *x;
    TRY(clip_declare(whole, c->params.be));
    for (Param *q = whole->params.first; q; q = q->next) {
        Spelt s = names_spelt(q->name, c->spelling);
        for (int i = 0; i < s.parts; i++) {
            TRY(find_part(&x, c, q, &s, i));
            used[x - weights_at(c->weights, 0)] = true;
        }
    }
    for (int64_t i = 0; i < weights_count(c->weights); i++)
        if (!used[i] && !names_ignored(weights_at(c->weights, i)->name))
            return err_set(ERR_FORMAT, "model: %s: tensor %s has no place in this model", c->file,
                           weights_at(c->weights, i)->name);
    return OK;
}

static Status check_tensors(const Clip *c)
{
    Clip whole = { .config = c->config, .towers = CLIP_BOTH };
    bool *used = calloc((size_t)weights_count(c->weights) + 1, sizeof *used);
    Status status = used ? check_all(&whole, c, used) : err_memory("model");
    params_free(&whole.params);
    arena_free(&whole.memory);
    free(used);
    return status;
}

// ---- values -------------------------------------------------------------------------------------

void transpose_matrix(float *y, const float *x, int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) y[c * rows + r] = x[r * cols + c];
}

// `room` holds twice the parameter: as it is in the file, and transposed.
static Status convert_param(Clip *c, Param *q, const Spelt *s, float *room)
{
    const WeightsTensor *x;
    int64_t n = tensor_size(&q->value), part = n / s->parts;
    for (int i = 0; i < s->parts; i++) {
        TRY(find_part(&x, c, q, s, i));
        weights_to_f32(room + i * part, x);
    }
    if (s->transposed) transpose_matrix(room + n, room, q->value.dim[1], q->value.dim[0]);
    return params_set(&c->params, q, s->transposed ? room + n : room);
}

static Status load_param(Clip *c, Param *q)
{
    const WeightsTensor *x;
    Spelt s = names_spelt(q->name, c->spelling);
    TRY(find_part(&x, c, q, &s, 0));
    const float *view = s.parts == 1 && !s.transposed ? weights_f32_view(x) : NULL;
    if (view) return params_map(&c->params, q, view);
    float *room = malloc(2 * (size_t)tensor_size(&q->value) * sizeof *room);
    Status status = room ? convert_param(c, q, &s, room) : err_memory("model");
    free(room);
    return status;
}

Status clip_load(Clip *c, int (*group)(const char *name))
{
    TRY(params_place(&c->params, group));
    for (Param *q = c->params.first; q; q = q->next) {
        TRY(load_param(c, q));
        if (q == c->last) break;
    }
    return OK;
}

static Status read_model(Clip *c, const Backend *be, const char *path, const ClipOptions *options)
{
    static const ClipOptions nothing;
    const ClipOptions *o = options ? options : &nothing;
    Form form = FORM_STATE;
    TRY(form_find(&form, c, path));
    TRY(weights_open(&c->weights, c->file));
    TRY(configure(c, form, o));
    TRY(clip_declare(c, be));
    TRY(check_tensors(c));
    return c->towers & CLIP_IMAGE ? read_pixels(c, form, &o->pixels) : OK;
}

Status clip_read(Clip *c, const Backend *be, const char *path, const ClipOptions *options)
{
    *c = (Clip){ .towers = options && options->towers ? options->towers : CLIP_BOTH };
    Status status = read_model(c, be, path, options);
    if (status != OK) clip_free(c);
    return status;
}

Status clip_open(Clip *c, const Backend *be, const char *path, const ClipOptions *options)
{
    TRY(clip_read(c, be, path, options));
    Status status = clip_load(c, NULL);
    if (status != OK) clip_free(c);
    return status;
}

void clip_free(Clip *c)
{
    params_free(&c->params);
    arena_free(&c->memory);
    weights_close(c->weights);
    *c = (Clip){ 0 };
}

bool clip_is_text(const char *name)
{
    return strncmp(names_spelt(name, SPELL_HF).name[0], "text_", 5) == 0;
}

// ---- the scale ----------------------------------------------------------------------------------

Status clip_scale(float *scale, const Clip *c)
{
    return params_get(&c->params, params_find(&c->params, "logit_scale"), scale);
}

Status clip_clamp_scale(Clip *c)
{
    const float most = (float)CLIP_SCALE_MOST, least = 0;
    Param *q = params_find(&c->params, "logit_scale");
    float scale;
    if (q->group < 0) return OK;
    TRY(params_get(&c->params, q, &scale));
    if (scale > most) return params_set(&c->params, q, &most);
    return scale < least ? params_set(&c->params, q, &least) : OK;
}

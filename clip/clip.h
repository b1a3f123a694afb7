// clip.h - CLIP (Radford et al. 2021): pictures and texts as unit vectors of one space.
//
//     Clip c;
//     TRY(clip_open(&c, be, "ViT-B-32.pt", NULL));         // all parameters frozen
//     Tensor *f = clip_image(&t, &c, pixels);              // (B,3,S,S) -> (B,E), not normalised
//     Tensor *v = clip_text(&t, &c, ids, n);               // host ids (n,context) -> (n,E)
//     Tensor *z = clip_logits(&t, op_unit(&t, f), op_unit(&t, v), c.logit_scale);      // (B,n)
//     clip_free(&c);
//
// A model to be trained is opened in three steps, so that a method may add parameters of its own:
//
//     TRY(clip_read(&c, be, path, &options));                  // configuration, names, shapes
//     head = params_declare(&c.params, ...);
//     TRY(clip_load(&c, group));                               // memory and values
//
// Published forms (weights/README.md), told by content: Hugging Face folders, open_clip folders or
// files, OpenAI's .pt, state dicts. Whatever names the file uses, parameters carry OpenAI's here.
// Weights that are f32 in the file stay mapped; others are converted once.
#pragma once
#include "nn/layers.h"
#include "tensor/base/file.h"
#include "tensor/base/pixels.h"
#include "weights/weights.h"

typedef struct ClipConfig {
    int64_t image_size, patch, embed;    // pixels, pixels, length of the common vector
    int64_t context, vocab;              // positions of a text; tokens
    TowerSize vision, text;
    Act act;
    double eps;                          // of the layer norms
    int64_t eos;                         // a text is read at the first token with this id; -1: at
                                         // its greatest id
    Transform pixels;                    // what is done to a picture
    bool pixels_said;                    // by the model's files
} ClipConfig;

typedef struct {                         // CLIP/clip/model.py, class VisionTransformer
    Tensor *conv1, *class_embedding, *positional_embedding, *proj;
    LayerNorm ln_pre, ln_post;
    Block *blocks;                       // [config.vision.layers]
} Vit;

typedef struct {                         // the text half of class CLIP in the same file
    Tensor *token_embedding, *positional_embedding, *text_projection;
    LayerNorm ln_final;
    Block *blocks;                       // [config.text.layers]
} TextTower;

typedef enum { CLIP_IMAGE = 1, CLIP_TEXT = 2, CLIP_BOTH = 3 } ClipTowers;

typedef struct {
    ClipTowers towers;                   // 0: both. A tower that is left out is not loaded
    // For files that do not say it themselves; what contradicts the file is an error.
    const char *activation;              // "quick_gelu" or "gelu"; NULL
    int64_t heads, text_heads;           // 0: by the towers' widths
    TransformGiven pixels;
    bool sizes;                          // nothing will be computed: no need to say the above
} ClipOptions;

typedef struct Clip {
    ClipConfig config;
    ClipTowers towers;
    Params params;
    Vit visual;
    TextTower text;
    Tensor *logit_scale;                 // (1): logits = exp(logit_scale) cos
    Arena memory;                        // of the blocks
    Param *last;                         // the file's last parameter; a method's own follow
    Weights *weights;                    // the mapped file
    int spelling;                        // names.h
    bool heads_guessed;                  // said by nothing, in a tower as wide as none published
    char folder[FILE_PATH];              // to look for the tokenizer's files in
    char file[FILE_PATH];                // the file that holds the weights
} Clip;

Status clip_read(Clip *c, const Backend *be, const char *path, const ClipOptions *options);
Status clip_load(Clip *c, int (*group)(const char *name));      // params_place's; NULL: frozen
Status clip_open(Clip *c, const Backend *be, const char *path, const ClipOptions *options);
void clip_free(Clip *c);

// A model of this configuration with random weights, drawn as OpenAI's initialize_parameters does.
// Needs no file; towers, names and memory are as after clip_load.
Status clip_random(Clip *c, const Backend *be, const ClipConfig *config, uint64_t seed,
                   int (*group)(const char *name));

// Vectors before normalisation.
Tensor *clip_image(Tape *t, const Clip *c, Tensor *pixels);              // (B,3,S,S) -> (B,E)
Tensor *clip_text(Tape *t, const Clip *c, const int32_t *ids, int64_t n);  // (n,context) -> (n,E)

// Logits, exp(scale) times the cosine.  (B,E) (K,E), both of unit rows -> (B,K)
Tensor *clip_logits(Tape *t, Tensor *image, Tensor *classes, Tensor *scale);

// The scale's logarithm is a parameter; CLIP was trained with it in [0, ln 100]: "clipped to
// prevent scaling the logits by more than 100" (Radford et al. 2021, 2.5). clip_clamp_scale is
// open_clip's, logit_scale.clamp_(0, math.log(100)) after each update, in its
// src/open_clip_train/train.py; it leaves a scale alone that is not trained.
#define CLIP_SCALE_MOST 4.605170185988092            // ln 100
Status clip_scale(float *scale, const Clip *c);
Status clip_clamp_scale(Clip *c);

// ERR_FORMAT where exp(scale) is 0, so that all logits would be equal; `path`: the file of it.
Status clip_check_scale(float scale, const char *path);

// Writes Hugging Face's config.json, preprocessor_config.json and model.safetensors into `folder`,
// which must exist: the image tower and scale of `image`, the text tower of `text` (may be equal).
Status clip_save(const char *folder, const Clip *image, const Clip *text);

// The same as open_clip_config.json, open_clip_model.safetensors and open_clip_model.pt, for
// open_clip. ERR_UNSUPPORTED names the key that open_clip has no word for. own_tokens: texts are
// tokenized by the files that the caller writes beside them, not as OpenAI's models do.
Status clip_save_open_clip(const char *folder, const Clip *image, const Clip *text,
                           bool own_tokens);

bool clip_is_text(const char *name);     // does this parameter belong to the text tower?

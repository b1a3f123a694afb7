// open_clip.c - writes a model as open_clip keeps it: open_clip_config.json and the weights under
// OpenAI's names, as safetensors and as torch.save does. Both configurations are of
// src/open_clip/model.py, CLIPVisionCfg and CLIPTextCfg; what they have no word for is refused.
#include <math.h>

#include "clip/prepare.h"
#include "clip/save.h"
#include "tensor/base/json.h"

// open_clip makes an MLP int(width * mlp_ratio) wide, and the quotient may be rounded down.
static double mlp_ratio(const TowerSize *s)
{
    double ratio = (double)s->mlp / (double)s->width;
    while ((int64_t)((double)s->width * ratio) < s->mlp) ratio = nextafter(ratio, INFINITY);
    return ratio;
}

static void put_widths(JsonOut *o, const ClipConfig *c, const TowerSize *s)
{
    json_put_int(o, "width", s->width);
    json_put_int(o, "layers", s->layers);
    json_put_double(o, "mlp_ratio", mlp_ratio(s));
    if (c->eps == 1e-5) return;                        // PyTorch's
    json_put_object(o, "norm_kwargs");
    json_put_double(o, "eps", c->eps);
    json_out_end(o);
}

static void put_vision_cfg(JsonOut *o, const ClipConfig *c)
{
    json_put_object(o, "vision_cfg");
    json_put_int(o, "image_size", c->image_size);
    json_put_int(o, "patch_size", c->patch);
    json_put_int(o, "head_width", c->vision.width / c->vision.heads);
    put_widths(o, c, &c->vision);
    json_out_end(o);
}

// A text is read at its greatest id unless the file says `eos`; that is the end token's, if it is
// the last of the vocabulary.
static void put_text_cfg(JsonOut *o, const ClipConfig *c, bool own_tokens)
{
    json_put_object(o, "text_cfg");
    json_put_int(o, "context_length", c->context);
    json_put_int(o, "vocab_size", c->vocab);
    json_put_int(o, "heads", c->text.heads);
    put_widths(o, c, &c->text);
    if (c->eos >= 0 && c->eos != c->vocab - 1) {
        json_put_string(o, "pool_type", "eos");
        json_put_int(o, "eos_id", c->eos);
    }
    if (own_tokens) json_put_string(o, "hf_tokenizer_name", ".");      // of this folder
    json_out_end(o);
}

static Status put_open_clip(JsonOut *o, const ClipConfig *c, bool own_tokens)
{
    json_out_object(o);
    json_put_object(o, "model_cfg");
    json_put_int(o, "embed_dim", c->embed);
    json_put_bool(o, "quick_gelu", c->act == ACT_QUICK_GELU);
    put_vision_cfg(o, c);
    put_text_cfg(o, c, own_tokens);
    json_out_end(o);
    json_out_key(o, "preprocess_cfg");
    TRY(prepare_put_open_clip(o, &c->pixels));
    json_out_end(o);
    return OK;
}

Status clip_save_open_clip(const char *folder, const Clip *image, const Clip *text,
                           bool own_tokens)
{
    JsonOut o = { .indent = 2 };
    Status status = put_open_clip(&o, &image->config, own_tokens);
    if (status != OK) json_out_free(&o);
    TRY(status);
    TRY(json_out_save(&o, folder, "open_clip_config.json"));
    TRY(save_weights(folder, "open_clip_model.safetensors", image, text, SPELL_OPENAI));
    return save_weights(folder, "open_clip_model.pt", image, text, SPELL_OPENAI);
}

// hf.c - writes a model as Hugging Face does: config.json, preprocessor_config.json and
// model.safetensors, which transformers' CLIPModel.from_pretrained and this program read.
#include "clip/config.h"
#include "clip/prepare.h"
#include "clip/save.h"
#include "tensor/base/json.h"

static void put_tower(JsonOut *o, const char *key, const ClipConfig *c, const TowerSize *s)
{
    json_put_object(o, key);
    json_put_string(o, "hidden_act", c->act == ACT_GELU ? "gelu" : "quick_gelu");
    json_put_int(o, "hidden_size", s->width);
    json_put_int(o, "intermediate_size", s->mlp);
    json_put_int(o, "num_attention_heads", s->heads);
    json_put_int(o, "num_hidden_layers", s->layers);
    json_put_int(o, "projection_dim", c->embed);
    json_put_double(o, "layer_norm_eps", c->eps);
}

static void put_config(JsonOut *o, const ClipConfig *c, float logit_scale)
{
    json_out_object(o);
    json_put_array(o, "architectures");
    json_out_string(o, "CLIPModel");
    json_out_end(o);
    json_put_string(o, "model_type", "clip");
    json_put_int(o, "projection_dim", c->embed);
    json_put_float(o, "logit_scale_init_value", logit_scale);
    json_put_string(o, "torch_dtype", "float32");
    put_tower(o, "vision_config", c, &c->vision);
    json_put_string(o, "model_type", "clip_vision_model");
    json_put_int(o, "image_size", c->image_size);
    json_put_int(o, "patch_size", c->patch);
    json_out_end(o);
    put_tower(o, "text_config", c, &c->text);
    json_put_string(o, "model_type", "clip_text_model");
    json_put_int(o, "max_position_embeddings", c->context);
    json_put_int(o, "vocab_size", c->vocab);
    json_put_int(o, "bos_token_id", c->vocab - 2);
    json_put_int(o, "eos_token_id", c->eos >= 0 ? c->eos : 2);    // 2: at the greatest id
    json_put_int(o, "pad_token_id", c->vocab - 1);
    json_out_end(o);
    json_out_end(o);
}

Status config_save(const char *folder, const ClipConfig *c, float logit_scale)
{
    JsonOut config = { .indent = 2 }, pixels = { .indent = 2 };
    put_config(&config, c, logit_scale);
    TRY(json_out_save(&config, folder, "config.json"));
    prepare_put_hf(&pixels, &c->pixels);
    return json_out_save(&pixels, folder, "preprocessor_config.json");
}

Status clip_save(const char *folder, const Clip *image, const Clip *text)
{
    float scale;
    TRY(params_get(&image->params, params_find(&image->params, "logit_scale"), &scale));
    TRY(config_save(folder, &image->config, scale));
    return save_weights(folder, "model.safetensors", image, text, SPELL_HF);
}

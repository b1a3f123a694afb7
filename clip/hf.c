// hf.c - writes a model as Hugging Face does: config.json, preprocessor_config.json and
// model.safetensors, which transformers' CLIPModel.from_pretrained and this program read.
#include <stdlib.h>
#include <string.h>

#include "clip/config.h"
#include "clip/names.h"
#include "clip/prepare.h"
#include "tensor/base/json.h"

// ---- configuration ------------------------------------------------------------------------------

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

// ---- weights ------------------------------------------------------------------------------------

static Status declare_param(WeightsOut *o, const Param *q, const ClipConfig *c)
{
    Spelt s = names_spelt(q->name, SPELL_HF);
    int64_t dim[MAX_DIM];
    int ndim = q->value.ndim;
    memcpy(dim, q->value.dim, sizeof dim);
    dim[0] /= s.parts;
    if (strcmp(q->name, "logit_scale") == 0) ndim = 0;
    if (strcmp(q->name, "visual.conv1.weight") == 0) {
        ndim = 4;
        dim[1] = 3, dim[2] = dim[3] = c->patch;
    }
    for (int i = 0; i < s.parts; i++) TRY(weights_declare(o, s.name[i], WEIGHTS_F32, ndim, dim));
    return OK;
}

// The parts of in_proj follow one another in memory as in the file.
static Status write_param(WeightsOut *o, const Params *p, const Param *q)
{
    size_t n = (size_t)tensor_size(&q->value);
    float *x = malloc(n * sizeof *x);
    if (!x) return err_memory("model");
    Status status = params_get(p, q, x);
    if (status == OK) status = weights_write(o, x, n * sizeof *x);
    free(x);
    return status;
}

static Status put_params(WeightsOut *o, const Clip *image, const Clip *text, bool write)
{
    const Clip *models[] = { image, text };
    for (int i = 0; i < 2; i++)
        for (const Param *q = models[i]->params.first; q; q = q->next) {
            if (clip_is_text(q->name) == (i == 1))
                TRY(write ? write_param(o, &models[i]->params, q)
                          : declare_param(o, q, &image->config));
            if (q == models[i]->last) break;
        }
    return OK;
}

static Status put_all(WeightsOut *o, const Clip *image, const Clip *text)
{
    TRY(weights_put_meta(o, "format", "pt"));  // transformers asks for it
    TRY(put_params(o, image, text, false));
    return put_params(o, image, text, true);
}

static Status save_weights(const char *folder, const Clip *image, const Clip *text)
{
    char path[FILE_PATH];
    WeightsOut *o;
    TRY(path_join(path, folder, "model.safetensors"));
    TRY(weights_create(&o, path));
    Status status = put_all(o, image, text);
    if (status == OK) return weights_commit(o);
    weights_discard(o);
    return status;
}

Status clip_save(const char *folder, const Clip *image, const Clip *text)
{
    float scale;
    TRY(params_get(&image->params, params_find(&image->params, "logit_scale"), &scale));
    TRY(config_save(folder, &image->config, scale));
    return save_weights(folder, image, text);
}

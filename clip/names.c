// names.c - one table of parameter names: OpenAI's and Hugging Face's.
#include "clip/names.h"

#include <stdio.h>
#include <string.h>

// A name is looked up as a whole, or as a tower's prefix, a layer and a name within the block. '*'
// matches the rest of the name; '?' in the right column stands for q, k and v.
typedef struct { const char *openai, *hf; } Row;

static const Row towers[] = {
    { "visual.transformer.resblocks.", "vision_model.encoder.layers." },
    { "transformer.resblocks.", "text_model.encoder.layers." },
};

static const Row in_block[] = {
    { "attn.in_proj_weight", "self_attn.?_proj.weight" },
    { "attn.in_proj_bias", "self_attn.?_proj.bias" },
    { "attn.out_proj.*", "self_attn.out_proj." },
    { "ln_1.*", "layer_norm1." },
    { "ln_2.*", "layer_norm2." },
    { "mlp.c_fc.*", "mlp.fc1." },
    { "mlp.c_proj.*", "mlp.fc2." },
};

static const Row outside[] = {
    { "visual.class_embedding", "vision_model.embeddings.class_embedding" },
    { "visual.positional_embedding", "vision_model.embeddings.position_embedding.weight" },
    { "visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight" },
    { "visual.ln_pre.*", "vision_model.pre_layrnorm." },
    { "visual.ln_post.*", "vision_model.post_layernorm." },
    { "visual.proj", "visual_projection.weight" },
    { "token_embedding.weight", "text_model.embeddings.token_embedding.weight" },
    { "positional_embedding", "text_model.embeddings.position_embedding.weight" },
    { "ln_final.*", "text_model.final_layer_norm." },
    { "text_projection", "text_projection.weight" },
    { "logit_scale", "logit_scale" },
};

#define ROWS(table) table, sizeof(table) / sizeof((table)[0])

static const char *after(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

// Writes `before`, the row's right column and the rest of the name, once or three times.
static bool translate(Spelt *s, const char *before, const char *name, const Row *rows,
                      size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++) {
        const char *star = strchr(rows[i].openai, '*');
        size_t head = star ? (size_t)(star - rows[i].openai) : strlen(name) + 1;
        if (strncmp(name, rows[i].openai, head) != 0) continue;
        const char *hf = rows[i].hf, *mark = strchr(hf, '?'), *rest = star ? name + head : "";
        int n = mark ? (int)(mark - hf) : (int)strlen(hf);
        s->parts = mark ? 3 : 1;
        for (int p = 0; p < s->parts; p++)
            snprintf(s->name[p], sizeof s->name[p], "%s%.*s%.*s%s%s", before, n, hf, mark ? 1 : 0,
                     &"qkv"[p], mark ? mark + 1 : "", rest);
        return true;
    }
    return false;
}

static void spell_hf(Spelt *s, const char *name)
{
    for (size_t i = 0; i < sizeof towers / sizeof *towers; i++) {
        const char *layer = after(name, towers[i].openai), *dot = layer ? strchr(layer, '.') : NULL;
        char before[PARAM_NAME];
        if (!dot) continue;
        snprintf(before, sizeof before, "%s%.*s", towers[i].hf, (int)(dot + 1 - layer), layer);
        if (translate(s, before, dot + 1, ROWS(in_block))) return;
    }
    if (!translate(s, "", name, ROWS(outside))) snprintf(s->name[0], sizeof s->name[0], "%s", name);
}

Spelt names_spelt(const char *name, int spelling)
{
    Spelt s = { .parts = 1 };
    bool projection = strcmp(name, "visual.proj") == 0 || strcmp(name, "text_projection") == 0;
    bool image = after(name, "visual.") || strcmp(name, "logit_scale") == 0;
    s.transposed = projection && spelling != SPELL_HF;
    if (spelling == SPELL_HF) spell_hf(&s, name);
    else snprintf(s.name[0], sizeof s.name[0], "%s%s",
                  spelling == SPELL_TEXT_PREFIX && !image ? "text." : "", name);
    return s;
}

bool names_ignored(const char *name)
{
    static const char *const known[] = { "position_ids", "attn_mask", "num_batches_tracked",
                                         "input_resolution", "context_length", "vocab_size",
                                         "n_averaged" };
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(last, known[i]) == 0) return true;
    return false;
}

// names.h - a parameter's name in a file. Inside this program all carry OpenAI's names.
#pragma once
#include <stdbool.h>

#include "nn/param.h"

typedef enum {
    SPELL_OPENAI,            // CLIP/clip/model.py; open_clip's are the same
    SPELL_TEXT_PREFIX,       // open_clip's CustomTextCLIP: the text tower behind "text."
    SPELL_HF,                // transformers, modeling_clip.py
} Spelling;

typedef struct {
    int parts;               // 1; 3 if q, k and v are tensors of their own, to be stacked
    bool transposed;         // stored as (width, embed); used as (embed, width)
    char name[3][2 * PARAM_NAME];
} Spelt;

Spelt names_spelt(const char *name, int spelling);

// Is it a tensor of published files that holds no weights, like attn_mask or position_ids?
bool names_ignored(const char *name);

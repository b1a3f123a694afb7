// config.h - a model's configuration, from the files published with its weights or from shapes.
#pragma once
#include "clip/clip.h"

// transformers' defaults: openai/clip-vit-base-patch32.
ClipConfig config_default(void);

// Fill *c, but for pixels (prepare.h), from a folder's config.json (Hugging Face) or from its
// open_clip_config.json. Options that change the computation and are not implemented are refused by
// name. The MLPs' widths come from config_mlp, as only the weights hold them.
Status config_hf(ClipConfig *c, const char *folder);
Status config_open_clip(ClipConfig *c, const char *folder);

// From the shapes of a state dict with OpenAI's or open_clip's names (names.h). Heads follow from
// the widths of published models; 0: no published model has this width. What shapes do not tell is
// left unchanged; `path` is for messages.
Status config_state(ClipConfig *c, const Weights *w, const char *path, int spelling);

// The heads of towers of this width, of images or of texts; 0: none is known. Where no published
// tower is that wide, heads of 64 are what OpenAI's build_model takes, and may be wrong.
int64_t config_heads(int64_t width, bool text);
bool config_published(int64_t width, bool text);

// The widths of both MLPs.
Status config_mlp(ClipConfig *c, const Weights *w, const char *path, int spelling);
Status config_check(const ClipConfig *c, const char *path);          // do the sizes fit together?

// The same configuration as Hugging Face's two files.
Status config_save(const char *folder, const ClipConfig *c, float logit_scale);

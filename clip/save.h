// save.h - private to clip/: writes a model's weights under the names of another program.
#pragma once
#include "clip/clip.h"
#include "clip/names.h"

// The image tower and scale of `image`, the text tower of `text`, in f32: safetensors, or what
// torch.save writes for a `name` that ends in .pt.
Status save_weights(const char *folder, const char *name, const Clip *image, const Clip *text,
                    Spelling spelling);

// prepare.h - private to clip/: what is done to a picture, as a model's files say it.
//
// All of a file's keys are honoured, or refused by name where this engine has no such thing.
#pragma once
#include "clip/clip.h"
#include "tensor/base/json.h"

// *t is OpenAI's for this model's size; *said: do the files say otherwise?
//
// Hugging Face: the section image_processor of processor_config.json (transformers 5), else
// preprocessor_config.json; if both are there they must agree. open_clip: preprocess_cfg of
// open_clip_config.json.
Status prepare_hf(Transform *t, bool *said, const char *folder);
Status prepare_open_clip(Transform *t, bool *said, const char *folder);

// A preprocessor_config.json with which transformers does the same. Where it cannot
// (RESIZE_LONGEST) it fails on `size`, and prepare_hf reads it all the same.
void prepare_put_hf(JsonOut *o, const Transform *t);

// A preprocess_cfg; ERR_UNSUPPORTED names the key by which open_clip cannot do the same.
Status prepare_put_open_clip(JsonOut *o, const Transform *t);

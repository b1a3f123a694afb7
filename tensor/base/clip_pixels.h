// clip_pixels.h - mean and standard deviation of the pictures that CLIP was trained on: red, green,
// blue, for values of 0..1 (OpenAI's clip.py, _transform). A model's config may set others.
#pragma once

#define CLIP_MEAN { 0.48145466f, 0.4578275f, 0.40821073f }
#define CLIP_STD { 0.26862954f, 0.26130258f, 0.27577711f }

// contrast.h - how CLIP is pretrained: each picture must find its caption among the batch's, and
// each caption its picture (Radford et al. 2021, figure 3; the loss of van den Oord et al. 2018,
// twice).
#pragma once
#include "clip/clip.h"

// The mean of both cross-entropies as a tensor of one element. image, text (B,E): vectors as the
// towers give them; scale (1): logits = exp(scale) cos. Equal numbers in caption (B) are equal
// captions, which share the target.
Tensor *contrastive_loss(Tape *t, Tensor *image, Tensor *text, Tensor *scale,
                         const int32_t *caption);

// {decay, no decay}: biases, layer norms, the class token and the scale are not decayed.
int group_pretrain(const char *name);

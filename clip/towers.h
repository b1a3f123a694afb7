// towers.h - private to clip/: declares the parameters of the towers. `blocks`, one per layer, is
// allocated before.
#pragma once
#include <stdio.h>

#include "clip/clip.h"

void vit_declare(Vit *v, Params *p, const ClipConfig *c);
void text_declare(TextTower *x, Params *p, const ClipConfig *c);
Status clip_declare(Clip *c, const Backend *be);     // the towers in c->towers, from c->config

// x (rows,cols) -> y (cols,rows): projections lie so in files (names.h).
void transpose_matrix(float *y, const float *x, int64_t rows, int64_t cols);

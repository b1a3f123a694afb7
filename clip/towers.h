// towers.h - what the files of this folder ask of each other. `blocks` has been made before a tower
// is declared, one for each layer.
#pragma once
#include <stdio.h>

#include "clip/clip.h"

void vit_declare(Vit *v, Params *p, const ClipConfig *c);
void text_declare(TextTower *x, Params *p, const ClipConfig *c);
Status clip_declare(Clip *c, const Backend *be);     // both, or those in c->towers, from c->config

// verbs.h - the verbs, one per file of this folder; their table is in train.c.
#pragma once
#include "proreg/run/options.h"

Status verb_eval(Options *o);
Status verb_zeroshot(Options *o);
Status verb_wise(Options *o);
Status demo(Options *o, Status (*train)(Options *o));      // train: that verb, which is in train.c
Status verb_predict(Options *o);
Status verb_encode(Options *o);
Status verb_tokenize(Options *o);
Status verb_info(Options *o);
Status verb_export(Options *o);
Status verb_check(Options *o);
Status verb_decode(Options *o);
Status verb_preprocess(Options *o);
Status verb_augment(Options *o);
Status verb_world(Options *o);
Status verb_pretrain(Options *o);

// demo_results.h - results.jsonl of the demo: every number that its page shows of results, and the
// same of the methods and pictures that the page leaves out.
//
// One JSON object per line, which `kind` tells apart. Scores are shares of 0 to 1 under the names
// of tally_key; seeds, means and deviations are those of the page's table.
//
//     scores               method, seed, scores
//     mean, deviation      method, seeds (how many), scores; deviation: of several seeds only
//     mixture              alpha, seed, scores: WiSE-FT from zero-shot (0) to fine-tuning (1)
//     mixture_mean         alpha, seeds, scores
//     cell                 method, shape, background, n, correct, top1: all tests and seeds
//     step                 method, step, ce, kd, w_mean: of the first seed, as in log.jsonl
//     weight               background (usual, other), from, share: bars of ProReg's w
//     sample               path, label, w, p_s, p_t: of ProReg's training pictures
#pragma once
#include "proreg/page/demo_page.h"

Status demo_results(const Demo *d);              // FOLDER/results.jsonl

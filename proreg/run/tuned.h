// tuned.h - the classifier that a training run left beside a model: in a checkpoint, an export, the
// mixture that `wise` saves.
//
//     classifier.safetensors   what image features are compared with (proreg.h)
//     classes.txt              class names in label order, one per line
//     classifier.json          where it comes from: method, step, class names, prompts, templates
//
// classifier.json may be absent: then the tensors tell what kind of head it is, and the step is 0.
// Class names that differ between the two files are an error.
#pragma once
#include "proreg/run/run.h"

// The folder of `model`, itself a folder or a file of weights that this program writes there, and
// whether it holds a classifier.
Status tuned_find(bool *found, char folder[FILE_PATH], const char *model);

// What must be known to open its student. The model's weights are not looked at.
Status tuned_open(RunCheckpoint *c, Arena *arena, const char *folder);

// "mixture, alpha 0.4": what `wise` saved. "": weights that training left.
enum { MIXTURE_TEXT = 48 };
const char *tuned_mixture(char text[MIXTURE_TEXT], const RunCheckpoint *c);

// classes.txt alone: n names, in the arena.
Status tuned_classes(Arena *arena, const char ***name, int *n, const char *folder);

// Writes the three files.
Status tuned_save(const char *folder, const Checkpoint *c);

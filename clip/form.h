// form.h - private to clip/: which files a model consists of, and how its tensors are named.
#pragma once
#include "clip/clip.h"

typedef enum { FORM_HF, FORM_OPEN_CLIP, FORM_STATE } Form;

// Finds the weights that `path`, a folder or a file, stands for: c->file and c->folder.
Status form_find(Form *form, Clip *c, const char *path);

// Sets c->spelling (names.h) by the names in c->weights, whose prefix it removes: `module.` of
// DistributedDataParallel, `_orig_mod.` of torch.compile, `model.` of Lightning, `clip.`, in any
// combination.
Status form_spelling(Clip *c);

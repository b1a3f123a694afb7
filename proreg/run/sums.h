// sums.h - the checksums of a checkpoint's files, in its state.json.
//
//     "crc32": { "model.safetensors": "0f3a..", .. },     of each other file of the folder
//     "state_crc32": ".."                                 of all of state.json before this member
//
// A bit that has changed in any of them since they were written is found, and the file is named.
// Checkpoints of earlier versions have no sums.
#pragma once
#include "tensor/base/file.h"
#include "tensor/base/json.h"

// Adds both members to the open object of a state.json that is about to be saved in `folder`, whose
// other files are there already.
Status sums_put(JsonOut *state, const char *folder);

// *summed: there are sums, and the files are as they were written. Of optimizer.safetensors, which
// only training reads, only where `training` asks for it. ERR_FORMAT: a file has changed.
Status sums_check(bool *summed, const char *folder, bool training);

// *sums, in the arena: the member crc32, which lists the files. NULL: state.json has none, or is
// not as it was written.
Status sums_listed(const Json **sums, Arena *arena, const char *folder);

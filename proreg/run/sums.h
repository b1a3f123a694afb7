// sums.h - the checksums of a checkpoint's files, in its state.json; of a run's config.json.
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
// only training reads, only where `training` asks for it. ERR_FORMAT: a file has changed, or one
// that would be read has come to them.
Status sums_check(bool *summed, const char *folder, bool training);

// *sums, in the arena: the member crc32, which lists the files. NULL: state.json has none, or is
// not as it was written.
Status sums_listed(const Json **sums, Arena *arena, const char *folder);

// Adds a last member `key` to the open object: the checksum of all text before it. The text has an
// indent of 2; json_out_end and json_out_line_end end it.
Status sums_put_text(JsonOut *out, const char *key);

// ERR_FORMAT where a run's config.json, which ends with such a `crc32`, is not as the run wrote it:
// what it says is not what the run has done. One of an older program, without, is taken as it is.
Status sums_check_config(const char *run);

// state.json's member `run`, of a checkpoint in the folder `run`: the checksum of what of its
// config.json no --resume changes. Without a config.json there is none.
Status sums_put_run(JsonOut *state, const char *run);

// ERR_FORMAT where the checkpoint is another run's. One of an older program is taken as it is.
Status sums_check_run(const char *run, const char *checkpoint);

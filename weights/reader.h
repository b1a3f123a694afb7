// reader.h - what the readers of weights/ share. Not for users of weights.h.
#pragma once
#include "tensor/base/arena.h"
#include "tensor/base/file.h"
#include "tensor/base/json.h"
#include "weights/weights.h"

struct Weights {
    WeightsKind kind;
    Arena arena;                       // names, headers, unpacked data
    const char *file;                  // its name, for messages
    const uint8_t *data;               // the file: of the map or of the caller
    size_t bytes;
    FileMap map;
    WeightsTensor *tensor;             // [count]
    const WeightsTensor **sorted;      // [count], by name
    int64_t count, room;
    const Json *meta;                  // of safetensors, or NULL
    Weights **shard;                   // [shards]: files that the tensors lie in
    int64_t shards;
};

// Each fills w->tensor, w->kind and w->meta from w->data. On failure the caller closes w.
typedef Status WeightsReader(Weights *w);
WeightsReader weights_read_safetensors, weights_read_torch, weights_read_shards;
Status weights_open_as(Weights **out, const char *path, WeightsReader *read);

// Checks name, dims and that t->bytes is what they ask for, then appends a copy.
Status weights_add(Weights *w, const WeightsTensor *t);

// Fills w->sorted. No tensors, or a name that comes twice, is an error.
Status weights_sort(Weights *w);

// Elements of dims from a file: ERR_FORMAT when one is negative or they do not fit in 63 bits.
Status weights_product(int64_t *out, const int64_t *dim, int ndim);
bool weights_dtype_of(WeightsDtype *out, const char *name);

// reader.h - what the files of weights/ share. Not for users of weights.h.
//
// weights.c looks at the first bytes and picks a reader: safetensors.c, torch.c or shards.c. Each
// fills a Weights with the helpers of reader.c; save.c keeps its declared tensors in one.
#pragma once
#include "tensor/base/arena.h"
#include "tensor/base/file.h"
#include "tensor/base/json.h"
#include "weights/weights.h"

typedef struct WeightsModule WeightsModule;
struct WeightsModule {                 // of TorchScript
    const char *path, *class;
    WeightsModule *next;
};

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
    WeightsModule *modules;            // the last one first
    Weights **shard;                   // [shards]: files that the tensors lie in
    int64_t shards;
};

// A reader fills w->tensor and w->kind from w->data. On failure the caller closes w.
typedef Status WeightsReader(Weights *w);
WeightsReader read_safetensors, read_torch, read_shards;

// Read the bytes, or the file, with this reader, then sort the list. On failure *out is NULL.
Status reader_parse(Weights **out, const void *data, size_t bytes, const char *name,
                    WeightsReader *read);
Status reader_open(Weights **out, const char *path, WeightsReader *read);

// Checks name, dims and that t->bytes is what they ask for, then appends a copy.
Status reader_add(Weights *w, const WeightsTensor *t);

// Fills w->sorted. No tensors, or a repeated name, is an error.
Status reader_sort(Weights *w);

// Elements of dims from a file: ERR_FORMAT when one is negative or they do not fit in 63 bits.
Status reader_product(int64_t *out, const int64_t *dim, int ndim);
bool reader_dtype(WeightsDtype *out, const char *name);        // "F32", "BF16", ..
bool reader_storage(WeightsDtype *out, const char *name);      // "FloatStorage", ..
const char *reader_storage_name(WeightsDtype dtype);           // NULL: PyTorch has none

// torch_out.h - writes tensors as torch.save does. Private to save.c.
#pragma once
#include "weights/reader.h"
#include "weights/zip_out.h"

typedef struct {
    ZipOut zip;
    const Weights *list;             // the tensors, without data
    int64_t tensor;                  // whose data comes next
    size_t left;                     // bytes of it, if its member is open
    bool open;
} TorchOut;

// All but the data. A type that PyTorch has no storage of is ERR_UNSUPPORTED.
Status torch_out_begin(TorchOut *t, FileOut *file, Arena *arena, const Weights *list);

// The tensors' data, in their order, in pieces of any size; not more than there is.
Status torch_out_write(TorchOut *t, const void *data, size_t bytes);
Status torch_out_finish(TorchOut *t);  // after the last

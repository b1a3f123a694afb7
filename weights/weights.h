// weights.h - files of named arrays: OpenAI's and PyTorch's .pt, safetensors.
//
//     Weights *w;
//     TRY(weights_open(&w, "ViT-B-32.pt"));
//     const WeightsTensor *t = weights_find(w, "visual.ln_pre.weight");
//     if (!t) return err_set(..., weights_nearest(w, "visual.ln_pre.weight"));
//     weights_to_f32(dst, t);
//     weights_close(w);                       // frees names and data
//
// The format is told by the content, not by the file's name:
//
//     safetensors         8 bytes length of the header, JSON, data. A header of up to 100 MB; each
//                         byte behind it belongs to exactly one tensor, as the reference demands
//     TorchScript .pt     what OpenAI published: a zip with data.pkl, whose object is a module.
//                         Tensors are named by their path through the submodules. Those that the
//                         code uses but that are no parameters (attn_mask) are listed too
//     torch.save          a zip with data.pkl, whose object is a state dict, or holds one under
//                         `state_dict`, `model_state_dict`, `model` or `module` (training
//                         checkpoints; other keys are skipped)
//     index .json         several safetensors or torch.save files, which lie beside it
//
// Members of a zip may be stored or deflated. A pickle (protocols 2 to 5) is read as plain data:
// nothing is ever executed, and what is no tensor (optimizer states, numpy's numbers, paths) is
// skipped. Files are not trusted: every length is checked, and unpacked data is limited to 64 MiB
// plus 20 times the file. Not supported: torch.save's format before 1.6, TorchScript before 1.4,
// whole pickled modules.
//
// The file stays mapped, so opening is fast and f32 data can be used in place. The CRC of a stored
// member is checked for data.pkl alone: for the others the whole file would have to be read. Many
// threads may read one Weights. The machine must be little-endian.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/err.h"

enum { WEIGHTS_MAX_DIM = 8, WEIGHTS_NAME = 1024 };     // bytes of the longest name, with its 0

typedef enum {
    WEIGHTS_F64, WEIGHTS_F32, WEIGHTS_F16, WEIGHTS_BF16,
    WEIGHTS_I64, WEIGHTS_I32, WEIGHTS_I16, WEIGHTS_I8,
    WEIGHTS_U64, WEIGHTS_U32, WEIGHTS_U16, WEIGHTS_U8, WEIGHTS_BOOL,
} WeightsDtype;

typedef struct {
    const char *name;
    WeightsDtype dtype;
    int ndim;
    int64_t dim[WEIGHTS_MAX_DIM];              // row-major, dim[0] the slowest; ndim 0: a scalar
    const void *data;                          // not always aligned to its type
    size_t bytes;
} WeightsTensor;

typedef enum {
    WEIGHTS_SAFETENSORS, WEIGHTS_TORCHSCRIPT, WEIGHTS_STATE_DICT, WEIGHTS_SHARDS,
    WEIGHTS_STATE_SHARDS
} WeightsKind;

typedef struct Weights Weights;

// ---- reading ------------------------------------------------------------------------------------

Status weights_open(Weights **out, const char *path);  // on failure *out is NULL

// The same for bytes in memory, which must stay valid until weights_close. `name` is for messages.
Status weights_parse(Weights **out, const void *data, size_t bytes, const char *name);
void weights_close(Weights *w);                        // accepts NULL

WeightsKind weights_kind(const Weights *w);
// The path of each file that an index lists, sorted; NULL: no more, or there is no index.
const char *weights_shard(const Weights *w, int64_t i);
const char *weights_kind_name(WeightsKind kind);       // "safetensors", "TorchScript", ..
int64_t weights_count(const Weights *w);
const WeightsTensor *weights_at(const Weights *w, int64_t i);   // in file order; NULL: out of range
const WeightsTensor *weights_find(const Weights *w, const char *name);  // NULL: none
const char *weights_nearest(const Weights *w, const char *name);  // for "did you mean"; or NULL
// The class of a module of TorchScript, "QuickGELU"; NULL: not said. `module`: "visual.ln_pre".
const char *weights_class(const Weights *w, const char *module);
// Removes a prefix from all names that have it. A name that then comes twice is an error.
Status weights_drop_prefix(Weights *w, const char *prefix);

int64_t weights_elements(const WeightsTensor *t);
const char *weights_dtype_name(WeightsDtype dtype);    // as in safetensors: "F32", "BF16", ..
size_t weights_dtype_bytes(WeightsDtype dtype);
bool weights_dtype_is_float(WeightsDtype dtype);

// Converts all elements, whatever the dtype; 16-bit floats exactly, others to the nearest float.
void weights_to_f32(float *dst, const WeightsTensor *t);
// The same for elements from..from+count-1, to share the work between threads.
void weights_part_to_f32(float *dst, const WeightsTensor *t, int64_t from, int64_t count);
// The data itself where it is f32 and aligned to 4 bytes, else NULL.
const float *weights_f32_view(const WeightsTensor *t);

// ---- writing ------------------------------------------------------------------------------------

//     WeightsOut *o;
//     TRY(weights_create(&o, "model.safetensors"));
//     weights_put_meta(o, "format", "pt");                         // the first error is kept ..
//     weights_declare(o, "scale", WEIGHTS_F32, 0, NULL);
//     weights_declare(o, "proj", WEIGHTS_F32, 2, (int64_t[]){ 512, 768 });
//     weights_write(o, &scale, sizeof scale);                      // in the order of declaration,
//     weights_write(o, proj, 512 * 768 * sizeof *proj);            // in pieces of any size
//     TRY(weights_commit(o));                                      // .. and returned here
//
// The data starts at a multiple of 8 bytes and has no gaps, so declare wider types first. The file
// appears whole or not at all.
typedef struct WeightsOut WeightsOut;

Status weights_create(WeightsOut **out, const char *path);     // safetensors
// A state dict as torch.save writes it, each tensor at a multiple of 64 bytes. No metadata.
Status weights_create_torch(WeightsOut **out, const char *path);
Status weights_put_meta(WeightsOut *o, const char *key, const char *value);
Status weights_declare(WeightsOut *o, const char *name, WeightsDtype dtype, int ndim,
                       const int64_t *dim);
Status weights_write(WeightsOut *o, const void *data, size_t bytes);
Status weights_commit(WeightsOut *o);                  // always frees o
void weights_discard(WeightsOut *o);                   // instead of a commit; accepts NULL

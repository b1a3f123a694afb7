// save.c - writes safetensors: the header from the declared tensors, then the data as it comes;
// torch_out.c does it for torch.save's files.
#include <stdlib.h>
#include <string.h>

#include "weights/reader.h"
#include "weights/torch_out.h"

enum { MAX_META = 64 };

struct WeightsOut {
    FileOut file;
    Weights list;                          // the tensors, without data; its arena holds all strings
    const char *meta[MAX_META][2];         // key, value
    int metas;
    int64_t bytes, written;                // declared; written so far
    bool begun;                            // the header is in the file
    bool pickled;                          // as torch.save writes it
    TorchOut torch;
    Status status;                         // the first error
};

static Status keep_first(WeightsOut *o, Status status)
{
    if (o->status == OK) o->status = status;
    return o->status;
}

Status weights_create(WeightsOut **out, const char *path)
{
    *out = NULL;
    WeightsOut *o = calloc(1, sizeof *o);
    if (!o) return err_memory("weights");
    Status status = file_create(&o->file, path);
    if (status != OK) {
        weights_discard(o);
        return status;
    }
    o->list.file = o->file.path;
    *out = o;
    return OK;
}

Status weights_create_torch(WeightsOut **out, const char *path)
{
    TRY(weights_create(out, path));
    (*out)->pickled = true;
    return OK;
}

void weights_discard(WeightsOut *o)
{
    if (!o) return;
    file_discard(&o->file);
    free(o->list.tensor);
    free(o->list.sorted);
    arena_free(&o->list.arena);
    free(o);
}

Status weights_put_meta(WeightsOut *o, const char *key, const char *value)
{
    if (o->status != OK) return o->status;
    if (o->begun || o->metas == MAX_META || o->pickled)
        return keep_first(o, err_set(ERR_USAGE, "weights: %s: metadata %s: after the data, or too "
                                     "many, or of a file that has none", o->file.path, key));
    const char **pair = o->meta[o->metas++];
    pair[0] = arena_string(&o->list.arena, key);
    pair[1] = arena_string(&o->list.arena, value);
    return pair[0] && pair[1] ? o->status : keep_first(o, err_memory("weights"));
}

static Status declare_tensor(WeightsOut *o, WeightsTensor *t)
{
    int64_t bytes = 0;
    if (!t->name) return err_memory("weights");
    TRY(reader_product(&bytes, t->dim, t->ndim));
    TRY(size_mul(&bytes, bytes, (int64_t)weights_dtype_bytes(t->dtype)));
    if (bytes > INT64_MAX - o->bytes)
        return err_set(ERR_SHAPE, "weights: %s: %s: too large", o->file.path, t->name);
    t->bytes = (size_t)bytes;
    o->bytes += bytes;
    return reader_add(&o->list, t);
}

Status weights_declare(WeightsOut *o, const char *name, WeightsDtype dtype, int ndim,
                       const int64_t *dim)
{
    if (o->status != OK) return o->status;
    if (o->begun || ndim < 0 || ndim > WEIGHTS_MAX_DIM || strcmp(name, "__metadata__") == 0)
        return keep_first(o, err_set(ERR_USAGE, "weights: %s: %s: declared after the data, or %d "
                                     "dimensions, or a reserved name", o->file.path, name, ndim));
    WeightsTensor t = { arena_string(&o->list.arena, name), dtype, ndim, { 0 }, NULL, 0 };
    for (int i = 0; i < ndim; i++) t.dim[i] = dim[i];
    return keep_first(o, declare_tensor(o, &t));
}

// ---- the header ---------------------------------------------------------------------------------

static void put_metadata(JsonOut *json, const WeightsOut *o)
{
    if (o->metas == 0) return;
    json_put_object(json, "__metadata__");
    for (int i = 0; i < o->metas; i++) {
        json_put_string(json, o->meta[i][0], o->meta[i][1]);
    }
    json_out_end(json);
}

static void put_tensor(JsonOut *json, const WeightsTensor *t, int64_t at)
{
    json_put_object(json, t->name);
    json_put_string(json, "dtype", weights_dtype_name(t->dtype));
    json_put_array(json, "shape");
    for (int i = 0; i < t->ndim; i++) json_out_int(json, t->dim[i]);
    json_out_end(json);
    json_put_array(json, "data_offsets");
    json_out_int(json, at);
    json_out_int(json, at + (int64_t)t->bytes);
    json_out_end(json);
    json_out_end(json);
}

static void put_header(JsonOut *json, const WeightsOut *o)
{
    int64_t at = 0;
    json_out_object(json);
    put_metadata(json, o);
    for (int64_t i = 0; i < o->list.count; i++) {
        put_tensor(json, &o->list.tensor[i], at);
        at += (int64_t)o->list.tensor[i].bytes;
    }
    json_out_end(json);
}

// Blanks behind the header align the data to 8 bytes.
static Status write_header(WeightsOut *o, const JsonOut *json)
{
    TRY(json_out_status(json));
    size_t pad = (8 - json->size % 8) % 8, n = json->size + pad;
    uint8_t length[8];
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)((uint64_t)n >> 8 * i);
    file_write(&o->file, length, sizeof length);
    file_write(&o->file, json->text, json->size);
    return file_write(&o->file, "       ", pad);
}

static Status begin_data(WeightsOut *o)
{
    if (o->begun || o->status != OK) return o->status;
    o->begun = true;
    TRY(reader_sort(&o->list));            // refuses a repeated name
    if (o->pickled) return torch_out_begin(&o->torch, &o->file, &o->list.arena, &o->list);
    JsonOut json = { 0 };
    put_header(&json, o);
    Status status = write_header(o, &json);
    json_out_free(&json);
    return status;
}

// ---- the data -----------------------------------------------------------------------------------

Status weights_write(WeightsOut *o, const void *data, size_t bytes)
{
    TRY(keep_first(o, begin_data(o)));
    if (bytes > (uint64_t)(o->bytes - o->written))
        return keep_first(o, err_set(ERR_USAGE, "weights: %s: %zu bytes where %lld are left to "
                                     "write", o->file.path, bytes,
                                     (long long)(o->bytes - o->written)));
    o->written += (int64_t)bytes;
    return keep_first(o, o->pickled ? torch_out_write(&o->torch, data, bytes)
                                    : file_write(&o->file, data, bytes));
}

static Status finish_file(WeightsOut *o)
{
    TRY(keep_first(o, begin_data(o)));
    if (o->written != o->bytes)
        return err_set(ERR_USAGE, "weights: %s: %lld of %lld bytes were written", o->file.path,
                       (long long)o->written, (long long)o->bytes);
    if (o->pickled) TRY(torch_out_finish(&o->torch));
    return file_commit(&o->file);
}

Status weights_commit(WeightsOut *o)
{
    Status status = finish_file(o);
    weights_discard(o);
    return status;
}

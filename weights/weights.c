// weights.c - opening by content, and the list of tensors that every reader fills.
#include "weights/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/name.h"
#include "weights/reader.h"

enum { MAX_TENSORS = 1 << 20 };

// ---- which format -------------------------------------------------------------------------------

static bool starts(const Weights *w, const char *magic, size_t n)
{
    return w->bytes >= n && memcmp(w->data, magic, n) == 0;
}

// JSON text holds no byte 0; the length at the start of a safetensors file has one within 8 bytes.
static bool is_json(const Weights *w)
{
    size_t n = w->bytes < 8 ? w->bytes : 8;
    return starts(w, "{", 1) && !memchr(w->data, 0, n);
}

// What people mistake for weights, and what to do about it.
static Status unknown(const Weights *w)
{
    static const struct { const char *magic; size_t n; const char *what; } known[] = {
        { "version https://git-lfs", 23, "a pointer of git-lfs, not the file: git lfs pull" },
        { "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14,
          "torch.save's format before PyTorch 1.6: load it and save it with a newer one" },
        { "GGUF", 4, "GGUF is not read" },
        { "\x89HDF", 4, "HDF5 is not read" },
        { "<!DOCTYPE", 9, "a web page instead of the file" },
        { "<html", 5, "a web page instead of the file" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (starts(w, known[i].magic, known[i].n))
            return err_set(ERR_UNSUPPORTED, "weights: %s: %s", w->file, known[i].what);
    return err_set(ERR_FORMAT, "weights: %s: neither safetensors nor a zip of PyTorch: %zu bytes",
                   w->file, w->bytes);
}

static Status read_any(Weights *w)
{
    if (starts(w, "PK\3\4", 4)) return weights_read_torch(w);
    if (is_json(w)) return weights_read_shards(w);
    if (w->bytes > 8 && w->data[8] == '{') return weights_read_safetensors(w);
    return unknown(w);
}

// ---- the list -----------------------------------------------------------------------------------

Status weights_product(int64_t *out, const int64_t *dim, int ndim)
{
    *out = 1;
    for (int i = 0; i < ndim; i++) TRY(size_mul(out, *out, dim[i]));
    return OK;
}

static Status checked(const Weights *w, const WeightsTensor *t)
{
    int64_t n = 0, bytes = 0;
    if (strlen(t->name) >= WEIGHTS_NAME)
        return err_set(ERR_FORMAT, "weights: %s: a name of %zu bytes", w->file, strlen(t->name));
    Status status = weights_product(&n, t->dim, t->ndim);
    if (status == OK) status = size_mul(&bytes, n, (int64_t)weights_dtype_bytes(t->dtype));
    if (status != OK) return err_prefix(status, "weights: %s: %s", w->file, t->name);
    if ((size_t)bytes != t->bytes)
        return err_set(ERR_FORMAT, "weights: %s: %s: %zu bytes where its shape asks for %lld",
                       w->file, t->name, t->bytes, (long long)bytes);
    return OK;
}

Status weights_add(Weights *w, const WeightsTensor *t)
{
    TRY(checked(w, t));
    if (w->count == MAX_TENSORS)
        return err_set(ERR_FORMAT, "weights: %s: more than %d tensors", w->file, MAX_TENSORS);
    if (w->count == w->room) {
        int64_t room = w->room ? 2 * w->room : 256;
        WeightsTensor *more = realloc(w->tensor, (size_t)room * sizeof *more);
        if (!more) return err_memory("weights");
        w->tensor = more;
        w->room = room;
    }
    w->tensor[w->count++] = *t;
    return OK;
}

static int by_name(const void *a, const void *b)
{
    const WeightsTensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

Status weights_sort(Weights *w)
{
    if (w->count == 0) return err_set(ERR_FORMAT, "weights: %s: holds no tensors", w->file);
    w->sorted = malloc((size_t)w->count * sizeof *w->sorted);
    if (!w->sorted) return err_memory("weights");
    for (int64_t i = 0; i < w->count; i++) w->sorted[i] = &w->tensor[i];
    qsort(w->sorted, (size_t)w->count, sizeof *w->sorted, by_name);
    for (int64_t i = 1; i < w->count; i++)
        if (by_name(&w->sorted[i - 1], &w->sorted[i]) == 0)
            return err_set(ERR_FORMAT, "weights: %s: %s: is there twice", w->file,
                           w->sorted[i]->name);
    return OK;
}

// ---- opening and closing ------------------------------------------------------------------------

static Status read_all(Weights *w, const char *name, WeightsReader *read)
{
    w->file = arena_string(&w->arena, name);
    if (!w->file) return err_memory("weights");
    TRY(read(w));
    return weights_sort(w);
}

static Status parse(Weights **out, const void *data, size_t bytes, const char *name,
                    WeightsReader *read)
{
    *out = NULL;
    Weights *w = calloc(1, sizeof *w);
    if (!w) return err_memory("weights");
    w->data = data;
    w->bytes = bytes;
    Status status = read_all(w, name, read);
    if (status == OK) *out = w;
    else weights_close(w);
    return status;
}

Status weights_parse(Weights **out, const void *data, size_t bytes, const char *name)
{
    return parse(out, data, bytes, name, read_any);
}

Status weights_open_as(Weights **out, const char *path, WeightsReader *read)
{
    *out = NULL;
    FileMap map;
    TRY(file_map(&map, path));
    Status status = parse(out, map.data, map.size, path, read);
    if (status == OK) (*out)->map = map;
    else file_unmap(&map);
    return status;
}

Status weights_open(Weights **out, const char *path)
{
    return weights_open_as(out, path, read_any);
}

void weights_close(Weights *w)
{
    if (!w) return;
    for (int64_t i = 0; i < w->shards; i++) weights_close(w->shard[i]);
    free(w->tensor);
    free(w->sorted);
    arena_free(&w->arena);
    file_unmap(&w->map);
    free(w);
}

// ---- looking up ---------------------------------------------------------------------------------

WeightsKind weights_kind(const Weights *w)
{
    return w->kind;
}

const char *weights_kind_name(WeightsKind kind)
{
    static const char *const names[] = { "safetensors", "TorchScript", "state dict",
                                         "sharded safetensors" };
    return names[kind];
}

int64_t weights_count(const Weights *w)
{
    return w->count;
}

const WeightsTensor *weights_at(const Weights *w, int64_t i)
{
    return i >= 0 && i < w->count ? &w->tensor[i] : NULL;
}

const WeightsTensor *weights_find(const Weights *w, const char *name)
{
    int64_t low = 0, high = w->count;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        int order = strcmp(w->sorted[mid]->name, name);
        if (order == 0) return w->sorted[mid];
        if (order < 0) low = mid + 1;
        else high = mid;
    }
    return NULL;
}

const char *weights_nearest(const Weights *w, const char *name)
{
    size_t n = strlen(name);
    const char *nearest = NULL;
    int best = (int)(n < EDITS_MOST ? n : EDITS_MOST) / 3 + 1;     // further off it would not help
    for (int64_t i = 0; i < w->count && n <= EDITS_MOST; i++) {
        const char *other = w->tensor[i].name;
        size_t m = strlen(other);
        if (m > EDITS_MOST || (m > n ? m - n : n - m) >= (size_t)best) continue;
        int distance = edits_between(name, other, best, false);
        if (distance >= best) continue;
        best = distance;
        nearest = other;
    }
    return nearest;
}

const char *weights_meta(const Weights *w, const char *key)
{
    const Json *v = json_get(w->meta, key);
    return v ? v->string : NULL;
}

const char *weights_meta_key(const Weights *w, int64_t i)
{
    const Json *v = json_at(w->meta, i);
    return v ? v->key : NULL;
}

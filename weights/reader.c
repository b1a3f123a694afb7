// reader.c - a Weights: the list of tensors that a reader fills, and what is looked up in it.
#include "weights/reader.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/base/name.h"

enum { MAX_TENSORS = 1 << 20 };

// ---- the list -----------------------------------------------------------------------------------

Status reader_product(int64_t *out, const int64_t *dim, int ndim)
{
    *out = 1;
    for (int i = 0; i < ndim; i++) TRY(size_mul(out, *out, dim[i]));
    return OK;
}

static Status check_tensor(const Weights *w, const WeightsTensor *t)
{
    int64_t n = 0, bytes = 0;
    if (strlen(t->name) >= WEIGHTS_NAME)
        return err_set(ERR_FORMAT, "weights: %s: a name of %zu bytes", w->file, strlen(t->name));
    Status status = reader_product(&n, t->dim, t->ndim);
    if (status == OK) status = size_mul(&bytes, n, (int64_t)weights_dtype_bytes(t->dtype));
    if (status != OK) return err_prefix(status, "weights: %s: %s", w->file, t->name);
    if ((size_t)bytes != t->bytes)
        return err_set(ERR_FORMAT, "weights: %s: %s: %zu bytes where its shape asks for %lld",
                       w->file, t->name, t->bytes, (long long)bytes);
    return OK;
}

Status reader_add(Weights *w, const WeightsTensor *t)
{
    TRY(check_tensor(w, t));
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

static int tensor_order(const void *a, const void *b)
{
    const WeightsTensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

Status reader_sort(Weights *w)
{
    if (w->count == 0) return err_set(ERR_FORMAT, "weights: %s: holds no tensors", w->file);
    w->sorted = malloc((size_t)w->count * sizeof *w->sorted);
    if (!w->sorted) return err_memory("weights");
    for (int64_t i = 0; i < w->count; i++) w->sorted[i] = &w->tensor[i];
    qsort(w->sorted, (size_t)w->count, sizeof *w->sorted, tensor_order);
    for (int64_t i = 1; i < w->count; i++)
        if (tensor_order(&w->sorted[i - 1], &w->sorted[i]) == 0)
            return err_set(ERR_FORMAT, "weights: %s: %s: is there twice", w->file,
                           w->sorted[i]->name);
    return OK;
}

// ---- opening and closing ------------------------------------------------------------------------

static Status read_with(Weights *w, const char *name, WeightsReader *read)
{
    w->file = arena_string(&w->arena, name);
    if (!w->file) return err_memory("weights");
    TRY(read(w));
    return reader_sort(w);
}

Status reader_parse(Weights **out, const void *data, size_t bytes, const char *name,
                    WeightsReader *read)
{
    *out = NULL;
    Weights *w = calloc(1, sizeof *w);
    if (!w) return err_memory("weights");
    w->data = data;
    w->bytes = bytes;
    Status status = read_with(w, name, read);
    if (status == OK) *out = w;
    else weights_close(w);
    return status;
}

Status reader_open(Weights **out, const char *path, WeightsReader *read)
{
    *out = NULL;
    FileMap map;
    TRY(file_map(&map, path));
    Status status = reader_parse(out, map.data, map.size, path, read);
    if (status == OK) (*out)->map = map;
    else file_unmap(&map);
    return status;
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

const char *weights_class(const Weights *w, const char *module)
{
    const WeightsModule *m = w->modules;
    while (m && strcmp(m->path, module) != 0) m = m->next;
    return m ? m->class : NULL;
}

Status weights_drop_prefix(Weights *w, const char *prefix)
{
    size_t n = strlen(prefix);
    for (int64_t i = 0; i < w->count; i++)
        if (strncmp(w->tensor[i].name, prefix, n) == 0) w->tensor[i].name += n;
    for (WeightsModule *m = w->modules; m; m = m->next)
        if (strncmp(m->path, prefix, n) == 0) m->path += n;
    free(w->sorted);
    w->sorted = NULL;
    return reader_sort(w);
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

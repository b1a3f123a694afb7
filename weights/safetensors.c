// safetensors.c - reads
//
//     0      8 bytes   n, the length of the header
//     8      n bytes   {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..,
//                       "__metadata__": {"KEY": "VALUE"}}, padded with blanks
//     8 + n            the data; data_offsets count from here
//
// As in the reference implementation, tensors must cover the data without holes or overlaps.
#include <stdlib.h>
#include <string.h>

#include "weights/reader.h"

enum { MAX_HEADER = 100000000 };       // the reference's limit

typedef struct { WeightsTensor tensor; int64_t from, to; } Entry;

static Status read_shape(Entry *e, const Json *shape)
{
    if (shape->count > WEIGHTS_MAX_DIM)
        return json_error(ERR_UNSUPPORTED, shape, "%lld dimensions", (long long)shape->count);
    e->tensor.ndim = (int)shape->count;
    for (int i = 0; i < e->tensor.ndim; i++)
        TRY(json_int(&e->tensor.dim[i], &shape->item[i], 0, INT64_MAX));
    return OK;
}

static Status read_entry(Entry *e, const Json *v)
{
    const char *dtype = NULL;
    const Json *shape, *offsets;
    TRY(json_need_string(&dtype, v, "dtype"));
    TRY(json_need(&shape, v, "shape", JSON_ARRAY));
    TRY(json_need(&offsets, v, "data_offsets", JSON_ARRAY));
    if (!reader_dtype(&e->tensor.dtype, dtype))
        return json_error(ERR_UNSUPPORTED, v, "dtype %s is not read", dtype);
    if (offsets->count != 2) return json_error(ERR_FORMAT, offsets, "not two numbers");
    TRY(json_int(&e->from, &offsets->item[0], 0, INT64_MAX));
    TRY(json_int(&e->to, &offsets->item[1], e->from, INT64_MAX));
    e->tensor.name = v->key;
    e->tensor.bytes = (size_t)(e->to - e->from);
    return read_shape(e, shape);
}

static int entry_order(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

// Sorted by offset, each tensor must begin where the one before it ends.
static Status add_entries(Weights *w, Entry *entry, int64_t n, const uint8_t *data, size_t bytes)
{
    int64_t at = 0;
    qsort(entry, (size_t)n, sizeof *entry, entry_order);
    for (int64_t i = 0; i < n; i++) {
        Entry *e = &entry[i];
        if (e->from != at)
            return err_set(ERR_FORMAT, "safetensors: %s: %s: %s: starts at %lld, not at %lld",
                           w->file, e->tensor.name,
                           e->from > at ? "a hole before it" : "overlaps another",
                           (long long)e->from, (long long)at);
        if ((uint64_t)e->to > bytes)
            return err_set(ERR_FORMAT, "safetensors: %s: %s: ends at byte %lld of %zu: cut short",
                           w->file, e->tensor.name, (long long)e->to, bytes);
        e->tensor.data = data + e->from;
        TRY(reader_add(w, &e->tensor));
        at = e->to;
    }
    if ((uint64_t)at != bytes)
        return err_set(ERR_FORMAT, "safetensors: %s: %zu bytes follow the last tensor", w->file,
                       bytes - (size_t)at);
    return OK;
}

// Not used, but as in the reference the values must be strings.
static Status check_metadata(const Json *meta)
{
    TRY(json_expect(meta, JSON_OBJECT));
    for (int64_t i = 0; i < meta->count; i++) TRY(json_expect(&meta->item[i], JSON_STRING));
    return OK;
}

static Status read_entries(const Json *root, Entry *entry, int64_t *n)
{
    for (int64_t i = 0; i < root->count; i++) {
        const Json *v = &root->item[i];
        if (strcmp(v->key, "__metadata__") == 0) {
            TRY(check_metadata(v));
        } else {
            entry[*n] = (Entry){ .from = 0 };
            TRY(read_entry(&entry[(*n)++], v));
        }
    }
    return OK;
}

static Status read_header(const Json **root, Weights *w, size_t *length)
{
    uint64_t n = 0;
    if (w->bytes <= 8 || w->data[8] != '{')
        return err_set(ERR_FORMAT, "safetensors: %s: does not start with a header", w->file);
    for (int i = 7; i >= 0; i--) n = n << 8 | w->data[i];
    if (n > MAX_HEADER)
        return err_set(ERR_FORMAT, "safetensors: %s: a header of %llu bytes", w->file,
                       (unsigned long long)n);
    if (n > w->bytes - 8)
        return err_set(ERR_FORMAT, "safetensors: %s: a header of %llu bytes in a file of %zu: "
                       "cut short", w->file, (unsigned long long)n, w->bytes);
    *length = (size_t)n;
    TRY(json_parse(root, &w->arena, w->data + 8, *length, w->file));
    TRY(json_expect(*root, JSON_OBJECT));
    if ((*root)->twice)
        return err_set(ERR_FORMAT, "safetensors: %s: %s: is there twice", w->file, (*root)->twice);
    return OK;
}

Status read_safetensors(Weights *w)
{
    const Json *root;
    size_t length = 0;
    int64_t n = 0;
    w->kind = WEIGHTS_SAFETENSORS;
    TRY(read_header(&root, w, &length));
    Entry *entry = arena_take(&w->arena, (size_t)root->count * sizeof *entry);
    if (!entry) return err_memory("safetensors");
    TRY(read_entries(root, entry, &n));
    return add_entries(w, entry, n, w->data + 8 + length, w->bytes - 8 - length);
}

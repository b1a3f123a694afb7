// torch_out.c - writes a state dict as torch.save does: a zip with a pickle of protocol 2.
//
//     archive/data.pkl      {"name": _rebuild_tensor_v2(storage "0", offset 0, sizes, strides, ..)}
//     archive/byteorder     "little"
//     archive/version       "3"
//     archive/data/0        the elements of storage "0"; each tensor has its own
#include "weights/torch_out.h"

#include <stdio.h>
#include <string.h>

// ---- the pickle ---------------------------------------------------------------------------------

static void put_code(ZipOut *z, const char *code)
{
    zip_out_write(z, code, strlen(code));
}

static void put_le(ZipOut *z, uint64_t x, int bytes)
{
    uint8_t p[8];
    for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(x >> 8 * i);
    zip_out_write(z, p, (size_t)bytes);
}

static void pickle_text(ZipOut *z, const char *s)
{
    put_code(z, "X");                          // BINUNICODE
    put_le(z, strlen(s), 4);
    put_code(z, s);
}

static void pickle_number(ZipOut *z, int64_t x)
{
    bool small = x <= INT32_MAX;
    put_code(z, small ? "J" : "\x8a\x08");     // BININT; LONG1 of 8 bytes
    put_le(z, (uint64_t)x, small ? 4 : 8);
}

static void pickle_strides(ZipOut *z, const WeightsTensor *t)
{
    put_code(z, "(");
    for (int i = 0; i < t->ndim; i++) {
        int64_t stride = 1;
        for (int k = i + 1; k < t->ndim; k++) stride *= t->dim[k];
        pickle_number(z, stride);
    }
    put_code(z, "t");
}

// `(` begins a tuple and `t` ends it, `c` names a function, `R` calls it, `Q` finds a storage.
static void pickle_tensor(ZipOut *z, const WeightsTensor *t, const char *key)
{
    pickle_text(z, t->name);
    put_code(z, "ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle_text(z, "storage");
    put_code(z, "ctorch\n");
    put_code(z, reader_storage_name(t->dtype));
    put_code(z, "\n");
    pickle_text(z, key);
    pickle_text(z, "cpu");
    pickle_number(z, weights_elements(t));
    put_code(z, "tQ");
    pickle_number(z, 0);
    put_code(z, "(");
    for (int i = 0; i < t->ndim; i++) pickle_number(z, t->dim[i]);
    put_code(z, "t");
    pickle_strides(z, t);
    put_code(z, "\x89" "ccollections\nOrderedDict\n)RtR");     // needs no gradient; no hooks
}

static void pickle_all(ZipOut *z, const Weights *list)
{
    put_code(z, "\x80\x02}(");                 // protocol 2, a dict, its items
    for (int64_t i = 0; i < list->count; i++) {
        char key[24];
        snprintf(key, sizeof key, "%lld", (long long)i);
        pickle_tensor(z, &list->tensor[i], key);
    }
    put_code(z, "u.");
}

// ---- the members --------------------------------------------------------------------------------

static Status put_member(ZipOut *z, const char *name, const char *text)
{
    TRY(zip_out_begin(z, name));
    put_code(z, text);
    zip_out_end(z);
    return OK;
}

Status torch_out_begin(TorchOut *t, FileOut *file, Arena *arena, const Weights *list)
{
    *t = (TorchOut){ .zip = { .file = file, .arena = arena }, .list = list };
    for (int64_t i = 0; i < list->count; i++)
        if (!reader_storage_name(list->tensor[i].dtype))
            return err_set(ERR_UNSUPPORTED, "weights: %s: %s: PyTorch has no storage of %s",
                           file->path, list->tensor[i].name,
                           weights_dtype_name(list->tensor[i].dtype));
    TRY(zip_out_begin(&t->zip, "archive/data.pkl"));
    pickle_all(&t->zip, list);
    zip_out_end(&t->zip);
    TRY(put_member(&t->zip, "archive/byteorder", "little"));
    return put_member(&t->zip, "archive/version", "3\n");
}

// Ends the member that is full, and begins the next that has data.
static Status turn_member(TorchOut *t)
{
    char name[48];
    while (t->left == 0) {
        if (t->open) zip_out_end(&t->zip);
        t->open = t->tensor < t->list->count;
        if (!t->open) return OK;
        snprintf(name, sizeof name, "archive/data/%lld", (long long)t->tensor);
        TRY(zip_out_begin(&t->zip, name));
        t->left = t->list->tensor[t->tensor++].bytes;
    }
    return OK;
}

Status torch_out_write(TorchOut *t, const void *data, size_t bytes)
{
    for (const uint8_t *p = data; bytes > 0;) {
        TRY(turn_member(t));
        size_t n = bytes < t->left ? bytes : t->left;
        zip_out_write(&t->zip, p, n);
        t->left -= n;
        bytes -= n;
        p += n;
    }
    return t->zip.file->status;
}

Status torch_out_finish(TorchOut *t)
{
    TRY(turn_member(t));
    zip_out_finish(&t->zip);
    return t->zip.file->status;
}

// weights.c - opening by content: asks the first bytes which of the readers is meant.
#include "weights/weights.h"

#include <string.h>

#include "weights/reader.h"

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
    if (starts(w, "PK\3\4", 4)) return read_torch(w);
    if (is_json(w)) return read_shards(w);
    if (w->bytes > 8 && w->data[8] == '{') return read_safetensors(w);
    return unknown(w);
}

const char *weights_kind_name(WeightsKind kind)
{
    static const char *const names[] = { "safetensors", "TorchScript", "state dict",
                                         "sharded safetensors", "sharded state dict" };
    return names[kind];
}

// ---- opening ------------------------------------------------------------------------------------

Status weights_parse(Weights **out, const void *data, size_t bytes, const char *name)
{
    return reader_parse(out, data, bytes, name, read_any);
}

Status weights_open(Weights **out, const char *path)
{
    return reader_open(out, path, read_any);
}

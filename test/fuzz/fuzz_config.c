// fuzz_config.c - a model's configuration, and the index of its shards. The first byte says what
// the rest is:
//
//     h  config.json      o  open_clip_config.json      i  model.safetensors.index.json
//
// The index stands beside two files of safetensors, a and b, with the tensors x and y.
#include "clip/config.h"

#include "test/fuzz/put.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// No size is left that a loop or an allocation would trip over.
static void must_fit(const ClipConfig *c)
{
    const int64_t sizes[] = { c->image_size, c->patch, c->embed, c->context, c->vocab,
                              c->vision.width, c->vision.layers, c->text.width, c->text.layers };
    if (config_check(c, "x") != OK) return;
    for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes); i++)
        if (sizes[i] < 1 || sizes[i] > 1 << 24) abort();
    if (c->vision.width % c->vision.heads || c->text.width % c->text.heads) abort();
    if (c->eps < 0 || c->eps > 1 || c->eos < -1) abort();
}

static void put_shards(void)
{
    static const char *const names[] = { "a", "b" };
    static bool there;
    char path[FILE_PATH], file[200] = { 0 };
    for (int i = 0; i < 2 && !there; i++) {
        int n = snprintf(file + 8, sizeof file - 8, "{\"%c\": {\"dtype\": \"F32\", \"shape\": [1], "
                         "\"data_offsets\": [0, 4]}}", 'x' + i);
        file[0] = (char)n;
        put(path, names[i], file, 8 + (size_t)n + 4);
    }
    there = true;
}

static void open_index(const char *path)
{
    Weights *w;
    if (weights_open(&w, path) != OK) return;
    for (int64_t i = 0; i < weights_count(w); i++) {
        float x = 1;
        weights_to_f32(&x, weights_at(w, i));
    }
    weights_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FILE_PATH];
    ClipConfig c;
    if (!size) return 0;
    switch (data[0]) {
    case 'h':
        put(path, "config.json", data + 1, size - 1);
        if (config_hf(&c, put_folder) == OK) must_fit(&c);
        break;
    case 'o':
        put(path, "open_clip_config.json", data + 1, size - 1);
        if (config_open_clip(&c, put_folder) == OK) must_fit(&c);
        break;
    case 'i':
        put_shards();
        put(path, "model.safetensors.index.json", data + 1, size - 1);
        open_index(path);
    }
    return 0;
}

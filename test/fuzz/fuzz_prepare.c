// fuzz_prepare.c - what a model's files say of pictures. The first byte says what the rest is:
//
//     o  open_clip_config.json      h  preprocessor_config.json      p  processor_config.json
//     2  both of Hugging Face's, a byte 0 between them
//
// What is taken can be computed with, and comes back from what is written of it.
#include "clip/prepare.h"

#include <math.h>

#include "data/image/transform.h"
#include "test/fuzz/put.h"

enum { S = 36 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_compute(const Transform *t)
{
    static const uint8_t crop[S * S * 3] = { 255, 0, 128 };
    static float pixels[S * S * 3];
    if (transform_check(t) != OK) abort();
    transform_normalise(t, pixels, crop);
    for (int i = 0; i < S * S * 3; i++)
        if (!isfinite(pixels[i])) abort();
}

static void must_come_back(const Transform *t)
{
    char path[FILE_PATH], before[TRANSFORM_TEXT], after[TRANSFORM_TEXT];
    Transform back = transform_clip(S);
    JsonOut o = { 0 };
    bool said = false;
    prepare_put_hf(&o, t);
    put(path, "preprocessor_config.json", o.text, o.size);
    if (prepare_hf(&back, &said, put_folder) != OK || !said) abort();
    if (strcmp(transform_text(before, t), transform_text(after, &back)) != 0) abort();
    json_out_free(&o);
    unlink(path);
}

static const char *name_of(char kind)
{
    if (kind == 'o') return "open_clip_config.json";
    return kind == 'p' ? "processor_config.json" : "preprocessor_config.json";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size || !strchr("ohp2", data[0]) || !data[0]) return 0;
    const char *rest = (const char *)data + 1;
    char kind = (char)data[0], first[FILE_PATH], second[FILE_PATH] = "";
    Transform t = transform_clip(S);
    bool said = false;
    size--;
    if (kind == '2') put_part(second, "processor_config.json", &rest, &size);
    put(first, name_of(kind), rest, size);
    Status status = kind == 'o' ? prepare_open_clip(&t, &said, put_folder)
                                : prepare_hf(&t, &said, put_folder);
    unlink(first);
    if (*second) unlink(second);
    if (status != OK) return 0;
    must_compute(&t);
    must_come_back(&t);
    return 0;
}

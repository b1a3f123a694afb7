// fuzz_pt.c - zip and pickle. The CRCs of stored members are put right first, or no changed pickle
// would get past them. What opens is also converted, so that a wrong pointer is read.
#include <stdlib.h>
#include <string.h>

#include "tensor/base/inflate.h"
#include "weights/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t number(const uint8_t *p, int bytes)
{
    uint32_t x = 0;
    while (bytes-- > 0) x = x << 8 | p[bytes];
    return x;
}

// `entry` is one of the directory, 46 bytes.
static void mend(const uint8_t *file, size_t size, uint8_t *entry)
{
    size_t at = number(entry + 42, 4), n = number(entry + 24, 4);
    if (at + 30 > size) return;
    at += 30 + (size_t)number(file + at + 26, 2) + number(file + at + 28, 2);
    if (at > size || n > size - at || number(entry + 10, 2) != 0) return;
    uint32_t crc = crc32_of(0, file + at, n);
    for (int i = 0; i < 4; i++) entry[16 + i] = (uint8_t)(crc >> 8 * i);
}

static void open_and_read(const uint8_t *file, size_t size)
{
    Weights *w;
    if (weights_parse(&w, file, size, "x") != OK) return;
    for (int64_t i = 0; i < weights_count(w); i++) {
        float *f = malloc((size_t)weights_elements(weights_at(w, i)) * sizeof *f + 1);
        weights_to_f32(f, weights_at(w, i));
        free(f);
    }
    weights_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *file = malloc(size + 1);
    if (size > 0) memcpy(file + 1, data, size);            // at an odd address
    for (size_t i = 1; i + 46 <= size; i++)
        if (memcmp(file + i, "PK\1\2", 4) == 0) mend(file + 1, size, file + i);
    open_and_read(file + 1, size);
    free(file);
    return 0;
}

// fuzz_safetensors.c - the input is the header's line and the data; the length is put in front.
#include <stdlib.h>
#include <string.h>

#include "weights/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Weights *w;
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    uint8_t *file = malloc(size + 8);
    uint64_t length = end ? (uint64_t)(end - data) : size;
    for (int i = 0; i < 8; i++) file[i] = (uint8_t)(length >> 8 * i);
    if (size > 0) memcpy(file + 8, data, size);
    if (weights_parse(&w, file, size + 8, "x") == OK) weights_close(w);
    free(file);
    return 0;
}

// fuzz_pt.c - zip and pickle. What opens is also converted, so that a wrong pointer is read.
#include <stdlib.h>

#include "weights/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Weights *w;
    if (weights_parse(&w, data, size, "x") != OK) return 0;
    for (int64_t i = 0; i < weights_count(w); i++) {
        float *f = malloc((size_t)weights_elements(weights_at(w, i)) * sizeof *f + 1);
        weights_to_f32(f, weights_at(w, i));
        free(f);
    }
    weights_close(w);
    return 0;
}

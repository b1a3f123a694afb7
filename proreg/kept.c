// kept.c - one row a picture, and whether it is there.
#include "proreg/kept.h"

#include <stdlib.h>
#include <string.h>

Status kept_init(Kept *k, int64_t pictures, int64_t width)
{
    *k = (Kept){ .width = width };
    if (pictures == 0) return OK;
    k->row = malloc((size_t)(pictures * width) * sizeof *k->row);
    k->known = calloc((size_t)pictures, 1);
    if (k->row && k->known) return OK;
    kept_free(k);
    return err_memory("rows kept per picture");
}

void kept_free(Kept *k)
{
    free(k->row);
    free(k->known);
    *k = (Kept){ 0 };
}

bool kept_recall(const Kept *k, float *out, const int32_t *index, int64_t n)
{
    if (!k->known) return false;
    for (int64_t i = 0; i < n; i++)
        if (!k->known[index[i]]) return false;
    for (int64_t i = 0; i < n; i++)
        memcpy(out + i * k->width, k->row + index[i] * k->width, (size_t)k->width * sizeof *out);
    return true;
}

void kept_learn(Kept *k, const float *rows, const int32_t *index, int64_t n)
{
    for (int64_t i = 0; i < n && k->known; i++) {
        memcpy(k->row + index[i] * k->width, rows + i * k->width,
               (size_t)k->width * sizeof *rows);
        k->known[index[i]] = 1;
    }
}

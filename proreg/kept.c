// kept.c - one row per picture, and whether it is there.
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

static float *rows_on_host(const Kept *k, Tape *t, int64_t n)
{
    float *rows = arena_take(&t->host, (size_t)(n * k->width) * sizeof *rows);
    if (!rows) tape_fail(t, err_memory("rows kept per picture"));
    return rows;
}

Tensor *kept_recall(const Kept *k, Tape *t, const int32_t *index, int64_t n)
{
    if (!k->known || !index || t->status != OK) return NULL;
    for (int64_t i = 0; i < n; i++)
        if (!k->known[index[i]]) return NULL;
    float *rows = rows_on_host(k, t, n);
    for (int64_t i = 0; rows && i < n; i++)
        memcpy(rows + i * k->width, k->row + index[i] * k->width,
               (size_t)k->width * sizeof *rows);
    return rows ? tape_constant(t, 2, (int64_t[]){ n, k->width }, rows) : NULL;
}

Tensor *kept_learn(Kept *k, Tape *t, const int32_t *index, Tensor *x)
{
    if (!k->known || !index || !x) return x;
    float *rows = rows_on_host(k, t, x->dim[0]);
    if (!rows || tape_read(t, rows, x) != OK) return NULL;
    for (int64_t i = 0; i < x->dim[0]; i++) {
        memcpy(k->row + index[i] * k->width, rows + i * k->width,
               (size_t)k->width * sizeof *rows);
        k->known[index[i]] = 1;
    }
    return x;
}

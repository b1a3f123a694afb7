// encode.h - for targets that open a tokenizer: what must hold of whatever it makes of a text.
#pragma once
#include <stdlib.h>

#include "clip/bpe/bpe.h"

// No id lies outside the vocabulary, and no row ends without its end token.
static inline void encode_with(const Bpe *bpe, const char *text, size_t bytes)
{
    Arena arena = { 0 };
    int32_t *ids, row[5];
    int64_t n;
    if (bpe_encode(bpe, text, bytes, &arena, &ids, &n) == OK)
        for (int64_t i = 0; i < n; i++)
            if (ids[i] < 0 || ids[i] >= bpe_vocab(bpe)) abort();
    char *copy = arena_zero(&arena, bytes + 1);
    for (size_t i = 0; copy && i < bytes; i++) copy[i] = text[i];
    int used = 0;
    if (copy && bpe_context(bpe, copy, 5, true, &arena, row, &used) == OK)
        if (used < 2 || used > 5 || row[used - 1] != bpe_end(bpe)) abort();
    arena_free(&arena);
}

// bpe_agree.c - do the files of a tokenizer say the same? Each alone would be read without a word.
#include <string.h>

#include "clip/bpe/bpe_impl.h"

static bool is_token(const Bpe *bpe, int32_t s)
{
    const Symbol *x = &bpe->symbol[s];
    return x->added || x->id == bpe->start || x->id == bpe->end || x->id == bpe->unknown;
}

Status bpe_agree_merges(const Bpe *bpe, const char *path)
{
    Arena arena = { 0 };
    bool *made = arena_zero(&arena, (size_t)bpe->symbols * sizeof *made);
    Status status = made ? OK : err_memory("bpe");
    for (int32_t i = 0; made && i < bpe->merges; i++) made[bpe->merge[i].result] = true;
    for (int32_t s = BASE; status == OK && s < bpe->symbols; s++)
        if (bpe->symbol[s].id != NO_ID && !made[s] && !is_token(bpe, s))
            status = err_set(ERR_FORMAT, "bpe: %s: \"%.100s\" (id %d) is the result of no merge: "
                             "merges are missing", path, bpe->symbol[s].name, bpe->symbol[s].id);
    arena_free(&arena);
    return status;
}

static const Symbol *named(const Bpe *bpe, const Symbol *x)
{
    int32_t s = bpe_find(bpe, x->name, (size_t)x->length);
    return s < 0 ? NULL : &bpe->symbol[s];
}

static Status agree_ids(const Bpe *a, const Bpe *b, const char *folder)
{
    for (int32_t s = 0; s < a->symbols; s++) {
        const Symbol *x = &a->symbol[s], *y = named(b, x);
        int32_t id = y ? y->id : NO_ID;
        if (x->id != id)
            return err_set(ERR_FORMAT, "bpe: %s: vocab.json and tokenizer.json differ: \"%.100s\" "
                           "has the ids %d and %d (-1: none)", folder, x->name, x->id, id);
    }
    return OK;
}

static bool same_symbol(const Bpe *a, int32_t s, const Bpe *b, int32_t t)
{
    return strcmp(a->symbol[s].name, b->symbol[t].name) == 0;
}

static Status agree_order(const Bpe *a, const Bpe *b, const char *folder)
{
    for (int32_t i = 0; i < a->merges || i < b->merges; i++) {
        const Merge *x = &a->merge[i], *y = &b->merge[i];
        if (i < a->merges && i < b->merges && same_symbol(a, x->left, b, y->left)
            && same_symbol(a, x->right, b, y->right)) continue;
        return err_set(ERR_FORMAT, "bpe: %s: merges.txt and tokenizer.json differ from merge %d on "
                       "(%d and %d merges)", folder, i + 1, a->merges, b->merges);
    }
    return OK;
}

Status bpe_agree(const Bpe *a, const Bpe *b, const char *folder)
{
    TRY(agree_ids(a, b, folder));
    TRY(agree_ids(b, a, folder));
    return agree_order(a, b, folder);
}

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

// ---- tokenizer.json -----------------------------------------------------------------------------

static Status two_ids(const char *path, const char *name, int64_t ours, int64_t theirs)
{
    return err_set(ERR_FORMAT, "bpe: %s: vocab.json and tokenizer.json differ: \"%.100s\" has the "
                   "ids %lld and %lld (-1: none)", path, name, (long long)ours, (long long)theirs);
}

static Status agree_ids(const Bpe *bpe, const Json *vocab, const char *path, bool *seen)
{
    for (int64_t i = 0; i < vocab->count; i++) {
        const Json *v = json_at(vocab, i);
        int64_t id;
        TRY(json_int(&id, v, 0, INT32_MAX));
        int32_t s = bpe_find(bpe, v->key, strlen(v->key));
        if (s < 0 || bpe->symbol[s].id != id)
            return two_ids(path, v->key, s < 0 ? NO_ID : bpe->symbol[s].id, id);
        seen[s] = true;
    }
    for (int32_t s = 0; s < bpe->symbols; s++) {
        const Symbol *x = &bpe->symbol[s];
        if (x->id != NO_ID && !seen[s] && !x->added) return two_ids(path, x->name, x->id, NO_ID);
    }
    return OK;
}

static bool is_symbol(const Bpe *bpe, int32_t s, const char *name, size_t length)
{
    const Symbol *x = &bpe->symbol[s];
    return (size_t)x->length == length && !memcmp(x->name, name, length);
}

static Status agree_order(const Bpe *bpe, const Json *merges, const char *path)
{
    for (int64_t i = 0; i < bpe->merges || i < merges->count; i++) {
        const bool both = i < bpe->merges && i < merges->count;
        const char *field[2];
        size_t length[2];
        if (both) TRY(bpe_merge_fields(field, length, json_at(merges, i)));
        if (both && is_symbol(bpe, bpe->merge[i].left, field[0], length[0])
            && is_symbol(bpe, bpe->merge[i].right, field[1], length[1])) continue;
        return err_set(ERR_FORMAT, "bpe: %s: merges.txt and tokenizer.json differ from merge %lld "
                       "on (%d and %lld merges)", path, (long long)i + 1, bpe->merges,
                       (long long)merges->count);
    }
    return OK;
}

Status bpe_agree(const Bpe *bpe, const Json *model, const char *path)
{
    const Json *vocab, *merges;
    Arena arena = { 0 };
    TRY(json_need(&vocab, model, "vocab", JSON_OBJECT));
    TRY(json_need(&merges, model, "merges", JSON_ARRAY));
    bool *seen = arena_zero(&arena, (size_t)bpe->symbols * sizeof *seen);
    Status status = seen ? agree_ids(bpe, vocab, path, seen) : err_memory("bpe");
    arena_free(&arena);
    return status == OK ? agree_order(bpe, merges, path) : status;
}

// fuzz_bpe_added.c - tokens that a tokenizer's files add, and a text with them. The first byte says
// what the rest is:
//
//     t  tokenizer.json      c  tokenizer_config.json      i  added_tokens.json
//     n  special_tokens_map.json
//
// Behind a byte 0 follows the text.
#include <string.h>

#include "clip/bpe/bpe_impl.h"
#include "test/fuzz/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Bytes alone, and what the files add.
static Status open_added(Bpe **bpe, const Json *root, BpeAddedForm form)
{
    Status status = bpe_new(bpe);
    if (status == OK) status = bpe_number(*bpe);
    if (status == OK) status = bpe_read_added(*bpe, root, form);
    return status;
}

// Added tokens with the same id are one token in tokenizer_config.json.
static bool has_twins(const Bpe *bpe)
{
    for (int32_t i = 0; i < bpe->addeds; i++)
        for (int32_t k = 0; k < i; k++)
            if (bpe->added[i].id == bpe->added[k].id) return true;
    return false;
}

static void must_encode_equally(const Bpe *a, const Bpe *b, const char *text, size_t bytes)
{
    Arena arena = { 0 };
    int32_t *ids[2];
    int64_t n[2];
    Status status = bpe_encode(a, text, bytes, &arena, &ids[0], &n[0]);
    if (bpe_encode(b, text, bytes, &arena, &ids[1], &n[1]) != status) abort();
    if (status == OK && (n[0] != n[1] || memcmp(ids[0], ids[1], (size_t)n[0] * sizeof **ids)))
        abort();
    arena_free(&arena);
}

// What bpe_save writes of them adds the same.
static void must_come_back(const Bpe *bpe, const char *text, size_t bytes)
{
    Arena arena = { 0 };
    JsonOut o = { 0 };
    const Json *root;
    Bpe *back;
    json_out_object(&o);
    bpe_put_added(&o, bpe);
    json_out_end(&o);
    if (json_parse(&root, &arena, o.text, o.size, "x") != OK) abort();
    if (open_added(&back, root, BPE_CONFIG) != OK) abort();
    if (!has_twins(bpe)) must_encode_equally(bpe, back, text, bytes);
    bpe_close(back);
    json_out_free(&o);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char forms[] = { [BPE_TOKENIZER] = 't', [BPE_CONFIG] = 'c', [BPE_IDS] = 'i',
                                  [BPE_NAMES] = 'n' };
    const char *form = size ? memchr(forms, data[0], sizeof forms) : NULL;
    if (!form) return 0;
    const char *json = (const char *)data + 1, *zero = memchr(json, 0, size - 1);
    size_t n = zero ? (size_t)(zero - json) : size - 1;
    const char *text = zero ? zero + 1 : "";
    size_t bytes = zero ? size - 1 - n - 1 : 0;
    Arena arena = { 0 };
    const Json *root;
    Bpe *bpe = NULL;
    Status status = json_parse(&root, &arena, json, n, "x");
    if (status == OK) status = open_added(&bpe, root, (BpeAddedForm)(form - forms));
    if (status == OK) {
        encode_with(bpe, text, bytes);
        must_come_back(bpe, text, bytes);
    }
    bpe_close(bpe);
    arena_free(&arena);
    return 0;
}

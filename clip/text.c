// text.c - the text tower: a causal transformer, read where the text ends
// (Radford et al. 2019; CLIP/clip/model.py, CLIP.encode_text).
#include "clip/towers.h"

void text_declare(TextTower *x, Params *p, const ClipConfig *c)
{
    int64_t C = c->text.width;
    x->positional_embedding = params_declare(p, 2, (int64_t[]){ c->context, C },
                                             "positional_embedding");
    x->text_projection = params_declare(p, 2, (int64_t[]){ c->embed, C }, "text_projection");
    for (int64_t l = 0; l < c->text.layers; l++) {
        char name[PARAM_NAME];
        snprintf(name, sizeof name, "transformer.resblocks.%lld", (long long)l);
        block_declare(&x->blocks[l], p, c->text, c->act, c->eps, name);
    }
    x->token_embedding = params_declare(p, 2, (int64_t[]){ c->vocab, C }, "token_embedding.weight");
    layernorm_declare(&x->ln_final, p, C, c->eps, "ln_final");
}

// Where a text is read: at the first `eos` where the configuration names one, else (-1) at the
// greatest id, which in OpenAI's vocabulary is the end token's.
static int64_t end_of(const int32_t *ids, int64_t context, int64_t eos)
{
    int64_t end = 0;
    for (int64_t i = 0; i < context; i++) {
        if (eos >= 0 && ids[i] == eos) return i;
        if (eos < 0 && ids[i] > ids[end]) end = i;
    }
    return end;
}

// A batch of n texts, cut to T positions, the longest text's: nothing behind a text's end can reach
// it, as attention is causal. A prompt of ten tokens costs ten positions, not seventy-seven.
typedef struct {
    int64_t T;
    int32_t *ids;              // (n,T)
    int32_t *n_keys;           // (n,T) token i sees i + 1 keys: those before it and itself
    int32_t *end_row;          // (n) row of the end token, whose result is read
    int32_t *end_n_keys;       // (n) how many keys it sees
} Texts;

static int32_t *numbers(Tape *t, int64_t n)
{
    int32_t *x = t->status == OK ? arena_take(&t->host, (size_t)n * sizeof *x) : NULL;
    if (!x && t->status == OK) tape_fail(t, err_memory("clip"));
    return x;
}

static Texts cut_texts(Tape *t, const ClipConfig *c, const int32_t *ids, int64_t n)
{
    Texts x = { .end_row = numbers(t, n), .end_n_keys = numbers(t, n) };
    for (int64_t b = 0; b < n && t->status == OK; b++) {
        x.end_n_keys[b] = (int32_t)end_of(ids + b * c->context, c->context, c->eos) + 1;
        if (x.end_n_keys[b] > x.T) x.T = x.end_n_keys[b];
    }
    x.ids = numbers(t, n * x.T);
    x.n_keys = numbers(t, n * x.T);
    for (int64_t b = 0; b < n && t->status == OK; b++) {
        x.end_row[b] = (int32_t)(b * x.T) + x.end_n_keys[b] - 1;
        for (int64_t i = 0; i < x.T; i++) {
            x.ids[b * x.T + i] = ids[b * c->context + i];
            x.n_keys[b * x.T + i] = (int32_t)i + 1;
        }
    }
    return x;
}

Tensor *clip_text(Tape *t, const Clip *c, const int32_t *ids, int64_t n)
{
    const TextTower *tower = &c->text;
    Texts x = cut_texts(t, &c->config, ids, n);
    if (t->status != OK) return NULL;
    const Sequence seq = { x.n_keys, x.end_row, x.end_n_keys };
    Tensor *h = op_gather_each(t, tower->token_embedding, x.ids, n, x.T);     // (n,T,C)
    h = op_add_each(t, h, tape_rows(t, tower->positional_embedding, 0, x.T));
    h = blocks(t, tower->blocks, c->config.text.layers, h, &seq);             // (n,C)
    h = layernorm(t, &tower->ln_final, h);
    return op_linear(t, h, tower->text_projection, NULL, ACT_NONE);           // (n,E)
}

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

// Where a text is read: at the first `eos`, or at the greatest id, which is the end token's.
static int64_t end_of(const int32_t *ids, int64_t context, int64_t eos)
{
    int64_t end = 0;
    for (int64_t i = 0; i < context; i++) {
        if (eos >= 0 && ids[i] == eos) return i;
        if (eos < 0 && ids[i] > ids[end]) end = i;
    }
    return end;
}

// Nothing behind a text's end can reach it, as the mask is causal. So the batch is cut to its
// longest text: a prompt of ten tokens costs ten positions, not seventy-seven.
typedef struct { int64_t T; int32_t *ids, *n_keys, *read_row, *read_n_keys; } Short;

static Short shorten(Tape *t, const ClipConfig *c, const int32_t *ids, int64_t n)
{
    Short s = { 0 };
    for (int64_t b = 0; b < n; b++) {
        int64_t end = end_of(ids + b * c->context, c->context, c->eos);
        if (end + 1 > s.T) s.T = end + 1;
    }
    size_t rows = (size_t)(n * s.T), texts = (size_t)n;
    int32_t *room = arena_take(&t->host, (2 * rows + 2 * texts) * sizeof *room);
    if (!room) {
        tape_fail(t, err_memory("clip"));
        return s;
    }
    s.ids = room, s.n_keys = room + rows, s.read_row = s.n_keys + rows;
    s.read_n_keys = s.read_row + texts;
    for (int64_t b = 0; b < n; b++) {
        int64_t end = end_of(ids + b * c->context, c->context, c->eos);
        for (int64_t i = 0; i < s.T; i++) {
            s.ids[b * s.T + i] = ids[b * c->context + i];
            s.n_keys[b * s.T + i] = (int32_t)(i + 1);
        }
        s.read_row[b] = (int32_t)(b * s.T + end);
        s.read_n_keys[b] = (int32_t)(end + 1);
    }
    return s;
}

Tensor *clip_text(Tape *t, const Clip *c, const int32_t *ids, int64_t n)
{
    const TextTower *x = &c->text;
    if (t->status != OK) return NULL;
    Short s = shorten(t, &c->config, ids, n);
    const Sequence seq = { s.n_keys, s.read_row, s.read_n_keys };
    Tensor *h = op_gather_each(t, x->token_embedding, s.ids, n, s.T);     // (n,T,C)
    h = op_add_each(t, h, tape_rows(t, x->positional_embedding, 0, s.T));
    h = blocks(t, x->blocks, c->config.text.layers, h, &seq);             // (n,C)
    h = layernorm(t, &x->ln_final, h);
    return op_linear(t, h, x->text_projection, NULL, ACT_NONE);           // (n,E)
}

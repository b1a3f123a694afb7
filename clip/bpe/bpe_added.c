// bpe_added.c - tokens that were added to a vocabulary, as textual inversion does: they are found
// in a text before it is split into words. Reads how they are said, finds them, writes them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clip/bpe/bpe_impl.h"
#include "clip/bpe/clean.h"

// ---- the list --------------------------------------------------------------------------------

// OpenAI's two are found by bpe_special, in capitals too.
static bool is_own(const char *content)
{
    return strcmp(content, "<|startoftext|>") == 0 || strcmp(content, "<|endoftext|>") == 0;
}

static bool is_listed(const Bpe *bpe, const char *content)
{
    int32_t s = bpe_find(bpe, content, strlen(content));
    return s >= 0 && bpe->symbol[s].added > 0;
}

static Added *slot_of(Bpe *bpe, Symbol *symbol)
{
    if (symbol->added) return &bpe->added[symbol->added - 1];
    if (bpe->addeds == bpe->added_room) {
        int32_t room = 2 * bpe->added_room + 16;
        if (room > INT32_MAX / 4) return NULL;
        Added *more = realloc(bpe->added, (size_t)room * sizeof *more);
        if (!more) return NULL;
        bpe->added = more;
        bpe->added_room = room;
    }
    bpe->added[bpe->addeds] = (Added){ .content = NULL };
    symbol->added = ++bpe->addeds;
    return &bpe->added[bpe->addeds - 1];
}

static Status set_text(CodePoints *text, const char *content, bool cleaned)
{
    Status status = OK;
    code_points_clear(text);
    if (cleaned) status = clean_text(text, content, strlen(content));
    else utf8_decode(text, content, strlen(content));
    return status != OK || text->failed ? err_memory("bpe") : OK;
}

// Cleaning strips the white space at a text's ends, so that such a token would be another.
static Status check_added(const CodePoints *raw, const char *content, bool cleaned, const Json *v)
{
    bool blank = raw->n == 0 || unicode_class(raw->at[0]) == UNICODE_SPACE ||
                 unicode_class(raw->at[raw->n - 1]) == UNICODE_SPACE;
    if (!cleaned || !blank) return OK;
    return json_error(ERR_UNSUPPORTED, v, "added token \"%.100s\": white space at its ends: not "
                      "implemented", content);
}

// Adds or replaces one; its name gets the id. v: where it is said.
static Status add_token(Bpe *bpe, const Added *token, const Json *v)
{
    if (!*token->content) return json_error(ERR_FORMAT, v, "an added token is empty");
    int32_t s = bpe_symbol(bpe, token->content, strlen(token->content));
    if (s < 0) return err_memory("bpe");
    bpe->symbol[s].id = token->id;
    if (token->id >= bpe->vocab) bpe->vocab = token->id + 1;
    if (is_own(token->content)) return OK;
    Added *slot = slot_of(bpe, &bpe->symbol[s]);
    if (!slot) return err_memory("bpe");
    CodePoints text = slot->text;
    *slot = *token;
    slot->content = bpe->symbol[s].name;
    slot->text = text;
    TRY(set_text(&slot->text, token->content, false));
    TRY(check_added(&slot->text, token->content, token->cleaned, v));
    return token->cleaned ? set_text(&slot->text, token->content, true) : OK;
}

// ---- reading ---------------------------------------------------------------------------------

// {"content": "<x>", "lstrip": false, ..}; absent flags are transformers' AddedToken's.
static Status read_one(Bpe *bpe, const Json *v, int64_t id)
{
    Added token = { .id = (int32_t)id };
    TRY(json_need_string(&token.content, v, "content"));
    TRY(json_opt_bool(&token.special, v, "special"));
    token.cleaned = !token.special;
    TRY(json_opt_bool(&token.cleaned, v, "normalized"));
    TRY(json_opt_bool(&token.single_word, v, "single_word"));
    TRY(json_opt_bool(&token.lstrip, v, "lstrip"));
    TRY(json_opt_bool(&token.rstrip, v, "rstrip"));
    return add_token(bpe, &token, v);
}

// added_tokens of tokenizer.json
static Status read_list(Bpe *bpe, const Json *list)
{
    for (int64_t i = 0; list && list->type == JSON_ARRAY && i < list->count; i++) {
        int64_t id;
        TRY(json_need_int(&id, json_at(list, i), "id", 0, INT32_MAX / 4));
        TRY(read_one(bpe, json_at(list, i), id));
    }
    return OK;
}

// added_tokens_decoder of tokenizer_config.json: {"49408": {"content": "<x>", ..}}
static Status read_decoder(Bpe *bpe, const Json *map)
{
    for (int64_t i = 0; i < map->count; i++) {
        char *end;
        const Json *v = json_at(map, i);
        long id = strtol(v->key, &end, 10);
        if (end == v->key || *end || id < 0 || id > INT32_MAX / 4)
            return json_error(ERR_FORMAT, v, "its key is not an id");
        TRY(read_one(bpe, v, id));
    }
    return OK;
}

// added_tokens.json: {"<x>": 49408}
static Status read_ids(Bpe *bpe, const Json *map)
{
    for (int64_t i = 0; i < map->count; i++) {
        const Json *v = json_at(map, i);
        int64_t id;
        TRY(json_int(&id, v, 0, INT32_MAX / 4));
        if (is_listed(bpe, v->key)) continue;  // with its flags, by another file
        const Added token = { .content = v->key, .id = (int32_t)id, .cleaned = true };
        TRY(add_token(bpe, &token, v));
    }
    return OK;
}

// A special token by name: as it stands in the vocabulary, else behind it.
static Status read_name(Bpe *bpe, const Json *v)
{
    if (v && v->type == JSON_OBJECT) v = json_get(v, "content");
    if (!v || v->type != JSON_STRING) return OK;
    if (is_own(v->string) || is_listed(bpe, v->string)) return OK;
    int32_t s = bpe_find(bpe, v->string, strlen(v->string));
    int32_t id = s < 0 ? NO_ID : bpe->symbol[s].id;
    const Added token = { .content = v->string, .special = true,
                          .id = id == NO_ID ? bpe->vocab : id };
    return add_token(bpe, &token, v);
}

static Status read_names(Bpe *bpe, const Json *map)
{
    static const char *const keys[] = { "bos_token", "eos_token", "unk_token", "pad_token" };
    static const char *const lists[] = { "additional_special_tokens", "extra_special_tokens" };
    for (int i = 0; i < 4; i++) TRY(read_name(bpe, json_get(map, keys[i])));
    for (int i = 0; i < 2; i++) {
        const Json *list = json_get(map, lists[i]);
        for (int64_t k = 0; list && list->type == JSON_ARRAY && k < list->count; k++)
            TRY(read_name(bpe, json_at(list, k)));
    }
    return OK;
}

// Those that are found in the uncleaned text first; by their characters, a token before what it
// begins; of equal ones the first.
static int by_characters(const void *a, const void *b)
{
    const Added *x = *(const Added *const *)a, *y = *(const Added *const *)b;
    if (x->cleaned != y->cleaned) return x->cleaned ? 1 : -1;
    for (size_t i = 0; i < x->text.n && i < y->text.n; i++)
        if (x->text.at[i] != y->text.at[i]) return x->text.at[i] < y->text.at[i] ? -1 : 1;
    if (x->text.n != y->text.n) return x->text.n < y->text.n ? -1 : 1;
    return (x > y) - (x < y);
}

static Status sort_added(Bpe *bpe)
{
    if (bpe->addeds == 0) return OK;
    const Added **order = realloc(bpe->added_order, (size_t)bpe->addeds * sizeof *order);
    if (!order) return err_memory("bpe");
    bpe->added_order = order;
    bpe->added_plain = 0;
    for (int32_t i = 0; i < bpe->addeds; i++) {
        order[i] = &bpe->added[i];
        bpe->added_plain += !bpe->added[i].cleaned;
    }
    qsort(order, (size_t)bpe->addeds, sizeof *order, by_characters);
    return OK;
}

static Status read_added(Bpe *bpe, const Json *root, BpeAddedForm form)
{
    const Json *decoder = json_get(root, "added_tokens_decoder");
    switch (form) {
    case BPE_TOKENIZER: return read_list(bpe, json_get(root, "added_tokens"));
    case BPE_IDS: return root->type == JSON_OBJECT ? read_ids(bpe, root) : OK;
    case BPE_CONFIG:
        return decoder && decoder->type == JSON_OBJECT ? read_decoder(bpe, decoder) : OK;
    case BPE_NAMES: return read_names(bpe, root);
    }
    return OK;
}

Status bpe_read_added(Bpe *bpe, const Json *root, BpeAddedForm form)
{
    Status status = read_added(bpe, root, form);
    return status == OK ? sort_added(bpe) : status;
}

// ---- finding ---------------------------------------------------------------------------------

// transformers' tokenizers (Rust, added_vocabulary.rs): at the leftmost place the longest token;
// one that must be a word by itself and is not is passed over as a whole.

// The first of the tokens at..end, which agree before `depth`, whose character there is not below
// c; a token that ends before is below all.
static int32_t first_token_from(const Bpe *bpe, int32_t at, int32_t end, size_t depth, uint32_t c)
{
    while (at < end) {
        int32_t middle = at + (end - at) / 2;
        const CodePoints *token = &bpe->added_order[middle]->text;
        if (token->n <= depth || token->at[depth] < c) at = middle + 1;
        else end = middle;
    }
    return at;
}

static const Added *longest_at(const Bpe *bpe, const CodePoints *text, size_t i, bool cleaned)
{
    const Added *best = NULL;
    int32_t at = cleaned ? bpe->added_plain : 0, end = cleaned ? bpe->addeds : bpe->added_plain;
    for (size_t depth = 0; i + depth < text->n; depth++) {
        const uint32_t c = text->at[i + depth];
        at = first_token_from(bpe, at, end, depth, c);
        end = first_token_from(bpe, at, end, depth, c + 1);
        if (at == end) break;
        if (bpe->added_order[at]->text.n == depth + 1) best = bpe->added_order[at];
    }
    return best;
}

static bool in_word(uint32_t c)
{
    UnicodeClass class = unicode_class(c);
    return class == UNICODE_LETTER || class == UNICODE_NUMBER || c == '_';
}

static bool is_alone(const CodePoints *text, size_t from, size_t to)
{
    return (from == 0 || !in_word(text->at[from - 1])) &&
           (to == text->n || !in_word(text->at[to]));
}

const Added *bpe_next_added(const Bpe *bpe, const CodePoints *text, bool cleaned, size_t at,
                            size_t *from, size_t *to)
{
    for (size_t i = at; i < text->n;) {
        const Added *a = longest_at(bpe, text, i, cleaned);
        *from = i;
        *to = i += a ? a->text.n : 1;
        if (!a || (a->single_word && !is_alone(text, *from, *to))) continue;
        while (a->lstrip && *from > at && unicode_class(text->at[*from - 1]) == UNICODE_SPACE)
            --*from;
        while (a->rstrip && *to < text->n && unicode_class(text->at[*to]) == UNICODE_SPACE) ++*to;
        return a;
    }
    return NULL;
}

// ---- writing ---------------------------------------------------------------------------------

void bpe_put_added(JsonOut *o, const Bpe *bpe)
{
    if (bpe->addeds == 0) return;
    json_put_object(o, "added_tokens_decoder");
    for (int32_t i = 0; i < bpe->addeds; i++) {
        const Added *a = &bpe->added[i];
        char id[16];
        snprintf(id, sizeof id, "%d", a->id);
        json_put_object(o, id);
        json_put_string(o, "content", a->content);
        json_put_bool(o, "lstrip", a->lstrip);
        json_put_bool(o, "normalized", a->cleaned);
        json_put_bool(o, "rstrip", a->rstrip);
        json_put_bool(o, "single_word", a->single_word);
        json_put_bool(o, "special", a->special);
        json_out_end(o);
    }
    json_out_end(o);
}

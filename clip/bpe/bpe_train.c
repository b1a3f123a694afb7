// bpe_train.c - learns merges from text (Sennrich et al. 2016, algorithm 1).
//
// Each distinct word is kept once, with its count. Each pair of neighbours has a count and a list
// of the words it was ever seen in, so a merge visits only those. The next pair is found by a
// linear scan of all counts, which lie side by side.
//
// No two merges make the same symbol: the bytes between two symbol boundaries that remain are split
// in the same way in every word, as all merges so far fell inside.
#include <stdlib.h>
#include <string.h>

#include "clip/bpe/bpe.h"
#include "clip/bpe/bpe_impl.h"
#include "clip/bpe/clean.h"

typedef struct {
    int32_t *symbol;                 // [length]
    int32_t length;
    int64_t times;
} Text;                              // a word

typedef struct {
    int32_t left, right;
    int32_t *word;                   // [words]: those that hold it or held it
    int32_t words, room;
} Pair;

typedef struct {
    Arena memory;                    // of all arrays; a grown array's old memory is not reused
    Bpe *bpe;
    Text *word;
    int32_t words, word_room;
    int32_t *by_text;                // words by their symbols; -1: empty
    Pair *pair;
    int64_t *count;                  // of each pair; -1: it is merged
    int32_t pairs, pair_room;
    int32_t *by_pair;
} Learner;

// ---- memory ----------------------------------------------------------------------------------

// Moves n items to an array of twice the size, at least 16. NULL: out of memory.
static void *grow_array(Arena *a, const void *old, int32_t n, int32_t *room, size_t item)
{
    if (n > INT32_MAX / 8) return NULL;
    *room = n < 8 ? 16 : 2 * n;
    void *p = arena_take(a, (size_t)*room * item);
    if (p && n) memcpy(p, old, (size_t)n * item);
    return p;
}

static int32_t *empty_slots(Arena *a, int32_t room)            // of twice as many places, all -1
{
    size_t bytes = 2 * (size_t)room * sizeof(int32_t);
    int32_t *table = arena_take(a, bytes);
    return table ? memset(table, 0xff, bytes) : NULL;
}

static size_t hash_step(uint64_t h, int32_t x)
{
    h = (h ^ (uint32_t)x) * 0x9e3779b97f4a7c15u;
    return (size_t)(h ^ h >> 32);
}

// ---- words -----------------------------------------------------------------------------------

static size_t text_slot(const Learner *l, const int32_t *symbol, int32_t length)
{
    size_t h = 0, mask = 2 * (size_t)l->word_room - 1;
    for (int32_t i = 0; i < length; i++) h = hash_step(h, symbol[i]);
    for (h &= mask; l->by_text[h] >= 0; h = (h + 1) & mask) {
        const Text *t = &l->word[l->by_text[h]];
        size_t bytes = (size_t)length * sizeof *symbol;
        if (t->length == length && memcmp(t->symbol, symbol, bytes) == 0) break;
    }
    return h;
}

static bool grow_words(Learner *l)
{
    l->word = grow_array(&l->memory, l->word, l->words, &l->word_room, sizeof *l->word);
    if (!l->word || !(l->by_text = empty_slots(&l->memory, l->word_room))) return false;
    for (int32_t i = 0; i < l->words; i++)
        l->by_text[text_slot(l, l->word[i].symbol, l->word[i].length)] = i;
    return true;
}

static bool add_word(Learner *l, const CodePoints *text, size_t from, size_t to)
{
    ArenaMark mark = arena_mark(&l->memory);
    int32_t *symbol = arena_take(&l->memory, 4 * (to - from) * sizeof *symbol), n = 0;
    if (!symbol) return false;
    for (size_t i = from; i < to; i++) {
        uint8_t bytes[4];
        int count = utf8_put(bytes, text->at[i]);
        for (int k = 0; k < count; k++) symbol[n++] = bpe_byte(bytes[k]);
    }
    symbol[n - 1] += BYTES;
    size_t slot = l->words ? text_slot(l, symbol, n) : 0;
    if (l->words && l->by_text[slot] >= 0) {
        l->word[l->by_text[slot]].times++;
        arena_release(&l->memory, mark);
        return true;
    }
    if (l->words == l->word_room && !grow_words(l)) return false;
    l->by_text[text_slot(l, symbol, n)] = l->words;
    l->word[l->words++] = (Text){ symbol, n, 1 };
    return true;
}

static Status add_line(Learner *l, const char *line, size_t bytes)
{
    CodePoints text = { 0 };
    Status status = clean_text(&text, line, bytes);
    if (status == OK && text.n > INT32_MAX / 64)
        status = err_set(ERR_UNSUPPORTED, "bpe: a line of %zu characters", text.n);
    for (size_t i = 0, from; status == OK && bpe_word(&text, &i, &from);)
        if (bpe_special(&text, from, i) == BPE_WORD && !add_word(l, &text, from, i))
            status = err_memory("bpe");
    code_points_free(&text);
    return status;
}

static Status add_lines(Learner *l, const char *text, size_t bytes)
{
    for (size_t i = 0, n; i < bytes; i += n + 1) {
        const char *stop = memchr(text + i, '\n', bytes - i);
        n = stop ? (size_t)(stop - (text + i)) : bytes - i;
        TRY(add_line(l, text + i, n));
    }
    return OK;
}

// ---- pairs -----------------------------------------------------------------------------------

static size_t count_slot(const Learner *l, int32_t left, int32_t right)
{
    size_t mask = 2 * (size_t)l->pair_room - 1;
    size_t h = hash_step(hash_step(0, left), right) & mask;
    for (; l->by_pair[h] >= 0; h = (h + 1) & mask) {
        const Pair *p = &l->pair[l->by_pair[h]];
        if (p->left == left && p->right == right) break;
    }
    return h;
}

static bool grow_pairs(Learner *l)
{
    int32_t room;
    l->count = grow_array(&l->memory, l->count, l->pairs, &room, sizeof *l->count);
    l->pair = grow_array(&l->memory, l->pair, l->pairs, &l->pair_room, sizeof *l->pair);
    l->by_pair = empty_slots(&l->memory, l->pair_room);
    if (!l->count || !l->pair || !l->by_pair) return false;
    for (int32_t i = 0; i < l->pairs; i++)
        l->by_pair[count_slot(l, l->pair[i].left, l->pair[i].right)] = i;
    return true;
}

static bool count_pair(Learner *l, int32_t left, int32_t right, int32_t word, int64_t times)
{
    if (l->pairs == l->pair_room && !grow_pairs(l)) return false;
    size_t slot = count_slot(l, left, right);
    int32_t i = l->by_pair[slot];
    if (i < 0) {
        i = l->by_pair[slot] = l->pairs++;
        l->pair[i] = (Pair){ left, right, NULL, 0, 0 };
        l->count[i] = 0;
    }
    if (l->count[i] >= 0) l->count[i] += times;
    Pair *p = &l->pair[i];
    if (times < 0 || (p->words && p->word[p->words - 1] == word)) return true;
    if (p->words == p->room)
        p->word = grow_array(&l->memory, p->word, p->words, &p->room, sizeof *p->word);
    if (!p->word) return false;
    p->word[p->words++] = word;
    return true;
}

// Adds sign times the word's pairs. A word is appended to a pair's list each time it is counted
// again, which happens once per merge inside it.
static bool count_word(Learner *l, int32_t word, int sign)
{
    Text t = l->word[word];
    for (int32_t i = 0; i + 1 < t.length; i++)
        if (!count_pair(l, t.symbol[i], t.symbol[i + 1], word, sign * t.times)) return false;
    return true;
}

// ---- learning --------------------------------------------------------------------------------

static bool comes_first(const Pair *a, const Pair *b)
{
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

// The pair to merge next; -1: none occurs twice.
static int32_t best_pair(const Learner *l)
{
    int64_t most = 1;
    int32_t best = -1;
    for (int32_t i = 0; i < l->pairs; i++) {
        if (l->count[i] < most || l->count[i] < 2) continue;
        if (l->count[i] == most && !comes_first(&l->pair[i], &l->pair[best])) continue;
        most = l->count[i];
        best = i;
    }
    return best;
}

static bool holds(const Text *t, const Merge *m)
{
    for (int32_t i = 0; i + 1 < t->length; i++)
        if (t->symbol[i] == m->left && t->symbol[i + 1] == m->right) return true;
    return false;
}

static void merge_in(Text *t, const Merge *m)
{
    int32_t n = 0;
    for (int32_t i = 0; i < t->length; i++) {
        bool here = t->symbol[i] == m->left && i + 1 < t->length && t->symbol[i + 1] == m->right;
        t->symbol[n++] = here ? m->result : t->symbol[i];
        i += here;
    }
    t->length = n;
}

static bool merge_words(Learner *l, const int32_t *word, int32_t n, Merge m)
{
    for (int32_t i = 0; i < n; i++) {
        if (!holds(&l->word[word[i]], &m)) continue;
        if (!count_word(l, word[i], -1)) return false;
        merge_in(&l->word[word[i]], &m);
        if (!count_word(l, word[i], 1)) return false;
    }
    return true;
}

static Status learn_merges(Learner *l, int64_t vocab)
{
    Bpe *bpe = l->bpe;
    for (int32_t i = 0; i < l->words; i++)
        if (!count_word(l, i, 1)) return err_memory("bpe");
    while (BASE + SPECIALS + bpe->merges < vocab) {
        int32_t best = best_pair(l);
        if (best < 0) break;
        Pair p = l->pair[best];                // a copy: the array may move, its list stays
        l->count[best] = -1;
        TRY(bpe_merge(bpe, p.left, p.right));
        if (!merge_words(l, p.word, p.words, bpe->merge[bpe->merges - 1])) return err_memory("bpe");
    }
    return bpe_number(bpe);
}

Status bpe_train(Bpe **out, const char *text, size_t bytes, int64_t vocab)
{
    *out = NULL;
    if (vocab < BASE + SPECIALS || vocab > INT32_MAX / 4)
        return err_set(ERR_USAGE, "bpe: a vocabulary of %lld is not one of %d..%d",
                       (long long)vocab, BASE + SPECIALS, INT32_MAX / 4);
    Learner l = { 0 };
    TRY(bpe_new(&l.bpe));
    Status status = add_lines(&l, text, bytes);
    if (status == OK) status = learn_merges(&l, vocab);
    if (status == OK) *out = l.bpe;
    else bpe_close(l.bpe);
    arena_free(&l.memory);
    return status;
}

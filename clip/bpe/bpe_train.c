// bpe_train.c - learns merges from text (Sennrich et al. 2016, algorithm 1).
//
// Each distinct word is kept once, with its count; the symbols of all words are one list, linked
// both ways. Each pair of neighbours has a count and a list of the places where it ever stood, so a
// merge visits only those and changes only the counts beside them. The next pair comes from a heap;
// an entry whose count has fallen since is put back with the count that it has now.
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
    int32_t *place;                  // [places]: those where it stands or stood
    int32_t places, room;
    int32_t grown_by;                // the merge that added to it last
} Pair;

typedef struct { int64_t count; int32_t pair; } Entry;

typedef struct {
    Arena memory;                    // of all arrays; a grown array's old memory is not reused
    Bpe *bpe;
    Text *word;
    int32_t words, word_room;
    int32_t *by_text;                // words by their symbols; -1: empty
    int32_t *symbol, *before, *behind, *of;    // [places]: symbol, -1 once merged away; neighbours,
                                               // -1: none; word
    Pair *pair;
    int64_t *count;                  // of each pair; -1: it is merged
    int32_t pairs, pair_room;
    int32_t *by_pair;
    int32_t *grown;                  // pairs that this merge has added to
    int32_t growns, grown_room;
    Entry *heap;                     // the greatest first
    int32_t heaped, heap_room;
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

static bool add_place(Learner *l, int32_t i, int32_t place)
{
    Pair *p = &l->pair[i];
    if (p->places == p->room)
        p->place = grow_array(&l->memory, p->place, p->places, &p->room, sizeof *p->place);
    if (!p->place) return false;
    p->place[p->places++] = place;
    if (p->grown_by == l->bpe->merges) return true;
    p->grown_by = l->bpe->merges;
    if (l->growns == l->grown_room)
        l->grown = grow_array(&l->memory, l->grown, l->growns, &l->grown_room, sizeof *l->grown);
    if (!l->grown) return false;
    l->grown[l->growns++] = i;
    return true;
}

// The pair that begins at a place; a merged one is counted no more.
static bool count_pair(Learner *l, int32_t place, int sign)
{
    if (l->pairs == l->pair_room && !grow_pairs(l)) return false;
    const int32_t left = l->symbol[place], right = l->symbol[l->behind[place]];
    size_t slot = count_slot(l, left, right);
    int32_t i = l->by_pair[slot];
    if (i < 0) {
        i = l->by_pair[slot] = l->pairs++;
        l->pair[i] = (Pair){ left, right, NULL, 0, 0, -1 };
        l->count[i] = 0;
    }
    if (l->count[i] < 0) return true;
    l->count[i] += sign * l->word[l->of[place]].times;
    return sign < 0 || add_place(l, i, place);
}

// ---- the heap --------------------------------------------------------------------------------

static bool comes_first(const Pair *a, const Pair *b)
{
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static bool above(const Learner *l, Entry a, Entry b)
{
    return a.count != b.count ? a.count > b.count : comes_first(&l->pair[a.pair], &l->pair[b.pair]);
}

static bool push(Learner *l, Entry e)
{
    if (e.count < 2) return true;
    if (l->heaped == l->heap_room)
        l->heap = grow_array(&l->memory, l->heap, l->heaped, &l->heap_room, sizeof *l->heap);
    if (!l->heap) return false;
    int32_t i = l->heaped++;
    for (; i > 0 && above(l, e, l->heap[(i - 1) / 2]); i = (i - 1) / 2)
        l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = e;
    return true;
}

static Entry pop(Learner *l)
{
    const Entry top = l->heap[0], last = l->heap[--l->heaped];
    int32_t i = 0;
    for (int32_t k; (k = 2 * i + 1) < l->heaped; i = k) {
        if (k + 1 < l->heaped && above(l, l->heap[k + 1], l->heap[k])) k++;
        if (!above(l, l->heap[k], last)) break;
        l->heap[i] = l->heap[k];
    }
    l->heap[i] = last;
    return top;
}

// The pair to merge next; -1: none occurs twice. There is room for what has just been taken off.
static int32_t best_pair(Learner *l)
{
    while (l->heaped > 0) {
        const Entry e = pop(l);
        const int64_t now = l->count[e.pair];
        if (now == e.count) return e.pair;
        if (now < e.count) push(l, (Entry){ now, e.pair });
    }
    return -1;
}

// ---- learning --------------------------------------------------------------------------------

static bool lay_out_words(Learner *l)
{
    int64_t places = 0;
    for (int32_t i = 0; i < l->words; i++) places += l->word[i].length;
    if (places > INT32_MAX / 8) return false;
    int32_t *at = arena_take(&l->memory, 4 * (size_t)(places + 1) * sizeof *at), k = 0;
    if (!at) return false;
    l->symbol = at;
    l->before = at + places;
    l->behind = at + 2 * places;
    l->of = at + 3 * places;
    for (int32_t i = 0; i < l->words; i++)
        for (int32_t n = l->word[i].length, j = 0; j < n; j++, k++) {
            l->symbol[k] = l->word[i].symbol[j];
            l->before[k] = j > 0 ? k - 1 : -1;
            l->behind[k] = j + 1 < n ? k + 1 : -1;
            l->of[k] = i;
        }
    for (int32_t i = 0; i < k; i++)
        if (l->behind[i] >= 0 && !count_pair(l, i, 1)) return false;
    return true;
}

// The pairs whose counts have grown become entries of the heap.
static bool push_grown(Learner *l)
{
    for (int32_t i = 0; i < l->growns; i++)
        if (!push(l, (Entry){ l->count[l->grown[i]], l->grown[i] })) return false;
    l->growns = 0;
    return true;
}

// Merges the pair at a place, if it still stands there.
static bool merge_here(Learner *l, int32_t place, const Merge *m)
{
    const int32_t second = l->behind[place];
    if (l->symbol[place] != m->left || second < 0 || l->symbol[second] != m->right) return true;
    const int32_t left = l->before[place], right = l->behind[second];
    if (left >= 0 && !count_pair(l, left, -1)) return false;
    if (right >= 0 && !count_pair(l, second, -1)) return false;
    l->symbol[place] = m->result;
    l->symbol[second] = -1;
    l->behind[place] = right;
    if (right >= 0) l->before[right] = place;
    return (left < 0 || count_pair(l, left, 1)) && (right < 0 || count_pair(l, place, 1));
}

static int by_place_number(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

// From left to right in each word: of `aaa` the first two are merged.
static bool merge_pair(Learner *l, Pair p, Merge m)
{
    if (p.left == p.right) qsort(p.place, (size_t)p.places, sizeof *p.place, by_place_number);
    for (int32_t i = 0; i < p.places; i++)
        if (!merge_here(l, p.place[i], &m)) return false;
    return push_grown(l);
}

static Status learn_merges(Learner *l, int64_t vocab)
{
    Bpe *bpe = l->bpe;
    if (!lay_out_words(l) || !push_grown(l)) return err_memory("bpe");
    while (BASE + SPECIALS + bpe->merges < vocab) {
        int32_t best = best_pair(l);
        if (best < 0) break;
        const Pair p = l->pair[best];          // a copy: the array may move, its list stays
        l->count[best] = -1;
        TRY(bpe_merge(bpe, p.left, p.right));
        if (!merge_pair(l, p, bpe->merge[bpe->merges - 1])) return err_memory("bpe");
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

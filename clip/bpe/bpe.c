// bpe.c - words, and the encoding of a text with symbols and merges.
#include "clip/bpe/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "clip/bpe/bpe_impl.h"
#include "clip/bpe/clean.h"

// ---- words -----------------------------------------------------------------------------------

// Does this word stand at i, ignoring case (the long s folds to s)?
static bool goes_on(const CodePoints *text, size_t i, const char *word)
{
    for (; *word; word++, i++) {
        if (i >= text->n) return false;
        uint32_t c = text->at[i];
        if (c == 0x17f) c = 's';
        if (c >= 'A' && c <= 'Z') c += 32;
        if (c != (uint8_t)*word) return false;
    }
    return true;
}

// Characters of the special token or contraction at i; 0: none.
static size_t fixed_word(const CodePoints *text, size_t i)
{
    static const char *const words[] = { "<|startoftext|>", "<|endoftext|>",
                                         "'s", "'t", "'re", "'ve", "'m", "'ll", "'d" };
    if (text->at[i] != '<' && text->at[i] != '\'') return 0;
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        if (goes_on(text, i, words[k])) return strlen(words[k]);
    return 0;
}

// The combining iota below is not a letter, but its capital is one. The reference's pattern ignores
// case and matches it neither as a letter nor as anything else: like white space, it is in no word.
static UnicodeClass word_class(uint32_t c)
{
    return c == 0x345 ? UNICODE_SPACE : unicode_class(c);
}

bool bpe_word(const CodePoints *text, size_t *i, size_t *from)
{
    while (*i < text->n && word_class(text->at[*i]) == UNICODE_SPACE) ++*i;
    if (*i == text->n) return false;
    *from = *i;
    *i += fixed_word(text, *i);
    if (*i > *from) return true;
    UnicodeClass class = word_class(text->at[(*i)++]);
    while (class != UNICODE_NUMBER && *i < text->n && word_class(text->at[*i]) == class) ++*i;
    return true;
}

static bool is_exactly(const CodePoints *text, size_t from, size_t to, const char *word)
{
    size_t n = strlen(word), i = 0;
    if (to - from != n) return false;
    while (i < n && text->at[from + i] == (uint8_t)word[i]) i++;
    return i == n;
}

BpeSpecial bpe_special(const CodePoints *text, size_t from, size_t to)
{
    if (is_exactly(text, from, to, "<|startoftext|>")) return BPE_START;
    return is_exactly(text, from, to, "<|endoftext|>") ? BPE_END : BPE_WORD;
}

// ---- merging a word --------------------------------------------------------------------------

// A word is a linked list of symbols at places 0..n-1. A place whose symbol was merged into the one
// before it is dead. Pairs that may be merged wait in a heap, by rank, then by place; an entry may
// be stale, which its pair, looked up again, tells. So a word of n bytes costs O(n log n).
typedef struct {
    const Bpe *bpe;
    int32_t *symbol, *before, *after;    // -1: dead, none, none
    uint64_t *heap;                      // rank << 32 | place
    size_t waiting;
    int32_t *fresh;                      // places whose pairs this round made
    size_t made;
} Word;

static void heap_add(Word *w, uint64_t entry)
{
    size_t i = w->waiting++;
    for (; i && w->heap[(i - 1) / 2] > entry; i = (i - 1) / 2) w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = entry;
}

static uint64_t heap_take(Word *w)
{
    uint64_t least = w->heap[0], last = w->heap[--w->waiting];
    size_t i = 0;
    for (size_t k; (k = 2 * i + 1) < w->waiting; i = k) {
        if (k + 1 < w->waiting && w->heap[k + 1] < w->heap[k]) k++;
        if (w->heap[k] >= last) break;
        w->heap[i] = w->heap[k];
    }
    w->heap[i] = last;
    return least;
}

static int32_t rank_at(const Word *w, int32_t i)               // of the pair that begins at i
{
    if (w->symbol[i] < 0 || w->after[i] < 0) return -1;
    return bpe_rank(w->bpe, w->symbol[i], w->symbol[w->after[i]]);
}

static void wait_at(Word *w, int32_t i)
{
    int32_t rank = rank_at(w, i);
    if (rank >= 0) heap_add(w, (uint64_t)rank << 32 | (uint32_t)i);
}

static void merge_at(Word *w, int32_t rank, int32_t i)
{
    if (rank_at(w, i) != rank) return;
    int32_t gone = w->after[i], next = w->after[gone];
    w->symbol[i] = w->bpe->merge[rank].result;
    w->symbol[gone] = -1;
    w->after[i] = next;
    if (next >= 0) w->before[next] = i;
    if (w->before[i] >= 0) w->fresh[w->made++] = w->before[i];
    w->fresh[w->made++] = i;
}

// A round merges one pair wherever it occurs. New pairs wait for the next round, even if one has a
// lower rank, as in the reference.
static void merge_all(Word *w, int32_t n)
{
    for (int32_t i = 0; i + 1 < n; i++) wait_at(w, i);
    while (w->waiting) {
        int32_t rank = (int32_t)(w->heap[0] >> 32);
        w->made = 0;
        while (w->waiting && (int32_t)(w->heap[0] >> 32) == rank)
            merge_at(w, rank, (int32_t)(uint32_t)heap_take(w));
        for (size_t k = 0; k < w->made; k++) wait_at(w, w->fresh[k]);
    }
}

static int32_t load_word(Word *w, const CodePoints *text, size_t from, size_t to)
{
    int32_t n = 0;
    for (size_t i = from; i < to; i++) {
        uint8_t bytes[4];
        int count = utf8_put(bytes, text->at[i]);
        for (int k = 0; k < count; k++, n++) {
            w->symbol[n] = bpe_byte(bytes[k]);
            w->before[n] = n - 1;
            w->after[n] = n + 1;
        }
    }
    w->symbol[n - 1] += BYTES;
    w->after[n - 1] = -1;
    return n;
}

static int64_t encode_word(Word *w, const CodePoints *text, size_t from, size_t to, int32_t *ids)
{
    BpeSpecial special = bpe_special(text, from, to);
    if (special != BPE_WORD) {
        ids[0] = special == BPE_START ? w->bpe->start : w->bpe->end;
        return 1;
    }
    merge_all(w, load_word(w, text, from, to));
    int64_t n = 0;
    for (int32_t i = 0; i >= 0; i = w->after[i]) {
        int32_t id = w->bpe->symbol[w->symbol[i]].id;
        ids[n++] = id == NO_ID ? w->bpe->unknown : id;
    }
    return n;
}

// ---- encoding --------------------------------------------------------------------------------

// Room for a word of n bytes: each merge may add two pairs to the n - 1 of the start.
static bool word_take(Word *w, Arena *a, size_t n)
{
    w->symbol = arena_take(a, n * sizeof *w->symbol);
    w->before = arena_take(a, n * sizeof *w->before);
    w->after = arena_take(a, n * sizeof *w->after);
    w->heap = arena_take(a, 3 * n * sizeof *w->heap);
    w->fresh = arena_take(a, 2 * n * sizeof *w->fresh);
    return w->symbol && w->before && w->after && w->heap && w->fresh;
}

static Status encode_cleaned(const Bpe *bpe, const CodePoints *text, Arena *a, int32_t **ids,
                             int64_t *n)
{
    size_t bytes = 0, from;
    for (size_t i = 0; i < text->n; i++) bytes += (size_t)utf8_put((uint8_t[4]){ 0 }, text->at[i]);
    if (bytes > INT32_MAX / 4) return err_set(ERR_UNSUPPORTED, "bpe: text of %zu bytes", bytes);
    *ids = arena_take(a, bytes * sizeof **ids);
    ArenaMark mark = arena_mark(a);
    Word w = { .bpe = bpe };
    if (!*ids || !word_take(&w, a, bytes)) return err_memory("bpe");
    for (size_t i = 0; bpe_word(text, &i, &from);)
        *n += encode_word(&w, text, from, i, *ids + *n);
    arena_release(a, mark);
    return OK;
}

// ---- a text with added tokens ----------------------------------------------------------------

typedef struct { int32_t *at; size_t n, room; } Ids;

static Status ids_add(Ids *out, const int32_t *ids, size_t n)
{
    if (n > out->room - out->n) {
        size_t room = 2 * (out->n + n) + 64;
        int32_t *at = realloc(out->at, room * sizeof *at);
        if (!at) return err_memory("bpe");
        out->at = at;
        out->room = room;
    }
    if (n) memcpy(out->at + out->n, ids, n * sizeof *ids);
    out->n += n;
    return OK;
}

typedef Status Between(const Bpe *bpe, const CodePoints *text, Arena *a, Ids *out);

// Each added token becomes its id, what lies between goes through `between`.
static Status by_added(const Bpe *bpe, const CodePoints *text, bool cleaned, Between *between,
                       Arena *a, Ids *out)
{
    size_t from = 0, to = 0, at = 0;
    const Added *token;
    Status status = OK;
    if (!text->n) return OK;                   // it has no memory to point into
    do {
        token = bpe_next_added(bpe, text, cleaned, at, &from, &to);
        const CodePoints piece = { .at = text->at + at, .n = (token ? from : text->n) - at };
        if (piece.n) status = between(bpe, &piece, a, out);
        if (status == OK && token) status = ids_add(out, &token->id, 1);
        at = to;
    } while (token && status == OK);
    return status;
}

static Status add_words(const Bpe *bpe, const CodePoints *text, Arena *a, Ids *out)
{
    int32_t *ids;
    int64_t n = 0;
    ArenaMark mark = arena_mark(a);
    Status status = encode_cleaned(bpe, text, a, &ids, &n);
    if (status == OK) status = ids_add(out, ids, (size_t)n);
    arena_release(a, mark);
    return status;
}

static Status add_uncleaned(const Bpe *bpe, const CodePoints *text, Arena *a, Ids *out)
{
    CodePoints cleaned = { 0 };
    ArenaMark mark = arena_mark(a);
    uint8_t *bytes = arena_take(a, 4 * text->n);
    size_t n = 0;
    if (!bytes) return err_memory("bpe");
    for (size_t i = 0; i < text->n; i++) n += (size_t)utf8_put(bytes + n, text->at[i]);
    Status status = clean_text(&cleaned, (const char *)bytes, n);
    if (status == OK) status = by_added(bpe, &cleaned, true, add_words, a, out);
    code_points_free(&cleaned);
    arena_release(a, mark);
    return status;
}

static Status encode_with_added(const Bpe *bpe, const char *text, size_t bytes, Arena *a,
                                int32_t **ids, int64_t *n)
{
    CodePoints raw = { 0 };
    Ids out = { 0 };
    utf8_decode(&raw, text, bytes);
    Status status = raw.failed ? err_memory("bpe") : OK;
    if (status == OK) status = by_added(bpe, &raw, false, add_uncleaned, a, &out);
    if (status == OK) {
        *ids = arena_take(a, out.n * sizeof **ids);
        if (!*ids) status = err_memory("bpe");
        else if (out.n) memcpy(*ids, out.at, out.n * sizeof **ids);
        *n = (int64_t)out.n;
    }
    code_points_free(&raw);
    free(out.at);
    return status;
}

Status bpe_encode(const Bpe *bpe, const char *text, size_t bytes, Arena *a, int32_t **ids,
                  int64_t *n)
{
    CodePoints cleaned = { 0 };
    *ids = NULL;
    *n = 0;
    if (bpe->addeds) return encode_with_added(bpe, text, bytes, a, ids, n);
    Status status = clean_text(&cleaned, text, bytes);
    if (status == OK) status = encode_cleaned(bpe, &cleaned, a, ids, n);
    code_points_free(&cleaned);
    return status;
}

// The beginning of a text, on one line, for messages.
static const char *excerpt(char out[64], const char *text)
{
    size_t n = strlen(text), cut = n < 56 ? n : 56;
    while (cut < n && cut && ((uint8_t)text[cut] & 0xc0) == 0x80) cut--;
    for (size_t i = 0; i < cut; i++) out[i] = (uint8_t)text[i] < ' ' ? ' ' : text[i];
    strcpy(out + cut, cut < n ? ".." : "");
    return out;
}

static void fill_row(const Bpe *bpe, const int32_t *ids, int64_t n, int context, int32_t *row)
{
    row[0] = bpe->start;
    for (int i = 1; i < context; i++) row[i] = i <= n ? ids[i - 1] : 0;
    row[n + 2 > context ? context - 1 : n + 1] = bpe->end;
}

Status bpe_context(const Bpe *bpe, const char *text, int context, bool truncate, Arena *scratch,
                   int32_t *row, int *used)
{
    if (context < 2) return err_set(ERR_SHAPE, "bpe: context of %d places", context);
    int32_t *ids;
    int64_t n;
    ArenaMark mark = arena_mark(scratch);
    Status status = bpe_encode(bpe, text, strlen(text), scratch, &ids, &n);
    if (status == OK && n + 2 > context && !truncate) {
        char start[64];
        status = err_set(ERR_SHAPE, "bpe: text is too long: \"%s\": %lld tokens, context %d",
                         excerpt(start, text), (long long)n + 2, context);
    }
    if (status == OK) fill_row(bpe, ids, n, context, row);
    if (status == OK && used) *used = n + 2 > context ? context : (int)n + 2;
    arena_release(scratch, mark);
    return status;
}

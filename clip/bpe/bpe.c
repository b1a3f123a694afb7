// bpe.c - symbols, merges, and the encoding of a text with them.
#include "clip/bpe/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "clip/bpe/bpe_impl.h"
#include "clip/bpe/clean.h"

// ---- symbols ---------------------------------------------------------------------------------

// GPT-2's order: the bytes that are printable in Latin-1, then the others.
static bool prints(int byte)
{
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
}

int32_t bpe_byte(uint8_t byte)
{
    if (byte < 33) return 188 + byte;                  // 188 of them print
    if (byte < 127) return byte - 33;
    if (byte < 161) return 188 + 33 + byte - 127;      // behind the 33 below '!'
    if (byte == 173) return 255;
    return byte < 173 ? byte - 161 + 94 : byte - 174 + 106;
}

static size_t name_hash(const char *name, size_t length)
{
    uint64_t h = 0xcbf29ce484222325u;                  // FNV-1a
    for (size_t i = 0; i < length; i++) h = (h ^ (uint8_t)name[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

// The slot that holds the name, or where it would go.
static size_t name_slot(const Bpe *bpe, const char *name, size_t length)
{
    size_t i = name_hash(name, length) & (bpe->names - 1);
    for (; bpe->by_name[i] >= 0; i = (i + 1) & (bpe->names - 1)) {
        const Symbol *s = &bpe->symbol[bpe->by_name[i]];
        if ((size_t)s->length == length && memcmp(s->name, name, length) == 0) break;
    }
    return i;
}

int32_t bpe_find(const Bpe *bpe, const char *name, size_t length)
{
    return bpe->by_name[name_slot(bpe, name, length)];
}

static int32_t *empty_table(size_t n)
{
    int32_t *table = n > SIZE_MAX / sizeof *table ? NULL : malloc(n * sizeof *table);
    if (table) memset(table, 0xff, n * sizeof *table); // all -1
    return table;
}

static bool grow_symbols(Bpe *bpe)
{
    int32_t room = bpe->symbol_room ? 2 * bpe->symbol_room : 2048;
    if (room > INT32_MAX / 4) return false;
    Symbol *symbol = realloc(bpe->symbol, (size_t)room * sizeof *symbol);
    if (!symbol) return false;
    bpe->symbol = symbol;
    int32_t *table = empty_table(2 * (size_t)room);
    if (!table) return false;
    free(bpe->by_name);
    bpe->by_name = table;
    bpe->names = 2 * (size_t)room;
    bpe->symbol_room = room;
    for (int32_t i = 0; i < bpe->symbols; i++)
        table[name_slot(bpe, symbol[i].name, (size_t)symbol[i].length)] = i;
    return true;
}

static const char *keep_name(Bpe *bpe, const char *name, size_t length)
{
    if (length >= bpe->left) {
        size_t bytes = length < 1 << 15 ? 1 << 16 : length + 1;
        bpe->room = arena_take(&bpe->memory, bytes);
        bpe->left = bpe->room ? bytes : 0;
        if (!bpe->room) return NULL;
    }
    char *copy = memcpy(bpe->room, name, length);
    copy[length] = 0;
    bpe->room += length + 1;
    bpe->left -= length + 1;
    return copy;
}

int32_t bpe_symbol(Bpe *bpe, const char *name, size_t length)
{
    size_t slot = bpe->names ? name_slot(bpe, name, length) : 0;
    if (bpe->names && bpe->by_name[slot] >= 0) return bpe->by_name[slot];
    if (length > INT32_MAX / 2) return -1;
    if (bpe->symbols == bpe->symbol_room) {
        if (!grow_symbols(bpe)) return -1;
        slot = name_slot(bpe, name, length);
    }
    const char *copy = keep_name(bpe, name, length);
    if (!copy) return -1;
    bpe->symbol[bpe->symbols] = (Symbol){ copy, (int32_t)length, NO_ID };
    return bpe->by_name[slot] = bpe->symbols++;
}

// ---- merges ----------------------------------------------------------------------------------

static size_t merge_slot(const Bpe *bpe, int32_t left, int32_t right)
{
    uint64_t key = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(key >> 32) & (bpe->pairs - 1);
    for (; bpe->by_pair[i] >= 0; i = (i + 1) & (bpe->pairs - 1)) {
        const Merge *m = &bpe->merge[bpe->by_pair[i]];
        if (m->left == left && m->right == right) break;
    }
    return i;
}

int32_t bpe_rank(const Bpe *bpe, int32_t left, int32_t right)
{
    return bpe->by_pair[merge_slot(bpe, left, right)];
}

static bool grow_merges(Bpe *bpe)
{
    int32_t room = bpe->merge_room ? 2 * bpe->merge_room : 1024;
    if (room > INT32_MAX / 4) return false;
    Merge *merge = realloc(bpe->merge, (size_t)room * sizeof *merge);
    if (!merge) return false;
    bpe->merge = merge;
    int32_t *table = empty_table(2 * (size_t)room);
    if (!table) return false;
    free(bpe->by_pair);
    bpe->by_pair = table;
    bpe->pairs = 2 * (size_t)room;
    bpe->merge_room = room;
    for (int32_t i = 0; i < bpe->merges; i++)
        table[merge_slot(bpe, merge[i].left, merge[i].right)] = i;
    return true;
}

Status bpe_merge(Bpe *bpe, int32_t left, int32_t right)
{
    if (bpe->merges == bpe->merge_room && !grow_merges(bpe)) return err_memory("bpe");
    Symbol a = bpe->symbol[left], b = bpe->symbol[right];
    size_t length = (size_t)a.length + (size_t)b.length;
    char small[256], *name = length <= sizeof small ? small : malloc(length);
    if (!name) return err_memory("bpe");
    memcpy(name, a.name, (size_t)a.length);
    memcpy(name + a.length, b.name, (size_t)b.length);
    int32_t result = bpe_symbol(bpe, name, length);
    if (name != small) free(name);
    if (result < 0) return err_memory("bpe");
    bpe->merge[bpe->merges] = (Merge){ left, right, result };
    bpe->by_pair[merge_slot(bpe, left, right)] = bpe->merges++;
    return OK;
}

// ---- making one ------------------------------------------------------------------------------

Status bpe_new(Bpe **out)
{
    Bpe *bpe = *out = calloc(1, sizeof *bpe);
    if (!bpe) return err_memory("bpe");
    bpe->start = bpe->end = bpe->unknown = NO_ID;
    bpe->start_name = "<|startoftext|>";
    bpe->end_name = bpe->unknown_name = "<|endoftext|>";
    uint32_t letter[BYTES], next = 256;                // the byte alphabet
    for (int b = 0; b < BYTES; b++)
        letter[bpe_byte((uint8_t)b)] = prints(b) ? (uint32_t)b : next++;
    bool good = grow_merges(bpe);
    for (int i = 0; good && i < BASE; i++) {
        uint8_t name[4 + 4];
        int n = utf8_put(name, letter[i % BYTES]);
        if (i >= BYTES) memcpy(name + n, "</w>", 4);
        good = bpe_symbol(bpe, (char *)name, (size_t)n + (i >= BYTES ? 4 : 0)) == i;
    }
    if (good) return OK;
    bpe_close(bpe);
    *out = NULL;
    return err_memory("bpe");
}

Status bpe_number(Bpe *bpe)
{
    for (int32_t i = 0; i < BASE; i++) bpe->symbol[i].id = i;
    for (int32_t i = 0; i < bpe->merges; i++) bpe->symbol[bpe->merge[i].result].id = BASE + i;
    bpe->start = BASE + bpe->merges;
    bpe->end = bpe->unknown = bpe->start + 1;
    bpe->vocab = bpe->end + 1;
    int32_t start = bpe_symbol(bpe, bpe->start_name, strlen(bpe->start_name));
    int32_t end = bpe_symbol(bpe, bpe->end_name, strlen(bpe->end_name));
    if (start < 0 || end < 0) return err_memory("bpe");
    bpe->symbol[start].id = bpe->start;
    bpe->symbol[end].id = bpe->end;
    return OK;
}

void bpe_close(Bpe *bpe)
{
    if (!bpe) return;
    arena_free(&bpe->memory);
    free(bpe->symbol);
    free(bpe->by_name);
    free(bpe->merge);
    free(bpe->by_pair);
    free(bpe);
}

int32_t bpe_start(const Bpe *bpe)
{
    return bpe->start;
}

int32_t bpe_end(const Bpe *bpe)
{
    return bpe->end;
}

int64_t bpe_vocab(const Bpe *bpe)
{
    return bpe->vocab;
}

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

Status bpe_encode(const Bpe *bpe, const char *text, size_t bytes, Arena *a, int32_t **ids,
                  int64_t *n)
{
    CodePoints cleaned = { 0 };
    *ids = NULL;
    *n = 0;
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

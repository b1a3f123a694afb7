// bpe_impl.h - what bpe_symbols.c (tables), bpe.c (encoding), bpe_open.c (files),
// bpe_added.c (added tokens) and bpe_train.c (learning) share.
//
// A symbol is a string: its bytes in GPT-2's byte alphabet, which writes every byte as a printable
// character, and perhaps "</w>". Symbols are found by string, merges by their two symbols, both in
// open-addressing hash tables whose size is a power of two and at least twice the number of
// entries.
#pragma once
#include "clip/bpe/bpe.h"
#include "tensor/base/json.h"
#include "tensor/base/unicode.h"

enum {
    BYTES = 256,
    BASE = 2 * BYTES,                // the symbols of the bytes, within a word and at its end
    SPECIALS = 2,                    // start and end
    CLIP_MERGES = 48894,             // 49152 - 256 - 2, as OpenAI's tokenizer counts
    NO_ID = -1,
};

typedef struct {
    const char *name;
    int32_t length, id;
    int32_t added;                   // 1 + its place among the added tokens; 0: it is none
} Symbol;
typedef struct { int32_t left, right, result; } Merge;   // symbols; its rank is its index

// A token that is found in a text before the text is split into words.
typedef struct {
    const char *content;             // a symbol's name
    CodePoints text;                 // as it is looked for
    int32_t id;
    bool cleaned;                    // in the cleaned text; else in the text as it is given
    bool single_word;                // only between what are no letters, digits, _
    bool lstrip, rstrip;             // takes the white space beside it along
    bool special;
} Added;

struct Bpe {
    Arena memory;                    // of the names
    char *room;                      // for the next names
    size_t left;                     // bytes of it
    Symbol *symbol;                  // 0..255 bytes, 256..511 bytes with </w>, then as added
    int32_t symbols, symbol_room;
    int32_t *by_name;                // symbol, -1: empty
    size_t names;                    // size of the table
    Merge *merge;
    int32_t merges, merge_room;
    int32_t *by_pair;                // merge, -1: empty
    size_t pairs;
    Added *added;
    int32_t addeds, added_room;
    const Added **added_order;       // (addeds) as they are looked for
    int32_t added_plain;             // so many of them in the text as it is given
    int32_t start, end, unknown;     // ids
    const char *start_name, *end_name, *unknown_name;
    int32_t vocab;
};

// A new Bpe has the symbols of the bytes, without ids.
Status bpe_new(Bpe **out);

// The symbol with this name, added without an id if it is new; -1: out of memory.
int32_t bpe_symbol(Bpe *bpe, const char *name, size_t length);
int32_t bpe_find(const Bpe *bpe, const char *name, size_t length);          // -1: none

// Adds the next merge; a repeated pair takes the later rank, as in Python's dict(zip()).
Status bpe_merge(Bpe *bpe, int32_t left, int32_t right);
int32_t bpe_rank(const Bpe *bpe, int32_t left, int32_t right);              // -1: never merged

Status bpe_number(Bpe *bpe);         // gives ids by the rule for merges alone

// Of files that are read: every token that is no byte, special or added is the result of a merge.
Status bpe_agree_merges(const Bpe *bpe, const char *path);
// Do vocab.json and merges.txt, as they were read, say what the `model` of a tokenizer.json does?
Status bpe_agree(const Bpe *bpe, const Json *model, const char *path);
static inline bool bpe_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// The two symbols of a merge. bpe_two_fields: of a line p..end; false where it has more or fewer.
// bpe_merge_fields: of "a b" or ["a", "b"].
bool bpe_two_fields(const char *p, const char *end, const char *field[2], size_t length[2]);
Status bpe_merge_fields(const char *field[2], size_t length[2], const Json *v);

int32_t bpe_byte(uint8_t byte);      // its symbol within a word; + BYTES: at the end

// The next word of a cleaned text from *i on, at *from..*i; false at the end.
bool bpe_word(const CodePoints *text, size_t *i, size_t *from);

typedef enum { BPE_WORD, BPE_START, BPE_END } BpeSpecial;
BpeSpecial bpe_special(const CodePoints *text, size_t from, size_t to);   // is it a special token?

// ---- added tokens (bpe_added.c) ----------------------------------------------------------------

// Where a file of Hugging Face names added tokens; NAMES: bos_token, pad_token, .., which are
// special and, if they are new, get the next id.
typedef enum { BPE_TOKENIZER, BPE_CONFIG, BPE_IDS, BPE_NAMES } BpeAddedForm;
Status bpe_read_added(Bpe *bpe, const Json *root, BpeAddedForm form);

// The first one in text from `at` on, text[*from..*to); NULL: none.
const Added *bpe_next_added(const Bpe *bpe, const CodePoints *text, bool cleaned, size_t at,
                            size_t *from, size_t *to);
void bpe_put_added(JsonOut *o, const Bpe *bpe);        // added_tokens_decoder, if there are any

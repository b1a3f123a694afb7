// bpe.h - CLIP's tokenizer: text to ids by byte-pair encoding (Sennrich et al. 2016).
//
//     Bpe *bpe;
//     TRY(bpe_open(&bpe, "models/ViT-B-32", clip.config.vocab));
//     int32_t row[77];
//     int used;
//     TRY(bpe_context(bpe, "a photo of a cat.", 77, false, &arena, row, &used));
//                                    // 49406 320 1125 539 320 2368 269 49407 0 0 ..; used is 8
//     bpe_close(bpe);
//
// A text is cleaned (clean.h) and split into words: the two special tokens, 's 't 're 've 'm 'll
// 'd, runs of letters, single digits, runs of anything else but white space. A word starts as the
// bytes of its UTF-8, one symbol each, the last with "</w>"; then the pair of neighbours that was
// learnt first is merged wherever it occurs, until no learnt pair is left.
//
// The special tokens are <|startoftext|> and <|endoftext|>. Tokens that were added to the
// vocabulary (tokenizer.json, tokenizer_config.json, added_tokens.json, special_tokens_map.json),
// as textual inversion does, are found before all this, as in transformers: those that are not
// `normalized` in the text as it is given, the others in the cleaned text, the longest at the
// leftmost place.
//
// A Bpe does not change once it is open: many threads may use one, each with its own arena.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"

typedef struct Bpe Bpe;

// `path` is a folder or a file. In a folder, the first of these lines whose files exist is taken:
//
//     vocab.json and merges.txt          ids from vocab.json
//     tokenizer.json                     ids from it; merges as "a b" or ["a", "b"]
//     merges.txt
//     bpe_simple_vocab_16e6.txt.gz, bpe_simple_vocab_16e6.txt
//
// Files of both of the first lines must agree: ERR_FORMAT names the first difference. Which of
// these a file is, is told by its content; next to a vocab.json or a merges.txt the other one is
// used if it exists. From merges alone, the first M = min(lines, vocab - 514) are taken, and
// ids are 0..255 the bytes, 256..511 the bytes with </w>, 512 + i the merges, 512 + M start and 513
// + M end. `vocab` is the number of rows of the model's embedding, which ids must stay below; 0:
// unknown, then M is at most CLIP's 48894. On failure *out is NULL.
Status bpe_open(Bpe **out, const char *path, int64_t vocab);
Status bpe_there(bool *there, const char *folder);         // is any of these files in it?
void bpe_close(Bpe *bpe);                      // accepts NULL

int32_t bpe_start(const Bpe *bpe);
int32_t bpe_end(const Bpe *bpe);
int64_t bpe_vocab(const Bpe *bpe);             // ids are 0..bpe_vocab-1; 49408 for CLIP

// The ids of a text without start and end, allocated in `a`; none for an empty text. A byte that
// the vocabulary lacks becomes its unknown token.
Status bpe_encode(const Bpe *bpe, const char *text, size_t bytes, Arena *a, int32_t **ids,
                  int64_t *n);

// row[context]: start, the ids, end, then zeros. *used: tokens up to and including end; may be
// NULL. A text that does not fit is an error, or with `truncate` is cut, its last token being end.
// Memory taken from `scratch` is released.
Status bpe_context(const Bpe *bpe, const char *text, int context, bool truncate, Arena *scratch,
                   int32_t *row, int *used);

// Learns merges from the lines of a text, until there are `vocab` ids (at least 514) or no pair
// occurs twice. The most frequent pair is merged first; among equals the one with the smaller left,
// then right symbol.
Status bpe_train(Bpe **out, const char *text, size_t bytes, int64_t vocab);

// Writes vocab.json, merges.txt, tokenizer_config.json (with `context`) and
// special_tokens_map.json, which transformers' CLIPTokenizer reads, into the folder, which is made
// if it does not exist.
Status bpe_save(const Bpe *bpe, const char *folder, int context);
Status bpe_save_merges(const Bpe *bpe, const char *path);      // merges.txt alone

// clean.h - CLIP's cleaning of a text before it is split into words.
//
// As OpenAI's tokenizer does, in this order: ftfy.fix_text; html.unescape twice; strip white space
// and collapse it to single blanks; lower case. All of ftfy 6.3.1 is implemented but the repair of
// text that was decoded with the wrong encoding ("cafÃ©"), which is left unchanged. Steps that
// change nothing in plain ASCII are skipped for plain ASCII.
//
// Known differences: that repair; bytes that are not UTF-8 become U+FFFD first; references nested
// over a hundred levels deep ("&amp;amp;amp;...") are not resolved to the end.
#pragma once
#include "tensor/base/err.h"
#include "tensor/base/unicode.h"

// Appends the cleaned text. The only error is ERR_MEMORY.
Status clean_text(CodePoints *out, const char *text, size_t bytes);

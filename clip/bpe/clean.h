// clean.h - CLIP's cleaning of a text before it is split into words.
//
// What OpenAI's tokenizer does, in its order: ftfy.fix_text; html.unescape twice; white space at
// the ends removed and within made one blank; lower case. Of ftfy 6.3.1 there is everything but the
// repair of text that was decoded with the wrong encoding ("cafÃ©"), which is left as it stands.
// What changes nothing in plain ASCII is skipped for plain ASCII.
//
// Known differences: that repair; bytes that are no UTF-8 are U+FFFD each, before all else; and
// references nested over a hundred levels deep ("&amp;amp;amp;...") keep the rest.
#pragma once
#include "clip/bpe/unicode.h"
#include "tensor/base/err.h"

// Appends the cleaned text. ERR_MEMORY when memory is refused.
Status clean_text(CodePoints *out, const char *text, size_t bytes);

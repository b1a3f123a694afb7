// entities.h - character references (&eacute; &#233; &#xe9;) to characters, in two ways.
//
// Both append to `out`, which must not be `text`. Names are those of HTML 5; numbers in 0x80..0x9f
// are read as windows-1252, and numbers that are no character become U+FFFD or nothing.
#pragma once
#include "tensor/base/unicode.h"

// Python's html.unescape: the semicolon may be missing, and the longest known prefix of an unknown
// name counts ("&notit;" is a not sign and "it;").
void html_unescape(CodePoints *out, const CodePoints *text);

// ftfy's unescape_html: only whole names with their semicolon; a name in capitals stands for the
// capital of the character whose name is in lower case ("&EACUTE;").
void html_unescape_whole(CodePoints *out, const CodePoints *text);

// The character of byte c in 0x80..0x9f in windows-1252; any other c, and the five undefined bytes,
// are returned unchanged.
uint32_t html_windows_1252(uint32_t c);

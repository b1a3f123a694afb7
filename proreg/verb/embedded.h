// embedded.h - the small CLIP of weights/world, linked into the program so that the demo runs from
// any folder.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct { const char *name; const uint8_t *data, *end; } EmbeddedFile;

// The files of a Hugging Face folder, ended by a NULL name; none in a program that was built
// without weights/world.
extern const EmbeddedFile embedded_model[];

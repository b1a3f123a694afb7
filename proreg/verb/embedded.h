// embedded.h - the small CLIP of weights/world, carried by the program so that the demo runs from
// any folder.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct { const char *name; const uint8_t *data, *end; } EmbeddedFile;

extern const EmbeddedFile embedded_model[];    // a Hugging Face folder; ends with a NULL name
            // empty in a program that was built without weights/world

// fuzz_captions.c - tables of captions: whatever the bytes, the fields are whole and in the table.
#include <stdlib.h>
#include <string.h>

#include "data/set/captions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CaptionOptions ways[] = { { .prefix = "" }, { .sep = ',' },
                                           { .sep = ' ', .captions_only = true } };
    for (int i = 0; i < 3; i++) {
        Captions c;
        if (captions_parse(&c, data, size, &ways[i]) != OK) continue;
        must(c.set.n > 0 && c.count > 0 && c.count <= c.set.n);
        for (int64_t k = 0; k < c.set.n; k++) {
            const Sample *s = &c.set.sample[k];
            must(*s->path && strlen(s->path) < size && s->label >= 0 && s->label < c.count);
            must(*c.text[s->label] && strlen(c.text[s->label]) < size);
        }
        captions_close(&c);
    }
    return 0;
}

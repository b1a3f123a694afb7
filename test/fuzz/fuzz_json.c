// fuzz_json.c - the JSON reader; what it takes goes through the writer and has to be taken again.
#include <stdlib.h>

#include "tensor/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena = { 0 };
    const Json *v;
    JsonOut o = { 0 };
    if (json_parse(&v, &arena, data, size, "x") == OK && v->type == JSON_STRING) {
        json_out_text(&o, v->string, (size_t)v->count);
        if (json_parse(&v, &arena, o.text, o.size, "x") != OK) abort();
    }
    json_out_free(&o);
    arena_free(&arena);
    return 0;
}

// fuzz_inflate.c - deflate, zlib and gzip, into memory of the exact size; the first byte picks it.
#include <stdlib.h>

#include "weights/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    size_t room = 16 * (size_t)data[0], made;
    uint8_t *out = malloc(room + 1), *gunzipped;
    inflate_raw(out + 1, room, NULL, data + 1, size - 1, NULL);
    inflate_zlib(out + 1, room, NULL, data + 1, size - 1, NULL);
    inflate_gzip(&gunzipped, &made, 1 << 16, data + 1, size - 1);
    free(gunzipped);
    free(out);
    return 0;
}

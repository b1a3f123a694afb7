// fuzz_inflate.c - deflate, zlib and gzip, into memory of the exact size; the first byte picks it.
// What comes out into less room, or of fewer bytes, must be the beginning of what came out first.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) abort();
}

static void raw(const uint8_t *in, size_t bytes, size_t room)
{
    size_t made = 0, again = 0, used = 0;
    uint8_t *out = malloc(room + 1), *part = malloc(room + 1);
    demand(out && part);
    Status status = inflate_raw(out + 1, room, &made, in, bytes, &used);
    demand(made <= room && used <= bytes);
    for (size_t less = 0; less < made; less += 1 + less / 5) {
        demand(inflate_raw(part + 1, less, &again, in, bytes, NULL) != OK && again == less);
        demand(memcmp(part + 1, out + 1, less) == 0);
    }
    for (size_t cut = bytes / 2; cut < bytes; cut += 1 + (bytes - cut) / 2) {
        inflate_raw(part + 1, room, &again, in, cut, NULL);
        demand(again <= made && memcmp(part + 1, out + 1, again) == 0);
    }
    demand(status != OK || inflate_raw(part + 1, made, &again, in, used, NULL) == OK);
    free(out);
    free(part);
}

static void zlib(const uint8_t *in, size_t bytes, size_t room)
{
    size_t made = 0;
    uint8_t *out = malloc(room + 1), *first = malloc(room + 1);
    demand(out && first);
    Status status = inflate_zlib(out + 1, room, &made, in, bytes, NULL);
    if (status == OK) {
        demand(inflate_zlib_first(first + 1, made, in, bytes) == OK);
        demand(memcmp(out + 1, first + 1, made) == 0);
    }
    (void)inflate_zlib_first(first + 1, room, in, bytes);
    free(out);
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    size_t room = 16 * (size_t)data[0], made;
    uint8_t *gunzipped;
    raw(data + 1, size - 1, room);
    zlib(data + 1, size - 1, room);
    inflate_gzip(&gunzipped, &made, 1 << 16, data + 1, size - 1);
    free(gunzipped);
    return 0;
}

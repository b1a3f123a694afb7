// replay.c - runs a fuzz target over a folder of inputs as an ordinary test, without a fuzzer.
//
//     build/release/fuzz_jpeg_replay test/fuzz/corpus/jpeg
//
// Each file is given as it is, cut short, and with a few bytes changed; the changes follow from
// SEED and repeat. A crash is what fails. SHOW=1 names each input before it is tried. An input lies
// in memory of exactly its size, so that AddressSanitizer sees a read past its end.
#include <dirent.h>

#include "tensor/base/file.h"
#include "tensor/base/rng.h"
#include "test/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 16, CHANGES = 64, LARGE = 1 << 16 };

static int64_t inputs;

static void try_one(const uint8_t *data, size_t size, const char *path, const char *how, int n)
{
    if (getenv("SHOW")) fprintf(stderr, "%s %s %d\n", path, how, n);
    uint8_t *copy = malloc(size ? size : 1);
    if (!CHECK(copy, "out of memory")) return;
    if (size) memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    inputs++;
    free(copy);
}

static void change_bytes(uint8_t *data, size_t size, Rng *r)
{
    for (uint32_t left = 1 + rng_below(r, 4); left > 0; left--) {
        uint8_t *at = data + rng_below(r, (uint32_t)size);
        static const uint8_t telling[] = { 0, 1, 0x7f, 0x80, 0xff };
        uint32_t kind = rng_below(r, 3);
        if (kind == 0) *at = telling[rng_below(r, sizeof telling)];
        if (kind == 1) *at ^= (uint8_t)(1u << rng_below(r, 8));
        if (kind == 2) *at = (uint8_t)rng_below(r, 256);
    }
}

static void replay(const char *path)
{
    FileMap map;
    if (!CHECK_OK(file_map(&map, path))) return;
    try_one(map.data, map.size, path, "whole", 0);
    bool small = map.size > 0 && map.size <= LARGE;      // a large file costs too much 80 times
    uint8_t *work = malloc(LARGE);
    for (int i = 0; i < CUTS && small; i++)
        try_one(map.data, map.size * (size_t)i / CUTS, path, "cut", i);
    for (int i = 0; i < CHANGES && small && work; i++) {
        Rng r = rng_at(test_seed, 0, (uint32_t)i, RNG_TEST);
        memcpy(work, map.data, map.size);
        change_bytes(work, map.size, &r);
        try_one(work, map.size, path, "changed", i);
    }
    free(work);
    file_unmap(&map);
}

static const char *folder;

static void corpus(void)
{
    DIR *d = opendir(folder);
    if (!CHECK(d, "no folder %s", folder)) return;
    int files = 0;
    for (struct dirent *e; (e = readdir(d));) {
        char path[FILE_PATH];
        if (e->d_name[0] == '.' || path_join(path, folder, e->d_name) != OK) continue;
        if (folder_exists(path)) continue;
        replay(path);
        files++;
    }
    closedir(d);
    CHECK(files > 0, "no file in %s", folder);
    test_note("%d files, %lld inputs", files, (long long)inputs);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s folder\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    const TestCase cases[] = { { "replay", corpus } };
    const char *name = strrchr(argv[0], '/');
    char program[64];
    snprintf(program, sizeof program, "%.40s", name ? name + 1 : argv[0]);
    char *end = strstr(program, "_replay");
    if (end) *end = 0;
    return test_main(program, cases, 1);
}

// fuzz_bpe.c - the tokenizer on bytes from a stranger. The first byte says what the rest is:
//
//     t  a text to encode      l  lines to learn from      f  a file: merges or JSON
//     v  vocab.json, a byte 0, merges.txt
#include <stdlib.h>
#include <unistd.h>

#include "clip/bpe/bpe.h"
#include "clip/bpe/clean.h"
#include "tensor/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// No id lies outside the vocabulary, and no row ends without its end token.
static void use(const Bpe *bpe, const char *text, size_t bytes)
{
    Arena arena = { 0 };
    int32_t *ids, row[5];
    int64_t n;
    if (bpe_encode(bpe, text, bytes, &arena, &ids, &n) == OK)
        for (int64_t i = 0; i < n; i++)
            if (ids[i] < 0 || ids[i] >= bpe_vocab(bpe)) abort();
    char *copy = arena_zero(&arena, bytes + 1);
    for (size_t i = 0; copy && i < bytes; i++) copy[i] = text[i];
    int used = 0;
    if (copy && bpe_context(bpe, copy, 5, true, &arena, row, &used) == OK)
        if (used < 2 || used > 5 || row[used - 1] != bpe_end(bpe)) abort();
    arena_free(&arena);
}

static const Bpe *learnt(void)
{
    static const char lines[] = "a photo of a cat, the cats' ears\nthe aaaa aaaaa abab caf\xc3\xa9";
    static Bpe *bpe;
    if (!bpe && bpe_train(&bpe, lines, sizeof lines - 1, 560) != OK) abort();
    return bpe;
}

static char folder[] = "/tmp/proreg-fuzz-XXXXXX";              // made when first needed

static void remove_folder(void)
{
    rmdir(folder);
}

static void make_folder(void)
{
    if (folder[sizeof folder - 2] != 'X') return;
    if (!mkdtemp(folder) || atexit(remove_folder)) abort();
}

// As file_save would, without waiting for the disk.
static void put(char path[FILE_PATH], const char *name, const char *data, size_t size)
{
    make_folder();
    path_join(path, folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f)) abort();
}

static void open_file(const char *data, size_t size)
{
    char path[FILE_PATH];
    Bpe *bpe;
    put(path, "file", data, size);
    if (bpe_open(&bpe, path, 0) == OK) use(bpe, "the low cats", 12);
    bpe_close(bpe);
    unlink(path);
}

static void open_two(const char *data, size_t size)
{
    char ids[FILE_PATH], merges[FILE_PATH];
    Bpe *bpe;
    size_t n = 0;
    while (n < size && data[n]) n++;
    put(ids, "vocab.json", data, n);
    put(merges, "merges.txt", data + n + (n < size), size - n - (n < size));
    if (bpe_open(&bpe, merges, 0) == OK) use(bpe, "the low cats", 12);
    bpe_close(bpe);
    unlink(ids);
    unlink(merges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) return 0;
    const char *rest = (const char *)data + 1;
    Bpe *bpe;
    switch (data[0]) {
    case 't': use(learnt(), rest, size - 1); break;
    case 'f': open_file(rest, size - 1); break;
    case 'v': open_two(rest, size - 1); break;
    case 'l':
        if (bpe_train(&bpe, rest, size - 1, 600) == OK) use(bpe, rest, size - 1);
        bpe_close(bpe);
    }
    return 0;
}

// fuzz_bpe.c - the tokenizer on bytes from a stranger. The first byte says what the rest is:
//
//     t  a text to encode      l  lines to learn from      f  a file: merges or JSON
//     v  vocab.json, a byte 0, merges.txt
#include "test/fuzz/encode.h"
#include "test/fuzz/put.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const Bpe *learnt(void)
{
    static const char lines[] = "a photo of a cat, the cats' ears\nthe aaaa aaaaa abab caf\xc3\xa9";
    static Bpe *bpe;
    if (!bpe && bpe_train(&bpe, lines, sizeof lines - 1, 560) != OK) abort();
    return bpe;
}

static void open_file(const char *data, size_t size)
{
    char path[FILE_PATH];
    Bpe *bpe;
    put(path, "file", data, size);
    if (bpe_open(&bpe, path, 0) == OK) encode_with(bpe, "the low cats", 12);
    bpe_close(bpe);
    unlink(path);
}

static void open_two(const char *data, size_t size)
{
    char ids[FILE_PATH], merges[FILE_PATH];
    Bpe *bpe;
    put_part(ids, "vocab.json", &data, &size);
    put(merges, "merges.txt", data, size);
    if (bpe_open(&bpe, merges, 0) == OK) encode_with(bpe, "the low cats", 12);
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
    case 't': encode_with(learnt(), rest, size - 1); break;
    case 'f': open_file(rest, size - 1); break;
    case 'v': open_two(rest, size - 1); break;
    case 'l':
        if (bpe_train(&bpe, rest, size - 1, 600) == OK) encode_with(bpe, rest, size - 1);
        bpe_close(bpe);
    }
    return 0;
}

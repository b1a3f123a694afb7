// bpe_symbols.c - symbols by name, merges by their two symbols: the tables of a tokenizer.
#include <stdlib.h>
#include <string.h>

#include "clip/bpe/bpe_impl.h"

// ---- symbols ---------------------------------------------------------------------------------

// GPT-2's order: the bytes that are printable in Latin-1, then the others.
static bool prints(int byte)
{
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
}

int32_t bpe_byte(uint8_t byte)
{
    if (byte < 33) return 188 + byte;                  // 188 of them print
    if (byte < 127) return byte - 33;
    if (byte < 161) return 188 + 33 + byte - 127;      // behind the 33 below '!'
    if (byte == 173) return 255;
    return byte < 173 ? byte - 161 + 94 : byte - 174 + 106;
}

static size_t name_hash(const char *name, size_t length)
{
    uint64_t h = 0xcbf29ce484222325u;                  // FNV-1a
    for (size_t i = 0; i < length; i++) h = (h ^ (uint8_t)name[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

// The slot that holds the name, or where it would go.
static size_t name_slot(const Bpe *bpe, const char *name, size_t length)
{
    size_t i = name_hash(name, length) & (bpe->names - 1);
    for (; bpe->by_name[i] >= 0; i = (i + 1) & (bpe->names - 1)) {
        const Symbol *s = &bpe->symbol[bpe->by_name[i]];
        if ((size_t)s->length == length && memcmp(s->name, name, length) == 0) break;
    }
    return i;
}

int32_t bpe_find(const Bpe *bpe, const char *name, size_t length)
{
    return bpe->by_name[name_slot(bpe, name, length)];
}

static int32_t *empty_table(size_t n)
{
    int32_t *table = n > SIZE_MAX / sizeof *table ? NULL : malloc(n * sizeof *table);
    if (table) memset(table, 0xff, n * sizeof *table); // all -1
    return table;
}

static bool grow_symbols(Bpe *bpe)
{
    int32_t room = bpe->symbol_room ? 2 * bpe->symbol_room : 2048;
    if (room > INT32_MAX / 4) return false;
    Symbol *symbol = realloc(bpe->symbol, (size_t)room * sizeof *symbol);
    if (!symbol) return false;
    bpe->symbol = symbol;
    int32_t *table = empty_table(2 * (size_t)room);
    if (!table) return false;
    free(bpe->by_name);
    bpe->by_name = table;
    bpe->names = 2 * (size_t)room;
    bpe->symbol_room = room;
    for (int32_t i = 0; i < bpe->symbols; i++)
        table[name_slot(bpe, symbol[i].name, (size_t)symbol[i].length)] = i;
    return true;
}

static const char *keep_name(Bpe *bpe, const char *name, size_t length)
{
    if (length >= bpe->left) {
        size_t bytes = length < 1 << 15 ? 1 << 16 : length + 1;
        bpe->room = arena_take(&bpe->memory, bytes);
        bpe->left = bpe->room ? bytes : 0;
        if (!bpe->room) return NULL;
    }
    char *copy = memcpy(bpe->room, name, length);
    copy[length] = 0;
    bpe->room += length + 1;
    bpe->left -= length + 1;
    return copy;
}

int32_t bpe_symbol(Bpe *bpe, const char *name, size_t length)
{
    size_t slot = bpe->names ? name_slot(bpe, name, length) : 0;
    if (bpe->names && bpe->by_name[slot] >= 0) return bpe->by_name[slot];
    if (length > INT32_MAX / 2) return -1;
    if (bpe->symbols == bpe->symbol_room) {
        if (!grow_symbols(bpe)) return -1;
        slot = name_slot(bpe, name, length);
    }
    const char *copy = keep_name(bpe, name, length);
    if (!copy) return -1;
    bpe->symbol[bpe->symbols] = (Symbol){ copy, (int32_t)length, NO_ID, 0 };
    return bpe->by_name[slot] = bpe->symbols++;
}

// ---- merges ----------------------------------------------------------------------------------

static size_t merge_slot(const Bpe *bpe, int32_t left, int32_t right)
{
    uint64_t key = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(key >> 32) & (bpe->pairs - 1);
    for (; bpe->by_pair[i] >= 0; i = (i + 1) & (bpe->pairs - 1)) {
        const Merge *m = &bpe->merge[bpe->by_pair[i]];
        if (m->left == left && m->right == right) break;
    }
    return i;
}

int32_t bpe_rank(const Bpe *bpe, int32_t left, int32_t right)
{
    return bpe->by_pair[merge_slot(bpe, left, right)];
}

static bool grow_merges(Bpe *bpe)
{
    int32_t room = bpe->merge_room ? 2 * bpe->merge_room : 1024;
    if (room > INT32_MAX / 4) return false;
    Merge *merge = realloc(bpe->merge, (size_t)room * sizeof *merge);
    if (!merge) return false;
    bpe->merge = merge;
    int32_t *table = empty_table(2 * (size_t)room);
    if (!table) return false;
    free(bpe->by_pair);
    bpe->by_pair = table;
    bpe->pairs = 2 * (size_t)room;
    bpe->merge_room = room;
    for (int32_t i = 0; i < bpe->merges; i++)
        table[merge_slot(bpe, merge[i].left, merge[i].right)] = i;
    return true;
}

Status bpe_merge(Bpe *bpe, int32_t left, int32_t right)
{
    if (bpe->merges == bpe->merge_room && !grow_merges(bpe)) return err_memory("bpe");
    Symbol a = bpe->symbol[left], b = bpe->symbol[right];
    size_t length = (size_t)a.length + (size_t)b.length;
    char small[256], *name = length <= sizeof small ? small : malloc(length);
    if (!name) return err_memory("bpe");
    memcpy(name, a.name, (size_t)a.length);
    memcpy(name + a.length, b.name, (size_t)b.length);
    int32_t result = bpe_symbol(bpe, name, length);
    if (name != small) free(name);
    if (result < 0) return err_memory("bpe");
    bpe->merge[bpe->merges] = (Merge){ left, right, result };
    bpe->by_pair[merge_slot(bpe, left, right)] = bpe->merges++;
    return OK;
}

// ---- making one ------------------------------------------------------------------------------

Status bpe_new(Bpe **out)
{
    Bpe *bpe = *out = calloc(1, sizeof *bpe);
    if (!bpe) return err_memory("bpe");
    bpe->start = bpe->end = bpe->unknown = NO_ID;
    bpe->start_name = "<|startoftext|>";
    bpe->end_name = bpe->unknown_name = "<|endoftext|>";
    uint32_t letter[BYTES], next = 256;                // the byte alphabet
    for (int b = 0; b < BYTES; b++)
        letter[bpe_byte((uint8_t)b)] = prints(b) ? (uint32_t)b : next++;
    bool good = grow_merges(bpe);
    for (int i = 0; good && i < BASE; i++) {
        uint8_t name[4 + 4];
        int n = utf8_put(name, letter[i % BYTES]);
        if (i >= BYTES) memcpy(name + n, "</w>", 4);
        good = bpe_symbol(bpe, (char *)name, (size_t)n + (i >= BYTES ? 4 : 0)) == i;
    }
    if (good) return OK;
    bpe_close(bpe);
    *out = NULL;
    return err_memory("bpe");
}

Status bpe_number(Bpe *bpe)
{
    for (int32_t i = 0; i < BASE; i++) bpe->symbol[i].id = i;
    for (int32_t i = 0; i < bpe->merges; i++) bpe->symbol[bpe->merge[i].result].id = BASE + i;
    bpe->start = BASE + bpe->merges;
    bpe->end = bpe->unknown = bpe->start + 1;
    bpe->vocab = bpe->end + 1;
    int32_t start = bpe_symbol(bpe, bpe->start_name, strlen(bpe->start_name));
    int32_t end = bpe_symbol(bpe, bpe->end_name, strlen(bpe->end_name));
    if (start < 0 || end < 0) return err_memory("bpe");
    bpe->symbol[start].id = bpe->start;
    bpe->symbol[end].id = bpe->end;
    return OK;
}

void bpe_close(Bpe *bpe)
{
    if (!bpe) return;
    arena_free(&bpe->memory);
    for (int32_t i = 0; i < bpe->addeds; i++) code_points_free(&bpe->added[i].text);
    free(bpe->added);
    free(bpe->added_order);
    free(bpe->symbol);
    free(bpe->by_name);
    free(bpe->merge);
    free(bpe->by_pair);
    free(bpe);
}

int32_t bpe_start(const Bpe *bpe)
{
    return bpe->start;
}

int32_t bpe_end(const Bpe *bpe)
{
    return bpe->end;
}

int64_t bpe_vocab(const Bpe *bpe)
{
    return bpe->vocab;
}

// ---- a merge, as files write it -----------------------------------------------------------------

bool bpe_two_fields(const char *p, const char *end, const char *field[2], size_t length[2])
{
    for (int i = 0; i < 2; i++) {
        while (p < end && bpe_blank(*p)) p++;
        field[i] = p;
        while (p < end && !bpe_blank(*p)) p++;
        length[i] = (size_t)(p - field[i]);
        if (!length[i]) return false;
    }
    while (p < end && bpe_blank(*p)) p++;
    return p == end;
}

Status bpe_merge_fields(const char *field[2], size_t length[2], const Json *v)
{
    if (v->type == JSON_STRING)
        return bpe_two_fields(v->string, v->string + v->count, field, length)
               ? OK : json_error(ERR_FORMAT, v, "not two symbols");
    if (v->type != JSON_ARRAY || v->count != 2)
        return json_error(ERR_FORMAT, v, "neither \"a b\" nor [\"a\", \"b\"]");
    for (int i = 0; i < 2; i++) {
        TRY(json_string(&field[i], &v->item[i]));
        length[i] = strlen(field[i]);
    }
    return OK;
}

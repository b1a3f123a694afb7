// arena.c - a list of blocks, the newest first. The list's own entries are on the heap, as a block
// may be in the memory of a device.
#include "tensor/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/debug.h"

struct ArenaBlock {
    unsigned char *data;
    size_t size, used;
    ArenaBlock *older;
};

enum { ALIGN = 64, SMALLEST = 1 << 16 };       // a cache line; 64 KiB

static void *heap_alloc(size_t bytes)
{
    void *p = NULL;
    return posix_memalign(&p, ALIGN, bytes) == 0 ? p : NULL;
}

static void heap_release(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

static const ArenaSource heap = { heap_alloc, heap_release, true };

static const ArenaSource *source_of(const Arena *a)
{
    return a->source.alloc ? &a->source : &heap;
}

static ArenaBlock *block_new(Arena *a, size_t size)
{
    ArenaBlock *b = malloc(sizeof *b);
    if (!b) return NULL;
    *b = (ArenaBlock){ source_of(a)->alloc(size), size, 0, a->block };
    if (!b->data) {
        free(b);
        return NULL;
    }
    a->blocks++;
    return a->block = b;
}

static void block_drop(Arena *a)
{
    ArenaBlock *b = a->block;
    a->block = b->older;
    source_of(a)->release(b->data, b->size);
    free(b);
}

// In a debug build: makes what stands there NaN.
static void spoil(const Arena *a, unsigned char *p, size_t bytes)
{
#ifdef DEBUG
    if (source_of(a)->host) memset(p, DEBUG_FILL, bytes);
#else
    (void)a, (void)p, (void)bytes;
#endif
}

// The first block after a reset is as large as all that was ever needed; a later one doubles.
static size_t next_size(const Arena *a, size_t bytes)
{
    size_t size = a->block ? 2 * a->block->size : a->peak;
    if (size < SMALLEST) size = SMALLEST;
    return size < bytes ? bytes : size;
}

void *arena_take(Arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 4) return NULL;
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    ArenaBlock *b = a->block;
    if ((!b || b->size - b->used < bytes) && !(b = block_new(a, next_size(a, bytes)))
        && !(b = block_new(a, bytes ? bytes : ALIGN)))       // no room to grow ahead
        return NULL;
    void *p = b->data + b->used;
    REQUIRE(b->used + bytes <= b->size);
    spoil(a, p, bytes);
    b->used += bytes;
    a->total += bytes;
    if (a->total > a->peak) a->peak = a->total;
    return p;
}

void *arena_zero(Arena *a, size_t bytes)
{
    REQUIRE(source_of(a)->host);
    void *p = arena_take(a, bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

char *arena_string(Arena *a, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = arena_take(a, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

void arena_reset(Arena *a)
{
    while (a->block && a->block->older) block_drop(a);
    if (a->block && a->block->size < a->peak) block_drop(a);
    if (a->block) spoil(a, a->block->data, a->block->used);
    if (a->block) a->block->used = 0;
    a->total = 0;
}

void arena_free(Arena *a)
{
    while (a->block) block_drop(a);
    a->total = 0;
}

ArenaMark arena_mark(const Arena *a)
{
    return (ArenaMark){ a->block, a->block ? a->block->used : 0, a->total };
}

void arena_release(Arena *a, ArenaMark mark)
{
    while (a->block != mark.block) {
        REQUIRE(a->block);                     // the mark's block was given back before
        block_drop(a);
    }
    REQUIRE(!a->block || a->block->used >= mark.used);
    if (a->block) spoil(a, a->block->data + mark.used, a->block->used - mark.used);
    if (a->block) a->block->used = mark.used;
    a->total = mark.total;
}

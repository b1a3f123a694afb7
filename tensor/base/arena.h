// arena.h - memory that is given back all at once.
//
// A step of training makes some hundred tensors and needs none of them in the next step. They come
// from an arena: taking memory is an addition, giving it all back is one assignment. The first step
// finds out how much is needed and may take several blocks; after the reset the next one takes a
// single block of the right size, and from then on nothing is allocated.
//
//     |<---------------- block ---------------->|
//     | tensor | tensor | tensor |  free ...    |
//                                ^ used
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct {                       // where blocks come from: the heap, or a device
    void *(*alloc)(size_t bytes);      // NULL when refused
    void (*release)(void *p, size_t bytes);
    bool host;                         // the host may write there (debug.h fills it)
} ArenaSource;

typedef struct ArenaBlock ArenaBlock;
typedef struct {
    ArenaSource source;                // zeros: the heap
    ArenaBlock *block;                 // the newest block; older ones behind it
    size_t total, peak;                // bytes taken since the reset; the most ever taken
    long blocks;                       // allocations so far, so that tests see them end
} Arena;

typedef struct { ArenaBlock *block; size_t used, total; } ArenaMark;

void *arena_take(Arena *a, size_t bytes);        // 64-byte aligned, not cleared; NULL when refused
void *arena_zero(Arena *a, size_t bytes);        // the same, cleared; host arenas only
char *arena_string(Arena *a, const char *text);  // a copy
void arena_reset(Arena *a);                      // gives all back, keeps the memory
void arena_free(Arena *a);                       // gives the memory back; the arena stays usable

// Everything taken since the mark is given back; what was taken before stays.
ArenaMark arena_mark(const Arena *a);
void arena_release(Arena *a, ArenaMark mark);

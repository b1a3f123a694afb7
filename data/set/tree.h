// tree.h - the pictures below a folder, and what the folders above each of them mean.
//
//     ROOT/CLASS/FILE                ROOT/SPLIT/CLASS/FILE
//     ROOT/DOMAIN/CLASS/FILE         ROOT/DOMAIN/SPLIT/CLASS/FILE
//
// The depth at which most pictures lie tells how many folders there are; a folder called like a
// split (splits.h) tells the rest. What is walked over and what is passed over: walk.h. Pictures at
// other depths are counted as strays; where they lie below a class folder that has none of its own,
// the layout is none of these, and is refused. So are folders called like splits where domains lie,
// where all classes lie, or beside folders that may be domains. A folder below TREE_DEPTH others is
// counted and not read. A folder where classes lie is a class without pictures if it holds nothing
// at all.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"

enum { TREE_DEPTH = 3 };           // folders above a picture at most, ROOT not counted

typedef struct {
    const char *path;              // relative to the root
    const char *domain, *split, *class_name;   // "" where the layout has none
} TreeFile;

typedef struct {
    TreeFile *file;                // (n) in byte order of the paths
    int64_t n;
    bool has_splits, has_domains;
    int64_t strays;                // pictures at another depth
    const char *stray;             // the first of them; NULL: none
    int64_t deeps;                 // folders below TREE_DEPTH others: not read
    const char *deep;              // the first of them; NULL: none
    int64_t loops;                 // links back to a folder above them, passed over
    const char *loop;              // the first of them; NULL: none
    TreeFile *empty;               // (empties) class folders without pictures beside others
    int64_t empties;
    int64_t nowheres;              // links to nowhere where classes, splits or domains lie
    const char *nowhere;           // the first of them; NULL: none
    int64_t others;                // folders of other files where classes lie: no classes
    const char *other;             // the first of them; NULL: none
} Tree;

// extra: names of splits beside the known ones (splits.h). A folder without pictures is an error.
Status tree_read(Tree *tree, Arena *arena, const char *root, const char *const *extra, int extras);

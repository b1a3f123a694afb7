// walk.h - the pictures below a folder, and the folders without any.
//
//     Walk w;
//     TRY(walk_read(&w, &arena, "photos", 16));
//     for (int64_t i = 0; i < w.pictures; i++) use(w.picture[i]);      // relative to "photos"
//
// The suffix alone makes a picture: a link to nowhere, a named pipe or a device with a picture's
// suffix counts as one too, and reading it is an error that says what it is. A link to nowhere with
// another name is listed among the folders. Links are followed: a folder that two of them lead to
// is read twice, as two folders with two paths; a link back to a folder that the walk is in (by
// device and inode) is a loop, counted and passed over. Passed over too are names that begin with a
// dot, and what file servers and archives add: @eaDir, #recycle, __MACOSX, Thumbs.db and such
// (walk_clutter).
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"

typedef enum { WALK_PICTURE, WALK_NO_PICTURES, WALK_NOTHING, WALK_DEEP, WALK_NOWHERE } WalkKind;

// A folder is listed if it holds no pictures, or nothing at all, lies too deep to be read, or is a
// link to nowhere.
typedef struct {
    const char **picture;          // (pictures) in byte order, relative to the root
    const char **folder;           // (folders) likewise
    int64_t pictures, folders;
    int64_t loops;                 // links back to a folder above them
    const char *loop;              // the first of them in byte order; NULL: none
} Walk;

enum { WALK_DEEPEST = 16 };

// Folders below `deepest` others, WALK_DEEPEST at most, are not read. Everything lies in the arena.
Status walk_read(Walk *w, Arena *arena, const char *root, int deepest);
WalkKind walk_kind(const char *path);          // of an entry of the two lists
bool walk_clutter(const char *name);           // of a file or folder that is never looked at

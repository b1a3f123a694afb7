// file.h - the one place that opens files: maps them to read, and writes them whole or not at all.
//
//     FileMap map;                                 FileOut out;
//     TRY(file_map(&map, path));                   TRY(file_create(&out, path));
//     parse(map.data, map.size);                   file_write(&out, bytes, n);   // errors are kept
//     file_unmap(&map);                            TRY(file_commit(&out));       // and told here
//
// A file appears under its name only when it is complete: it is written under a temporary name
// beside it, flushed to the disk, then renamed. After a kill at any moment there is the old one or
// the new. Limit: a file that another process shortens while it is mapped ends the process
// (SIGBUS).
#pragma once
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tensor/base/err.h"

#define FILE_PATH 4096       // longest path, its end included

typedef struct {
    const uint8_t *data;     // NULL when the file is empty
    size_t size;             // bytes
    bool copied;             // by file_read
} FileMap;

// On failure *map is empty. file_read copies files of up to 64 MB: for those that others may be
// writing, and so that a failing disk is an error.
Status file_map(FileMap *map, const char *path);
Status file_read(FileMap *map, const char *path);
void file_unmap(FileMap *map);                     // accepts an empty map; leaves one

typedef struct {
    FILE *stream;
    Status status;           // of the first write that failed
    char path[FILE_PATH], temp[FILE_PATH + 16];
} FileOut;

Status file_create(FileOut *out, const char *path);
Status file_write(FileOut *out, const void *data, size_t bytes);
Status file_printf(FileOut *out, const char *format, ...) ERR_PRINTF(2, 3);
Status file_commit(FileOut *out);                  // on failure nothing is left behind
void file_discard(FileOut *out);                   // harmless after a commit
Status file_save(const char *path, const void *data, size_t bytes);  // create, write, commit
Status file_copy(const char *from, const char *to);                  // a whole file
// Straight to its name and not flushed: for thousands of small files that can be made again, in a
// folder that folder_commit brings into being.
Status file_put(const char *path, const void *data, size_t bytes);
Status file_append(const char *path, const void *data, size_t bytes);  // for logs: one write

// Folders that appear whole. folder_begin makes an empty folder with a temporary name beside `path`
// and returns that name; folder_commit puts it in the place of `path`, an old one included. Between
// the two renames of a replacement the old folder is called `path.old`; folder_recover, called
// before reading, puts it back if a kill fell exactly there.
Status folder_make(const char *path);              // with its parents; fine if it is there
Status folder_begin(char temp[FILE_PATH], const char *path);
Status folder_commit(const char *temp, const char *path);
void folder_discard(const char *temp);             // removes it and all that is in it
Status folder_recover(const char *path);
// Removes what processes that were killed have left in `folder` of files and folders that they were
// writing there. Those of a process that still runs stay.
void folder_sweep(const char *folder);
// Holds a folder against other processes that ask the same, until it is released or the process
// ends. Where the file system has no locks, every one is granted. *lock < 0: none.
Status folder_lock(int *lock, const char *path);
void folder_unlock(int *lock);
// The next name in an open folder, of those that do not begin with a dot; NULL: there are no more.
// A disk that fails halfway is an error, not the end.
Status folder_next(const char **name, DIR *dir, const char *path);
Status folder_writable(const char *path);          // could it be made or written? makes nothing

bool file_exists(const char *path);
bool folder_exists(const char *path);
Status path_join(char out[FILE_PATH], const char *folder, const char *name);
const char *path_name(const char *path);           // what follows the last '/'

// a * b, or ERR_FORMAT when it does not fit in 63 bits or either is negative.
Status size_mul(int64_t *out, int64_t a, int64_t b);

// For tests: the n-th operation from now that writes a file or lists a folder fails with "no space
// left on device", and so do all that follow; n < 0 switches this off.
void file_fault_after(int64_t n);

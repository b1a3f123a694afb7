// file.h - the one place that opens files: maps them to read, and writes them whole or not at all.
//
//     FileMap map;                                 FileOut out;
//     TRY(file_map(&map, path));                   TRY(file_create(&out, path));
//     parse(map.data, map.size);                   file_write(&out, bytes, n);   // errors are kept
//     file_unmap(&map);                            TRY(file_commit(&out));       // and told here
//
// A file appears under its name only when it is complete: it is written under a temporary name in
// the same folder, flushed to the disk, then renamed. A kill at any moment leaves the old file or
// the new one. Limit: if another process truncates a file while it is mapped, reading it raises
// SIGBUS.
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

// On failure *map is empty. file_read copies files of up to 64 MB (larger ones are mapped): for
// files that another process may be writing, and so that a failing disk is an error, not a signal.
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
// Writes under the final name, without flushing: for thousands of small files that can be made
// again, inside a folder that folder_commit will rename.
Status file_put(const char *path, const void *data, size_t bytes);
Status file_append(const char *path, const void *data, size_t bytes);  // one write(): for logs

// Folders that appear whole. folder_begin makes an empty folder under a temporary name next to
// `path` and returns that name; folder_commit renames it to `path`, replacing an old folder. While
// it is replaced the old folder is called `path.old`; folder_recover, called before reading,
// restores it if a kill fell between the two renames.
Status folder_make(const char *path);              // with its parents; OK if it exists
Status folder_begin(char temp[FILE_PATH], const char *path);
Status folder_commit(const char *temp, const char *path);
void folder_discard(const char *temp);             // removes it and everything in it
Status folder_recover(const char *path);
// Removes the temporary files and folders that killed processes have left in `folder`. Those of a
// running process stay.
void folder_sweep(const char *folder);
// Locks a folder against other processes that call folder_lock, until folder_unlock or the end of
// the process. On file systems without locks it always succeeds. *lock < 0: no lock is held.
Status folder_lock(int *lock, const char *path);
void folder_unlock(int *lock);
// The next name in an open folder, skipping names that begin with a dot; NULL at the end. A disk
// that fails halfway is an error, not the end.
Status folder_next(const char **name, DIR *dir, const char *path);
Status folder_writable(const char *path);          // could it be made or written? creates nothing

bool file_exists(const char *path);
bool folder_exists(const char *path);
bool file_same(const char *a, const char *b);      // do both exist, and are one, links followed?
Status path_join(char out[FILE_PATH], const char *folder, const char *name);
const char *path_name(const char *path);           // the part behind the last '/'

// a * b, or ERR_FORMAT when it does not fit in 63 bits or either is negative.
Status size_mul(int64_t *out, int64_t a, int64_t b);

// For tests: the n-th operation from now that writes a file or lists a folder fails with "no space
// left on device", and so do all that follow; n < 0 switches this off.
void file_fault_after(int64_t n);

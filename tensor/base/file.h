// file.h - the one place that opens files: maps them to read, and writes them whole or not at all.
//
//     FileMap map;                                 FileOut out;
//     TRY(file_map(&map, path));                   TRY(file_create(&out, path));
//     parse(map.data, map.size);                   file_write(&out, bytes, n);   // errors are kept
//     file_unmap(&map);                            TRY(file_commit(&out));       // and told here
//
// A file appears under its name only when it is complete: it is written under a temporary name in
// the same folder, flushed to the disk, then renamed. A kill at any moment leaves the old file or
// the new one, and perhaps NAME.*.proreg beside it, which folder_sweep removes: the verbs call it
// for the folder that they are about to write into. Such names cannot be guessed, and nothing that
// lies there already is ever opened. Limit: if another process truncates a file while it is mapped,
// reading it raises SIGBUS.
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
// Copies the middle of a file; the whole of one that is not larger.
enum { FILE_MIDDLE = 4096 };   // bytes
Status file_middle(FileMap *map, const char *path);
void file_unmap(FileMap *map);                     // accepts an empty map; leaves one

typedef struct {
    FILE *stream;
    Status status;           // of the first write that failed
    char path[FILE_PATH], temp[FILE_PATH + 16];
} FileOut;

Status file_create(FileOut *out, const char *path);
Status file_write(FileOut *out, const void *data, size_t bytes);
Status file_printf(FileOut *out, const char *format, ...) ERR_PRINTF(2, 3);
// On failure nothing is left behind, but where the folder alone cannot be flushed: an error that
// names it, and the new file stays. (File systems that cannot flush folders are no error.)
Status file_commit(FileOut *out);
void file_discard(FileOut *out);                   // harmless after a commit
Status file_rename(const char *from, const char *to);      // in one folder, which is flushed
Status file_remove(const char *path);              // OK if nothing is there
// Both at once. If either cannot be written, the old ones stay. A kill in the middle of the renames
// leaves `first` or `last` missing, never one of them old beside the other new, and what was there
// as NAME.proreg-old: file_recover_pair, called before anything is written there again, puts it
// back if the new pair was not complete, else removes it.
Status file_commit_pair(FileOut *first, FileOut *last);
Status file_recover_pair(const char *first, const char *last);
Status file_save(const char *path, const void *data, size_t bytes);  // create, write, commit
Status file_copy(const char *from, const char *to);                  // a whole file
// Writes under the final name, without flushing: for thousands of small files that can be made
// again, inside a folder that folder_commit will rename.
Status file_put(const char *path, const void *data, size_t bytes);
Status file_append(const char *path, const void *data, size_t bytes);  // one write(): for logs

// Folders that appear whole. folder_begin makes an empty folder under a temporary name next to
// `path` and returns that name; folder_commit renames it to `path`. Where an old folder is
// replaced, both change names at once, so that a kill leaves one of them there. Where the system
// has no such call, the old folder is called path.proreg-old for a moment; folder_recover, called
// before reading, restores it if a kill fell between the two renames.
Status folder_make(const char *path);              // with its parents; OK if it exists
Status folder_begin(char temp[FILE_PATH], const char *path);
Status folder_commit(const char *temp, const char *path);
void folder_discard(const char *temp);             // removes it and everything in it, if it can
Status folder_remove(const char *path);            // the same at once: it is renamed first
Status folder_recover(const char *path);
// Removes the temporary files and folders that killed processes have left in `folder`. Those of a
// running process stay, those of another machine for a day.
void folder_sweep(const char *folder);
bool file_is_temporary(const char *name);          // one of those names
// Locks a folder against other processes that call folder_lock, until folder_unlock or the end of
// the process. On file systems without locks it always succeeds. *lock < 0: no lock is held.
Status folder_lock(int *lock, const char *path);
void folder_unlock(int *lock);
Status folder_list(DIR **dir, const char *path);   // *dir is for closedir; NULL on failure
// The next name in an open folder, skipping names that begin with a dot; NULL at the end. A disk
// that fails halfway is an error, not the end.
Status folder_next(const char **name, DIR *dir, const char *path);
Status folder_next_any(const char **name, DIR *dir, const char *path);  // but for "." and ".."
bool folder_is_own(const char *path);              // this user's, and no link to one
Status folder_writable(const char *path);          // could it be made or written? creates nothing

// What a path leads to, links followed. Only ENOENT and ENOTDIR say that nothing is there: where
// the system cannot tell (EIO, EACCES, EMFILE), that is an error, and never taken for absence.
typedef enum { PATH_NOTHING, PATH_FILE, PATH_FOLDER, PATH_OTHER } PathKind;
Status path_kind(PathKind *kind, const char *path);
Status path_size(PathKind *kind, int64_t *bytes, const char *path);    // -1 for PATH_NOTHING
// Device and inode are equal for all names of one file, links among them.
typedef struct { PathKind kind; int64_t bytes; uint64_t device, inode; } PathFacts;
Status path_facts(PathFacts *facts, const char *path);
Status path_link(bool *link, const char *path);            // a symbolic link?
Status path_there(bool *there, const char *path);          // anything at all
Status file_there(bool *there, const char *path);          // a regular file
Status folder_there(bool *there, const char *path);
// FOLDER/NAME, and is it a file? Also on failure `path` holds it, where it is not too long.
Status file_beside(bool *there, char path[FILE_PATH], const char *folder, const char *name);
Status path_whole(char **whole, const char *path);         // realpath; NULL: nothing there; free it
Status file_same(bool *same, const char *a, const char *b);  // both there, and one, links followed
Status path_join(char out[FILE_PATH], const char *folder, const char *name);
const char *path_name(const char *path);           // the part behind the last '/'

// a * b, or ERR_FORMAT when it does not fit in 63 bits or either is negative.
Status size_mul(int64_t *out, int64_t a, int64_t b);

// For tests: the n-th operation from now that writes a file or lists a folder fails with "no space
// left on device", and so do all that follow; n < 0 switches this off.
void file_fault_after(int64_t n);
void file_fault_at(int64_t n);                     // the n-th alone
void folder_exchange_off(bool off);                // replace folders by two renames

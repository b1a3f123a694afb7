// copies.h - which files are the same picture: one file under several names, or equal bytes.
//
//     PictureFile *file = ...;                         // (n) root and path of each
//     TRY(copies_find(file, n, false));
//     if (file[i].same == file[j].same) ...            // it is one picture
//
// One file under several names has one device and inode: `./a.png`, an absolute path, a symbolic or
// a hard link. Otherwise bytes are compared, of files of one size alone: a fingerprint of each, and
// where fingerprints are equal, SHA-256 of the whole. A file that is empty or cannot be read is the
// same as itself under other names, and as nothing else: who decodes it says what is wrong.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/err.h"

enum { PRINT_TEXT = 33 };      // half a SHA-256 in hexadecimal digits

typedef struct {
    const char *root, *path;   // as dataset_path joins them
    bool beside;               // is compared with others that are not `beside` alone
    int32_t same;              // out: the first that is the same picture; its own place: none is
    char print[PRINT_TEXT];    // out, of a first one, with `prints`: the fingerprint; "": unread
} PictureFile;

// The fingerprint is that of the size and of the FILE_MIDDLE bytes in the middle of the file.
// prints: of all that can be read, not only where it decides. Fails only with what the machine
// lacks. The same for any number of threads.
Status copies_find(PictureFile *file, int64_t n, bool prints);

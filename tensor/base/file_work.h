// file_work.h - what the three files that touch the disk share: file.c, file_out.c, folder.c.
#pragma once
#include "tensor/base/file.h"

// Called before every operation that changes the disk or lists a folder; true: it must fail.
bool file_fault(void);
Status file_failed(const char *what, const char *path);    // with errno, as ERR_IO
Status file_unreadable(const char *what, const char *path);    // ERR_IO or ERR_MACHINE, by errno

Status path_fits(int length, size_t size, const char *path);   // snprintf's answer
void path_parent(char out[FILE_PATH], const char *path);   // ".": of a bare name
// `path` without slashes at its end, with `suffix`.
Status path_suffixed(char out[FILE_PATH], const char *path, const char *suffix);
Status path_move(const char *from, const char *to);        // rename
// Flushes the folder that holds `path`: after a rename. An error names the folder, though the file
// is in place by then. Passed over: a folder that cannot be opened for want of permission, and file
// systems that cannot flush one (EINVAL, ENOSYS, ENOTSUP).
Status path_sync(const char *path);

// A name beside `path` that nobody can guess: NAME.HOST-PROCESS-RANDOM.proreg. folder_sweep knows
// by it who made the file, and whether he still runs.
Status temp_name(char out[FILE_PATH], const char *path);
uint32_t temp_host(void);                      // HOST: of this machine

// put.h - for targets whose reader takes a folder: files in one folder of this process.
#pragma once
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/base/file.h"

static char put_folder[] = "/tmp/proreg-fuzz-XXXXXX";          // made when first needed

static inline void put_end(void)
{
    folder_discard(put_folder);
}

// As file_save would, without waiting for the disk.
static inline void put(char path[FILE_PATH], const char *name, const void *data, size_t size)
{
    static bool made;
    if (!made && (!mkdtemp(put_folder) || atexit(put_end))) abort();
    made = true;
    path_join(path, put_folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f)) abort();
}

// The bytes up to the next 0, or to the end, as a file; moves *data behind the 0.
static inline void put_part(char path[FILE_PATH], const char *name, const char **data, size_t *size)
{
    size_t n = 0;
    while (n < *size && (*data)[n]) n++;
    put(path, name, *data, n);
    *data += n + (n < *size);
    *size -= n + (n < *size);
}

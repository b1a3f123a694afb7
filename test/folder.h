// folder.h - a temporary folder of small pictures and lists, for tests of what reads folders.
//
//     Folder f = folder_open();                        // removed by folder_close
//     folder_picture(&f, "train/cat/1.ppm", 7);        // a PPM file, different for each number
//     folder_text(&f, "list.txt", "cat/1.ppm 0\n");
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE            // mkdtemp, nftw; the Makefile says so too
#endif
#include <ftw.h>
#include <unistd.h>

#include "tensor/base/file.h"
#include "test/test.h"

typedef struct { char path[128]; } Folder;

static inline Folder folder_open(void)
{
    const char *temp = getenv("TMPDIR");
    Folder f;
    snprintf(f.path, sizeof f.path, "%.80s/proreg-test-XXXXXX", temp && *temp ? temp : "/tmp");
    if (!mkdtemp(f.path)) exit(2);
    return f;
}

static inline int folder_remove_one(const char *path, const struct stat *st, int kind,
                                    struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void folder_close(const Folder *f)
{
    nftw(f->path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// The name below the folder, with the folders above it made. Lives until 16 later calls.
static inline const char *folder_name(const Folder *f, const char *name)
{
    static char paths[16][512];
    static int last;
    char *path = paths[++last % 16];
    snprintf(path, sizeof *paths, "%s/%s", f->path, name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    if (folder_make(path) != OK) exit(2);
    *slash = '/';
    return path;
}

static inline void folder_text(const Folder *f, const char *name, const char *text)
{
    FILE *out = fopen(folder_name(f, name), "wb");
    if (!out) exit(2);
    fputs(text, out);
    fclose(out);
}

static inline void folder_picture(const Folder *f, const char *name, int number)
{
    int width = 5 + number % 3, height = 6 + number % 2;
    FILE *out = fopen(folder_name(f, name), "wb");       // not flushed to the disk: it is for now
    if (!out) exit(2);
    fprintf(out, "P6\n%d %d\n255\n", width, height);
    for (int i = 0; i < width * height * 3; i++) fputc((number * 37 + i * (1 + number % 5)) & 255,
                                                       out);
    fclose(out);
}

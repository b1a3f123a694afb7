// copies.c - compares files: by device and inode, size, fingerprint, and whole content.
#include "data/set/copies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset.h"
#include "tensor/base/file.h"
#include "tensor/base/par.h"
#include "tensor/base/sha256.h"

typedef enum { READ_NONE, READ_PRINT, READ_WHOLE } Reading;

typedef struct {
    const PictureFile *file;
    int64_t size;                          // < 0: there is no regular file
    uint64_t device, inode;
    int32_t at, same;                      // places in the caller's array
    char print[PRINT_TEXT], whole[PRINT_TEXT];         // "": not read, or cannot be
    Reading next;                          // what is to be read
    Status status;                         // of the machine
} Probe;

// ---- orders: those that are equal in all but their place are the same ---------------------------

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

// Files that are not there by the names they do not have.
static int same_name(const PictureFile *a, const PictureFile *b)
{
    int d = strcmp(a->path, b->path);
    return d ? d : strcmp(a->root, b->root);
}

static int compare_inodes(const Probe *x, const Probe *y)
{
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    if (x->size < 0) return same_name(x->file, y->file);
    int d = by_number(x->device, y->device);
    return d ? d : by_number(x->inode, y->inode);
}

static int by_inode(const void *a, const void *b)
{
    const Probe *x = a, *y = b;
    int d = compare_inodes(x, y);
    return d ? d : (x->at > y->at) - (x->at < y->at);
}

static int by_bytes(const void *a, const void *b)
{
    const Probe *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    int d = strcmp(x->print, y->print);
    if (d == 0) d = strcmp(x->whole, y->whole);
    return d ? d : (x->at > y->at) - (x->at < y->at);
}

// ---- reading ------------------------------------------------------------------------------------

static void stat_probes(void *arg, int64_t from, int64_t to)
{
    for (Probe *p = (Probe *)arg + from; p < (Probe *)arg + to; p++) {
        char path[FILE_PATH];
        PathFacts facts;
        p->size = -1;
        p->status = dataset_path(path, p->file->root, p->file->path);
        if (p->status == OK) p->status = path_facts(&facts, path);
        if (p->status != OK || facts.kind != PATH_FILE) continue;
        p->size = facts.bytes;
        p->device = facts.device;
        p->inode = facts.inode;
    }
}

static void read_probe(Probe *p)
{
    char path[FILE_PATH], hex[65], size[32];
    FileMap map;
    const bool print = p->next == READ_PRINT;
    p->status = dataset_path(path, p->file->root, p->file->path);
    if (p->status == OK) p->status = print ? file_middle(&map, path) : file_read(&map, path);
    if (p->status != OK) return;
    Sha256 h = sha256_begin();
    int n = snprintf(size, sizeof size, "%lld:", (long long)p->size);
    sha256_add(&h, size, (size_t)n);
    sha256_add(&h, map.data, map.size);
    sha256_end(&h, hex);
    file_unmap(&map);
    snprintf(print ? p->print : p->whole, PRINT_TEXT, "%.32s", hex);
}

static void read_probes(void *arg, int64_t from, int64_t to)
{
    for (Probe *p = (Probe *)arg + from; p < (Probe *)arg + to; p++) {
        if (p->next != READ_NONE) read_probe(p);
        p->next = READ_NONE;
    }
}

static Status check_probes(const Probe *probe, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (err_of_machine(probe[i].status))
            return err_set(probe[i].status, "cannot read: %s", probe[i].file->path);
    return OK;
}

static Status read_marked(Probe *probe, int64_t n)
{
    par_for(n, 16, read_probes, probe);
    return check_probes(probe, n);
}

// ---- comparing ----------------------------------------------------------------------------------

// Sorts, and lets each of several names of one file point to the first.
static void join_names(Probe *probe, int64_t n)
{
    qsort(probe, (size_t)n, sizeof *probe, by_inode);
    for (int64_t i = 1; i < n; i++)
        if (compare_inodes(&probe[i - 1], &probe[i]) == 0) probe[i].same = probe[i - 1].same;
}

// Moves one name of each file to the front; returns how many files there are.
static int64_t keep_firsts(Probe *probe, int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (probe[i].same == probe[i].at) probe[kept++] = probe[i];
    return kept;
}

// Of several files of one size; of one alone with `all`.
static Status read_prints(Probe *probe, int64_t n, bool all)
{
    for (int64_t i = 0, of; i < n; i += of) {
        bool asked = !probe[i].file->beside;
        for (of = 1; i + of < n && probe[i + of].size == probe[i].size; of++)
            asked |= !probe[i + of].file->beside;
        if (probe[i].size <= 0 || !asked || (of == 1 && !all)) continue;
        for (int64_t k = 0; k < of; k++) probe[i + k].next = READ_PRINT;
    }
    return read_marked(probe, n);
}

static bool same_print(const Probe *x, const Probe *y)
{
    return x->size == y->size && *x->print && !strcmp(x->print, y->print);
}

// The fingerprint of a small file is that of the whole.
static Status read_wholes(Probe *probe, int64_t n)
{
    qsort(probe, (size_t)n, sizeof *probe, by_bytes);
    for (int64_t i = 1; i < n; i++) {
        if (probe[i].size <= FILE_MIDDLE || !same_print(&probe[i - 1], &probe[i])) continue;
        probe[i - 1].next = probe[i].next = READ_WHOLE;
    }
    return read_marked(probe, n);
}

static void join_bytes(Probe *probe, int64_t n)
{
    qsort(probe, (size_t)n, sizeof *probe, by_bytes);
    for (int64_t i = 1; i < n; i++) {
        const Probe *x = &probe[i - 1], *y = &probe[i];
        bool read = y->size <= FILE_MIDDLE || *y->whole;
        if (read && same_print(x, y) && !strcmp(x->whole, y->whole)) probe[i].same = x->same;
    }
}

static Status compare_files(PictureFile *file, Probe *probe, int64_t n, bool prints)
{
    for (int64_t i = 0; i < n; i++)
        probe[i] = (Probe){ .file = &file[i], .at = (int32_t)i, .same = (int32_t)i };
    par_for(n, 16, stat_probes, probe);
    TRY(check_probes(probe, n));
    join_names(probe, n);
    for (int64_t i = 0; i < n; i++) file[probe[i].at].same = probe[i].same;
    const int64_t files = keep_firsts(probe, n);
    TRY(read_prints(probe, files, prints));
    TRY(read_wholes(probe, files));
    join_bytes(probe, files);
    for (int64_t i = 0; i < files; i++) {
        PictureFile *f = &file[probe[i].at];
        f->same = probe[i].same;
        memcpy(f->print, probe[i].print, PRINT_TEXT);
    }
    for (int64_t i = 0; i < n; i++) file[i].same = file[file[i].same].same;
    return OK;
}

Status copies_find(PictureFile *file, int64_t n, bool prints)
{
    Probe *probe = malloc((size_t)(n + 1) * sizeof *probe);
    Status status = probe ? compare_files(file, probe, n, prints) : err_memory("dataset");
    free(probe);
    return status;
}

// file.c - reading files, and what a path leads to.
#include "tensor/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensor/base/file_work.h"

// ---- the seam for tests -------------------------------------------------------------------------

static _Atomic int64_t fault_after = -1;
static bool fault_once;

void file_fault_after(int64_t n)
{
    fault_once = false;
    atomic_store(&fault_after, n);
}

void file_fault_at(int64_t n)
{
    fault_once = true;
    atomic_store(&fault_after, n);
}

bool file_fault(void)
{
    int64_t n = atomic_load(&fault_after);
    if (n < 0) return false;
    if (n > 0 || fault_once) atomic_store(&fault_after, n - 1);
    if (n == 0) errno = ENOSPC;
    return n == 0;
}

Status file_failed(const char *what, const char *path)
{
    return err_set(ERR_IO, "%s: %s: %s", what, path, strerror(errno));
}

// ---- reading ------------------------------------------------------------------------------------

// ERR_IO where the file or its path is at fault; any other errno is the machine's.
Status file_unreadable(const char *what, const char *path)
{
    static const int of_file[] = { ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, ENXIO };
    Status status = ERR_MACHINE;
    for (size_t i = 0; i < sizeof of_file / sizeof *of_file; i++)
        if (errno == of_file[i]) status = ERR_IO;
    return err_set(status, "%s: %s: %s", what, path, strerror(errno));
}

enum { COPIED_MOST = 1 << 26 };        // bytes; longer files are mapped after all

static Status size_of_file(size_t *bytes, int fd, const char *path)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return file_unreadable("cannot read", path);
    if (S_ISDIR(st.st_mode)) return err_set(ERR_IO, "cannot read: %s: is a folder", path);
    if (!S_ISREG(st.st_mode)) return err_set(ERR_IO, "cannot read: %s: not a regular file", path);
    *bytes = (size_t)st.st_size;
    return OK;
}

static Status map_bytes(FileMap *map, int fd, size_t bytes, const char *path)
{
    void *p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) return err_set(ERR_MACHINE, "cannot map: %s: %s", path, strerror(errno));
    *map = (FileMap){ p, bytes, false };
    return OK;
}

// A file that was truncated since fstat is read up to its new end.
static Status read_bytes(FileMap *map, int fd, size_t bytes, const char *path)
{
    if (bytes > COPIED_MOST) return map_bytes(map, fd, bytes, path);
    uint8_t *p = malloc(bytes);
    size_t got = 0;
    ssize_t n = 1;
    if (!p) return err_memory(path);
    while (got < bytes && n != 0) {
        n = read(fd, p + got, bytes - got);
        if (n < 0 && errno != EINTR) {
            Status status = file_unreadable("cannot read", path);
            free(p);
            return status;
        }
        if (n > 0) got += (size_t)n;
    }
    *map = (FileMap){ p, got, true };
    return OK;
}

static Status read_middle(FileMap *map, int fd, size_t bytes, const char *path)
{
    if (bytes <= FILE_MIDDLE) return read_bytes(map, fd, bytes, path);
    if (lseek(fd, (off_t)((bytes - FILE_MIDDLE) / 2), SEEK_SET) < 0)
        return file_unreadable("cannot read", path);
    return read_bytes(map, fd, FILE_MIDDLE, path);
}

static Status read_through(FileMap *map, const char *path,
                           Status (*how)(FileMap *map, int fd, size_t bytes, const char *path))
{
    size_t bytes = 0;
    *map = (FileMap){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);   // a named pipe must not
    if (fd < 0) return file_unreadable("cannot open", path);             // hang us
    Status status = size_of_file(&bytes, fd, path);
    if (status == OK && bytes > 0) status = how(map, fd, bytes, path);
    close(fd);
    return status;
}

Status file_map(FileMap *map, const char *path)
{
    return read_through(map, path, map_bytes);
}

Status file_read(FileMap *map, const char *path)
{
    return read_through(map, path, read_bytes);
}

Status file_middle(FileMap *map, const char *path)
{
    return read_through(map, path, read_middle);
}

void file_unmap(FileMap *map)
{
    void *p = (void *)(uintptr_t)map->data;
    if (map->copied) free(p);
    else if (p) munmap(p, map->size);
    *map = (FileMap){ 0 };
}

// ---- names --------------------------------------------------------------------------------------

// After a call that could not find out. Nothing there is no failure, but an answer.
static Status unless_absent(const char *path)
{
    return errno == ENOENT || errno == ENOTDIR ? OK : file_unreadable("cannot read", path);
}

// st.st_mode is 0 where nothing is there.
static Status stat_there(struct stat *st, const char *path)
{
    if (stat(path, st) == 0) return OK;
    *st = (struct stat){ 0 };
    return unless_absent(path);
}

Status path_facts(PathFacts *f, const char *path)
{
    struct stat st;
    *f = (PathFacts){ .kind = PATH_NOTHING, .bytes = -1 };
    TRY(stat_there(&st, path));
    if (st.st_mode == 0) return OK;
    f->kind = S_ISREG(st.st_mode) ? PATH_FILE : S_ISDIR(st.st_mode) ? PATH_FOLDER : PATH_OTHER;
    f->bytes = (int64_t)st.st_size;
    f->device = (uint64_t)st.st_dev;
    f->inode = (uint64_t)st.st_ino;
    return OK;
}

Status path_size(PathKind *kind, int64_t *bytes, const char *path)
{
    PathFacts f;
    Status status = path_facts(&f, path);
    *kind = f.kind;
    *bytes = f.bytes;
    return status;
}

Status path_kind(PathKind *kind, const char *path)
{
    int64_t bytes;
    return path_size(kind, &bytes, path);
}

Status path_link(bool *link, const char *path)
{
    struct stat st;
    *link = false;
    if (lstat(path, &st) != 0) return unless_absent(path);
    *link = S_ISLNK(st.st_mode);
    return OK;
}

Status path_there(bool *there, const char *path)
{
    PathKind kind;
    Status status = path_kind(&kind, path);
    *there = kind != PATH_NOTHING;
    return status;
}

Status file_there(bool *there, const char *path)
{
    PathKind kind;
    Status status = path_kind(&kind, path);
    *there = kind == PATH_FILE;
    return status;
}

Status folder_there(bool *there, const char *path)
{
    PathKind kind;
    Status status = path_kind(&kind, path);
    *there = kind == PATH_FOLDER;
    return status;
}

Status file_beside(bool *there, char path[FILE_PATH], const char *folder, const char *name)
{
    *there = false;
    TRY(path_join(path, folder, name));
    return file_there(there, path);
}

Status file_same(bool *same, const char *a, const char *b)
{
    struct stat x, y;
    *same = false;
    TRY(stat_there(&x, a));
    TRY(stat_there(&y, b));
    *same = x.st_mode && y.st_mode && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    return OK;
}

Status path_whole(char **whole, const char *path)
{
    *whole = realpath(path, NULL);
    if (*whole || errno == ENOENT || errno == ENOTDIR) return OK;
    return errno == ENOMEM ? err_memory(path) : file_unreadable("cannot read", path);
}

Status path_fits(int length, size_t size, const char *path)
{
    if (length < 0 || (size_t)length >= size)
        return err_set(ERR_IO, "path too long: %.200s...", path);
    return OK;
}

Status path_join(char out[FILE_PATH], const char *folder, const char *name)
{
    size_t n = strlen(folder);
    const char *between = n == 0 || folder[n - 1] == '/' ? "" : "/";
    char joined[FILE_PATH];
    int length = snprintf(joined, sizeof joined, "%s%s%s", folder, between, name);
    TRY(path_fits(length, FILE_PATH, name));
    memcpy(out, joined, sizeof joined);
    return OK;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// The folder that holds `path`: "." for a bare name.
void path_parent(char out[FILE_PATH], const char *path)
{
    snprintf(out, FILE_PATH, "%s", path);
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/') out[--n] = 0;
    char *slash = strrchr(out, '/');
    if (!slash) strcpy(out, ".");
    else if (slash == out) out[1] = 0;
    else *slash = 0;
}

Status path_suffixed(char out[FILE_PATH], const char *path, const char *suffix)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    if (n >= FILE_PATH) return path_fits(-1, 0, path);
    return path_fits(snprintf(out, FILE_PATH, "%.*s%s", (int)n, path, suffix), FILE_PATH, path);
}

// ---- sizes --------------------------------------------------------------------------------------

Status size_mul(int64_t *out, int64_t a, int64_t b)
{
    if (a < 0 || b < 0 || (b > 0 && a > INT64_MAX / b))
        return err_set(ERR_FORMAT, "size: %lld x %lld does not fit", (long long)a, (long long)b);
    *out = a * b;
    return OK;
}

// file.c - mapping, whole files, whole folders.
#include "tensor/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- the seam for tests -------------------------------------------------------------------------

static _Atomic int64_t fault_after = -1;

void file_fault_after(int64_t n)
{
    atomic_store(&fault_after, n);
}

// Called before every operation that changes the disk or lists a folder; true: it must fail.
static bool fault(void)
{
    int64_t n = atomic_load(&fault_after);
    if (n < 0) return false;
    if (n > 0) atomic_store(&fault_after, n - 1);
    if (n == 0) errno = ENOSPC;
    return n == 0;
}

static Status failed(const char *what, const char *path)
{
    return err_set(ERR_IO, "%s: %s: %s", what, path, strerror(errno));
}

// ---- reading ------------------------------------------------------------------------------------

// ERR_IO where the file or its path is at fault; any other errno is the machine's.
static Status unreadable(const char *what, const char *path)
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
    if (fstat(fd, &st) != 0) return unreadable("cannot read", path);
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
            Status status = unreadable("cannot read", path);
            free(p);
            return status;
        }
        if (n > 0) got += (size_t)n;
    }
    *map = (FileMap){ p, got, true };
    return OK;
}

static Status read_through(FileMap *map, const char *path,
                           Status (*how)(FileMap *map, int fd, size_t bytes, const char *path))
{
    size_t bytes = 0;
    *map = (FileMap){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);   // a named pipe must not
    if (fd < 0) return unreadable("cannot open", path);                  // hang us
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

void file_unmap(FileMap *map)
{
    void *p = (void *)(uintptr_t)map->data;
    if (map->copied) free(p);
    else if (p) munmap(p, map->size);
    *map = (FileMap){ 0 };
}

// ---- names --------------------------------------------------------------------------------------

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool file_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool folder_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static Status fits(int length, size_t size, const char *path)
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
    TRY(fits(snprintf(joined, sizeof joined, "%s%s%s", folder, between, name), FILE_PATH, name));
    memcpy(out, joined, sizeof joined);
    return OK;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// The folder that holds `path`: "." for a bare name.
static void parent_of(char out[FILE_PATH], const char *path)
{
    snprintf(out, FILE_PATH, "%s", path);
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/') out[--n] = 0;
    char *slash = strrchr(out, '/');
    if (!slash) strcpy(out, ".");
    else if (slash == out) out[1] = 0;
    else *slash = 0;
}

// `path` without slashes at its end, with `suffix`.
static Status path_suffixed(char *out, size_t size, const char *path, const char *suffix)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    if (n >= FILE_PATH) return fits(-1, 0, path);
    return fits(snprintf(out, size, "%.*s%s", (int)n, path, suffix), size, path);
}

// ---- writing ------------------------------------------------------------------------------------

// After a rename the folder must be flushed too. Some systems cannot sync a folder: no error.
static Status sync_parent(const char *path)
{
    char folder[FILE_PATH];
    parent_of(folder, path);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return OK;
    if (fault()) {
        close(fd);
        return failed("cannot sync", folder);
    }
    fsync(fd);
    close(fd);
    return OK;
}

static Status temp_name(char *out, size_t size, const char *path)
{
    char suffix[32];
    snprintf(suffix, sizeof suffix, ".%ld.new", (long)getpid());
    return path_suffixed(out, size, path, suffix);
}

Status file_create(FileOut *out, const char *path)
{
    *out = (FileOut){ 0 };
    TRY(fits(snprintf(out->path, sizeof out->path, "%s", path), sizeof out->path, path));
    if (folder_exists(path)) return err_set(ERR_IO, "cannot write: %s: is a folder", path);
    TRY(temp_name(out->temp, sizeof out->temp, path));
    if (fault() || !(out->stream = fopen(out->temp, "wb"))) return failed("cannot write", path);
    return OK;
}

Status file_write(FileOut *out, const void *data, size_t bytes)
{
    if (out->status != OK || bytes == 0) return out->status;
    if (fault() || fwrite(data, 1, bytes, out->stream) != bytes)
        out->status = failed("cannot write", out->path);
    return out->status;
}

Status file_printf(FileOut *out, const char *format, ...)
{
    if (out->status != OK) return out->status;
    va_list args;
    va_start(args, format);
    if (fault() || vfprintf(out->stream, format, args) < 0)
        out->status = failed("cannot write", out->path);
    va_end(args);
    return out->status;
}

static Status close_synced(FileOut *out)
{
    FILE *stream = out->stream;
    out->stream = NULL;
    bool bad = fault() || fflush(stream) != 0 || fsync(fileno(stream)) != 0;
    int error = errno;
    if (fclose(stream) != 0 && !bad) {
        bad = true;
        error = errno;
    }
    errno = error;
    return bad ? failed("cannot write", out->path) : OK;
}

static Status commit(FileOut *out)
{
    Status status = close_synced(out);
    if (out->status != OK) return out->status;  // an earlier write failed; its message is the last
    TRY(status);
    if (fault() || rename(out->temp, out->path) != 0) return failed("cannot write", out->path);
    out->temp[0] = 0;
    return sync_parent(out->path);
}

Status file_commit(FileOut *out)
{
    Status status = commit(out);
    file_discard(out);
    return status;
}

void file_discard(FileOut *out)
{
    if (out->stream) fclose(out->stream);
    if (out->temp[0]) unlink(out->temp);
    out->stream = NULL;
    out->temp[0] = 0;
}

Status file_save(const char *path, const void *data, size_t bytes)
{
    FileOut out;
    TRY(file_create(&out, path));
    file_write(&out, data, bytes);
    return file_commit(&out);
}

Status file_put(const char *path, const void *data, size_t bytes)
{
    FILE *stream = fault() ? NULL : fopen(path, "wb");
    if (!stream) return failed("cannot write", path);
    bool bad = fault() || fwrite(data, 1, bytes, stream) != bytes;
    bad |= fclose(stream) != 0;
    return bad ? failed("cannot write", path) : OK;
}

Status file_copy(const char *from, const char *to)
{
    FileMap map;
    TRY(file_map(&map, from));
    Status status = file_save(to, map.data, map.size);
    file_unmap(&map);
    return status;
}

Status file_append(const char *path, const void *data, size_t bytes)
{
    int fd = fault() ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return failed("cannot write", path);
    ssize_t n = fault() ? -1 : write(fd, data, bytes);
    Status status = OK;
    if (n < 0) status = failed("cannot write", path);
    else if ((size_t)n != bytes) status = err_set(ERR_IO, "cannot write: %s: disk full", path);
    if (close(fd) != 0 && status == OK) status = failed("cannot write", path);
    return status;
}

// ---- folders ------------------------------------------------------------------------------------

static Status make_one(const char *path)
{
    if (!fault() && (mkdir(path, 0777) == 0 || (errno == EEXIST && folder_exists(path)))) return OK;
    return failed("cannot make folder", path);
}

Status folder_make(const char *path)
{
    char part[FILE_PATH];
    TRY(fits(snprintf(part, sizeof part, "%s", path), sizeof part, path));
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (!folder_exists(part)) TRY(make_one(part));
        *slash = '/';
    }
    return folder_exists(path) ? OK : make_one(path);
}

Status folder_begin(char temp[FILE_PATH], const char *path)
{
    char parent[FILE_PATH];
    parent_of(parent, path);
    TRY(folder_make(parent));
    TRY(temp_name(temp, FILE_PATH, path));
    folder_discard(temp);                      // left by an earlier process with the same id
    return make_one(temp);
}

static Status move(const char *from, const char *to)
{
    return fault() || rename(from, to) != 0 ? failed("cannot rename", from) : OK;
}

Status folder_commit(const char *temp, const char *path)
{
    char old[FILE_PATH];
    TRY(path_suffixed(old, sizeof old, path, ".old"));
    bool replaces = folder_exists(path);
    if (replaces) {
        folder_discard(old);
        TRY(move(path, old));
    }
    Status status = move(temp, path);
    if (status != OK && replaces) rename(old, path);
    TRY(status);
    if (replaces) folder_discard(old);
    return sync_parent(path);
}

// A symbolic link is removed, never its target.
void folder_discard(const char *temp)
{
    if (unlink(temp) == 0) return;
    DIR *dir = opendir(temp);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        char path[FILE_PATH];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (path_join(path, temp, e->d_name) == OK) folder_discard(path);
    }
    closedir(dir);
    rmdir(temp);
}

Status folder_recover(const char *path)
{
    char old[FILE_PATH];
    TRY(path_suffixed(old, sizeof old, path, ".old"));
    if (folder_exists(path) || !folder_exists(old)) return OK;
    return move(old, path);
}

// The id of the process that made a temporary name (temp_name); 0: not such a name.
static long owner_of(const char *name)
{
    size_t n = strlen(name);
    if (n < 4 || strcmp(name + n - 4, ".new") != 0) return 0;
    const char *digit = name + n - 4;
    while (digit > name && digit[-1] >= '0' && digit[-1] <= '9') digit--;
    return digit > name && digit[-1] == '.' ? strtol(digit, NULL, 10) : 0;
}

void folder_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char path[FILE_PATH];
        long owner = owner_of(e->d_name);
        if (owner <= 0 || kill((pid_t)owner, 0) == 0 || errno != ESRCH) continue;
        if (path_join(path, folder, e->d_name) == OK && unlink(path) != 0) folder_discard(path);
    }
    if (dir) closedir(dir);
}

Status folder_lock(int *lock, const char *path)
{
    *lock = open(path, O_RDONLY | O_CLOEXEC);
    if (*lock < 0) return failed("cannot open", path);
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return OK;
    folder_unlock(lock);
    return err_set(ERR_IO, "cannot write: %s: another process is writing there", path);
}

void folder_unlock(int *lock)
{
    if (*lock >= 0) close(*lock);
    *lock = -1;
}

Status folder_next(const char **name, DIR *dir, const char *path)
{
    struct dirent *e;
    *name = NULL;
    do {
        errno = 0;
        e = fault() ? NULL : readdir(dir);
    } while (e && e->d_name[0] == '.');
    if (!e && errno) return unreadable("cannot list", path);
    if (e) *name = e->d_name;
    return OK;
}

Status folder_writable(const char *path)
{
    char part[FILE_PATH];
    TRY(fits(snprintf(part, sizeof part, "%s", path), sizeof part, path));
    while (access(part, F_OK) != 0 && strcmp(part, ".") != 0 && strcmp(part, "/") != 0) {
        char up[FILE_PATH];
        parent_of(up, part);
        memcpy(part, up, sizeof part);
    }
    if (!folder_exists(part)) return err_set(ERR_IO, "cannot write: %s: not a folder", part);
    return access(part, W_OK) == 0 ? OK : failed("cannot write", part);
}

// ---- sizes --------------------------------------------------------------------------------------

Status size_mul(int64_t *out, int64_t a, int64_t b)
{
    if (a < 0 || b < 0 || (b > 0 && a > INT64_MAX / b))
        return err_set(ERR_FORMAT, "size: %lld x %lld does not fit", (long long)a, (long long)b);
    *out = a * b;
    return OK;
}

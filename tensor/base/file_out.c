// file_out.c - writes files, whole or not at all.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tensor/base/file_work.h"

// ---- names and folders --------------------------------------------------------------------------

Status path_move(const char *from, const char *to)
{
    return file_fault() || rename(from, to) != 0 ? file_failed("cannot rename", from) : OK;
}

Status path_sync(const char *path)
{
    char folder[FILE_PATH];
    path_parent(folder, path);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == EACCES ? OK : file_failed("cannot sync", folder);
    bool bad = file_fault() || fsync(fd) != 0;
    int error = errno;
    close(fd);
    errno = error;
    bool none = error == EINVAL || error == ENOSYS || error == ENOTSUP;
    return bad && !none ? file_failed("cannot sync", folder) : OK;
}

// Which machine a name was made on: its process ids mean nothing elsewhere.
uint32_t temp_host(void)
{
    char name[256] = "";
    uint32_t hash = 2166136261u;               // FNV-1a
    gethostname(name, sizeof name - 1);
    for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    return hash;
}

Status temp_name(char out[FILE_PATH], const char *path)
{
    enum { NAME_MOST = 180 };                  // with what follows, no more than a name may have
    uint64_t random;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    if (n >= FILE_PATH) return path_fits(-1, 0, path);
    size_t name = n;
    while (name > 0 && path[name - 1] != '/') name--;
    if (n - name > NAME_MOST) n = name + NAME_MOST;
    if (getentropy(&random, sizeof random) != 0) return file_failed("no random numbers for", path);
    return path_fits(snprintf(out, FILE_PATH, "%.*s.%08x-%ld-%016llx.proreg", (int)n, path,
                              (unsigned)temp_host(), (long)getpid(), (unsigned long long)random),
                     FILE_PATH, path);
}

// ---- one file -----------------------------------------------------------------------------------

// What lies under a temporary name already is never written to, nor what a link leads to.
static FILE *open_new(const char *path, int also)
{
    int fd = file_fault() ? -1
           : open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | also, 0666);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "wb");
    if (fd >= 0 && !stream) {
        int error = errno;
        close(fd);
        if (also & O_EXCL) unlink(path);
        errno = error;
    }
    return stream;
}

Status file_create(FileOut *out, const char *path)
{
    *out = (FileOut){ 0 };
    TRY(path_fits(snprintf(out->path, sizeof out->path, "%s", path), sizeof out->path, path));
    bool folder;
    TRY(folder_there(&folder, path));
    if (folder) return err_set(ERR_IO, "cannot write: %s: is a folder", path);
    TRY(temp_name(out->temp, path));
    out->stream = open_new(out->temp, O_EXCL);
    if (out->stream) return OK;
    out->temp[0] = 0;
    return file_failed("cannot write", path);
}

Status file_write(FileOut *out, const void *data, size_t bytes)
{
    if (out->status != OK || bytes == 0) return out->status;
    if (file_fault() || fwrite(data, 1, bytes, out->stream) != bytes)
        out->status = file_failed("cannot write", out->path);
    return out->status;
}

Status file_printf(FileOut *out, const char *format, ...)
{
    if (out->status != OK) return out->status;
    va_list args;
    va_start(args, format);
    if (file_fault() || vfprintf(out->stream, format, args) < 0)
        out->status = file_failed("cannot write", out->path);
    va_end(args);
    return out->status;
}

static Status close_synced(FileOut *out)
{
    FILE *stream = out->stream;
    out->stream = NULL;
    bool bad = file_fault() || fflush(stream) != 0 || fsync(fileno(stream)) != 0;
    int error = errno;
    if (fclose(stream) != 0 && !bad) {
        bad = true;
        error = errno;
    }
    errno = error;
    return bad ? file_failed("cannot write", out->path) : OK;
}

// An earlier write that failed has left the message.
static Status complete(FileOut *out)
{
    Status status = close_synced(out);
    return out->status != OK ? out->status : status;
}

static Status put_in_place(FileOut *out)
{
    if (file_fault() || rename(out->temp, out->path) != 0)
        return file_failed("cannot write", out->path);
    out->temp[0] = 0;
    return OK;
}

static Status commit(FileOut *out)
{
    TRY(complete(out));
    TRY(put_in_place(out));
    return path_sync(out->path);
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

Status file_rename(const char *from, const char *to)
{
    TRY(path_move(from, to));
    return path_sync(to);
}

Status file_remove(const char *path)
{
    if (!file_fault() && (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)) return OK;
    return file_failed("cannot remove", path);
}

Status file_put(const char *path, const void *data, size_t bytes)
{
    FILE *stream = open_new(path, O_TRUNC);
    if (!stream) return file_failed("cannot write", path);
    bool bad = file_fault() || (bytes && fwrite(data, 1, bytes, stream) != bytes);
    bad |= fclose(stream) != 0;
    return bad ? file_failed("cannot write", path) : OK;
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
    int fd = file_fault() ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return file_failed("cannot write", path);
    ssize_t n = file_fault() ? -1 : write(fd, data, bytes);
    Status status = OK;
    if (n < 0) status = file_failed("cannot write", path);
    else if ((size_t)n != bytes) status = err_set(ERR_IO, "cannot write: %s: disk full", path);
    if (close(fd) != 0 && status == OK) status = file_failed("cannot write", path);
    return status;
}

// ---- two files ----------------------------------------------------------------------------------

static Status aside_name(char out[FILE_PATH], const char *path)
{
    return path_suffixed(out, path, ".proreg-old");
}

// Moves what lies at `path` aside; *was: there was something.
static Status set_aside(bool *was, const char *path)
{
    char old[FILE_PATH];
    TRY(aside_name(old, path));
    TRY(file_there(was, path));
    return *was ? path_move(path, old) : OK;
}

// Puts it back, over what has come in its place.
static Status put_back(const char *path)
{
    char old[FILE_PATH];
    bool there;
    TRY(aside_name(old, path));
    TRY(file_there(&there, old));
    return there ? path_move(old, path) : OK;
}

static Status drop_aside(const char *path)
{
    char old[FILE_PATH];
    TRY(aside_name(old, path));
    return file_remove(old);
}

Status file_recover_pair(const char *first, const char *last)
{
    bool whole;
    TRY(file_there(&whole, last));
    TRY(whole ? drop_aside(first) : put_back(first));
    return whole ? drop_aside(last) : put_back(last);
}

static Status place_pair(FileOut *first, FileOut *last)
{
    bool had_first = false, had_last = false;
    Status status = set_aside(&had_last, last->path);
    if (status == OK) status = set_aside(&had_first, first->path);
    if (status == OK) status = put_in_place(first);
    if (status == OK) status = put_in_place(last);
    if (status == OK) return OK;
    char message[ERR_MESSAGE];
    err_copy(message, sizeof message);
    if (!had_first && !first->temp[0]) unlink(first->path);
    if (had_first) put_back(first->path);
    if (had_last) put_back(last->path);
    return err_set(status, "%s", message);
}

static Status commit_pair(FileOut *first, FileOut *last)
{
    Status status = complete(first), other = complete(last);
    TRY(status);
    TRY(other);
    TRY(place_pair(first, last));
    status = path_sync(first->path);           // they are in place, whatever comes
    if (status == OK) status = path_sync(last->path);
    TRY(drop_aside(first->path));
    TRY(drop_aside(last->path));
    return status;
}

Status file_commit_pair(FileOut *first, FileOut *last)
{
    Status status = commit_pair(first, last);
    file_discard(first);
    file_discard(last);
    return status;
}

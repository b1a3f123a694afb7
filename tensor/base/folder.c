// folder.c - folders that appear whole, and what is left of those that did not.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tensor/base/file_work.h"

// ---- folders ------------------------------------------------------------------------------------

static Status make_one(const char *path)
{
    bool there = false;
    if (!file_fault() && mkdir(path, 0777) == 0) return OK;
    int error = errno;
    if (error == EEXIST) TRY(folder_there(&there, path));
    errno = error;
    return there ? OK : file_failed("cannot make folder", path);
}

Status folder_make(const char *path)
{
    char part[FILE_PATH];
    TRY(path_fits(snprintf(part, sizeof part, "%s", path), sizeof part, path));
    bool there;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        TRY(folder_there(&there, part));
        if (!there) TRY(make_one(part));
        *slash = '/';
    }
    TRY(folder_there(&there, path));
    return there ? OK : make_one(path);
}

Status folder_begin(char temp[FILE_PATH], const char *path)
{
    char parent[FILE_PATH];
    path_parent(parent, path);
    TRY(folder_make(parent));
    TRY(temp_name(temp, path));
    if (!file_fault() && mkdir(temp, 0777) == 0) return OK;
    return file_failed("cannot make folder", path);
}

// Both names change places at once. false: this system or file system has no such thing.
static bool exchange_off;

void folder_exchange_off(bool off)
{
    exchange_off = off;
}

static bool exchange(const char *a, const char *b)
{
    if (exchange_off) return false;
#if defined(__linux__) && defined(SYS_renameat2)
    return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2u) == 0;      // RENAME_EXCHANGE
#elif defined(__APPLE__)
    return renamex_np(a, b, RENAME_SWAP) == 0;
#else
    (void)a, (void)b;
    return false;
#endif
}

// By two renames, with a moment between them in which there is only path.proreg-old.
static Status replace(const char *temp, const char *path)
{
    char old[FILE_PATH];
    TRY(path_suffixed(old, path, ".proreg-old"));
    folder_discard(old);
    TRY(path_move(path, old));
    Status status = path_move(temp, path);
    if (status != OK) rename(old, path);
    TRY(status);
    folder_discard(old);
    return OK;
}

Status folder_commit(const char *temp, const char *path)
{
    bool replaces;
    TRY(folder_there(&replaces, path));
    if (!replaces) TRY(path_move(temp, path));
    else if (!file_fault() && exchange(temp, path)) folder_discard(temp);  // the old one by now
    else TRY(replace(temp, path));
    return path_sync(path);
}

Status folder_remove(const char *path)
{
    char temp[FILE_PATH];
    bool there;
    TRY(path_there(&there, path));
    if (!there) return OK;
    TRY(temp_name(temp, path));
    TRY(path_move(path, temp));
    folder_discard(temp);
    return OK;
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
    bool there, saved;
    TRY(path_suffixed(old, path, ".proreg-old"));
    TRY(path_there(&there, path));
    TRY(folder_there(&saved, old));
    return there || !saved ? OK : path_move(old, path);
}

// Was this name made by temp_name? Then the machine and the process that made it.
static bool read_temp_name(const char *name, uint32_t *host, long *process)
{
    enum { HOST = 8, RANDOM = 16 };
    static const char end[] = ".proreg", hex[] = "0123456789abcdef";
    size_t n = strlen(name), tail = strlen(end);
    if (n < tail || strcmp(name + n - tail, end) != 0) return false;
    const char *random = name + n - tail - RANDOM, *digit = random - 1;
    if (n < tail + RANDOM + HOST + 5) return false;
    if (strspn(random, hex) != RANDOM || *digit != '-') return false;
    while (digit > name && digit[-1] >= '0' && digit[-1] <= '9') digit--;
    const char *from = digit - 1 - HOST;
    if (from <= name || digit == random - 1 || digit[-1] != '-' || from[-1] != '.') return false;
    if (strspn(from, hex) != HOST) return false;
    *host = (uint32_t)strtoul(from, NULL, 16);
    *process = strtol(digit, NULL, 10);
    return *process > 0;
}

bool file_is_temporary(const char *name)
{
    uint32_t host;
    long process;
    return read_temp_name(name, &host, &process);
}

// Of another machine nobody knows who still runs there: what is a day old is nobody's.
static bool is_abandoned(const char *path, uint32_t host, long process)
{
    struct stat st;
    if (host == temp_host()) return kill((pid_t)process, 0) != 0 && errno == ESRCH;
    return lstat(path, &st) == 0 && time(NULL) - st.st_mtime > 24 * 3600;
}

void folder_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char path[FILE_PATH];
        uint32_t host;
        long process;
        if (read_temp_name(e->d_name, &host, &process) && path_join(path, folder, e->d_name) == OK
            && is_abandoned(path, host, process)) folder_discard(path);
    }
    if (dir) closedir(dir);
}

Status folder_lock(int *lock, const char *path)
{
    *lock = open(path, O_RDONLY | O_CLOEXEC);
    if (*lock < 0) return file_failed("cannot open", path);
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return OK;
    folder_unlock(lock);
    return err_set(ERR_IO, "cannot write: %s: another process is writing there", path);
}

void folder_unlock(int *lock)
{
    if (*lock >= 0) close(*lock);
    *lock = -1;
}

Status folder_list(DIR **dir, const char *path)
{
    *dir = opendir(path);
    return *dir ? OK : file_unreadable("cannot open", path);
}

Status folder_next_any(const char **name, DIR *dir, const char *path)
{
    struct dirent *e;
    *name = NULL;
    do {
        errno = 0;
        e = file_fault() ? NULL : readdir(dir);
    } while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
    if (!e && errno) return file_unreadable("cannot list", path);
    if (e) *name = e->d_name;
    return OK;
}

Status folder_next(const char **name, DIR *dir, const char *path)
{
    Status status;
    do status = folder_next_any(name, dir, path);
    while (*name && (*name)[0] == '.');
    return status;
}

bool folder_is_own(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

// The deepest folder on the way to a path that is there.
Status folder_writable(const char *path)
{
    char part[FILE_PATH];
    PathKind kind;
    TRY(path_fits(snprintf(part, sizeof part, "%s", path), sizeof part, path));
    for (;;) {
        char up[FILE_PATH];
        TRY(path_kind(&kind, part));
        if (kind != PATH_NOTHING || !strcmp(part, ".") || !strcmp(part, "/")) break;
        path_parent(up, part);
        memcpy(part, up, sizeof part);
    }
    if (kind != PATH_FOLDER) return err_set(ERR_IO, "cannot write: %s: not a folder", part);
    return access(part, W_OK) == 0 ? OK : file_failed("cannot write", part);
}

// shim.c - stands between the program and the C library: one call fails, or the process ends there.
//
// LD_PRELOAD=shim.so SHIM=io SHIM_AT=17 SHIM_DO=28 proreg ..
//
//     SHIM        io: calls that touch files; memory: calls that ask for memory; flush: flushes of
//                 folders
//     SHIM_AT     which call, from 0
//     SHIM_DO     an errno that it fails with; `before`, `middle` (of a write, else before) and
//                 `after`: the process is killed there
//     SHIM_EVER   1: all later calls fail too
//     SHIM_COUNT  a file: how many calls there were, written at the end
//
// Flushes are not carried out: what is tested is a process that ends, not a disk that loses power.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *p, size_t bytes);
extern void *__libc_memalign(size_t align, size_t bytes);

static enum { OFF, IO, MEMORY, FLUSH } what;
static enum { FAIL, BEFORE, MIDDLE, AFTER } how;
static long at = -1;
static bool ever;
static int error;
static _Atomic long calls;

__attribute__((constructor)) static void begin(void)
{
    const char *shim = getenv("SHIM"), *n = getenv("SHIM_AT"), *act = getenv("SHIM_DO");
    if (n) at = strtol(n, NULL, 10);
    if (act) how = !strcmp(act, "before") ? BEFORE : !strcmp(act, "middle") ? MIDDLE
                 : !strcmp(act, "after") ? AFTER : FAIL;
    if (act) error = atoi(act);
    ever = getenv("SHIM_EVER") != NULL;
    what = !shim ? OFF : !strcmp(shim, "io") ? IO : !strcmp(shim, "flush") ? FLUSH : MEMORY;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("SHIM_COUNT");
    what = OFF;
    FILE *out = path ? fopen(path, "w") : NULL;
    if (!out) return;
    fprintf(out, "%ld\n", calls);
    fclose(out);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

// Is this call to fail? *n: its number, for `after`.
static bool fails_or(int kind, long *n, bool halves)
{
    *n = -1;
    if (what != (unsigned)kind) return false;
    *n = atomic_fetch_add(&calls, 1);
    if (at < 0 || *n < at || (*n > at && !ever)) return false;
    if (how == BEFORE || (how == MIDDLE && !halves)) die();
    if (how == FAIL) errno = what == MEMORY ? ENOMEM : error;
    return how == FAIL;
}

static bool fails(int kind, long *n)
{
    return fails_or(kind, n, false);
}

static void done(long n)
{
    if (n >= 0 && n == at && how == AFTER) die();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(type, name, parameters, arguments, bad) \
    type name parameters                             \
    {                                                \
        static __typeof__(&name) real;               \
        long n;                                      \
        if (!real) real = REAL(name);                \
        if (fails(IO, &n)) return bad;               \
        type r = real arguments;                     \
        done(n);                                     \
        return r;                                    \
    }

WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)
WRAP(FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL)
WRAP(ssize_t, read, (int fd, void *p, size_t bytes), (fd, p, bytes), -1)
WRAP(ssize_t, write, (int fd, const void *p, size_t bytes), (fd, p, bytes), -1)
WRAP(int, fflush, (FILE *f), (f), EOF)
WRAP(int, rename, (const char *from, const char *to), (from, to), -1)
WRAP(int, unlink, (const char *path), (path), -1)
WRAP(int, rmdir, (const char *path), (path), -1)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
WRAP(int, stat, (const char *path, struct stat *st), (path, st), -1)
WRAP(int, lstat, (const char *path, struct stat *st), (path, st), -1)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), -1)
WRAP(int, access, (const char *path, int mode), (path, mode), -1)
WRAP(DIR *, opendir, (const char *path), (path), NULL)
WRAP(struct dirent *, readdir, (DIR *dir), (dir), NULL)
WRAP(char *, realpath, (const char *path, char *out), (path, out), NULL)
WRAP(int, getentropy, (void *p, size_t bytes), (p, bytes), -1)
WRAP(void *, mmap, (void *p, size_t bytes, int may, int flags, int fd, off_t from),
     (p, bytes, may, flags, fd, from), MAP_FAILED)

int open(const char *path, int flags, ...)
{
    long n;
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (fails(IO, &n)) return -1;
    int fd = REAL(open)(path, flags, mode);
    done(n);
    return fd;
}

// renameat2, by its number.
long syscall(long number, ...)
{
    long n, a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(args, long);
    va_end(args);
    if (fails(IO, &n)) return -1;
    long r = REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    done(n);
    return r;
}

int fsync(int fd)
{
    long n;
    struct stat st;
    bool folder = what == FLUSH && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    if (fails(folder ? FLUSH : IO, &n)) return -1;
    done(n);
    return 0;
}

// The file is closed even so, as the system does it.
int fclose(FILE *f)
{
    long n;
    bool bad = fails(IO, &n);
    int r = REAL(fclose)(f);
    if (bad) errno = error;
    done(n);
    return bad ? EOF : r;
}

// Of the many writes to one file that follow each other (a page is written in thousands) the first
// and every 256th are counted; of what is said to the user none.
static bool is_counted(FILE *f)
{
    static FILE *last;
    static long run;
    if (f == stdout || f == stderr) return false;
    run = f == last ? run + 1 : 0;
    last = f;
    return run % 256 == 0;
}

size_t fwrite(const void *p, size_t size, size_t items, FILE *f)
{
    long n = -1;
    if (is_counted(f) && fails_or(IO, &n, true)) return 0;
    if (n >= 0 && n == at && how == MIDDLE) {
        REAL(fwrite)(p, 1, size * items / 2, f);
        REAL(fflush)(f);
        die();
    }
    size_t r = REAL(fwrite)(p, size, items, f);
    done(n);
    return r;
}

int vfprintf(FILE *f, const char *format, va_list args)
{
    long n = -1;
    if (is_counted(f) && fails(IO, &n)) return -1;
    int r = REAL(vfprintf)(f, format, args);
    done(n);
    return r;
}

// ---- memory -------------------------------------------------------------------------------------

void *malloc(size_t bytes)
{
    long n;
    return fails(MEMORY, &n) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes)
{
    long n;
    return fails(MEMORY, &n) ? NULL : __libc_calloc(items, bytes);
}

void *realloc(void *p, size_t bytes)
{
    long n;
    return fails(MEMORY, &n) ? NULL : __libc_realloc(p, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    long n;
    return fails(MEMORY, &n) ? NULL : __libc_memalign(align, bytes);
}

int posix_memalign(void **p, size_t align, size_t bytes)
{
    long n;
    if (fails(MEMORY, &n)) return ENOMEM;
    *p = __libc_memalign(align, bytes);
    return *p ? 0 : ENOMEM;
}

// far.c - a device whose memory the host cannot touch, to test everything above the table.
//
// It behaves like an accelerator at its worst: memory is unreadable to the host but while a kernel
// runs, so a host that reads or writes it crashes; new memory is NaN; copies and kernels wait in a
// queue until the host asks for a result (sync, download, sumsq); a kernel that is handed a pointer
// to anything else is not run and named by the next sync. It computes with the kernels of ref, so a
// run on `far` gives the bits of a run on `ref`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tensor/backend.h"

// ---- memory -------------------------------------------------------------------------------------

typedef struct Block Block;
struct Block {
    unsigned char *at;
    size_t bytes;
    bool released;               // unmapped when the queue has run: a kernel there may use it
    Block *next;
};

static Block *blocks;
static Status failure;           // the first since the last sync, and what to say of it
static char failed[128];

static void fail(Status status, const char *kernel, const char *what)
{
    if (failure != OK) return;
    failure = status;
    snprintf(failed, sizeof failed, "%s: %s", kernel, what);
}

static void *far_alloc(size_t bytes)
{
    Block *b = malloc(sizeof *b);
    if (!b) return NULL;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (at == MAP_FAILED) {
        free(b);
        return NULL;
    }
    memset(at, 0xff, bytes);     // NaN
    mprotect(at, bytes, PROT_NONE);
    *b = (Block){ at, bytes, false, blocks };
    blocks = b;
    return at;
}

static void protect(int how)
{
    for (Block *b = blocks; b; b = b->next) mprotect(b->at, b->bytes, how);
}

static void drop_released(void)
{
    for (Block **link = &blocks; *link;) {
        Block *b = *link;
        if (!b->released) {
            link = &b->next;
            continue;
        }
        *link = b->next;
        munmap(b->at, b->bytes);
        free(b);
    }
}

static bool is_ours(const void *p, const char *kernel)
{
    const unsigned char *at = p;
    for (const Block *b = blocks; b; b = b->next)
        if (!b->released && at >= b->at && at < b->at + b->bytes) return true;
    fail(ERR_UNSUPPORTED, kernel, "was given memory that is not the device's");
    return false;
}


// ---- the queue ----------------------------------------------------------------------------------
// A call waits with its arguments under their names in kernels.inc. What comes `in` as a pointer to
// const goes `out` without it.

typedef union { const void *in; void *out; } Pointer;
typedef union { int64_t in, out; } Size;
typedef union { real in, out; } Number;

typedef struct Call Call;
struct Call {
    Pointer y, x, p, w, b, pre, q, kv, n_keys, lse, mean, rstd, norm, z, loss, idx, s, cls, pos, g;
    Pointer m, v, dx, dw, db, dy, dq, dkv, dz, dloss, dp, ds, dcls, dpos;
    Size n, M, N, K, B, Tq, T, H, D, C, S, P;
    Number value, eps, temp, a;
    union { Act in, out; } act;
    union { AdamwStep in, out; } adamw;
    union { SgdStep in, out; } sgd;
    void *device, *copy;         // of an upload: where to, and what the host's memory held
    size_t bytes;
    void (*run)(const Call *c);
    const char *kernel;
};

static Call queue[512];          // a full one runs
static int waiting;

static void run_queue(void)
{
    protect(PROT_READ | PROT_WRITE);
    for (int i = 0; i < waiting; i++) queue[i].run(&queue[i]);
    waiting = 0;
    drop_released();
    protect(PROT_NONE);
}

static void later(const Call *c)
{
    enum { ROOM = sizeof queue / sizeof *queue, POINTERS = offsetof(Call, n) / sizeof(Pointer) };
    Pointer list[POINTERS];
    memcpy(list, c, sizeof list);
    for (int i = 0; i < POINTERS; i++)
        if (list[i].in && !is_ours(list[i].in, c->kernel)) return;
    if (waiting == ROOM) run_queue();
    queue[waiting++] = *c;
}

static void far_release(void *p, size_t bytes)
{
    (void)bytes;
    for (Block *b = blocks; b; b = b->next)
        if (b->at == p) b->released = true;
    if (!waiting) drop_released();
}

// ---- where host and device meet -----------------------------------------------------------------

static void run_upload(const Call *c)
{
    memcpy(c->device, c->copy, c->bytes);
    free(c->copy);
}

static void far_upload(void *device, const void *host, size_t bytes)
{
    if (!is_ours(device, "upload")) return;
    void *copy = malloc(bytes);
    if (!copy) fail(ERR_MEMORY, "upload", "out of memory");
    else later(&(Call){ .run = run_upload, .device = device, .bytes = bytes,
                        .copy = memcpy(copy, host, bytes) });
}

static void far_download(void *host, const void *device, size_t bytes)
{
    run_queue();
    if (!is_ours(device, "download")) return;
    protect(PROT_READ);
    memcpy(host, device, bytes);
    protect(PROT_NONE);
}

static Status far_sync(void)
{
    Status status = failure;
    run_queue();
    failure = OK;
    return status == OK ? OK : err_set(status, "far: %s", failed);
}

static double far_sumsq(const real *x, int64_t n)
{
    run_queue();
    if (!is_ours(x, "sumsq")) return 0;
    protect(PROT_READ);
    double sum = ref_sumsq(x, n);
    protect(PROT_NONE);
    return sum;
}

// ---- kernels: each waits in the queue, then ref computes it -------------------------------------
// EACH(f, a, b, c) is f(a), f(b), f(c).

#define EACH_1(f, a) f(a)
#define EACH_2(f, a, ...) f(a), EACH_1(f, __VA_ARGS__)
#define EACH_3(f, a, ...) f(a), EACH_2(f, __VA_ARGS__)
#define EACH_4(f, a, ...) f(a), EACH_3(f, __VA_ARGS__)
#define EACH_5(f, a, ...) f(a), EACH_4(f, __VA_ARGS__)
#define EACH_6(f, a, ...) f(a), EACH_5(f, __VA_ARGS__)
#define EACH_7(f, a, ...) f(a), EACH_6(f, __VA_ARGS__)
#define EACH_8(f, a, ...) f(a), EACH_7(f, __VA_ARGS__)
#define EACH_9(f, a, ...) f(a), EACH_8(f, __VA_ARGS__)
#define EACH_10(f, a, ...) f(a), EACH_9(f, __VA_ARGS__)
#define EACH_11(f, a, ...) f(a), EACH_10(f, __VA_ARGS__)
#define EACH_12(f, a, ...) f(a), EACH_11(f, __VA_ARGS__)
#define EACH_13(f, a, ...) f(a), EACH_12(f, __VA_ARGS__)
#define EACH_N(a, b, c, d, e, f, g, h, i, j, k, l, m, n, ...) n
#define EACH(f, ...)                                                                               \
    EACH_N(__VA_ARGS__, EACH_13, EACH_12, EACH_11, EACH_10, EACH_9, EACH_8, EACH_7, EACH_6,        \
           EACH_5, EACH_4, EACH_3, EACH_2, EACH_1, )(f, __VA_ARGS__)

#define IN(a) .a.in = a
#define INS(...) EACH(IN, __VA_ARGS__)
#define OUT(a) c->a.out
#define OUTS(...) EACH(OUT, __VA_ARGS__)

#define HOST_KERNEL(kernel, result, args, names)
#define KERNEL(name, result, args, names)                                                          \
    static void run_##name(const Call *c) { ref_##name(OUTS names); }                              \
    static void far_##name args                                                                    \
    {                                                                                              \
        later(&(Call){ .run = run_##name, .kernel = #name, INS names });                           \
    }
#include "tensor/kernels.inc"
#undef KERNEL

static const Backend backend_far = {
    .name = "far", .host_memory = false, .chains = true,
#define KERNEL(kernel, result, args, names) .kernel = far_##kernel,
#include "tensor/kernels.inc"
#undef KERNEL
};

Status far_open(const Backend **out)
{
    *out = &backend_far;
    return OK;
}

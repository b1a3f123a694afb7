// kernels.h - every kernel of a backend as a call that can be tried: with seeded inputs, guard
// zones around every array, outputs that arrive as NaN. cases.h lists the calls, conform.h judges
// them.
//
// A call is a function that asks for its arrays in the order of the kernel's arguments and then
// runs the kernel as long as again() says so. Who tries it looks into c.array afterwards.
#pragma once
#include <time.h>

#include "tensor/backend.h"
#include "tensor/base/rng.h"
#include "test/test.h"

enum { GUARD = 32, ARRAYS = 12 };              // floats before and after; arrays of a call
typedef enum { IN, OUT, ADD, SPENT } Role;     // OUT: arrives as NaN.  ADD: arrives random
typedef struct { Role role; int64_t n; float *host, *block, *device; } CallArray;

// SMALL: judged against ref.  PIECES: for equal bits on any number of threads.  TIMED: benchmarks
typedef enum { SMALL, PIECES, TIMED } Use;

typedef struct Call Call;
typedef struct {
    const char *kernel;
    void (*call)(Call *c);
    int64_t d[5];                              // sizes, in the kernel's order
    Act act;
    int64_t chain;                             // the longest sum: the error may grow with its root
    Use use;
    unsigned null;                             // of a TIMED one: see Call
} KernelCase;

struct Call {
    const Backend *be;
    const KernelCase *of;
    const int64_t *d;
    unsigned null;                             // bit i: the i-th argument that may be NULL is NULL
    int shift;                                 // floats by which each array misses its alignment
    int optional, arrays, reps;
    CallArray array[ARRAYS];
    double result, start, seconds;             // of a kernel that returns a number; of the last rep
    Status status;                             // of the syncs
};

static inline double call_clock(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline float call_guard(void)
{
    uint32_t bits = 0x7FC12345;                // a NaN that no arithmetic makes
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// ---- arrays -------------------------------------------------------------------------------------

// In -3..3, small ones more often; cheaper than a normal one.
static inline float call_number(Rng *r)
{
    float u = (float)(int32_t)rng_u32(r) * 0x1p-31f;
    return u * (1 + 2 * u * u);
}

static inline size_t call_bytes(const CallArray *a)
{
    return (size_t)(a->n + 2 * GUARD) * sizeof(float);
}

static inline CallArray *call_array(Call *c, Role role, int64_t n)
{
    CallArray *a = &c->array[c->arrays++];
    *a = (CallArray){ .role = role, .n = n };
    a->host = malloc(call_bytes(a));
    a->block = c->be->alloc(call_bytes(a) + (size_t)c->shift * sizeof(float));
    if (!a->host || !a->block) abort();
    a->device = a->block + c->shift;
    for (int64_t i = 0; i < n + 2 * GUARD; i++) a->host[i] = call_guard();
    Rng r = rng_at(test_seed, 0, (uint32_t)c->arrays, RNG_TEST);
    for (int64_t i = 0; i < n && role != OUT; i++) a->host[GUARD + i] = call_number(&r);
    return a;
}

static inline float *call_device(CallArray *a)
{
    return a->device + GUARD;
}

static inline float *in(Call *c, int64_t n) { return call_device(call_array(c, IN, n)); }
static inline float *out(Call *c, int64_t n) { return call_device(call_array(c, OUT, n)); }
static inline float *add(Call *c, int64_t n) { return call_device(call_array(c, ADD, n)); }
static inline float *spent(Call *c, int64_t n) { return call_device(call_array(c, SPENT, n)); }

static inline float *maybe(Call *c, Role role, int64_t n)
{
    float *p = call_device(call_array(c, role, n));
    return c->null >> c->optional++ & 1 ? NULL : p;
}

// Other inputs: positive numbers; given ones; integers in low..high.
static inline float *positive(Call *c, int64_t n)
{
    CallArray *a = call_array(c, IN, n);
    for (int64_t i = 0; i < n; i++) a->host[GUARD + i] = fabsf(a->host[GUARD + i]) + 0.01f;
    return call_device(a);
}

static inline float *given(Call *c, const float *x, int64_t n)
{
    CallArray *a = call_array(c, IN, n);
    memcpy(a->host + GUARD, x, (size_t)n * sizeof *x);
    return call_device(a);
}

static inline int32_t *integers(Call *c, int64_t n, int64_t low, int64_t high)
{
    CallArray *a = call_array(c, IN, n);
    Rng r = rng_at(test_seed, 1, (uint32_t)c->arrays, RNG_TEST);
    for (int64_t i = 0; i < n; i++) {
        int32_t k = (int32_t)(low + rng_below(&r, (uint32_t)(high - low + 1)));
        memcpy(a->host + GUARD + i, &k, sizeof k);
    }
    return (int32_t *)(void *)call_device(a);
}

static inline float *host_of(Call *c, int i) { return c->array[i].host + GUARD; }

// Before the first run everything goes to the device; after the last everything comes back.
static inline bool again(Call *c)
{
    if (c->start > 0) {
        Status status = c->be->sync();
        if (c->status == OK) c->status = status;
        c->seconds = call_clock() - c->start;
    } else {
        for (int i = 0; i < c->arrays; i++)
            c->be->upload(c->array[i].device, c->array[i].host, call_bytes(&c->array[i]));
    }
    c->start = call_clock();
    if (c->reps-- > 0) return true;
    for (int i = 0; i < c->arrays; i++)
        c->be->download(c->array[i].host, c->array[i].device, call_bytes(&c->array[i]));
    return false;
}

static inline Call call_make(const Backend *be, const KernelCase *of, unsigned null, int shift,
                             int reps)
{
    Call c = { .be = be, .of = of, .d = of->d, .null = null, .shift = shift, .reps = reps };
    of->call(&c);
    return c;
}

static inline void call_free(Call *c)
{
    for (int i = 0; i < c->arrays; i++) {
        size_t shift = (size_t)c->shift * sizeof(float);
        c->be->release(c->array[i].block, call_bytes(&c->array[i]) + shift);
        free(c->array[i].host);
    }
}

// FNV-1a over the bits of what the kernel wrote.
static inline uint64_t call_hash(const Call *c)
{
    uint64_t h = 0xCBF29CE484222325;
    for (int i = 0; i < c->arrays; i++) {
        if (c->array[i].role != OUT && c->array[i].role != ADD) continue;
        for (int64_t j = 0; j < c->array[i].n; j++) {
            uint32_t u;
            memcpy(&u, c->array[i].host + GUARD + j, sizeof u);
            h = (h ^ u) * 0x100000001B3;
        }
    }
    uint64_t result;
    memcpy(&result, &c->result, sizeof result);
    return (h ^ result) * 0x100000001B3;
}

// What a backward kernel is given of the forward one comes from the cpu device, whose bits are the
// same everywhere.
static inline float *scratch(int64_t n)
{
    float *p = calloc((size_t)n + 1, sizeof *p);
    if (!p) abort();
    return p;
}

// ---- the calls ----------------------------------------------------------------------------------

static inline void fill(Call *c)
{
    float *y = out(c, c->d[0]);
    while (again(c)) c->be->fill(y, 1.25f, c->d[0]);
}

static inline void copy(Call *c)
{
    int64_t n = c->d[0];
    float *y = out(c, n), *x = in(c, n);
    while (again(c)) c->be->copy(y, x, n);
}

static inline void linear_fwd(Call *c)
{
    int64_t M = c->d[0], N = c->d[1], K = c->d[2];
    float *y = out(c, M * N), *pre = maybe(c, OUT, M * N), *x = in(c, M * K), *w = in(c, N * K);
    float *b = maybe(c, IN, N);
    while (again(c)) c->be->linear_fwd(y, pre, x, w, b, M, N, K, c->of->act);
}

static inline void linear_bwd(Call *c)
{
    int64_t M = c->d[0], N = c->d[1], K = c->d[2];
    Act act = c->of->act;
    float *dx = maybe(c, OUT, M * K), *dw = maybe(c, ADD, N * K), *db = maybe(c, ADD, N);
    float *dy = spent(c, M * N), *pre = in(c, M * N), *x = in(c, M * K), *w = in(c, N * K);
    while (again(c))
        c->be->linear_bwd(dx, dw, db, dy, act == ACT_NONE ? NULL : pre, x, w, M, N, K, act);
}

static inline void attention_fwd(Call *c)
{
    int64_t B = c->d[0], Tq = c->d[1], T = c->d[2], H = c->d[3], D = c->d[4];
    float *y = out(c, B * Tq * H * D), *lse = out(c, B * H * Tq), *q = in(c, B * Tq * H * D);
    float *kv = in(c, B * T * 2 * H * D);
    int32_t *n_keys = integers(c, B * Tq, 1, T);
    if (c->null >> c->optional++ & 1) n_keys = NULL;
    while (again(c)) c->be->attention_fwd(y, lse, q, kv, n_keys, B, Tq, T, H, D);
}

static inline void attention_bwd(Call *c)
{
    int64_t B = c->d[0], Tq = c->d[1], T = c->d[2], H = c->d[3], D = c->d[4];
    int64_t nq = B * Tq * H * D, nkv = B * T * 2 * H * D;
    float *dq = out(c, nq), *dkv = out(c, nkv), *dy = in(c, nq), *q = in(c, nq), *kv = in(c, nkv);
    int32_t *n_keys = integers(c, B * Tq, 1, T);
    bool all = c->null >> c->optional++ & 1;
    float *y = scratch(nq), *lse = scratch(B * H * Tq);
    backend_cpu()->attention_fwd(y, lse, host_of(c, 3), host_of(c, 4),
                                 all ? NULL : (int32_t *)(void *)host_of(c, 5), B, Tq, T, H, D);
    float *y_in = given(c, y, nq), *lse_in = given(c, lse, B * H * Tq);
    while (again(c))
        c->be->attention_bwd(dq, dkv, dy, y_in, lse_in, q, kv, all ? NULL : n_keys, B, Tq, T, H, D);
    free(y);
    free(lse);
}

static inline void layernorm_fwd(Call *c)
{
    int64_t M = c->d[0], C = c->d[1];
    float *y = out(c, M * C), *mean = out(c, M), *rstd = out(c, M), *x = in(c, M * C);
    float *w = in(c, C), *b = in(c, C);
    while (again(c)) c->be->layernorm_fwd(y, mean, rstd, x, w, b, M, C, 1e-5f);
}

static inline void layernorm_bwd(Call *c)
{
    int64_t M = c->d[0], C = c->d[1];
    float *dx = maybe(c, OUT, M * C), *dw = maybe(c, ADD, C), *db = maybe(c, ADD, C);
    float *dy = in(c, M * C), *x = in(c, M * C), *w = in(c, C), *mean = in(c, M);
    float *rstd = positive(c, M);
    while (again(c)) c->be->layernorm_bwd(dx, dw, db, dy, x, w, mean, rstd, M, C);
}

static inline void unit_fwd(Call *c)
{
    int64_t M = c->d[0], C = c->d[1];
    float *y = out(c, M * C), *norm = out(c, M), *x = in(c, M * C);
    while (again(c)) c->be->unit_fwd(y, norm, x, M, C);
}

static inline void unit_bwd(Call *c)
{
    int64_t M = c->d[0], C = c->d[1];
    float *dx = out(c, M * C), *dy = in(c, M * C), *y = in(c, M * C), *norm = positive(c, M);
    while (again(c)) c->be->unit_bwd(dx, dy, y, norm, M, C);
}

static inline void softmax_fwd(Call *c)
{
    int64_t M = c->d[0], K = c->d[1];
    float *y = out(c, M * K), *z = in(c, M * K);
    while (again(c)) c->be->softmax_fwd(y, z, M, K, 0.3f);
}

static inline void xent_fwd(Call *c)
{
    int64_t M = c->d[0], K = c->d[1];
    float *loss = out(c, M), *lse = out(c, M), *z = in(c, M * K), *q = positive(c, M * K);
    while (again(c)) c->be->xent_fwd(loss, lse, z, q, M, K, 0.3f);
}

static inline void xent_bwd(Call *c)
{
    int64_t M = c->d[0], K = c->d[1];
    float *dz = out(c, M * K), *dloss = in(c, M), *z = in(c, M * K), *q = positive(c, M * K);
    float *loss = scratch(M), *l = scratch(M);
    backend_cpu()->xent_fwd(loss, l, host_of(c, 2), host_of(c, 3), M, K, 0.3f);
    float *lse = given(c, l, M);
    while (again(c)) c->be->xent_bwd(dz, dloss, lse, z, q, M, K, 0.3f);
    free(loss);
    free(l);
}

static inline void gather_fwd(Call *c)
{
    int64_t M = c->d[0], C = c->d[1], V = c->d[2];
    float *y = out(c, M * C), *w = in(c, V * C);
    int32_t *idx = integers(c, M, 0, V - 1);
    while (again(c)) c->be->gather_fwd(y, w, idx, M, C);
}

static inline void gather_bwd(Call *c)
{
    int64_t M = c->d[0], C = c->d[1], V = c->d[2];
    float *dw = add(c, V * C), *dy = in(c, M * C);
    int32_t *idx = integers(c, M, 0, V - 1);
    while (again(c)) c->be->gather_bwd(dw, dy, idx, M, C);
}

static inline void sum_rows(Call *c)
{
    int64_t M = c->d[0], N = c->d[1];
    float *dp = add(c, N), *dy = in(c, M * N);
    while (again(c)) c->be->sum_rows(dp, dy, M, N);
}

static inline void act_fwd(Call *c)
{
    int64_t n = c->d[0];
    float *y = out(c, n), *x = in(c, n);
    while (again(c)) c->be->act_fwd(y, x, n, c->of->act);
}

static inline void act_bwd(Call *c)
{
    int64_t n = c->d[0];
    float *dx = out(c, n), *dy = in(c, n), *x = in(c, n);
    while (again(c)) c->be->act_bwd(dx, dy, x, n, c->of->act);
}

static inline void add_fwd(Call *c)
{
    int64_t M = c->d[0], N = c->d[1];
    float *y = out(c, M * N), *x = in(c, M * N), *p = in(c, N);
    while (again(c)) c->be->add_fwd(y, x, p, M, N);
}

static inline void scale_fwd(Call *c)
{
    int64_t M = c->d[0], N = c->d[1];
    float *y = out(c, M * N), *x = in(c, M * N), *s = in(c, 1);
    while (again(c)) c->be->scale_fwd(y, x, s, M, N);
}

static inline void scale_bwd(Call *c)
{
    int64_t M = c->d[0], N = c->d[1];
    float *dx = maybe(c, OUT, M * N), *ds = maybe(c, ADD, 1), *dy = in(c, M * N), *y = in(c, M * N);
    float *s = in(c, 1);
    while (again(c)) c->be->scale_bwd(dx, ds, dy, y, s, M, N);
}

static inline void dot_fwd(Call *c)
{
    int64_t n = c->d[0];
    float *y = out(c, 1), *w = in(c, n), *x = in(c, n);
    while (again(c)) c->be->dot_fwd(y, w, x, n);
}

static inline void dot_bwd(Call *c)
{
    int64_t n = c->d[0];
    float *dx = out(c, n), *dy = in(c, 1), *w = in(c, n);
    while (again(c)) c->be->dot_bwd(dx, dy, w, n);
}

static inline void patches_fwd(Call *c)
{
    int64_t B = c->d[0], S = c->d[1], P = c->d[2];
    float *y = out(c, B * (S / P) * (S / P) * 3 * P * P), *x = in(c, B * 3 * S * S);
    while (again(c)) c->be->patches_fwd(y, x, B, S, P);
}

static inline void tokens_fwd(Call *c)
{
    int64_t B = c->d[0], N = c->d[1], C = c->d[2];
    float *y = out(c, B * (1 + N) * C), *x = in(c, B * N * C), *cls = in(c, C);
    float *pos = in(c, (1 + N) * C);
    while (again(c)) c->be->tokens_fwd(y, x, cls, pos, B, N, C);
}

static inline void tokens_bwd(Call *c)
{
    int64_t B = c->d[0], N = c->d[1], C = c->d[2];
    float *dx = maybe(c, OUT, B * N * C), *dcls = maybe(c, ADD, C);
    float *dpos = maybe(c, ADD, (1 + N) * C), *dy = in(c, B * (1 + N) * C);
    while (again(c)) c->be->tokens_bwd(dx, dcls, dpos, dy, B, N, C);
}

static inline void axpy(Call *c)
{
    int64_t n = c->d[0];
    float *y = add(c, n), *x = in(c, n);
    while (again(c)) c->be->axpy(y, 0.7f, x, n);
}

static inline void sumsq(Call *c)
{
    float *x = in(c, c->d[0]);
    while (again(c)) c->result = c->be->sumsq(x, c->d[0]);
}

static inline void adamw(Call *c)              // d[1]: torch's order
{
    int64_t n = c->d[0];
    AdamwStep s = { 0.9f, 0.98f, 0.1f, 0.02f, 1e-6f, 1e-3f, 0.19f, 1e-3f, (int)c->d[1] };
    float *p = add(c, n), *g = in(c, n), *m = add(c, n), *v = add(c, n);
    for (int64_t i = 0; i < n; i++) host_of(c, 3)[i] = fabsf(host_of(c, 3)[i]) + 1e-4f;
    while (again(c)) c->be->adamw(p, g, m, v, n, s);
}

static inline void sgd(Call *c)
{
    int64_t n = c->d[0];
    SgdStep s = { 0.1f, 0.9f, 0.01f };
    float *p = add(c, n), *g = in(c, n), *m = add(c, n);
    while (again(c)) c->be->sgd(p, g, m, n, s);
}

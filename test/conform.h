// conform.h - is it a device? Each kernel at each case of cases.h against the plain version, and
// what every device promises of its memory. test_backend asks all devices, `make port` one.
//
// Outputs arrive as NaN, sums that are added to arrive random, guard zones lie around every array,
// arrays begin at a multiple of 64 bytes and 4 bytes behind one, every argument that may be NULL is
// also NULL. Error: the worst element over the largest of the reference; limit: 8 eps sqrt(longest
// sum).
#pragma once
#include "test/cases.h"

typedef struct {
    double error;                // of the worst element, in units of its limit: at most 1
    char wrong[320];             // what was wrong; "": nothing
} Verdict;

// "cpu avx2", or "far".
static inline const char *device_label(const Backend *be)
{
    static char text[64];
    const char *isa = backend_isa(be);
    snprintf(text, sizeof text, "%s%s%s", be->name, *isa ? " " : "", isa);
    return text;
}

static inline const char *case_label(const KernelCase *k)
{
    static char text[128];
    const char *act = k->act == ACT_QUICK_GELU ? " quick_gelu" : k->act == ACT_GELU ? " gelu" : "";
    int n = snprintf(text, sizeof text, "%s", k->kernel);
    for (int i = 0; i < 5 && k->d[i]; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%c%d", i ? 'x' : ' ', (int)k->d[i]);
    snprintf(text + n, sizeof text - (size_t)n, "%s", act);
    return text;
}

// The name of an argument in kernels.inc. Arrays of a call that are written stand at the places of
// their arguments.
static inline const char *argument(const char *kernel, int i)
{
    static char text[16];
    static const char *const list[][2] = {
#define KERNEL(kernel, result, args, names) { #kernel, #names },
#include "tensor/kernels.inc"
#undef KERNEL
    };
    const char *at = "(?";
    for (int k = 0; k < TEST_COUNT(list); k++)
        if (strcmp(list[k][0], kernel) == 0) at = list[k][1];
    for (at++; i > 0 && strchr(at, ','); i--) at = strchr(at, ',') + 2;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at, ",)"), at);
    return text;
}

// ---- a call against the same call of the plain version ------------------------------------------

static inline bool is_guard(const float *p)
{
    float guard = call_guard();
    return memcmp(p, &guard, sizeof guard) == 0;
}

// The array that was written outside of its bounds; -1: none.
static inline int written_outside(const Call *c)
{
    for (int i = 0; i < c->arrays; i++)
        for (int j = 0; j < GUARD; j++)
            if (!is_guard(c->array[i].host + j)
                || !is_guard(c->array[i].host + GUARD + c->array[i].n + j))
                return i;
    return -1;
}

typedef struct { double error; int array; int64_t at; double got, want; } Worst;

static inline bool is_output(const CallArray *a)
{
    return a->role == OUT || a->role == ADD;
}

// An output whose pointer was NULL keeps its NaN in both. A NaN where the reference has none is
// worse than any number.
static inline Worst worst_element(const Call *c, const Call *ref)
{
    double error = fabs(c->result - ref->result) / fmax(fabs(ref->result), 1e-30);
    Worst worst = { error, -1, 0, c->result, ref->result };
    for (int i = 0; i < c->arrays && worst.error == worst.error; i++) {
        const float *y = c->array[i].host + GUARD, *exact = ref->array[i].host + GUARD;
        double largest = 1e-30;
        for (int64_t j = 0; j < c->array[i].n; j++)
            if (!is_guard(&exact[j])) largest = fmax(largest, fabs((double)exact[j]));
        for (int64_t j = 0; is_output(&c->array[i]) && j < c->array[i].n; j++) {
            if (is_guard(&y[j]) && is_guard(&exact[j])) continue;
            error = fabs((double)y[j] - (double)exact[j]) / largest;
            if (!(error <= worst.error))
                worst = (Worst){ error, i, j, (double)y[j], (double)exact[j] };
            if (error != error) break;
        }
    }
    return worst;
}

static inline void say_worst(Verdict *v, const Call *c, const Worst *w)
{
    if (w->array < 0)
        snprintf(v->wrong, sizeof v->wrong, "the result is %.9g, not %.9g", w->got, w->want);
    else
        snprintf(v->wrong, sizeof v->wrong, "%s[%lld] of %lld is %.9g, not %.9g",
                 argument(c->of->kernel, w->array), (long long)w->at,
                 (long long)c->array[w->array].n, w->got, w->want);
    int n = (int)strlen(v->wrong);
    snprintf(v->wrong + n, sizeof v->wrong - (size_t)n, ": %.3g times the limit", v->error);
}

static inline Verdict judge_call(const Call *c, const Call *ref)
{
    Verdict v = { .error = 0 };
    Worst w = worst_element(c, ref);
    int outside = written_outside(c);
    double chain = fmax((double)c->of->chain, 1);
    v.error = w.error / (8 * 0x1p-23 * sqrt(chain));
    if (c->status != OK)
        snprintf(v.wrong, sizeof v.wrong, "sync says: %.200s", err_msg());
    else if (outside >= 0)
        snprintf(v.wrong, sizeof v.wrong, "array %d, of %lld elements, was written outside",
                 outside, (long long)c->array[outside].n);
    else if (!(v.error <= 1))
        say_worst(&v, c, &w);
    return v;
}

// The call of `ref` on another device: twice, and with each array 4 bytes further on.
static inline Verdict judge(const Backend *be, const Call *ref)
{
    const KernelCase *k = ref->of;
    Call c = call_make(be, k, ref->null, 0, 1);
    Verdict v = judge_call(&c, ref);
    Call twice = call_make(be, k, ref->null, 0, 1), moved = call_make(be, k, ref->null, 1, 1);
    Verdict m = judge_call(&moved, ref);
    if (!*v.wrong && call_hash(&c) != call_hash(&twice))
        snprintf(v.wrong, sizeof v.wrong, "other bits in a second call");
    if (!*v.wrong && *m.wrong)
        snprintf(v.wrong, sizeof v.wrong, "with arrays 4 bytes further on: %.250s", m.wrong);
    if (!*v.wrong && be->chains && call_hash(&c) != call_hash(&moved))
        snprintf(v.wrong, sizeof v.wrong, "other bits with arrays 4 bytes further on");
    call_free(&c);
    call_free(&twice);
    call_free(&moved);
    return v;
}

// One case on n devices: with all arguments, then with each that may be NULL left out. Of each
// device the first verdict that names something wrong, else the worst.
static inline void judge_case(Verdict *v, const Backend *const *be, int n, const KernelCase *k)
{
    int optional = 0;
    for (int i = 0; i < n; i++) v[i] = (Verdict){ .error = 0 };
    for (int null = 0; null <= optional; null++) {
        Call ref = call_make(&backend_ref, k, null ? 1u << (null - 1) : 0, 0, 1);
        for (int i = 0; i < n; i++) {
            if (*v[i].wrong) continue;
            Verdict now = judge(be[i], &ref);
            size_t used = strlen(now.wrong);
            if (used && null)
                snprintf(now.wrong + used, sizeof now.wrong - used, " (optional argument %d NULL)",
                         null);
            if (used || now.error > v[i].error) v[i] = now;
        }
        optional = ref.optional;
        call_free(&ref);
    }
}

// ---- memory -------------------------------------------------------------------------------------

// What is wrong with the memory of a device; "": nothing. What concerns `fill` and `copy` is asked
// when they are there.
static inline const char *copies_wrong(const Backend *be)
{
    enum { N = 1001 };
    float sent[N], got[N] = { 0 };
    float *p = be->alloc(sizeof sent + 4);
    if (!p) return "alloc: refused 4 kB";
    if ((uintptr_t)p % 64) return "alloc: not at a multiple of 64 bytes";
    for (int i = 0; i < N; i++) sent[i] = (float)i;
    be->upload(p + 1, sent, sizeof sent);
    for (int i = 0; i < N; i++) sent[i] = -1;            // upload has read it
    be->upload(p + 1, sent, sizeof *sent);
    be->download(got, p + 1, sizeof got);
    if (got[0] != -1) return "upload: what was sent last is not what is there";
    for (int i = 1; i < N; i++)
        if (got[i] != (float)i) return "upload, download: what was sent did not come back";
    be->release(p, sizeof sent + 4);
    return be->sync() == OK ? "" : "sync: failed after plain copies";
}

// Memory is given back while kernels that use it wait or run; then it is lent again as well.
static inline const char *release_wrong(const Backend *be)
{
    enum { N = 100000, BYTES = N * sizeof(float) };
    static float got[N];
    float *z = be->alloc(BYTES);
    for (int again = 0; again < 2; again++) {
        float *y = be->alloc(BYTES), *other = NULL, value = again ? 2.5f : 1.5f;
        if (!y || !z) return "alloc: refused 400 kB";
        be->fill(y, value, N);
        be->copy(z, y, N);
        be->release(y, BYTES);
        if (again && (other = be->alloc(BYTES))) be->fill(other, 7, N);
        be->download(got, z, BYTES);
        for (int i = 0; i < N; i++)
            if (got[i] != value) return "release: memory was taken from a kernel that used it";
        if (other) be->release(other, BYTES);
    }
    be->release(z, BYTES);
    return be->sync() == OK ? "" : "sync: failed after fill and copy";
}

// test_backend.c - what a device must do to be called one: every kernel, at ragged sizes, against
// the plain version; and for the cpu device equal bits on every number of threads and instruction
// set.
//
// Outputs arrive as NaN, sums that are added to arrive random, guard zones lie around every array,
// every argument that may be NULL is also NULL. Error: the worst element over the largest of the
// reference; limit: 8 eps sqrt(longest sum).
#include "tensor/base/par.h"
#include "test/kernels.h"

static const Backend *devices[4];              // the instruction sets that run here, best first
static int device_count;

static void find_devices(void)
{
    static const char *const isa[] = { "avx512", "avx2", "neon", "scalar" };
    device_count = 0;
    for (int i = 0; i < TEST_COUNT(isa); i++)
        if (backend_open(&devices[device_count], "cpu", isa[i]) == OK) device_count++;
}

static const char *label(const KernelCase *k, unsigned null)
{
    static char text[160];
    snprintf(text, sizeof text, "%s %dx%dx%dx%dx%d act %d null %u", k->kernel, (int)k->d[0],
             (int)k->d[1], (int)k->d[2], (int)k->d[3], (int)k->d[4], (int)k->act, null);
    return text;
}

static bool is_guard(const float *p)
{
    float guard = call_guard();
    return memcmp(p, &guard, sizeof guard) == 0;
}

static void check_guards(const Call *c)
{
    for (int i = 0; i < c->arrays; i++) {
        const CallArray *a = &c->array[i];
        bool whole = true;
        for (int j = 0; j < GUARD; j++)
            whole = whole && is_guard(a->host + j) && is_guard(a->host + GUARD + a->n + j);
        CHECK(whole, "%s: array %d was written outside", label(c->of, c->null), i);
    }
}

// An output whose pointer was NULL keeps its NaN in both. A NaN where the reference has none is
// sticky.
static double worst_error(const Call *c, const Call *ref)
{
    double worst = fabs(c->result - ref->result) / fmax(fabs(ref->result), 1e-30);
    for (int i = 0; i < c->arrays; i++) {
        if (c->array[i].role != OUT && c->array[i].role != ADD) continue;
        const float *y = c->array[i].host + GUARD, *exact = ref->array[i].host + GUARD;
        double error = 0, largest = 1e-30;
        for (int64_t j = 0; j < c->array[i].n; j++) {
            if (is_guard(&y[j]) && is_guard(&exact[j])) continue;
            double e = fabs((double)y[j] - (double)exact[j]);
            if (!(e <= error)) error = e;
            largest = fmax(largest, fabs((double)exact[j]));
        }
        if (!(error / largest <= worst)) worst = error / largest;
    }
    return worst;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool tried[KERNEL_CASES];

// One case on one device; returns the error in units of its limit.
static double conform(const Backend *be, const Call *ref)
{
    const KernelCase *k = ref->of;
    Call c = call_make(be, k, ref->null, 1), twice = call_make(be, k, ref->null, 1);
    double limit = 8 * 0x1p-23 * sqrt((double)k->chain), error = worst_error(&c, ref);
    CHECK(error <= limit, "%s on %s: error %.3g, limit %.3g", label(k, ref->null), backend_isa(be),
          error, limit);
    check_guards(&c);
    CHECK(call_hash(&c) == call_hash(&twice), "%s: another result next time", label(k, ref->null));
    call_free(&c);
    call_free(&twice);
    return error / limit;
}

// With every argument, then with each that may be NULL left out.
static double conform_case(const KernelCase *k)
{
    double worst = 0;
    int optional = 0;
    for (int null = 0; null <= optional; null++) {
        Call ref = call_make(&backend_ref, k, null ? 1u << (null - 1) : 0, 1);
        for (int d = 0; d < device_count; d++) worst = fmax(worst, conform(devices[d], &ref));
        optional = ref.optional;
        call_free(&ref);
    }
    return worst;
}

static void conform_all(const char *prefix)
{
    double worst = 0;
    find_devices();
    for (int i = 0; i < KERNEL_CASES; i++) {
        if (!starts_with(kernel_cases[i].kernel, prefix)) continue;
        tried[i] = true;
        worst = fmax(worst, conform_case(&kernel_cases[i]));
    }
    test_note("%.2f of the limit", worst);
}

static void linear_kernels(void) { conform_all("linear"); }
static void attention_kernels(void) { conform_all("attention"); }
static void layernorm_kernels(void) { conform_all("layernorm"); }
static void unit_kernels(void) { conform_all("unit"); }
static void softmax_kernels(void) { conform_all("softmax"); }
static void xent_kernels(void) { conform_all("xent"); }
static void gather_kernels(void) { conform_all("gather"); }
static void sum_kernels(void) { conform_all("sum"); }
static void act_kernels(void) { conform_all("act"); }
static void add_kernels(void) { conform_all("add"); }
static void scale_kernels(void) { conform_all("scale"); }
static void dot_kernels(void) { conform_all("dot"); }
static void patches_kernels(void) { conform_all("patches"); }
static void tokens_kernels(void) { conform_all("tokens"); }
static void fill_kernels(void) { conform_all("fill"); }
static void copy_kernels(void) { conform_all("copy"); }
static void axpy_kernels(void) { conform_all("axpy"); }
static void adamw_kernels(void) { conform_all("adamw"); }
static void sgd_kernels(void) { conform_all("sgd"); }

// Every kernel of the list but those that only move memory has a case.
static void complete(void)
{
    static const char *const names[] = {
#define KERNEL(kernel, result, args, names) #kernel,
#include "tensor/kernels.inc"
#undef KERNEL
    };
    static const char *const used_by_all[] = { "alloc", "release", "upload", "download", "sync" };
    for (int i = 0; i < TEST_COUNT(names); i++) {
        bool found = false;
        for (int j = 0; j < KERNEL_CASES; j++)
            found = found || strcmp(kernel_cases[j].kernel, names[i]) == 0;
        for (int j = 0; j < TEST_COUNT(used_by_all); j++)
            found = found || strcmp(used_by_all[j], names[i]) == 0;
        CHECK(found, "%s has no case", names[i]);
    }
    CHECK(backend_kernels() == TEST_COUNT(names), "%d kernels", backend_kernels());
    for (int i = 0; i < KERNEL_CASES && !getenv("TEST"); i++)
        CHECK(tried[i], "%s was not tried", kernel_cases[i].kernel);
}

static uint64_t hash_of(const Backend *be, const KernelCase *k)
{
    Call c = call_make(be, k, 0, 1);
    uint64_t hash = call_hash(&c);
    call_free(&c);
    return hash;
}

static void equal_bits(void)
{
    static uint64_t want[KERNEL_CASES];
    find_devices();
    for (int i = 0; i < KERNEL_CASES; i++) want[i] = hash_of(devices[0], &kernel_cases[i]);
    for (int threads = 2; threads <= 7; threads++) {
        CHECK_OK(par_set_threads(threads));
        for (int i = 0; i < KERNEL_CASES; i++)
            CHECK(hash_of(devices[0], &kernel_cases[i]) == want[i], "%s: %d threads",
                  label(&kernel_cases[i], 0), threads);
    }
    CHECK_OK(par_set_threads(2));
    for (int d = 1; d < device_count; d++)
        for (int i = 0; i < KERNEL_CASES; i++)
            CHECK(hash_of(devices[d], &kernel_cases[i]) == want[i], "%s: %s",
                  label(&kernel_cases[i], 0), backend_isa(devices[d]));
    CHECK_OK(par_set_threads(1));
    test_note("%s", backend_isa_list());
}

// Each kernel in sizes at which every loop of it has at least seven pieces, so that threads do
// share them: the same bits on 1 to 7.
static const KernelCase large_cases[] = {
    { "fill", fill, { 120001 }, ACT_NONE, 1 }, { "copy", copy, { 120001 }, ACT_NONE, 1 },
    { "linear_fwd", linear_fwd, { 900, 900, 400 }, ACT_QUICK_GELU, 400 },
    { "linear_bwd", linear_bwd, { 900, 900, 400 }, ACT_QUICK_GELU, 900 },
    { "attention_fwd", attention_fwd, { 4, 9, 9, 2, 16 }, ACT_NONE, 16 },
    { "attention_bwd", attention_bwd, { 4, 9, 9, 2, 16 }, ACT_NONE, 16 },
    { "layernorm_fwd", layernorm_fwd, { 150, 901 }, ACT_NONE, 901 },
    { "layernorm_bwd", layernorm_bwd, { 150, 901 }, ACT_NONE, 901 },
    { "unit_fwd", unit_fwd, { 150, 901 }, ACT_NONE, 901 },
    { "unit_bwd", unit_bwd, { 150, 901 }, ACT_NONE, 901 },
    { "softmax_fwd", softmax_fwd, { 50, 345 }, ACT_NONE, 345 },
    { "xent_fwd", xent_fwd, { 50, 345 }, ACT_NONE, 345 },
    { "xent_bwd", xent_bwd, { 50, 345 }, ACT_NONE, 345 },
    { "gather_fwd", gather_fwd, { 150, 901, 19 }, ACT_NONE, 1 },
    { "gather_bwd", gather_bwd, { 150, 901, 19 }, ACT_NONE, 150 },
    { "sum_rows", sum_rows, { 50, 901 }, ACT_NONE, 50 },
    { "act_fwd", act_fwd, { 120001 }, ACT_GELU, 1 },
    { "act_bwd", act_bwd, { 120001 }, ACT_GELU, 1 },
    { "add_fwd", add_fwd, { 150, 901 }, ACT_NONE, 1 },
    { "scale_fwd", scale_fwd, { 150, 901 }, ACT_NONE, 1 },
    { "scale_bwd", scale_bwd, { 150, 901 }, ACT_NONE, 901 },
    { "dot_fwd", dot_fwd, { 460001 }, ACT_NONE, 16 },
    { "dot_bwd", dot_bwd, { 120001 }, ACT_NONE, 1 },
    { "patches_fwd", patches_fwd, { 3, 128, 16 }, ACT_NONE, 1 },
    { "tokens_fwd", tokens_fwd, { 3, 49, 901 }, ACT_NONE, 1 },
    { "tokens_bwd", tokens_bwd, { 3, 49, 901 }, ACT_NONE, 3 },
    { "axpy", axpy, { 120001 }, ACT_NONE, 1 }, { "sumsq", sumsq, { 460001 }, ACT_NONE, 1 },
    { "adamw", adamw, { 120001, 0 }, ACT_NONE, 1 }, { "sgd", sgd, { 120001 }, ACT_NONE, 1 },
};

static void equal_bits_in_pieces(void)
{
    enum { N = TEST_COUNT(large_cases) };
    static uint64_t want[N];
    find_devices();
    for (int i = 0; i < N; i++) {
        par_fewest_pieces();
        want[i] = hash_of(devices[0], &large_cases[i]);
        int64_t pieces = par_fewest_pieces();
        CHECK(pieces >= 7 && pieces < INT64_MAX, "%s: a loop of %lld pieces",
              label(&large_cases[i], 0), (long long)pieces);
    }
    for (int threads = 2; threads <= 7; threads++) {
        CHECK_OK(par_set_threads(threads));
        for (int i = 0; i < N; i++)
            CHECK(hash_of(devices[0], &large_cases[i]) == want[i], "%s: %d threads",
                  label(&large_cases[i], 0), threads);
    }
    CHECK_OK(par_set_threads(1));
    test_note("%d kernels", N);
}

// ---- linear without an oracle: y t = x (w^T t) + b t for a random t, at a larger size -----------

static double dot_with(const float *a, int64_t step, const double *t, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)a[i * step] * t[i];
    return sum;
}

static void linear_property(void)
{
    KernelCase k = { "linear_fwd", linear_fwd, { 300, 700, 1000 }, ACT_NONE, 1000 };
    int64_t M = k.d[0], N = k.d[1], K = k.d[2];
    find_devices();
    Call c = call_make(devices[0], &k, 0, 1);
    Rng r = rng_at(test_seed, 3, 0, RNG_TEST);
    double *t = calloc((size_t)(N + K), sizeof *t), *wt = t + N, worst = 0;
    if (!t) abort();
    for (int64_t n = 0; n < N; n++) t[n] = rng_normal(&r);
    for (int64_t i = 0; i < K; i++) wt[i] = dot_with(host_of(&c, 3) + i, K, t, N);
    for (int64_t m = 0; m < M; m++) {
        double yt = dot_with(host_of(&c, 0) + m * N, 1, t, N);
        double want = dot_with(host_of(&c, 2) + m * K, 1, wt, K);
        want += dot_with(host_of(&c, 4), 1, t, N);
        worst = fmax(worst, fabs(yt - want));
    }
    worst /= sqrt((double)N) * sqrt((double)K);          // the size of y t
    CHECK(worst < 8 * 0x1p-23 * sqrt((double)K), "error %g", worst);
    test_note("error %.2g", worst);
    free(t);
    call_free(&c);
}

// ---- what 3.7 of the design builds on: work left out leaves the same bits -----------------------

static float *normals(int64_t n, uint32_t stream)
{
    float *p = scratch(n);
    Rng r = rng_at(test_seed, 4, stream, RNG_TEST);
    for (int64_t i = 0; i < n; i++) p[i] = (float)rng_normal(&r);
    return p;
}

// Rows of zeros can be left out of a weight gradient, and a batch can be cut in two.
static void rows_left_out(void)
{
    enum { M = 400, N = 37, K = 45, SIZE = N * K };
    const Backend *be = backend_cpu();
    float *dy = normals(M * N, 1), *x = normals(M * K, 2), *dw = normals(3 * SIZE, 3);
    float *db = normals(3 * N, 4), *part = scratch(M * (N + K));
    int64_t rows = 0;
    for (int i = 1; i < 3; i++) {
        memcpy(dw + i * SIZE, dw, SIZE * sizeof *dw);
        memcpy(db + i * N, db, N * sizeof *db);
    }
    for (int64_t m = 0; m < M; m++) {
        if (m % 3 == 1) memset(dy + m * N, 0, N * sizeof *dy);
        if (m % 3 == 1) continue;
        memcpy(part + rows * N, dy + m * N, N * sizeof *dy);
        memcpy(part + M * N + rows++ * K, x + m * K, K * sizeof *x);
    }
    be->linear_bwd(NULL, dw + SIZE, db + N, part, NULL, part + M * N, x, rows, N, K, ACT_NONE);
    for (int64_t m = 0; m < M; m += 100)
        be->linear_bwd(NULL, dw + 2 * SIZE, db + 2 * N, dy + m * N, NULL, x + m * K, x, 100, N, K,
                       ACT_NONE);
    be->linear_bwd(NULL, dw, db, dy, NULL, x, x, M, N, K, ACT_NONE);
    for (int i = 1; i < 3; i++) {
        CHECK(memcmp(dw, dw + i * SIZE, SIZE * sizeof *dw) == 0, "dw, way %d", i);
        CHECK(memcmp(db, db + i * N, N * sizeof *db) == 0, "db, way %d", i);
    }
    free(dy); free(x); free(dw); free(db); free(part);
}

// One query gives the bits that it gives among others, forward and backward; and keys that nobody
// sees can be left out.
static void queries_left_out(void)
{
    enum { T = 50, H = 2, D = 64, C = H * D };
    const Backend *be = backend_cpu();
    float *q = normals(T * C, 1), *kv = normals(T * 2 * C, 2), *dy = normals(T * C, 3);
    float *y = scratch(2 * T * C), *lse = scratch(2 * T * H), *dq = scratch(2 * T * C);
    float *dkv = scratch(4 * T * C);
    memset(dy + C, 0, (T - 1) * C * sizeof *dy);
    be->attention_fwd(y, lse, q, kv, NULL, 1, T, T, H, D);
    be->attention_fwd(y + T * C, lse + T * H, q, kv, NULL, 1, 1, T, H, D);
    CHECK(memcmp(y, y + T * C, C * sizeof *y) == 0, "y of the first query");
    be->attention_bwd(dq, dkv, dy, y, lse, q, kv, NULL, 1, T, T, H, D);
    be->attention_bwd(dq + T * C, dkv + 2 * T * C, dy, y, lse + T * H, q, kv, NULL, 1, 1, T, H, D);
    CHECK(memcmp(dq, dq + T * C, C * sizeof *dq) == 0, "dq of the first query");
    CHECK(memcmp(dkv, dkv + 2 * T * C, 2 * T * C * sizeof *dkv) == 0, "dkv");
    int32_t seen[T];
    for (int i = 0; i < T; i++) seen[i] = i < 10 ? i + 1 : 10;
    be->attention_fwd(y, lse, q, kv, seen, 1, T, T, H, D);
    be->attention_fwd(y + T * C, lse + T * H, q, kv, seen, 1, 10, 10, H, D);
    CHECK(memcmp(y, y + T * C, 10 * C * sizeof *y) == 0, "y with keys left out");
    free(q); free(kv); free(dy); free(y); free(lse); free(dq); free(dkv);
}

// A kernel that gets no scratch writes nothing; the next sync tells, once.
static void scratch_refused(void)
{
    const Backend *be = backend_cpu();
    float y = 5, lse = 5, q = 1, kv[2] = { 1, 1 };
    be->attention_fwd(&y, &lse, &q, kv, NULL, 1, 1, (int64_t)1 << 54, 1, 1);
    CHECK(y == 5 && lse == 5, "something was written");
    CHECK_STATUS(be->sync(), ERR_MEMORY, "cpu");
    CHECK_OK(be->sync());
    be->attention_fwd(&y, &lse, &q, kv, NULL, 1, 1, 1, 1, 1);
    CHECK(y == 1, "and the device goes on");
}

// ---- names --------------------------------------------------------------------------------------

static void names(void)
{
    const Backend *be;
    CHECK_OK(backend_open(&be, "ref", NULL));
    CHECK(be == &backend_ref && !*backend_isa(be), "ref");
    CHECK_OK(backend_open(&be, "cpu", NULL));
    CHECK(be == backend_cpu() && *backend_isa(be), "cpu");
    CHECK(starts_with(backend_isa_list(), backend_isa(be)), "the best is not the first");
    CHECK_STATUS(backend_open(&be, "no such device", NULL), ERR_USAGE, "\"no such device\" is not");
    CHECK_STATUS(backend_open(&be, "cpu", "mmx"), ERR_USAGE, "mmx");
    Backend holes = *be;
    holes.gather_bwd = NULL;
    for (int i = 0; i < backend_kernels(); i++)
        CHECK(backend_has(&holes, i) == (strcmp(backend_kernel(i), "gather_bwd") != 0), "%s",
              backend_kernel(i));
}

static const TestCase cases[] = {
    { "names", names }, { "fill", fill_kernels }, { "copy", copy_kernels },
    { "linear", linear_kernels },
    { "attention", attention_kernels }, { "layernorm", layernorm_kernels },
    { "unit", unit_kernels },
    { "softmax", softmax_kernels }, { "xent", xent_kernels }, { "gather", gather_kernels },
    { "sum", sum_kernels }, { "act", act_kernels }, { "add", add_kernels },
    { "scale", scale_kernels }, { "dot", dot_kernels }, { "patches", patches_kernels },
    { "tokens", tokens_kernels }, { "axpy", axpy_kernels },
    { "adamw", adamw_kernels }, { "sgd", sgd_kernels }, { "complete", complete },
    { "equal_bits", equal_bits }, { "equal_bits_in_pieces", equal_bits_in_pieces },
    { "linear_property", linear_property },
    { "rows_left_out", rows_left_out }, { "queries_left_out", queries_left_out },
    { "scratch_refused", scratch_refused },
};

int main(void) { return test_main("backend", cases, TEST_COUNT(cases)); }

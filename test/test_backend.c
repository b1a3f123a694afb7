// test_backend.c - what a device must do to be called one: every kernel, at ragged sizes, against
// the plain version (conform.h), and beyond it what each device promises: the same bits for work
// that is left out or cut in parts (`chains`); for the cpu device equal bits on every number of
// threads and instruction set. DEVICE=name judges this one alone.
#include <sys/wait.h>
#include <unistd.h>

#include "tensor/base/par.h"
#include "test/conform.h"

static const Backend *devices[16];             // instruction sets of the cpu, best first; others
static int cpus, device_count;

static void find_device(const char *name, const char *isa)
{
    bool ok = CHECK_OK(backend_find(&devices[device_count], name, isa));
    for (int i = 0; ok && i < backend_kernels(); i++)
        ok = CHECK(backend_has(devices[device_count], i), "device %s lacks %s", name,
                   backend_kernel(i));
    device_count += ok;
}

static bool wanted(const char *name)
{
    return strcmp(test_device(name), name) == 0;
}

static void find_devices(void)
{
    static const char *const isa[] = { "avx512", "avx2", "neon", "scalar" };
    const Backend *be;
    device_count = 0;
    for (int i = 0; i < TEST_COUNT(isa) && wanted("cpu"); i++)
        if (backend_find(&be, "cpu", isa[i]) == OK) find_device("cpu", isa[i]);
    cpus = device_count;
    for (int i = 0; backend_name(i); i++)
        if (strcmp(backend_name(i), "cpu") && strcmp(backend_name(i), "ref")
            && wanted(backend_name(i)))
            find_device(backend_name(i), NULL);
    CHECK(device_count, "no device \"%s\"", test_device(""));
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool tried[KERNEL_CASES];

static void conform_all(const char *prefix)
{
    double worst = 0;
    find_devices();
    for (int i = 0; i < KERNEL_CASES; i++) {
        const KernelCase *k = &kernel_cases[i];
        if (k->use != SMALL || !starts_with(k->kernel, prefix)) continue;
        Verdict v[TEST_COUNT(devices)];
        judge_case(v, devices, device_count, k);
        tried[i] = true;
        for (int d = 0; d < device_count; d++) {
            CHECK(!*v[d].wrong, "%s on %s: %s", case_label(k), device_label(devices[d]),
                  v[d].wrong);
            worst = fmax(worst, v[d].error);
        }
    }
    test_note("%.2f of the limit", worst);
}

static void memory(void)
{
    find_devices();
    for (int d = 0; d < device_count; d++) {
        const char *copies = copies_wrong(devices[d]), *release = release_wrong(devices[d]);
        CHECK(!*copies && !*release, "%s: %s %s", device_label(devices[d]), copies, release);
    }
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

// Every kernel of the list but those that only move memory has a case of each use it needs.
static void complete(void)
{
    static const char *const used_by_all[] = { "alloc", "release", "upload", "download", "sync" };
    for (int i = 0; i < backend_kernels(); i++) {
        bool small = false, pieces = false;
        for (int j = 0; j < KERNEL_CASES; j++) {
            bool same = strcmp(kernel_cases[j].kernel, backend_kernel(i)) == 0;
            small |= same && kernel_cases[j].use == SMALL;
            pieces |= same && kernel_cases[j].use == PIECES;
        }
        for (int j = 0; j < TEST_COUNT(used_by_all); j++)
            small |= pieces |= strcmp(used_by_all[j], backend_kernel(i)) == 0;
        CHECK(small && pieces, "%s lacks a case", backend_kernel(i));
    }
    for (int i = 0; i < KERNEL_CASES && !getenv("TEST"); i++)
        CHECK(tried[i] || kernel_cases[i].use != SMALL, "%s was not tried", kernel_cases[i].kernel);
}

// ---- equal bits, the cpu device's own promise ---------------------------------------------------

static uint64_t hash_of(const Backend *be, const KernelCase *k)
{
    Call c = call_make(be, k, 0, 0, 1);
    uint64_t hash = call_hash(&c);
    call_free(&c);
    return hash;
}

static bool have_cpu(void)
{
    find_devices();
    if (!cpus) test_skip("not asked for");
    return cpus > 0;
}

// Those of `use` on the best instruction set; want[i] is the hash on one thread.
static void equal_on_threads(Use use, const uint64_t *want)
{
    for (int threads = 2; threads <= 7; threads++) {
        CHECK_OK(par_set_threads(threads));
        for (int i = 0; i < KERNEL_CASES; i++)
            if (kernel_cases[i].use == use)
                CHECK(hash_of(devices[0], &kernel_cases[i]) == want[i], "%s on %s: %d threads",
                      case_label(&kernel_cases[i]), device_label(devices[0]), threads);
    }
}

static void equal_bits(void)
{
    static uint64_t want[KERNEL_CASES];
    if (!have_cpu()) return;
    for (int i = 0; i < KERNEL_CASES; i++)
        if (kernel_cases[i].use == SMALL) want[i] = hash_of(devices[0], &kernel_cases[i]);
    equal_on_threads(SMALL, want);
    CHECK_OK(par_set_threads(2));
    for (int d = 1; d < cpus; d++)
        for (int i = 0; i < KERNEL_CASES; i++)
            if (kernel_cases[i].use == SMALL)
                CHECK(hash_of(devices[d], &kernel_cases[i]) == want[i], "%s on %s",
                      case_label(&kernel_cases[i]), device_label(devices[d]));
    CHECK_OK(par_set_threads(1));
    test_note("%s", backend_isa_list());
}

// Each kernel in sizes at which every loop of it has at least seven pieces, so that threads do
// share them: the same bits on 1 to 7.
static void equal_bits_in_pieces(void)
{
    static uint64_t want[KERNEL_CASES];
    int n = 0;
    if (!have_cpu()) return;
    for (int i = 0; i < KERNEL_CASES; i++) {
        if (kernel_cases[i].use != PIECES) continue;
        par_fewest_pieces();
        want[i] = hash_of(devices[0], &kernel_cases[i]);
        int64_t pieces = par_fewest_pieces();
        CHECK(pieces >= 7 && pieces < INT64_MAX, "%s: a loop of %lld pieces",
              case_label(&kernel_cases[i]), (long long)pieces);
        n++;
    }
    equal_on_threads(PIECES, want);
    CHECK_OK(par_set_threads(1));
    test_note("%d kernels", n);
}

// ---- linear without an oracle: y t = x (w^T t) + b t for a random t, at a larger size -----------

static double dot_with(const float *a, int64_t step, const double *t, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)a[i * step] * t[i];
    return sum;
}

static double property_error(const Backend *be)
{
    KernelCase k = CASE(linear_fwd, { 300, 700, 1000 }, .chain = 1000);
    int64_t M = k.d[0], N = k.d[1], K = k.d[2];
    Call c = call_make(be, &k, 0, 0, 1);
    Rng r = rng_at(test_seed, 3, 0, RNG_TEST);
    double *t = calloc((size_t)(N + K), sizeof *t), *wt = t + N, worst = 0;
    if (!t) abort();
    for (int64_t n = 0; n < N; n++) t[n] = rng_normal(&r);
    for (int64_t i = 0; i < K; i++) wt[i] = dot_with(host_of(&c, 3) + i, K, t, N);
    for (int64_t m = 0; m < M; m++) {
        double yt = dot_with(host_of(&c, 0) + m * N, 1, t, N);
        double want = dot_with(host_of(&c, 2) + m * K, 1, wt, K);
        want += dot_with(host_of(&c, 4), 1, t, N);
        worst = test_worse(worst, fabs(yt - want));
    }
    free(t);
    call_free(&c);
    return worst / (sqrt((double)N) * sqrt((double)K));      // the size of y t
}

static void linear_property(void)
{
    double worst = 0;
    find_devices();
    for (int d = 0; d < device_count; d++) {
        double error = property_error(devices[d]);
        CHECK(error < 8 * 0x1p-23 * sqrt(1000), "%s: error %g", device_label(devices[d]), error);
        worst = fmax(worst, error);
    }
    test_note("error %.2g", worst);
}

// ---- the promise `chains`: work left out, or cut in parts, leaves the same bits -----------------

static struct { float *p; size_t bytes; } lent[32];
static int lent_count;

// Device memory with these numbers, or NaN; until give_back.
static float *lend(const Backend *be, const float *host, int64_t n)
{
    size_t bytes = (size_t)n * sizeof *host;
    float *p = be->alloc(bytes);
    if (!p || lent_count == TEST_COUNT(lent)) abort();
    lent[lent_count].p = p;
    lent[lent_count++].bytes = bytes;
    if (host) be->upload(p, host, bytes);
    else be->fill(p, NAN, n);
    return p;
}

static void give_back(const Backend *be)
{
    while (lent_count-- > 0) be->release(lent[lent_count].p, lent[lent_count].bytes);
    lent_count = 0;
    CHECK_OK(be->sync());
}

static float *normals(const Backend *be, int64_t n, uint32_t stream)
{
    float *p = scratch(n);
    Rng r = rng_at(test_seed, 4, stream, RNG_TEST);
    for (int64_t i = 0; i < n; i++) p[i] = (float)rng_normal(&r);
    float *on_device = lend(be, p, n);
    free(p);
    return on_device;
}

static void same(const Backend *be, const float *a, const float *b, int64_t n, const char *what)
{
    size_t bytes = (size_t)n * sizeof *a;
    float *x = scratch(n), *y = scratch(n);
    be->download(x, a, bytes);
    be->download(y, b, bytes);
    CHECK(memcmp(x, y, bytes) == 0, "%s: %s", device_label(be), what);
    free(x);
    free(y);
}

// A batch can be cut in parts: forward row by row, and in a weight gradient.
static void batch_in_parts(const Backend *be)
{
    enum { M = 400, N = 37, K = 45, PART = 100 };
    float *x = normals(be, M * K, 1), *w = normals(be, N * K, 2), *b = normals(be, N, 3);
    float *y = lend(be, NULL, M * N), *y_parts = lend(be, NULL, M * N), *dy = normals(be, M * N, 4);
    float *dw = normals(be, N * K, 5), *dw_parts = normals(be, N * K, 5);
    float *db = normals(be, N, 6), *db_parts = normals(be, N, 6);
    be->linear_fwd(y, NULL, x, w, b, M, N, K, ACT_GELU);
    for (int64_t m = 0; m < M; m += PART)
        be->linear_fwd(y_parts + m * N, NULL, x + m * K, w, b, PART, N, K, ACT_GELU);
    for (int64_t m = 0; m < M; m += PART)
        be->linear_bwd(NULL, dw_parts, db_parts, dy + m * N, NULL, x + m * K, w, PART, N, K,
                       ACT_NONE);
    be->linear_bwd(NULL, dw, db, dy, NULL, x, w, M, N, K, ACT_NONE);
    same(be, y, y_parts, M * N, "y in parts");
    same(be, dw, dw_parts, N * K, "dw in parts");
    same(be, db, db_parts, N, "db in parts");
    give_back(be);
}

// Rows of zeros can be left out of a weight gradient.
static void rows_left_out(const Backend *be)
{
    enum { M = 400, N = 37, K = 45 };
    float *x = normals(be, M * K, 1), *dy = normals(be, M * N, 2), *w = normals(be, N * K, 3);
    float *x_left = lend(be, NULL, M * K), *dy_left = lend(be, NULL, M * N);
    float *dw = normals(be, N * K, 4), *dw_left = normals(be, N * K, 4);
    float *db = normals(be, N, 5), *db_left = normals(be, N, 5);
    int64_t rows = 0;
    for (int64_t m = 0; m < M; m++) {
        if (m % 3 == 1) {
            be->fill(dy + m * N, 0, N);
            continue;
        }
        be->copy(dy_left + rows * N, dy + m * N, N);
        be->copy(x_left + rows++ * K, x + m * K, K);
    }
    be->linear_bwd(NULL, dw_left, db_left, dy_left, NULL, x_left, w, rows, N, K, ACT_NONE);
    be->linear_bwd(NULL, dw, db, dy, NULL, x, w, M, N, K, ACT_NONE);
    same(be, dw, dw_left, N * K, "dw with rows left out");
    same(be, db, db_left, N, "db with rows left out");
    give_back(be);
}

// One query gives the bits that it gives among others, forward and backward.
static void queries_left_out(const Backend *be)
{
    enum { T = 50, H = 2, D = 64, C = H * D };
    float *q = normals(be, T * C, 1), *kv = normals(be, T * 2 * C, 2), *dy = normals(be, T * C, 3);
    float *y = lend(be, NULL, T * C), *lse = lend(be, NULL, T * H), *dq = lend(be, NULL, T * C);
    float *y1 = lend(be, NULL, C), *lse1 = lend(be, NULL, H), *dq1 = lend(be, NULL, C);
    float *dkv = lend(be, NULL, T * 2 * C), *dkv1 = lend(be, NULL, T * 2 * C);
    be->fill(dy + C, 0, (T - 1) * C);
    be->attention_fwd(y, lse, q, kv, NULL, 1, T, T, H, D);
    be->attention_fwd(y1, lse1, q, kv, NULL, 1, 1, T, H, D);
    same(be, y, y1, C, "y of the first query");
    be->attention_bwd(dq, dkv, dy, y, lse, q, kv, NULL, 1, T, T, H, D);
    be->attention_bwd(dq1, dkv1, dy, y1, lse1, q, kv, NULL, 1, 1, T, H, D);
    same(be, dq, dq1, C, "dq of the first query");
    same(be, dkv, dkv1, T * 2 * C, "dkv of the first query");
    give_back(be);
}

// Keys that no query sees can be left out.
static void keys_left_out(const Backend *be)
{
    enum { T = 50, H = 2, D = 64, C = H * D, SEEN = 10 };
    float *q = normals(be, T * C, 1), *kv = normals(be, T * 2 * C, 2);
    float *y = lend(be, NULL, T * C), *y_left = lend(be, NULL, SEEN * C);
    float *lse = lend(be, NULL, T * H), n_keys[T];
    for (int i = 0; i < T; i++) {
        int32_t keys = i < SEEN ? i + 1 : SEEN;
        memcpy(&n_keys[i], &keys, sizeof keys);
    }
    const int32_t *on_device = (int32_t *)(void *)lend(be, n_keys, T);
    be->attention_fwd(y, lse, q, kv, on_device, 1, T, T, H, D);
    be->attention_fwd(y_left, lse, q, kv, on_device, 1, SEEN, SEEN, H, D);
    same(be, y, y_left, SEEN * C, "y with keys left out");
    give_back(be);
}

static void on_chains(void (*check)(const Backend *be))
{
    int n = 0;
    find_devices();
    for (int d = 0; d < device_count; d++) {
        if (!devices[d]->chains) continue;
        check(devices[d]);
        n++;
    }
    if (!n) test_skip("no device promises it");
}

static void case_batch_in_parts(void) { on_chains(batch_in_parts); }
static void case_rows_left_out(void) { on_chains(rows_left_out); }
static void case_queries_left_out(void) { on_chains(queries_left_out); }
static void case_keys_left_out(void) { on_chains(keys_left_out); }

// ---- single devices -----------------------------------------------------------------------------

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

// Does a process die that reads this byte?
static bool dies(const volatile unsigned char *at)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(0);
        _exit(*at == 0xff ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

// What `far` is for: memory that the host cannot read, NaN where nothing was written, and a kernel
// that is handed other memory is named.
static void far_memory(void)
{
    const Backend *be;
    float y = 0;
    CHECK_OK(backend_open(&be, "far", NULL));
    float *p = be->alloc(sizeof *p), *gone = be->alloc(sizeof *p);
    CHECK(dies((unsigned char *)p), "the host read the device's memory");
    be->download(&y, p, sizeof y);
    CHECK(isnan(y), "new memory holds %g", (double)y);
    be->fill(p, 3, 1);
    CHECK(dies((unsigned char *)p), "readable while kernels wait");
    be->copy(&y, p, 1);
    CHECK_STATUS(be->sync(), ERR_UNSUPPORTED, "copy: was given memory that is not the device's");
    be->release(gone, sizeof *gone);
    be->fill(gone, 0, 1);
    CHECK_STATUS(be->sync(), ERR_UNSUPPORTED, "fill: was given");
    CHECK(be->sumsq(p, 1) == 9, "and the device goes on");
    CHECK(isnan(y), "the host's memory was written");
    be->release(p, sizeof *p);
    CHECK_OK(be->sync());
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
    CHECK_STATUS(backend_open(&be, "no such", NULL), ERR_USAGE, "\"no such\" is not cpu, ref");
    CHECK_STATUS(backend_open(&be, "cpu", "mmx"), ERR_USAGE, "mmx");
}

// A table with a hole is not run on, and the message says which kernels it lacks.
static void holes(void)
{
    Backend be = backend_ref;
    CHECK_OK(backend_whole(&be));
    be.gather_bwd = NULL;
    CHECK_STATUS(backend_whole(&be), ERR_UNSUPPORTED, "ref lacks 1 of 35 kernels: gather_bwd");
    be.alloc = NULL;
    CHECK_STATUS(backend_whole(&be), ERR_UNSUPPORTED, "2 of 35 kernels: alloc, gather_bwd");
    for (int i = 0; i < backend_kernels(); i++)
        CHECK(backend_has(&be, i) == (strcmp(backend_kernel(i), "gather_bwd") && i > 0), "%s",
              backend_kernel(i));
}

static const TestCase cases[] = {
    { "names", names }, { "holes", holes }, { "memory", memory },
    { "fill", fill_kernels }, { "copy", copy_kernels },
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
    { "batch_in_parts", case_batch_in_parts }, { "rows_left_out", case_rows_left_out },
    { "queries_left_out", case_queries_left_out }, { "keys_left_out", case_keys_left_out },
    { "scratch_refused", scratch_refused }, { "far_memory", far_memory },
};

int main(void) { return test_main("backend", cases, TEST_COUNT(cases)); }

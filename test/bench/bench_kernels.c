// bench_kernels.c - each kernel at the sizes of ViT-B/32: time, rate, share of this machine's peak.
//
//     bench_kernels [--json] [--threads N] [--isa NAME] [WORD]      WORD: only kernels named so
//
// Times are the best of several runs after one to warm up; +% says by how much the median lies
// above. Rates of kernels that only move memory are in GB/s, counting each array once.
#include "tensor/base/par.h"
#include "tensor/cpu/peak.h"
#include "test/kernels.h"

enum { REPS = 7 };

// Rows: 32 pictures of 50 tokens; a head's text: 8 prompts of 77.
static const KernelCase benches[] = {
    { "linear_fwd", linear_fwd, { 1600, 768, 768 }, ACT_NONE, 0 },
    { "linear_fwd", linear_fwd, { 1600, 2304, 768 }, ACT_NONE, 0 },
    { "linear_fwd", linear_fwd, { 1600, 3072, 768 }, ACT_QUICK_GELU, 0 },
    { "linear_fwd", linear_fwd, { 1600, 768, 3072 }, ACT_NONE, 0 },
    { "linear_fwd", linear_fwd, { 1600, 512, 768 }, ACT_NONE, 0 },
    { "linear_fwd", linear_fwd, { 32, 768, 768 }, ACT_NONE, 0 },
    { "linear_fwd", linear_fwd, { 32, 3072, 768 }, ACT_NONE, 0 },
    { "linear_fwd", linear_fwd, { 50, 768, 768 }, ACT_NONE, 0 },
    { "linear_fwd", linear_fwd, { 1, 768, 768 }, ACT_NONE, 0 },
    { "linear_bwd", linear_bwd, { 1600, 768, 768 }, ACT_NONE, 0 },
    { "linear_bwd", linear_bwd, { 1600, 2304, 768 }, ACT_NONE, 0 },
    { "linear_bwd", linear_bwd, { 1600, 3072, 768 }, ACT_QUICK_GELU, 0 },
    { "linear_bwd", linear_bwd, { 1600, 768, 3072 }, ACT_NONE, 0 },
    { "linear_bwd", linear_bwd, { 1600, 512, 768 }, ACT_NONE, 0 },
    { "linear_bwd", linear_bwd, { 32, 768, 768 }, ACT_NONE, 0 },
    { "attention_fwd", attention_fwd, { 32, 50, 50, 12, 64 }, ACT_NONE, 0 },
    { "attention_fwd", attention_fwd, { 8, 77, 77, 8, 64 }, ACT_NONE, 0 },
    { "attention_fwd", attention_fwd, { 4, 257, 257, 12, 64 }, ACT_NONE, 0 },
    { "attention_fwd", attention_fwd, { 1, 577, 577, 12, 64 }, ACT_NONE, 0 },
    { "attention_fwd", attention_fwd, { 32, 1, 50, 12, 64 }, ACT_NONE, 0 },
    { "attention_bwd", attention_bwd, { 32, 50, 50, 12, 64 }, ACT_NONE, 0 },
    { "attention_bwd", attention_bwd, { 8, 77, 77, 8, 64 }, ACT_NONE, 0 },
    { "attention_bwd", attention_bwd, { 4, 257, 257, 12, 64 }, ACT_NONE, 0 },
    { "attention_bwd", attention_bwd, { 1, 577, 577, 12, 64 }, ACT_NONE, 0 },
    { "layernorm_fwd", layernorm_fwd, { 1600, 768 }, ACT_NONE, 0 },
    { "layernorm_bwd", layernorm_bwd, { 1600, 768 }, ACT_NONE, 0 },
    { "act_fwd", act_fwd, { 1600 * 3072 }, ACT_QUICK_GELU, 0 },
    { "act_fwd", act_fwd, { 1600 * 3072 }, ACT_GELU, 0 },
    { "act_bwd", act_bwd, { 1600 * 3072 }, ACT_QUICK_GELU, 0 },
    { "add_fwd", add_fwd, { 32, 50 * 768 }, ACT_NONE, 0 },
    { "axpy", axpy, { 1600 * 768 }, ACT_NONE, 0 },
    { "sum_rows", sum_rows, { 1600, 3072 }, ACT_NONE, 0 },
    { "softmax_fwd", softmax_fwd, { 1600, 345 }, ACT_NONE, 0 },
    { "xent_fwd", xent_fwd, { 1600, 345 }, ACT_NONE, 0 },
    { "patches_fwd", patches_fwd, { 32, 224, 32 }, ACT_NONE, 0 },
    { "tokens_bwd", tokens_bwd, { 32, 49, 768 }, ACT_NONE, 0 },
    { "sumsq", sumsq, { 8 << 20 }, ACT_NONE, 0 },
    { "adamw", adamw, { 8 << 20, 0 }, ACT_NONE, 0 },
};

// Floating-point operations of products; 0 where memory is the limit.
static double flops(const KernelCase *k, unsigned null)
{
    const int64_t *d = k->d;
    double linear = 2.0 * (double)(d[0] * d[1] * d[2]);
    double attention = 4.0 * (double)(d[0] * d[3] * d[1] * d[2] * d[4]);
    if (strcmp(k->kernel, "linear_fwd") == 0) return linear;
    if (strcmp(k->kernel, "linear_bwd") == 0) return null & 3 ? linear : 2 * linear;
    if (strcmp(k->kernel, "attention_fwd") == 0) return attention;
    if (strcmp(k->kernel, "attention_bwd") == 0) return 2.5 * attention;
    return 0;
}

static double bytes(const Call *c)
{
    double sum = 0;
    for (int i = 0; i < c->arrays; i++) sum += 4.0 * (double)c->array[i].n;
    return sum;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct { double best, median; } Times;

static Times time_call(const Backend *be, const KernelCase *k, unsigned null, double *size)
{
    Call c = call_make(be, k, null, 1);        // to warm up
    double t[REPS];
    *size = bytes(&c);
    for (int i = 0; i < REPS; i++) {
        call_free(&c);
        c = call_make(be, k, null, 2);         // the second run is timed
        t[i] = c.seconds;
    }
    call_free(&c);
    qsort(t, REPS, sizeof *t, ascending);
    return (Times){ t[0], t[REPS / 2] };
}

static void describe(char *text, size_t size, const KernelCase *k, unsigned null)
{
    int n = snprintf(text, size, "%s", k->kernel), last = 4;
    while (last > 0 && k->d[last] == 0) last--;
    for (int i = 0; i <= last; i++)
        n += snprintf(text + n, size - (size_t)n, "%c%d", i ? 'x' : ' ', (int)k->d[i]);
    const char *act = k->act == ACT_QUICK_GELU ? " quick_gelu" : k->act == ACT_GELU ? " gelu" : "";
    bool backward = strcmp(k->kernel, "linear_bwd") == 0;
    snprintf(text + n, size - (size_t)n, "%s%s", act, !backward ? "" : null & 1 ? " dw" : " dx");
}

static void bench(const Backend *be, const KernelCase *k, unsigned null, double peak, bool json)
{
    char text[100];
    double size, flop = flops(k, null);
    Times t = time_call(be, k, null, &size);
    double rate = (flop > 0 ? flop : size) / t.best * 1e-9;
    describe(text, sizeof text, k, null);
    if (json)
        printf("{\"case\":\"%s\",\"us\":%.1f,\"median_us\":%.1f,\"%s\":%.1f,\"share\":%.3f}\n",
               text, t.best * 1e6, t.median * 1e6, flop > 0 ? "gflops" : "gbs", rate,
               flop > 0 ? rate / peak : 0);
    else if (flop > 0)
        printf("%-40s %10.1f us +%3.0f%% %8.1f GFLOP/s %4.0f%%\n", text, t.best * 1e6,
               (t.median / t.best - 1) * 100, rate, 100 * rate / peak);
    else
        printf("%-40s %10.1f us +%3.0f%% %8.1f GB/s\n", text, t.best * 1e6,
               (t.median / t.best - 1) * 100, rate);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bool json = false;
    int threads = par_cores();
    const char *word = "", *isa = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) json = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) threads = atoi(argv[++i]);
        else if (strcmp(argv[i], "--isa") == 0 && i + 1 < argc) isa = argv[++i];
        else word = argv[i];
    }
    const Backend *be;
    if (backend_open(&be, "cpu", isa) != OK || par_set_threads(threads) != OK) {
        fprintf(stderr, "bench_kernels: %s\n", err_msg());
        return 2;
    }
    double peak = cpu_peak_gflops(threads);
    printf(json ? "{\"isa\":\"%s\",\"threads\":%d,\"peak_gflops\":%.1f}\n"
                : "%s, %d threads, peak %.1f GFLOP/s\n", backend_isa(be), threads, peak);
    for (int i = 0; i < TEST_COUNT(benches); i++) {
        const KernelCase *k = &benches[i];
        bool backward = strcmp(k->kernel, "linear_bwd") == 0;
        if (!strstr(k->kernel, word)) continue;
        if (backward) bench(be, k, 2 | 4, peak, json);           // dx alone, dw alone
        bench(be, k, backward ? 1 | 4 : k->kernel[0] == 'a' && k->kernel[1] == 't', peak, json);
    }
    return 0;
}

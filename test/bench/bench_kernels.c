// bench_kernels.c - each kernel at the sizes of ViT-B/32: time, rate, share of this machine's peak.
//
//     bench_kernels [--json] [--device NAME] [--threads N] [--isa NAME] [WORD]
//
// WORD: only kernels whose name holds it. Times are the best of several runs after one to warm up;
// +% says by how much the median lies above. Rates of kernels that only move memory are in GB/s,
// counting each array once. A device that is not the cpu is judged at these sizes too, against the
// cpu's results: the error is in units of its limit (conform.h).
#include "tensor/base/par.h"
#include "tensor/cpu/peak.h"
#include "test/conform.h"

enum { REPS = 7 };

// Floating-point operations of products; 0 where memory is the limit.
static double flops(const KernelCase *k)
{
    const int64_t *d = k->d;
    double linear = 2.0 * (double)(d[0] * d[1] * d[2]);
    double attention = 4.0 * (double)(d[0] * d[3] * d[1] * d[2] * d[4]);
    if (strcmp(k->kernel, "linear_fwd") == 0) return linear;
    if (strcmp(k->kernel, "linear_bwd") == 0) return linear;           // dx alone or dw alone
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

typedef struct { double best, median, size; } Times;

static Times time_call(const Backend *be, const KernelCase *k)
{
    Call c = call_make(be, k, k->null, 0, 1);  // to warm up
    double t[REPS], size = bytes(&c);
    for (int i = 0; i < REPS; i++) {
        call_free(&c);
        c = call_make(be, k, k->null, 0, 2);   // the second run is timed
        t[i] = c.seconds;
    }
    call_free(&c);
    qsort(t, REPS, sizeof *t, ascending);
    return (Times){ t[0], t[REPS / 2], size };
}

static double error_against_cpu(const Backend *be, const KernelCase *k)
{
    Call want = call_make(backend_cpu(), k, k->null, 0, 1), got = call_make(be, k, k->null, 0, 1);
    Verdict v = judge_call(&got, &want);
    call_free(&want);
    call_free(&got);
    return v.error;
}

static const char *label(const KernelCase *k)
{
    static char text[160];
    const char *part = strcmp(k->kernel, "linear_bwd") ? "" : k->null & DX ? " dw" : " dx";
    snprintf(text, sizeof text, "%s%s", case_label(k), part);
    return text;
}

// peak in GFLOP/s; 0: not known.
static void bench(const Backend *be, const KernelCase *k, double peak, bool json)
{
    double flop = flops(k);
    Times t = time_call(be, k);
    double rate = (flop > 0 ? flop : t.size) / t.best * 1e-9;
    double share = flop > 0 && peak > 0 ? rate / peak : 0;
    double error = *backend_isa(be) ? 0 : error_against_cpu(be, k);
    if (json)
        printf("{\"case\":\"%s\",\"us\":%.1f,\"median_us\":%.1f,\"%s\":%.1f,\"share\":%.3f",
               label(k), t.best * 1e6, t.median * 1e6, flop > 0 ? "gflops" : "gbs", rate, share);
    else
        printf("%-40s %10.1f us +%3.0f%% %8.1f %s", label(k), t.best * 1e6,
               (t.median / t.best - 1) * 100, rate, flop > 0 ? "GFLOP/s" : "GB/s   ");
    if (!json && share > 0) printf(" %4.0f%%", 100 * share);
    if (!*backend_isa(be)) printf(json ? ",\"error\":%.3f" : "  error %.3f", error);
    puts(json ? "}" : "");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bool json = false;
    int threads = par_cores();
    const char *word = "", *device = test_device("cpu"), *isa = NULL;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--json") == 0) json = true;
        else if (strcmp(argv[i], "--threads") == 0 && more) threads = atoi(argv[++i]);
        else if (strcmp(argv[i], "--isa") == 0 && more) isa = argv[++i];
        else if (strcmp(argv[i], "--device") == 0 && more) device = argv[++i];
        else word = argv[i];
    }
    const Backend *be;
    if (backend_open(&be, device, isa) != OK || par_set_threads(threads) != OK) {
        fprintf(stderr, "bench_kernels: %s\n", err_msg());
        return 2;
    }
    double peak = *backend_isa(be) ? cpu_peak_gflops(threads) : 0;
    if (json)
        printf("{\"device\":\"%s\",\"isa\":\"%s\",\"threads\":%d,\"peak_gflops\":%.1f}\n",
               be->name, backend_isa(be), threads, peak);
    else if (peak > 0)
        printf("%s, %d threads, peak %.1f GFLOP/s\n", device_label(be), threads, peak);
    else
        printf("%s\n", device_label(be));
    for (int i = 0; i < KERNEL_CASES; i++)
        if (kernel_cases[i].use == TIMED && strstr(kernel_cases[i].kernel, word))
            bench(be, &kernel_cases[i], peak, json);
    return 0;
}

// peak.c - the peak, measured.
#include "tensor/cpu/peak.h"

#include <string.h>
#include <time.h>

#include "tensor/base/par.h"

#ifdef HAVE_ISA_scalar
#include "tensor/cpu/cpu.h"

typedef double Fmas(int64_t rounds);

static Fmas *best_fmas(void)
{
#ifdef HAVE_ISA_avx512
    if (strcmp(backend_isa(backend_cpu()), "avx512") == 0) return cpu_fmas_avx512;
#endif
#ifdef HAVE_ISA_avx2
    if (strcmp(backend_isa(backend_cpu()), "avx2") == 0) return cpu_fmas_avx2;
#endif
#ifdef HAVE_ISA_neon
    if (strcmp(backend_isa(backend_cpu()), "neon") == 0) return cpu_fmas_neon;
#endif
    return cpu_fmas_scalar;
}

static double seconds(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct { Fmas *fmas; int64_t rounds; double flops[PAR_THREADS]; } Run;

static void run_piece(void *arg, int64_t from, int64_t to)
{
    Run *run = arg;
    for (int64_t i = from; i < to; i++) run->flops[i] = run->fmas(run->rounds);
}

double cpu_peak_gflops(int threads)
{
    enum { TRIES = 8 };
    Run run = { best_fmas(), 1000, { 0 } };
    double best = 0, start = seconds(), took;
    while (run.fmas(run.rounds), (took = seconds() - start) < 0.003) {
        run.rounds *= 2;                       // until one run takes some milliseconds
        start = seconds();
    }
    if (par_set_threads(threads) != OK) return 0;
    for (int i = 0; i < TRIES; i++) {
        start = seconds();
        par_for(threads, 1, run_piece, &run);
        took = seconds() - start;
        double flops = run.flops[0] * threads;
        if (flops / took > best) best = flops / took;
    }
    return best * 1e-9;
}

#else

double cpu_peak_gflops(int threads)
{
    (void)threads;
    return 0;
}

#endif

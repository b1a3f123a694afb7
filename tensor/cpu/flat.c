// flat.c - kernels that go element by element or down the rows; memory is their limit, not
// arithmetic. An element depends on its own inputs only, or is a chain of its own, so any cut into
// pieces gives the same bits.
#include "tensor/cpu/work.h"

typedef struct {
    float *y, *dx;
    const float *x, *p, *dy;
    const int32_t *idx;
    float *m, *v;
    const void *step;
    int64_t M, N;
    float factor;
    Act act;
} Flat;

// ---- element by element -------------------------------------------------------------------------

static void fill_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    V value = v_set(f->factor);
    for (int64_t i = from; i < to; i += LANES) v_store_n(f->y + i, value, lanes_left(to - i));
}

static void cpu_fill(real *y, real value, int64_t n)
{
    par_for(n, FLAT_GRAIN, fill_piece, &(Flat){ .y = y, .factor = value });
}

static void copy_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    memcpy(f->y + from, f->x + from, (size_t)(to - from) * sizeof(float));
}

static void cpu_copy(real *y, const real *x, int64_t n)
{
    par_for(n, FLAT_GRAIN, copy_piece, &(Flat){ .y = y, .x = x });
}

static void act_fwd_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    for (int64_t i = from; i < to; i += LANES) {
        int n = lanes_left(to - i);
        v_store_n(f->y + i, v_act(v_load_n(f->x + i, n), f->act), n);
    }
}

static void cpu_act_fwd(real *y, const real *x, int64_t n, Act act)
{
    par_for(n, FLAT_GRAIN, act_fwd_piece, &(Flat){ .y = y, .x = x, .act = act });
}

static void act_bwd_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    for (int64_t i = from; i < to; i += LANES) {
        int n = lanes_left(to - i);
        V slope = v_act_slope(v_load_n(f->x + i, n), f->act);
        v_store_n(f->dx + i, v_mul(v_load_n(f->dy + i, n), slope), n);
    }
}

static void cpu_act_bwd(real *dx, const real *dy, const real *x, int64_t n, Act act)
{
    par_for(n, FLAT_GRAIN, act_bwd_piece, &(Flat){ .dx = dx, .dy = dy, .x = x, .act = act });
}

static void axpy_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    V a = v_set(f->factor);
    for (int64_t i = from; i < to; i += LANES) {
        int n = lanes_left(to - i);
        v_store_n(f->y + i, v_fma(a, v_load_n(f->x + i, n), v_load_n(f->y + i, n)), n);
    }
}

static void cpu_axpy(real *y, real a, const real *x, int64_t n)
{
    par_for(n, FLAT_GRAIN, axpy_piece, &(Flat){ .y = y, .x = x, .factor = a });
}

static void times_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    V a = v_set(f->factor);
    for (int64_t i = from; i < to; i += LANES) {
        int n = lanes_left(to - i);
        v_store_n(f->y + i, v_mul(a, v_load_n(f->x + i, n)), n);
    }
}

static void times(real *y, const real *x, real factor, int64_t n)
{
    par_for(n, FLAT_GRAIN, times_piece, &(Flat){ .y = y, .x = x, .factor = factor });
}

static void cpu_scale_fwd(real *y, const real *x, const real *s, int64_t M, int64_t N)
{
    times(y, x, fm_exp(s[0]), M * N);
}

static void cpu_dot_bwd(real *dx, const real *dy, const real *w, int64_t n)
{
    times(dx, w, dy[0], n);
}

static void add_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    for (int64_t m = from; m < to; m++)
        for (int64_t i = 0; i < f->N; i += LANES) {
            int n = lanes_left(f->N - i);
            V sum = v_add(v_load_n(f->x + m * f->N + i, n), v_load_n(f->p + i, n));
            v_store_n(f->y + m * f->N + i, sum, n);
        }
}

static void cpu_add_fwd(real *y, const real *x, const real *p, int64_t M, int64_t N)
{
    par_for(M, row_grain(N), add_piece, &(Flat){ .y = y, .x = x, .p = p, .N = N });
}

// ---- down the rows: a strip of columns each, in the order of the rows ---------------------------

enum { STRIP = 128 };

static void sum_rows_strip(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    for (int64_t m = 0; m < f->M; m++)
        for (int64_t i = from; i < to; i += LANES) {
            int n = lanes_left(to - i);
            V sum = v_add(v_load_n(f->y + i, n), v_load_n(f->dy + m * f->N + i, n));
            v_store_n(f->y + i, sum, n);
        }
}

static void cpu_sum_rows(real *dp, const real *dy, int64_t M, int64_t N)
{
    par_for(N, STRIP, sum_rows_strip, &(Flat){ .y = dp, .dy = dy, .M = M, .N = N });
}

static void gather_fwd_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    for (int64_t m = from; m < to; m++) {
        REQUIRE(f->idx[m] >= 0);
        memcpy(f->y + m * f->N, f->x + f->idx[m] * f->N, (size_t)f->N * sizeof(float));
    }
}

static void cpu_gather_fwd(real *y, const real *w, const int32_t *idx, int64_t M, int64_t C)
{
    par_for(M, row_grain(C), gather_fwd_piece, &(Flat){ .y = y, .x = w, .idx = idx, .N = C });
}

static void gather_bwd_strip(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    for (int64_t m = 0; m < f->M; m++) {
        REQUIRE(f->idx[m] >= 0);
        float *row = f->y + f->idx[m] * f->N;
        for (int64_t i = from; i < to; i += LANES) {
            int n = lanes_left(to - i);
            v_store_n(row + i, v_add(v_load_n(row + i, n), v_load_n(f->dy + m * f->N + i, n)), n);
        }
    }
}

static void cpu_gather_bwd(real *dw, const real *dy, const int32_t *idx, int64_t M, int64_t C)
{
    par_for(C, STRIP, gather_bwd_strip, &(Flat){ .y = dw, .dy = dy, .idx = idx, .M = M, .N = C });
}

// ---- sums in double: one partial sum per piece, added in the order of the pieces ----------------

enum { SUM_GRAIN = 65536 };

typedef struct { const float *a, *b; double *part; } Sums;

static void dot_piece(void *arg, int64_t from, int64_t to)
{
    const Sums *s = arg;
    double lane[LANES] = { 0 };
    int64_t i = from;
    for (; i + LANES <= to; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] += (double)s->a[i + j] * (double)s->b[i + j];
    for (int j = 0; i + j < to; j++) lane[j] += (double)s->a[i + j] * (double)s->b[i + j];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) lane[j] += lane[j + half];
    s->part[from / SUM_GRAIN] = lane[0];
}

static double dot_double(const float *a, const float *b, int64_t n)
{
    int64_t pieces = ceil_div(n, SUM_GRAIN);
    double *part = (double *)(void *)work(2 * pieces), sum = 0;
    if (!part) return 0;
    par_for(n, SUM_GRAIN, dot_piece, &(Sums){ a, b, part });
    for (int64_t i = 0; i < pieces; i++) sum += part[i];
    return sum;
}

static double cpu_sumsq(const real *x, int64_t n)
{
    return dot_double(x, x, n);
}

static void cpu_dot_fwd(real *y, const real *w, const real *x, int64_t n)
{
    y[0] = (float)dot_double(w, x, n);
}

// ---- optimizers ---------------------------------------------------------------------------------

static V adamw_value(V p, V m, V spread, const AdamwStep *s)
{
    V decay = v_set(-s->decay), rate = v_set(-s->rate), eps = v_set(s->eps);
    if (s->torch_order) {
        p = v_fma(decay, p, p);
        V step = v_div(m, v_add(v_div(spread, v_set(s->root)), eps));
        return v_fma(rate, step, p);
    }
    p = v_fma(rate, v_div(m, v_add(spread, eps)), p);
    return v_fma(decay, p, p);
}

static void adamw_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    const AdamwStep *s = f->step;
    for (int64_t i = from; i < to; i += LANES) {
        int n = lanes_left(to - i);
        V g = v_load_n(f->x + i, n), m = v_load_n(f->m + i, n), v = v_load_n(f->v + i, n);
        m = v_fma(v_set(s->beta1), m, v_mul(v_set(s->one_minus_beta1), g));
        v = v_fma(v_set(s->beta2), v, v_mul(v_mul(v_set(s->one_minus_beta2), g), g));
        v_store_n(f->m + i, m, n);
        v_store_n(f->v + i, v, n);
        v_store_n(f->y + i, adamw_value(v_load_n(f->y + i, n), m, v_sqrt(v), s), n);
    }
}

static void cpu_adamw(real *p, const real *g, real *m, real *v, int64_t n, AdamwStep adamw)
{
    par_for(n, FLAT_GRAIN, adamw_piece, &(Flat){ .y = p, .x = g, .m = m, .v = v, .step = &adamw });
}

static void sgd_piece(void *arg, int64_t from, int64_t to)
{
    const Flat *f = arg;
    const SgdStep *s = f->step;
    for (int64_t i = from; i < to; i += LANES) {
        int n = lanes_left(to - i);
        V p = v_load_n(f->y + i, n), g = v_fma(v_set(s->wd), p, v_load_n(f->x + i, n));
        V m = v_fma(v_set(s->mu), v_load_n(f->m + i, n), g);
        v_store_n(f->m + i, m, n);
        v_store_n(f->y + i, v_fma(v_set(-s->lr), m, p), n);
    }
}

static void cpu_sgd(real *p, const real *g, real *m, int64_t n, SgdStep sgd)
{
    par_for(n, FLAT_GRAIN, sgd_piece, &(Flat){ .y = p, .x = g, .m = m, .step = &sgd });
}

// rows.c - kernels that treat each row by itself. A sum along a row runs in 16 lanes (simd.h); sums
// down the rows are chains in the order of the rows. Equations: cpu_ref.c.
#include "tensor/cpu/work.h"

typedef struct {
    float *y, *out, *out2;       // (M,C); out, out2: one number per row or per column
    const float *x, *dy, *q, *w, *b, *mean, *rstd, *lse;
    int64_t M, C;
    float value;
} Rows;

// ---- layer norm ---------------------------------------------------------------------------------

static float row_sum(const float *x, int64_t C)
{
    V sum = v_zero();
    for (int64_t c = 0; c < C; c += LANES) sum = v_add(sum, v_load_n(x + c, lanes_left(C - c)));
    return v_sum(sum);
}

static float row_squares(const float *x, float mean, int64_t C)          // sum of (x - mean)^2
{
    V sum = v_zero(), mu = v_set(mean);
    for (int64_t c = 0; c < C; c += LANES) {
        int n = lanes_left(C - c);
        V d = v_first(v_sub(v_load_n(x + c, n), mu), n, 0);
        sum = v_fma(d, d, sum);
    }
    return v_sum(sum);
}

static void layernorm_fwd_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++) {
        const float *x = r->x + m * r->C;
        float mean = row_sum(x, r->C) / (float)r->C;
        float rstd = 1 / sqrtf(row_squares(x, mean, r->C) / (float)r->C + r->value);
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            V norm = v_mul(v_sub(v_load_n(x + c, n), v_set(mean)), v_set(rstd));
            V y = v_fma(norm, v_load_n(r->w + c, n), v_load_n(r->b + c, n));
            v_store_n(r->y + m * r->C + c, y, n);
        }
        r->out[m] = mean;
        r->out2[m] = rstd;
    }
}

static void cpu_layernorm_fwd(real *y, real *mean, real *rstd, const real *x, const real *w,
                              const real *b, int64_t M, int64_t C, real eps)
{
    par_for(M, row_grain(C), layernorm_fwd_rows,
            &(Rows){ .y = y, .out = mean, .out2 = rstd, .x = x, .w = w, .b = b, .C = C,
                     .value = eps });
}

static void layernorm_dx_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++) {
        const float *x = r->x + m * r->C, *dy = r->dy + m * r->C;
        V mean = v_set(r->mean[m]), rstd = v_set(r->rstd[m]), g_sum = v_zero(), gn_sum = v_zero();
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            V norm = v_mul(v_sub(v_load_n(x + c, n), mean), rstd);
            V g = v_mul(v_load_n(dy + c, n), v_load_n(r->w + c, n));
            g_sum = v_add(g_sum, g);
            gn_sum = v_fma(g, v_first(norm, n, 0), gn_sum);
        }
        V g_mean = v_set(v_sum(g_sum) / (float)r->C), gn_mean = v_set(-v_sum(gn_sum) / (float)r->C);
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            V norm = v_mul(v_sub(v_load_n(x + c, n), mean), rstd);
            V g = v_mul(v_load_n(dy + c, n), v_load_n(r->w + c, n));
            V dx = v_mul(rstd, v_fma(norm, gn_mean, v_sub(g, g_mean)));
            v_store_n(r->y + m * r->C + c, dx, n);
        }
    }
}

enum { ROWS_STRIP = 128 };       // columns in a piece of a sum down the rows

static void layernorm_dw_strip(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = 0; m < r->M; m++)
        for (int64_t c = from; c < to; c += LANES) {
            int n = lanes_left(to - c);
            V dy = v_load_n(r->dy + m * r->C + c, n), x = v_load_n(r->x + m * r->C + c, n);
            V norm = v_mul(v_sub(x, v_set(r->mean[m])), v_set(r->rstd[m]));
            if (r->out) v_store_n(r->out + c, v_fma(dy, norm, v_load_n(r->out + c, n)), n);
            if (r->out2) v_store_n(r->out2 + c, v_add(dy, v_load_n(r->out2 + c, n)), n);
        }
}

static void cpu_layernorm_bwd(real *dx, real *dw, real *db, const real *dy, const real *x,
                              const real *w, const real *mean, const real *rstd, int64_t M,
                              int64_t C)
{
    Rows r = { .y = dx, .out = dw, .out2 = db, .dy = dy, .x = x, .w = w, .mean = mean,
               .rstd = rstd, .M = M, .C = C };
    if (dx) par_for(M, row_grain(C), layernorm_dx_rows, &r);
    if (dw || db) par_for(C, ROWS_STRIP, layernorm_dw_strip, &r);
}

// ---- rows to length 1 ---------------------------------------------------------------------------

static float row_dot(const float *a, const float *b, int64_t C)
{
    V sum = v_zero();
    for (int64_t c = 0; c < C; c += LANES) {
        int n = lanes_left(C - c);
        sum = v_fma(v_load_n(a + c, n), v_load_n(b + c, n), sum);
    }
    return v_sum(sum);
}

static void unit_fwd_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++) {
        const float *x = r->x + m * r->C;
        float norm = sqrtf(row_dot(x, x, r->C));
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            v_store_n(r->y + m * r->C + c, v_div(v_load_n(x + c, n), v_set(norm)), n);
        }
        r->out[m] = norm;
    }
}

static void cpu_unit_fwd(real *y, real *norm, const real *x, int64_t M, int64_t C)
{
    par_for(M, row_grain(C), unit_fwd_rows, &(Rows){ .y = y, .out = norm, .x = x, .C = C });
}

static void unit_bwd_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++) {
        const float *y = r->x + m * r->C, *dy = r->dy + m * r->C;
        V along = v_set(-row_dot(y, dy, r->C)), norm = v_set(r->mean[m]);
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            V across = v_fma(v_load_n(y + c, n), along, v_load_n(dy + c, n));
            v_store_n(r->y + m * r->C + c, v_div(across, norm), n);
        }
    }
}

static void cpu_unit_bwd(real *dx, const real *dy, const real *y, const real *norm, int64_t M,
                         int64_t C)
{
    par_for(M, row_grain(C), unit_bwd_rows,
            &(Rows){ .y = dx, .dy = dy, .x = y, .mean = norm, .C = C });
}

// ---- softmax and cross-entropy; `value` is the temperature --------------------------------------

static V logits(const Rows *r, int64_t m, int64_t c, int n)
{
    return v_div(v_load_n(r->x + m * r->C + c, n), v_set(r->value));
}

static float row_max(const Rows *r, int64_t m)
{
    V max = v_set(-INFINITY);
    for (int64_t c = 0; c < r->C; c += LANES) {
        int n = lanes_left(r->C - c);
        max = v_max(max, v_first(logits(r, m, c, n), n, -INFINITY));
    }
    return v_largest(max);
}

static float row_exp_sum(const Rows *r, int64_t m, float max)
{
    V sum = v_zero();
    for (int64_t c = 0; c < r->C; c += LANES) {
        int n = lanes_left(r->C - c);
        sum = v_add(sum, v_first(v_exp(v_sub(logits(r, m, c, n), v_set(max))), n, 0));
    }
    return v_sum(sum);
}

static void softmax_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++) {
        float max = row_max(r, m), sum = row_exp_sum(r, m, max);
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            V e = v_exp(v_sub(logits(r, m, c, n), v_set(max)));
            v_store_n(r->y + m * r->C + c, v_div(e, v_set(sum)), n);
        }
    }
}

static void cpu_softmax_fwd(real *y, const real *z, int64_t M, int64_t K, real temp)
{
    par_for(M, row_grain(8 * K), softmax_rows, &(Rows){ .y = y, .x = z, .C = K, .value = temp });
}

static void xent_fwd_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++) {
        float max = row_max(r, m), lse = max + fm_log(row_exp_sum(r, m, max));
        V sum = v_zero();
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            V minus_log_p = v_sub(v_set(lse), logits(r, m, c, n));
            sum = v_fma(v_load_n(r->q + m * r->C + c, n), minus_log_p, sum);
        }
        r->out[m] = v_sum(sum);
        r->out2[m] = lse;
    }
}

static void cpu_xent_fwd(real *loss, real *lse, const real *z, const real *q, int64_t M, int64_t K,
                         real temp)
{
    par_for(M, row_grain(8 * K), xent_fwd_rows,
            &(Rows){ .out = loss, .out2 = lse, .x = z, .q = q, .C = K, .value = temp });
}

static void xent_bwd_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++) {
        const float *q = r->q + m * r->C;
        V mass = v_set(row_sum(q, r->C)), factor = v_set(r->dy[m]), lse = v_set(r->lse[m]);
        for (int64_t c = 0; c < r->C; c += LANES) {
            int n = lanes_left(r->C - c);
            V p = v_exp(v_sub(logits(r, m, c, n), lse));
            V d = v_sub(v_mul(p, mass), v_load_n(q + c, n));
            v_store_n(r->y + m * r->C + c, v_div(v_mul(factor, d), v_set(r->value)), n);
        }
    }
}

static void cpu_xent_bwd(real *dz, const real *dloss, const real *lse, const real *z, const real *q,
                         int64_t M, int64_t K, real temp)
{
    par_for(M, row_grain(8 * K), xent_bwd_rows,
            &(Rows){ .y = dz, .dy = dloss, .lse = lse, .x = z, .q = q, .C = K, .value = temp });
}

// ---- scale --------------------------------------------------------------------------------------

static void scale_ds_rows(void *arg, int64_t from, int64_t to)
{
    const Rows *r = arg;
    for (int64_t m = from; m < to; m++)
        r->out[m] = row_dot(r->dy + m * r->C, r->x + m * r->C, r->C);
}

static void cpu_scale_bwd(real *dx, real *ds, const real *dy, const real *y, const real *s,
                          int64_t M, int64_t N)
{
    float *part = ds ? work(M) : NULL;
    if (part) {
        par_for(M, row_grain(N), scale_ds_rows, &(Rows){ .out = part, .dy = dy, .x = y, .C = N });
        for (int64_t m = 0; m < M; m++) ds[0] += part[m];
    }
    if (dx) times(dx, dy, fm_exp(s[0]), M * N);
}

// cpu_ref.c - every kernel as the plainest loop that is right: the definition that each device is
// held to, and the place to read what a kernel does. It uses libm and makes no promise of equal
// bits between machines; it judges by tolerance. With -DREAL=double it checks the gradients.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/backend.h"

// ---- memory -------------------------------------------------------------------------------------

void *ref_alloc(size_t bytes)
{
    void *p = NULL;
    return posix_memalign(&p, 64, bytes ? bytes : 64) == 0 ? p : NULL;
}

void ref_release(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

void ref_upload(void *device, const void *host, size_t bytes)
{
    memcpy(device, host, bytes);
}

void ref_download(void *host, const void *device, size_t bytes)
{
    memcpy(host, device, bytes);
}

Status ref_sync(void)
{
    return OK;
}

void ref_fill(real *y, real value, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = value;
}

void ref_copy(real *y, const real *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = x[i];
}

// ---- activations --------------------------------------------------------------------------------

static double act(double x, Act a)
{
    if (a == ACT_QUICK_GELU) return x / (1 + exp(-1.702 * x));
    if (a == ACT_GELU) return 0.5 * x * (1 + erf(x * 0.70710678118654752));  // 1 / sqrt(2)
    return x;
}

// quick_gelu: with s = sigmoid(1.702 x), (x s)' = s + 1.702 x s (1 - s).
// gelu: (x Phi(x))' = Phi(x) + x phi(x), phi the normal density.
static double act_slope(double x, Act a)
{
    if (a == ACT_QUICK_GELU) {
        double s = 1 / (1 + exp(-1.702 * x));
        return s + 1.702 * x * s * (1 - s);
    }
    if (a == ACT_GELU) {
        double cdf = 0.5 * (1 + erf(x * 0.70710678118654752));
        return cdf + x * 0.39894228040143268 * exp(-0.5 * x * x);            // 1 / sqrt(2 pi)
    }
    return 1;
}

void ref_act_fwd(real *y, const real *x, int64_t n, Act a)
{
    for (int64_t i = 0; i < n; i++) y[i] = (real)act((double)x[i], a);
}

void ref_act_bwd(real *dx, const real *dy, const real *x, int64_t n, Act a)
{
    for (int64_t i = 0; i < n; i++) dx[i] = (real)((double)dy[i] * act_slope((double)x[i], a));
}

// ---- linear -------------------------------------------------------------------------------------

void ref_linear_fwd(real *y, real *pre, const real *x, const real *w, const real *b, int64_t M,
                    int64_t N, int64_t K, Act a)
{
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++) {
            real sum = b ? b[n] : 0;
            for (int64_t k = 0; k < K; k++) sum += x[m * K + k] * w[n * K + k];
            if (pre) pre[m * N + n] = sum;
            y[m * N + n] = (real)act((double)sum, a);
        }
}

void ref_linear_bwd(real *dx, real *dw, real *db, real *dy, const real *pre, const real *x,
                    const real *w, int64_t M, int64_t N, int64_t K, Act a)
{
    if (a != ACT_NONE) ref_act_bwd(dy, dy, pre, M * N, a);     // dy is dpre from here on
    if (dx) ref_fill(dx, 0, M * K);
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++) {
            real d = dy[m * N + n];
            if (db) db[n] += d;
            for (int64_t k = 0; k < K; k++) {
                if (dx) dx[m * K + k] += d * w[n * K + k];
                if (dw) dw[n * K + k] += d * x[m * K + k];
            }
        }
}

// ---- attention ----------------------------------------------------------------------------------
// One head of one sample at a time, a small problem of its own: queries q_i, keys k_j, values v_j.
//     s_ij = q_i . k_j / sqrt(D)      p_ij = exp(s_ij - lse_i)      y_i = sum_j p_ij v_j
// Backward. With e_ij = dy_i . v_j (the gradient of p_ij), the softmax gives
//     ds_ij = p_ij (e_ij - sum_j p_ij e_ij) = p_ij (e_ij - dy_i . y_i)
// as sum_j p_ij v_j is y_i itself, and from there
//     dv_j = sum_i p_ij dy_i   dq_i = sum_j ds_ij k_j / sqrt(D)   dk_j = sum_i ds_ij q_i / sqrt(D)

typedef struct {
    const real *q, *k, *v;                     // the first row of each
    int64_t q_step, kv_step, D;                // from row to row
    double scale;                              // 1 / sqrt(D)
} Head;

static Head head_at(const real *q, const real *kv, int64_t b, int64_t h, int64_t Tq, int64_t T,
                    int64_t H, int64_t D)
{
    int64_t C = H * D;
    const real *k = kv + b * T * 2 * C + h * D;
    return (Head){ q + b * Tq * C + h * D, k, k + C, C, 2 * C, D, 1 / sqrt((double)D) };
}

static double dot(const real *a, const real *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static double score(const Head *a, int64_t i, int64_t j)
{
    return dot(a->q + i * a->q_step, a->k + j * a->kv_step, a->D) * a->scale;
}

// The maximum is taken off before exp only to keep it from overflowing.
static double log_sum_exp(const Head *a, int64_t i, int64_t n_keys)
{
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < n_keys; j++) max = fmax(max, score(a, i, j));
    for (int64_t j = 0; j < n_keys; j++) sum += exp(score(a, i, j) - max);
    return max + log(sum);
}

static void query_fwd(real *y, double lse, const Head *a, int64_t i, int64_t n_keys)
{
    for (int64_t d = 0; d < a->D; d++) {
        double sum = 0;
        for (int64_t j = 0; j < n_keys; j++)
            sum += exp(score(a, i, j) - lse) * (double)a->v[j * a->kv_step + d];
        y[d] = (real)sum;
    }
}

static void query_bwd(real *dq, real *dk, real *dv, const real *dy, const real *y, double lse,
                      const Head *a, int64_t i, int64_t n_keys)
{
    double dy_y = dot(dy, y, a->D);
    for (int64_t j = 0; j < n_keys; j++) {
        double p = exp(score(a, i, j) - lse);
        double ds = p * (dot(dy, a->v + j * a->kv_step, a->D) - dy_y) * a->scale;
        for (int64_t d = 0; d < a->D; d++) {
            dv[j * a->kv_step + d] += (real)(p * (double)dy[d]);
            dq[d] += (real)(ds * (double)a->k[j * a->kv_step + d]);
            dk[j * a->kv_step + d] += (real)(ds * (double)a->q[i * a->q_step + d]);
        }
    }
}

void ref_attention_fwd(real *y, real *lse, const real *q, const real *kv, const int32_t *n_keys,
                       int64_t B, int64_t Tq, int64_t T, int64_t H, int64_t D)
{
    for (int64_t b = 0; b < B; b++)
        for (int64_t h = 0; h < H; h++) {
            Head a = head_at(q, kv, b, h, Tq, T, H, D);
            for (int64_t i = 0; i < Tq; i++) {
                int64_t n = n_keys ? n_keys[b * Tq + i] : T;
                double l = log_sum_exp(&a, i, n);
                query_fwd(y + (b * Tq + i) * H * D + h * D, l, &a, i, n);
                lse[(b * H + h) * Tq + i] = (real)l;
            }
        }
}

void ref_attention_bwd(real *dq, real *dkv, const real *dy, const real *y, const real *lse,
                       const real *q, const real *kv, const int32_t *n_keys, int64_t B, int64_t Tq,
                       int64_t T, int64_t H, int64_t D)
{
    int64_t C = H * D;
    ref_fill(dq, 0, B * Tq * C);
    ref_fill(dkv, 0, B * T * 2 * C);
    for (int64_t b = 0; b < B; b++)
        for (int64_t h = 0; h < H; h++) {
            Head a = head_at(q, kv, b, h, Tq, T, H, D);
            real *dk = dkv + b * T * 2 * C + h * D;
            for (int64_t i = 0; i < Tq; i++) {
                int64_t at = (b * Tq + i) * C + h * D;
                query_bwd(dq + at, dk, dk + C, dy + at, y + at, (double)lse[(b * H + h) * Tq + i],
                          &a, i, n_keys ? n_keys[b * Tq + i] : T);
            }
        }
}

// ---- layer norm (Ba, Kiros and Hinton 2016, eq. 3) ----------------------------------------------
// n = (x - mean) rstd,  y = n w + b.  Let g = dy w be the gradient of n. mean and rstd depend on
// every x of the row; their two corrections take the mean of g, and its part along n, out of it:
//     dx = rstd (g - mean(g) - n mean(g n))

void ref_layernorm_fwd(real *y, real *mean, real *rstd, const real *x, const real *w, const real *b,
                       int64_t M, int64_t C, real eps)
{
    for (int64_t m = 0; m < M; m++, x += C, y += C) {
        double sum = 0, squares = 0;
        for (int64_t c = 0; c < C; c++) sum += (double)x[c];
        double mu = sum / (double)C;
        for (int64_t c = 0; c < C; c++) squares += ((double)x[c] - mu) * ((double)x[c] - mu);
        double r = 1 / sqrt(squares / (double)C + (double)eps);
        for (int64_t c = 0; c < C; c++)
            y[c] = (real)(((double)x[c] - mu) * r * (double)w[c] + (double)b[c]);
        mean[m] = (real)mu;
        rstd[m] = (real)r;
    }
}

void ref_layernorm_bwd(real *dx, real *dw, real *db, const real *dy, const real *x, const real *w,
                       const real *mean, const real *rstd, int64_t M, int64_t C)
{
    for (int64_t m = 0; m < M; m++, x += C, dy += C) {
        double g_mean = 0, gn_mean = 0;
        for (int64_t c = 0; c < C; c++) {
            double n = (double)(x[c] - mean[m]) * (double)rstd[m], g = (double)dy[c] * (double)w[c];
            g_mean += g / (double)C;
            gn_mean += g * n / (double)C;
        }
        for (int64_t c = 0; c < C; c++) {
            double n = (double)(x[c] - mean[m]) * (double)rstd[m], g = (double)dy[c] * (double)w[c];
            if (dx) dx[m * C + c] = (real)((double)rstd[m] * (g - g_mean - n * gn_mean));
            if (dw) dw[c] += (real)((double)dy[c] * n);
            if (db) db[c] += dy[c];
        }
    }
}

// ---- rows to length 1 ---------------------------------------------------------------------------
// Only the part of dy across y can turn x:  dx = (dy - y (y . dy)) / |x|

void ref_unit_fwd(real *y, real *norm, const real *x, int64_t M, int64_t C)
{
    for (int64_t m = 0; m < M; m++, x += C, y += C) {
        double length = sqrt(dot(x, x, C));
        for (int64_t c = 0; c < C; c++) y[c] = (real)((double)x[c] / length);
        norm[m] = (real)length;
    }
}

void ref_unit_bwd(real *dx, const real *dy, const real *y, const real *norm, int64_t M, int64_t C)
{
    for (int64_t m = 0; m < M; m++, dx += C, dy += C, y += C) {
        double along = dot(y, dy, C);
        for (int64_t c = 0; c < C; c++)
            dx[c] = (real)(((double)dy[c] - (double)y[c] * along) / (double)norm[m]);
    }
}

// ---- softmax and cross-entropy ------------------------------------------------------------------
// With p = softmax(z / temp):  loss = -sum_k q_k log p_k,  dz = dloss (p sum(q) - q) / temp

static double row_log_sum_exp(const real *z, int64_t K, double temp)
{
    double max = -INFINITY, sum = 0;
    for (int64_t k = 0; k < K; k++)
        if ((double)z[k] / temp > max) max = (double)z[k] / temp;
    for (int64_t k = 0; k < K; k++) sum += exp((double)z[k] / temp - max);
    return max + log(sum);
}

void ref_softmax_fwd(real *y, const real *z, int64_t M, int64_t K, real temp)
{
    for (int64_t m = 0; m < M; m++, z += K, y += K) {
        double lse = row_log_sum_exp(z, K, (double)temp);
        for (int64_t k = 0; k < K; k++) y[k] = (real)exp((double)z[k] / (double)temp - lse);
    }
}

void ref_xent_fwd(real *loss, real *lse, const real *z, const real *q, int64_t M, int64_t K,
                  real temp)
{
    for (int64_t m = 0; m < M; m++, z += K, q += K) {
        double l = row_log_sum_exp(z, K, (double)temp), sum = 0;
        for (int64_t k = 0; k < K; k++) sum -= (double)q[k] * ((double)z[k] / (double)temp - l);
        loss[m] = (real)sum;
        lse[m] = (real)l;
    }
}

void ref_xent_bwd(real *dz, const real *dloss, const real *lse, const real *z, const real *q,
                  int64_t M, int64_t K, real temp)
{
    for (int64_t m = 0; m < M; m++, z += K, q += K, dz += K) {
        double mass = 0;
        for (int64_t k = 0; k < K; k++) mass += (double)q[k];
        for (int64_t k = 0; k < K; k++) {
            double p = exp((double)z[k] / (double)temp - (double)lse[m]);
            dz[k] = (real)((double)dloss[m] * (p * mass - (double)q[k]) / (double)temp);
        }
    }
}

// ---- gather, sums, elements ---------------------------------------------------------------------

void ref_gather_fwd(real *y, const real *w, const int32_t *idx, int64_t M, int64_t C)
{
    for (int64_t m = 0; m < M; m++)
        for (int64_t c = 0; c < C; c++) y[m * C + c] = w[idx[m] * C + c];
}

void ref_gather_bwd(real *dw, const real *dy, const int32_t *idx, int64_t M, int64_t C)
{
    for (int64_t m = 0; m < M; m++)
        for (int64_t c = 0; c < C; c++) dw[idx[m] * C + c] += dy[m * C + c];
}

void ref_sum_rows(real *dp, const real *dy, int64_t M, int64_t N)
{
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++) dp[n] += dy[m * N + n];
}

void ref_add_fwd(real *y, const real *x, const real *p, int64_t M, int64_t N)
{
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++) y[m * N + n] = x[m * N + n] + p[n];
}

void ref_scale_fwd(real *y, const real *x, const real *s, int64_t M, int64_t N)
{
    double factor = exp((double)s[0]);
    for (int64_t i = 0; i < M * N; i++) y[i] = (real)(factor * (double)x[i]);
}

// y = exp(s) x, so dy/ds is y itself.
void ref_scale_bwd(real *dx, real *ds, const real *dy, const real *y, const real *s, int64_t M,
                   int64_t N)
{
    double factor = exp((double)s[0]);
    for (int64_t m = 0; m < M && ds; m++) ds[0] += (real)dot(dy + m * N, y + m * N, N);
    for (int64_t i = 0; i < M * N && dx; i++) dx[i] = (real)(factor * (double)dy[i]);
}

void ref_dot_fwd(real *y, const real *w, const real *x, int64_t n)
{
    y[0] = (real)dot(w, x, n);
}

void ref_dot_bwd(real *dx, const real *dy, const real *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++) dx[i] = w[i] * dy[0];
}

// ---- pictures to tokens -------------------------------------------------------------------------

void ref_patches_fwd(real *y, const real *x, int64_t B, int64_t S, int64_t P)
{
    int64_t G = S / P;                         // squares along a side; a rest is left out
    for (int64_t b = 0; b < B; b++)
        for (int64_t g = 0; g < G * G; g++)
            for (int64_t c = 0; c < 3; c++)
                for (int64_t i = 0; i < P; i++)
                    for (int64_t j = 0; j < P; j++)
                        *y++ = x[((b * 3 + c) * S + g / G * P + i) * S + g % G * P + j];
}

void ref_tokens_fwd(real *y, const real *x, const real *cls, const real *pos, int64_t B, int64_t N,
                    int64_t C)
{
    for (int64_t b = 0; b < B; b++)
        for (int64_t t = 0; t < 1 + N; t++)
            for (int64_t c = 0; c < C; c++)
                *y++ = (t == 0 ? cls[c] : x[(b * N + t - 1) * C + c]) + pos[t * C + c];
}

void ref_tokens_bwd(real *dx, real *dcls, real *dpos, const real *dy, int64_t B, int64_t N,
                    int64_t C)
{
    for (int64_t b = 0; b < B; b++)
        for (int64_t t = 0; t < 1 + N; t++)
            for (int64_t c = 0; c < C; c++) {
                real d = *dy++;
                if (dpos) dpos[t * C + c] += d;
                if (dcls && t == 0) dcls[c] += d;
                if (dx && t > 0) dx[(b * N + t - 1) * C + c] = d;
            }
}

// ---- optimizers ---------------------------------------------------------------------------------

void ref_axpy(real *y, real a, const real *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

double ref_sumsq(const real *x, int64_t n)
{
    return dot(x, x, n);
}

void ref_adamw(real *p, const real *g, real *m, real *v, int64_t n, AdamwStep adamw)
{
    const AdamwStep *s = &adamw;
    for (int64_t i = 0; i < n; i++) {
        m[i] = s->beta1 * m[i] + s->one_minus_beta1 * g[i];
        v[i] = s->beta2 * v[i] + s->one_minus_beta2 * g[i] * g[i];
        real spread = (real)sqrt((double)v[i]);
        if (s->torch_order) {
            p[i] -= s->decay * p[i];
            p[i] -= s->rate * m[i] / (spread / s->root + s->eps);
        } else {
            p[i] -= s->rate * m[i] / (spread + s->eps);
            p[i] -= s->decay * p[i];
        }
    }
}

void ref_sgd(real *p, const real *g, real *m, int64_t n, SgdStep sgd)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = sgd.mu * m[i] + (g[i] + sgd.wd * p[i]);
        p[i] -= sgd.lr * m[i];
    }
}

Status ref_open(const Backend **out)
{
    *out = &backend_ref;
    return OK;
}

const Backend backend_ref = {
    .name = "ref", .host_memory = true, .chains = true,
#define KERNEL(kernel, result, args, names) .kernel = ref_##kernel,
#include "tensor/kernels.inc"
#undef KERNEL
};

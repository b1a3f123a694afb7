// attention.c - one piece of work is one head of one sample: a few small products in scratch memory
// that fits L2, and a softmax between them. The products are tiles of gemm.c.
//
// Queries lie across the lanes. So the scores stand as (T,NR), key by key, for NR queries at a
// time; the maximum of a query and its sum run down the keys in order, lane by lane, and nothing
// depends on how many other queries there are. All scores of NR queries are kept: an online softmax
// would rescale, with roundings that depend on where the tiles lie. Keys that a query does not see
// get probability 0, and their terms leave every sum as it is. Equations: cpu_ref.c.
#include "tensor/cpu/work.h"

typedef struct {
    float *y, *lse, *dq, *dkv, *scratch;
    const float *q, *kv, *dy, *y_in, *lse_in;
    const int32_t *n_keys;
    int64_t B, Tq, T, H, D, C, Dp, Tp;         // Dp, Tp: rounded up to NR, LANES
    int64_t slot;                              // floats of scratch per piece
    float scale;
} Attention;

static Attention attention(const float *q, const float *kv, const int32_t *n_keys, int64_t B,
                           int64_t Tq, int64_t T, int64_t H, int64_t D)
{
    REQUIRE(B > 0 && Tq > 0 && T > 0 && H > 0 && D > 0);
    return (Attention){ .q = q, .kv = kv, .n_keys = n_keys, .B = B, .Tq = Tq, .T = T, .H = H,
                        .D = D, .C = H * D, .Dp = round_up(D, NR), .Tp = round_up(T, LANES),
                        .scale = 1 / sqrtf((float)D) };
}

// (rows,D), `step` apart, to (rows,Dp), or to (D,width) transposed; the padding is 0.
static void copy_rows(const Attention *a, float *out, const float *p, int64_t step, int64_t rows)
{
    pack_across(out, &(Operand){ p, step, true }, 0, (int)a->D, (int)a->Dp, 0, rows);
}

static void copy_columns(const Attention *a, float *out, const float *p, int64_t step, int64_t rows,
                         int64_t width)
{
    pack_along(out, &(Operand){ p, step, false }, 0, (int)rows, (int)width, 0, a->D);
}

static void write_rows(const Attention *a, float *out, int64_t step, const float *rows, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        memcpy(out + i * step, rows + i * a->Dp, (size_t)a->D * sizeof(float));
}

// c (M,N) = or += a^T b with a (K,M), b (K,N): all in scratch, N a multiple of NR.
static void product(float *c, int64_t c_step, const float *a, int64_t a_step, const float *b,
                    int64_t b_step, int64_t M, int64_t N, int64_t K, bool add)
{
    static const float nothing[NR] = { 0 };
    for (int64_t j = 0; j < N; j += NR)
        for (int64_t i = 0; i < M; i += MR) {
            float *at = c + i * c_step + j;
            Tile t = { .a = a + i, .b = b + j, .start = add ? at : nothing, .c = at,
                       .a_step = a_step, .b_step = b_step, .start_step = add ? c_step : 0,
                       .c_step = c_step, .K = K };
            tile(&t, (int)min64(MR, M - i));
        }
}

// ---- NR queries at a time -----------------------------------------------------------------------

typedef struct {
    int64_t i0, n, keys;                       // queries i0 .. i0+n-1; keys that any of them sees
    float seen[NR], max[NR], sum[NR];          // one per query; `seen` counts keys
} Queries;

static Queries queries_at(const Attention *a, int64_t b, int64_t i0)
{
    Queries t = { .i0 = i0, .n = min64(NR, a->Tq - i0), .keys = a->n_keys ? 1 : a->T };
    for (int64_t i = 0; i < NR; i++) {
        int64_t seen = !a->n_keys ? a->T : i < t.n ? a->n_keys[b * a->Tq + i0 + i] : 1;
        REQUIRE(seen >= 1 && seen <= a->T);
        t.seen[i] = (float)seen;
        if (seen > t.keys) t.keys = seen;
    }
    return t;
}

// s (keys,NR): scores to exp(score - max), and the sums.
static void softmax_lanes(const Attention *a, Queries *t, float *s)
{
    V scale = v_set(a->scale), none = v_set(-INFINITY);
    for (int l = 0; l < NR; l += LANES) {
        V seen = v_load(t->seen + l), max = none, sum = v_zero();
        for (int64_t j = 0; j < t->keys; j++) {
            V score = v_mul(scale, v_load(s + j * NR + l));
            max = v_max(max, v_if_lt(v_set((float)j), seen, score, none));
        }
        for (int64_t j = 0; j < t->keys; j++) {
            V e = v_exp(v_fma(scale, v_load(s + j * NR + l), v_sub(v_zero(), max)));
            e = v_if_lt(v_set((float)j), seen, e, v_zero());
            sum = v_add(sum, e);
            v_store(s + j * NR + l, e);
        }
        v_store(t->max + l, max);
        v_store(t->sum + l, sum);
    }
}

static void write_query(float *y, const float *row, float sum, int64_t D)
{
    for (int64_t d = 0; d < D; d += LANES)
        v_store_n(y + d, v_div(v_load(row + d), v_set(sum)), lanes_left(D - d));
}

static void head_fwd(const Attention *a, int64_t b, int64_t h, float *scratch)
{
    const float *k = a->kv + b * a->T * 2 * a->C + h * a->D;
    float *kt = scratch, *v = kt + a->D * a->Tp, *qt = v + a->T * a->Dp;
    float *s = qt + a->D * NR, *out = s + a->T * NR;
    copy_columns(a, kt, k, 2 * a->C, a->T, a->Tp);
    copy_rows(a, v, k + a->C, 2 * a->C, a->T);
    for (int64_t i0 = 0; i0 < a->Tq; i0 += NR) {
        Queries t = queries_at(a, b, i0);
        int64_t at = (b * a->Tq + i0) * a->C + h * a->D;
        copy_columns(a, qt, a->q + at, a->C, t.n, NR);
        product(s, NR, kt, a->Tp, qt, NR, t.keys, NR, a->D, false);
        softmax_lanes(a, &t, s);
        product(out, a->Dp, s, NR, v, a->Dp, t.n, a->Dp, t.keys, false);
        for (int64_t i = 0; i < t.n; i++) {
            write_query(a->y + at + i * a->C, out + i * a->Dp, t.sum[i], a->D);
            a->lse[(b * a->H + h) * a->Tq + i0 + i] = t.max[i] + fm_log(t.sum[i]);
        }
    }
}

static void heads_fwd(void *arg, int64_t from, int64_t to)
{
    const Attention *a = arg;
    int slot = slot_take();
    for (int64_t i = from; i < to; i++)
        head_fwd(a, i / a->H, i % a->H, a->scratch + slot * a->slot);
    slot_give(slot);
}

static void cpu_attention_fwd(real *y, real *lse, const real *q, const real *kv,
                              const int32_t *n_keys, int64_t B, int64_t Tq, int64_t T, int64_t H,
                              int64_t D)
{
    Attention a = attention(q, kv, n_keys, B, Tq, T, H, D);
    a.y = y;
    a.lse = lse;
    a.slot = D * (a.Tp + NR) + a.Dp * (T + NR) + T * NR;
    a.scratch = work(a.slot * par_threads());
    if (a.scratch) par_for(B * H, 1, heads_fwd, &a);
}

// ---- backward -----------------------------------------------------------------------------------

// s, e (keys,NR), scores and e_ij, become p and ds.
static void slopes(const Attention *a, const Queries *t, const float *lse, const float *delta,
                   float *s, float *e)
{
    V scale = v_set(a->scale);
    for (int l = 0; l < NR; l += LANES) {
        V seen = v_load(t->seen + l), minus_lse = v_sub(v_zero(), v_load(lse + l));
        V d = v_load(delta + l);
        for (int64_t j = 0; j < t->keys; j++) {
            V p = v_exp(v_fma(scale, v_load(s + j * NR + l), minus_lse));
            p = v_if_lt(v_set((float)j), seen, p, v_zero());
            v_store(s + j * NR + l, p);
            V ds = v_mul(v_mul(p, v_sub(v_load(e + j * NR + l), d)), scale);
            v_store(e + j * NR + l, ds);
        }
    }
}

typedef struct { float *kt, *vt, *k, *dk, *dv, *qt, *dyt, *q, *dy, *out, *s, *e, *p, *ds; } Scratch;

static Scratch scratch_cut(const Attention *a, float *p)
{
    Scratch w;
    int64_t keys = a->T * a->Dp, columns = a->D * a->Tp, rows = NR * a->Dp;
    w.kt = p; p += columns;                    // (D,Tp)
    w.vt = p; p += columns;
    w.k = p; p += keys;                        // (T,Dp)
    w.dk = p; p += keys;
    w.dv = p; p += keys;
    w.qt = p; p += a->D * NR;                  // (D,NR)
    w.dyt = p; p += a->D * NR;
    w.q = p; p += rows;                        // (NR,Dp)
    w.dy = p; p += rows;
    w.out = p; p += rows;
    w.s = p; p += a->T * NR;                   // (T,NR)
    w.e = p; p += a->T * NR;
    w.p = p; p += NR * a->Tp;                  // (NR,Tp)
    w.ds = p;
    return w;
}

static int64_t scratch_size(const Attention *a)
{
    return 2 * a->D * (a->Tp + NR) + 3 * a->Dp * (a->T + NR) + 2 * NR * (a->T + a->Tp);
}

static void queries_bwd(const Attention *a, const Scratch *w, int64_t b, int64_t h, int64_t i0)
{
    Queries t = queries_at(a, b, i0);
    int64_t at = (b * a->Tq + i0) * a->C + h * a->D;
    float lse[NR] = { 0 }, delta[NR] = { 0 };
    for (int64_t i = 0; i < t.n; i++) {
        lse[i] = a->lse_in[(b * a->H + h) * a->Tq + i0 + i];
        delta[i] = row_dot(a->dy + at + i * a->C, a->y_in + at + i * a->C, a->D);
    }
    copy_columns(a, w->qt, a->q + at, a->C, t.n, NR);
    copy_columns(a, w->dyt, a->dy + at, a->C, t.n, NR);
    copy_rows(a, w->q, a->q + at, a->C, t.n);
    copy_rows(a, w->dy, a->dy + at, a->C, t.n);
    product(w->s, NR, w->kt, a->Tp, w->qt, NR, t.keys, NR, a->D, false);
    product(w->e, NR, w->vt, a->Tp, w->dyt, NR, t.keys, NR, a->D, false);
    slopes(a, &t, lse, delta, w->s, w->e);
    product(w->out, a->Dp, w->e, NR, w->k, a->Dp, t.n, a->Dp, t.keys, false);
    write_rows(a, a->dq + at, a->C, w->out, t.n);
    pack_along(w->p, &(Operand){ w->s, NR, false }, 0, (int)t.keys, (int)a->Tp, 0, t.n);
    pack_along(w->ds, &(Operand){ w->e, NR, false }, 0, (int)t.keys, (int)a->Tp, 0, t.n);
    product(w->dv, a->Dp, w->p, a->Tp, w->dy, a->Dp, t.keys, a->Dp, t.n, true);
    product(w->dk, a->Dp, w->ds, a->Tp, w->q, a->Dp, t.keys, a->Dp, t.n, true);
}

static void head_bwd(const Attention *a, int64_t b, int64_t h, float *scratch)
{
    int64_t kv = b * a->T * 2 * a->C + h * a->D;
    Scratch w = scratch_cut(a, scratch);
    copy_columns(a, w.kt, a->kv + kv, 2 * a->C, a->T, a->Tp);
    copy_columns(a, w.vt, a->kv + kv + a->C, 2 * a->C, a->T, a->Tp);
    copy_rows(a, w.k, a->kv + kv, 2 * a->C, a->T);
    memset(w.dk, 0, 2 * (size_t)(a->T * a->Dp) * sizeof(float));         // and dv behind it
    for (int64_t i0 = 0; i0 < a->Tq; i0 += NR) queries_bwd(a, &w, b, h, i0);
    write_rows(a, a->dkv + kv, 2 * a->C, w.dk, a->T);
    write_rows(a, a->dkv + kv + a->C, 2 * a->C, w.dv, a->T);
}

static void heads_bwd(void *arg, int64_t from, int64_t to)
{
    const Attention *a = arg;
    int slot = slot_take();
    for (int64_t i = from; i < to; i++)
        head_bwd(a, i / a->H, i % a->H, a->scratch + slot * a->slot);
    slot_give(slot);
}

static void cpu_attention_bwd(real *dq, real *dkv, const real *dy, const real *y, const real *lse,
                              const real *q, const real *kv, const int32_t *n_keys, int64_t B,
                              int64_t Tq, int64_t T, int64_t H, int64_t D)
{
    Attention a = attention(q, kv, n_keys, B, Tq, T, H, D);
    a.dq = dq;
    a.dkv = dkv;
    a.dy = dy;
    a.y_in = y;
    a.lse_in = lse;
    a.slot = scratch_size(&a);
    a.scratch = work(a.slot * par_threads());
    if (a.scratch) par_for(B * H, 1, heads_bwd, &a);
}

// gemm.c - linear layers. All three products are one: c (M,N) = start + a (M,K) b (K,N).
//
// The idea is Goto's (Goto and van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication"). A tile of MR x NR sums stays in registers while k runs; for that a and b are
// copied ("packed") so that the tile reads both from front to back. K is cut into blocks of at
// most KC so that what a tile reads stays in the caches:
//
//     b packed: panels of NR columns, a panel (KC,NR): 48 KiB, streams from L2
//     a packed: panels of MR rows, a panel (KC,MR): 21 KiB, in L1
//     a task: some panels of a times some panels of b; threads take tasks as they get free
//
// A tile starts from what stands in c and goes on with k in order. So each element is one chain of
// fused multiply-adds from k = 0 to K-1, whatever MR, NR, KC and the number of threads are, and
// its bits are the same on every instruction set.
#include "tensor/cpu/work.h"

#if defined(ISA_avx512)
enum { MR = 14, NV = 2 };                      // 28 sums + 2 of b + 1 of a, of 32 registers
#elif defined(ISA_avx2)
enum { MR = 6, NV = 1 };                       // 12 + 2 + 1 of 16
#elif defined(ISA_neon)
enum { MR = 6, NV = 1 };                       // 24 + 4 + 2 of 32
#else
enum { MR = 4, NV = 1 };
#endif
enum { NR = NV * LANES, KC = 384, MR_MAX = 14 };

static const float zeros[1];                   // as a start: 0 everywhere

// ---- a tile -------------------------------------------------------------------------------------

typedef struct {
    const float *a, *b;          // (K,rows) and (K,NR), a_step and b_step from one k to the next
    const float *start;          // (rows,NR)
    float *c;                    // (rows,NR); may be `start`
    int64_t a_step, b_step, start_step, c_step, K;
} Tile;

INLINE void tile_rows(const Tile *t, const int rows)
{
    V sum[MR_MAX][NV];
    const float *a = t->a, *b = t->b, *start = t->start;
    float *c = t->c;
    const int64_t c_step = t->c_step, start_step = t->start_step;
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < NV; j++)
            sum[i][j] = v_load(start + i * start_step + j * LANES);
    for (int64_t k = 0; k < t->K; k++, a += t->a_step, b += t->b_step) {
        V bk[NV];
        UNROLL for (int j = 0; j < NV; j++) bk[j] = v_load(b + j * LANES);
        UNROLL for (int i = 0; i < rows; i++) {
            V ak = v_set(a[i]);
            UNROLL for (int j = 0; j < NV; j++) sum[i][j] = v_fma(ak, bk[j], sum[i][j]);
        }
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < NV; j++)
            v_store(c + i * c_step + j * LANES, sum[i][j]);
}

// The compiler must know the number of rows to keep the sums in registers: one copy of the loop per
// number.
static void tile(const Tile *t, int rows)
{
    switch (rows) {
    case 1: tile_rows(t, 1); break;
    case 2: tile_rows(t, 2); break;
    case 3: tile_rows(t, 3); break;
    case 4: tile_rows(t, 4); break;
#if !defined(ISA_avx512)
    case 5: tile_rows(t, 5); break;
    case 6: tile_rows(t, 6); break;
#else
    case 5: tile_rows(t, 5); break;
    case 6: tile_rows(t, 6); break;
    case 7: tile_rows(t, 7); break;
    case 8: tile_rows(t, 8); break;
    case 9: tile_rows(t, 9); break;
    case 10: tile_rows(t, 10); break;
    case 11: tile_rows(t, 11); break;
    case 12: tile_rows(t, 12); break;
    case 13: tile_rows(t, 13); break;
    case 14: tile_rows(t, 14); break;
#endif
    }
}

// A tile with less than NR columns is computed in a whole one, of which `cols` are copied.
static void tile_narrow(Tile t, int rows, int cols)
{
    float whole[MR_MAX * NR] = { 0 };
    float *c = t.c;
    int64_t c_step = t.c_step;
    for (int i = 0; i < rows; i++)
        memcpy(whole + i * NR, t.start + i * t.start_step, (size_t)cols * sizeof(float));
    t.start = t.c = whole;
    t.start_step = t.c_step = NR;
    tile(&t, rows);
    for (int i = 0; i < rows; i++)
        memcpy(c + i * c_step, whole + i * NR, (size_t)cols * sizeof(float));
}

// ---- packing ------------------------------------------------------------------------------------

// A matrix of which element (i,k) is at p[i * step + k], or, `across`, at p[k * step + i].
typedef struct { const float *p; int64_t step; bool across; } Operand;

// out (kn,width): out[k * width + i] = element (i0 + i, k0 + k) for i < n, 0 for n <= i < width.
static void pack_across(float *out, const Operand *o, int64_t i0, int n, int width, int64_t k0,
                        int64_t kn)
{
    const float *p = o->p + k0 * o->step + i0;
    for (int64_t k = 0; k < kn; k++, p += o->step, out += width)
        for (int i = 0; i < width; i += LANES) {
            int there = n - i < 0 ? 0 : lanes_left(n - i);
            v_store_n(out + i, v_load_n(p + i, there), lanes_left(width - i));
        }
}

static void pack_along(float *out, const Operand *o, int64_t i0, int n, int width, int64_t k0,
                       int64_t kn)
{
    for (int64_t k = 0; k < kn; k += LANES)
        for (int i = 0; i < width; i += LANES) {
            int ks = lanes_left(kn - k);
            V r[LANES];
            for (int j = 0; j < LANES; j++)
                r[j] = i + j < n ? v_load_n(o->p + (i0 + i + j) * o->step + k0 + k, ks) : v_zero();
            v_transpose(r);
            for (int j = 0; j < ks; j++)
                v_store_n(out + (k + j) * width + i, r[j], lanes_left(width - i));
        }
}

static void pack(float *out, const Operand *o, int64_t i0, int n, int width, int64_t k0, int64_t kn)
{
    if (o->across) pack_across(out, o, i0, n, width, k0, kn);
    else pack_along(out, o, i0, n, width, k0, kn);
}

// ---- the product --------------------------------------------------------------------------------

typedef struct {
    Operand a, b;                // a (M,K), b (N,K)
    const float *start;          // (N), the same for all rows, or NULL: what stands in c
    float *c, *y;                // (M,N); y = act(c) at the end, or NULL; may be c
    int64_t M, N, K;
    Act act;
    // Set by gemm. While block b of K is packed into half b % 2, block b - 1 is multiplied.
    float *a_pack[2], *b_pack[2];
    int64_t block, blocks, kc;
    int64_t m_task, n_task, m_tasks;           // panels of a, of b in a task; tasks along M
    int64_t a_groups, b_groups;                // pieces of packing
    float *b_own;                              // one panel of b per slot; NULL: b_pack is shared
} Gemm;

enum { PACK_A = 8, PACK_B = 2, TASK_ROWS = 224, TASK_COLUMNS = 256 };    // panels; elements

static int64_t block_size(const Gemm *g, int64_t block)
{
    return min64(g->kc, g->K - block * g->kc);
}

static void pack_a(const Gemm *g, int64_t group)
{
    int64_t kn = block_size(g, g->block), end = min64(g->M, (group + 1) * PACK_A * MR);
    for (int64_t i = group * PACK_A * MR; i < end; i += MR) {
        int rows = (int)min64(MR, g->M - i);
        pack(g->a_pack[g->block % 2] + i * kn, &g->a, i, rows, rows, g->block * g->kc, kn);
    }
}

static void pack_b(const Gemm *g, int64_t group)
{
    int64_t kn = block_size(g, g->block), end = min64(g->N, (group + 1) * PACK_B * NR);
    for (int64_t j = group * PACK_B * NR; j < end; j += NR) {
        int cols = (int)min64(NR, g->N - j);
        pack(g->b_pack[g->block % 2] + j * kn, &g->b, j, cols, NR, g->block * g->kc, kn);
    }
}

static void prefetch_tile(const float *c, int64_t step, int rows)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < NR; j += LANES) __builtin_prefetch(c + i * step + j, 1);
}

static void act_tile(const Gemm *g, int64_t at, int rows, int cols)
{
    for (; rows > 0; rows--, at += g->N)
        for (int k = 0; k < cols; k += LANES) {
            int n = lanes_left(cols - k);
            v_store_n(g->y + at + k, v_act(v_load_n(g->c + at + k, n), g->act), n);
        }
}

static void multiply_tile(const Gemm *g, const float *b, int64_t i, int64_t j)
{
    int64_t block = g->block - 1, kn = block_size(g, block), at = i * g->N + j;
    int rows = (int)min64(MR, g->M - i), cols = (int)min64(NR, g->N - j);
    const float *a = g->a_pack[block % 2] + i * kn;
    Tile t = { a, b, g->c + at, g->c + at, rows, NR, g->N, g->N, kn };
    if (block == 0 && g->start) {
        t.start = g->start + j;
        t.start_step = 0;
    }
    if (cols < NR) tile_narrow(t, rows, cols);
    else tile(&t, rows);
    bool last = g->block == g->blocks;
    if (last && g->y && (g->act != ACT_NONE || g->y != g->c)) act_tile(g, at, rows, cols);
}

static void multiply(const Gemm *g, int64_t task)
{
    int64_t i0 = task % g->m_tasks * g->m_task * MR, j0 = task / g->m_tasks * g->n_task * NR;
    int64_t i1 = min64(g->M, i0 + g->m_task * MR), j1 = min64(g->N, j0 + g->n_task * NR);
    int64_t block = g->block - 1, kn = block_size(g, block);
    int slot = g->b_own ? slot_take() : 0;
    for (int64_t j = j0; j < j1; j += NR) {
        float *b = g->b_own ? g->b_own + slot * NR * g->kc : g->b_pack[block % 2] + j * kn;
        if (g->b_own) pack(b, &g->b, j, (int)min64(NR, g->N - j), NR, block * g->kc, kn);
        for (int64_t i = i0; i < i1; i += MR) {
            int next = (int)min64(MR, i1 - i - MR);
            prefetch_tile(g->c + (i + MR) * g->N + j, g->N, next);
            multiply_tile(g, b, i, j);
        }
    }
    if (g->b_own) slot_give(slot);
}

// Packing comes first in the order of pieces, but par_for hands out the last ones first: a
// thread that finds no tile left packs the next block.
static void gemm_pieces(void *arg, int64_t from, int64_t to)
{
    const Gemm *g = arg;
    for (int64_t i = from; i < to; i++)
        if (i < g->a_groups) pack_a(g, i);
        else if (i < g->a_groups + g->b_groups) pack_b(g, i - g->a_groups);
        else multiply(g, i - g->a_groups - g->b_groups);
}

// A task has up to 224 x 256 elements of c: 336 KiB of packed a, to stay in L2 while b passes.
// Small products are cut finer, until there are enough tasks to share.
static int64_t choose_tasks(Gemm *g)
{
    int64_t m = ceil_div(g->M, MR), n = ceil_div(g->N, NR), enough = 6 * par_threads();
    bool whole = g->b_own != NULL;
    g->m_task = whole ? m : min64(m, TASK_ROWS / MR);
    g->n_task = min64(n, TASK_COLUMNS / NR);
    while (ceil_div(m, g->m_task) * ceil_div(n, g->n_task) < enough
           && ((g->m_task > 2 && !whole) || g->n_task > 1)) {
        if (g->m_task > 2 && !whole && (g->m_task * MR >= g->n_task * NR || g->n_task == 1))
            g->m_task = ceil_div(g->m_task, 2);
        else g->n_task = ceil_div(g->n_task, 2);
    }
    g->m_task = ceil_div(m, ceil_div(m, g->m_task));       // the last not smaller than need be
    g->n_task = ceil_div(n, ceil_div(n, g->n_task));
    g->m_tasks = ceil_div(m, g->m_task);
    return g->m_tasks * ceil_div(n, g->n_task);
}

// With few rows one task has all of them and packs b itself, panel by panel, in L2: to write all of
// b once more would take longer than the product.
static bool cut_workspace(Gemm *g)
{
    bool own = g->M <= TASK_ROWS;
    int64_t a_size = round_up(g->M, LANES) * g->kc, b_size = round_up(g->N, NR) * g->kc;
    if (own) b_size = round_up(par_threads(), 2) / 2 * NR * g->kc;       // both: a panel per slot
    float *p = work(2 * (a_size + b_size) + g->N);
    if (!p) return false;
    if (g->start == zeros)
        g->start = memset(p + 2 * (a_size + b_size), 0, (size_t)g->N * sizeof *p);
    for (int i = 0; i < 2; i++) {
        g->a_pack[i] = p + i * a_size;
        g->b_pack[i] = p + 2 * a_size + i * b_size;
    }
    g->b_own = own ? g->b_pack[0] : NULL;
    return true;
}

static void gemm(Gemm *g)
{
    REQUIRE(g->M > 0 && g->N > 0 && g->K > 0);
    g->blocks = g->K > KC ? ceil_div(g->K, KC) : 1;
    g->kc = ceil_div(g->K, g->blocks);
    if (!cut_workspace(g)) return;
    int64_t tasks = choose_tasks(g);
    for (g->block = 0; g->block <= g->blocks; g->block++) {
        bool more = g->block < g->blocks;
        g->a_groups = more ? ceil_div(g->M, PACK_A * MR) : 0;
        g->b_groups = more && !g->b_own ? ceil_div(g->N, PACK_B * NR) : 0;
        par_for(g->a_groups + g->b_groups + (g->block > 0 ? tasks : 0), 1, gemm_pieces, g);
    }
}

// ---- the kernels --------------------------------------------------------------------------------

static void cpu_linear_fwd(real *y, real *pre, const real *x, const real *w, const real *b,
                           int64_t M, int64_t N, int64_t K, Act act)
{
    gemm(&(Gemm){ .a = { x, K, false }, .b = { w, K, false }, .start = b ? b : zeros,
                  .c = pre ? pre : y, .y = y, .M = M, .N = N, .K = K, .act = act });
}

static void cpu_linear_bwd(real *dx, real *dw, real *db, real *dy, const real *pre, const real *x,
                           const real *w, int64_t M, int64_t N, int64_t K, Act act)
{
    if (act != ACT_NONE) cpu_act_bwd(dy, dy, pre, M * N, act);           // dy is dpre from here on
    if (dx) gemm(&(Gemm){ .a = { dy, N, false }, .b = { w, K, true }, .start = zeros, .c = dx,
                          .M = M, .N = K, .K = N });
    if (dw) gemm(&(Gemm){ .a = { dy, N, true }, .b = { x, K, true }, .c = dw,
                          .M = N, .N = K, .K = M });
    if (db) cpu_sum_rows(db, dy, M, N);
}

// work.h - what the files of the cpu device share: scratch memory and how loops are unrolled.
// Part of cpu.c, which is compiled once per instruction set; everything here is static on purpose.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tensor/backend.h"
#include "tensor/base/debug.h"
#include "tensor/base/fmath.h"
#include "tensor/base/par.h"
#include "tensor/base/simd.h"

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
INLINE int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
INLINE int lanes_left(int64_t n) { return n < LANES ? (int)n : LANES; }

// Loops that do little per element are cut into pieces of this many elements, or that many rows.
enum { FLAT_GRAIN = 16384 };
INLINE int64_t row_grain(int64_t columns) { return 1 + FLAT_GRAIN / (columns + 1); }

// ---- scratch memory -----------------------------------------------------------------------------
// One block, which grows when a kernel needs more and is kept. A kernel that gets NULL returns with
// its outputs unwritten; the next sync tells.

static struct {
    float *p;
    size_t bytes;
    bool refused;
} workspace;

static void *cpu_alloc(size_t bytes);

static float *work(int64_t floats)
{
    size_t bytes = (size_t)floats * sizeof(float);
    if (bytes <= workspace.bytes) return workspace.p;
    ref_release(workspace.p, workspace.bytes);
    workspace.p = bytes < SIZE_MAX / 16 ? cpu_alloc(bytes) : NULL;
    workspace.bytes = workspace.p ? bytes : 0;
    if (!workspace.p) workspace.refused = true;
    return workspace.p;
}

// A piece of a loop that needs scratch memory takes a slot of the workspace, one of 0 ..
// par_threads() - 1, as no more pieces run at once. Results do not depend on the slot.
static atomic_bool slot_taken[PAR_THREADS];

static int slot_take(void)
{
    for (int i = 0, slots = par_threads();; i = (i + 1) % slots)
        if (!atomic_exchange(&slot_taken[i], true)) return i;
}

static void slot_give(int i)
{
    atomic_store(&slot_taken[i], false);
}

// ---- activations (equations: cpu_ref.c) ---------------------------------------------------------

INLINE V v_sigmoid1702(V x)
{
    return v_div(v_set(1), v_add(v_set(1), v_exp(v_mul(v_set(-1.702f), x))));
}

INLINE V v_normal_cdf(V x)                     // Phi(x)
{
    return v_mul(v_set(0.5f), v_add(v_set(1), v_erf(v_mul(x, v_set(0.70710678f)))));
}

INLINE V v_act(V x, Act act)
{
    if (act == ACT_QUICK_GELU) return v_mul(x, v_sigmoid1702(x));
    if (act == ACT_GELU) return v_mul(x, v_normal_cdf(x));
    return x;
}

INLINE V v_act_slope(V x, Act act)
{
    V one = v_set(1);
    if (act == ACT_QUICK_GELU) {
        V s = v_sigmoid1702(x);
        return v_fma(v_mul(v_set(1.702f), x), v_mul(s, v_sub(one, s)), s);
    }
    if (act == ACT_GELU) {
        V density = v_mul(v_set(0.39894228f), v_exp(v_mul(v_set(-0.5f), v_mul(x, x))));
        return v_fma(x, density, v_normal_cdf(x));
    }
    return one;
}

// simd.h - sixteen floats at a time, with the same bits on every instruction set.
//
// A V is 16 lanes: one register of AVX-512, two of AVX2, four of NEON, an array in plain C. Each
// operation here is exactly rounded, so its bits are a matter of arithmetic, not of the processor:
// a*b+c is always one fused multiply-add, sums over a row always run in 16 lanes (v_sum at the
// end), and where instruction sets differ (NaN, -0 in a maximum) the rule is a comparison and a
// choice. A file is compiled once per instruction set, with ISA_avx512, ISA_avx2 or ISA_neon
// defined; with none of them it gets plain C.
#pragma once
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tensor/base/bits.h"

#if defined(ISA_avx512) || defined(ISA_avx2)
#include <immintrin.h>
#elif defined(ISA_neon)
#include <arm_neon.h>
#endif

_Static_assert(FLT_EVAL_METHOD == 0, "floats must be computed as floats (no x87)");

enum { LANES = 16 };

// ---- what fmath.c shares: one number at a time --------------------------------------------------

// a*b+c rounded once. Without an instruction for it: a*b is exact in double; the sum is rounded
// there to odd (an inexact result gets its last bit set), after which rounding to float is right,
// since a double has more than two bits to spare (Boldo and Melquiond 2008).
static inline float fma1(float a, float b, float c)
{
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fmaf(a, b, c);
#else
    double p = (double)a * (double)b, s = p + (double)c, z = s - p;
    double error = (p - (s - z)) + ((double)c - z);      // of the addition, exactly (Knuth)
    uint64_t u = double_bits(s);
    if ((error > 0 || error < 0) && !(u & 1)) u = (error > 0) == (s > 0) ? u + 1 : u - 1;
    return (float)bits_double(u);
#endif
}

// exp(x) = 2^n exp(r),  n = round(x / ln 2),  exp(r) = 1 + r + r^2 P(r). Coefficients, lowest
// first: test/golden/fmath.py. EXP_ROUND: added to a small number, it leaves the nearest integer
// in the last bits. EXP_LN2: the first piece times n is exact.
static const float EXP_POLY[5] = { 0x1.fffffcp-2f, 0x1.55548cp-3f, 0x1.555858p-5f, 0x1.123dep-7f,
                                   0x1.6ac74cp-10f };
static const float EXP_LN2[2] = { 0x1.62e4p-1f, 0x1.7f7d1cp-20f }, EXP_LOG2E = 0x1.715476p+0f;
static const float EXP_ROUND = 0x1.8p23f, EXP_MAX = 89, EXP_MIN = -104;

// erf(x) = x + x P(x^2) for |x| < ERF_SPLIT, else 1 - exp(-Q(|x|)); from 4 on that is 1.
static const float ERF_SPLIT = 0.921875f;
static const float ERF_SMALL[7] = { 0x1.06eba8p-3f, -0x1.81274p-2f, 0x1.ce2d76p-4f, -0x1.b8043ep-6f,
                                    0x1.5476ep-8f, -0x1.a8030ep-11f, 0x1.570f8cp-14f };
static const float ERF_LARGE[8] = { -0x1.6f6386p-13f, 0x1.21280cp+0f, 0x1.44456cp-1f,
                                    0x1.bb894ep-4f, -0x1.9b9c4cp-6f, 0x1.116fb4p-8f,
                                    -0x1.c7d6d8p-12f, 0x1.624c0ep-16f };

// ---- sixteen lanes ------------------------------------------------------------------------------
// v_load_n, v_store_n  the first n of 16; the rest reads as 0, is left alone. 0 <= n <= 16
// v_fma(a,b,c)         a*b + c rounded once
// v_max(a,b)           a > b ? a : b
// v_if_lt(a,b,x,y)     a < b ? x : y
// v_sign(a,b)          |a| with the sign of b
// v_transpose(r)       r[i] lane j  <->  r[j] lane i
// v_scale(p,t)         p 2^n, rounded once, where t = EXP_ROUND + n and -252 <= n <= 254

#if defined(ISA_avx512)

typedef __m512 V;
static inline __mmask16 v_mask(int n) { return (__mmask16)((1u << n) - 1); }
static inline V v_set(float x) { return _mm512_set1_ps(x); }
static inline V v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, V a) { _mm512_storeu_ps(p, a); }
static inline V v_load_n(const float *p, int n) { return _mm512_maskz_loadu_ps(v_mask(n), p); }
static inline void v_store_n(float *p, V a, int n) { _mm512_mask_storeu_ps(p, v_mask(n), a); }
static inline V v_add(V a, V b) { return _mm512_add_ps(a, b); }
static inline V v_sub(V a, V b) { return _mm512_sub_ps(a, b); }
static inline V v_mul(V a, V b) { return _mm512_mul_ps(a, b); }
static inline V v_div(V a, V b) { return _mm512_div_ps(a, b); }
static inline V v_sqrt(V a) { return _mm512_sqrt_ps(a); }
static inline V v_fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
static inline V v_max(V a, V b) { return _mm512_max_ps(a, b); }
static inline V v_if_lt(V a, V b, V x, V y)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
}
static inline V v_sign(V a, V b)
{
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
        _mm512_set1_epi32(INT32_MIN), _mm512_castps_si512(b), _mm512_castps_si512(a), 0xCA));
}
static inline V v_scale(V p, V t)
{
    __m512i n = _mm512_sub_epi32(_mm512_castps_si512(t), _mm512_set1_epi32(0x4B400000));
    __m512i half = _mm512_srai_epi32(n, 1), bias = _mm512_set1_epi32(127);
    __m512i other = _mm512_sub_epi32(n, half);
    V a = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(half, bias), 23));
    V b = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(other, bias), 23));
    return v_mul(v_mul(p, a), b);
}
static inline void v_transpose(V r[LANES])
{
    V t[LANES], u[LANES];
    for (int i = 0; i < LANES; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < LANES; i++) {          // u[4g+c]: quarter q holds rows 4g.. of column 4q+c
        __m512d x = _mm512_castps_pd(t[(i & ~3) + (i >> 1 & 1)]);
        __m512d y = _mm512_castps_pd(t[(i & ~3) + (i >> 1 & 1) + 2]);
        u[i] = _mm512_castpd_ps(i & 1 ? _mm512_unpackhi_pd(x, y) : _mm512_unpacklo_pd(x, y));
    }
    for (int c = 0; c < 4; c++) {
        V even = _mm512_shuffle_f32x4(u[c], u[4 + c], 0x88);
        V even2 = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0x88);
        V odd = _mm512_shuffle_f32x4(u[c], u[4 + c], 0xDD);
        V odd2 = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0xDD);
        r[c] = _mm512_shuffle_f32x4(even, even2, 0x88);
        r[4 + c] = _mm512_shuffle_f32x4(odd, odd2, 0x88);
        r[8 + c] = _mm512_shuffle_f32x4(even, even2, 0xDD);
        r[12 + c] = _mm512_shuffle_f32x4(odd, odd2, 0xDD);
    }
}

#elif defined(ISA_avx2)

typedef struct { __m256 a, b; } V;
static inline __m256i v_mask(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline V v_set(float x) { return (V){ _mm256_set1_ps(x), _mm256_set1_ps(x) }; }
static inline V v_load(const float *p) { return (V){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) }; }
static inline void v_store(float *p, V x)
{
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}
static inline V v_load_n(const float *p, int n)
{
    if (n == LANES) return v_load(p);
    return (V){ _mm256_maskload_ps(p, v_mask(n)),
                n > 8 ? _mm256_maskload_ps(p + 8, v_mask(n - 8)) : _mm256_setzero_ps() };
}
static inline void v_store_n(float *p, V x, int n)
{
    if (n == LANES) {                          // AMD takes its time over a masked store
        v_store(p, x);
        return;
    }
    _mm256_maskstore_ps(p, v_mask(n), x.a);
    if (n > 8) _mm256_maskstore_ps(p + 8, v_mask(n - 8), x.b);
}
static inline V v_add(V x, V y) { return (V){ _mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b) }; }
static inline V v_sub(V x, V y) { return (V){ _mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b) }; }
static inline V v_mul(V x, V y) { return (V){ _mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b) }; }
static inline V v_div(V x, V y) { return (V){ _mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b) }; }
static inline V v_sqrt(V x) { return (V){ _mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b) }; }
static inline V v_max(V x, V y) { return (V){ _mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b) }; }
static inline V v_fma(V x, V y, V z)
{
    return (V){ _mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b) };
}
static inline V v_if_lt(V a, V b, V x, V y)
{
    return (V){ _mm256_blendv_ps(y.a, x.a, _mm256_cmp_ps(a.a, b.a, _CMP_LT_OQ)),
                _mm256_blendv_ps(y.b, x.b, _mm256_cmp_ps(a.b, b.b, _CMP_LT_OQ)) };
}
static inline V v_sign(V x, V y)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (V){ _mm256_or_ps(_mm256_andnot_ps(sign, x.a), _mm256_and_ps(sign, y.a)),
                _mm256_or_ps(_mm256_andnot_ps(sign, x.b), _mm256_and_ps(sign, y.b)) };
}
static inline __m256 v_scale_half(__m256 p, __m256 t)
{
    __m256i n = _mm256_sub_epi32(_mm256_castps_si256(t), _mm256_set1_epi32(0x4B400000));
    __m256i half = _mm256_srai_epi32(n, 1), bias = _mm256_set1_epi32(127);
    __m256i other = _mm256_sub_epi32(n, half);
    __m256 a = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    __m256 b = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(other, bias), 23));
    return _mm256_mul_ps(_mm256_mul_ps(p, a), b);
}
static inline V v_scale(V p, V t) { return (V){ v_scale_half(p.a, t.a), v_scale_half(p.b, t.b) }; }
static inline void v_transpose_quarter(__m256 r[8])
{
    __m256 t[8], u[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i++) {              // u[4g+c]: half h holds rows 4g.. of column 4h+c
        __m256d x = _mm256_castps_pd(t[(i & ~3) + (i >> 1 & 1)]);
        __m256d y = _mm256_castps_pd(t[(i & ~3) + (i >> 1 & 1) + 2]);
        u[i] = _mm256_castpd_ps(i & 1 ? _mm256_unpackhi_pd(x, y) : _mm256_unpacklo_pd(x, y));
    }
    for (int c = 0; c < 4; c++) {
        r[c] = _mm256_permute2f128_ps(u[c], u[4 + c], 0x20);
        r[4 + c] = _mm256_permute2f128_ps(u[c], u[4 + c], 0x31);
    }
}
static inline void v_transpose(V r[LANES])
{
    __m256 q[4][8];                            // upper left, lower left, upper right, lower right
    for (int i = 0; i < 8; i++) {
        q[0][i] = r[i].a;
        q[1][i] = r[8 + i].a;
        q[2][i] = r[i].b;
        q[3][i] = r[8 + i].b;
    }
    for (int i = 0; i < 4; i++) v_transpose_quarter(q[i]);
    for (int i = 0; i < 8; i++) {
        r[i] = (V){ q[0][i], q[1][i] };
        r[8 + i] = (V){ q[2][i], q[3][i] };
    }
}

#elif defined(ISA_neon)

typedef float32x4x4_t V;                       // .val[0..3]
static inline V v_set(float x)
{
    float32x4_t q = vdupq_n_f32(x);
    return (V){ { q, q, q, q } };
}
static inline V v_load(const float *p)
{
    return (V){ { vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12) } };
}
static inline void v_store(float *p, V x)
{
    for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, x.val[i]);
}
static inline V v_load_n(const float *p, int n)
{
    if (n == LANES) return v_load(p);
    float lane[LANES] = { 0 };
    memcpy(lane, p, (size_t)n * sizeof *p);
    return v_load(lane);
}
static inline void v_store_n(float *p, V x, int n)
{
    if (n == LANES) {
        v_store(p, x);
        return;
    }
    float lane[LANES];
    v_store(lane, x);
    memcpy(p, lane, (size_t)n * sizeof *p);
}
static inline V v_add(V x, V y)
{
    for (int i = 0; i < 4; i++) x.val[i] = vaddq_f32(x.val[i], y.val[i]);
    return x;
}
static inline V v_sub(V x, V y)
{
    for (int i = 0; i < 4; i++) x.val[i] = vsubq_f32(x.val[i], y.val[i]);
    return x;
}
static inline V v_mul(V x, V y)
{
    for (int i = 0; i < 4; i++) x.val[i] = vmulq_f32(x.val[i], y.val[i]);
    return x;
}
static inline V v_div(V x, V y)
{
    for (int i = 0; i < 4; i++) x.val[i] = vdivq_f32(x.val[i], y.val[i]);
    return x;
}
static inline V v_sqrt(V x)
{
    for (int i = 0; i < 4; i++) x.val[i] = vsqrtq_f32(x.val[i]);
    return x;
}
static inline V v_fma(V x, V y, V z)
{
    for (int i = 0; i < 4; i++) z.val[i] = vfmaq_f32(z.val[i], x.val[i], y.val[i]);
    return z;
}
static inline V v_if_lt(V a, V b, V x, V y)
{
    for (int i = 0; i < 4; i++)
        x.val[i] = vbslq_f32(vcltq_f32(a.val[i], b.val[i]), x.val[i], y.val[i]);
    return x;
}
static inline V v_max(V x, V y) { return v_if_lt(y, x, x, y); }
static inline V v_sign(V x, V y)
{
    for (int i = 0; i < 4; i++)
        x.val[i] = vbslq_f32(vdupq_n_u32(0x80000000u), y.val[i], x.val[i]);
    return x;
}
static inline V v_scale(V p, V t)
{
    int32x4_t bias = vdupq_n_s32(127);
    for (int i = 0; i < 4; i++) {
        int32x4_t n = vsubq_s32(vreinterpretq_s32_f32(t.val[i]), vdupq_n_s32(0x4B400000));
        int32x4_t half = vshrq_n_s32(n, 1), other = vsubq_s32(n, half);
        float32x4_t a = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(half, bias), 23));
        float32x4_t b = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(other, bias), 23));
        p.val[i] = vmulq_f32(vmulq_f32(p.val[i], a), b);
    }
    return p;
}
static inline void v_transpose(V r[LANES])
{
    V out[LANES];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {          // rows 4i.., columns 4j..
            float32x4_t a = r[4 * i].val[j], b = r[4 * i + 1].val[j];
            float32x4_t c = r[4 * i + 2].val[j], d = r[4 * i + 3].val[j];
            float64x2_t ab = vreinterpretq_f64_f32(vtrn1q_f32(a, b));
            float64x2_t cd = vreinterpretq_f64_f32(vtrn1q_f32(c, d));
            float64x2_t ab2 = vreinterpretq_f64_f32(vtrn2q_f32(a, b));
            float64x2_t cd2 = vreinterpretq_f64_f32(vtrn2q_f32(c, d));
            out[4 * j].val[i] = vreinterpretq_f32_f64(vtrn1q_f64(ab, cd));
            out[4 * j + 1].val[i] = vreinterpretq_f32_f64(vtrn1q_f64(ab2, cd2));
            out[4 * j + 2].val[i] = vreinterpretq_f32_f64(vtrn2q_f64(ab, cd));
            out[4 * j + 3].val[i] = vreinterpretq_f32_f64(vtrn2q_f64(ab2, cd2));
        }
    memcpy(r, out, sizeof out);
}

#else

typedef struct { float f[LANES]; } V;
static inline V v_set(float x)
{
    V a;
    for (int i = 0; i < LANES; i++) a.f[i] = x;
    return a;
}
static inline V v_load_n(const float *p, int n)
{
    V a = { { 0 } };
    memcpy(a.f, p, (size_t)n * sizeof *p);
    return a;
}
static inline void v_store_n(float *p, V a, int n) { memcpy(p, a.f, (size_t)n * sizeof *p); }
static inline V v_load(const float *p)
{
    V a;
    memcpy(a.f, p, sizeof a.f);
    return a;
}
static inline void v_store(float *p, V a) { memcpy(p, a.f, sizeof a.f); }
static inline V v_add(V a, V b)
{
    for (int i = 0; i < LANES; i++) a.f[i] += b.f[i];
    return a;
}
static inline V v_sub(V a, V b)
{
    for (int i = 0; i < LANES; i++) a.f[i] -= b.f[i];
    return a;
}
static inline V v_mul(V a, V b)
{
    for (int i = 0; i < LANES; i++) a.f[i] *= b.f[i];
    return a;
}
static inline V v_div(V a, V b)
{
    for (int i = 0; i < LANES; i++) a.f[i] /= b.f[i];
    return a;
}
static inline V v_sqrt(V a)
{
    for (int i = 0; i < LANES; i++) a.f[i] = sqrtf(a.f[i]);
    return a;
}
static inline V v_fma(V a, V b, V c)
{
    for (int i = 0; i < LANES; i++) c.f[i] = fma1(a.f[i], b.f[i], c.f[i]);
    return c;
}
static inline V v_max(V a, V b)
{
    for (int i = 0; i < LANES; i++) a.f[i] = a.f[i] > b.f[i] ? a.f[i] : b.f[i];
    return a;
}
static inline V v_if_lt(V a, V b, V x, V y)
{
    for (int i = 0; i < LANES; i++) x.f[i] = a.f[i] < b.f[i] ? x.f[i] : y.f[i];
    return x;
}
static inline V v_sign(V a, V b)
{
    for (int i = 0; i < LANES; i++)
        a.f[i] = bits_float((float_bits(a.f[i]) & 0x7FFFFFFF) | (float_bits(b.f[i]) & 0x80000000));
    return a;
}
static inline V v_scale(V p, V t)
{
    for (int i = 0; i < LANES; i++) {
        uint32_t n = float_bits(t.f[i]) - 0x4B400000, half = (uint32_t)((int32_t)n >> 1);
        p.f[i] *= bits_float((half + 127) << 23);
        p.f[i] *= bits_float((n - half + 127) << 23);
    }
    return p;
}
static inline void v_transpose(V r[LANES])
{
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < i; j++) {
            float t = r[i].f[j];
            r[i].f[j] = r[j].f[i];
            r[j].f[i] = t;
        }
}

#endif

// ---- the same for all ---------------------------------------------------------------------------

static inline V v_zero(void) { return v_set(0); }

// The first n lanes; the rest becomes x.
static inline V v_first(V a, int n, float x)
{
    if (n == LANES) return a;
    float f[LANES];
    v_store(f, v_set(x));
    v_store_n(f, a, n);
    return v_load(f);
}

// Lanes fold by 8, 4, 2, 1: lane i of a half meets lane i of the other.
static inline float v_sum(V a)
{
    float f[LANES];
    v_store(f, a);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) f[i] += f[i + half];
    return f[0];
}

static inline float v_largest(V a)
{
    float f[LANES];
    v_store(f, a);
    for (int i = 1; i < LANES; i++) f[0] = f[0] > f[i] ? f[0] : f[i];
    return f[0];
}

static inline V v_exp(V x)
{
    V max = v_set(EXP_MAX), min = v_set(EXP_MIN);
    x = v_if_lt(max, x, max, x);               // NaN is neither
    x = v_if_lt(x, min, min, x);
    V t = v_fma(x, v_set(EXP_LOG2E), v_set(EXP_ROUND));
    V n = v_sub(v_set(EXP_ROUND), t);          // -n: saves a negation
    V r = v_fma(n, v_set(EXP_LN2[1]), v_fma(n, v_set(EXP_LN2[0]), x));
    V p = v_set(EXP_POLY[4]);
    for (int i = 3; i >= 0; i--) p = v_fma(p, r, v_set(EXP_POLY[i]));
    p = v_add(v_fma(v_mul(r, r), p, r), v_set(1));
    return v_scale(p, t);
}

static inline V v_erf(V x)
{
    V one = v_set(1), four = v_set(4), t = v_sign(x, one), z = v_mul(x, x);
    t = v_if_lt(four, t, four, t);
    V small = v_set(ERF_SMALL[6]), large = v_set(ERF_LARGE[7]);
    for (int i = 5; i >= 0; i--) small = v_fma(small, z, v_set(ERF_SMALL[i]));
    for (int i = 6; i >= 0; i--) large = v_fma(large, t, v_set(ERF_LARGE[i]));
    small = v_fma(small, x, x);
    large = v_sub(one, v_exp(v_sub(v_zero(), large)));
    return v_if_lt(t, v_set(ERF_SPLIT), small, v_sign(large, x));
}

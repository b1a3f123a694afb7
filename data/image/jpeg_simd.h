// jpeg_simd.h - eight lanes of 16 bits: SSE2, which every x86-64 has, and NEON, which every AArch64
// has. Elsewhere JPEG_SIMD is not defined, and the plain loops do the work.
//
// Sums of I16 wrap; narrow and the stores of bytes saturate.
#pragma once
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#define JPEG_SIMD

typedef __m128i I16;                             // 8 lanes
typedef struct { __m128i lo, hi; } I32;          // 8 lanes

static inline I16 i16_load(const void *p) { return _mm_loadu_si128(p); }
static inline I16 i16_set(int x) { return _mm_set1_epi16((short)x); }
static inline I16 i16_bytes(const uint8_t *p)    // 8 bytes, widened
{
    return _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)p), _mm_setzero_si128());
}
static inline I16 i16_add(I16 a, I16 b) { return _mm_add_epi16(a, b); }
static inline I16 i16_sub(I16 a, I16 b) { return _mm_sub_epi16(a, b); }
static inline I16 i16_mul(I16 a, I16 b) { return _mm_mullo_epi16(a, b); }
static inline I16 i16_zip_low(I16 a, I16 b) { return _mm_unpacklo_epi16(a, b); }   // a0 b0 a1 b1..
static inline I16 i16_zip_high(I16 a, I16 b) { return _mm_unpackhi_epi16(a, b); }  // a4 b4 a5 b5..
static inline I16 i16_shift_right(I16 a, int by) { return _mm_srai_epi16(a, by); }

static inline I32 i32_set(int32_t x) { return (I32){ _mm_set1_epi32(x), _mm_set1_epi32(x) }; }
static inline I32 i32_add(I32 a, I32 b)
{
    return (I32){ _mm_add_epi32(a.lo, b.lo), _mm_add_epi32(a.hi, b.hi) };
}
static inline I32 i32_sub(I32 a, I32 b)
{
    return (I32){ _mm_sub_epi32(a.lo, b.lo), _mm_sub_epi32(a.hi, b.hi) };
}
static inline I32 i32_dot(I16 a, I16 b, int x, int y)      // a x + b y
{
    __m128i xy = _mm_unpacklo_epi16(_mm_set1_epi16((short)x), _mm_set1_epi16((short)y));
    return (I32){ _mm_madd_epi16(_mm_unpacklo_epi16(a, b), xy),
                  _mm_madd_epi16(_mm_unpackhi_epi16(a, b), xy) };
}
static inline I16 i32_narrow(I32 a, int by)                // a >> by
{
    return _mm_packs_epi32(_mm_srai_epi32(a.lo, by), _mm_srai_epi32(a.hi, by));
}

static inline void store_bytes(uint8_t *p, I16 a)          // 8 bytes
{
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(a, a));
}
static inline void store_pairs(uint8_t *p, I16 a, I16 b)   // 16 bytes: a0 b0 a1 b1 ..
{
    __m128i x = _mm_packus_epi16(a, b);
    _mm_storeu_si128((__m128i *)p, _mm_unpacklo_epi8(x, _mm_srli_si128(x, 8)));
}
// 24 bytes: a0 b0 c0 a1 b1 c1 ..; two more are written and mean nothing.
static inline void store_triples(uint8_t *p, I16 a, I16 b, I16 c)
{
    const __m128i first = _mm_set1_epi64x(0xFFFFFF);
    __m128i ab = _mm_packus_epi16(a, b), c0 = _mm_packus_epi16(c, _mm_setzero_si128());
    ab = _mm_unpacklo_epi8(ab, _mm_srli_si128(ab, 8));
    c0 = _mm_unpacklo_epi8(c0, _mm_srli_si128(c0, 8));
    const __m128i abc0[2] = { _mm_unpacklo_epi16(ab, c0), _mm_unpackhi_epi16(ab, c0) };
    for (int i = 0; i < 2; i++) {
        __m128i pair = _mm_or_si128(_mm_and_si128(abc0[i], first),
                                    _mm_srli_epi64(_mm_andnot_si128(first, abc0[i]), 8));
        _mm_storel_epi64((__m128i *)(p + 12 * i), pair);
        _mm_storel_epi64((__m128i *)(p + 12 * i + 6), _mm_srli_si128(pair, 8));
    }
}

#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#define JPEG_SIMD

typedef int16x8_t I16;
typedef struct { int32x4_t lo, hi; } I32;

static inline I16 i16_load(const void *p) { return vreinterpretq_s16_u8(vld1q_u8(p)); }
static inline I16 i16_set(int x) { return vdupq_n_s16((int16_t)x); }
static inline I16 i16_bytes(const uint8_t *p)
{
    return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p)));
}
static inline I16 i16_add(I16 a, I16 b) { return vaddq_s16(a, b); }
static inline I16 i16_sub(I16 a, I16 b) { return vsubq_s16(a, b); }
static inline I16 i16_mul(I16 a, I16 b) { return vmulq_s16(a, b); }
static inline I16 i16_zip_low(I16 a, I16 b) { return vzip1q_s16(a, b); }
static inline I16 i16_zip_high(I16 a, I16 b) { return vzip2q_s16(a, b); }
static inline I16 i16_shift_right(I16 a, int by)
{
    return vshlq_s16(a, vdupq_n_s16((int16_t)-by));
}

static inline I32 i32_set(int32_t x) { return (I32){ vdupq_n_s32(x), vdupq_n_s32(x) }; }
static inline I32 i32_add(I32 a, I32 b)
{
    return (I32){ vaddq_s32(a.lo, b.lo), vaddq_s32(a.hi, b.hi) };
}
static inline I32 i32_sub(I32 a, I32 b)
{
    return (I32){ vsubq_s32(a.lo, b.lo), vsubq_s32(a.hi, b.hi) };
}
static inline I32 i32_dot(I16 a, I16 b, int x, int y)
{
    int32x4_t lo = vmull_n_s16(vget_low_s16(a), (int16_t)x);
    int32x4_t hi = vmull_n_s16(vget_high_s16(a), (int16_t)x);
    return (I32){ vmlal_n_s16(lo, vget_low_s16(b), (int16_t)y),
                  vmlal_n_s16(hi, vget_high_s16(b), (int16_t)y) };
}
static inline I16 i32_narrow(I32 a, int by)
{
    int32x4_t down = vdupq_n_s32(-by);
    return vcombine_s16(vqmovn_s32(vshlq_s32(a.lo, down)), vqmovn_s32(vshlq_s32(a.hi, down)));
}

static inline void store_bytes(uint8_t *p, I16 a) { vst1_u8(p, vqmovun_s16(a)); }
static inline void store_pairs(uint8_t *p, I16 a, I16 b)
{
    vst2_u8(p, (uint8x8x2_t){ { vqmovun_s16(a), vqmovun_s16(b) } });
}
static inline void store_triples(uint8_t *p, I16 a, I16 b, I16 c)
{
    vst3_u8(p, (uint8x8x3_t){ { vqmovun_s16(a), vqmovun_s16(b), vqmovun_s16(c) } });
}
#endif

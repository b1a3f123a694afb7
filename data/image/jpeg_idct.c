// jpeg_idct.c - the inverse DCT of an 8 x 8 block (Loeffler, Ligtenberg and Moschytz 1989) in fixed
// point of 13 bits. Two passes; between them values have 16 bits, 2 of them binary places.
//
//     e0 = (c0+c4) 2^13   e1 = (c0-c4) 2^13   e2 = 4433 c2 - 10704 c6   e3 = 10703 c2 + 4433 c6
//     u = c3+c7   v = c1+c5   s3 = 9633 v - 6436 u   s4 = 9633 u + 6437 v
//     o0 = s3 - 4927 c7 - 7373 c1       o3 = s4 + 4926 c1 - 7373 c7
//     o1 = s4 - 4176 c5 - 20995 c3      o2 = s3 + 4177 c3 - 20995 c5
//     y0,y7 = e0+e3 +- o3   y1,y6 = e1+e2 +- o2   y2,y5 = e1-e2 +- o1   y3,y4 = e0-e3 +- o0
//
// Coefficients that no encoder writes wrap where sums of 16 bits do and saturate behind each pass,
// as in libjpeg-turbo's vectors, so that every input has one answer. No sum leaves 32 bits.
#include <string.h>

#include "data/image/jpeg_work.h"
#include "data/image/jpeg_simd.h"

static int16_t saturated(int32_t x)
{
    return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

void jpeg_flat(uint8_t *out, int stride, int16_t dc, uint16_t quant)
{
    int16_t x = saturated((int16_t)(dc * quant) * 4);      // what both passes make of a lone DC
    uint8_t v = jpeg_clamp(((x + 16) >> 5) + 128);
    for (int y = 0; y < 8; y++) memset(out + (int64_t)y * stride, v, 8);
}

// One line, in and out `step` apart.
static void pass_plain(int16_t *y, const int16_t *c, int step, int shift)
{
    int32_t c1 = c[step], c2 = c[2 * step], c3 = c[3 * step], c5 = c[5 * step], c6 = c[6 * step];
    int32_t c7 = c[7 * step], u = (int16_t)(c3 + c7), v = (int16_t)(c1 + c5);
    int32_t e0 = (int16_t)(c[0] + c[4 * step]) * 8192, e1 = (int16_t)(c[0] - c[4 * step]) * 8192;
    int32_t e2 = 4433 * c2 - 10704 * c6, e3 = 10703 * c2 + 4433 * c6;
    int32_t s3 = 9633 * v - 6436 * u, s4 = 9633 * u + 6437 * v;
    const int32_t even[4] = { e0 + e3, e1 + e2, e1 - e2, e0 - e3 };
    const int32_t odd[4] = { s4 + 4926 * c1 - 7373 * c7, s3 + 4177 * c3 - 20995 * c5,
                             s4 - 4176 * c5 - 20995 * c3, s3 - 4927 * c7 - 7373 * c1 };
    int32_t half = 1 << (shift - 1);
    for (int k = 0; k < 4; k++) {
        y[k * step] = saturated((even[k] + odd[k] + half) >> shift);
        y[(7 - k) * step] = saturated((even[k] - odd[k] + half) >> shift);
    }
}

void jpeg_idct_plain(uint8_t *out, int stride, const int16_t coef[64], const uint16_t quant[64])
{
    int16_t a[64], b[64];
    for (int k = 0; k < 64; k++) a[k] = (int16_t)(coef[k] * quant[k]);
    for (int x = 0; x < 8; x++) pass_plain(b + x, a + x, 8, 11);
    for (int y = 0; y < 8; y++) pass_plain(a + 8 * y, b + 8 * y, 1, 18);
    for (int k = 0; k < 64; k++) out[(int64_t)(k / 8) * stride + k % 8] = jpeg_clamp(a[k] + 128);
}

#ifdef JPEG_SIMD

// Eight lines at once: y[k] and c[k] hold the k-th value of each.
static inline void pass(I16 y[8], const I16 c[8], int shift)
{
    I16 u = i16_add(c[3], c[7]), v = i16_add(c[1], c[5]), zero = i16_set(0);
    I32 half = i32_set(1 << (shift - 1));
    I32 e0 = i32_add(i32_dot(i16_add(c[0], c[4]), zero, 8192, 0), half);
    I32 e1 = i32_add(i32_dot(i16_sub(c[0], c[4]), zero, 8192, 0), half);
    I32 e2 = i32_dot(c[2], c[6], 4433, -10704), e3 = i32_dot(c[2], c[6], 10703, 4433);
    I32 s3 = i32_dot(u, v, -6436, 9633), s4 = i32_dot(u, v, 9633, 6437);
    const I32 even[4] = { i32_add(e0, e3), i32_add(e1, e2), i32_sub(e1, e2), i32_sub(e0, e3) };
    const I32 odd[4] = { i32_add(s4, i32_dot(c[1], c[7], 4926, -7373)),
                         i32_add(s3, i32_dot(c[3], c[5], 4177, -20995)),
                         i32_add(s4, i32_dot(c[3], c[5], -20995, -4176)),
                         i32_add(s3, i32_dot(c[1], c[7], -7373, -4927)) };
    for (int k = 0; k < 4; k++) {
        y[k] = i32_narrow(i32_add(even[k], odd[k]), shift);
        y[7 - k] = i32_narrow(i32_sub(even[k], odd[k]), shift);
    }
}

static inline void interleave_lines(I16 y[8], const I16 x[8])
{
    for (int i = 0; i < 4; i++) {
        y[2 * i] = i16_zip_low(x[i], x[i + 4]);
        y[2 * i + 1] = i16_zip_high(x[i], x[i + 4]);
    }
}

static inline void transpose(I16 y[8], const I16 x[8])
{
    I16 t[8];
    interleave_lines(y, x);
    interleave_lines(t, y);
    interleave_lines(y, t);
}

void jpeg_idct(uint8_t *out, int stride, const int16_t coef[64], const uint16_t quant[64])
{
    I16 a[8], b[8];
    for (int k = 0; k < 8; k++) a[k] = i16_mul(i16_load(coef + 8 * k), i16_load(quant + 8 * k));
    pass(b, a, 11);
    transpose(a, b);
    pass(b, a, 18);
    transpose(a, b);
    for (int k = 0; k < 8; k++)
        store_bytes(out + (int64_t)k * stride, i16_add(a[k], i16_set(128)));
}

#else

void jpeg_idct(uint8_t *out, int stride, const int16_t coef[64], const uint16_t quant[64])
{
    jpeg_idct_plain(out, stride, coef, quant);
}

#endif

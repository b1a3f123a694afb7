// fmath.c - elementary functions from basic operations. The float ones follow v_exp and v_erf of
// simd.h step by step, with its constants; test_fmath compares the two bit by bit.
#include "tensor/base/fmath.h"

#include <math.h>

#include "tensor/base/simd.h"

float fm_exp(float x)
{
    x = EXP_MAX < x ? EXP_MAX : x;
    x = x < EXP_MIN ? EXP_MIN : x;
    float t = fma1(x, EXP_LOG2E, EXP_ROUND), n = EXP_ROUND - t;
    float r = fma1(n, EXP_LN2[1], fma1(n, EXP_LN2[0], x));
    float p = EXP_POLY[4];
    for (int i = 3; i >= 0; i--) p = fma1(p, r, EXP_POLY[i]);
    p = fma1(r * r, p, r) + 1;
    uint32_t power = float_bits(t) - 0x4B400000, half = (uint32_t)((int32_t)power >> 1);
    p *= bits_float((half + 127) << 23);       // twice: 2^128 is no float, nor is 2^-150
    return p * bits_float((power - half + 127) << 23);
}

float fm_log(float x)
{
    if (x > 0 && x <= FLT_MAX) return (float)fm_log64((double)x);
    return x == 0 ? -INFINITY : x > 0 ? x : NAN;
}

float fm_erf(float x)
{
    float t = fabsf(x), z = x * x, small = ERF_SMALL[6], large = ERF_LARGE[7];
    t = 4 < t ? 4 : t;
    for (int i = 5; i >= 0; i--) small = fma1(small, z, ERF_SMALL[i]);
    for (int i = 6; i >= 0; i--) large = fma1(large, t, ERF_LARGE[i]);
    if (t < ERF_SPLIT) return fma1(small, x, x);
    return copysignf(1 - fm_exp(-large), x);
}

// ---- double: multiplications and additions only, which round alike everywhere -------------------
// Coefficients, lowest first: test/golden/fmath.py.

static double poly(double x, const double *c, int n)
{
    double p = c[n - 1];
    for (int i = n - 2; i >= 0; i--) p = p * x + c[i];
    return p;
}

// ln 2 in two pieces: the first has 32 bits, so that n times it is exact for every exponent n.
static const double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 0x1.a39ef35793c76p-33;

double fm_exp64(double x)
{
    static const double c[10] = {              // (exp(r) - 1 - r) / r^2
        0x1.000000000000ap-1, 0x1.55555555554fap-3, 0x1.555555555087dp-5, 0x1.1111111127be6p-7,
        0x1.6c16c1842a09fp-10, 0x1.a01a012a57064p-13, 0x1.a0199a0c78972p-16,
        0x1.71df255430ed3p-19, 0x1.28ad72bf7e407p-22, 0x1.ad7f6b5dc2ef6p-26,
    };
    if (x != x) return x;
    x = x > 710 ? 710 : x < -746 ? -746 : x;
    double n = x * 0x1.71547652b82fep+0 + 0x1.8p52 - 0x1.8p52;           // round(x / ln 2)
    double high = x - n * LN2_HIGH, low = n * LN2_LOW, r = high - low;
    low = (high - r) - low;                    // what r lacks
    double p = 1 + (r + (r * r * poly(r, c, 10) + low));
    int64_t power = (int64_t)n, half = power / 2;
    p *= bits_double((uint64_t)(half + 1023) << 52);
    return p * bits_double((uint64_t)(power - half + 1023) << 52);
}

// x = 2^n (1 + f), 1 + f in [sqrt(1/2), sqrt(2)).  With s = f / (2 + f), log(1 + f) = 2 s + s
// R(s^2); written as f - (f^2/2 - s (f^2/2 + R)) only small terms are rounded.
double fm_log64(double x)
{
    static const double c[7] = {               // (log(1 + f) / s - 2) / s^2
        0x1.5555555555593p-1, 0x1.999999997fca0p-2, 0x1.2492494201c55p-2, 0x1.c71c51faef9bbp-3,
        0x1.7466420c17dccp-3, 0x1.39a16547e6c7bp-3, 0x1.2f08eb59bfb7fp-3,
    };
    int64_t n = 0;
    if (x < DBL_MIN) { x *= 0x1p54; n = -54; }
    uint64_t u = double_bits(x), root_half = 0x3FE6A09E667F3BCD;
    int64_t e = (int64_t)(u - root_half) >> 52;
    double f = bits_double(u - ((uint64_t)e << 52)) - 1, s = f / (2 + f), z = s * s;
    double half = 0.5 * f * f, tail = s * (half + z * poly(z, c, 7)), k = (double)(n + e);
    return k * LN2_HIGH - ((half - (tail + k * LN2_LOW)) - f);
}

// r + low is in [-pi/4, pi/4]; low is below the last place of r.
static double cos_near(double r, double low)
{
    static const double c[6] = {               // (cos(r) - 1 + r^2/2) / r^4
        0x1.555555555554cp-5, -0x1.6c16c16c1517ep-10, 0x1.a01a019cb1bddp-16,
        -0x1.27e4f809f0b82p-22, 0x1.1ee9ebe93e759p-29, -0x1.8fae9c8034ed0p-37,
    };
    double z = r * r, half = 0.5 * z, w = 1 - half;
    return w + (((1 - w) - half) + (z * z * poly(z, c, 6) - r * low));
}

static double sin_near(double r, double low)
{
    static const double c[6] = {               // (sin(r) / r - 1) / r^2
        -0x1.5555555555549p-3, 0x1.111111110f87ap-7, -0x1.a01a019c11992p-13,
        0x1.71de3577b673fp-19, -0x1.ae5e663a73a9dp-26, 0x1.5d9300f45e3e5p-33,
    };
    double z = r * r;
    return r + (r * z * poly(z, c, 6) + low * (1 - 0.5 * z));
}

// x = n pi/2 + r. pi/2 in pieces of 33 bits: n times a piece is exact while n < 2^20.
double fm_cos64(double x)
{
    double n = x * 0x1.45f306dc9c883p-1 + 0x1.8p52 - 0x1.8p52;           // round(x / (pi/2))
    double t = x - n * 0x1.921fb544p+0;                                  // exact: they are close
    double w = n * 0x1.0b4611a6p-34, high = t - w;
    double low = ((t - high) - w) - n * 0x1.3198a2e037073p-69;
    double r = high + low;
    low = (high - r) + low;
    switch ((int)n & 3) {
    case 0: return cos_near(r, low);
    case 1: return -sin_near(r, low);
    case 2: return -cos_near(r, low);
    default: return sin_near(r, low);
    }
}

double fm_pow_int(double x, int64_t n)
{
    double y = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1) y *= x;
    return y;
}

bool fm_finite(const float *z, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        if (!isfinite(z[k])) return false;
    return true;
}

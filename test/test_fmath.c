// test_fmath.c - errors of fmath.h, and that the sixteen-lane versions give the same bits.
// Floats are few enough to walk through in steps; SEED moves where the steps start.
#include "tensor/base/fmath.h"
#include "tensor/base/rng.h"
#include "tensor/base/simd.h"
#include "test/test.h"

enum { STRIDE = 9973 };          // of the 2^32 floats: 430 000 are looked at

// The distance of y from the exact value, in units of y's last place.
static double ulps(float y, double exact)
{
    if (isnan(y) && isnan(exact)) return 0;
    if ((double)y == exact) return 0;
    if (isinf(y)) return exact > (double)FLT_MAX ? (exact - 0x1p128) / -0x1p104 : INFINITY;
    double place = fmax(ldexp(1, ilogb(fabs(exact)) - 23), 0x1p-149);
    return fabs((double)y - exact) / place;
}

static double worst_float(float (*f)(float), double (*exact)(double))
{
    double worst = 0;
    for (uint64_t u = test_seed % STRIDE; u >> 32 == 0; u += STRIDE) {
        float x = bits_float((uint32_t)u);
        double e = ulps(f(x), exact((double)x));
        if (!(e <= worst)) worst = e;
        if (!CHECK(e <= 2, "at %a: %a, not %a", (double)x, (double)f(x), exact((double)x))) break;
    }
    return worst;
}

static void floats(void)
{
    double e = worst_float(fm_exp, exp), l = worst_float(fm_log, log), f = worst_float(fm_erf, erf);
    CHECK(e < 1 && l < 1 && f < 2, "a promise of fmath.h is broken");
    test_note("exp %.3f log %.3f erf %.3f ulp", e, l, f);
}

static void special(void)
{
    CHECK(fm_exp(0) == 1 && fm_exp(-INFINITY) == 0 && fm_exp(INFINITY) == INFINITY, "exp");
    CHECK(fm_exp(89) == INFINITY && fm_exp(-104) == 0 && fm_exp(-103) > 0, "exp at its ends");
    CHECK(isnan(fm_exp(NAN)) && isnan(fm_log(NAN)) && isnan(fm_erf(NAN)), "NaN");
    CHECK(fm_log(1) == 0 && fm_log(0) == -INFINITY && isnan(fm_log(-1)), "log");
    CHECK(fm_log(INFINITY) == INFINITY, "log of infinity");
    CHECK(fm_erf(0) == 0 && fm_erf(9) == 1 && fm_erf(-9) == -1 && signbit(fm_erf(-0.0f)), "erf");
    CHECK(fm_exp64(0) == 1 && fm_exp64(800) == INFINITY && fm_exp64(-800) == 0, "exp64");
    CHECK(isnan(fm_exp64(NAN)) && fm_log64(1) == 0 && fm_cos64(0) == 1, "double");
    CHECK(fm_pow_int(0.5, 10) == 0x1p-10 && fm_pow_int(3, 0) == 1, "pow");
}

static double ulps64(double y, long double exact)
{
    long double place = ldexpl(1, ilogbl(fabsl(exact)) - 52);
    return (double)(fabsl((long double)y - exact) / place);
}

// Where long double is no longer than double the limits below still hold, with its error in them.
static void doubles(void)
{
    Rng r = rng_at(test_seed, 0, 0, RNG_TEST);
    double e = 0, l = 0, c = 0;
    for (int i = 0; i < 200000; i++) {
        double x = 1400 * rng_unit(&r) - 700, u = fm_exp64(x * (i % 3 ? 1 : 0.001));
        e = fmax(e, ulps64(u, expl((long double)(x * (i % 3 ? 1 : 0.001)))));
        l = fmax(l, u != 1 ? ulps64(fm_log64(u), logl((long double)u)) : 0);
        double v = 1000 * (2 * rng_unit(&r) - 1) * (i % 2 ? 1 : 0.01);
        c = fmax(c, ulps64(fm_cos64(v), cosl((long double)v)));
    }
    for (int n = 1; n < 600; n += 2) {                  // the hardest: doubles next to the zeros
        double v = n * 1.5707963267948966;
        c = fmax(c, ulps64(fm_cos64(v), cosl((long double)v)));
    }
    CHECK(e < 2 && l < 2 && c < 2, "a promise of fmath.h is broken");
    test_note("exp %.3f log %.3f cos %.3f ulp", e, l, c);
}

static bool same(float a, float b)
{
    return float_bits(a) == float_bits(b) || (isnan(a) && isnan(b));
}

static void lanes(void)
{
    for (uint64_t u = test_seed % STRIDE; u + LANES * STRIDE < 1ull << 32; u += LANES * STRIDE) {
        float x[LANES], e[LANES], f[LANES];
        for (int i = 0; i < LANES; i++) x[i] = bits_float((uint32_t)(u + (uint64_t)i * STRIDE));
        v_store(e, v_exp(v_load(x)));
        v_store(f, v_erf(v_load(x)));
        for (int i = 0; i < LANES; i++)
            if (!CHECK(same(e[i], fm_exp(x[i])) && same(f[i], fm_erf(x[i])), "%a", (double)x[i]))
                return;
    }
}

// fma1 against the C library's fmaf, on numbers that cancel, round halfway and underflow.
static void fused(void)
{
    // The product lies midway between two floats; c decides, though the sum in double does not see
    // it.
    const float a1 = 1 + 0x1p-12f, below = 1 + 0x1p-11f, above = below + 0x1p-23f;
    CHECK(fma1(a1, a1, 0x1p-80f) == above && fma1(a1, a1, -0x1p-80f) == below, "a tie");
    Rng r = rng_at(test_seed, 1, 0, RNG_TEST);
    for (int i = 0; i < 500000; i++) {
        float a = bits_float(rng_u32(&r)), b = bits_float(rng_u32(&r)), c = bits_float(rng_u32(&r));
        if (i % 4 == 1) c = -a * b;
        if (i % 4 == 2) c = a * b * 0x1p-24f * (float)(rng_below(&r, 5) + 1);
        if (i % 4 == 3) a = bits_float(rng_u32(&r) & 0xBFFFF000u), b = 0x1p-60f * (1 + 0x1p-12f);
        if (!CHECK(same(fma1(a, b, c), fmaf(a, b, c)), "%a * %a + %a = %a", (double)a, (double)b,
                   (double)c, (double)fma1(a, b, c)))
            return;
    }
}

static const TestCase cases[] = {
    { "floats", floats }, { "special", special }, { "doubles", doubles },
    { "lanes", lanes }, { "fused", fused },
};

int main(void) { return test_main("fmath", cases, TEST_COUNT(cases)); }

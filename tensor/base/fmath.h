// fmath.h - exp, log, erf and cos whose bits do not depend on the C library.
//
// libm differs between C libraries and processors, and compilers fold calls on constants with
// another rounding than at run time. These are polynomials of fused multiply-adds (f32) or of plain
// double operations, so the same argument gives the same bits everywhere (tensor/README.md).
// The kernels of tensor/cpu/ compute the f32 ones on 16 lanes at a time, to the same bits.
//
// Errors, measured by test_fmath over all (f32) or many (double) arguments, in units of the last
// place: fm_exp 1, fm_log 1, fm_erf 2 (f32); fm_log64, fm_cos64, fm_exp64 2.
#pragma once
#include <stdbool.h>
#include <stdint.h>

float fm_exp(float x);      // 0 below -103.98, infinity above 88.73; NaN for NaN
float fm_log(float x);      // -infinity at 0, NaN below
float fm_erf(float x);
double fm_exp64(double x);
double fm_log64(double x);  // x > 0
double fm_cos64(double x);  // |x| up to about 1000
double fm_pow_int(double x, int64_t n);  // n >= 0, by squaring

bool fm_finite(const float *x, int64_t n);             // neither NaN nor infinite, all of them

// fmath.c - elementary functions.
#include "tensor/fmath.h"

#include <math.h>

float fm_exp(float x) { return expf(x); }
float fm_log(float x) { return logf(x); }
float fm_erf(float x) { return erff(x); }
double fm_exp64(double x) { return exp(x); }
double fm_log64(double x) { return log(x); }
double fm_cos64(double x) { return cos(x); }

double fm_pow_int(double x, int64_t n)
{
    double y = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1) y *= x;
    return y;
}

// interval.c - intervals of shares and of their means.
#include "proreg/page/interval.h"

#include <math.h>

static const double Z = 1.959963984540054;             // normal quantile of 0.975

Interval interval_share(int64_t correct, int64_t n)
{
    if (n <= 0) return (Interval){ 0, 1 };
    double N = (double)n, p = (double)correct / N, zz = Z * Z / N;
    double middle = (p + zz / 2) / (1 + zz);
    double half = Z * sqrt(p * (1 - p) / N + zz / (4 * N)) / (1 + zz);
    Interval i = { middle - half, middle + half };
    if (correct <= 0) i.low = 0;                       // exactly, whatever was rounded
    if (correct >= n) i.high = 1;
    return i;
}

Interval interval_mean(const Cell *cell, int n)
{
    double mean = 0, below = 0, above = 0;
    int of = 0;
    for (int k = 0; k < n; k++) {
        if (cell[k].n <= 0) continue;
        double p = (double)cell[k].correct / (double)cell[k].n;
        Interval i = interval_share(cell[k].correct, cell[k].n);
        mean += p;
        below += (p - i.low) * (p - i.low);
        above += (i.high - p) * (i.high - p);
        of++;
    }
    if (of == 0) return (Interval){ 0, 1 };
    return (Interval){ (mean - sqrt(below)) / of, (mean + sqrt(above)) / of };
}

#!/usr/bin/env python3
"""The polynomials of tensor/base/fmath.h: minimax fits by Remez exchange (needs mpmath).

Prints each polynomial's coefficients, lowest power first, as hexadecimal C constants, and the
largest error of the exact polynomial. For floats a coefficient is rounded and the rest fitted
again, so that rounding one is made up for by the others; for doubles rounding does not matter.
"""
from mpmath import mp, mpf, matrix, lu_solve, cos, exp, log, erf, erfc, sqrt, pi, sin
import struct

mp.dps = 60


def to_float(x):
    return mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def remez(f, weight, lo, hi, powers):
    """c minimising max |weight(x) (sum c_i x^powers_i - f(x))| on [lo, hi]; and that maximum."""
    n = len(powers)
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * i / n) for i in range(n + 1)]
    for _ in range(12):
        a = matrix(n + 1, n + 1)
        b = matrix(n + 1, 1)
        for i, x in enumerate(xs):
            for j, p in enumerate(powers):
                a[i, j] = x ** p
            a[i, n] = (-1) ** i / weight(x)
            b[i] = f(x)
        c = lu_solve(a, b)
        err = lambda x: weight(x) * (sum(c[j] * x ** p for j, p in enumerate(powers)) - f(x))
        grid = [lo + (hi - lo) * i / 1500 for i in range(1501)]
        es = [err(x) for x in grid]
        peaks = []                              # the largest error of each run of one sign
        for x, e in zip(grid, es):
            if peaks and (e > 0) == (peaks[-1][1] > 0):
                if abs(e) > abs(peaks[-1][1]):
                    peaks[-1] = (x, e)
            else:
                peaks.append((x, e))
        while len(peaks) > n + 1:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        if len(peaks) < n + 1:
            break
        xs = [x for x, _ in peaks]
    return [c[j] for j in range(n)], max(abs(e) for e in es)


def fit(name, f, weight, lo, hi, powers, bits):
    lo, hi, fixed, left = mpf(lo), mpf(hi), {}, list(powers)
    if bits == 53:
        c, worst = remez(f, weight, lo, hi, left)
        fixed, left = dict(zip(left, c)), []
    while left:
        rest = lambda x: f(x) - sum(v * x ** p for p, v in fixed.items())
        c, worst = remez(rest, weight, lo, hi, left)
        fixed[left.pop(0)] = to_float(c[0])
    suffix = "f" if bits == 24 else ""
    print(f"{name}  // {mp.nstr(worst, 3)}")
    for p in powers:
        print(f"    {float(fixed[p]).hex()}{suffix},")


half_ln2 = log(2) / 2 * mpf("1.0001")
e2 = lambda r: (exp(r) - 1 - r) / r ** 2 if abs(r) > mpf("1e-20") else mpf(1) / 2
fit("exp", e2, lambda r: r * r / exp(r) + mpf("1e-30"), -half_ln2, half_ln2, range(5), 24)
fit("exp64", e2, lambda r: r * r / exp(r) + mpf("1e-30"), -half_ln2, half_ln2, range(10), 53)

# erf(x) = x + x P(x^2) up to 0.921875, then 1 - exp(-Q(x)) up to 4.
split = mpf("0.921875")
erf_z = lambda z: erf(sqrt(z)) / sqrt(z) - 1 if z > 0 else 2 / sqrt(pi) - 1
fit("erf small", erf_z, lambda z: sqrt(z) / erf(sqrt(z)) if z > 0 else mpf(1), 0, split ** 2,
    range(7), 24)
fit("erf large", lambda t: -log(erfc(t)), lambda t: erfc(t) / erf(t), split, 4, range(8), 24)

# log(1+f) = 2 s + s R(s^2) with s = f / (2 + f), |s| <= 0.1716.
def log_r(z):
    if z == 0:
        return mpf(2) / 3
    s = sqrt(z)
    return (log((1 + s) / (1 - s)) / s - 2) / z
fit("log64", log_r, lambda z: z + mpf("1e-30"), 0, mpf("0.02945"), range(7), 53)

quarter = (pi / 4 * mpf("1.0001")) ** 2
def cos_r(z):
    r = sqrt(z)
    return (cos(r) - 1 + z / 2) / z ** 2 if z > mpf("1e-12") else mpf(1) / 24 - z / 720
def sin_r(z):
    r = sqrt(z)
    return (sin(r) / r - 1) / z if z > mpf("1e-12") else -mpf(1) / 6 + z / 120
fit("cos64", cos_r, lambda z: z ** 2 + mpf("1e-30"), 0, quarter, range(6), 53)
fit("sin64", sin_r, lambda z: z + mpf("1e-30"), 0, quarter, range(6), 53)

def pieces(name, x, bits):
    """x as a sum of doubles, all but the last with `bits` bits: small multiples are exact."""
    from mpmath import floor, frexp, ldexp
    out = []
    for _ in bits:
        m, e = frexp(x)
        b = bits[len(out)]
        v = ldexp(floor(m * 2 ** b), int(e) - b)
        out.append(float(v).hex())
        x = x - v
    print(name, out)

pieces("ln2 (float)", log(2), [15, 24])
pieces("ln2 (double)", log(2), [32, 53])
pieces("pi/2", pi / 2, [33, 33, 53])
print("1/ln2", float(1 / log(2)).hex(), "2/pi", float(2 / pi).hex())

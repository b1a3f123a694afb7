// strict.h - refuses a compiler that may change arithmetic. Included by err.h and bits.h, and so by
// every file that computes.
//
// Results have the same bits on every machine (tensor/README.md), and NaN is looked for, because
// each operation is the one that is written. -ffast-math, -Ofast and their parts let a compiler put
// sums in another order, divide by multiplying, and take NaN and Inf to be impossible. What no
// macro tells (clang's parts of -ffast-math) the Makefile refuses by name.
#pragma once

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error "-ffast-math, -Ofast and -ffinite-math-only change results: build without them"
#endif
#if defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "-funsafe-math-optimizations and its parts change results: build without them"
#endif

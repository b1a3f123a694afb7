// cpu.h - what cpu.c defines for each instruction set that it is built for (the Makefile's ISAS).
#pragma once
#include "tensor/backend.h"

extern const Backend backend_cpu_scalar, backend_cpu_avx2, backend_cpu_avx512, backend_cpu_neon;

// Fused multiply-adds as fast as they go, to measure the peak. Returns the floating-point
// operations.
double cpu_fmas_scalar(int64_t rounds);
double cpu_fmas_avx2(int64_t rounds);
double cpu_fmas_avx512(int64_t rounds);
double cpu_fmas_neon(int64_t rounds);

// cpu.h - what cpu.c gives for each instruction set it is compiled for (the Makefile's ISAS).
#pragma once
#include "tensor/backend.h"

extern const Backend backend_cpu_scalar, backend_cpu_avx2, backend_cpu_avx512, backend_cpu_neon;

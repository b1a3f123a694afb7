// cpu.c - the cpu device: the table of one instruction set. Until its kernels are here: the reference.
#include "tensor/cpu/cpu.h"

#define TABLE_(isa) backend_cpu_##isa
#define TABLE(isa) TABLE_(isa)

const Backend TABLE(ISA) = {
    "cpu", 1,
#define KERNEL(name, result, args) ref_##name,
#include "tensor/kernels.inc"
#undef KERNEL
};

// peak.h - how fast this machine could be: what the benchmarks compare with.
#pragma once

// GFLOP/s of independent fused multiply-adds in registers, with the best instruction set and this
// number of threads, which stays set. The best of some short runs, about 50 ms in all. 0 in a build
// in double.
double cpu_peak_gflops(int threads);

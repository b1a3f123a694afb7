// peak.h - how fast this machine could be: what the benchmarks compare with.
#pragma once

// GFLOP/s of independent fused multiply-adds in registers, on the best instruction set and this
// many threads, which stay set. The best of some short runs: about 50 ms. 0 in a build in double.
double cpu_peak_gflops(int threads);

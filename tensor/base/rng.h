// rng.h - random numbers as a function of what they are for.
//
// There is no generator state to save or to share: a stream is named by (seed, epoch, index,
// purpose) and its n-th number is always the same. So pictures do not depend on the order of the
// loader's threads, and a resumed run needs no state.
//
//     Rng r = rng_at(seed, epoch, sample, RNG_AUGMENT);
//     double u = rng_unit(&r);
//
// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
#pragma once
#include <stdint.h>

typedef enum { RNG_SHUFFLE, RNG_AUGMENT, RNG_CROP, RNG_INIT, RNG_WORLD, RNG_TEST } RngPurpose;

typedef struct {
    uint64_t seed;
    uint32_t counter[4];                       // block, purpose, index, epoch
    uint32_t block[4];                         // numbers of the current block
    int left;                                  // how many of them are unused
} Rng;

Rng rng_at(uint64_t seed, uint32_t epoch, uint32_t index, RngPurpose purpose);
uint32_t rng_u32(Rng *r);
uint32_t rng_below(Rng *r, uint32_t n);        // uniform in 0..n-1, without bias; n > 0
double rng_unit(Rng *r);                       // uniform in [0, 1), 53 bits
double rng_normal(Rng *r);                     // mean 0, standard deviation 1 (Box and Muller 1958)
void rng_shuffle(Rng *r, int32_t *a, int64_t n);  // Fisher and Yates, from the end

void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

// rng.c - Philox4x32-10 and what is drawn from it.
#include "tensor/base/rng.h"

#include <math.h>
#include <string.h>

#include "tensor/base/fmath.h"

void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;                     // Weyl sequence: golden ratio, sqrt(3) - 1
        k1 += 0xBB67AE85u;
    }
    out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}

Rng rng_at(uint64_t seed, uint32_t epoch, uint32_t index, RngPurpose purpose)
{
    return (Rng){ .seed = seed, .counter = { 0, (uint32_t)purpose, index, epoch } };
}

uint32_t rng_u32(Rng *r)
{
    if (r->left == 0) {
        const uint32_t key[2] = { (uint32_t)r->seed, (uint32_t)(r->seed >> 32) };
        rng_philox(r->block, r->counter, key);
        r->counter[0]++;
        r->left = 4;
    }
    return r->block[4 - r->left--];
}

uint32_t rng_below(Rng *r, uint32_t n)
{
    uint32_t first = (uint32_t)-n % n;         // 2^32 mod n: below it the draw would favour some
    uint64_t product;
    do product = (uint64_t)rng_u32(r) * n;
    while ((uint32_t)product < first);
    return (uint32_t)(product >> 32);
}

double rng_unit(Rng *r)
{
    uint64_t high = rng_u32(r) >> 5, low = rng_u32(r) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double rng_normal(Rng *r)
{
    double u = 1 - rng_unit(r), v = rng_unit(r);   // u in (0, 1]: its logarithm is finite
    return sqrt(-2 * fm_log64(u)) * fm_cos64(6.283185307179586 * v);
}

void rng_shuffle(Rng *r, int32_t *a, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = rng_below(r, (uint32_t)(i + 1));
        int32_t t = a[i];
        a[i] = a[j];
        a[j] = t;
    }
}

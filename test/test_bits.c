// test_bits.c - one hash for each case of each kernel. Every build prints the same: gcc and clang,
// -O0 to -O3, AVX-512, AVX2, plain C, and ARM. A new number here means that all results of the
// program have changed: say so in the commit. `BITS=print TEST=scalar` shows the table of bits.inc
// anew.
#include "tensor/base/fmath.h"
#include "tensor/base/par.h"
#include "test/cases.h"

static const uint64_t known[] = {
#include "test/golden/bits.inc"
};

static uint64_t hash_of(const Backend *be, const KernelCase *k, unsigned null)
{
    Call c = call_make(be, k, null, 0, 1);
    uint64_t hash = call_hash(&c);
    call_free(&c);
    return hash;
}

static void print_hash(const KernelCase *k, uint64_t hash)
{
    printf("0x%016llx,  // %s", (unsigned long long)hash, k->kernel);
    for (int i = 0; i < 5 && k->d[i]; i++) printf("%c%d", i ? 'x' : ' ', (int)k->d[i]);
    printf("%s\n", k->act == ACT_QUICK_GELU ? " quick_gelu" : k->act == ACT_GELU ? " gelu" : "");
}

static void kernels_on(const char *isa)
{
    const Backend *be;
    if (backend_open(&be, "cpu", isa) != OK) {
        test_skip("does not run here");
        return;
    }
    bool print = getenv("BITS") != NULL;
    test_seed = 1;                             // whatever SEED says: the hashes are of these inputs
    int small = 0;
    while (small < KERNEL_CASES && kernel_cases[small].use == SMALL) small++;
    CHECK(TEST_COUNT(known) == small, "%d hashes for %d cases", TEST_COUNT(known), small);
    for (int i = 0; i < small; i++) {
        uint64_t hash = hash_of(be, &kernel_cases[i], 0);
        if (print) print_hash(&kernel_cases[i], hash);
        else if (i < TEST_COUNT(known))
            CHECK(hash == known[i], "%s (case %d): 0x%016llx", kernel_cases[i].kernel, i,
                  (unsigned long long)hash);
    }
}

static void avx512(void) { kernels_on("avx512"); }
static void avx2(void) { kernels_on("avx2"); }
static void neon(void) { kernels_on("neon"); }
static void scalar(void) { kernels_on("scalar"); }

// The functions that no kernel calls, over arguments made by integer arithmetic.
static void fmath(void)
{
    uint64_t h = 0xCBF29CE484222325;
    for (int i = 1; i < 4000; i++) {
        double x = i * 0.171875, y[4] = { fm_exp64(x - 350), fm_log64(x), fm_cos64(x), 0 };
        y[3] = (double)fm_exp((float)x - 90) + (double)fm_erf((float)i * 0.001f)
               + (double)fm_log((float)x);
        for (int j = 0; j < 4; j++) {
            uint64_t u;
            memcpy(&u, &y[j], sizeof u);
            h = (h ^ u) * 0x100000001B3;
        }
    }
    CHECK(h == 0x14E47F35FF1D62C1, "0x%016llx", (unsigned long long)h);
}

static const TestCase cases[] = {
    { "fmath", fmath }, { "avx512", avx512 }, { "avx2", avx2 }, { "neon", neon },
    { "scalar", scalar },
};

int main(void) { return test_main("bits", cases, TEST_COUNT(cases)); }

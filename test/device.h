// device.h - the device that a test runs on (DEVICE=name), whose memory may be out of the host's
// reach.
#pragma once
#include "tensor/backend.h"
#include "test/test.h"

// DEVICE=name, else the standard one; "cpu" is "ref" in the build in double. One that does not open
// ends the program.
static inline const Backend *device_open(const char *standard)
{
    const Backend *be;
    if (sizeof(real) != sizeof(float) && strcmp(standard, "cpu") == 0) standard = "ref";
    if (backend_open(&be, test_device(standard), NULL) == OK) return be;
    printf("FAIL device: %s\n", err_msg());
    exit(1);
}

// One element; the device has done what it was told to before.
static inline double device_number(const Backend *be, const real *at)
{
    real x = 0;
    be->download(&x, at, sizeof x);
    return (double)x;
}

// Do n elements hold the same bits?
static inline bool device_same(const Backend *be, const real *a, const real *b, int64_t n)
{
    size_t bytes = (size_t)n * sizeof *a;
    real *x = malloc(2 * bytes), *y = x + n;
    if (!x) abort();
    be->download(x, a, bytes);
    be->download(y, b, bytes);
    bool same = memcmp(x, y, bytes) == 0;
    free(x);
    return same;
}

// test.h - all the test framework there is.
//
// A test file is a program: a table of cases and a main that hands it to test_main. Each case
// prints one line, `ok name`, `FAIL name` or `skip name: why`; the program fails if a case did.
//
//     static void sums(void) { CHECK(1 + 1 == 2, "1 + 1 is %d", 1 + 1); }
//     static const TestCase cases[] = { { "sums", sums } };
//     int main(void) { return test_main("arith", cases, TEST_COUNT(cases)); }
//
// TEST=word runs only the cases whose name holds the word; SEED=n sets test_seed; DEVICE=name
// is the device of tests that open one.
#pragma once
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tensor/base/err.h"

typedef struct { const char *name; void (*run)(void); } TestCase;
#define TEST_COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static int test_failures;                      // in the current case
static char test_skipped[256], test_figure[256];
static uint64_t test_seed = 1;

// CHECK(condition, format, ...): the format tells what was seen where the condition fails. Its
// arguments are looked at after the condition, and only then.
#define CHECK(condition, ...)                                                                  \
    test_value((condition) || test_check(false, __FILE__, __LINE__, __VA_ARGS__))
#define CHECK_OK(expr) test_check_ok((expr), __FILE__, __LINE__)
#define CHECK_STATUS(expr, status, word) test_check_status((expr), status, word, __FILE__, __LINE__)
#define CHECK_CLOSE(a, b, limit) test_check_close((a), (b), (limit), __FILE__, __LINE__)

// What tests look for under a name; the program asks path_kind, where a failure is an error.
static inline bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static inline bool folder_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static inline bool test_value(bool ok) { return ok; }      // may be left unused

static inline bool test_check(bool ok, const char *file, int line, const char *format, ...)
    ERR_PRINTF(4, 5);
static inline bool test_check(bool ok, const char *file, int line, const char *format, ...)
{
    if (ok) return true;
    va_list args;
    va_start(args, format);
    if (test_failures++ < 10) {
        printf("  %s:%d: ", file, line);
        vprintf(format, args);
        putchar('\n');
    }
    va_end(args);
    return false;
}

static inline bool test_check_ok(Status status, const char *file, int line)
{
    return test_check(status == OK, file, line, "status %d: %s", status, err_msg());
}

// The status must be this one, and the message must hold this word.
static inline bool test_check_status(Status got, Status want, const char *word, const char *file,
                                     int line)
{
    return test_check(got == want && strstr(err_msg(), word), file, line,
                      "status %d instead of %d, or no \"%s\" in: %s", got, want, word, err_msg());
}

static inline bool test_check_close(double a, double b, double limit, const char *file, int line)
{
    return test_check(fabs(a - b) <= limit, file, line, "%.17g is not %.17g within %g", a, b,
                      limit);
}

// Ends up behind the case's name, whether it failed or not: the error that was reached, a count.
// The greater of two errors, of which NaN is the greatest: fmax would lose it.
static inline double test_worse(double a, double b)
{
    return isnan(a) || b <= a ? a : b;
}

static inline void test_note(const char *format, ...) ERR_PRINTF(1, 2);
static inline void test_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(test_figure, sizeof test_figure, format, args);
    va_end(args);
}

// The device to test on: DEVICE=name, else the standard one of the test.
static inline const char *test_device(const char *standard)
{
    const char *name = getenv("DEVICE");
    return name && *name ? name : standard;
}

// The case cannot be run here; the caller returns.
static inline void test_skip(const char *why)
{
    snprintf(test_skipped, sizeof test_skipped, "%s", why);
}

static inline int test_main(const char *program, const TestCase *cases, int n)
{
    const char *only = getenv("TEST"), *seed = getenv("SEED"), *device = test_device("");
    const char *on = *device ? " on " : "";
    int failed = 0;
    if (seed) test_seed = strtoull(seed, NULL, 10);
    for (int i = 0; i < n; i++) {
        if (only && !strstr(cases[i].name, only)) continue;
        test_failures = 0;
        test_skipped[0] = test_figure[0] = 0;
        cases[i].run();
        if (!test_failures && test_skipped[0])
            printf("skip %s.%s: %s\n", program, cases[i].name, test_skipped);
        else
            printf("%s %s.%s%s%s %s\n", test_failures ? "FAIL" : "ok  ", program, cases[i].name, on,
                   device, test_figure);
        fflush(stdout);
        failed += test_failures > 0;
    }
    return failed ? 1 : 0;
}

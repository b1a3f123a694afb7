// debug.h - what a debug build (`make debug`) checks and a release build relies on.
//
//     REQUIRE(x->ndim > 0);         // a bug of ours if it fails; never what a file or a user says
//
// In a debug build all memory of an arena is NaN before it is written, and again once it has been
// given back, as are gradients that are no longer needed. So a number that nobody wrote, or that is
// read too late, shows at once. test_debug holds debug builds to it.
#pragma once

#ifdef DEBUG
#include <assert.h>
#define REQUIRE(condition) assert(condition)
enum { DEBUG_FILL = 0xFF };          // of every byte: NaN as float and as double
#else
#define REQUIRE(condition) ((void)0)
#endif

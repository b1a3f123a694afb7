// debug.h - what `make debug` looks at and a release build takes for granted.
//
//     REQUIRE(x->ndim > 0);         // an invariant of ours: never what a file or a user says
//
// In a debug build fresh memory of an arena is filled with NaN, and what is given back is filled
// again, so that a number that nobody wrote, or that is read too late, spoils the result at once.
#pragma once

#ifdef DEBUG
#include <assert.h>
#define REQUIRE(condition) assert(condition)
enum { DEBUG_FILL = 0xFF };          // of every byte: NaN as float and as double
#else
#define REQUIRE(condition) ((void)0)
#endif

// par.h - one loop over many threads, with the same result for any number of them.
//
// par_for cuts 0..n-1 into pieces of `grain` and calls fn(arg, from, to) for each. Which thread
// takes which piece is left to chance; where the pieces lie is not: it depends on n and grain
// alone. So a function that writes only what belongs to its piece, or keeps one partial result a
// piece, gives the same bits for 1 thread and for 64.
#pragma once
#include <stdint.h>

#include "tensor/base/err.h"

typedef void ParFn(void *arg, int64_t from, int64_t to);

// Calls fn over all pieces and returns when all are done. From inside a piece, or while another
// thread's loop runs, the pieces run one after another in the calling thread.
void par_for(int64_t n, int64_t grain, ParFn *fn, void *arg);

// Threads that share the work, the caller included. Not while a loop runs. 1..256.
Status par_set_threads(int threads);
int par_threads(void);
// For tests, which prove nothing about threads with a loop of one piece: the fewest pieces that any
// loop of this thread had since the last call; INT64_MAX: there was none.
int64_t par_fewest_pieces(void);
int par_cores(void);         // what this process may use: affinity and cgroup limits honoured

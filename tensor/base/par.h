// par.h - a parallel loop whose result does not depend on the number of threads.
//
// par_for cuts 0..n-1 into pieces of `grain` and calls fn(arg, from, to) for each. Which thread
// takes which piece is undetermined, but the pieces depend on n and grain alone. So a function that
// writes only its own piece, or keeps one partial result per piece, gives the same bits with 1
// thread and with 64.
#pragma once
#include <pthread.h>
#include <stdint.h>

#include "tensor/base/err.h"

enum { PAR_THREADS = 256 };                      // at most

typedef void ParFn(void *arg, int64_t from, int64_t to);

// Calls fn over all pieces and returns when all are done. From inside a piece, or while another
// thread's loop runs, the pieces run one after another in the calling thread.
void par_for(int64_t n, int64_t grain, ParFn *fn, void *arg);

// Number of threads, the caller included: 1..PAR_THREADS. Not to be called while a loop runs.
Status par_set_threads(int threads);
int par_threads(void);
// For tests, where a loop of one piece would prove nothing about threads: the smallest number of
// pieces of any loop that this thread has run since the last call; INT64_MAX: no loop.
int64_t par_fewest_pieces(void);
int par_cores(void);         // cores this process may use: affinity and cgroup limits honoured

// The stack that any thread of the program has, a build with sanitizers included. The largest frame
// is 64 KiB (run_page's, by gcc -O2 -fstack-usage).
#define PAR_STACK ((size_t)1 << 20)
// pthread_create with such a stack: the system's default is what `ulimit -s` says, however little,
// or 128 KiB. Returns whether there is a thread.
bool thread_start(pthread_t *thread, void *(*fn)(void *), void *arg);
// For main: raises the limit of this process's stack to PAR_STACK where it is lower. ERR_MACHINE
// where the caller of the process forbids that.
Status stack_ensure(void);

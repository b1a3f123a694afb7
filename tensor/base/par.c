// par.c - a pool of threads that take pieces of one loop.
//
// The state is one 64-bit ticket: the number of the loop in the upper half, the number of pieces
// left in the lower. A thread claims the last piece by a compare-and-swap of the ticket it has seen
// to one less; if another loop has started meanwhile the swap fails. So no thread can take a piece
// of a loop that is over, and the caller need not wait for threads that slept: it waits until every
// piece is done.
#include "tensor/base/par.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tensor/base/cgroup.h"

enum { SPINS = 4000 };                           // about 50 us of waiting before a thread sleeps

static struct {
    pthread_mutex_t busy, lock;                // busy: a loop runs.  lock: for sleeping
    pthread_cond_t wake;
    _Atomic uint64_t ticket;
    _Atomic int64_t done;
    _Atomic int sleepers;
    _Atomic bool quit;
    int64_t n, grain, pieces;
    ParFn *fn;
    void *arg;
    pthread_t thread[PAR_THREADS];
    int threads;                               // the caller included; 0: not started yet
} pool = { .busy = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER,
           .wake = PTHREAD_COND_INITIALIZER };

static _Thread_local bool inside;              // a piece is running in this thread

static void pause_cpu(int spin)
{
#if defined(__x86_64__)
    __asm__ __volatile__("pause");
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
    if (spin % 64 == 63) sched_yield();
}

static void run_one_piece(int64_t i)
{
    int64_t from = i * pool.grain, to = from + pool.grain;
    pool.fn(pool.arg, from, to < pool.n ? to : pool.n);
    atomic_fetch_add(&pool.done, 1);
}

// Takes pieces while there are any. The loop's fields are read only between a claim and the end of
// that piece, while the loop cannot be over.
static bool take_pieces(void)
{
    bool any = false;
    uint64_t seen = atomic_load(&pool.ticket);
    while ((uint32_t)seen > 0) {
        if (!atomic_compare_exchange_weak(&pool.ticket, &seen, seen - 1)) continue;
        run_one_piece((int64_t)(uint32_t)seen - 1);
        any = true;
        seen = atomic_load(&pool.ticket);
    }
    return any;
}

static void sleep_until_work(void)
{
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.sleepers, 1);
    while ((uint32_t)atomic_load(&pool.ticket) == 0 && !atomic_load(&pool.quit))
        pthread_cond_wait(&pool.wake, &pool.lock);
    atomic_fetch_sub(&pool.sleepers, 1);
    pthread_mutex_unlock(&pool.lock);
}

static void *thread_main(void *unused)
{
    (void)unused;
    inside = true;
    for (int idle = 0; !atomic_load(&pool.quit); idle++) {
        if (take_pieces()) idle = 0;
        if (idle < SPINS) pause_cpu(idle);
        else sleep_until_work();
    }
    return NULL;
}

static void wake_all(void)
{
    if (atomic_load(&pool.sleepers) == 0) return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
}

static void stop_threads(void)
{
    atomic_store(&pool.quit, true);
    wake_all();
    for (int i = 1; i < pool.threads; i++) pthread_join(pool.thread[i], NULL);
    atomic_store(&pool.quit, false);
    pool.threads = 1;
}

bool thread_start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) return false;
    bool started = pthread_attr_setstacksize(&attr, PAR_STACK) == 0 &&
                   pthread_create(thread, &attr, fn, arg) == 0;
    pthread_attr_destroy(&attr);
    return started;
}

Status stack_ensure(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= PAR_STACK)
        return OK;
    rlim_t had = limit.rlim_cur;
    limit.rlim_cur = PAR_STACK;
    if (limit.rlim_max < PAR_STACK) limit.rlim_max = PAR_STACK;
    if (setrlimit(RLIMIT_STACK, &limit) == 0) return OK;
    return err_set(ERR_MACHINE, "stack: %llu KiB (ulimit -s): %llu KiB are needed",
                   (unsigned long long)had / 1024, (unsigned long long)PAR_STACK / 1024);
}

static Status start_threads(int threads)
{
    for (pool.threads = 1; pool.threads < threads; pool.threads++)
        if (!thread_start(&pool.thread[pool.threads], thread_main, NULL))
            return err_set(ERR_MEMORY, "threads: only %d of %d could be started", pool.threads,
                           threads);
    return OK;
}

Status par_set_threads(int threads)
{
    if (threads < 1 || threads > PAR_THREADS)
        return err_set(ERR_USAGE, "threads: %d is not in 1..%d", threads, PAR_THREADS);
    pthread_mutex_lock(&pool.busy);
    stop_threads();
    Status status = start_threads(threads);
    pthread_mutex_unlock(&pool.busy);
    return status;
}

int par_threads(void)
{
    return pool.threads > 0 ? pool.threads : 1;
}

static void run_alone(int64_t n, int64_t grain, ParFn *fn, void *arg)
{
    for (int64_t from = 0; from < n; from += grain)
        fn(arg, from, from + grain < n ? from + grain : n);
}

static void run_shared(int64_t pieces)
{
    uint64_t loop = (atomic_load(&pool.ticket) >> 32) + 1;
    atomic_store(&pool.done, 0);
    atomic_store(&pool.ticket, loop << 32 | (uint64_t)pieces);
    wake_all();
    inside = true;
    take_pieces();
    for (int spin = 0; atomic_load(&pool.done) < pieces; spin++) pause_cpu(spin);
    inside = false;
}

static _Thread_local int64_t fewest = INT64_MAX;

int64_t par_fewest_pieces(void)
{
    int64_t n = fewest;
    fewest = INT64_MAX;
    return n;
}

void par_for(int64_t n, int64_t grain, ParFn *fn, void *arg)
{
    if (grain < 1) grain = 1;
    int64_t pieces = n / grain + (n % grain != 0);
    if (pieces < fewest) fewest = pieces;
    if (pieces <= 1 || pieces > INT32_MAX || par_threads() == 1 || inside
        || pthread_mutex_trylock(&pool.busy) != 0) {
        run_alone(n, grain, fn, arg);
        return;
    }
    pool.n = n; pool.grain = grain; pool.fn = fn; pool.arg = arg;
    run_shared(pieces);
    pthread_mutex_unlock(&pool.busy);
}

// ---- cores --------------------------------------------------------------------------------------

static int affinity_cores(void)
{
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

int par_cores(void)
{
    int cores = affinity_cores();
    double limit = cgroup_cpus("");
    if (limit > 0 && limit < cores) cores = limit < 1 ? 1 : (int)limit;
    return cores < PAR_THREADS ? cores : PAR_THREADS;
}

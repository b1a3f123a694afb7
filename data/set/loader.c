// loader.c - a ring of decoded pictures between worker threads and the caller.
//
// The pictures of all epochs form one sequence, numbered from 0: number / N is the epoch, number %
// N the place in its permutation. Workers claim numbers in order and leave an 8-bit crop in slot
// number % slots; loader_next takes numbers in order, and makes floats of what it hands out. A
// worker waits while its slot still holds a picture that was not taken.
//
//        taken        claimed
//     ...  |  ready . ready ready .  |  free ...        one lock: a picture takes milliseconds
#include "data/set/loader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/par.h"
#include "tensor/base/rng.h"

enum { WORKERS_MOST = 256, BATCH_MOST = 1 << 20 };

typedef struct {
    uint8_t *crop;             // (S,S,3)
    int32_t index;
    bool ready;
    Status status;             // of reading it
    char *message;             // malloc; NULL: it was read, or there was no memory to say more
} Slot;

struct Loader {
    LoaderOptions o;
    int64_t n, slots;
    Slot *slot;                // (slots)
    uint8_t *crops;            // of all slots
    int32_t *order;            // (n) the permutation of order_epoch
    int64_t order_epoch;

    pthread_mutex_t lock;      // guards what follows and the slots' ready
    pthread_cond_t space, ready;
    int64_t claimed, taken, end;   // numbers in the sequence
    bool quit;
    pthread_t thread[WORKERS_MOST];
    int threads;

    int64_t step_end;          // of the step being handed out: the number behind it
    int step_n, step_given;    // pictures of the step that are good; handed out so far
    float *pixels;             // (micro,3,S,S) and what goes with them
    int32_t *label, *domain, *index;
    const Slot **batch;        // (micro)
    LoaderBad *bad;            // (bads)
    int64_t bads;
    uint8_t *left_out;         // (n) which are in that list: o.left_out or own
    uint8_t *own;
    int64_t began, good;       // the first number; good pictures of the epoch, as far as seen
};

// ---- one picture --------------------------------------------------------------------------------

static Status draw_operations(const LoaderOptions *o, Image *image, int64_t epoch, int32_t index)
{
    AugmentChain chain;
    Rng rng = rng_at(o->seed, (uint32_t)epoch, (uint32_t)index, RNG_AUGMENT);
    augment_draw(&chain, &rng, o->augment.n, o->augment.m);
    return augment_apply(image, &chain);
}

Status loader_shape(const LoaderOptions *o, Image *image, int64_t epoch, int32_t index,
                    uint8_t *crop)
{
    if (o->augment.randaug) TRY(draw_operations(o, image, epoch, index));
    Rng rng = rng_at(o->seed, (uint32_t)epoch, (uint32_t)index, RNG_CROP);
    const Transform *t = &o->transform;
    if (o->augment.crop > 0) {
        Rect from = augment_crop(&rng, image->width, image->height, o->augment.crop);
        TRY(transform_squeeze(t, crop, image, from));
    } else {
        TRY(transform_crop(t, crop, image));
    }
    if (o->augment.flip && rng_u32(&rng) >> 31) transform_flip(t, crop);
    return OK;
}

Status loader_picture(const LoaderOptions *o, int64_t epoch, int32_t index, uint8_t *crop)
{
    char path[FILE_PATH];
    Image image;
    TRY(dataset_path(path, o->root, o->set->sample[index].path));
    TRY(image_load(&image, path, o->max_pixels ? o->max_pixels : IMAGE_MAX_PIXELS));
    Status status = loader_shape(o, &image, epoch, index, crop);
    image_free(&image);
    return status == OK ? OK : err_prefix(status, "%s", path);
}

// ---- workers ------------------------------------------------------------------------------------

static void permute(Loader *l, int64_t epoch)
{
    Rng rng = rng_at(l->o.seed, (uint32_t)epoch, 0, RNG_SHUFFLE);
    for (int64_t i = 0; i < l->n; i++) l->order[i] = (int32_t)i;
    if (l->o.training) rng_shuffle(&rng, l->order, l->n);
    l->order_epoch = epoch;
}

// Under the lock: the next number becomes this worker's. Numbers are claimed in order, so one
// permutation at a time is enough.
static int64_t claim_number(Loader *l)
{
    int64_t number = l->claimed++, epoch = number / l->n;
    if (epoch != l->order_epoch) permute(l, epoch);
    l->slot[number % l->slots].index = l->order[number % l->n];
    return number;
}

static void fill_slot(Loader *l, int64_t number)
{
    Slot *s = &l->slot[number % l->slots];
    free(s->message);
    s->status = loader_picture(&l->o, number / l->n, s->index, s->crop);
    s->message = s->status == OK ? NULL : strdup(err_msg());
    if (s->status != OK && !s->message) s->status = ERR_MEMORY;
}

static Status slot_error(const Slot *s)
{
    return s->message ? err_set(s->status, "%s", s->message) : err_memory("loader");
}

static void *read_ahead(void *arg)
{
    Loader *l = arg;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->quit && l->claimed < l->end && l->claimed >= l->taken + l->slots)
            pthread_cond_wait(&l->space, &l->lock);
        if (l->quit || l->claimed >= l->end) break;
        int64_t number = claim_number(l);
        pthread_mutex_unlock(&l->lock);
        fill_slot(l, number);
        pthread_mutex_lock(&l->lock);
        l->slot[number % l->slots].ready = true;
        pthread_cond_signal(&l->ready);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

// Waits until the picture is there; without workers, makes it.
static Slot *wait_for(Loader *l, int64_t number)
{
    Slot *s = &l->slot[number % l->slots];
    pthread_mutex_lock(&l->lock);
    while (l->threads == 0 && l->claimed <= number) {
        int64_t mine = claim_number(l);
        fill_slot(l, mine);
        l->slot[mine % l->slots].ready = true;
    }
    while (!s->ready) pthread_cond_wait(&l->ready, &l->lock);
    pthread_mutex_unlock(&l->lock);
    return s;
}

// Slots before this number may be filled anew.
static void take_until(Loader *l, int64_t number)
{
    pthread_mutex_lock(&l->lock);
    for (; l->taken < number; l->taken++) l->slot[l->taken % l->slots].ready = false;
    pthread_cond_broadcast(&l->space);
    pthread_mutex_unlock(&l->lock);
}

// ---- steps and micro-batches --------------------------------------------------------------------

static int64_t step_size(const Loader *l, int64_t number)
{
    int64_t left = l->n - number % l->n;
    return left < l->o.batch ? left : l->o.batch;
}

static Status keep_bad(Loader *l, const Slot *s)
{
    if (err_of_machine(s->status)) return slot_error(s);
    if (l->left_out[s->index]) return OK;
    LoaderBad *bad = realloc(l->bad, (size_t)(l->bads + 1) * sizeof *bad);
    if (!bad) return err_memory("loader");
    l->bad = bad;
    char *message = strdup(s->message);
    if (!message) return err_memory("loader");
    l->bad[l->bads++] = (LoaderBad){ s->index, message };
    l->left_out[s->index] = 1;
    return OK;
}

// Can any picture of the set be read? Tries each, with the slot's crop as scratch memory.
static bool any_readable(Loader *l, int64_t epoch, Slot *bad)
{
    for (int32_t i = 0; i < l->n; i++)
        if (loader_picture(&l->o, epoch, i, bad->crop) == OK) return true;
    return false;
}

// The epoch ends and no picture of it could be read: an error. If it was resumed, an earlier run
// may have read some: only then all are tried again.
static Status end_empty(Loader *l)
{
    int64_t last = l->step_end - 1, epoch = last / l->n;
    Slot *s = &l->slot[last % l->slots];
    if (l->began > epoch * l->n && any_readable(l, epoch, s)) return OK;
    return err_set(ERR_FORMAT, "none of the %lld pictures can be read, the last: %s",
                   (long long)l->n, s->message);
}

// Where bad pictures are left out, a whole step is decoded before its first micro-batch is handed
// out: only then is its size known.
static Status begin_step(Loader *l, int64_t number)
{
    int64_t size = step_size(l, number);
    l->step_end = number + size;
    l->step_n = (int)size;
    l->step_given = 0;
    if (number % l->n == 0) l->good = 0;
    for (int64_t i = number; l->o.skip_bad && i < l->step_end; i++) {
        const Slot *s = wait_for(l, i);
        if (s->status == OK) continue;
        TRY(keep_bad(l, s));
        l->step_n--;
    }
    l->good += l->step_n;
    return l->good == 0 && l->step_end % l->n == 0 ? end_empty(l) : OK;
}

// Collects up to `micro` good pictures from `number` on; *next is the number behind the last.
static Status collect(Loader *l, int64_t number, int64_t *next, int *n)
{
    int want = l->step_n - l->step_given < l->o.micro ? l->step_n - l->step_given : l->o.micro;
    *n = 0;
    for (; *n < want; number++) {
        const Slot *s = wait_for(l, number);
        if (s->status == OK) l->batch[(*n)++] = s;
        else if (!l->o.skip_bad) return slot_error(s);
    }
    *next = l->step_given + want == l->step_n ? l->step_end : number;
    return OK;
}

static void normalise(void *arg, int64_t from, int64_t to)
{
    Loader *l = arg;
    const Transform *t = &l->o.transform;
    for (int64_t i = from; i < to; i++)
        transform_normalise(t, l->pixels + i * 3 * t->size * t->size, l->batch[i]->crop);
}

static void hand_out(Loader *l, Batch *b, int64_t number, int64_t next, int n)
{
    par_for(n, 4, normalise, l);
    for (int i = 0; i < n; i++) {
        const Sample *s = &l->o.set->sample[l->batch[i]->index];
        l->label[i] = s->label;
        l->domain[i] = s->domain;
        l->index[i] = l->batch[i]->index;
    }
    *b = (Batch){
        .pixels = l->pixels, .label = l->label, .domain = l->domain, .index = l->index, .n = n,
        .step_n = l->step_n, .epoch = number / l->n, .step = number % l->n / l->o.batch,
        .last = next == l->step_end, .epoch_end = next % l->n == 0,
    };
    l->step_given += n;
}

Status loader_next(Loader *l, Batch *batch)
{
    *batch = (Batch){ 0 };
    while (l->taken < l->end) {
        int64_t number = l->taken, next = number;
        int n;
        if (number >= l->step_end) TRY(begin_step(l, number));
        TRY(collect(l, number, &next, &n));
        bool out = n > 0 || l->o.training;
        if (out) hand_out(l, batch, number, next, n);
        take_until(l, next);
        if (out) return OK;
    }
    return OK;
}

// ---- opening and closing ------------------------------------------------------------------------

static Status check_loader_options(const LoaderOptions *o)
{
    if (o->batch < 1 || o->batch > BATCH_MOST || o->micro < 0)
        return err_set(ERR_USAGE, "loader: batch %d, micro-batch %d: not of 1..%d", o->batch,
                       o->micro, BATCH_MOST);
    if (o->workers < 0 || o->workers > WORKERS_MOST)
        return err_set(ERR_USAGE, "loader: %d workers: not of 0..%d", o->workers, WORKERS_MOST);
    bool epochs_good = o->epochs >= 0 && o->epochs <= INT32_MAX;
    if (!epochs_good || o->epoch < 0 || o->epoch > o->epochs || o->step < 0)
        return err_set(ERR_USAGE, "loader: %lld epochs from epoch %lld, step %lld",
                       (long long)o->epochs, (long long)o->epoch, (long long)o->step);
    if (o->set->n < 1 || o->set->n > INT32_MAX)
        return err_set(ERR_SHAPE, "loader: %lld pictures", (long long)o->set->n);
    TRY(transform_check(&o->transform));
    return augment_check(&o->augment);
}

int64_t loader_steps(const LoaderOptions *o)
{
    return (o->set->n + o->batch - 1) / o->batch;
}

// Room for a micro-batch, or a whole step where its size must be known, and two pictures per worker
// to read ahead.
static int64_t slots_for(const LoaderOptions *o)
{
    return (o->skip_bad ? o->batch : o->micro) + 2 * (int64_t)o->workers;
}

static Status allocate(Loader *l)
{
    const int64_t size = l->o.transform.size, bytes = 3 * size * size, micro = l->o.micro;
    int64_t crops, floats;
    TRY(size_mul(&crops, bytes, l->slots));
    TRY(size_mul(&floats, 4 * bytes, micro));
    l->slot = calloc((size_t)l->slots, sizeof *l->slot);
    l->crops = malloc((size_t)crops);
    l->order = malloc((size_t)l->n * sizeof *l->order);
    l->pixels = malloc((size_t)floats);
    l->label = malloc((size_t)micro * sizeof *l->label);
    l->domain = malloc((size_t)micro * sizeof *l->domain);
    l->index = malloc((size_t)micro * sizeof *l->index);
    l->batch = malloc((size_t)micro * sizeof *l->batch);
    if (!l->slot || !l->crops || !l->order || !l->pixels || !l->label || !l->domain || !l->index ||
        !l->batch)
        return err_memory("loader");
    l->own = l->o.left_out ? NULL : calloc((size_t)l->n, 1);
    l->left_out = l->own ? l->own : l->o.left_out;
    if (!l->left_out) return err_memory("loader");
    for (int64_t i = 0; i < l->slots; i++) l->slot[i].crop = l->crops + i * bytes;
    return OK;
}

static Status start_workers(Loader *l)
{
    for (; l->threads < l->o.workers; l->threads++)
        if (!thread_start(&l->thread[l->threads], read_ahead, l))
            return err_set(ERR_MEMORY, "loader: thread %d of %d was refused", l->threads + 1,
                           l->o.workers);
    return OK;
}

static Loader *make_loader(const LoaderOptions *o)
{
    Loader *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->o = *o;
    if (o->micro == 0 || o->micro > o->batch) l->o.micro = o->batch;
    l->n = o->set->n;
    l->slots = slots_for(&l->o);
    l->order_epoch = -1;
    l->claimed = l->taken = l->step_end = o->epoch * l->n + o->step * o->batch;
    l->began = l->claimed;
    l->end = (o->epochs ? o->epochs : 1) * l->n;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->space, NULL);
    pthread_cond_init(&l->ready, NULL);
    return l;
}

Status loader_open(Loader **loader, const LoaderOptions *options)
{
    *loader = NULL;
    TRY(check_loader_options(options));
    if (options->step >= loader_steps(options))
        return err_set(ERR_USAGE, "loader: step %lld of %lld", (long long)options->step,
                       (long long)loader_steps(options));
    Loader *l = make_loader(options);
    if (!l) return err_memory("loader");
    Status status = allocate(l);
    if (status == OK) status = start_workers(l);
    if (status == OK) *loader = l;
    else loader_close(l);
    return status;
}

void loader_close(Loader *l)
{
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->quit = true;
    pthread_cond_broadcast(&l->space);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->threads; i++) pthread_join(l->thread[i], NULL);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->space);
    pthread_cond_destroy(&l->ready);
    for (int64_t i = 0; i < l->bads; i++) free((char *)(uintptr_t)l->bad[i].message);
    for (int64_t i = 0; l->slot && i < l->slots; i++) free(l->slot[i].message);
    free(l->bad);
    free(l->own);
    free(l->slot);
    free(l->crops);
    free(l->order);
    free(l->pixels);
    free(l->label);
    free(l->domain);
    free(l->index);
    free(l->batch);
    free(l);
}

int64_t loader_bad(const Loader *l, const LoaderBad **bad)
{
    if (bad) *bad = l->bad;
    return l->bads;
}

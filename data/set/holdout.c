// holdout.c - takes pictures out of the training set, to validate on.
//
// Pictures of equal content go together, so that nothing that is validated on is trained on under
// another name. Of each class and domain a share of the contents is drawn; a content that several
// of them have counts for the one that its first picture is in.
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset_work.h"
#include "tensor/base/file.h"
#include "tensor/base/rng.h"
#include "tensor/base/sha256.h"

typedef struct {
    int64_t size;                          // of the file; < 0: there is no regular one
    char hash[65];                         // where another has this size and it can be read
    int32_t picture, first;                // places in the set; of the first of equal content
    int64_t stratum;                       // class and domain
    double drawn;                          // of [0, 1)
} Content;

// ---- contents -----------------------------------------------------------------------------------

static int by_file_content(const void *a, const void *b)
{
    const Content *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    int d = strcmp(x->hash, y->hash);
    return d ? d : (x->picture > y->picture) - (x->picture < y->picture);
}

// A file that cannot be read is like no other; who decodes it will say what is wrong.
static Status hash_content(Content *c, const Dataset *d)
{
    char path[FILE_PATH];
    FileMap map;
    TRY(dataset_path(path, d->root, d->train.sample[c->picture].path));
    Status status = file_read(&map, path);
    if (err_of_machine(status)) return status;
    if (status != OK) return OK;           // its size stays: others are still compared by it
    Sha256 h = sha256_begin();
    sha256_add(&h, map.data, map.size);
    sha256_end(&h, c->hash);
    file_unmap(&map);
    return OK;
}

static Status find_contents(Content *c, int64_t n, const Dataset *d)
{
    char path[FILE_PATH];
    for (int64_t i = 0; i < n; i++) {
        PathKind kind;
        const Sample *s = &d->train.sample[i];
        c[i] = (Content){ .picture = (int32_t)i, .first = (int32_t)i,
                          .stratum = (int64_t)s->label * d->domain_count + s->domain };
        TRY(dataset_path(path, d->root, s->path));
        Status status = path_size(&kind, &c[i].size, path);
        if (err_of_machine(status)) return status;
        if (kind != PATH_FILE) c[i].size = -1;
    }
    qsort(c, (size_t)n, sizeof *c, by_file_content);
    for (int64_t i = 0; i < n; i++) {
        bool shared = (i > 0 && c[i - 1].size == c[i].size) ||
                      (i + 1 < n && c[i + 1].size == c[i].size);
        if (shared && c[i].size >= 0) TRY(hash_content(&c[i], d));
    }
    return OK;
}

// Only files of one size can be equal, and those have been hashed.
static void mark_copies(Content *c, int64_t n)
{
    qsort(c, (size_t)n, sizeof *c, by_file_content);
    for (int64_t i = 1; i < n; i++)
        if (c[i].hash[0] && !strcmp(c[i].hash, c[i - 1].hash))
            c[i].first = c[i - 1].first;
}

// ---- the draw -----------------------------------------------------------------------------------

// The first picture of each content by stratum, in the order that was drawn; copies behind them.
static int by_draw(const void *a, const void *b)
{
    const Content *x = a, *y = b;
    bool copy = x->first != x->picture, other = y->first != y->picture;
    if (copy != other) return copy ? 1 : -1;
    if (x->stratum != y->stratum) return x->stratum < y->stratum ? -1 : 1;
    if (x->drawn != y->drawn) return x->drawn < y->drawn ? -1 : 1;
    return (x->picture > y->picture) - (x->picture < y->picture);
}

// How many of n contents: rounded, but at least one of two, and never all.
static int64_t share_of(int64_t n, double fraction)
{
    int64_t k = (int64_t)((double)n * fraction + .5);
    if (k < 1) k = 1;
    return k < n ? k : n - 1;
}

static void draw_held(uint8_t *held, Content *c, int64_t n, const DatasetOptions *o)
{
    int64_t firsts = 0;
    for (int64_t i = 0; i < n; i++) {
        Rng r = rng_at(o->seed, 0, (uint32_t)c[i].picture, RNG_HOLD_OUT);
        c[i].drawn = rng_unit(&r);
        firsts += c[i].first == c[i].picture;
    }
    qsort(c, (size_t)n, sizeof *c, by_draw);
    for (int64_t i = 0, of; i < firsts; i += of) {
        for (of = 1; i + of < firsts && c[i + of].stratum == c[i].stratum;) of++;
        for (int64_t k = 0; k < share_of(of, o->val_fraction); k++) held[c[i + k].picture] = 1;
    }
    for (int64_t i = firsts; i < n; i++) held[c[i].picture] = held[c[i].first];
}

// ---- the move -----------------------------------------------------------------------------------

// Both keep their order; what is held out stands behind what is evaluated besides.
static Status move_held(Work *w, const uint8_t *held)
{
    SampleSet *train = &w->d->train, *eval = &w->d->eval;
    int64_t n = train->n;
    Sample *sample = arena_take(w->arena, (size_t)(eval->n + n + 1) * sizeof *sample);
    if (!sample) return err_memory("dataset");
    if (eval->n) memcpy(sample, eval->sample, (size_t)eval->n * sizeof *sample);
    eval->sample = sample;
    train->n = 0;
    for (int64_t i = 0; i < n; i++) {
        if (held[i]) sample[eval->n++] = train->sample[i];
        else train->sample[train->n++] = train->sample[i];
    }
    return OK;
}

static Status hold_out_drawn(Work *w, Content *c, uint8_t *held)
{
    const int64_t n = w->d->train.n, before = w->d->eval.n;
    TRY(find_contents(c, n, w->d));
    mark_copies(c, n);
    draw_held(held, c, n, w->o);
    TRY(move_held(w, held));
    if (w->d->eval.n > before) return OK;
    return err_set(ERR_IO, "dataset: --val-fraction %g: no class has two different pictures to "
                   "train on", w->o->val_fraction);
}

Status hold_out(Work *w)
{
    const size_t n = (size_t)w->d->train.n;
    Content *c = malloc((n + 1) * sizeof *c);
    uint8_t *held = calloc(n + 1, 1);
    Status status = c && held ? hold_out_drawn(w, c, held) : err_memory("dataset");
    free(c);
    free(held);
    return status;
}

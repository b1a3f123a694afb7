// holdout.c - takes pictures out of the training set, to validate on.
//
// Pictures of equal content (copies.h) go together, so that nothing that is validated on is trained
// on under another name. Of each class and domain a share of the contents is drawn; a content that
// several of them have counts for the one that its first picture is in.
//
// The number that a content draws is a hash of the seed and of its fingerprint: of nothing else, so
// it keeps this number whatever is added, removed or renamed beside it. The contents with the
// smallest numbers are held out. One more content in a class and domain thus moves at most one
// other: the one whose place it takes, or the one that the larger share adds.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/copies.h"
#include "data/set/dataset_work.h"
#include "tensor/base/sha256.h"

typedef struct {
    int32_t picture, first;                // places in the set; of the first of equal content
    int64_t stratum;                       // class and domain
    char drawn[PRINT_TEXT];                // compared as text
} Content;

// ---- the draw -----------------------------------------------------------------------------------

// A file that cannot be read draws by its name; who decodes it will say what is wrong.
static void draw_content(Content *c, const char *print, const char *path, uint64_t seed)
{
    char hex[65], text[32];
    Sha256 h = sha256_begin();
    int n = snprintf(text, sizeof text, "%llu:", (unsigned long long)seed);
    sha256_add(&h, text, (size_t)n);
    if (!*print) print = path;
    sha256_add(&h, print, strlen(print));
    sha256_end(&h, hex);
    snprintf(c->drawn, sizeof c->drawn, "%.32s", hex);
}

static int64_t make_contents(Content *c, const Work *w)
{
    const Dataset *d = w->d;
    int64_t firsts = 0;
    for (int64_t i = 0; i < d->train.n; i++) {
        const Sample *s = &d->train.sample[i];
        c[i] = (Content){ .picture = (int32_t)i, .first = s->content,
                          .stratum = (int64_t)s->label * d->domain_count + s->domain };
        firsts += c[i].first == c[i].picture;
        draw_content(&c[i], w->file[s->content].print, s->path, w->o->seed);
    }
    return firsts;
}

// The first picture of each content by stratum, in the order that was drawn; copies behind them.
static int by_draw(const void *a, const void *b)
{
    const Content *x = a, *y = b;
    bool copy = x->first != x->picture, other = y->first != y->picture;
    if (copy != other) return copy ? 1 : -1;
    if (x->stratum != y->stratum) return x->stratum < y->stratum ? -1 : 1;
    int d = strcmp(x->drawn, y->drawn);
    return d ? d : (x->picture > y->picture) - (x->picture < y->picture);
}

// How many of n contents: rounded, but at least one of two, and never all.
static int64_t share_of(int64_t n, double fraction)
{
    int64_t k = (int64_t)((double)n * fraction + .5);
    if (k < 1) k = 1;
    return k < n ? k : n - 1;
}

static void draw_held(uint8_t *held, Content *c, const Work *w)
{
    const int64_t n = w->d->train.n, firsts = make_contents(c, w);
    qsort(c, (size_t)n, sizeof *c, by_draw);
    for (int64_t i = 0, of; i < firsts; i += of) {
        for (of = 1; i + of < firsts && c[i + of].stratum == c[i].stratum;) of++;
        for (int64_t k = 0; k < share_of(of, w->o->val_fraction); k++) held[c[i + k].picture] = 1;
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
    const int64_t before = w->d->eval.n;
    draw_held(held, c, w);
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

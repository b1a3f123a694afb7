// tally.c - counts the answers to the demo's tests and computes the scores.
#include "proreg/page/tally.h"

#include <math.h>
#include <string.h>

#include "tensor/base/file.h"

const char *const tally_test[TESTS] = { "usual", "swapped", "new" };
const char *const tally_key[SCORES] = { "id_top1", "ood_top1", "worst_class_id", "worst_class_ood",
                                        "led_by_background" };

// ---- counting -----------------------------------------------------------------------------------

static int place_of(const char *const *names, int n, const char *name, size_t length)
{
    for (int i = 0; i < n; i++)
        if (strlen(names[i]) == length && !memcmp(names[i], name, length)) return i;
    return -1;
}

int tally_shape(const char *class_name)
{
    return place_of(world_shape, WORLD_SHAPES, class_name, strlen(class_name));
}

// ".../000017_grass.png"
int tally_context(const char *path)
{
    const char *from = strchr(path_name(path), '_');
    return from ? place_of(world_context, WORLD_CONTEXTS, from + 1, strcspn(from + 1, ".")) : -1;
}

Status tally_count(Tally *t, const Dataset *d, const float *logits)
{
    const int64_t K = d->class_count;
    *t = (Tally){ 0 };
    for (int64_t i = 0; i < d->eval.n; i++) {
        const Sample *s = &d->eval.sample[i];
        const char *domain = d->domain[s->domain];
        int test = place_of(tally_test, TESTS, domain, strlen(domain));
        int shape = tally_shape(d->classes[s->label].name), context = tally_context(s->path);
        int answer = tally_shape(d->classes[score_argmax(logits + i * K, K)].name);
        if (test < 0 || shape < 0 || context < 0)
            return err_set(ERR_FORMAT, "demo: %s: not of the drawn world", s->path);
        Cell *cell = &t->cell[test][shape][context];
        cell->n++;
        cell->correct += answer == shape;
        t->background.n += test == SWAPPED;
        t->background.correct += test == SWAPPED && answer == context;
    }
    return OK;
}

// ---- scores -------------------------------------------------------------------------------------

static Cell sum_cells(const Tally *t, int test, int shape)     // shape -1: all
{
    Cell all = { 0, 0 };
    for (int k = 0; k < WORLD_SHAPES; k++)
        for (int c = 0; c < WORLD_CONTEXTS && (shape < 0 || k == shape); c++) {
            all.n += t->cell[test][k][c].n;
            all.correct += t->cell[test][k][c].correct;
        }
    return all;
}

static double cell_share(Cell c)
{
    return c.n ? (double)c.correct / (double)c.n : 0;
}

void tally_scores(double score[SCORES], const Tally *t)
{
    score[ID] = cell_share(sum_cells(t, USUAL, -1));
    score[OOD] = (cell_share(sum_cells(t, SWAPPED, -1)) + cell_share(sum_cells(t, NEW, -1))) / 2;
    score[WORST_ID] = score[WORST_OOD] = 1;
    score[BACKGROUND] = cell_share(t->background);
    for (int k = 0; k < WORLD_SHAPES; k++) {
        Cell swapped = sum_cells(t, SWAPPED, k), other = sum_cells(t, NEW, k);
        const Cell both = { swapped.n + other.n, swapped.correct + other.correct };
        double id = cell_share(sum_cells(t, USUAL, k)), ood = cell_share(both);
        if (id < score[WORST_ID]) score[WORST_ID] = id;
        if (ood < score[WORST_OOD]) score[WORST_OOD] = ood;
    }
}

Cell tally_cell(const Tally *t, int seeds, int stride, int shape, int context)
{
    Cell all = { 0, 0 };
    for (int i = 0; i < seeds * TESTS; i++) {
        const Cell *one = &t[i / TESTS * stride].cell[i % TESTS][shape][context];
        all.n += one->n;
        all.correct += one->correct;
    }
    return all;
}

// Is a training picture's background its shape's own?
static bool usual_background(const SampleRecord *s)
{
    int shape = tally_shape(s->label);
    return shape >= 0 && tally_context(s->path) == shape;
}

void tally_weights(double share[2][TALLY_BINS], const RunFiles *r)
{
    double n[2] = { 0, 0 };
    memset(share, 0, 2 * sizeof *share);
    for (int64_t i = 0; i < r->samples; i++) {
        int which = usual_background(&r->sample[i]) ? 0 : 1;
        int b = (int)(r->sample[i].w * TALLY_BINS);
        share[which][b < 0 ? 0 : b >= TALLY_BINS ? TALLY_BINS - 1 : b]++;
        n[which]++;
    }
    for (int b = 0; b < 2 * TALLY_BINS; b++)
        if (n[b / TALLY_BINS] > 0) share[b / TALLY_BINS][b % TALLY_BINS] /= n[b / TALLY_BINS];
}

TallyRow tally_row(const Tally *t, int seeds, int stride)
{
    TallyRow row = { { 0 }, { 0 } };
    double score[SCORES];
    for (int s = 0; s < seeds; s++) {
        tally_scores(score, &t[s * stride]);
        for (int i = 0; i < SCORES; i++) row.mean[i] += score[i] / seeds;
    }
    for (int s = 0; s < seeds && seeds > 1; s++) {
        tally_scores(score, &t[s * stride]);
        for (int i = 0; i < SCORES; i++) {
            double off = score[i] - row.mean[i];
            row.deviation[i] += off * off / (seeds - 1);
        }
    }
    for (int i = 0; i < SCORES; i++) row.deviation[i] = sqrt(row.deviation[i]);
    return row;
}

// score.c - accuracy per domain and class.
#include "proreg/run/score.h"

#include <math.h>
#include <stdlib.h>

#include "tensor/base/fmath.h"

Status score_init(Score *s, const ScoreOf *of)
{
    size_t cells = (size_t)of->classes * (size_t)of->domains * (size_t)of->splits;
    *s = (Score){ *of, calloc(cells + 1, sizeof *s->n), calloc(cells + 1, sizeof *s->correct),
                  calloc(cells + 1, sizeof *s->trained) };
    if (s->n && s->correct && s->trained) return OK;
    score_free(s);
    return err_memory("evaluation");
}

void score_free(Score *s)
{
    free(s->n);
    free(s->correct);
    free(s->trained);
    *s = (Score){ .n = NULL };
}

static int64_t cell_of(const Score *s, int split, int domain, int label)
{
    return ((int64_t)split * s->of.domains + domain) * s->of.classes + label;
}

void score_add(Score *s, int32_t split, int32_t domain, int32_t label, int32_t predicted)
{
    int64_t cell = cell_of(s, split, domain, label);
    s->n[cell]++;
    s->correct[cell] += predicted == label;
}

void score_add_trained(Score *s, int32_t split, int32_t domain, int32_t label, int32_t predicted)
{
    Cell *cell = &s->trained[cell_of(s, split, domain, label)];
    score_add(s, split, domain, label, predicted);
    cell->n++;
    cell->correct += predicted == label;
}

static bool within(int i, int asked)
{
    return asked == SCORE_ALL || i == asked;
}

ScoreRow score_class(const Score *s, int split, int domain, int label)
{
    ScoreRow row = { 0 };
    for (int p = 0; p < s->of.splits; p++)
        for (int d = 0; d < s->of.domains; d++) {
            if (!within(p, split) || !within(d, domain)) continue;
            row.n += s->n[cell_of(s, p, d, label)];
            row.correct += s->correct[cell_of(s, p, d, label)];
        }
    if (row.n) row.top1 = row.mean_class = (double)row.correct / (double)row.n;
    return row;
}

ScoreRow score_row(const Score *s, int split, int domain)
{
    ScoreRow row = { 0 };
    int seen = 0;
    for (int k = 0; k < s->of.classes; k++) {
        ScoreRow one = score_class(s, split, domain, k);
        row.n += one.n;
        row.correct += one.correct;
        row.mean_class += one.top1;
        seen += one.n > 0;
    }
    if (row.n) row.top1 = (double)row.correct / (double)row.n;
    if (seen) row.mean_class /= seen;
    return row;
}

int score_domains(const Score *s, int split)
{
    int n = 0;
    for (int d = 0; d < s->of.domains; d++) n += score_row(s, split, d).n > 0;
    return n;
}

Cell score_trained_on(const Score *s, int split, int domain)
{
    Cell sum = { 0, 0 };
    for (int p = 0; p < s->of.splits; p++)
        for (int d = 0; d < s->of.domains; d++)
            for (int k = 0; k < s->of.classes; k++) {
                if (!within(p, split) || !within(d, domain)) continue;
                sum.n += s->trained[cell_of(s, p, d, k)].n;
                sum.correct += s->trained[cell_of(s, p, d, k)].correct;
            }
    return sum;
}

bool score_next(const Score *s, ScoreLine *at)
{
    for (;;) {
        if (at->domain == SCORE_ALL) at->split++;
        at->domain++;
        if (at->split >= s->of.splits) return false;
        if (at->domain == s->of.domains) {
            at->domain = SCORE_ALL;
            if (score_domains(s, at->split) > 1) return true;
        } else if (score_row(s, at->split, at->domain).n > 0) {
            return true;
        }
    }
}

const char *score_domain_name(const Score *s, int domain)
{
    return domain == SCORE_ALL ? "all" : s->of.domain_name[domain];
}

int score_argmax(const float *z, int64_t n)
{
    int best = 0;
    for (int64_t k = 1; k < n; k++)
        if (z[k] > z[best]) best = (int)k;
    return best;
}

double score_softmax_sum(const float *z, int64_t n, double *greatest)
{
    double sum = 0;
    *greatest = z[score_argmax(z, n)];
    for (int64_t k = 0; k < n; k++) sum += fm_exp64(z[k] - *greatest);
    return sum;
}

double score_softmax(const float *z, int64_t n, int64_t i)
{
    double greatest, sum = score_softmax_sum(z, n, &greatest);
    return fm_exp64(z[i] - greatest) / sum;
}

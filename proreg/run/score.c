// score.c - accuracy per domain and class.
#include "proreg/run/score.h"

#include <math.h>
#include <stdlib.h>

#include "tensor/base/fmath.h"

Status score_init(Score *s, const char *const *class_name, int classes,
                  const char *const *domain_name, int domains)
{
    size_t cells = (size_t)classes * (size_t)domains;
    *s = (Score){ class_name, domain_name, classes, domains, calloc(cells + 1, sizeof *s->n),
                 calloc(cells + 1, sizeof *s->correct) };
    if (s->n && s->correct) return OK;
    score_free(s);
    return err_memory("evaluation");
}

void score_free(Score *s)
{
    free(s->n);
    free(s->correct);
    *s = (Score){ 0 };
}

void score_add(Score *s, int32_t domain, int32_t label, int32_t predicted)
{
    int64_t cell = (int64_t)domain * s->classes + label;
    s->n[cell]++;
    s->correct[cell] += predicted == label;
}

ScoreRow score_class(const Score *s, int domain, int label)
{
    ScoreRow row = { 0 };
    for (int d = 0; d < s->domains; d++) {
        if (domain != SCORE_ALL && d != domain) continue;
        row.n += s->n[(int64_t)d * s->classes + label];
        row.correct += s->correct[(int64_t)d * s->classes + label];
    }
    if (row.n) row.top1 = row.mean_class = (double)row.correct / (double)row.n;
    return row;
}

ScoreRow score_row(const Score *s, int domain)
{
    ScoreRow row = { 0 };
    int seen = 0;
    for (int k = 0; k < s->classes; k++) {
        ScoreRow one = score_class(s, domain, k);
        row.n += one.n;
        row.correct += one.correct;
        row.mean_class += one.top1;
        seen += one.n > 0;
    }
    if (row.n) row.top1 = (double)row.correct / (double)row.n;
    if (seen) row.mean_class /= seen;
    return row;
}

int score_domains(const Score *s)
{
    int n = 0;
    for (int d = 0; d < s->domains; d++) n += score_row(s, d).n > 0;
    return n;
}

int score_argmax(const float *z, int64_t n)
{
    int best = 0;
    for (int64_t k = 1; k < n; k++)
        if (z[k] > z[best]) best = (int)k;
    return best;
}

double score_softmax(const float *z, int64_t n, int64_t i)
{
    double greatest = z[score_argmax(z, n)], sum = 0;
    for (int64_t k = 0; k < n; k++) sum += fm_exp64(z[k] - greatest);
    return fm_exp64(z[i] - greatest) / sum;
}

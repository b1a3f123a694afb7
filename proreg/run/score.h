// score.h - accuracy, counted per domain and class.
//
//     Score s;
//     TRY(score_init(&s, class_name, K, domain_name, D));
//     score_add(&s, domain, label, score_argmax(logits, K));      // for each picture
//     ScoreRow all = score_row(&s, SCORE_ALL);
//     score_free(&s);
//
// Knows no pictures and no model: it sees names, labels and predictions only.
#pragma once
#include <stdint.h>

#include "tensor/base/err.h"

typedef struct { int64_t n, correct; } Cell;      // n pictures, so many predicted correctly

typedef struct {
    const char *const *class_name;       // (K); owned by the caller, who keeps it valid
    const char *const *domain_name;      // (D); where there are no domains, one called ""
    int classes, domains;
    int64_t *n, *correct;                // (D,K)
} Score;

Status score_init(Score *s, const char *const *class_name, int classes,
                  const char *const *domain_name, int domains);
void score_free(Score *s);
void score_add(Score *s, int32_t domain, int32_t label, int32_t predicted);

typedef struct { int64_t n, correct; double top1, mean_class; } ScoreRow;
enum { SCORE_ALL = -1 };                           // as a domain: all of them, pooled over pictures
ScoreRow score_row(const Score *s, int domain);    // mean_class: over the classes that occur
ScoreRow score_class(const Score *s, int domain, int label);
int score_domains(const Score *s);                 // how many domains hold pictures

int score_argmax(const float *z, int64_t n);       // ties: the first
double score_softmax(const float *z, int64_t n, int64_t i);      // softmax(z)_i, in double

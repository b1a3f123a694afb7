// score.h - accuracy, counted per split, domain and class.
//
//     Score s;
//     ScoreOf of = { class_name, domain_name, split_name, K, D, S };
//     TRY(score_init(&s, &of));
//     score_add(&s, split, domain, label, score_argmax(logits, K));      // for each picture
//     ScoreRow all = score_row(&s, SCORE_ALL, SCORE_ALL);
//     for (ScoreLine l = SCORE_FIRST; score_next(&s, &l);) use(score_row(&s, l.split, l.domain));
//     score_free(&s);
//
// Knows no pictures and no model: it sees names, labels and predictions only.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/err.h"

typedef struct { int64_t n, correct; } Cell;      // n pictures, so many predicted correctly

// What is counted; the caller keeps it valid. Where there are no domains or splits, one called "".
typedef struct {
    const char *const *class_name, *const *domain_name, *const *split_name;    // (K), (D), (S)
    int classes, domains, splits;
    const char *note;                    // what else results.jsonl says of them; may be NULL
} ScoreOf;

typedef struct {
    ScoreOf of;
    int64_t *n, *correct;                // (S,D,K)
    Cell *trained;                       // (S,D,K) those of them that were trained on
} Score;

Status score_init(Score *s, const ScoreOf *of);
void score_free(Score *s);
void score_add(Score *s, int32_t split, int32_t domain, int32_t label, int32_t predicted);
// The same, of a picture that was trained on.
void score_add_trained(Score *s, int32_t split, int32_t domain, int32_t label, int32_t predicted);

typedef struct { int64_t n, correct; double top1, mean_class; } ScoreRow;
enum { SCORE_ALL = -1 };                 // as a split or domain: all of them, pooled over pictures
ScoreRow score_row(const Score *s, int split, int domain);   // mean_class: over classes that occur
ScoreRow score_class(const Score *s, int split, int domain, int label);
int score_domains(const Score *s, int split);      // how many domains hold pictures
Cell score_trained_on(const Score *s, int split, int domain);      // of the pictures counted there

// The lines of a result: of each split every domain that holds pictures, then SCORE_ALL if several
// do. Begins with SCORE_FIRST; false: there are no more.
typedef struct { int split, domain; } ScoreLine;
#define SCORE_FIRST { -1, SCORE_ALL }
bool score_next(const Score *s, ScoreLine *line);
const char *score_domain_name(const Score *s, int domain);         // "all" of SCORE_ALL

int score_argmax(const float *z, int64_t n);       // ties: the first
double score_softmax(const float *z, int64_t n, int64_t i);      // softmax(z)_i, in double
// For many i of one z: softmax(z)_i = fm_exp64(z[i] - *greatest) / the sum that this returns.
double score_softmax_sum(const float *z, int64_t n, double *greatest);

// answers.h - what the last evaluation of a run answered: which classes are taken for which, and
// the wrong answers that were the surest. Parts of a page, from predictions.jsonl (records.h).
#pragma once
#include "proreg/page/html.h"
#include "proreg/run/records.h"

// The predictions of the last evaluation's last split: a place in r->prediction each. Nothing
// where the run has none of that step.
typedef struct {
    int64_t *place;            // (n)
    int64_t n, wrong;
} Answers;
Status answers_open(Answers *a, const RunFiles *r);
void answers_close(Answers *a);

// A heat map of label by answer, in percent of the label's pictures; of many classes those with the
// most wrong answers.
void page_confusion(FileOut *o, const RunFiles *r, const Answers *a);

// At most `most` wrong answers, the surest first, as thumbnails (parts.h) with both probabilities.
void page_wrong(FileOut *o, const RunFiles *r, const Answers *a, int most);

// plan.c - `train --plan`: how long a run will take and how much it needs, from one measured
// micro-batch.
#include "proreg/verb/plan.h"

#include <stdio.h>

#include "proreg/verb/print.h"

typedef struct {
    int64_t pictures, kept;                    // kept: seen by a frozen tower once, at first
    int64_t eval_pictures, steps, evaluations;
    double step_seconds, eval_seconds;         // per picture; eval: one forward pass
    int64_t memory_bytes, checkpoint_bytes;
} Plan;

static void print_time(const char *what, double seconds)
{
    long long s = (long long)(seconds + 0.5);
    printf("%-12s %lld:%02lld:%02lld\n", what, s / 3600, s / 60 % 60, s % 60);
}

static Status plan_json(const Plan *p, double training, double evaluating)
{
    JsonOut o = { 0 };
    const struct { const char *key; int64_t value; } whole[] = {
        { "steps", p->steps }, { "pictures", p->pictures }, { "evaluations", p->evaluations },
        { "memory_bytes", p->memory_bytes }, { "checkpoint_bytes", p->checkpoint_bytes },
    };
    json_out_object(&o);
    for (int i = 0; i < 5; i++) json_put_int(&o, whole[i].key, whole[i].value);
    json_put_double(&o, "train_seconds", training);
    json_put_double(&o, "eval_seconds", evaluating);
    json_out_end(&o);
    return print_json(&o);
}

static Status print_plan(const Plan *p, bool json)
{
    double training = p->step_seconds * (double)p->pictures + p->eval_seconds * (double)p->kept;
    double evaluating = p->eval_seconds * (double)(p->eval_pictures * p->evaluations);
    if (json) return plan_json(p, training, evaluating);
    printf("%-12s %lld, %lld pictures, %.1f images/s\n", "steps", (long long)p->steps,
           (long long)p->pictures, (double)p->pictures / training);
    printf("%-12s %lld of %lld pictures, %.1f images/s\n", "evaluations",
           (long long)p->evaluations, (long long)p->eval_pictures, 1 / p->eval_seconds);
    print_time("training", training);
    print_time("evaluating", evaluating);
    print_time("together", training + evaluating);
    printf("%-12s %.1f MB\n", "memory", (double)p->memory_bytes / 1e6);
    printf("%-12s %.1f MB each\n", "checkpoints", (double)p->checkpoint_bytes / 1e6);
    return OK;
}

Status plan_print(const Training *r, const Student *s, const Tape *t, double step_seconds,
                  double forward_seconds)
{
    const Options *o = r->o;
    bool frozen = r->loss.form || !r->method->trains_tower;
    int64_t trained = s->clip.params.trained;
    int64_t weights = params_count(&r->pretrained.params) * 4;
    int64_t steps = training_last_step(r);
    int64_t evaluations = o->eval_every ? steps / o->eval_every : o->epochs;
    return print_plan(&(Plan){
        .pictures = training_pictures_left(r),
        .kept = frozen && !training_augments(r) ? r->data.train.n : 0,
        .eval_pictures = r->data.eval.n, .steps = steps, .evaluations = evaluations + 1,
        .step_seconds = step_seconds, .eval_seconds = forward_seconds,
        .memory_bytes = (int64_t)t->device.peak + trained * 16 + weights,
        .checkpoint_bytes = weights + trained * 8 }, o->json);
}

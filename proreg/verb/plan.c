// plan.c - `train --plan`: how long a run will take and how much it needs, from what was measured.
#include "proreg/verb/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "proreg/verb/print.h"

static const double enough = 1;                // seconds

// ---- measuring ----------------------------------------------------------------------------------

typedef struct { int64_t pictures; double seconds; } Rate;

static double each(Rate r)
{
    return r.pictures ? r.seconds / (double)r.pictures : 0;
}

// What came since `from`; the first time is counted only where it is alone.
typedef struct { double from; int64_t times; Rate rate; } Clock;

static Clock clock_begin(void)
{
    return (Clock){ .from = seconds_now() };
}

static bool clock_enough(Clock *c, int64_t pictures)
{
    double now = seconds_now();
    c->times++;
    c->rate.pictures = c->times == 2 ? pictures : c->rate.pictures + pictures;
    c->rate.seconds = now - c->from;
    if (c->times == 1) c->from = now;
    return c->times > 1 && c->rate.seconds >= enough;
}

// Of the first epoch: later visits are cheaper where something is kept.
static Status measure_training(const PlanOf *of, Predictor *p, Rate *rate)
{
    Clock clock = clock_begin();
    bool done = false;
    while (!done) {
        Batch b;
        TRY(next_batch(of->loader, &of->run->loading, &b));
        if (b.n == 0 && !b.last) break;                        // all epochs are over
        done = b.epoch_end;
        if (b.n == 0) continue;                                // none could be read
        b.last = true;
        TRY(of->gradient(of->train, &b, &p->classes));
        done |= clock_enough(&clock, b.n);
    }
    *rate = clock.rate;
    return OK;
}

// *forward: of it, what was not spent waiting for pictures.
static Status predict_some(Loader *loader, const LoaderOptions *l, const Predictor *p,
                           float *logits, Rate *rate, Rate *forward)
{
    Clock clock = clock_begin();
    bool done = false;
    while (!done) {
        Batch b;
        TRY(next_batch(loader, l, &b));
        if (b.n == 0 && !b.last) break;
        if (b.n == 0) continue;
        double start = seconds_now();
        TRY(predict_logits(p, logits, b.pixels, b.n));
        forward->seconds = seconds_now() - start + (clock.times > 1 ? forward->seconds : 0);
        done = clock_enough(&clock, b.n);
    }
    *rate = clock.rate;
    forward->pictures = rate->pictures;
    return OK;
}

static Status measure_evaluation(const PlanOf *of, const Predictor *p, float *logits, Rate *rate,
                                 Rate *forward)
{
    const Training *r = of->run;
    LoaderOptions l = setup_loader(r->o, &r->data, &r->data.eval, &r->pretrained.config);
    Loader *loader = NULL;
    l.left_out = r->eval_left_out;
    if (l.batch > l.micro) l.batch = l.micro;
    Status status = loader_open(&loader, &l);
    if (status == OK) status = predict_some(loader, &l, p, logits, rate, forward);
    loader_close(loader);
    return status;
}

// The first has memory to find.
static Status measure_update(const PlanOf *of, double *seconds)
{
    Params *params = &of->student->clip.params;
    for (int i = 0; i < 2; i++) {
        double start = seconds_now();
        TRY(optim_step(&of->run->optim, params, i, 0, params_grad_norm(params)));
        *seconds = seconds_now() - start;
    }
    return OK;
}

static int64_t memory_so_far(void)
{
#ifdef __APPLE__
    const int64_t unit = 1;
#else
    const int64_t unit = 1024;                 // Linux and the BSDs count KiB
#endif
    struct rusage r;
    return getrusage(RUSAGE_SELF, &r) == 0 ? (int64_t)r.ru_maxrss * unit : 0;
}

// ---- telling ------------------------------------------------------------------------------------

typedef struct {
    int64_t pictures, kept;                    // kept: seen by a frozen tower once, at first
    int64_t eval_pictures, steps, evaluations;
    Rate step, forward, eval;                  // step: at a first visit; eval: with decoding
    double update_seconds;
    int64_t memory_bytes, checkpoint_bytes;
} Plan;

// Of pictures that are kept the frozen tower's pass is in the first visit alone.
static double training_seconds(const Plan *p)
{
    double again = each(p->step) - (p->kept ? each(p->forward) : 0);
    return each(p->step) * (double)p->kept
           + (again > 0 ? again : 0) * (double)(p->pictures - p->kept)
           + p->update_seconds * (double)p->steps;
}

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
        { "first_visits", p->kept }, { "measured_train_pictures", p->step.pictures },
        { "measured_eval_pictures", p->eval.pictures },
    };
    json_out_object(&o);
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        json_put_int(&o, whole[i].key, whole[i].value);
    json_put_double(&o, "picture_seconds", each(p->step));
    json_put_double(&o, "forward_seconds", each(p->forward));
    json_put_double(&o, "update_seconds", p->update_seconds);
    json_put_double(&o, "train_seconds", training);
    json_put_double(&o, "eval_seconds", evaluating);
    json_out_end(&o);
    return print_json(&o);
}

static Status print_plan(const Plan *p, bool json)
{
    double training = training_seconds(p);
    double evaluating = each(p->eval) * (double)(p->eval_pictures * p->evaluations);
    if (json) return plan_json(p, training, evaluating);
    printf("%-12s %lld, %lld pictures, %.1f images/s\n", "steps", (long long)p->steps,
           (long long)p->pictures, (double)p->pictures / training);
    printf("%-12s %lld of %lld pictures, %.1f images/s\n", "evaluations",
           (long long)p->evaluations, (long long)p->eval_pictures, 1 / each(p->eval));
    print_time("training", training);
    print_time("evaluating", evaluating);
    print_time("together", training + evaluating);
    printf("%-12s %.1f MB\n", "memory", (double)p->memory_bytes / 1e6);
    printf("%-12s %.1f MB each\n", "checkpoints", (double)p->checkpoint_bytes / 1e6);
    printf("%-12s %lld pictures of training in %.1f s, %lld of evaluation in %.1f s\n", "measured",
           (long long)p->step.pictures, p->step.seconds, (long long)p->eval.pictures,
           p->eval.seconds);
    return OK;
}

static Status tell_plan(const PlanOf *of, Plan *p)
{
    const Training *r = of->run;
    const Options *o = r->o;
    bool frozen = r->loss.form || !r->method->trains_tower;
    int64_t weights = params_count(&r->pretrained.params) * 4;
    p->pictures = training_pictures_left(r);
    p->kept = frozen && !training_augments(r) ? r->data.train.n : 0;
    if (p->kept > p->pictures) p->kept = p->pictures;
    p->steps = training_last_step(r);
    p->eval_pictures = r->data.eval.n;
    p->evaluations = 1 + (o->eval_every ? p->steps / o->eval_every : o->epochs);
    p->memory_bytes = memory_so_far();
    p->checkpoint_bytes = weights + of->student->clip.params.trained * 8;
    return print_plan(p, o->json);
}

Status plan(const PlanOf *of)
{
    const Training *r = of->run;
    Plan p = { 0 };
    Predictor predictor = { .tape = of->tape, .student = of->student };
    float *logits = malloc((size_t)(r->loading.micro * of->student->classes) * sizeof *logits);
    Status status = logits ? OK : err_memory("plan");
    if (status == OK) status = measure_training(of, &predictor, &p.step);
    if (status == OK && p.step.pictures == 0)
        status = err_set(ERR_IO, "plan: no training picture can be read");
    if (status == OK) status = measure_update(of, &p.update_seconds);
    if (status == OK) status = measure_evaluation(of, &predictor, logits, &p.eval, &p.forward);
    free(logits);
    return status == OK ? tell_plan(of, &p) : status;
}

// demo_results.c - the demo's numbers as JSON lines.
#include "proreg/page/demo_results.h"

#include "tensor/base/json.h"

static void open_line(JsonOut *o, const char *kind)
{
    json_out_object(o);
    json_put_string(o, "kind", kind);
}

static void put_scores(JsonOut *o, const double score[SCORES])
{
    for (int i = 0; i < SCORES; i++) json_put_double(o, tally_key[i], score[i]);
    json_out_end(o);
}

// ---- accuracy -----------------------------------------------------------------------------------

static void seed_lines(JsonOut *o, const Demo *d, int method)
{
    double score[SCORES];
    for (int s = 0; s < d->seeds; s++) {
        tally_scores(score, &d->tally[s * DEMO_METHODS + method]);
        open_line(o, "scores");
        json_put_string(o, "method", demo_methods[method].name);
        json_put_int(o, "seed", DEMO_SEED + s);
        put_scores(o, score);
    }
}

static void mean_lines(JsonOut *o, const Demo *d, int method)
{
    TallyRow row = tally_row(d->tally + method, d->seeds, DEMO_METHODS);
    for (int i = 0; i < 1 + (d->seeds > 1); i++) {
        open_line(o, i ? "deviation" : "mean");
        json_put_string(o, "method", demo_methods[method].name);
        json_put_int(o, "seeds", d->seeds);
        put_scores(o, i ? row.deviation : row.mean);
    }
}

static void mixture_lines(JsonOut *o, const Demo *d, int i)
{
    double score[SCORES], alpha = i / (double)(DEMO_ALPHAS - 1);
    TallyRow row = tally_row(d->line + i, d->seeds, DEMO_ALPHAS);
    for (int s = 0; s < d->seeds; s++) {
        tally_scores(score, &d->line[s * DEMO_ALPHAS + i]);
        open_line(o, "mixture");
        json_put_double(o, "alpha", alpha);
        json_put_int(o, "seed", DEMO_SEED + s);
        put_scores(o, score);
    }
    open_line(o, "mixture_mean");
    json_put_double(o, "alpha", alpha);
    json_put_int(o, "seeds", d->seeds);
    put_scores(o, row.mean);
}

static void cell_lines(JsonOut *o, const Demo *d, int method)
{
    for (int i = 0; i < WORLD_SHAPES * WORLD_PLAIN; i++) {
        int shape = i / WORLD_PLAIN, context = i % WORLD_PLAIN;
        Cell cell = tally_cell(d->tally + method, d->seeds, DEMO_METHODS, shape, context);
        if (!cell.n) continue;
        open_line(o, "cell");
        json_put_string(o, "method", demo_methods[method].name);
        json_put_string(o, "shape", world_shape[shape]);
        json_put_string(o, "background", world_context[context]);
        json_put_int(o, "n", cell.n);
        json_put_int(o, "correct", cell.correct);
        json_put_double(o, "top1", (double)cell.correct / (double)cell.n);
        json_out_end(o);
    }
}

// ---- training of the first seed -----------------------------------------------------------------

static void step_lines(JsonOut *o, const RunFiles *r, const char *method)
{
    for (int64_t i = 0; i < r->logs; i++) {
        open_line(o, "step");
        json_put_string(o, "method", method);
        json_put_int(o, "step", r->log[i].step);
        json_put_double(o, "ce", r->log[i].ce);
        json_put_double(o, "kd", r->log[i].kd);
        json_put_double(o, "w_mean", r->log[i].w);
        json_out_end(o);
    }
}

static void weight_lines(JsonOut *o, const RunFiles *r)
{
    double share[2][TALLY_BINS];
    tally_weights(share, r);
    for (int i = 0; i < 2 * TALLY_BINS; i++) {
        open_line(o, "weight");
        json_put_string(o, "background", i < TALLY_BINS ? "usual" : "other");
        json_put_double(o, "from", i % TALLY_BINS / (double)TALLY_BINS);
        json_put_double(o, "share", share[i / TALLY_BINS][i % TALLY_BINS]);
        json_out_end(o);
    }
    for (int64_t i = 0; i < r->samples; i++) {
        const SampleRecord *s = &r->sample[i];
        open_line(o, "sample");
        json_put_string(o, "path", s->path);
        json_put_string(o, "label", s->label);
        json_put_double(o, "w", s->w);
        json_put_double(o, "p_s", s->p_s);
        json_put_double(o, "p_t", s->p_t);
        json_out_end(o);
    }
}

static Status training_lines(JsonOut *o, const Demo *d)
{
    char path[FILE_PATH];
    RunFiles r;
    for (int m = 0; m < DEMO_METHODS; m++) {
        if (!demo_methods[m].train) continue;
        TRY(demo_seed_path(path, d, 0, demo_methods[m].name));
        TRY(run_files_open(&r, path));
        step_lines(o, &r, demo_methods[m].name);
        if (m == DEMO_PROREG) weight_lines(o, &r);
        run_files_close(&r);
    }
    return OK;
}

Status demo_results(const Demo *d)
{
    JsonOut o = { 0 };
    for (int m = 0; m < DEMO_METHODS; m++) seed_lines(&o, d, m);
    for (int m = 0; m < DEMO_METHODS; m++) mean_lines(&o, d, m);
    for (int i = 0; i < DEMO_ALPHAS; i++) mixture_lines(&o, d, i);
    for (int m = 0; m < DEMO_METHODS; m++) cell_lines(&o, d, m);
    Status status = training_lines(&o, d);
    json_out_line_end(&o);
    if (status == OK) status = json_out_status(&o);
    if (status == OK) return json_out_save(&o, d->folder, "results.jsonl");
    json_out_free(&o);
    return status;
}

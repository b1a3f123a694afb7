// wise.c - `wise`: accuracy of a run's weights mixed with the zero-shot weights it began with; one
// mixture as a model of its own.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proreg/run/records.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/place.h"
#include "proreg/verb/print.h"
#include "proreg/verb/verbs.h"
#include "tensor/base/shown.h"

// ---- alphas -------------------------------------------------------------------------------------

typedef struct { double item[ITEMS_MAX]; int n; } Alphas;

static Status read_alphas(Alphas *a, Options *o)
{
    Items text;
    bool one = options_source(o, "alpha") == FROM_FLAG;
    if (one && options_source(o, "alphas") == FROM_FLAG)
        return err_set(ERR_USAGE, "--alpha: does not go with --alphas");
    if (o->output && !one) return err_set(ERR_USAGE, "wise: -o DIR saves the mixture of --alpha A");
    if (one) {
        *a = (Alphas){ { o->share }, 1 };
        return OK;
    }
    TRY(options_split(o, o->alphas, &text));
    for (a->n = 0; a->n < text.n; a->n++) {
        char *rest;
        double x = strtod(text.item[a->n], &rest);
        if (*rest || !isfinite(x) || x < 0 || x > 1)
            return err_set(ERR_USAGE, "--alphas: %.60s: not a number from 0 to 1",
                           text.item[a->n]);
        a->item[a->n] = x;
    }
    return OK;
}

// ---- rows ---------------------------------------------------------------------------------------

static Status print_alpha_json(const Score *e, double alpha)
{
    JsonOut out = { 0 };
    for (ScoreLine l = SCORE_FIRST; score_next(e, &l);) {
        json_out_object(&out);
        json_put_double(&out, "alpha", alpha);
        results_members(&out, e, &l);
        json_out_end(&out);
    }
    return print_json(&out);
}

// A column for each domain, if there are several; a row for each split.
static void print_alpha_head(const Score *e)
{
    printf("alpha   %-9s", "top1");
    for (int d = 0; d < e->of.domains && score_domains(e, SCORE_ALL) > 1; d++)
        if (score_row(e, SCORE_ALL, d).n) {
            putchar(' ');
            shown_cell(stdout, e->of.domain_name[d], 9, 30);
        }
    printf(" mean class%s\n", e->of.splits > 1 ? " split" : "");
}

static void print_alpha_split(const Score *e, double alpha, int split)
{
    ScoreRow all = score_row(e, split, SCORE_ALL);
    printf("%-7g %-9.4f", alpha, all.top1);
    for (int d = 0; d < e->of.domains && score_domains(e, SCORE_ALL) > 1; d++) {
        ScoreRow row = score_row(e, split, d);
        int width = shown_columns(e->of.domain_name[d]);
        width = width > 30 ? 30 : width < 9 ? 9 : width;
        if (row.n) printf(" %-*.4f", width, row.top1);
        else if (score_row(e, SCORE_ALL, d).n) printf(" %-*s", width, "");
    }
    if (e->of.splits > 1) printf(" %-10.4f %s\n", all.mean_class,
                                   shown(e->of.split_name[split]));
    else printf(" %.4f\n", all.mean_class);
}

static void print_alpha(const Score *e, double alpha)
{
    for (int p = 0; p < e->of.splits; p++)
        if (score_domains(e, p)) print_alpha_split(e, alpha, p);
}

static Status print_alphas(Options *o, Classifier *c, Wise *w, const Dataset *d,
                           const char *const *names, const Alphas *a)
{
    uint8_t *left_out;
    TRY(setup_left_out(&left_out, o, &d->eval));
    for (int i = 0; i < a->n; i++) {
        Score e;
        LoaderOptions l = setup_loader(o, d, &d->eval, c->config);
        l.left_out = left_out;
        TRY(classifier_mix(c, w, a->item[i]));
        Predictor p = classifier_predictor(c);
        TRY(evaluate(&e, d, names, &l, &p, NULL, o->quiet));
        Status status = OK;
        if (o->json) {
            status = print_alpha_json(&e, a->item[i]);
        } else {
            if (i == 0) print_alpha_head(&e);
            print_alpha(&e, a->item[i]);
        }
        score_free(&e);
        TRY(status);
        fflush(stdout);
    }
    count_left_out(o, left_out, &d->eval, "pictures");
    return OK;
}

// ---- the mixture as a model ---------------------------------------------------------------------

static Status check_output(const Options *o)
{
    return o->output ? place_check(o, "output", o->output, &place_copy, PLACE_NEW) : OK;
}

// The text tower and the tokenizer are the run's, which its checkpoint keeps.
static Status save_mixture(const Options *o, const Backend *be, Classifier *c,
                           const RunCheckpoint *run)
{
    Arena arena = { 0 };
    RunCheckpoint tuned;
    Clip whole;
    Bpe *bpe = NULL;
    TRY(setup_model(&whole, o, be, run->path, CLIP_BOTH));
    Status status = tuned_open(&tuned, &arena, run->path);
    if (status == OK) status = setup_bpe(&bpe, o, &whole, false);
    if (status == OK)
        status = run_save_model(o->output, &(Checkpoint){
            .student = &c->student, .pretrained = &whole, .bpe = bpe, .class_name = run->class_name,
            .prompt = tuned.prompt, .template = tuned.template, .templates = tuned.templates,
            .state = run->state, .mixed = true, .share = o->share });
    bpe_close(bpe);
    clip_free(&whole);
    arena_free(&arena);
    return status;
}

// ---- the verb -----------------------------------------------------------------------------------

static Status mix_alphas(Options *o, const Backend *be, const RunCheckpoint *run, const Dataset *d,
                         const Alphas *a)
{
    Classifier c;
    Wise w;
    const char **names, **prompts;
    TRY(setup_names(d, &o->arena, &names, &prompts));
    TRY(classifier_student(&c, be, run, o));
    Status status = classifier_wise(&w, &c, o, be, prompts, d->class_count);
    if (status == OK) status = print_alphas(o, &c, &w, d, names, a);
    if (status == OK && o->output) status = save_mixture(o, be, &c, run);
    wise_free(&w);
    classifier_free(&c);
    return status;
}

Status verb_wise(Options *o)
{
    RunCheckpoint run;
    const Backend *be;
    Dataset d;
    Alphas a;
    if (!o->run) return err_set(ERR_USAGE, "wise: needs --run DIR");
    TRY(read_alphas(&a, o));
    TRY(check_output(o));
    TRY(setup_run_folder(o));
    TRY(setup_run(&run, o));
    TRY(setup_machine(o, &be));
    TRY(setup_dataset(&d, o, DATASET_EVAL, run.class_name, run.classes));
    Status status = mix_alphas(o, be, &run, &d, &a);
    dataset_close(&d);
    return status;
}

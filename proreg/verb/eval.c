// eval.c - `eval` and `zeroshot`: accuracy of a run's student, or of a model asked by prompts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proreg/verb/ask.h"
#include "proreg/verb/print.h"
#include "proreg/verb/verbs.h"
#include "weights/npy.h"

// ---- files --------------------------------------------------------------------------------------

static void csv_field(FileOut *out, const char *text, char end)
{
    if (!strpbrk(text, ",\"\r\n")) {
        file_printf(out, "%s%c", text, end);
        return;
    }
    file_write(out, "\"", 1);
    for (const char *s = text; *s; s++) file_write(out, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
    file_printf(out, "\"%c", end);
}

static Status write_predictions(FileOut *out, const char *path, const Dataset *d,
                                const char *const *names, const float *logits,
                                const uint8_t *left_out)
{
    int K = d->class_count;
    TRY(file_create(out, path));
    file_printf(out, PREDICTIONS_HEAD);
    for (int64_t i = 0; i < d->eval.n; i++) {
        if (left_out && left_out[i]) continue;
        const Sample *s = &d->eval.sample[i];
        const float *z = logits + i * K;
        int best = score_argmax(z, K);
        csv_field(out, s->path, ',');
        csv_field(out, d->domain[s->domain], ',');
        csv_field(out, names[s->label], ',');
        csv_field(out, names[best], ',');
        file_printf(out, "%.17g,%.17g\n", score_softmax(z, K, s->label),
                    score_softmax(z, K, best));
    }
    return out->status;
}

// Removes the rows of pictures that were left out; returns how many remain.
static int64_t close_ranks(float *logits, const Dataset *d, const uint8_t *left_out)
{
    int64_t n = 0, K = d->class_count;
    for (int64_t i = 0; i < d->eval.n; i++)
        if (!left_out || !left_out[i])
            memmove(logits + n++ * K, logits + i * K, (size_t)K * sizeof *logits);
    return n;
}

static Status write_logits(FileOut *out, const char *path, const Dataset *d, float *logits,
                           const uint8_t *left_out)
{
    int64_t n = close_ranks(logits, d, left_out), K = d->class_count;
    TRY(npy_create(out, path, 2, (int64_t[]){ n, K }));
    return file_write(out, logits, (size_t)(n * K) * sizeof *logits);
}

// Row i of the logits is that of line i of the predictions: both are replaced, or neither.
static Status save_files(const Options *o, const Dataset *d, const char *const *names,
                         float *logits, const uint8_t *left_out)
{
    FileOut lines = { 0 }, rows = { 0 };
    Status status = OK;
    if (o->predictions)
        status = write_predictions(&lines, o->predictions, d, names, logits, left_out);
    if (o->save_logits && status == OK)
        status = write_logits(&rows, o->save_logits, d, logits, left_out);
    if (status == OK && o->predictions && o->save_logits) return file_commit_pair(&rows, &lines);
    if (status == OK && o->predictions) return file_commit(&lines);
    if (status == OK && o->save_logits) return file_commit(&rows);
    file_discard(&lines);
    file_discard(&rows);
    return status;
}

// ---- the result ---------------------------------------------------------------------------------

// Evaluates an open classifier, writes the files asked for and prints the result.
static Status evaluate_and_print(Options *o, Classifier *c, const Dataset *d,
                                 const RunCheckpoint *run)
{
    Arena arena = { 0 };
    Score e = { 0 };
    char mixture[MIXTURE_TEXT];
    const char **names = NULL, **prompts;
    float *keep = NULL;
    bool files = o->predictions || o->save_logits;
    LoaderOptions l = setup_loader(o, d, &d->eval, c->config);
    Predictor p = classifier_predictor(c);
    size_t size = (size_t)d->eval.n * (size_t)d->class_count;
    Status status = setup_names(d, &arena, &names, &prompts);
    if (status == OK) status = setup_left_out(&l.left_out, o, &d->eval);
    if (files && !(keep = malloc(size * sizeof *keep))) status = err_memory("logits");
    if (status == OK)
        status = evaluate(&e, d, names, &l, &p, keep, o->quiet);
    if (status == OK) status = save_files(o, d, names, keep, l.left_out);
    if (status == OK) count_left_out(o, l.left_out, &d->eval, "pictures");
    if (status == OK && o->run && !o->json) print_checkpoint(o->checkpoint, &run->state);
    if (run->mixed) e.of.note = tuned_mixture(mixture, run);
    if (status == OK) status = print_score(&e, run->state.step, o->json);
    score_free(&e);
    free(keep);
    arena_free(&arena);
    return status;
}

// ---- prompts ------------------------------------------------------------------------------------

// Of --model; of a run's checkpoint, the text tower that it keeps.
static Status eval_prompts(Options *o, const Backend *be, const Dataset *d,
                           const RunCheckpoint *run)
{
    Classifier c;
    const char **names, **prompts;
    TRY(setup_names(d, &o->arena, &names, &prompts));
    TRY(classifier_zeroshot(&c, o, be, prompts, d->class_count));
    Status status = evaluate_and_print(o, &c, d, run);
    classifier_free(&c);
    return status;
}

// ---- a run, a classifier beside a model ---------------------------------------------------------

static Status eval_student(Options *o, const Backend *be, const RunCheckpoint *run,
                           const Dataset *d)
{
    Classifier c;
    TRY(classifier_student(&c, be, run, o));
    Status status = evaluate_and_print(o, &c, d, run);
    classifier_free(&c);
    return status;
}

// Classes match by name. run->classes 0: there is nothing but prompts to ask.
static Status eval_data(Options *o, const RunCheckpoint *run)
{
    const Backend *be;
    Dataset d;
    bool prompts = run->classes == 0 || setup_asks_prompts(o);
    TRY(setup_machine(o, &be));
    TRY(setup_dataset(&d, o, DATASET_EVAL, run->class_name, run->classes));
    Status status = prompts ? eval_prompts(o, be, &d, run)
                            : eval_student(o, be, run, &d);
    dataset_close(&d);
    return status;
}

static Status check_files(const Options *o)
{
    if (o->predictions) TRY(setup_output(o, o->predictions, OUTPUT_PREDICTIONS));
    if (o->save_logits) TRY(setup_output(o, o->save_logits, OUTPUT_NPY));
    if (!o->predictions || !o->save_logits) return OK;
    if (strcmp(o->predictions, o->save_logits) != 0)
        return file_recover_pair(o->save_logits, o->predictions);
    return err_set(ERR_USAGE, "--save-logits: %s: is what --predictions writes", o->save_logits);
}

Status verb_zeroshot(Options *o)
{
    RunCheckpoint tuned = { .classes = 0 };
    bool found;
    if (!o->model) return err_set(ERR_USAGE, "%s: needs --model PATH", o->verb->name);
    if (!o->data && !o->eval_list) return err_set(ERR_USAGE, "%s: needs --data DIR", o->verb->name);
    TRY(check_files(o));
    TRY(setup_tuned(&found, &tuned, o));
    TRY(recipe_apply(o));
    return eval_data(o, &tuned);
}

// The data are those of the run's config.json, unless flags say otherwise.
static Status eval_run(Options *o)
{
    RunCheckpoint run;
    bool found;
    TRY(setup_tuned(&found, &run, o));
    TRY(setup_run(&run, o));
    o->model = run.path;
    return eval_data(o, &run);
}

Status verb_eval(Options *o)
{
    TRY(setup_model_or_run(o));
    TRY(check_files(o));
    return o->run ? eval_run(o) : verb_zeroshot(o);
}

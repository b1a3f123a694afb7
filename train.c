// train.c - the program: how a model is fine-tuned, told from top to bottom; then the table of
// verbs and main.
//
// What is asked, what is opened, one step, evaluation, checkpoints, the loop: read down, or begin
// with train(), which is all of it in a dozen lines. The method itself is proreg/loss.c, the model
// clip/vit.c, the other verbs proreg/verb/*.c.
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proreg/frozen.h"
#include "proreg/page/run_page.h"
#include "proreg/proreg.h"
#include "proreg/run/config.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/plan.h"
#include "proreg/verb/verbs.h"

typedef struct {
    Options *o;                            // what was asked
    const Recipe *recipe;
    const Method *method;
    LossConfig loss;
    Optim optim;
    Counting counting;

    const Backend *be;                     // what is there
    Arena arena;
    Dataset data;
    const char **names, **prompts;         // (K)
    Clip pretrained;
    Bpe *bpe;
    Student student;
    Teacher teacher;                       // the frozen pretrained model
    Frozen frozen;                         // of a method that leaves the image tower as it is
    Loader *loader;
    LoaderOptions loading;                 // of that loader
    uint8_t *eval_left_out;                // (N) of the pictures to evaluate on
    int64_t told;                          // training pictures that were left out, and named

    Tape tape, class_tape;                 // of a micro-batch; of the class vectors, once a step
    Tensor *classes;                       // on class_tape
    float *teacher_logits;                 // (micro,K)
    LossRow *rows;                         // (batch)
    SampleRow *samples;                    // (N), as of their last visit
    SampleName *sample_names;              // (N)
    RunState state;                        // how far the run is
    Score eval;                             // the last evaluation
    JsonOut results;                       // its lines, until they are written
    Progress progress;
    int lock;                              // on the run's folder; < 0: not yet
    bool eased;                            // resumed with other flags than config.json holds
} Train;

// ---- what is asked ------------------------------------------------------------------------------

// Killed before its first checkpoint, a run has nothing to go on from and has trained nothing: it
// begins again. A folder that merely holds some config.json is no such run.
static Status begin_anew(Options *o)
{
    char last[FILE_PATH], log[FILE_PATH];
    const Method *method;
    TRY(path_join(log, o->out, "log.jsonl"));
    if (run_checkpoint(last, o->out, "last") == OK || folder_exists(last) || file_exists(log))
        return OK;
    TRY(run_method(&method, o->out));
    say(o, "note: %s: killed before its first checkpoint, so it begins anew", o->out);
    o->resume = false;
    o->overwrite = true;
    return OK;
}

static Status settings(Train *t)
{
    Options *o = t->o;
    char config[FILE_PATH];
    if (o->resume && o->overwrite)
        return err_set(ERR_USAGE, "--resume: does not go with --overwrite");
    if (o->resume && o->config) return err_set(ERR_USAGE, "--resume: does not go with --config");
    if (!o->out && (o->resume || !o->plan)) return err_set(ERR_USAGE, "train: needs --out DIR");
    if (o->out && !o->plan) TRY(run_check(o->out, o->resume, o->overwrite));
    if (o->resume) {
        TRY(folder_lock(&t->lock, o->out));
        TRY(path_join(config, o->out, "config.json"));
        TRY(options_check_resume(o, config, &t->eased));
        TRY(options_read_config(o, config));
        if (options_source(o, "max-steps") != FROM_FLAG) o->max_steps = 0;   // it has stopped once
        TRY(begin_anew(o));
    }
    if (o->config) TRY(options_read_config(o, o->config));
    if (!o->model) return err_set(ERR_USAGE, "train: needs --model PATH");
    if (!o->data && !(o->train_list && o->eval_list))
        return err_set(ERR_USAGE, "train: needs --data DIR");
    t->recipe = recipe_find(o->recipe);
    TRY(recipe_apply(t->recipe, o));
    TRY(setup_method(o, &t->method, &t->loss));
    TRY(setup_templates(o));
    t->optim = setup_optim(o);
    if (o->micro_batch > o->batch) o->micro_batch = o->batch;
    return OK;
}

static Augment augmentation(const Train *t)
{
    return setup_augment(t->o, strcmp(t->o->augment, "randaug") == 0);
}

// Do a picture's pixels change from visit to visit?
static bool augmented(const Train *t)
{
    Augment a = augmentation(t);
    return a.randaug || a.crop > 0 || a.flip;
}

// ---- what is opened -----------------------------------------------------------------------------

static Status open_data(Train *t)
{
    Dataset *d = &t->data;
    TRY(setup_dataset(d, t->o, DATASET_TRAIN | DATASET_EVAL, NULL, 0));
    TRY(setup_names(d, &t->arena, &t->names, &t->prompts));
    t->counting = recipe_counting(t->recipe, d->train.n, t->o->epochs, t->o->batch, t->o->warmup);
    size_t n = (size_t)d->train.n;
    t->samples = arena_take(&t->arena, n * sizeof *t->samples);
    t->sample_names = arena_take(&t->arena, n * sizeof *t->sample_names);
    if (!t->samples || !t->sample_names) return err_memory("train");
    for (size_t i = 0; i < n; i++) {
        t->samples[i].w = -1;                  // not visited yet
        t->sample_names[i] = (SampleName){ d->train.sample[i].path,
                                           t->names[d->train.sample[i].label] };
    }
    say(t->o, "train: %lld pictures, evaluated on %lld%s%s, %d classes", (long long)d->train.n,
        (long long)d->eval.n, *d->eval.split ? " of split " : "", d->eval.split, d->class_count);
    return OK;
}

// A checkpoint's three counts must belong together and to this training set.
static Status check_state(const Train *t, const char *checkpoint)
{
    const RunState *s = &t->state;
    int64_t steps = t->counting.steps, of_epoch = steps / t->o->epochs;
    if (s->step != s->epoch * of_epoch + s->epoch_step || s->epoch_step >= of_epoch ||
        s->step > steps)
        return err_set(ERR_FORMAT, "checkpoint: %s/state.json: step %lld is not step %lld of epoch "
                       "%lld: there are %lld epochs of %lld", checkpoint, (long long)s->step,
                       (long long)s->epoch_step, (long long)s->epoch, (long long)t->o->epochs,
                       (long long)of_epoch);
    if (s->best_top1 > 1 || s->best_step > s->step)
        return err_set(ERR_FORMAT, "checkpoint: %s/state.json: the best of step %lld is %g at step "
                       "%lld", checkpoint, (long long)s->step, s->best_top1,
                       (long long)s->best_step);
    return OK;
}

// The student begins as the pretrained model asked by prompts, or as a checkpoint of this run.
static Status open_student(Train *t, const float *class_features)
{
    Options *o = t->o;
    Student *s = &t->student;
    char last[FILE_PATH], path[FILE_PATH];
    const char *model = o->model;
    ClipOptions options = { CLIP_IMAGE, o->activation };
    if (o->resume) {
        TRY(run_checkpoint(last, o->out, "last"));
        model = last;
        options.activation = NULL;             // our own checkpoints say it
    }
    TRY(student_open(s, t->be, model, &options, t->method, t->data.class_count, class_features,
                     (uint64_t)o->seed));
    if (!o->resume) return OK;
    TRY(path_join(path, last, "classifier.safetensors"));
    TRY(student_load_classifier(s, path));
    TRY(path_join(path, last, "optimizer.safetensors"));
    TRY(student_load_optimizer(s, path));
    TRY(run_load_state(&t->state, last));
    TRY(check_state(t, last));
    return run_load_samples(o->out, t->samples, t->sample_names, t->data.train.n);
}

static Status open_models(Train *t)
{
    Options *o = t->o;
    int64_t K = t->data.class_count, pictures = augmented(t) ? 0 : t->data.train.n;
    TRY(setup_model(&t->pretrained, o, t->be, o->model, CLIP_BOTH));
    bool prompts = t->method->head == HEAD_PROMPT;
    TRY(setup_bpe(&t->bpe, o, &t->pretrained, prompts));
    int64_t E = t->pretrained.config.embed, micro = o->micro_batch;
    float *raw = arena_zero(&t->arena, (size_t)(K * E) * sizeof *raw);     // (K,E)
    float *unit = arena_zero(&t->arena, (size_t)(K * E) * sizeof *unit);   // (K,E)
    t->teacher_logits = arena_take(&t->arena, (size_t)(micro * K) * sizeof(float));
    t->rows = arena_take(&t->arena, (size_t)o->batch * sizeof *t->rows);
    if (!raw || !unit || !t->teacher_logits || !t->rows) return err_memory("train");
    if (prompts)
        TRY(zeroshot_classes(raw, unit, &t->pretrained, t->bpe, t->prompts, K, o->template.item,
                             o->template.n));
    TRY(teacher_init(&t->teacher, &t->pretrained, unit, K, pictures));
    if (!t->method->trains_tower) TRY(frozen_init(&t->frozen, micro, E, pictures));
    return open_student(t, raw);
}

static Status open_loader(Train *t)
{
    LoaderOptions l = setup_loader(t->o, &t->data, &t->data.train, &t->pretrained.config);
    l.augment = augmentation(t);
    l.shuffle = true;
    l.epochs = t->o->epochs;
    l.epoch = t->state.epoch;
    l.step = t->state.epoch_step;
    TRY(setup_left_out(&l.left_out, t->o, &t->data.train));
    TRY(setup_left_out(&t->eval_left_out, t->o, &t->data.eval));
    t->loading = l;
    return loader_open(&t->loader, &l);
}

// ---- one step -----------------------------------------------------------------------------------

static Tensor *features(Train *t, const Batch *b)
{
    int64_t S = t->pretrained.config.image_size, E = t->pretrained.config.embed;
    const float *x;
    if (t->method->trains_tower) {
        tape_begin(&t->tape, TAPE_TRAIN);
        Tensor *pixels = tape_constant(&t->tape, 4, (int64_t[]){ b->n, 3, S, S }, b->pixels);
        return student_features(&t->tape, &t->student, pixels);
    }
    Status status = frozen_features(&x, &t->frozen, &t->tape, &t->student, b->pixels, b->index,
                                    b->n);
    tape_begin(&t->tape, TAPE_TRAIN);
    if (status != OK) tape_fail(&t->tape, status);
    return tape_constant(&t->tape, 2, (int64_t[]){ b->n, E }, x);
}

// Forward and backward of some of the step's pictures: adds to the gradients.
static Status micro_batch(Train *t, const Batch *b, LossRow *rows)
{
    Tape *tape = &t->tape;
    Tensor *teacher = NULL;
    bool taught = t->loss.form != WEIGHT_NONE;
    if (taught)
        TRY(teacher_logits(&t->teacher, tape, t->teacher_logits, b->pixels, b->index, b->n));
    Tensor *f = features(t, b);                                            // (n,E)
    Tensor *logits = student_logits(tape, &t->student, f, t->classes);     // (n,K)
    if (taught)
        teacher = tape_constant(tape, 2, (int64_t[]){ b->n, t->data.class_count },
                                t->teacher_logits);
    Tensor *loss = proreg_loss(tape, &t->loss, logits, teacher, b->label, b->step_n, rows);
    TRY(tape_backward(tape, loss));
    for (int i = 0; i < b->n; i++)
        t->samples[b->index[i]] = (SampleRow){ rows[i].w, rows[i].p_s, rows[i].p_t };
    progress_add(&t->progress, b->n);
    return OK;
}

static LogLine log_line(const Train *t, const Batch *b, double factor, double norm)
{
    LogLine l = { .step = t->state.step, .epoch = b->epoch, .pictures = b->step_n,
                  .lr = t->optim.lr[GROUP_TOWER] * factor,
                  .head_lr = t->optim.lr[GROUP_HEAD] * factor, .grad_norm = norm };
    for (int i = 0; i < b->step_n; i++) {
        l.loss += t->rows[i].loss;
        l.ce += t->rows[i].ce;
        l.kd += t->rows[i].kd;
        l.w += t->rows[i].w;
    }
    return l;
}

static Status next_pictures(Train *t, Batch *b)
{
    Status status = next_batch(t->loader, &t->loading, b);
    tell_left_out(&t->progress, t->loader, &t->told);
    return status;
}

// The class vectors are made once, and each micro-batch adds to their gradient and to the tower's.
// How the step was cut into micro-batches leaves no trace. *b: the last of them.
static Status gradients(Train *t, Batch *b)
{
    Params *params = &t->student.clip.params;
    int done = 0;
    params_zero_grad(params);
    tape_begin(&t->class_tape, TAPE_TRAIN);
    t->classes = student_classes(&t->class_tape, &t->student);
    do {
        TRY(next_pictures(t, b));
        if (b->n > 0) TRY(micro_batch(t, b, t->rows + done));
        done += b->n;
    } while (!b->last);
    if (done == 0) return OK;
    TRY(student_classes_backward(&t->class_tape, t->classes));
    return params_check_grad(params);
}

static Status update(Train *t, const Batch *b, double start)
{
    Params *params = &t->student.clip.params;
    double norm = params_grad_norm(params);
    double factor = schedule_factor(setup_schedule(t->o), t->state.step, t->counting.warm,
                                    t->counting.total);
    LogLine line = log_line(t, b, factor, norm);
    if (!isfinite(line.loss) || !isfinite(norm))
        return err_set(ERR_FORMAT, "train: step %lld: loss %g, gradient %g: training has diverged",
                       (long long)line.step, line.loss, norm);
    TRY(optim_step(&t->optim, params, line.step, factor, norm));
    line.seconds = seconds_now() - start;
    progress_figure(&t->progress, "loss", line.loss);
    return run_log(t->o->out, &line);
}

// A step of whose pictures none can be read (--skip-bad) passes without an update and a line.
static Status train_step(Train *t, bool *epoch_end)
{
    double start = seconds_now();
    Batch b;
    TRY(gradients(t, &b));
    if (b.step_n > 0) TRY(update(t, &b, start));
    *epoch_end = b.epoch_end;
    t->state.step++;
    t->state.epoch = b.epoch + (b.epoch_end ? 1 : 0);
    t->state.epoch_step = b.epoch_end ? 0 : b.step + 1;
    return OK;
}

// ---- evaluation and checkpoints -----------------------------------------------------------------

static Status answer(void *train, float *logits, const float *pixels, int64_t n)
{
    Train *t = train;
    int64_t S = t->pretrained.config.image_size;
    tape_begin(&t->tape, TAPE_NO_GRAD);
    Tensor *x = tape_constant(&t->tape, 4, (int64_t[]){ n, 3, S, S }, pixels);
    Tensor *f = student_features(&t->tape, &t->student, x);
    return tape_read(&t->tape, logits, student_logits(&t->tape, &t->student, f, t->classes));
}

static Status evaluate_student(Train *t)
{
    LoaderOptions l = setup_loader(t->o, &t->data, &t->data.eval, &t->pretrained.config);
    double start = seconds_now();
    l.left_out = t->eval_left_out;
    tape_begin(&t->class_tape, TAPE_NO_GRAD);
    t->classes = student_classes(&t->class_tape, &t->student);
    score_free(&t->eval);
    TRY(evaluate(&t->eval, &t->data, t->names, &l, answer, t, NULL, t->o->quiet));
    t->progress.start += seconds_now() - start;            // its rate is that of training
    return OK;
}

static Status save(Train *t, bool best)
{
    const char *out = t->o->out;
    char name[32];
    Checkpoint c = { &t->student, &t->pretrained, t->bpe, t->names, t->state };
    snprintf(name, sizeof name, "step-%lld", (long long)t->state.step);
    TRY(run_save_samples(out, t->samples, t->sample_names, t->data.train.n));
    if (t->o->keep > 0) TRY(run_save(out, name, &c));
    if (t->o->keep > 0) TRY(run_forget(out, t->o->keep));
    if (best) TRY(run_save(out, "best", &c));
    return run_save(out, "last", &c);
}

// Appends the evaluation's lines to results.jsonl, then saves: a run that is killed between the two
// goes on from the older checkpoint and drops the lines (run_rewind).
static Status note_evaluation(Train *t)
{
    ScoreRow row = score_row(&t->eval, SCORE_ALL);
    bool best = row.top1 > t->state.best_top1;
    if (best) {
        t->state.best_top1 = row.top1;
        t->state.best_step = t->state.step;
    }
    score_lines(&t->eval, &t->results, t->state.step, t->data.eval.split);
    TRY(run_append(t->o->out, "results.jsonl", &t->results));
    progress_say(&t->progress, "step %lld: top1 %.4f on `%s`%s", (long long)t->state.step, row.top1,
                 t->data.eval.split, best ? ", the best so far" : "");
    return save(t, best);
}

// ---- the loop -----------------------------------------------------------------------------------

static RunFacts facts(const Train *t)
{
    const Dataset *d = &t->data;
    return (RunFacts){ .options = t->o, .recipe = t->recipe, .counting = &t->counting,
                       .model = &t->pretrained, .params = &t->student.clip.params, .be = t->be,
                       .train_split = d->train.split, .eval_split = d->eval.split,
                       .train_pictures = d->train.n, .eval_pictures = d->eval.n,
                       .class_name = t->names, .prompt = t->prompts, .classes = d->class_count };
}

// Two processes may have begun at once; the second one gives way.
static Status claim(Train *t)
{
    if (t->lock >= 0) return OK;           // a resumed run that begins anew
    TRY(folder_make(t->o->out));
    TRY(folder_lock(&t->lock, t->o->out));
    return run_check(t->o->out, false, t->o->overwrite);
}

// The folder appears here, after everything that could be wrong has been looked at.
static Status begin(Train *t)
{
    JsonOut config = { .indent = 2 };
    RunFacts f = facts(t);
    TRY(dataset_hash(&t->data, f.data_hash));
    if (t->o->config && config_same(&f, t->o->config) != OK) say(t->o, "note: %s", err_msg());
    TRY(evaluate_student(t));
    Status status = config_write(&config, &f);
    if (status == OK) status = claim(t);
    if (status == OK) status = run_begin(t->o->out, &config);
    json_out_free(&config);
    TRY(status);
    return note_evaluation(t);
}

static Status save_config(const Train *t, const RunFacts *f)
{
    JsonOut config = { .indent = 2 };
    Status status = config_write(&config, f);
    if (status == OK) status = run_save_config(t->o->out, &config);
    json_out_free(&config);
    return status;
}

static Status go_on(Train *t)
{
    char path[FILE_PATH];
    RunFacts f = facts(t);
    TRY(dataset_hash(&t->data, f.data_hash));
    TRY(path_join(path, t->o->out, "config.json"));
    TRY(config_same(&f, path));
    if (t->eased) TRY(save_config(t, &f));
    return run_rewind(t->o->out, t->state.step);
}

static int64_t last_step(const Train *t)
{
    int64_t most = t->o->max_steps;
    return most > 0 && most < t->counting.steps ? most : t->counting.steps;
}

static int64_t pictures_left(const Train *t)
{
    int64_t n = t->data.train.n, batch = t->o->batch;
    int64_t all = n * (t->o->epochs - t->state.epoch) - t->state.epoch_step * batch;
    int64_t most = (last_step(t) - t->state.step) * batch;
    return most < all ? most : all;
}

static Status loop(Train *t)
{
    int64_t stop = last_step(t), every = t->o->eval_every, saves = t->o->save_every;
    while (t->state.step < stop) {
        bool epoch_end = false;
        TRY(train_step(t, &epoch_end));
        int64_t step = t->state.step;
        if (step == stop || (every > 0 ? step % every == 0 : epoch_end)) {
            TRY(evaluate_student(t));
            TRY(note_evaluation(t));
        } else if (saves > 0 && step % saves == 0) {
            TRY(save(t, false));
        }
    }
    return OK;
}

// Measures the second of two micro-batches; the first has memory to find. What a frozen tower says
// of a picture that never changes is known by then: that forward pass is counted apart.
static Status plan(Train *t)
{
    const Options *o = t->o;
    Batch b = { 0 };
    double times[3] = { 0 };
    bool frozen = t->loss.form != WEIGHT_NONE || !t->method->trains_tower;
    int64_t trained = t->student.clip.params.trained;
    int64_t weights = params_count(&t->pretrained.params) * 4;
    t->progress = progress_begin("plan", 0, true);
    while (b.n == 0) TRY(next_pictures(t, &b));
    for (int i = 0; i < 2; i++) {
        tape_begin(&t->class_tape, TAPE_TRAIN);
        t->classes = student_classes(&t->class_tape, &t->student);
        times[0] = seconds_now();
        TRY(micro_batch(t, &b, t->rows));
        times[1] = seconds_now();
    }
    TRY(answer(t, t->teacher_logits, b.pixels, b.n));
    times[2] = seconds_now();
    int64_t steps = last_step(t), evaluations = o->eval_every ? steps / o->eval_every : o->epochs;
    print_plan(&(Plan){ pictures_left(t), frozen && !augmented(t) ? t->data.train.n : 0,
                        t->data.eval.n, steps, evaluations + 1, (times[1] - times[0]) / b.n,
                        (times[2] - times[1]) / b.n,
                        (int64_t)t->tape.device.peak + trained * 16 + weights,
                        weights + trained * 8 }, o->json);
    return OK;
}

static Status report(Train *t)
{
    if (!t->eval.n) TRY(evaluate_student(t));  // a resumed run that was already at its end
    count_left_out(t->o, t->loading.left_out, &t->data.train, "training pictures");
    count_left_out(t->o, t->eval_left_out, &t->data.eval, "pictures to evaluate on");
    if (t->o->mute) return OK;
    if (!t->o->json) {
        print_eval(&t->eval, t->data.eval.split);
        return OK;
    }
    score_lines(&t->eval, &t->results, t->state.step, t->data.eval.split);
    print_lines(&t->results);
    return json_out_status(&t->results);
}

static Status train(Train *t)
{
    TRY(settings(t));
    TRY(setup_machine(t->o, &t->be));
    tape_init(&t->tape, t->be);
    tape_init(&t->class_tape, t->be);
    TRY(open_data(t));
    TRY(open_models(t));
    TRY(open_loader(t));
    if (t->o->plan) return plan(t);
    t->progress = progress_begin("train", pictures_left(t), t->o->quiet);
    TRY(t->o->resume ? go_on(t) : begin(t));
    TRY(loop(t));
    if (run_page(t->o->out) != OK) say(t->o, "note: no report.html: %s", err_msg());
    return report(t);
}

static Status verb_train(Options *o)
{
    Train t = { .o = o, .state = { .best_top1 = -1 }, .lock = -1 };
    Status status = train(&t);
    progress_end(&t.progress);
    folder_unlock(&t.lock);
    loader_close(t.loader);
    frozen_free(&t.frozen);
    teacher_free(&t.teacher);
    if (t.be) {
        student_free(&t.student);
        clip_free(&t.pretrained);
        tape_free(&t.tape);
        tape_free(&t.class_tape);
    }
    bpe_close(t.bpe);
    score_free(&t.eval);
    json_out_free(&t.results);
    dataset_close(&t.data);
    arena_free(&t.arena);
    return status;
}

// ---- the program --------------------------------------------------------------------------------

static Status verb_demo(Options *o)
{
    return demo(o, verb_train);
}

static const Verb verbs[] = {
    { "demo", "", 0, 0, "seven methods on a drawn world with a bias, in a minute; a report",
      VERB_DEMO, verb_demo },
    { "train", "", 0, 0, "fine-tune on labelled pictures", VERB_TRAIN, verb_train },
    { "eval", "", 0, 0, "accuracy of a run or a model on a split", VERB_EVAL, verb_eval },
    { "zeroshot", "", 0, 0, "accuracy straight from prompts", VERB_ZEROSHOT, verb_zeroshot },
    { "wise", "", 0, 0, "accuracy between a run's weights and the zero-shot ones", VERB_WISE,
      verb_wise },
    { "predict", "IMAGE...", 1, -1, "classify pictures", VERB_PREDICT, verb_predict },
    { "encode", "[IMAGE...]", 0, -1, "pictures or texts to vectors", VERB_ENCODE, verb_encode },
    { "tokenize", "[TEXT...]", 0, -1, "text to ids", VERB_TOKENIZE, verb_tokenize },
    { "info", "[PATH]", 0, 1, "what is in a file of weights, a model, a run, a machine", VERB_INFO,
      verb_info },
    { "pretrain", "", 0, 0, "a small CLIP from pictures and captions", VERB_PRETRAIN,
      verb_pretrain },
    { "export", "", 0, 0, "a run as a Hugging Face folder", VERB_EXPORT, verb_export },
    { "data check", "DIR", 1, 1, "count a data set and find what is wrong with it", VERB_CHECK,
      verb_check },
    { "data decode", "FILE", 1, 1, "a picture's decoded pixels as PPM", VERB_DECODE, verb_decode },
    { "data preprocess", "FILE...", 1, -1, "pictures as the network gets them, as NPY or PPM",
      VERB_PREPROCESS, verb_preprocess },
    { "data augment", "FILE", 1, 1, "a picture as training may see it", VERB_AUGMENT,
      verb_augment },
    { "data world", "", 0, 0, "a small drawn world as a folder", VERB_WORLD, verb_world },
    { 0 },
};

// A standard stream that the caller closed would lend its number to the next file, which messages
// would then be written into; so something that cannot be written takes its place. And a file that
// grows beyond the limit is an error like a full disk, not the end of the process.
static void prepare(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= 2) continue;
    if (fd > 2) close(fd);
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN);
#endif
}

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "";
    Status status = OK;
    prepare();
    if (argc < 2) {
        verbs_help(verbs, stderr);
        return 2;
    }
    if (!strcmp(first, "--version"))
        printf("proreg %s\n", PROREG_VERSION);
    else if (!strcmp(first, "--help") || !strcmp(first, "-h") || !strcmp(first, "help"))
        verbs_help(verbs, stdout);
    else
        status = verb_run(verbs, argc, argv);
    if (status == OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = err_set(ERR_IO, "stdout: cannot write");
    if (status != OK) fprintf(stderr, "proreg: %s\n", err_msg());
    return status == OK ? 0 : status == ERR_USAGE ? 2 : 1;
}

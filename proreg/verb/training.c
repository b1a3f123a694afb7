// training.c - opens what a training run needs, and keeps its folder.
#include "proreg/verb/training.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/set/splits.h"
#include "proreg/page/run_page.h"
#include "proreg/run/sums.h"
#include "proreg/verb/place.h"
#include "proreg/verb/stop.h"

// ---- what is asked ------------------------------------------------------------------------------

// Killed before its first checkpoint, a run has nothing to go on from and has trained nothing: it
// begins again. A folder that merely holds some config.json is no such run.
static Status begin_anew(Options *o)
{
    char last[FILE_PATH], log[FILE_PATH];
    const Method *method;
    TRY(path_join(log, o->out, "log.jsonl"));
    bool begun, logged;
    TRY(run_recover(last, o->out, "last"));
    TRY(path_there(&begun, last));
    TRY(file_there(&logged, log));
    if (begun || logged) return OK;
    TRY(run_method(&method, o->out));
    say(o, "note: %s: killed before its first checkpoint, so it begins anew", o->out);
    o->resume = false;
    o->overwrite = true;
    return OK;
}

static Status resume_options(Training *r)
{
    Options *o = r->o;
    char config[FILE_PATH];
    TRY(folder_lock(&r->lock, o->out));
    TRY(run_take_over(o->out));
    TRY(sums_check_config(o->out));
    TRY(path_join(config, o->out, "config.json"));
    TRY(options_check_resume(o, config, &r->eased));
    TRY(config_keys(config));
    TRY(options_read_config(o, config));
    TRY(config_sides(o, config));
    TRY(config_extended(o, config, true));
    if (options_source(o, "max-steps") == FROM_FLAG) r->eased = true;
    else o->max_steps = 0;                 // it has stopped once
    TRY(begin_anew(o));
    if (!o->resume) o->ends = 0;
    return OK;
}

static Status check_place(const Options *o)
{
    PlaceHow how = o->resume ? PLACE_RESUME : o->overwrite ? PLACE_OVERWRITE : PLACE_NEW;
    TRY(place_check(o, "out", o->out, &place_run, how));
    return how == PLACE_OVERWRITE ? run_spare(o->out, true, 0) : OK;
}

static Status check_options(const Options *o)
{
    if (o->resume && o->overwrite)
        return err_set(ERR_USAGE, "--resume: does not go with --overwrite");
    if (o->resume && o->config) return err_set(ERR_USAGE, "--resume: does not go with --config");
    if (!o->out && (o->resume || !o->plan)) return err_set(ERR_USAGE, "train: needs --out DIR");
    return o->out && !o->plan ? check_place(o) : OK;
}

static Status read_options(Training *r)
{
    Options *o = r->o;
    TRY(check_options(o));
    if (o->resume) TRY(resume_options(r));
    if (o->config) TRY(config_keys(o->config));
    if (o->config) TRY(options_read_config(o, o->config));
    if (o->config) TRY(config_extended(o, o->config, false));
    if (!o->model) return err_set(ERR_USAGE, "train: needs --model PATH");
    if (!o->data && !(o->train_list && o->eval_list))
        return err_set(ERR_USAGE, "train: needs --data DIR");
    r->recipe = recipe_of(o);
    TRY(recipe_apply(o));
    TRY(setup_method(o, &r->method, &r->loss));
    TRY(setup_templates(o));
    TRY(setup_tuned(&r->tuned, &r->start, o));
    if (r->tuned && r->start.method->head != r->method->head)
        return options_error(o, "method", "%s: does not begin from the classifier of method %s "
                             "beside the model (--prompts passes it over)", r->method->name,
                             r->start.method->name);
    r->optim = setup_optim(o);
    if (o->micro_batch > o->batch) o->micro_batch = o->batch;
    return OK;
}

// ---- what is opened -----------------------------------------------------------------------------

static Status name_samples(Training *r)
{
    const SampleSet *set = &r->data.train;
    size_t n = (size_t)set->n;
    r->samples = arena_take(&r->arena, n * sizeof *r->samples);
    r->predictions = arena_zero(&r->arena, (size_t)r->data.eval.n * sizeof *r->predictions);
    if (!r->samples || !r->predictions) return err_memory("train");
    for (size_t i = 0; i < n; i++)
        r->samples[i] = (SampleRecord){ .path = set->sample[i].path, .w = -1,      // not visited
                                        .label = r->names[set->sample[i].label] };
    return OK;
}

// ---- what `best` is chosen on -------------------------------------------------------------------

static bool may_choose(const Training *r, int split, int domain, bool any_kind)
{
    const Dataset *d = &r->data;
    int64_t cell = split * d->domain_count + domain;
    if (r->o->as_before) return true;
    if (r->o->select == SELECT_VAL) return d->chosen_by[cell];
    bool validation = !any_kind && split_kind(d->split[split]) == SPLIT_VAL;
    return !d->chosen_by[cell] && !validation;
}

// Pictures of the evaluation that the choice is made on. any_kind: if nothing else is there to
// select on as a test set, another split of validation is.
static int64_t find_chosen(Training *r, bool any_kind)
{
    const Dataset *d = &r->data;
    int64_t n = 0;
    for (int64_t i = 0; i < d->eval.n; i++) {
        const Sample *s = &d->eval.sample[i];
        bool chosen = may_choose(r, s->split, s->domain, any_kind) &&
                      (r->o->as_before || !s->trained);
        if (chosen) r->chosen_by[s->split * d->domain_count + s->domain] = true;
        n += chosen;
    }
    return n;
}

// Are pictures of a cell that are not trained on left out of the choice?
static bool passed_over(const Training *r, int split, int domain)
{
    int64_t cell = split * r->data.domain_count + domain;
    return !r->chosen_by[cell] && r->data.fresh[cell] > 0;
}

static size_t add_named(char *text, size_t used, const char *format, const char *name)
{
    if (used < TRAINING_TEXT)
        used += (size_t)snprintf(text + used, TRAINING_TEXT - used, format, name);
    return used;
}

// "val", or "val of a, b" where other domains of the split are not chosen on.
static size_t name_chosen_split(char *text, size_t used, const Training *r, int split)
{
    const Dataset *d = &r->data;
    bool some = false, all = true;
    for (int k = 0; k < d->domain_count; k++) all &= !passed_over(r, split, k);
    used = add_named(text, used, "%s", d->split[split]);
    for (int k = 0; k < d->domain_count && !all; k++) {
        if (!r->chosen_by[split * d->domain_count + k]) continue;
        const char *format = some ? ", %s" : *d->split[split] ? " of %s" : "%s";
        used = add_named(text, used, format, d->domain[k]);
        some = true;
    }
    return used;
}

static bool chosen_split(const Training *r, int split)
{
    const Dataset *d = &r->data;
    for (int k = 0; k < d->domain_count; k++)
        if (r->chosen_by[split * d->domain_count + k]) return true;
    return false;
}

// What `best` is chosen on, by names; "" where the data have none.
static Status name_chosen(Training *r)
{
    char text[TRAINING_TEXT] = "";
    size_t used = 0;
    for (int s = 0; s < r->data.split_count; s++) {
        if (!chosen_split(r, s)) continue;
        if (used) used = add_named(text, used, "%s", ", ");
        used = name_chosen_split(text, used, r, s);
    }
    r->chosen_name = arena_string(&r->arena, text);
    return r->chosen_name ? OK : err_memory("train");
}

static Status name_selection(Training *r)
{
    char text[TRAINING_TEXT + 20];
    snprintf(text, sizeof text, "selected on %s", *r->chosen_name ? r->chosen_name
             : "the pictures that are evaluated");
    r->selection = arena_string(&r->arena, text);
    return r->selection ? OK : err_memory("train");
}

static Status open_selection(Training *r)
{
    const Dataset *d = &r->data;
    bool test = r->o->select == SELECT_TEST && !r->o->as_before;
    r->chosen_by = arena_zero(&r->arena, (size_t)(d->split_count * d->domain_count));
    if (!r->chosen_by) return err_memory("train");
    r->chosen = find_chosen(r, false);
    if (test && r->chosen == 0) r->chosen = find_chosen(r, true);
    if (test && r->chosen == 0)
        return options_error(r->o, "select", "test: there are no pictures to evaluate on but those "
                             "that are trained or validated on");
    r->selection = test ? "selected on test" : "none: last is the answer";
    r->note = test ? r->selection : NULL;
    TRY(name_chosen(r));
    return r->chosen && !test ? name_selection(r) : OK;
}

static void tell_selection(const Training *r)
{
    const Options *o = r->o;
    if (r->note) say(o, "note: `best` is %s pictures", r->note);
    else if (r->chosen) say(o, "train: `best` is %s", r->selection);
    else say(o, "note: without validation pictures there is no `best`, and `last` is the answer "
             "(--val-fraction F holds some out)");
}

void training_warn(const Training *r)
{
    tell_trained_on(r->o, &r->data, r->eval_left_out);
    if (r->note) tell_selection(r);
}

// Of the pictures that `best` is chosen on: without those that are trained on.
static Cell count_chosen(const Training *r, const Score *e)
{
    Cell sum = { 0, 0 };
    for (int s = 0; s < e->of.splits; s++)
        for (int k = 0; k < e->of.domains; k++) {
            if (!r->chosen_by[s * e->of.domains + k]) continue;
            ScoreRow row = score_row(e, s, k);
            Cell trained = r->o->as_before ? (Cell){ 0, 0 } : score_trained_on(e, s, k);
            sum.n += row.n - trained.n;
            sum.correct += row.correct - trained.correct;
        }
    return sum;
}

static size_t add_top1(char *text, size_t used, double top1, const char *name)
{
    if (used >= TRAINING_TEXT) return used;
    used += (size_t)snprintf(text + used, TRAINING_TEXT - used, "%s%.4f", used ? ", " : "", top1);
    return *name ? add_named(text, used, " on `%s`", name) : used;
}

// What is chosen on first, then each split that is not just that.
static void tell_top1(char text[TRAINING_TEXT], const Training *r, const Score *e, Cell chosen)
{
    size_t used = 0;
    text[0] = 0;
    if (chosen.n)
        used = add_top1(text, used, (double)chosen.correct / (double)chosen.n, r->chosen_name);
    for (int s = 0; s < e->of.splits; s++) {
        ScoreRow all = score_row(e, s, SCORE_ALL);
        bool told = chosen.n && !strcmp(r->chosen_name, e->of.split_name[s]) &&
                    all.n == chosen.n;
        if (all.n && !told) used = add_top1(text, used, all.top1, e->of.split_name[s]);
    }
}

bool training_choose(Training *r, const Score *e, char text[TRAINING_TEXT])
{
    RunState *state = &r->state;
    const Cell c = count_chosen(r, e);
    double top1 = c.n ? (double)c.correct / (double)c.n : -1;
    tell_top1(text, r, e, c);
    if (top1 <= state->best_top1) return false;
    state->best_top1 = top1;
    state->best_step = state->step;
    add_named(text, strlen(text), ", %s", "the best so far");
    return true;
}

// A classifier to begin from has its classes; each of them must have a folder, or pictures.
static Status check_start(const Training *r)
{
    const Dataset *d = &r->data;
    for (int k = 0; k < d->class_count && r->tuned; k++) {
        int64_t i = 0;
        while (i < d->train.n && d->train.sample[i].label != k) i++;
        if (i == d->train.n && !d->classes[k].folder)
            return err_set(ERR_FORMAT, "train: %sclassifier.safetensors: its class %s is not among "
                           "the data's (--prompts passes it over)", r->start.path,
                           d->classes[k].name);
    }
    return OK;
}

// What is known of a run before there is a model; a run is resumed with the same data only.
static Status identify_data(Training *r)
{
    const Dataset *d = &r->data;
    const Options *o = r->o;
    char path[FILE_PATH];
    r->facts = (RunFacts){ .options = o, .train_split = d->train.split,
                           .eval_split = d->eval.split, .train_pictures = d->train.n,
                           .eval_pictures = d->eval.n,
                           .eval_trained_on = count_trained_on(d, NULL),
                           .selection = o->as_before ? NULL : r->selection,
                           .validation_pictures = o->select == SELECT_VAL ? r->chosen : 0,
                           .class_name = r->names, .prompt = r->prompts,
                           .classes = d->class_count };
    TRY(dataset_hash(d, r->facts.data_hash));
    TRY(dataset_hash_train(d, r->facts.train_hash));
    dataset_hash_order(d, r->facts.order_hash);
    if (!o->resume) return OK;
    TRY(path_join(path, o->out, "config.json"));
    return config_same_data(&r->facts, path);
}

// A run that was extended has a schedule for each stretch of epochs.
static Counting counting_part(const Training *r, int i)
{
    const Options *o = r->o;
    int64_t from = i > 0 ? o->ended[i - 1] : 0, to = i < o->ends ? o->ended[i] : o->epochs;
    return recipe_counting(r->recipe, r->data.train.n, to - from, o->batch, o->warmup);
}

// What config.json says: the last schedule, and the steps of the whole run.
static Counting whole_counting(const Training *r)
{
    Counting last = counting_part(r, r->o->ends);
    last.steps = 0;
    for (int i = 0; i <= r->o->ends; i++) last.steps += counting_part(r, i).steps;
    return last;
}

static Status open_data(Training *r)
{
    Dataset *d = &r->data;
    Options *o = r->o;
    TRY(setup_dataset(d, o, DATASET_TRAIN | DATASET_EVAL, r->start.class_name, r->start.classes));
    TRY(check_start(r));
    TRY(setup_names(d, &r->arena, &r->names, &r->prompts));
    r->counting = whole_counting(r);
    TRY(name_samples(r));
    TRY(open_selection(r));
    say(o, "train: %lld pictures, evaluated on %lld%s%s, %d classes", (long long)d->train.n,
        (long long)d->eval.n, *d->eval.split ? " of split " : "", d->eval.split, d->class_count);
    if (!o->as_before) tell_selection(r);
    return identify_data(r);
}

// A checkpoint's three counts must belong together and to this training set.
static Status check_state(const Training *r, const char *checkpoint)
{
    const RunState *s = &r->state;
    int64_t steps = r->counting.steps, of_epoch = steps / r->o->epochs;
    if (s->step != s->epoch * of_epoch + s->epoch_step || s->epoch_step >= of_epoch ||
        s->step > steps)
        return err_set(ERR_FORMAT, "checkpoint: %s/state.json: step %lld is not step %lld of epoch "
                       "%lld: there are %lld epochs of %lld", checkpoint, (long long)s->step,
                       (long long)s->epoch_step, (long long)s->epoch, (long long)r->o->epochs,
                       (long long)of_epoch);
    if (s->best_top1 > 1 || s->best_step > s->step)
        return err_set(ERR_FORMAT, "checkpoint: %s/state.json: the best of step %lld is %g at step "
                       "%lld", checkpoint, (long long)s->step, s->best_top1,
                       (long long)s->best_step);
    return OK;
}

static Status open_checkpoint(Training *r, Student *s)
{
    char last[FILE_PATH], path[FILE_PATH];
    TRY(run_checkpoint(last, r->o->out, "last"));          // it says all that is to be known of it
    TRY(setup_checkpoint(r->o, last, true));
    TRY(sums_check_run(r->o->out, last));
    TRY(student_open(s, r->be, last, NULL, r->method, r->data.class_count, NULL, 0));
    TRY(path_join(path, last, "classifier.safetensors"));
    TRY(student_load_classifier(s, path));
    TRY(path_join(path, last, "optimizer.safetensors"));
    TRY(student_load_optimizer(s, path));
    TRY(run_load_state(&r->state, last));
    TRY(check_state(r, last));
    TRY(run_spare(r->o->out, r->o->keep > 0, r->state.step + 1));
    return samples_load(r->o->out, r->samples, r->data.train.n);
}

// The class vectors (K,E) that a student with such a head begins with.
static Status first_vectors(Training *r, float *raw, float *unit)
{
    const Options *o = r->o;
    char path[FILE_PATH];
    int64_t K = r->data.class_count;
    if (r->method->head != HEAD_PROMPT) return OK;
    if (!r->tuned)
        return zeroshot_classes(raw, unit, &r->pretrained, r->bpe, r->prompts, K, o->template.item,
                                o->template.n);
    TRY(path_join(path, r->start.path, "classifier.safetensors"));
    TRY(tuned_scale(&r->pretrained, path));
    return tuned_vectors(raw, unit, path, K, r->pretrained.config.embed);
}

static Status begin_student(Training *r, Student *s, const float *raw)
{
    const Options *o = r->o;
    const ClipOptions options = setup_clip(o, CLIP_IMAGE);
    char path[FILE_PATH];
    TRY(student_open(s, r->be, o->model, &options, r->method, r->data.class_count, raw,
                     (uint64_t)o->seed));
    if (!r->tuned) return OK;
    TRY(path_join(path, r->start.path, "classifier.safetensors"));
    return student_load_classifier(s, path);
}

static Status open_models(Training *r, Student *student, Teacher *teacher)
{
    Options *o = r->o;
    int64_t K = r->data.class_count, kept = training_augments(r) ? 0 : r->data.train.n;
    bool prompts = r->method->head == HEAD_PROMPT && !r->tuned;
    TRY(setup_model(&r->pretrained, o, r->be, o->model, CLIP_BOTH));
    TRY(setup_bpe(&r->bpe, o, &r->pretrained, prompts));
    int64_t E = r->pretrained.config.embed;
    float *raw = arena_zero(&r->arena, (size_t)(K * E) * sizeof *raw);     // (K,E)
    float *unit = arena_zero(&r->arena, (size_t)(K * E) * sizeof *unit);   // (K,E)
    if (!raw || !unit) return err_memory("train");
    TRY(first_vectors(r, raw, unit));
    TRY(teacher_init(teacher, &r->pretrained, unit, K, r->loss.form ? kept : 0));
    TRY(o->resume ? open_checkpoint(r, student) : begin_student(r, student, raw));
    return student_keep(student, kept);
}

// How the training pictures come: every epoch in an order of its own, from where the run stands.
static Status describe_loading(Training *r)
{
    LoaderOptions l = setup_loader(r->o, &r->data, &r->data.train, &r->pretrained.config);
    l.augment = setup_augment(r->o, r->o->augment == AUGMENT_RANDAUG);
    l.training = true;
    l.epochs = r->o->epochs;
    l.epoch = r->state.epoch;
    l.step = r->state.epoch_step;
    TRY(setup_left_out(&l.left_out, r->o, &r->data.train));
    TRY(setup_left_out(&r->eval_left_out, r->o, &r->data.eval));
    r->loading = l;
    return OK;
}

Status training_open(Training *r, Options *o, Student *student, Teacher *teacher)
{
    *r = (Training){ .o = o, .state = { .best_top1 = -1 }, .lock = -1 };
    TRY(read_options(r));
    TRY(setup_machine(o, &r->be));
    TRY(open_data(r));
    TRY(open_models(r, student, teacher));
    return describe_loading(r);
}

void training_close(Training *r)
{
    folder_unlock(&r->lock);
    if (r->be) clip_free(&r->pretrained);
    bpe_close(r->bpe);
    dataset_close(&r->data);
    arena_free(&r->arena);
}

// ---- the folder ---------------------------------------------------------------------------------

Status training_identify(Training *r, const Student *student)
{
    const Options *o = r->o;
    char path[FILE_PATH];
    r->facts.counting = &r->counting;
    r->facts.model = &r->pretrained;
    r->facts.params = &student->clip.params;
    r->facts.be = r->be;
    r->facts.tuned = r->tuned ? r->start.path : NULL;
    if (o->resume) {
        TRY(path_join(path, o->out, "config.json"));
        return config_same(&r->facts, path);
    }
    if (o->config && config_same(&r->facts, o->config) != OK) say(o, "note: %s", err_msg());
    return OK;
}

// Two processes may have begun at once; the second one gives way.
static Status claim(Training *r)
{
    if (r->lock >= 0) return OK;           // a resumed run that begins anew
    TRY(folder_make(r->o->out));
    TRY(folder_lock(&r->lock, r->o->out));
    return check_place(r->o);
}

Status training_begin(Training *r)
{
    JsonOut config = { .indent = 2 };
    r->facts.eval_trained_on = count_trained_on(&r->data, r->eval_left_out);
    Status status = config_write(&config, &r->facts);
    if (status == OK) status = claim(r);
    if (status == OK) return run_begin(r->o->out, &config);
    json_out_free(&config);
    return status;
}

static Status save_config(const Training *r)
{
    JsonOut config = { .indent = 2 };
    Status status = config_write(&config, &r->facts);
    if (status == OK) return run_save_config(r->o->out, &config);
    json_out_free(&config);
    return status;
}

static void tell_extension(const Training *r)
{
    const Options *o = r->o;
    long long from = o->ended[o->ends - 1];
    if (o->schedule == SCHEDULE_CONSTANT)
        say(o, "train: extended from %lld to %lld epochs; the rate stays as it is (--schedule "
            "constant)", from, (long long)o->epochs);
    else
        say(o, "train: extended from %lld to %lld epochs; the schedule (%s) begins anew after "
            "epoch %lld, warm-up included", from, (long long)o->epochs,
            schedule_name(o->schedule), from);
}

Status training_continue(Training *r)
{
    if (r->o->ends > 0) tell_extension(r);
    if (r->o->max_steps > 0 && r->o->max_steps < r->state.step)
        return err_set(ERR_FORMAT, "train: --max-steps %lld: the run has made %lld already",
                       (long long)r->o->max_steps, (long long)r->state.step);
    if (r->state.step >= training_last_step(r))
        say(r->o, "note: all %lld steps are made already: nothing is trained (%s extends the run)",
            (long long)r->state.step, r->o->max_steps > 0 ? "--max-steps N" : "--epochs N");
    if (r->eased) TRY(save_config(r));
    return run_rewind(r->o->out, r->state.step);
}

Status training_save(const Training *r, const Student *student, bool best)
{
    const char *out = r->o->out;
    char name[32];
    const Items *t = &r->o->template;
    Checkpoint c = { .student = student, .pretrained = &r->pretrained, .bpe = r->bpe,
                     .class_name = r->names, .prompt = r->prompts, .template = t->item,
                     .templates = t->n, .state = r->state };
    if (r->tuned) c.prompt = r->start.prompt;
    if (r->tuned) c.template = r->start.template, c.templates = r->start.templates;
    snprintf(name, sizeof name, "step-%lld", (long long)r->state.step);
    TRY(samples_save(out, r->samples, r->data.train.n));
    if (r->o->keep > 0) TRY(run_save(out, name, &c));
    if (r->o->keep > 0) TRY(run_forget(out, r->o->keep));
    if (best) TRY(run_save(out, "best", &c));
    return run_save(out, "last", &c);
}

// --max-steps is not taken from config.json, so that a run that it ended can go on.
static void way_on(char *command, size_t size, const Options *o)
{
    char steps[32];
    *command = 0;
    stop_word(command, size, o->program ? o->program : "proreg");
    stop_word(command, size, "train");
    stop_word(command, size, "--resume");
    stop_word(command, size, "--out");
    stop_word(command, size, o->out);
    if (o->max_steps <= 0) return;
    snprintf(steps, sizeof steps, "%lld", (long long)o->max_steps);
    stop_word(command, size, "--max-steps");
    stop_word(command, size, steps);
}

Status training_stopped(const Training *r)
{
    char command[2 * FILE_PATH + 64];
    way_on(command, sizeof command, r->o);
    const Stopped stop = { stop_name(), training_last_step(r), command };
    if (run_page(r->o->out, &stop) != OK)
        say(r->o, "train: %s has no report: %s", r->o->out, err_msg());
    return err_set(ERR_STOPPED, "train: %s: stopped after step %lld of %lld, which is saved; go on "
                   "with: %s", stop.by, (long long)r->state.step, (long long)stop.steps, command);
}

// ---- numbers that are not finite ----------------------------------------------------------------

// The checkpoint from before it stays; what --check has found stands before this.
static Status say_what_to_try(const Training *r, const char *what)
{
    const Options *o = r->o;
    return err_set(ERR_DIVERGED, "%s: training has diverged: %stry a smaller --lr%s%s; %s/last is "
                   "kept", what, o->check ? "" : "--check names the first op; ",
                   o->clip_norm > 0 ? "" : ", --clip-norm 1",
                   o->clamp_scale ? "" : ", --clamp-scale", o->out);
}

Status training_finite(const Training *r, const LogRecord *line)
{
    char what[200];
    if (isfinite(line->loss) && isfinite(line->grad_norm) && isfinite(line->logit_scale)) return OK;
    snprintf(what, sizeof what, "train: step %lld: loss %g, gradient norm %g, logit scale %g",
             (long long)line->step, line->loss, line->grad_norm, line->logit_scale);
    return say_what_to_try(r, what);
}

Status training_judge(const Training *r, Status status)
{
    if (status != ERR_DIVERGED) return status;
    err_prefix(status, "train: after step %lld", (long long)r->state.step - 1);
    return say_what_to_try(r, err_msg());
}

// A pretrained scale of ln 100 may be rounded up.
Status training_scale(Training *r, Clip *c, Progress *p)
{
    float scale;
    if (r->o->clamp_scale) return clip_clamp_scale(c);
    TRY(clip_scale(&scale, c));
    if (r->scale_told || (scale >= 0 && (double)scale <= CLIP_SCALE_MOST + 1e-3)) return OK;
    r->scale_told = true;
    progress_say(p, "note: step %lld: the logit scale is %.4f, out of [0, ln 100], where CLIP was "
                 "trained (--clamp-scale keeps it there)", (long long)r->state.step,
                 (double)scale);
    return OK;
}

// ---- questions ----------------------------------------------------------------------------------

int64_t training_last_step(const Training *r)
{
    int64_t most = r->o->max_steps;
    return most > 0 && most < r->counting.steps ? most : r->counting.steps;
}

int64_t training_pictures_left(const Training *r)
{
    int64_t n = r->data.train.n, batch = r->o->batch;
    int64_t all = n * (r->o->epochs - r->state.epoch) - r->state.epoch_step * batch;
    int64_t most = (training_last_step(r) - r->state.step) * batch;
    return most < all ? most : all;
}

double training_factor(const Training *r)
{
    const Options *o = r->o;
    int64_t start = 0, step = r->state.step;
    int i = 0;
    Counting c = counting_part(r, 0);
    while (i < o->ends && step >= start + c.steps) start += c.steps, c = counting_part(r, ++i);
    if (i > 0 && o->schedule == SCHEDULE_CONSTANT) return 1;
    return schedule_factor((Schedule)o->schedule, step - start, c.warm, c.total);
}

bool training_augments(const Training *r)
{
    const Options *o = r->o;
    return o->augment == AUGMENT_RANDAUG || o->random_crop > 0 || o->flip;
}

// train.c - the program: how a model is fine-tuned, told from top to bottom; then the table of
// verbs and main.
//
// The struct, one step, evaluation, the loop, train(): read down. What is opened before the first
// step, and the run's folder, is proreg/verb/training.c; the method itself is proreg/loss.c, the
// model clip/vit.c, the other verbs proreg/verb/*.c.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Batch, Loader, loader_open, loader_close
#include "data/set/loader.h"
// Optim, optim_step
#include "nn/optim.h"
// run_page
#include "proreg/page/run_page.h"
// Student, Teacher, LossConfig, LossRow, student_logits, teacher_logits, proreg_loss
#include "proreg/proreg.h"
// Score, score_free
#include "proreg/run/score.h"
// Predictor, evaluate
#include "proreg/verb/ask.h"
// plan_print
#include "proreg/verb/plan.h"
// print_score
#include "proreg/verb/print.h"
// stop_watch, stop_asked
#include "proreg/verb/stop.h"
// Training, training_open, training_begin, training_continue, training_save
#include "proreg/verb/training.h"
// verb_eval, verb_zeroshot, ..
#include "proreg/verb/verbs.h"
// stack_ensure
#include "tensor/base/par.h"
// check_finite
#include "tensor/check.h"

typedef struct {
    Training run;                          // options, data, the pretrained model, the run's folder
    Student student;
    Teacher teacher;                       // the pretrained model, frozen
    Loader *loader;
    int64_t told;                          // training pictures that were left out, and named

    Tape tape, class_tape;                 // of a micro-batch; of the class vectors, once per step
    Tensor *classes;                       // (K,E) on class_tape; NULL: a head without them
    LossRow *rows;                         // (batch)
    Score eval;                            // the last evaluation
    Progress progress;
} Train;

// ---- one step -----------------------------------------------------------------------------------

static Status next_pictures(Train *t, Batch *b)
{
    Status status = next_batch(t->loader, &t->run.loading, b);
    tell_left_out(&t->progress, t->loader, &t->told);
    return status;
}

static void note_pictures(Train *t, const Batch *b, const LossRow *rows)
{
    for (int i = 0; i < b->n; i++) {
        SampleRecord *s = &t->run.samples[b->index[i]];
        s->w = rows[i].w;
        s->p_s = rows[i].p_s;
        s->p_t = rows[i].p_t;
    }
    progress_add(&t->progress, b->n);
}

// Leaves the gradient of the mean loss over a batch in the parameters. The batch comes as
// micro-batches that fit into memory, the first of them in *b: each one's backward pass adds to the
// gradients of the tower and of the class vectors, which are made once. The loss of each is divided
// by the size of the whole batch, and every sum over pictures is one chain in their order
// (tensor/README.md), so that how the batch was cut leaves no trace in a single bit.
static Status gradient(Train *t, Batch *b)
{
    Student *s = &t->student;
    Tape *tape = &t->tape;
    const LossConfig *c = &t->run.loss;
    int done = 0;
    params_zero_grad(&s->clip.params);
    tape_begin(&t->class_tape, TAPE_TRAIN);
    t->classes = student_classes(&t->class_tape, s);                            // (K,E)
    TRY(tape_status(&t->class_tape));
    for (;;) {
        tape_begin(tape, TAPE_TRAIN);                     // forgets the last micro-batch
        if (b->n > 0) {
            Tensor *x = tape_pictures(tape, b->pixels, b->n, s->clip.config.image_size);
            Tensor *z_t = c->form ? teacher_logits(tape, &t->teacher, x, b->index) : NULL;
            Tensor *z_s = student_logits(tape, s, x, b->index, t->classes);     // (n,K), as z_t
            LossRow *rows = t->rows + done;
            Tensor *loss = proreg_loss(tape, c, z_s, z_t, b->label, b->step_n, rows);
            TRY(tape_backward(tape, loss));               // adds to ->grad
            note_pictures(t, b, rows);
        }
        done += b->n;
        if (b->last) break;
        TRY(next_pictures(t, b));
    }
    if (done == 0) return OK;
    TRY(student_classes_backward(&t->class_tape, t->classes));
    return params_check_grad(&s->clip.params);
}

static LogRecord log_record(const Train *t, const Batch *b, double factor, double norm,
                            float scale)
{
    const Optim *o = &t->run.optim;
    LogRecord r = { .step = t->run.state.step, .epoch = b->epoch, .grad_norm = norm,
                    .logit_scale = (double)scale,
                    .lr = o->lr[GROUP_TOWER] * factor, .head_lr = o->lr[GROUP_HEAD] * factor };
    for (int i = 0; i < b->step_n; i++) {
        r.loss += t->rows[i].loss;             // each is a share of the mean already
        r.ce += t->rows[i].ce;
        r.kd += t->rows[i].kl;                 // the log's kd is KD less a constant: T^2 KL
        r.w += t->rows[i].w;
    }
    r.ce /= b->step_n;
    r.kd /= b->step_n;
    r.w /= b->step_n;
    return r;
}

// The first update has rate 0 where there is warm-up: it moves AdamW's moments alone.
//
// A penalty on the weights would add its gradient to params->grad here, before the norm is taken.
// The pretrained weights, to pull towards, are run.pretrained's: with --resume the student itself
// was opened from a checkpoint.
static Status update(Train *t, const Batch *b, double start)
{
    Params *params = &t->student.clip.params;
    const Training *run = &t->run;
    double norm = params_grad_norm(params);
    double factor = training_factor(run);
    float scale;
    TRY(clip_scale(&scale, &t->student.clip));
    LogRecord line = log_record(t, b, factor, norm, scale);
    TRY(training_finite(run, &line));
    TRY(optim_step(&run->optim, params, line.step, factor, norm));
    TRY(training_scale(&t->run, &t->student.clip, &t->progress));
    line.seconds = seconds_now() - start;
    line.images_per_s = b->step_n / line.seconds;
    progress_figure(&t->progress, "loss", line.loss);
    return log_append(run->o->out, &line);
}

// What --check found, with the step and the pictures that led to it.
static Status say_where(const Train *t, const Batch *b, Status status)
{
    char names[300] = "";
    int used = 0, shown = b->n < 3 ? b->n : 3;
    for (int i = 0; i < shown; i++)
        used += snprintf(names + used, sizeof names - (size_t)used, "%s%.80s", i ? ", " : "",
                         t->run.samples[b->index[i]].path);
    return err_prefix(status, "train: step %lld, %d pictures (%s%s)",
                      (long long)t->run.state.step, b->n, names, shown < b->n ? ", .." : "");
}

// A step none of whose pictures can be read (--skip-bad) is counted, but updates and logs nothing.
static Status train_step(Train *t, bool *epoch_end)
{
    RunState *state = &t->run.state;
    double start = seconds_now();
    Batch b;
    TRY(next_pictures(t, &b));
    Status status = gradient(t, &b);
    if (status != OK) return t->run.o->check ? say_where(t, &b, status) : status;
    if (b.step_n > 0) TRY(update(t, &b, start));
    *epoch_end = b.epoch_end;
    state->step++;
    state->epoch = b.epoch + (b.epoch_end ? 1 : 0);
    state->epoch_step = b.epoch_end ? 0 : b.step + 1;
    return OK;
}

// ---- evaluation ---------------------------------------------------------------------------------

static Status evaluate_student(Train *t)
{
    Training *r = &t->run;
    LoaderOptions l = setup_loader(r->o, &r->data, &r->data.eval, &r->pretrained.config);
    double start = seconds_now();
    l.left_out = r->eval_left_out;
    tape_begin(&t->class_tape, TAPE_NO_GRAD);
    t->classes = student_classes(&t->class_tape, &t->student);
    TRY(tape_status(&t->class_tape));
    score_free(&t->eval);
    Predictor p = { &t->tape, &t->student, t->classes, NULL, r->predictions };
    TRY(evaluate(&t->eval, &r->data, r->names, &l, &p, NULL, r->o->quiet));
    t->eval.of.note = r->note;
    t->progress.start += seconds_now() - start;            // its rate is that of training
    return OK;
}

// Appends the evaluation's lines to results.jsonl, then saves: a run that is killed between the two
// goes on from the older checkpoint and drops the lines (run_rewind).
static Status note_evaluation(Train *t)
{
    char text[TRAINING_TEXT];
    bool best = training_choose(&t->run, &t->eval, text);
    TRY(predictions_save(t->run.o->out, t->run.state.step, t->run.predictions,
                         t->run.data.eval.n));
    TRY(results_append(t->run.o->out, &t->eval, t->run.state.step));
    progress_say(&t->progress, "step %lld: top1 %s", (long long)t->run.state.step, text);
    return training_save(&t->run, &t->student, best);
}

// ---- the loop -----------------------------------------------------------------------------------

// Asked to stop by a signal, it saves the step that is done; an evaluation that is due is part of
// it, so that the run goes on to the same bits and the same lines.
static Status loop(Train *t)
{
    const Options *o = t->run.o;
    int64_t stop = training_last_step(&t->run), every = o->eval_every;
    stop_watch(o->quiet);
    while (t->run.state.step < stop) {
        bool epoch_end = false;
        TRY(train_step(t, &epoch_end));
        int64_t step = t->run.state.step;
        bool asked = stop_asked();
        if (step == stop || (every > 0 ? step % every == 0 : epoch_end)) {
            TRY(training_judge(&t->run, evaluate_student(t)));
            TRY(note_evaluation(t));
        } else if (asked || (o->save_every > 0 && step % o->save_every == 0)) {
            TRY(training_save(&t->run, &t->student, false));
        }
        if (asked && step < stop) return training_stopped(&t->run);
    }
    return OK;
}

// A new run: the student is evaluated as it begins, the folder made, step 0 recorded. A resumed
// one: the logs are cut back to its checkpoint.
static Status begin(Train *t)
{
    TRY(training_identify(&t->run, &t->student));
    if (t->run.o->resume) return training_continue(&t->run);
    TRY(evaluate_student(t));
    TRY(training_begin(&t->run));
    return note_evaluation(t);
}

static Status plan_gradient(void *train, Batch *b, Tensor **classes)
{
    Train *t = train;
    TRY(gradient(t, b));
    *classes = t->classes;
    return OK;
}

// --plan: a run that was opened is measured instead of run.
static Status measure(Train *t)
{
    t->progress = progress_begin("plan", 0, true);
    return plan(&(PlanOf){ .run = &t->run, .student = &t->student, .loader = t->loader,
                           .tape = &t->tape, .gradient = plan_gradient, .train = t });
}

// The result on stdout.
static Status tell(Train *t)
{
    const Training *r = &t->run;
    if (!t->eval.n) TRY(evaluate_student(t));  // none yet: a resumed run that was at its end
    count_left_out(r->o, r->loading.left_out, &r->data.train, "training pictures");
    count_left_out(r->o, r->eval_left_out, &r->data.eval, "pictures to evaluate on");
    training_warn(r);
    if (r->o->mute) return OK;
    if (!r->o->json) print_checkpoint("last", &r->state);
    return print_score(&t->eval, r->state.step, r->o->json);
}

static Status train(Train *t, Options *o)
{
    TRY(training_open(&t->run, o, &t->student, &t->teacher));
    TRY(loader_open(&t->loader, &t->run.loading));
    tape_init(&t->tape, t->run.be);
    tape_init(&t->class_tape, t->run.be);
    t->tape.recompute = t->class_tape.recompute = o->recompute;
    if (o->check) t->tape.check = t->class_tape.check = check_finite;
    t->rows = arena_take(&t->run.arena, (size_t)o->batch * sizeof *t->rows);
    if (!t->rows) return err_memory("train");
    if (o->plan) return measure(t);
    t->progress = progress_begin("train", training_pictures_left(&t->run), o->quiet);
    TRY(begin(t));
    TRY(loop(t));
    TRY(tell(t));
    Status status = run_page(o->out, NULL);
    return status == OK ? OK : err_prefix(status, "train: %s is whole but for its report", o->out);
}

static Status verb_train(Options *o)
{
    Train t = { 0 };
    Status status = train(&t, o);
    progress_end(&t.progress);
    loader_close(t.loader);
    teacher_free(&t.teacher);
    if (t.run.be) {
        student_free(&t.student);
        tape_free(&t.tape);
        tape_free(&t.class_tape);
    }
    score_free(&t.eval);
    training_close(&t.run);
    return status;
}

// ---- the program --------------------------------------------------------------------------------

static Status verb_demo(Options *o)
{
    return demo(o, verb_train);
}

static const Verb verbs[] = {
    { "demo", "", 0, 0, "seven methods on a drawn world with a bias; a report",
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
    { "export", "", 0, 0, "a run or a model as a folder for transformers or open_clip", VERB_EXPORT,
      verb_export },
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
    Status status = stack_ensure();
    prepare();
    if (argc < 2) {
        verbs_help(verbs, stderr);
        return 2;
    }
    if (!strcmp(first, "--version"))
        printf("proreg %s\n", PROREG_VERSION);
    else if (status == OK)
        status = verb_run(verbs, argc, argv);
    if (status == OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = err_set(ERR_IO, "stdout: cannot write");
    if (status != OK) fprintf(stderr, "proreg: %s\n", err_msg());
    if (status == ERR_STOPPED) return 128 + stop_asked();
    return status == OK ? 0 : status == ERR_USAGE ? 2 : 1;
}

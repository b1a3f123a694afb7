// ask.c - opens a classifier, from prompts or from a run, and evaluates it on pictures.
#include "proreg/verb/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/fmath.h"

// ---- classifiers --------------------------------------------------------------------------------

static Status from_prompts(Classifier *c, Options *o, const char *const *prompts, int n)
{
    float *unit = malloc((size_t)n * (size_t)c->clip.config.embed * sizeof *unit);
    if (!unit) return err_memory("classes");
    Status status = zeroshot_classes(NULL, unit, &c->clip, c->bpe, prompts, n, o->template.item,
                                     o->template.n);
    if (status == OK) status = teacher_init(&c->teacher, &c->clip, unit, n, 0);
    free(unit);
    return status;
}

Status classifier_zeroshot(Classifier *c, Options *o, const Backend *be,
                           const char *const *prompts, int n)
{
    *c = (Classifier){ .be = be, .n = n };
    TRY(setup_templates(o));
    TRY(setup_model(&c->clip, o, be, o->model, CLIP_BOTH));
    c->config = &c->clip.config;
    tape_init(&c->tape, be);
    tape_init(&c->class_tape, be);
    Status status = setup_bpe(&c->bpe, o, &c->clip, true);
    if (status == OK) status = from_prompts(c, o, prompts, n);
    if (status != OK) classifier_free(c);
    return status;
}

Status classifier_student(Classifier *c, const Backend *be, const RunCheckpoint *run,
                          const Options *o)
{
    char path[FILE_PATH];
    *c = (Classifier){ .be = be, .n = run->classes, .tuned = true };
    const ClipOptions options = setup_clip(o, CLIP_IMAGE);
    TRY(student_open(&c->student, be, run->path, &options, run->method, run->classes, NULL, 0));
    c->config = &c->student.clip.config;
    tape_init(&c->tape, be);
    tape_init(&c->class_tape, be);
    Status status = path_join(path, run->path, "classifier.safetensors");
    if (status == OK) status = student_load_classifier(&c->student, path);
    tape_begin(&c->class_tape, TAPE_NO_GRAD);
    if (status == OK) c->classes = student_classes(&c->class_tape, &c->student);
    if (status == OK) status = tape_status(&c->class_tape);
    if (status != OK) classifier_free(c);
    return status;
}

void classifier_free(Classifier *c)
{
    if (c->be) {
        tape_free(&c->tape);
        tape_free(&c->class_tape);
    }
    if (c->tuned) student_free(&c->student);
    else if (c->be) clip_free(&c->clip);
    teacher_free(&c->teacher);
    bpe_close(c->bpe);
    *c = (Classifier){ 0 };
}

Predictor classifier_predictor(Classifier *c)
{
    if (!c->tuned) return (Predictor){ .tape = &c->tape, .teacher = &c->teacher };
    return (Predictor){ .tape = &c->tape, .student = &c->student, .classes = c->classes };
}

Status predict_logits(const Predictor *p, float *logits, const float *pixels, int64_t n)
{
    const Clip *clip = p->student ? &p->student->clip : p->teacher->clip;
    tape_begin(p->tape, TAPE_NO_GRAD);
    Tensor *x = tape_pictures(p->tape, pixels, n, clip->config.image_size);
    Tensor *z = p->student ? student_logits(p->tape, p->student, x, NULL, p->classes)
                           : teacher_logits(p->tape, p->teacher, x, NULL);
    return tape_read(p->tape, logits, z);
}

// ---- between zero-shot and a run ----------------------------------------------------------------

// The other end must be the weights that the run began with, wherever the file is now. only_known:
// a shard, which older programs did not record.
static Status check_file(const Options *o, const char *file, bool only_known)
{
    char path[FILE_PATH], hex[65];
    Arena arena = { 0 };
    const Json *root, *hashes;
    bool same = false;
    TRY(run_hash(hex, file));
    TRY(path_join(path, o->run, "config.json"));
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = json_need(&hashes, root, "model_sha256", JSON_OBJECT);
    for (int64_t i = 0; status == OK && i < hashes->count; i++) {
        const Json *v = json_at(hashes, i);
        same |= v->type == JSON_STRING && !strcmp(v->string, hex);
    }
    if (status == OK && only_known) same |= !json_get(hashes, path_name(file));
    arena_free(&arena);
    if (status == OK && !same)
        status = err_set(ERR_FORMAT, "wise: %s: is not what the run began with: its SHA-256 %.12s.."
                         " is not in %s", file, hex, path);
    return status;
}

// The pretrained model's class vectors (n,E) from the prompts, not normalized: what a student
// starts from.
static Status zeroshot_vectors(float *raw, Options *o, const Clip *clip,
                               const char *const *prompts, int n)
{
    Bpe *bpe;
    TRY(setup_bpe(&bpe, o, clip, true));
    Status status = zeroshot_classes(raw, NULL, clip, bpe, prompts, n, o->template.item,
                                     o->template.n);
    bpe_close(bpe);
    return status;
}

// From a classifier beside the model, whose classes must be the run's.
static Status start_vectors(float *raw, const Options *o, const char *path, const Classifier *c)
{
    int64_t E = c->config->embed;
    TRY(check_file(o, path, false));
    float *unit = malloc((size_t)(c->n * E) * sizeof *unit);
    Status status = unit ? tuned_vectors(raw, unit, path, c->n, E) : err_memory("wise");
    free(unit);
    return status;
}

static Status check_weights(const Options *o, const Clip *c)
{
    const char *shard;
    TRY(check_file(o, c->file, false));
    for (int64_t i = 0; (shard = weights_shard(c->weights, i)); i++)
        TRY(check_file(o, shard, true));
    return OK;
}

// *path: of the classifier that the run began with; empty: it began with prompts.
static Status zero_vectors(float **raw, char path[FILE_PATH], Classifier *c, Options *o,
                           const Backend *be, const char *const *prompts, int n)
{
    RunCheckpoint start;
    Clip clip;
    bool tuned;
    *path = 0;
    TRY(setup_tuned(&tuned, &start, o));
    if (tuned) TRY(path_join(path, start.path, "classifier.safetensors"));
    TRY(setup_model(&clip, o, be, o->model, CLIP_BOTH));
    *raw = malloc((size_t)n * (size_t)clip.config.embed * sizeof **raw);
    Status status = *raw ? check_weights(o, &clip) : err_memory("wise");
    if (status == OK)
        status = tuned ? start_vectors(*raw, o, path, c)
                       : zeroshot_vectors(*raw, o, &clip, prompts, n);
    clip_free(&clip);
    return status;
}

static Status begin_wise(Wise *w, Classifier *c, Options *o, const Backend *be, const float *raw,
                         const char *path)
{
    Student zero;
    const ClipOptions options = setup_clip(o, CLIP_IMAGE);
    TRY(student_open(&zero, be, o->model, &options, c->student.method, c->n, raw, 0));
    Status status = *path ? tuned_scale(&zero.clip, path) : OK;
    if (status == OK) status = wise_begin(w, &c->student, &zero);
    student_free(&zero);
    return status;
}

Status classifier_wise(Wise *w, Classifier *c, Options *o, const Backend *be,
                       const char *const *prompts, int n)
{
    float *raw = NULL;
    char path[FILE_PATH];
    *w = (Wise){ 0 };
    if (c->student.method->head != HEAD_PROMPT)
        return err_set(ERR_UNSUPPORTED, "wise: method %s: its classifier is no mixture of prompts",
                       c->student.method->name);
    TRY(setup_templates(o));
    Status status = zero_vectors(&raw, path, c, o, be, prompts, n);
    if (status == OK) status = begin_wise(w, c, o, be, raw, path);
    free(raw);
    return status;
}

Status classifier_mix(Classifier *c, Wise *w, double alpha)
{
    TRY(wise_mix(w, alpha));
    tape_begin(&c->class_tape, TAPE_NO_GRAD);
    c->classes = student_classes(&c->class_tape, &c->student);
    return tape_status(&c->class_tape);
}

// ---- evaluation ---------------------------------------------------------------------------------

static PredictionRecord record_of(const Score *e, const Sample *s, const float *z)
{
    const ScoreOf *of = &e->of;
    int best = score_argmax(z, of->classes);
    return (PredictionRecord){ .path = s->path, .split = of->split_name[s->split],
                               .domain = of->domain_name[s->domain],
                               .label = of->class_name[s->label], .predicted = of->class_name[best],
                               .p_label = score_softmax(z, of->classes, s->label),
                               .p_predicted = score_softmax(z, of->classes, best) };
}

static Status count_batches(Score *e, Loader *loader, const LoaderOptions *options,
                            const Predictor *p, float *logits, float *keep, Progress *progress)
{
    Batch b;
    int64_t told = 0;
    for (;;) {
        Status status = next_batch(loader, options, &b);
        tell_left_out(progress, loader, &told);
        TRY(status);
        if (b.n == 0) return OK;
        TRY(predict_logits(p, logits, b.pixels, b.n));
        for (int i = 0; i < b.n; i++) {
            const Sample *s = &options->set->sample[b.index[i]];
            const int64_t K = e->of.classes;
            const float *z = logits + i * K;
            if (!fm_finite(z, K))
                return err_set(ERR_DIVERGED, "evaluation: %s: a logit is not finite: the weights "
                               "cannot be right", s->path);
            (s->trained ? score_add_trained : score_add)(e, s->split, s->domain, s->label,
                                                         score_argmax(z, K));
            if (p->record) p->record[b.index[i]] = record_of(e, s, z);
            if (keep) memcpy(keep + b.index[i] * K, z, (size_t)K * sizeof *z);
        }
        progress_add(progress, b.n);
    }
}

Status evaluate(Score *e, const Dataset *d, const char *const *names, LoaderOptions *options,
                const Predictor *p, float *keep, bool quiet)
{
    Loader *loader = NULL;
    const ScoreOf of = { names, d->domain, d->split, d->class_count, d->domain_count,
                         d->split_count, NULL };
    TRY(score_init(e, &of));
    if (options->batch > options->micro) options->batch = options->micro;  // saves memory
    size_t bytes = (size_t)options->micro * (size_t)e->of.classes * sizeof(float);
    float *logits = malloc(bytes);
    Status status = logits ? loader_open(&loader, options) : err_memory("evaluation");
    Progress progress = progress_begin("eval", options->set->n, quiet);
    if (status == OK) status = count_batches(e, loader, options, p, logits, keep, &progress);
    progress_end(&progress);
    loader_close(loader);
    free(logits);
    if (status != OK) score_free(e);
    return status;
}

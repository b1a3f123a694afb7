// pretrain.c - `pretrain`: trains a small CLIP on pictures and captions, from random weights or
// from another model's. It writes a Hugging Face folder like any other, plus pretrain.jsonl with
// one line every 50 steps. It cannot be resumed; its result can be pretrained further with --model.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clip/config.h"
#include "data/set/captions.h"
#include "proreg/contrast.h"
#include "proreg/run/records.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/place.h"
#include "proreg/verb/print.h"
#include "proreg/verb/stop.h"
#include "proreg/verb/verbs.h"

enum { LOG_EVERY = 50 };

typedef struct {
    Options *o;
    const Backend *be;
    Clip clip;
    Bpe *bpe;
    Captions captions;
    Dataset data;                          // to evaluate on, zero-shot
    const char **names, **prompts;         // (K) of its classes
    bool evaluates;
    int32_t *ids;                          // (captions, context)
    int32_t *batch_ids;                    // (batch, context)
    Loader *loader;
    LoaderOptions loading;                 // of that loader
    uint8_t *eval_left_out;                // (N) of the pictures to evaluate on
    int64_t told;                          // pictures that were left out, and named
    Tape tape;
    Optim optim;
    int64_t step, total, warm;
    double loss, norm;                     // of the last step
    Score eval;                            // the last evaluation
    JsonOut log;
    Progress progress;
} Pretrain;

// ---- what is opened -----------------------------------------------------------------------------

static int64_t heads_of(int64_t given)
{
    return given ? given : 4;
}

static ClipConfig shape_of(const Options *o, int64_t vocab)
{
    ClipConfig c = config_default();
    const TransformGiven given = setup_pixels(o);
    c.pixels = transform_clip((int)o->image_size);
    transform_give(&c.pixels, &given);
    c.image_size = o->image_size, c.patch = o->patch, c.embed = o->embed, c.context = o->context;
    c.vocab = vocab;
    c.act = o->activation && !strcmp(o->activation, "gelu") ? ACT_GELU : ACT_QUICK_GELU;
    c.vision = (TowerSize){ o->width, o->layers, heads_of(o->heads), 4 * o->width };
    c.text = (TowerSize){ o->text_width, o->text_layers, heads_of(o->text_heads),
                          4 * o->text_width };
    return c;
}

static Status check_shape(const Options *o)
{
    if (o->patch > o->image_size || o->image_size % o->patch)
        return err_set(ERR_USAGE, "--patch: %lld does not divide --image-size %lld",
                       (long long)o->patch, (long long)o->image_size);
    int64_t heads = heads_of(o->heads), text_heads = heads_of(o->text_heads);
    if (o->width % heads || o->text_width % text_heads)
        return err_set(ERR_USAGE, "--heads: %lld and %lld do not divide the widths %lld and %lld",
                       (long long)heads, (long long)text_heads, (long long)o->width,
                       (long long)o->text_width);
    return OK;
}

static Status open_weights(Pretrain *p)
{
    Options *o = p->o;
    if (o->model) {
        const ClipOptions options = setup_clip(o, CLIP_BOTH);
        TRY(setup_no_run(o, o->model));
        TRY(clip_read(&p->clip, p->be, o->model, &options));
        TRY(clip_load(&p->clip, group_pretrain));
        setup_say_model(o, &p->clip);
        return setup_bpe(&p->bpe, o, &p->clip, true);
    }
    TRY(bpe_open(&p->bpe, o->merges, 0));
    ClipConfig shape = shape_of(o, bpe_vocab(p->bpe));
    TRY(clip_random(&p->clip, p->be, &shape, (uint64_t)o->seed, group_pretrain));
    setup_say_pixels(o, "--mean, --std", &shape.pixels);
    return OK;
}

static Status encode_captions(Pretrain *p)
{
    int context = (int)p->clip.config.context;
    size_t row = (size_t)context * sizeof(int32_t);
    Arena scratch = { 0 }, *arena = &p->o->arena;
    Status status = OK;
    p->ids = arena_take(arena, (size_t)p->captions.count * row);
    p->batch_ids = arena_take(arena, (size_t)p->o->batch * row);
    if (!p->ids || !p->batch_ids) return err_memory("pretrain");
    for (int64_t i = 0; i < p->captions.count && status == OK; i++) {
        status = bpe_context(p->bpe, p->captions.text[i], context, p->o->truncate, &scratch,
                             p->ids + i * context, NULL);
        arena_reset(&scratch);
    }
    arena_free(&scratch);
    return status;
}

// Prompts are for the evaluation alone.
static Status no_evaluation(const Options *o)
{
    static const char *const flags[] = { "template", "templates" };
    for (int i = 0; i < 2; i++)
        if (options_source(o, flags[i]) == FROM_FLAG)
            say(o, "note: --%s: without effect: there is no split to evaluate on", flags[i]);
    return OK;
}

// Captions of the training split; the other split, if there is one, is evaluated on.
static Status open_captions(Pretrain *p)
{
    Options *o = p->o;
    char path[FILE_PATH];
    CaptionOptions table;
    TRY(setup_captions(&table, o));
    TRY(setup_caption_splits(&table.prefix, &p->evaluates, o));
    if (o->captions) TRY(setup_find_file(path, o, o->captions));
    else TRY(path_join(path, o->data, "captions.tsv"));
    TRY(captions_open(&p->captions, path, &table));
    if (p->captions.outside)
        say(o, "note: %lld of %lld captions are of pictures outside %s: not trained on",
            (long long)p->captions.outside,
            (long long)(p->captions.outside + p->captions.set.n), table.prefix);
    if (!p->evaluates) return no_evaluation(o);
    TRY(setup_dataset(&p->data, o, DATASET_EVAL, NULL, 0));
    TRY(setup_left_out(&p->eval_left_out, o, &p->data.eval));
    return setup_names(&p->data, &o->arena, &p->names, &p->prompts);
}

static Status open_caption_loader(Pretrain *p)
{
    Options *o = p->o;
    Dataset place = { .root = o->data };
    LoaderOptions l = setup_loader(o, &place, &p->captions.set, &p->clip.config);
    l.micro = 0;
    l.training = true;
    l.epochs = o->epochs;
    int64_t steps = loader_steps(&l) * o->epochs;
    TRY(setup_left_out(&l.left_out, o, &p->captions.set));
    p->loading = l;
    p->total = steps;
    p->warm = (int64_t)(o->warmup * (double)steps);
    return loader_open(&p->loader, &l);
}

// ---- one step -----------------------------------------------------------------------------------

static Status pretrain_step(Pretrain *p, const Batch *b)
{
    Tape *t = &p->tape;
    Params *params = &p->clip.params;
    int64_t S = p->clip.config.image_size, context = p->clip.config.context;
    for (int i = 0; i < b->n; i++)
        memcpy(p->batch_ids + i * context, p->ids + b->label[i] * context,
               (size_t)context * sizeof *p->ids);
    tape_begin(t, TAPE_TRAIN);
    params_zero_grad(params);
    Tensor *pixels = tape_pictures(t, b->pixels, b->n, S);
    Tensor *image = clip_image(t, &p->clip, pixels);                        // (n,E)
    Tensor *text = clip_text(t, &p->clip, p->batch_ids, b->n);              // (n,E)
    Tensor *loss = contrastive_loss(t, image, text, p->clip.logit_scale, b->label);
    float value = 0;
    TRY(tape_backward(t, loss));
    TRY(tape_read(t, &value, loss));
    p->loss = (double)value;
    p->norm = params_grad_norm(params);
    if (!isfinite(p->loss) || !isfinite(p->norm))
        return err_set(ERR_DIVERGED, "pretrain: step %lld: loss %g, gradient norm %g: training has "
                       "diverged: try a smaller --lr or --clip-norm 1; nothing is written",
                       (long long)p->step, p->loss, p->norm);
    double factor = schedule_factor((Schedule)p->o->schedule, p->step, p->warm, p->total);
    TRY(optim_step(&p->optim, params, p->step, factor, p->norm));
    return clip_clamp_scale(&p->clip);     // with a scale above 100, training is unstable
}

// ---- evaluation, log, result --------------------------------------------------------------------

static Status evaluate_prompts(Pretrain *p)
{
    int64_t K = p->data.class_count, E = p->clip.config.embed;
    LoaderOptions l = setup_loader(p->o, &p->data, &p->data.eval, &p->clip.config);
    Teacher teacher = { 0 };
    l.left_out = p->eval_left_out;
    float *unit = malloc((size_t)(K * E) * sizeof *unit);
    Status status = unit ? OK : err_memory("pretrain");
    if (status == OK)
        status = zeroshot_classes(NULL, unit, &p->clip, p->bpe, p->prompts, K, p->o->template.item,
                                  p->o->template.n);
    if (status == OK) status = teacher_init(&teacher, &p->clip, unit, K, 0);
    score_free(&p->eval);
    const Predictor asked = { .tape = &p->tape, .teacher = &teacher };
    if (status == OK)
        status = evaluate(&p->eval, &p->data, p->names, &l, &asked, NULL, p->o->quiet);
    teacher_free(&teacher);
    free(unit);
    return status;
}

// Appends one line to pretrain.jsonl, with the accuracy if evaluate_now.
static Status log_progress(Pretrain *p, bool evaluate_now)
{
    float scale;
    TRY(params_get(&p->clip.params, params_find(&p->clip.params, "logit_scale"), &scale));
    json_out_object(&p->log);
    json_put_int(&p->log, "step", p->step);
    json_put_double(&p->log, "loss", p->loss);
    json_put_double(&p->log, "grad_norm", p->norm);
    json_put_double(&p->log, "logit_scale", (double)scale);
    if (evaluate_now && p->evaluates) {
        TRY(evaluate_prompts(p));
        const double top1 = score_row(&p->eval, 0, SCORE_ALL).top1;    // validation comes first
        json_put_double(&p->log, "top1", top1);
        progress_say(&p->progress, "step %lld: loss %.4f, scale %.3f, zero-shot top1 %.4f",
                     (long long)p->step, p->loss, (double)scale, top1);
    }
    json_out_end(&p->log);
    return OK;
}

static int64_t last_pretrain_step(const Pretrain *p)
{
    int64_t most = p->o->max_steps;
    return most > 0 && most < p->total ? most : p->total;
}

// Asked to stop by a signal, it ends early; what there is, is saved.
static Status pretrain_loop(Pretrain *p)
{
    Options *o = p->o;
    int64_t stop = last_pretrain_step(p);
    stop_watch(o->quiet);
    while (p->step < stop && !stop_asked()) {
        Batch b;
        Status status = next_batch(p->loader, &p->loading, &b);
        tell_left_out(&p->progress, p->loader, &p->told);
        TRY(status);
        if (b.n > 0) TRY(pretrain_step(p, &b));
        p->step++;
        progress_add(&p->progress, b.n);
        progress_figure(&p->progress, "loss", p->loss);
        bool evaluate_now = p->step == stop || (o->eval_every > 0 && p->step % o->eval_every == 0);
        if (evaluate_now || p->step % LOG_EVERY == 0) TRY(log_progress(p, evaluate_now));
    }
    if (p->step < stop && p->step % LOG_EVERY) TRY(log_progress(p, false));
    return OK;
}

static Status write_all(Pretrain *p, const char *folder)
{
    TRY(clip_save(folder, &p->clip, &p->clip));
    TRY(bpe_save(p->bpe, folder, (int)p->clip.config.context));
    return records_append(folder, "pretrain.jsonl", &p->log);
}

static Status save_model(Pretrain *p)
{
    char temp[FILE_PATH];
    TRY(folder_begin(temp, p->o->out));
    Status status = write_all(p, temp);
    if (status == OK) return folder_commit(temp, p->o->out);
    folder_discard(temp);
    return status;
}

// The evaluation was made in the last step.
static Status print_accuracy(Pretrain *p)
{
    count_left_out(p->o, p->loading.left_out, &p->captions.set, "pictures with captions");
    if (!p->evaluates) return OK;
    count_left_out(p->o, p->eval_left_out, &p->data.eval, "pictures to evaluate on");
    return print_score(&p->eval, p->step, p->o->json);
}

// ---- the verb -----------------------------------------------------------------------------------

static Status pretrain_options(const Options *o)
{
    char folder[FILE_PATH];
    bool tuned = false;
    if (!o->out) return err_set(ERR_USAGE, "pretrain: needs --out DIR");
    if (!o->data) return err_set(ERR_USAGE, "pretrain: needs --data DIR");
    if (!o->model && !o->merges)
        return err_set(ERR_USAGE, "pretrain: needs --merges FILE, learned by `tokenize --train`, "
                       "or --model PATH to go on from");
    TRY(o->model ? tuned_find(&tuned, folder, o->model) : check_shape(o));
    if (tuned)
        say(o, "note: %s/classifier.safetensors is not used and not saved", folder);
    return place_check(o, "out", o->out, &place_model, o->overwrite ? PLACE_OVERWRITE : PLACE_NEW);
}

static Status pretrain_all(Pretrain *p)
{
    Options *o = p->o;
    TRY(pretrain_options(o));
    TRY(setup_templates(o));
    TRY(setup_machine(o, &p->be));
    tape_init(&p->tape, p->be);
    p->tape.recompute = o->recompute;
    TRY(open_captions(p));
    TRY(open_weights(p));
    TRY(encode_captions(p));
    TRY(open_caption_loader(p));
    p->optim = setup_optim(o);
    p->optim.lr[0] = p->optim.lr[1] = o->lr;
    p->optim.decay[0] = o->wd, p->optim.decay[1] = 0;
    p->progress = progress_begin("pretrain", p->captions.set.n * o->epochs, o->quiet);
    TRY(pretrain_loop(p));
    TRY(save_model(p));
    if (p->step < last_pretrain_step(p))
        return err_set(ERR_STOPPED, "pretrain: %s: stopped after step %lld of %lld; the model as "
                       "it is now is saved: --model %s goes on from its weights", stop_name(),
                       (long long)p->step, (long long)last_pretrain_step(p), o->out);
    return print_accuracy(p);
}

Status verb_pretrain(Options *o)
{
    Pretrain p = { .o = o };
    say_idle(o);
    Status status = pretrain_all(&p);
    progress_end(&p.progress);
    loader_close(p.loader);
    if (p.be) {
        clip_free(&p.clip);
        tape_free(&p.tape);
    }
    bpe_close(p.bpe);
    captions_close(&p.captions);
    dataset_close(&p.data);
    score_free(&p.eval);
    json_out_free(&p.log);
    return status;
}

// predict.c - `predict`: the most likely classes of given pictures.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/classnames.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/print.h"
#include "proreg/verb/verbs.h"
#include "tensor/base/fmath.h"
#include "tensor/base/shown.h"

typedef struct {
    const Options *o;
    const char *const *names;  // (K)
    int classes;
    float *logits;             // (micro,K)
} Predict;

typedef struct { float z; int32_t class; double p; } Ranked;

static int by_logit(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->z != y->z) return x->z < y->z ? 1 : -1;
    return (x->class > y->class) - (x->class < y->class);
}

// The classes with the largest logits first; of equal ones, the first. The first `top` get their p.
static void rank(Ranked *order, const float *z, int classes, int top)
{
    double greatest, sum = score_softmax_sum(z, classes, &greatest);
    for (int k = 0; k < classes; k++) order[k] = (Ranked){ z[k], k, 0 };
    qsort(order, (size_t)classes, sizeof *order, by_logit);
    for (int i = 0; i < top; i++) order[i].p = fm_exp64(order[i].z - greatest) / sum;
}

static void print_top(const Predict *p, const char *path, const Ranked *order, int top)
{
    printf("%s", shown(path));
    for (int i = 0; i < top; i++)
        printf("\t%s\t%.6g", shown(p->names[order[i].class]), order[i].p);
    putchar('\n');
}

static Status print_top_json(const Predict *p, const char *path, const Ranked *order, int top)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_put_string(&o, "path", path);
    json_put_array(&o, "top");
    for (int i = 0; i < top; i++) {
        json_out_object(&o);
        json_put_string(&o, "class", p->names[order[i].class]);
        json_put_double(&o, "p", order[i].p);
        json_out_end(&o);
    }
    json_out_end(&o);
    json_out_end(&o);
    return print_json(&o);
}

static Status print_batch(const Predict *p, const Batch *b)
{
    int top = p->o->k < p->classes ? (int)p->o->k : p->classes;
    Ranked *order = malloc((size_t)p->classes * sizeof *order);
    if (!order) return err_memory("predict");
    Status status = OK;
    for (int i = 0; i < b->n && status == OK; i++) {
        const float *z = p->logits + (int64_t)i * p->classes;
        const char *path = p->o->args[b->index[i]];
        if (!fm_finite(z, p->classes)) {
            status = err_set(ERR_FORMAT, "predict: %s: a logit is not finite: the weights cannot "
                             "be right", path);
            break;
        }
        rank(order, z, p->classes, top);
        if (p->o->json) status = print_top_json(p, path, order, top);
        else print_top(p, path, order, top);
    }
    free(order);
    return status;
}

static Status predict_all(const Predict *p, Classifier *c, Loader *loader)
{
    Predictor predictor = classifier_predictor(c);
    Batch b;
    for (;;) {
        TRY(loader_next(loader, &b));
        if (b.n == 0) return OK;
        TRY(predict_logits(&predictor, p->logits, b.pixels, b.n));
        TRY(print_batch(p, &b));
    }
}

// The pictures are the arguments, in order, as a set without labels.
static Status predict(Options *o, Classifier *c, const char *const *names, int n)
{
    Loader *loader = NULL;
    SampleSet set = { .n = o->args_count, .split = "" };
    Dataset d = { .root = "." };
    Predict p = { o, names, n, malloc((size_t)o->micro_batch * (size_t)n * sizeof(float)) };
    set.sample = arena_zero(&o->arena, (size_t)set.n * sizeof *set.sample);
    Status status = p.logits && set.sample ? OK : err_memory("predict");
    for (int64_t i = 0; status == OK && i < set.n; i++) set.sample[i].path = o->args[i];
    LoaderOptions l = setup_loader(o, &d, &set, c->config);
    if (status == OK) status = loader_open(&loader, &l);
    if (status == OK) status = predict_all(&p, c, loader);
    loader_close(loader);
    free(p.logits);
    return status;
}

// "a,b" -> names, of any number.
static Status names_of_text(ClassNames *c, Options *o)
{
    char *at = arena_string(&o->arena, o->classes);
    size_t most = strlen(o->classes) + 1;
    c->item = arena_zero(&o->arena, most * sizeof *c->item);
    if (!at || !c->item) return err_memory("predict");
    for (char *next; at; at = next) {
        next = strchr(at, ',');
        if (next) *next++ = 0;
        while (*at == ' ') at++;
        for (size_t n = strlen(at); n > 0 && at[n - 1] == ' '; n--) at[n - 1] = 0;
        if (!*at) return err_set(ERR_USAGE, "--classes: %.200s: an empty name", o->classes);
        ClassName *item = &c->item[c->n++];
        *item = (ClassName){ .name = at, .prompt = class_prompt(&o->arena, at) };
        if (!item->prompt) return err_memory("predict");
    }
    return OK;
}

static Status class_list(Options *o, ClassNames *c)
{
    const char *equal = NULL;
    if (!o->classes == !o->classnames)
        return err_set(ERR_USAGE, "predict: needs either --classes A,B or --classnames FILE");
    *c = (ClassNames){ 0 };
    if (o->classes) TRY(names_of_text(c, o));
    else TRY(classnames_read(c, &o->arena, o->classnames));
    if (c->note) say(o, "note: %s", c->note);
    TRY(classes_distinct(c->item, c->n, &o->arena, o->equal_prompts ? &equal : NULL));
    if (equal) say(o, "note: the same prompt: %s", equal);
    return OK;
}

static Status open_tuned(Classifier *c, Options *o, const Backend *be, const RunCheckpoint *run,
                         const char ***names)
{
    *names = run->class_name;
    return classifier_student(c, be, run, o);
}

static Status open_prompts(Classifier *c, Options *o, const Backend *be, const char ***names)
{
    ClassNames list;
    TRY(class_list(o, &list));
    *names = arena_take(&o->arena, 2 * (size_t)list.n * sizeof **names);
    if (!*names) return err_memory("predict");
    for (int64_t k = 0; k < list.n; k++) {
        (*names)[k] = list.item[k].name;
        (*names)[list.n + k] = list.item[k].prompt;
    }
    return classifier_zeroshot(c, o, be, *names + list.n, (int)list.n);
}

Status verb_predict(Options *o)
{
    const char **names;
    const Backend *be;
    RunCheckpoint run;
    Classifier c;
    bool tuned;
    TRY(setup_model_or_run(o));
    say_idle(o);
    for (int i = 0; i < o->args_count; i++) {
        PathKind kind;
        TRY(path_kind(&kind, o->args[i]));
        if (kind != PATH_FILE)
            return err_set(ERR_IO, "predict: %s: %s", o->args[i], kind == PATH_FOLDER
                           ? "is a folder: name its pictures, as FOLDER/*" : kind == PATH_OTHER
                           ? "is not a regular file" : "no such file");
    }
    TRY(setup_tuned(&tuned, &run, o));
    if (o->run) TRY(run_open(&run, &o->arena, o->run, o->checkpoint));
    if (o->run) TRY(setup_checkpoint(o, run.path, false));
    if (o->run) o->model = run.path;
    if (o->run) tuned = !setup_asks_prompts(o);
    TRY(setup_machine(o, &be));
    TRY(tuned ? open_tuned(&c, o, be, &run, &names) : open_prompts(&c, o, be, &names));
    Status status = predict(o, &c, names, (int)c.n);
    classifier_free(&c);
    return status;
}

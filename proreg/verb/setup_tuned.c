// setup_tuned.c - what answers: the classifier that training left beside a model, or prompts.
#include <stdlib.h>
#include <string.h>

#include "proreg/verb/setup.h"

// ---- --run --------------------------------------------------------------------------------------

// RUN/last and RUN/best are checkpoints of RUN.
static Status run_of_checkpoint(Options *o)
{
    const Method *method;
    char *whole;
    TRY(path_whole(&whole, o->run));
    const char *copy = whole ? arena_string(&o->arena, whole) : NULL;
    free(whole);
    if (!copy) return err_memory("run");
    char *slash = strrchr((char *)(uintptr_t)copy, '/');
    if (options_source(o, "checkpoint") == FROM_FLAG && strcmp(o->checkpoint, slash + 1) != 0)
        return err_set(ERR_USAGE, "--checkpoint: %s: --run names %s", o->checkpoint, slash + 1);
    *slash = 0;
    Status status = run_method(&method, copy);
    if (err_of_machine(status)) return status;
    if (status != OK)
        return err_set(ERR_IO, "run: %s: is a checkpoint without its run: --model names it",
                       o->run);
    o->run = copy;
    o->checkpoint = slash + 1;
    return OK;
}

Status setup_run_folder(Options *o)
{
    char state[FILE_PATH], folder[FILE_PATH];
    bool there, tuned = false;
    if (!o->run) return OK;
    TRY(file_beside(&there, state, o->run, "state.json"));
    if (there) return run_of_checkpoint(o);
    TRY(folder_there(&there, o->run));
    if (there) TRY(tuned_find(&tuned, folder, o->run));
    if (tuned)
        return err_set(ERR_IO, "run: %s: is a model with a classifier, not a run: --model names it",
                       o->run);
    return OK;
}

Status setup_model_or_run(Options *o)
{
    if (!o->model && !o->run)
        return err_set(ERR_USAGE, "%s: needs either --model PATH or --run DIR", o->verb->name);
    if (o->model && o->run)
        return err_set(ERR_USAGE, "--model: does not go with --run, which has its own");
    return setup_run_folder(o);
}

// ---- classifiers --------------------------------------------------------------------------------

bool setup_asks_prompts(const Options *o)
{
    if (o->verb->bit == VERB_ZEROSHOT) return !o->classifier;
    return o->prompts && (!o->run || options_source(o, "prompts") == FROM_FLAG);
}

// Class names for prompts, and prompts, say nothing to a classifier that has its own. A run that
// begins from it still keeps the tokenizer.
static Status no_prompts(const Options *o, const char *folder)
{
    static const char *const flags[] = { "template", "templates", "merges", "classes",
                                         "classnames" };
    int n = o->verb->bit == VERB_PREDICT ? 5 : o->verb->bit == VERB_TRAIN ? 2 : 3;
    for (int i = 0; i < n; i++)
        if (options_source(o, flags[i]) == FROM_FLAG)
            return err_set(ERR_USAGE, "--%s: %s answers by its classifier.safetensors (--prompts: "
                           "by prompts)", flags[i], folder);
    return OK;
}

Status setup_tuned(bool *found, RunCheckpoint *c, Options *o)
{
    char folder[FILE_PATH], mixture[MIXTURE_TEXT];
    bool prompts = setup_asks_prompts(o), of_run = o->run && o->verb->bit != VERB_WISE;
    *found = false;
    if (!of_run && o->model) TRY(tuned_find(found, folder, o->model));
    if (of_run && !prompts) return no_prompts(o, o->run);
    if (!*found && o->classifier)
        return err_set(ERR_IO, "--classifier: %s: no classifier.safetensors beside it", o->model);
    if (*found && prompts && !o->prompts)
        say(o, "note: %s/classifier.safetensors is not used (--classifier uses it)", folder);
    if (prompts) *found = false;
    if (!*found) return OK;
    TRY(no_prompts(o, folder));
    TRY(tuned_open(c, &o->arena, folder));
    say(o, "%s: uses %s/classifier.safetensors: %d classes, method %s%s%s", o->verb->name, folder,
        c->classes, c->method->name, c->mixed ? ", " : "", tuned_mixture(mixture, c));
    return OK;
}

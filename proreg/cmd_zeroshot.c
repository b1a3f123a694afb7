// cmd_zeroshot.c - `zeroshot`: classify pictures by the names of their classes alone.
#include "proreg/cmd.h"

static Status ask(Options *o, const Backend *be, const Dataset *d)
{
    Classifier c;
    const char **names, **prompts;
    TRY(setup_names(d, &o->arena, &names, &prompts));
    TRY(classifier_zeroshot(&c, o, be, prompts, d->class_count));
    Status status = evaluate_and_print(o, &c, d, 0);
    classifier_free(&c);
    return status;
}

Status cmd_zeroshot(Options *o)
{
    const Backend *be;
    Dataset d;
    if (!o->model) return err_set(ERR_USAGE, "%s: needs --model PATH", o->verb->name);
    if (!o->data && !o->eval_list) return err_set(ERR_USAGE, "%s: needs --data DIR", o->verb->name);
    if (o->predictions) TRY(setup_output(o->predictions));
    if (o->save_logits) TRY(setup_output(o->save_logits));
    TRY(recipe_apply(recipe_find(o->recipe), o));
    TRY(setup_machine(o, &be));
    TRY(setup_dataset(&d, o, DATASET_EVAL, NULL, 0));
    Status status = ask(o, be, &d);
    dataset_close(&d);
    return status;
}

// method.c - the table of methods, and who learns how fast.
#include <string.h>

#include "proreg/proreg.h"

const Method methods[] = {
    { "proreg", "cross-entropy and distillation from zero-shot, weighted per picture",
      HEAD_PROMPT, true, "1e-5", "k10", "1" },
    { "finetune", "cross-entropy, class vectors that begin as prompts",
      HEAD_PROMPT, true, "1e-5", NULL, NULL },
    { "kd", "cross-entropy and distillation in a fixed mixture",
      HEAD_PROMPT, true, "1e-5", "fixed", "0.3" },
    { "head", "cross-entropy, a new MLP instead of prompts",
      HEAD_MLP, true, "1e-5", NULL, NULL },
    { "probe", "cross-entropy, a linear layer on the frozen image features",
      HEAD_LINEAR, false, "2e-5", NULL, NULL },        // x 100: 2e-3, as the authors configured
    { 0 },
};

const char *method_name(int i)
{
    return methods[i].name;
}

bool method_taught(const Method *m)
{
    return m->weight != NULL;
}

const char *method_default(const Method *m, const char *flag)
{
    if (!strcmp(flag, "lr")) return m->lr;
    if (!strcmp(flag, "weight")) return m->weight;
    return !strcmp(flag, "alpha") ? m->alpha : NULL;
}

const Method *method_find(const char *name)
{
    for (const Method *m = methods; m->name; m++)
        if (strcmp(m->name, name) == 0) return m;
    return NULL;
}

const char *weight_form_name(int i)
{
    return weight_forms[i].name;
}

const WeightForm *weight_form_find(const char *name)
{
    for (const WeightForm *f = weight_forms; f->name; f++)
        if (strcmp(f->name, name) == 0) return f;
    return NULL;
}

int group_of(const char *name)
{
    bool head = strstr(name, "text_features") || strstr(name, "logit_scale")
                || strstr(name, "cls_head");
    bool bias = strstr(name, "bias");
    return head ? (bias ? GROUP_HEAD_BIAS : GROUP_HEAD) : (bias ? GROUP_TOWER_BIAS : GROUP_TOWER);
}

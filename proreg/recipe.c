// recipe.c - one table of benchmarks.
#include "proreg/recipe.h"

#include <stdio.h>
#include <string.h>

#define BOTH (PUBLISHED_ALPHA | PUBLISHED_KD_ALPHA | PUBLISHED_TEMPLATE)

const Recipe recipes[] = {
    { "bar", "BAR: six actions, places change between train and test", 6,
      "climbing,diving,fishing,pole vaulting,racing,throwing", "the man is {}.", "train", "test",
      NULL, NULL, 1, 0.5, BOTH,
      "BAR has no validation set: `best` is chosen on the test pictures; compare `last` too" },
    { "pacs", "PACS: seven classes, one of four styles unseen", 7,
      "dog,elephant,giraffe,guitar,horse,house,person", "this is {}.", NULL, NULL, NULL, NULL, 2,
      0.5, PUBLISHED_ALPHA | PUBLISHED_TEMPLATE,
      "the unseen style is yours to name: --train-domains, --eval-domains" },
    { "nico", "NICO, animals: ten classes, contexts unseen", 10,
      "bear,bird,cat,cow,dog,elephant,horse,monkey,rat,sheep", "this is {}.", "train", "test", NULL,
      NULL, 2, 0.9, BOTH, "the authors' division into contexts is not public" },
    { "nico-vehicle", "NICO, vehicles: nine classes, contexts unseen", 9,
      "airplane,bicycle,boat,bus,car,helicopter,motorcycle,train,truck", "this is {}.", "train",
      "test", NULL, NULL, 1.5, 0.5, BOTH, "the authors' division into contexts is not public" },
    { "domainnet", "DomainNet: trained on sketches, tested on other styles", 345, NULL,
      "a photo of a {}.", NULL, NULL, "sketch", "clipart,painting,real", 2, 0,
      PUBLISHED_ALPHA | PUBLISHED_TEMPLATE | PUBLISHED_DOMAINS,
      "the authors pool the three unseen styles: compare the line `all`" },
    { "officehome", "Office-Home: one of four styles to another", 65, NULL, "a photo of a {}.",
      NULL, NULL, NULL, NULL, 0, 0, 0, "the authors published a reader but no settings" },
    { 0 },
};

const Recipe *recipe_find(const char *name)
{
    for (const Recipe *r = recipes; r->name; r++)
        if (name && !strcmp(r->name, name)) return r;
    return NULL;
}

// A flag that this verb does not have is nobody's to set.
static Status fill(Options *o, const char *name, const char *value, unsigned verbs)
{
    if (!value || !(o->verb->bit & verbs)) return OK;
    return options_default(o, name, value, FROM_RECIPE);
}

Status recipe_apply(const Recipe *r, Options *o)
{
    char alpha[40];
    if (!r) return OK;
    const unsigned sets = VERB_TRAIN | VERB_EVAL | VERB_ZEROSHOT | VERB_CHECK;
    const unsigned asks = VERB_TRAIN | VERB_EVAL | VERB_ZEROSHOT;
    TRY(fill(o, "train-split", r->train_split, VERB_TRAIN | VERB_CHECK));
    TRY(fill(o, "eval-split", r->eval_split, sets));
    TRY(fill(o, "train-domains", r->train_domains, VERB_TRAIN | VERB_CHECK));
    TRY(fill(o, "eval-domains", r->eval_domains, sets));
    if (!o->templates_file) TRY(fill(o, "template", r->template, asks));
    TRY(fill(o, "augment", "randaug", VERB_TRAIN));
    bool kd = o->method && !strcmp(o->method, "kd");
    double value = kd ? r->kd_alpha : r->alpha;
    snprintf(alpha, sizeof alpha, "%.17g", value);
    return value > 0 ? fill(o, "alpha", alpha, VERB_TRAIN) : OK;
}

void recipe_published(const Recipe *r, JsonOut *out)
{
    static const char *const names[] = { "template", "alpha", "kd_alpha", "domains" };
    json_out_array(out);
    for (int i = 0; r && i < 4; i++)
        if (r->published & (1u << i)) json_out_string(out, names[i]);
    json_out_end(out);
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

Counting recipe_counting(const Recipe *r, int64_t pictures, int64_t epochs, int64_t batch,
                         double warmup)
{
    Counting c = { .steps = epochs * ceil_div(pictures, batch) };
    int64_t released = epochs * ceil_div(ceil_div(pictures, 4), batch / 16 ? batch / 16 : 1) / 4;
    c.released = r && batch % 16 == 0 && released > 0;  // 0: all would be at rate 0
    c.total = c.released ? released : c.steps;
    c.warm = (int64_t)(warmup * (double)c.total);
    return c;
}

// recipe.c - the table of benchmarks, and how the authors counted steps.
#include "proreg/run/recipe.h"

#include <string.h>

#define BOTH (PUBLISHED_ALPHA | PUBLISHED_KD_ALPHA | PUBLISHED_TEMPLATE | PUBLISHED_SCHEDULE)
#define NICO_NOTE "the authors' division into contexts is not public"

// Class lists are alphabetical, as the folders are: they tell a wrong folder from a right one.
const Recipe recipes[] = {
    { .name = "bar", .title = "BAR: six actions, places change between train and test",
      .layout = "SPLIT/CLASS/FILE", .classes = 6,
      .class_list = "climbing,diving,fishing,pole vaulting,racing,throwing",
      .template = "the man is {}.", .train_split = "train", .eval_split = "test",
      .select = "test", .alpha = 1, .kd_alpha = 0.5, .published = BOTH,
      .train_note = "BAR has no validation set, and the authors choose `best` on the test "
                    "pictures: compare `last`, or hold some out (--val-fraction)" },
    { .name = "pacs", .title = "PACS: seven classes, one of four styles unseen",
      .layout = "DOMAIN/CLASS/FILE", .classes = 7,
      .class_list = "dog,elephant,giraffe,guitar,horse,house,person", .template = "this is {}.",
      .domains = "art_painting,cartoon,photo,sketch", .train_list = "%_train_kfold.txt",
      .eval_list = "%_test_kfold.txt", .label_base = 1,
      .alpha = 2, .kd_alpha = 0.5,
      .published = PUBLISHED_ALPHA | PUBLISHED_TEMPLATE | PUBLISHED_SCHEDULE,
      .train_note = "the authors choose `best` on the crossval lists of the styles trained on: "
                    "--val-fraction holds pictures of these out" },
    { .name = "nico", .title = "NICO, animals: ten classes, contexts unseen",
      .layout = "SPLIT/CLASS/FILE", .classes = 10,
      .class_list = "bear,bird,cat,cow,dog,elephant,horse,monkey,rat,sheep",
      .template = "this is {}.", .train_split = "train", .eval_split = "test",
      .alpha = 2, .kd_alpha = 0.9, .published = BOTH, .note = NICO_NOTE },
    { .name = "nico-vehicle", .title = "NICO, vehicles: nine classes, contexts unseen",
      .layout = "SPLIT/CLASS/FILE", .classes = 9,
      .class_list = "airplane,bicycle,boat,bus,car,helicopter,motorcycle,train,truck",
      .template = "this is {}.", .train_split = "train", .eval_split = "test",
      .alpha = 1.5, .kd_alpha = 0.5, .published = BOTH, .note = NICO_NOTE },
    { .name = "domainnet", .title = "DomainNet: trained on sketches, tested on other styles",
      .layout = "DOMAIN/CLASS/FILE", .classes = 345, .by_letters = true,
      .template = "a photo of a {}.", .domains = "clipart,painting,real,sketch",
      .train_domains = "sketch", .eval_domains = "clipart,painting,real",
      .train_list = "%_train.txt", .eval_list = "%_test.txt", .alpha = 2,
      .published = PUBLISHED_ALPHA | PUBLISHED_TEMPLATE | PUBLISHED_DOMAINS | PUBLISHED_SCHEDULE,
      .note = "the authors pool the three unseen styles: compare the line `all`" },
    { .name = "officehome", .title = "Office-Home: one of four styles unseen",
      .layout = "DOMAIN/CLASS/FILE", .classes = 65, .template = "a photo of a {}.",
      .domains = "Art,Clipart,Product,Real_World", .train_list = "%.txt", .eval_list = "%.txt",
      .note = "the authors published a reader but no settings; lists call a folder Real_World that "
              "the archive calls Real World" },
    { 0 },
};

const char *recipe_name(int i)
{
    return recipes[i].name;
}

const Recipe *recipe_find(const char *name)
{
    for (const Recipe *r = recipes; r->name; r++)
        if (!strcmp(r->name, name)) return r;
    return NULL;
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

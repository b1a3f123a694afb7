// recipe.c - one table of benchmarks.
#include "proreg/run/recipe.h"

#include <stdio.h>
#include <string.h>

#include "tensor/base/file.h"
#include "tensor/base/name.h"

#define BOTH (PUBLISHED_ALPHA | PUBLISHED_KD_ALPHA | PUBLISHED_TEMPLATE | PUBLISHED_SCHEDULE)
#define NICO_NOTE "the authors' division into contexts is not public"

// Class lists are alphabetical, as the folders are: they tell a wrong folder from a right one.
const Recipe recipes[] = {
    { .name = "bar", .title = "BAR: six actions, places change between train and test",
      .layout = "SPLIT/CLASS/FILE", .classes = 6,
      .class_list = "climbing,diving,fishing,pole vaulting,racing,throwing",
      .template = "the man is {}.", .train_split = "train", .eval_split = "test",
      .alpha = 1, .kd_alpha = 0.5, .published = BOTH,
      .train_note = "BAR has no validation set: `best` is chosen on the test pictures; compare "
                    "`last` too" },
    { .name = "pacs", .title = "PACS: seven classes, one of four styles unseen",
      .layout = "DOMAIN/CLASS/FILE", .classes = 7,
      .class_list = "dog,elephant,giraffe,guitar,horse,house,person", .template = "this is {}.",
      .domains = "art_painting,cartoon,photo,sketch", .train_list = "%_train_kfold.txt",
      .eval_list = "%_test_kfold.txt", .label_base = 1,
      .alpha = 2, .kd_alpha = 0.5,
      .published = PUBLISHED_ALPHA | PUBLISHED_TEMPLATE | PUBLISHED_SCHEDULE,
      .train_note = "`best` is chosen on the pictures that are evaluated; the authors choose it "
                    "on the crossval lists of the styles that are trained on" },
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

// ---- domains ------------------------------------------------------------------------------------

#define TWO_SIDED (VERB_TRAIN | VERB_CHECK)
#define SETS (TWO_SIDED | VERB_EVAL | VERB_ZEROSHOT | VERB_WISE)

// The recipe's domains that are not among `named`.
static Status rest_of(const char **rest, const Recipe *r, Options *o, const char *named)
{
    Items all, taken;
    char *text = arena_take(&o->arena, strlen(r->domains) + 1);
    if (!text) return err_memory("recipe");
    *text = 0;
    TRY(options_split(o, r->domains, &all));
    TRY(options_split(o, named, &taken));
    for (int i = 0; i < all.n; i++) {
        if (name_find(all.item[i], taken.item, taken.n) >= 0) continue;
        if (*text) strcat(text, ",");
        strcat(text, all.item[i]);
    }
    if (!*text) return err_set(ERR_USAGE, "recipe %s: %s: leaves no domain for the other side",
                               r->name, named);
    *rest = text;
    return OK;
}

// The side that the stronger source names decides, where the recipe leaves it open.
static Status domains(const Recipe *r, Options *o)
{
    const char *rest;
    TRY(fill(o, "train-domains", r->train_domains, TWO_SIDED));
    TRY(fill(o, "eval-domains", r->eval_domains, SETS));
    const bool listed = !o->lists && (o->train_list || o->eval_list);
    if (!r->domains || r->train_domains || listed || !(o->verb->bit & TWO_SIDED)) return OK;
    const Source train = options_source(o, "train-domains");
    const Source eval = options_source(o, "eval-domains");
    if (train > eval) {
        TRY(rest_of(&rest, r, o, o->train_domains));
        return options_default(o, "eval-domains", rest, train);
    }
    if (eval > train) {
        TRY(rest_of(&rest, r, o, o->eval_domains));
        return options_default(o, "train-domains", rest, eval);
    }
    if (o->eval_domains || (o->verb->bit != VERB_TRAIN && !o->lists)) return OK;
    return err_set(ERR_USAGE, "recipe %s: which domain is unseen: --eval-domains, of %s", r->name,
                   r->domains);
}

// ---- lists --------------------------------------------------------------------------------------

// DIR/pattern with the domain in the place of %; packed, if only that is there.
static Status list_file(char path[FILE_PATH], const char *folder, const char *pattern,
                        const char *domain)
{
    char name[FILE_PATH], packed[FILE_PATH + 4];
    const char *mark = strchr(pattern, '%');
    snprintf(name, sizeof name, "%.*s%s%s", (int)(mark - pattern), pattern, domain, mark + 1);
    for (char *c = name; *c; c++)
        if (*c == ' ') *c = '_';
    TRY(path_join(path, folder, name));
    snprintf(packed, sizeof packed, "%s.gz", path);
    if (file_exists(path) || !file_exists(packed)) return OK;
    return path_join(path, "", packed);
}

static Status unknown_domain(const Recipe *r, const char *domain, const Items *all)
{
    const char *near = name_nearest(domain, all->item, all->n);
    return err_set(ERR_USAGE, "--lists: recipe %s has no domain %s%s%s: of %s", r->name, domain,
                   near ? ": did you mean " : "", near ? near : "", r->domains);
}

// A list that a flag names stays; one of a config that is repeated with other domains does not.
static Status list_files(const Recipe *r, Options *o, const char *flag, const char *pattern,
                         const char *domains, Source source)
{
    Items of, all;
    if (options_source(o, flag) == FROM_FLAG) return OK;
    TRY(options_split(o, r->domains, &all));
    TRY(options_split(o, domains ? domains : r->domains, &of));
    const size_t room = (size_t)of.n * (FILE_PATH + 1);
    char *text = arena_take(&o->arena, room);
    if (!text) return err_memory("recipe");
    size_t used = 0;
    for (int i = 0; i < of.n; i++) {
        char path[FILE_PATH];
        if (name_find(of.item[i], all.item, all.n) < 0)
            return unknown_domain(r, of.item[i], &all);
        TRY(list_file(path, o->lists, pattern, of.item[i]));
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? "," : "", path);
    }
    const Source lists = options_source(o, "lists");
    return options_default(o, flag, text, source > lists ? source : lists);
}

static Status lists(const Recipe *r, Options *o)
{
    char base[8];
    if (!o->lists) return OK;
    if (!r->train_list)
        return err_set(ERR_USAGE, "--lists: recipe %s has none: --train-list, --eval-list",
                       r->name);
    if (strchr(o->lists, ','))
        return err_set(ERR_USAGE, "--lists: %s: a comma in its name", o->lists);
    snprintf(base, sizeof base, "%d", r->label_base);
    TRY(fill(o, "label-base", base, SETS));
    if (o->verb->bit & TWO_SIDED)
        TRY(list_files(r, o, "train-list", r->train_list, o->train_domains,
                       options_source(o, "train-domains")));
    return list_files(r, o, "eval-list", r->eval_list, o->eval_domains,
                      options_source(o, "eval-domains"));
}

// ---- all of it ----------------------------------------------------------------------------------

Status recipe_apply(const Recipe *r, Options *o)
{
    char alpha[40];
    if (!r) return o->lists ? err_set(ERR_USAGE, "--lists: goes with --recipe") : OK;
    TRY(fill(o, "train-split", r->train_split, TWO_SIDED));
    TRY(fill(o, "eval-split", r->eval_split, SETS));
    TRY(domains(r, o));
    TRY(lists(r, o));
    if (!o->templates_file) TRY(fill(o, "template", r->template, SETS & ~VERB_CHECK));
    TRY(fill(o, "augment", "randaug", VERB_TRAIN));
    bool kd = o->method && !strcmp(o->method, "kd");
    double value = kd ? r->kd_alpha : r->alpha;
    snprintf(alpha, sizeof alpha, "%.17g", value);
    return value > 0 ? fill(o, "alpha", alpha, VERB_TRAIN) : OK;
}

void recipe_published(const Recipe *r, JsonOut *out)
{
    static const char *const names[] = { "template", "alpha", "kd_alpha", "domains", "schedule" };
    json_out_array(out);
    for (int i = 0; r && i < 5; i++)
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

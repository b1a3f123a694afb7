// recipe_apply.c - from a recipe to options: splits, domains, lists, template, alpha.
#include "proreg/run/recipe_apply.h"

#include <stdio.h>
#include <string.h>

#include "nn/optim.h"
#include "proreg/proreg.h"
#include "tensor/base/file.h"
#include "tensor/base/name.h"

// A flag that this verb does not have is nobody's to set.
static Status fill_option(Options *o, const char *name, const char *value, unsigned verbs)
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
static Status fill_domains(const Recipe *r, Options *o)
{
    const char *rest;
    TRY(fill_option(o, "train-domains", r->train_domains, TWO_SIDED));
    TRY(fill_option(o, "eval-domains", r->eval_domains, SETS));
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
    bool there, other = false;
    TRY(file_there(&there, path));
    if (!there) TRY(file_there(&other, packed));
    if (!other) return OK;
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

static Status fill_lists(const Recipe *r, Options *o)
{
    char base[8];
    if (!o->lists) return OK;
    if (!r->train_list)
        return err_set(ERR_USAGE, "--lists: recipe %s has none: --train-list, --eval-list",
                       r->name);
    if (strchr(o->lists, ','))
        return err_set(ERR_USAGE, "--lists: %s: a comma in its name", o->lists);
    snprintf(base, sizeof base, "%d", r->label_base);
    TRY(fill_option(o, "label-base", base, SETS));
    if (o->verb->bit & TWO_SIDED)
        TRY(list_files(r, o, "train-list", r->train_list, o->train_domains,
                       options_source(o, "train-domains")));
    return list_files(r, o, "eval-list", r->eval_list, o->eval_domains,
                      options_source(o, "eval-domains"));
}

// ---- the whole recipe ---------------------------------------------------------------------------

const Recipe *recipe_of(const Options *o)
{
    return o->recipe < 0 ? NULL : &recipes[o->recipe];
}

Status recipe_apply(Options *o)
{
    const Recipe *r = recipe_of(o);
    char alpha[40];
    if (!r) return o->lists ? err_set(ERR_USAGE, "--lists: goes with --recipe") : OK;
    TRY(fill_option(o, "train-split", r->train_split, TWO_SIDED));
    TRY(fill_option(o, "eval-split", r->eval_split, SETS));
    if (!(o->val_fraction > 0)) TRY(fill_option(o, "select", r->select, VERB_TRAIN));
    TRY(fill_domains(r, o));
    TRY(fill_lists(r, o));
    if (!o->templates_file) TRY(fill_option(o, "template", r->template, SETS & ~VERB_CHECK));
    TRY(fill_option(o, "augment", "randaug", VERB_TRAIN));
    bool kd = &methods[o->method] == method_find("kd");
    double value = kd ? r->kd_alpha : r->alpha;
    snprintf(alpha, sizeof alpha, "%.17g", value);
    return value > 0 ? fill_option(o, "alpha", alpha, VERB_TRAIN) : OK;
}

// ---- what is published of it --------------------------------------------------------------------

static bool same_text(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

static bool template_used(const Recipe *r, const Options *o)
{
    return o->template.n == 1 && same_text(o->template.item[0], r->template);
}

static bool is_kd(const Options *o)
{
    const WeightForm *form = o->weight < 0 ? NULL : &weight_forms[o->weight];
    return form && form == weight_form_find(method_find("kd")->weight);
}

static bool alpha_used(const Recipe *r, const Options *o)
{
    return method_taught(&methods[o->method]) && !is_kd(o) && o->alpha == r->alpha;
}

static bool kd_alpha_used(const Recipe *r, const Options *o)
{
    return method_taught(&methods[o->method]) && is_kd(o) && o->alpha == r->kd_alpha;
}

static bool domains_used(const Recipe *r, const Options *o)
{
    return same_text(o->train_domains, r->train_domains) &&
           same_text(o->eval_domains, r->eval_domains);
}

static bool schedule_used(const Recipe *r, const Options *o)
{
    (void)r;
    return o->epochs == 10 && o->batch == 256 && o->schedule == SCHEDULE_LINEAR &&
           o->augment == AUGMENT_RANDAUG;
}

void recipe_published(const Options *o, JsonOut *out)
{
    static const struct {
        const char *name;
        unsigned bit;
        bool (*used)(const Recipe *r, const Options *o);
    } fields[] = {
        { "template", PUBLISHED_TEMPLATE, template_used }, { "alpha", PUBLISHED_ALPHA, alpha_used },
        { "kd_alpha", PUBLISHED_KD_ALPHA, kd_alpha_used },
        { "domains", PUBLISHED_DOMAINS, domains_used },
        { "schedule", PUBLISHED_SCHEDULE, schedule_used },
    };
    const Recipe *r = recipe_of(o);
    json_out_array(out);
    for (size_t i = 0; r && i < sizeof fields / sizeof fields[0]; i++)
        if ((r->published & fields[i].bit) && fields[i].used(r, o))
            json_out_string(out, fields[i].name);
    json_out_end(out);
}

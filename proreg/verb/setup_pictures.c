// setup_pictures.c - from options to pictures: the data set, its loader, what is left out of it.
#include "proreg/verb/setup.h"

#include "data/set/tree.h"
#include "tensor/base/name.h"

// A recipe's list of classes is used unless the user names one.
static Status recipe_classes(const Recipe *r, Options *o, DatasetOptions *d)
{
    d->by_letters = r && r->by_letters;
    if (!r || !r->class_list || d->classnames) return OK;
    Items *items = arena_take(&o->arena, sizeof *items);
    if (!items) return err_memory("classes");
    TRY(options_split(o, r->class_list, items));
    d->known = items->item;
    d->known_count = items->n;
    return OK;
}

Status setup_dataset_options(DatasetOptions *d, Options *o, int sides)
{
    TRY(setup_find_lists(o, &o->train_list));
    TRY(setup_find_lists(o, &o->eval_list));
    *d = (DatasetOptions){
        .root = o->data, .sides = sides, .train_split = o->train_split,
        .eval_split = o->eval_split, .train_domains = o->train_domains,
        .eval_domains = o->eval_domains, .train_list = o->train_list, .eval_list = o->eval_list,
        .label_base = (int)o->label_base, .classnames = o->classnames,
        .skip_bad = o->skip_bad, .rename = o->rename, .equal_prompts = o->equal_prompts,
        .validation = o->verb->bit == VERB_TRAIN && o->select == SELECT_VAL && !o->as_before,
        .val_fraction = o->val_fraction, .seed = (uint64_t)o->seed, .as_before = o->as_before,
    };
    if (o->has_trained) d->sides |= DATASET_SEEN;
    TRY(setup_seen(d, o));
    if (o->rename && !o->classnames && options_source(o, "rename") == FROM_FLAG)
        return err_set(ERR_USAGE, "--rename: goes with --classnames FILE");
    return recipe_classes(recipe_of(o), o, d);
}

int64_t count_trained_on(const Dataset *d, const uint8_t *left_out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < d->eval.n; i++)
        n += d->eval.sample[i].trained && !(left_out && left_out[i]);
    return n;
}

void tell_trained_on(const Options *o, const Dataset *d, const uint8_t *left_out)
{
    int64_t n = count_trained_on(d, left_out), of = d->eval.n;
    for (int64_t i = 0; left_out && i < d->eval.n; i++) of -= left_out[i] != 0;
    if (n > 0)
        say(o, "note: %lld of the %lld pictures that are evaluated are trained on", (long long)n,
            (long long)of);
}

// A recipe with domains promises unseen ones; says which are not.
static void tell_seen(const Options *o, const Recipe *r, const Dataset *d)
{
    for (int k = 0; k < d->domain_count; k++)
        if (dataset_seen(d, k))
            say(o, "note: recipe %s: %s is trained on and evaluated on", r->name, d->domain[k]);
}

// A domain that is named to be evaluated on counts as unseen; says where it is trained on as well.
static Status tell_named(Options *o, const Dataset *d)
{
    Items named;
    if (!o->eval_domains) return OK;
    TRY(options_split(o, o->eval_domains, &named));
    for (int k = 0; k < d->domain_count; k++) {
        int64_t n = 0;
        if (name_find(d->domain[k], named.item, named.n) < 0) continue;
        for (int64_t i = 0; i < d->train.n; i++) n += d->train.sample[i].domain == k;
        if (n)
            say(o, "note: domain %s, which --eval-domains names, is trained on: %lld pictures "
                "(--train-domains names others)", d->domain[k], (long long)n);
    }
    return OK;
}

// What became of the classes' names, and what is unusual about them.
static void tell_classes(const Options *o, const Dataset *d)
{
    for (int k = 0; k < d->class_count && d->renamed; k++)
        if (d->classes[k].folder) say(o, "%s -> %s", d->classes[k].folder, d->classes[k].name);
    if (d->class_note) say(o, "note: %s", d->class_note);
    if (d->empties)
        say(o, "note: %lld class folders hold no pictures, and are classes all the same, the first:"
            " %s", (long long)d->empties, d->empty);
    if (d->alones)
        say(o, "note: %lld of the %d classes are among the evaluated pictures alone, the first: %s",
            (long long)d->alones, d->class_count, d->alone);
    if (o->rename && !d->renamed && options_source(o, "rename") == FROM_FLAG)
        say(o, "note: --rename: renames nothing: the lines of %s are the folders", o->classnames);
    if (d->equal_note) say(o, "note: the same prompt: %s", d->equal_note);
    if (d->label_note) say(o, "note: %s", d->label_note);
    if (d->order_note) say(o, "note: %s", d->order_note);
}

Status setup_dataset(Dataset *d, Options *o, int sides, const char *const *known, int n)
{
    const Recipe *recipe = recipe_of(o);
    DatasetOptions options;
    say_idle(o);
    TRY(setup_dataset_options(&options, o, sides));
    if (known) {
        options.known = known;
        options.known_count = n;
    }
    TRY(dataset_open(d, &options));
    if (d->note) say(o, "note: %s", d->note);
    tell_trained_on(o, d, NULL);
    tell_classes(o, d);
    if (d->two_labels)
        say(o, "note: %lld pictures stand under two classes, the first: %s",
            (long long)d->two_labels, d->two_label);
    if (d->strays)
        say(o, "note: %lld pictures do not fit the layout and are left out, the first: %s",
            (long long)d->strays, d->stray);
    if (d->others)
        say(o, "note: %lld folders beside the classes hold other files alone: no classes, the "
            "first: %s", (long long)d->others, d->other);
    if (d->nowheres)
        say(o, "note: %lld links to nowhere are passed over, the first: %s",
            (long long)d->nowheres, d->nowhere);
    if (d->loops)
        say(o, "note: %lld links back to a folder above are passed over, the first: %s",
            (long long)d->loops, d->loop);
    if (d->deeps)
        say(o, "note: %lld folders lie deeper than %d levels and are not read, the first: %s",
            (long long)d->deeps, TREE_DEPTH, d->deep);
    if (recipe && recipe->classes != d->class_count)
        say(o, "note: recipe %s has %d classes, this data %d", recipe->name, recipe->classes,
            d->class_count);
    if (recipe && recipe->domains) tell_seen(o, recipe, d);
    else TRY(tell_named(o, d));
    if (recipe && recipe->note) say(o, "note: %s", recipe->note);
    if (recipe && recipe->train_note && sides & DATASET_TRAIN)
        say(o, "note: %s", recipe->train_note);
    return OK;
}

Status setup_names(const Dataset *d, Arena *arena, const char ***names, const char ***prompts)
{
    size_t bytes = (size_t)d->class_count * sizeof(char *);
    *names = arena_take(arena, bytes);
    *prompts = arena_take(arena, bytes);
    if (!*names || !*prompts) return err_memory("classes");
    for (int k = 0; k < d->class_count; k++) {
        (*names)[k] = d->classes[k].name;
        (*prompts)[k] = d->classes[k].prompt;
    }
    return OK;
}

LoaderOptions setup_loader(const Options *o, const Dataset *d, const SampleSet *set,
                           const ClipConfig *config)
{
    return (LoaderOptions){ .root = d->root, .set = set, .transform = config->pixels,
                            .batch = (int)o->batch, .micro = (int)o->micro_batch,
                            .workers = (int)o->workers, .seed = (uint64_t)o->seed,
                            .max_pixels = o->max_pixels, .skip_bad = o->skip_bad };
}

Augment setup_augment(const Options *o, bool randaug)
{
    return (Augment){ .randaug = randaug, .n = (int)o->ra_n, .m = o->ra_m,
                      .crop = o->random_crop, .flip = o->flip };
}

Status next_batch(Loader *loader, const LoaderOptions *options, Batch *batch)
{
    Status status = loader_next(loader, batch);
    bool skips = options->skip_bad || err_of_machine(status) || status == ERR_LIMIT;
    if (status == OK || skips) return status;
    return err_set(status, "%s (--skip-bad leaves it out)", err_msg());
}

Status setup_left_out(uint8_t **left_out, Options *o, const SampleSet *set)
{
    *left_out = NULL;
    if (!o->skip_bad) return OK;
    *left_out = arena_zero(&o->arena, (size_t)set->n);
    return *left_out ? OK : err_memory("pictures left out");
}

void tell_left_out(Progress *p, const Loader *loader, int64_t *told)
{
    const LoaderBad *bad;
    for (int64_t n = loader_bad(loader, &bad); *told < n; ++*told)
        progress_say(p, "left out: %s", bad[*told].message);
}

void count_left_out(const Options *o, const uint8_t *left_out, const SampleSet *set,
                    const char *what)
{
    int64_t n = 0;
    for (int64_t i = 0; left_out && i < set->n; i++) n += left_out[i];
    if (n > 0)
        say(o, "%lld of %lld %s could not be read and were left out", (long long)n,
            (long long)set->n, what);
}

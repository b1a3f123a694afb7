// cmd_check.c - `data check`: what a data set holds, and what a run would trip over.
#include <stdio.h>
#include <string.h>

#include "data/check.h"
#include "proreg/cmd.h"

static void count_json(const CheckCount *c)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_out_key(&o, "split");
    json_out_string(&o, c->split);
    json_out_key(&o, "domain");
    json_out_string(&o, c->domain);
    json_out_key(&o, "class");
    json_out_string(&o, c->class_name);
    json_out_key(&o, "n");
    json_out_int(&o, c->n);
    json_out_end(&o);
    print_lines(&o);
    json_out_free(&o);
}

static void finding_json(const Finding *f)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_out_key(&o, "finding");
    json_out_string(&o, check_kind(f->kind));
    json_out_key(&o, "fatal");
    json_out_bool(&o, check_fatal(f->kind));
    json_out_key(&o, "path");
    json_out_string(&o, f->path);
    json_out_key(&o, "text");
    json_out_string(&o, f->text);
    json_out_end(&o);
    print_lines(&o);
    json_out_free(&o);
}

static void print_json(const Check *c)
{
    for (int64_t i = 0; i < c->count_n; i++) count_json(&c->count[i]);
    for (int64_t i = 0; i < c->finding_n; i++) finding_json(&c->finding[i]);
}

static void print_text(const Check *c)
{
    int wide = 12;                             // a list's name may be longer than a split's
    for (int64_t i = 0; i < c->count_n; i++) {
        int n = (int)strlen(c->count[i].split);
        if (n > wide && n <= 40) wide = n;
    }
    printf("%-*s %-16s %-24s %8s\n", wide, "split", "domain", "class", "n");
    for (int64_t i = 0; i < c->count_n; i++)
        printf("%-*s %-16s %-24s %8lld\n", wide, c->count[i].split, c->count[i].domain,
               c->count[i].class_name, (long long)c->count[i].n);
    for (int64_t i = 0; i < c->finding_n; i++) {
        const Finding *f = &c->finding[i];
        printf("%s: %s%s%s\n", check_kind(f->kind), f->path, *f->path ? ": " : "", f->text);
    }
    for (int k = 0; k < CHECK_KINDS; k++)
        if (c->found[k] > CHECK_MOST)
            printf("%s: %lld in all\n", check_kind((CheckKind)k), (long long)c->found[k]);
    int64_t found = 0;
    for (int k = 0; k < CHECK_KINDS; k++) found += c->found[k];
    printf("%lld pictures, %lld finding%s, %lld of them keep%s a run from training\n",
           (long long)c->pictures, (long long)found, found == 1 ? "" : "s", (long long)c->fatal,
           c->fatal == 1 ? "s" : "");
}

static void show(void *arg, int64_t done, int64_t total)
{
    Progress *p = arg;
    p->total = total;
    progress_add(p, done - p->done);
}

Status cmd_check(Options *o)
{
    Check c;
    const Backend *be;
    const Recipe *recipe = recipe_find(o->recipe);
    o->data = o->args[0];
    o->device = "cpu";
    TRY(recipe_apply(recipe, o));
    TRY(setup_machine(o, &be));
    CheckOptions options = { .classes = recipe ? recipe->classes : 0,
                             .max_pixels = o->max_pixels, .progress = show };
    TRY(setup_dataset_options(&options.data, o, 0));
    Progress p = progress_begin("check", 0, o->quiet);
    options.arg = &p;
    Status status = check_data(&c, &options);
    progress_end(&p);
    TRY(status);
    if (o->json) print_json(&c);
    else print_text(&c);
    int64_t fatal = c.fatal;
    check_close(&c);
    if (!fatal) return OK;
    return err_set(ERR_FORMAT, "data check: %s: %lld finding%s a run from training", o->data,
                   (long long)fatal, fatal == 1 ? " keeps" : "s keep");
}

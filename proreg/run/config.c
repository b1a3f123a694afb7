// config.c - what a run writes down about itself, so that it can be repeated and trusted.
#include "proreg/run/config.h"

#include <stdlib.h>
#include <string.h>

#include "proreg/run/idle.h"
#include "proreg/run/recipe_apply.h"
#include "proreg/run/run.h"
#include "proreg/run/sums.h"

static Status put_hash(JsonOut *o, const char *key, const char *path)
{
    char hex[65];
    TRY(run_hash(hex, path));
    json_put_string(o, key, hex);
    return OK;
}

// The weights, and the files in the model's folder that change numbers.
static Status hash_model(JsonOut *o, const Clip *c, const char *tuned, const char *merges)
{
    static const char *const beside[] = {
        "config.json", "open_clip_config.json", "preprocessor_config.json",
        "processor_config.json", "vocab.json", "merges.txt", "tokenizer.json", "added_tokens.json",
        "tokenizer_config.json", "special_tokens_map.json", "bpe_simple_vocab_16e6.txt.gz",
        "bpe_simple_vocab_16e6.txt",
    };
    char path[FILE_PATH];
    const char *shard;
    json_out_object(o);
    TRY(put_hash(o, path_name(c->file), c->file));
    for (int64_t i = 0; (shard = weights_shard(c->weights, i)); i++)
        TRY(put_hash(o, path_name(shard), shard));
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        bool there;
        TRY(file_beside(&there, path, c->folder, beside[i]));
        if (there) TRY(put_hash(o, beside[i], path));
    }
    if (tuned) {
        TRY(path_join(path, tuned, "classifier.safetensors"));
        TRY(put_hash(o, path_name(path), path));
    }
    if (merges) TRY(put_hash(o, "--merges", merges));
    json_out_end(o);
    return OK;
}

static const char *compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

// The options above that did nothing in this run.
static void write_idle(JsonOut *o, const Options *options)
{
    const IdleFlag *f = NULL;
    json_put_array(o, "without_effect");
    while ((f = idle_next(options, f))) {
        char key[64];
        option_key(key, f->flag);
        json_out_string(o, key);
    }
    json_out_end(o);
}

static void write_program(JsonOut *o, const RunFacts *f)
{
    json_put_string(o, "version", PROREG_VERSION);
    json_put_string(o, "compiler", compiler());
    json_put_string(o, "backend", f->be->name);
    json_put_string(o, "instruction_set", backend_isa(f->be));
}

static void write_data(JsonOut *o, const RunFacts *f)
{
    json_put_string(o, "data_sha256", f->data_hash);
    json_put_string(o, "train_sha256", f->train_hash);
    json_put_string(o, "order_sha256", f->order_hash);
    json_put_string(o, "train_split_used", f->train_split);
    json_put_string(o, "eval_split_used", f->eval_split);
    json_put_int(o, "train_pictures", f->train_pictures);
    json_put_int(o, "eval_pictures", f->eval_pictures);
    json_put_int(o, "eval_pictures_trained_on", f->eval_trained_on);
    if (f->selection) json_put_string(o, "selection", f->selection);
    if (f->selection) json_put_int(o, "validation_pictures", f->validation_pictures);
    json_put_array(o, "class_order");
    for (int k = 0; k < f->classes; k++) json_out_string(o, f->class_name[k]);
    json_out_end(o);
    json_put_array(o, "prompt_order");
    for (int k = 0; k < f->classes; k++) json_out_string(o, f->prompt[k]);
    json_out_end(o);
}

static void write_schedule(JsonOut *o, const RunFacts *f)
{
    json_put_string(o, "schedule_counting", f->counting->released ? "released" : "plain");
    json_put_int(o, "schedule_steps", f->counting->total);
    json_put_int(o, "schedule_warm", f->counting->warm);
    json_put_int(o, "steps", f->counting->steps);
    json_put_array(o, "extended_after");
    for (int i = 0; i < f->options->ends; i++) json_out_int(o, f->options->ended[i]);
    json_out_end(o);
    json_out_key(o, "recipe_published");
    recipe_published(f->options, o);
}

Status config_write(JsonOut *out, const RunFacts *f)
{
    char text[TRANSFORM_TEXT];
    json_out_object(out);
    TRY(options_write_config(f->options, out));
    write_idle(out, f->options);
    write_program(out, f);
    json_put_string(out, "preprocessing", transform_text(text, &f->model->config.pixels));
    json_out_key(out, "model_sha256");
    TRY(hash_model(out, f->model, f->tuned, f->options->merges));
    write_data(out, f);
    write_schedule(out, f);
    json_put_int(out, "parameters", params_count(f->params));
    json_put_int(out, "parameters_trained", f->params->trained);
    TRY(sums_put_text(out, "crc32"));
    json_out_end(out);
    return json_out_status(out);
}

// What config_write has written beside options, today and in older programs.
static bool is_fact(const char *key)
{
    static const char *const facts[] = {
        "without_effect", "version", "compiler", "backend", "instruction_set", "preprocessing",
        "model_sha256", "data_sha256", "train_sha256", "order_sha256",
        "train_split_used", "eval_split_used",
        "train_pictures", "eval_pictures", "eval_pictures_trained_on", "selection",
        "validation_pictures", "class_order", "prompt_order", "schedule_counting",
        "schedule_steps", "schedule_warm", "steps", "extended_after", "recipe_published",
        "parameters", "parameters_trained", "crc32",
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if (!strcmp(facts[i], key)) return true;
    return false;
}

static Status known_key(const Json *v)
{
    char near[64];
    if (option_is_key(v->key, near) || is_fact(v->key)) return OK;
    return json_error(ERR_FORMAT, v, "is no option of train, nor anything that a run writes there"
                      "%s%s%s", *near ? ": did you mean " : "", near, *near ? "?" : "");
}

Status config_keys(const char *path)
{
    Arena arena = { 0 };
    const Json *root;
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = json_expect(root, JSON_OBJECT);
    if (status == OK) status = json_once(root);
    for (int64_t i = 0; status == OK && i < root->count; i++) status = known_key(&root->item[i]);
    arena_free(&arena);
    return status;
}

// ---- what a run was trained on ------------------------------------------------------------------

// A text of the file, in the options' arena; NULL where it has none.
static Status old_text(const char **text, Options *o, const Json *root, const char *key)
{
    const Json *v = json_get(root, key);
    *text = NULL;
    if (!v || v->type != JSON_STRING || !*v->string) return OK;
    *text = arena_string(&o->arena, v->string);
    return *text ? OK : err_memory("config");
}

// Do both paths lead to one folder? Where a run's data have moved since, their names count.
static Status same_folder(bool *same, const char *a, const char *b)
{
    char *x = NULL, *y = NULL;
    Status status = path_whole(&x, a);
    if (status == OK) status = path_whole(&y, b);
    *same = x && y ? !strcmp(x, y) : true;
    free(x);
    free(y);
    return status;
}

static Status training_side_of(Options *o, const Json *root)
{
    TRY(json_opt_number(&o->val_fraction, root, "val_fraction"));
    if (!(o->val_fraction >= 0 && o->val_fraction <= 0.9))
        return json_error(ERR_FORMAT, json_get(root, "val_fraction"), "%g: not from 0 to 0.9",
                          o->val_fraction);
    TRY(json_opt_int(&o->seed, root, "seed", 0, INT64_MAX));
    TRY(old_text(&o->train_split, o, root, "train_split"));
    TRY(old_text(&o->train_domains, o, root, "train_domains"));
    TRY(old_text(&o->train_list, o, root, "train_list"));
    o->has_trained = true;
    return OK;
}

static Status sides_of(Options *o, const Json *root)
{
    const char *data, *used;
    o->as_before = !json_get(root, "selection");
    TRY(old_text(&data, o, root, "data"));
    TRY(old_text(&used, o, root, "eval_split_used"));
    bool same = true;
    if (data && o->data) TRY(same_folder(&same, data, o->data));
    if (o->eval_list || !same) return OK;
    if (o->as_before && !o->eval_split) o->eval_split = used;
    return o->verb->bit == VERB_TRAIN ? OK : training_side_of(o, root);
}

Status config_sides(Options *o, const char *path)
{
    Arena arena = { 0 };
    const Json *root;
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = sides_of(o, root);
    arena_free(&arena);
    return status;
}

static Status ends_of(Options *o, const Json *root, bool more)
{
    const Json *list = json_get(root, "extended_after");
    int64_t epochs, last = 0;
    int n = 0;
    TRY(json_need_int(&epochs, root, "epochs", 1, INT64_MAX));
    if (list) TRY(json_expect(list, JSON_ARRAY));
    if (o->epochs != epochs && !(more && o->epochs > epochs)) return OK;
    if (list && list->count >= EXTENSIONS_MAX)
        return json_error(ERR_FORMAT, list, "more than %d extensions", EXTENSIONS_MAX - 1);
    for (; list && n < list->count; n++, last = o->ended[n - 1])
        TRY(json_int(&o->ended[n], json_at(list, n), last + 1, epochs - 1));
    if (o->epochs > epochs) o->ended[n++] = epochs;
    o->ends = n;
    return OK;
}

Status config_extended(Options *o, const char *path, bool more)
{
    Arena arena = { 0 };
    const Json *root;
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = ends_of(o, root, more);
    arena_free(&arena);
    return status;
}

// ---- resuming -----------------------------------------------------------------------------------

static Status same_member(const Json *ours, const Json *theirs, const char *path)
{
    const char *a, *b;
    TRY(json_string(&a, ours));
    TRY(json_need_string(&b, theirs, ours->key));
    if (!strcmp(a, b)) return OK;
    return err_set(ERR_FORMAT, "config: %s: %s has changed since: SHA-256 %.12s.. was %.12s..",
                   path, ours->key, a, b);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && !strcmp(name + n - m, suffix);
}

// These were not recorded from the beginning. Of shards: which there are, the index says, whose
// hash always was.
static bool is_late(const char *name, const Json *was)
{
    bool index = false;
    for (int64_t i = 0; i < was->count; i++) index |= has_suffix(was->item[i].key, ".index.json");
    bool shard = has_suffix(name, ".bin") || (has_suffix(name, ".safetensors") &&
                                              strcmp(name, "classifier.safetensors") != 0);
    return (index && shard) || !strcmp(name, "tokenizer_config.json") ||
           !strcmp(name, "special_tokens_map.json");
}

// The weights and what lies beside them: each file of the one run is one of the other.
static Status same_files(const Json *ours, const Json *theirs, const char *path)
{
    const Json *now, *was;
    TRY(json_need(&now, ours, "model_sha256", JSON_OBJECT));
    TRY(json_need(&was, theirs, "model_sha256", JSON_OBJECT));
    for (int64_t i = 0; i < was->count; i++) {
        const char *name = json_at(was, i)->key;
        if (json_get(now, name)) continue;
        return err_set(ERR_FORMAT, "config: %s: the model had a file %.100s, which is gone", path,
                       name);
    }
    for (int64_t i = 0; i < now->count; i++) {
        const char *name = json_at(now, i)->key;
        if (json_get(was, name)) TRY(same_member(json_at(now, i), was, path));
        else if (!is_late(name, was))
            return err_set(ERR_FORMAT, "config: %s: the model has a file %.100s, which it did not "
                           "have", path, name);
    }
    return OK;
}

// Names, prompts and templates, in order: they come from files and flags that the hashes of
// pictures and weights do not cover.
static Status same_list(const Json *ours, const Json *theirs, const char *key, const char *path)
{
    const Json *a, *b;
    TRY(json_need(&a, ours, key, JSON_ARRAY));
    TRY(json_need(&b, theirs, key, JSON_ARRAY));
    if (a->count != b->count)
        return err_set(ERR_FORMAT, "config: %s: %s has changed since: %lld entries, were %lld",
                       path, key, (long long)a->count, (long long)b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const char *x, *y;
        TRY(json_string(&x, json_at(a, i)));
        TRY(json_string(&y, json_at(b, i)));
        if (strcmp(x, y) != 0)
            return err_set(ERR_FORMAT, "config: %s: %s has changed since: `%.60s` was `%.60s`",
                           path, key, x, y);
    }
    return OK;
}

// Which pictures are trained on and which are held out counts beside what they are together. Not
// recorded from the beginning, when pictures were held out by another draw.
static Status same_training(const Json *ours, const Json *theirs, const char *path)
{
    double fraction = 0;
    TRY(json_opt_number(&fraction, theirs, "val_fraction"));
    if (json_get(theirs, "train_sha256") || fraction == 0)
        return json_get(theirs, "train_sha256")
               ? same_member(json_get(ours, "train_sha256"), theirs, path) : OK;
    return err_set(ERR_FORMAT, "config: %s: has no train_sha256: what --val-fraction held out was "
                   "drawn in another way: the run cannot go on", path);
}

static Status same_data(const Json *ours, const Json *theirs, const char *path)
{
    TRY(same_member(json_get(ours, "data_sha256"), theirs, path));
    TRY(same_training(ours, theirs, path));
    if (json_get(theirs, "order_sha256"))
        TRY(same_member(json_get(ours, "order_sha256"), theirs, path));
    TRY(same_list(ours, theirs, "class_order", path));
    return same_list(ours, theirs, "prompt_order", path);
}

static Status same_facts(const Json *ours, const Json *theirs, const char *path)
{
    TRY(same_data(ours, theirs, path));
    TRY(same_list(ours, theirs, "template", path));
    return same_files(ours, theirs, path);
}

static Status compare_config(Status status, JsonOut *out, const char *path,
                             Status (*same)(const Json *, const Json *, const char *))
{
    Arena arena = { 0 };
    const Json *ours, *theirs;
    if (status == OK) status = json_parse(&ours, &arena, out->text, out->size, "config");
    if (status == OK) status = json_load(&theirs, &arena, path);
    if (status == OK) status = same(ours, theirs, path);
    json_out_free(out);
    arena_free(&arena);
    return status;
}

Status config_same(const RunFacts *f, const char *path)
{
    JsonOut out = { 0 };
    Status status = config_write(&out, f);
    return compare_config(status, &out, path, same_facts);
}

Status config_same_data(const RunFacts *f, const char *path)
{
    JsonOut out = { 0 };
    json_out_object(&out);
    write_data(&out, f);
    json_out_end(&out);
    Status status = json_out_status(&out);
    return compare_config(status, &out, path, same_data);
}

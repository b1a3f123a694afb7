// info.c - `info`: what is in a file of weights, a model's folder or a run; what the machine
// offers; the settings of a recipe.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proreg/run/sums.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/print.h"
#include "proreg/verb/verbs.h"
#include "tensor/base/par.h"
#include "tensor/base/shown.h"

// ---- tensors ------------------------------------------------------------------------------------

static Status print_tensor_json(const WeightsTensor *t)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_put_string(&o, "name", t->name);
    json_put_string(&o, "dtype", weights_dtype_name(t->dtype));
    json_put_array(&o, "shape");
    for (int i = 0; i < t->ndim; i++) json_out_int(&o, t->dim[i]);
    json_out_end(&o);
    json_out_end(&o);
    return print_json(&o);
}

static void print_tensor(const WeightsTensor *t)
{
    printf("  %-60s %-5s (", shown(t->name), weights_dtype_name(t->dtype));
    for (int i = 0; i < t->ndim; i++) printf("%s%lld", i ? "," : "", (long long)t->dim[i]);
    puts(")");
}

static Status info_weights(const Options *o, const char *path)
{
    Weights *w;
    int64_t numbers = 0;
    TRY(weights_open(&w, path));
    for (int64_t i = 0; i < weights_count(w); i++) numbers += weights_elements(weights_at(w, i));
    if (!o->json)
        printf("%s: %s, %lld tensors, %lld numbers\n", shown(path),
               weights_kind_name(weights_kind(w)), (long long)weights_count(w),
               (long long)numbers);
    Status status = OK;
    for (int64_t i = 0; i < weights_count(w) && status == OK; i++) {
        if (o->json) status = print_tensor_json(weights_at(w, i));
        else print_tensor(weights_at(w, i));
    }
    weights_close(w);
    return status;
}

// ---- models and runs ----------------------------------------------------------------------------

static void print_tower(const char *name, TowerSize s)
{
    printf("  %-12s width %lld, %lld layers, %lld heads, MLP %lld\n", name, (long long)s.width,
           (long long)s.layers, (long long)s.heads, (long long)s.mlp);
}

static void print_pixels(const char *path, const Clip *c)
{
    const ClipConfig *g = &c->config;
    char text[TRANSFORM_TEXT];
    printf("%s: CLIP, %lld numbers\n", shown(path), (long long)params_count(&c->params));
    printf("  %-12s %lld px, patches of %lld px\n", "pictures", (long long)g->image_size,
           (long long)g->patch);
    printf("  %-12s %s%s\n", "prepared", transform_text(text, &g->pixels),
           g->pixels_said ? "" : " (not said by its files)");
}

static void print_model(const char *path, const Clip *c)
{
    const ClipConfig *g = &c->config;
    print_pixels(path, c);
    print_tower("vision", g->vision);
    print_tower("text", g->text);
    printf("  %-12s %lld positions, %lld tokens\n", "texts", (long long)g->context,
           (long long)g->vocab);
    printf("  %-12s %lld, %s\n", "embedding", (long long)g->embed,
           g->act == ACT_GELU ? "gelu" : "quick_gelu");
}

static Status print_tuned(const char *path)
{
    char folder[FILE_PATH], mixture[MIXTURE_TEXT];
    Arena arena = { 0 };
    RunCheckpoint c;
    bool tuned;
    TRY(tuned_find(&tuned, folder, path));
    if (!tuned) return OK;
    Status status = tuned_open(&c, &arena, folder);
    if (status == OK)
        printf("  %-12s method %s, %s%sstep %lld, %d classes:", "classifier", c.method->name,
               tuned_mixture(mixture, &c), c.mixed ? " of " : "", (long long)c.state.step,
               c.classes);
    for (int k = 0; status == OK && k < c.classes; k++)
        printf("%s %s", k ? "," : "", shown(c.class_name[k]));
    if (status == OK) putchar('\n');
    arena_free(&arena);
    return status;
}

static Status info_model(const Options *o, const char *path)
{
    const Backend *be;
    Clip c;
    TRY(backend_open(&be, "ref", NULL));
    TRY(clip_read(&c, be, path, &(ClipOptions){ .sizes = true, .pixels = setup_pixels(o) }));
    if (!o->json) print_model(path, &c);
    Status status = o->json ? OK : print_tuned(path);
    if (status == OK) status = info_weights(o, c.file);
    clip_free(&c);
    return status;
}

static const char *pixel_flag(const Options *o)
{
    static const char *const flags[] = { "mean", "std", "size", "resize-mode", "interpolation",
                                         "pillow" };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (options_source(o, flags[i]) == FROM_FLAG) return flags[i];
    return NULL;
}

// Of a CLIP also what is done to its pictures: all that a file by itself tells for sure.
static Status info_file(const Options *o, const char *path)
{
    const Backend *be;
    Clip c;
    const char *flag = pixel_flag(o);
    TRY(backend_open(&be, "ref", NULL));
    Status status = clip_read(&c, be, path, &(ClipOptions){ .sizes = true,
                                                            .pixels = setup_pixels(o) });
    if (err_of_machine(status)) return status;
    if (status != OK && flag && strstr(err_msg(), flag)) return status;
    if (status != OK && flag) return err_prefix(status, "--%s: goes with a model", flag);
    if (status != OK) return info_weights(o, path);
    if (!o->json) print_pixels(path, &c);
    clip_free(&c);
    return info_weights(o, path);
}

static Status print_file(const char *folder, const char *name)
{
    char path[FILE_PATH];
    FileMap map;
    bool there;
    TRY(file_beside(&there, path, folder, name));
    if (!there) return OK;
    TRY(file_map(&map, path));
    Status status = map.size ? OK : err_set(ERR_FORMAT, "info: %s: is empty", path);
    shown_lines(stdout, (const char *)map.data, map.size);
    file_unmap(&map);
    return status;
}

static Status info_run(const Options *o)
{
    static const char *const names[] = { "last", "best" };
    char checkpoint[FILE_PATH];
    RunState s;
    for (int i = 0; i < 2; i++) {
        TRY(path_join(checkpoint, o->args[0], names[i]));
        bool there;
        TRY(folder_there(&there, checkpoint));
        if (i && !there) continue;                         // a run may have no best
        TRY(run_checkpoint(checkpoint, o->args[0], names[i]));
        TRY(run_load_state(&s, checkpoint));
        if (o->json) continue;
        printf("%s: step %lld", names[i], (long long)s.step);
        if (s.best_top1 >= 0)
            printf(", best top1 %.4f at step %lld", s.best_top1, (long long)s.best_step);
        putchar('\n');
    }
    if (!o->json) TRY(print_file(o->args[0], "config.json"));
    TRY(print_file(o->args[0], "results.jsonl"));
    Status changed = sums_check_config(o->args[0]);
    if (changed != ERR_FORMAT) return changed;
    say(o, "note: %s", err_msg());
    return OK;
}

// ---- the machine --------------------------------------------------------------------------------

typedef struct { const char *name; int64_t bytes; } Cache;

static int find_caches(Cache out[4])
{
    int n = 0;
#ifdef _SC_LEVEL1_DCACHE_SIZE
    const struct { const char *name; int which; } levels[] = {
        { "L1d", _SC_LEVEL1_DCACHE_SIZE }, { "L2", _SC_LEVEL2_CACHE_SIZE },
        { "L3", _SC_LEVEL3_CACHE_SIZE },
    };
    for (int i = 0; i < 3; i++) {
        long bytes = sysconf(levels[i].which);
        if (bytes > 0) out[n++] = (Cache){ levels[i].name, bytes };
    }
#else
    (void)out;                                 // no portable way to ask this system
#endif
    return n;
}

// The speed of `linear` on large matrices: the best in half a second, in GFLOP/s.
static Status measure_product(const Backend *be, double *gflops)
{
    enum { M = 1024, N = 768, K = 768 };
    const size_t x_bytes = M * K * sizeof(real), w_bytes = N * K * sizeof(real);
    const size_t y_bytes = M * N * sizeof(real);
    real *x = be->alloc(x_bytes), *w = be->alloc(w_bytes), *y = be->alloc(y_bytes);
    Status status = x && w && y ? OK : err_memory("info");
    *gflops = 0;
    if (status == OK) {
        be->fill(x, (real)0.5, M * K);
        be->fill(w, (real)0.25, N * K);
    }
    for (double begun = seconds_now(); status == OK && seconds_now() - begun < 0.5;) {
        double start = seconds_now();
        be->linear_fwd(y, NULL, x, w, NULL, M, N, K, ACT_NONE);
        status = be->sync();
        double speed = 2e-9 * M * N * K / (seconds_now() - start);
        if (speed > *gflops) *gflops = speed;
    }
    if (x) be->release(x, x_bytes);
    if (w) be->release(w, w_bytes);
    if (y) be->release(y, y_bytes);
    return status;
}

static Status info_machine(Options *o)
{
    const Backend *be;
    Cache cache[4];
    double gflops;
    JsonOut out = { 0 };
    o->device = "cpu";
    TRY(setup_machine(o, &be));
    TRY(measure_product(be, &gflops));
    int n = find_caches(cache);
    if (!o->json) {
        printf("%-18s %d, %d used\n", "cores", par_cores(), par_threads());
        printf("%-18s %s (here: %s)\n", "instruction set", backend_isa(be), backend_isa_list());
        for (int i = 0; i < n; i++)
            printf("%-18s %lld kB\n", cache[i].name, (long long)cache[i].bytes / 1024);
        printf("%-18s %.1f GFLOP/s, measured\n", "matrix product", gflops);
        return OK;
    }
    json_out_object(&out);
    json_put_int(&out, "cores", par_cores());
    json_put_int(&out, "threads", par_threads());
    json_put_string(&out, "isa", backend_isa(be));
    for (int i = 0; i < n; i++) json_put_int(&out, cache[i].name, cache[i].bytes);
    json_put_double(&out, "gflops", gflops);
    json_out_end(&out);
    return print_json(&out);
}

// ---- recipes ------------------------------------------------------------------------------------

typedef struct {
    const char *name, *value;  // value NULL: the recipe has no such field
    unsigned bit;              // of Recipe.published; 0: a property of the data set
} Field;

static Status print_field(const Options *o, const Recipe *r, const Field *f)
{
    const char *by = !f->bit ? "data" : r->published & f->bit ? "published" : "ours";
    JsonOut out = { 0 };
    if (!o->json) {
        printf("%-14s %-10s %s\n", f->name, by, f->value);
        return OK;
    }
    json_out_object(&out);
    json_put_string(&out, "field", f->name);
    json_put_string(&out, "value", f->value);
    json_put_string(&out, "from", by);
    json_out_end(&out);
    return print_json(&out);
}

static Status info_recipe(const Options *o)
{
    const Recipe *r = recipe_of(o);
    char classes[16], base[16], alpha[32], kd_alpha[32];
    const char *rest = r->domains ? "one side is yours to name, the other gets the rest" : NULL;
    snprintf(classes, sizeof classes, "%d", r->classes);
    snprintf(base, sizeof base, "%d", r->label_base);
    snprintf(alpha, sizeof alpha, "%g", r->alpha);
    snprintf(kd_alpha, sizeof kd_alpha, "%g", r->kd_alpha);
    const Field field[] = {
        { "data set", r->title, 0 }, { "layout", r->layout, 0 }, { "classes", classes, 0 },
        { "class order", r->class_list ? r->class_list : r->by_letters
              ? "the folders by letters and digits alone, case ignored"
              : "the folders in byte order", 0 },
        { "template", r->template, PUBLISHED_TEMPLATE },
        { "train split", r->train_split, PUBLISHED_DOMAINS },
        { "eval split", r->eval_split, PUBLISHED_DOMAINS },
        { "select", r->select, 0 },
        { "domains", r->domains, 0 },
        { "train domains", r->train_domains ? r->train_domains : rest, PUBLISHED_DOMAINS },
        { "eval domains", r->eval_domains ? r->eval_domains : rest, PUBLISHED_DOMAINS },
        { "train lists", r->train_list, 0 }, { "eval lists", r->eval_list, 0 },
        { "label base", r->train_list ? base : NULL, 0 },
        { "alpha", r->alpha > 0 ? alpha : NULL, PUBLISHED_ALPHA },
        { "alpha of kd", r->kd_alpha > 0 ? kd_alpha : NULL, PUBLISHED_KD_ALPHA },
        { "weight", "k10, temperature 1", PUBLISHED_SCHEDULE },
        { "optimizer", "adamw-hf, lr 1e-5 (classifier and scale 100 times), wd 0.01, "
          "betas 0.9,0.98", PUBLISHED_SCHEDULE },
        { "schedule", "10 epochs of batches of 256, warm-up 0.1, linear, steps counted as in the "
          "released code", PUBLISHED_SCHEDULE },
        { "augment", "randaug, 2 operations of strength 9", PUBLISHED_SCHEDULE },
        { "note", r->note, 0 }, { "note", r->train_note, 0 },
    };
    for (size_t i = 0; i < sizeof field / sizeof *field; i++)
        if (field[i].value) TRY(print_field(o, r, &field[i]));
    return OK;
}

static Status info_kind(PathKind *kind, bool *run, const char *path)
{
    char last[FILE_PATH];
    PathKind inside = PATH_NOTHING;
    *kind = PATH_NOTHING;
    if (path) TRY(path_kind(kind, path));
    if (*kind == PATH_FOLDER) TRY(path_join(last, path, "last"));
    if (*kind == PATH_FOLDER) TRY(path_kind(&inside, last));
    *run = inside == PATH_FILE || inside == PATH_FOLDER;
    return OK;
}

Status verb_info(Options *o)
{
    if (o->machine + (o->args_count == 1) + (o->recipe >= 0) != 1)
        return err_set(ERR_USAGE, "info: needs either a PATH, --machine or --recipe NAME");
    const char *path = o->args_count ? o->args[0] : NULL, *flag = pixel_flag(o);
    PathKind kind;
    bool run;
    TRY(info_kind(&kind, &run, path));
    say_idle(o);
    if (flag && (!path || run))
        return err_set(ERR_USAGE, "--%s: goes with a model, not with %s", flag,
                       o->machine ? "--machine" : run ? "a run" : "--recipe");
    if (o->machine) return info_machine(o);
    if (o->recipe >= 0) return info_recipe(o);
    if (run) return info_run(o);
    if (kind == PATH_FOLDER) return info_model(o, path);
    if (kind == PATH_FILE) return info_file(o, path);
    return err_set(ERR_IO, "info: %s: no such file or folder", path);
}

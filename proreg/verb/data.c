// data.c - the verbs of `data`: check a set, and look at pixels as they are decoded, preprocessed,
// augmented or drawn.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/image.h"
#include "data/set/check.h"
#include "data/world/world.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/place.h"
#include "proreg/verb/print.h"
#include "proreg/verb/verbs.h"
#include "tensor/base/shown.h"
#include "weights/npy.h"

// ---- data check: what a set holds, and what a run would trip over -------------------------------

static Status print_count_json(const CheckCount *c)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_put_string(&o, "split", c->split);
    json_put_string(&o, "domain", c->domain);
    json_put_string(&o, "class", c->class_name);
    json_put_int(&o, "n", c->n);
    json_out_end(&o);
    return print_json(&o);
}

static Status print_finding_json(const Finding *f)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_put_string(&o, "finding", check_kind(f->kind));
    json_put_bool(&o, "fatal", check_fatal(f->kind));
    json_put_string(&o, "path", f->path);
    json_put_string(&o, "text", f->text);
    json_out_end(&o);
    return print_json(&o);
}

static Status print_found_json(CheckKind kind, int64_t n)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_put_string(&o, "found", check_kind(kind));
    json_put_int(&o, "n", n);
    json_out_end(&o);
    return print_json(&o);
}

static Status print_share_json(const CheckShare *s)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_put_string(&o, "share", s->split);
    json_put_string(&o, "trained", s->trained);
    json_put_int(&o, "n", s->n);
    json_put_int(&o, "also_trained", s->also);
    json_out_end(&o);
    return print_json(&o);
}

static Status print_check_json(const Check *c)
{
    for (int64_t i = 0; i < c->count_n; i++) TRY(print_count_json(&c->count[i]));
    for (int64_t i = 0; i < c->finding_n; i++) TRY(print_finding_json(&c->finding[i]));
    for (int k = 0; k < CHECK_KINDS; k++)
        if (c->found[k]) TRY(print_found_json((CheckKind)k, c->found[k]));
    for (int64_t i = 0; i < c->share_n; i++) TRY(print_share_json(&c->share[i]));
    return OK;
}

static int64_t kept_of(const Check *c, CheckKind kind)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->finding_n; i++) n += c->finding[i].kind == kind;
    return n;
}

static void print_check(const Check *c)
{
    int wide = 12;                             // names of list files may be longer
    for (int64_t i = 0; i < c->count_n; i++) {
        int n = shown_columns(c->count[i].split);
        if (n > wide && n <= 40) wide = n;
    }
    printf("%-*s %-16s %-24s %8s\n", wide, "split", "domain", "class", "n");
    for (int64_t i = 0; i < c->count_n; i++) {
        shown_cell(stdout, c->count[i].split, wide + 1, FILE_PATH);
        shown_cell(stdout, c->count[i].domain, 17, FILE_PATH);
        shown_cell(stdout, c->count[i].class_name, 24, FILE_PATH);
        printf(" %8lld\n", (long long)c->count[i].n);
    }
    for (int64_t i = 0; i < c->finding_n; i++) {
        const Finding *f = &c->finding[i];
        printf("%s: %s%s%s\n", check_kind(f->kind), shown(f->path), *f->path ? ": " : "",
               shown(f->text));
    }
    for (int k = 0; k < CHECK_KINDS; k++)
        if (c->found[k] > kept_of(c, (CheckKind)k))
            printf("%s: %lld in all (--all lists them)\n", check_kind((CheckKind)k),
                   (long long)c->found[k]);
    for (int64_t i = 0; i < c->share_n; i++)
        printf("%lld of %lld %s pictures are also in %s\n", (long long)c->share[i].also,
               (long long)c->share[i].n, shown(c->share[i].split), shown(c->share[i].trained));
    int64_t found = 0;
    for (int k = 0; k < CHECK_KINDS; k++) found += c->found[k];
    printf("%lld pictures, %lld finding%s, %lld of them keep%s a run from training\n",
           (long long)c->pictures, (long long)found, found == 1 ? "" : "s", (long long)c->fatal,
           c->fatal == 1 ? "s" : "");
}

static void show_progress(void *arg, int64_t done, int64_t total)
{
    Progress *p = arg;
    p->total = total;
    progress_add(p, done - p->done);
}

Status verb_check(Options *o)
{
    Check c;
    const Backend *be;
    const Recipe *recipe = recipe_of(o);
    o->data = o->args[0];
    o->device = "cpu";
    TRY(recipe_apply(o));
    say_idle(o);
    TRY(setup_machine(o, &be));
    CheckOptions options = { .classes = recipe ? recipe->classes : 0,
                             .most = o->all ? 0 : 10, .max_pixels = o->max_pixels,
                             .progress = show_progress };
    TRY(setup_dataset_options(&options.data, o, 0));
    Progress p = progress_begin("check", 0, o->quiet);
    options.arg = &p;
    Status status = check_data(&c, &options);
    progress_end(&p);
    TRY(status);
    if (o->json) status = print_check_json(&c);
    else print_check(&c);
    int64_t fatal = c.fatal;
    check_close(&c);
    TRY(status);
    if (!fatal) return OK;
    return err_set(ERR_FORMAT, "data check: %s: %lld finding%s a run from training", o->data,
                   (long long)fatal, fatal == 1 ? " keeps" : "s keep");
}

// ---- data decode: a picture's pixels ------------------------------------------------------------

Status verb_decode(Options *o)
{
    Image image;
    if (!o->output) return err_set(ERR_USAGE, "data decode: needs -o FILE.ppm");
    if (!ends_with(o->output, ".ppm"))
        return err_set(ERR_USAGE, "data decode: %s: writes FILE.ppm alone", o->output);
    TRY(setup_output(o, o->output, OUTPUT_PPM));
    TRY(image_load(&image, o->args[0], o->max_pixels));
    Status status = image_save_ppm(&image, o->output);
    image_free(&image);
    return status;
}

// ---- data preprocess: pictures as the network gets them -----------------------------------------

// (S,S,3) bytes of file number i, after the operations that were asked for or drawn.
static Status crop_of(uint8_t *crop, const Options *o, const Transform *t, int i)
{
    Image image;
    AugmentChain chain = { .n = 0 };
    LoaderOptions l = { .transform = *t, .augment = setup_augment(o, o->randaug),
                        .seed = (uint64_t)o->seed };
    if (o->ops) TRY(augment_parse(&chain, o->ops));
    TRY(image_load(&image, o->args[i], o->max_pixels));
    Status status = augment_apply(&image, &chain);
    if (status == OK) status = loader_shape(&l, &image, o->epoch, (int32_t)o->index + i, crop);
    image_free(&image);
    return status == OK ? OK : err_prefix(status, "%s", o->args[i]);
}

static Status save_ppm(const Options *o, const Transform *t, uint8_t *crop)
{
    if (o->args_count != 1)
        return err_set(ERR_USAGE, "data preprocess: %d files do not fit into one .ppm: -o x.npy",
                       o->args_count);
    TRY(crop_of(crop, o, t, 0));
    return image_save_ppm(&(Image){ crop, t->size, t->size }, o->output);
}

static Status write_pictures(FileOut *out, const Options *o, const Transform *t, uint8_t *crop,
                             float *pixels)
{
    for (int i = 0; i < o->args_count; i++) {
        TRY(crop_of(crop, o, t, i));
        transform_normalise(t, pixels, crop);
        TRY(file_write(out, pixels, (size_t)t->size * (size_t)t->size * 3 * sizeof *pixels));
    }
    return OK;
}

static Status save_npy(const Options *o, const Transform *t, uint8_t *crop)
{
    FileOut out;
    int64_t S = t->size, dim[4] = { o->args_count, 3, S, S };
    float *pixels = malloc((size_t)(3 * S * S) * sizeof *pixels);
    if (!pixels) return err_memory("preprocess");
    Status status = npy_create(&out, o->output, 4, dim);
    if (status == OK) {
        status = write_pictures(&out, o, t, crop, pixels);
        if (status == OK) status = file_commit(&out);
        else file_discard(&out);
    }
    free(pixels);
    return status;
}

Status verb_preprocess(Options *o)
{
    Transform t = transform_clip((int)o->size);
    const TransformGiven given = setup_pixels(o);
    bool ppm = o->output && ends_with(o->output, ".ppm");
    say_idle(o);
    if (!o->output || !(ppm || ends_with(o->output, ".npy")))
        return err_set(ERR_USAGE, "data preprocess: needs -o FILE.npy or -o FILE.ppm");
    if (o->ops && o->randaug)
        return err_set(ERR_USAGE, "data preprocess: --ops: does not go with --randaug");
    transform_give(&t, &given);
    TRY(transform_check(&t));
    setup_say_pixels(o, "--mean, --std", &t);
    TRY(setup_output(o, o->output, ppm ? OUTPUT_PPM : OUTPUT_NPY));
    uint8_t *crop = malloc((size_t)(3 * o->size * o->size));
    if (!crop) return err_memory("preprocess");
    Status status = ppm ? save_ppm(o, &t, crop) : save_npy(o, &t, crop);
    free(crop);
    return status;
}

// ---- data augment: a picture with named operations, or as training draws them -------------------

static Status chain_asked(AugmentChain *chain, const Options *o)
{
    if (!o->ops == !o->randaug)
        return err_set(ERR_USAGE, "data augment: needs either --ops 'Rotate=-9,..' or --randaug");
    if (o->ops) return augment_parse(chain, o->ops);
    Rng rng = rng_at((uint64_t)o->seed, (uint32_t)o->epoch, (uint32_t)o->index, RNG_AUGMENT);
    augment_draw(chain, &rng, (int)o->ra_n, o->ra_m);
    return OK;
}

Status verb_augment(Options *o)
{
    AugmentChain chain;
    Image image;
    char text[AUGMENT_TEXT];
    say_idle(o);
    TRY(chain_asked(&chain, o));
    if (!o->output) return err_set(ERR_USAGE, "data augment: needs -o FILE.ppm");
    if (!ends_with(o->output, ".ppm"))
        return err_set(ERR_USAGE, "data augment: %s: writes FILE.ppm alone", o->output);
    TRY(setup_output(o, o->output, OUTPUT_PPM));
    TRY(image_load(&image, o->args[0], o->max_pixels));
    Status status = augment_apply(&image, &chain);
    if (status == OK) status = image_save_ppm(&image, o->output);
    image_free(&image);
    augment_print(text, &chain);
    if (status == OK && o->randaug) puts(text);
    return status;
}

// ---- data world: the small drawn world as a folder ----------------------------------------------

Status verb_world(Options *o)
{
    const Backend *be;
    say_idle(o);
    if (!o->out) return err_set(ERR_USAGE, "data world: needs --out DIR");
    TRY(place_check(o, "out", o->out, &place_world, o->overwrite ? PLACE_OVERWRITE : PLACE_NEW));
    TRY(setup_machine(o, &be));
    const WorldTask t = { o->n, o->n_test, o->pairing };
    const uint64_t seed = (uint64_t)o->seed;
    Status status = o->kind == KIND_TASK ? world_write_task(o->out, seed, &t)
                  : o->kind == KIND_SIMPLE ? world_write_simple(o->out, seed, o->n)
                                           : world_write_captioned(o->out, seed, o->n);
    if (status == OK) say(o, "data world: %s", o->out);
    return status;
}

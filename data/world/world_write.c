// world_write.c - writes the drawn world as folders of pictures, which every verb reads.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/png.h"
#include "data/world/world.h"
#include "tensor/base/file.h"
#include "tensor/base/par.h"

// A set of pictures: where it lies and what is drawn. Pictures first .. first + n - 1 of the world.
typedef struct Set Set;
struct Set {
    const char *dir, *folder;            // "usual/train"
    uint64_t seed;
    int64_t first, n;
    int (*context)(const Set *set, int shape, Rng *rng);
    double pairing, faded;               // share of pictures in the other style
    bool simple;
    char (*line)[256];                   // (n) of captions.tsv
    Status *status;                      // (n)
};

// Shapes take turns, so that all classes have the same number of pictures.
static Status one_picture(const Set *s, int64_t i)
{
    Rng rng = rng_at(s->seed, 0, (uint32_t)(s->first + i), RNG_WORLD);
    int shape = (int)(i % WORLD_SHAPES), context = s->context(s, shape, &rng);
    static const int about_shape[] = { 0, 1, 5 };
    const WorldStyle *style = rng_unit(&rng) < s->faded ? &world_faded
                              : s->simple ? &world_simple : &world_clean;
    char path[FILE_PATH], name[128], text[WORLD_TEXT];
    WorldScene scene;
    Image image;
    world_draw(&scene, style, shape, context, &rng);
    world_caption(text, &scene, s->simple ? about_shape[rng_below(&rng, 3)]
                                          : (int)rng_below(&rng, WORLD_CAPTIONS));
    snprintf(name, sizeof name, "%s/%s/%06lld_%s.png", s->folder, world_shape[shape],
             (long long)(s->first + i), world_context[context]);
    snprintf(s->line[i], sizeof *s->line, "%s\t%s\n", name, text);
    TRY(path_join(path, s->dir, name));
    TRY(world_paint(&image, &scene, &rng));
    Status status = png_save(&image, path);
    image_free(&image);
    return status;
}

static void pictures(void *arg, int64_t from, int64_t to)
{
    const Set *s = arg;
    for (int64_t i = from; i < to; i++) s->status[i] = one_picture(s, i);
}

static Status first_failure(const Set *s)
{
    for (int64_t i = 0; i < s->n; i++)
        if (s->status[i] != OK) return one_picture(s, i);       // again, for its message
    return OK;
}

static Status make_folders(const Set *s)
{
    char path[FILE_PATH], name[64];
    for (int i = 0; i < WORLD_SHAPES; i++) {
        snprintf(name, sizeof name, "%s/%s", s->folder, world_shape[i]);
        TRY(path_join(path, s->dir, name));
        TRY(folder_make(path));
    }
    return OK;
}

static Status write_set(Set *s, FileOut *captions)
{
    TRY(make_folders(s));
    s->line = malloc((size_t)s->n * sizeof *s->line);
    s->status = malloc((size_t)s->n * sizeof *s->status);
    Status status = s->line && s->status ? OK : err_memory("world");
    if (status == OK) {
        par_for(s->n, 16, pictures, s);
        status = first_failure(s);
    }
    for (int64_t i = 0; i < s->n && status == OK; i++)
        status = file_write(captions, s->line[i], strlen(s->line[i]));
    free(s->line);
    free(s->status);
    return status;
}

static Status write_sets(const char *dir, Set *sets, int n)
{
    char path[FILE_PATH], temp[FILE_PATH];
    FileOut captions;
    Status status = OK;
    TRY(folder_begin(temp, dir));
    TRY(path_join(path, temp, "captions.tsv"));
    TRY(file_create(&captions, path));
    file_printf(&captions, "filepath\ttitle\n");
    for (int i = 0; i < n && status == OK; i++) {
        sets[i].dir = temp;
        status = write_set(&sets[i], &captions);
    }
    if (status == OK) status = file_commit(&captions);
    else file_discard(&captions);
    if (status == OK) return folder_commit(temp, dir);
    folder_discard(temp);
    return status;
}

// ---- what stands before what --------------------------------------------------------------------

static int any_context(const Set *s, int shape, Rng *rng)
{
    (void)s, (void)shape;
    return rng_unit(rng) < .25 ? WORLD_PLAIN : (int)rng_below(rng, WORLD_PLAIN);
}

static int plain(const Set *s, int shape, Rng *rng)
{
    (void)s, (void)shape, (void)rng;
    return WORLD_PLAIN;
}

static int swapped(const Set *s, int shape, Rng *rng)
{
    (void)s;
    return (shape + 1 + (int)rng_below(rng, WORLD_SHAPES - 1)) % WORLD_SHAPES;
}

static int usual(const Set *s, int shape, Rng *rng)
{
    return rng_unit(rng) < s->pairing ? shape : swapped(s, shape, rng);
}

static int new_context(const Set *s, int shape, Rng *rng)
{
    (void)s, (void)shape;
    return WORLD_SHAPES + (int)rng_below(rng, WORLD_PLAIN - WORLD_SHAPES);
}

Status world_write_captioned(const char *dir, uint64_t seed, int64_t n)
{
    Set sets[] = {
        { .folder = "train", .seed = seed, .n = n, .context = any_context },
        { .folder = "val", .seed = seed, .first = n, .n = n / 50, .context = any_context },
    };
    return write_sets(dir, sets, 2);
}

Status world_write_simple(const char *dir, uint64_t seed, int64_t n)
{
    Set sets[] = {
        { .folder = "train", .seed = seed, .n = n, .context = plain, .simple = true },
        { .folder = "val", .seed = seed, .first = n, .n = n / 50, .context = plain,
          .simple = true },
    };
    return write_sets(dir, sets, 2);
}

Status world_write_task(const char *dir, uint64_t seed, const WorldTask *t)
{
    int64_t n = t->n, m = t->n_test;
    Set sets[] = {
        { .folder = "usual/train", .n = n, .context = usual },
        { .folder = "usual/test", .first = n, .n = m, .context = usual },
        { .folder = "swapped/test", .first = n + m, .n = m, .context = swapped },
        { .folder = "new/test", .first = n + 2 * m, .n = m, .context = new_context },
    };
    for (int i = 0; i < 4; i++) {
        sets[i].seed = seed;
        sets[i].pairing = t->pairing;
        sets[i].faded = .75;
    }
    return write_sets(dir, sets, 4);
}

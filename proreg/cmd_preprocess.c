// cmd_preprocess.c - `data preprocess`: pictures as the network gets them, as they are or as one
// epoch of training draws them.
#include <stdlib.h>
#include <string.h>

#include "proreg/cmd.h"
#include "proreg/npy.h"

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

static Status write_rows(FileOut *out, const Options *o, const Transform *t, uint8_t *crop,
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
        status = write_rows(&out, o, t, crop, pixels);
        if (status == OK) status = file_commit(&out);
        else file_discard(&out);
    }
    free(pixels);
    return status;
}

Status cmd_preprocess(Options *o)
{
    Transform t = transform_clip((int)o->size);
    bool ppm = o->output && ends_with(o->output, ".ppm");
    if (!o->output || !(ppm || ends_with(o->output, ".npy")))
        return err_set(ERR_USAGE, "data preprocess: needs -o FILE.npy or -o FILE.ppm");
    if (o->ops && o->randaug)
        return err_set(ERR_USAGE, "data preprocess: --ops: does not go with --randaug");
    TRY(setup_output(o->output));
    uint8_t *crop = malloc((size_t)(3 * o->size * o->size));
    if (!crop) return err_memory("preprocess");
    Status status = ppm ? save_ppm(o, &t, crop) : save_npy(o, &t, crop);
    free(crop);
    return status;
}

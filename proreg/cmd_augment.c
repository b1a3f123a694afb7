// cmd_augment.c - `data augment`: a picture with named operations, or as training would draw them.
#include <stdio.h>

#include "proreg/cmd.h"

static Status chain_of(AugmentChain *chain, const Options *o)
{
    if (!o->ops == !o->randaug)
        return err_set(ERR_USAGE, "data augment: needs either --ops 'Rotate=-9,..' or --randaug");
    if (o->ops) return augment_parse(chain, o->ops);
    Rng rng = rng_at((uint64_t)o->seed, (uint32_t)o->epoch, (uint32_t)o->index, RNG_AUGMENT);
    augment_draw(chain, &rng, (int)o->ra_n, o->ra_m);
    return OK;
}

Status cmd_augment(Options *o)
{
    AugmentChain chain;
    Image image;
    char text[AUGMENT_TEXT];
    TRY(chain_of(&chain, o));
    if (!o->output) return err_set(ERR_USAGE, "data augment: needs -o FILE.ppm");
    if (!ends_with(o->output, ".ppm"))
        return err_set(ERR_USAGE, "data augment: %s: writes FILE.ppm alone", o->output);
    TRY(setup_output(o->output));
    TRY(image_load(&image, o->args[0], o->max_pixels));
    Status status = augment_apply(&image, &chain);
    if (status == OK) status = image_save_ppm(&image, o->output);
    image_free(&image);
    augment_print(text, &chain);
    if (status == OK && o->randaug) puts(text);
    return status;
}

// cmd_decode.c - `data decode`: a picture's pixels as a PPM file.
#include "data/image.h"
#include "proreg/cmd.h"

Status cmd_decode(Options *o)
{
    Image image;
    if (!o->output) return err_set(ERR_USAGE, "data decode: needs -o FILE.ppm");
    if (!ends_with(o->output, ".ppm"))
        return err_set(ERR_USAGE, "data decode: %s: writes FILE.ppm alone", o->output);
    TRY(setup_output(o->output));
    TRY(image_load(&image, o->args[0], o->max_pixels));
    Status status = image_save_ppm(&image, o->output);
    image_free(&image);
    return status;
}

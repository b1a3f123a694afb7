// fuzz_image.c - any bytes as a picture of the format that they show: an error or a picture, which
// takes as many pixels as it has, and one fewer is refused. PPM has no other target.
#include <stdlib.h>
#include <string.h>

#include "data/image/exif.h"
#include "data/image/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) abort();
}

static void same_within(const Image *image, const uint8_t *data, size_t size)
{
    Image again;
    int64_t pixels = (int64_t)image->width * image->height;
    demand(image_decode(&again, data, size, pixels) == OK);
    demand(again.width == image->width && again.height == image->height);
    demand(memcmp(again.rgb, image->rgb, 3 * (size_t)pixels) == 0);
    image_free(&again);
    demand(image_decode(&again, data, size, pixels - 1) == ERR_LIMIT && !again.rgb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Image image;
    Status status = image_decode(&image, data, size, 1 << 16);
    const ImageFormat *format = image_format(data, size);
    const int turned = exif_orientation(data, size);
    demand(turned >= 0 && turned <= 8);
    demand(status == OK ? image.rgb && format && format->decode : !image.rgb);
    if (status == OK) same_within(&image, data, size);
    image_free(&image);
    return 0;
}

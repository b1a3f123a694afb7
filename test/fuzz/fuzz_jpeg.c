// fuzz_jpeg.c - any bytes as a jpeg file: an error or a picture, nothing else.
#include "data/image/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Image image;
    if (size < 2) return 0;
    (void)jpeg_decode(&image, data, size, 1 << 20);
    image_free(&image);
    return 0;
}

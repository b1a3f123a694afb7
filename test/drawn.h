// drawn.h - the picture that test/golden/prepare.py and resize.py draw: noise, and a ramp.
#pragma once
#include <stdlib.h>

#include "data/image/image.h"

static inline Image drawn(int width, int height)
{
    Image image;
    if (image_new(&image, width, height) != OK) exit(2);
    uint32_t state = 12345 + (uint32_t)width * 1000 + (uint32_t)height;
    for (int i = 0; i < width * height * 3; i++) {
        state = state * 1103515245u + 12345u;
        int smooth = i / 3 % width * 255 / width;
        image.rgb[i] = (uint8_t)(i / 96 % 2 ? smooth : (int)(state >> 24));
    }
    return image;
}

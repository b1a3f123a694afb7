// drawn.h - the picture that test/golden/drawn.py draws: bands of noise, and of a ramp.
#pragma once
#include <stdlib.h>

#include "data/image/image.h"

// The noise is of low..low+span-1.
static inline Image drawn_in(int width, int height, int low, int span)
{
    Image image;
    if (image_new(&image, width, height) != OK) exit(2);
    uint32_t state = 12345 + (uint32_t)width * 1000 + (uint32_t)height;
    for (int i = 0; i < width * height * 3; i++) {
        state = state * 1103515245u + 12345u;
        int smooth = (int)((int64_t)(i / 3 % width) * 255 / width);
        image.rgb[i] = (uint8_t)(i / 96 % 2 ? smooth : (int)(state >> 24) % span + low);
    }
    return image;
}

static inline Image drawn(int width, int height)
{
    return drawn_in(width, height, 0, 256);
}

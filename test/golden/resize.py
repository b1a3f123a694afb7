# resize.py - makes test/golden/resize.bin with Pillow, for test_resize.c.
#
# Cases, one behind the other: 9 int32, little-endian (filter, width, height; box x, y, width,
# height; new width, height), then the bytes of the result. The input is drawn by the formula in
# `picture`, which test_resize.c repeats, so that it need not be stored.
import struct
import sys

import PIL
from PIL import Image

FILTERS = [Image.NEAREST, Image.BILINEAR, Image.BICUBIC]


def picture(width, height):
    state, out = 12345 + width * 1000 + height, bytearray()
    for i in range(width * height * 3):
        state = (state * 1103515245 + 12345) & 0xffffffff
        smooth = (i // 3 % width) * 255 // width
        out.append((smooth if i // 96 % 2 else state >> 24) & 255)
    return Image.frombytes("RGB", (width, height), bytes(out))


def case(out, which, size, new, box=None):
    image = picture(*size)
    box = box or (0, 0) + size
    cut = image.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
    result = cut.resize(new, FILTERS[which])
    out.write(struct.pack("<9i", which, *size, *box, *new) + result.tobytes())


def main(path):
    with open(path, "wb") as out:
        for which in range(3):
            for size, new in [((7, 5), (14, 9)), ((40, 37), (11, 8)), ((33, 9), (33, 4)),
                              ((9, 35), (5, 35)), ((1, 1), (5, 4)), ((64, 3), (2, 13)),
                              ((6, 6), (6, 6)), ((3, 90), (9, 7))]:
                case(out, which, size, new)
            case(out, which, (41, 38), (16, 12), (5, 3, 30, 34))
    print("Pillow", PIL.__version__)


main(sys.argv[1] if len(sys.argv) > 1 else "test/golden/resize.bin")

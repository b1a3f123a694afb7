# resize.py - makes test/golden/resize.bin with Pillow, for test_resize.c.
#
# Cases, one behind the other: 9 int32, little-endian (filter, width, height; box x, y, width,
# height; new width, height), then the bytes of the result. The input is drawn.py's.
import struct
import sys

import PIL
from drawn import across_first, picture
from PIL import Image

FILTERS = [Image.NEAREST, Image.BILINEAR, Image.BICUBIC]


def case(out, which, size, new, box=None):
    image = picture(*size)
    box = box or (0, 0) + size
    cut = image.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
    result = across_first(cut, new, FILTERS[which])
    out.write(struct.pack("<9i", which, *size, *box, *new) + result.tobytes())


def main(path):
    with open(path, "wb") as out:
        for which in range(3):
            for size, new in [((7, 5), (14, 9)), ((40, 37), (11, 8)), ((33, 9), (33, 4)),
                              ((9, 35), (5, 35)), ((1, 1), (5, 4)), ((64, 3), (2, 13)),
                              ((6, 6), (6, 6)), ((3, 90), (9, 7))]:
                case(out, which, size, new)
            case(out, which, (41, 38), (16, 12), (5, 3, 30, 34))
        for size in (1, 1500000), (1500000, 1):          # computed in pieces
            case(out, 2, size, (21, 20))
    print("Pillow", PIL.__version__)


main(sys.argv[1] if len(sys.argv) > 1 else "test/golden/resize.bin")

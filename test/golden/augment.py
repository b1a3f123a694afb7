# augment.py - makes test/golden/augment.txt with Pillow, for test_augment.c.
#
# A line is `width height chain sha256`. The operations are written here anew, over Pillow's own
# functions; the input is drawn.py's.
# test/bench/bench_data.py takes OPS from here.
import hashlib
import sys

import PIL
from drawn import picture
from PIL import Image, ImageEnhance, ImageOps


def affine(image, *matrix):
    return image.transform(image.size, Image.AFFINE, matrix)


def solarize_add(image, value):
    added = image.point([int(min(255, max(0, i + value))) for i in range(256)] * 3)
    return ImageOps.solarize(added, 128)


OPS = {
    "AutoContrast": (None, lambda i, v: ImageOps.autocontrast(i)),
    "Equalize": (None, lambda i, v: ImageOps.equalize(i)),
    "Rotate": ([9, -9, 30, 0.3, 90, 180, -123.25], lambda i, v: i.rotate(v)),
    "Posterize": ([0.4, 1.2, 2.9, 4], lambda i, v: ImageOps.posterize(i, max(1, int(v)))),
    "Solarize": ([0, 76.8, 256], ImageOps.solarize),
    "SolarizeAdd": ([0, 33, 110], solarize_add),
    "Color": ([0, 0.1, 0.64, 1, 1.9], lambda i, v: ImageEnhance.Color(i).enhance(v)),
    "Contrast": ([0.1, 0.64, 1.9], lambda i, v: ImageEnhance.Contrast(i).enhance(v)),
    "Brightness": ([0.1, 0.64, 1.9], lambda i, v: ImageEnhance.Brightness(i).enhance(v)),
    "Sharpness": ([0, 0.1, 0.64, 1, 1.9], lambda i, v: ImageEnhance.Sharpness(i).enhance(v)),
    "ShearX": ([0.09, -0.09, 0.3, 0], lambda i, v: affine(i, 1, v, 0, 0, 1, 0)),
    "ShearY": ([0.09, -0.09, -0.3], lambda i, v: affine(i, 1, 0, 0, v, 1, 0)),
    "TranslateXabs": ([30, -30, 3.5, 100], lambda i, v: affine(i, 1, 0, v, 0, 1, 0)),
    "TranslateYabs": ([30, -30, 0], lambda i, v: affine(i, 1, 0, 0, 0, 1, v)),
}


def main(path):
    with open(path, "w") as out:
        for width, height in [(61, 47), (40, 64), (32, 32)]:
            for name, (values, run) in OPS.items():
                for value in values or [None]:
                    data = run(picture(width, height, 20, 200), value).tobytes()
                    text = name if value is None else f"{name}={value!r}"
                    print(width, height, text, hashlib.sha256(data).hexdigest(), file=out)
    print("Pillow", PIL.__version__)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "test/golden/augment.txt")

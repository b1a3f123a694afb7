"""Small pictures in every form that data/ reads, and the SHA-256 of Pillow's RGB for each.

    python3 test/golden/images.py        (made with Pillow 9.4.0)
"""
import hashlib
import io
import os
import random

from PIL import Image, features

random.seed(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images")
W, H = 37, 29


def scene(w=W, h=H):
    """A gradient, an edge and a little noise: every coefficient gets its turn."""
    im = Image.new("RGB", (w, h))
    im.putdata([((7 * x + random.randrange(9)) % 256, (5 * y + (90 if x > y else 0)) % 256,
                 (x * y + random.randrange(9)) % 256) for y in range(h) for x in range(w)])
    return im


def jpeg(**options):
    out = io.BytesIO()
    options.pop("image", scene()).save(out, "JPEG", **options)
    return out.getvalue()


def other(kind, image, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()




RGB = scene()
FILES = {
    "420.jpg": jpeg(quality=85, subsampling=2),
    "422.jpg": jpeg(quality=60, subsampling=1),
    "444.jpg": jpeg(quality=95, subsampling=0),
    "progressive.jpg": jpeg(quality=80, progressive=True),
    "gray.jpg": jpeg(image=RGB.convert("L"), quality=70),
    "cmyk.jpg": jpeg(image=RGB.convert("CMYK"), quality=70),
    "tiny.jpg": jpeg(image=scene(3, 2), quality=90),
    "rgb.png": other("PNG", RGB),
    "rgba.png": other("PNG", RGB.convert("RGBA")),
    "palette.png": other("PNG", RGB.quantize(40)),
    "bit.png": other("PNG", RGB.convert("1")),
    "gray.png": other("PNG", RGB.convert("L")),
    "gray16.png": other("PNG", RGB.convert("I")),
    "palette.gif": other("GIF", RGB.quantize(60)),
    "bits4.gif": other("GIF", RGB.quantize(16), interlace=0),
    "rgb.bmp": other("BMP", RGB),
    "palette.bmp": other("BMP", RGB.quantize(256)),
    "bit.bmp": other("BMP", RGB.convert("1")),
    "rgb.ppm": other("PPM", scene(11, 7)),
    "gray.pgm": other("PPM", scene(11, 7).convert("L")),
}

if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    with open(os.path.join(HERE, "expected.tsv"), "w") as table:
        for name, data in sorted(FILES.items()):
            with open(os.path.join(HERE, name), "wb") as out:
                out.write(data)
            image = Image.open(io.BytesIO(data)).convert("RGB")
            table.write(f"{name}\t{hashlib.sha256(image.tobytes()).hexdigest()}\n")
    print(len(FILES), "files,", sum(map(len, FILES.values())), "bytes;",
          "libjpeg-turbo", features.version("libjpeg_turbo"))

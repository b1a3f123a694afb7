#!/usr/bin/env python3
"""jpeg_tails.py - writes images/tails.tsv: what Pillow makes of JPEGs whose end marker is replaced
by something else: file, what stands there in hexadecimal, and the hash of its RGB, or `refused`.

    python3 test/golden/jpeg_tails.py        (Pillow 13.0.0, libjpeg-turbo 3.2.0)

Tails of one to seven bytes without a marker are not in it: Pillow reads or refuses these by how
many bits its decoder happened to hold ahead.
"""
import hashlib
import io
import os

import PIL
from PIL import Image, features

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images")
FILES = ("420.jpg", "422.jpg", "444.jpg", "440.jpg", "gray.jpg", "cmyk.jpg", "restart.jpg",
         "tiny.jpg", "progressive.jpg", "scans.jpg", "restart-progressive.jpg")
END = b"\xff\xd9"


def tails(whole):
    """(name, bytes); names that are no hexadecimal: the last scan with its end, the whole file."""
    scan = whole[whole.rindex(b"\xff\xda"):]
    plain = (b"", END, b"\xff", b"\xff\xff", b"\0" * 8, b"\0" * 100, b"abcdefgh",
             b"<html></html>", b"\r\n" * 20, b"\xff\xd0", b"\xff\x01", b"\xff\xd8", b"\xff\xda",
             b"\xff\xe1", b"\xff\xfe\0\x04ab", b"\xff\xe0\0\x40ab", b"\xff\xc4", END + b"more")
    return ([(tail.hex() or "-", tail) for tail in plain] + [("zeros", b"\0" * 70000)]
            + [("scan", scan), ("whole", whole), ("end+whole", END + whole)])


def pillow(data):
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except OSError:
        return "refused"
    return hashlib.sha256(image.tobytes()).hexdigest()


if __name__ == "__main__":
    with open(os.path.join(HERE, "tails.tsv"), "w") as table:
        for name in FILES:
            whole = open(os.path.join(HERE, name), "rb").read()
            assert whole[-2:] == END
            for text, tail in tails(whole):
                if text == "scan" and b"\xff\xc2" in whole:   # refining twice is no tail
                    continue
                table.write(f"{name}\t{text}\t{pillow(whole[:-2] + tail)}\n")
    print("Pillow", PIL.__version__, "libjpeg-turbo", features.version("libjpeg_turbo"))

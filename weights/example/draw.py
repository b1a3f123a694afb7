"""draw.py - draws the pictures of weights/example: python3 weights/example/draw.py

Three classes, told by colour; shapes, places, backgrounds and noise say nothing. They exist so that
the first command of README.md runs without a download, and are no benchmark. Only the standard
library."""
import os
import random
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 24
COLOURS = {"red": (200, 60, 50), "green": (60, 170, 70), "blue": (60, 80, 200)}


def inside(shape, x, y):
    if shape == "circle":
        return x * x + y * y < 1
    if shape == "square":
        return max(abs(x), abs(y)) < 0.85
    return min(abs(x), abs(y)) < 0.3 and max(abs(x), abs(y)) < 1


def draw(rng, colour):
    shape = rng.choice(["circle", "square", "cross"])
    radius, cx, cy = rng.uniform(6, 9), rng.uniform(9, 15), rng.uniform(9, 15)
    back = [rng.randint(90, 150)] * 3
    rows = bytearray()
    for y in range(SIZE):
        rows.append(0)                                   # filter: none
        for x in range(SIZE):
            hit = inside(shape, (x - cx) / radius, (y - cy) / radius)
            rows += bytes(min(255, max(0, c + rng.randint(-2, 2))) & 0xF0
                          for c in (colour if hit else back))
    return bytes(rows)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def save(path, rows):
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                  + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


rng = random.Random(1)
for split, count in (("train", 8), ("test", 4)):
    for name, colour in COLOURS.items():
        for i in range(count):
            save(os.path.join(HERE, "pictures", split, name, "%d.png" % i), draw(rng, colour))

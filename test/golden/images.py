"""Small pictures in every form that data/ reads, and the SHA-256 of Pillow's RGB for each.

    python3 test/golden/images.py        (Pillow 9.4.0; cjpeg of libjpeg-turbo 2.1.5)

Pillow writes few of the forms that it reads: cjpeg and the functions below write the others.
"""
import hashlib
import io
import os
import random
import struct
import subprocess
import tempfile
import zlib

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


def cjpeg(*options, scans=None):
    """A small scene by cjpeg; scans: its script of scans."""
    source = other("PPM", scene(19, 13))
    with tempfile.NamedTemporaryFile("w") as script:
        script.write(scans or "")
        script.flush()
        extra = ["-scans", script.name] if scans else []
        return subprocess.run(["cjpeg", *options, *extra], input=source, stdout=subprocess.PIPE,
                              check=True).stdout


def patched(data, *edits):
    """Each edit is (what is found, how far behind its start, new bytes)."""
    data = bytearray(data)
    for mark, behind, new in edits:
        at = data.index(mark) + behind
        data[at:at + len(new)] = new
    return bytes(data)


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2)]


def filtered(row, up, bpp, kind):
    out = bytearray([kind])
    for i, x in enumerate(row):
        a, b, c = (row[i - bpp] if i >= bpp else 0), up[i], (up[i - bpp] if i >= bpp else 0)
        p = a + b - c
        paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        out.append((x - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
    return out


def png(kind, depth, passes, extra=b"", w=13, h=11):
    """Noise in any form of PNG, the filters in turn; extra: chunks before IDAT."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    raw, rows = bytearray(), 0
    for x0, y0, dx, dy in passes:
        width = len(range(x0, w, dx))
        n = (width * depth * channels + 7) // 8
        up = bytes(n)
        for _ in range(y0, h, dy) if width else ():
            row = bytes(random.randrange(256) for _ in range(n))
            raw += filtered(row, up, (depth * channels + 7) // 8, rows % 5)
            up, rows = row, rows + 1
    ihdr = struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, len(passes) > 1)
    data = zlib.compress(bytes(raw), 9)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", ihdr), extra, chunk(b"IDAT", data[:20]),
                     chunk(b"IDAT", data[20:21]), chunk(b"IDAT", data[21:]), chunk(b"IEND", b"")])


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bmp(bits, height, palette=b"", w=9):
    step = (w * bits + 31) // 32 * 4
    rows = bytes(random.randrange(256) for _ in range(step * abs(height)))
    head = struct.pack("<IiiHHIIiiII", 40, w, height, 1, bits, 0, 0, 0, 0, len(palette) // 4, 0)
    at = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at) + head + palette + rows


def gif(log2, flags, w=13, h=11, clear=100):
    """Codes of which none is a string; a palette of 2 ** log2 colours or none. The table of strings
    is cleared every so many pixels; left alone it is full after 3,839."""
    bits = at = known = 0
    for i, x in enumerate((NOISE * 40)[:w * h]):
        for code in ((256, x) if i % clear == 0 else (x,)):
            bits |= code << at
            at += min(max(known.bit_length(), 9), 12)
            known = 257 if code == 256 else known + 1
    data = (bits | 257 << at).to_bytes((at + 16) // 8, "little")
    head = b"GIF89a" + struct.pack("<HHBBB", w, h, flags | log2 - 1, 0, 0)
    palette = (NOISE * 3)[-3 << log2:] if flags else b""
    blocks = [data[i:i + 255] for i in range(0, len(data), 255)]
    return (head + palette + b"," + struct.pack("<HHHHB", 0, 0, w, h, 0) + b"\x08"
            + b"".join(bytes([len(b)]) + b for b in blocks) + b"\0;")


def marker(kind, payload):
    return bytes([0xFF, kind]) + struct.pack(">H", len(payload) + 2) + payload


def codes(place, length, symbols):
    """A Huffman table whose codes all have one length: 0, 1, 2, .. in binary."""
    counts = [len(symbols) if i + 1 == length else 0 for i in range(16)]
    return marker(0xC4, bytes([place, *counts, *symbols]))


def scan(first, last, high, low, bits):
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return marker(0xDA, bytes([1, 1, 0, first, last, high << 4 | low])) + data


def gray_jpeg(kind, blocks, *rest):
    """Blocks in a row, every step of quantisation 1."""
    frame = struct.pack(">BHHB", 8, 8, 8 * blocks, 1) + b"\1\x11\0"
    return b"".join([b"\xff\xd8", marker(0xDB, b"\0" + b"\1" * 64), marker(kind, frame), *rest,
                     b"\xff\xd9"])


def long_values(blocks=5):
    """Codes of 16 bits with values of 15, as many as a block holds: no encoder writes them."""
    bits = ""
    for _ in range(blocks):
        bits += "0" + "".join("0" * 16 + f"{random.getrandbits(15):015b}" for _ in range(62))
        bits += f"{1:016b}"
    return gray_jpeg(0xC0, blocks, codes(0, 1, [0]), codes(0x10, 16, [0x0F, 0]),
                     scan(0, 63, 0, 0, bits))


def ac_before_dc(blocks=5):
    """AC, its refinement by codes of 16 bits, and only then DC."""
    symbols = [0x01, 0x11, 0x21, 0x31, 0x41, 0x51, 0x61, 0x00]
    refine, dc = "", "".join(f"0{random.getrandbits(6):06b}" for _ in range(blocks))
    for _ in range(blocks):
        for _ in range(random.randrange(3, 8)):
            refine += f"{random.randrange(7):016b}{random.getrandbits(1)}"
        refine += f"{7:016b}"
    return gray_jpeg(0xC2, blocks, codes(0x10, 1, [0]), scan(1, 63, 0, 1, "0" * blocks),
                     codes(0x10, 16, symbols), scan(1, 63, 1, 0, refine), codes(0, 1, [6]),
                     scan(0, 0, 0, 0, dc))


RGB = scene()
CMYK = jpeg(image=scene(19, 13).convert("CMYK"), quality=60)
FRAME = other("GIF", scene(19, 13).quantize(16), transparency=3)
NOISE = bytes(random.randrange(256) for _ in range(256))
PLAIN = [(0, 0, 1, 1)]
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
    "440.jpg": cjpeg("-quality", "80", "-sample", "1x2"),
    "411.jpg": cjpeg("-quality", "80", "-sample", "4x1"),
    "mixed.jpg": cjpeg("-quality", "80", "-sample", "2x2,1x2,2x1"),
    "restart.jpg": cjpeg("-quality", "75", "-restart", "1B"),
    "restart-progressive.jpg": cjpeg("-quality", "75", "-progressive", "-restart", "1"),
    "wide-tables.jpg": cjpeg("-quality", "2"),
    "rgb.jpg": cjpeg("-rgb", "-quality", "70"),
    "scans.jpg": cjpeg("-quality", "70", scans="0;2;1;"),
    "ycck.jpg": patched(CMYK, (b"Adobe", 11, b"\2")),
    "adobe1-cmyk.jpg": patched(CMYK, (b"Adobe", 11, b"\1")),
    "no-jfif.jpg": patched(cjpeg("-quality", "70"), (b"JFIF", 0, b"J")),
    "letters.jpg": patched(cjpeg("-quality", "70", "-sample", "1x1"), (b"JFIF", 0, b"X"),
                           (b"\x01\x11\x00\x02", 0, b"R"), (b"\x02\x11\x01\x03", 0, b"G"),
                           (b"\x03\x11\x01", 0, b"B"), (b"\x03\x01\x00\x02", 1, b"R"),
                           (b"\x00\x02\x11\x03", 1, b"G"), (b"G\x11\x03", 2, b"B")),
    "interlaced-gray2.png": png(0, 2, ADAM7),
    "interlaced-palette4.png": png(3, 4, ADAM7, chunk(b"PLTE", NOISE[:36])
                                   + chunk(b"tRNS", NOISE[:12])),
    "interlaced-rgb16.png": png(2, 16, ADAM7),
    "gray4.png": png(0, 4, PLAIN),
    "gray-alpha16.png": png(4, 16, PLAIN),
    "rgba16-narrow.png": png(6, 16, ADAM7, w=3),
    "palette1.png": png(3, 1, PLAIN, chunk(b"PLTE", NOISE[:6])),
    "offset.gif": patched(FRAME, (b"GIF", 6, struct.pack("<HH", 25, 18)),
                          (b",\0\0\0\0", 1, struct.pack("<HH", 4, 3))),
    "grown.gif": patched(FRAME, (b"GIF", 6, struct.pack("<HH", 7, 30))),
    "short-palette.gif": gif(2, 0x80),
    "no-palette.gif": gif(1, 0),
    "down32.bmp": bmp(32, -7),
    "palette4.bmp": bmp(4, 7, NOISE[:40]),
    "comment.ppm": b"P6 # a comment\n3\t2\r# 9\n255\n" + NOISE[:18],
    "rgb.bmp": other("BMP", scene(11, 7)),
    "palette.bmp": other("BMP", scene(11, 7).quantize(256)),
    "bit.bmp": other("BMP", RGB.convert("1")),
    "rgb.ppm": other("PPM", scene(11, 7)),
    "gray.pgm": other("PPM", scene(11, 7).convert("L")),
    "interlaced-rgb.png": png(2, 8, ADAM7),
    "high16.png": png(0, 16, PLAIN),
    "full-table.gif": gif(8, 0x80, 73, 61, 10000),
    "long-values.jpg": long_values(),
    "ac-before-dc.jpg": ac_before_dc(),
    "most100.ppm": b"P6\v3#c\r\f2 1#of 100\n00 " + NOISE[:15] + b"\12\36\62",
    "most65535.ppm": b"P6 3 2 65535\n" + NOISE[:36],
    "most300.pgm": b"P5 1 9 300\n" + b"".join(struct.pack(">H", x) for x in range(0, 9)),
    "most65535.pgm": b"P5 5 1 65535 " + struct.pack(">5H", 0, 7, 255, 256, 65535),
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

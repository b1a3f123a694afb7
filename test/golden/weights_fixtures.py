"""Makes test/golden/weights/*.  Run with Debian's python3 (python3-torch 1.13.1, numpy 1.24.2) from the
project root:  /usr/bin/python3 test/golden/weights_fixtures.py"""
import os
import random
import zlib

OUT = "test/golden/weights"


def save(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


def deflate_files():
    """Fibonacci frequencies give zlib's encoder codes of all lengths up to 15 bits."""
    random.seed(1)
    fib = [1, 1]
    while len(fib) < 20:
        fib.append(fib[-1] + fib[-2])
    symbols = [s for i, n in enumerate(fib) for s in [7 * i] * n]
    random.shuffle(symbols)
    data = bytes(symbols)
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    save("long_codes.z", packer.compress(data) + packer.flush())
    # Repeats at many distances, from 1 to the whole window.
    text = bytearray(random.randbytes(300))
    while len(text) < 60000:
        distance = min(len(text), int(2 ** random.uniform(0, 15)))
        at, length = len(text) - distance, random.randrange(3, 300)
        for i in range(length):
            text.append(text[at + i])
    save("matches.z", zlib.compress(bytes(text), 9))


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    deflate_files()

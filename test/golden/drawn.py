"""The picture that prepare.py, resize.py and augment.py begin with, drawn by the formula that
test/drawn.h repeats, so that it need not be stored; and Pillow 12's resize with any Pillow."""
from PIL import Image

OWN = Image.Image.resize


def picture(width, height, low=0, span=256):
    """Bands of 32 pixels: noise of low..low+span-1, then a ramp from left to right."""
    state, out = 12345 + width * 1000 + height, bytearray()
    for i in range(width * height * 3):
        state = (state * 1103515245 + 12345) & 0xffffffff
        smooth = (i // 3 % width) * 255 // width
        out.append(smooth if i // 96 % 2 else (state >> 24) % span + low)
    return Image.frombytes("RGB", (width, height), bytes(out))


def across_first(self, size, resample=None, *args, **kwargs):
    """Image.resize of Pillow up to 12: two passes of one direction each."""
    if resample != Image.NEAREST and size[0] != self.width and size[1] != self.height:
        self = OWN(self, (size[0], self.height), resample)
    return OWN(self, size, resample)

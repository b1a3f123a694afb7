"""Makes test/golden/prepare.jsonl: what open_clip and transformers do to a picture before their
model sees it, for what their files can say of it. Run from the project root with open_clip 3,
transformers 5 (CLIPImageProcessorPil) and Pillow 13:
    python test/golden/prepare.py

A line each: `form` is open_clip (said: preprocess_cfg) or hf (said: preprocessor_config.json),
`size` what the model takes, `said` the file, `pictures` a list of [width, height, hash of the
(S,S,3) bytes, hash of the (3,S,S) floats], SHA-256 cut to 16 digits; "" where the library has no
answer. Pictures are drawn.py's. The bytes are Pillow 12's, except where `pillow` is 13:
there Pillow 13 resizes by itself."""
import hashlib
import json
import os
import warnings

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
warnings.simplefilter("ignore")
import numpy as np
import open_clip
import PIL
import torch
import transformers
from drawn import OWN, across_first, picture
from PIL import Image
from torchvision import transforms as T

S = 36
SIZES = [(128, 64), (64, 128), (90, 41), (41, 90), (50, 121), (36, 36), (30, 22), (37, 36),
         (300, 7)]
MEAN, STD = [.5, .25, .125], [.25, .5, .3]
OWN_MEAN, OWN_STD = open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD
MEANS = dict(image_mean=MEAN, image_std=STD)
CROP = dict(crop_size=dict(height=S, width=S))
SHORT = dict(CROP, size=dict(shortest_edge=S))


def sha(a):
    return hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()[:16]


def pixels_of(form, said, size, image):
    """(3,S,S) floats of the owner's library."""
    if form == "hf":
        out = transformers.CLIPImageProcessorPil(**said)(image, return_tensors="np")
        return out["pixel_values"][0].astype(np.float32)
    said = dict(said)
    size = said.pop("size", size)
    if said.get("interpolation") == "nearest":           # which open_clip itself refuses
        return T.Compose([T.Resize(size, T.InterpolationMode.NEAREST), T.CenterCrop(size),
                          T.ToTensor(), T.Normalize(OWN_MEAN, OWN_STD)])(image).numpy()
    said.pop("mode", None)
    return open_clip.image_transform(size, is_train=False, **said)(image).numpy()


def bytes_of(form, said, size, image):
    """The same without the arithmetic behind the crop: (S,S,3)."""
    plain = dict(said)
    for key in ("mean", "std", "image_mean", "image_std", "do_normalize", "do_rescale",
                "rescale_factor"):
        plain.pop(key, None)
    if form == "hf":
        plain.update(do_normalize=False, do_rescale=False)
        return pixels_of(form, plain, size, image).transpose(1, 2, 0).astype(np.uint8)
    if said.get("interpolation") == "nearest":
        x = pixels_of(form, plain, size, image)
        x = x * np.array(OWN_STD)[:, None, None] + np.array(OWN_MEAN)[:, None, None]
    else:
        x = pixels_of(form, dict(plain, mean=(1e-30,) * 3, std=(1.,) * 3), size, image)
    return np.rint(x * 255).transpose(1, 2, 0).astype(np.uint8)


def odd(said, w, h):
    """transformers cuts and pads an odd margin elsewhere than torchvision: not these pictures."""
    edge = said["size"].get("shortest_edge") if isinstance(said.get("size"), dict) else None
    nw, nh = w, h
    if said.get("do_resize", True):
        edge = edge or (said["size"] if isinstance(said.get("size"), int) else None)
        if edge is None or said.get("default_to_square"):
            return False
        nw, nh = (edge, int(edge * h / w)) if w <= h else (int(edge * w / h), edge)
    return (nw - S) % 2 or (nh - S) % 2


def cases():
    for said in ({}, dict(resize_mode="shortest", interpolation="bicubic", mode="RGB", size=S),
                 dict(mean=MEAN, std=STD), dict(mean=.5, std=.25), dict(resize_mode="squash"),
                 dict(resize_mode="longest"), dict(resize_mode="longest", fill_color=77),
                 dict(interpolation="bilinear"), dict(interpolation="random"),
                 dict(interpolation="nearest"), dict(fill_color=9),
                 dict(resize_mode="squash", interpolation="bilinear", mean=MEAN),
                 dict(size=[S, S])):
        yield "open_clip", said
    square = dict(CROP, size=dict(height=S, width=S))
    for said in (SHORT, dict(SHORT, **MEANS), dict(SHORT, size=dict(shortest_edge=48)),
                 dict(SHORT, size=dict(shortest_edge=20)), square,
                 dict(CROP, size=dict(height=50, width=50)), dict(size=44, crop_size=S),
                 dict(size=[S, S], crop_size=S),
                 dict(size=S, crop_size=[S, S], default_to_square=True), dict(SHORT, resample=0),
                 dict(SHORT, resample=2), dict(square, resample=2, do_center_crop=False),
                 dict(SHORT, do_normalize=False), dict(SHORT, do_rescale=False),
                 dict(SHORT, rescale_factor=1 / 127.5),
                 dict(SHORT, do_rescale=False, do_normalize=False), dict(SHORT, do_resize=False),
                 dict(SHORT, image_mean=.5, image_std=.5)):
        yield "hf", said


def line(form, said, pillow):
    Image.Image.resize = OWN if pillow == 13 else across_first
    out = []
    for w, h in SIZES:
        if form == "hf" and odd(said, w, h):
            continue
        try:
            image = picture(w, h)
            crop, floats = bytes_of(form, said, S, image), pixels_of(form, said, S, image)
        except (ValueError, RuntimeError):               # a side of no pixels
            out.append([w, h, "", ""])
            continue
        assert crop.shape == (S, S, 3) and floats.dtype == np.float32
        out.append([w, h, sha(crop), sha(floats)])
    record = dict(form=form, size=S, pillow=pillow, said=said, pictures=out)
    return json.dumps(record)


def main(path):
    assert int(PIL.__version__.split(".")[0]) >= 13
    lines = [line(form, said, 12) for form, said in cases()]
    for said in ({}, dict(resize_mode="squash"), dict(interpolation="bilinear")):
        lines.append(line("open_clip", said, 13))
    open(path, "w").write("\n".join(lines) + "\n")
    print(len(lines), "lines; open_clip", open_clip.__version__, "transformers",
          transformers.__version__, "torch", torch.__version__, "Pillow", PIL.__version__)


main("test/golden/prepare.jsonl")

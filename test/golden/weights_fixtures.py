"""Makes test/golden/weights/*: deflate streams, and small files of weights with what is in them.
Run from the project root with Debian's python3-torch 1.13.1 (numpy 1.24.2) and safetensors 0.8.0:
    PYTHONPATH=where/safetensors/is /usr/bin/python3 test/golden/weights_fixtures.py
Beside each file F lies F.txt, a line `name dtype shape` a tensor, and F.f32, all values as float32
in that order."""
import collections
import io
import json
import os
import random
import sys
import zipfile
import zlib

import numpy
import safetensors.torch
import torch
from torch import nn

OUT = "test/golden/weights"
DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
          torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
          torch.uint8: "U8", torch.bool: "BOOL"}


def save(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


def expect(name, tensors):
    lines = ["%s %s %s" % (k, DTYPES[t.dtype], "x".join(map(str, t.shape)) or "-")
             for k, t in tensors.items()]
    save(name + ".txt", ("\n".join(lines) + "\n").encode())
    values = [t.detach().float().contiguous().numpy().reshape(-1) for t in tensors.values()]
    save(name + ".f32", numpy.concatenate(values).astype("<f4").tobytes())


def deflate_files():
    """Fibonacci frequencies give zlib's encoder codes of all lengths up to 15 bits."""
    fib = [1, 1]
    while len(fib) < 20:
        fib.append(fib[-1] + fib[-2])
    symbols = [s for i, n in enumerate(fib) for s in [7 * i] * n]
    random.shuffle(symbols)
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    save("long_codes.z", packer.compress(bytes(symbols)) + packer.flush())
    # Repeats at many distances, from 1 to the whole window.
    text = bytearray(random.randbytes(300))
    while len(text) < 60000:
        distance = min(len(text), int(2 ** random.uniform(0, 15)))
        at, length = len(text) - distance, random.randrange(3, 300)
        for i in range(length):
            text.append(text[at + i])
    save("matches.z", zlib.compress(bytes(text), 9))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln = nn.LayerNorm(4)
        self.fc = nn.Linear(4, 6).half()
        self.attn_mask = torch.full((3, 3), float("-inf")).triu(1)   # no buffer: an attribute
        self.sizes = [1, 2]
        self.names = {"a": 1}
        self.rate = 0.5

    def forward(self, x):
        return self.fc(self.ln(x).half()) + self.attn_mask.sum()


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Parameter(torch.randn(5, 3).t())              # strides (1, 3)
        self.blocks = nn.Sequential(Block(), Block())
        self.register_buffer("input_resolution", torch.tensor(224))
        self.title = "tower"

    def forward(self, x):
        return self.blocks(x)


class Clip(nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = Tower()
        self.logit_scale = nn.Parameter(torch.tensor(4.6052))
        self.none = None

    def forward(self, x):
        return self.visual(x)


def without_path(data):
    """TorchScript notes in which file each line of code stood. The folder is blotted out there;
    data stays where torch put it."""
    folder = os.path.dirname(os.path.abspath(__file__)).encode() + b"/"
    out = io.BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            info = zipfile.ZipInfo(item.filename, (1980, 1, 1, 0, 0, 0))
            info.compress_type = item.compress_type
            pad = -(new.fp.tell() + 30 + len(item.filename) + 4) % 64
            info.extra = b"FB" + pad.to_bytes(2, "little") + b"Z" * pad
            new.writestr(info, old.read(item).replace(folder, b"." * len(folder)))
    return out.getvalue()


def script_files():
    model = Clip()
    scripted = torch.jit.script(model)
    data = io.BytesIO()
    torch.jit.save(scripted, data)
    tensors = model.state_dict()
    for i in range(2):
        tensors["visual.blocks.%d.attn_mask" % i] = model.visual.blocks[i].attn_mask
    save("script.pt", without_path(data))
    expect("script.pt", tensors)
    repacked = io.BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(repacked, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if "/code/" not in name:
                new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)
    save("script_deflated.pt", repacked.getvalue())
    expect("script_deflated.pt", tensors)


def all_types():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) - 7.25
    specials = torch.tensor([0.0, -0.0, 1.0, 65504.0, 6e-8, float("inf"), float("-inf"), 3.140625])
    return collections.OrderedDict([
        ("f64", torch.tensor([1 / 3, 1e300, -5e-324], dtype=torch.float64)),
        ("f32", base), ("f16", specials.half()), ("bf16", specials.bfloat16()),
        ("i64", torch.tensor([[-2**63, 2**63 - 1], [-1, 16777217]])),
        ("i32", torch.tensor([-2**31, 2**31 - 1, 0], dtype=torch.int32)),
        ("i16", torch.tensor([-32768, 32767], dtype=torch.int16)),
        ("i8", torch.tensor([-128, 127, -1], dtype=torch.int8)),
        ("u8", torch.tensor([0, 255], dtype=torch.uint8)),
        ("bool", torch.tensor([True, False, True])),
        ("scalar", torch.tensor(2.5)), ("empty", torch.zeros(0, 7))])


def state_files():
    tensors = all_types()
    base = tensors["f32"]
    views = dict(tensors, slice=base[1], transposed=base.permute(2, 0, 1), column=base[:, 1, ::2])
    torch.save(views, os.path.join(OUT, "state.pt"))
    expect("state.pt", views)

    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    ddp = collections.OrderedDict(("module." + k, v) for k, v in model.state_dict().items())
    torch.save({"epoch": 3, "name": "run", "state_dict": ddp, "optimizer": optimizer.state_dict(),
                "scaler": {"scale": 65536.0, "_growth_tracker": 0, "big": -2**40}},
               os.path.join(OUT, "checkpoint.pt"))
    expect("checkpoint.pt", ddp)
    parameters = dict(model.named_parameters())              # nn.Parameter, not plain tensors
    torch.save({"model": parameters, "step": 70000}, os.path.join(OUT, "parameters.pt"))
    expect("parameters.pt", parameters)
    torch.save(model.state_dict(), os.path.join(OUT, "metadata.pt"))     # with _metadata
    expect("metadata.pt", model.state_dict())
    # What is refused.
    torch.save(model.state_dict(), os.path.join(OUT, "legacy.pt"),
               _use_new_zipfile_serialization=False)
    torch.save(nn.ReLU(), os.path.join(OUT, "module.pt"))
    torch.save({"epoch": 3, "weights": 4}, os.path.join(OUT, "no_state.pt"))
    torch.save({"wide": torch.ones(1).expand(4)}, os.path.join(OUT, "expanded.pt"))


def safetensors_files():
    tensors = all_types()
    safetensors.torch.save_file(dict(tensors), os.path.join(OUT, "types.safetensors"),
                                {"format": "pt", "note": "caf\u00e9"})
    expect("types.safetensors", tensors)
    parts = [{"a.weight": torch.randn(3, 2), "b.weight": torch.randn(4)},
             {"c.weight": torch.randn(2, 2).half()}]
    names = ["model-%05d-of-00002.safetensors" % (i + 1) for i in range(2)]
    for part, name in zip(parts, names):
        safetensors.torch.save_file(part, os.path.join(OUT, name), {"format": "pt"})
    index = {"metadata": {"total_size": 48},
             "weight_map": {k: name for part, name in zip(parts, names) for k in part}}
    save("model.safetensors.index.json", (json.dumps(index, indent=2) + "\n").encode())
    expect("model.safetensors.index.json", {**parts[0], **parts[1]})


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    random.seed(1)
    torch.manual_seed(1)
    deflate_files()
    script_files()
    state_files()
    safetensors_files()
    for name in os.listdir(OUT):
        os.chmod(os.path.join(OUT, name), 0o644)
    print("torch", torch.__version__, "safetensors", safetensors.__version__, sys.version)

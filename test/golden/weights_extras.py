"""Makes test/golden/weights/extras_p*.pt and pytorch_model.bin.index.json: checkpoints as training
scripts write them, with all that lies beside the weights, by each protocol of pickle.
Run from the project root with torch 2.x and numpy 2.x:
    python test/golden/weights_extras.py
Beside each file F lies F.txt, one line `name dtype shape` per tensor, and F.f32, all values."""
import argparse
import collections
import datetime
import decimal
import fractions
import json
import os
import pathlib
import random
import warnings

import numpy
import torch
from torch import nn

OUT = "test/golden/weights"
warnings.simplefilter("ignore")


def expect(name, tensors):
    with open(f"{OUT}/{name}.txt", "w") as f:
        for k, t in tensors.items():
            f.write(f"{k} F32 {'x'.join(map(str, t.shape)) or '-'}\n")
    flat = [t.detach().contiguous().numpy().reshape(-1) for t in tensors.values()]
    numpy.concatenate(flat).astype("<f4").tofile(f"{OUT}/{name}.f32")


class Averaged(nn.Parameter):
    """A tensor with attributes, which torch rebuilds by a function of its own."""


def extras(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    again = [1]
    again.append(again)
    return {
        "optimizer": optimizer.state_dict(), "best": numpy.float64(.7), "n": numpy.int64(7),
        "curve": numpy.arange(6.).reshape(2, 3), "names": numpy.array(["a", "bc"]),
        "args": argparse.Namespace(lr=.1, out=pathlib.PurePosixPath("/tmp/x"), sub={1, 2}),
        "frozen": frozenset([1, 2]), "when": datetime.datetime(2024, 1, 2, 3, 4),
        "counts": collections.Counter("aab"), "lists": collections.defaultdict(list, {"a": [1]}),
        "queue": collections.deque([1, 2], 3), "bytes": b"\0\1\xff", "array": bytearray(b"ab\0"),
        "large": 2**80, "negative": -2**70, "long": 1 << 2100, "z": 1 + 2j, "range": range(3),
        "slice": slice(1, 2), "size": torch.Size([2, 3]), "device": torch.device("cpu"),
        "dtype": torch.bfloat16, "complex": torch.zeros(2, dtype=torch.complex64),
        "u16": torch.zeros(2, dtype=torch.uint16), "generator": torch.get_rng_state(),
        "random": random.getstate()[1][:20], "numpy": numpy.random.get_state()[:1],
        "money": decimal.Decimal("1.5"), "third": fractions.Fraction(1, 3), "type": nn.Linear,
        "function": torch.relu, "again": again, "tuple": (1, (2, (3, 4))), "none": None,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 3).state_dict(),
    }


def checkpoints():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    state = model.state_dict()
    beside = extras(model)
    tagged = nn.Parameter(torch.tensor([1.5, -2.5]))
    tagged.sharded = True                                    # an attribute
    state = {k: v.clone() for k, v in state.items()} | {"tagged": tagged}
    for protocol in 2, 3, 4, 5:
        among = {k: v for k, v in beside.items() if not isinstance(v, torch.Tensor)}
        whole = {**among, **state} if protocol == 5 else {**beside, "state_dict": state}
        torch.save(whole, f"{OUT}/extras_p{protocol}.pt", pickle_protocol=protocol)
        expect(f"extras_p{protocol}.pt", state)


def shards():
    torch.manual_seed(4)
    parts = [{"a.weight": torch.randn(3, 2), "b.weight": torch.randn(4)},
             {"c.weight": torch.randn(2, 2)}]
    names = [f"pytorch_model-{i + 1:05}-of-00002.bin" for i in range(2)]
    for part, name in zip(parts, names):
        torch.save(part, f"{OUT}/{name}")
    index = {"metadata": {"total_size": 56},
             "weight_map": {k: name for part, name in zip(parts, names) for k in part}}
    with open(f"{OUT}/pytorch_model.bin.index.json", "w") as f:
        f.write(json.dumps(index, indent=2) + "\n")
    expect("pytorch_model.bin.index.json", parts[0] | parts[1])


if __name__ == "__main__":
    random.seed(1)
    numpy.random.seed(1)
    checkpoints()
    shards()
    for name in os.listdir(OUT):
        os.chmod(os.path.join(OUT, name), 0o644)
    print("torch", torch.__version__, "numpy", numpy.__version__)

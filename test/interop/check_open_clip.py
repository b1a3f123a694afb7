"""Does open_clip load what `proreg export --format open_clip` writes, and compute the same?

Exports a tuned run and the small models of test/golden/clip, reads each folder with open_clip and
its .pt with torch.load and open_clip, and compares weights, vectors, tokens, and the tuned
classifier by the lines of weights/README.md. Run from the project's root after `make`, with
open_clip 3.

    python3 test/interop/check_open_clip.py
"""
import json
import os
import sys
import tempfile
import zipfile

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
import numpy as np
import open_clip
import torch
from safetensors.torch import load_file, save_file

from check_export import GOLDEN, PROGRAM, TEXTS, compare_readme, make_export
from parity import Table, far, proreg

MERGES = os.path.join(os.path.dirname(open_clip.__file__), "bpe_simple_vocab_16e6.txt.gz")
MODELS = [  # path, flags; no tokenizer, or flags for one
    ("hf-quick", []), ("hf-gelu-sharded", []), ("oc-quick", []), ("oc-gelu", []), ("openai.pt", []),
    ("oc-checkpoint.pt", ["--activation", "gelu"]), ("script-gelu.pt", []),
]


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)


def same_pt(table, folder):
    """The .pt in torch.load, in Python's zipfile, and as open_clip's pretrained=FILE."""
    path = f"{folder}/open_clip_model.pt"
    want = load_file(f"{folder}/open_clip_model.safetensors")
    for how in (dict(), dict(mmap=True)):
        state = torch.load(path, weights_only=True, **how)
        odd = set(want) ^ set(state)
        odd |= {k for k in want if k in state and not (
            want[k].dtype == state[k].dtype and want[k].shape == state[k].shape and
            state[k].is_contiguous() and torch.equal(want[k].view(torch.int32),
                                                     state[k].view(torch.int32)))}
        table.row(f"tensors of the .pt that differ {how or ''}", len(odd), 0)
    with zipfile.ZipFile(path) as z:
        table.row("damaged members of the .pt", z.testzip() is not None, 0)
    with open(f"{folder}/open_clip_config.json") as f:
        config = json.load(f)["model_cfg"]
    name = f"{folder}/named.json"
    with open(name, "w") as f:
        json.dump(config, f)
    open_clip.add_model_config(name)
    model = open_clip.create_model("named", pretrained=path)
    odd = sum(not torch.equal(v, want[k]) for k, v in model.state_dict().items())
    table.row("tensors of create_model(pretrained=.pt)", odd, 0)
    os.remove(name)


def compare_model(table, path, flags, root, folder):
    """A golden model against its export in open_clip, and read back."""
    proreg(PROGRAM, "export", "-m", path, *flags, "--format", "open_clip", "-o", folder)
    expect = load_file(os.path.splitext(path)[0] + ".expect.safetensors"
                       if path.endswith(".pt") else path + ".expect.safetensors")
    model, _, look = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    with torch.no_grad():
        image = unit(model.encode_image(expect["pixels"]))
        text = unit(model.encode_text(expect["ids"].long()))
    table.row("image vectors", far(image, expect["image_unit"]), 1e-5)
    table.row("text vectors", far(text, expect["text_unit"]), 1e-5)
    same_pt(table, folder)


def compare_tokens(table, folder):
    mine = [[int(i) for i in proreg(PROGRAM, "tokenize", "-m", folder, t).split()] for t in TEXTS]
    rows = open_clip.get_tokenizer(f"local-dir:{folder}")(TEXTS).tolist()
    differ = [r[1:len(m) + 1] != m for r, m in zip(rows, mine) if len(m) + 2 <= len(r)]
    table.row("texts whose ids differ", sum(differ), 0)
    table.row("no text that fits", not differ, 0)


def compare_openai_tokens(table, root):
    """OpenAI's own tokenizer is open_clip's: its names need no files."""
    folder = f"{root}/openai"
    os.makedirs(f"{root}/wide")
    random_model_of_clip(f"{root}/wide")
    proreg(PROGRAM, "export", "-m", f"{root}/wide", "--merges", MERGES, "--format", "open_clip",
           "-o", folder)
    with open(f"{folder}/open_clip_config.json") as f:
        table.row("a tokenizer of its own", "hf_tokenizer_name" in f.read(), 0)
    compare_tokens(table, folder)


def random_model_of_clip(folder):
    """One layer, OpenAI's vocabulary, no tokenizer."""
    torch.manual_seed(1)
    cfg = dict(embed_dim=16, quick_gelu=True,
               vision_cfg=dict(image_size=32, layers=1, width=64, patch_size=16),
               text_cfg=dict(context_length=77, vocab_size=49408, width=64, heads=1, layers=1))
    with open(f"{folder}/open_clip_config.json", "w") as f:
        json.dump(dict(model_cfg=cfg), f)
    save_file({k: v.contiguous() for k, v in open_clip.CLIP(**cfg).state_dict().items()},
              f"{folder}/open_clip_model.safetensors")


def compare_run(table, root):
    folder, ours, pictures = make_export(root, "--format", "open_clip")
    model, _, look = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    same_pt(table, folder)
    compare_tokens(table, folder)
    proreg(PROGRAM, "eval", *ours, "--data", f"{root}/data", "--save-logits", f"{root}/z.npy")
    for path in (folder, f"{folder}/open_clip_model.pt"):
        proreg(PROGRAM, "eval", "-m", path, "--data", f"{root}/data", "--save-logits",
               f"{root}/y.npy")
        table.row("logits of eval --model, " + (os.path.basename(path)),
                  far(np.load(f"{root}/y.npy"), np.load(f"{root}/z.npy")), 0)
    compare_readme(table, "open_clip", folder, ours, pictures, root)


def main():
    table = Table()
    with tempfile.TemporaryDirectory() as root:
        for name, flags in MODELS:
            print(name)
            compare_model(table, f"{GOLDEN}/clip/{name}", flags, root, f"{root}/{name}")
            if os.path.exists(f"{root}/{name}/vocab.json"):
                compare_tokens(table, f"{root}/{name}")
        print("OpenAI's tokenizer")
        compare_openai_tokens(table, root)
        print("a run")
        compare_run(table, root)
    print("export: " + (f"{table.missed} missed" if table.missed else "open_clip agrees"))
    return table.missed > 0


if __name__ == "__main__":
    sys.exit(main())

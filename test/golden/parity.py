"""ProReg at ViT-B/32's size against PyTorch: vectors, twenty losses, final weights.

Makes a random ViT-B/32 and 64 drawn pictures in a temporary folder, lets proreg read, encode and
train, trains the twin on the same pixels, prints both and exits 1 on a miss. Batches hold the whole
set, so that their order does not matter. Run from the project's root after `make`; a
quarter of an hour on two cores, less with fewer pictures and steps.

    python3 test/golden/parity.py [--pictures 64] [--steps 20] [--program build/proreg] [--keep DIR]
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

import twin

HERE = os.path.dirname(os.path.abspath(__file__))
VISION = dict(hidden_size=768, num_attention_heads=12, num_hidden_layers=12, intermediate_size=3072,
              image_size=224, patch_size=32)
TEXT = dict(hidden_size=512, num_attention_heads=8, num_hidden_layers=12, intermediate_size=2048,
            max_position_embeddings=77, vocab_size=600, eos_token_id=2, bos_token_id=0,
            pad_token_id=1)
EMBED, SCALE = 512, 200.0
CLASSES = ["climbing", "dog", "elephant", "house", "pole_vaulting"]
TEMPLATE = "a photo of a {}."
RUN = {**twin.DEFAULTS, "method": "proreg", "lr": 1e-5, "head_lr": 1e-3, "wd": 0.2}


# ---- a model and pictures -----------------------------------------------------------------------

def matrix(rows, cols, gain=1.2):
    return gain * torch.randn(rows, cols) / math.sqrt(cols)


def norm_pair(state, name, width):
    state[name + ".weight"] = 1 + 0.2 * torch.randn(width)
    state[name + ".bias"] = 0.1 * torch.randn(width)


def linear_pair(state, name, rows, cols):
    state[name + ".weight"] = matrix(rows, cols)
    state[name + ".bias"] = 0.1 * torch.randn(rows)


def random_tower(state, name, c):
    width, mlp = c["hidden_size"], c["intermediate_size"]
    for i in range(c["num_hidden_layers"]):
        at = f"{name}.encoder.layers.{i}"
        norm_pair(state, at + ".layer_norm1", width)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear_pair(state, f"{at}.self_attn.{part}", width, width)
        norm_pair(state, at + ".layer_norm2", width)
        linear_pair(state, at + ".mlp.fc1", mlp, width)
        linear_pair(state, at + ".mlp.fc2", width, mlp)


def random_model(folder):
    """A Hugging Face folder with random weights and the small tokenizer of clip/hf-quick."""
    state, v, t = {}, VISION, TEXT
    places = (v["image_size"] // v["patch_size"]) ** 2 + 1
    at = "vision_model.embeddings."
    state[at + "class_embedding"] = 0.5 * torch.randn(v["hidden_size"])
    patch = matrix(v["hidden_size"], 3 * v["patch_size"] ** 2)
    state[at + "patch_embedding.weight"] = patch.reshape(-1, 3, v["patch_size"], v["patch_size"])
    state[at + "position_embedding.weight"] = 0.5 * torch.randn(places, v["hidden_size"])
    norm_pair(state, "vision_model.pre_layrnorm", v["hidden_size"])
    norm_pair(state, "vision_model.post_layernorm", v["hidden_size"])
    random_tower(state, "vision_model", v)
    at = "text_model.embeddings."
    state[at + "token_embedding.weight"] = 0.5 * torch.randn(t["vocab_size"], t["hidden_size"])
    state[at + "position_embedding.weight"] = 0.3 * torch.randn(
        t["max_position_embeddings"], t["hidden_size"])
    norm_pair(state, "text_model.final_layer_norm", t["hidden_size"])
    random_tower(state, "text_model", t)
    state["visual_projection.weight"] = matrix(EMBED, v["hidden_size"])
    state["text_projection.weight"] = matrix(EMBED, t["hidden_size"])
    state["logit_scale"] = torch.tensor(math.log(SCALE))
    save_file(state, f"{folder}/model.safetensors", metadata={"format": "pt"})
    with open(f"{folder}/config.json", "w") as f:
        json.dump({"model_type": "clip", "projection_dim": EMBED,
                   "vision_config": VISION, "text_config": TEXT}, f)
    for name in ("merges.txt", "vocab.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(f"{HERE}/clip/hf-quick/{name}", folder)
    return twin.from_hf(state)


def draw_picture(rng):
    """A few bright shapes on a coloured ground, 60 to 120 pixels a side."""
    w, h = (int(s) for s in rng.integers(60, 121, 2))
    image = Image.new("RGB", (w, h), tuple(int(s) for s in rng.integers(0, 256, 3)))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 7))):
        x, y, r = (int(s) for s in rng.integers(0, 100, 3))
        colour = tuple(int(s) for s in rng.integers(0, 256, 3))
        shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        shape((x, y, x + r // 2 + 4, y + r // 3 + 4), fill=colour)
    return image


# ---- the program --------------------------------------------------------------------------------

def proreg(program, *args):
    """Runs a verb; its messages appear only when it fails. Returns stdout."""
    done = subprocess.run([program, *args], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{program} {' '.join(args)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def read_lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def trained_weights(run):
    """The trained tensors of the last checkpoint, in OpenAI's names."""
    state = twin.from_hf(load_file(f"{run}/last/model.safetensors"))
    head = load_file(f"{run}/last/classifier.safetensors")
    return {**state, "text_features": head["weight"], "logit_scale": head["logit_scale"]}


# ---- the comparison -----------------------------------------------------------------------------

class Table:
    """Figures with their limits; remembers whether one was missed."""

    def __init__(self):
        self.missed = 0

    def row(self, what, figure, limit):
        ok = figure <= limit                     # false for a NaN
        self.missed += not ok
        print(f"{'ok  ' if ok else 'MISS'} {what:44s} {figure:9.2e}   limit {limit:.0e}",
              flush=True)


def far(a, b):
    return (torch.as_tensor(a).double() - torch.as_tensor(b).double()).abs().max().item()


def sort_pictures(args, p, root, text):
    """Draws pictures into class folders: most where the model would put them, so that the teacher
    is right often enough for its weight to count. Returns paths in the order of a walk, labels,
    pixels."""
    rng = np.random.default_rng(5)
    loose, data = f"{root}/loose", f"{root}/data"
    os.makedirs(loose)
    names = [f"{i:03d}.ppm" for i in range(args.pictures)]
    for name in names:
        draw_picture(rng).save(f"{loose}/{name}")
    proreg(args.program, "data", "preprocess", *(f"{loose}/{n}" for n in names),
           "-o", f"{root}/loose.npy")
    pixels = torch.from_numpy(np.load(f"{root}/loose.npy"))
    with torch.no_grad():
        z = twin.logits(twin.encode_image(p, pixels, VISION["num_attention_heads"]), text,
                        p["logit_scale"])
    i = torch.arange(len(names))
    home = torch.where((i < len(CLASSES)) | (i % 4 == 1), i % len(CLASSES), z.argmax(-1)).tolist()
    for name in CLASSES:
        os.makedirs(f"{data}/{name}")
    for name, c in zip(names, home):
        shutil.copy(f"{loose}/{name}", f"{data}/{CLASSES[c]}/{name}")
    order = sorted(range(len(names)), key=lambda i: (home[i], i))
    paths = [f"{data}/{CLASSES[home[i]]}/{names[i]}" for i in order]
    return paths, torch.tensor([home[i] for i in order]), pixels[order]


def prompt_ids():
    from transformers import CLIPTokenizer
    tokenizer = CLIPTokenizer.from_pretrained(f"{HERE}/clip/hf-quick", model_max_length=77)
    rows = [tokenizer(TEMPLATE.format(c.replace("_", " "))).input_ids for c in CLASSES]
    return torch.tensor([r + [0] * (77 - len(r)) for r in rows])


def compare_vectors(args, table, p, root, paths, pixels, text):
    model = f"{root}/model"
    proreg(args.program, "encode", "--model", model, "--images", *paths, "-o", f"{root}/i.npy")
    with open(f"{root}/texts.txt", "w") as f:
        f.writelines(TEMPLATE.format(c.replace("_", " ")) + "\n" for c in CLASSES)
    proreg(args.program, "encode", "--model", model, "--texts", f"{root}/texts.txt",
           "-o", f"{root}/t.npy")
    with torch.no_grad():
        image = twin.unit(twin.encode_image(p, pixels, VISION["num_attention_heads"]))
    table.row("image vectors, worst element", far(np.load(f"{root}/i.npy"), image), 1e-5)
    table.row("text vectors, worst element", far(np.load(f"{root}/t.npy"), twin.unit(text)), 1e-5)


def train_both(args, p, root, pixels, labels, text):
    run = {**RUN, "total": args.steps, "warm": int(0.1 * args.steps)}
    out, start = f"{root}/run", time.time()
    proreg(args.program, "train", "--method", "proreg", "--weight", "k10", "--alpha", "2",
           "--temp", "2", "--model", f"{root}/model", "--data", f"{root}/data", "--out", out,
           "--template", TEMPLATE, "--batch", str(args.pictures), "--epochs", str(args.steps),
           "--lr", "1e-5", "--head-lr-scale", "100", "--wd", "0.2", "--augment", "none",
           "--optimizer", "adamw-hf", "--eval-every", "100000", "--json")
    middle = time.time()
    heads = VISION["num_attention_heads"]
    with torch.no_grad():
        z_t = twin.logits(twin.encode_image(p, pixels, heads), text, p["logit_scale"])
    q = {k: v.clone() for k, v in p.items() if k.startswith("visual.")}
    q.update(text_features=text.clone(), logit_scale=p["logit_scale"].clone())
    order = [list(range(args.pictures))] * args.steps
    lines = twin.train(run, q, lambda x: z_t, pixels, labels, order, heads)
    print(f"     training: {middle - start:.0f} s here, {time.time() - middle:.0f} s in PyTorch")
    return out, lines, q


def compare_training(args, table, p, text, out, lines, q):
    ours = read_lines(f"{out}/log.jsonl")
    table.row("steps logged, difference", abs(len(ours) - len(lines)), 0)
    print(f"     loss {lines[0]['loss']:.6f} -> {lines[-1]['loss']:.6f}, "
          f"w {lines[0]['w_mean']:.3f}, kd {lines[-1]['kd']:.4f}")
    for key, limit in (("loss", 1e-4), ("ce", 1e-4), ("w_mean", 1e-4), ("grad_norm", 1e-3),
                       ("lr", 1e-6), ("head_lr", 1e-6)):
        worst = max(abs(a[key] - b[key]) / max(abs(b[key]), 1e-12) if a[key] != b[key] else 0.0
                    for a, b in zip(ours, lines))
        table.row(f"{key} of {len(lines)} steps, relative", worst, limit)
    table.row("kd, absolute", max(abs(a["kd"] - b["kd"]) for a, b in zip(ours, lines)), 1e-4)
    start = {**p, "text_features": text}
    final, worst, moved, missed = trained_weights(out), 0.0, 0.0, 0.0
    for name in q:
        a, b, s = (twin.without_keys(name, w.reshape(q[name].shape).double())
                   for w in (final[name], q[name], start[name]))
        worst = max(worst, ((a - b).norm() / b.norm()).item())
        missed += ((a - b) ** 2).sum().item()
        moved += ((b - s) ** 2).sum().item()
    table.row("final weights, worst tensor, relative", worst, 1e-4)
    table.row("final weights, of the way they went", math.sqrt(missed / moved), 5e-3)


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--program", default="build/proreg")
    parser.add_argument("--keep", help="work in this folder and leave it")
    return parser.parse_args()


def main():
    args, table = parse_arguments(), Table()
    root = args.keep or tempfile.mkdtemp()
    os.makedirs(f"{root}/model")
    try:
        torch.manual_seed(11)
        p = random_model(f"{root}/model")
        with torch.no_grad():
            text = twin.encode_text(p, prompt_ids(), TEXT["num_attention_heads"])
        paths, labels, pixels = sort_pictures(args, p, root, text)
        compare_vectors(args, table, p, root, paths, pixels, text)
        out, lines, q = train_both(args, p, root, pixels, labels, text)
        compare_training(args, table, p, text, out, lines, q)
    finally:
        if not args.keep:
            shutil.rmtree(root, ignore_errors=True)
    print("parity: " + (f"{table.missed} missed" if table.missed else "all within limits"))
    sys.exit(1 if table.missed else 0)


if __name__ == "__main__":
    main()

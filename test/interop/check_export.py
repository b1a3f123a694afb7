"""Does transformers load what `proreg export` writes, and compute what proreg computes?

Without a folder it makes one: draws pictures, tunes clip/hf-quick for a few steps, exports. Run
from the project's root after `make`.

    python3 test/interop/check_export.py [FOLDER PICTURE...]
"""
import os
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import CLIPModel, CLIPTokenizer

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")
sys.path.insert(0, GOLDEN)
from parity import Table, draw_picture, far, proreg  # noqa: E402
import readme  # noqa: E402

PROGRAM = os.environ.get("PROREG", "build/proreg")
# No odd margin is cut, where transformers is a pixel off, and Pillow 13's order is that of 12.
SHAPES = [(60, 60), (60, 120), (90, 60), (120, 60)]
TEXTS = ["a photo of a dog.", "The man is pole vaulting!", "an elephant", "a red circle on sand"]


def make_export(root, *flags):
    """A tuned model as a folder, the flags that name its run, the pictures it was tuned on."""
    rng = np.random.default_rng(3)
    pictures = []
    for name in ("dog", "house", "person"):
        os.makedirs(f"{root}/data/{name}")
        for size in SHAPES:
            pictures.append(f"{root}/data/{name}/{size[0]}x{size[1]}.ppm")
            draw_picture(rng).resize(size).save(pictures[-1])
    pictures.sort()
    proreg(PROGRAM, "train", "--model", f"{GOLDEN}/clip/hf-quick", "--data", f"{root}/data",
           "--method", "proreg", "--batch", "4", "--epochs", "3", "--lr", "1e-3",
           "--head-lr-scale", "10", "--augment", "none", "--out", f"{root}/run")
    proreg(PROGRAM, "export", "--run", f"{root}/run", "-o", f"{root}/export", *flags)
    return f"{root}/export", ["--run", f"{root}/run"], pictures


def compare_readme(table, word, folder, ours, pictures, root):
    """weights/README.md's lines against the run. Unit vectors are equal within 1e-5, and a logit is
    exp(logit_scale) times a cosine."""
    logits, p = readme.answer(word, folder, pictures)
    proreg(PROGRAM, "eval", *ours, "--data", f"{root}/data", "--save-logits", f"{root}/z.npy")
    scale = load_file(f"{folder}/classifier.safetensors")["logit_scale"].exp().item()
    want = torch.from_numpy(np.load(f"{root}/z.npy"))
    table.row("logits of weights/README.md", far(logits, want), 1e-5 * scale)
    table.row("their probabilities", far(p, want.softmax(-1)), 1e-5 * scale)
    lines = proreg(PROGRAM, "predict", *ours, "-k", "1", *pictures).splitlines()
    with open(f"{folder}/classes.txt") as f:
        names = f.read().splitlines()
    best = [names[k] for k in p.argmax(-1)]
    table.row("pictures of another class in predict",
              sum(line.split("\t")[1] != name for line, name in zip(lines, best)), 0)


def compare(folder, ours, pictures, root):
    """ours: the flags that make proreg read the same model, from the run rather than the export"""
    table = Table()
    model = CLIPModel.from_pretrained(folder).eval()
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    with open(f"{root}/texts.txt", "w") as f:
        f.writelines(t + "\n" for t in TEXTS)
    proreg(PROGRAM, "encode", *ours, "--images", *pictures, "-o", f"{root}/i.npy")
    proreg(PROGRAM, "encode", *ours, "--texts", f"{root}/texts.txt", "-o", f"{root}/t.npy")
    size = str(model.config.vision_config.image_size)
    proreg(PROGRAM, "data", "preprocess", *pictures, "--size", size, "-o", f"{root}/x.npy")

    ids = tokenizer(TEXTS, padding=True, return_tensors="pt")
    split = [proreg(PROGRAM, "tokenize", "--model", folder, t).split() for t in TEXTS]
    theirs = [[str(i) for i in tokenizer(t).input_ids[1:-1]] for t in TEXTS]
    table.row("texts whose ids differ", sum(a != b for a, b in zip(split, theirs)), 0)

    if os.path.isdir(f"{root}/data"):
        compare_readme(table, "transformers", folder, ours, pictures, root)
    with torch.no_grad():
        out = model(pixel_values=torch.from_numpy(np.load(f"{root}/x.npy")), **ids)
    image, text = np.load(f"{root}/i.npy"), np.load(f"{root}/t.npy")
    scale = float(np.exp(model.logit_scale.item()))
    table.row("image vectors", far(image, out.image_embeds), 1e-5)
    table.row("text vectors", far(text, out.text_embeds), 1e-5)
    table.row("logits", far(scale * image @ text.T, out.logits_per_image), 1e-4)

    head = load_file(f"{folder}/classifier.safetensors")
    with open(f"{folder}/classes.txt") as f:
        classes = f.read().splitlines()
    table.row("classes without a vector", abs(len(classes) - len(head["weight"])), 0)
    table.row("logit_scale of head and model", far(head["logit_scale"].reshape(()),
                                                   model.logit_scale.detach()), 0)
    return table.missed


def main():
    with tempfile.TemporaryDirectory() as root:
        if len(sys.argv) > 2:
            model = sys.argv[1], ["--model", sys.argv[1]], sys.argv[2:]
        else:
            model = make_export(root)
        missed = compare(*model, root)
    print("export: " + (f"{missed} missed" if missed else "transformers agrees"))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

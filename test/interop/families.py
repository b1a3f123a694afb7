"""Does proreg compute what the owners' libraries compute, for each published family and form?

For each family that this engine can hold, a model with its published sizes, preprocessing and
activation, one layer deep and with random weights, is made by open_clip or transformers, saved in
the forms in which people have such files, and asked for the vectors of three pictures and four
texts. Prints the largest difference of the unit vectors per form; exit 1 beyond 1e-5. Pictures go
through each library's own preprocessing, from files of several shapes. Run from the project's root
after `make`, with open_clip 3, transformers 5, Pillow 13; about ten minutes on two cores.

    PROREG=build/proreg python3 test/interop/families.py [NAME..]     # families whose name has NAME
"""
import argparse
import collections
import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
warnings.simplefilter("ignore")
import numpy as np
import open_clip
import PIL
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPImageProcessorPil

PROGRAM = os.environ.get("PROREG", "build/proreg")
TOKENIZER = "test/golden/clip/hf-quick"        # 600 ids
MERGES = "test/golden/clip/merges.txt"         # the same ids by the rule for merges alone
VOCAB, LIMIT = 600, 1e-5
TEXTS = ["a photo of a dog.", "The man is pole vaulting!", "an elephant", "two red circles"]
# No odd margin is cut, where transformers differs by a pixel; Pillow 13 resizes the second down
# first, then across.
SHAPES = [(300, 200), (200, 600), (180, 181)]

# name, open_clip's configuration, its published weights; or of transformers' layout
FAMILIES = [
    ("OpenAI B/32", "ViT-B-32", "openai"), ("OpenAI B/16", "ViT-B-16", "openai"),
    ("OpenAI L/14", "ViT-L-14", "openai"), ("OpenAI L/14-336", "ViT-L-14-336", "openai"),
    ("LAION B/32", "ViT-B-32", "laion2b_s34b_b79k"),
    ("LAION H/14", "ViT-H-14", "laion2b_s32b_b79k"),
    ("LAION g/14", "ViT-g-14", "laion2b_s34b_b88k"),
    ("LAION bigG/14", "ViT-bigG-14", "laion2b_s39b_b160k"),
    ("LAION B/16+ 240", "ViT-B-16-plus-240", "laion400m_e32"), ("e/14", "ViT-e-14", ""),
    ("DFN B/16", "ViT-B-16-quickgelu", "dfn2b"),
    ("DFN H/14-378", "ViT-H-14-378-quickgelu", "dfn5b"),
    ("MetaCLIP B/32", "ViT-B-32-quickgelu", "metaclip_400m"),
    ("MetaCLIP H/14", "ViT-H-14-quickgelu", "metaclip_fullcc"),
    ("MetaCLIP bigG/14", "ViT-bigG-14-quickgelu", "metaclip_fullcc"),
    ("DataComp L/14", "ViT-L-14", "datacomp_xl_s13b_b90k"),
    ("DataComp B/32-256", "ViT-B-32-256", "datacomp_s34b_b86k"),
]
FULL = "OpenAI B/32"                           # in every form


def draw_pictures(root):
    rng, paths = np.random.default_rng(4), []
    for k, (w, h) in enumerate(SHAPES):
        small = Image.fromarray(rng.integers(0, 256, (h // 20, w // 20, 3), dtype=np.uint8))
        paths.append(f"{root}/{k}.png")
        small.resize((w, h), Image.BICUBIC).save(paths[-1])
    return paths


def scatter(model):
    """Weights of which nothing is trivial, the same each time; those of attention are larger."""
    g = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, q in model.named_parameters():
            if q.ndim:
                spread = 1.3 * q[0].numel() ** -.5 if q.ndim > 1 else .1
                gain = q.ndim == 1 and name.endswith("weight")
                q.copy_(torch.randn(q.shape, generator=g) * spread + gain)
    return model.eval()


def token_rows(context):
    t = transformers.CLIPTokenizer.from_pretrained(TOKENIZER)
    rows = torch.zeros(len(TEXTS), context, dtype=torch.long)
    for row, text in zip(rows, TEXTS):
        ids = t(text)["input_ids"]
        row[:len(ids)] = torch.tensor(ids)
    return rows


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1).numpy()


# ---- what the owners compute --------------------------------------------------------------------

def open_clip_model(config, weights):
    """The model one layer deep, its configuration, its preprocess_cfg."""
    cfg = copy.deepcopy(open_clip.get_model_config(config))
    published = open_clip.get_pretrained_cfg(config, weights) if weights else {}
    cfg["vision_cfg"]["layers"] = cfg["text_cfg"]["layers"] = 1
    cfg["text_cfg"]["vocab_size"] = VOCAB
    cfg["quick_gelu"] = bool(published.get("quick_gelu", cfg.get("quick_gelu", False)))
    pre = {k: published[k] for k in ("mean", "std", "interpolation", "resize_mode")
           if k in published}
    model = scatter(open_clip.CLIP(**copy.deepcopy(cfg)))
    return model, cfg, dict(pre, size=cfg["vision_cfg"]["image_size"])


def open_clip_vectors(model, pre, paths):
    look = open_clip.image_transform(pre["size"], False,
                                     **{k: v for k, v in pre.items() if k != "size"})
    with torch.no_grad():
        image = model.encode_image(torch.stack([look(Image.open(p)) for p in paths]))
        return unit(image), unit(model.encode_text(token_rows(77)))


def hf_model(cfg, act, size):
    v, t = cfg["vision_cfg"], cfg["text_cfg"]
    tower = dict(num_hidden_layers=1, hidden_act=act)
    vision = dict(tower, hidden_size=v["width"], image_size=size, patch_size=v["patch_size"],
                  intermediate_size=int(v["width"] * v.get("mlp_ratio", 4)),
                  num_attention_heads=v["width"] // v.get("head_width", 64))
    text = dict(tower, hidden_size=t["width"], intermediate_size=4 * t["width"], eos_token_id=2,
                num_attention_heads=t["heads"], vocab_size=VOCAB, bos_token_id=0, pad_token_id=1)
    return scatter(transformers.CLIPModel(transformers.CLIPConfig(
        projection_dim=cfg["embed_dim"], vision_config=vision, text_config=text)))


def hf_vectors(model, pre, paths):
    pixels = CLIPImageProcessorPil(**pre)([Image.open(p) for p in paths], return_tensors="pt")
    with torch.no_grad():
        v = model.vision_model(pixel_values=pixels["pixel_values"]).pooler_output
        t = model.text_model(input_ids=token_rows(77)).pooler_output
        return unit(model.visual_projection(v)), unit(model.text_projection(t))


# ---- the forms ----------------------------------------------------------------------------------

def new(root):
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    return root


def tokenizer(folder):
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(f"{TOKENIZER}/{name}", folder)


def open_clip_folder(root, cfg, pre):
    json.dump(dict(model_cfg=cfg, preprocess_cfg=pre), open(f"{root}/open_clip_config.json", "w"))
    tokenizer(root)


def tensors(model):
    return {k: v.contiguous() for k, v in model.state_dict().items()}


def extras():
    """What trainers leave beside the weights."""
    return dict(epoch=3, best=np.float64(.5), args=argparse.Namespace(lr=1e-3), tags={"a", "b"},
                counts=collections.defaultdict(int, x=1), path=pathlib.PurePosixPath("/x"),
                optimizer=dict(state={0: dict(step=torch.tensor(1.))}, param_groups=[dict(lr=.1)]))


def shards(state, root, stem, suffix, write):
    names = sorted(state)
    of = {n: f"{stem}-0000{1 + (2 * i >= len(names))}-of-00002{suffix}"
          for i, n in enumerate(names)}
    for file in set(of.values()):
        write({n: state[n].clone() for n in names if of[n] == file}, f"{root}/{file}")
    json.dump(dict(metadata={}, weight_map=of), open(f"{root}/{stem}{suffix}.index.json", "w"))


def open_clip_forms(root, model, cfg, pre, full):
    """(form, path, flags)"""
    state = tensors(model)
    act = "quick_gelu" if cfg["quick_gelu"] else "gelu"
    bare = ["--activation", act, "--merges", MERGES]
    if pre.get("resize_mode", "shortest") != "shortest":
        bare += ["--resize-mode", pre["resize_mode"]]
    open_clip_folder(new(root), cfg, pre)
    save_file(state, f"{root}/open_clip_model.safetensors")
    yield "open_clip folder, safetensors", root, []
    new(root)
    torch.save(state, f"{root}/m.pt")
    yield "state dict .pt", f"{root}/m.pt", bare
    torch.save(dict(extras(), state_dict={"module." + k: v for k, v in state.items()}),
               f"{root}/m.pt")
    yield "checkpoint: module., extras", f"{root}/m.pt", bare
    if not full:
        return
    open_clip_folder(new(root), cfg, pre)
    torch.save(state, f"{root}/open_clip_pytorch_model.bin")
    yield "open_clip folder, .bin", root, []
    open_clip_folder(new(root), cfg, pre)
    save_file(state, f"{root}/model.safetensors")
    yield "open_clip_config, model.safetensors", root, []
    open_clip_folder(new(root), cfg, pre)
    save_file(state, f"{root}/open_clip_model.safetensors")
    json.dump(dict(architecture="vit_base_patch32_clip_224"), open(f"{root}/config.json", "w"))
    save_file({"cls_token": torch.zeros(1, 1, 8)}, f"{root}/model.safetensors")
    yield "timm's folder of the hub", root, []
    open_clip_folder(new(root), dict(cfg, nonscalar_logit_scale=True, output_dict=True), pre)
    save_file(dict(state, logit_scale=state["logit_scale"].reshape(1)),
              f"{root}/open_clip_model.safetensors")
    yield "nonscalar_logit_scale", root, []
    new(root)
    for prefix in ("_orig_mod.", "model.", "clip.", "module._orig_mod.", "model.clip."):
        save_file({prefix + k: v for k, v in state.items()}, f"{root}/m.safetensors")
        yield f"{prefix} safetensors", f"{root}/m.safetensors", bare
    for protocol in (2, 3, 4, 5):
        torch.save(dict(extras(), model=state), f"{root}/m.pt", pickle_protocol=protocol)
        yield f"checkpoint, pickle protocol {protocol}", f"{root}/m.pt", bare
    script = torch.jit.script(model)
    torch.jit.save(script, f"{root}/m.pt")
    yield "TorchScript, scripted", f"{root}/m.pt", ["--merges", MERGES]
    size = pre["size"]
    with torch.no_grad():
        script = torch.jit.trace(model, (torch.zeros(1, 3, size, size), token_rows(77)[:1]))
    torch.jit.save(script, f"{root}/m.pt")
    yield "TorchScript, traced", f"{root}/m.pt", ["--merges", MERGES]


def hf_forms(root, model, pre, full):
    state = tensors(model)
    def folder(name="preprocessor_config.json"):
        new(root)
        model.config.save_pretrained(root)
        tokenizer(root)
        value = dict(image_processor=pre) if name.startswith("processor") else pre
        json.dump(value, open(f"{root}/{name}", "w"))
    folder()
    save_file(state, f"{root}/model.safetensors")
    yield "Hugging Face folder", root, []
    if not full:
        return
    folder("processor_config.json")
    save_file(state, f"{root}/model.safetensors")
    yield "Hugging Face, processor_config", root, []
    folder()
    torch.save(state, f"{root}/pytorch_model.bin")
    yield "Hugging Face, .bin", root, []
    folder()
    shards(state, root, "pytorch_model", ".bin", torch.save)
    yield "Hugging Face, .bin in shards", root, []
    folder()
    shards(state, root, "model", ".safetensors", save_file)
    yield "Hugging Face, shards", root, []
    folder()
    save_file({"model." + k: v for k, v in state.items()}, f"{root}/model.safetensors")
    yield "Hugging Face, model.", root, []


def hf_processors(size):
    """(name, preprocessor_config.json); margins are even, where libraries agree."""
    crop = dict(crop_size=dict(height=size, width=size))
    return [("shortest edge", dict(crop, size=dict(shortest_edge=size))),
            ("height and width", dict(crop, size=dict(height=size, width=size))),
            ("larger than the crop", dict(crop, size=dict(height=size + 32, width=size + 32))),
            ("bilinear, own mean", dict(crop, size=dict(height=size, width=size), resample=2,
                                        image_mean=[.5] * 3, image_std=[.25] * 3)),
            ("no normalize", dict(crop, size=dict(height=size, width=size), do_normalize=False))]


# ---- comparing ----------------------------------------------------------------------------------

def encode(root, model, flags, *what):
    out = f"{root}.npy"
    for old in pathlib.Path(root).parent.glob(os.path.basename(root) + "*.*"):
        if old.is_file():
            old.unlink()
    args = [PROGRAM, "encode", "-m", model, *what, "-o", out, *flags]
    run = subprocess.run(args, capture_output=True, text=True)
    if run.returncode:
        return None, run.stderr.strip()[-200:]
    return np.load(out), None


class Report:
    def __init__(self):
        self.bad = self.rows = 0
        self.most = 0.0

    def row(self, family, form, root, model, flags, want, paths):
        image, e = encode(root, model, ["--pillow", "13", *flags], "--images", *paths)
        text, f = encode(root, model, flags, "--texts", f"{os.path.dirname(root)}/texts.txt")
        if e or f:
            far = [float("inf")] * 2
        else:
            far = [float(np.abs(a - b).max()) for a, b in zip((image, text), want)]
        good = max(far) < LIMIT
        print(f"{family:18} {form:42} {far[0]:9.1e} {far[1]:9.1e}  "
              f"{'ok' if good else 'FAR ' + (e or f or '')}", flush=True)
        self.bad += not good
        self.rows += 1
        self.most = max(self.most, *far)


def family(report, root, paths, name, config, weights):
    model, cfg, pre = open_clip_model(config, weights)
    want = open_clip_vectors(model, pre, paths)
    full = name == FULL
    for form, path, flags in open_clip_forms(f"{root}/m", model, cfg, pre, full):
        report.row(name, form, f"{root}/m", path, flags, want, paths)
    del model
    act = "quick_gelu" if cfg["quick_gelu"] else "gelu"
    other = hf_model(cfg, act, pre["size"])
    processors = hf_processors(pre["size"])
    if pre.get("resize_mode") == "squash":
        processors = processors[1:]
    for k, (how, processor) in enumerate(processors if full else processors[:1]):
        want = hf_vectors(other, processor, paths)
        for form, path, flags in hf_forms(f"{root}/m", other, processor, full and k == 0):
            report.row(name, f"{form}, {how}" if k else form, f"{root}/m", path, flags, want, paths)


def main():
    torch.set_num_threads(2)
    report = Report()
    print("open_clip", open_clip.__version__, "transformers", transformers.__version__, "torch",
          torch.__version__, "Pillow", PIL.__version__)
    print(f"{'family':18} {'form':42} {'image':>9} {'text':>9}")
    with tempfile.TemporaryDirectory() as root:
        paths = draw_pictures(root)
        pathlib.Path(f"{root}/texts.txt").write_text("\n".join(TEXTS) + "\n")
        for name, config, weights in FAMILIES:
            if not sys.argv[1:] or any(word in name for word in sys.argv[1:]):
                family(report, root, paths, name, config, weights)
    print(f"{report.rows} rows, {report.bad} beyond {LIMIT:g}; the largest difference "
          f"{report.most:.1e}")
    return report.bad > 0


if __name__ == "__main__":
    sys.exit(main())

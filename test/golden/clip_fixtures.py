"""Writes clip/: six small random CLIPs, one per published form, and what their libraries compute.

Each model is made with seeded weights, written in its form, read back from the file and run by
the library that owns the form: transformers, open_clip, or, for OpenAI's .pt, the plain torch model
below. The expected numbers are a float64 run rounded to float32; how far the library's own float32
run is from it stands in the metadata (about). README.md lists the files and tensors.

    python3 test/golden/clip_fixtures.py [folder]
"""
import contextlib
import json
import math
import os
import shutil
import sys
import zipfile
from collections import Counter, OrderedDict

os.environ["TRANSFORMERS_OFFLINE"] = "1"

import open_clip.model
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer,
                          CLIPTokenizerFast)

HERE = os.path.dirname(os.path.abspath(__file__))
MERGES = 86                               # 512 byte symbols + 86 merges + start + end = 600 ids
VOCAB, START, END = 600, 598, 599

TEXTS = [
    "a photo of a dog.",
    "a photo of an elephant",
    "the man is pole vaulting.",
    "This is a GIRAFFE!",
    "a",
    "",
]
CORPUS = """
a photo of a dog. a photo of a horse. a photo of a house. a photo of a person. a photo of a
guitar. this is a giraffe. this is an elephant. this is a person on a horse. the man is climbing.
the man is diving. the man is fishing. the man is racing. the man is throwing. the man is pole
vaulting. a drawing of a house on a hill. a photo of the dog in the house. an elephant in the
grass, a horse in the water. a red circle on sand. a green square on snow. a blue triangle on
brick. a yellow star at night.
"""


# ---- the tokenizer: a few merges learned from the text above ------------------------------------

def byte_symbols():
    """The 256 printable characters that stand for bytes, in the order of their ids."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in shown]
    return [chr(b) for b in shown] + [chr(256 + i) for i in range(len(hidden))]


def learn_merges(text, n):
    """Byte-pair merges, most frequent pair first, the alphabetically first of equals."""
    words = Counter()
    for word in text.replace(".", " . ").replace(",", " , ").split():
        words[tuple(word[:-1]) + (word[-1] + "</w>",)] += 1
    merges = []
    while len(merges) < n:
        pairs = Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        words = Counter({merge(word, best): count for word, count in words.items()})
    return merges


def merge(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def write_tokenizer(folder):
    """merges.txt, vocab.json and the two small files that transformers wants beside them."""
    merges = learn_merges(CORPUS, MERGES)
    symbols = byte_symbols()
    vocab = symbols + [s + "</w>" for s in symbols] + [a + b for a, b in merges]
    vocab += ["<|startoftext|>", "<|endoftext|>"]
    with open(f"{folder}/merges.txt", "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    with open(f"{folder}/vocab.json", "w", encoding="utf-8") as f:
        json.dump({s: i for i, s in enumerate(vocab)}, f, ensure_ascii=False)
    write_json(f"{folder}/tokenizer_config.json",
               {"tokenizer_class": "CLIPTokenizer", "model_max_length": 16, "do_lower_case": True})
    write_json(f"{folder}/special_tokens_map.json",
               {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>",
                "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"})


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1, ensure_ascii=False)
        f.write("\n")


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


# ---- inputs and weights -------------------------------------------------------------------------

def make_ids(tokenizer, context, vocab=VOCAB, start=START, end=END, extra=None):
    """(6 texts + 3 random rows, context): start, ids, end, then zeros. The last row is full."""
    rows = []
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        rows.append([start] + ids[:context - 2] + [end])
    for length in (1, 5, context - 2):
        rows.append([start] + torch.randint(0, start, (length,)).tolist() + [end])
    if extra is not None:
        rows[-2][2] = extra                    # an id above the end token's, before it
    return torch.tensor([r + [0] * (context - len(r)) for r in rows])


def randomize(state, scale):
    """Fills a state dict so that nothing is zero, one or small by accident."""
    for name, w in state.items():
        if not w.is_floating_point():
            continue
        noise = torch.randn(w.shape)
        last = name.rsplit(".", 1)[-1]
        if last == "logit_scale":
            w.copy_(torch.tensor(math.log(scale)))
        elif w.ndim == 1 and last == "weight":             # gains of layer norms
            w.copy_(1 + 0.3 * noise)
        elif w.ndim == 1 and "class_embedding" not in name:
            w.copy_(0.2 * noise)                           # biases
        elif "embedding" in name and "patch" not in name:
            w.copy_(0.6 * noise)
        elif last in ("proj", "text_projection"):
            w.copy_(noise / math.sqrt(w.shape[0]))
        else:
            w.copy_(1.3 * noise / math.sqrt(w[0].numel()))


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


@contextlib.contextmanager
def precision(dtype):
    """transformers makes its causal mask in the default type, so double needs it set."""
    torch.set_default_dtype(dtype)
    with torch.no_grad():
        yield
    torch.set_default_dtype(torch.float32)


def write_expect(path, run, pixels, ids, library, more=None):
    """run(dtype) gives (image, text, exp(logit_scale)) by the library in that precision."""
    out = {"pixels": pixels, "ids": ids.int()}
    with precision(torch.float64):
        image, text, scale = run(torch.float64)
    with precision(torch.float32):
        near_image, near_text, _ = run(torch.float32)
    values = {"image": image, "text": text, "image_unit": unit(image), "text_unit": unit(text),
              "logits": scale * unit(image) @ unit(text).T, **(more or {})}
    out.update({k: v.float().contiguous() for k, v in values.items()})
    noise = [(unit(near.double()) - unit(far)).abs().max().item()
             for near, far in ((near_image, image), (near_text, text))]
    about = (f"{library}, torch {torch.__version__.split('+')[0]}; its float32 unit vectors differ "
             f"by {noise[0]:.1e} (image), {noise[1]:.1e} (text)")
    save_file(out, path, metadata={"about": about})       # one key: their order would be random
    z = values["logits"]
    print(f"{os.path.basename(path):32s} logits {z.min():6.2f} .. {z.max():6.2f}; "
          f"spread over pictures {z.std(0).mean():.2f}, over texts {z.std(1).mean():.2f}; float32 "
          f"{noise[0]:.1e} {noise[1]:.1e}")
    assert z.std(0).mean() > 0.5 and z.std(1).mean() > 0.5, "dull model"


# ---- Hugging Face -------------------------------------------------------------------------------

def hf_config(image, patch, vision, text, embed, context, act, eps, eos, vocab):
    """vision, text: (width, heads, layers, width of the MLP)"""
    def tower(width, heads, layers, mlp):
        return dict(hidden_size=width, num_attention_heads=heads, num_hidden_layers=layers,
                    intermediate_size=mlp, hidden_act=act, layer_norm_eps=eps, projection_dim=embed)
    return CLIPConfig(
        projection_dim=embed,
        vision_config=dict(tower(*vision), image_size=image, patch_size=patch),
        text_config=dict(tower(*text), max_position_embeddings=context, vocab_size=vocab,
                         bos_token_id=START if eos == END else 0, eos_token_id=eos,
                         pad_token_id=END if eos == END else 1))


def run_hf(folder, pixels, ids):
    def run(dtype):
        m = CLIPModel.from_pretrained(folder, torch_dtype=torch.float32).to(dtype).eval()
        return m.get_image_features(pixels.to(dtype)), m.get_text_features(ids), m.logit_scale.exp()
    return run


def hf_quick(root):
    """f32, quick_gelu, the old eos_token_id 2, merges.txt and vocab.json; the twin's model."""
    folder = f"{root}/hf-quick"
    os.makedirs(folder)
    torch.manual_seed(1)
    config = hf_config(20, 5, (24, 3, 2, 60), (16, 2, 2, 48), 20, 16, "quick_gelu", 1e-5, 2, VOCAB)
    model = CLIPModel(config).eval()
    with torch.no_grad():
        randomize(model.state_dict(), 14)
    model.save_pretrained(folder, safe_serialization=True)
    write_tokenizer(folder)
    CLIPImageProcessor(size={"shortest_edge": 20}, crop_size=20).save_pretrained(folder)
    pixels, ids = torch.randn(3, 3, 20, 20), make_ids(CLIPTokenizer.from_pretrained(folder), 16)
    model = CLIPModel.from_pretrained(folder).double().eval()
    with precision(torch.float64):
        v = model.vision_model(pixels.double(), output_hidden_states=True).hidden_states
        t = model.text_model(ids, output_hidden_states=True).hidden_states
    write_expect(f"{root}/hf-quick.expect.safetensors", run_hf(folder, pixels, ids), pixels, ids,
                 f"transformers {transformers.__version__}",
                 {"vision_hidden": torch.stack(v), "text_hidden": torch.stack(t)})


def hf_gelu(root):
    """f16 in shards, exact gelu, position_ids in the file, eos_token_id of the tokenizer with an id
    above it, own mean and std, tokenizer.json alone."""
    folder = f"{root}/hf-gelu-sharded"
    os.makedirs(folder)
    torch.manual_seed(2)
    config = hf_config(24, 8, (40, 5, 3, 80), (24, 3, 2, 96), 16, 20, "gelu", 3e-4, END, VOCAB + 1)
    model = CLIPModel(config).eval()
    with torch.no_grad():
        randomize(model.state_dict(), 25)
    state = OrderedDict((k, v.half()) for k, v in model.state_dict().items())
    state["text_model.embeddings.position_ids"] = torch.arange(20)[None]
    state["vision_model.embeddings.position_ids"] = torch.arange(10)[None]
    model.half().save_pretrained(folder, state_dict=state, max_shard_size="60KB",
                                 safe_serialization=True)
    slow = CLIPTokenizer.from_pretrained(f"{root}/hf-quick")
    fast = CLIPTokenizerFast.from_pretrained(f"{root}/hf-quick")
    fast.backend_tokenizer.save(f"{folder}/tokenizer.json", pretty=False)
    CLIPImageProcessor(size={"shortest_edge": 24}, crop_size=24, image_mean=[0.5, 0.45, 0.4],
                       image_std=[0.25, 0.3, 0.2]).save_pretrained(folder)
    pixels, ids = torch.randn(3, 3, 24, 24), make_ids(slow, 20, extra=VOCAB)
    write_expect(f"{root}/hf-gelu-sharded.expect.safetensors", run_hf(folder, pixels, ids),
                 pixels, ids, f"transformers {transformers.__version__}")


# ---- open_clip ----------------------------------------------------------------------------------

def run_open_clip(config, state, pixels, ids):
    def run(dtype):
        m = open_clip.model.CLIP(**config).eval()
        missing, extra = m.load_state_dict(state, strict=False)
        assert not missing and not extra, (missing, extra)
        m = m.to(dtype)
        return m.encode_image(pixels.to(dtype)), m.encode_text(ids), m.logit_scale.exp()
    return run


def open_clip_folder(root, name, seed, config, dtype, preprocess, tokenizer):
    folder = f"{root}/{name}"
    os.makedirs(folder)
    torch.manual_seed(seed)
    model = open_clip.model.CLIP(**config)
    with torch.no_grad():
        randomize(model.state_dict(), 18)
    write_json(f"{folder}/open_clip_config.json",
               {"model_cfg": config, "preprocess_cfg": preprocess})
    file = f"{folder}/open_clip_model.safetensors"
    save_file({k: v.to(dtype).contiguous() for k, v in model.state_dict().items()}, file,
              metadata={"format": "pt"})
    if tokenizer:
        write_tokenizer(folder)
    size = config["vision_cfg"]["image_size"]
    pixels = torch.randn(3, 3, size, size)
    ids = make_ids(CLIPTokenizer.from_pretrained(f"{root}/hf-quick"),
                   config["text_cfg"]["context_length"])
    state = {k: v.float() for k, v in load_file(file).items()}
    config = read_json(f"{folder}/open_clip_config.json")["model_cfg"]
    write_expect(f"{root}/{name}.expect.safetensors", run_open_clip(config, state, pixels, ids),
                 pixels, ids, "open_clip 2.24.0")


def open_clip_quick(root):
    """bf16, quick_gelu, head_width, an MLP narrower than usual, own mean and std, a tokenizer."""
    config = {
        "embed_dim": 20, "quick_gelu": True,
        "vision_cfg": {"image_size": 24, "layers": 2, "width": 32, "head_width": 16,
                       "patch_size": 6, "mlp_ratio": 2.0},
        "text_cfg": {"context_length": 18, "vocab_size": VOCAB, "width": 24, "heads": 4,
                     "layers": 2}}
    preprocess = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic",
                  "resize_mode": "shortest"}
    open_clip_folder(root, "oc-quick", 3, config, torch.bfloat16, preprocess, True)


def open_clip_gelu(root):
    """f32, exact gelu because the config does not say quick_gelu, no tokenizer in the folder."""
    config = {
        "embed_dim": 12,
        "vision_cfg": {"image_size": 20, "layers": 2, "width": 32, "head_width": 8,
                       "patch_size": 4, "mlp_ratio": 2.0},
        "text_cfg": {"context_length": 16, "vocab_size": VOCAB, "width": 16, "heads": 2,
                     "layers": 2}}
    preprocess = {"mean": [0.48145466, 0.4578275, 0.40821073],
                  "std": [0.26862954, 0.26130258, 0.27577711]}
    open_clip_folder(root, "oc-gelu", 4, config, torch.float32, preprocess, False)


def open_clip_checkpoint(root):
    """What open_clip's training writes: module. before every name, an optimizer beside the weights,
    f16, activation unknown (exact gelu). Heads follow from the width, 64 each."""
    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 20, "layers": 2, "width": 64, "patch_size": 5,
                       "mlp_ratio": 0.5},
        "text_cfg": {"context_length": 16, "vocab_size": VOCAB - 54, "width": 64, "heads": 1,
                     "layers": 1, "mlp_ratio": 0.5}}
    torch.manual_seed(5)
    holder = nn.Module()
    holder.module = open_clip.model.CLIP(**config)
    with torch.no_grad():
        randomize(holder.state_dict(), 16)
    holder.half()
    some = [holder.module.logit_scale, holder.module.ln_final.weight]
    optimizer = torch.optim.AdamW([{"params": some, "weight_decay": 0.0}], lr=5e-4,
                                  betas=(0.9, 0.98), eps=1e-6)
    for p in some:
        optimizer.state[p] = {"step": torch.tensor(7.0), "exp_avg": torch.full_like(p.data, 0.1),
                              "exp_avg_sq": torch.full_like(p.data, 0.2)}
    file = f"{root}/oc-checkpoint.pt"
    torch.save({"epoch": 3, "name": "small", "state_dict": holder.state_dict(),
                "optimizer": optimizer.state_dict()}, file)
    state = torch.load(file)["state_dict"]
    state = {k[len("module."):]: v.float() for k, v in state.items()}
    pixels, ids = torch.randn(3, 3, 20, 20), small_ids(root)
    write_expect(f"{root}/oc-checkpoint.expect.safetensors",
                 run_open_clip(config, state, pixels, ids), pixels, ids, "open_clip 2.24.0")


def small_ids(root):
    """Ids for a vocabulary of 546: the same merges, but only the first 32 of them."""
    folder = f"{root}/tmp"
    shutil.copytree(f"{root}/hf-quick", folder)
    with open(f"{folder}/merges.txt", encoding="utf-8") as f:
        lines = f.readlines()[:33]
    with open(f"{folder}/merges.txt", "w", encoding="utf-8") as f:
        f.writelines(lines)
    names = list(read_json(f"{folder}/vocab.json"))[:544] + ["<|startoftext|>", "<|endoftext|>"]
    write_json(f"{folder}/vocab.json", {s: i for i, s in enumerate(names)})
    ids = make_ids(CLIPTokenizer.from_pretrained(folder), 16, 546, 544, 545)
    shutil.rmtree(folder)
    return ids


# ---- OpenAI's .pt -------------------------------------------------------------------------------
# A TorchScript archive whose tree of attributes is that of CLIP/clip/model.py.

class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class ResidualAttentionBlock(nn.Module):
    def __init__(self, width, mlp):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, width // 64)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(OrderedDict(
            c_fc=nn.Linear(width, mlp), gelu=QuickGELU(), c_proj=nn.Linear(mlp, width)))
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x, mask):
        """x (B,T,C); mask (T,T), added to the scores"""
        B, T, C = x.shape
        H = C // 64
        qkv = nn.functional.linear(self.ln_1(x), self.attn.in_proj_weight, self.attn.in_proj_bias)
        q, k, v = (s.reshape(B, T, H, 64).transpose(1, 2) for s in qkv.split(C, dim=-1))
        a = torch.softmax(q @ k.transpose(-1, -2) / 8 + mask, dim=-1)
        x = x + self.attn.out_proj((a @ v).transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width, layers, mlp):
        super().__init__()
        self.resblocks = nn.ModuleList(ResidualAttentionBlock(width, mlp) for _ in range(layers))

    def forward(self, x, mask):
        for block in self.resblocks:
            x = block(x, mask)
        return x


class VisualTransformer(nn.Module):
    def __init__(self, size, patch, width, layers, mlp, embed):
        super().__init__()
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty((size // patch) ** 2 + 1, width))
        self.proj = nn.Parameter(torch.empty(width, embed))
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, mlp)
        self.ln_post = nn.LayerNorm(width)

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], dim=1)
        x = self.ln_pre(x + self.positional_embedding)
        x = self.transformer(x, torch.zeros(x.shape[1], x.shape[1], dtype=x.dtype))
        return self.ln_post(x[:, 0]) @ self.proj


class CLIP(nn.Module):
    def __init__(self, size, patch, vision, text, embed, context, vocab):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.empty(context, text[0]))
        self.text_projection = nn.Parameter(torch.empty(text[0], embed))
        self.logit_scale = nn.Parameter(torch.empty([]))
        for name, value in (("input_resolution", size), ("context_length", context),
                            ("vocab_size", vocab)):
            self.register_buffer(name, torch.tensor(value))
        self.visual = VisualTransformer(size, patch, *vision, embed)
        self.transformer = Transformer(*text)
        self.token_embedding = nn.Embedding(vocab, text[0])
        self.ln_final = nn.LayerNorm(text[0])

    def encode_text(self, ids):
        x = self.token_embedding(ids) + self.positional_embedding
        T = ids.shape[1]
        x = self.transformer(x, torch.full((T, T), -math.inf, dtype=x.dtype).triu(1))
        x = self.ln_final(x)
        return x[torch.arange(len(ids)), ids.argmax(dim=-1)] @ self.text_projection

    def forward(self, image, ids):
        image, text = self.visual(image), self.encode_text(ids)
        return self.logit_scale.exp() * unit(image) @ unit(text).T


def openai_halves(state):
    """The released archives hold matrices and their biases in half precision, the rest in f32."""
    def half(name):
        return not any(s in name for s in ("ln_", "positional", "class_emb", "logit_scale")) and \
            state[name].is_floating_point()
    return {k: v.half() if half(k) else v for k, v in state.items()}


def strip_debug(path):
    """Leaves out the line numbers that TorchScript keeps: they hold this script's path. Data stays
    padded to 64 bytes by an extra field, as torch writes it."""
    with zipfile.ZipFile(path) as old:
        kept = [(i, old.read(i)) for i in old.infolist() if not i.filename.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w") as new:
        for item, data in kept:
            info = zipfile.ZipInfo(item.filename, (1980, 1, 1, 0, 0, 0))
            info.compress_type = item.compress_type
            pad = -(new.fp.tell() + 30 + len(item.filename) + 4) % 64
            info.extra = b"FB" + pad.to_bytes(2, "little") + b"Z" * pad
            new.writestr(info, data)


def openai_pt(root):
    """Two vision heads and one text head by the rule width / 64; MLPs kept narrow for size."""
    shape = dict(size=20, patch=5, vision=(128, 1, 24), text=(64, 2, 32), embed=16, context=16,
                 vocab=VOCAB - 54)
    torch.manual_seed(6)
    model = CLIP(**shape).eval()
    with torch.no_grad():
        randomize(model.state_dict(), 20)
    pixels, ids = torch.randn(3, 3, 20, 20), small_ids(root)
    halves = openai_halves(model.state_dict())
    with torch.no_grad():
        traced = torch.jit.trace(model, (pixels, ids), check_trace=False)
    for name, p in traced.named_parameters():
        p.data = halves[name]
    file = f"{root}/openai.pt"
    torch.jit.save(traced, file)
    strip_debug(file)
    state = torch.jit.load(file).state_dict()
    assert set(state) == set(model.state_dict()) and state["visual.proj"].dtype == torch.half

    def run(dtype):
        m = CLIP(**shape).eval()
        m.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
        m = m.to(dtype)
        return m.visual(pixels.to(dtype)), m.encode_text(ids), m.logit_scale.exp()
    write_expect(f"{root}/openai.expect.safetensors", run, pixels, ids,
                 "the model in clip_fixtures.py")


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else f"{HERE}/clip"
    torch.set_num_threads(1)
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    for make in (hf_quick, hf_gelu, open_clip_quick, open_clip_gelu, open_clip_checkpoint,
                 openai_pt):
        make(root)
    shutil.copy(f"{root}/hf-quick/merges.txt", root)          # for the models that bring none
    with open(f"{root}/texts.txt", "w") as f:
        f.write("".join(t + "\n" for t in TEXTS))
    total = 0
    for folder, _, files in os.walk(root):
        for name in files:
            total += os.path.getsize(f"{folder}/{name}")
    print(f"{total / 1e6:.2f} MB in {root}")
    assert total < 1.4e6


if __name__ == "__main__":
    main()

"""ProReg's training in plain PyTorch: a second implementation, for the one in C to be held to.

Imported (parity.py) it is a small library; run, it writes twin.safetensors and twin.json: the
gradient of one step and the course of twenty for every method and optimizer, on clip/hf-quick. It
works in float64 and says how far float32 strays. README.md names every tensor.

    python3 test/golden/twin.py
"""
import json
import math
import os

import torch
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))

# ---- the model, in OpenAI's names ---------------------------------------------------------------

HF_BLOCK = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "self_attn.out_proj": "attn.out_proj",
            "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}
HF_NAMES = {
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",
    "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
    "logit_scale": "logit_scale",
}


def from_hf(state):
    """Hugging Face's names and layouts to OpenAI's: q, k, v in one, projections transposed."""
    out = {}
    for name, w in state.items():
        if name in HF_NAMES:
            out[HF_NAMES[name]] = w
        elif name == "visual_projection.weight":
            out["visual.proj"] = w.T
        elif name == "text_projection.weight":
            out["text_projection"] = w.T
        elif ".encoder.layers." in name:
            tower, rest = name.split(".encoder.layers.")
            layer, rest = rest.split(".", 1)
            part, kind = rest.rsplit(".", 1)
            home = "visual." if tower == "vision_model" else ""
            home += f"transformer.resblocks.{layer}."
            if part in HF_BLOCK:
                out[f"{home}{HF_BLOCK[part]}.{kind}"] = w
            elif part == "self_attn.q_proj":
                qkv = [state[name.replace("q_proj", s)] for s in ("q_proj", "k_proj", "v_proj")]
                out[f"{home}attn.in_proj_{kind}"] = torch.cat(qkv)
    out["logit_scale"] = out["logit_scale"].reshape(1)
    return {k: v.contiguous() for k, v in out.items()}


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def gelu(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def layer_norm(p, name, x, eps=1e-5):
    x = x - x.mean(-1, keepdim=True)
    x = x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)
    return x * p[name + ".weight"] + p[name + ".bias"]


def linear(p, name, x):
    return x @ p[name + ".weight"].T + p[name + ".bias"]


def block(p, name, x, heads, act, causal):
    B, T, C = x.shape
    h = layer_norm(p, name + ".ln_1", x)
    h = h @ p[name + ".attn.in_proj_weight"].T + p[name + ".attn.in_proj_bias"]
    q, k, v = (s.reshape(B, T, heads, C // heads).transpose(1, 2) for s in h.split(C, dim=-1))
    scores = q @ k.transpose(-1, -2) / math.sqrt(C // heads)
    if causal:
        scores = scores.masked_fill(torch.ones(T, T, dtype=torch.bool).triu(1), -math.inf)
    h = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(B, T, C)
    x = x + linear(p, name + ".attn.out_proj", h)
    h = act(linear(p, name + ".mlp.c_fc", layer_norm(p, name + ".ln_2", x)))
    return x + linear(p, name + ".mlp.c_proj", h)


def layers(p, prefix):
    return 1 + max(int(n[len(prefix):].split(".")[0]) for n in p if n.startswith(prefix))


def encode_image(p, pixels, heads, act=quick_gelu):
    """(B,3,S,S) -> (B,E), not normalised"""
    w = p["visual.conv1.weight"]
    B, _, S, _ = pixels.shape
    P = w.shape[-1]
    x = pixels.reshape(B, 3, S // P, P, S // P, P).permute(0, 2, 4, 1, 3, 5)
    x = x.reshape(B, -1, 3 * P * P) @ w.reshape(w.shape[0], -1).T
    x = torch.cat([p["visual.class_embedding"].expand(B, 1, -1), x], dim=1)
    x = layer_norm(p, "visual.ln_pre", x + p["visual.positional_embedding"])
    for i in range(layers(p, "visual.transformer.resblocks.")):
        x = block(p, f"visual.transformer.resblocks.{i}", x, heads, act, causal=False)
    return layer_norm(p, "visual.ln_post", x[:, 0]) @ p["visual.proj"]


def encode_text(p, ids, heads, act=quick_gelu):
    """(K,context) -> (K,E), not normalised; read at the greatest id"""
    x = p["token_embedding.weight"][ids] + p["positional_embedding"]
    for i in range(layers(p, "transformer.resblocks.")):
        x = block(p, f"transformer.resblocks.{i}", x, heads, act, causal=True)
    x = layer_norm(p, "ln_final", x)[torch.arange(len(ids)), ids.argmax(-1)]
    return x @ p["text_projection"]


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def logits(image, classes, logit_scale):
    return torch.exp(logit_scale) * unit(image) @ unit(classes).T


# ---- the method ---------------------------------------------------------------------------------

def sample_weights(run, ce_s, ce_t):
    """w of every sample, a constant for the backward pass."""
    if run["weight"] == "fixed":
        return torch.full_like(ce_s, run["alpha"])
    if run["weight"] == "ce-ratio":
        a, b = ce_s ** run["gamma"], ce_t ** run["gamma"]
        return a / (a + b + 1e-5)
    q = torch.exp(-run["power"] * ce_t)
    return q / (torch.exp(-ce_s) + q + 1e-5)


def method_loss(run, z_s, z_t, y):
    """loss (its graph), and per sample ce, kd (with the entropy), entropy, w"""
    rows, T = torch.arange(len(y)), run["temp"]
    ce = -torch.log_softmax(z_s, dim=-1)[rows, y]
    if z_t is None:
        return ce.mean(), ce, torch.zeros_like(ce), torch.zeros_like(ce), torch.zeros_like(ce)
    ce_t = -torch.log_softmax(z_t, dim=-1)[rows, y]
    q, log_q = torch.softmax(z_t / T, dim=-1), torch.log_softmax(z_t / T, dim=-1)
    kd = -T * T * (q * torch.log_softmax(z_s / T, dim=-1)).sum(-1)
    entropy = -T * T * (q * log_q).sum(-1)
    w = sample_weights(run, ce, ce_t)
    if not run.get("attached"):
        w = w.detach()
    if run["weight"] == "fixed":
        loss = ((1 - w) * ce).mean() + (w * kd).mean()
    else:
        loss = ((1 - w) * ce).mean() + run["alpha"] * (w * kd).mean()
    return loss, ce, kd, entropy, w


def classify(run, p, pixels, heads, act):
    f = encode_image(p, pixels, heads, act)
    if run["method"] == "probe":
        return linear(p, "cls_head", f)
    if run["method"] == "head":
        h = gelu(layer_norm(p, "cls_head.1", linear(p, "cls_head.0", f)))
        return linear(p, "cls_head.3", h)
    return logits(f, p["text_features"], p["logit_scale"])


def trained(run, p):
    own = {"probe": ("cls_head.",), "head": ("visual.", "cls_head.")}
    starts = own.get(run["method"], ("visual.", "text_features", "logit_scale"))
    return [n for n in p if n.startswith(starts)]


# ---- optimizers, as the released code groups its parameters -------------------------------------

def is_head(name):
    return any(s in name for s in ("text_features", "logit_scale", "cls_head"))


def decays(name):
    return "bias" not in name


def schedule(run, step):
    warm, total = run["warm"], run["total"]
    if step < warm:
        return step / warm
    part = min((step - warm) / (total - warm), 1.0)
    return 1 - part if run["schedule"] == "linear" else (1 + math.cos(math.pi * part)) / 2


class Optimizer:
    """adamw-hf: transformers' order; adamw: torch's; sgd: torch's, with momentum"""

    def __init__(self, run):
        self.run, self.m, self.v, self.t = run, {}, {}, 0

    def step(self, p, grad, factor):
        self.t += 1
        for name, g in grad.items():
            head = self.run.get("head rule", is_head)(name)
            lr = (self.run["head_lr"] if head else self.run["lr"]) * factor
            wd = self.run["wd"] if self.run.get("decay rule", decays)(name) else 0.0
            self.update(p, name, g, lr, wd)

    def update(self, p, name, g, lr, wd):
        r, w = self.run, p[name]
        m, v = self.m.get(name, torch.zeros_like(g)), self.v.get(name, torch.zeros_like(g))
        if r["optimizer"] == "sgd":
            m = r["momentum"] * m + (g + wd * w)
            p[name] = w - lr * m
        else:
            b1, b2 = r["beta1"], r["beta2"]
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            c1, c2 = 1 - b1 ** self.t, 1 - b2 ** self.t
            if r["optimizer"] == "adamw":
                w = w - lr * wd * w
                p[name] = w - lr / c1 * m / (torch.sqrt(v) / math.sqrt(c2) + r["eps"])
            else:
                w = w - lr * math.sqrt(c2) / c1 * m / (torch.sqrt(v) + r["eps"])
                p[name] = w - lr * wd * w
        self.m[name], self.v[name] = m, v


def gradients(run, p, pixels, z_t, y, heads, act):
    """One backward pass: (gradients by name, what log.jsonl wants, values per sample)"""
    names = trained(run, p)
    leaves = {n: p[n].detach().clone().requires_grad_(True) for n in names}
    z_s = classify(run, {**p, **leaves}, pixels, heads, act)
    loss, ce, kd, entropy, w = method_loss(run, z_s, z_t, y)
    grad = dict(zip(names, torch.autograd.grad(loss, [leaves[n] for n in names])))
    norm = math.sqrt(sum((g.double() ** 2).sum().item() for g in grad.values()))
    log = {"loss": loss.item(), "ce": ce.mean().item(), "kd": (kd - entropy).mean().item(),
           "w_mean": w.mean().item(), "grad_norm": norm}
    return grad, log, {"z_s": z_s, "ce": ce, "kd": kd, "w": w}


def train(run, p, teach, pixels, labels, order, heads, act=quick_gelu):
    """Trains p (a dict, changed in place) for len(order) steps; order[i]: the rows of step i.
    teach(pixels) gives the teacher's logits. Returns a log line per step."""
    optimizer, lines = Optimizer(run), []
    needs_teacher = run["method"] in ("proreg", "kd")
    for step, rows in enumerate(order):
        x, y = pixels[rows], labels[rows]
        with torch.no_grad():
            z_t = teach(x) if needs_teacher else None
        grad, log, _ = gradients(run, p, x, z_t, y, heads, act)
        if run["clip_norm"]:
            part = min(1.0, run["clip_norm"] / (log["grad_norm"] + 1e-6))
            grad = {n: g * part for n, g in grad.items()}
        factor = schedule(run, step)
        with torch.no_grad():
            optimizer.step(p, grad, factor)
        rates = {"lr": run["lr"] * factor, "head_lr": run["head_lr"] * factor}
        lines.append({"step": step, **rates, **log})
    return lines


# ---- the fixture --------------------------------------------------------------------------------

HEADS, TEXT_HEADS, CLASSES, HIDDEN, STEPS = 3, 2, 5, 40, 20
PROMPTS = ["a photo of a dog.", "a photo of an elephant.", "a photo of a house.",
           "the man is fishing.", "a blue triangle on brick."]
ORDER = [list(range(a, b)) for a, b in ((0, 12), (12, 24), (24, 32))]     # the last batch is short
DEFAULTS = dict(weight="power", power=10, alpha=2.0, temp=2.0, gamma=1.0, optimizer="adamw-hf",
                lr=1e-3, head_lr=5e-2, wd=0.5, beta1=0.9, beta2=0.98, eps=1e-8, momentum=0.9,
                clip_norm=0.0, schedule="linear", warm=2, total=STEPS)
METHODS = {
    "proreg": dict(method="proreg"),
    "ce-ratio": dict(method="proreg", weight="ce-ratio", alpha=1.0, temp=1.0, gamma=0.5),
    "kd": dict(method="kd", weight="fixed", alpha=0.3),
    "finetune": dict(method="finetune"),
    "head": dict(method="head"),
    "probe": dict(method="probe"),
}
OPTIMIZERS = {
    "adamw-hf": {},
    "adamw": dict(optimizer="adamw"),
    "sgd": dict(optimizer="sgd", lr=2e-3, head_lr=2e-2),
}
KEPT = ["visual.proj", "visual.class_embedding", "visual.ln_pre.weight",
        "text_features", "logit_scale",
        "visual.transformer.resblocks.0.attn.in_proj_bias",
        "visual.transformer.resblocks.1.attn.out_proj.weight",
        "cls_head.0.bias", "cls_head.1.weight", "cls_head.3.weight",
        "cls_head.weight", "cls_head.bias"]


def cast(p, dtype):
    return {k: v.to(dtype) for k, v in p.items()}


def load_model():
    """clip/hf-quick in OpenAI's names, checked against what transformers computed from it."""
    p = cast(from_hf(load_file(f"{HERE}/clip/hf-quick/model.safetensors")), torch.float64)
    e = load_file(f"{HERE}/clip/hf-quick.expect.safetensors")
    image = (encode_image(p, e["pixels"].double(), HEADS) - e["image"]).abs().max().item()
    text = (encode_text(p, e["ids"].long(), TEXT_HEADS) - e["text"]).abs().max().item()
    print(f"model against transformers: image {image:.1e}, text {text:.1e}")
    assert image < 1e-6 and text < 1e-6
    return p


def class_ids():
    from transformers import CLIPTokenizer
    tokenizer = CLIPTokenizer.from_pretrained(f"{HERE}/clip/hf-quick")
    rows = [tokenizer(t).input_ids for t in PROMPTS]
    return torch.tensor([r + [0] * (16 - len(r)) for r in rows])


def make_pictures(p, classes):
    """32 pictures of noise that the teacher knows more or less well, a fifth with a wrong label."""
    x = torch.randn(32, 3, 20, 20, dtype=torch.float64)
    seen = torch.arange(32) * 7 % CLASSES
    effort = torch.arange(32) % 4 * 0.05               # how far each is pushed towards its class
    for _ in range(40):
        x.requires_grad_(True)
        z = logits(encode_image(p, x, HEADS), classes, p["logit_scale"])
        gain = torch.log_softmax(z, -1)[torch.arange(32), seen].sum()
        x = (x + effort[:, None, None, None] * torch.autograd.grad(gain, x)[0].sign()).detach()
    labels = torch.where(torch.arange(32) % 5 == 3, (seen + 2) % CLASSES, seen)
    return x.half(), labels


def make_heads():
    """Heads as the released code starts them: normal(0, .02), biases 0, gain 1."""
    return {"cls_head.0.weight": 0.02 * torch.randn(HIDDEN, 20),
            "cls_head.0.bias": torch.zeros(HIDDEN),
            "cls_head.1.weight": torch.ones(HIDDEN),
            "cls_head.1.bias": torch.zeros(HIDDEN),
            "cls_head.3.weight": 0.02 * torch.randn(CLASSES, HIDDEN),
            "cls_head.3.bias": torch.zeros(CLASSES),
            "cls_head.weight": 0.02 * torch.randn(CLASSES, 20),
            "cls_head.bias": torch.zeros(CLASSES)}


def start_of(run, p, classes, heads):
    q = {k: v for k, v in p.items() if k.startswith("visual.")}
    if run["method"] == "head":
        return {**q, **{k: v for k, v in heads.items() if k.count(".") == 2}}
    if run["method"] == "probe":
        return {**q, **{k: v for k, v in heads.items() if k.count(".") == 1}}
    return {**q, "text_features": classes, "logit_scale": p["logit_scale"]}


class Fixture:
    def __init__(self):
        torch.manual_seed(7)
        self.p = load_model()
        self.ids = class_ids()
        self.classes = encode_text(self.p, self.ids, TEXT_HEADS)
        self.pixels, self.labels = make_pictures(self.p, self.classes)
        self.heads = cast(make_heads(), torch.float64)
        self.order = [ORDER[i % 3] for i in range(STEPS)]

    def run(self, run, dtype=torch.float64):
        """(log, final weights)"""
        p, classes = cast(self.p, dtype), self.classes.to(dtype)
        q = start_of(run, p, classes, cast(self.heads, dtype))

        def teach(x):
            return logits(encode_image(p, x, HEADS), classes, p["logit_scale"])
        lines = train(run, q, teach, self.pixels.to(dtype), self.labels, self.order, HEADS)
        return lines, {n: q[n] for n in trained(run, q)}


def worst(a, b, key="loss"):
    """the largest relative difference of two logs"""
    return max(abs(x[key] - y[key]) / max(abs(y[key]), 1e-3) for x, y in zip(a, b))


def without_keys(name, w):
    """The keys' biases have no gradient but rounding, which Adam blows up to whole steps: rows
    C..2C of in_proj_bias are left out of comparisons."""
    if not name.endswith("in_proj_bias"):
        return w
    C = len(w) // 3
    return torch.cat([w[:C], w[2 * C:]])


# ---- what is written ----------------------------------------------------------------------------

def one_step(fx, out):
    """The gradient of one step of a student that has left its teacher."""
    run = {**DEFAULTS, **METHODS["proreg"]}
    start = start_of(run, fx.p, fx.classes, fx.heads)
    start = {n: w + 0.15 * w.std(unbiased=False) * torch.randn_like(w) for n, w in start.items()}
    start["logit_scale"] = fx.p["logit_scale"] - 0.3
    start = cast(cast(start, torch.float32), torch.float64)
    rows = ORDER[0]
    x = fx.pixels[rows]

    def at(dtype):
        p = cast(fx.p, dtype)
        z_t = logits(encode_image(p, x.to(dtype), HEADS), fx.classes.to(dtype), p["logit_scale"])
        return gradients(run, cast(start, dtype), x.to(dtype), z_t, fx.labels[rows], HEADS,
                         quick_gelu), z_t
    (grad, log, values), z_t = at(torch.float64)
    (near, _, _), _ = at(torch.float32)
    noise = max((near[n] - g).abs().max().item() / g.abs().max().item() for n, g in grad.items())
    print("one step:", " ".join(f"{k} {v:.6f}" for k, v in log.items()), f"float32 {noise:.1e}")
    print("  p_t", torch.softmax(z_t, -1)[torch.arange(12), fx.labels[rows]].numpy().round(3))
    print("  w  ", values["w"].numpy().round(3))
    out.update({f"start.{n}": w for n, w in start.items()})
    out.update({f"step.grad.{n}": g for n, g in grad.items()})
    out.update({f"step.{n}": v.detach() for n, v in values.items()}, **{"step.z_t": z_t})
    return {"run": run, "rows": rows, "log": log, "float32_noise": noise}


def all_runs():
    runs = {}
    for method, a in METHODS.items():
        for optimizer, b in OPTIMIZERS.items():
            if optimizer == "adamw-hf" or method in ("proreg", "head", "probe"):
                runs[f"{method}.{optimizer}"] = {**DEFAULTS, **a, **b}
    runs["finetune.sgd"] = {**DEFAULTS, **METHODS["finetune"], **OPTIMIZERS["sgd"]}
    runs["finetune.sgd-clip-cosine"] = {**runs["finetune.sgd"], "clip_norm": 1.0,
                                        "schedule": "cosine"}
    for optimizer in ("adamw-hf", "adamw"):          # without decay, eps alone tells the two apart
        runs[f"proreg.{optimizer}-eps"] = {**runs[f"proreg.{optimizer}"], "eps": 1e-3, "wd": 0.0}
    return runs


def rounded(value):
    """nine digits, which come back to the same float32"""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items() if not callable(v)}
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    return value


def save(out, step, listed):
    small = {k: (v.float() if v.dtype == torch.float64 else v).contiguous() for k, v in out.items()}
    about = f"torch {torch.__version__.split('+')[0]}, test/golden/twin.py"
    save_file(small, f"{HERE}/twin.safetensors", metadata={"about": about})
    head = {"about": about, "classes": PROMPTS, "order": ORDER, "step": step}
    with open(f"{HERE}/twin.json", "w") as f:
        f.write("{\n" + "".join(f'"{k}": {json.dumps(rounded(v))},\n' for k, v in head.items()))
        f.write('"runs": [\n' + ",\n".join(json.dumps(rounded(r)) for r in listed) + "\n]\n}\n")
    size = sum(os.path.getsize(f"{HERE}/twin.{s}") for s in ("safetensors", "json"))
    print(f"{size / 1e3:.0f} kB written")
    assert size < 420e3


# ---- are these numbers worth comparing with? ----------------------------------------------------

def check_optimizers():
    """The three updates against the libraries' own, 30 steps of noise gradients."""
    import transformers
    makers = {
        "adamw-hf": lambda w, r: transformers.AdamW(
            w, lr=r["lr"], betas=(r["beta1"], r["beta2"]), eps=r["eps"], weight_decay=r["wd"],
            no_deprecation_warning=True),
        "adamw": lambda w, r: torch.optim.AdamW(
            w, lr=r["lr"], betas=(r["beta1"], r["beta2"]), eps=r["eps"], weight_decay=r["wd"]),
        "sgd": lambda w, r: torch.optim.SGD(
            w, lr=r["lr"], momentum=r["momentum"], weight_decay=r["wd"]),
    }
    for name, make in makers.items():
        run = {**DEFAULTS, **OPTIMIZERS[name], "eps": 1e-3, "lr": 0.05}
        w = torch.randn(50, dtype=torch.float64)
        theirs, ours, mine = w.clone().requires_grad_(True), {"w": w.clone()}, Optimizer(run)
        library = make([theirs], run)
        for _ in range(30):
            g = 0.01 * torch.randn(50, dtype=torch.float64)
            theirs.grad = g.clone()
            library.step()
            mine.step(ours, {"w": g}, 1.0)
        error = (theirs.detach() - ours["w"]).abs().max().item()
        print(f"{name} against the library: {error:.1e}")
        assert error < 1e-14


MISTAKES = {
    "the other AdamW": ("proreg.adamw-hf", dict(optimizer="adamw")),
    "the other place of eps": ("proreg.adamw-hf-eps", dict(optimizer="adamw")),
    "no decay": ("proreg.adamw-hf", dict(wd=0.0)),
    "biases decayed": ("proreg.adamw-hf", {"decay rule": lambda n: True}),
    "gains not decayed": ("proreg.adamw-hf",
                          {"decay rule": lambda n: decays(n) and ".ln_" not in n}),
    "scale not decayed": ("proreg.adamw-hf",
                          {"decay rule": lambda n: decays(n) and "scale" not in n}),
    "scale at the tower's rate": ("proreg.adamw-hf",
                                  {"head rule": lambda n: n == "text_features"}),
    "warm-up a step off": ("proreg.adamw-hf", dict(warm=1)),
    "one step more": ("proreg.adamw-hf", dict(total=STEPS + 1)),
    "beta2 .999": ("proreg.adamw-hf", dict(beta2=0.999)),
    "k 1": ("proreg.adamw-hf", dict(power=1)),
    "T 1": ("proreg.adamw-hf", dict(temp=1.0)),
    "alpha 1": ("proreg.adamw-hf", dict(alpha=1.0)),
    "w not detached": ("proreg.adamw-hf", dict(attached=True)),
    "gamma 1": ("ce-ratio.adamw-hf", dict(gamma=1.0)),
    "head: the other AdamW": ("head.adamw-hf", dict(optimizer="adamw")),
    "head: LN gain not decayed": ("head.adamw-hf",
                                  {"decay rule": lambda n: decays(n) and n != "cls_head.1.weight"}),
    "probe: bias decayed": ("probe.adamw-hf", {"decay rule": lambda n: True}),
    "sgd: momentum .8": ("finetune.sgd", dict(momentum=0.8)),
    "sgd: no decay": ("finetune.sgd", dict(wd=0.0)),
    "not clipped": ("finetune.sgd-clip-cosine", dict(clip_norm=0.0)),
    "linear, not cosine": ("finetune.sgd-clip-cosine", dict(schedule="linear")),
}


def mistakes(fx):
    """How far plausible slips move the losses: all must stand well above the 1e-4 of the tests."""
    runs = all_runs()
    right = {name: fx.run(run)[0] for name, run in runs.items()}
    for slip, (name, change) in MISTAKES.items():
        moved = worst(fx.run({**runs[name], **change})[0], right[name])
        print(f"  {slip:28s} {name:26s} {moved:.1e}")
        assert moved > 3e-4, slip


def main():
    torch.set_num_threads(1)
    fx = Fixture()
    out = {"pixels": fx.pixels, "labels": fx.labels.int(), "class_ids": fx.ids.int(),
           "class_features": fx.classes, **{f"heads.{n}": w for n, w in fx.heads.items()}}
    step = one_step(fx, out)
    listed = []
    for name, run in all_runs().items():
        lines, final = fx.run(run)
        near, _ = fx.run(run, torch.float32)
        noise = {k: worst(near, lines, k) for k in ("loss", "ce", "kd", "w_mean", "grad_norm")}
        losses = [x["loss"] for x in lines]
        print(f"{name:26s} loss {losses[0]:8.5f} -> {losses[-1]:8.5f} ({min(losses):.4f} .. "
              f"{max(losses):.4f}); w {lines[0]['w_mean']:.3f} {lines[-1]['w_mean']:.3f}; "
              f"norm {lines[0]['grad_norm']:.2f} {lines[-1]['grad_norm']:.2f}; float32 " +
              " ".join(f"{v:.0e}" for v in noise.values()))
        out.update({f"{name}/{n}": final[n] for n in KEPT if n in final})
        norms = [without_keys(n, w).norm().item() for n, w in final.items()]
        out[f"{name}/norms"] = torch.tensor(norms)
        listed.append({"name": name, **run, "trained": list(final), "float32_noise": noise["loss"],
                       "log": lines})
        assert max(losses) > 1.2 * min(losses) and noise["loss"] < 1e-5
    save(out, step, listed)
    check_optimizers()
    mistakes(fx)


if __name__ == "__main__":
    main()

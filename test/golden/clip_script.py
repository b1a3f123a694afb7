"""Makes test/golden/clip/script-gelu.pt: an open_clip model with plain GELU as a TorchScript
archive, which says its activation by the class of a module alone, and the vectors it computes.
Run from the project root with torch 2.x and open_clip 3.x:
    python test/golden/clip_script.py"""
import io
import os
import warnings
import zipfile

import open_clip
import torch
from safetensors.torch import save_file

OUT = "test/golden/clip"
warnings.simplefilter("ignore")


def scatter(model):
    g = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, q in model.named_parameters():
            if q.ndim:
                spread = 1.5 * q[0].numel() ** -.5 if q.ndim > 1 else .1
                gain = q.ndim == 1 and name.endswith("weight")
                q.copy_(torch.randn(q.shape, generator=g) * spread + gain)
            q.copy_(q.half().float())
    return model.eval()


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def without_code(data):
    """The code holds the paths of this machine; only its names are of use here."""
    out = io.BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            if "/code/" in item.filename:
                continue
            info = zipfile.ZipInfo(item.filename, (1980, 1, 1, 0, 0, 0))
            pad = -(new.fp.tell() + 30 + len(item.filename) + 4) % 64
            info.extra = b"FB" + pad.to_bytes(2, "little") + b"Z" * pad
            new.writestr(info, old.read(item))
    return out.getvalue()


def main():
    tower = dict(width=64, layers=1, mlp_ratio=.5)
    model = scatter(open_clip.CLIP(
        16, dict(tower, image_size=20, patch_size=5, head_width=64),
        dict(tower, heads=1, context_length=12, vocab_size=520)))
    g = torch.Generator().manual_seed(10)
    pixels = torch.randn(3, 3, 20, 20, generator=g)
    ids = torch.randint(1, 518, (4, 12), generator=g)
    ids[:, 0], ids[:, 8], ids[:, 9:] = 518, 519, 0
    double = open_clip.CLIP(16, dict(tower, image_size=20, patch_size=5, head_width=64),
                            dict(tower, heads=1, context_length=12, vocab_size=520)).double()
    double.load_state_dict(model.state_dict())
    double.eval()
    with torch.no_grad():
        image, text = double.encode_image(pixels.double()), double.encode_text(ids)
        logits = double.logit_scale.exp() * unit(image) @ unit(text).T
        traced = torch.jit.trace(model, (pixels, ids), check_trace=False)
    for p in traced.parameters():
        p.data = p.data.half()
    data = io.BytesIO()
    torch.jit.save(traced, data)
    with open(f"{OUT}/script-gelu.pt", "wb") as f:
        f.write(without_code(data))
    values = {"image": image, "text": text, "image_unit": unit(image), "text_unit": unit(text),
              "logits": logits}
    save_file({"pixels": pixels, "ids": ids.int(),
               **{k: v.float().contiguous() for k, v in values.items()}},
              f"{OUT}/script-gelu.expect.safetensors")
    os.chmod(f"{OUT}/script-gelu.expect.safetensors", 0o644)
    print("torch", torch.__version__, "open_clip", open_clip.__version__)


if __name__ == "__main__":
    main()

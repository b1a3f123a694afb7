#!/usr/bin/env python3
"""bpe_compare.py - compares the program's ids with open_clip's tokenizer over random Unicode texts.

    pip install ftfy==6.3.1 regex numpy && pip install --no-deps open_clip_torch
    python3 test/golden/bpe_compare.py --merges bpe_simple_vocab_16e6.txt.gz [--texts 20000]

A text is compared with ftfy's repair of wrong encodings switched off, which the program leaves out;
the texts that the repair would change are counted. Exit status 1 when an id differs.
"""
import argparse
import html.entities
import json
import random
import shlex
import subprocess
import sys
import types

import ftfy

NAMES = sorted(html.entities.html5) + [n.upper() for n in sorted(html.entities.html5)]
SCRAPS = ["\u03a3", "\r", "\n", "\r\n", "\x1b[3;1m", "\x1b", "\u2028", "\u3000", "\u2019", "\u201c",
          "\u0149", "\ufb03", "\u0130", "\u01c4", "\x85", "<", "&", "&amp;", "&amp;amp;", "#",
          "\ufeff", "\u017f", "'S", "'ll", "'\u017f", "\U0001f600", "  ", "</w>"]
WORDS = ("a photo of the man is fishing cat elephants it's they're "
         "caf\u00e9 \u4e2d\u6587 10 2nd").split()
BLOCKS = [(0x20, 0x7f), (0, 0x300), (0x300, 0x370), (0x370, 0x2100), (0x1100, 0x1200),
          (0xac00, 0xd7a4), (0xff00, 0x10000), (0x4e00, 0x9fff), (0xe000, 0x110000)]


def scrap(r):
    kind = r.randrange(6)
    if kind == 0:
        return r.choice(SCRAPS)
    if kind == 1:
        return r.choice(WORDS) + r.choice(["", " "])
    if kind == 2:
        return "&" + r.choice(NAMES)[:r.choice([3, 5, 40])]
    if kind == 3:
        number = r.randrange(r.choice([300, 0x120000]))
        return r.choice(["&#%d", "&#x%x"]) % number + r.choice(["", ";", ";"])
    return chr(r.randrange(*r.choice(BLOCKS)))


def reference(merges):
    """open_clip's SimpleTokenizer, without torch, and with OpenAI's names of the special tokens."""
    sys.modules["torch"] = sys.modules.get("torch") or types.SimpleNamespace(
        LongTensor=None, Tensor=None)
    import importlib.util
    package = importlib.util.find_spec("open_clip").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("open_clip_tokenizer", package + "/tokenizer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SimpleTokenizer(merges)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", default="build/proreg tokenize --json")
    p.add_argument("--merges", required=True)
    p.add_argument("--texts", type=int, default=20000)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    tokenizer, r = reference(a.merges), random.Random(a.seed)
    texts = ["".join(scrap(r) for _ in range(r.randrange(1, 13))) for _ in range(a.texts)]
    repaired = sum(ftfy.fix_text(t) != ftfy.fix_text(t, fix_encoding=False) for t in texts)
    real, ftfy.fix_text = ftfy.fix_text, lambda t: real(t, fix_encoding=False)
    want = [tokenizer.encode(t) for t in texts]
    out = subprocess.run(shlex.split(a.program) + ["--merges", a.merges], check=True,
                         input="".join(json.dumps(t) + "\n" for t in texts).encode(),
                         stdout=subprocess.PIPE).stdout.decode().splitlines()
    wrong = [i for i in range(a.texts) if i >= len(out) or json.loads(out[i]) != want[i]]
    for i in wrong[:5]:
        print("differs: %s\n  %s\n  %s" % (ascii(texts[i]), out[i:i + 1], want[i]))
    print("%d of %d texts equal, %d ids; %d would be changed by the repair of wrong encodings"
          % (a.texts - len(wrong), a.texts, sum(map(len, want)), repaired))
    sys.exit(1 if wrong else 0)


main()

#!/usr/bin/env python3
"""bpe_roundtrip.py - merges that the program learns: the same as a plain Python version learns, and
the same ids from the program, from that version, and from transformers' CLIPTokenizer.

    pip install ftfy==6.3.1 regex transformers
    python3 test/golden/bpe_roundtrip.py [--program build/proreg] [--texts 100]
"""
import argparse
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

import bpe_tiny
from transformers import CLIPTokenizer

ALPHABETS = ["ab", "abc ", "aab b", "the cat sat on", "\u00e9\u00e0x\u4e2d '1", "abcdefghij  "]


def line(r, letters):
    return "".join(r.choice(letters) for _ in range(r.randrange(60)))


def run(program, args, text=""):
    done = subprocess.run(shlex.split(program) + ["tokenize"] + args, input=text.encode(),
                          check=True, stdout=subprocess.PIPE)
    return done.stdout.decode().splitlines()


def clip_tokenizer(folder, merges):
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as f:
        json.dump(bpe_tiny.ids_of(merges), f)
    return CLIPTokenizer.from_pretrained(folder)


def one(program, folder, r, tell):
    """Learns from a few lines and compares; gives the number of texts that differ."""
    letters, vocab = r.choice(ALPHABETS), r.choice([514, 520, 560, 640])
    lines = [line(r, letters) for _ in range(r.randrange(1, 12))]
    source, out = os.path.join(folder, "lines.txt"), os.path.join(folder, "merges.txt")
    with open(source, "w", encoding="utf-8", newline="") as f:
        f.write("\n".join(lines))
    run(program, ["--train", source, "--merges-out", out, "--vocab", str(vocab)])
    with open(out, encoding="utf-8") as f:
        learnt = [tuple(x.split(" ")) for x in f.read().split("\n")[1:-1]]
    merges = bpe_tiny.train(lines, vocab)
    if learnt != merges:
        tell("learnt %s, not %s" % (learnt[:5], merges[:5]))
        return 1
    texts = [line(r, letters) for _ in range(20)]
    got = run(program, ["--json", "--merges", out], "".join(json.dumps(t) + "\n" for t in texts))
    clip, wrong = clip_tokenizer(folder, merges), 0
    for text, ids in zip(texts, got):
        want = bpe_tiny.encode(text, merges)
        if json.loads(ids) != want or clip(text)["input_ids"][1:-1] != want:
            tell("%s: %s, not %s, %s" % (ascii(text), ids, want, clip(text)["input_ids"]))
            wrong += 1
    return wrong + (len(got) != len(texts))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", default="build/proreg")
    p.add_argument("--texts", type=int, default=100)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    r, wrong = random.Random(a.seed), 0
    for _ in range(a.texts):
        with tempfile.TemporaryDirectory() as folder:
            wrong += one(a.program, folder, r, print) > 0
    print("%d of %d vocabularies equal" % (a.texts - wrong, a.texts))
    sys.exit(1 if wrong else 0)


main()

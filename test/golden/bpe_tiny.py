#!/usr/bin/env python3
"""bpe_tiny.py - writes test/golden/bpe_tiny.json: a tiny text, the merges learnt from it, and the
ids of some texts, by a plain Python version of the rules that clip/bpe/bpe.h states.

    pip install ftfy==6.3.1 regex && python3 test/golden/bpe_tiny.py

It is written for clearness: every pair is counted again for every merge.
"""
import collections
import html
import json
import os

import ftfy
import regex

VOCAB = 700
LINES = """a photo of a red circle.
a photo of a blue circle on a green field.
the man is fishing, the man is diving.
The women are climbing; they're throwing 10 balls.
a sketch of the giraffe, a sketch of the guitar
it's a painting of an elephant's house in the evening
singing, ringing and bringing rings to the king
one horse, two horses, 3 horses: a horse race!
caf\u00e9 na\u00efve na\u00efvet\u00e9 caf\u00e9s \u4e2d\u6587 \u4e2d\u6587\u5b57
<|startoftext|>a photo<|endoftext|>
aaaa aaaaa aaaaaa abab ababab bababa aaab"""
TEXTS = [
    "", "a photo of a red elephant.", "The KING's ring isn't 12345 singing", "\u4e2d\u6587\u5b57!",
    "na\u00cfve Cafe\u0301s \ufb01sh", "<|startoftext|>a<|ENDOFTEXT|>", "aaaaaaaaaabababab",
    "&lt;horse&gt; &amp;amp; &eacute &#39;", "  they\u2019re\r\n\tclimbing\u3000. ",
    "\u03a3\u0391\u03a3 \u0130x", "!?..'s'tt're 'ST 'llama", "\U0001f600\U0001f601 \u0301\u0323e",
    "x\x1b[31my\x07\ufeff\x85z", "it'\u017f '\u017f <|\u017ftartoftext|>",
    "a\u0345a !\u0345!"]
PATTERN = regex.compile(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d"
                        r"|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)


def alphabet():
    shown = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
    hidden = [b for b in range(256) if b not in shown]
    return {**{b: chr(b) for b in shown}, **{b: chr(256 + i) for i, b in enumerate(hidden)}}


LETTER = alphabet()


def clean(text):
    text = html.unescape(html.unescape(ftfy.fix_text(text, fix_encoding=False))).strip()
    return regex.sub(r"\s+", " ", text).strip().lower()


def words(text):
    return PATTERN.findall(clean(text))


def symbols(word):
    letters = [LETTER[b] for b in word.encode()]
    return tuple(letters[:-1] + [letters[-1] + "</w>"])


def join(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def ids_of(merges):
    names = list(LETTER.values())
    names += [n + "</w>" for n in names] + ["".join(m) for m in merges]
    return {n: i for i, n in enumerate(names + ["<|startoftext|>", "<|endoftext|>"])}


def train(lines, vocab):
    count = collections.Counter(symbols(w) for line in lines for w in words(line)
                                if w not in ("<|startoftext|>", "<|endoftext|>"))
    merges = []
    while 514 + len(merges) < vocab:
        ids, pairs = ids_of(merges), collections.Counter()
        for word, times in count.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        pairs = [(-n, ids[p[0]], ids[p[1]], p) for p, n in pairs.items() if n > 1]
        if not pairs:
            break
        best = min(pairs)[3]
        merges.append(best)
        joined = collections.Counter()
        for word, times in count.items():
            joined[join(word, best)] += times
        count = joined
    return merges


def encode(text, merges):
    rank, ids, out = {m: i for i, m in enumerate(merges)}, ids_of(merges), []
    for w in words(text):
        word = (w,) if w in ("<|startoftext|>", "<|endoftext|>") else symbols(w)
        while len(word) > 1:
            best = min(zip(word, word[1:]), key=lambda p: rank.get(p, 1 << 40))
            if best not in rank:
                break
            word = join(word, best)
        out += [ids[s] for s in word]
    return out


def main():
    merges = train(LINES.split("\n"), VOCAB)
    golden = {"made_by": "test/golden/bpe_tiny.py, ftfy " + ftfy.__version__, "vocab": VOCAB,
              "lines": LINES, "merges": [list(m) for m in merges],
              "texts": [{"text": t, "ids": encode(t, merges)} for t in TEXTS]}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bpe_tiny.json")
    with open(path, "w") as f:
        f.write(json.dumps(golden, ensure_ascii=True, separators=(", ", ": "))
                .replace('"lines"', '\n"lines"').replace('"merges"', '\n"merges"')
                .replace('"texts"', '\n"texts"').replace('{"text"', '\n{"text"') + "\n")


if __name__ == "__main__":
    main()

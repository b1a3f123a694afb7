"""Makes test/golden/bpe_added.jsonl: ids of texts by tokenizers of transformers to which tokens
were added, in each form in which folders say so. Run from the project root with transformers 5:
    python test/golden/bpe_added.py

A line each: `base` a folder of test/golden/clip, `files` what is put beside its tokenizer (or, of
tokenizer.json, the value of `added_tokens`), `texts` and their `ids` without start and end."""
import json
import os
import shutil
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
import transformers

TEXTS = ["a <cat-toy> b", "a<cat-toy>b", "A <CAT-TOY> B", "newtokens", "a newtok", "NewTok x",
         "<Sks> <sks>", "sw", "swx sw", "asw, sw.", "sw_ (sw)", "a  <ls>  b", "a  <rs>  b",
         "a <rs> <ls> b", "x <nn> y <NN>", "<SP> <sp>", "<cat-toy", "<cat-toy><cat-toy>", "new",
         "<cat-toy>s <|endoftext|> x", "the\u00a0newtok", "a cat! <x>!", "<X>", "", " ",
         "two words", "Two  Words", "newto newtok2"]


def token(content, i, **flags):
    t = dict(id=i, content=content, single_word=False, lstrip=False, rstrip=False, normalized=True,
             special=False)
    t.update(flags)
    return t


def decoder(tokens):
    """As added_tokens_decoder; what is `not special` is left to its default."""
    left = lambda t, k: k == "id" or k == "normalized" and t[k] == (not t["special"])
    return {str(t["id"]): {k: v for k, v in t.items() if not left(t, k)} for t in tokens}


ADDED = [token("<cat-toy>", 600), token("newto", 601), token("<Sks>", 602),
         token("sw", 603, single_word=True), token("<ls>", 604, lstrip=True),
         token("<rs>", 605, rstrip=True), token("<nn>", 606, normalized=False),
         token("<SP>", 607, special=True, normalized=False), token("two words", 608),
         token("newtok", 609)]
NAMES = dict(bos_token="<|startoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>")
CASES = [
    ("hf-gelu-sharded", {"tokenizer.json": ADDED}),
    ("hf-quick", {"tokenizer_config.json": dict(NAMES, tokenizer_class="CLIPTokenizer",
                                                added_tokens_decoder=decoder(ADDED))}),
    ("hf-quick", {"added_tokens.json": {"<cat-toy>": 600, "<x>": 601}}),
    ("hf-quick", {"special_tokens_map.json": dict(NAMES, pad_token="!")}),
    ("hf-quick", {"special_tokens_map.json": dict(NAMES, additional_special_tokens=["<x>", "sw"])}),
]


def answer(base, files):
    with tempfile.TemporaryDirectory() as d:
        for name in ("vocab.json", "merges.txt", "tokenizer.json"):
            path = f"test/golden/clip/{base}/{name}"
            if os.path.exists(path):
                shutil.copy(path, d)
        for name, value in files.items():
            if name == "tokenizer.json":
                whole = json.load(open(f"{d}/{name}"))
                whole["added_tokens"] += value
                value = whole
            json.dump(value, open(f"{d}/{name}", "w"))
        if "tokenizer.json" not in files and "tokenizer_config.json" not in files:
            with open(f"{d}/tokenizer_config.json", "w") as f:
                json.dump(dict(tokenizer_class="CLIPTokenizer"), f)
        t = transformers.CLIPTokenizer.from_pretrained(d)
        return [t(s, add_special_tokens=False)["input_ids"] for s in TEXTS]


with open("test/golden/bpe_added.jsonl", "w") as out:
    for base, files in CASES:
        ids = answer(base, files)
        out.write(json.dumps(dict(base=base, files=files, texts=TEXTS, ids=ids)) + "\n")
        for s, i in zip(TEXTS, ids):
            print(repr(s), i)
print("transformers", transformers.__version__)

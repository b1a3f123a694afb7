"""The lines of Python that weights/README.md shows, run as they stand."""
import re


def answer(word, folder, pictures):
    """logits and probabilities by the block that has `word` in it"""
    with open("weights/README.md") as f:
        blocks = re.findall(r"```python\n(.*?)```", f.read(), re.S)
    found = [b for b in blocks if word in b]
    assert len(found) == 1, f"{len(found)} blocks of weights/README.md have {word}"
    names = dict(folder=folder, pictures=pictures)
    exec(compile(found[0], f"weights/README.md: {word}", "exec"), names)
    return names["logits"], names["p"]

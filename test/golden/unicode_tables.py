#!/usr/bin/env python3
"""unicode_tables.py - writes tensor/base/unicode_tables.inc, entities_tables.inc and
width_table.inc in clip/bpe, and the hashes of what they must give (test/golden/unicode.sha256).

    pip install regex && python3 test/golden/unicode_tables.py

Letters, numbers and white space are those of the `regex` package, by which CLIP splits; lower case
and NFC are those of the running Python; names of characters are html.entities.html5.
Cased and case-ignorable (for the final sigma) are asked of Python by example, as it tells neither.
"""
import hashlib
import html.entities
import os
import unicodedata

import regex

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def heading(name, what, source, reason=None):
    out = "// %s - %s.\n// Made by test/golden/unicode_tables.py from %s.\n" % (name, what, source)
    return out + ("// Longer than 700 lines because %s.\n\n" % reason if reason else "\n")


def ranges(points):
    out = []
    for c in sorted(points):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def wrap(cells, width=98):
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) + 2 > width:
            lines.append(line)
            line = "   "
        line += " " + cell + ","
    return "\n".join(lines + [line]) + "\n"


def table(kind, name, cells):
    return "static const %s %s[] = {\n%s};\n\n" % (kind, name, wrap(cells))


def range_table(name, points):
    return table("Range", name, ["{ 0x%x, 0x%x }" % tuple(r) for r in ranges(points)])


def classes():
    of = {}
    for c in ALL:
        s = chr(c)
        of[c] = ("L" if regex.match(r"\p{L}", s) else "N" if regex.match(r"\p{N}", s)
                 else "S" if regex.match(r"\s", s) else "O")
    return of


def lower_runs():
    """Runs of letters one or two apart whose lower case lies the same distance away."""
    runs = []
    for c in ALL:
        low = chr(c).lower()
        if low == chr(c) or len(low) > 1:
            continue
        delta = ord(low) - c
        if runs:
            r = runs[-1]
            step = c - r[1]
            if r[3] == delta and step <= 2 and (r[0] == r[1] or r[2] == step):
                r[1], r[2] = c, step
                continue
        runs.append([c, c, 1, delta])
    return runs


def final_sigma(before):
    return (before + "Σ").lower()[-1] == "ς"


def canonical(c):
    parts = unicodedata.decomposition(chr(c)).split()
    return [] if not parts or parts[0][0] == "<" else [int(p, 16) for p in parts]


def unicode_file(of):
    out = heading("unicode_tables.inc", "classes, lower case and composition of all characters",
                  "regex %s and Unicode %s" % (regex.__version__, unicodedata.unidata_version),
                  "they are those of all Unicode")
    out += range_table("letters", [c for c in ALL if of[c] == "L"])
    out += range_table("numbers", [c for c in ALL if of[c] == "N"])
    out += range_table("spaces", [c for c in ALL if of[c] == "S"])
    ignorable = [c for c in ALL if final_sigma("A" + chr(c)) and not final_sigma("1" + chr(c))]
    out += range_table("case_ignorable", ignorable)
    out += range_table("cased", [c for c in ALL if final_sigma("1" + chr(c))])
    runs = lower_runs()
    out += table("LowerRun", "lower_runs", ["{ 0x%x, 0x%x, %d, %d }" % tuple(r) for r in runs])
    marks = []
    for c in ALL:
        k = unicodedata.combining(chr(c))
        if k and marks and marks[-1][1] == c - 1 and marks[-1][2] == k:
            marks[-1][1] = c
        elif k:
            marks.append([c, c, k])
    out += table("MarkRange", "mark_ranges", ["{ 0x%x, 0x%x, %d }" % tuple(m) for m in marks])
    parts = [(c, canonical(c)) for c in ALL if canonical(c)]
    out += table("Pair", "decompositions",
                 ["{ 0x%x, 0x%x, 0x%x }" % (c, p[0], p[1] if len(p) > 1 else 0) for c, p in parts])
    joined = sorted((p[0], p[1], c) for c, p in parts if len(p) == 2
                    and unicodedata.normalize("NFC", chr(p[0]) + chr(p[1])) == chr(c))
    out += table("Pair", "compositions", ["{ 0x%x, 0x%x, 0x%x }" % (c, a, b) for a, b, c in joined])
    return out.rstrip() + "\n"


def html_file():
    out = heading("html_tables.inc", "the named characters of HTML 5", "Python's html.entities",
                  "there are 2231")
    cells, upper = [], {}
    for name, text in sorted(html.entities.html5.items(), key=lambda e: e[0].encode()):
        points = [ord(c) for c in text] + [0]
        cells.append('{ "%s", { 0x%x, 0x%x } }' % (name, points[0], points[1]))
        for c in text:
            if c.upper() != c and name == name.lower():
                upper[ord(c)] = [ord(u) for u in c.upper()] + [0, 0]
    out += "// by name, in byte order; 0: no second character\n"
    out += table("Entity", "entities", cells)
    out += "// str.upper() of the characters above whose names are in small letters\n"
    out += table("Upper", "uppers", ["{ 0x%x, { 0x%x, 0x%x, 0x%x } }" % (c, u[0], u[1], u[2])
                                     for c, u in sorted(upper.items())])
    return out.rstrip() + "\n"


def width_file():
    """NFKC of the full and half width forms. U+FFE3, which becomes two characters, is left out."""
    forms = range(0xFF01, 0xFFF0)
    width = [unicodedata.normalize("NFKC", chr(c)) for c in forms]
    width = [0 if w == chr(c) or len(w) > 1 else ord(w) for w, c in zip(width, forms)]
    out = heading("width_table.inc", "full and half width forms",
                  "Unicode " + unicodedata.unidata_version)
    out += "// what U+FF01..U+FFEF stand for; 0: themselves\n"
    return out + table("uint16_t", "standard_width", ["0x%x" % w for w in width]).rstrip() + "\n"


def hashes(of):
    """SHA-256 over all code points: classes; lower cases; NFC alone and after e + two marks."""
    for what, text in (
            ("class", "".join(of[c] for c in ALL)),
            ("lower", "".join(chr(c).lower() for c in ALL)),
            ("sigma", "".join(("A" + chr(c) + "Σ" + chr(c) + "B ").lower() for c in ALL)),
            ("nfc", "".join(unicodedata.normalize("NFC", chr(c)) + "\n" for c in ALL)),
            ("nfc-marks", "".join(
                unicodedata.normalize("NFC", "e\u0323" + chr(c) + "\u0301\u0327") + "\n"
                for c in ALL))):
        yield "%s %s\n" % (what, hashlib.sha256(text.encode()).hexdigest())


def main():
    of = classes()
    for path, text in (("tensor/base/unicode_tables.inc", unicode_file(of)),
                       ("clip/bpe/entities_tables.inc", html_file()),
                       ("clip/bpe/width_table.inc", width_file()),
                       ("test/golden/unicode.sha256", "".join(hashes(of)))):
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as f:
            f.write(text)


main()

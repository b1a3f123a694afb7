"""The drawn world's results, from nothing: `make world-results`.

    python3 weights/world/results.py PROGRAM MODEL FOLDER [JOBS]

The protocol stands here before any number. Validation seeds pick one learning rate for all
methods: the one at which prompt fine-tuning is best in distribution (ID). At that rate they
pick ProReg's form: of those whose ID is within 2 points of fine-tuning's, the best out of
distribution (OOD). Ten other seeds are reported, paired: every method sees the same pictures in
the same order. ID is the domain `usual`; OOD the mean of `swapped` and `new`. Intervals are a
bootstrap over seeds and, within each, over pictures. Beside the table stands the sweep:
fine-tuning and ProReg at every rate, on the same ten seeds. Writes results.json, results.md and
scatter.svg beside this file. Standard library only.
"""
import concurrent.futures
import csv
import json
import os
import random
import shutil
import subprocess
import sys

PROGRAM, MODEL, WORK = (os.path.abspath(p) for p in sys.argv[1:4])
JOBS = int(sys.argv[4]) if len(sys.argv) > 4 else 2
HERE = os.path.dirname(os.path.abspath(__file__))

VALIDATION, REPORT = range(1, 4), range(101, 111)
RATES = ["1e-4", "3e-4", "1e-3", "3e-3"]
ALPHAS = ["0", "0.25", "0.5", "0.75", "1"]
TASK = ["--kind", "task", "--n", "1000", "--n-test", "600", "--pairing", "0.97"]
COMMON = ["--epochs", "4", "--batch", "64", "--head-lr-scale", "30", "--eval-every", "1000000"]
FORMS = {
    "k10": ["--weight", "k10"],
    "k10, alpha 2": ["--weight", "k10", "--alpha", "2"],
    "k1, alpha 2": ["--weight", "k1", "--alpha", "2"],
    "CE ratio, gamma 1, alpha 2": ["--weight", "ce-ratio", "--gamma", "1", "--alpha", "2"],
    "CE ratio, gamma 2, alpha 3, T 2": ["--weight", "ce-ratio", "--gamma", "2", "--alpha", "3",
                                        "--temp", "2"],
}
DOMAINS = ["usual", "swapped", "new"]


def run(*args):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(args)}\n{done.stderr}")
    return done.stdout


def data_of(seed):
    return os.path.join(WORK, f"task-{seed}")


def draw(seed):
    if not os.path.exists(data_of(seed)):
        run("data", "world", *TASK, "--seed", str(seed), "--out", data_of(seed), "--quiet")


def read_predictions(path):
    """{domain: [is each picture right?]}, the pictures in the order of the file."""
    right = {d: [] for d in DOMAINS}
    with open(path, newline="") as table:
        for row in csv.DictReader(table):
            right[row["domain"]].append(row["label"] == row["predicted"])
    return right


def one(job):
    """Trains and evaluates one (name, seed, flags); what is there already is not made again."""
    name, seed, flags = job
    out = os.path.join(WORK, f"{name}-{seed}".replace(" ", "_").replace(",", ""))
    table = out + ".csv"
    where = ["--data", data_of(seed), "--eval-split", "test"]
    if not os.path.exists(table):
        if flags is None:
            run("eval", "--model", MODEL, *where, "--threads", "1", "--quiet",
                "--predictions", table)
        else:
            shutil.rmtree(out, ignore_errors=True)
            run("train", "--model", MODEL, *where, "--train-domains", "usual", *COMMON, *flags,
                "--seed", str(seed), "--threads", "1", "--out", out, "--quiet")
            run("eval", "--run", out, "--threads", "1", "--quiet", "--predictions", table)
    return (name, seed), read_predictions(table)


def wise(job):
    name, seed = job
    out = os.path.join(WORK, f"{name}-{seed}".replace(" ", "_").replace(",", ""))
    lines = run("wise", "--run", out, "--alphas", ",".join(ALPHAS), "--json", "--threads", "1",
                "--quiet")
    rows = [json.loads(line) for line in lines.splitlines()]
    return job, {(str(r["alpha"]), r["domain"]): r["top1"] for r in rows}


def all_of(function, jobs):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return dict(pool.map(function, jobs))


def share(right):
    return 100 * sum(right) / len(right)


def id_of(r):
    return share(r["usual"])


def ood_of(r):
    return (share(r["swapped"]) + share(r["new"])) / 2


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def spread(values):
    values = list(values)
    m = mean(values)
    return (sum((v - m) ** 2 for v in values) / (len(values) - 1)) ** 0.5


def interval(results, a, b, of, rounds=1000):
    """Mean of a - b over the report seeds, and a 95 % bootstrap over seeds and their pictures."""
    rng = random.Random(0)
    seeds = list(REPORT)
    wanted = ["usual"] if of is id_of else ["swapped", "new"]
    differences = {s: [[p - q for p, q in zip(results[a, s][d], results[b, s][d])]
                       for d in wanted] for s in seeds}
    draws = []
    for _ in range(rounds):
        draws.append(mean(mean(share(rng.choices(x, k=len(x))) for x in differences[s])
                          for s in rng.choices(seeds, k=len(seeds))))
    draws.sort()
    middle = mean(of(results[a, s]) - of(results[b, s]) for s in seeds)
    return middle, draws[int(.025 * rounds)], draws[int(.975 * rounds)]


def signed(t):
    return f"{t[0]:+.1f} [{t[1]:+.1f}, {t[2]:+.1f}]"


# ---- the protocol --------------------------------------------------------------------------------

def validation():
    """The common rate, and ProReg's form at it."""
    jobs = [(f"finetune {lr}", s, ["--method", "finetune", "--lr", lr])
            for lr in RATES for s in VALIDATION]
    results = all_of(one, jobs)
    by_rate = {lr: mean(id_of(results[f"finetune {lr}", s]) for s in VALIDATION) for lr in RATES}
    rate = max(RATES, key=by_rate.get)
    jobs = [(f"{form} {rate}", s, ["--method", "proreg", "--lr", rate, *flags])
            for form, flags in FORMS.items() for s in VALIDATION]
    forms = all_of(one, jobs)
    table = {form: (mean(id_of(forms[f"{form} {rate}", s]) for s in VALIDATION),
                    mean(ood_of(forms[f"{form} {rate}", s]) for s in VALIDATION))
             for form in FORMS}
    near = [f for f in FORMS if table[f][0] >= by_rate[rate] - 2] or list(FORMS)
    return rate, max(near, key=lambda f: table[f][1]), by_rate, table


def report(rate, form):
    """Every method at the common rate, and the sweep."""
    proreg = ["--method", "proreg", *FORMS[form]]
    probe = ["--method", "probe", "--lr", rate]
    jobs = [("zeroshot", s, None) for s in REPORT]
    for name, flags in [("probe", probe), ("kd", ["--method", "kd", "--lr", rate]),
                        ("proreg-k10", ["--method", "proreg", "--lr", rate])]:
        jobs += [(name, s, flags) for s in REPORT]
    for lr in RATES:
        jobs += [(f"finetune {lr}", s, ["--method", "finetune", "--lr", lr]) for s in REPORT]
        jobs += [(f"proreg {lr}", s, [*proreg, "--lr", lr]) for s in REPORT]
    results = all_of(one, jobs)
    for s in REPORT:
        results["finetune", s] = results[f"finetune {rate}", s]
        results["proreg", s] = results[f"proreg {rate}", s]
    curves = all_of(wise, [(f"{m} {rate}", s) for m in ("finetune", "proreg") for s in REPORT])
    return results, curves


def wise_point(curves, method, rate, alpha):
    rows = [curves[f"{method} {rate}", s] for s in REPORT]
    return (100 * mean(r[alpha, "usual"] for r in rows),
            100 * mean((r[alpha, "swapped"] + r[alpha, "new"]) / 2 for r in rows))


# ---- what is written -----------------------------------------------------------------------------

METHODS = [("zeroshot", "zero-shot"), ("probe", "linear probe"), ("finetune", "fine-tuning"),
           ("kd", "fixed KD, alpha 0.3"), ("proreg-k10", "ProReg as released (k10)"),
           ("proreg", "**ProReg**")]


def method_row(results, key, label):
    ids = [id_of(results[key, s]) for s in REPORT]
    oods = [ood_of(results[key, s]) for s in REPORT]
    swapped = mean(share(results[key, s]["swapped"]) for s in REPORT)
    new = mean(share(results[key, s]["new"]) for s in REPORT)
    return (f"| {label} | {mean(ids):.1f} +- {spread(ids):.1f} | {mean(oods):.1f} +- "
            f"{spread(oods):.1f} | {swapped:.1f} | {new:.1f} |")


def page(rate, form, by_rate, table, results, curves):
    out = ["# The drawn world: results", "",
           "Made by `make world-results`; the protocol stands at the top of `results.py`. "
           "Accuracy in %, mean and standard deviation over seeds "
           f"{REPORT[0]} to {REPORT[-1]}, 1,000 training pictures, 600 in each test.", "",
           f"Learning rate picked by fine-tuning's ID accuracy on validation seeds: **{rate}** ("
           + ", ".join(f"{lr}: {v:.1f}" for lr, v in by_rate.items()) + ").",
           f"ProReg's form picked there: **{form}** ("
           + "; ".join(f"{f}: ID {i:.1f}, OOD {o:.1f}" for f, (i, o) in table.items()) + ").", "",
           "| method | ID | OOD | swapped | new |", "|---|---|---|---|---|"]
    out += [method_row(results, key, label) for key, label in METHODS]
    for m, label in (("finetune", "fine-tuning"), ("proreg", "ProReg")):
        for alpha in ALPHAS[1:-1]:
            i, o = wise_point(curves, m, rate, alpha)
            out.append(f"| WiSE-FT {alpha} of {label} | {i:.1f} | {o:.1f} | | |")
    out += ["", "Paired differences, 95 % intervals:", "",
            "| | ID | OOD |", "|---|---|---|"]
    for a, b in (("proreg", "finetune"), ("proreg", "zeroshot"), ("finetune", "zeroshot"),
                 ("proreg", "kd"), ("proreg-k10", "finetune")):
        out.append(f"| {a} - {b} | {signed(interval(results, a, b, id_of))} | "
                   f"{signed(interval(results, a, b, ood_of))} |")
    out += ["", "The sweep, ID / OOD:", "", "| | " + " | ".join(RATES) + " |",
            "|---" * (len(RATES) + 1) + "|"]
    for m, label in (("finetune", "fine-tuning"), ("proreg", "ProReg")):
        cells = [f"{mean(id_of(results[f'{m} {lr}', s]) for s in REPORT):.1f} / "
                 f"{mean(ood_of(results[f'{m} {lr}', s]) for s in REPORT):.1f}" for lr in RATES]
        out.append(f"| {label} | " + " | ".join(cells) + " |")
    cells = []
    for lr in RATES:
        for s in REPORT:
            results["a", s] = results[f"proreg {lr}", s]
            results["b", s] = results[f"finetune {lr}", s]
        cells.append(signed(interval(results, "a", "b", ood_of)))
    out.append("| OOD difference | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def scatter(rate, results, curves):
    """ID across, OOD up; the sweep and WiSE-FT as lines."""
    points = {key: (mean(id_of(results[key, s]) for s in REPORT),
                    mean(ood_of(results[key, s]) for s in REPORT)) for key, _ in METHODS}
    lines = {}
    for m in ("finetune", "proreg"):
        lines["sweep of " + m] = [(mean(id_of(results[f"{m} {lr}", s]) for s in REPORT),
                                   mean(ood_of(results[f"{m} {lr}", s]) for s in REPORT))
                                  for lr in RATES]
        lines["WiSE-FT of " + m] = [wise_point(curves, m, rate, a) for a in ALPHAS]
    every = list(points.values()) + [p for line in lines.values() for p in line]
    x0, x1 = min(p[0] for p in every) - 2, max(p[0] for p in every) + 9
    y0, y1 = min(p[1] for p in every) - 2, max(p[1] for p in every) + 3

    def at(p):
        return 60 + 560 * (p[0] - x0) / (x1 - x0), 360 - 320 * (p[1] - y0) / (y1 - y0)

    colour = {"finetune": "#d55e00", "proreg": "#0072b2"}
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 410" '
           'font-family="sans-serif" font-size="13">',
           '<rect width="680" height="410" fill="#fff"/>']
    for v in range(int(y0 // 10 + 1) * 10, int(y1) + 1, 10):
        y = at((x0, v))[1]
        out.append(f'<path d="M60 {y:.1f}H640" stroke="#ddd"/><text x="52" y="{y + 4:.1f}" '
                   f'text-anchor="end" fill="#555">{v}</text>')
    for v in range(int(x0 // 10 + 1) * 10, int(x1) + 1, 10):
        x = at((v, y0))[0]
        out.append(f'<text x="{x:.1f}" y="380" text-anchor="middle" fill="#555">{v}</text>')
    out.append('<text x="350" y="401" text-anchor="middle" fill="#333">accuracy in distribution, '
               '%</text><text transform="translate(16 200) rotate(-90)" text-anchor="middle" '
               'fill="#333">out of distribution, %</text>')
    for name, line in lines.items():
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in map(at, line))
        dash = "" if name.startswith("sweep") else ' stroke-dasharray="4 4"'
        out.append(f'<path d="{path}" fill="none" stroke="{colour[name.split()[-1]]}" '
                   f'stroke-width="1.5" opacity=".7"{dash}><title>{name}</title></path>')
    for key, label in METHODS:
        x, y = at(points[key])
        fill = colour.get(key, "#555")
        left = key == "kd"
        down = {"proreg-k10": 18, "zeroshot": 18, "kd": 14}.get(key, 2)
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}"/><text '
                   f'x="{x + (-9 if left else 9):.1f}" y="{y + down:.1f}" fill="{fill}" '
                   f'text-anchor="{"end" if left else "start"}">{label.strip("*")}</text>')
    for m, down in (("finetune", -8), ("proreg", 16)):
        for lr, i in ((RATES[0], 0), (RATES[-1], -1)):
            x, y = at(lines["sweep of " + m][i])
            out.append(f'<text x="{x:.1f}" y="{y + down:.1f}" text-anchor="middle" font-size="11" '
                       f'fill="{colour[m]}">{lr}</text>')
    out.append('<text x="630" y="30" text-anchor="end" fill="#555">lines: learning rates '
               '1e-4 to 3e-3; dashed: WiSE-FT</text></svg>')
    return "\n".join(out) + "\n"


def main():
    os.makedirs(WORK, exist_ok=True)
    for s in [*VALIDATION, *REPORT]:
        draw(s)
    rate, form, by_rate, table = validation()
    print(f"rate {rate}, form {form}", flush=True)
    results, curves = report(rate, form)
    with open(os.path.join(HERE, "results.md"), "w") as out:
        out.write(page(rate, form, by_rate, table, results, curves))
    with open(os.path.join(HERE, "scatter.svg"), "w") as out:
        out.write(scatter(rate, results, curves))
    numbers = {f"{name}/{s}": {d: sum(r[d]) for d in DOMAINS}
               for (name, s), r in sorted(results.items()) if name not in "ab"}
    with open(os.path.join(HERE, "results.json"), "w") as out:
        json.dump({"rate": rate, "form": form, "correct": numbers}, out, indent=0)
        out.write("\n")


if __name__ == "__main__":
    main()

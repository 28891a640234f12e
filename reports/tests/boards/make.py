#!/usr/bin/env python3
"""Writes the tables of this folder: clean ones in the styles that people use, and the same with one defect each.

All figures are invented. They are computed here, with Python's own statistics, from unrounded numbers, and printed with as many digits as such
tables have: what the linter knows of rounding is not asked. The planted defects are written into the finished text, so
that nothing but the cell at their place changes. `planted/index.csv` says which check must find each one, in which line
and column.

    python3 reports/tests/boards/make.py
"""

import csv
import io
import pathlib
import random
import statistics

HERE = pathlib.Path(__file__).parent
METHODS = ["random", "magnitude", "taylor", "fisher", "slimming", "lookahead"]
SKILL = {"random": 0.0, "magnitude": 4.1, "taylor": 5.3, "fisher": 6.2, "slimming": 4.6, "lookahead": 5.9}
DENSE = {
    "ResNet-18": (11_689_512, 1_814_073_344, 69.76),
    "ResNet-34": (21_797_672, 3_663_761_408, 73.31),
    "ResNet-50": (25_557_032, 4_089_184_256, 76.13),
    "MobileNetV2": (3_504_872, 300_774_272, 71.88),
}
TASKS = ["dtd", "pets", "flowers", "cars"]


def text_of(rows, delimiter=","):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def markdown(header, rows, align=None):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(align or ["---"] * len(header)) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def ranked_board(rng):
    """A board as a paper has it: one network, ranks, differences, shares of the parameters."""
    params, macs, dense = DENSE["ResNet-50"]
    rows = []
    for method in METHODS:
        keep = rng.uniform(0.28, 0.34)
        score = 66.0 + 1.3 * SKILL[method] + rng.uniform(-0.2, 0.2)
        rows.append((method, score, params * keep, macs * rng.uniform(0.3, 0.4)))
    rows.sort(key=lambda row: -row[1])
    table = [["–", "dense", f"{dense:.2f}", "–", f"{params / 1e6:.2f}M", "100.0%", f"{macs / 1e9:.2f}G", "1.00×"]]
    for rank, (method, score, left, work) in enumerate(rows, 1):
        bold = "**" if rank == 1 else ""
        delta = f"{score - dense:+.2f}".replace("-", "−")
        table.append([
            str(rank), method, f"{bold}{score:.2f}{bold}", delta, f"{left / 1e6:.2f}M", f"{100 * left / params:.1f}%",
            f"{work / 1e9:.2f}G", f"{macs / work:.2f}×",
        ])
    header = ["Rank", "Method", "Top-1 (%)", "Δ Top-1", "Params", "Params left (%)", "MACs", "Speed-up"]
    return "# ResNet-50 on ImageNet\n\nInvented.\n\n" + markdown(header, table)


def networks_board(rng):
    """Several networks in one CSV, dense scores in a column, shares that are gone."""
    rows = [["Model", "Method", "Baseline Top-1 (%)", "Pruned Top-1 (%)", "Top-1 drop (%)", "Params (M)", "Params reduction (%)", "FLOPs reduction (%)"]]
    for network, (params, _, dense) in DENSE.items():
        rows.append([network, "none", f"{dense:.2f}", f"{dense:.2f}", "0.00", f"{params / 1e6:.2f}", "0.0", "0.0"])
        for method in METHODS[:4]:
            keep = rng.uniform(0.4, 0.6)
            score = dense - 4 + SKILL[method] / 2 + rng.uniform(-0.2, 0.2)
            rows.append([
                network, method, f"{dense:.2f}", f"{score:.2f}", f"{dense - score:.2f}", f"{params * keep / 1e6:.2f}",
                f"{100 * (1 - keep):.1f}", f"{100 * rng.uniform(0.4, 0.6):.1f}",
            ])
    return text_of(rows)


def seeds_long(rng):
    """Raw rows: one for each task, method, sparsity and seed."""
    rows = [["dset", "method", "sparsity", "seed", "val_acc"]]
    for task in TASKS:
        for method, sparsity in [("dense", "0.0")] + [(m, s) for m in METHODS for s in ("0.8", "0.9")]:
            for seed in range(3):
                score = 0.62 + 0.01 * SKILL.get(method, 8) - 0.2 * float(sparsity) / 2 + rng.uniform(-0.01, 0.01)
                rows.append([task, method, sparsity, str(seed), f"{score:.4f}"])
    return text_of(rows)


def tasks_wide(rng):
    """A column for each task, a mean, and the mean of the ranks."""
    scores = {m: [60 + 5 * i + 1.2 * SKILL[m] + rng.uniform(-2, 2) for i in range(4)] for m in METHODS}
    ranks = {m: statistics.mean([1 + sum(scores[o][t] > scores[m][t] for o in METHODS) for t in range(4)]) for m in METHODS}
    table = [["dense"] + [f"{v:.1f}" for v in (74.2, 79.1, 83.4, 88.0)] + [f"{statistics.mean([74.2, 79.1, 83.4, 88.0]):.1f}", "–"]]
    for method in sorted(METHODS, key=lambda m: -statistics.mean(scores[m])):
        table.append([method] + [f"{v:.1f}" for v in scores[method]] + [f"{statistics.mean(scores[method]):.1f}", f"{ranks[method]:.2f}"])
    header = ["method", "DTD", "Pets", "Flowers", "Cars", "mean", "avg. rank"]
    return "## Transfer of ResNet-50\n\n" + markdown(header, table, ["---"] + ["---:"] * 6)


def seeds_wide(rng):
    """A column for each seed, mean and deviation, in tabs."""
    rows = [["method", "seed 1", "seed 2", "seed 3", "mean", "std"]]
    for method in ["dense"] + METHODS:
        values = [70 + SKILL.get(method, 7) + rng.gauss(0, 0.4) for _ in range(3)]
        rows.append([method] + [f"{v:.2f}" for v in values] + [f"{statistics.mean(values):.2f}", f"{statistics.stdev(values):.2f}"])
    return text_of(rows, "\t")


def seeds_rows(rng):
    """Rows of seeds, and below them a row of their mean and one of their deviation."""
    rows = [["method", "seed", "top1", "top5"]]
    for method in ["dense"] + METHODS[:4]:
        top1 = [70 + SKILL.get(method, 7) + rng.gauss(0, 0.4) for _ in range(3)]
        top5 = [88 + SKILL.get(method, 7) / 2 + rng.gauss(0, 0.3) for _ in range(3)]
        for seed in range(3):
            rows.append([method, str(seed + 1), f"{top1[seed]:.2f}", f"{top5[seed]:.2f}"])
        rows.append([method, "mean", f"{statistics.mean(top1):.2f}", f"{statistics.mean(top5):.2f}"])
        rows.append([method, "std", f"{statistics.stdev(top1):.2f}", f"{statistics.stdev(top5):.2f}"])
    return text_of(rows)


def sections(rng):
    """Headings inside of a table, bold for the best of each, a lower-is-better metric."""
    table = []
    for network, (params, _, dense) in list(DENSE.items())[:3]:
        table.append([f"**{network}**"] + [""] * 4)
        table.append(["Unpruned", f"{100 - dense:.2f}", "–", f"{params / 1e6:.1f} M", "1.0×"])
        lines = []
        for method in METHODS[:4]:
            ratio = rng.uniform(1.8, 2.4)
            error = 100 - dense + 3 - SKILL[method] / 2
            lines.append((error, method, f"{error - (100 - dense):+.2f}".replace("-", "−"), params / ratio, ratio))
        for error, method, delta, left, ratio in lines:
            mark = "**" if error == min(line[0] for line in lines) else ""
            table.append([method, f"{mark}{error:.2f}{mark}", delta, f"{left / 1e6:.1f} M", f"{ratio:.1f}×"])
    header = ["Method", "Top-1 error (%)", "Δ error", "Params", "Compression"]
    return "# Errors\n\n" + markdown(header, table)


def counts(rng):
    """Semicolons and decimal commas, weights counted one by one, sparsity asked for and reached, an interval."""
    rows = [["method", "target sparsity", "remaining weights", "total weights", "sparsity (%)", "accuracy (%)", "low", "high", "seeds"]]
    total = 270_256
    number = lambda value, digits: f"{value:.{digits}f}".replace(".", ",")
    rows.append(["dense", "0", str(total), str(total), "0,00", "91,40", "91,10", "91,70", "5"])
    for method in METHODS:
        for asked in (0.8, 0.9):
            left = round(total * (1 - asked)) + rng.randrange(-20, 20)
            score, half = 84 + SKILL[method] - 10 * (asked - 0.8) + rng.uniform(-0.1, 0.1), rng.uniform(0.1, 0.5)
            rows.append([
                method, number(asked, 1), str(left), str(total), number(100 * (1 - left / total), 2), number(score, 2),
                number(score - half, 2), number(score + half, 2), "5",
            ])
    return text_of(rows, ";")


def sized(rng):
    """Network rows without methods: counts with separators, work in FLOPs."""
    rows = []
    for network, (params, macs, dense) in DENSE.items():
        rows.append([network, "dense", f"{params:,}", f"{2 * macs / 1e9:.2f}", f"{dense:.1f}", "1,200"])
        for method in ("random", "magnitude"):
            keep = rng.uniform(0.4, 0.6)
            rows.append([network, method, f"{int(params * keep):,}", f"{2 * macs * keep / 1e9:.2f}", f"{dense - 5 + SKILL[method] / 2:.1f}", "1,200"])
    return "Sizes of networks on ImageNet\n\n" + markdown(["Network", "Method", "Params", "GFLOPs", "Top-1", "steps"], rows)


def summary(rng):
    """Places with ties, keeps, dense controls in italics: the style of our own summaries."""
    table = [["1", "–", "*dense-trained*", "83.21 ± 0.31", "–", "0.00", "1.00×", "12/12"]]
    for keep in (0.2, 0.1):
        lines = sorted(((60 + 100 * keep + SKILL[m] + rng.uniform(-0.2, 0.2), m) for m in METHODS), reverse=True)
        places = ["1=", "1=", "3=", "3=", "3=", "6"]
        for place, (score, method) in zip(places, lines):
            table.append([
                f"{keep}", place, method, f"{score:.2f} ± {rng.uniform(0.2, 0.9):.2f}", f"{83.21 - score:.2f}",
                f"{100 * (1 - keep):.2f}", f"{1 / (0.05 + 0.95 * keep):.2f}×", "12/12",
            ])
    header = ["keep", "#", "method", "mean %", "drop", "sparsity %", "compression", "trials ok"]
    return "# Board\n\n" + markdown(header, table, ["---:", "---:", ":---"] + ["---:"] * 5)


def work(rng):
    """Sorted by score without ranks; the dense count in every row, shares in whole percents."""
    macs, dense = DENSE["ResNet-50"][1:]
    names = ["fisher", "taylor", "hessian", "lookahead", "slimming", "magnitude", "geometric", "activation", "random"]
    scores = sorted((rng.uniform(66, 75) for _ in names), reverse=True)
    base = f"{macs / 1e9:.2f}"
    rows = [["Network", "Method", "Base MACs (G)", "MACs (G)", "MACs left (%)", "top-1"]]
    rows.append(["ResNet-50", "dense", base, base, "100", f"{dense:.2f}"])
    for name, score in zip(names, scores):
        keep = rng.uniform(0.3, 0.5)
        rows.append(["ResNet-50", name, base, f"{macs * keep / 1e9:.2f}", f"{100 * keep:.0f}", f"{score:.2f}"])
    return text_of(rows)


CLEAN = {
    "ranked.md": ranked_board,
    "networks.csv": networks_board,
    "seeds-long.csv": seeds_long,
    "tasks-wide.md": tasks_wide,
    "seeds-wide.tsv": seeds_wide,
    "seeds-rows.csv": seeds_rows,
    "sections.md": sections,
    "counts.csv": counts,
    "sized.md": sized,
    "places.md": summary,
    "work.csv": work,
}


def cell(text, line, column, new):
    """The text with another cell in a line; `new` may be a function of the old one."""
    lines = text.split("\n")
    style = "|" if lines[line - 1].startswith("|") else ("\t" if "\t" in lines[0] else (";" if ";" in lines[0] else ","))
    cells = lines[line - 1].split(style)
    at = column + (1 if style == "|" else 0)
    old = cells[at].strip()
    cells[at] = (f" {{}} " if style == "|" else "{}").format(new(old) if callable(new) else new)
    lines[line - 1] = style.join(cells)
    return "\n".join(lines)


def header_of(text):
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if any(mark in line for mark in "|,;\t"))
    style = next(mark for mark in "|\t;," if mark in lines[at])
    return at + 1, [name.strip() for name in lines[at].strip("|").split(style)]


def add(amount, digits=2, sign=False):
    def change(old):
        minus = "−" in old
        value = float(old.replace("−", "-").replace("*", "").rstrip("%×GM ")) + amount
        text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
        tail = next((unit for unit in ("%", "×", "M", "G") if old.endswith(unit)), "")
        return (text.replace("-", "−") if minus else text) + tail
    return change


def planted(clean):
    """Name, base, check, and how to change it: line, column, cell."""
    def swap(text, a, b, column):
        lines = text.split("\n")
        style = "|" if lines[a - 1].startswith("|") else ","
        first, second = lines[a - 1].split(style)[column + 1], lines[b - 1].split(style)[column + 1]
        return cell(cell(text, a, column, second.strip()), b, column, first.strip())

    cases = []
    def one(name, base, check, line, column, new, at=None):
        text = clean[base]
        _, header = header_of(text)
        cases.append((name, base, check, at or line, header[column], cell(text, line, column, new)))

    one("delta-size", "ranked.md", "delta", 9, 3, add(-1.1, 2, True))
    one("delta-sign", "ranked.md", "delta", 10, 3, lambda old: old.replace("−", "+"))
    one("drop-size", "networks.csv", "delta", 9, 4, add(0.35))
    one("params-percent", "ranked.md", "params-percent", 10, 5, add(8.1, 1))
    one("params-reduction", "networks.csv", "params-percent", 14, 6, add(-6.0, 1))
    one("speed-up", "ranked.md", "speed-up", 9, 7, add(1.0))
    one("rank-repeated", "ranked.md", "rank-sequence", 10, 0, "2")
    one("rank-skipped", "ranked.md", "rank-sequence", 13, 0, "7")
    one("bold", "places.md", "best-mark", 8, 3, lambda old: f"**{old}**")
    one("mean-of-tasks", "tasks-wide.md", "mean-of-tasks", 8, 5, add(1.1, 1))
    one("average-rank", "tasks-wide.md", "average-rank", 7, 6, add(1.5))
    one("mean-of-seeds", "seeds-wide.tsv", "mean-of-tasks", 5, 4, add(0.09))
    one("deviation-of-seeds", "seeds-wide.tsv", "spread", 6, 5, add(0.3))
    one("mean-row", "seeds-rows.csv", "mean-of-rows", 10, 2, add(0.06))
    one("deviation-row", "seeds-rows.csv", "spread", 16, 3, add(0.41))
    one("compression", "sections.md", "compression", 13, 4, add(0.9, 1))
    one("sparsity", "counts.csv", "sparsity", 6, 4, "89,52")
    one("interval", "counts.csv", "interval", 5, 6, "99,00", None)
    one("comma-for-point", "seeds-long.csv", "not-a-number", 17, 4, lambda old: f"\"{old.replace('.', ',')[:4]}\"")
    one("letter-for-digit", "ranked.md", "not-a-number", 11, 2, lambda old: old.replace("7", "l", 1).replace("l", "7O", 1)[:5])
    one("fraction-among-percent", "tasks-wide.md", "mixed-scale", 7, 2, lambda old: f"{float(old) / 100:.3f}")
    one("out-of-range", "seeds-rows.csv", "out-of-range", 3, 3, "188.10")
    one("too-many-parameters", "sized.md", "more-than-dense", 9, 2, "41,000,000")
    one("dense-size", "networks.csv", "network-size", 7, 5, "2.18")
    one("unit", "networks.csv", "unit-mismatch", 10, 5, "10557032")
    one("seeds-in-a-column", "counts.csv", "seed-count", 7, 8, "3")

    one("macs-percent", "work.csv", "macs-percent", 6, 4, add(7, 0))
    one("two-conventions", "work.csv", "mixed-sizes", 2, 3, "4.12")
    one("row-order", "work.csv", "row-order", 9, 5, "75.90")
    lines = clean["work.csv"].split("\n")
    twice = "\n".join(line + (",top-1" if i == 0 else f",{70 + i}.25") if line else line for i, line in enumerate(lines))
    cases.append(("column-twice", "work.csv", "repeated-column", 1, "top-1", twice))

    text = clean["ranked.md"]
    _, header = header_of(text)
    cases.append(("rank-order", "ranked.md", "rank-order", 10, "Rank", swap(text, 9, 10, 0)))

    lines = clean["seeds-long.csv"].split("\n")
    copy = lines[30].split(",")
    changed = ",".join(copy[:-1] + ["0.5512"])
    cases.append(("contradiction", "seeds-long.csv", "contradictory-rows", 41, "val_acc", "\n".join(lines[:40] + [changed] + lines[40:])))
    cases.append(("copied-line", "seeds-long.csv", "duplicate-row", 51, "", "\n".join(lines[:50] + [lines[30]] + lines[50:])))
    fourth = lines[30].split(",")
    fourth[3] = "7"
    cases.append(("extra-seed", "seeds-long.csv", "seed-count", 32, "seed", "\n".join(lines[:31] + [",".join(fourth)] + lines[31:])))
    comma = "\n".join([lines[0] + ","] + lines[1:])
    cases.append(("trailing-comma", "seeds-long.csv", "empty-column", 1, "", comma))
    empty = "\n".join(line + "," if line else line for line in lines)
    cases.append(("empty-column", "seeds-long.csv", "empty-column", 1, "", empty))
    no_dense = "\n".join(line for line in lines if ",dense," not in line)
    cases.append(("no-dense", "seeds-long.csv", "missing-dense", 1, "method", no_dense))
    no_random = "\n".join(line.replace(",random,", ",snip,") for line in lines)
    cases.append(("no-random", "seeds-long.csv", "missing-baseline", 1, "method", no_random))

    lines = clean["tasks-wide.md"].split("\n")
    short = lines[7].rsplit("|", 2)[0] + "|"
    cases.append(("short-row", "tasks-wide.md", "cell-count", 8, "", "\n".join(lines[:7] + [short] + lines[8:])))

    lines = clean["ranked.md"].split("\n")
    seeds = [line + (" seeds |" if i == 4 else "---|" if i == 5 else " 1 |") if line.startswith("|") else line for i, line in enumerate(lines)]
    cases.append(("single-seed", "ranked.md", "single-seed-rank", 8, "seeds", "\n".join(seeds)))
    origin = [line + (" Source |" if i == 4 else "---|" if i == 5 else " paper |" if i == 10 else " run |") if line.startswith("|") else line for i, line in enumerate(lines)]
    cases.append(("copied-from-paper", "ranked.md", "copied-row", 11, "Rank", "\n".join(origin)))
    flops = "\n".join(lines).replace("| MACs |", "| FLOPs |")
    cases.append(("macs-as-flops", "ranked.md", "flops-are-macs", 7, "FLOPs", flops))

    one("requested", "places.md", "requested-sparsity", 12, 5, "75.00")
    one("precision", "tasks-wide.md", "mixed-precision", 9, 1, lambda old: old + "1")
    return cases


def main():
    clean = {}
    for index, (name, make) in enumerate(CLEAN.items()):
        clean[name] = make(random.Random(index))
        (HERE / "clean" / name).write_text(clean[name])
    rows = [["file", "check", "line", "column"]]
    for name, base, check, line, column, text in planted(clean):
        assert text != clean[base], name
        file = f"{name}.{base.rsplit('.', 1)[1]}"
        (HERE / "planted" / file).write_text(text)
        rows.append([file, check, str(line), column])
    (HERE / "planted" / "index.csv").write_text(text_of(rows))
    print(f"{len(clean)} clean tables, {len(rows) - 1} with a defect, {len({row[1] for row in rows[1:]})} checks")


if __name__ == "__main__":
    main()

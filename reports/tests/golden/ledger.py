"""Writes ledger.json: a table of twelve tasks with seeds, and what numpy and scipy make of it.

Run once, with scipy: python3 ledger.py > ledger.json

The scores are invented and have a known structure: methods of different quality, tasks of different ceilings, what a replicate
shares over methods, what is a network's own, and ties that are meant. The test of `analysis::statistics` writes them into a
store, stage by stage, and holds the report that is read from it to the values here. Nothing here is the crate's: ranks
are scipy's, the groups, corrections and reversals are computed from their definitions.
"""

import itertools
import json
import sys

import numpy
import scipy
from scipy import stats

ALPHA = 0.05
TASKS = [
    "SUN397", "aircraft", "birdsnap", "caltech101", "caltech256", "cars", "cifar10", "cifar100", "dtd", "flowers", "food",
    "pets",
]
CEILINGS = [0.648, 0.836, 0.724, 0.935, 0.861, 0.903, 0.974, 0.856, 0.762, 0.950, 0.873, 0.934]
# Label, control, what of the harm of pruning it avoids, and training samples.
METHODS = [
    ("magnitude", "baseline", 0.62),
    ("random", "baseline", 0.00),
    ("random-layerwise", "baseline", 0.10),
    ("second-order", "", 0.90),
    ("sparse-training", "", 0.84),
    ("regrowth", "", 0.60),
    ("regularized", "", 0.66),
    ("ticket", "", 0.835),
]
KEEPS = [0.2, 0.1]
REPLICATES = 3
PARAMS, PRUNABLE = 25_557_032, 23_445_504

generator = numpy.random.default_rng(20261201)
shared = generator.normal(0, 0.002, (len(TASKS), REPLICATES))
ceilings = numpy.array(CEILINGS)[:, None]
dense = (ceilings + shared + generator.normal(0, 0.001, shared.shape)).round(4)
scores = {}
for keep, (method, _, quality) in itertools.product(KEEPS, METHODS):
    harm = 0.05 * numpy.log(1 / keep) * (1.5 - ceilings) * (1.02 - quality)
    own = generator.normal(0, 0.004, shared.shape)
    scores[keep, method] = (ceilings - harm + shared + own).round(4)
# Ties that are meant: on one task two methods are equal in every replicate.
scores[0.1, "ticket"][6] = scores[0.1, "sparse-training"][6]
scores[0.2, "regrowth"][3] = scores[0.2, "magnitude"][3]

names = [method for method, *_ in METHODS]


def t_interval(values):
    values = numpy.asarray(values)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
    return {"mean": float(values.mean()), "sd": float(values.std(ddof=1)), "low": float(low), "high": float(high)}


def leader_groups(order, apart):
    """A group is led by its best member and has every following one that cannot be told from the leader."""
    groups, leader, number = {}, order[0], 1
    for method in order:
        if apart(leader, method):
            leader, number = method, number + 1
        groups[method] = number
    return groups


def holm(p):
    return [min(1.0, max(other * sum(it >= other for it in p) for other in p if other <= own)) for own in p]


def signed_ranks(own, other):
    """Pratt's zeros; counted over all signs of the ranks."""
    differences = (own - other).mean(axis=1).round(12)
    ranks = stats.rankdata(abs(differences))[differences != 0]
    signs = differences[differences != 0] > 0
    sums = numpy.array(list(itertools.product([0, 1], repeat=len(ranks)))) @ ranks
    found = ranks[signs].sum()
    return {
        "tasks": int(len(ranks)),
        "ahead": float(found),
        "behind": float(ranks[~signs].sum()),
        "p": float(min(1.0, 2 * min((sums <= found).mean(), (sums >= found).mean()))),
    }


def with_holm(tests):
    corrected = holm([it["p"] for it in tests.values()])
    return {name: {**test, "p_holm": p} for (name, test), p in zip(tests.items(), corrected)}


def bootstrap(value, draws=40_000):
    """Tasks and replicates with replacement, independently. Other draws than the crate's, and many: its ends lie about these."""
    own = numpy.random.default_rng(5)
    tasks = own.integers(0, len(TASKS), (draws, len(TASKS)))
    replicates = own.integers(0, REPLICATES, (draws, REPLICATES))
    drawn = value(tasks[:, :, None], replicates[:, None, :])
    ends = numpy.percentile(drawn, [2.5, 97.5])
    # The spread of an end that is found from 1,000 draws.
    spread = numpy.array([numpy.percentile(part, [2.5, 97.5]) for part in drawn.reshape(-1, 1000)]).std(axis=0, ddof=1)
    return {"ends": ends.tolist(), "spread": spread.tolist()}


def increase(own, reference):
    return ((reference - own) / (1 - reference)).mean(axis=-1)


def at_keep(keep):
    table = {name: scores[keep, name] for name in names}
    means = {name: float(it.mean()) for name, it in table.items()}
    order = sorted(names, key=lambda name: -means[name])
    by_replicate = {name: it.mean(axis=0) for name, it in table.items()}
    by_task = numpy.array([table[name].mean(axis=1).round(12) for name in order])
    ranks = stats.rankdata(-by_task, axis=0)
    average = ranks.mean(axis=1)
    intervals = {name: t_interval(by_replicate[name]) for name in names}
    freedom = len(names) * (REPLICATES - 1)
    pooled = float(numpy.sqrt(numpy.mean([by_replicate[name].var(ddof=1) for name in names])))
    least = float(stats.t.ppf(1 - ALPHA / 2, freedom) * pooled * numpy.sqrt(2 / REPLICATES))

    def paired(a, b):
        interval = t_interval(by_replicate[a] - by_replicate[b]) if a != b else None
        return a != b and not interval["low"] <= 0 <= interval["high"]

    def overlap(a, b):
        return intervals[a]["low"] > intervals[b]["high"] or intervals[b]["low"] > intervals[a]["high"]

    def welch(a, b):
        return stats.ttest_ind(by_replicate[a], by_replicate[b], equal_var=False).pvalue < ALPHA

    def lsd(a, b):
        return abs(means[a] - means[b]) > least

    criteria = {
        "paired_difference": paired, "interval_overlap": overlap, "welch": welch, "least_significant_difference": lsd,
    }
    neighbours = list(zip(order, order[1:]))
    chi_square, p = stats.friedmanchisquare(*by_task)
    tasks, methods = len(TASKS), len(names)
    f = (tasks - 1) * chi_square / (tasks * (methods - 1) - chi_square)
    q = stats.studentized_range.ppf(1 - ALPHA, methods, numpy.inf) / numpy.sqrt(2)
    critical = float(q * numpy.sqrt(methods * (methods + 1) / (6 * tasks)))
    by_rank = sorted(range(methods), key=lambda it: average[it])
    runs = []
    for first, last in itertools.combinations(range(methods), 2):
        within = average[by_rank[last]] - average[by_rank[first]] <= critical
        grows = any(
            a <= first and b >= last and (a, b) != (first, last)
            and average[by_rank[b]] - average[by_rank[a]] <= critical
            for a, b in itertools.combinations(range(methods), 2)
        )
        if within and not grows:
            runs.append([first, last])
    reversals = {}
    for ahead, behind in neighbours:
        signs = by_replicate[ahead] - by_replicate[behind]
        every = [a - b for a, b in itertools.product(by_replicate[ahead], by_replicate[behind])]
        reversals[behind] = {"paired": float((signs < 0).mean()), "unpaired": float((numpy.array(every) < 0).mean())}
    differences = {}
    for name in names:
        if name == "magnitude":
            continue
        gap = table[name] - table["magnitude"]
        per_task = gap.mean(axis=1).round(12)
        differences[name] = {
            "seeds": t_interval(gap.mean(axis=0)),
            "tasks": t_interval(gap.mean(axis=1)),
            "drawn": bootstrap(lambda task, replicate: gap[task, replicate].mean(axis=(1, 2))),
            "ahead": int((per_task > 0).sum()),
            "behind": int((per_task < 0).sum()),
        }
    return {
        "keep": keep,
        "order": order,
        "average_ranks": dict(zip(order, average.tolist())),
        "means": intervals,
        "drawn": {
            name: bootstrap(lambda task, replicate: table[name][task, replicate].mean(axis=(1, 2))) for name in names
        },
        "drops": {name: t_interval(dense.mean(axis=0) - by_replicate[name]) for name in names},
        "error_increase": {
            name: {
                "mean": float(increase(table[name].mean(axis=1), dense.mean(axis=1))),
                "drawn": bootstrap(
                    lambda task, replicate: increase(
                        table[name][task, replicate].mean(axis=2), dense[task, replicate].mean(axis=2)
                    )
                ),
            }
            for name in names
        },
        "pooled_sd": pooled,
        "freedom": freedom,
        "least_significant_difference": least,
        "groups": {criterion: leader_groups(order, apart) for criterion, apart in criteria.items()},
        "inseparable": {
            criterion: sum(not apart(a, b) for a, b in neighbours) for criterion, apart in criteria.items()
        },
        "friedman": {
            "chi_square": float(chi_square), "p": float(p), "f": float(f),
            "f_p": float(stats.f.sf(f, methods - 1, (methods - 1) * (tasks - 1))),
        },
        "critical_difference": critical,
        "runs": runs,
        "against_first": with_holm({it: signed_ranks(table[it], table[order[0]]) for it in order[1:]}),
        "against_magnitude": with_holm(
            {it: signed_ranks(table[it], table["magnitude"]) for it in order if it != "magnitude"}
        ),
        "reversals": reversals,
        "reversed_neighbours": float(numpy.mean([it["paired"] for it in reversals.values()])),
        "differences": differences,
    }


def remaining(keep):
    return PARAMS - PRUNABLE + round(keep * PRUNABLE)


def fronts():
    points = [("dense-trained", 1.0, PARAMS, dense.mean())]
    points += [(name, keep, remaining(keep), scores[keep, name].mean()) for keep in KEEPS for name in names]
    on = [
        it for it in points
        if not any(o[2] <= it[2] and o[3] >= it[3] and (o[2] < it[2] or o[3] > it[3]) for o in points)
    ]
    return [[it[0], it[1]] for it in sorted(on, key=lambda it: it[2])]


def areas():
    doublings = numpy.log2([1 / keep for keep in KEEPS])
    found = {}
    for name in names:
        heights = numpy.array([scores[keep, name].mean(axis=0) for keep in KEEPS])
        found[name] = t_interval(numpy.trapezoid(heights, doublings, axis=0) / numpy.ptp(doublings))
    return found


json.dump(
    {
        "scipy": scipy.__version__,
        "numpy": numpy.__version__,
        "tasks": TASKS,
        "methods": [{"label": label, "control": control} for label, control, _ in METHODS],
        "params": PARAMS,
        "prunable": PRUNABLE,
        "dense": dense.tolist(),
        "scores": [
            {"keep": keep, "method": method, "scores": table.tolist()} for (keep, method), table in scores.items()
        ],
        "keeps": [at_keep(keep) for keep in KEEPS],
        "areas": areas(),
        "front": fronts(),
    },
    sys.stdout,
    indent=1,
)
print()

"""Writes inference.json, the values that the tests of `stats` hold tests, critical values and intervals to.

Run once, with scipy: python3 inference.py > inference.json

What scipy does not have is computed here from its definition with numpy, in another way than the crate does it: Holm's
correction and the front by comparing all with all, areas with numpy's trapezoids, reversals by listing every choice.
"""

import itertools
import json
import sys

import numpy
import scipy
from scipy import stats

generator = numpy.random.default_rng(20261128)


def ranges():
    """The studentized range with infinitely many degrees of freedom."""
    cases = []
    for count in [2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 100]:
        for alpha in [0.2, 0.1, 0.05, 0.01, 0.001]:
            width = float(stats.studentized_range.ppf(1 - alpha, count, numpy.inf))
            cases.append({"count": count, "alpha": alpha, "width": width})
    chances = [
        [width, count, float(stats.studentized_range.cdf(width, count, numpy.inf))]
        for width in [0.1, 1.0, 2.5, 4.0, 6.0]
        for count in [2, 3, 10, 60]
    ]
    return {"critical": cases, "chances": chances}


def nemenyi(methods, tasks, alpha):
    """After Demsar: q / sqrt(2) times sqrt(k (k + 1) / (6 N))."""
    q = stats.studentized_range.ppf(1 - alpha, methods, numpy.inf) / numpy.sqrt(2)
    scale = numpy.sqrt(methods * (methods + 1) / (6 * tasks))
    apart = 1.3
    p = stats.studentized_range.sf(apart / scale * numpy.sqrt(2), methods, numpy.inf)
    return {
        "methods": methods,
        "tasks": tasks,
        "alpha": alpha,
        "difference": float(q * scale),
        "apart": apart,
        "p": float(p),
    }


def friedman(scores):
    scores = numpy.asarray(scores)
    tasks, methods = scores.shape
    chi_square, p = stats.friedmanchisquare(*scores.T)
    f = (tasks - 1) * chi_square / (tasks * (methods - 1) - chi_square)
    return {
        "scores": scores.tolist(),
        "chi_square": float(chi_square),
        "p": float(p),
        "f": float(f),
        "f_p": float(stats.f.sf(f, methods - 1, (methods - 1) * (tasks - 1))),
    }


def wilcoxon(differences, zeros):
    """Counted over all signs up to 50 differences: scipy counts ties only where they are few, so that this does it itself."""
    differences = numpy.asarray(differences)
    kept = differences if zeros == "pratt" else differences[differences != 0]
    ranks = stats.rankdata(abs(kept))[kept != 0]
    signs = kept[kept != 0] > 0
    case = {
        "differences": differences.tolist(),
        "zeros": zeros,
        "n": int(len(ranks)),
        "positive": float(ranks[signs].sum()),
        "negative": float(ranks[~signs].sum()),
    }
    plain = len(numpy.unique(ranks)) == len(ranks) and (differences != 0).all()
    if len(kept) > 50:
        case["p"] = float(stats.wilcoxon(differences, zero_method=zeros, method="asymptotic").pvalue)
        case["by"] = "scipy, asymptotic"
    elif plain:
        case["p"] = float(stats.wilcoxon(differences, method="exact").pvalue)
        case["by"] = "scipy, exact"
    elif len(differences) <= 13:
        case["p"] = float(stats.wilcoxon(differences, zero_method=zeros).pvalue)
        case["by"] = "scipy, all signs"
    else:
        choices = numpy.array(list(itertools.product([0, 1], repeat=len(ranks))))
        sums = choices @ ranks
        sides = [(sums <= case["positive"]).mean(), (sums >= case["positive"]).mean()]
        case["p"] = float(min(1.0, 2 * min(sides)))
        case["by"] = "numpy, all signs"
    return case


def rounded(n, centre, digits):
    return generator.normal(centre, 0.02, n).round(digits)


def welch(a, b):
    test = stats.ttest_ind(a, b, equal_var=False)
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "t": float(test.statistic),
        "freedom": float(test.df),
        "p": float(test.pvalue),
    }


def pooled(samples, alpha):
    freedom = sum(len(it) - 1 for it in samples)
    sd = numpy.sqrt(sum(((it - it.mean()) ** 2).sum() for it in samples) / freedom)
    a, b = len(samples[0]), len(samples[1])
    critical = stats.t.ppf(1 - alpha / 2, freedom)
    return {
        "samples": [it.tolist() for it in samples],
        "alpha": alpha,
        "sd": float(sd),
        "freedom": freedom,
        "difference": float(critical * sd * numpy.sqrt(1 / a + 1 / b)),
    }


def holm(p):
    """For each hypothesis the largest of what every hypothesis that is no larger asks for."""
    corrected = []
    for own in p:
        asked = [other * sum(it >= other for it in p) for other in p if other <= own]
        corrected.append(min(1.0, max(asked)))
    return {"p": p, "corrected": corrected}


def bootstrap(values):
    """The distribution is scipy's; the crate has other draws, and is held to the ends that follow from these."""
    values = numpy.asarray(values)
    common = dict(n_resamples=400, confidence_level=0.95)
    bca = stats.bootstrap((values,), numpy.mean, method="BCa", rng=numpy.random.default_rng(7), **common)
    percentile = stats.bootstrap((values,), numpy.mean, method="percentile", rng=numpy.random.default_rng(7), **common)
    assert (bca.bootstrap_distribution == percentile.bootstrap_distribution).all()
    return {
        "values": values.tolist(),
        "drawn": bca.bootstrap_distribution.tolist(),
        "bca": [float(it) for it in bca.confidence_interval],
        "percentile": [float(it) for it in percentile.confidence_interval],
    }


def area(points):
    points = sorted(points)
    doublings = numpy.log2([it[0] for it in points])
    heights = [it[1] for it in points]
    return {"points": points, "area": float(numpy.trapezoid(heights, doublings) / numpy.ptp(doublings))}


def front(points):
    def dominated(own):
        return any(it[0] <= own[0] and it[1] >= own[1] and (it[0] < own[0] or it[1] > own[1]) for it in points)

    return {"points": points, "on": [not dominated(it) for it in points]}


def reversal(a, b):
    """`a` and `b` map replicates to scores."""
    sign = numpy.sign(numpy.mean(list(a.values())) - numpy.mean(list(b.values())))

    def chance(pairs):
        signs = [numpy.sign(round(ours - theirs, 9)) * sign for ours, theirs in pairs]
        return float(numpy.mean([{-1: 1.0, 0: 0.5, 1: 0.0}[int(it)] for it in signs]))

    shared = sorted(set(a) & set(b))
    return {
        "a": [[key, value] for key, value in a.items()],
        "b": [[key, value] for key, value in b.items()],
        "paired": chance([(a[it], b[it]) for it in shared]) if shared else None,
        "unpaired": chance(itertools.product(a.values(), b.values())),
    }


json.dump(
    {
        "scipy": scipy.__version__,
        "numpy": numpy.__version__,
        "ranges": ranges(),
        "nemenyi": [nemenyi(4, 14, 0.05), nemenyi(7, 12, 0.05), nemenyi(7, 12, 0.1), nemenyi(60, 12, 0.01)],
        "friedman": [
            friedman(generator.uniform(0.4, 0.9, (12, 6)).round(4)),
            friedman((generator.normal(0, 0.02, (12, 6)) + numpy.linspace(0.7, 0.8, 6)).round(4)),
            # With ties: one decimal.
            friedman(generator.uniform(0.4, 0.9, (9, 5)).round(1)),
            friedman(generator.uniform(0.4, 0.6, (20, 3)).round(1)),
        ],
        "wilcoxon": [
            wilcoxon(rounded(5, 0.03, 4), "wilcox"),
            wilcoxon(rounded(12, 0.01, 4), "wilcox"),
            wilcoxon(rounded(12, 0.01, 4), "pratt"),
            wilcoxon(rounded(12, 0.01, 2), "wilcox"),
            wilcoxon(rounded(12, 0.01, 2), "pratt"),
            wilcoxon([0.0, 0.0, 0.01, -0.02, 0.03, 0.03, 0.04, 0.0], "wilcox"),
            wilcoxon([0.0, 0.0, 0.01, -0.02, 0.03, 0.03, 0.04, 0.0], "pratt"),
            wilcoxon(rounded(17, 0.01, 2), "wilcox"),
            wilcoxon(rounded(17, 0.01, 2), "pratt"),
            wilcoxon(rounded(50, 0.006, 9), "wilcox"),
            wilcoxon(rounded(90, 0.005, 2), "wilcox"),
            wilcoxon(rounded(90, 0.005, 2), "pratt"),
            wilcoxon(rounded(80, 0.005, 9), "wilcox"),
        ],
        "welch": [
            welch(rounded(3, 0.8, 4), rounded(3, 0.82, 4)),
            welch(rounded(5, 0.8, 4), rounded(2, 0.8, 4)),
            welch(generator.normal(0.8, 0.001, 12), generator.normal(0.81, 0.02, 7)),
        ],
        "pooled": [
            pooled([rounded(3, 0.8, 4) for _ in range(6)], 0.05),
            pooled([rounded(n, 0.8, 4) for n in [2, 5, 3]], 0.05),
            pooled([rounded(n, 0.8, 4) for n in [4, 4]], 0.01),
        ],
        "holm": [
            holm([0.01, 0.04, 0.03, 0.005]),
            holm([0.5, 0.5, 0.9]),
            holm([0.02]),
            holm(generator.uniform(0, 0.3, 12).round(3).tolist()),
        ],
        "bootstrap": [
            bootstrap(rounded(12, 0.01, 4)),
            bootstrap(generator.exponential(0.05, 20).round(4)),
            bootstrap(rounded(6, 0.0, 4)),
        ],
        "areas": [
            area([[5.0, 0.85], [10.0, 0.84], [20.0, 0.80]]),
            area([[2.0, 0.9], [50.0, 0.3]]),
            area([[float(2**it), float(generator.uniform(0.5, 0.9))] for it in range(6)]),
        ],
        "fronts": [
            front([[1.0, 0.9], [0.5, 0.9], [0.5, 0.8], [0.2, 0.85], [0.1, 0.3], [0.1, 0.3], [2.0, 0.95]]),
            front([[float(it[0]), float(it[1])] for it in generator.uniform(0, 1, (40, 2)).round(1)]),
            front([[float(it[0]), float(it[1])] for it in generator.uniform(0, 1, (60, 2))]),
        ],
        "reversals": [
            reversal({0: 0.80, 1: 0.82, 2: 0.81}, {0: 0.79, 1: 0.83, 2: 0.78}),
            reversal({0: 0.80, 1: 0.80, 2: 0.80}, {0: 0.80, 1: 0.78, 2: 0.81}),
            reversal({0: 0.7, 1: 0.8}, {2: 0.72, 3: 0.74, 4: 0.9}),
            reversal({0: 0.5}, {0: 0.6}),
            reversal({it: float(generator.normal(0.8, 0.02)) for it in range(5)},
                     {it: float(generator.normal(0.79, 0.02)) for it in range(1, 5)}),
        ],
    },
    sys.stdout,
    indent=1,
)
print()

"""Writes rank_correlation.json, the values that the tests of `stats::correlation` hold the crate to.

Run once, with scipy: python3 rank_correlation.py > rank_correlation.json
"""

import itertools
import json
import sys

import numpy
import scipy
from scipy import stats

generator = numpy.random.default_rng(20261122)


def permuted(x, y):
    """Exact two-sided p-value with ties: the part of all orders of y whose tau-b is as far from zero."""
    found = abs(stats.kendalltau(x, y).statistic)
    taus = [abs(stats.kendalltau(x, order).statistic) for order in itertools.permutations(y)]
    return sum(tau >= found - 1e-12 for tau in taus) / len(taus)


def case(x, y):
    ties = len(set(x)) < len(x) or len(set(y)) < len(y)
    exact = None
    if len(x) <= 8:
        exact = permuted(x, y) if ties else float(stats.kendalltau(x, y, method="exact").pvalue)
    return {
        "x": x,
        "y": y,
        "tau": float(stats.kendalltau(x, y, variant="b").statistic),
        "rho": float(stats.spearmanr(x, y).statistic),
        "exact": exact,
        "normal": float(stats.kendalltau(x, y, method="asymptotic").pvalue),
    }


def drawn(n, values):
    return [float(value) for value in generator.integers(0, values, n)]


json.dump(
    {
        "scipy": scipy.__version__,
        "cases": [
            case([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]),
            case([12.0, 2.0, 1.0, 12.0, 2.0], [1.0, 4.0, 7.0, 1.0, 0.0]),
            case([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
            case([3.0, 1.0, 2.0, 5.0, 4.0, 7.0, 6.0], [1.0, 3.0, 2.0, 4.0, 6.0, 7.0, 5.0]),
            case(drawn(6, 4), drawn(6, 4)),
            case(drawn(7, 5), drawn(7, 5)),
            case([float(it) for it in generator.permutation(8)], [float(it) for it in generator.permutation(8)]),
            case([float(it) for it in generator.permutation(12)], [float(it) for it in generator.permutation(12)]),
            case(drawn(15, 6), drawn(15, 8)),
            case(drawn(40, 30), drawn(40, 30)),
        ],
    },
    sys.stdout,
    indent=1,
)
print()

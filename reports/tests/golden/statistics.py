"""Writes statistics.json, the values that the tests of `stats` hold the crate to.

Run once, with scipy: python3 statistics.py > statistics.json
"""

import json
import sys

import numpy
import scipy
from scipy import stats

generator = numpy.random.default_rng(20260102)


def summary(values):
    values = numpy.asarray(values)
    interval = stats.t.interval(0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
    return {
        "values": values.tolist(),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "low": float(interval[0]),
        "high": float(interval[1]),
    }


def paired(n):
    dense = generator.uniform(0.5, 0.9, n).round(4)
    method = (dense - generator.normal(0.02, 0.01, n)).round(4)
    test = stats.ttest_rel(dense, method)
    interval = test.confidence_interval(0.95)
    return {
        "dense": dense.tolist(),
        "method": method.tolist(),
        "mean": float((dense - method).mean()),
        "low": float(interval.low),
        "high": float(interval.high),
    }


def ranks(scores):
    return {"scores": scores, "ranks": stats.rankdata([-score for score in scores], method="average").tolist()}


json.dump(
    {
        "scipy": scipy.__version__,
        "t_critical": [[n, float(stats.t.ppf(0.975, n - 1))] for n in [2, 3, 4, 5, 6, 8, 10, 12, 20, 31, 101]],
        "summaries": [
            summary([0.8123, 0.8077]),
            summary([0.8123, 0.8077, 0.8211]),
            summary(generator.uniform(0, 1, 5).round(4)),
            summary(generator.normal(0.7, 0.05, 12).round(4)),
        ],
        "paired": [paired(2), paired(3), paired(12)],
        "ranks": [
            ranks([0.9]),
            ranks([0.5, 0.9, 0.7]),
            ranks([0.5, 0.9, 0.9, 0.7]),
            ranks([0.4, 0.4, 0.4]),
            ranks([0.1, 0.3, 0.3, 0.2, 0.2, 0.2, 0.9]),
        ],
    },
    sys.stdout,
    indent=1,
)
print()

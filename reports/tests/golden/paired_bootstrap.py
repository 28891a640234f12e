"""Writes paired_bootstrap.json, the values that the tests of `pairs` hold the two-level bootstrap to.

Run once, with numpy: python3 paired_bootstrap.py > paired_bootstrap.json

The metric of two networks on draws of pictures is made of what pictures, replicates and networks add to it, all of it
from `noise`, which the tests have, too. From there on numpy does everything, with its own generator: it draws the replicates,
averages, and takes percentiles, many times over. What the crate finds once must lie within the spread of that.
"""

import json
import sys

import numpy

REPETITIONS = 2000
MASK = (1 << 64) - 1


def noise(*parts):
    """A number in [0, 1) that depends on `parts` only (splitmix64)."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return (state >> 11) / (1 << 53)


# `pictures`: what the draws have in common; `replicate`: what the networks of a replicate have; `seed`: what a network's
# own training adds; `own`: what the draws do to one network. Every `missing`-th draw has no object; 0: all have some.
cases = [
    dict(number=1, replicates=1, draws=1000, shift=0.01, pictures=0.2, replicate=0.0, seed=0.0, own=0.03, missing=0),
    dict(number=2, replicates=2, draws=1000, shift=0.01, pictures=0.2, replicate=0.1, seed=0.02, own=0.03, missing=0),
    dict(number=3, replicates=3, draws=1000, shift=0.0, pictures=0.2, replicate=0.1, seed=0.04, own=0.02, missing=7),
    dict(number=4, replicates=5, draws=400, shift=-0.03, pictures=0.3, replicate=0.4, seed=0.05, own=0.04, missing=3),
    dict(number=5, replicates=10, draws=1000, shift=0.005, pictures=0.1, replicate=0.5, seed=0.02, own=0.02, missing=0),
]


def networks(case):
    """Scores [network, replicate], and values [network, replicate, draw]."""
    number = case["number"]
    scores = numpy.empty((2, case["replicates"]))
    values = numpy.empty((2, case["replicates"], case["draws"]))
    for network in range(2):
        for replicate in range(case["replicates"]):
            score = 0.2 + case["shift"] * (1 - network)
            score += case["replicate"] * noise(number, 1, replicate)
            score += case["seed"] * noise(number, 2, network, replicate)
            scores[network, replicate] = score
            for draw in range(case["draws"]):
                value = score + case["pictures"] * noise(number, 3, draw)
                value += case["own"] * noise(number, 4, network, replicate, draw)
                if case["missing"] and draw % case["missing"] == 0:
                    value = numpy.nan
                values[network, replicate, draw] = value
    return scores, values


def spread(numbers):
    return {"mean": float(numpy.mean(numbers)), "sd": float(numpy.std(numbers, ddof=1))}


def bootstrap(case, generator):
    scores, values = networks(case)
    differences = values[0] - values[1]
    whole = ~numpy.isnan(differences).any(axis=0)
    differences = differences[:, whole]
    replicates, draws = differences.shape
    low, high, ahead = [], [], []
    for _ in range(REPETITIONS):
        drawn = generator.integers(0, replicates, size=(replicates, draws))
        means = numpy.take_along_axis(differences, drawn, axis=0).mean(axis=0)
        low.append(numpy.percentile(means, 2.5))
        high.append(numpy.percentile(means, 97.5))
        ahead.append((means > 0).mean())
    return {
        **case,
        # Of network 1 in the last replicate and the draw after the first, to tell a wrong input from a wrong result.
        "a_value": float(values[1, -1, 1]),
        "difference": float((scores[0] - scores[1]).mean()),
        "left_out": int((~whole).sum()),
        "low": spread(low),
        "high": spread(high),
        "ahead": spread(ahead),
    }


generator = numpy.random.default_rng(20261122)
quantiles = numpy.sort(generator.normal(size=12).round(3))
json.dump(
    {
        "numpy": numpy.__version__,
        "quantiles": {
            "sorted": quantiles.tolist(),
            "at": [[part, float(numpy.quantile(quantiles, part))] for part in [0, 0.025, 0.3, 0.5, 0.975, 1]],
        },
        "cases": [bootstrap(case, generator) for case in cases],
    },
    sys.stdout,
    indent=1,
)
print()

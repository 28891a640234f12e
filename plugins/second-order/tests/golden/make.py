"""Optimal brain surgeon on small quadratics, in exact rational arithmetic.

    python3 make.py

writes `golden.json` beside this file. Only the standard library is needed. Numbers are rounded once, when they are
written. The inverse is found by Gauss-Jordan elimination of the Fisher matrix itself, never by the Woodbury identity;
costs and updates of single removals are found a second time by elimination of the removed weight, and must agree.
"""

import json
import pathlib
import random
from fractions import Fraction


def inverse(matrix):
    size = len(matrix)
    rows = [list(row) + [Fraction(int(i == j)) for j in range(size)] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(row for row in range(column, size) if rows[row][column] != 0)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for row in range(size):
            if row != column and rows[row][column] != 0:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column])]
    return [row[size:] for row in rows]


def fisher(gradients, damp):
    count, size = len(gradients), len(gradients[0])
    return [
        [sum(g[i] * g[j] for g in gradients) / count + (damp if i == j else 0) for j in range(size)]
        for i in range(size)
    ]


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def without_one(matrix, weights, gone):
    """Cost and change of all weights when one goes: minimize dw^T F dw / 2 over the others."""
    others = [i for i in range(len(weights)) if i != gone]
    inner = inverse([[matrix[i][j] for j in others] for i in others])
    pull = times(inner, [matrix[i][gone] * weights[gone] for i in others])
    change = [Fraction(0)] * len(weights)
    change[gone] = -weights[gone]
    for i, value in zip(others, pull):
        change[i] = value
    cost = sum(a * b for a, b in zip(change, times(matrix, change))) / 2
    return cost, change


def case(name, seed, count, size, damp, remove):
    draw = random.Random(seed)
    number = lambda: Fraction(draw.randint(-32, 32), 16)
    gradients = [[number() for _ in range(size)] for _ in range(count)]
    weights = [number() or Fraction(1, 16) for _ in range(size)]
    probe = [number() for _ in range(size)]
    matrix = fisher(gradients, damp)
    inverted = inverse(matrix)
    costs = [w * w / (2 * inverted[q][q]) for q, w in enumerate(weights)]
    changes = []
    for q, w in enumerate(weights):
        change = [-w * inverted[i][q] / inverted[q][q] for i in range(size)]
        assert (costs[q], change) == without_one(matrix, weights, q)
        changes.append(change)
    order = sorted(range(size), key=lambda q: costs[q])
    assert costs[order[remove - 1]] < costs[order[remove]], "a tie at the border is no case"
    gone = sorted(order[:remove])
    after = [
        Fraction(0) if i in gone else w + sum(changes[q][i] for q in gone) for i, w in enumerate(weights)
    ]
    plain = lambda values: [float(value) for value in values]
    return {
        "name": name,
        "damp": float(damp),
        "gradients": [plain(row) for row in gradients],
        "weights": plain(weights),
        "probe": plain(probe),
        "inverse": [plain(row) for row in inverted],
        "product": plain(times(inverted, probe)),
        "costs": plain(costs),
        "removed": gone,
        "after": plain(after),
    }


CASES = [
    case("fewer gradients than weights", 1, 3, 7, Fraction(1, 128), 3),
    case("more gradients than weights", 2, 9, 5, Fraction(1, 128), 2),
    case("as many gradients as weights", 3, 6, 6, Fraction(1, 128), 3),
    case("the damping of the paper", 4, 4, 9, Fraction(1, 100000), 4),
]

if __name__ == "__main__":
    path = pathlib.Path(__file__).with_name("golden.json")
    path.write_text(json.dumps(CASES, indent=1) + "\n", encoding="utf-8")

"""Writes critical.json: critical values that the test of the site reads from tables, as people did, and chances that its own
integrals are held to.

Run once, with scipy: python3 critical.py > critical.json
"""

import json
import sys

import numpy
import scipy
from scipy import stats

json.dump(
    {
        "scipy": scipy.__version__,
        # Two-sided, at 0.05, by degrees of freedom.
        "t": [float(stats.t.ppf(0.975, freedom)) for freedom in range(1, 401)],
        # The range of so many normal numbers, at 0.05, from two on.
        "range": [float(stats.studentized_range.ppf(0.95, count, numpy.inf)) for count in range(2, 101)],
        "t_sf": [[x, v, float(stats.t.sf(x, v))] for x in [0.3, 1.7, 4.4] for v in [1.0, 2.0, 2.6, 3.37, 9.0, 80.0]],
        "chi_square_sf": [
            [x, k, float(stats.chi2.sf(x, k))] for x in [0.5, 4.0, 17.0, 90.0] for k in [1, 2, 5, 12, 60]
        ],
        "f_sf": [
            [x, d1, d2, float(stats.f.sf(x, d1, d2))]
            for x in [0.4, 1.3, 6.0, 40.0]
            for d1, d2 in [(1, 4), (2, 8), (4, 44), (12, 132), (60, 660)]
        ],
    },
    sys.stdout,
    indent=1,
)
print()

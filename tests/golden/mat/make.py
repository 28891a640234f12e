"""Makes the MAT-files beside this file with SciPy, and what SciPy reads from them (expected.json).

    pip install scipy
    python make.py
"""

import json
import pathlib

import numpy as np
import scipy.io

HERE = pathlib.Path(__file__).parent


def described(value):
    """A value as the test compares it. Numbers and elements are in MATLAB's order."""
    if isinstance(value, np.ndarray) and value.dtype.names:
        return {
            "dims": list(value.shape),
            "fields": list(value.dtype.names),
            "elements": [[described(element[name]) for name in value.dtype.names] for element in value.flatten("F")],
        }
    if value.dtype == object:
        return {"dims": list(value.shape), "cells": [described(cell) for cell in value.flatten("F")]}
    if value.dtype.kind == "U":
        # SciPy joins the characters of a row.
        return {"text": [str(row) for row in value.flatten()]}
    return {"dims": list(value.shape), "numbers": [float(number) for number in value.flatten("F")]}


def cells(*values):
    array = np.empty((1, len(values)), dtype=object)
    for index, value in enumerate(values):
        array[0, index] = value
    return array


def main():
    rng = np.random.default_rng(7)
    kinds = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64]
    numbers = {f"a_{np.dtype(kind).name}": np.array([[1, 2, 3], [100, 5, 6]], dtype=kind) for kind in kinds}
    numbers["negative"] = np.array([[-1.5, -1e300, 0.1]])
    numbers["bytes"] = np.array([[-128, 127]], dtype=np.int8)
    numbers["cube"] = rng.integers(0, 255, size=(2, 3, 4), dtype=np.uint8)
    numbers["empty"] = np.zeros((0, 3))
    numbers["scalar"] = np.array([[7.0]])
    numbers["whole"] = np.array([[1.0, 2.0, 3.0]])  # MATLAB and SciPy may store such in fewer bytes.
    records = np.zeros((1, 3), dtype=[("class", object), ("fname", object), ("box", object)])
    for index in range(3):
        records[0, index] = (
            np.array([[index + 1]], dtype=np.uint8),
            np.array([f"{index:05}.jpg"]),
            rng.integers(0, 900, size=(1, 4)).astype(np.uint16),
        )
    contents = {
        "numbers": numbers,
        "text": {
            "word": np.array(["Citroën C3"]),
            "rows": np.array(["abc ", "de  ", "fghi"]),
            "nothing": np.array([""]),
            "names": cells(np.array(["AM General Hummer"]), np.array(["Audi R8"]), np.array([[1.0, 2.0]])),
        },
        "structs": {"annotations": records, "nested": cells(cells(np.array([[1.0]]), np.array(["x"])))},
    }
    expected = {}
    for name, variables in contents.items():
        for form, compress in [("plain", False), ("packed", True)]:
            file = f"{name}-{form}.mat"
            scipy.io.savemat(HERE / file, variables, do_compression=compress)
            loaded = scipy.io.loadmat(HERE / file)
            expected[file] = {key: described(value) for key, value in loaded.items() if not key.startswith("__")}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

"""Ranks names as the held-out validation splits do, with the reference implementation of BLAKE3 for Python.

    pip install blake3
    python make.py

Writes the names that are held out of a small Food-101: three classes of 22 pictures each, of which a tenth is held out. And those
of a sample of it: 20 pictures to train on and 5 to choose on.
"""

import json
import pathlib

from blake3 import blake3

HERE = pathlib.Path(__file__).parent
SEED = 0


def rank(name):
    hasher = blake3(derive_key_context="secateur-data 2026 validation")
    hasher.update(SEED.to_bytes(8, "little"))
    hasher.update(name.encode())
    return hasher.digest()


def main():
    held = []
    for label in range(3):
        names = [f"dish_{label:03}/{1000 + k}.jpg" for k in range(66) if k % 3 == label]
        held += sorted(names, key=rank)[: len(names) // 10]
    (HERE / "food.json").write_text(json.dumps(sorted(held), indent=1) + "\n")
    names = [f"dish_{k % 3:03}/{1000 + k}.jpg" for k in range(66)]
    ranked = sorted(names, key=lambda name: blake3(name.encode(), derive_key_context="secateur-data 2026 sample").digest())
    sample = {"train": sorted(ranked[:20]), "validation": sorted(ranked[20:25])}
    (HERE / "food-sample.json").write_text(json.dumps(sample, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Makes arrays_*.pkl, pickled dictionaries with arrays of NumPy as data sets have them.

    pip install numpy
    python arrays.py

arrays_python2.pkl has the form in which CIFAR is published: Python 2 has no strings but bytes, which this writes with
Python 3's own pickler. Each is read back as torchvision reads CIFAR.
"""

import pathlib
import pickle
import struct
import types

import numpy as np

HERE = pathlib.Path(__file__).parent


class Python2(pickle._Pickler):
    """Writes text and bytes as strings of Python 2."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_string(self, value):
        data = value if isinstance(value, bytes) else value.encode("latin1")
        if len(data) < 256:
            self.write(b"U" + bytes([len(data)]) + data)
        else:
            self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    dispatch[bytes] = save_string
    dispatch[str] = save_string

    def save_global(self, value, name=None):
        name = name or value.__qualname__
        module = value.__module__.replace("numpy._core", "numpy.core")
        self.write(b"c" + module.encode() + b"\n" + name.encode() + b"\n")
        self.memoize(value)

    dispatch[types.BuiltinFunctionType] = save_global
    dispatch[type] = save_global


def content():
    data = (np.arange(5 * 12) * 7 % 256).astype(np.uint8).reshape(5, 12)
    return {
        "batch_label": "training batch 1 of 5",
        "labels": [6, 9, 9, 4, 1],
        "data": data,
        "filenames": [f"leptodactylus_pentadactylus_s_{index:06}.png" for index in range(5)],
        "wide": np.array([[1, 2, 3]], dtype="<i8"),
    }


def main():
    for protocol in (3, 4, 5):
        (HERE / f"arrays_protocol{protocol}.pkl").write_bytes(pickle.dumps(content(), protocol=protocol))
    with open(HERE / "arrays_python2.pkl", "wb") as file:
        Python2(file, protocol=2).dump(content())
    fortran = {"data": np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))}
    (HERE / "arrays_columns.pkl").write_bytes(pickle.dumps(fortran, protocol=4))
    for path in sorted(HERE.glob("arrays_p*.pkl")):
        loaded = pickle.loads(path.read_bytes(), encoding="latin1")
        expected = content()
        assert list(loaded) == list(expected), path
        assert all(np.array_equal(loaded[key], expected[key]) for key in expected), path


if __name__ == "__main__":
    main()

"""Tensors on their way: safetensors files without a name, in memory that both processes can read."""

import json
import mmap
import os
import struct
import tempfile

from .arrays import size_of, written


def _memory():
    """Descriptor of a new file in memory, or of one in the folder for temporary files where a system has no such files."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("secateur-tensors", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write_all(file, data):
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def write(tensors):
    """Descriptor of a file with tensors by name. Whoever gets it closes it."""
    header, parts, at = {}, [], 0
    for name, value in tensors.items():
        dtype, shape, data, keep = written(value)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + data.nbytes]}
        parts.append((data, keep))
        at += data.nbytes
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    file = _memory()
    try:
        _write_all(file, struct.pack("<Q", len(text)) + text)
        for data, _ in parts:
            _write_all(file, data)
    except BaseException:
        os.close(file)
        raise
    return file


def read(file, kinds):
    """Tensors of a file by name; the descriptor is closed. They share the file's memory, and writing to them changes nobody
    else's."""
    try:
        size = os.fstat(file).st_size
        buffer = mmap.mmap(file, size, access=mmap.ACCESS_COPY)
    finally:
        os.close(file)
    (length,) = struct.unpack_from("<Q", buffer)
    begin = 8 + length
    tensors = {}
    for name, entry in json.loads(buffer[8:begin].decode("utf-8")).items():
        if name == "__metadata__":
            continue
        start, stop = (begin + offset for offset in entry["data_offsets"])
        expected = size_of(entry["dtype"])
        for extent in entry["shape"]:
            expected *= extent
        if stop - start != expected or stop > size:
            raise ValueError("tensor `%s` of the host is damaged" % name)
        tensors[name] = kinds.read(buffer, entry["dtype"], entry["shape"], start, stop)
    return tensors

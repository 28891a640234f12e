"""What tensors are in Python: torch's, numpy's, or this module's own."""

import array
import ctypes
import operator

#: Codes of :mod:`array` by the names of safetensors. Small floats are kept as 32-bit ones.
_CODES = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U8": "B", "BOOL": "B"}

_TORCH = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}

_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def size_of(dtype):
    """Bytes of an element."""
    try:
        return _SIZES[dtype]
    except KeyError:
        raise ValueError("there is no element type `%s`" % dtype) from None


class Array:
    """Numbers in the order of rows, with a shape, for Pythons without torch and numpy.

    It knows arithmetic and comparisons between arrays of one shape or with a number, `abs`, `sum`, and little else: enough for
    scores. Results of arithmetic are rounded to the element type, as tensors are.
    """

    __slots__ = ("dtype", "shape", "values")

    def __init__(self, values, shape=None, dtype="F32"):
        code = _CODES[dtype]
        self.values = values if isinstance(values, array.array) and values.typecode == code else array.array(code, values)
        self.shape = tuple(shape) if shape is not None else (len(self.values),)
        self.dtype = dtype
        count = 1
        for size in self.shape:
            count *= size
        if count != len(self.values):
            raise ValueError("%d values are not those of the shape %s" % (len(self.values), list(self.shape)))

    def __len__(self):
        return self.shape[0] if self.shape else 1

    def __repr__(self):
        return "Array(shape=%s, dtype=%s)" % (list(self.shape), self.dtype)

    def numel(self):
        """Number of elements."""
        return len(self.values)

    def reshape(self, *shape):
        """The same numbers with another shape; -1 stands for what is left."""
        shape = list(shape[0] if len(shape) == 1 and isinstance(shape[0], (list, tuple)) else shape)
        if -1 in shape:
            known = 1
            for size in shape:
                known *= size if size != -1 else 1
            shape[shape.index(-1)] = len(self.values) // known if known else 0
        return Array(self.values, shape, self.dtype)

    def tolist(self):
        """Nested lists; a single number for the empty shape."""
        values = [bool(value) for value in self.values] if self.dtype == "BOOL" else list(self.values)
        for size in reversed(self.shape[1:]):
            values = [values[at : at + size] for at in range(0, len(values), size)] if size else []
        return values if self.shape else values[0]

    def item(self):
        """The one number."""
        if len(self.values) != 1:
            raise ValueError("an array of %d elements is no single number" % len(self.values))
        return bool(self.values[0]) if self.dtype == "BOOL" else self.values[0]

    def sum(self):
        """Sum of all elements, in 64 bits."""
        return sum(self.values)

    def mean(self):
        """Mean of all elements, in 64 bits."""
        return sum(self.values) / len(self.values)

    def _float(self):
        return self.dtype if self.dtype in ("F32", "F64") else "F32"

    def _with(self, other, function, dtype):
        if isinstance(other, Array):
            if other.shape != self.shape:
                message = "arrays of the shapes %s and %s do not fit each other"
                raise ValueError(message % (list(self.shape), list(other.shape)))
            return Array(map(function, self.values, other.values), self.shape, dtype)
        if isinstance(other, (int, float)):
            return Array((function(value, other) for value in self.values), self.shape, dtype)
        return NotImplemented

    def _arithmetic(self, other, function):
        dtype = self.dtype
        if dtype == "BOOL" or isinstance(other, float):
            dtype = self._float()
        if isinstance(other, Array) and _SIZES[other.dtype] > _SIZES[dtype]:
            dtype = other.dtype
        return self._with(other, function, dtype)

    def __add__(self, other):
        return self._arithmetic(other, operator.add)

    __radd__ = __add__

    def __sub__(self, other):
        return self._arithmetic(other, operator.sub)

    def __rsub__(self, other):
        return self._arithmetic(other, lambda own, its: its - own)

    def __mul__(self, other):
        return self._arithmetic(other, operator.mul)

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self._with(other, operator.truediv, self._float())

    def __rtruediv__(self, other):
        return self._with(other, lambda own, its: its / own, self._float())

    def __pow__(self, other):
        return self._arithmetic(other, operator.pow)

    def __neg__(self):
        return Array(map(operator.neg, self.values), self.shape, self.dtype)

    def __abs__(self):
        return Array(map(abs, self.values), self.shape, self.dtype)

    def abs(self):
        """Absolute values."""
        return abs(self)

    def __lt__(self, other):
        return self._with(other, operator.lt, "BOOL")

    def __le__(self, other):
        return self._with(other, operator.le, "BOOL")

    def __gt__(self, other):
        return self._with(other, operator.gt, "BOOL")

    def __ge__(self, other):
        return self._with(other, operator.ge, "BOOL")

    def eq(self, other):
        """Where two arrays agree. (`==` compares objects, as it does for anything else.)"""
        return self._with(other, operator.eq, "BOOL")


class PlainArrays:
    """Tensors as :class:`Array`."""

    def __init__(self):
        self.described = "secateur_bridge"

    def read(self, buffer, dtype, shape, start, stop):
        data = bytes(buffer[start:stop])
        if dtype in ("F16", "BF16"):
            return Array(_widened(data, dtype), shape, "F32")
        values = array.array(_CODES[dtype])
        values.frombytes(data)
        return Array(values, shape, dtype)


class NumpyArrays:
    """Tensors as numpy's arrays. What numpy does not have, bfloat16, becomes float32."""

    def __init__(self):
        import numpy

        self._numpy = numpy
        self.described = "numpy %s" % numpy.__version__

    def read(self, buffer, dtype, shape, start, stop):
        numpy = self._numpy
        count = (stop - start) // size_of(dtype)
        if dtype == "BF16":
            short = numpy.frombuffer(buffer, numpy.uint16, count, start)
            return (short.astype(numpy.uint32) << 16).view(numpy.float32).reshape(shape)
        kind = numpy.dtype(numpy.bool_ if dtype == "BOOL" else _TORCH[dtype])
        return numpy.frombuffer(buffer, kind, count, start).reshape(shape)


class TorchArrays:
    """Tensors as torch's, on the CPU."""

    def __init__(self):
        import torch

        self._torch = torch
        self.described = "torch %s" % torch.__version__

    def read(self, buffer, dtype, shape, start, stop):
        torch = self._torch
        kind = getattr(torch, _TORCH[dtype])
        if start == stop:
            return torch.empty(shape, dtype=kind)
        return torch.frombuffer(buffer, dtype=kind, count=(stop - start) // size_of(dtype), offset=start).reshape(shape)


_KINDS = {"torch": TorchArrays, "numpy": NumpyArrays, "plain": PlainArrays}


def arrays(choice):
    """What tensors are: `torch`, `numpy`, `plain`, or with `auto` the first of them that can be imported."""
    if choice != "auto":
        return _KINDS[choice]()
    for name in ("torch", "numpy"):
        try:
            return _KINDS[name]()
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    return PlainArrays()


def _widened(data, dtype):
    """32-bit floats of 16-bit ones."""
    import struct

    if dtype == "F16":
        return struct.unpack("<%de" % (len(data) // 2), data)
    shorts = array.array("H")
    shorts.frombytes(data)
    return struct.unpack("<%df" % len(shorts), struct.pack("<%dI" % len(shorts), *(short << 16 for short in shorts)))


def written(value):
    """Element type, shape and bytes of anything that is like a tensor: of torch or numpy, an :class:`Array`, nested lists of
    numbers, or a number. What comes last keeps the bytes alive."""
    if isinstance(value, Array):
        return value.dtype, value.shape, memoryview(value.values).cast("B"), value
    module = type(value).__module__.split(".")[0]
    if hasattr(value, "data_ptr") and hasattr(value, "detach"):
        return _written_torch(value)
    if module == "numpy":
        return _written_numpy(value)
    if isinstance(value, (bool, int, float)):
        return _written_list([value], ())
    if isinstance(value, (list, tuple)):
        shape, flat = _flat(value)
        return _written_list(flat, shape)
    raise TypeError("%s is no tensor; give one of torch, numpy or secateur_bridge, or numbers" % type(value).__name__)


def _flat(value):
    """Shape of nested lists, and their numbers in the order of rows."""
    if not isinstance(value, (list, tuple)):
        return [], [value.item() if hasattr(value, "item") else value]
    rows = [_flat(row) for row in value]
    if any(shape != rows[0][0] for shape, _ in rows):
        raise TypeError("lists of different lengths are no tensor")
    shape = [len(rows)] + (rows[0][0] if rows else [])
    return shape, [number for _, numbers in rows for number in numbers]


def _written_list(flat, shape):
    if flat and all(isinstance(entry, bool) for entry in flat):
        dtype = "BOOL"
    elif flat and all(isinstance(entry, int) for entry in flat):
        dtype = "I64"
    else:
        dtype = "F64"
    values = array.array(_CODES[dtype], flat)
    return dtype, tuple(shape), memoryview(values).cast("B"), values


def _written_torch(value):
    name = str(value.dtype).split(".")[-1]
    dtype = next((known for known, torchs in _TORCH.items() if torchs == name), None)
    if dtype is None:
        raise TypeError("tensors of %s cannot be given to the host; convert it first" % value.dtype)
    value = value.detach().cpu().contiguous()
    size = value.numel() * value.element_size()
    if not size:
        return dtype, tuple(value.shape), memoryview(b""), value
    # Without numpy there is no other way to a tensor's bytes that all versions of torch have.
    view = memoryview((ctypes.c_ubyte * size).from_address(value.data_ptr())).cast("B")
    return dtype, tuple(value.shape), view, value


def _written_numpy(value):
    import numpy

    value = numpy.ascontiguousarray(value) if getattr(value, "ndim", 0) else numpy.asarray(value)
    name = "bool" if value.dtype == numpy.bool_ else value.dtype.name
    dtype = next((known for known, torchs in _TORCH.items() if torchs == name), None)
    if dtype is None:
        raise TypeError("arrays of %s cannot be given to the host; convert it first" % value.dtype)
    return dtype, tuple(value.shape), memoryview(value.tobytes()), value

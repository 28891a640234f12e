"""Tensors go to a file and come back, whatever they are made of."""

import importlib.util
import math
import os
import struct
import unittest

from secateur_bridge import Array, arrays, tensors


def back(values, kinds=None):
    return tensors.read(tensors.write(values), kinds or arrays.PlainArrays())


class Tensors(unittest.TestCase):
    def test_plain_arrays_come_back_as_they_went(self):
        there = {
            "floats": Array([0.5, -1.25, 3.0e38, 0.0, -0.0, math.inf], (2, 3)),
            "doubles": Array([0.1, -math.inf], (2,), "F64"),
            "whole": Array([-(2**62), 7], (1, 2), "I64"),
            "mask": Array([True, False, True], (3, 1, 1), "BOOL"),
            "one": Array([2.5], ()),
            "none": Array([], (0, 4)),
        }
        here = back(there)
        self.assertEqual(set(here), set(there))
        for name, value in there.items():
            self.assertEqual((here[name].shape, here[name].dtype), (value.shape, value.dtype), name)
            self.assertEqual(list(here[name].values), list(value.values), name)

    def test_numbers_and_lists_are_tensors(self):
        here = back({"number": 2, "row": [1.5, 2.0], "mask": [[True], [False]], "empty": [], "mixed": [1, 2.5]})
        self.assertEqual((here["number"].shape, here["number"].tolist()), ((), 2))
        self.assertEqual((here["row"].dtype, here["row"].tolist()), ("F64", [1.5, 2.0]))
        self.assertEqual((here["mask"].dtype, here["mask"].shape), ("BOOL", (2, 1)))
        self.assertEqual(here["empty"].shape, (0,))
        self.assertEqual(here["mixed"].tolist(), [1.0, 2.5])
        for wrong in ("text", None, {1: 2}, [[1, 2], [3]], object()):
            with self.assertRaises(TypeError):
                tensors.write({"wrong": wrong})

    def test_no_descriptor_is_left_open(self):
        before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        for _ in range(20):
            back({"a": Array([1.0])})
        after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        self.assertLessEqual(after, before + 1)

    def test_a_damaged_file_is_an_error(self):
        file = tensors.write({"a": Array([1.0, 2.0])})
        os.pwrite(file, b'{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}', 8)
        with self.assertRaises(ValueError):
            tensors.read(file, arrays.PlainArrays())

    def test_halves_are_widened(self):
        for dtype, bits in (("F16", struct.pack("<2e", 1.5, -2.0)), ("BF16", struct.pack("<2H", 0x3FC0, 0xC000))):
            value = arrays.PlainArrays().read(bits, dtype, [2], 0, 4)
            self.assertEqual((value.dtype, value.tolist()), ("F32", [1.5, -2.0]))

    @unittest.skipUnless(importlib.util.find_spec("numpy"), "there is no numpy")
    def test_numpy(self):
        import numpy

        kinds = arrays.NumpyArrays()
        for dtype in ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"):
            for shape in ((), (3,), (2, 3), (0, 2)):
                value = (numpy.arange(math.prod(shape)) - 1).reshape(shape).astype(dtype)
                here = back({"a": value}, kinds)["a"]
                self.assertEqual((here.dtype, here.shape), (value.dtype, value.shape))
                self.assertTrue((here == value).all())
        turned = numpy.arange(6.0).reshape(2, 3).T
        self.assertTrue((back({"a": turned}, kinds)["a"] == turned).all())
        here = back({"a": numpy.zeros(3)}, kinds)["a"]
        here += 1
        self.assertEqual(here.tolist(), [1.0, 1.0, 1.0])

    @unittest.skipUnless(importlib.util.find_spec("torch"), "there is no torch")
    def test_torch(self):
        import torch

        kinds = arrays.TorchArrays()
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.bool):
            for shape in ((), (3,), (2, 3), (0, 2)):
                value = (torch.arange(math.prod(shape)) - 1).reshape(shape).to(dtype)
                here = back({"a": value}, kinds)["a"]
                self.assertEqual((here.dtype, here.shape), (value.dtype, value.shape))
                self.assertTrue(torch.equal(here, value))
        turned = torch.arange(6.0).reshape(2, 3).t().requires_grad_()
        self.assertTrue(torch.equal(back({"a": turned}, kinds)["a"], turned.detach()))


class Arithmetic(unittest.TestCase):
    def test_results_are_rounded_to_the_element_type(self):
        third = Array([1.0], (1,)) / 3
        self.assertEqual(third.tolist(), [struct.unpack("f", struct.pack("f", 1 / 3))[0]])
        self.assertEqual((Array([1.0], (1,), "F64") / 3).tolist(), [1 / 3])

    def test_operations(self):
        a, b = Array([1.0, -2.0, 3.0, -4.0], (2, 2)), Array([2.0, 2.0, 2.0, 2.0], (2, 2))
        self.assertEqual(abs(a).tolist(), [[1.0, 2.0], [3.0, 4.0]])
        self.assertEqual((a * b - 1).tolist(), [[1.0, -5.0], [5.0, -9.0]])
        self.assertEqual((1 - a).tolist(), [[0.0, 3.0], [-2.0, 5.0]])
        self.assertEqual((-a + b).tolist(), [[1.0, 4.0], [-1.0, 6.0]])
        self.assertEqual((a**2).tolist(), [[1.0, 4.0], [9.0, 16.0]])
        self.assertEqual((a > 0).tolist(), [[True, False], [True, False]])
        self.assertEqual(((a > 0) * 1.0).dtype, "F32")
        self.assertEqual((a.sum(), a.mean(), a.numel(), len(a)), (-2.0, -0.5, 4, 2))
        self.assertEqual(a.reshape(-1).shape, (4,))
        self.assertEqual(a.reshape(4, -1).shape, (4, 1))
        with self.assertRaises(ValueError):
            a + a.reshape(4)
        with self.assertRaises(ValueError):
            Array([1.0], (2,))
        with self.assertRaises(TypeError):
            a + "x"


if __name__ == "__main__":
    unittest.main()

"""Makes the small checkpoints beside this file and expected.json, which says what PyTorch reads from them.

    python make.py
Made with torch 2.11.0. A rerun changes nothing but the old format's files, whose storages are named by memory address.
"""

import collections
import json
import os
import pathlib
import zipfile

import torch

HERE = pathlib.Path(__file__).parent
NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def describe(tensor):
    tensor = tensor.detach().contiguous()
    data = tensor.reshape(-1).view(torch.uint8) if tensor.numel() else torch.empty(0, dtype=torch.uint8)
    return {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "hex": bytes(data.tolist()).hex()}


def views():
    """Every dtype, and views of every kind."""
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    tensors = {
        "base": base,
        "transposed": base.permute(2, 0, 1),
        "sliced": base[1:, ::2, 1:4],
        "row": base[2, 3],
        "expanded": torch.tensor([1.5, -2.5])[:, None].expand(2, 3),
        "channels_last": torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
        "scalar": torch.tensor(7.25),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.tensor([[0.5], [-0.5]])),
    }
    for dtype, name in NAMES.items():
        tensors[name] = torch.tensor([0, 1, 1, 0], dtype=dtype)[1:]
    tensors["half_values"] = torch.tensor([1 / 3, -65504.0, 6e-8, float("inf")], dtype=torch.float16)
    tensors["bfloat16_values"] = torch.tensor([1 / 3, -3e38, 1e-40, float("-inf")], dtype=torch.bfloat16)
    return tensors


def model():
    """A convolution, batch normalization and a classifier, as data-parallel training saves them."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        collections.OrderedDict(conv1=torch.nn.Conv2d(1, 2, 3, bias=False), bn1=torch.nn.BatchNorm2d(2), fc=torch.nn.Linear(2, 3))
    )
    return torch.nn.DataParallel(net)


def big_endian(source, target):
    """What a big-endian machine would have written: the same archive with swapped float32 elements."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if "/data/" in entry.filename:
                data = b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))
            elif entry.filename.endswith("byteorder"):
                data = b"big"
            new.writestr(zipfile.ZipInfo(entry.filename), data)


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def main():
    os.chdir(HERE)
    expected = {}

    def save(name, content, tensors, **options):
        torch.save(content, name, **options)
        expected[name] = {key: describe(value) for key, value in tensors.items()}

    save("views.pt", views(), views())
    save("views_legacy.pth", views(), views(), _use_new_zipfile_serialization=False)
    state = model().state_dict()
    checkpoint = {"epoch": 3, "arch": "tiny", "best": 0.25, "state_dict": state, "optimizer": {"state": {}, "lr": [0.1]}}
    save("model.pth.tar", checkpoint, state)
    save("model_legacy.pth.tar", checkpoint, state, _use_new_zipfile_serialization=False)
    save("protocol4.pt", {"model": state}, state, pickle_protocol=4)
    small = {"a": torch.arange(3.0), "b": torch.full((2, 2), -1.5).t()}
    save("small.pt", small, small)
    big_endian("small.pt", "big_endian.pt")
    expected["big_endian.pt"] = expected["small.pt"]
    torch.save({"a": torch.arange(3.0), "b": Evil()}, "evil.pt")
    torch.save({"a": torch.arange(3.0), "b": Evil()}, "evil_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(1, 1), "module.pt")
    torch.save({"epoch": 1, "lr": [0.1]}, "no_tensors.pt")
    with zipfile.ZipFile("small.pt") as old, zipfile.ZipFile("compressed.pt", "w") as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry), zipfile.ZIP_DEFLATED)
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


main()

"""Writes network_names.txt: names and shapes of every network's tensors, as PyTorch has them.

Needs torchvision, and for the CIFAR network a checkpoint of a public ResNet-20 with 1x1-convolution shortcuts:
    python make_network_names.py resnet20_cifar10.pth.tar
The file was made with torch 2.11.0 and torchvision 0.26.0.
"""

import pathlib
import sys

import torch
import torchvision

IMAGENET = ["resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2", "vgg16", "vgg16_bn"]


def section(title, state):
    lines = [f"[{title}]"]
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            lines.append(f"{name} {'x'.join(str(size) for size in tensor.shape)}")
    return "\n".join(lines) + "\n"


def main():
    sections = []
    # The meta device has shapes without memory, which VGG would need half a gigabyte of.
    with torch.device("meta"):
        for name in IMAGENET:
            sections.append(section(f"{name} 1 1000", torchvision.models.get_model(name).state_dict()))
        for width in (0.35, 1.4):
            model = torchvision.models.mobilenet_v2(width_mult=width, num_classes=37)
            sections.append(section(f"mobilenet_v2 {width} 37", model.state_dict()))
    checkpoint = torch.load(sys.argv[1], weights_only=True, map_location="cpu")["state_dict"]
    stripped = {name.removeprefix("module."): tensor for name, tensor in checkpoint.items()}
    sections.append(section("resnet20 1 10", stripped))
    pathlib.Path(__file__).with_name("network_names.txt").write_text("".join(sections))


main()

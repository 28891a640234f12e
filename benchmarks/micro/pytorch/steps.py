"""Trains a residual network for CIFAR with eager PyTorch, step by step on demand; see ../examples/steps.rs.

    python steps.py NETWORK BATCH (contiguous|channels-last) THREADS [cuda]
"""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def network(blocks):
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for stage, width in enumerate([16, 32, 64]):
        for index in range(blocks):
            layers.append(Block(channels, width, 2 if stage and not index else 1))
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def main():
    name, batch, layout, threads = sys.argv[1:5]
    batch = int(batch)
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    model = network({"resnet8": 1, "resnet20": 3, "resnet56": 9}[name])
    memory_format = torch.channels_last if layout == "channels-last" else torch.contiguous_format
    device = sys.argv[5] if len(sys.argv) > 5 else "cpu"
    # The harness has 32-bit products where it is asked for them.
    torch.backends.cudnn.allow_tf32 = False
    model = model.to(device, memory_format=memory_format)
    x = torch.randn(batch, 3, 32, 32, device=device)
    target = torch.randint(10, [batch], device=device)
    sgd = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    for line in sys.stdin:
        steps = int(line)
        start, start_processor = time.perf_counter(), time.process_time()
        for _ in range(steps):
            sgd.zero_grad()
            loss = F.cross_entropy(model(x.to(memory_format=memory_format)), target)
            loss.backward()
            sgd.step()
        if device != "cpu":
            torch.cuda.synchronize()
        clock, processor = time.perf_counter() - start, time.process_time() - start_processor
        print(f"{steps * batch / clock:.2f} {steps * batch / processor:.2f}", flush=True)


main()

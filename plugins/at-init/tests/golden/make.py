"""Makes golden.json: two small networks, pictures, and what PyTorch says of SNIP, GraSP and SynFlow on them.

    python make.py

Everything is computed with 64-bit floats from the papers' formulas, with numbers that 32-bit floats and bytes hold
exactly. The product of Hessian and gradient is checked against central differences before it is written.
Made with torch 2.11.0 on a CPU, one thread.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
CLASSES, PICTURES, SIDE, FILTERS = 3, 6, 4, 4
ROUNDS, KEPT = 20, [24, 9]
EPS = 1e-5


def numbers(shape, seed, scale):
    """Multiples of 1/64, so that no reader rounds them."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(-64, 65, shape, generator=generator)
    values[values == 0] = 1
    return (values.double() / 64) * scale


def network(norm):
    params = {
        "conv.weight": numbers((FILTERS, 1, 3, 3), 1, 1.0),
        "head.weight": numbers((CLASSES, FILTERS * 4), 2, 0.5),
    }
    if norm:
        params["norm.weight"] = numbers((FILTERS,), 3, 1.0).abs() + 0.5
        params["norm.bias"] = numbers((FILTERS,), 4, 0.25)
        params["head.bias"] = numbers((CLASSES,), 5, 0.25)
    return params


def forward(params, x, batch_statistics):
    x = F.conv2d(x, params["conv.weight"], padding=1)
    if "norm.weight" in params:
        mean, variance = torch.zeros(FILTERS).double(), torch.ones(FILTERS).double()
        x = F.batch_norm(
            x, mean, variance, params["norm.weight"], params["norm.bias"], batch_statistics, 0.1, EPS
        )
    x = F.avg_pool2d(F.relu(x), 2)
    return F.linear(x.flatten(1), params["head.weight"], params.get("head.bias"))


def leaves(params):
    return {name: value.clone().requires_grad_() for name, value in params.items()}


PRUNABLE = ["conv.weight", "head.weight"]


def snip(params, x, y, batch_statistics):
    live = leaves(params)
    loss = F.cross_entropy(forward(live, x, batch_statistics), y)
    grads = torch.autograd.grad(loss, [live[name] for name in PRUNABLE])
    return {name: (g * params[name]).abs() for name, g in zip(PRUNABLE, grads)}


def grasp(params, parts, temperature, batch_statistics):
    """w * (H g), with the loss summed over parts; the paper's score is its negative."""

    def gradient(weights, graph):
        live = {**params, **weights}
        loss = sum(F.cross_entropy(forward(live, x, batch_statistics) / temperature, y) for x, y in parts)
        return torch.autograd.grad(loss, [weights[name] for name in PRUNABLE], create_graph=graph)

    weights = leaves({name: params[name] for name in PRUNABLE})
    fixed = [g.detach() for g in gradient(weights, False)]
    inner = sum((g * f).sum() for g, f in zip(gradient(weights, True), fixed))
    products = torch.autograd.grad(inner, [weights[name] for name in PRUNABLE])

    h = 1e-4
    shifted = []
    for sign in (1, -1):
        moved = {name: params[name] + sign * h * f for name, f in zip(PRUNABLE, fixed)}
        shifted.append(gradient(leaves(moved), False))
    for product, up, down in zip(products, *shifted):
        difference = (up - down) / (2 * h)
        assert torch.allclose(product, difference, rtol=1e-4, atol=1e-5 * product.abs().max()), "H g is wrong"
    return {name: product * params[name] for name, product in zip(PRUNABLE, products)}


def flow(params, shape):
    """|w| * dR/d|w| of the network with absolute parameters on ones, and R."""
    live = leaves({name: value.abs() for name, value in params.items()})
    total = forward(live, torch.ones(shape).double(), False).sum()
    grads = torch.autograd.grad(total, [live[name] for name in PRUNABLE])
    return {name: g * live[name].detach() for name, g in zip(PRUNABLE, grads)}, total.item()


def synflow(params, shape, kept):
    """Flat indices of what is left after all rounds; equal scores do not occur where it matters."""
    sizes = {name: params[name].numel() for name in PRUNABLE}
    total = sum(sizes.values())
    masks = {name: torch.ones_like(params[name]) for name in PRUNABLE}
    for r in range(1, ROUNDS + 1):
        masked = {name: value * masks.get(name, 1) for name, value in params.items()}
        scores, _ = flow(masked, shape)
        every = torch.cat([scores[n].masked_fill(masks[n] == 0, -1).flatten() for n in PRUNABLE])
        count = kept if r == ROUNDS else max(round(total * (kept / total) ** (r / ROUNDS)), kept)
        order = every.argsort(descending=True)
        assert every[order[count - 1]] - every[order[count]] > 1e-6 * every[order[0]], "a tie"
        left = torch.zeros(total).double()
        left[order[:count]] = 1
        at = 0
        for name in PRUNABLE:
            masks[name] = left[at : at + sizes[name]].view_as(params[name])
            at += sizes[name]
    return {name: mask.flatten().nonzero().flatten().tolist() for name, mask in masks.items()}


def flat(tensors):
    return {name: value.flatten().tolist() for name, value in tensors.items()}


def main():
    generator = torch.Generator().manual_seed(7)
    pixels = torch.randint(0, 256, (PICTURES, 1, SIDE, SIDE), generator=generator)
    labels = torch.arange(PICTURES) % CLASSES
    x = (pixels.double() / 255 - 0.5) / 0.5
    cases = {}
    for name, norm in [("plain", False), ("norm", True)]:
        params = network(norm)
        shape = (1, 1, SIDE, SIDE)
        flows, total = flow(params, shape)
        cases[name] = {
            "params": flat(params),
            "snip_running": flat(snip(params, x, labels, False)),
            "snip_batch": flat(snip(params, x, labels, True)),
            "grasp_200": flat(grasp(params, [(x, labels)], 200.0, True)),
            "grasp_1": flat(grasp(params, [(x, labels)], 1.0, True)),
            # Without batch statistics any two halves of equal size give the same sum.
            "grasp_halves": flat(grasp(params, [(x[:3], labels[:3]), (x[3:], labels[3:])], 200.0, False)),
            "flow": flat(flows),
            "total": total,
            "synflow": {str(kept): synflow(params, shape, kept) for kept in KEPT},
        }
    value = {
        "classes": CLASSES,
        "filters": FILTERS,
        "side": SIDE,
        "pixels": pixels.flatten().tolist(),
        "labels": labels.tolist(),
        "rounds": ROUNDS,
        "cases": cases,
    }
    (HERE / "golden.json").write_text(json.dumps(value, indent=None) + "\n")


main()

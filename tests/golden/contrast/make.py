"""Makes `golden.safetensors` beside it: contrastive losses with gradients, retrieval, LARS, and steps of MoCo.

    python make.py

Made with torch 2.11.0, numpy 2.4.6 and safetensors 0.8.0 on a CPU. Everything is computed in double precision, term by term from
the equations of the papers, and stored as f32 but for losses, which are f64.

- `nt-xent/NAME`: arXiv 2002.05709, equation 1. `views` [2n, d] (all first views, then all second ones), `temperature`, `loss`,
  `gradient` of the loss by the views, and `retrieved`: the number of views whose nearest neighbour is their other view.
- `info-nce/NAME`: arXiv 1911.05722, equation 1. `queries` [n, d], `keys` [n, d] and `queue` [k, d] of unit length, `temperature`,
  `loss`, `gradient` by the queries, and `right`: queries that are nearer to their key than to all of the queue.
- `lars/NAME`: arXiv 1708.03888 with the rules of arXiv 2002.05709. Parameters before, the gradients of each step, a mask, rates, and
  the parameters and velocities after each step. A velocity is what a parameter was moved by.
- `moco`: a small network with a batch norm, its average, and its queue over several steps of SGD with momentum; the queue wraps.
"""

import math
import pathlib

import numpy
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(40)
tensors = {}


def normal(*shape):
    # Rounded to what is stored, so that both sides compute from the same numbers.
    return torch.randn(shape, generator=generator).float().double()


def store(name, value):
    value = torch.as_tensor(value).detach().clone().contiguous()
    exact = value.dim() == 0 or value.dtype in (torch.int64, torch.uint8)
    tensors[name] = value if exact else value.float()


def cosine(a, b):
    return (a * b).sum() / (a.norm() * b.norm())


# NT-Xent: the loss of one positive pair of views, and the mean over both orders of all pairs.
def pair_loss(views, i, j, temperature):
    own = torch.exp(cosine(views[i], views[j]) / temperature)
    others = sum(torch.exp(cosine(views[i], views[k]) / temperature) for k in range(len(views)) if k != i)
    return -torch.log(own / others)


for name, pictures, width, temperature in [
    ("two", 2, 3, 0.5),
    ("five", 5, 8, 0.1),
    ("sixteen", 16, 32, 1.0),
    ("warm", 6, 4, 10.0),
]:
    views = (normal(2 * pictures, width) * torch.rand(2 * pictures, 1, generator=generator) * 5).float().double()
    # Second views lie near the first ones, so that some are retrieved and some are not.
    views[pictures:] = (views[pictures:] + views[:pictures]).float().double()
    views.requires_grad_(True)
    total = sum(
        pair_loss(views, i, i + pictures, temperature) + pair_loss(views, i + pictures, i, temperature)
        for i in range(pictures)
    )
    loss = total / (2 * pictures)
    loss.backward()
    plain = views.detach().numpy()
    found = 0
    for i in range(2 * pictures):
        best, nearest = -math.inf, None
        for k in range(2 * pictures):
            similarity = plain[i] @ plain[k] / numpy.linalg.norm(plain[i]) / numpy.linalg.norm(plain[k])
            if k != i and similarity > best:
                best, nearest = similarity, k
        found += nearest == (i + pictures) % (2 * pictures)
    case = f"nt-xent/{name}"
    store(f"{case}/views", views)
    store(f"{case}/temperature", temperature)
    store(f"{case}/loss", loss)
    store(f"{case}/gradient", views.grad)
    store(f"{case}/retrieved", float(found))


def info_nce(queries, keys, queue, temperature):
    total = 0
    for query, key in zip(queries, keys):
        query = query / query.norm()
        own = torch.exp(query @ key / temperature)
        total = total - torch.log(own / (own + sum(torch.exp(query @ other / temperature) for other in queue)))
    return total / len(queries)


def unit(rows):
    return rows / rows.norm(dim=1, keepdim=True)


for name, pictures, length, width, temperature in [("one", 1, 3, 2, 0.2), ("four", 4, 12, 16, 0.07), ("cool", 8, 8, 5, 1.0)]:
    queries = normal(pictures, width).requires_grad_(True)
    keys = unit(normal(pictures, width) + queries.detach()).float().double()
    queue = unit(normal(length, width)).float().double()
    loss = info_nce(queries, keys, queue, temperature)
    loss.backward()
    directions = unit(queries.detach())
    right = sum(int(all(q @ k > q @ other for other in queue)) for q, k in zip(directions, keys))
    case = f"info-nce/{name}"
    store(f"{case}/queries", queries)
    store(f"{case}/keys", keys)
    store(f"{case}/queue", queue)
    store(f"{case}/temperature", temperature)
    store(f"{case}/loss", loss)
    store(f"{case}/gradient", queries.grad)
    store(f"{case}/right", float(right))


# LARS, with numpy: decay is added to the gradient, its norm with decay is what the rate is divided by, and momentum is one of steps.
SHAPES = {
    "conv.weight": (4, 3, 3, 3),
    "norm.weight": (4,),
    "norm.bias": (4,),
    "fc.weight": (5, 4),
    "fc.bias": (5,),
}
ADAPTED = {"conv.weight", "fc.weight"}
RATES = [0.3, 0.3, 0.2, 0.05, 0.4]

for name, decay, momentum, masked in [("plain", 0.0, 0.0, False), ("whole", 1e-2, 0.9, False), ("masked", 1e-2, 0.9, True)]:
    case = f"lars/{name}"
    params = {key: normal(*shape).numpy().copy() for key, shape in SHAPES.items()}
    mask = (torch.rand(SHAPES["conv.weight"], generator=generator) > 0.4).double().numpy()
    if not masked:
        mask[:] = 1
    params["conv.weight"] *= mask
    velocity = {key: numpy.zeros(shape) for key, shape in SHAPES.items()}
    store(f"{case}/decay", decay)
    store(f"{case}/momentum", momentum)
    store(f"{case}/mask", torch.tensor(mask, dtype=torch.uint8))
    for key, value in params.items():
        store(f"{case}/before/{key}", torch.from_numpy(value))
    for step, rate in enumerate(RATES):
        store(f"{case}/{step}/rate", rate)
        for key, value in params.items():
            gradient = normal(*SHAPES[key]).numpy()
            if name == "plain" and step == 2 and key == "fc.weight":
                # Nothing says how far a layer should move whose gradient is zero; it must stay where it is.
                gradient = gradient * 0
            store(f"{case}/{step}/gradient/{key}", torch.from_numpy(gradient))
            if key == "conv.weight":
                gradient = gradient * mask
            own = rate
            if key in ADAPTED:
                gradient = gradient + decay * value
                weight_norm, gradient_norm = numpy.sqrt((value**2).sum()), numpy.sqrt((gradient**2).sum())
                if weight_norm > 0 and gradient_norm > 0:
                    own = rate * 0.001 * weight_norm / gradient_norm
            velocity[key] = momentum * velocity[key] + own * gradient
            params[key] = value - velocity[key]
        for key in params:
            store(f"{case}/{step}/after/{key}", torch.from_numpy(params[key]))
            store(f"{case}/{step}/velocity/{key}", torch.from_numpy(-velocity[key]))


# MoCo: convolution, batch norm, ReLU, mean over pixels, and a projection.
WIDTH, HIDDEN, OUT = 3, 6, 3
BATCH, LENGTH, STEPS = 2, 5, 6
TEMPERATURE, MOMENTUM, RATE, SGD_MOMENTUM = 0.2, 0.8, 0.5, 0.9


def forward(params, pictures):
    maps = torch.einsum("oc,nchw->nohw", params["conv.weight"][:, :, 0, 0], pictures)
    mean = maps.mean((0, 2, 3), keepdim=True)
    variance = ((maps - mean) ** 2).mean((0, 2, 3), keepdim=True)
    maps = (maps - mean) / torch.sqrt(variance + 1e-5)
    maps = maps * params["norm.weight"].reshape(1, -1, 1, 1) + params["norm.bias"].reshape(1, -1, 1, 1)
    features = maps.clamp(min=0).mean((2, 3))
    hidden = (features @ params["projection.0.weight"].T + params["projection.0.bias"]).clamp(min=0)
    return hidden @ params["projection.2.weight"].T + params["projection.2.bias"]


query = {
    "conv.weight": normal(WIDTH, 3, 1, 1),
    "norm.weight": 1 + 0.1 * normal(WIDTH),
    "norm.bias": 0.1 * normal(WIDTH),
    "projection.0.weight": normal(HIDDEN, WIDTH),
    # Positive, so that the hidden layer does not go silent.
    "projection.0.bias": 0.5 + normal(HIDDEN).abs(),
    "projection.2.weight": normal(OUT, HIDDEN),
    "projection.2.bias": normal(OUT),
}
query = {key: value.float().double().requires_grad_(True) for key, value in query.items()}
average = {key: value.detach().clone() for key, value in query.items()}
buffers = {key: torch.zeros_like(value) for key, value in query.items()}
queue = unit(normal(LENGTH, OUT)).float().double()
store("moco/queue", queue)
for key, value in query.items():
    store(f"moco/before/{key}", value)
oldest = 0
for step in range(STEPS):
    first, second = normal(BATCH, 3, 2, 2), normal(BATCH, 3, 2, 2)
    second = (first + 0.5 * second).float().double()
    store(f"moco/{step}/views", torch.cat([first, second]))
    with torch.no_grad():
        # The average moves before it encodes; at the first step it is the network itself.
        for key in average:
            average[key] = MOMENTUM * average[key] + (1 - MOMENTUM) * query[key].detach()
        keys = unit(forward(average, second))
    loss = info_nce(forward(query, first), keys, queue, TEMPERATURE)
    gradients = torch.autograd.grad(loss, list(query.values()))
    with torch.no_grad():
        for (key, value), gradient in zip(query.items(), gradients):
            buffers[key] = SGD_MOMENTUM * buffers[key] + gradient
            value -= RATE * buffers[key]
        for key in keys:
            queue[oldest] = key
            oldest = (oldest + 1) % LENGTH
    store(f"moco/{step}/loss", loss)
    store(f"moco/{step}/keys", keys)
    store(f"moco/{step}/queue", queue)
    store(f"moco/{step}/oldest", torch.tensor(oldest))
    for key in query:
        store(f"moco/{step}/query/{key}", query[key])
        store(f"moco/{step}/average-that-encoded/{key}", average[key])

save_file(tensors, HERE / "golden.safetensors")

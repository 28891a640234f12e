"""Makes the files beside it: small networks, what PyTorch computes with them, and how its optimizer trains one.

    python make.py [CHECKPOINT]

`forward.json` and `training.json` describe the cases, the `.safetensors` files of the same names hold their
tensors as `CASE/NAME`. With the path of resnet20_cifar10.pth.tar, `resnet20.json` is made too.
Made with torch 2.11.0 on a CPU, one thread.
"""

import json
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent


def write_tensors(path, tensors):
    """Writes float tensors as safetensors, in the order of their names."""
    header, data = {}, b""
    for name, tensor in sorted(tensors.items()):
        array = tensor.detach().to(torch.float32).contiguous().numpy()
        start = len(data)
        data += array.tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


# --- Networks. A node is a dict with a name, an operation, the names of its inputs, and the operation's numbers.


def node(name, op, *inputs, **numbers):
    return {"name": name, "op": op, "inputs": list(inputs), **numbers}


def conv(name, source, channels, outputs, kernel, op="conv", **numbers):
    defaults = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "groups": 1, "bias": False}
    return node(name, op, source, channels=channels, outputs=outputs, kernel=kernel, **{**defaults, **numbers})


def pool(name, op, source, kernel, **numbers):
    defaults = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]}
    return node(name, op, source, kernel=kernel, **{**defaults, **numbers})


def parameter_shapes(n):
    """Suffix and shape of each parameter, weight first."""
    op = n["op"]
    if op == "norm":
        return {"weight": [n["channels"]], "bias": [n["channels"]]}
    if op == "linear":
        shapes = {"weight": [n["outputs"], n["channels"]]}
    elif op == "conv":
        shapes = {"weight": [n["outputs"], n["channels"] // n["groups"], *n["kernel"]]}
    elif op == "conv-transpose":
        shapes = {"weight": [n["channels"], n["outputs"] // n["groups"], *n["kernel"]]}
    else:
        return {}
    if n["bias"]:
        shapes["bias"] = [n["outputs"]]
    return shapes


def make_state(nodes, generator):
    """Random parameters and running statistics."""
    params, buffers = {}, {}
    for n in nodes:
        for suffix, shape in parameter_shapes(n).items():
            value = torch.randn(shape, generator=generator)
            if suffix == "weight" and n["op"] != "norm":
                value = value / (value[0].numel() ** 0.5)
            if suffix == "weight" and n["op"] == "norm":
                value = 1.0 + 0.2 * value
            params[f"{n['name']}.{suffix}"] = value.requires_grad_()
        if n["op"] == "norm":
            buffers[f"{n['name']}.running_mean"] = 0.3 * torch.randn(n["channels"], generator=generator)
            buffers[f"{n['name']}.running_var"] = 0.5 + torch.rand(n["channels"], generator=generator)
    return params, buffers


def run(nodes, params, buffers, x, train, momentum=None):
    """The output of the last node. `momentum` replaces that of all normalizations."""
    values = {"input": x}
    for n in nodes:
        name, op = n["name"], n["op"]
        inputs = [values[i] for i in n["inputs"]]
        weight, bias = params.get(f"{name}.weight"), params.get(f"{name}.bias")
        if op == "conv":
            y = F.conv2d(inputs[0], weight, bias, n["stride"], n["padding"], n["dilation"], n["groups"])
        elif op == "conv-transpose":
            y = F.conv_transpose2d(
                inputs[0], weight, bias, n["stride"], n["padding"], 0, n["groups"], n["dilation"]
            )
        elif op == "linear":
            y = F.linear(inputs[0], weight, bias)
        elif op == "norm":
            y = F.batch_norm(
                inputs[0],
                buffers[f"{name}.running_mean"],
                buffers[f"{name}.running_var"],
                weight,
                bias,
                train,
                n["momentum"] if momentum is None else momentum,
                n["eps"],
            )
        elif op == "relu":
            y = F.relu(inputs[0])
        elif op == "relu6":
            y = F.relu6(inputs[0])
        elif op == "hardswish":
            y = F.hardswish(inputs[0])
        elif op == "max-pool":
            y = F.max_pool2d(inputs[0], n["kernel"], n["stride"], n["padding"], n["dilation"])
        elif op == "avg-pool":
            y = F.avg_pool2d(inputs[0], n["kernel"], n["stride"], n["padding"])
        elif op == "adaptive-avg-pool":
            y = F.adaptive_avg_pool2d(inputs[0], n["output"])
        elif op == "add":
            y = sum(inputs[1:], inputs[0])
        elif op == "concat":
            y = torch.cat(inputs, 1)
        elif op == "flatten":
            y = inputs[0].flatten(1)
        elif op == "upsample":
            y = F.interpolate(inputs[0], scale_factor=n["scale"], mode="nearest")
        elif op == "dropout":
            y = F.dropout(inputs[0], n["p"], train)
        else:
            raise ValueError(op)
        values[name] = y
    return y


# --- Forward and backward passes of every operation.


def forward_cases():
    norm = {"eps": 1e-3, "momentum": 0.3}
    return {
        "conv-plain": ([3, 7, 6], [conv("c", "input", 3, 4, [3, 3])]),
        "conv-strided": (
            [3, 9, 8],
            [conv("c", "input", 3, 4, [3, 2], stride=[2, 1], padding=[1, 0], bias=True)],
        ),
        "conv-dilated": (
            [2, 9, 11],
            [conv("c", "input", 2, 3, [3, 3], dilation=[2, 3], padding=[2, 3], stride=[1, 2])],
        ),
        "conv-grouped": ([6, 6, 6], [conv("c", "input", 6, 4, [3, 3], groups=2, padding=[1, 1], bias=True)]),
        "conv-depthwise": ([4, 6, 6], [conv("c", "input", 4, 8, [3, 3], groups=4, padding=[1, 1])]),
        "conv-pointwise": ([4, 5, 5], [conv("c", "input", 4, 3, [1, 1], stride=[2, 2])]),
        "transposed": (
            [4, 4, 5],
            [conv("c", "input", 4, 3, [3, 2], op="conv-transpose", stride=[2, 3], padding=[1, 0], bias=True)],
        ),
        "transposed-grouped": (
            [4, 4, 4],
            [conv("c", "input", 4, 6, [2, 3], op="conv-transpose", groups=2, dilation=[2, 1])],
        ),
        "norm": ([5, 4, 3], [node("n", "norm", "input", channels=5, **norm)]),
        "activations": (
            [3, 5, 5],
            [
                conv("c", "input", 3, 4, [3, 3], padding=[1, 1], bias=True),
                node("relu", "relu", "c"),
                # Wide enough that both bends of both functions are met.
                node("six", "add", "c", "c", "c", "c", "c", "c"),
                node("relu6", "relu6", "six"),
                node("swish", "hardswish", "six"),
                node("sum", "add", "relu", "relu6", "swish"),
            ],
        ),
        "pools": (
            [3, 9, 9],
            [
                pool("max", "max-pool", "input", [3, 3], stride=[2, 2], padding=[1, 1]),
                pool("avg", "avg-pool", "input", [3, 3], stride=[2, 2], padding=[1, 1]),
                node("both", "concat", "max", "avg"),
                pool("dilated", "max-pool", "both", [2, 2], dilation=[2, 1]),
            ],
        ),
        "adaptive": ([2, 7, 5], [node("pool", "adaptive-avg-pool", "input", output=[3, 2])]),
        "shuffled": (
            [2, 4, 4],
            [
                node("up", "upsample", "input", scale=2),
                conv("c", "up", 2, 3, [3, 3], padding=[1, 1]),
                node("cat", "concat", "c", "up", "c"),
                node("flat", "flatten", "cat"),
                node("fc", "linear", "flat", channels=8 * 64, outputs=5, bias=True),
                node("fc2", "linear", "fc", channels=5, outputs=3, bias=False),
            ],
        ),
        "dropout": (
            [2, 3, 3],
            # Probabilities whose outcome is certain: dropped elements are a matter of the generator.
            [node("none", "dropout", "input", p=0.0), node("flat", "flatten", "none")],
        ),
        "residual": (
            [3, 8, 8],
            [
                conv("conv1", "input", 3, 4, [3, 3], padding=[1, 1]),
                node("bn1", "norm", "conv1", channels=4, **norm),
                node("relu1", "relu", "bn1"),
                conv("conv2", "relu1", 4, 6, [3, 3], padding=[1, 1], stride=[2, 2]),
                node("bn2", "norm", "conv2", channels=6, **norm),
                conv("short", "relu1", 4, 6, [1, 1], stride=[2, 2]),
                node("add", "add", "bn2", "short"),
                node("relu2", "relu", "add"),
                node("pool", "adaptive-avg-pool", "relu2", output=[1, 1]),
                node("flat", "flatten", "pool"),
                node("fc", "linear", "flat", channels=6, outputs=3, bias=True),
            ],
        ),
    }


def make_forward():
    cases, tensors = [], {}
    for index, (name, (shape, nodes)) in enumerate(forward_cases().items()):
        generator = torch.Generator().manual_seed(100 + index)
        params, buffers = make_state(nodes, generator)
        x = 1.5 * torch.randn([3, *shape], generator=generator)
        put = lambda what, value: tensors.__setitem__(f"{name}/{what}", value.detach().clone())
        for key, value in {**params, **buffers}.items():
            put(key, value)
        put("input", x)
        put("eval", run(nodes, params, buffers, x, train=False))
        y = run(nodes, params, buffers, x, train=True)
        put("train", y)
        for key, value in buffers.items():
            put(f"{key}.after", value)
        # A scalar that weighs every output differently.
        weights = torch.linspace(-1.0, 1.0, y.numel()).reshape(y.shape)
        if params:
            loss = (y * weights).sum()
            for key, grad in zip(params, torch.autograd.grad(loss, list(params.values()))):
                put(f"{key}.grad", grad)
        cases.append({"name": name, "input": shape, "nodes": nodes})
    write_json(HERE / "forward.json", cases)
    write_tensors(HERE / "forward.safetensors", tensors)


# --- Training.

NODES = [
    conv("conv1", "input", 2, 4, [3, 3], padding=[1, 1]),
    node("bn1", "norm", "conv1", channels=4, eps=1e-5, momentum=0.1),
    node("relu1", "relu", "bn1"),
    conv("conv2", "relu1", 4, 5, [3, 3], stride=[2, 2], padding=[1, 1], bias=True),
    node("relu2", "relu", "conv2"),
    node("pool", "adaptive-avg-pool", "relu2", output=[1, 1]),
    node("flat", "flatten", "pool"),
    node("fc", "linear", "flat", channels=5, outputs=3, bias=True),
]
STEPS, BATCH = 10, 8
RECIPES = {
    "plain": {"lr": 0.2, "momentum": 0.0, "schedule": "constant"},
    "decay": {"lr": 0.2, "momentum": 0.0, "weight_decay": 0.05, "schedule": "constant"},
    "momentum": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.001, "schedule": "cosine"},
    "nesterov": {
        "lr": 0.1,
        "momentum": 0.8,
        "nesterov": True,
        "weight_decay": 0.01,
        "label_smoothing": 0.1,
        "schedule": "step",
        "milestones": [0.5, 0.8],
        "gamma": 0.2,
    },
}


def make_training():
    shape = [2, 6, 6]
    generator = torch.Generator().manual_seed(7)
    start, statistics = make_state(NODES, generator)
    inputs = torch.randn([STEPS, BATCH, *shape], generator=generator)
    targets = torch.randint(0, 3, [STEPS, BATCH], generator=generator)
    tensors = {"start/" + key: value for key, value in {**start, **statistics}.items()}
    tensors["start/inputs"] = inputs
    tensors["start/targets"] = targets
    rates = {}
    for name, recipe in RECIPES.items():
        params = {key: value.detach().clone().requires_grad_() for key, value in start.items()}
        buffers = {key: value.clone() for key, value in statistics.items()}
        sgd = torch.optim.SGD(
            params.values(),
            lr=recipe["lr"],
            momentum=recipe["momentum"],
            nesterov=recipe.get("nesterov", False),
            weight_decay=recipe.get("weight_decay", 0.0),
        )
        if recipe["schedule"] == "cosine":
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, STEPS)
        elif recipe["schedule"] == "step":
            steps = [int(at * STEPS) for at in recipe["milestones"]]
            scheduler = torch.optim.lr_scheduler.MultiStepLR(sgd, steps, recipe["gamma"])
        else:
            scheduler = torch.optim.lr_scheduler.ConstantLR(sgd, 1.0)
        rates[name] = []
        losses = []
        for step in range(STEPS):
            rates[name].append(sgd.param_groups[0]["lr"])
            sgd.zero_grad()
            y = run(NODES, params, buffers, inputs[step], train=True)
            loss = F.cross_entropy(y, targets[step], label_smoothing=recipe.get("label_smoothing", 0.0))
            loss.backward()
            losses.append(loss.detach())
            sgd.step()
            scheduler.step()
        for key, value in {**params, **buffers}.items():
            tensors[f"{name}/{key}"] = value
        for key, value in params.items():
            if recipe["momentum"] > 0:
                tensors[f"{name}/{key}.momentum"] = sgd.state[value]["momentum_buffer"]
        tensors[f"{name}/losses"] = torch.stack(losses)

    # Cumulative statistics: torch.nn.BatchNorm2d with momentum=None averages over all batches since its reset.
    norm = torch.nn.BatchNorm2d(4, momentum=None)
    with torch.no_grad():
        for step in range(STEPS):
            norm(F.conv2d(inputs[step], start["conv1.weight"], padding=1))
    tensors["cumulative/running_mean"] = norm.running_mean
    tensors["cumulative/running_var"] = norm.running_var

    write_json(
        HERE / "training.json",
        {"input": shape, "nodes": NODES, "batch": BATCH, "recipes": RECIPES, "rates": rates},
    )
    write_tensors(HERE / "training.safetensors", tensors)


# --- A public checkpoint.


def fixed_inputs(count, shape):
    """Pictures from a multiplicative hash of the position: the same in every language."""
    numel = count * shape[0] * shape[1] * shape[2]
    values = [((i * 2654435761) % 2**32 >> 8) / 2**24 * 4.0 - 2.0 for i in range(numel)]
    return torch.tensor(values, dtype=torch.float32).reshape([count, *shape])


def resnet20(state, x):
    """ResNet-20 for CIFAR, written out from its paper (arXiv 1512.03385), in evaluation mode."""

    def norm(name, x):
        p = {s: state[f"{name}.{s}"] for s in ("running_mean", "running_var", "weight", "bias")}
        return F.batch_norm(x, **p)

    x = F.relu(norm("bn1", F.conv2d(x, state["conv1.weight"], padding=1)))
    for stage in (1, 2, 3):
        for block in range(3):
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
            y = F.relu(norm(f"{name}.bn1", y))
            y = norm(f"{name}.bn2", F.conv2d(y, state[f"{name}.conv2.weight"], padding=1))
            if stride != 1:
                x = F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride)
                x = norm(f"{name}.downsample.1", x)
            x = F.relu(x + y)
    return F.linear(x.mean([2, 3]), state["fc.weight"], state["fc.bias"])


def make_resnet20(path):
    # The file's state dict stands beside other objects; it is known, and trusted by whoever runs this script.
    state = torch.load(path, map_location="cpu", weights_only=False)["state_dict"]
    state = {key.removeprefix("module."): value for key, value in state.items()}
    with torch.no_grad():
        logits = resnet20(state, fixed_inputs(4, [3, 32, 32]))
    write_json(HERE / "resnet20.json", {"logits": logits.tolist()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_forward()
    make_training()
    if len(sys.argv) > 1:
        make_resnet20(sys.argv[1])

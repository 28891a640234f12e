"""Makes `golden.safetensors` beside it: the masks that torch's own sparsifier for N:M patterns gives to weights.

    python make.py

Made with torch 2.11.0 and safetensors 0.8.0 on a CPU. For each case there are `CASE/weight` (f32) and `CASE/mask` (u8, 1
where the weight stays).

`WeightNormSparsifier` with blocks of 1 by M and M - N zeros in a block removes the smallest squares of each M weights that
follow each other in a row. It sees matrices: a convolution's weight `[out, in, kh, kw]` is permuted to `[out, kh * kw, in]`
first, the layout in which apex' ASP and `torch.sparse.to_sparse_semi_structured` look for a pattern, and the mask is permuted
back.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch.ao.pruning import WeightNormSparsifier

HERE = pathlib.Path(__file__).parent

generator = torch.Generator().manual_seed(24)
tensors = {}


def mask_of(matrix, keep, of):
    """1 where a matrix [rows, columns] keeps its weights."""
    linear = torch.nn.Linear(matrix.shape[1], matrix.shape[0], bias=False)
    model = torch.nn.Sequential(linear)
    with torch.no_grad():
        linear.weight.copy_(matrix)
    sparsifier = WeightNormSparsifier(sparsity_level=1.0, sparse_block_shape=(1, of), zeros_per_block=of - keep)
    sparsifier.prepare(model, config=[{"tensor_fqn": "0.weight"}])
    sparsifier.step()
    mask = linear.parametrizations.weight[0].mask.clone()
    assert mask.reshape(-1, of).sum(1).eq(keep).all()
    return mask


for name, shape, keep, of in [
    ("linear-2-4", [6, 16], 2, 4),
    ("linear-1-4", [5, 8], 1, 4),
    ("linear-4-8", [3, 24], 4, 8),
    ("convolution-2-4", [4, 8, 3, 3], 2, 4),
    ("convolution-1-2", [3, 6, 1, 5], 1, 2),
]:
    # No two absolute values are the same, so that no order among equal ones is needed.
    count = torch.Size(shape).numel()
    values = (torch.randperm(count, generator=generator) + 1).float() / 1024
    signs = torch.randint(0, 2, (count,), generator=generator) * 2 - 1
    weight = (values * signs).reshape(shape)
    if len(shape) == 4:
        out, channels, height, width = shape
        rows = weight.permute(0, 2, 3, 1).reshape(-1, channels)
        mask = mask_of(rows, keep, of).reshape(out, height, width, channels).permute(0, 3, 1, 2)
    else:
        mask = mask_of(weight, keep, of)
    tensors[f"{name}/weight"] = weight.contiguous()
    tensors[f"{name}/mask"] = mask.to(torch.uint8).contiguous()

save_file(tensors, HERE / "golden.safetensors")

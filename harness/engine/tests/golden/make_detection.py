"""Makes detection.json and detection.safetensors beside it: the loss, its gradient and the detections of torchvision's
SSD on random predictions, for the default boxes of a small detector.

    python make_detection.py

Made with torch 2.11.0 and torchvision 0.26.0 on a CPU. torchvision's own classes are called: `SSDMatcher`,
`SSD.compute_loss` and `SSD.postprocess_detections`. Default boxes are given as corners in pixels.
"""

import json
import pathlib

import torch
from torchvision.models.detection._utils import BoxCoder, SSDMatcher
from torchvision.models.detection.ssd import SSD
from torchvision.ops import boxes as box_ops

from make import write_json, write_tensors

HERE = pathlib.Path(__file__).parent
SIDE = 64.0
CLASSES = 3
# Cells, step, scale and next scale in pixels, and aspect ratios of each map.
MAPS = [(8, 8.0, 10.0, 20.0, [2.0]), (4, 16.0, 20.0, 36.0, [2.0, 3.0]), (2, 32.0, 36.0, 52.0, [2.0])]


def default_boxes():
    """Centre form, in parts of the picture, clipped; by map, row, column, kind."""
    rows = []
    for cells, step, scale, following, ratios in MAPS:
        sizes = [(scale, scale), ((scale * following) ** 0.5,) * 2]
        for ratio in ratios:
            sizes += [(scale * ratio**0.5, scale / ratio**0.5), (scale / ratio**0.5, scale * ratio**0.5)]
        for row in range(cells):
            for column in range(cells):
                for width, height in sizes:
                    rows.append([(column + 0.5) * step / SIDE, (row + 0.5) * step / SIDE, width / SIDE, height / SIDE])
    return torch.tensor(rows, dtype=torch.float64).clamp(0, 1)


class Bare(SSD):
    """torchvision's SSD without a network: only what is computed of its head's outputs."""

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.box_coder = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))
        self.proposal_matcher = SSDMatcher(0.5)
        self.neg_to_pos_ratio = 3
        self.score_thresh = 0.01
        self.nms_thresh = 0.45
        self.detections_per_img = 200
        self.topk_candidates = 400


def main():
    torch.manual_seed(11)
    corners = (box_ops.box_convert(default_boxes(), "cxcywh", "xyxy") * SIDE).to(torch.float32)
    count = len(corners)
    # Three pictures: many objects, none, and one that no default box overlaps by a half.
    objects = [
        [[0, 4, 4, 15, 14], [1, 20, 22, 41, 40], [2, 0, 0, 60, 62], [0, 30, 5, 38, 15], [1, 22, 20, 40, 43]],
        [],
        [[2, 10.5, 50.25, 61, 56]],
    ]
    offsets = torch.randn(len(objects), count, 4) * 0.7
    scores = torch.randn(len(objects), count, CLASSES + 1) * 2.5
    # The background wins more or less often.
    scores[:, :, 0] += torch.tensor([0.0, 5.0, 7.0])[:, None]
    offsets.requires_grad_(True)
    scores.requires_grad_(True)
    ssd = Bare()
    targets, matched = [], []
    for picture in objects:
        rows = torch.tensor(picture, dtype=torch.float32).reshape(-1, 5)
        targets.append({"boxes": rows[:, 1:], "labels": rows[:, 0].long() + 1})
        if len(rows) == 0:
            matched.append(torch.full((count,), -1, dtype=torch.int64))
        else:
            matched.append(ssd.proposal_matcher(box_ops.box_iou(rows[:, 1:], corners)))
    head = {"bbox_regression": offsets, "cls_logits": scores}
    losses = ssd.compute_loss(targets, head, [corners] * len(objects), matched)
    loss = losses["bbox_regression"] + losses["classification"]
    loss.backward()
    with torch.no_grad():
        found = ssd.postprocess_detections(head, [corners] * len(objects), [(int(SIDE), int(SIDE))] * len(objects))
    rows = [[i, *row] for i, picture in enumerate(objects) for row in picture]
    tensors = {
        "corners": corners,
        "output": torch.cat([offsets, scores], 2),
        "gradient": torch.cat([offsets.grad, scores.grad], 2),
        "target": torch.tensor(rows, dtype=torch.float32),
    }
    for index, picture in enumerate(found):
        tensors[f"boxes.{index}"] = picture["boxes"]
        tensors[f"scores.{index}"] = picture["scores"]
        tensors[f"labels.{index}"] = picture["labels"].to(torch.float32)
    write_tensors(HERE / "detection.safetensors", tensors)
    write_json(
        HERE / "detection.json",
        {
            "side": SIDE,
            "classes": CLASSES,
            "maps": [dict(zip(["cells", "step", "scale", "next_scale", "ratios"], entry)) for entry in MAPS],
            "pictures": len(objects),
            "localization": losses["bbox_regression"].item(),
            "classification": losses["classification"].item(),
            "matched": [int((m >= 0).sum()) for m in matched],
            "found": [len(picture["boxes"]) for picture in found],
        },
    )


if __name__ == "__main__":
    main()

"""Makes `golden.safetensors` beside it: what torchvision computes for the cases of harness/vision/tests.

    python make.py

Made with torch 2.11.0, torchvision 0.26.0 and safetensors 0.8.0 on a CPU. Tensors are called `TOPIC/CASE/NAME/KIND`
where they are computed in both kinds of floats, else `TOPIC/CASE/NAME`.
"""

import pathlib

import torch
import torchvision
from safetensors.torch import save_file
from torchvision.models.detection._utils import BoxCoder, SSDMatcher
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import batched_nms, box_iou, generalized_box_iou, generalized_box_iou_loss, nms, roi_align

HERE = pathlib.Path(__file__).parent
KINDS = {"f32": torch.float32, "f64": torch.float64}

tensors = {}
generator = torch.Generator().manual_seed(20)


def put(name, tensor):
    assert name not in tensors, name
    tensors[name] = tensor.detach().clone().contiguous()


def uniform(shape, low=0.0, high=1.0):
    """Multiples of 1/1024, so that both kinds of floats start from the same numbers."""
    values = low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)
    return (values * 1024).round() / 1024


# --- RoIAlign. Two pictures of 36 by 48 pixels; one cell is four pixels.


def regions():
    boxes = [
        # Inside; the whole picture; one cell; less than a cell.
        [5.0, 6.0, 30.0, 21.0],
        [0.0, 0.0, 48.0, 36.0],
        [8.0, 12.0, 12.0, 16.0],
        [17.25, 9.5, 18.75, 11.0],
        # Over the left and upper edge, over the right and lower edge, larger than the picture.
        [-9.0, -7.0, 14.0, 10.0],
        [31.0, 22.0, 57.0, 45.0],
        [-20.0, -30.0, 80.0, 70.0],
        # Outside: less than a cell away, far away.
        [-3.5, 4.0, -0.5, 20.0],
        [100.0, 90.0, 140.0, 120.0],
        # Without width, without extent, inverted in one direction and in both.
        [20.0, 8.0, 20.0, 24.0],
        [20.0, 8.0, 20.0, 8.0],
        [30.0, 8.0, 12.0, 24.0],
        [40.0, 30.0, 10.0, 6.0],
        # Samples exactly on the lines beyond which nothing counts, not aligned and aligned.
        [-6.0, -6.0, 4.0, 6.0],
        [-4.0, -4.0, 6.0, 8.0],
        [42.0, 30.0, 52.0, 42.0],
        [44.0, 32.0, 54.0, 44.0],
    ]
    low = uniform([3, 2], 0.0, 20.0)
    boxes = torch.cat([torch.tensor(boxes, dtype=torch.float64), torch.cat([low, low + uniform([3, 2], 2.0, 26.0)], 1)])
    # Not in the order of the pictures.
    picture = torch.arange(len(boxes)) * 7 % 3 % 2
    return torch.cat([picture[:, None].double(), boxes], 1)


def make_roi_align():
    features, rois = uniform([2, 2, 9, 12], -1.0, 1.0), regions()
    put("roi_align/features", features)
    put("roi_align/rois", rois)
    cases = [(0.25, (3, 5), ratio, aligned) for ratio in [1, 2, 3, 0] for aligned in [False, True]]
    cases += [(0.25, (7, 7), 2, True), (0.25, (1, 1), -1, True), (9 / 37, (2, 4), 2, True), (9 / 37, (2, 4), -1, False)]
    for number, (scale, output, ratio, aligned) in enumerate(cases):
        case = f"roi_align/{number}"
        put(f"{case}/options", torch.tensor([scale, *output, ratio, aligned], dtype=torch.float64))
        # torchvision fails on inverted boxes that ask for a negative number of samples.
        inverted = (rois[:, 3:] < rois[:, 1:3]).any(1)
        rows = (~inverted if ratio <= 0 and aligned else torch.ones_like(inverted)).nonzero()[:, 0]
        put(f"{case}/rows", rows.to(torch.int32))
        # Multiplies the output before it is summed up, so that every output has a gradient of its own.
        weights = uniform([len(rows), 2, *output], -1.0, 1.0).float()
        put(f"{case}/weights", weights)
        for name, kind in KINDS.items():
            leaf = features.to(kind, copy=True).requires_grad_()
            pooled = roi_align(leaf, rois[rows].to(kind), output, scale, ratio, aligned)
            (pooled * weights.to(kind)).sum().backward()
            put(f"{case}/output/{name}", pooled)
            put(f"{case}/gradient/{name}", leaf.grad)


# --- Overlaps.


def make_overlaps():
    first = torch.tensor(
        [
            [0.0, 0.0, 4.0, 4.0],
            [1.0, 1.0, 3.0, 3.0],
            [10.0, 10.0, 12.0, 20.0],
            [-5.0, -5.0, -1.0, -2.0],
            [4.0, 0.0, 8.0, 4.0],
            [2.0, 2.0, 2.0, 2.0],
            [0.5, 1.5, 7.25, 3.125],
        ],
        dtype=torch.float64,
    )
    # The same in another order, so that there are equal, touching, nested and distant pairs.
    second = torch.cat([first[[0, 2, 4, 6, 1]] + torch.tensor([0.0, 0.0, 0.25, 0.5]), first[:1], uniform([2, 4], 0, 3)])
    second[-2:, 2:] += second[-2:, :2]
    put("overlap/first", first)
    put("overlap/second", second)
    low = uniform([24, 2], 0.0, 30.0)
    truth = torch.cat([low, low + uniform([24, 2], 1.0, 20.0)], 1)
    # Far from, overlapping, equal to, inside, around and beside the truth.
    predicted = truth + uniform([24, 4], -0.5, 0.5) * torch.tensor([0.25, 2.0, 6.0, 60.0]).repeat(6)[:, None].double()
    predicted[:, 2:] = torch.maximum(predicted[:, 2:], predicted[:, :2] + 0.5)
    predicted[4] = truth[4]
    predicted[8] = truth[8] + torch.tensor([0.25, 0.25, -0.25, -0.25])
    predicted[12] = truth[12] + torch.tensor([-0.25, -0.25, 0.25, 0.25])
    predicted[16] = truth[16] + torch.tensor([1.0, 0.0, 1.0, 0.0]) * (truth[16, 2] - truth[16, 0])
    put("overlap/predicted", predicted)
    put("overlap/truth", truth)
    for name, kind in KINDS.items():
        put(f"overlap/iou/{name}", box_iou(first.to(kind), second.to(kind)))
        put(f"overlap/giou/{name}", generalized_box_iou(first.to(kind), second.to(kind)))
        leaf = predicted.to(kind, copy=True).requires_grad_()
        loss = generalized_box_iou_loss(leaf, truth.to(kind))
        loss.sum().backward()
        put(f"overlap/loss/{name}", loss)
        put(f"overlap/loss_gradient/{name}", leaf.grad)


# --- Non-maximum suppression.


def clusters(count):
    """Boxes in heaps, with scores that all differ."""
    centers = uniform([max(count // 12, 1), 2], 20.0, 280.0)
    center = centers[torch.randint(len(centers), [count], generator=generator)] + uniform([count, 2], -6.0, 6.0)
    half = uniform([count, 2], 8.0, 20.0)
    scores = (torch.randperm(count, generator=generator).double() + 1) / 2048
    return torch.cat([center - half, center + half], 1), scores


def make_suppression():
    # torchvision has one way for up to 1000 boxes and another for more.
    for case, count, classes in [("few", 240, 4), ("many", 1100, 7)]:
        boxes, scores = clusters(count)
        classes = torch.randint(classes, [count], generator=generator)
        put(f"nms/{case}/boxes", boxes.float())
        put(f"nms/{case}/scores", scores.float())
        put(f"nms/{case}/classes", classes)
        for percent in [30, 50, 75]:
            for name, kind in KINDS.items():
                arguments = boxes.to(kind), scores.to(kind)
                put(f"nms/{case}/kept{percent}/{name}", nms(*arguments, percent / 100).to(torch.int32))
                kept = batched_nms(*arguments, classes, percent / 100)
                put(f"nms/{case}/kept_by_class{percent}/{name}", kept.to(torch.int32))
    # IoUs of exactly 1/2 and 1/3 with the first box, of which f32 rounds 1/3 up.
    boxes = torch.tensor([[0.0, 0, 6, 1], [0, 0, 3, 1], [3, 0, 5, 1], [5, 0, 6, 1], [0, 0, 4, 1]])
    scores = torch.tensor([0.9, 0.8, 0.7, 0.6, 0.5])
    put("nms/exact/boxes", boxes)
    put("nms/exact/scores", scores)
    for case, threshold in [("half", 1 / 2), ("third", 1 / 3), ("two_thirds", 2 / 3)]:
        for name, kind in KINDS.items():
            put(f"nms/exact/{case}/{name}", nms(boxes.to(kind), scores.to(kind), threshold).to(torch.int32))


# --- Default boxes, matching, coding.


def make_default_boxes():
    """torchvision's generator with the scales of SSD300, without clipping, which differs."""
    scales = [side / 300 for side in [21, 45, 99, 153, 207, 261, 315]]
    maker = DefaultBoxGenerator(
        [[2], [2, 3], [2, 3], [2, 3], [2], [2]], scales=scales, steps=[8, 16, 32, 64, 100, 300], clip=False
    )
    maps = [torch.zeros(1, 1, side, side) for side in [38, 19, 10, 5, 3, 1]]
    boxes = maker(ImageList(torch.zeros(1, 3, 300, 300), [(300, 300)]), maps)[0] / 300
    assert boxes.shape == (8732, 4)
    # Every 43rd, and the last.
    put("default_boxes/every43", torch.cat([boxes[::43], boxes[-1:]]))

    low = uniform([4, 6, 2], 0.0, 0.7)
    truths = torch.cat([low, low + uniform([4, 6, 2], 0.02, 0.6)], 2).clamp(0, 1).float()
    # Two objects in one place share their best default box.
    truths[1, 3] = truths[1, 1]
    counts = torch.tensor([6, 4, 1, 0])
    put("matching/truths", truths)
    put("matching/counts", counts)
    for picture, count in enumerate(counts.tolist()):
        if count:
            # Rounded, so that default boxes of equal overlap are that whatever the last bits of a generator.
            rounded = (boxes * 1024).round() / 1024
            truth = SSDMatcher(0.5)(box_iou(truths[picture, :count], rounded))
            positive = (truth >= 0).nonzero()[:, 0]
            put(f"matching/{picture}", torch.stack([positive, truth[positive]], 1).to(torch.int32))

    for name, kind in KINDS.items():
        defaults = boxes[::431].to(kind)
        truth = truths[torch.arange(len(defaults)) % 3, torch.arange(len(defaults)) % 6].to(kind)
        coder = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))
        codes = coder.encode_single(truth, defaults)
        put(f"coding/defaults/{name}", defaults)
        put(f"coding/boxes/{name}", truth)
        put(f"coding/codes/{name}", codes)
        put(f"coding/decoded/{name}", coder.decode_single(codes * 0.5, defaults))


if __name__ == "__main__":
    assert torchvision.__version__.startswith("0.26."), torchvision.__version__
    torch.set_num_threads(1)
    make_roi_align()
    make_overlaps()
    make_suppression()
    make_default_boxes()
    save_file(tensors, HERE / "golden.safetensors")

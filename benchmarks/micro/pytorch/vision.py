"""Does on demand with torchvision what a detector does beside its layers; see ../examples/vision.rs.

    python vision.py THREADS (plain CHANNELS CELLS | contextual CHANNELS CELLS | nms PER_CLASS | match)
"""

import sys
import time

import torch
from torchvision.models.detection._utils import SSDMatcher
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import batched_nms, box_iou, roi_align


class Numbers:
    """Numbers from 0 to 1 without a pattern, those of ../src/regions.rs."""

    def __init__(self, state):
        self.state = state

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 40) / 2**24

    def corners(self):
        x, y, w, h = (self.next() for _ in range(4))
        x, y = 200 * x, 200 * y
        return [x, y, x + 15 + 150 * w * w, y + 15 + 150 * h * h]

    def boxes(self, count):
        return torch.tensor([self.corners() for _ in range(count)])


def pooling(channels, cells, contextual):
    torch.manual_seed(0)
    numbers = Numbers(1)
    features = torch.randn(8, channels, cells, cells, requires_grad=True)
    pictures = (torch.arange(300) % 8).float()[:, None]
    boxes, truths = numbers.boxes(300), numbers.boxes(300)

    def pool(boxes):
        return roi_align(features, torch.cat([pictures, boxes], 1), (7, 7), cells / 300, 2, True)

    def run():
        output = pool(boxes)
        if contextual:
            low = torch.minimum(boxes[:, :2], truths[:, :2])
            output = output + pool(torch.cat([low, torch.maximum(boxes[:, 2:], truths[:, 2:])], 1))
        torch.autograd.grad(output.sum(), features)

    return run


def suppression(per_class):
    numbers = Numbers(2)
    boxes, scores, classes = [], [], []
    for index in range(80):
        for _ in range(per_class // 10):
            heap = numbers.corners()
            for _ in range(10):
                boxes.append([number + 20 * numbers.next() for number in heap])
                scores.append(numbers.next())
                classes.append(index)
    boxes, scores, classes = torch.tensor(boxes), torch.tensor(scores), torch.tensor(classes)
    return lambda: batched_nms(boxes, scores, classes, 0.5)


def matching():
    scales = [side / 300 for side in [21, 45, 99, 153, 207, 261, 315]]
    ratios = [[2], [2, 3], [2, 3], [2, 3], [2], [2]]
    maker = DefaultBoxGenerator(ratios, scales=scales, steps=[8, 16, 32, 64, 100, 300])
    maps = [torch.zeros(1, 1, side, side) for side in [38, 19, 10, 5, 3, 1]]
    defaults = maker(ImageList(torch.zeros(1, 3, 300, 300), [(300, 300)]), maps)[0] / 300
    truths = Numbers(3).boxes(32 * 20).reshape(32, 20, 4) / 300
    matcher = SSDMatcher(0.5)

    def run():
        for picture in range(32):
            matcher(box_iou(truths[picture, : 1 + picture * 7 % 20], defaults))

    return run


def main():
    threads, kind, *numbers = sys.argv[1:]
    torch.set_num_threads(int(threads))
    numbers = [int(number) for number in numbers]
    if kind in ("plain", "contextual"):
        run = pooling(*numbers, kind == "contextual")
    elif kind == "nms":
        run = suppression(*numbers)
    else:
        run = matching()
    for line in sys.stdin:
        count = int(line)
        start, start_processor = time.perf_counter(), time.process_time()
        for _ in range(count):
            run()
        clock, processor = time.perf_counter() - start, time.process_time() - start_processor
        print(f"{count / clock:.2f} {count / processor:.2f}", flush=True)


main()

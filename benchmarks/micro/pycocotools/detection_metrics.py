"""COCO's metric by pycocotools on the scene of ../benches/detection_metrics.rs, drawn by the same rules from the same seed.

    python detection_metrics.py [TIMES]

Prints the average precision, which must be that of the bench, and the best and the median time of evaluation,
accumulation and summary, in milliseconds. Building the annotations is not timed.
"""

import contextlib
import io
import statistics
import sys
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

IMAGES, CLASSES, OBJECTS, DETECTIONS = 1000, 80, 7, 30


class Stream:
    def __init__(self, seed):
        self.state = seed

    def draw(self, below):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % below


def random_box(stream):
    sides = []
    for _ in range(2):
        least = 4 << stream.draw(6)
        sides.append(least + stream.draw(least))
    x, y = stream.draw(640 - sides[0]), stream.draw(480 - sides[1])
    return [x, y, x + sides[0], y + sides[1]]


def annotation(identifier, image, label, box, **more):
    x1, y1, x2, y2 = box
    width, height = float(x2 - x1), float(y2 - y1)
    return {
        "id": identifier,
        "image_id": image,
        "category_id": label,
        "bbox": [float(x1), float(y1), width, height],
        "area": width * height,
        **more,
    }


def scene():
    stream = Stream(1)
    truths, detections = [], []
    for image in range(IMAGES):
        objects = []
        for _ in range(OBJECTS):
            label = stream.draw(CLASSES)
            box = random_box(stream)
            objects.append((label, box))
            truths.append(annotation(len(truths) + 1, image, label, box, iscrowd=int(stream.draw(50) == 0)))
        for index in range(DETECTIONS):
            near = index < 2 * OBJECTS
            if near:
                label, box = objects[index // 2]
                box = list(box)
                for axis in range(2):
                    reach = (box[axis + 2] - box[axis]) // 8
                    for edge in (axis, axis + 2):
                        box[edge] += stream.draw(2 * reach + 1) - reach
            else:
                box = random_box(stream)
            if not near or stream.draw(8) == 0:
                label = stream.draw(CLASSES)
            score = stream.draw(1 << 20 if near else 3 << 18) / (1 << 20)
            detections.append(annotation(len(detections) + 1, image, label, box, iscrowd=0, score=score))
    return truths, detections


def dataset(annotations):
    coco = COCO()
    coco.dataset = {
        "images": [{"id": image} for image in range(IMAGES)],
        "categories": [{"id": label} for label in range(CLASSES)],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with contextlib.redirect_stdout(io.StringIO()):
        truths, detections = map(dataset, scene())
    milliseconds = []
    for _ in range(times):
        with contextlib.redirect_stdout(io.StringIO()):
            start = time.perf_counter()
            evaluation = COCOeval(truths, detections, "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            milliseconds.append(1000 * (time.perf_counter() - start))
    print("stats", " ".join(f"{value:.12f}" for value in evaluation.stats))
    print(f"best {min(milliseconds):.1f} ms, median {statistics.median(milliseconds):.1f} ms of {times}")


if __name__ == "__main__":
    main()

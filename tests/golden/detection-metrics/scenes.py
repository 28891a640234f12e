"""Invents seeded scenes of truths and detections: each one tries something at which an evaluator can go wrong.

A truth is [image, class, x1, y1, x2, y2, area, difficult, crowd], a detection [image, class, x1, y1, x2, y2, score].
Edges are multiples of a quarter of a pixel, unless a scene says otherwise, so that widths are exact and the last bits
of an overlap do not depend on whether a box is kept as edges or as a corner with width and height.
"""

import math
import random

WIDTH, HEIGHT = 640, 480


class Scene:
    def __init__(self, name, seed, images, classes, grid=4, levels=None):
        self.name = name
        self.random = random.Random(seed)
        self.images = images
        self.classes = classes
        self.grid = grid
        self.levels = levels
        self.truths = []
        self.detections = []

    def snap(self, value):
        return round(value * self.grid) / self.grid

    def box(self, smallest=6, largest=300):
        """A box whose sides are spread evenly over orders of magnitude, so that all ranges of areas occur."""
        sides = [math.exp(self.random.uniform(math.log(smallest), math.log(largest))) for _ in range(2)]
        x = self.random.uniform(0, WIDTH - sides[0])
        y = self.random.uniform(0, HEIGHT - sides[1])
        return [self.snap(edge) for edge in (x, y, x + sides[0], y + sides[1])]

    def near(self, box, spread):
        """The box with all edges moved by a part of its sides."""
        x1, y1, x2, y2 = box
        moved = [
            edge + self.random.gauss(0, spread) * side
            for edge, side in ((x1, x2 - x1), (y1, y2 - y1), (x2, x2 - x1), (y2, y2 - y1))
        ]
        moved = [self.snap(edge) for edge in moved]
        return [min(moved[0], moved[2]), min(moved[1], moved[3]), max(moved[0], moved[2]), max(moved[1], moved[3])]

    def score(self, good):
        value = self.random.betavariate(4, 2) if good else self.random.betavariate(2, 4)
        return round(value * self.levels) / self.levels if self.levels else round(value, 4)

    def truth(self, image, label, box, area=None, difficult=0, crowd=0):
        if area is None:
            # The area of an outline is smaller than that of its box.
            area = round((box[2] - box[0]) * (box[3] - box[1]) * self.random.uniform(0.5, 1), 2)
        self.truths.append([image, label, *box, area, difficult, crowd])

    def detect(self, image, label, box, score):
        self.detections.append([image, label, *box, score])

    def fill(self, images, labels, objects=5, crowds=0.0, difficult=0.0, repeats=0.3):
        """Objects with good, poor, repeated, mistaken and missing detections."""
        for image in images:
            for _ in range(self.random.randint(1, 2 * objects - 1)):
                label = self.random.choice(labels)
                box = self.box()
                crowd = int(self.random.random() < crowds)
                self.truth(image, label, box, difficult=int(self.random.random() < difficult), crowd=crowd)
                if crowd:
                    x1, y1, x2, y2 = box
                    for _ in range(self.random.randint(1, 5)):
                        w, h = (x2 - x1) * self.random.uniform(0.2, 0.7), (y2 - y1) * self.random.uniform(0.2, 0.7)
                        x, y = self.random.uniform(x1, x2 - 0.6 * w), self.random.uniform(y1, y2 - 0.6 * h)
                        inside = [self.snap(edge) for edge in (x, y, x + w, y + h)]
                        if self.random.random() < 0.4:
                            self.truth(image, label, inside)
                        self.detect(image, label, self.near(inside, 0.05), self.score(True))
                if self.random.random() < 0.85:
                    found = label if self.random.random() < 0.9 else self.random.choice(labels)
                    spread = self.random.choice([0.01, 0.03, 0.06, 0.15])
                    self.detect(image, found, self.near(box, spread), self.score(True))
                while self.random.random() < repeats:
                    self.detect(image, label, self.near(box, 0.08), self.score(self.random.random() < 0.5))
            for _ in range(self.random.randint(0, objects)):
                self.detect(image, self.random.choice(labels), self.box(), self.score(False))
        # The order of a file is nobody's order.
        self.random.shuffle(self.truths)
        self.random.shuffle(self.detections)
        return self


def plain():
    return Scene("plain", 1, 16, 4).fill(range(16), range(4))


def crowds():
    return Scene("crowds", 2, 12, 3).fill(range(12), range(3), crowds=0.4)


def ties():
    """Four different scores, repeated boxes, and truths that overlap a detection equally."""
    scene = Scene("ties", 3, 14, 3, levels=4)
    for image in range(0, 14, 3):
        x, y = 40 * image + 20, 30 * image + 10
        for offset in (-4, 4):
            scene.truth(image, 0, [x + offset, y, x + offset + 40, y + 40], area=[900, 1100][offset > 0])
        for _ in range(3):
            scene.detect(image, 0, [x, y, x + 40, y + 40], 0.5)
    scene.fill(range(14), range(3), repeats=0.6)
    return scene


def gaps():
    """Pictures with nothing, with truths only, with detections only; the same for classes; a class of crowds only."""
    scene = Scene("gaps", 4, 15, 8)
    scene.fill([1, 2, 5, 9, 11], [0, 2])
    for image in (3, 6):
        for _ in range(3):
            scene.truth(image, 2, scene.box())
    for image in (4, 6):
        for _ in range(3):
            scene.detect(image, 2, scene.box(), scene.score(False))
    for image in (5, 12):
        scene.truth(image, 3, scene.box())
        scene.detect(image, 4, scene.box(), scene.score(True))
        crowd = scene.box(80, 300)
        scene.truth(image, 6, crowd, crowd=1)
        scene.detect(image, 6, scene.near(crowd, 0.02), scene.score(True))
    # All objects of class 7 are large.
    large = [100, 100, 300, 300]
    scene.truth(9, 7, large, area=40000)
    scene.detect(9, 7, scene.near(large, 0.02), 0.75)
    return scene


def many():
    """More than a hundred detections of a class in a picture, hits among the last of them."""
    scene = Scene("many", 5, 3, 2, levels=40)
    for image, count in ((0, 130), (2, 112)):
        boxes = [scene.box(10, 200) for _ in range(25)]
        for box in boxes:
            scene.truth(image, 1, box)
        for index in range(count):
            box = scene.near(boxes[index % 25], 0.05) if index % 3 else scene.box()
            scene.detect(image, 1, box, scene.score(index % 2 == 0))
    scene.fill([0, 1, 2], [0, 1])
    return scene


def edges():
    """Boxes without width or height, areas at the ends of the ranges and beyond them, overlaps of exactly 0.5 to 1."""
    scene = Scene("edges", 6, 12, 2)
    for image, area in enumerate((0, 1023.75, 1024, 1024.25, 9215.75, 9216, 9216.25, 1e10, 1.1e10)):
        box = [10, 10, 110, 110]
        scene.truth(image, 0, box, area=area)
        # An overlap of exactly (50 + 5 * image) in a hundred.
        scene.detect(image, 0, [10, 10, 110, 60 + 5 * image], 0.9 - 0.05 * image)
    for image, side in enumerate((31.75, 32, 32.25, 95.75, 96, 96.25)):
        # Nothing is there: the detection's own area decides.
        scene.detect(image, 0, [300, 200, 300 + side, 200 + side], 0.5)
    for image in range(3, 9):
        box = scene.box()
        flat = [box[0], box[1], box[0], box[3]]
        scene.truth(image, 1, flat, area=0)
        scene.truth(image, 1, box)
        scene.detect(image, 1, flat, 0.8)
        scene.detect(image, 1, [box[0], box[1], box[0], box[1]], 0.7)
        scene.detect(image, 1, box, 0.6)
    crowd = [200, 100, 400, 300]
    scene.truth(10, 1, crowd, crowd=1)
    scene.detect(10, 1, [250, 150, 250, 250], 0.9)
    # Half of it lies in the crowd.
    scene.detect(10, 1, [150, 150, 250, 250], 0.85)
    return scene


def hundredths():
    """Edges in hundredths of a pixel, as COCO has them, and some scores below zero, as logits have them."""
    scene = Scene("hundredths", 7, 14, 3, grid=100).fill(range(14), range(3), crowds=0.1)
    for detection in scene.detections:
        detection[6] = round(8 * detection[6] - 3, 3)
    return scene


def nothing():
    """Truths, but no detection at all."""
    scene = Scene("nothing", 8, 3, 2)
    scene.truth(0, 0, [10, 10, 50, 50])
    scene.truth(2, 0, [10, 10, 150, 150])
    return scene


def voc():
    """Whole pixels and objects that are difficult. As VOC's files would have them, xmin is x1 + 1."""
    scene = Scene("voc", 9, 20, 4, grid=1).fill(range(20), range(4), difficult=0.25, repeats=0.5)
    # A class of difficult objects only does not occur.
    scene.classes = 6
    scene.truth(3, 4, [10, 10, 60, 60], difficult=1)
    scene.detect(3, 4, [10, 10, 60, 60], 0.9)
    return scene


def crowded():
    """Objects that overlap one another, so that the greatest overlap is often with a truth that was found before."""
    scene = Scene("crowded", 10, 10, 2, grid=1, levels=20)
    for image in range(10):
        for label in range(2):
            box = scene.box(60, 200)
            for _ in range(scene.random.randint(2, 5)):
                other = scene.near(box, 0.08)
                scene.truth(image, label, other, difficult=int(scene.random.random() < 0.2))
                scene.detect(image, label, scene.near(other, 0.08), scene.score(True))
            scene.detect(image, label, scene.box(), scene.score(False))
    scene.random.shuffle(scene.detections)
    return scene


COCO = [plain, crowds, ties, gaps, many, edges, hundredths, nothing]
VOC = [voc, crowded, ties, nothing]

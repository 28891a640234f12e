"""VOC's average precision from its definition, slowly and in exact fractions.

The definition is that of the VOC 2007 and 2012 development kits (VOCevaldet, VOCap) and of Everingham et al., The
PASCAL Visual Object Classes (VOC) Challenge, IJCV 88 (2010), section 4.2. This is written from it, on purpose without
any cleverness: pixels of boxes are counted as the kit counts them, with inclusive ends; the curve is a list of points;
a precision is looked up by going through all of them.
"""

from fractions import Fraction

THRESHOLD = Fraction(1, 2)


def pixels(xmin, ymin, xmax, ymax):
    """Pixels of a box in VOC's coordinates: counted from 1, with both ends inside."""
    return max(xmax - xmin + 1, 0) * max(ymax - ymin + 1, 0)


def overlap(a, b):
    common = pixels(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    union = pixels(*a) + pixels(*b) - common
    return Fraction(common, union) if common else Fraction(0)


def voc_box(entry):
    """Edges x1, y1, x2, y2 of continuous pixels as VOC would write them down, exactly."""
    x1, y1, x2, y2 = (Fraction(edge) for edge in entry[2:6])
    return x1 + 1, y1 + 1, x2, y2


def curve(scene, label):
    """(recall, precision) after each detection that counts; None if the class does not occur."""
    truths = [truth for truth in scene.truths if truth[1] == label]
    wanted = sum(not truth[7] for truth in truths)
    if not wanted:
        return None
    detections = [detection for detection in scene.detections if detection[1] == label]
    # Equal scores: by picture, then as in the file. Python's sort is stable.
    detections.sort(key=lambda detection: detection[0])
    detections.sort(key=lambda detection: -detection[6])
    found = set()
    hits = mistakes = 0
    points = []
    for detection in detections:
        candidates = [index for index, truth in enumerate(truths) if truth[0] == detection[0]]
        best = max(candidates, key=lambda index: overlap(voc_box(detection), voc_box(truths[index])), default=None)
        if best is None or overlap(voc_box(detection), voc_box(truths[best])) < THRESHOLD:
            mistakes += 1
        elif truths[best][7]:
            continue
        elif best in found:
            mistakes += 1
        else:
            found.add(best)
            hits += 1
        points.append((Fraction(hits, wanted), Fraction(hits, hits + mistakes)))
    return points


def best_precision(points, recall):
    """The highest precision at this recall or a higher one."""
    return max((precision for reached, precision in points if reached >= recall), default=Fraction(0))


def average_precision(scene, label, interpolation):
    points = curve(scene, label)
    if points is None:
        return None
    if interpolation == "eleven-points":
        return float(sum(best_precision(points, Fraction(tenth, 10)) for tenth in range(11)) / 11)
    recalls = sorted({Fraction(0), *(recall for recall, _ in points)})
    steps = zip(recalls, recalls[1:])
    return float(sum((right - left) * best_precision(points, right) for left, right in steps))

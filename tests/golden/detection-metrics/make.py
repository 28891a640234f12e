"""Writes coco.json and voc.json, the values that the detection metrics of `secateur-metrics` are held to.

COCO's values are those of pycocotools; VOC's those of `voc_oracle.py`. Run with: python make.py
"""

import contextlib
import io
import json
import pathlib
import random

import numpy
import pycocotools.cocoeval
from pycocotools.coco import COCO

import scenes
import voc_oracle

FOLDER = pathlib.Path(__file__).parent


def annotation(identifier, image, label, x1, y1, x2, y2):
    return {
        "id": identifier,
        "image_id": image,
        "category_id": label,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
    }


def dataset(scene, annotations):
    coco = COCO()
    coco.dataset = {
        "images": [{"id": image} for image in range(scene.images)],
        "categories": [{"id": label} for label in range(scene.classes)],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


def evaluate(scene):
    """What `COCOeval` computes: the summary, and its tables of precision and recall."""
    # Identifiers start at 1, since pycocotools takes an identifier of 0 for no match.
    truths = [
        dict(annotation(index, *truth[:6]), area=truth[6], iscrowd=truth[8])
        for index, truth in enumerate(scene.truths, 1)
    ]
    detections = []
    for index, detection in enumerate(scene.detections, 1):
        entry = annotation(index, *detection[:6])
        # The area that `COCO.loadRes` gives to detected boxes.
        detections.append(dict(entry, score=detection[6], area=entry["bbox"][2] * entry["bbox"][3], iscrowd=0))
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = pycocotools.cocoeval.COCOeval(dataset(scene, truths), dataset(scene, detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    return evaluation, precision, recall


def number(value):
    return None if value == -1 else round(float(value), 12)


def table(scene, precision, recall):
    """[class][area]: null without truths, or the mean precision at each threshold and the recall at each limit."""
    rows = []
    for label in range(scene.classes):
        row = []
        for area in range(4):
            if precision[0, 0, label, area, 2] == -1:
                row.append(None)
                continue
            row.append(
                {
                    "precision": [number(value) for value in precision[:, :, label, area, 2].mean(axis=1)],
                    "recall": [[number(value) for value in recall[:, label, area, limit]] for limit in range(3)],
                }
            )
        rows.append(row)
    return rows


def repeated(scene, weights):
    """The scene with each picture as often as its weight says, copies side by side."""
    copy = scenes.Scene(scene.name, 0, sum(weights), scene.classes)
    first = numpy.concatenate([[0], numpy.cumsum(weights)]).tolist()
    for source, target in ((scene.truths, copy.truths), (scene.detections, copy.detections)):
        for entry in source:
            image = entry[0]
            target.extend([[first[image] + turn, *entry[1:]] for turn in range(weights[image])])
    return copy


def draw(scene, seed):
    """How often each picture comes up if as many are drawn with replacement as there are."""
    generator = random.Random(seed)
    weights = [0] * scene.images
    for _ in range(scene.images):
        weights[generator.randrange(scene.images)] += 1
    return weights


def shape(scene):
    return {
        "name": scene.name,
        "images": scene.images,
        "classes": scene.classes,
        "truths": scene.truths,
        "detections": scene.detections,
    }


def coco_case(scene):
    evaluation, precision, recall = evaluate(scene)
    resampled = []
    for seed in (1, 2):
        weights = draw(scene, seed)
        drawn, _, _ = evaluate(repeated(scene, weights))
        resampled.append({"weights": weights, "stats": [number(value) for value in drawn.stats]})
    return {
        **shape(scene),
        "stats": [number(value) for value in evaluation.stats],
        "table": table(scene, precision, recall),
        "resampled": resampled,
    }


def voc_case(scene):
    def scores(of):
        return {
            interpolation: [voc_oracle.average_precision(of, label, interpolation) for label in range(of.classes)]
            for interpolation in ("eleven-points", "all-points")
        }

    weights = draw(scene, 3)
    return {**shape(scene), **scores(scene), "resampled": {"weights": weights, **scores(repeated(scene, weights))}}


def write(name, cases, **more):
    # One line per field keeps differences readable.
    def compact(value):
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return int(value)
        if isinstance(value, dict):
            return {key: compact(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [compact(inner) for inner in value]
        return value

    lines = []
    for case in cases:
        fields = [f"{json.dumps(key)}:{json.dumps(compact(value), separators=(',', ':'))}" for key, value in case.items()]
        lines.append("{" + ",\n ".join(fields) + "}")
    head = "".join(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))},\n" for key, value in more.items())
    (FOLDER / name).write_text("{" + head + '"cases":[\n' + ",\n".join(lines) + "\n]}\n")


def main():
    params = pycocotools.cocoeval.Params(iouType="bbox")
    write(
        "coco.json",
        [coco_case(make()) for make in scenes.COCO],
        thresholds=params.iouThrs.tolist(),
        levels=params.recThrs.tolist(),
        limits=params.maxDets,
        areas=params.areaRng,
    )
    write("voc.json", [voc_case(make()) for make in scenes.VOC])


if __name__ == "__main__":
    main()

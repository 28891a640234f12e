//! Metrics of object detection.

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_metrics::detection::{
    BoundingBox, CocoMatches, CocoScores, CocoSettings, Detection, Extent, Grouped, Truth, VocInterpolation,
    VocMatches,
};

const IMAGES: usize = 1000;
const CLASSES: usize = 80;
const OBJECTS: usize = 7;
const DETECTIONS: usize = 30;

/// COCO's average precision of the scene according to pycocotools.
const PYCOCOTOOLS: f64 = 0.372_909_675_383;

/// Integers without a pattern, always the same.
struct Stream(u64);

impl Stream {
    fn draw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Edges of a box in a picture of 640 by 480 pixels, of all sizes from 4 to 255.
fn random_box(stream: &mut Stream) -> [i64; 4] {
    let mut side = || {
        let least = 4 << stream.draw(6);
        least + stream.draw(least)
    };
    let (width, height) = (side(), side());
    let (x, y) = (stream.draw(640 - width), stream.draw(480 - height));
    [x, y, x + width, y + height].map(|edge| edge as i64)
}

fn bounding_box(edges: [i64; 4]) -> BoundingBox {
    edges.map(|edge| edge as f64).into()
}

/// A fifth of the pictures of COCO's validation split, with all of its classes and as many objects per picture. Each is
/// found twice, not quite at its place; the other detections are mistakes. `pycocotools/detection_metrics.py` draws
/// the same.
fn scene() -> (Vec<Truth>, Vec<Detection>) {
    let mut stream = Stream(1);
    let (mut truths, mut detections) = (Vec::new(), Vec::new());
    for image in 0..IMAGES as u32 {
        let mut objects = Vec::new();
        for _ in 0..OBJECTS {
            let class = stream.draw(CLASSES as u64) as u32;
            let edges = random_box(&mut stream);
            objects.push((class, edges));
            let (bbox, crowd) = (bounding_box(edges), stream.draw(50) == 0);
            truths.push(Truth { image, class, bbox, area: bbox.area(), difficult: false, crowd });
        }
        for index in 0..DETECTIONS {
            let near = index < 2 * OBJECTS;
            let (mut class, edges) = if near {
                let (class, mut edges) = objects[index / 2];
                for axis in 0..2 {
                    let reach = (edges[axis + 2] - edges[axis]) / 8;
                    for edge in [axis, axis + 2] {
                        edges[edge] += stream.draw(2 * reach as u64 + 1) as i64 - reach;
                    }
                }
                (class, edges)
            } else {
                (0, random_box(&mut stream))
            };
            if !near || stream.draw(8) == 0 {
                class = stream.draw(CLASSES as u64) as u32;
            }
            let score = stream.draw(if near { 1 << 20 } else { 3 << 18 }) as f64 / f64::from(1 << 20);
            detections.push(Detection { image, class, score, bbox: bounding_box(edges) });
        }
    }
    (truths, detections)
}

fn grouped<'a>(truths: &'a [Truth], detections: &'a [Detection]) -> Grouped<'a> {
    let extent = Extent { images: IMAGES, classes: CLASSES };
    Grouped::new(extent, truths, detections).expect("the scene is consistent")
}

fn matches(grouped: &Grouped<'_>) -> CocoMatches {
    CocoMatches::new(grouped, CocoSettings::default()).expect("the default settings are good")
}

fn coco(truths: &[Truth], detections: &[Detection]) -> CocoScores {
    matches(&grouped(truths, detections)).accumulate(None).expect("there are no weights").scores()
}

/// COCO's metric as a whole, to be compared with `pycocotools/detection_metrics.py`, on one thread both; what a
/// bootstrap repeats of it; and VOC's metric.
fn detection_metrics(criterion: &mut Criterion) {
    let (truths, detections) = scene();
    let scores = coco(&truths, &detections);
    let ap = scores.ap.expect("there are truths");
    assert!((ap - PYCOCOTOOLS).abs() < 1e-9, "{ap} instead of {PYCOCOTOOLS}: the scene is not the same");
    let mut group = criterion.benchmark_group(format!("detection-metrics/{IMAGES}-pictures"));
    group.bench_function("coco", |bencher| bencher.iter(|| coco(&truths, &detections)));
    let matches = matches(&grouped(&truths, &detections));
    let mut stream = Stream(7);
    let mut weights = vec![0; IMAGES];
    for _ in 0..IMAGES {
        weights[stream.draw(IMAGES as u64) as usize] += 1;
    }
    group.bench_function("coco-resampled", |bencher| {
        bencher.iter(|| matches.accumulate(Some(&weights)).expect("there is a weight for each").scores());
    });
    group.bench_function("voc", |bencher| {
        bencher.iter(|| {
            let matches =
                VocMatches::new(&grouped(&truths, &detections), 0.5).expect("0.5 is VOC's threshold");
            matches.accumulate(VocInterpolation::AllPoints, None).expect("there are no weights")
        });
    });
    group.finish();
}

criterion_group!(benches, detection_metrics);
criterion_main!(benches);

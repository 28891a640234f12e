//! What holds for all scenes.

use proptest::prelude::*;
use secateur_metrics::detection::VocInterpolation::{AllPoints, ElevenPoints};
use secateur_metrics::detection::{
    BoundingBox, CocoMatches, CocoSettings, Detection, Extent, Truth, VocMatches,
};

use crate::Scene;

const IMAGES: u32 = 5;
const CLASSES: u32 = 2;

/// Boxes of few sizes in few places, so that they overlap, often equally.
fn boxes() -> impl Strategy<Value = BoundingBox> {
    (0..12_u32, 0..4_u32, 0..12_u32, 0..12_u32).prop_map(|(x, y, width, height)| {
        let [x, y, width, height] = [x, y, width, height].map(|steps| 8.0 * f64::from(steps));
        BoundingBox::from_coco(x, y, width, height)
    })
}

fn truths() -> impl Strategy<Value = Truth> {
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    (0..IMAGES, 0..CLASSES, boxes(), flags).prop_map(|(image, class, bbox, (difficult, crowd))| Truth {
        image,
        class,
        bbox,
        area: bbox.area(),
        difficult,
        crowd,
    })
}

fn detections() -> impl Strategy<Value = Detection> {
    (0..IMAGES, 0..CLASSES, boxes(), 0..4_u32).prop_map(|(image, class, bbox, score)| Detection {
        image,
        class,
        bbox,
        score: f64::from(score) / 4.0,
    })
}

/// Truths, as many poor detections, and some detections that are copies of truths, with many equal scores.
fn scenes() -> impl Strategy<Value = Scene> {
    let copies = prop::collection::vec((any::<prop::sample::Index>(), 0..4_u32), 0..25);
    (prop::collection::vec(truths(), 1..25), prop::collection::vec(detections(), 0..25), copies).prop_map(
        |(truths, mut detections, copies)| {
            detections.extend(copies.into_iter().map(|(index, score)| {
                let truth = truths[index.index(truths.len())];
                let score = f64::from(score) / 4.0;
                Detection { image: truth.image, class: truth.class, bbox: truth.bbox, score }
            }));
            let extent = Extent { images: IMAGES as usize, classes: CLASSES as usize };
            Scene { extent, truths, detections }
        },
    )
}

/// The scene with scores of which no two are equal, in the same order as before.
fn untied(scene: &Scene) -> Scene {
    let mut scene = scene.clone();
    for (index, detection) in scene.detections.iter_mut().enumerate() {
        detection.score -= index as f64 * 1e-4;
    }
    scene
}

fn weights() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..5_u32, IMAGES as usize)
}

/// Every number that COCO's metric has for a scene.
fn coco_numbers(scene: &Scene, weights: Option<&[u32]>) -> Vec<Option<f64>> {
    let matches = CocoMatches::new(&scene.grouped().unwrap(), CocoSettings::default()).unwrap();
    let table = matches.accumulate(weights).unwrap();
    let mut numbers = Vec::new();
    let mut push = |row: Option<&[f64]>| match row {
        Some(row) => numbers.extend(row.iter().copied().map(Some)),
        None => numbers.push(None),
    };
    for class in 0..CLASSES as usize {
        for area in 0..4 {
            push(table.precisions(class, area));
            (0..3).for_each(|limit| push(table.recalls(class, area, limit)));
        }
    }
    numbers
}

/// Every number that VOC's metrics have for a scene.
fn voc_numbers(scene: &Scene, weights: Option<&[u32]>) -> Vec<Option<f64>> {
    let matches = VocMatches::new(&scene.grouped().unwrap(), 0.5).unwrap();
    let scores = |rule| matches.accumulate(rule, weights).unwrap().classes;
    [scores(ElevenPoints), scores(AllPoints)].concat()
}

fn close(a: &[Option<f64>], b: &[Option<f64>]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            (a, b) => a.is_none() && b.is_none(),
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn weights_are_copies_of_pictures(scene in scenes(), weights in weights()) {
        let repeated = scene.repeated(&weights);
        prop_assert!(close(&coco_numbers(&scene, Some(&weights)), &coco_numbers(&repeated, None)));
        prop_assert!(close(&voc_numbers(&scene, Some(&weights)), &voc_numbers(&repeated, None)));
    }

    #[test]
    fn weights_of_one_change_nothing(scene in scenes()) {
        let ones = [1; IMAGES as usize];
        prop_assert_eq!(coco_numbers(&scene, Some(&ones)), coco_numbers(&scene, None));
        prop_assert_eq!(voc_numbers(&scene, Some(&ones)), voc_numbers(&scene, None));
    }

    /// Without equal scores, all fractions stay the same.
    #[test]
    fn all_pictures_as_often_change_nothing(scene in scenes(), times in 2..6_u32) {
        let scene = untied(&scene);
        let weights = [times; IMAGES as usize];
        prop_assert!(close(&coco_numbers(&scene, Some(&weights)), &coco_numbers(&scene, None)));
        prop_assert!(close(&voc_numbers(&scene, Some(&weights)), &voc_numbers(&scene, None)));
    }

    /// Without equal scores, neither the order of pictures matters nor how far scores lie apart.
    #[test]
    fn only_the_order_of_scores_matters(scene in scenes()) {
        let scene = untied(&scene);
        let mut other = scene.clone();
        other.truths.iter_mut().for_each(|truth| truth.image = IMAGES - 1 - truth.image);
        for detection in &mut other.detections {
            detection.image = IMAGES - 1 - detection.image;
            detection.score = detection.score.exp() - 7.0;
        }
        prop_assert_eq!(coco_numbers(&other, None), coco_numbers(&scene, None));
        prop_assert_eq!(voc_numbers(&other, None), voc_numbers(&scene, None));
    }

    #[test]
    fn numbers_are_fractions(scene in scenes()) {
        for number in [coco_numbers(&scene, None), voc_numbers(&scene, None)].concat().into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&number), "{number}");
        }
    }

    /// A mistake that is less sure than everything else lowers no precision at which anything was found.
    #[test]
    fn a_last_mistake_costs_nothing(scene in scenes(), detection in detections()) {
        let far = BoundingBox::new(5000.0, 5000.0, 5100.0, 5100.0);
        let worse = Scene {
            detections: scene.detections.iter().copied()
                .chain([Detection { score: -1.0, bbox: far, ..detection }])
                .collect(),
            ..scene.clone()
        };
        prop_assert_eq!(coco_numbers(&worse, None), coco_numbers(&scene, None));
        prop_assert_eq!(voc_numbers(&worse, None), voc_numbers(&scene, None));
    }

    /// The devkit counts pixels with both ends; boxes from its annotations overlap by the same fraction.
    #[test]
    fn boxes_of_voc_overlap_as_in_the_devkit(a in prop::array::uniform4(1..60_u32), b in prop::array::uniform4(1..60_u32)) {
        let inclusive = |[x, y, width, height]: [u32; 4]| [x, y, x + width - 1, y + height - 1];
        let (a, b) = (inclusive(a), inclusive(b));
        let count = |from: u32, to: u32| (to + 1).saturating_sub(from);
        let area = |[x1, y1, x2, y2]: [u32; 4]| count(x1, x2) * count(y1, y2);
        let common = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
        let expected = f64::from(common) / f64::from(area(a) + area(b) - common);
        let from_voc = |[xmin, ymin, xmax, ymax]: [u32; 4]| {
            BoundingBox::from_voc(xmin.into(), ymin.into(), xmax.into(), ymax.into())
        };
        prop_assert_eq!(from_voc(a).iou(&from_voc(b)), expected);
    }
}

//! Inconsistent input ends in an error that names the object.

use secateur_metrics::detection::VocInterpolation::AllPoints;
use secateur_metrics::detection::{
    BoundingBox, CocoMatches, CocoSettings, DetectionError, Grouped, Item, VocMatches,
};

use crate::Scene;

const BOX: [f64; 4] = [0.0, 0.0, 20.0, 20.0];

/// Two pictures and two classes, a truth and a detection of each.
fn good() -> Scene {
    Scene::new(2, 2).truth(0, 0, BOX).truth(1, 1, BOX).detect(0, 0, 0.5, BOX).detect(1, 1, 0.5, BOX)
}

fn error(spoil: impl FnOnce(&mut Scene)) -> DetectionError {
    let mut scene = good();
    assert!(scene.grouped().is_ok());
    spoil(&mut scene);
    scene.grouped().unwrap_err()
}

#[test]
fn unknown_classes_and_pictures_are_refused() {
    let class = |item| DetectionError::UnknownClass { item, class: 2, classes: 2 };
    assert_eq!(error(|scene| scene.truths[1].class = 2), class(Item::Truth(1)));
    assert_eq!(error(|scene| scene.detections[0].class = 2), class(Item::Detection(0)));
    let image = |item| DetectionError::UnknownImage { item, image: 2, images: 2 };
    assert_eq!(error(|scene| scene.truths[0].image = 2), image(Item::Truth(0)));
    assert_eq!(error(|scene| scene.detections[1].image = 2), image(Item::Detection(1)));
}

#[test]
fn numbers_that_are_none_are_refused() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let text = error(|scene| scene.detections[1].score = value).to_string();
        assert!(text.starts_with(&format!("the score of detection 1 (counted from 0) is {value}")), "{text}");
        let edges: [fn(&mut BoundingBox) -> &mut f64; 4] =
            [|bbox| &mut bbox.x1, |bbox| &mut bbox.y1, |bbox| &mut bbox.x2, |bbox| &mut bbox.y2];
        for edge in edges {
            for spoilt in [
                error(|scene| *edge(&mut scene.detections[0].bbox) = value),
                error(|scene| *edge(&mut scene.truths[0].bbox) = value),
            ] {
                assert!(matches!(spoilt, DetectionError::NotFinite { .. }), "{spoilt}");
            }
        }
        let spoilt = error(|scene| scene.truths[1].area = value);
        assert!(matches!(spoilt, DetectionError::NotFinite { field: "area", .. }), "{spoilt}");
    }
    // Finite edges whose box has no finite area would have no finite overlap.
    let spoilt = error(|scene| scene.truths[0].bbox = [0.0, 0.0, 1e200, 1e200].into());
    assert!(matches!(spoilt, DetectionError::NotFinite { .. }), "{spoilt}");
    let spoilt = error(|scene| scene.truths[1].area = -1.0);
    assert_eq!(spoilt, DetectionError::NegativeArea { item: Item::Truth(1), area: -1.0 });
}

#[test]
fn boxes_that_are_inside_out_are_refused_and_flat_ones_are_not() {
    for inside_out in [[20.0, 0.0, 10.0, 20.0], [0.0, 20.0, 20.0, 10.0]] {
        let bbox = BoundingBox::from(inside_out);
        let spoilt = error(|scene| scene.detections[1].bbox = bbox);
        assert_eq!(spoilt, DetectionError::InsideOut { item: Item::Detection(1), bbox });
        let spoilt = error(|scene| scene.truths[1].bbox = bbox);
        assert_eq!(spoilt, DetectionError::InsideOut { item: Item::Truth(1), bbox });
    }
    let mut flat = good();
    flat.truths[0].bbox = [5.0, 0.0, 5.0, 20.0].into();
    flat.detections[0].bbox = [5.0, 0.0, 5.0, 20.0].into();
    assert_eq!(flat.coco().classes[0].ap, Some(0.0));
    assert_eq!(flat.voc(AllPoints).classes[0], Some(0.0));
}

#[test]
fn weights_are_one_per_picture() {
    let scene = good();
    let grouped: Grouped<'_> = scene.grouped().unwrap();
    let coco = CocoMatches::new(&grouped, CocoSettings::default()).unwrap();
    let voc = VocMatches::new(&grouped, 0.5).unwrap();
    let expected = DetectionError::WeightCount { weights: 3, images: 2 };
    assert_eq!(coco.accumulate(Some(&[1, 1, 1])).unwrap_err(), expected);
    assert_eq!(voc.accumulate(AllPoints, Some(&[1, 1, 1])).unwrap_err(), expected);
    // Without any picture left, there is nothing to score.
    assert_eq!(coco.accumulate(Some(&[0, 0])).unwrap().scores().ap, None);
    assert_eq!(voc.accumulate(AllPoints, Some(&[0, 0])).unwrap().map, None);
}

#[test]
fn nothing_at_all_has_no_score() {
    for scene in [Scene::new(0, 0), Scene::new(3, 0), Scene::new(0, 3), Scene::new(3, 3)] {
        let scores = scene.coco();
        assert_eq!((scores.ap, scores.ap50, scores.recalls[2].ar), (None, None, None));
        assert_eq!(scene.voc(AllPoints).map, None);
    }
}

#[test]
fn boxes_are_read_and_written_as_four_numbers() {
    let bbox = BoundingBox::from_coco(10.0, 20.0, 5.0, 7.5);
    assert_eq!(serde_json::to_string(&bbox).unwrap(), "[10.0,20.0,15.0,27.5]");
    assert_eq!(serde_json::from_str::<BoundingBox>("[10,20,15,27.5]").unwrap(), bbox);
}

/// Equal scores take their turns as handed in. Were zero above negative zero, the hit would come before the mistake.
#[test]
fn zeros_of_both_signs_are_equal_scores() {
    let scene = Scene::new(1, 1)
        .truth(0, 0, BOX)
        .detect(0, 0, -0.0, [300.0, 0.0, 320.0, 20.0])
        .detect(0, 0, 0.0, BOX);
    assert_eq!(scene.voc(AllPoints).map, Some(0.5));
    assert_eq!(scene.coco().ap, Some(0.5));
}

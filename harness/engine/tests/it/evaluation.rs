//! Scores.

use secateur_data::Pictures;
use secateur_engine::{DeviceSet, Error, Evaluation, Examples, Labelled, Pass, evaluate, loss, predict};
use secateur_metrics::ClassificationMetric;
use tch::{Device, Kind, Tensor};

use crate::support::{alone, small_model, small_set, task};

const CLASSES: usize = 7;

/// Pictures of one pixel whose value is the class.
fn told(count: usize) -> DeviceSet {
    // Not in order, and not the same number of each class.
    let labels: Vec<u16> = (0..count).map(|index| (index * index % CLASSES) as u16).collect();
    let pixels = labels.iter().map(|label| *label as u8).collect();
    DeviceSet::new(&Pictures { shape: [1, 1, 1], pixels, labels }, &task(1, CLASSES), Device::Cpu).unwrap()
}

/// Logits of a predictor that reads the class off the picture.
fn read_off(input: &Tensor) -> Tensor {
    let values = (input.view([-1, 1]) * 255.0).round();
    let classes = Tensor::arange(CLASSES as i64, (Kind::Float, Device::Cpu));
    (values - classes).square() * -1.0
}

#[test]
fn a_perfect_predictor_scores_exactly_one_on_any_number_of_pictures() {
    let _alone = alone();
    for count in [1, 2, 249, 250, 251, 499, 500, 501, 777] {
        let set = told(count);
        let result = predict(&set, CLASSES, |input| Ok(read_off(input))).unwrap();
        assert_eq!((result.top1, result.mean_per_class), (1.0, 1.0), "{count} pictures");
        assert_eq!(result.predictions.len(), count);
        assert_eq!(result.predictions, Vec::<i64>::try_from(set.labels()).unwrap());
    }
}

#[test]
fn scores_do_not_depend_on_batches() {
    let _alone = alone();
    let model = small_model(8);
    let set = small_set(603);
    let result = evaluate(&model, &set, 4).unwrap();
    let mut predictions = Vec::new();
    let mut sum = 0.0;
    for index in 0..set.len() {
        let (input, target) = set.range(index, 1).unwrap();
        let output = tch::no_grad(|| model.forward(&input, &Pass::default())).unwrap();
        predictions.push(output.argmax(1, false).int64_value(&[0]));
        sum += loss(&output, &target, 0.0).unwrap().double_value(&[]);
    }
    assert_eq!(result.predictions, predictions);
    assert!((result.loss - sum / 603.0).abs() < 1e-6, "{} {}", result.loss, sum / 603.0);
    assert_eq!(evaluate(&model, &set, 4).unwrap(), result);
}

#[test]
fn scoring_leaves_the_model_as_it_was() {
    let _alone = alone();
    let model = small_model(8);
    let before = secateur_engine::State::of(&model, None).to_tensors(&model).unwrap();
    evaluate(&model, &small_set(10), 4).unwrap();
    assert_eq!(secateur_engine::State::of(&model, None).to_tensors(&model).unwrap(), before);
}

#[test]
fn rare_classes_count_as_much_as_others_in_the_mean() {
    // Three of four right in one class, none of one in the other; the third has no pictures.
    let result = Evaluation::from_predictions(vec![0, 0, 0, 1, 0], &[0, 0, 0, 0, 1], 3, 0.5).unwrap();
    assert_eq!(result.score(ClassificationMetric::Top1), 0.6);
    assert_eq!(result.score(ClassificationMetric::MeanPerClass), 0.375);
}

#[test]
fn an_empty_set_has_no_score() {
    let _alone = alone();
    let error = evaluate(&small_model(8), &small_set(0), 4).unwrap_err();
    assert!(matches!(error, Error::Data(_)), "{error}");
    assert!(Evaluation::from_predictions(Vec::new(), &[], 3, 0.0).is_err());
}

#[test]
fn one_prediction_is_needed_for_each_picture() {
    assert!(Evaluation::from_predictions(vec![0], &[0, 1], 2, 0.0).is_err());
    assert!(Evaluation::from_predictions(vec![0, 1, 1], &[0, 1], 2, 0.0).is_err());
}

#[test]
fn a_network_with_other_classes_than_the_task_is_an_error() {
    let _alone = alone();
    // The network has 4 classes; labels reach 6.
    let pixels = vec![0; 7 * 3 * 64];
    let pictures = Pictures { shape: [3, 8, 8], pixels, labels: (0..7).collect() };
    let set = DeviceSet::new(&pictures, &task(3, 7), Device::Cpu).unwrap();
    assert!(evaluate(&small_model(8), &set, 7).is_err());
}

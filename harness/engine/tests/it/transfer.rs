//! Linear transfer.

use secateur_data::Pictures;
use secateur_engine::{
    DeviceSet, Error, Evaluation, Features, Labelled, Result, Streams, extract_features, predict, train_head,
};
use secateur_network::Op;
use secateur_suite::Recipe;
use tch::{Device, Kind, Tensor};

use crate::support::{alone, recipe, same, small_model, small_set, task};

/// Points around the corners of a simplex.
fn separable(count: usize, classes: i64) -> Features {
    tch::manual_seed(1);
    let labels = Tensor::arange(count as i64, (Kind::Int64, Device::Cpu)).remainder(classes);
    let corners = labels.one_hot(classes).to_kind(Kind::Float);
    let values = corners * 2.0 + Tensor::randn([count as i64, classes], (Kind::Float, Device::Cpu)) * 0.2;
    Features { values, labels }
}

/// Trains a classifier on one split and scores it on the other.
fn fit(
    train: &Features,
    test: &Features,
    classes: usize,
    recipe: &Recipe,
    steps: u64,
    seed: u64,
) -> Result<Evaluation> {
    train_head(train, classes, recipe, steps, &Streams::new(seed))?.score(test, classes)
}

#[test]
fn a_linear_head_learns_a_separable_problem() {
    let _alone = alone();
    let (train, test) = (separable(100, 5), separable(333, 5));
    let recipe = Recipe { lr: 0.5, ..recipe() };
    let result = fit(&train, &test, 5, &recipe, 100, 0).unwrap();
    assert_eq!((result.top1, result.mean_per_class), (1.0, 1.0));
    let again = fit(&train, &test, 5, &recipe, 100, 0).unwrap();
    assert_eq!(again, result);
    let other = fit(&train, &test, 5, &recipe, 100, 1).unwrap();
    assert_ne!(other.loss, result.loss);
}

#[test]
fn heads_learn_from_batches_larger_than_the_set() {
    let _alone = alone();
    let (train, test) = (separable(10, 3), separable(50, 3));
    let recipe = Recipe { lr: 0.5, batch: 64, ..recipe() };
    let result = fit(&train, &test, 3, &recipe, 60, 0).unwrap();
    assert_eq!(result.top1, 1.0);
}

#[test]
fn features_are_the_classifiers_inputs() {
    let _alone = alone();
    let model = small_model(4);
    let set = small_set(260);
    let features = extract_features(&model, &set).unwrap();
    let head = model.network().node(model.network().head().unwrap());
    let Op::Linear { in_features, .. } = head.op else { panic!("the head is a linear layer") };
    assert_eq!(features.values.size(), [260, in_features as i64]);
    assert!(!features.values.requires_grad());
    assert_eq!(Vec::<i64>::try_from(&features.labels).unwrap(), Vec::<i64>::try_from(set.labels()).unwrap());
    let (weight, bias) = (model.param(head.params[0]), model.param(head.params[1]));
    let whole = predict(&set, 4, |input| model.forward(input, &secateur_engine::Pass::default())).unwrap();
    let logits = features.values.linear(weight, Some(bias));
    assert_eq!(Vec::<i64>::try_from(logits.argmax(1, false)).unwrap(), whole.predictions);
    assert!(same(&features.values, &extract_features(&model, &set).unwrap().values));
}

#[test]
fn impossible_transfers_are_errors() {
    let _alone = alone();
    assert!(matches!(extract_features(&small_model(4), &small_set(0)), Err(Error::Data(_))));
    let (train, test) = (separable(10, 3), separable(10, 3));
    let empty = || Features {
        values: Tensor::zeros([0, 3], (Kind::Float, Device::Cpu)),
        labels: Tensor::zeros([0], (Kind::Int64, Device::Cpu)),
    };
    assert!(matches!(fit(&empty(), &test, 3, &recipe(), 5, 0), Err(Error::Data(_))));
    assert!(matches!(fit(&train, &empty(), 3, &recipe(), 5, 0), Err(Error::Data(_))));
    let batchless = Recipe { batch: 0, ..recipe() };
    assert!(matches!(fit(&train, &test, 3, &batchless, 5, 0), Err(Error::Data(_))));
    let wild = Recipe { lr: f64::MAX, ..recipe() };
    assert!(matches!(fit(&train, &test, 3, &wild, 20, 0), Err(Error::Diverged { .. })));
    // A set whose labels do not fit the head.
    assert!(fit(&train, &test, 2, &recipe(), 5, 0).is_err());
}

#[test]
fn the_head_reads_the_pictures_of_the_other_task() {
    let _alone = alone();
    // Dark and bright pictures: features of an untrained network suffice.
    let set = |count: usize| {
        let labels: Vec<u16> = (0..count).map(|index| (index % 2) as u16).collect();
        let pixels = labels.iter().flat_map(|label| vec![*label as u8 * 200 + 20; 3 * 64]).collect();
        DeviceSet::new(&Pictures { shape: [3, 8, 8], pixels, labels }, &task(3, 2), Device::Cpu).unwrap()
    };
    let model = small_model(4);
    let (train, test) =
        (extract_features(&model, &set(40)).unwrap(), extract_features(&model, &set(30)).unwrap());
    let result = fit(&train, &test, 2, &Recipe { lr: 0.1, ..recipe() }, 60, 0).unwrap();
    assert_eq!(result.top1, 1.0);
}

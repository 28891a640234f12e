//! The same bits every time, also after an interruption.

use secateur_checkpoint::Tensors;
use secateur_engine::{
    DeviceSet, Error, Layout, Model, NoHooks, Options, Position, Sgd, State, Streams, TrainSummary, Trainer,
};
use secateur_suite::Recipe;

use crate::support::{alone, bits, recipe, small_model, small_network, small_set};

const STEPS: u64 = 10;

struct Training {
    model: Model,
    sgd: Sgd,
    recipe: Recipe,
    set: DeviceSet,
}

impl Training {
    fn new(model: Model) -> Self {
        let recipe = recipe();
        let sgd = Sgd::new(&recipe, model.params().len());
        // 40 pictures in batches of 16: batches cross the ends of epochs.
        Self { model, sgd, recipe, set: small_set(40) }
    }

    fn train(&self, from: u64, steps: u64, streams: Streams) -> TrainSummary {
        let trainer =
            Trainer { model: &self.model, sgd: &self.sgd, data: &self.set, recipe: &self.recipe, streams };
        let position = Position { batch: from, schedule_step: from, ..Position::start(STEPS) };
        trainer.train(position, steps, &[], &mut NoHooks).unwrap()
    }

    fn state(&self) -> Tensors {
        State::of(&self.model, Some(&self.sgd)).to_tensors(&self.model).unwrap()
    }

    fn mask_a_half(&self) {
        let id = self.model.network().params()[0].id;
        let mask = self.model.param(id).detach().gt(0.0);
        self.model.set_mask(id, Some(&mask)).unwrap();
    }
}

fn trained(seed: u64, order: u64) -> Tensors {
    let training = Training::new(small_model(seed));
    training.train(0, STEPS, Streams::new(order));
    training.state()
}

#[test]
fn equal_seeds_give_equal_bits_and_zero_is_a_seed() {
    let _alone = alone();
    let zero = trained(0, 0);
    assert_eq!(trained(0, 0), zero);
    assert_ne!(trained(1, 0), zero);
    assert_ne!(trained(0, 1), zero);
    assert_eq!(trained(1, 0), trained(1, 0));
}

#[test]
fn initialization_is_a_function_of_its_stream_alone() {
    let _alone = alone();
    let init = |seed| State::of(&small_model(seed), None).to_tensors(&small_model(seed)).unwrap();
    let first = init(0);
    // Other draws, from libtorch's generator too, change nothing.
    trained(7, 7);
    tch::manual_seed(123);
    assert_eq!(init(0), first);
    assert_ne!(init(1), first);
    // Neither does the layout.
    let options = Options { layout: Layout::ChannelsLast, ..Options::default() };
    let last = Model::new(small_network(), options, &Streams::new(0)).unwrap();
    assert_eq!(State::of(&last, None).to_tensors(&last).unwrap(), first);
}

#[test]
fn a_resumed_training_ends_in_the_same_bits() {
    let _alone = alone();
    for layout in [Layout::Contiguous, Layout::ChannelsLast] {
        let options = Options { layout, ..Options::default() };
        let model = |seed| Model::new(small_network(), options, &Streams::new(seed)).unwrap();
        let whole = Training::new(model(0));
        whole.mask_a_half();
        whole.train(0, STEPS, Streams::new(3));

        let first = Training::new(model(0));
        first.mask_a_half();
        first.train(0, 4, Streams::new(3));
        let saved = first.state();
        drop(first);
        // Through bytes, into a network that was initialized otherwise.
        let second = Training::new(model(99));
        let state = State::from_tensors(&second.model, &saved).unwrap();
        state.restore(&second.model, Some(&second.sgd)).unwrap();
        assert_eq!(second.state(), saved);
        second.train(4, STEPS - 4, Streams::new(3));

        let (whole, second) = (whole.state(), second.state());
        assert!(whole.keys().any(|name| name.starts_with("optimizer.momentum.")));
        assert!(whole.keys().any(|name| name.starts_with("mask.")));
        for (name, tensor) in &whole {
            assert_eq!(tensor, &second[name], "{layout:?}: `{name}`");
        }
        assert_eq!(whole.len(), second.len());
    }
}

#[test]
fn a_state_is_a_copy() {
    let _alone = alone();
    let training = Training::new(small_model(0));
    let before = training.state();
    let state = State::of(&training.model, Some(&training.sgd));
    let clone = state.clone();
    let aliases: Vec<_> = training.model.params().iter().map(tch::Tensor::shallow_clone).collect();
    training.train(0, 3, Streams::new(0));
    assert_eq!(state.to_tensors(&training.model).unwrap(), before);
    assert_eq!(clone.to_tensors(&training.model).unwrap(), before);
    state.restore(&training.model, Some(&training.sgd)).unwrap();
    assert_eq!(training.state(), before);
    // Restoring wrote in place.
    for (alias, param) in aliases.iter().zip(training.model.params()) {
        assert_eq!(alias.data_ptr(), param.data_ptr());
        assert_eq!(bits(alias), bits(param));
    }
}

#[test]
fn weights_are_rewound_under_the_masks_that_are_there() {
    let _alone = alone();
    let training = Training::new(small_model(0));
    let start = State::of(&training.model, None);
    training.train(0, 3, Streams::new(0));
    training.mask_a_half();
    start.restore_weights(&training.model, Some(&training.sgd)).unwrap();
    let id = training.model.network().params()[0].id;
    let mask = training.model.mask(id).unwrap();
    assert_eq!(bits(training.model.param(id)), bits(&(start.param(id) * &mask)));
    // The state had no momentum, so there is none now.
    assert!(training.sgd.state().iter().all(Option::is_none));
}

#[test]
fn a_state_of_another_network_is_refused() {
    let _alone = alone();
    let model = small_model(0);
    let whole = State::of(&model, None).to_tensors(&model).unwrap();
    let mut partial = whole.clone();
    partial.remove("fc.bias");
    let error = State::from_tensors(&model, &partial).unwrap_err();
    assert!(matches!(&error, Error::MissingTensor(name) if name == "fc.bias"), "{error}");
    let mut misshapen = whole;
    misshapen.get_mut("fc.bias").unwrap().shape = vec![2, 2];
    let error = State::from_tensors(&model, &misshapen).unwrap_err();
    assert!(matches!(&error, Error::Shape { what, .. } if what == "`fc.bias`"), "{error}");
}

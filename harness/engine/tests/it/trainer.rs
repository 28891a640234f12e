//! The training loop: what it does is what its parts do, and it stops when it must.

use std::ops::ControlFlow;

use secateur_data::Pictures;
use secateur_engine::{
    Augmentation, Batches, Captured, DeviceSet, Error, Examples, ExtraParam, Model, NoHooks, Pass, Position,
    Sgd, StepChoice, StepHooks, Streams, Trainer, loss,
};
use secateur_suite::Recipe;
use tch::{Device, Kind, Tensor};

use crate::support::{alone, bits, pictures, recipe, same, small_model, small_set, task};

#[test]
fn a_trainer_is_its_parts_in_a_loop() {
    let _alone = alone();
    let recipe = recipe();
    let set = small_set(40);
    let by_hand = small_model(2);
    let sgd = Sgd::new(&recipe, by_hand.params().len());
    let augmentation = Augmentation { shift: recipe.shift, flip: recipe.flip, ..Augmentation::default() };
    let batches = Batches::new(&set, Streams::new(4), 16, augmentation).unwrap();
    let mut losses = Vec::new();
    for step in 0..6 {
        let (input, target) = batches.get(step).unwrap();
        let output = by_hand.forward(&input, &Pass { train: true, ..Pass::default() }).unwrap();
        let loss = loss(&output, &target, recipe.label_smoothing).unwrap();
        losses.push(loss.double_value(&[]));
        by_hand.zero_grad();
        by_hand.backward(&loss, &[]).unwrap();
        sgd.step(&by_hand, recipe.lr_at(step, 6)).unwrap();
    }

    let model = small_model(2);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
    let summary = trainer.train(Position::start(6), 6, &[], &mut NoHooks).unwrap();
    for (a, b) in model.params().iter().zip(by_hand.params()) {
        assert!(same(a, b));
    }
    assert_eq!(summary.steps, 6);
    assert!((summary.loss - losses.iter().sum::<f64>() / 6.0).abs() < 1e-12);
    assert!((0.0..=1.0).contains(&summary.accuracy));
}

#[test]
fn training_learns() {
    let _alone = alone();
    let recipe = Recipe { shift: 0, flip: false, ..recipe() };
    let set = small_set(64);
    let model = small_model(2);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
    trainer.train(Position::start(40), 40, &[], &mut NoHooks).unwrap();
    let result = secateur_engine::evaluate(&model, &set, 4).unwrap();
    assert!(result.top1 > 0.95, "{}", result.top1);
}

#[test]
fn no_step_changes_nothing() {
    let _alone = alone();
    let recipe = recipe();
    let set = small_set(40);
    let model = small_model(2);
    let before: Vec<_> = model.params().iter().map(bits).collect();
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
    let summary = trainer.train(Position::start(0), 0, &[], &mut NoHooks).unwrap();
    assert_eq!(summary.steps, 0);
    assert!(summary.loss.is_nan() && summary.accuracy.is_nan());
    assert_eq!(model.params().iter().map(bits).collect::<Vec<_>>(), before);
}

#[test]
fn a_loss_that_is_not_a_number_is_an_error() {
    let _alone = alone();
    let recipe = Recipe { lr: 1e12, ..recipe() };
    let set = small_set(40);
    let model = small_model(2);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
    let error = trainer.train(Position::start(20), 20, &[], &mut NoHooks).unwrap_err();
    assert!(matches!(error, Error::Diverged { step: 20, .. }), "{error}");
}

#[test]
fn impossible_data_is_an_error() {
    let _alone = alone();
    let set = |pictures: &Pictures| DeviceSet::new(pictures, &task(3, 4), Device::Cpu);
    let good = pictures(8, [3, 8, 8], 4);
    assert_eq!(set(&good).unwrap().len(), 8);
    let mut outside = good.clone();
    outside.labels[3] = 4;
    let error = set(&outside).unwrap_err().to_string();
    assert!(error.contains("label 4 lies outside its 4 classes"), "{error}");
    let mut short = good.clone();
    short.pixels.pop();
    assert!(matches!(set(&short), Err(Error::Data(_))));
    let mut info = task(3, 4);
    info.std.pop();
    assert!(matches!(DeviceSet::new(&good, &info, Device::Cpu), Err(Error::Data(_))));

    let empty = small_set(0);
    assert!(empty.is_empty());
    let recipe = recipe();
    let model = small_model(2);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer =
        Trainer { model: &model, sgd: &sgd, data: &empty, recipe: &recipe, streams: Streams::new(4) };
    assert!(matches!(trainer.train(Position::start(1), 1, &[], &mut NoHooks), Err(Error::Data(_))));
    let full = small_set(8);
    assert!(Batches::new(&full, Streams::new(0), 0, Augmentation::default()).is_err());
}

/// Takes part everywhere.
#[derive(Default)]
struct Everywhere {
    calls: Vec<&'static str>,
    skip: bool,
    captured: Captured,
    scale: Option<Tensor>,
}

impl StepHooks for Everywhere {
    fn before_step(&mut self, _: u64) -> secateur_engine::Result<()> {
        self.calls.push("before");
        Ok(())
    }

    fn effective_weights(&mut self, model: &Model) -> secateur_engine::Result<Option<Vec<Option<Tensor>>>> {
        self.calls.push("effective");
        let Some(scale) = &self.scale else { return Ok(None) };
        let mut all: Vec<Option<Tensor>> = model.params().iter().map(|_| None).collect();
        all[0] = Some(&model.params()[0] * scale);
        Ok(Some(all))
    }

    fn captured(&self) -> Option<&Captured> {
        Some(&self.captured)
    }

    fn batch(&mut self, input: &Tensor, target: &Tensor) {
        self.calls.push("batch");
        assert_eq!((input.size()[0], target.size()), (16, vec![16]));
    }

    fn extra_loss(&mut self, _: u64) -> secateur_engine::Result<Option<Tensor>> {
        self.calls.push("loss");
        Ok(self.scale.as_ref().map(|scale| scale.square().sum(Kind::Float) * 0.01))
    }

    fn after_backward(&mut self, _: u64) -> secateur_engine::Result<StepChoice> {
        self.calls.push("backward");
        Ok(if self.skip { StepChoice::Skip } else { StepChoice::Step })
    }

    fn after_step(&mut self, step: u64) -> secateur_engine::Result<ControlFlow<()>> {
        self.calls.push("after");
        if step == 1 { Err(Error::Cancelled) } else { Ok(ControlFlow::Continue(())) }
    }
}

#[test]
fn hooks_are_called_in_order_and_can_stop_training() {
    let _alone = alone();
    let recipe = recipe();
    let set = small_set(40);
    let model = small_model(2);
    let before: Vec<_> = model.params().iter().map(bits).collect();
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
    let mut hooks = Everywhere { skip: true, ..Everywhere::default() };
    let error = trainer.train(Position::start(5), 5, &[], &mut hooks).unwrap_err();
    assert!(matches!(error, Error::Cancelled));
    let once = ["before", "batch", "effective", "loss", "backward", "after"];
    assert_eq!(hooks.calls, [once, once].concat());
    // Every step was skipped.
    assert_eq!(model.params().iter().map(bits).collect::<Vec<_>>(), before);
    assert!(sgd.state().iter().all(Option::is_none));
}

/// Ends training after a step.
struct Until(u64);

impl StepHooks for Until {
    fn after_step(&mut self, step: u64) -> secateur_engine::Result<ControlFlow<()>> {
        Ok(if step == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

#[test]
fn a_training_that_a_hook_stops_is_the_beginning_of_the_whole_one() {
    let _alone = alone();
    let recipe = recipe();
    let set = small_set(40);
    let train = |steps: u64, hooks: &mut dyn StepHooks| {
        let model = small_model(2);
        let sgd = Sgd::new(&recipe, model.params().len());
        let trainer =
            Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
        let summary = trainer.train(Position::start(7), steps, &[], hooks).unwrap();
        (summary, model.params().iter().map(bits).collect::<Vec<_>>())
    };
    // Loss and accuracy are means over the steps that were trained.
    assert_eq!(train(7, &mut Until(2)), train(3, &mut NoHooks));
    assert_eq!(train(7, &mut Until(9)), train(7, &mut NoHooks));
}

#[test]
fn extra_parameters_train_along() {
    let _alone = alone();
    let recipe = recipe();
    let set = small_set(40);
    let model = small_model(2);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
    let scale = Tensor::ones([1], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let unused = Tensor::ones([2], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let extra = [ExtraParam::new(scale.shallow_clone(), 0.0), ExtraParam::new(unused.shallow_clone(), 0.5)];
    let mut hooks = Everywhere { scale: Some(scale.shallow_clone()), ..Everywhere::default() };
    let weight = bits(&model.params()[0]);
    trainer.train(Position::start(1), 1, &extra, &mut hooks).unwrap();
    assert_ne!(scale.double_value(&[0]), 1.0);
    assert_ne!(bits(&model.params()[0]), weight);
    // What the loss does not depend on is left alone, decay included.
    assert_eq!(bits(&unused), bits(&unused.ones_like()));
}

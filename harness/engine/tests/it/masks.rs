//! What is masked stays zero, whatever the optimizer holds.

use std::ops::ControlFlow;

use secateur_engine::{
    Error, ExtraParam, Model, NoHooks, Position, Sgd, StepChoice, StepHooks, Streams, Trainer, count_kept,
};
use secateur_network::{ParamId, ParamRole};
use tch::{Device, Kind, Tensor};

use crate::support::{alone, bits, floats, recipe, same, small_model, small_set};

/// Keeps every third weight of each convolution.
fn mask_thirds(model: &Model) -> Vec<(ParamId, Tensor)> {
    let specs = model.network().params().iter().filter(|spec| spec.role == ParamRole::ConvWeight);
    let masks: Vec<(ParamId, Tensor)> = specs
        .map(|spec| {
            let flags: Vec<u8> = (0..spec.numel()).map(|index| u8::from(index % 3 == 0)).collect();
            let shape = model.param(spec.id).size();
            (spec.id, Tensor::from_slice(&flags).view(&shape[..]).to_kind(Kind::Bool))
        })
        .collect();
    for (id, mask) in &masks {
        model.set_mask(*id, Some(mask)).unwrap();
    }
    masks
}

fn assert_masked(masks: &[(ParamId, Tensor)], value: impl Fn(ParamId) -> Tensor, what: &str) {
    for (id, mask) in masks {
        // Bits, so that not even a minus zero from a product with a negative weight is taken for a change.
        let outside = value(*id).masked_select(&mask.logical_not());
        assert!(floats(&outside).iter().all(|value| *value == 0.0), "{what}: parameter {}", id.0);
    }
}

/// Fails at the first step after which a masked weight is not zero.
struct Watch<'a> {
    model: &'a Model,
    masks: &'a [(ParamId, Tensor)],
    dense_gradients: u64,
}

impl StepHooks for Watch<'_> {
    fn after_backward(&mut self, _: u64) -> secateur_engine::Result<StepChoice> {
        let (id, mask) = &self.masks[0];
        let outside = self.model.grad(*id).unwrap().masked_select(&mask.logical_not());
        self.dense_gradients += u64::from(floats(&outside).iter().any(|value| *value != 0.0));
        Ok(StepChoice::Step)
    }

    fn after_step(&mut self, step: u64) -> secateur_engine::Result<ControlFlow<()>> {
        assert_masked(self.masks, |id| self.model.param(id).detach(), &format!("after step {step}"));
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn masked_weights_stay_zero_through_momentum_and_decay() {
    let _alone = alone();
    let set = small_set(40);
    let recipe = recipe();
    let model = small_model(5);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(1) };
    // Momentum of the dense network comes first: it must not move weights that are masked later.
    trainer.train(Position::start(30), 10, &[], &mut NoHooks).unwrap();
    let masks = mask_thirds(&model);
    let mut watch = Watch { model: &model, masks: &masks, dense_gradients: 0 };
    let position = Position { batch: 10, schedule_step: 10, ..Position::start(30) };
    trainer.train(position, 20, &[], &mut watch).unwrap();
    assert_eq!(watch.dense_gradients, 20, "hooks see gradients of masked weights too");
    assert_masked(&masks, |id| model.param(id).detach(), "after training");
    for (id, mask) in &masks {
        assert_eq!(count_kept(mask).unwrap(), count_kept(&model.mask(*id).unwrap()).unwrap());
        let kept = model.param(*id).detach().masked_select(mask);
        assert!(floats(&kept).iter().any(|value| *value != 0.0));
    }
}

#[test]
fn masked_weights_gather_no_momentum() {
    let _alone = alone();
    let set = small_set(40);
    let recipe = recipe();
    let model = small_model(5);
    let masks = mask_thirds(&model);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(1) };
    trainer.train(Position::start(5), 5, &[], &mut NoHooks).unwrap();
    let momentum = sgd.state();
    assert_masked(&masks, |id| momentum[id.index()].as_ref().unwrap().shallow_clone(), "momentum");
}

#[test]
fn a_lifted_mask_lets_weights_grow_from_zero() {
    let _alone = alone();
    let model = small_model(5);
    let masks = mask_thirds(&model);
    let (id, mask) = &masks[0];
    let before = bits(model.param(*id));
    model.set_mask(*id, None).unwrap();
    assert!(model.mask(*id).is_none());
    assert_eq!(bits(model.param(*id)), before);
    // Any kind of mask, in place of another; what it newly keeps is still zero.
    model.set_mask(*id, Some(&mask.logical_not().to_kind(Kind::Int64))).unwrap();
    assert!(floats(model.param(*id)).iter().all(|value| *value == 0.0));
}

#[test]
fn a_mask_of_another_shape_is_an_error() {
    let _alone = alone();
    let model = small_model(5);
    let id = model.network().params()[0].id;
    let error = model.set_mask(id, Some(&Tensor::ones([3], (Kind::Float, Device::Cpu)))).unwrap_err();
    assert!(matches!(&error, Error::Shape { what, .. } if what.contains("conv1.weight")), "{error}");
}

#[test]
fn momentum_is_forgotten_where_asked_and_nowhere_else() {
    let _alone = alone();
    let set = small_set(40);
    let recipe = recipe();
    let model = small_model(5);
    let sgd = Sgd::new(&recipe, model.params().len());
    let id = model.network().params()[0].id;
    let mask = model.param(id).detach().gt(0.0);
    // Before the first step there is nothing to forget.
    sgd.reset_where(id, &mask).unwrap();
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(1) };
    trainer.train(Position::start(3), 3, &[], &mut NoHooks).unwrap();
    let before = sgd.state();
    sgd.reset_where(id, &mask).unwrap();
    let after = sgd.state();
    for (index, (before, after)) in before.iter().zip(&after).enumerate() {
        let (before, after) = (before.as_ref().unwrap(), after.as_ref().unwrap());
        if index == id.index() {
            let expected = before.masked_fill(&mask, 0.0);
            assert!(same(after, &expected) && !same(after, before));
        } else {
            assert!(same(after, before));
        }
    }
    let wrong = Tensor::ones([1, 2], (Kind::Bool, Device::Cpu));
    assert!(matches!(sgd.reset_where(id, &wrong), Err(Error::Shape { .. })));
    sgd.reset();
    assert!(sgd.state().iter().all(Option::is_none));
}

#[test]
fn a_step_leaves_gradients_as_they_were() {
    let _alone = alone();
    // The weight in use is the sum of a parameter and of an extra one: both have one gradient, in one storage.
    let set = small_set(40);
    let recipe = recipe();
    let model = small_model(5);
    mask_thirds(&model);
    let sgd = Sgd::new(&recipe, model.params().len());
    let id = model.network().params()[0].id;
    let delta = model.param(id).detach().zeros_like().set_requires_grad(true);
    let extra = ExtraParam::new(delta, 0.0);
    let (input, target) = set.range(0, 16).unwrap();
    let mut effective: Vec<Option<Tensor>> = model.params().iter().map(|_| None).collect();
    effective[id.index()] = Some(model.param(id) + &extra.tensor);
    let pass = secateur_engine::Pass { train: true, effective: Some(&effective), ..Default::default() };
    let loss = secateur_engine::loss(&model.forward(&input, &pass).unwrap(), &target, 0.0).unwrap();
    let mut extra_grads = model.backward(&loss, &[&extra.tensor]).unwrap();
    let grads: Vec<Vec<u32>> =
        model.network().params().iter().map(|spec| bits(&model.grad(spec.id).unwrap())).collect();
    let extra_grad = extra_grads.remove(0);
    let expected = extra_grad.copy();
    sgd.step(&model, 0.1).unwrap();
    assert!(same(&extra_grad, &expected));
    for (spec, before) in model.network().params().iter().zip(&grads) {
        assert_eq!(&bits(&model.grad(spec.id).unwrap()), before, "{}", spec.name);
    }
    sgd.step_extra(&extra, &extra_grad, 0.1).unwrap();
    // Nesterov's first step without decay: the gradient and momentum times the gradient.
    let step = expected * (-0.1 * (1.0 + recipe.momentum));
    crate::support::assert_close(&extra.tensor, &step, 1e-6, "the extra parameter");
}

#[test]
fn an_optimizer_of_another_network_is_an_error() {
    let _alone = alone();
    let model = small_model(5);
    let sgd = Sgd::new(&recipe(), model.params().len() - 1);
    assert!(sgd.step(&model, 0.1).is_err());
}

//! `train`: trains the upstream network and keeps what tickets may rewind to.

use std::sync::Arc;

use secateur_data::Split;
use secateur_engine::{Model, Sgd, State, Streams, Trainer};
use secateur_store::TrainFacts;
use secateur_suite::TrainSpec;

use crate::order::Order;
use crate::stages::Ended;
use crate::{training, weights};

pub(crate) fn run(order: &Order, spec: &TrainSpec) -> anyhow::Result<Ended> {
    let info = order.task("trainval")?;
    let shape = order.shape("trainval", Split::Train)?;
    let network = weights::network(&spec.network, &info, shape)?;
    let streams = Streams::new(spec.seed);
    let model = Model::new(Arc::clone(&network), order.options(), &streams)?;
    if let Some(path) = order.optional_input("backbone") {
        let taken = weights::load_matching(&model, path)?;
        tracing::info!(
            taken = taken.len(),
            of = model.params().len(),
            "parameters begin from {}",
            path.display()
        );
    }
    let sgd = Sgd::new(&spec.recipe, model.params().len());
    weights::write(
        &model,
        &State::of(&model, None),
        weights::Form::Whole,
        &order.output("init.safetensors"),
    )?;
    let objective = |split| order.objective(("trainval", split), &info, &model, Some(&spec.recipe), streams);
    let data = objective(Split::Train)?;
    let steps = spec.length.steps(spec.recipe.batch, data.len() as u64);
    let trainer = Trainer { model: &model, sgd: &sgd, data: &*data, recipe: &spec.recipe, streams };
    for step in &spec.keep_steps {
        anyhow::ensure!(*step < steps, "step {step} is to be kept, but training has only {steps} steps");
    }
    let summary = training::train(order, &trainer, steps, &spec.keep_steps, |step| {
        let state = State::of(&model, Some(&sgd));
        weights::write(
            &model,
            &state,
            weights::Form::Whole,
            &order.output(&format!("step-{step}.safetensors")),
        )
    })?;
    weights::write(&model, &State::of(&model, None), weights::Form::Whole, &order.output("end.safetensors"))?;
    let validation = objective(Split::Validation)?;
    let validation = if validation.is_empty() { None } else { Some(validation.score(&model)?.metric) };
    let loss = summary.map_or(0.0, |summary| summary.loss);
    let mut ended = Ended::ok(TrainFacts { steps, loss, validation })?
        .with("init", "init.safetensors")
        .with("end", "end.safetensors");
    for step in &spec.keep_steps {
        ended = ended.with(&format!("step-{step}"), &format!("step-{step}.safetensors"));
    }
    Ok(ended)
}

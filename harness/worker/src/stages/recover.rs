//! `recover`: spends what a method left of its allowance on training with fixed masks, then recalibrates.

use secateur_data::Split;
use secateur_engine::{Sgd, State, Streams, Trainer, recalibrate};
use secateur_store::RecoverFacts;
use secateur_suite::RecoverSpec;

use crate::order::Order;
use crate::stages::Ended;
use crate::training;
use crate::weights::{self, Form};
use secateur_validate::kept_units;

pub(crate) fn run(order: &Order, spec: &RecoverSpec) -> anyhow::Result<Ended> {
    let info = order.task("trainval")?;
    let shape = order.shape("trainval", Split::Train)?;
    let network = weights::network(&spec.network, &info, shape)?;
    let path = order.input("weights")?;
    let mut model = weights::load(order, &network, path)?;
    let mut form = Form::Whole;
    if spec.compact {
        let groups = network.channel_groups();
        let kept = kept_units(&network, &groups, &weights::read_for(&network, path)?)?;
        model = model.compacted(&network.surgery(&groups, &kept)?)?;
        form = Form::Compacted;
    }
    let streams = Streams::new(spec.seed);
    let objective =
        |split| order.objective(("trainval", split), &info, &model, spec.recipe.as_ref(), streams);
    let data = objective(Split::Train)?;
    let mut steps = 0;
    if let Some(recipe) = &spec.recipe {
        steps = spec.samples / u64::from(recipe.batch);
        let sgd = Sgd::new(recipe, model.params().len());
        let trainer = Trainer { model: &model, sgd: &sgd, data: &*data, recipe, streams };
        training::train(order, &trainer, steps, &[], |_| Ok(()))?;
    }
    recalibrate(&model, &*data, spec.recalibrate, &streams)?;
    let leaked = weights::leaked(&model)?;
    anyhow::ensure!(leaked == 0, "{leaked} weights under a mask are not zero after recovery");
    weights::write(&model, &State::of(&model, None), form, &order.output("weights.safetensors"))?;
    let validation = objective(Split::Validation)?;
    // What a projection says can be scored as the recipe's objective alone, and there may be none.
    let answers = spec.recipe.is_some() || network.projection().is_none();
    let scored = answers && !validation.is_empty();
    let validation = if scored { Some(validation.score(&model)?.metric) } else { None };
    let samples = spec.recipe.as_ref().map_or(0, |recipe| steps * u64::from(recipe.batch));
    let facts = RecoverFacts { samples, steps, recalibrated: spec.recalibrate, validation, leaked };
    Ok(Ended::ok(facts)?.with("weights", "weights.safetensors"))
}

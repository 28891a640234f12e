//! `transfer`: adapts a network to another task, linearly or in full, and scores it there, once. The task may be one of
//! detection, and the network another one that has the pruned network's layers.

use secateur_data::pack::AnyInfo;
use secateur_data::{Split, TaskInfo};
use secateur_engine::{Evaluation, Examples, Sgd, Streams, Trainer, evaluate, train_head};
use secateur_suite::{RegimeKind, Select, TransferSpec};

use crate::best::{self, Best};
use crate::features::Reader;
use crate::order::{Order, Seen};
use crate::stages::Ended;
use crate::stages::evaluate::{Training, detection, scored};
use crate::{training, weights};

pub(crate) fn run(order: &Order, spec: &TransferSpec) -> anyhow::Result<Ended> {
    let any = order.task("trainval")?;
    match (spec.regime, &any) {
        (RegimeKind::Full, _) => full(order, spec, &any),
        (RegimeKind::Linear, AnyInfo::Classes(info)) => linear(order, spec, info),
        (RegimeKind::Linear, AnyInfo::Boxes(_)) => {
            anyhow::bail!("task {} has boxes, and no linear classifier answers with them", any.id())
        }
    }
}

/// Trains a classifier on features that a stage before this one has extracted.
fn linear(order: &Order, spec: &TransferSpec, info: &TaskInfo) -> anyhow::Result<Ended> {
    let classes = info.classes.len();
    let features = Reader::open(order)?;
    let train = features.required(Split::Train)?;
    let steps = spec.length.steps(spec.recipe.batch, train.labels.numel() as u64);
    let head = train_head(&train, classes, &spec.recipe, steps, &Streams::new(spec.seed))?;
    let score = |result: Evaluation| result.score(info.metric);
    let validation = features.optional(Split::Validation)?;
    let validated = validation.map(|it| head.score(&it, classes).map(score)).transpose()?;
    let result = head.score(&features.required(Split::Test)?, classes)?;
    // Features of a network with weights under a mask are never written.
    scored(order, info, &result, Training { validated, steps, leaked: 0 })
}

/// Trains everything that remains; the masks stay.
fn full(order: &Order, spec: &TransferSpec, any: &AnyInfo) -> anyhow::Result<Ended> {
    let shape = order.shape("trainval", Split::Train)?;
    let streams = Streams::new(spec.seed);
    let path = order.optional_input("weights");
    let model = match (&spec.from, path) {
        (Some(_), Some(path)) => weights::load_shared(order, &spec.network, any, shape, path, &streams)?,
        _ => weights::load_body(order, &spec.network, any, shape, path, &streams)?,
    };
    let network = model.network();
    let recipe = Some(&spec.recipe);
    let seen = Seen { recipe, normalize: spec.normalize, interpolation: spec.interpolation };
    let train = order.examples("trainval", Split::Train, any, network, &seen)?;
    let seen = Seen { recipe: None, ..seen };
    let validation = order.examples("trainval", Split::Validation, any, network, &seen)?;
    let steps = spec.length.steps(spec.recipe.batch, train.len() as u64);
    let sgd = Sgd::new(&spec.recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &*train, recipe: &spec.recipe, streams };
    let validated = match spec.select {
        Select::Last => {
            training::train(order, &trainer, steps, &[], |_| Ok(()))?;
            if validation.is_empty() { None } else { Some(validation.score(&model)?.metric) }
        }
        Select::BestValidation => Some(train_to_best(order, &trainer, &*validation, steps)?),
    };
    // The audit: fine-tuning must not have brought anything back.
    let leaked = weights::leaked(&model)?;
    anyhow::ensure!(leaked == 0, "{leaked} weights under a mask are not zero after fine-tuning");
    let training = Training { validated, steps, leaked };
    match any {
        AnyInfo::Classes(info) => {
            let test = order.pictures("test", Split::Test, info, &seen)?;
            scored(order, info, &evaluate(&model, &*test, info.classes.len())?, training)
        }
        AnyInfo::Boxes(info) => {
            let test = order.scenes("test", Split::Test, info, network)?;
            detection::run(order, info, &model, &test, training)
        }
    }
}

/// Trains, and makes the model the one that was best on the validation split at the end of an epoch. Returns its score there.
fn train_to_best(
    order: &Order,
    trainer: &Trainer<'_>,
    validation: &dyn Examples,
    steps: u64,
) -> anyhow::Result<f64> {
    anyhow::ensure!(!validation.is_empty(), "the task has no validation split to choose a network on");
    let stops = best::ends_of_epochs(trainer.data.len() as u64, trainer.recipe.batch, steps);
    let mut best = Best::open(order, trainer.model, validation);
    if best.is_empty() {
        // A checkpoint alone does not know what was best before it.
        training::forget(order);
    }
    training::train(order, trainer, steps, &stops, |step| best.look(step))?;
    let (step, score) = best.restore()?;
    order.event(&serde_json::json!({"event": "selected", "step": step, "of": steps, "validation": score}));
    Ok(score)
}

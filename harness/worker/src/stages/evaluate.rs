//! `evaluate`: scores a network on the test split of the task it was trained on, or on its validation split.

use std::collections::BTreeMap;

use secateur_checkpoint::{Dtype, TensorData, write_safetensors};
use secateur_data::pack::AnyInfo;
use secateur_data::{Split, TaskInfo};
use secateur_engine::{Evaluation, evaluate};
use secateur_store::ScoreFacts;
use secateur_suite::{EvaluateSpec, ScoredSplit};

use crate::order::{Order, Seen};
use crate::stages::Ended;
use crate::weights;

pub(super) mod detection;

pub(crate) fn run(order: &Order, spec: &EvaluateSpec) -> anyhow::Result<Ended> {
    let (pack, split) = match spec.split {
        ScoredSplit::Test => ("test", Split::Test),
        ScoredSplit::Validation => ("trainval", Split::Validation),
    };
    let info = order.task(pack)?;
    anyhow::ensure!(
        spec.network.projection.is_none(),
        "network {} ends in a projection and tells no classes of task {}; it can be scored by transfer alone",
        spec.network.name,
        info.id()
    );
    let network = weights::network(&spec.network, &info, order.shape(pack, split)?)?;
    let model = weights::load(order, &network, order.input("weights")?)?;
    let training = Training { validated: None, steps: 0, leaked: weights::leaked(&model)? };
    match &info {
        AnyInfo::Classes(info) => {
            let test = order.pictures(pack, split, info, &Seen::default())?;
            let result = evaluate(&model, &*test, info.classes.len())?;
            scored(order, info, &result, training)
        }
        AnyInfo::Boxes(info) => {
            detection::run(order, info, &model, &order.scenes(pack, split, info, &network)?, training)
        }
    }
}

/// What came before scoring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Training {
    /// Metric on the validation split, if there is one.
    pub(super) validated: Option<f64>,
    /// Steps trained on the task.
    pub(super) steps: u64,
    /// Weights under a mask that are not zero.
    pub(super) leaked: u64,
}

/// Facts and predictions of a scored test split.
pub(super) fn scored(
    order: &Order,
    info: &TaskInfo,
    result: &Evaluation,
    training: Training,
) -> anyhow::Result<Ended> {
    let predictions: Vec<u8> =
        result.predictions.iter().flat_map(|class| (*class as i32).to_le_bytes()).collect();
    let data = TensorData::new(Dtype::I32, vec![result.predictions.len()], predictions)?;
    let tensors = BTreeMap::from([("predictions".to_owned(), data)]);
    write_safetensors(&order.output("predictions.safetensors"), &tensors, &BTreeMap::new())?;
    let facts = ScoreFacts {
        task: info.id.clone(),
        task_version: info.version,
        metric: info.metric.name().to_owned(),
        score: result.score(info.metric),
        top1: Some(result.top1),
        mean_per_class: Some(result.mean_per_class),
        detection: None,
        loss: result.loss,
        pictures: result.predictions.len() as u64,
        classes: info.classes.len() as u64,
        validation: training.validated,
        steps: training.steps,
        leaked: training.leaked,
    };
    Ok(Ended::ok(facts)?.with("predictions", "predictions.safetensors"))
}

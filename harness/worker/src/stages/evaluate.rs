//! `evaluate`: scores a network on the test split of the task it was trained on, or on its validation split.

use std::collections::BTreeMap;

use secateur_checkpoint::{Dtype, TensorData, write_safetensors};
use secateur_data::pack::AnyInfo;
use secateur_data::{Split, TaskInfo};
use secateur_engine::{Evaluation, evaluate};
use secateur_store::ScoreFacts;
use secateur_suite::{EvaluateSpec, ScoredSplit};

use crate::order::Order;
use crate::stages::Ended;
use crate::weights;

mod detection;

pub(crate) fn run(order: &Order, spec: &EvaluateSpec) -> anyhow::Result<Ended> {
    let (pack, split) = match spec.split {
        ScoredSplit::Test => ("test", Split::Test),
        ScoredSplit::Validation => ("trainval", Split::Validation),
    };
    let info = order.task(pack)?;
    let network = weights::network(&spec.network, &info, order.shape(pack, split)?)?;
    let model = weights::load(order, &network, order.input("weights")?)?;
    let leaked = weights::leaked(&model)?;
    match &info {
        AnyInfo::Classes(info) => {
            let test = order.pictures(pack, split, info)?;
            let result = evaluate(&model, &test, info.classes.len())?;
            scored(order, info, &result, None, 0, leaked)
        }
        AnyInfo::Boxes(info) => {
            detection::run(order, info, &model, &order.scenes(pack, split, info, &network)?, leaked)
        }
    }
}

/// Facts and predictions of a scored test split.
pub(crate) fn scored(
    order: &Order,
    info: &TaskInfo,
    result: &Evaluation,
    validation: Option<f64>,
    steps: u64,
    leaked: u64,
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
        validation,
        steps,
        leaked,
    };
    Ok(Ended::ok(facts)?.with("predictions", "predictions.safetensors"))
}

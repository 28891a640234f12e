//! `transfer`: adapts a network to another task, linearly or in full, and scores it there, once.

use secateur_data::Split;
use secateur_engine::{Sgd, Streams, Trainer, evaluate, extract_features, train_head};
use secateur_suite::{RegimeKind, TransferSpec};

use crate::order::Order;
use crate::stages::Ended;
use crate::stages::evaluate::scored;
use crate::{training, weights};

pub(crate) fn run(order: &Order, spec: &TransferSpec) -> anyhow::Result<Ended> {
    let info = order.task("trainval")?;
    let classes = info.classes.len();
    let pictures = order.pictures("trainval", Split::Train)?;
    let streams = Streams::new(spec.seed);
    let model = weights::load_body(
        order,
        &spec.network,
        &info,
        pictures.shape,
        order.optional_input("weights"),
        &streams,
    )?;
    let train = secateur_engine::DeviceSet::new(&pictures, &info, order.device)?;
    let validation = order.set("trainval", Split::Validation, &info)?;
    let test = order.set("test", Split::Test, &order.task("test")?)?;
    let steps = spec.length.steps(spec.recipe.batch, train.len() as u64);
    let (result, validated) = match spec.regime {
        RegimeKind::Linear => {
            let features = extract_features(&model, &train)?;
            let head = train_head(&features, classes, &spec.recipe, steps, &streams)?;
            let validated = if validation.is_empty() {
                None
            } else {
                Some(head.score(&extract_features(&model, &validation)?, classes)?.score(info.metric))
            };
            (head.score(&extract_features(&model, &test)?, classes)?, validated)
        }
        RegimeKind::Full => {
            let sgd = Sgd::new(&spec.recipe, model.params().len());
            let trainer = Trainer { model: &model, sgd: &sgd, data: &train, recipe: &spec.recipe, streams };
            training::train(order, &trainer, steps, &[], |_| Ok(()))?;
            let validated = if validation.is_empty() {
                None
            } else {
                Some(evaluate(&model, &validation, classes)?.score(info.metric))
            };
            (evaluate(&model, &test, classes)?, validated)
        }
    };
    // The audit: fine-tuning must not have brought anything back.
    let leaked = weights::leaked(&model)?;
    anyhow::ensure!(leaked == 0, "{leaked} weights under a mask are not zero after fine-tuning");
    scored(order, &info, &result, validated, steps, leaked)
}

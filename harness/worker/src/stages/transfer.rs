//! `transfer`: adapts a network to another task, linearly or in full, and scores it there, once.

use secateur_data::Split;
use secateur_data::pack::AnyInfo;
use secateur_engine::{Examples, Sgd, Streams, Trainer, evaluate, extract_features, train_head};
use secateur_suite::{RegimeKind, TransferSpec};

use crate::order::Order;
use crate::stages::Ended;
use crate::stages::evaluate::scored;
use crate::{training, weights};

pub(crate) fn run(order: &Order, spec: &TransferSpec) -> anyhow::Result<Ended> {
    let any = order.task("trainval")?;
    let AnyInfo::Classes(info) = &any else {
        anyhow::bail!("task {} has boxes, and transfer replaces a classifier", any.id());
    };
    let classes = info.classes.len();
    let shape = order.shape("trainval", Split::Train)?;
    let streams = Streams::new(spec.seed);
    let model =
        weights::load_body(order, &spec.network, &any, shape, order.optional_input("weights"), &streams)?;
    let train = order.pictures("trainval", Split::Train, info)?;
    let validation = order.pictures("trainval", Split::Validation, info)?;
    let test = order.pictures("test", Split::Test, info)?;
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
    scored(order, info, &result, validated, steps, leaked)
}

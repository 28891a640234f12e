//! `extract`: runs a task's pictures through a network up to its classifier, with the transform of the test split, once
//! for all linear classifiers on them (2111.13445, linear transfer).

use secateur_data::Split;
use secateur_data::pack::AnyInfo;
use secateur_engine::{Streams, extract_features};
use secateur_store::ExtractFacts;
use secateur_suite::ExtractSpec;

use crate::order::{Order, Seen};
use crate::stages::Ended;
use crate::{features, weights};

pub(crate) fn run(order: &Order, spec: &ExtractSpec) -> anyhow::Result<Ended> {
    let any = order.task("trainval")?;
    let AnyInfo::Classes(info) = &any else {
        anyhow::bail!("task {} has boxes, and transfer replaces a classifier", any.id());
    };
    let shape = order.shape("trainval", Split::Train)?;
    let path = order.optional_input("weights");
    let streams = match (path, spec.seed) {
        (_, Some(seed)) => Streams::new(seed),
        // The new classifier is drawn, and not used.
        (Some(_), None) => Streams::new(0),
        (None, None) => {
            anyhow::bail!("the order has neither weights nor a seed to draw an initialization from")
        }
    };
    let model = weights::load_body(order, &spec.network, &any, shape, path, &streams)?;
    let leaked = weights::leaked(&model)?;
    anyhow::ensure!(leaked == 0, "{leaked} weights under a mask are not zero");
    let seen = Seen { normalize: spec.normalize, interpolation: spec.interpolation, recipe: None };
    let mut splits = Vec::new();
    for (pack, split) in [("trainval", Split::Train), ("trainval", Split::Validation), ("test", Split::Test)]
    {
        let pictures = order.pictures(pack, split, info, &seen)?;
        if pictures.is_empty() && split == Split::Validation {
            continue;
        }
        splits.push((split, extract_features(&model, &*pictures)?));
    }
    features::write(order, &splits)?;
    let width = splits.first().map_or(0, |(_, features)| features.values.size().get(1).copied().unwrap_or(0));
    let pictures = splits.iter().map(|(_, features)| features.labels.numel() as u64).sum();
    let facts = ExtractFacts { task: info.id.clone(), pictures, width: width as u64, leaked };
    Ok(Ended::ok(facts)?.with("features", features::FILE))
}

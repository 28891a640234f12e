//! Features of a task's splits between stages.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use secateur_checkpoint::{read, write_safetensors};
use secateur_data::Split;
use secateur_engine::Features;

use crate::order::Order;

/// Name of the file and of the output.
pub(crate) const FILE: &str = "features.safetensors";

/// Writes the features of splits: f32 `[pictures, features]` and i64 `[pictures]` for each, by its name.
pub(crate) fn write(order: &Order, splits: &[(Split, Features)]) -> anyhow::Result<()> {
    let mut tensors = BTreeMap::new();
    for (split, features) in splits {
        let name = split.name();
        tensors.insert(format!("{name}.values"), secateur_engine::to_tensor_data(&features.values)?);
        tensors.insert(format!("{name}.labels"), secateur_engine::to_tensor_data(&features.labels)?);
    }
    let metadata = BTreeMap::from([("format".to_owned(), "secateur-features/1".to_owned())]);
    Ok(write_safetensors(&order.output(FILE), &tensors, &metadata)?)
}

/// Reads the features that [`write`] wrote, onto the order's device.
pub(crate) struct Reader<'a> {
    path: &'a Path,
    tensors: secateur_checkpoint::Tensors,
    device: tch::Device,
}

impl<'a> Reader<'a> {
    pub(crate) fn open(order: &'a Order) -> anyhow::Result<Self> {
        let path = order.input("features")?;
        Ok(Self { path, tensors: read(path)?.tensors, device: order.device })
    }

    /// The features of a split; `None` if the task has none of its pictures.
    pub(crate) fn optional(&self, split: Split) -> anyhow::Result<Option<Features>> {
        let tensor = |part: &str| -> anyhow::Result<Option<tch::Tensor>> {
            let data = self.tensors.get(&format!("{}.{part}", split.name()));
            let tensor = data.map(secateur_engine::to_tensor).transpose()?;
            Ok(tensor.map(|tensor| tensor.f_to_device(self.device)).transpose()?)
        };
        Ok(tensor("values")?.zip(tensor("labels")?).map(|(values, labels)| Features { values, labels }))
    }

    /// The features of a split that must be there.
    pub(crate) fn required(&self, split: Split) -> anyhow::Result<Features> {
        let features = self.optional(split)?;
        features.with_context(|| format!("{} has no features of split {}", self.path.display(), split.name()))
    }
}

//! Tasks with boxes.

use secateur_data::detection::{DetectionData, DetectionMetric, Options, Validation, coco, voc};
use secateur_data::pack;
use secateur_suite::{Metric, TaskFormat, TaskSource};

use crate::order::Order;

/// Writes a task, and says what is in it. `left_out` boxes were not taken.
pub(super) fn pack(
    order: &Order,
    task: &DetectionData,
    left_out: usize,
) -> anyhow::Result<serde_json::Value> {
    pack::write_detection_trainval(&order.output("trainval"), task)?;
    pack::write_detection_test(&order.output("test"), task)?;
    Ok(serde_json::json!({
        "task": task.info.id,
        "version": task.info.version,
        "classes": task.info.classes.len(),
        "train": task.train.len(),
        "validation": task.validation.len(),
        "test": task.test.len(),
        "objects": [task.train.objects.len(), task.validation.objects.len(), task.test.objects.len()],
        "left_out": left_out,
        "digest": secateur_data::digest_detection(task),
    }))
}

/// Reads a task's files and writes it.
pub(super) fn load(order: &Order, id: &str, source: &TaskSource) -> anyhow::Result<serde_json::Value> {
    let options = options(id, source);
    let classes = source.detection.as_ref().and_then(|detection| detection.classes.as_deref());
    let (task, report) = match source.format {
        TaskFormat::Coco => coco::load(order.input("data")?, &options)?,
        _ => voc::load(order.input("data")?, &options, classes)?,
    };
    let left_out = report.empty.count + report.outside.count + report.incomplete.count;
    if left_out > 0 {
        tracing::warn!(
            empty = report.empty.count,
            outside = report.outside.count,
            incomplete = report.incomplete.count,
            "boxes were left out; the first: {:?}",
            report.empty.first.iter().chain(&report.outside.first).chain(&report.incomplete.first).next()
        );
    }
    tracing::info!(?report, "loaded");
    pack(order, &task, left_out)
}

fn options(id: &str, source: &TaskSource) -> Options {
    let three = |values: &[f64]| -> [f32; 3] { std::array::from_fn(|index| values[index] as f32) };
    let own = source.detection.as_deref().cloned().unwrap_or_default();
    let base = if source.format == TaskFormat::Coco { Options::coco(id) } else { Options::voc(id) };
    Options {
        title: if source.title.is_empty() { id.to_owned() } else { source.title.clone() },
        metric: match source.metric {
            Metric::Voc07Ap50 => DetectionMetric::Voc07Ap50,
            Metric::CocoAp => DetectionMetric::CocoAp,
            // The suite's check has refused metrics of classification here.
            _ => DetectionMetric::VocAp50,
        },
        size_borders: own.size_borders.unwrap_or(base.size_borders),
        mean: three(&source.mean),
        std: three(&source.std),
        side: source.side.unwrap_or(base.side),
        train: own.train.unwrap_or(base.train),
        validation: match own.validation {
            None => base.validation,
            Some(lists) if lists.is_empty() => Validation::None,
            Some(lists) => Validation::Lists(lists),
        },
        test: own.test.unwrap_or(base.test),
        ..Options::voc(id)
    }
}

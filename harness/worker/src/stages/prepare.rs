//! `prepare`: packs a task's splits, training and validation apart from the test split.

use secateur_data::{TaskData, folder, generated, pack};
use secateur_metrics::ClassificationMetric;
use secateur_suite::{DataSource, Metric, PrepareSpec, TaskFormat, TaskSource, derive_seed};

use crate::order::Order;
use crate::stages::Ended;

pub(crate) fn run(order: &Order, spec: &PrepareSpec) -> anyhow::Result<Ended> {
    let (task, left_out): (TaskData, usize) = match &spec.source {
        DataSource::Generated { seed, version } => {
            anyhow::ensure!(
                *version == generated::VERSION,
                "the order wants version {version} of the generator, this worker has {}",
                generated::VERSION
            );
            (generated::generate(&spec.task, *seed)?, 0)
        }
        DataSource::Files { source, version } => {
            anyhow::ensure!(
                *version == folder::VERSION,
                "the order wants version {version} of the loader, this worker has {}",
                folder::VERSION
            );
            let TaskFormat::ImageFolder = source.format;
            let (task, report) =
                folder::load_with_report(order.input("data")?, &options(&spec.task, source))?;
            tracing::info!(?report, "loaded");
            (task, report.broken.len())
        }
    };
    pack::write_trainval(&order.output("trainval"), &task)?;
    pack::write_test(&order.output("test"), &task)?;
    let facts = serde_json::json!({
        "task": task.info.id,
        "version": task.info.version,
        "classes": task.info.classes.len(),
        "train": task.train.len(),
        "validation": task.validation.len(),
        "test": task.test.len(),
        "left_out": left_out,
        "digest": secateur_data::digest(&task),
    });
    Ok(Ended::ok(facts)?.with("trainval", "trainval").with("test", "test"))
}

fn options(id: &str, source: &TaskSource) -> folder::Options {
    let three = |values: &[f64]| -> [f32; 3] { std::array::from_fn(|index| values[index] as f32) };
    folder::Options {
        title: if source.title.is_empty() { id.to_owned() } else { source.title.clone() },
        metric: match source.metric {
            Metric::Top1 => ClassificationMetric::Top1,
            Metric::MeanPerClass => ClassificationMetric::MeanPerClass,
        },
        mean: three(&source.mean),
        std: three(&source.std),
        side: source.side,
        validation: match source.validation_per_class {
            0 => folder::Validation::None,
            count => folder::Validation::PerClass { count: count as usize, seed: derive_seed(0, id) },
        },
        ..folder::Options::new(id)
    }
}

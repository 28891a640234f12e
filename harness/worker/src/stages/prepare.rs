//! `prepare`: packs a task's splits, training and validation apart from the test split.

use anyhow::Context as _;
use secateur_data::listing::Listing;
use secateur_data::pack::{self, Framing};
use secateur_data::{TaskData, folder, generated, official};
use secateur_engine::interpolation;
use secateur_metrics::ClassificationMetric;
use secateur_suite::{DataSource, Metric, Packed, PrepareSpec, TaskFormat, TaskSource, derive_seed};

use crate::order::Order;
use crate::stages::Ended;

mod detection;

pub(crate) fn run(order: &Order, spec: &PrepareSpec) -> anyhow::Result<Ended> {
    let facts = match &spec.source {
        DataSource::Generated { seed, version } => {
            if generated::detection_info(&spec.task).is_some() {
                check_version("generator", *version, generated::DETECTION_VERSION)?;
                detection::pack(order, &generated::generate_detection(&spec.task, *seed)?, 0)?
            } else {
                check_version("generator", *version, generated::VERSION)?;
                pack(order, &generated::generate(&spec.task, *seed)?, 0)?
            }
        }
        DataSource::Files { source, version } if source.format.has_boxes() => {
            check_version("loader", *version, secateur_data::detection::VERSION)?;
            detection::load(order, &spec.task, source)?
        }
        DataSource::Files { source, version } if source.format == TaskFormat::Official => {
            check_version("loader", *version, official::VERSION)?;
            official(order, source)?
        }
        DataSource::Files { source, version } => {
            check_version("loader", *version, folder::VERSION)?;
            let (data, options) = (order.input("data")?, options(&spec.task, source));
            if source.packed == Packed::Files {
                pack_files(order, &folder::list(data, &options)?, source)?
            } else {
                let (task, report) = folder::load_with_report(data, &options)?;
                tracing::info!(?report, "loaded");
                pack(order, &task, report.broken.len())?
            }
        }
    };
    Ok(Ended::ok(facts)?.with("trainval", "trainval").with("test", "test"))
}

fn check_version(what: &str, wanted: u32, own: u32) -> anyhow::Result<()> {
    anyhow::ensure!(
        wanted == own,
        "the order wants version {wanted} of the {what}, this worker has {own}; use a worker of the same build"
    );
    Ok(())
}

/// Writes a task of classes, and says what is in it.
fn pack(order: &Order, task: &TaskData, left_out: usize) -> anyhow::Result<serde_json::Value> {
    pack::write_trainval(&order.output("trainval"), task)?;
    pack::write_test(&order.output("test"), task)?;
    Ok(serde_json::json!({
        "task": task.info.id,
        "version": task.info.version,
        "classes": task.info.classes.len(),
        "train": task.train.len(),
        "validation": task.validation.len(),
        "test": task.test.len(),
        "left_out": left_out,
        "digest": secateur_data::digest(task),
    }))
}

/// Writes the pictures of a listing as files, and says what is in it.
fn pack_files(order: &Order, listing: &Listing, source: &TaskSource) -> anyhow::Result<serde_json::Value> {
    let side = source.side.context("the order names no side of the pictures that networks see")?;
    let mut framing = Framing::usual(side, interpolation(source.interpolation));
    framing.resize = source.resize.unwrap_or(framing.resize);
    let report = pack::write_files(&order.output("trainval"), &order.output("test"), listing, &framing)?;
    tracing::info!(?report, "packed");
    let info = listing.info();
    Ok(serde_json::json!({
        "task": info.id,
        "version": info.version,
        "classes": info.classes.len(),
        "train": listing.train.len(),
        "validation": listing.validation.len(),
        "test": listing.test.len(),
        "left_out": 0,
        "bytes": report.bytes,
        "digest": report.digest,
    }))
}

/// Packs an official set.
fn official(order: &Order, source: &TaskSource) -> anyhow::Result<serde_json::Value> {
    let own = source.official.as_ref().context("the order names no official set")?;
    let held_out = match own.sample {
        Some(own) => official::HeldOut::Sample(official::Sample {
            train: own.train as usize,
            validation: own.validation as usize,
        }),
        None if own.held_out => official::HeldOut::Pinned,
        None => official::HeldOut::Nothing,
    };
    let options = official::Options { reduced: own.reduced, held_out };
    let (folder, entry) = (order.input("data")?, official::entry(&own.set)?);
    if source.packed == Packed::Files {
        let listing = official::list(folder, entry, &options)?;
        let listing = if source.title.is_empty() { listing } else { listing.titled(&source.title) };
        return pack_files(order, &listing, source);
    }
    let (mut task, report) = official::load(folder, entry, &options, source.side)?;
    tracing::info!(?report, "loaded");
    if !source.title.is_empty() {
        task.info.title.clone_from(&source.title);
    }
    pack(order, &task, 0)
}

fn options(id: &str, source: &TaskSource) -> folder::Options {
    let three = |values: &[f64]| -> [f32; 3] { std::array::from_fn(|index| values[index] as f32) };
    folder::Options {
        title: if source.title.is_empty() { id.to_owned() } else { source.title.clone() },
        // The suite's check has refused metrics of detection here.
        metric: match source.metric {
            Metric::MeanPerClass => ClassificationMetric::MeanPerClass,
            _ => ClassificationMetric::Top1,
        },
        mean: three(&source.mean),
        std: three(&source.std),
        side: source.side,
        labelled: source.format.has_labels(),
        validation: match source.validation_per_class {
            0 => folder::Validation::None,
            count => folder::Validation::PerClass { count: count as usize, seed: derive_seed(0, id) },
        },
        ..folder::Options::new(id)
    }
}

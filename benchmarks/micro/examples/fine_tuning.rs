//! Full fine-tuning as published (arXiv 2111.13445) from encoded pictures, and how much of it is waiting for them:
//! `fine_tuning [NETWORK] [cpu|cuda] [f32|bf16] [BATCH] [STEPS] [THREADS]`.
//!
//! Photograph-like JPEGs of 500x375 are packed as files; training sees random parts of them at 224 pixels, channels innermost.
//! Printed are pictures a second after the first steps, the seconds of a step, and the share of the time in which training waited
//! for its pictures. On a GPU, THREADS are those that decode.

use std::io::Write;
use std::time::Instant;

use secateur_data::pack::{Framing, read_files, write_files};
use secateur_data::{Split, folder};
use secateur_engine::{Layout, Model, NoHooks, Options, Position, Precision, Sgd, Streams, Trainer, ViewSet};
use secateur_micro::{keep_memory, photographs};
use secateur_network::zoo;
use secateur_pictures::Interpolation;
use secateur_suite::{Recipe, Schedule};
use tch::Device;

/// Pictures of the set, in this many classes.
const PICTURES: usize = 256;
const CLASSES: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize, usual: &str| arguments.get(at).cloned().unwrap_or_else(|| usual.to_owned());
    let (name, device, precision) = (word(0, "resnet50"), word(1, "cpu"), word(2, "f32"));
    let (batch, steps): (u32, u64) = (word(3, "64").parse()?, word(4, "20").parse()?);
    let threads: usize = word(5, "2").parse()?;
    keep_memory();
    let device = match device.as_str() {
        "cpu" => Device::Cpu,
        "cuda" => {
            secateur_host::load_cuda()?;
            Device::Cuda(0)
        }
        other => return Err(format!("`{other}` is neither `cpu` nor `cuda`").into()),
    };
    let precision = match precision.as_str() {
        "f32" => Precision::F32,
        "bf16" => Precision::Bf16,
        other => return Err(format!("`{other}` is neither `f32` nor `bf16`").into()),
    };
    tch::set_num_threads(threads as i32);
    let folder = tempfile::tempdir()?;
    for (number, file) in photographs(PICTURES).iter().enumerate() {
        for split in ["train", "test"] {
            let class = folder.path().join(format!("pictures/{split}/{}", number % CLASSES));
            std::fs::create_dir_all(&class)?;
            std::fs::write(class.join(format!("{number}.jpg")), file)?;
        }
    }
    let options = folder::Options {
        validation: folder::Validation::None,
        ..folder::Options::new("folder/photographs")
    };
    let listing = folder::list(&folder.path().join("pictures"), &options)?;
    let framing = Framing::usual(224, Interpolation::Bilinear);
    write_files(folder.path(), &folder.path().join("test"), &listing, &framing)?;
    let files = read_files(folder.path(), Split::Train)?;
    let set = ViewSet::of_files(files, listing.info(), None, device, threads)?;

    let shape =
        zoo::Options { classes: Some(CLASSES), input: Some([3, 224, 224]), ..zoo::Options::default() };
    let network = zoo::build(&name, &shape)?.into();
    let options = Options { device, precision, layout: Layout::ChannelsLast };
    let streams = Streams::new(0);
    let model = Model::new(network, options, &streams)?;
    let recipe = Recipe {
        weight_decay: 5e-4,
        schedule: Schedule::Step,
        milestones: vec![1.0 / 3.0, 2.0 / 3.0],
        crop_area: Some([0.08, 1.0]),
        flip: true,
        ..Recipe::new(batch, 0.001)
    };
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams };
    let warm_up = (steps / 5).max(2);
    let at = |batch| Position { batch, schedule_step: batch, ..Position::start(warm_up + steps) };
    trainer.train(at(0), warm_up, &[], &mut NoHooks)?;
    let (begun, waited) = (Instant::now(), secateur_engine::Examples::waited(&set));
    trainer.train(at(warm_up), steps, &[], &mut NoHooks)?;
    let seconds = begun.elapsed().as_secs_f64();
    let waited = secateur_engine::Examples::waited(&set).saturating_sub(waited).as_secs_f64();
    let pictures = steps * u64::from(batch);
    writeln!(
        std::io::stdout(),
        "{name} {device:?} {precision:?} batch {batch} threads {threads}: {:.1} pictures/s, {:.4} s a step, {:.1} % waiting for pictures",
        pictures as f64 / seconds,
        seconds / steps as f64,
        waited / seconds * 100.0,
    )?;
    Ok(())
}

//! Trains a network step by step on demand, to be run side by side with something else: for each line on standard
//! input, a number of steps, it takes them and prints pictures a second of the clock, and of processor time.
//!
//!     steps (hand|graph|trainer|batches) NETWORK BATCH (contiguous|channels-last) THREADS [default-malloc|cuda]
//!
//! With `cuda`, on a GPU, where the environment should preload `libtorch_cuda.so` (`LD_PRELOAD`).
//! `trainer` is the whole training loop: batches are drawn, normalized, shifted and mirrored. `batches` does only that.
//! `interleave.py` in the folder `pytorch` drives it.

use std::io::{BufRead, Write};
use std::time::Instant;

use secateur_data::{Pictures, TaskInfo};
use secateur_engine::{Augmentation, Batches, DeviceSet, Layout, NoHooks, Position, Sgd, Streams, Trainer};
use secateur_metrics::ClassificationMetric;
use secateur_micro::{GraphTraining, HandTraining, Setting, keep_memory, processor_seconds, recipe};
use tch::Device;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let usage = "steps (hand|graph|trainer|batches) NETWORK BATCH (contiguous|channels-last) THREADS [default-malloc|cuda]";
    let [kind, network, batch, layout, threads, rest @ ..] = args.as_slice() else {
        return Err(usage.into());
    };
    let device = match rest {
        [] => {
            keep_memory();
            Device::Cpu
        }
        [word] if word == "default-malloc" => Device::Cpu,
        [word] if word == "cuda" => Device::Cuda(0),
        _ => return Err(usage.into()),
    };
    tch::set_num_threads(threads.parse()?);
    let network =
        ["resnet8", "resnet20", "resnet56"].into_iter().find(|known| known == network).ok_or(usage)?;
    let layout = if layout == "channels-last" { Layout::ChannelsLast } else { Layout::Contiguous };
    let setting = Setting { network, batch: batch.parse()?, layout, device };
    match kind.as_str() {
        "hand" => {
            let mut training = HandTraining::new(setting);
            serve(setting, |steps| {
                (0..steps).for_each(|_| training.step());
                Ok(())
            })
        }
        "graph" => {
            let mut training = GraphTraining::new(setting)?;
            serve(setting, |steps| Ok((0..steps).try_for_each(|_| training.step())?))
        }
        "trainer" => whole(setting, true),
        "batches" => whole(setting, false),
        _ => Err(usage.into()),
    }
}

/// The training loop with everything in it, or only the drawing of its batches.
fn whole(setting: Setting, train: bool) -> Result<(), Failure> {
    let recipe = secateur_suite::Recipe { shift: 4, flip: true, ..recipe(setting.batch as u32) };
    let model = GraphTraining::new(setting)?.model;
    let sgd = Sgd::new(&recipe, model.params().len());
    let count = 4096;
    let pixels =
        (0..count * 3 * 32 * 32_usize).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let pictures =
        Pictures { shape: [3, 32, 32], pixels, labels: (0..count).map(|at| (at % 10) as u16).collect() };
    let info = TaskInfo {
        id: "noise".to_owned(),
        title: String::new(),
        summary: String::new(),
        version: 1,
        classes: (0..10).map(|class| class.to_string()).collect(),
        metric: ClassificationMetric::Top1,
        mean: vec![0.5; 3],
        std: vec![0.25; 3],
    };
    let data = DeviceSet::new(&pictures, &info, setting.device)?;
    let trainer =
        Trainer { model: &model, sgd: &sgd, data: &data, recipe: &recipe, streams: Streams::new(0) };
    let mut batch = 0;
    if !train {
        let augmentation = Augmentation { shift: recipe.shift, flip: recipe.flip, ..Augmentation::default() };
        let batches = Batches::new(&data, Streams::new(0), recipe.batch as usize, augmentation)?;
        return serve(setting, |steps| {
            for _ in 0..steps {
                drop(batches.get(batch)?);
                batch += 1;
            }
            Ok(())
        });
    }
    serve(setting, |steps| {
        let at = Position { batch, ..Position::start(u64::MAX) };
        batch += steps;
        trainer.train(at, steps, &[], &mut NoHooks)?;
        Ok(())
    })
}

fn serve(setting: Setting, mut run: impl FnMut(u64) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let steps: u64 = line?.trim().parse()?;
        let (start, start_processor) = (Instant::now(), processor_seconds());
        run(steps)?;
        if let Device::Cuda(index) = setting.device {
            tch::Cuda::synchronize(index as i64);
        }
        let pictures = (steps as i64 * setting.batch) as f64;
        let (clock, processor) = (start.elapsed().as_secs_f64(), processor_seconds() - start_processor);
        writeln!(out, "{:.2} {:.2}", pictures / clock, pictures / processor)?;
        out.flush()?;
    }
    Ok(())
}

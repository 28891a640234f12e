//! Training that can be killed at any time and continues to the same bits.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use secateur_checkpoint::{Tensors, read, write_safetensors};
use secateur_engine::{Error, NoHooks, Position, State, StepHooks, TrainSummary, Trainer};
use secateur_store::CHECKPOINT;

use crate::order::{CANCELLED, Order};

/// Time between two checkpoints, unless `SECATEUR_CHECKPOINT_SECONDS` says otherwise. It changes no result.
const INTERVAL: Duration = Duration::from_secs(20);
/// Training is cut into this many parts at most, whatever the clock says, so that what is summed up over a part does
/// not depend on when the process was killed.
const PARTS: u64 = 20;

struct Cancel(NoHooks);

impl StepHooks for Cancel {
    fn before_step(&mut self, step: u64) -> secateur_engine::Result<()> {
        if CANCELLED.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { self.0.before_step(step) }
    }
}

/// Puts what a checkpoint holds into the model and its optimizer, and returns its step; nothing if there is none. A
/// checkpoint that is not exactly what was written is an error, and changes nothing: the result must not depend on it.
fn resume(checkpoint: &Path, trainer: &Trainer<'_>, ends: &[u64]) -> anyhow::Result<Option<u64>> {
    if !checkpoint.exists() {
        return Ok(None);
    }
    let damaged = || format!("{} cannot be continued from", checkpoint.display());
    let saved = read(checkpoint).with_context(damaged)?;
    let step = saved.metadata.get("step").and_then(|step| step.parse().ok());
    let step = step.filter(|step| ends.split_last().is_some_and(|(_, stops)| stops.contains(step)));
    let step = step.context("it names no step at which a part ends").with_context(damaged)?;
    if saved.metadata.get("digest") != Some(&digest(step, &saved.tensors)) {
        return Err(anyhow::anyhow!("its content does not match its digest")).with_context(damaged);
    }
    let state = State::from_tensors(trainer.model, &saved.tensors).with_context(damaged)?;
    if let Some(memory) = trainer.data.memory() {
        memory.restore(&saved.tensors).with_context(damaged)?;
    }
    state.restore(trainer.model, Some(trainer.sgd))?;
    Ok(Some(step))
}

/// blake3 of a step and of tensors with their names, in hexadecimal.
pub(crate) fn digest(step: u64, tensors: &Tensors) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&step.to_le_bytes());
    for (name, tensor) in tensors {
        let head = format!("{name}\0{}\0{:?}\0", tensor.dtype, tensor.shape);
        hasher.update(&(head.len() as u64).to_le_bytes());
        hasher.update(head.as_bytes());
        hasher.update(&tensor.bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// Makes training begin again, whatever an earlier attempt left.
pub(crate) fn forget(order: &Order) {
    // If there is none, nothing is to be forgotten.
    let _ = std::fs::remove_file(order.output(CHECKPOINT));
}

/// Trains for `total` steps, stopping at each of `stops` to let `at_stop` look at the model. Continues from the
/// checkpoint that an earlier attempt left. Returns what the last part did.
pub(crate) fn train(
    order: &Order,
    trainer: &Trainer<'_>,
    total: u64,
    stops: &[u64],
    mut at_stop: impl FnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<Option<TrainSummary>> {
    let part = total.div_ceil(PARTS).max(1);
    let mut ends: Vec<u64> = (1..).map(|index| index * part).take_while(|end| *end < total).collect();
    ends.extend(stops.iter().copied().filter(|stop| *stop < total));
    ends.push(total);
    ends.sort_unstable();
    ends.dedup();
    let checkpoint = order.output(CHECKPOINT);
    let mut done = 0;
    match resume(&checkpoint, trainer, &ends) {
        Ok(None) => {}
        Ok(Some(step)) => {
            done = step;
            tracing::info!(step, "continuing from a checkpoint");
        }
        Err(reason) => tracing::warn!("{reason:#}; training begins again"),
    }
    ends.retain(|end| *end > done);
    let mut last = None;
    let interval = std::env::var("SECATEUR_CHECKPOINT_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let interval = interval.map_or(INTERVAL, Duration::from_secs);
    let mut saved_at = Instant::now();
    for end in ends {
        let position = Position { batch: done, schedule_step: done, ..Position::start(total) };
        let (begun, waited) = (Instant::now(), trainer.data.waited());
        let summary = trainer.train(position, end - done, &[], &mut Cancel(NoHooks))?;
        let pictures = (end - done) * u64::from(trainer.recipe.batch);
        done = end;
        order.event(&serde_json::json!({
            "event": "trained", "step": done, "of": total, "loss": summary.loss, "accuracy": summary.accuracy,
            "seconds": begun.elapsed().as_secs_f64(), "pictures": pictures,
            "waited_seconds": trainer.data.waited().saturating_sub(waited).as_secs_f64(),
        }));
        last = Some(summary);
        if stops.contains(&done) {
            at_stop(done)?;
        }
        if done < total && saved_at.elapsed() >= interval {
            let mut tensors = State::of(trainer.model, Some(trainer.sgd)).to_tensors(trainer.model)?;
            if let Some(memory) = trainer.data.memory() {
                tensors.extend(memory.to_tensors()?);
            }
            let metadata = BTreeMap::from([
                ("step".to_owned(), done.to_string()),
                ("digest".to_owned(), digest(done, &tensors)),
            ]);
            write_safetensors(&checkpoint, &tensors, &metadata)?;
            saved_at = Instant::now();
        }
    }
    // The finished weights are an output; the checkpoint has served.
    let _ = std::fs::remove_file(&checkpoint);
    Ok(last)
}

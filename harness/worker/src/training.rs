//! Training that can be killed at any time and continues to the same bits.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use secateur_checkpoint::{read, write_safetensors};
use secateur_engine::{Error, NoHooks, Position, State, StepHooks, TrainSummary, Trainer};

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

/// Trains for `total` steps, stopping at each of `stops` to let `at_stop` look at the model. Continues from the
/// checkpoint that an earlier attempt left. Returns what the last part did.
pub(crate) fn train(
    order: &Order,
    trainer: &Trainer<'_>,
    total: u64,
    stops: &[u64],
    mut at_stop: impl FnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<Option<TrainSummary>> {
    let checkpoint = order.output("training.checkpoint");
    let mut done = 0;
    if let Ok(saved) = read(&checkpoint)
        && let Some(step) = saved.metadata.get("step").and_then(|step| step.parse().ok())
    {
        State::from_tensors(trainer.model, &saved.tensors)?.restore(trainer.model, Some(trainer.sgd))?;
        done = step;
        tracing::info!(step, "continuing from a checkpoint");
    }
    let part = total.div_ceil(PARTS).max(1);
    let mut ends: Vec<u64> = (1..).map(|index| index * part).take_while(|end| *end < total).collect();
    ends.extend(stops.iter().copied().filter(|stop| *stop < total));
    ends.push(total);
    ends.sort_unstable();
    ends.dedup();
    ends.retain(|end| *end > done);
    let mut last = None;
    let interval = std::env::var("SECATEUR_CHECKPOINT_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let interval = interval.map_or(INTERVAL, Duration::from_secs);
    let mut saved_at = Instant::now();
    for end in ends {
        let position = Position { batch: done, schedule_step: done, ..Position::start(total) };
        let summary = trainer.train(position, end - done, &[], &mut Cancel(NoHooks))?;
        done = end;
        let (loss, accuracy) = (summary.loss, summary.accuracy);
        order.event(&serde_json::json!({"event": "trained", "step": done, "of": total, "loss": loss, "accuracy": accuracy}));
        last = Some(summary);
        if stops.contains(&done) {
            at_stop(done)?;
        }
        if done < total && saved_at.elapsed() >= interval {
            let state = State::of(trainer.model, Some(trainer.sgd));
            let metadata = BTreeMap::from([("step".to_owned(), done.to_string())]);
            write_safetensors(&checkpoint, &state.to_tensors(trainer.model)?, &metadata)?;
            saved_at = Instant::now();
        }
    }
    // The finished weights are an output; the checkpoint has served.
    let _ = std::fs::remove_file(&checkpoint);
    Ok(last)
}

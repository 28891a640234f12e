//! Level 5: what a method leaves behind in the process.

use secateur_host::{Breach, ProbePlan, allocated_bytes, thread_count};
use secateur_store::{Check, Verdict};

use crate::attempt::{Asked, BATCH, Done, Subject, attempt, worst};
use crate::prune::on_one;
use crate::scene::{self, Scene};

/// Runs before memory is watched, and while it is.
const WARM_UP: usize = 3;
const ROUNDS: usize = 4;
/// Bytes that every round may leave behind: less than any tensor takes.
const TENSOR: u64 = 128;
/// The same for what a graph holds: the activations of a batch.
const GRAPH: u64 = 16 << 10;

pub(crate) fn check(subject: &Subject<'_>, check: Check) -> anyhow::Result<Verdict> {
    let mut verdicts = Vec::new();
    for kind in subject.kinds() {
        let run = |scene: &Scene| match check {
            Check::GradModeRestored => watched(
                subject,
                scene,
                Breach::LeftGradients,
                "hold a guard of `no_grad_guard`, which ends with its block",
            ),
            Check::AutocastRestored => {
                watched(subject, scene, Breach::LeftAutocast, "switch autocast off again, by a guard")
            }
            Check::ThreadsUnchanged => threads(subject, scene),
            Check::RngNotReseeded => watched(
                subject,
                scene,
                Breach::Reseeded,
                "take a generator of your own from the host's `seed`",
            ),
            Check::NoGraphLeak if !subject.has("trains") && !subject.has("needs-data") => {
                Ok(Verdict::skipped("it has no graphs: it neither trains nor reads pictures"))
            }
            Check::NoGraphLeak => {
                leaks(subject, scene, 64 * BATCH, GRAPH, "detach what is kept of a loss or an output")
            }
            _ => leaks(subject, scene, 32 * BATCH, TENSOR, "free every tensor that the host hands over"),
        };
        verdicts.extend(on_one(kind, scene::main(kind)?, run)?);
    }
    Ok(worst(verdicts))
}

fn watch(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Done> {
    let probe = ProbePlan { watch: true, ..ProbePlan::default() };
    attempt(subject, scene, &Asked { probe, ..Asked::keeps(&[0.5, 0.25]) })
}

fn watched(subject: &Subject<'_>, scene: &Scene, breach: Breach, advice: &str) -> anyhow::Result<Verdict> {
    let done = watch(subject, scene)?;
    if let Some((_, place)) = done.breaches.iter().find(|(own, _)| *own == breach) {
        let what = match breach {
            Breach::LeftGradients => "gradients are off after",
            Breach::LeftAutocast => "autocast is on after",
            _ => "libtorch's generator was seeded",
        };
        return Ok(Verdict::failed(format!("{what} {place}; {advice}")));
    }
    Ok(done.declined().unwrap_or_else(Verdict::passed))
}

fn threads(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    // libtorch starts its own threads in the first run.
    let done = watch(subject, scene)?;
    if let Some((_, place)) = done.breaches.iter().find(|(breach, _)| *breach == Breach::ChangedThreads) {
        return Ok(Verdict::failed(format!(
            "libtorch's threads: {place}; their number belongs to the suite"
        )));
    }
    let before = thread_count();
    let done = watch(subject, scene)?;
    let left = thread_count().saturating_sub(before);
    if left > 0 {
        return Ok(Verdict::failed(format!(
            "{left} threads of its own still run after it returned; join them"
        )));
    }
    Ok(done.declined().unwrap_or_else(Verdict::passed))
}

fn leaks(
    subject: &Subject<'_>,
    scene: &Scene,
    allowance: u64,
    limit: u64,
    advice: &str,
) -> anyhow::Result<Verdict> {
    let mut asked = Asked { allowance, ..Asked::keeps(&[0.5]) };
    let run = |asked: &Asked| attempt(subject, scene, asked);
    let done = run(&asked)?;
    if let Some(declined) = done.declined() {
        return Ok(declined);
    }
    asked.allowance = done.allowance;
    drop(done);
    for _ in 0..WARM_UP {
        drop(run(&asked)?);
    }
    let mut least = u64::MAX;
    for _ in 0..ROUNDS {
        let before = allocated_bytes();
        drop(run(&asked)?);
        let (Some(before), Some(after)) = (before, allocated_bytes()) else {
            return Ok(Verdict::skipped("this system does not tell how much memory is in use"));
        };
        least = least.min(after.saturating_sub(before));
    }
    if least < limit {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(format!("each of {ROUNDS} runs left at least {least} bytes behind; {advice}")))
}

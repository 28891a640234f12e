//! Level 7: what a method does when the host fails, stops, lacks something, or has nothing to give.

use std::time::{Duration, Instant};

use secateur_abi as abi;
use secateur_host::{Breach, INJECTED, ProbePlan, offered_extensions, without_extension};
use secateur_store::{Check, Verdict};

use crate::attempt::{Asked, BATCH, Done, Subject, attempt, word, worst};
use crate::prune::on_one;
use crate::scene::{self, Scene};

/// How long a stage is waited for after it was asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long the calls of the host are made to fail, one after the other.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first calls fail one by one, the others at so many places.
const FIRST: u64 = 24;
const PLACES: u64 = 24;

pub(crate) fn check(subject: &Subject<'_>, check: Check) -> anyhow::Result<Verdict> {
    let mut verdicts = Vec::new();
    for kind in subject.kinds() {
        let run = |scene: &Scene| match check {
            Check::FaultsPassedOn => faults(subject, scene),
            Check::CancelWithinGrace => cancelled(subject, scene),
            Check::MissingOptionalExtension => missing(subject, scene),
            _ => exhausted(subject, scene),
        };
        verdicts.extend(on_one(kind, scene::main(kind)?, run)?);
    }
    Ok(worst(verdicts))
}

/// A run that goes well, with as small an allowance as that takes.
fn well(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<(Asked, Done)> {
    let asked = Asked { allowance: 32 * BATCH, ..Asked::keeps(&[0.5, 0.25]) };
    let done = attempt(subject, scene, &asked)?;
    Ok((Asked { allowance: done.allowance, ..asked }, done))
}

/// Why a run without faults is none that could show them.
fn says_nothing(clean: &Done) -> Option<Verdict> {
    clean.declined().or_else(|| {
        let failure = clean.result.as_ref().err().filter(|failure| failure.status == abi::E_INFEASIBLE)?;
        Some(Verdict::skipped(format!("it ends as infeasible: {}", failure.message)))
    })
}

fn faults(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let (asked, clean) = well(subject, scene)?;
    if let Some(declined) = says_nothing(&clean) {
        return Ok(declined);
    }
    let calls = clean.calls;
    let mut places: Vec<u64> = (1..=calls.min(FIRST)).collect();
    places.extend((0..PLACES).map(|index| FIRST + 1 + index * calls.saturating_sub(FIRST) / PLACES));
    places.retain(|place| *place <= calls);
    places.dedup();
    let begun = Instant::now();
    for at in places {
        if begun.elapsed() > PATIENCE {
            break;
        }
        let probe = ProbePlan { fail_at: Some(at), ..ProbePlan::default() };
        let done = attempt(subject, scene, &Asked { probe, ..asked.clone() })?;
        if done.breaches.iter().any(|(breach, _)| *breach == Breach::WentOn) {
            return Ok(Verdict::failed(format!(
                "it went on calling after call {at} of the host had failed; return the error"
            )));
        }
        if !done.injected {
            continue;
        }
        match &done.result {
            // It could do without what it asked for.
            Ok(()) => {
                if let Some(problem) = done.problem()? {
                    return Ok(Verdict::failed(format!(
                        "call {at} of the host failed, and it went on as if it had not: {problem}"
                    )));
                }
            }
            Err(failure) if failure.status == abi::E_PANIC => {
                return Ok(Verdict::failed(format!(
                    "it panics when call {at} of the host fails: {}",
                    failure.message
                )));
            }
            Err(failure) if failure.status != abi::E_INTERNAL || !failure.message.contains(INJECTED) => {
                return Ok(Verdict::failed(format!(
                    "call {at} of the host failed with an error that it does not pass on; it ended as {}: {}",
                    word(failure.status),
                    failure.message
                )));
            }
            Err(_) => {}
        }
    }
    Ok(Verdict::passed())
}

fn cancelled(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let (asked, clean) = well(subject, scene)?;
    if let Some(declined) = says_nothing(&clean) {
        return Ok(declined);
    }
    for part in [4, 2] {
        let at = (clean.calls / part).max(1);
        let probe = ProbePlan { cancel_at: Some(at), ..ProbePlan::default() };
        let done = attempt(subject, scene, &Asked { probe, ..asked.clone() })?;
        if done.time > GRACE {
            return Ok(Verdict::failed(format!(
                "it ran {:.0} s although the host wanted to stop; look at `cancelled` in long loops",
                done.time.as_secs_f64()
            )));
        }
        match &done.result {
            Err(failure) if failure.status == abi::E_CANCELLED => {}
            Err(failure) => {
                return Ok(Verdict::failed(format!(
                    "it was asked to stop and ended as {}: {}; pass E_CANCELLED on",
                    word(failure.status),
                    failure.message
                )));
            }
            Ok(()) => {
                return Ok(Verdict::failed(format!(
                    "it was asked to stop at call {at} of {} and reports success; pass E_CANCELLED on",
                    clean.calls
                )));
            }
        }
    }
    Ok(Verdict::passed())
}

fn missing(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let (asked, clean) = well(subject, scene)?;
    if let Some(declined) = clean.declined() {
        return Ok(declined);
    }
    let mut tried = 0;
    for id in offered_extensions() {
        if subject.info.required_extensions.contains(&id) {
            continue;
        }
        tried += 1;
        let done = without_extension(&id, || attempt(subject, scene, &asked))?;
        let problem = match &done.result {
            Ok(()) => done.problem()?,
            Err(failure) if failure.status == abi::E_PANIC => Some(format!("it panics: {}", failure.message)),
            Err(failure) if failure.message.is_empty() => Some("it fails without a word".to_owned()),
            Err(_) => None,
        };
        if let Some(problem) = problem {
            return Ok(Verdict::failed(format!(
                "without `{id}`, which it does not ask for: {problem}. Answer `unsupported`, or list it among the required extensions"
            )));
        }
    }
    if tried == 0 {
        Ok(Verdict::skipped("it asks for every extension that there is"))
    } else {
        Ok(Verdict::passed())
    }
}

fn exhausted(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    for allowance in [0, 1, BATCH, 5 * BATCH] {
        let done =
            attempt(subject, scene, &Asked { allowance, or_more: false, ..Asked::keeps(&[0.5, 0.25]) })?;
        let honest = [abi::E_EXHAUSTED, abi::E_INFEASIBLE, abi::E_UNSUPPORTED, abi::E_INVALID];
        let problem = match &done.result {
            Ok(()) => done.problem()?,
            Err(failure) if honest.contains(&failure.status) && !failure.message.is_empty() => None,
            Err(failure) => Some(format!("it ended as {}: {}", word(failure.status), failure.message)),
        };
        if let Some(problem) = problem {
            return Ok(Verdict::failed(format!(
                "with an allowance of {allowance} pictures: {problem}; plan from `allowance`, and pass E_EXHAUSTED on"
            )));
        }
    }
    Ok(Verdict::passed())
}

//! Level 6: the same again, and several answers at once.

use secateur_checkpoint::Tensors;
use secateur_store::{Check, Verdict};

use crate::attempt::{Asked, Done, Subject, attempt, worst};
use crate::prune::on_one;
use crate::scene::{self, Scene};

pub(crate) fn check(subject: &Subject<'_>, check: Check) -> anyhow::Result<Verdict> {
    let mut verdicts = Vec::new();
    for kind in subject.kinds() {
        let run = |scene: &Scene| match check {
            Check::SameSeedSamePlan => same_seed(subject, scene),
            Check::OtherSeedOtherPlan => other_seed(subject, scene),
            Check::EmitsEveryTarget => attempt(subject, scene, &Asked::keeps(&[0.7, 0.5, 0.25]))?.verdict(),
            _ => nested(subject, scene),
        };
        verdicts.extend(on_one(kind, scene::main(kind)?, run)?);
    }
    Ok(worst(verdicts))
}

fn answers(done: &Done) -> anyhow::Result<Vec<Option<Tensors>>> {
    (0..done.keeps.len()).map(|index| done.tensors(index)).collect()
}

fn same_seed(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    if !subject.has("deterministic") {
        return Ok(Verdict::skipped("it does not say that it is deterministic"));
    }
    let asked = Asked { seed: 5, ..Asked::keeps(&[0.5, 0.25]) };
    let first = attempt(subject, scene, &asked)?;
    if let Some(declined) = first.declined() {
        return Ok(declined);
    }
    if let Some(problem) = first.problem()? {
        return Ok(Verdict::failed(problem));
    }
    let again = attempt(subject, scene, &asked)?;
    for (index, (first, again)) in answers(&first)?.into_iter().zip(answers(&again)?).enumerate() {
        let (Some(first), Some(again)) = (first, again) else { continue };
        if let Some(name) = first.keys().find(|name| again.get(*name) != first.get(*name)) {
            return Ok(Verdict::failed(format!(
                "with the same seed `{name}` differs at keep {}; take random numbers from the host's `seed` alone, no clock, no \
                 hash table's order, or leave the flag DETERMINISTIC out",
                asked.keeps[index]
            )));
        }
    }
    Ok(Verdict::passed())
}

fn masks(tensors: &Tensors) -> Tensors {
    let masks = tensors.iter().filter(|(name, _)| name.starts_with("mask."));
    masks.map(|(name, data)| (name.clone(), data.clone())).collect()
}

fn other_seed(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let plan = |seed| -> anyhow::Result<Result<Option<Tensors>, Verdict>> {
        let done = attempt(subject, scene, &Asked { seed, ..Asked::keeps(&[0.5]) })?;
        if let Some(declined) = done.declined() {
            return Ok(Err(declined));
        }
        Ok(match done.problem()? {
            Some(problem) => Err(Verdict::failed(problem)),
            None => Ok(done.tensors(0)?.map(|tensors| masks(&tensors))),
        })
    };
    let (first, second) = match (plan(5)?, plan(6)?) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(verdict), _) | (_, Err(verdict)) => return Ok(verdict),
    };
    // Who calls itself random should be; others may well be the same for every seed.
    let says_random = [&subject.info.id, &subject.info.name, &subject.info.summary]
        .iter()
        .any(|text| text.to_lowercase().contains("random"));
    if first == second && says_random {
        return Ok(Verdict::warning("it is called random, but gives the same plan for two seeds"));
    }
    Ok(Verdict::passed())
}

fn nested(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let done = attempt(subject, scene, &Asked::keeps(&[0.7, 0.5, 0.25]))?;
    if let Some(declined) = done.declined() {
        return Ok(declined);
    }
    if let Some(problem) = done.problem()? {
        return Ok(Verdict::failed(problem));
    }
    let answers = answers(&done)?;
    let given: Vec<(f64, Tensors)> = done
        .keeps
        .iter()
        .copied()
        .zip(answers)
        .filter_map(|(keep, answer)| Some((keep, masks(&answer?))))
        .collect();
    for pair in given.windows(2) {
        let ((larger_keep, larger), (smaller_keep, smaller)) = (&pair[0], &pair[1]);
        for (name, mask) in smaller {
            let Some(outer) = larger.get(name) else { continue };
            let back = mask
                .bytes
                .iter()
                .zip(&outer.bytes)
                .filter(|(inner, outer)| **inner != 0 && **outer == 0)
                .count();
            if back > 0 {
                let text = format!(
                    "{back} weights of `{}` are kept at {smaller_keep} that were gone at {larger_keep}",
                    name.trim_start_matches("mask.")
                );
                if subject.has("trains") {
                    return Ok(Verdict::warning(format!("{text}; well, if it regrows weights")));
                }
                return Ok(Verdict::warning(format!("{text}; well, if each keep is chosen anew")));
            }
        }
    }
    Ok(Verdict::passed())
}

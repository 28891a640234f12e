//! Level 4: what a method answers.

use secateur_engine::{Model, Options, Pass, Streams};
use secateur_host::{Breach, ProbePlan, Removable};
use secateur_network::ParamId;
use secateur_store::{Check, Status, Verdict};
use tch::{Kind as TensorKind, Tensor};

use crate::attempt::{Asked, Done, Subject, attempt, worst};
use crate::kept_units::kept_units;
use crate::scene::{self, Kind, Scene};

/// Fractions that every small network is pruned to.
const KEEPS: [f64; 5] = [1.0, 0.7, 0.5, 0.25, 0.1];

pub(crate) fn check(subject: &Subject<'_>, check: Check) -> anyhow::Result<Verdict> {
    let mut verdicts = Vec::new();
    for kind in subject.kinds() {
        match check {
            Check::MeetsBudget => {
                let of_all = on_all(kind, |scene| attempt(subject, scene, &Asked::keeps(&KEEPS))?.verdict())?;
                verdicts.extend(of_all);
            }
            Check::PrunedModelRuns => verdicts.extend(on_all(kind, |scene| runs(subject, scene))?),
            Check::KeepOneIsIdentity => {
                verdicts.extend(on_one(kind, scene::main(kind)?, |scene| identity(subject, scene))?);
            }
            Check::RespectsProtected => {
                let check = |scene: &Scene| attempt(subject, scene, &Asked::keeps(&[0.5]))?.verdict();
                verdicts.extend(on_one(kind, scene::protecting(kind)?, check)?);
            }
            Check::RespectsMinKeepAndAlign if kind == Kind::Channels => {
                let check = |scene: &Scene| attempt(subject, scene, &Asked::keeps(&[0.5]))?.verdict();
                verdicts.extend(on_one(kind, scene::aligned()?, check)?);
            }
            Check::RespectsMinKeepAndAlign => {
                verdicts
                    .push(("weights", Verdict::skipped("it removes single weights, which have no groups")));
            }
            Check::CoversEveryGroup => {
                verdicts.extend(on_one(kind, scene::main(kind)?, |scene| covers(subject, scene))?);
            }
            _ => verdicts.extend(on_one(kind, scene::main(kind)?, |scene| writes(subject, scene))?),
        }
    }
    Ok(worst(verdicts))
}

type Named = (&'static str, Verdict);

/// A check on every small network, and on others where the method declines all of them.
fn on_all(kind: Kind, check: impl Fn(&Scene) -> anyhow::Result<Verdict>) -> anyhow::Result<Vec<Named>> {
    let scenes = scene::all(kind)?;
    let mut verdicts = Vec::new();
    for scene in &scenes {
        verdicts.push((scene.name, check(scene)?));
    }
    with_others(kind, &scenes[0], verdicts, check)
}

/// A check on one network, and on others where the method declines it.
pub(crate) fn on_one(
    kind: Kind,
    scene: Scene,
    check: impl Fn(&Scene) -> anyhow::Result<Verdict>,
) -> anyhow::Result<Vec<Named>> {
    let verdicts = vec![(scene.name, check(&scene)?)];
    with_others(kind, &scene, verdicts, check)
}

fn with_others(
    kind: Kind,
    scene: &Scene,
    mut verdicts: Vec<Named>,
    check: impl Fn(&Scene) -> anyhow::Result<Verdict>,
) -> anyhow::Result<Vec<Named>> {
    let declined = |(_, verdict): &Named| {
        verdict.status == Status::Skipped && verdict.text.starts_with("it ends as unsupported")
    };
    for other in scene::others(kind, scene)? {
        if !verdicts.iter().all(declined) {
            break;
        }
        verdicts.push((other.name, check(&other)?));
    }
    Ok(verdicts)
}

fn identity(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let done = attempt(subject, scene, &Asked::keeps(&[1.0]))?;
    if let Some(declined) = done.declined() {
        return Ok(declined);
    }
    if let Some(problem) = done.problem()? {
        return Ok(Verdict::failed(problem));
    }
    let Some(snapshot) = done.snapshots[0].as_ref() else {
        return Ok(Verdict::failed(
            "it says that a keep of 1 is infeasible; removing nothing always is possible",
        ));
    };
    for param in scene.network.params() {
        let id = param.id;
        if let Some(mask) = snapshot.state.mask(id)
            && mask.f_ne(0.0)?.f_all()?.f_int64_value(&[])? == 0
        {
            return Ok(Verdict::failed(format!("it masks weights of `{}` at a keep of 1", param.name)));
        }
        let changed = !snapshot.state.param(id).f_equal(done.start.param(id))?;
        if changed && !subject.has("trains") && !subject.has("writes-weights") {
            return Ok(Verdict::failed(format!(
                "`{}` has other values than before, and the method neither trains nor writes weights",
                param.name
            )));
        }
    }
    Ok(Verdict::passed())
}

fn covers(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let done = attempt(subject, scene, &Asked::keeps(&[0.1]))?;
    if let Some(declined) = done.declined() {
        return Ok(declined);
    }
    if let Some(problem) = done.problem()? {
        return Ok(Verdict::failed(problem));
    }
    let Some(tensors) = done.tensors(0)? else {
        return Ok(Verdict::skipped("a keep of 0.1 is infeasible for it"));
    };
    let whole: Vec<String> = match &done.removable {
        Removable::Channels(channels) => {
            let kept = kept_units(&scene.network, &channels.groups, &tensors)?;
            let groups = channels.groups.all().iter().enumerate();
            let whole = groups.filter(|(index, _)| {
                channels.eligible[*index] && kept.group(*index).iter().all(|keep| *keep)
            });
            whole.map(|(_, group)| group.name.clone()).collect()
        }
        removable => {
            let name = |id: &ParamId| scene.network.params()[id.index()].name.clone();
            let is_whole = |name: &String| {
                tensors
                    .get(&format!("mask.{name}"))
                    .is_none_or(|mask| mask.bytes.iter().all(|byte| *byte != 0))
            };
            removable.params().iter().map(name).filter(is_whole).collect()
        }
    };
    if whole.is_empty() {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::warning(format!(
        "at a keep of 0.1 nothing is removed of {}; if that is not meant, look whether each of them is scored",
        whole.join(", ")
    )))
}

fn runs(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    let done = attempt(subject, scene, &Asked::keeps(&[0.5]))?;
    let verdict = done.verdict()?;
    if verdict.status != secateur_store::Status::Passed {
        // The recount of channels has compared the masked network with the one without them.
        return Ok(verdict);
    }
    Ok(finite(&done, scene)?.map_or_else(Verdict::passed, Verdict::failed))
}

/// What is wrong with what a pruned network computes, if anything.
fn finite(done: &Done, scene: &Scene) -> anyhow::Result<Option<String>> {
    let _guard = tch::no_grad_guard();
    let Some(snapshot) = &done.snapshots[0] else { return Ok(None) };
    let model = Model::new(scene.network.clone(), Options::default(), &Streams::new(0))?;
    snapshot.state.restore(&model, None)?;
    let [channels, height, width] = scene.network.input().map(|size| size as i64);
    let input = Tensor::f_ones([2, channels, height, width], (TensorKind::Float, tch::Device::Cpu))?;
    let output = model.forward(&input, &Pass::default())?;
    let bad = output.f_isfinite()?.f_logical_not()?.f_sum(TensorKind::Int64)?.f_int64_value(&[])?;
    Ok((bad > 0).then(|| "the pruned network computes values that are no numbers".to_owned()))
}

fn writes(subject: &Subject<'_>, scene: &Scene) -> anyhow::Result<Verdict> {
    if subject.has("writes-weights") {
        return Ok(Verdict::skipped("it has the flag for writing to weights"));
    }
    let probe = ProbePlan { watch: true, ..ProbePlan::default() };
    let done = attempt(subject, scene, &Asked { probe, ..Asked::keeps(&[0.5, 0.25]) })?;
    if let Some((_, place)) = done.breaches.iter().find(|(breach, _)| *breach == Breach::WroteWeights) {
        return Ok(Verdict::failed(format!(
            "{place}; `weight` gives the live parameter, so compute on a copy, or set the flag MUTATES_WEIGHTS"
        )));
    }
    Ok(done.declined().unwrap_or_else(Verdict::passed))
}

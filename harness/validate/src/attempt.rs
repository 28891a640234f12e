//! One run of a method on a small network, and what is thought of it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use secateur_abi as abi;
use secateur_checkpoint::Tensors;
use secateur_engine::{Model, Options, Sgd, State, Streams};
use secateur_host::{
    Breach, MethodFailure, MethodInfo, Plugin, Probe, ProbePlan, Removable, Session, SessionSetup, Snapshot,
    run_method,
};
use secateur_store::{Status, Verdict};
use secateur_suite::Recipe;

use crate::recount::recount;
use crate::scene::{Kind, Scene};

/// Pictures in a batch of training.
pub(crate) const BATCH: u64 = 8;
/// Pictures that a method may spend, unless a check is about that.
const ALLOWANCE: u64 = 1024 * BATCH;
/// What a method gets whose search costs more than that. Not at once, since others train for as long as they may.
const MORE: u64 = 64 * ALLOWANCE;

/// The method under test.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) plugin: &'a Plugin,
    pub(crate) info: MethodInfo,
    /// Parameters, an object.
    pub(crate) params: serde_json::Value,
}

impl Subject<'_> {
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.info.flags.iter().any(|own| own == flag)
    }

    /// What it prunes.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let kinds = [("weights", Kind::Weights), ("channels", Kind::Channels)];
        kinds.into_iter().filter(|(flag, _)| self.has(flag)).map(|(_, kind)| kind).collect()
    }
}

/// What is asked of the method.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) keeps: Vec<f64>,
    pub(crate) seed: u64,
    pub(crate) allowance: u64,
    /// Whether it is asked again with a larger allowance if this one does not reach.
    pub(crate) or_more: bool,
    pub(crate) probe: ProbePlan,
}

impl Asked {
    pub(crate) fn keeps(keeps: &[f64]) -> Self {
        let probe = ProbePlan::default();
        Self { keeps: keeps.to_vec(), seed: 1, allowance: ALLOWANCE, or_more: true, probe }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) result: Result<(), MethodFailure>,
    /// The allowance that it had.
    pub(crate) allowance: u64,
    pub(crate) keeps: Vec<f64>,
    pub(crate) snapshots: Vec<Option<Snapshot>>,
    pub(crate) model: Model,
    pub(crate) start: State,
    pub(crate) removable: Removable,
    pub(crate) breaches: Vec<(Breach, String)>,
    pub(crate) calls: u64,
    pub(crate) injected: bool,
    pub(crate) time: Duration,
}

/// Runs the method, and again with more if it is to have it.
pub(crate) fn attempt(subject: &Subject<'_>, scene: &Scene, asked: &Asked) -> anyhow::Result<Done> {
    let mut done = once(subject, scene, asked)?;
    for allowance in [ALLOWANCE, MORE] {
        let exhausted = done.result.as_ref().is_err_and(|failure| failure.status == abi::E_EXHAUSTED);
        if exhausted && asked.or_more && allowance > done.allowance {
            done = once(subject, scene, &Asked { allowance, ..asked.clone() })?;
        }
    }
    Ok(done)
}

fn once(subject: &Subject<'_>, scene: &Scene, asked: &Asked) -> anyhow::Result<Done> {
    // Networks of this size are fastest on one thread.
    tch::set_num_threads(1);
    let model = Model::new(scene.network.clone(), Options::default(), &Streams::new(7))?;
    let [train, validation] = scene.data()?;
    let recipe = Recipe { weight_decay: 1e-4, ..Recipe::new(BATCH as u32, 0.02) };
    let removable = Removable::new(&scene.network, &scene.set);
    let targets: Vec<abi::Target> =
        asked.keeps.iter().map(|keep| removable.target(&scene.network, *keep)).collect();
    let start = State::of(&model, None);
    let upstream = upstream(scene, &recipe)?;
    let cancelled = AtomicBool::new(false);
    let session = Session::new(SessionSetup {
        model: &model,
        train: &*train,
        validation: &*validation,
        recipe: (asked.allowance > 0).then_some(&recipe),
        allowance: asked.allowance,
        removable: removable.clone(),
        targets,
        upstream,
        streams: Streams::new(asked.seed),
        cancelled: &cancelled,
        deadline: None,
        progress: |_, _, _| {},
    })
    .with_probe(Probe::new(asked.probe));
    let begun = Instant::now();
    let result = run_method(subject.plugin, &subject.info.id, &subject.params.to_string(), &session);
    let time = begun.elapsed();
    let probe = session.probe();
    let (breaches, calls, injected) =
        probe.map_or_else(Default::default, |probe| (probe.breaches(), probe.calls(), probe.has_failed()));
    let snapshots = session.into_snapshots();
    let keeps = asked.keeps.clone();
    let allowance = asked.allowance;
    Ok(Done { result, allowance, keeps, snapshots, model, start, removable, breaches, calls, injected, time })
}

/// What the upstream kept: another initialization as the one that it began with, and an early step.
fn upstream(scene: &Scene, recipe: &Recipe) -> anyhow::Result<BTreeMap<String, State>> {
    let model = Model::new(scene.network.clone(), Options::default(), &Streams::new(8))?;
    let sgd = Sgd::new(recipe, model.params().len());
    let init = State::of(&model, Some(&sgd));
    let step = init.clone();
    Ok(BTreeMap::from([("init".to_owned(), init), ("step:8".to_owned(), step)]))
}

impl Done {
    /// Why the run says nothing about a rule: the method declined, or the small allowance was too small for it.
    pub(crate) fn declined(&self) -> Option<Verdict> {
        let failure = self.result.as_ref().err()?;
        matches!(failure.status, abi::E_UNSUPPORTED | abi::E_EXHAUSTED)
            .then(|| Verdict::skipped(format!("it ends as {}: {}", word(failure.status), failure.message)))
    }

    /// The tensors of an answer, as a file would have them.
    pub(crate) fn tensors(&self, index: usize) -> anyhow::Result<Option<Tensors>> {
        self.snapshots[index].as_ref().map(|snapshot| Ok(snapshot.state.to_tensors(&self.model)?)).transpose()
    }

    /// What is wrong with the answers, or with how the run ended; `None` if all is well. A keep that is said to be infeasible is an
    /// honest answer.
    pub(crate) fn problem(&self) -> anyhow::Result<Option<String>> {
        if let Err(failure) = &self.result
            && failure.status != abi::E_INFEASIBLE
        {
            return Ok(Some(format!("it ended as {}: {}", word(failure.status), failure.message)));
        }
        for (index, keep) in self.keeps.iter().enumerate() {
            let Some(tensors) = self.tensors(index)? else {
                if self.result.is_ok() {
                    return Ok(Some(format!(
                        "it reported success, but emitted nothing for keep {keep}; call `emit` for every target"
                    )));
                }
                continue;
            };
            let counted = recount(self.model.network(), &self.removable, *keep, &tensors)?;
            if let Some(problem) = counted.problem {
                return Ok(Some(format!("keep {keep}: {problem}")));
            }
        }
        Ok(None)
    }

    /// A verdict on a run that must answer everything.
    pub(crate) fn verdict(&self) -> anyhow::Result<Verdict> {
        if let Some(declined) = self.declined() {
            return Ok(declined);
        }
        Ok(self.problem()?.map_or_else(Verdict::passed, Verdict::failed))
    }
}

/// The word for a status.
pub(crate) fn word(status: abi::Status) -> &'static str {
    match status {
        abi::E_INVALID => "invalid",
        abi::E_UNSUPPORTED => "unsupported",
        abi::E_INFEASIBLE => "infeasible",
        abi::E_TORCH => "an error of libtorch",
        abi::E_CANCELLED => "cancelled",
        abi::E_EXHAUSTED => "exhausted",
        abi::E_PANIC => "panicked",
        _ => "failed",
    }
}

/// The worst of several verdicts, each with a name before its text. All skipped: skipped.
pub(crate) fn worst(verdicts: Vec<(&str, Verdict)>) -> Verdict {
    let rank = |status: Status| match status {
        Status::Skipped => 0,
        Status::Passed => 1,
        Status::Warning => 2,
        Status::Failed | Status::Crashed | Status::TimedOut => 3,
    };
    let worst = verdicts.into_iter().reduce(|worst, next| {
        // Of several networks that a method declines, the last is the one most like those it is for.
        let (first, second) = (rank(worst.1.status), rank(next.1.status));
        if second > first || second == 0 && first == 0 { next } else { worst }
    });
    match worst {
        Some((_, verdict)) if verdict.text.is_empty() => verdict,
        Some((name, verdict)) => Verdict { text: format!("{name}: {}", verdict.text), ..verdict },
        None => Verdict::skipped("there is nothing to run it on"),
    }
}

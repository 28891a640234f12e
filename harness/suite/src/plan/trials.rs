//! Expansion: which trials a suite has, and which stages each of them reads.

use std::collections::BTreeMap;

use super::bases::Base;
use super::{Completion, InputSource, NodeIndex, Plan, PlanNode, Score, Surroundings, Trial, output};
use crate::recipe::{Length, Recipe};
use crate::spec::{DenseControl, MethodEntry, ScoredSplit, Start, Suite, Track};
use crate::stage::{PruneSpec, RecoverSpec, RegimeKind, StageSpec, derive_seed};
use crate::yaml::to_json;

/// Largest plan in bytes: some two hundred thousand stages.
const LARGEST_PLAN: usize = 160 << 20;

pub(super) struct Planner<'a> {
    pub(super) suite: &'a Suite,
    pub(super) surroundings: &'a Surroundings,
    pub(super) plan: Plan,
    /// The `prepare` stage of each task that is needed.
    pub(super) tasks: BTreeMap<String, NodeIndex>,
    /// About what the plan takes in memory.
    bytes: usize,
}

/// Where a trial stands: what is said of all its stages.
struct Place<'a> {
    base: &'a Base,
    track: &'a Track,
    replicate: u32,
    /// What people call it.
    name: String,
}

impl<'a> Place<'a> {
    fn new(base: &'a Base, track: &'a Track, replicate: u32, method: &str) -> Self {
        let on = base.direct.as_ref().map(|task| format!(" on {task}")).unwrap_or_default();
        let name = format!("{method}{on} ({}, replicate {replicate})", track.name);
        Self { base, track, replicate, name }
    }

    fn trial(&self, method: &str, keep: f64) -> Trial {
        Trial {
            track: self.track.name.clone(),
            method: method.to_owned(),
            task: self.base.direct.clone(),
            control: None,
            entry: None,
            keep,
            replicate: self.replicate,
            prune: None,
            verify: None,
            recover: None,
            measure: None,
            scores: Vec::new(),
        }
    }
}

impl<'a> Planner<'a> {
    pub(super) fn new(suite: &'a Suite, surroundings: &'a Surroundings) -> Self {
        Self { suite, surroundings, plan: Plan::default(), tasks: BTreeMap::new(), bytes: 0 }
    }

    pub(super) fn run(&mut self) -> Result<(), String> {
        let suite = self.suite;
        let bases = self.bases()?;
        // Who only prunes tasks directly has nothing to ask of the upstream task.
        let scored_upstream =
            suite.direct.is_none() || suite.evaluate || suite.transfer.is_some() || suite.measure;
        for track in &suite.tracks {
            let Some(own) = bases.get(&track.pretraining.as_deref()) else { continue };
            for replicate in self.replicates() {
                if scored_upstream {
                    self.trials(&own.upstream, track, replicate)?;
                }
                for base in own.direct.get(&replicate).into_iter().flatten() {
                    self.trials(base, track, replicate)?;
                }
            }
        }
        Ok(())
    }

    /// The replicates that there are: the suite's, and a rotating one that is none of them.
    pub(super) fn replicates(&self) -> impl Iterator<Item = u32> + use<> {
        let own = self.suite.replicates;
        (0..own).chain(self.surroundings.rotating.filter(|rotating| *rotating >= own))
    }

    /// All trials on one dense network in one track and replicate.
    fn trials(&mut self, base: &Base, track: &Track, replicate: u32) -> Result<(), String> {
        let suite = self.suite;
        for control in &suite.controls {
            // Without upstream training there is nothing to prune directly, and so no control of it.
            if *control == DenseControl::Scratch && base.direct.is_some() {
                continue;
            }
            self.control(&Place::new(base, track, replicate, control.label()), *control)?;
        }
        for (index, entry) in suite.methods.iter().enumerate() {
            let elsewhere = entry.tracks.as_ref().is_some_and(|tracks| !tracks.contains(&track.name));
            let is_rotating = self.surroundings.rotating == Some(replicate);
            if elsewhere || entry.replicates.is_some_and(|count| replicate >= count && !is_rotating) {
                continue;
            }
            self.method(base, track, replicate, index, entry)?;
        }
        Ok(())
    }

    /// The keeps of an entry on a network, descending.
    fn keeps(&self, base: &Base, entry: &MethodEntry) -> Vec<f64> {
        let mut keeps = self.suite.keeps.clone();
        keeps.sort_by(|a, b| b.total_cmp(a));
        keeps.dedup();
        let direct = self.suite.direct.as_ref().filter(|_| base.direct.is_some());
        let limits = [entry.keeps.as_ref(), direct.and_then(|direct| direct.keeps.as_ref())];
        keeps.retain(|keep| limits.iter().flatten().all(|own| own.contains(keep)));
        keeps
    }

    fn method(
        &mut self,
        base: &Base,
        track: &Track,
        replicate: u32,
        index: usize,
        entry: &MethodEntry,
    ) -> Result<(), String> {
        let suite = self.suite;
        let keeps = self.keeps(base, entry);
        if keeps.is_empty() {
            return Ok(());
        }
        // Who begins from initialization is given nothing that was trained. Where no initialization was kept, as by those who publish
        // networks, the stage draws one by its seed, so that all methods of a replicate begin at the same one.
        let given = |(name, _): &(&String, &InputSource)| entry.start == Start::Upstream || *name == "init";
        let mut inputs: BTreeMap<String, InputSource> = base
            .checkpoints
            .iter()
            .filter(given)
            .map(|(name, source)| (name.clone(), source.clone()))
            .collect();
        let (allowance, recipe) = suite.given(entry, track, base.direct.is_some());
        inputs.insert("trainval".to_owned(), output(base.task, "trainval"));
        inputs.insert("plugin".to_owned(), InputSource::Plugin(entry.method.clone()));
        let files = entry.files.iter();
        inputs.extend(files.map(|(name, path)| (format!("file-{name}"), InputSource::File(path.clone()))));
        let runs: Vec<&[f64]> = if suite.separate_keeps { keeps.chunks(1).collect() } else { vec![&keeps] };
        let params = match to_json(&entry.params)? {
            serde_json::Value::Null => serde_json::Value::Object(serde_json::Map::new()),
            params => params,
        };
        for keeps in runs {
            self.check_size()?;
            let spec = StageSpec::Prune(PruneSpec {
                network: base.network.clone(),
                method: entry.method.clone(),
                params: params.clone(),
                keeps: keeps.to_vec(),
                set: suite.prune_set(),
                allowance: Length::Samples(allowance),
                recipe: self.recipe(recipe),
                seed: derive_seed(suite.seed, &format!("prune/{replicate}")),
            });
            let at = if suite.separate_keeps { format!(" at {}", keeps[0]) } else { String::new() };
            let place = Place::new(base, track, replicate, &format!("{}{at}", entry.label));
            let prune = self.push(spec, inputs.clone(), format!("prune {}", place.name));
            for (position, keep) in keeps.iter().enumerate() {
                let place = Place::new(base, track, replicate, &format!("{} at {keep}", entry.label));
                self.pruned(&place, index, entry, *keep, (prune, position))?;
            }
        }
        Ok(())
    }

    fn control(&mut self, place: &Place<'_>, control: DenseControl) -> Result<(), String> {
        self.check_size()?;
        let end = place.base.end();
        let mut trial = Trial { control: Some(control), ..place.trial(control.label(), 1.0) };
        let weights = match control {
            DenseControl::DenseAsIs => Some(end),
            DenseControl::Scratch => None,
            DenseControl::DenseTrained => {
                let track = place.track;
                let samples = track.recovery.unwrap_or(track.allowance).steps(1, 0);
                let given = (samples, self.suite.track_recipe(track, place.base.direct.is_some()));
                let recover = self.recover(place, given, end, Completion::Complete);
                trial.recover = Some(recover);
                Some(output(recover, "weights"))
            }
        };
        if let Some(weights) = &weights {
            trial.verify = Some(self.verify(1.0, weights.clone(), place.base, &place.name));
        }
        self.scores(&mut trial, weights.as_ref(), place, None)?;
        self.plan.trials.push(trial);
        Ok(())
    }

    fn pruned(
        &mut self,
        place: &Place<'_>,
        index: usize,
        entry: &MethodEntry,
        keep: f64,
        (prune, position): (NodeIndex, usize),
    ) -> Result<(), String> {
        self.check_size()?;
        let direct = place.base.direct.is_some();
        let snapshot = output(prune, &format!("keep-{position}"));
        let verify = self.verify(keep, snapshot.clone(), place.base, &place.name);
        let completion = match place.track.recovery {
            Some(_) => Completion::Fixed,
            None => Completion::LeftOver { prune, keep: position },
        };
        let given = match place.track.recovery {
            Some(recovery) => (recovery.steps(1, 0), self.suite.track_recipe(place.track, direct)),
            None => self.suite.given(entry, place.track, direct),
        };
        let recover = self.recover(place, given, snapshot, completion);
        // The recovered weights wait for the verdict on the snapshot: a plan that broke a rule is scored nowhere.
        self.plan.nodes[recover].inputs.insert("verified".to_owned(), output(verify, "verdict"));
        let mut trial = Trial {
            entry: Some(index),
            prune: Some(prune),
            verify: Some(verify),
            recover: Some(recover),
            ..place.trial(&entry.label, keep)
        };
        let weights = output(recover, "weights");
        self.scores(&mut trial, Some(&weights), place, Some(position))?;
        self.plan.trials.push(trial);
        Ok(())
    }

    fn scores(
        &mut self,
        trial: &mut Trial,
        weights: Option<&InputSource>,
        place: &Place<'_>,
        position: Option<usize>,
    ) -> Result<(), String> {
        let suite = self.suite;
        let (base, name) = (place.base, &place.name);
        // A network that was trained without labels has no classes to be scored by.
        let evaluates = base.network.projection.is_none() && (suite.evaluate || base.direct.is_some());
        if let (true, Some(weights)) = (evaluates, weights) {
            let protocol = match (&base.direct, suite.score_on) {
                (_, ScoredSplit::Validation) => "validation",
                (None, ScoredSplit::Test) if suite.transfer.is_some() || suite.direct.is_some() => "upstream",
                (_, ScoredSplit::Test) => "direct",
            };
            let task = base.direct.clone().unwrap_or_else(|| base.upstream_task.clone());
            let node = self.evaluate(weights.clone(), base.task, name);
            trial.scores.push(Score { protocol, regime: "none", task, node, features: None });
        }
        if let Some(transfer) = suite.transfer.as_ref().filter(|_| base.direct.is_none()) {
            let tasks = self.expanded(&transfer.tasks);
            for (kind, regime) in [(RegimeKind::Linear, &transfer.linear), (RegimeKind::Full, &transfer.full)]
            {
                let Some(regime) = regime else { continue };
                let dense = trial.entry.is_none();
                if !dense && regime.keeps.as_ref().is_some_and(|keeps| !keeps.contains(&trial.keep)) {
                    continue;
                }
                let rotates = self.surroundings.rotating == Some(trial.replicate);
                if !rotates && regime.replicates.is_some_and(|count| trial.replicate >= count) {
                    continue;
                }
                for task in &tasks {
                    let score = self.transfer((kind, regime), task, (base, trial), weights, name)?;
                    trial.scores.push(score);
                }
            }
        }
        // The snapshot is as fast as what recovery makes of it, and can still be measured in every form.
        let snapshot = trial.prune.zip(position).map(|(prune, keep)| output(prune, &format!("keep-{keep}")));
        let weights = snapshot.as_ref().or(weights);
        // Shapes and speeds on the tasks of the direct protocol are those of the upstream network.
        let measured = suite.measure && trial.replicate == 0 && base.direct.is_none();
        if let (true, Some(weights)) = (measured, weights) {
            let compact = suite.channels.is_some() && trial.entry.is_some();
            trial.measure = Some(self.measure(weights.clone(), base, compact, name));
        }
        Ok(())
    }

    fn recover(
        &mut self,
        place: &Place<'_>,
        (samples, recipe): (u64, Option<&str>),
        weights: InputSource,
        completion: Completion,
    ) -> NodeIndex {
        let spec = RecoverSpec {
            network: place.base.network.clone(),
            samples,
            recipe: self.recipe(recipe),
            recalibrate: place.track.recalibrate,
            compact: self.suite.channels.is_some() && completion != Completion::Complete,
            // The same for every method: paired.
            seed: derive_seed(self.suite.seed, &format!("recover/{}", place.replicate)),
        };
        let inputs =
            [("weights".to_owned(), weights), ("trainval".to_owned(), output(place.base.task, "trainval"))]
                .into();
        let node = self.push(StageSpec::Recover(spec), inputs, format!("recover {}", place.name));
        self.plan.nodes[node].completion = completion;
        node
    }

    fn recipe(&self, name: Option<&str>) -> Option<Recipe> {
        name.map(|name| self.suite.recipes[name].clone())
    }

    pub(super) fn push(
        &mut self,
        spec: StageSpec,
        inputs: BTreeMap<String, InputSource>,
        label: String,
    ) -> NodeIndex {
        // A length of the text is close enough to what the stage takes in memory.
        let written = serde_json::to_string(&spec).map_or(0, |text| text.len());
        self.bytes += size_of::<PlanNode>() + written + 2 * label.len() + 64 * inputs.len();
        self.plan.nodes.push(PlanNode { spec, completion: Completion::Complete, inputs, label });
        self.plan.nodes.len() - 1
    }

    /// Refuses plans that nobody could run and that would not fit in memory: few numbers make many stages.
    pub(super) fn check_size(&self) -> Result<(), String> {
        if self.bytes <= LARGEST_PLAN {
            return Ok(());
        }
        Err(format!(
            "the suite has more than {} stages; take fewer replicates, keeps, tasks, tracks or methods, or several suites",
            self.plan.nodes.len()
        ))
    }
}

//! From a store to the table that every report is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use secateur_store::{
    DetectionFacts, Machine, ManifestScore, ManifestTrial, MeasureFacts, Outcome, PruneFacts, RecoverFacts,
    ScoreFacts, StageResult, Store, StoreError, SuiteManifest, VerifyFacts,
};

use crate::analysis::masks;
use crate::analysis::pretraining;
use crate::conditions;
use crate::difficulty;
use crate::gallery;
use crate::pairs;
use crate::row::{AboutMethod, Control, Provenance, ReportInput, Row, StageCost};
use crate::speed::Speed;
use crate::strata;
use crate::trials;

/// Reads all suites of a store, or one.
///
/// # Errors
/// Fails if the store cannot be read, or has no such suite.
pub fn load(store: &Store, suite: Option<&str>) -> Result<ReportInput, StoreError> {
    let manifests = store.manifests()?;
    let known: Vec<String> = manifests.iter().map(|manifest| manifest.suite.name.clone()).collect();
    let wanted: Vec<SuiteManifest> = manifests
        .into_iter()
        .filter(|manifest| suite.is_none_or(|name| manifest.suite.name == name))
        .collect();
    if wanted.is_empty() {
        let reason = match suite {
            Some(name) => format!("the store has no suite `{name}`; it has {}", known.join(", ")),
            None => "no suite has been run on this store".to_owned(),
        };
        return Err(StoreError::Broken { path: store.root().to_owned(), reason });
    }
    load_manifests(store, &wanted)
}

/// Reads the trials of manifests, which need not be those that the store has.
///
/// # Errors
/// Fails if the store cannot be read.
pub fn load_manifests(store: &Store, wanted: &[SuiteManifest]) -> Result<ReportInput, StoreError> {
    let mut input = ReportInput::default();
    let mut pruned = Vec::new();
    let few_trials = trials::load::few(wanted);
    for manifest in wanted {
        let mut loader = Loader { store, manifest, results: BTreeMap::new(), dense_macs: BTreeMap::new() };
        loader.read_results()?;
        loader.read_dense_macs()?;
        for trial in &manifest.trials {
            for score in &trial.scores {
                let (row, detection) = loader.row(trial, score)?;
                if let Some(detection) = detection {
                    let predictions = loader.predictions(score);
                    input.strata.extend(strata::scores(&row, &detection));
                    input.resampled.extend(pairs::resampled(&row, predictions.as_deref()));
                }
                input.rows.push(row);
            }
        }
        pruned.extend(masks::load::files(store, manifest, &loader.results));
        input.galleries.extend(gallery::load(store, manifest, &loader.results));
        input.tests.extend(difficulty::load::load(store, manifest, &loader.results));
        if few_trials {
            trials::load::add(&mut input.trials, store, manifest, &loader.results);
        } else {
            input.trials.left_out += manifest.trials.len();
        }
        loader.costs(&mut input.costs, &mut input.speeds);
        loader.provenance(&mut input.provenance);
        input.pretrained_tracks.extend(pretraining::tracks(manifest));
        input.conditions.extend(conditions::of_suite(&manifest.suite));
    }
    input.pretraining_masks = masks::load::sets(masks::load::across(&pruned));
    input.masks = masks::load::sets(pruned);
    Ok(input)
}

/// Which checkpoint of a trial's dense network is the pre-trained one, theta_p of arXiv 2012.06908: the trained upstream network
/// where it is transferred, or scored beside that; where a network is trained, pruned and scored on one task, the place
/// where that training began, and nothing if that was a random initialization.
fn pretrained(manifest: &SuiteManifest, trial: &ManifestTrial, score: &ManifestScore) -> &'static str {
    if !matches!(score.protocol.as_str(), "direct" | "validation") {
        return "end";
    }
    let suite = &manifest.suite;
    let begins_trained = match (&trial.task, &suite.base_of(&trial.track).train) {
        (Some(_), _) => suite.direct.as_ref().is_some_and(|direct| direct.from.is_upstream()),
        (None, Some(train)) => train.backbone.is_some(),
        (None, None) => return "end",
    };
    if begins_trained { "init" } else { "" }
}

/// A machine in one line; empty where a record does not say.
#[must_use]
pub fn machine_words(machine: &Machine) -> String {
    if machine.system.is_empty() {
        return String::new();
    }
    let memory = machine.memory_bytes as f64 / f64::from(1 << 30);
    format!(
        "{}, {} cores, {memory:.0} GiB, {}, {}",
        machine.processor, machine.cores, machine.system, machine.device
    )
}

struct Loader<'a> {
    store: &'a Store,
    manifest: &'a SuiteManifest,
    results: BTreeMap<String, StageResult>,
    /// Executed multiply-accumulates of the dense network, by track and the task that it was pruned on.
    dense_macs: BTreeMap<(&'a str, Option<&'a str>), u64>,
}

impl Loader<'_> {
    fn read_results(&mut self) -> Result<(), StoreError> {
        let trials = &self.manifest.trials;
        let stages = trials.iter().flat_map(|trial| {
            let own = [&trial.prune, &trial.verify, &trial.recover, &trial.measure];
            let scores = trial.scores.iter().flat_map(|score| [&score.stage, &score.features]);
            own.into_iter().chain(scores).flatten()
        });
        let identities: BTreeSet<&String> = stages.chain(&self.manifest.shared).collect();
        for identity in identities {
            let result = match self.store.object(identity)? {
                Some(result) => Some(result),
                None => self.store.attempts(identity)?.pop(),
            };
            if let Some(result) = result {
                self.results.insert(identity.clone(), result);
            }
        }
        Ok(())
    }

    fn facts<T: serde::de::DeserializeOwned>(
        &self,
        identity: Option<&String>,
    ) -> Result<Option<T>, StoreError> {
        let Some(result) = identity.and_then(|identity| self.results.get(identity)) else { return Ok(None) };
        if result.facts.is_null() {
            return Ok(None);
        }
        let read = result.facts().map_err(|error| StoreError::Broken {
            path: self.store.object_dir(&result.identity).join("result.json"),
            reason: error.to_string(),
        })?;
        Ok(Some(read))
    }

    /// The row of a score, and what a detector finds, if it is that of one.
    fn row(
        &self,
        trial: &ManifestTrial,
        score: &ManifestScore,
    ) -> Result<(Row, Option<DetectionFacts>), StoreError> {
        let verify: Option<VerifyFacts> = self.facts(trial.verify.as_ref())?;
        let prune: Option<PruneFacts> = self.facts(trial.prune.as_ref())?;
        let recover: Option<RecoverFacts> = self.facts(trial.recover.as_ref())?;
        let snapshot = prune.as_ref().and_then(|prune| prune.snapshots.get(trial.keep_index)?.as_ref());
        let scored = score.stage.as_ref().and_then(|identity| self.results.get(identity));
        let (outcome, detail) = match (scored, &score.blocked, &trial.blocked) {
            (Some(result), ..) => (result.outcome, result.detail.clone()),
            (None, Some((Outcome::Missing, _)), Some((outcome, detail)))
            | (None, None, Some((outcome, detail))) => (*outcome, detail.clone()),
            (None, Some((outcome, detail)), _) => (*outcome, detail.clone()),
            (None, None, None) => (Outcome::Missing, "it has not been run".to_owned()),
        };
        let facts: Option<ScoreFacts> =
            if outcome == Outcome::Ok { self.facts(score.stage.as_ref())? } else { None };
        let suite = &self.manifest.suite;
        let allowance =
            suite.tracks.iter().find(|track| track.name == trial.track).map(|track| track.allowance);
        let dense = trial.method_id.is_empty();
        let counts = verify.as_ref().map(|verify| verify.counts);
        let recovered = recover.as_ref().map_or(0, |recover| recover.samples);
        let has_weights = !dense || trial.verify.is_some();
        let detection = facts.as_ref().and_then(|facts| facts.detection.as_ref());
        let dense_macs = self.dense_macs.get(&(trial.track.as_str(), trial.task.as_deref())).copied();
        let ap_of = |size: &str| detection?.sizes.iter().find(|it| it.name == size)?.ap;
        let row = Row {
            suite: suite.name.clone(),
            track: trial.track.clone(),
            protocol: score.protocol.clone(),
            regime: score.regime.clone(),
            granularity: if dense { "dense" } else { suite.prune_set().granularity() }.to_owned(),
            task: score.task.clone(),
            method: trial.method.clone(),
            method_id: trial.method_id.clone(),
            params: trial.params.clone(),
            control: Control::of_manifest(&trial.control),
            keep: trial.keep,
            replicate: trial.replicate,
            outcome,
            outcome_detail: detail,
            metric: facts.as_ref().map(|facts| facts.metric.clone()).unwrap_or_default(),
            score: facts.as_ref().map(|facts| facts.score),
            top1: facts.as_ref().and_then(|facts| facts.top1),
            mean_per_class: facts.as_ref().and_then(|facts| facts.mean_per_class),
            test_pictures: facts.as_ref().map(|facts| facts.pictures),
            target_count: verify.as_ref().map(|verify| verify.target_count),
            achieved_count: counts.map(|counts| counts.prunable_kept),
            prunable_total: counts.map(|counts| counts.prunable_total),
            prunable_set: suite.prune_set().name().to_owned(),
            params_total: counts.map(|counts| counts.params_total),
            params_remaining: counts.map(|counts| counts.params_kept),
            conv_fc_total: counts.map(|counts| counts.conv_fc_total),
            conv_fc_remaining: counts.map(|counts| counts.conv_fc_kept),
            macs_executed: counts.map(|counts| counts.macs_executed),
            macs_nonzero: counts.map(|counts| counts.macs_nonzero),
            allowance_samples: allowance.map_or(0, |allowance| allowance.steps(1, 0)),
            init_samples: if dense {
                0
            } else {
                suite.init_samples(&trial.method, &trial.track, trial.task.is_some())
            },
            stretch: suite.stretch(&trial.method),
            method_samples: if dense { Some(0) } else { snapshot.map(|snapshot| snapshot.charged_samples) },
            recover_samples: has_weights.then_some(recovered),
            training_macs: has_weights.then(|| {
                let (trained, forward) =
                    snapshot.map_or((0, 0), |own| (own.train_samples, own.forward_samples));
                // Recovery trains without the channels that are gone.
                let executed = counts.and_then(|counts| Some((counts.macs_executed, dense_macs?)));
                let part = executed.map_or(1.0, |(executed, dense)| executed as f64 / dense as f64);
                trained as f64 + recovered as f64 * part + forward as f64 / 3.0
            }),
            stage: score.stage.clone().unwrap_or_default(),
            prune_stage: trial.prune.clone().unwrap_or_default(),
            nonzero_before: snapshot.and_then(|snapshot| snapshot.nonzero_before),
            weights_of: snapshot.and_then(|snapshot| snapshot.weights_of.clone()),
            pretrained: pretrained(self.manifest, trial, score).to_owned(),
            ap: detection.and_then(|detection| detection.ap),
            ap50: detection.and_then(|detection| detection.ap50),
            ar: detection.and_then(|detection| detection.ar),
            ap_small: ap_of("small"),
            ap_medium: ap_of("medium"),
            ap_large: ap_of("large"),
        };
        Ok((row, facts.and_then(|facts| facts.detection)))
    }

    /// Looks up what the dense controls execute.
    fn read_dense_macs(&mut self) -> Result<(), StoreError> {
        let manifest = self.manifest;
        for trial in manifest.trials.iter().filter(|trial| trial.method_id.is_empty()) {
            let verify: Option<VerifyFacts> = self.facts(trial.verify.as_ref())?;
            let macs = verify.map(|verify| verify.counts.macs_executed).filter(|macs| *macs > 0);
            if let Some(macs) = macs {
                self.dense_macs.insert((&trial.track, trial.task.as_deref()), macs);
            }
        }
        Ok(())
    }

    /// Where a score's file of predictions is, or was.
    fn predictions(&self, score: &ManifestScore) -> Option<PathBuf> {
        let result = self.results.get(score.stage.as_ref()?)?;
        let output = result.outputs.get("predictions")?;
        Some(self.store.object_dir(&result.identity).join(&output.path))
    }

    /// Every stage once, with the first trial that reads it.
    fn costs(&self, costs: &mut Vec<StageCost>, speeds: &mut Vec<Speed>) {
        let mut seen = BTreeSet::new();
        for identity in &self.manifest.shared {
            self.cost(identity, None, None, costs, speeds, &mut seen);
        }
        for trial in &self.manifest.trials {
            if let Some(prune) = &trial.prune {
                self.cost(prune, Some(trial), None, costs, speeds, &mut seen);
            }
            let own = [&trial.verify, &trial.recover, &trial.measure];
            for identity in own.into_iter().flatten() {
                self.cost(identity, Some(trial), None, costs, speeds, &mut seen);
            }
            for score in &trial.scores {
                for identity in [&score.features, &score.stage].into_iter().flatten() {
                    self.cost(identity, Some(trial), Some(score), costs, speeds, &mut seen);
                }
            }
        }
    }

    fn cost(
        &self,
        identity: &str,
        trial: Option<&ManifestTrial>,
        score: Option<&ManifestScore>,
        costs: &mut Vec<StageCost>,
        speeds: &mut Vec<Speed>,
        seen: &mut BTreeSet<String>,
    ) {
        let Some(result) = self.results.get(identity) else { return };
        if !seen.insert(identity.to_owned()) {
            return;
        }
        let measured: Option<MeasureFacts> =
            if result.kind == "measure" { result.facts().ok() } else { None };
        let latency = measured
            .as_ref()
            .and_then(|facts| facts.pruned()?.latency.first())
            .map(|latency| latency.median_ms);
        let task = score
            .map(|score| score.task.clone())
            .or_else(|| result.facts.get("task").and_then(|task| task.as_str()).map(str::to_owned));
        if let Some(facts) = &measured {
            self.speeds(facts, result, trial, speeds);
        }
        costs.push(StageCost {
            suite: self.manifest.suite.name.clone(),
            track: trial.map(|trial| trial.track.clone()).unwrap_or_default(),
            method: trial.map(|trial| trial.method.clone()).unwrap_or_default(),
            keep: trial.filter(|_| result.kind != "prune").map(|trial| trial.keep),
            replicate: trial.map(|trial| trial.replicate),
            kind: result.kind.clone(),
            task: task.unwrap_or_default(),
            regime: score.map(|score| score.regime.clone()).unwrap_or_default(),
            outcome: result.outcome,
            seconds: result.cost.seconds,
            peak_bytes: result.cost.peak_bytes,
            threads: result.environment.threads,
            attempts: result.cost.attempt,
            finished: result.cost.finished.clone(),
            stage: identity.to_owned(),
            latency_ms: latency,
        });
    }

    /// One entry for each form and batch size of a `measure` stage.
    fn speeds(
        &self,
        facts: &MeasureFacts,
        result: &StageResult,
        trial: Option<&ManifestTrial>,
        speeds: &mut Vec<Speed>,
    ) {
        let Some(dense) = facts.form("dense") else { return };
        for form in &facts.forms {
            for (latency, reference) in form.latency.iter().zip(&dense.latency) {
                speeds.push(Speed {
                    suite: self.manifest.suite.name.clone(),
                    track: trial.map(|trial| trial.track.clone()).unwrap_or_default(),
                    method: trial.map(|trial| trial.method.clone()).unwrap_or_default(),
                    keep: trial.map_or(1.0, |trial| trial.keep),
                    form: form.form.clone(),
                    params: form.params,
                    params_nonzero: form.params_nonzero,
                    bytes: form.bytes,
                    macs_core: form.macs_core,
                    macs_tp: form.macs_tp,
                    working_bytes: form.working_bytes,
                    unaligned_layers: form.unaligned_layers,
                    batch: latency.batch,
                    p10_ms: latency.p10_ms,
                    median_ms: latency.median_ms,
                    p90_ms: latency.p90_ms,
                    pictures_per_second: latency.pictures_per_second(),
                    theoretical_speedup: dense.macs_core as f64 / form.macs_core.max(1) as f64,
                    measured_speedup: reference.median_ms / latency.median_ms,
                    threads: result.environment.threads,
                    stage: result.identity.to_string(),
                    machine: machine_words(&result.machine),
                });
            }
        }
    }

    fn provenance(&self, provenance: &mut Provenance) {
        let manifest = self.manifest;
        let suite = &manifest.suite;
        let mut machines = BTreeSet::new();
        let mut harnesses = BTreeSet::new();
        for result in self.results.values() {
            let machine = machine_words(&result.machine);
            if !machine.is_empty() {
                machines.insert(machine);
            }
            harnesses.insert(result.harness.clone());
            if let Ok(facts) = result.facts::<PruneFacts>() {
                let plugin = (facts.plugin, facts.plugin_sha256);
                if !provenance.plugins.contains(&plugin) {
                    provenance.plugins.push(plugin);
                }
            }
            if result.kind == "prepare"
                && let (Some(task), Some(digest)) =
                    (result.facts["task"].as_str(), result.facts["digest"].as_str())
            {
                let data = (task.to_owned(), digest.to_owned());
                if !provenance.data.contains(&data) {
                    provenance.data.push(data);
                }
            }
        }
        for (id, about) in &manifest.methods {
            let about = AboutMethod {
                id: id.clone(),
                name: about.name.clone(),
                version: about.version.clone(),
                summary: about.summary.clone(),
                citation: about.citation.clone(),
            };
            if !provenance.methods.contains(&about) {
                provenance.methods.push(about);
            }
        }
        let join = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join("; ");
        provenance.harness = join(harnesses);
        provenance.libtorch.clone_from(&manifest.environment.libtorch);
        provenance.machine = join(machines);
        provenance.device_class.clone_from(&manifest.environment.device_class);
        provenance.plugins.sort();
        provenance.methods.sort();
        provenance.data.sort();
        let mut fact = |name: &str, value: String| {
            let name = format!("{name} ({})", suite.name);
            provenance.facts.push((name, value));
        };
        fact("suite file, blake3", manifest.suite_digest.clone());
        fact("seed", suite.seed.to_string());
        fact("replicates", suite.replicates.to_string());
        fact("threads per stage", suite.threads.to_string());
        fact(
            "layout and precision",
            format!("{}, {}", manifest.environment.layout, manifest.environment.precision),
        );
        fact("network", format!("{} at width {}", suite.network.name, suite.network.width));
        fact("upstream task", suite.upstream.task.clone());
        for (name, pretraining) in &suite.pretrainings {
            fact(&format!("task of pre-training {name}"), pretraining.task.clone());
        }
        for (name, digest) in &manifest.upstream {
            fact(&format!("upstream checkpoint {name}, blake3"), digest.clone());
        }
        let generator_seed = match &manifest.private_task_seed {
            Some(commitment) => format!("private; its commitment is {commitment}"),
            None => suite.generator_seed.to_string(),
        };
        fact("generator seed", generator_seed);
        fact("prunable set", suite.prune_set().name().to_owned());
        for (name, recipe) in &suite.recipes {
            fact(&format!("recipe {name}"), serde_json::to_string(recipe).unwrap_or_default());
        }
    }
}

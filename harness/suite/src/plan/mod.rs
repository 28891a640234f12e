//! From a suite to a graph of stages and the trials that read them.

use std::collections::BTreeMap;

use crate::recipe::{Length, Recipe};
use crate::spec::{DenseControl, Regime, ScoredSplit, Start, Suite, Track};
use crate::stage::{
    DataSource, EvaluateSpec, MeasureSpec, PrepareSpec, PruneSpec, RecoverSpec, RegimeKind, StageSpec,
    TrainSpec, TransferSpec, VerifySpec, derive_seed,
};
use crate::yaml::to_json;

/// Index of a node in [`Plan::nodes`].
pub type NodeIndex = usize;

/// Where an input of a stage comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum InputSource {
    /// An output of another stage.
    Output {
        /// The stage.
        node: NodeIndex,
        /// Name of its output.
        output: String,
    },
    /// A file of the upstream checkpoint: `end`, `init` or `step-N`.
    Upstream(String),
    /// The files of a task, below the data root.
    Data(String),
    /// The plugin that has this method.
    Plugin(String),
}

/// How a stage's specification is completed once its inputs are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Completion {
    /// It is complete, and of a dense control.
    Complete,
    /// It is complete, and of a pruned network: recovery of a fixed length.
    Fixed,
    /// The pictures to spend are what the `prune` stage left of its allowance at that snapshot. If nothing is left
    /// and nothing is recalibrated, the stage passes its weights on unchanged.
    LeftOver {
        /// The `prune` stage.
        prune: NodeIndex,
        /// Index of the keep among its keeps.
        keep: usize,
    },
}

/// One stage of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// What it does.
    pub spec: StageSpec,
    /// How the specification is completed.
    pub completion: Completion,
    /// Its inputs by name.
    pub inputs: BTreeMap<String, InputSource>,
    /// What people call it.
    pub label: String,
}

/// A result that a trial is scored by.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: &'static str,
    /// `none`, `linear` or `full`.
    pub regime: &'static str,
    /// Task identifier.
    pub task: String,
    /// The stage that gives it.
    pub node: NodeIndex,
}

/// A method, or a dense control, at one keep in one replicate of one track.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Track name.
    pub track: String,
    /// Method label.
    pub method: String,
    /// The dense control it is, if any.
    pub control: Option<DenseControl>,
    /// Index in the suite's methods, for a method.
    pub entry: Option<usize>,
    /// Fraction that remains; 1 for dense.
    pub keep: f64,
    /// Replicate.
    pub replicate: u32,
    /// Its `prune` stage.
    pub prune: Option<NodeIndex>,
    /// Its `verify` stage.
    pub verify: Option<NodeIndex>,
    /// Its `recover` stage.
    pub recover: Option<NodeIndex>,
    /// Its `measure` stage.
    pub measure: Option<NodeIndex>,
    /// What it is scored by.
    pub scores: Vec<Score>,
}

/// All stages and trials of a suite. Stages stand after the stages they read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Stages.
    pub nodes: Vec<PlanNode>,
    /// Trials.
    pub trials: Vec<Trial>,
}

/// What planning must know that is not in the suite.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The generated transfer tasks.
    pub generated: Vec<String>,
    /// Version of the generator.
    pub generator_version: u32,
    /// Version of the loader of image folders.
    pub loader_version: u32,
    /// The generated tasks with boxes.
    pub generated_detection: Vec<String>,
    /// Version of their generator.
    pub detection_generator_version: u32,
    /// Version of the loaders of files with boxes.
    pub detection_loader_version: u32,
    /// Upstream checkpoints that are there: `end`, `init`, `step-N`. Empty if the suite trains its upstream.
    pub upstream: Vec<String>,
}

/// Expands a suite.
///
/// # Errors
/// Names a task that is neither generated nor declared.
pub fn expand(suite: &Suite, surroundings: &Surroundings) -> Result<Plan, String> {
    let mut planner = Planner { suite, surroundings, plan: Plan::default(), tasks: BTreeMap::new() };
    planner.run()?;
    Ok(planner.plan)
}

struct Planner<'a> {
    suite: &'a Suite,
    surroundings: &'a Surroundings,
    plan: Plan,
    tasks: BTreeMap<String, NodeIndex>,
}

impl Planner<'_> {
    fn run(&mut self) -> Result<(), String> {
        let suite = self.suite;
        let upstream_task = self.prepare(&suite.upstream.task)?;
        let trained = suite.upstream.train.as_ref().map(|train| {
            let spec = StageSpec::Train(TrainSpec {
                network: suite.network.clone(),
                recipe: suite.recipes[&train.recipe].clone(),
                length: train.length,
                keep_steps: train.keep_steps.clone(),
                seed: derive_seed(suite.seed, "upstream"),
            });
            let mut inputs = BTreeMap::from([("trainval".to_owned(), output(upstream_task, "trainval"))]);
            if let Some(backbone) = &train.backbone {
                inputs.insert("backbone".to_owned(), InputSource::Data(backbone.clone()));
            }
            self.push(spec, inputs, "train upstream".to_owned())
        });
        let mut kept = vec!["end".to_owned(), "init".to_owned()];
        match &suite.upstream.train {
            Some(train) => kept.extend(train.keep_steps.iter().map(|step| format!("step-{step}"))),
            None => kept = self.surroundings.upstream.clone(),
        }
        let upstream = |name: &str| match trained {
            Some(node) => output(node, name),
            None => InputSource::Upstream(name.to_owned()),
        };
        let mut keeps = suite.keeps.clone();
        keeps.sort_by(|a, b| b.total_cmp(a));
        keeps.dedup();
        for track in &suite.tracks {
            for replicate in 0..suite.replicates {
                for control in &suite.controls {
                    self.control(track, *control, replicate, upstream_task, &upstream("end"))?;
                }
                for (index, entry) in suite.methods.iter().enumerate() {
                    if entry.tracks.as_ref().is_some_and(|tracks| !tracks.contains(&track.name)) {
                        continue;
                    }
                    if entry.replicates.is_some_and(|count| replicate >= count) {
                        continue;
                    }
                    let wanted = |keep: &f64| entry.keeps.as_ref().is_none_or(|own| own.contains(keep));
                    let keeps: Vec<f64> = keeps.iter().copied().filter(wanted).collect();
                    // Who begins from initialization is given nothing that was trained.
                    let given = |name: &&String| entry.start == Start::Upstream || *name == "init";
                    let mut inputs: BTreeMap<String, InputSource> =
                        kept.iter().filter(given).map(|name| (name.clone(), upstream(name))).collect();
                    if entry.start == Start::Init && !inputs.contains_key("init") {
                        return Err(format!(
                            "method `{}` begins from initialization, but the upstream checkpoint has no \
                             init.safetensors",
                            entry.label
                        ));
                    }
                    let (allowance, recipe) = suite.given(entry, track);
                    inputs.insert("trainval".to_owned(), output(upstream_task, "trainval"));
                    inputs.insert("plugin".to_owned(), InputSource::Plugin(entry.method.clone()));
                    let runs: Vec<&[f64]> =
                        if suite.separate_keeps { keeps.chunks(1).collect() } else { vec![&keeps] };
                    let params = match to_json(&entry.params)? {
                        serde_json::Value::Null => serde_json::Value::Object(serde_json::Map::new()),
                        params => params,
                    };
                    for keeps in runs {
                        let spec = StageSpec::Prune(PruneSpec {
                            network: suite.network.clone(),
                            method: entry.method.clone(),
                            params: params.clone(),
                            keeps: keeps.to_vec(),
                            set: suite.prune_set(),
                            allowance: Length::Samples(allowance),
                            recipe: self.recipe(recipe),
                            seed: derive_seed(suite.seed, &format!("prune/{replicate}")),
                        });
                        let at =
                            if suite.separate_keeps { format!(" at {}", keeps[0]) } else { String::new() };
                        let label =
                            format!("prune {}{at} ({}, replicate {replicate})", entry.label, track.name);
                        let prune = self.push(spec, inputs.clone(), label);
                        for (position, keep) in keeps.iter().enumerate() {
                            self.pruned(track, index, *keep, position, replicate, prune, upstream_task)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn control(
        &mut self,
        track: &Track,
        control: DenseControl,
        replicate: u32,
        upstream_task: NodeIndex,
        end: &InputSource,
    ) -> Result<(), String> {
        let label = control.label();
        let name = format!("{label} ({}, replicate {replicate})", track.name);
        let mut trial = Trial {
            track: track.name.clone(),
            method: label.to_owned(),
            control: Some(control),
            entry: None,
            keep: 1.0,
            replicate,
            prune: None,
            verify: None,
            recover: None,
            measure: None,
            scores: Vec::new(),
        };
        let weights = match control {
            DenseControl::DenseAsIs => Some(end.clone()),
            DenseControl::Scratch => None,
            DenseControl::DenseTrained => {
                let samples = track.recovery.unwrap_or(track.allowance).steps(1, 0);
                let given = (samples, track.recipe.as_deref());
                let recover = self.recover(
                    track,
                    given,
                    replicate,
                    end.clone(),
                    upstream_task,
                    Completion::Complete,
                    &name,
                );
                trial.recover = Some(recover);
                Some(output(recover, "weights"))
            }
        };
        if let Some(weights) = &weights {
            trial.verify = Some(self.verify(1.0, weights.clone(), upstream_task, &name));
        }
        self.scores(&mut trial, weights.as_ref(), upstream_task, &name, None)?;
        self.plan.trials.push(trial);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one place, all of them the coordinates of a trial")]
    fn pruned(
        &mut self,
        track: &Track,
        entry: usize,
        keep: f64,
        position: usize,
        replicate: u32,
        prune: NodeIndex,
        upstream_task: NodeIndex,
    ) -> Result<(), String> {
        let method = self.suite.methods[entry].label.clone();
        let name = format!("{method} at {keep} ({}, replicate {replicate})", track.name);
        let snapshot = output(prune, &format!("keep-{position}"));
        let verify = self.verify(keep, snapshot.clone(), upstream_task, &name);
        let completion = match track.recovery {
            Some(_) => Completion::Fixed,
            None => Completion::LeftOver { prune, keep: position },
        };
        let given = match track.recovery {
            Some(recovery) => (recovery.steps(1, 0), track.recipe.as_deref()),
            None => self.suite.given(&self.suite.methods[entry], track),
        };
        let recover = self.recover(track, given, replicate, snapshot, upstream_task, completion, &name);
        // The recovered weights wait for the verdict on the snapshot: a plan that broke a rule is scored nowhere.
        self.plan.nodes[recover].inputs.insert("verified".to_owned(), output(verify, "verdict"));
        let mut trial = Trial {
            track: track.name.clone(),
            method,
            control: None,
            entry: Some(entry),
            keep,
            replicate,
            prune: Some(prune),
            verify: Some(verify),
            recover: Some(recover),
            measure: None,
            scores: Vec::new(),
        };
        let weights = output(recover, "weights");
        self.scores(&mut trial, Some(&weights), upstream_task, &name, Some(position))?;
        self.plan.trials.push(trial);
        Ok(())
    }

    fn recipe(&self, name: Option<&str>) -> Option<Recipe> {
        name.map(|name| self.suite.recipes[name].clone())
    }

    fn verify(&mut self, keep: f64, weights: InputSource, task: NodeIndex, name: &str) -> NodeIndex {
        let spec = StageSpec::Verify(VerifySpec {
            network: self.suite.network.clone(),
            keep,
            set: self.suite.prune_set(),
        });
        let inputs =
            [("weights".to_owned(), weights), ("trainval".to_owned(), output(task, "trainval"))].into();
        self.push(spec, inputs, format!("verify {name}"))
    }

    #[expect(clippy::too_many_arguments, reason = "one place, all of them the coordinates of a trial")]
    fn recover(
        &mut self,
        track: &Track,
        (samples, recipe): (u64, Option<&str>),
        replicate: u32,
        weights: InputSource,
        task: NodeIndex,
        completion: Completion,
        name: &str,
    ) -> NodeIndex {
        let spec = StageSpec::Recover(RecoverSpec {
            network: self.suite.network.clone(),
            samples,
            recipe: self.recipe(recipe),
            recalibrate: track.recalibrate,
            compact: self.suite.channels.is_some() && completion != Completion::Complete,
            // The same for every method: paired.
            seed: derive_seed(self.suite.seed, &format!("recover/{replicate}")),
        });
        let inputs =
            [("weights".to_owned(), weights), ("trainval".to_owned(), output(task, "trainval"))].into();
        let node = self.push(spec, inputs, format!("recover {name}"));
        self.plan.nodes[node].completion = completion;
        node
    }

    fn scores(
        &mut self,
        trial: &mut Trial,
        weights: Option<&InputSource>,
        upstream_task: NodeIndex,
        name: &str,
        position: Option<usize>,
    ) -> Result<(), String> {
        let suite = self.suite;
        if let (true, Some(weights)) = (suite.evaluate, weights) {
            let spec =
                StageSpec::Evaluate(EvaluateSpec { network: suite.network.clone(), split: suite.score_on });
            let (pack, protocol) = match suite.score_on {
                ScoredSplit::Validation => ("trainval", "validation"),
                ScoredSplit::Test if suite.transfer.is_some() => ("test", "upstream"),
                ScoredSplit::Test => ("test", "direct"),
            };
            let inputs =
                [("weights".to_owned(), weights.clone()), (pack.to_owned(), output(upstream_task, pack))]
                    .into();
            let node = self.push(spec, inputs, format!("evaluate {name}"));
            trial.scores.push(Score { protocol, regime: "none", task: suite.upstream.task.clone(), node });
        }
        if let Some(transfer) = &suite.transfer {
            let tasks = self.transfer_tasks();
            for (kind, regime) in [(RegimeKind::Linear, &transfer.linear), (RegimeKind::Full, &transfer.full)]
            {
                let Some(regime) = regime else { continue };
                let dense = trial.entry.is_none();
                if !dense && regime.keeps.as_ref().is_some_and(|keeps| !keeps.contains(&trial.keep)) {
                    continue;
                }
                for task in &tasks {
                    let node = self.transfer(kind, regime, task, trial.replicate, weights, name)?;
                    trial.scores.push(Score {
                        protocol: "transfer",
                        regime: kind.name(),
                        task: task.clone(),
                        node,
                    });
                }
            }
        }
        // The snapshot is as fast as what recovery makes of it, and can still be measured in every form.
        let snapshot = trial.prune.zip(position).map(|(prune, keep)| output(prune, &format!("keep-{keep}")));
        let weights = snapshot.as_ref().or(weights);
        if let (true, Some(weights)) = (suite.measure && trial.replicate == 0, weights) {
            let spec = StageSpec::Measure(MeasureSpec {
                network: suite.network.clone(),
                batches: suite.measure_batches.clone(),
                compact: suite.channels.is_some() && trial.entry.is_some(),
            });
            let inputs = [
                ("weights".to_owned(), weights.clone()),
                ("trainval".to_owned(), output(upstream_task, "trainval")),
            ]
            .into();
            trial.measure = Some(self.push(spec, inputs, format!("measure {name}")));
        }
        Ok(())
    }

    fn transfer(
        &mut self,
        kind: RegimeKind,
        regime: &Regime,
        task: &str,
        replicate: u32,
        weights: Option<&InputSource>,
        name: &str,
    ) -> Result<NodeIndex, String> {
        let suite = self.suite;
        let declared = suite.tasks.get(task).is_some_and(|source| source.format.has_boxes());
        if declared || self.surroundings.generated_detection.iter().any(|known| known == task) {
            return Err(format!(
                "transfer to `{task}` is not possible: its objects have boxes, and transfer replaces a classifier"
            ));
        }
        let prepared = self.prepare(task)?;
        let recipe = regime.task_recipes.get(task).unwrap_or(&regime.recipe);
        let spec = StageSpec::Transfer(TransferSpec {
            network: suite.network.clone(),
            regime: kind,
            recipe: suite.recipes[recipe].clone(),
            length: regime.length,
            seed: derive_seed(suite.seed, &format!("transfer/{task}/{replicate}")),
        });
        let mut inputs: BTreeMap<String, InputSource> = [
            ("trainval".to_owned(), output(prepared, "trainval")),
            ("test".to_owned(), output(prepared, "test")),
        ]
        .into();
        if let Some(weights) = weights {
            inputs.insert("weights".to_owned(), weights.clone());
        }
        Ok(self.push(spec, inputs, format!("{} transfer of {name} to {task}", kind.name())))
    }

    fn transfer_tasks(&self) -> Vec<String> {
        let mut tasks = Vec::new();
        for task in self.suite.transfer.iter().flat_map(|transfer| &transfer.tasks) {
            if task == "generated/*" {
                tasks.extend(self.surroundings.generated.iter().cloned());
            } else {
                tasks.push(task.clone());
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        tasks.retain(|task| seen.insert(task.clone()));
        tasks
    }

    fn prepare(&mut self, task: &str) -> Result<NodeIndex, String> {
        if let Some(node) = self.tasks.get(task) {
            return Ok(*node);
        }
        let (source, inputs) = if let Some(files) = self.suite.tasks.get(task) {
            let inputs = [("data".to_owned(), InputSource::Data(files.path.clone()))].into();
            let version = if files.format.has_boxes() {
                self.surroundings.detection_loader_version
            } else {
                self.surroundings.loader_version
            };
            (DataSource::Files { source: files.clone(), version }, inputs)
        } else if task == "generated/upstream"
            || self.surroundings.generated.iter().any(|known| known == task)
        {
            let version = self.surroundings.generator_version;
            (DataSource::Generated { seed: self.suite.generator_seed, version }, BTreeMap::new())
        } else if self.surroundings.generated_detection.iter().any(|known| known == task) {
            let version = self.surroundings.detection_generator_version;
            (DataSource::Generated { seed: self.suite.generator_seed, version }, BTreeMap::new())
        } else {
            let known = self.surroundings.generated.iter().chain(&self.surroundings.generated_detection);
            let known = known.map(String::as_str);
            let known =
                known.chain(self.suite.tasks.keys().map(String::as_str)).chain(["generated/upstream"]);
            let near = crate::yaml::nearest(task, known).map(|near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "there is no task `{task}`{}",
                near.unwrap_or_else(|| {
                    "; `secateur tasks` lists them, and a suite declares its own under `tasks`".to_owned()
                })
            ));
        };
        let spec = StageSpec::Prepare(PrepareSpec { task: task.to_owned(), source });
        let node = self.push(spec, inputs, format!("prepare {task}"));
        self.tasks.insert(task.to_owned(), node);
        Ok(node)
    }

    fn push(&mut self, spec: StageSpec, inputs: BTreeMap<String, InputSource>, label: String) -> NodeIndex {
        self.plan.nodes.push(PlanNode { spec, completion: Completion::Complete, inputs, label });
        self.plan.nodes.len() - 1
    }
}

fn output(node: NodeIndex, name: &str) -> InputSource {
    InputSource::Output { node, output: name.to_owned() }
}

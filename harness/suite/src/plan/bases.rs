//! The dense networks that are pruned: those of the pre-trainings, and in the direct protocol those of the tasks.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::trials::Planner;
use super::{InputSource, NodeIndex, output};
use crate::spec::{DirectStart, NetworkSpec, Track};
use crate::stage::{StageSpec, TrainSpec, derive_seed};

/// A dense network and the task that it was trained on and is pruned on: that of a pre-training, or in the direct protocol
/// one of each task.
#[derive(Clone)]
pub(super) struct Base {
    /// The one of the suite's `pretrainings` that it is, or that its training on a task may begin with; absent: `upstream`.
    pub(super) pretraining: Option<String>,
    /// What it is trained, pruned and measured as.
    pub(super) network: NetworkSpec,
    /// The task of the pre-training.
    pub(super) upstream_task: String,
    /// Absent: the task of the pre-training.
    pub(super) direct: Option<String>,
    /// The task's `prepare` stage.
    pub(super) task: NodeIndex,
    /// Its checkpoints by name: `end`, `init`, `step-N`.
    pub(super) checkpoints: BTreeMap<String, InputSource>,
}

impl Base {
    /// The trained network. Whoever reads a checkpoint makes sure that it has an end.
    pub(super) fn end(&self) -> InputSource {
        self.checkpoints.get("end").cloned().unwrap_or_else(|| checkpoint(self.pretraining.as_deref(), "end"))
    }
}

/// A file of the checkpoint of a pre-training; absent: that of `upstream`.
fn checkpoint(pretraining: Option<&str>, file: &str) -> InputSource {
    let file = file.to_owned();
    match pretraining {
        Some(name) => InputSource::Pretraining { pretraining: name.to_owned(), file },
        None => InputSource::Upstream(file),
    }
}

/// The dense networks that the tracks of one pre-training stand on.
pub(super) struct Bases {
    pub(super) upstream: Base,
    /// Those of the tasks that are pruned directly, by replicate. All of the tracks begin with them.
    pub(super) direct: BTreeMap<u32, Vec<Base>>,
}

impl<'a> Planner<'a> {
    /// What the tracks stand on, by the name of their pre-training.
    pub(super) fn bases(&mut self) -> Result<BTreeMap<Option<&'a str>, Bases>, String> {
        let mut bases = BTreeMap::new();
        let suite = self.suite;
        for track in &suite.tracks {
            if let Entry::Vacant(entry) = bases.entry(track.pretraining.as_deref()) {
                let upstream = self.upstream(track)?;
                let direct = self.direct(&upstream)?;
                entry.insert(Bases { upstream, direct });
            }
        }
        Ok(bases)
    }

    /// The network of a track's pre-training: trained, or read from a checkpoint.
    fn upstream(&mut self, track: &Track) -> Result<Base, String> {
        let suite = self.suite;
        let pretraining = track.pretraining.clone();
        let upstream = suite.base(track);
        let task = self.prepare(&upstream.task)?;
        let network = suite.network_of(upstream);
        let checkpoints = match &upstream.train {
            None => {
                let files = match &pretraining {
                    Some(name) => self.surroundings.pretrainings.get(name).map_or(&[][..], Vec::as_slice),
                    None => &self.surroundings.upstream,
                };
                let source = |file: &String| (file.clone(), checkpoint(pretraining.as_deref(), file));
                files.iter().map(source).collect()
            }
            Some(train) => {
                let (purpose, label) = match &pretraining {
                    Some(name) => (format!("pretraining/{name}"), format!("train pre-training {name}")),
                    None => ("upstream".to_owned(), "train upstream".to_owned()),
                };
                let backbone = train.backbone.clone().map(InputSource::Data);
                let spec = TrainSpec {
                    network: network.clone(),
                    recipe: suite.recipes[&train.recipe].clone(),
                    length: train.length,
                    keep_steps: train.keep_steps.clone(),
                    seed: derive_seed(suite.seed, &purpose),
                };
                self.train(spec, task, backbone, label)
            }
        };
        let upstream_task = upstream.task.clone();
        Ok(Base { pretraining, network, upstream_task, direct: None, task, checkpoints })
    }

    /// The dense networks of the tasks that are pruned directly, by replicate.
    fn direct(&mut self, upstream: &Base) -> Result<BTreeMap<u32, Vec<Base>>, String> {
        let suite = self.suite;
        let mut bases: BTreeMap<u32, Vec<Base>> = BTreeMap::new();
        let Some(wanted) = &suite.direct else { return Ok(bases) };
        for task in self.expanded(&wanted.tasks) {
            if self.has_boxes(&task) != self.has_boxes(&upstream.upstream_task) {
                return Err(format!(
                    "`{task}` cannot be pruned directly in this suite: only one of it and the upstream task `{}` has boxes, and \
                     the suite has one network for both",
                    upstream.upstream_task
                ));
            }
            let prepared = self.prepare(&task)?;
            for replicate in self.replicates() {
                self.check_size()?;
                let spec = TrainSpec {
                    network: suite.network.clone(),
                    recipe: suite.recipes[&wanted.recipe].clone(),
                    length: wanted.length,
                    keep_steps: wanted.keep_steps.clone(),
                    seed: derive_seed(suite.seed, &format!("direct/{task}/{replicate}")),
                };
                let (backbone, from) = match wanted.from {
                    DirectStart::Upstream => (Some(upstream.end()), upstream.pretraining.as_ref()),
                    DirectStart::Init => (None, None),
                };
                let from = from.map(|name| format!(" from {name}")).unwrap_or_default();
                let label = format!("train on {task}{from} (replicate {replicate})");
                let checkpoints = self.train(spec, prepared, backbone, label);
                let base = Base {
                    network: suite.network.clone(),
                    direct: Some(task.clone()),
                    task: prepared,
                    checkpoints,
                    ..upstream.clone()
                };
                bases.entry(replicate).or_default().push(base);
            }
        }
        Ok(bases)
    }

    /// Trains a dense network. Returns what the stage leaves.
    fn train(
        &mut self,
        spec: TrainSpec,
        task: NodeIndex,
        backbone: Option<InputSource>,
        label: String,
    ) -> BTreeMap<String, InputSource> {
        let steps = spec.keep_steps.iter().map(|step| format!("step-{step}"));
        let names: Vec<String> = ["end".to_owned(), "init".to_owned()].into_iter().chain(steps).collect();
        let mut inputs = BTreeMap::from([("trainval".to_owned(), output(task, "trainval"))]);
        inputs.extend(backbone.map(|backbone| ("backbone".to_owned(), backbone)));
        let node = self.push(StageSpec::Train(spec), inputs, label);
        names.into_iter().map(|name| (name.clone(), output(node, &name))).collect()
    }
}

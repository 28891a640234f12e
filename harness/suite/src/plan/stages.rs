//! The stages that trials read, each with its inputs.

use std::collections::BTreeMap;

use super::bases::Base;
use super::trials::Planner;
use super::{InputSource, NodeIndex, Score, Trial, output};
use crate::stage::{
    DataSource, EvaluateSpec, ExtractSpec, MeasureSpec, PrepareSpec, RegimeKind, StageSpec, TransferSpec,
    VerifySpec, derive_seed,
};
use crate::task::TaskFormat;
use crate::transfer::Regime;

impl Planner<'_> {
    pub(super) fn verify(&mut self, keep: f64, weights: InputSource, base: &Base, name: &str) -> NodeIndex {
        let spec = StageSpec::Verify(VerifySpec {
            network: base.network.clone(),
            keep,
            set: self.suite.prune_set(),
        });
        let inputs =
            [("weights".to_owned(), weights), ("trainval".to_owned(), output(base.task, "trainval"))].into();
        self.push(spec, inputs, format!("verify {name}"))
    }

    pub(super) fn evaluate(&mut self, weights: InputSource, task: NodeIndex, name: &str) -> NodeIndex {
        let split = self.suite.score_on;
        let spec = StageSpec::Evaluate(EvaluateSpec { network: self.suite.network.clone(), split });
        let pack = if split.is_test() { "test" } else { "trainval" };
        let inputs = [("weights".to_owned(), weights), (pack.to_owned(), output(task, pack))].into();
        self.push(spec, inputs, format!("evaluate {name}"))
    }

    pub(super) fn measure(
        &mut self,
        weights: InputSource,
        base: &Base,
        compact: bool,
        name: &str,
    ) -> NodeIndex {
        let spec = StageSpec::Measure(MeasureSpec {
            network: base.network.clone(),
            batches: self.suite.measure_batches.clone(),
            compact,
        });
        let inputs =
            [("weights".to_owned(), weights), ("trainval".to_owned(), output(base.task, "trainval"))].into();
        self.push(spec, inputs, format!("measure {name}"))
    }

    /// Transfer of a network to a task: with a new classifier or new predictors of boxes in the place of its own end, or into another
    /// network. Linear transfer trains on features, which a stage before it extracts: what differs in classifiers alone shares
    /// them.
    ///
    /// # Errors
    /// Names a task that is not known, or that a network cannot be transferred to.
    pub(super) fn transfer(
        &mut self,
        (kind, regime): (RegimeKind, &Regime),
        task: &str,
        (base, trial): (&Base, &Trial),
        weights: Option<&InputSource>,
        name: &str,
    ) -> Result<Score, String> {
        let suite = self.suite;
        let other = suite.transfer.as_ref().and_then(|transfer| transfer.network.clone());
        let boxes = self.has_boxes(task);
        if boxes && other.is_none() && !self.has_boxes(&base.upstream_task) {
            return Err(format!(
                "transfer to `{task}` is not possible: its objects have boxes, and `transfer.network` names no detector"
            ));
        }
        if kind == RegimeKind::Linear && (boxes || other.is_some()) {
            return Err(format!(
                "linear transfer to `{task}` is not possible: a linear classifier stands on the features of the pruned network, \
                 and a detector, or another network, is trained as a whole; remove `transfer.linear`"
            ));
        }
        if boxes && regime.normalize.is_some() {
            return Err(format!(
                "transfer.{}.normalize is for pictures with one class each, and the objects of `{task}` have boxes",
                kind.name()
            ));
        }
        let prepared = self.prepare(task)?;
        let normalize = regime.normalize;
        let own = suite.tasks.get(task).map(|source| source.interpolation);
        let wanted = trial.entry.and_then(|entry| suite.methods[entry].interpolation);
        let interpolation = wanted.filter(|wanted| own != Some(*wanted));
        let recipe = regime.task_recipes.get(task).unwrap_or(&regime.recipe);
        let seed = derive_seed(suite.seed, &format!("transfer/{task}/{}", trial.replicate));
        let mut inputs: BTreeMap<String, InputSource> = [
            ("trainval".to_owned(), output(prepared, "trainval")),
            ("test".to_owned(), output(prepared, "test")),
        ]
        .into();
        if let Some(weights) = weights {
            inputs.insert("weights".to_owned(), weights.clone());
        }
        let mut features = None;
        if kind == RegimeKind::Linear {
            // Only without weights is there anything to draw.
            let seed = weights.is_none().then_some(seed);
            let spec = ExtractSpec { network: suite.network.clone(), seed, normalize, interpolation };
            let spec = StageSpec::Extract(spec);
            let extract = self.push(spec, inputs, format!("extract features of {name} on {task}"));
            features = Some(extract);
            inputs = [
                ("trainval".to_owned(), output(prepared, "trainval")),
                ("features".to_owned(), output(extract, "features")),
            ]
            .into();
        }
        let sees_pictures = kind == RegimeKind::Full;
        let spec = StageSpec::Transfer(TransferSpec {
            from: (boxes || other.is_some()).then(|| base.network.clone()),
            network: other.unwrap_or_else(|| suite.network.clone()),
            regime: kind,
            recipe: suite.recipes[recipe].clone(),
            length: regime.length,
            seed,
            normalize: normalize.filter(|_| sees_pictures),
            interpolation: interpolation.filter(|_| sees_pictures),
            select: regime.select,
        });
        let node = self.push(spec, inputs, format!("{} transfer of {name} to {task}", kind.name()));
        Ok(Score { protocol: "transfer", regime: kind.name(), task: task.to_owned(), node, features })
    }

    /// Whether a task's objects have boxes; not if there is no such task.
    pub(super) fn has_boxes(&self, task: &str) -> bool {
        match self.suite.tasks.get(task) {
            Some(source) => source.format.has_boxes(),
            None => self.surroundings.generated_detection.iter().any(|known| known == task),
        }
    }

    /// Tasks by name, where `generated/*` stands for the generated ones, each once.
    pub(super) fn expanded(&self, names: &[String]) -> Vec<String> {
        let mut tasks = Vec::new();
        for task in names {
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

    /// Packs a task's splits, once for all who read them.
    ///
    /// # Errors
    /// Names a task that is neither generated nor declared.
    pub(super) fn prepare(&mut self, task: &str) -> Result<NodeIndex, String> {
        if let Some(node) = self.tasks.get(task) {
            return Ok(*node);
        }
        let (source, inputs) = if let Some(files) = self.suite.tasks.get(task) {
            let inputs = [("data".to_owned(), InputSource::Data(files.path.clone()))].into();
            let version = match files.format {
                TaskFormat::ImageFolder | TaskFormat::Unlabelled => self.surroundings.loader_version,
                TaskFormat::Official => self.surroundings.official_loader_version,
                TaskFormat::Voc | TaskFormat::Coco => self.surroundings.detection_loader_version,
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
}

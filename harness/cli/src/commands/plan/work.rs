//! What a plan computes on: how many pictures its stages train on and look at, by network and side.

use std::collections::{BTreeMap, HashMap};

use secateur_data::official;
use secateur_data::{Split, generated};
use secateur_suite::{
    Completion, DataSource, InputSource, NodeIndex, Plan, PlanNode, Recipe, RegimeKind, ScoredSplit, Select,
    StageSpec,
};

/// Pictures of a task's splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) train: u64,
    pub(super) validation: u64,
    pub(super) test: u64,
}

impl Counts {
    /// As far as they are known without any file: of generated tasks and of complete official sets.
    pub(super) fn of(task: &str, source: &DataSource) -> Option<Self> {
        let source = match source {
            DataSource::Generated { .. } => return Self::generated(task),
            DataSource::Files { source, .. } => source.official.as_ref()?,
        };
        let counts = official::entry(&source.set).ok()?.counts;
        let all = (counts.train + counts.of(Split::Validation)) as u64;
        let test = counts.of(Split::Test) as u64;
        let (train, validation) = match (source.sample, source.held_out, counts.validation) {
            _ if source.reduced => return None,
            (Some(sample), ..) => (sample.train.into(), sample.validation.into()),
            (None, false, _) => (all, 0),
            (None, true, Some(own)) => (counts.train as u64, own as u64),
            // A tenth of each class, which need not be a tenth of all to the picture.
            (None, true, None) => (all - all / 10, all / 10),
        };
        Some(Self { train, validation, test })
    }

    fn generated(task: &str) -> Option<Self> {
        let classes = generated::catalogue().iter().map(|it| (it.id, it.train, it.validation, it.test));
        let boxes =
            generated::detection_catalogue().iter().map(|it| (it.id, it.train, it.validation, it.test));
        let (_, train, validation, test) = classes.chain(boxes).find(|(id, ..)| *id == task)?;
        Some(Self { train: train as u64, validation: validation as u64, test: test as u64 })
    }
}

/// Side of a task's pictures; absent where files decide.
pub(super) fn side(source: &DataSource) -> Option<u32> {
    match source {
        DataSource::Generated { .. } => u32::try_from(generated::SIDE).ok(),
        DataSource::Files { source, .. } => source.side,
    }
}

/// What is trained alike, as far as the time of a picture goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// The zoo's network.
    pub(super) network: String,
    /// The factor on its widths, as it is written.
    pub(super) width: String,
    /// Side of the pictures.
    pub(super) side: u32,
    /// Whether training sees two views of each picture.
    pub(super) views: bool,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = if self.width == "1" { String::new() } else { format!(" of width {}", self.width) };
        let views = if self.views { ", two views each" } else { "" };
        write!(f, "{}{width} at {} px{views}", self.network, self.side)
    }
}

/// What one stage does to pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Work {
    /// Pictures trained on, at the most; absent where that is not known without files.
    pub(super) trained: Option<u64>,
    /// Pictures that are only looked at: for features and for scores.
    pub(super) seen: Option<u64>,
    /// Pictures in a batch of its training.
    pub(super) batch: u32,
}

impl Work {
    /// Pictures in units of training, of which one forward pass is a third, as in allowances.
    pub(super) fn equivalent(&self) -> f64 {
        self.trained.unwrap_or(0) as f64 + self.seen.unwrap_or(0) as f64 / 3.0
    }
}

/// What a stage computes with its network. Nothing for stages without pictures, for linear classifiers, whose features were
/// extracted before, and for `measure` stages, which pass few pictures many times.
pub(super) fn of(plan: &Plan, index: NodeIndex) -> Option<(Option<Kind>, Work)> {
    let node = &plan.nodes[index];
    let (network, recipe) = match &node.spec {
        StageSpec::Train(spec) => (&spec.network, Some(&spec.recipe)),
        StageSpec::Prune(spec) => (&spec.network, spec.recipe.as_ref()),
        StageSpec::Recover(spec) => (&spec.network, spec.recipe.as_ref()),
        StageSpec::Transfer(spec) if spec.regime == RegimeKind::Full => (&spec.network, Some(&spec.recipe)),
        StageSpec::Evaluate(spec) => (&spec.network, None),
        StageSpec::Extract(spec) => (&spec.network, None),
        StageSpec::Transfer(_) | StageSpec::Prepare(_) | StageSpec::Verify(_) | StageSpec::Measure(_) => {
            return None;
        }
    };
    let (task, source) = task(plan, node)?;
    let counts = Counts::of(task, source);
    let views = recipe.is_some_and(|recipe| recipe.contrast.is_some());
    let kind = side(source).map(|side| Kind {
        network: network.name.clone(),
        width: network.width.to_string(),
        side,
        views,
    });
    let batch = recipe.map_or(1, |recipe| recipe.batch);
    Some((kind, Work { trained: trained(&node.spec, counts), seen: seen(&node.spec, counts), batch }))
}

/// Training pictures of a stage at the most; absent where its length is in passes over files that nobody has counted.
pub(super) fn trained(spec: &StageSpec, counts: Option<Counts>) -> Option<u64> {
    let steps = |recipe: &Recipe, length: secateur_suite::Length| {
        let pictures = counts?.train;
        length.steps(recipe.batch, pictures).checked_mul(u64::from(recipe.batch))
    };
    if does_not_train(spec) {
        return Some(0);
    }
    spec.pictures().or_else(|| match spec {
        StageSpec::Train(spec) => steps(&spec.recipe, spec.length),
        StageSpec::Prune(spec) => steps(spec.recipe.as_ref()?, spec.allowance),
        StageSpec::Transfer(spec) => steps(&spec.recipe, spec.length),
        _ => None,
    })
}

/// Whether it is recovery of less than a batch, which trains nothing.
fn does_not_train(spec: &StageSpec) -> bool {
    let StageSpec::Recover(spec) = spec else { return false };
    spec.samples < spec.recipe.as_ref().map_or(1, |recipe| u64::from(recipe.batch))
}

fn seen(spec: &StageSpec, counts: Option<Counts>) -> Option<u64> {
    let counts = match spec {
        StageSpec::Train(_) | StageSpec::Prune(_) | StageSpec::Recover(_) => return Some(0),
        _ => counts?,
    };
    Some(match spec {
        StageSpec::Extract(_) => counts.train + counts.validation + counts.test,
        StageSpec::Evaluate(spec) if spec.split == ScoredSplit::Validation => counts.validation,
        StageSpec::Transfer(spec) => {
            // The best network of all epochs is known after a look at the validation split in each.
            let epochs = trained(&StageSpec::Transfer(spec.clone()), Some(counts))? / counts.train.max(1);
            let looks = if spec.select == Select::BestValidation { epochs.max(1) } else { 1 };
            counts.test + counts.validation * looks
        }
        _ => counts.test,
    })
}

/// The task whose pictures a stage reads.
pub(super) fn task<'a>(plan: &'a Plan, node: &PlanNode) -> Option<(&'a str, &'a DataSource)> {
    let source = ["trainval", "test"].iter().find_map(|name| node.inputs.get(*name))?;
    let InputSource::Output { node, .. } = source else { return None };
    match &plan.nodes[*node].spec {
        StageSpec::Prepare(spec) => Some((&spec.task, &spec.source)),
        _ => None,
    }
}

/// For each stage the first one that is equal: the same specification on the same inputs. What is equal runs once. Recovery that has
/// nothing to do passes its weights on, so that whoever reads it reads them.
pub(super) fn firsts(plan: &Plan) -> Vec<NodeIndex> {
    let mut known: HashMap<String, NodeIndex> = HashMap::new();
    let mut firsts: Vec<NodeIndex> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let input = |source: &InputSource| match passed_on(plan, source) {
            InputSource::Output { node, output } => format!("{} {output}", firsts[*node]),
            other => format!("{other:?}"),
        };
        // A verdict is waited for, and is no input.
        let inputs = node.inputs.iter().filter(|(name, _)| *name != "verified");
        let inputs: BTreeMap<&String, String> = inputs.map(|(name, source)| (name, input(source))).collect();
        let mut spec = node.spec.clone();
        let trains = !does_not_train(&spec);
        if let (false, StageSpec::Recover(spec)) = (trains, &mut spec) {
            (spec.samples, spec.recipe) = (0, None);
        }
        let left_over = match node.completion {
            Completion::LeftOver { prune, keep } if trains => Some((firsts[prune], keep)),
            Completion::LeftOver { .. } | Completion::Complete | Completion::Fixed => None,
        };
        let text = format!("{} {inputs:?} {left_over:?}", serde_json::json!(spec));
        let index = firsts.len();
        firsts.push(*known.entry(text).or_insert(index));
    }
    firsts
}

/// Where an input comes from, past recovery that has nothing to do.
fn passed_on<'a>(plan: &'a Plan, mut source: &'a InputSource) -> &'a InputSource {
    while let InputSource::Output { node, .. } = source
        && let StageSpec::Recover(spec) = &plan.nodes[*node].spec
        && does_not_train(&plan.nodes[*node].spec)
        && spec.recalibrate == 0
        && let Some(weights) = plan.nodes[*node].inputs.get("weights")
    {
        source = weights;
    }
    source
}

#[cfg(test)]
mod tests;

//! Weights between files and models.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use secateur_checkpoint::{Tensors, check_against, normalize_names, read, write_safetensors};
use secateur_data::pack::AnyInfo;
use secateur_engine::{Model, State, Streams};
use secateur_network::{Network, PROJECTION, ParamId, zoo};
use secateur_suite::NetworkSpec;

use crate::order::Order;

/// The network of a specification for a task.
pub(crate) fn network(spec: &NetworkSpec, info: &AnyInfo, input: [usize; 3]) -> anyhow::Result<Arc<Network>> {
    let options = zoo::Options { width: Some(spec.width), classes: Some(info.classes()), input: Some(input) };
    let network = zoo::build(&spec.name, &options)?;
    let Some(projection) = spec.projection else { return Ok(Arc::new(network)) };
    let hidden = projection.hidden.map(|hidden| hidden as usize);
    Ok(Arc::new(network.projected(hidden, projection.out as usize)?))
}

/// The network of a specification for a task whose classes it is to tell, whatever it ended in upstream.
fn classifier(spec: &NetworkSpec, info: &AnyInfo, input: [usize; 3]) -> anyhow::Result<Arc<Network>> {
    network(&NetworkSpec { projection: None, ..spec.clone() }, info, input)
}

/// Reads a checkpoint for a network; everything that is neither mask nor optimizer state must fit it.
pub(crate) fn read_for(network: &Network, path: &Path) -> anyhow::Result<Tensors> {
    let tensors = normalize_names(read(path)?.tensors);
    check(network, &tensors, path)?;
    Ok(tensors)
}

fn check(network: &Network, tensors: &Tensors, path: &Path) -> anyhow::Result<()> {
    let weights = tensors
        .iter()
        .filter(|(name, _)| !name.starts_with("mask.") && !name.starts_with("optimizer."))
        .map(|(name, data)| (name.clone(), data.clone()))
        .collect();
    check_against(network, &weights).with_context(|| format!("{} does not fit the network", path.display()))
}

/// A file's tensors, and the network that they are of: `network`, or what is left of it if channels have been cut out.
/// The classifier keeps the outputs that `network` has, since a file may be of another task, or end in a projection.
fn read_with_network(network: &Arc<Network>, path: &Path) -> anyhow::Result<(Tensors, Arc<Network>)> {
    let file = read(path)?;
    let tensors = normalize_names(file.tensors);
    if file.metadata.get(FORM).is_none_or(|form| form != COMPACTED) {
        return Ok((tensors, Arc::clone(network)));
    }
    let heads = network.heads();
    let narrowed = network.narrowed(|param| {
        let head = heads.contains(&param.node);
        // A projection reads the same features as the classifier in whose place it stands.
        let projected = || {
            let (_, kind) = param.name.rsplit_once('.').filter(|_| head)?;
            tensors.get(&format!("{}.{kind}", PROJECTION[0]))
        };
        let found = tensors.get(&param.name).or_else(projected);
        let mut shape = found.map_or_else(Vec::new, |tensor| tensor.shape.clone());
        if head && !shape.is_empty() {
            shape[0] = param.shape[0];
        }
        shape
    });
    let narrowed = narrowed.with_context(|| format!("{} is of another network", path.display()))?;
    Ok((tensors, Arc::new(narrowed)))
}

/// A model with the weights and masks of a file. If the file is of a compacted network, so is the model.
pub(crate) fn load(order: &Order, network: &Arc<Network>, path: &Path) -> anyhow::Result<Model> {
    let (tensors, network) = read_with_network(network, path)?;
    check(&network, &tensors, path)?;
    let model = Model::new(network, order.options(), &Streams::new(0))?;
    State::from_tensors(&model, &tensors)?.restore(&model, None)?;
    Ok(model)
}

/// The state of a file for a model, without touching the model.
pub(crate) fn read_state(model: &Model, path: &Path) -> anyhow::Result<State> {
    Ok(State::from_tensors(model, &read_for(model.network(), path)?)?)
}

/// A model for another task: all weights and masks of a file but its head's, and a classifier that starts from the streams.
pub(crate) fn load_body(
    order: &Order,
    spec: &NetworkSpec,
    info: &AnyInfo,
    input: [usize; 3],
    path: Option<&Path>,
    streams: &Streams,
) -> anyhow::Result<Model> {
    let network = classifier(spec, info, input)?;
    let Some(path) = path else { return Ok(Model::new(network, order.options(), streams)?) };
    let (mut tensors, network) = read_with_network(&network, path)?;
    let model = Model::new(Arc::clone(&network), order.options(), streams)?;
    let head = network.head().context("a network without a classifier cannot be transferred")?;
    for id in &network.node(head).params {
        let spec = &network.params()[id.index()];
        let fresh = secateur_engine::to_tensor_data(model.param(*id))?;
        tensors.insert(spec.name.clone(), fresh);
        tensors.remove(&format!("mask.{}", spec.name));
    }
    State::from_tensors(&model, &tensors)
        .with_context(|| format!("{} does not fit the network", path.display()))?
        .restore(&model, None)?;
    Ok(model)
}

/// A model of another network than a file's, or of the same detector on another task: what the two have in common by name
/// and shape is taken with its masks, and everything else starts from the streams.
///
/// A mask that finds no place is an error: without it the network would not be as sparse as it is said to be.
pub(crate) fn load_shared(
    order: &Order,
    spec: &NetworkSpec,
    info: &AnyInfo,
    input: [usize; 3],
    path: &Path,
    streams: &Streams,
) -> anyhow::Result<Model> {
    let file = read(path)?;
    anyhow::ensure!(
        file.metadata.get(FORM).is_none_or(|form| form != COMPACTED),
        "{} is without its removed channels, and only whole networks can be put into another one",
        path.display()
    );
    let tensors = normalize_names(file.tensors);
    let model = Model::new(classifier(spec, info, input)?, order.options(), streams)?;
    let taken = take_matching(&model, &tensors, path)?;
    tracing::info!(taken = taken.len(), of = model.params().len(), "parameters are the pruned network's");
    for (name, mask) in tensors.iter().filter_map(|(key, mask)| Some((key.strip_prefix("mask.")?, mask))) {
        let id = taken.iter().copied().find(|id| model.network().params()[id.index()].name == name);
        let id = id.with_context(|| {
            format!(
                "{name} is pruned, but network {} on task {} has no such parameter of this shape, or has it anew",
                spec.name,
                info.id()
            )
        })?;
        model.set_mask(id, Some(&secateur_engine::to_tensor(mask)?))?;
    }
    Ok(model)
}

/// [`take_matching`] from a file; its masks are not taken.
pub(crate) fn load_matching(model: &Model, path: &Path) -> anyhow::Result<Vec<ParamId>> {
    take_matching(model, &normalize_names(read(path)?.tensors), path)
}

/// Overwrites the parameters and statistics of a model that a file has under the same name and with the same shape, but a
/// classifier's: that of another task means other classes, even where it has as many. Returns which parameters these
/// are.
fn take_matching(model: &Model, tensors: &Tensors, path: &Path) -> anyhow::Result<Vec<ParamId>> {
    let network = model.network();
    let mut taken = Vec::new();
    let heads = network.heads();
    for spec in network.params().iter().filter(|spec| !heads.contains(&spec.node)) {
        if let Some(value) = tensors.get(&spec.name).filter(|value| value.shape == spec.shape) {
            model.set_param(spec.id, &secateur_engine::to_tensor(value)?)?;
            taken.push(spec.id);
        }
    }
    for (index, spec) in network.buffers().iter().enumerate() {
        if let Some(value) = tensors.get(&spec.name).filter(|value| value.shape == spec.shape) {
            model.set_buffer(index, &secateur_engine::to_tensor(value)?)?;
        }
    }
    anyhow::ensure!(
        !taken.is_empty(),
        "{} has no parameter of {} by name and shape; a backbone must have torchvision's names",
        path.display(),
        network.name()
    );
    Ok(taken)
}

/// Whether a file's weights are of the whole network or of a compacted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// All channels, some of them perhaps masked.
    Whole,
    /// Without the channels that were removed.
    Compacted,
}

/// Key of a file's header that says its form.
const FORM: &str = "form";
const COMPACTED: &str = "compacted";

/// Writes a state where the order's outputs go. The header says what network it is of.
pub(crate) fn write(model: &Model, state: &State, form: Form, path: &Path) -> anyhow::Result<()> {
    let network = model.network();
    let mut metadata: BTreeMap<String, String> = [
        ("format".to_owned(), "secateur-weights/1".to_owned()),
        ("network".to_owned(), network.name().to_owned()),
        ("input".to_owned(), network.input().map(|size| size.to_string()).join("x")),
    ]
    .into();
    if form == Form::Compacted {
        metadata.insert(FORM.to_owned(), COMPACTED.to_owned());
    }
    Ok(write_safetensors(path, &state.to_tensors(model)?, &metadata)?)
}

/// Weights under a mask that are not zero. There must be none.
pub(crate) fn leaked(model: &Model) -> anyhow::Result<u64> {
    let mut leaked = 0;
    for (index, param) in model.params().iter().enumerate() {
        if let Some(mask) = model.mask(ParamId(index as u32)) {
            let removed = mask.f_eq(0.0)?;
            leaked += secateur_engine::count_kept(&param.detach().f_ne(0.0)?.f_logical_and(&removed)?)?;
        }
    }
    Ok(leaked)
}

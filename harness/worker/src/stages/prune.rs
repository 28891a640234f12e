//! `prune`: the one stage in which a plugin is loaded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use secateur_abi as abi;
use secateur_data::Split;
use secateur_engine::{Model, State, Streams};
use secateur_host::{Plugin, Removable, Session, SessionSetup, prunable_params, run_method};
use secateur_network::Network;
use secateur_store::{Outcome, PruneFacts, SnapshotFacts};
use secateur_suite::{Prunable, PruneSet, PruneSpec};

use crate::order::{CANCELLED, Order};
use crate::stages::Ended;
use crate::weights::{self, Form};

pub(crate) fn run(order: &Order, spec: &PruneSpec) -> anyhow::Result<Ended> {
    let plugin = Plugin::load(order.input("plugin")?)?;
    let params = order.params(&spec.params)?.to_string();
    let info = order.task("trainval")?;
    let shape = order.shape("trainval", Split::Train)?;
    let network = weights::network(&spec.network, &info, shape)?;
    let streams = Streams::new(spec.seed);
    // Without a trained network among its inputs the method begins from initialization.
    let start = if order.optional_input("end").is_some() { "end" } else { "init" };
    let beginning = order.optional_input(start);
    let model = match beginning {
        Some(path) => weights::load(order, &network, path)?,
        None => Model::new(Arc::clone(&network), order.options(), &streams)?,
    };
    let objective =
        |split| order.objective(("trainval", split), &info, &model, spec.recipe.as_ref(), streams);
    let (train, validation) = (objective(Split::Train)?, objective(Split::Validation)?);
    let mut upstream = BTreeMap::new();
    for name in order.input_names().filter(|name| *name == "init" || name.starts_with("step-")) {
        // Plugins say `step:500`, files `step-500`.
        let state = weights::read_state(&model, order.input(name)?)?;
        upstream.insert(name.replacen('-', ":", 1), state);
    }
    if beginning.is_none() {
        upstream.insert(start.to_owned(), State::of(&model, None));
    }
    let removable = Removable::new(&network, &spec.set);
    tell_pattern(&network, &spec.set, &removable)?;
    let targets: Vec<abi::Target> = spec.keeps.iter().map(|keep| removable.target(&network, *keep)).collect();
    let session = Session::new(SessionSetup {
        model: &model,
        train: &*train,
        validation: &*validation,
        recipe: spec.recipe.as_ref(),
        allowance: spec.allowance.steps(1, train.len() as u64),
        removable,
        targets: targets.clone(),
        upstream,
        streams,
        cancelled: &CANCELLED,
        deadline: Some(order.deadline),
        progress: log_progress,
    });
    let result = run_method(&plugin, &spec.method, &params, &session);
    let snapshots = session.into_snapshots();
    let (mut outcome, mut detail) = match &result {
        Ok(()) => (Outcome::Ok, String::new()),
        Err(failure) => (outcome_of(failure.status), failure.message.clone()),
    };
    if let (Outcome::Ok, Some(missing)) = (outcome, snapshots.iter().position(Option::is_none)) {
        outcome = Outcome::Invalid;
        detail = format!("the method reported success, but emitted nothing for keep {}", spec.keeps[missing]);
    }
    let mut outputs = BTreeMap::new();
    let mut facts = Vec::with_capacity(snapshots.len());
    for (index, snapshot) in snapshots.into_iter().enumerate() {
        let Some(snapshot) = snapshot else {
            facts.push(None);
            continue;
        };
        let name = format!("keep-{index}");
        let path = format!("{name}.safetensors");
        weights::write(&model, &snapshot.state, Form::Whole, &order.output(&path))?;
        outputs.insert(name, path);
        facts.push(Some(SnapshotFacts {
            target_count: targets[index].count,
            train_samples: snapshot.meters.train_samples,
            forward_samples: snapshot.meters.forward_samples,
            charged_samples: snapshot.meters.charged(),
            steps: snapshot.meters.steps,
            nonzero_before: snapshot.nonzero_before,
            // The session says `start` for the network that the trial began with, and `step:500` for the file `step-500`.
            weights_of: snapshot.weights_of.map(|name| match name.as_str() {
                "start" => start.to_owned(),
                _ => name.replacen(':', "-", 1),
            }),
        }));
    }
    let told = plugin.info();
    let version =
        told.methods.iter().find(|method| method.id == spec.method).map(|method| method.version.clone());
    let file_name = told.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let facts = PruneFacts {
        method: spec.method.clone(),
        version: version.unwrap_or_default(),
        plugin: file_name.unwrap_or_default(),
        plugin_sha256: told.sha256,
        built_with: format!("{}, {}", told.sdk, told.compiler),
        snapshots: facts,
    };
    Ok(Ended { outcome, detail, outputs, facts: serde_json::to_value(facts)? })
}

/// Logs which layers a pattern leaves dense, because their input channels do not fall into its groups.
fn tell_pattern(network: &Network, set: &PruneSet, removable: &Removable) -> anyhow::Result<()> {
    let (PruneSet::Weights(set), Removable::Patterned { params, pattern }) = (set, removable) else {
        return Ok(());
    };
    anyhow::ensure!(
        !params.is_empty(),
        "no layer of the set `{}` has input channels in multiples of {}, as the pattern {pattern} needs",
        set.name,
        pattern.of()
    );
    let whole = prunable_params(network, &Prunable { pattern: None, ..set.clone() });
    let dense = whole.iter().filter(|id| !params.contains(id)).map(|id| &network.params()[id.index()]);
    let (mut weights, mut layers) = (0, Vec::new());
    for layer in dense {
        weights += layer.numel();
        layers.push(layer.name.as_str());
    }
    let (patterned, layers) = (removable.total(network), layers.join(", "));
    tracing::info!(%pattern, patterned, dense = weights, layers, "weights in groups of the pattern, and dense ones");
    Ok(())
}

fn outcome_of(status: abi::Status) -> Outcome {
    match status {
        abi::E_INVALID => Outcome::Invalid,
        abi::E_UNSUPPORTED => Outcome::Unsupported,
        abi::E_INFEASIBLE => Outcome::Infeasible,
        abi::E_CANCELLED => Outcome::Cancelled,
        abi::E_EXHAUSTED => Outcome::Exhausted,
        abi::E_PANIC => Outcome::Panicked,
        _ => Outcome::Failed,
    }
}

/// A plugin may report progress at every step; the log gets a line a second.
fn log_progress(done: u64, total: u64, what: &str) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let Ok(mut last) = LAST.lock() else { return };
    if last.is_none_or(|last| last.elapsed().as_secs_f64() > 1.0) || done == total {
        *last = Some(Instant::now());
        let what: String = what.chars().filter(|c| !c.is_control()).take(80).collect();
        tracing::info!("{done} of {total} {what}");
    }
}

//! A trial or a stage by the beginning of its name.

use std::path::PathBuf;

use secateur_store::{StageResult, Store, StoreError};

use super::load::{stage_record, trial_record};
use super::{StageRecord, TrialRecord};

/// Shortest beginning of a name that is looked for.
const SHORTEST: usize = 3;
/// Names that an error lists.
const MOST_NAMED: usize = 5;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// A trial, with its stages in the order of [`TrialRecord::identities`]; those without a result are absent.
    Trial {
        /// Its name.
        id: String,
        /// The trial.
        trial: Box<TrialRecord>,
        /// Its stages.
        stages: Vec<StageRecord>,
    },
    /// A stage.
    Stage(Box<StageRecord>),
}

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The name is too short, or is none.
    #[error(
        "`{0}` is no name of a trial or stage: give three hexadecimal digits or more, from results.csv, a page of the report or `secateur plan --stages`"
    )]
    NoName(String),
    /// Nothing begins so.
    #[error("the store has no trial and no stage whose name begins with `{prefix}`{}", near(candidates))]
    Nothing {
        /// What was looked for.
        prefix: String,
        /// The names nearest to it.
        candidates: Vec<String>,
    },
    /// Several do.
    #[error("`{prefix}` is the beginning of {} names; say more digits: {}", candidates.len(), listed(candidates))]
    Several {
        /// What was looked for.
        prefix: String,
        /// All of them.
        candidates: Vec<String>,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn near(candidates: &[String]) -> String {
    if candidates.is_empty() { String::new() } else { format!("; the nearest are {}", listed(candidates)) }
}

fn listed(candidates: &[String]) -> String {
    let more = match candidates.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{}{more}", candidates[..candidates.len().min(MOST_NAMED)].join(", "))
}

/// Finds the trial or stage whose name begins with `prefix`.
///
/// # Errors
/// Fails if there is none, or more than one, or the store cannot be read.
pub fn find(store: &Store, prefix: &str) -> Result<Found, FindError> {
    let wanted = prefix.trim().to_ascii_lowercase();
    if wanted.len() < SHORTEST || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(FindError::NoName(prefix.to_owned()));
    }
    let mut trials: Vec<(String, TrialRecord)> = Vec::new();
    for manifest in store.manifests()? {
        trials.extend(manifest.trials.iter().map(|trial| {
            let record = trial_record(&manifest.suite.name, trial);
            (record.id(), record)
        }));
    }
    let stages = identities(store)?;
    // A trial that stands in two suites' files of one name is one trial.
    let mut names: Vec<&String> = trials.iter().map(|(id, _)| id).chain(&stages).collect();
    names.sort_unstable();
    names.dedup();
    let mut found: Vec<String> =
        names.iter().filter(|name| name.starts_with(&wanted)).map(|it| (*it).clone()).collect();
    // A whole name is no beginning of another one.
    if found.contains(&wanted) {
        found = vec![wanted.clone()];
    }
    let name = match &found[..] {
        [name] => name.clone(),
        [] => {
            return Err(FindError::Nothing { prefix: wanted.clone(), candidates: nearest(&names, &wanted) });
        }
        _ => return Err(FindError::Several { prefix: wanted, candidates: found }),
    };
    if let Some((id, trial)) = trials.into_iter().find(|(id, _)| *id == name) {
        let mut stages = Vec::new();
        for identity in trial.identities() {
            stages.extend(result(store, identity)?.map(|result| stage_record(store, &result)));
        }
        return Ok(Found::Trial { id, trial: Box::new(trial), stages });
    }
    let result = result(store, &name)?.ok_or_else(|| {
        let reason = "it has no readable result".to_owned();
        StoreError::Broken { path: store.object_dir(&name), reason }
    })?;
    Ok(Found::Stage(Box::new(stage_record(store, &result))))
}

fn result(store: &Store, identity: &str) -> Result<Option<StageResult>, StoreError> {
    match store.object(identity)? {
        Some(result) => Ok(Some(result)),
        None => Ok(store.attempts(identity)?.pop()),
    }
}

/// Names of all folders of results, sorted.
fn identities(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for folder in ["objects", "attempts"] {
        let path: PathBuf = store.root().join(folder);
        let at = |source| StoreError::Io { path: path.clone(), source };
        match std::fs::read_dir(&path) {
            Ok(entries) => {
                for entry in entries {
                    names.extend(entry.map_err(at)?.file_name().into_string());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(error)),
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The names that share the longest beginning with `wanted`.
fn nearest(names: &[&String], wanted: &str) -> Vec<String> {
    let shared = |name: &str| name.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
    let most = names.iter().map(|name| shared(name)).max().unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    names.iter().filter(|name| shared(name) == most).take(MOST_NAMED).map(|name| (*name).clone()).collect()
}

#[cfg(test)]
mod tests;

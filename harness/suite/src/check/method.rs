//! Methods of a suite.

use super::check_keeps;
use crate::files::{named_files, undeclared};
use crate::recipe::Length;
use crate::spec::{MethodEntry, Start, Suite, Track};
use crate::task::Packed;
use crate::yaml::{nearest, to_json};

pub(super) fn check(suite: &Suite, index: usize, entry: &MethodEntry, add: &mut impl FnMut(&str, String)) {
    let key = |field: &str| format!("methods[{index}].{field}");
    if entry.label.is_empty() || entry.label.chars().any(char::is_control) {
        add(&key("label"), "must be a line of text".to_owned());
    }
    let same_label = suite.methods[..index].iter().filter(|other| other.label == entry.label);
    if suite.controls.iter().any(|control| control.label() == entry.label) {
        add(&key("label"), format!("`{}` is that of a control", entry.label));
    }
    for other in same_label {
        // One method may have several entries, for example with more replicates at some keeps.
        let same = (&other.method, &other.params, &other.files, &other.tracks, other.start, other.stretch)
            == (&entry.method, &entry.params, &entry.files, &entry.tracks, entry.start, entry.stretch)
            && other.interpolation == entry.interpolation;
        let own = entry.keeps.as_deref().unwrap_or(&suite.keeps);
        let apart = !other.keeps.as_deref().unwrap_or(&suite.keeps).iter().any(|keep| own.contains(keep));
        if !(same && apart) {
            let help = "entries of one label differ in `keeps` and `replicates` only, and share no keep";
            add(&key("label"), format!("`{}` is used twice; {help}", entry.label));
        }
    }
    match to_json(&entry.params) {
        Err(reason) => add(&key("params"), reason),
        Ok(params) => check_files(entry, &named_files(&params), &key, add),
    }
    if !matches!(entry.params, serde_yaml::Value::Null | serde_yaml::Value::Mapping(_)) {
        add(&key("params"), "must be a mapping of names to values".to_owned());
    }
    for track in entry.tracks.iter().flatten() {
        if !suite.tracks.iter().any(|known| known.name == *track) {
            let near = nearest(track, suite.tracks.iter().map(|track| track.name.as_str()));
            let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            add(&key("tracks"), format!("there is no track `{track}`{help}"));
        }
    }
    if entry.interpolation.is_some() {
        check_interpolation(suite, &key("interpolation"), add);
    }
    if entry.stretch == 0 {
        add(&key("stretch"), "must be at least 1, which is what all others are given".to_owned());
    }
    if entry.replicates.is_some_and(|count| count == 0 || count > suite.replicates) {
        add(&key("replicates"), format!("must be from 1 to the suite's {}", suite.replicates));
    }
    if entry.keeps.as_ref().is_some_and(Vec::is_empty) {
        add(&key("keeps"), "leaves the method without a keep; remove the key, or the method".to_owned());
    }
    check_keeps(suite, entry.keeps.as_deref(), &key("keeps"), add);
    if entry.start == Start::Init {
        let runs = |track: &&Track| entry.tracks.as_ref().is_none_or(|own| own.contains(&track.name));
        let unknown = |track: &Track| suite.dense_training(suite.base(track), false).is_none();
        if suite.tracks.iter().filter(runs).any(unknown) {
            let help = "it is given what the upstream network's training had, so `upstream.trained` must say the recipe and \
                        the pictures (with `train`: a length in pictures or steps)";
            add(&key("start"), format!("is `init`, but that is not known: {help}"));
        }
        if suite.direct.as_ref().is_some_and(|direct| matches!(direct.length, Length::Epochs(_))) {
            let help = "write `direct.length` in pictures or steps";
            add(&key("start"), format!("is `init`, but what training on the tasks has is not known: {help}"));
        }
        for track in suite.tracks.iter().filter(runs).filter(|track| track.allowance.steps(1, 0) == 0) {
            let reason =
                format!("is `init`, but track `{}` is without training; name others in `tracks`", track.name);
            add(&key("start"), reason);
        }
    }
}

/// Whether the tasks' pictures can be resized another way than the tasks say: packed pixels are what they are.
fn check_interpolation(suite: &Suite, key: &str, add: &mut impl FnMut(&str, String)) {
    let Some(transfer) = &suite.transfer else {
        add(key, "is for transfer to tasks with `packed: files`, and the suite has no `transfer`".to_owned());
        return;
    };
    let is_packed_files =
        |task: &&String| suite.tasks.get(*task).is_some_and(|source| source.packed == Packed::Files);
    if let Some(task) = transfer.tasks.iter().find(|task| !is_packed_files(task)) {
        add(key, format!("is for tasks with `packed: files`, which `{task}` of `transfer.tasks` is not"));
    }
}

/// Whether every declared file is named by a parameter, and the other way round.
fn check_files(
    entry: &MethodEntry,
    named: &[&str],
    key: &dyn Fn(&str) -> String,
    add: &mut impl FnMut(&str, String),
) {
    for name in named.iter().filter(|name| !entry.files.contains_key(**name)) {
        add(&key("params"), undeclared(name, entry.files.keys()));
    }
    for (name, path) in &entry.files {
        let key = key(&format!("files.{name}"));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            add(&key, format!("`{name}` is not made of letters, digits, `-` and `_`"));
        }
        if path.is_empty() {
            add(&key, "is empty; write the path of a file or folder".to_owned());
        }
        if !named.contains(&name.as_str()) {
            add(&key, format!("no parameter is `file:{name}`, so that the method would not find it"));
        }
    }
}

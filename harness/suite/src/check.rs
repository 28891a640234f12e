//! What a suite must hold beyond its form.

use std::collections::BTreeMap;

use crate::contrast;
use crate::files::{named_files, undeclared};
use crate::recipe::{Length, Recipe};
use crate::spec::{DenseControl, Direct, MethodEntry, Start, Suite, Track};
use crate::task::{Metric, TaskFormat, TaskSource};
use crate::yaml::{YamlError, from_str, nearest, nearest_expected, to_json};

/// More replicates than anyone runs; intervals over a few of them are what seeds are for.
const MOST_REPLICATES: u32 = 1000;

/// Reads and checks a suite that is one text.
///
/// # Errors
/// As [`read_suite_with`]; recipe files cannot be read.
pub fn read_suite(file: &str, text: &str) -> Result<Suite, YamlError> {
    read_suite_with(file, text, &|name| Err(format!("`{name}` cannot be read from here")))
}

/// Reads and checks a suite. `load` gives the text of a recipe file by the name that the suite has for it, or says why there
/// is none. The recipes of such files become the suite's own.
///
/// # Errors
/// Returns the file, the key, what is wrong and what to do.
pub fn read_suite_with(
    file: &str,
    text: &str,
    load: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Suite, YamlError> {
    let mut suite: Suite = from_str(file, text)?;
    let at_key = |message: String| {
        let (line, column, snippet) = locate(text, "recipe_files");
        YamlError { file: file.to_owned(), line, column, message, text: snippet }
    };
    for name in std::mem::take(&mut suite.recipe_files) {
        let recipes = load(&name).map_err(|reason| at_key(format!("recipe_files: {reason}")))?;
        let recipes: BTreeMap<String, Recipe> = from_str(&name, &recipes)?;
        for (recipe, value) in recipes {
            if suite.recipes.contains_key(&recipe) {
                let message =
                    format!("recipe_files: `{name}` has a recipe `{recipe}`, and there is one already");
                return Err(at_key(message));
            }
            suite.recipes.insert(recipe, value);
        }
    }
    let problem = problems(&suite).into_iter().next();
    match problem {
        None => Ok(suite),
        Some((key, message)) => {
            let (line, column, snippet) = locate(text, &key);
            Err(YamlError {
                file: file.to_owned(),
                line,
                column,
                message: format!("{key}: {message}"),
                text: snippet,
            })
        }
    }
}

/// An error about a key of a suite that its reader found fine: its place in the text, and the nearest name where the message
/// is about one that is not known.
#[must_use]
pub fn error_at(file: &str, text: &str, key: &str, message: &str) -> YamlError {
    let (line, column, snippet) = locate(text, key);
    let mut message = format!("{key}: {message}");
    if let Some(nearest) = nearest_expected(&message) {
        message.push_str(&format!("\n  help: did you mean `{nearest}`?"));
    }
    YamlError { file: file.to_owned(), line, column, message, text: snippet }
}

/// The line of a key path such as `tracks[1].name`, found by its text: each part below the one before it. Where a part
/// is not found, the last one that was.
fn locate(text: &str, key: &str) -> (Option<usize>, Option<usize>, String) {
    let lines: Vec<&str> = text.lines().collect();
    let mut from = 0;
    let mut found = None;
    for part in key.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse().ok()),
            None => (part, None),
        };
        let place = lines.iter().enumerate().skip(from).find_map(|(at, line)| {
            let column = find_key(line, name)?;
            Some((at, column))
        });
        let Some((mut line, mut column)) = place else { break };
        if let Some(index) = index {
            let items = lines
                .iter()
                .enumerate()
                .skip(line + 1)
                .filter(|(_, line)| line.trim_start().starts_with("- "));
            // Lists within the items would be counted too, so only those that are as deep as the first one are.
            let depth = |line: &str| line.len() - line.trim_start().len();
            let first = items.clone().next().map_or(0, |(_, line)| depth(line));
            let mut own = items.filter(|(_, line)| depth(line) == first);
            if let Some((at, item)) = own.nth(index) {
                (line, column) = (at, depth(item));
            }
        }
        from = line;
        found = Some((line, column));
    }
    match found {
        Some((line, column)) => (Some(line + 1), Some(column + 1), lines[line].to_owned()),
        None => (None, None, String::new()),
    }
}

/// Where a line has a key, in block or flow style and outside of comments.
fn find_key(line: &str, name: &str) -> Option<usize> {
    let wanted = format!("{name}:");
    line.match_indices(&wanted).map(|(at, _)| at).find(|at| {
        let before = &line[..*at];
        !before.contains('#') && before.chars().next_back().is_none_or(|c| matches!(c, ' ' | '{' | ',' | '-'))
    })
}

/// Every rule that a suite breaks: key path and reason.
fn problems(suite: &Suite) -> Vec<(String, String)> {
    let mut problems: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, message: String| problems.push((key.to_owned(), message));
    let valid_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.')
    };
    if !valid_name(&suite.name) {
        add("name", format!("`{}` is not made of letters, digits, `-`, `_` and `.`", suite.name));
    }
    if suite.name.starts_with('.') {
        add("name", "begins with a dot".to_owned());
    }
    for (key, value) in
        [("stage_memory_gib", suite.stage_memory_gib), ("stage_disk_gib", Some(suite.stage_disk_gib))]
    {
        if value.is_some_and(|value| !(value > 0.0 && value.is_finite())) {
            add(key, "must be a positive number of GiB".to_owned());
        }
    }
    if suite.stage_seconds == 0 {
        add("stage_seconds", "must be at least 1".to_owned());
    }
    if suite.upstream.train.as_ref().is_some_and(|train| train.keep_steps.contains(&0)) {
        add("upstream.train.keep_steps", "step 0 is kept as `init` already".to_owned());
    }
    if !(1..=MOST_REPLICATES).contains(&suite.replicates) {
        add("replicates", format!("must be from 1 to {MOST_REPLICATES}"));
    }
    if suite.threads == 0 {
        add("threads", "must be at least 1".to_owned());
    }
    let width = suite.network.width;
    if !(width.is_finite() && width > 0.0) {
        add("network.width", format!("{width} is not a positive number"));
    }
    match (&suite.upstream.checkpoint, &suite.upstream.train) {
        (None, None) => add("upstream", "needs `checkpoint` or `train`".to_owned()),
        (Some(_), Some(_)) => add("upstream", "has both `checkpoint` and `train`; remove one".to_owned()),
        _ => {}
    }
    if suite.upstream.train.is_some() && suite.upstream.trained.is_some() {
        add("upstream.trained", "stands beside `train`, which says it already".to_owned());
    }
    for (name, recipe) in &suite.recipes {
        if let Some((key, reason)) = recipe.problem() {
            add(&format!("recipes.{name}.{key}"), reason);
        }
    }
    let recipe_known = |name: &str| -> Option<String> {
        if suite.recipes.contains_key(name) {
            return None;
        }
        let near = nearest(name, suite.recipes.keys().map(String::as_str));
        Some(match near {
            Some(near) => format!("there is no recipe `{name}`; did you mean `{near}`?"),
            None => format!("there is no recipe `{name}`"),
        })
    };
    if let Some(train) = &suite.upstream.train
        && let Some(reason) = recipe_known(&train.recipe)
    {
        add("upstream.train.recipe", reason);
    }
    if let Some(trained) = &suite.upstream.trained
        && let Some(reason) = recipe_known(&trained.recipe)
    {
        add("upstream.trained.recipe", reason);
    }
    if suite.upstream.train.as_ref().is_some_and(|train| train.keep_steps.contains(&0)) {
        add(
            "upstream.train.keep_steps",
            "step 0 is the initialization, which is always kept as `init`".to_owned(),
        );
    }
    match (&suite.prunable, &suite.channels) {
        (None, None) => {
            add("prunable", "is needed, or `channels` for suites that remove channels".to_owned())
        }
        (Some(_), Some(_)) => {
            add("channels", "stands beside `prunable`; a suite removes weights or channels".to_owned());
        }
        _ => {}
    }
    if let Some(set) = &suite.channels {
        for (key, value) in [("min_keep", set.min_keep), ("align", set.align)] {
            if value == 0 {
                add(&format!("channels.{key}"), "must be at least 1".to_owned());
            }
        }
    }
    if suite.measure_batches.is_empty() || suite.measure_batches.contains(&0) {
        add("measure_batches", "needs at least one batch size, each at least 1".to_owned());
    }
    if suite.keeps.is_empty() {
        add("keeps", "needs at least one keep".to_owned());
    }
    for keep in &suite.keeps {
        if !(*keep > 0.0 && *keep <= 1.0) {
            add("keeps", format!("{keep} is not in (0, 1]; a keep is the fraction that remains"));
        }
    }
    if let Some(pattern) = suite.prunable.as_ref().and_then(|set| set.pattern) {
        for keep in suite.keeps.iter().filter(|keep| **keep != pattern.fraction()) {
            let only = pattern.fraction();
            add("keeps", format!("{keep} is not what the pattern {pattern} leaves; write `keeps: [{only}]`"));
        }
    }
    if suite.tracks.is_empty() {
        add("tracks", "needs at least one track".to_owned());
    }
    for (index, track) in suite.tracks.iter().enumerate() {
        if !valid_name(&track.name) {
            add(&format!("tracks[{index}].name"), format!("`{}` is not a valid name", track.name));
        }
        if suite.tracks[..index].iter().any(|other| other.name == track.name) {
            add(&format!("tracks[{index}].name"), format!("`{}` is used twice", track.name));
        }
        if !matches!(track.allowance, Length::Samples(_)) {
            let help = "an allowance is counted in pictures, for example `12000ex`";
            add(&format!("tracks[{index}].allowance"), format!("{} is not; {help}", track.allowance));
        }
        if track.recovery.is_some_and(|recovery| !matches!(recovery, Length::Samples(_))) {
            add(
                &format!("tracks[{index}].recovery"),
                "is counted in pictures, for example `12000ex`".to_owned(),
            );
        }
        let trains =
            track.recovery.unwrap_or(track.allowance).steps(1, 1) > 0 || track.allowance.steps(1, 1) > 0;
        match &track.recipe {
            Some(name) => {
                if let Some(reason) = recipe_known(name) {
                    add(&format!("tracks[{index}].recipe"), reason);
                }
            }
            None if trains => {
                add(&format!("tracks[{index}].recipe"), "is needed where there is an allowance".to_owned());
            }
            None => {}
        }
    }
    for (index, entry) in suite.methods.iter().enumerate() {
        check_method(suite, index, entry, &mut add);
    }
    if !suite.score_on.is_test() && (suite.transfer.is_some() || !suite.evaluate) {
        add("score_on", "validation is scored by `evaluate`, and transfer reads test splits".to_owned());
    }
    if let Some(transfer) = &suite.transfer {
        if transfer.tasks.is_empty() {
            add(
                "transfer.tasks",
                "needs at least one task; `generated/*` stands for the twelve generated ones".to_owned(),
            );
        }
        if transfer.linear.is_none() && transfer.full.is_none() {
            add("transfer", "needs `linear`, `full` or both".to_owned());
        }
        if suite.prunable.as_ref().is_some_and(|set| set.head) {
            add(
                "prunable.head",
                "cannot be pruned in a suite that transfers: the head is replaced".to_owned(),
            );
        }
        for (name, regime) in [("linear", &transfer.linear), ("full", &transfer.full)] {
            let Some(regime) = regime else { continue };
            if let Some(reason) = recipe_known(&regime.recipe) {
                add(&format!("transfer.{name}.recipe"), reason);
            }
            for recipe in regime.task_recipes.values() {
                if let Some(reason) = recipe_known(recipe) {
                    add(&format!("transfer.{name}.task_recipes"), reason);
                }
            }
            check_keeps(suite, regime.keeps.as_deref(), &format!("transfer.{name}.keeps"), &mut add);
        }
    } else if suite.controls.contains(&DenseControl::Scratch) {
        add("controls", "`scratch` needs `transfer`".to_owned());
    }
    if let Some(direct) = &suite.direct {
        if let Some(reason) = recipe_known(&direct.recipe) {
            add("direct.recipe", reason);
        }
        check_direct(suite, direct, &mut add);
    }
    for (name, task) in &suite.tasks {
        if task.mean.len() != 3 || task.std.len() != 3 {
            add(&format!("tasks.{name}.mean"), "mean and std need three values each".to_owned());
        }
        if !task.std.iter().all(|std| *std > 0.0) {
            add(&format!("tasks.{name}.std"), "must be positive".to_owned());
        }
        check_task(name, task, &mut add);
    }
    problems.extend(contrast::problems(suite));
    problems
}

fn check_direct(suite: &Suite, direct: &Direct, add: &mut impl FnMut(&str, String)) {
    if direct.tasks.is_empty() {
        add(
            "direct.tasks",
            "needs at least one task; `generated/*` stands for the twelve generated ones".to_owned(),
        );
    }
    if direct.tasks.contains(&suite.upstream.task) {
        let help = "it is pruned directly already: that is what a suite does on its upstream task";
        add("direct.tasks", format!("names the upstream task `{}`; {help}", suite.upstream.task));
    }
    if direct.keep_steps.contains(&0) {
        add(
            "direct.keep_steps",
            "step 0 is where training begins, which is always kept as `init`".to_owned(),
        );
    }
    if suite.prunable.as_ref().is_some_and(|set| set.head) {
        let help =
            "tasks differ in their numbers of classes, so that a keep would mean another count on each";
        add("prunable.head", format!("cannot be pruned beside `direct`: {help}"));
    }
    check_keeps(suite, direct.keeps.as_deref(), "direct.keeps", add);
}

/// What files with classes and files with boxes do not have in common.
fn check_task(name: &str, task: &TaskSource, add: &mut impl FnMut(&str, String)) {
    let key = |field: &str| format!("tasks.{name}.{field}");
    match (task.format == TaskFormat::Official, &task.official) {
        (true, None) => {
            add(&key("official"), "is needed: `{set: ID}`, as `secateur data list` has it".to_owned())
        }
        (false, Some(_)) => add(&key("official"), "is for the format `official`".to_owned()),
        _ => {}
    }
    if task.format == TaskFormat::Official {
        let own = "is the official set's own; leave it out";
        if task.metric != Metric::default() {
            add(&key("metric"), own.to_owned());
        }
        if task.mean != [0.5; 3] {
            add(&key("mean"), own.to_owned());
        }
        if task.std != [0.5; 3] {
            add(&key("std"), own.to_owned());
        }
        if task.validation_per_class > 0 {
            add(&key("validation_per_class"), "is `official.held_out` for official sets".to_owned());
        }
    }
    if !task.format.has_boxes() {
        if task.metric.is_of_detection() {
            add(
                &key("metric"),
                "is for objects in boxes; pictures with one class each have `top1`".to_owned(),
            );
        }
        if task.detection.is_some() {
            add(&key("detection"), "is for the formats `voc` and `coco`".to_owned());
        }
        return;
    }
    if !task.metric.is_of_detection() {
        add(&key("metric"), "must be `voc-ap50`, `voc07-ap50` or `coco-ap` for objects in boxes".to_owned());
    }
    if task.side.is_none() {
        add(&key("side"), "is needed: a detector reads squares of one size".to_owned());
    }
    if task.validation_per_class > 0 {
        add(
            &key("validation_per_class"),
            "does not divide pictures with objects of several classes; see `detection.validation`".to_owned(),
        );
    }
    if let Some([small, medium]) = task.detection.as_ref().and_then(|detection| detection.size_borders)
        && !(small > 0.0 && small < medium && medium.is_finite())
    {
        add(&key("detection.size_borders"), "must be two positive areas, the smaller one first".to_owned());
    }
}

fn check_method(suite: &Suite, index: usize, entry: &MethodEntry, add: &mut impl FnMut(&str, String)) {
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
            == (&entry.method, &entry.params, &entry.files, &entry.tracks, entry.start, entry.stretch);
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
        if suite.dense_training(false).is_none() {
            let help = "it is given what the upstream network's training had, so `upstream.trained` must say the recipe and \
                        the pictures (with `train`: a length in pictures or steps)";
            add(&key("start"), format!("is `init`, but that is not known: {help}"));
        }
        if suite.direct.as_ref().is_some_and(|direct| matches!(direct.length, Length::Epochs(_))) {
            let help = "write `direct.length` in pictures or steps";
            add(&key("start"), format!("is `init`, but what training on the tasks has is not known: {help}"));
        }
        let runs = |track: &&Track| entry.tracks.as_ref().is_none_or(|own| own.contains(&track.name));
        for track in suite.tracks.iter().filter(runs).filter(|track| track.allowance.steps(1, 0) == 0) {
            let reason =
                format!("is `init`, but track `{}` is without training; name others in `tracks`", track.name);
            add(&key("start"), reason);
        }
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

fn check_keeps(suite: &Suite, keeps: Option<&[f64]>, key: &str, add: &mut impl FnMut(&str, String)) {
    for keep in keeps.unwrap_or_default() {
        if !suite.keeps.contains(keep) {
            add(key, format!("{keep} is not among the suite's keeps"));
        }
    }
}

//! What a suite must hold beyond its form.

mod method;
mod task;
mod transfer;
mod upstream;

use std::collections::BTreeMap;

use crate::recipe::{Length, Recipe};
use crate::spec::{DenseControl, Direct, Suite};
use crate::yaml::{YamlError, from_str, nearest, nearest_expected};

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

/// Whether a name is fit for file names and reports.
fn valid_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Every rule that a suite breaks: key path and reason.
fn problems(suite: &Suite) -> Vec<(String, String)> {
    let mut problems: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, message: String| problems.push((key.to_owned(), message));
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
    upstream::check(suite, &recipe_known, &mut add);
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
        upstream::check_track(suite, index, track, &mut add);
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
        method::check(suite, index, entry, &mut add);
    }
    if !suite.score_on.is_test() && (suite.transfer.is_some() || !suite.evaluate) {
        add("score_on", "validation is scored by `evaluate`, and transfer reads test splits".to_owned());
    }
    if let Some(transfer) = &suite.transfer {
        transfer::check(suite, transfer, &recipe_known, &mut add);
    } else if suite.controls.contains(&DenseControl::Scratch) {
        add("controls", "`scratch` needs `transfer`".to_owned());
    }
    if let Some(direct) = &suite.direct {
        match suite.recipes.get(&direct.recipe) {
            None => add("direct.recipe", recipe_known(&direct.recipe).unwrap_or_default()),
            Some(recipe) if recipe.contrast.is_some() => {
                add("direct.recipe", upstream::without_labels(&direct.recipe));
            }
            Some(_) => {}
        }
        check_direct(suite, direct, &mut add);
    }
    for (name, task) in &suite.tasks {
        task::check(name, task, &mut add);
    }
    problems
}

fn check_direct(suite: &Suite, direct: &Direct, add: &mut impl FnMut(&str, String)) {
    if direct.tasks.is_empty() {
        add(
            "direct.tasks",
            "needs at least one task; `generated/*` stands for the twelve generated ones".to_owned(),
        );
    }
    task::check_labels(suite, "direct.tasks", &direct.tasks, add);
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

fn check_keeps(suite: &Suite, keeps: Option<&[f64]>, key: &str, add: &mut impl FnMut(&str, String)) {
    for keep in keeps.unwrap_or_default() {
        if !suite.keeps.contains(keep) {
            add(key, format!("{keep} is not among the suite's keeps"));
        }
    }
}

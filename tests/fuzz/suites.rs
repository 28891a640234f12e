//! Suites, their recipe files, and the plans that are made of them.

use proptest::prelude::*;
use secateur_suite::{Plan, Suite, Surroundings, expand, read_suite_with};

use crate::memory::{bounded, bounded_beyond};
use crate::mutate::{apply, changed, edits};
use crate::{cases, workspace};

/// Bytes of a value that is read, over those of its shortest text, three times over: untyped, typed, and as events.
const TIMES: usize = 2500;
/// A plan may be large for its text: replicates and tasks are numbers and stars.
const PLANNED: usize = 700 << 20;

/// The suites of the repository, and one with an anchor, a merge key and everything else.
fn suites() -> Vec<Vec<u8>> {
    let folder = workspace().join("benchmarks/suites");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("suites").map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    let mut texts: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).expect("readable")).collect();
    assert!(texts.len() > 10);
    texts.push(WHOLE.as_bytes().to_vec());
    texts
}

const WHOLE: &str = "name: whole
seed: 3
replicates: 2
network: {name: resnet8, width: 0.5}
upstream:
  task: mine
  train: {recipe: base, length: 30it, keep_steps: [3, 7]}
prunable: {name: convolutions}
recipes:
  base: &base {batch: 64, lr: 0.05, schedule: step, milestones: [0.5, 0.75]}
  head: {<<: *base, lr: 0.3}
keeps: [0.1, 0.2]
tracks:
  - {name: none, allowance: 0ex, recalibrate: 100}
  - {name: equal, allowance: 6400ex, recipe: base, recovery: 100ex}
methods:
  - {label: magnitude, method: org.secateur.magnitude, baseline: true}
  - {label: ticket, method: org.secateur.lottery-ticket, params: {rate: 0.5, deep: [1, {a: b}]}, tracks: [equal], keeps: [0.1]}
tasks:
  mine: {format: image-folder, path: mine, validation_per_class: 2}
transfer:
  tasks: [\"generated/*\"]
  linear: {recipe: head, length: 100it}
  full: {recipe: base, length: 2ep, keeps: [0.1]}
";

const RECIPES: &str =
    "papers: {batch: 128, lr: 1e-2, nesterov: true}\nother: {batch: 8, lr: 0.5, warmup: 0.1}\n";

fn surroundings() -> Surroundings {
    Surroundings {
        generated: (0..12).map(|task| format!("generated/{task}")).collect(),
        upstream: ["end", "init", "step-8"].map(str::to_owned).to_vec(),
        ..Surroundings::default()
    }
}

fn read(text: &str, recipes: &str) -> Result<Suite, String> {
    let length = text.len() + recipes.len();
    let suite = bounded(length, TIMES, || {
        read_suite_with("suite.yaml", text, &|_| Ok(recipes.to_owned())).map_err(|error| error.to_string())
    });
    if let Err(error) = &suite {
        assert!(error.len() < 2000 + 8 * length, "an error of {} bytes", error.len());
    }
    suite
}

fn plan(suite: &Suite) -> Result<Plan, String> {
    bounded_beyond(PLANNED, 0, 0, || expand(suite, &surroundings()))
}

fn read_and_plan(bytes: &[u8], recipes: &[u8]) {
    let (text, recipes) = (String::from_utf8_lossy(bytes), String::from_utf8_lossy(recipes));
    if let Ok(suite) = read(&text, &recipes) {
        let _ = plan(&suite);
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn changed_suites_end_in_a_plan_or_an_error(bytes in changed(suites())) {
        read_and_plan(&bytes, RECIPES.as_bytes());
    }

    #[test]
    fn a_suite_with_every_part_bears_it(edits in edits()) {
        read_and_plan(&apply(WHOLE.as_bytes(), &edits), RECIPES.as_bytes());
    }

    #[test]
    fn changed_recipe_files_end_in_a_plan_or_an_error(edits in edits()) {
        let text = format!("recipe_files: [papers.yaml]\n{WHOLE}");
        read_and_plan(text.as_bytes(), &apply(RECIPES.as_bytes(), &edits));
    }
}

#[test]
fn the_suites_that_are_changed_can_be_read() {
    let recipes =
        std::fs::read_to_string(workspace().join("benchmarks/recipes/papers.yaml")).expect("readable");
    for bytes in suites() {
        let text = String::from_utf8(bytes).expect("text");
        read(&text, &recipes).unwrap_or_else(|error| panic!("{error}"));
    }
    plan(&read(WHOLE, RECIPES).expect("a suite")).expect("a plan");
}

/// The suite with this as the parameters of a method.
fn with_params(params: &str) -> String {
    WHOLE.replace("{rate: 0.5, deep: [1, {a: b}]}", params)
}

fn refused(text: &str, words: &[&str]) {
    let error = read(text, RECIPES).expect_err("refused");
    for word in words {
        assert!(error.contains(word), "no `{word}` in {}", &error[..error.len().min(500)]);
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    // "Billion laughs": ten times as much on each line.
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = format!("*a{}", level - 1);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    refused(&format!("{laughs}{WHOLE}"), &["suite.yaml", "repeat"]);
    let inside: String = laughs.lines().map(|line| format!("      {line}\n")).collect();
    let entry = format!("  - label: bomb\n    method: m\n    params:\n{inside}");
    refused(&WHOLE.replace("methods:\n", &format!("methods:\n{entry}")), &["suite.yaml", "repeat"]);
    // A long list that is repeated often: few jumps, and each is far.
    let list = vec!["x"; 20_000].join(",");
    let often = vec!["*a"; 5_000].join(",");
    refused(&with_params(&format!("{{list: &a [{list}], often: [{often}]}}")), &["suite.yaml", "repeat"]);
    // The same for merge keys.
    let keys: Vec<String> = (0..5_000).map(|key| format!("k{key}: 1")).collect();
    let merged = vec!["{<<: *m}"; 5_000].join(",");
    let text = with_params(&format!("{{map: &m {{{}}}, often: [{merged}]}}", keys.join(",")));
    refused(&text, &["suite.yaml"]);
    // As many as anyone writes are fine.
    read(&with_params(&format!("{{list: &a [1, 2], often: [{}]}}", vec!["*a"; 200].join(","))), RECIPES)
        .expect("a suite");
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("[{a: ", "}]"), ("[&a ", "]"), ("!t [", "]")] {
        for depth in [200, 20_000] {
            let params = format!("{{deep: {}x{}}}", open.repeat(depth), close.repeat(depth));
            refused(&with_params(&params), &["suite.yaml"]);
        }
    }
    let blocks: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    refused(&format!("{WHOLE}{blocks}"), &["suite.yaml"]);
    refused(&format!("{WHOLE}x: {}\n", "- ".repeat(20_000)), &["suite.yaml"]);
    refused(&format!("{WHOLE}{}\n", "? ".repeat(20_000)), &["suite.yaml"]);
}

/// The nearest name is looked for among names, not among novels.
#[test]
fn long_names_are_compared_with_nothing() {
    let (long, other) = ("a".repeat(100_000), "b".repeat(100_000));
    refused(&format!("{WHOLE}? {long}\n: 1\n"), &["suite.yaml", "unknown field"]);
    let text = WHOLE
        .replace("  head: {<<: *base, lr: 0.3}", &format!("  ? {other}\n  : {{<<: *base, lr: 0.3}}"))
        .replace("recipe: head", &format!("recipe: {long}"));
    refused(&text, &["transfer.linear.recipe"]);
}

/// A key that is long, and above many values, stands in no path until one is wrong.
#[test]
fn long_keys_above_many_values_take_no_time() {
    let (key, values) = ("k".repeat(300_000), vec!["1"; 100_000].join(","));
    let start = std::time::Instant::now();
    read(&with_params(&format!("{{? \"{key}\" : [{values}]}}")), RECIPES).expect("a suite");
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn numbers_that_would_make_endless_plans_are_refused() {
    refused(
        &WHOLE.replace("replicates: 2", "replicates: 4294967295"),
        &["suite.yaml:3", "replicates", "1000"],
    );
    let keeps: Vec<String> = (1..2000).map(|keep| format!("0.{keep:04}")).collect();
    let text = WHOLE.replace("keeps: [0.1, 0.2]", &format!("keeps: [0.1, {}]", keeps.join(", ")));
    let suite =
        read(&text.replace("replicates: 2", "replicates: 900"), RECIPES).expect("each number is fine");
    let error = plan(&suite).expect_err("too many stages");
    assert!(error.contains("stages") && error.contains("replicates"), "{error}");
    // Lengths are not multiplied beyond what a number holds.
    let text = WHOLE.replace("length: 2ep", "length: 18446744073709551615ep");
    plan(&read(&text, RECIPES).expect("a suite")).expect("a plan");
}

#[test]
fn a_suite_of_megabytes_is_none() {
    refused(&format!("{WHOLE}# {}\n", "x".repeat(5 << 20)), &["suite.yaml", "MiB"]);
}

//! `secateur store gc`: what goes, what stays, and how what went comes back.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Lab, MAGNITUDE, RANDOM, Said, Suite, json, secateur};

const LINEAR: &str = "transfer: {tasks: [stripes], linear: {recipe: base, length: 6it}}\n";
const LONGER: &str =
    "transfer: {tasks: [stripes], linear: {recipe: base, length: 9it}, full: {recipe: base, length: 4it}}\n";

fn suite(transfer: &str) -> Suite {
    // The head is replaced in transfer, so it is not pruned.
    Suite {
        keeps: "[0.3]",
        set: "prunable: {name: convolutions, head: false}",
        more: format!("evaluate: false\n{transfer}"),
        ..Suite::new(&[MAGNITUDE, RANDOM])
    }
}

fn gc(lab: &Lab, more: &[&str]) -> Said {
    let mut command = secateur();
    command.args(["store", "gc", "--store"]).arg(lab.path("store")).args(more);
    Said::of(&command.output().expect("secateur starts"))
}

/// Every kind, whatever it costs to make again.
const ALL: [&str; 14] = [
    "--what",
    "leftovers",
    "--what",
    "features",
    "--what",
    "unused",
    "--what",
    "checkpoints",
    "--what",
    "packs",
    "--what",
    "upstream",
    "--what",
    "stopped",
];

/// Files of a report; times and memory are no part of what must stay.
fn report(lab: &Lab, store: &str) -> BTreeMap<String, Vec<u8>> {
    lab.results(store);
    let mut files = BTreeMap::new();
    collect(&lab.path(&format!("{store}-report")), "", &mut files);
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(path).expect("readable"));
        }
    }
}

#[test]
fn reports_stay_as_they_are_and_what_went_is_made_again_when_it_is_read() {
    let lab = Lab::new();
    lab.run(&suite(LINEAR), "store", &[]).exits(0);
    let before = report(&lab, "store");
    let dry = gc(&lab, &["--dry-run", "--json"]).exits(0);
    let told: serde_json::Value = serde_json::from_str(&dry.out).expect("JSON");
    assert!(told["kinds"]["features"]["removed_bytes"].as_u64() > Some(0), "{told}");
    assert!(told["kinds"]["checkpoints"]["removed_bytes"].as_u64() > Some(0), "{told}");
    assert_eq!(told["kinds"]["packs"]["removed_bytes"].as_u64(), Some(0), "{told}");
    let again: serde_json::Value =
        serde_json::from_str(&gc(&lab, &["--dry-run", "--json"]).exits(0).out).expect("JSON");
    assert_eq!(again, told, "a dry run removes nothing");

    let mut arguments = ALL.to_vec();
    arguments.push("--json");
    let gone: serde_json::Value = serde_json::from_str(&gc(&lab, &arguments).exits(0).out).expect("JSON");
    let nothing: serde_json::Value = serde_json::from_str(&gc(&lab, &arguments).exits(0).out).expect("JSON");
    assert_eq!(nothing["bytes_before"], nothing["bytes_after"], "{nothing}");
    assert!(nothing["bytes_after"].as_u64() < gone["bytes_before"].as_u64(), "{gone} {nothing}");
    for name in ["features.safetensors", "weights.safetensors", "end.safetensors"] {
        let objects = lab.objects("store");
        let found = objects.iter().filter_map(|object| object["identity"].as_str());
        let left = found.filter(|it| lab.path("store/objects").join(it).join(name).exists()).count();
        assert_eq!(left, 0, "{name}");
    }
    let after = report(&lab, "store");
    assert!(after == before, "{:?}", after.keys().filter(|name| after.get(*name) != before.get(*name)));

    // Nothing is asked for that is not stored, so nothing is made again.
    let said = lab.run(&suite(LINEAR), "store", &[]).exits(0);
    assert!(said.out.contains("\n0 stages ran"), "{}", said.out);

    // Another classifier reads the features, and full transfer the weights and the pictures. All comes out as on a new store.
    lab.write(&suite(LONGER));
    let planned = plan(&lab);
    assert!(planned.contains("extract"), "{planned}");
    let said = lab.run(&suite(LONGER), "store", &[]).exits(0);
    let ran = said.out.lines().find(|line| line.contains("stages ran")).expect("a tally").to_owned();
    lab.run(&suite(LONGER), "new", &[]).exits(0);
    assert_eq!(lab.results("store"), lab.results("new"));
    let digests = |store: &str| -> Vec<String> {
        let text = |object: serde_json::Value| format!("{} {}", object["identity"], object["outputs"]);
        lab.objects(store).into_iter().map(text).collect()
    };
    let own = digests("store");
    assert!(digests("new").iter().all(|line| own.contains(line)));
    // What was planned is what ran: the new classifiers and what they read.
    let stages: usize =
        planned.lines().filter_map(|line| line.split_whitespace().nth(4)?.parse::<usize>().ok()).sum();
    assert!(ran.starts_with(&format!("{stages} stages ran")), "{ran}\n{planned}");
    let said = lab.run(&suite(LONGER), "store", &[]).exits(0);
    assert!(said.out.contains("\n0 stages ran"), "{}", said.out);
}

fn plan(lab: &Lab) -> String {
    let mut command = lab.command("store");
    let run: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
    command = secateur();
    command.current_dir(lab.path(".")).arg("plan");
    command.args(run.iter().skip(1).filter(|argument| *argument != "--quiet"));
    Said::of(&command.output().expect("secateur starts")).exits(0).out
}

/// The masks of an older form of the suite go, and come back with it.
#[test]
fn what_no_suite_has_any_more_goes_and_returns_with_the_suite() {
    let lab = Lab::new();
    let other = Suite { keeps: "[0.1]", ..suite(LINEAR) };
    lab.run(&suite(LINEAR), "store", &[]).exits(0);
    let before = report(&lab, "store");
    lab.run(&other, "store", &[]).exits(0);
    let said = gc(&lab, &["--what", "unused"]).exits(0);
    assert!(said.out.lines().any(|line| line.starts_with("unused") && line.ends_with("all")), "{}", said.out);
    let said = lab.run(&suite(LINEAR), "store", &[]).exits(0);
    assert!(!said.out.contains("\n0 stages ran"), "{}", said.out);
    assert!(report(&lab, "store") == before);
}

/// What comes back as other bytes is not put into the place of what was recorded.
#[test]
fn other_bytes_than_the_recorded_ones_are_not_put_back() {
    let lab = Lab::new();
    lab.run(&suite(LINEAR), "store", &[]).exits(0);
    let results = lab.results("store");
    for object in lab.objects("store").iter().filter(|object| object["kind"] == "extract") {
        let identity = object["identity"].as_str().expect("an identity");
        let path = lab.path("store/objects").join(identity).join("result.json");
        let mut result = json(&path);
        result["outputs"]["features"]["digest"] = "0123".into();
        std::fs::write(&path, result.to_string()).expect("written");
    }
    gc(&lab, &["--what", "features"]).exits(0);
    assert_eq!(lab.results("store"), results);
    lab.run(&suite(LONGER), "store", &[]).exits(1);
    let rows = lab.rows("store");
    let failed: Vec<_> = rows.iter().filter(|row| row["outcome"] == "failed").collect();
    assert!(!failed.is_empty());
    for row in failed {
        assert_eq!(row["regime"], "linear");
        assert!(
            row["outcome_detail"].contains("`store gc`") && row["outcome_detail"].contains("features"),
            "{row:?}"
        );
    }
    assert!(rows.iter().any(|row| row["regime"] == "full" && row["outcome"] == "ok"));
}

#[test]
fn bounds_hold_and_mistakes_are_told() {
    let lab = Lab::new();
    lab.run(&suite(LINEAR), "store", &[]).exits(0);
    let sizes = |more: &[&str], code: i32| -> (u64, u64) {
        let mut arguments = vec!["--dry-run", "--json"];
        arguments.extend(more);
        let told: serde_json::Value =
            serde_json::from_str(&gc(&lab, &arguments).exits(code).out).expect("JSON");
        let size = |key: &str| told[key].as_u64().expect("a size");
        (size("bytes_before"), size("bytes_after"))
    };
    let (all, least) = sizes(&["--max-size", "0"], 1);
    assert!(least < all);
    let half = (all + least) / 2;
    let (_, after) = sizes(&["--max-size", &half.to_string()], 0);
    assert!(after <= half && after > least, "{after} {half} {least}");
    for more in [["--max-size", "1TiB"], ["--older-than", "1"]] {
        let (before, after) = sizes(&more, 0);
        assert_eq!(before, after, "{more:?}");
    }
    let said = gc(&lab, &["--max-size", "1KiB"]).exits(1);
    assert!(said.out.contains("more than 1.0 KiB"), "{}", said.out);
    gc(&lab, &["--max-size", "lots"]).exits(2).names(&["20GiB"]);
    gc(&lab, &["--what", "masks"]).exits(2).names(&["features"]);
    Said::of(&secateur().args(["store", "gc", "--store", "nowhere"]).output().expect("secateur starts"))
        .exits(2)
        .names(&["there is no store here"]);
    // Another process writes to the store.
    let lock = secateur_store::Store::open(&lab.path("store")).expect("a store");
    let held = lock.lock().expect("a lock");
    gc(&lab, &[]).exits(2).names(&["in use by"]);
    drop(held);
    gc(&lab, &[]).exits(0);
}

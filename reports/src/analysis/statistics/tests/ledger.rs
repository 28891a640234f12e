//! A known table of twelve tasks with seeds, written into a store stage by stage, and the report that is read from it: held to
//! what numpy and scipy make of the same table (`tests/golden/ledger.py`).

use std::collections::BTreeMap;

use secateur_store::Store;
use serde::Deserialize;
use serde_json::json;

use crate::stats::Interval;
use crate::{BaselineDifference, Board, CostAxis, Entry, KeepStatistics, Report, SignedRanks};

#[derive(Deserialize)]
struct Golden {
    tasks: Vec<String>,
    methods: Vec<Method>,
    params: u64,
    prunable: u64,
    /// `[tasks][replicates]`, as all tables.
    dense: Vec<Vec<f64>>,
    scores: Vec<Table>,
    keeps: Vec<AtKeep>,
    areas: BTreeMap<String, Repeated>,
    front: Vec<(String, f64)>,
}

#[derive(Deserialize)]
struct Method {
    label: String,
    control: String,
}

#[derive(Deserialize)]
struct Table {
    keep: f64,
    method: String,
    scores: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct AtKeep {
    keep: f64,
    order: Vec<String>,
    average_ranks: BTreeMap<String, f64>,
    means: BTreeMap<String, Repeated>,
    drawn: BTreeMap<String, Drawn>,
    drops: BTreeMap<String, Repeated>,
    error_increase: BTreeMap<String, Increase>,
    pooled_sd: f64,
    freedom: usize,
    least_significant_difference: f64,
    groups: BTreeMap<String, BTreeMap<String, usize>>,
    inseparable: BTreeMap<String, usize>,
    friedman: Friedman,
    critical_difference: f64,
    runs: Vec<(usize, usize)>,
    against_first: BTreeMap<String, Signed>,
    against_magnitude: BTreeMap<String, Signed>,
    reversals: BTreeMap<String, Reversed>,
    reversed_neighbours: f64,
    differences: BTreeMap<String, Difference>,
}

#[derive(Deserialize)]
struct Repeated {
    mean: f64,
    sd: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Drawn {
    ends: (f64, f64),
    spread: (f64, f64),
}

#[derive(Deserialize)]
struct Increase {
    mean: f64,
    drawn: Drawn,
}

#[derive(Deserialize)]
struct Friedman {
    chi_square: f64,
    p: f64,
    f: f64,
    f_p: f64,
}

#[derive(Deserialize)]
struct Signed {
    tasks: usize,
    ahead: f64,
    behind: f64,
    p: f64,
    p_holm: f64,
}

#[derive(Deserialize)]
struct Reversed {
    paired: f64,
    unpaired: f64,
}

#[derive(Deserialize)]
struct Difference {
    seeds: Repeated,
    tasks: Repeated,
    drawn: Drawn,
    ahead: usize,
    behind: usize,
}

fn golden() -> Golden {
    let text = include_str!("../../../../tests/golden/ledger.json");
    serde_json::from_str(text).expect("the golden file is JSON")
}

#[track_caller]
fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "{ours} against {theirs}");
}

#[track_caller]
fn repeated(ours: Option<crate::stats::Summary>, theirs: &Repeated) {
    let ours = ours.expect("repetitions");
    let interval = ours.interval.expect("two repetitions");
    near(ours.mean, theirs.mean);
    near(ours.sd.expect("two repetitions"), theirs.sd);
    near(interval.low, theirs.low);
    near(interval.high, theirs.high);
}

/// An end from other draws must lie within the spread that ends of 1,000 draws have.
#[track_caller]
fn drawn(ours: Option<Interval>, theirs: &Drawn) {
    let ours = ours.expect("an interval");
    assert_eq!(ours.over, crate::stats::Over::TasksAndSeeds);
    for (ours, theirs, spread) in
        [(ours.low, theirs.ends.0, theirs.spread.0), (ours.high, theirs.ends.1, theirs.spread.1)]
    {
        assert!((ours - theirs).abs() < 5.0 * spread, "{ours} against {theirs} with a spread of {spread}");
    }
}

/// One stage with its facts, committed as a run commits it.
fn stage(store: &Store, identity: &str, kind: &str, facts: serde_json::Value) {
    let result = json!({
        "schema": secateur_store::SCHEMA, "identity": identity, "kind": kind, "label": identity, "outcome": "ok",
        "detail": "", "outputs": {}, "inputs": {}, "facts": facts,
        "cost": { "seconds": 1.0, "peak_bytes": 1, "finished": "", "attempt": 1 },
        "environment": {
            "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
        },
        "machine": { "processor": "", "cores": 1, "memory_bytes": 1, "system": "", "device": "cpu" },
        "harness": "0.1.0",
    });
    let work = store.begin(identity).expect("a work folder");
    store.commit(work, &serde_json::from_value(result).expect("a result")).expect("an object");
}

impl Golden {
    /// Everything that was run: label, control, keep and scores.
    fn runs(&self) -> impl Iterator<Item = (&str, &str, f64, &Vec<Vec<f64>>)> {
        let dense = std::iter::once(("dense-trained", "dense-trained", 1.0, &self.dense));
        dense.chain(self.scores.iter().map(|table| {
            let method = self.methods.iter().find(|it| it.label == table.method).expect("a known method");
            (method.label.as_str(), method.control.as_str(), table.keep, &table.scores)
        }))
    }

    /// A trial of each run and replicate, with its stages in `store`.
    fn trials(&self, store: &Store) -> Vec<serde_json::Value> {
        let mut trials = Vec::new();
        for (label, control, keep, scores) in self.runs() {
            let target = (keep * self.prunable as f64).round() as u64;
            for replicate in 0..scores[0].len() {
                let name = |kind: &str| format!("{kind}-{label}-{keep}-{replicate}");
                let left = self.params - self.prunable + target;
                let counts = json!({
                    "prunable_total": self.prunable, "prunable_kept": target, "params_total": self.params,
                    "params_kept": left, "conv_fc_total": self.prunable, "conv_fc_kept": target,
                    "macs_executed": 4_089_184_256_u64, "macs_nonzero": 4_089_184_256_u64, "leaked": 0,
                });
                stage(store, &name("verify"), "verify", json!({ "target_count": target, "counts": counts }));
                let score = |(task, scores): (&String, &Vec<f64>)| {
                    let stage_name = name(task);
                    let score = scores[replicate];
                    let facts = json!({
                        "task": task, "task_version": 1, "metric": "top1", "score": score, "top1": score,
                        "mean_per_class": score, "loss": 1.0, "pictures": 10_000, "classes": 10, "validation": null,
                        "steps": 1, "leaked": 0,
                    });
                    stage(store, &stage_name, "transfer", facts);
                    json!({
                        "protocol": "transfer", "regime": "full", "task": task, "stage": stage_name, "blocked": null
                    })
                };
                let scored: Vec<_> = self.tasks.iter().zip(scores).map(score).collect();
                let dense = control == "dense-trained";
                trials.push(json!({
                    "track": "long", "method": label,
                    "method_id": if dense { String::new() } else { format!("org.example.{label}") }, "params": "{}",
                    "control": control, "keep": keep, "keep_index": 0, "replicate": replicate, "prune": null,
                    "verify": name("verify"), "recover": null, "measure": null, "scores": scored, "blocked": null,
                }));
            }
        }
        trials
    }
}

/// The report of the table, by way of a store.
fn report(golden: &Golden) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create_or_open(&folder.path().join("store")).expect("a store");
    let trials = golden.trials(&store);
    let manifest = json!({
        "schema": secateur_store::SCHEMA,
        "suite": {
            "name": "transfer-12", "seed": 1, "network": { "name": "resnet50" }, "upstream": { "task": "imagenet" },
            "keeps": [0.2, 0.1], "tracks": [{ "name": "long", "allowance": "0ex" }],
        },
        "suite_digest": "", "upstream": {}, "shared": [], "trials": trials,
        "environment": {
            "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
        },
    });
    store.write_manifest(&serde_json::from_value(manifest).expect("a manifest")).expect("a suite");
    Report::new(&crate::load(&store, None).expect("a readable store"))
}

fn entry<'a>(board: &'a Board, method: &str, keep: f64) -> &'a Entry {
    board.methods().find(|it| it.method == method && it.keep == keep).expect("an entry")
}

fn signed(ours: Option<SignedRanks>, theirs: Option<&Signed>) {
    assert_eq!(ours.is_some(), theirs.is_some());
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
    assert!(ours.exact);
    assert_eq!((ours.tasks, ours.ahead, ours.behind), (theirs.tasks, theirs.ahead, theirs.behind));
    near(ours.p, theirs.p);
    near(ours.p_holm, theirs.p_holm);
}

fn difference(ours: Option<&BaselineDifference>, theirs: Option<&Difference>) {
    assert_eq!(ours.is_some(), theirs.is_some());
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
    assert_eq!(ours.against, "magnitude");
    repeated(Some(ours.seeds), &theirs.seeds);
    repeated(ours.tasks, &theirs.tasks);
    drawn(ours.drawn, &theirs.drawn);
    let accelerated = ours.accelerated.expect("twelve tasks");
    assert!(accelerated.low <= ours.seeds.mean && ours.seeds.mean <= accelerated.high);
    assert_eq!((ours.tasks_ahead, ours.tasks_behind), (theirs.ahead, theirs.behind));
}

fn at_keep(board: &Board, ours: &KeepStatistics, theirs: &AtKeep) {
    let order: Vec<&str> = ours.methods.iter().map(|it| it.method.as_str()).collect();
    assert_eq!(order, theirs.order);
    let pooled = ours.pooled.expect("three replicates");
    near(pooled.sd, theirs.pooled_sd);
    assert_eq!(pooled.freedom, theirs.freedom);
    near(ours.least_significant_difference.expect("three replicates"), theirs.least_significant_difference);
    near(ours.reversed_neighbours.expect("three replicates"), theirs.reversed_neighbours);
    let inseparable = serde_json::to_value(ours.inseparable).expect("JSON");
    for (criterion, count) in &theirs.inseparable {
        assert_eq!(inseparable[criterion], *count, "{criterion}");
    }
    let test = ours.rank_test.as_ref().expect("twelve tasks");
    near(test.friedman.chi_square, theirs.friedman.chi_square);
    near(test.friedman.p, theirs.friedman.p);
    near(test.friedman.f.expect("tasks differ"), theirs.friedman.f);
    near(test.friedman.f_p, theirs.friedman.f_p);
    assert!(test.differs && ours.no_rank_test.is_none());
    // scipy integrates the studentized range to some six digits.
    assert!((test.critical_difference - theirs.critical_difference).abs() < 1e-5);
    assert_eq!(test.inseparable, theirs.runs);
    for (place, method) in ours.methods.iter().enumerate() {
        let name = &method.method;
        let entry = entry(board, name, ours.keep);
        repeated(entry.mean, &theirs.means[name]);
        drawn(method.drawn, &theirs.drawn[name]);
        near(method.mean, theirs.means[name].mean);
        near(method.average_rank, theirs.average_ranks[name]);
        repeated(entry.drop, &theirs.drops[name]);
        let increase = entry.error_increase.expect("dense-trained makes errors");
        near(increase.mean, theirs.error_increase[name].mean);
        drawn(increase.interval, &theirs.error_increase[name].drawn);
        let groups = serde_json::to_value(method.groups).expect("JSON");
        for (criterion, numbers) in &theirs.groups {
            assert_eq!(groups[criterion], numbers[name], "{criterion} of {name}");
        }
        signed(method.against_first, theirs.against_first.get(name));
        signed(method.against_magnitude, theirs.against_magnitude.get(name));
        difference(method.from_magnitude.as_ref(), theirs.differences.get(name));
        assert_eq!(method.reversal.is_some(), place > 0);
        if let Some(reversal) = method.reversal {
            near(reversal.paired.expect("shared replicates"), theirs.reversals[name].paired);
            near(reversal.unpaired, theirs.reversals[name].unpaired);
        }
    }
    // The board's places are its groups under the criterion that it names.
    let first = |place: usize| theirs.groups["paired_difference"][&theirs.order[place]];
    for (place, name) in theirs.order.iter().enumerate() {
        let leader = (0..place).find(|it| first(*it) == first(place)).unwrap_or(place);
        assert_eq!(entry(board, name, ours.keep).place.map(|it| it.place), Some(leader + 1));
    }
    let standing = |it: &crate::Standing| (it.rank.is_some(), it.reasons.len());
    assert!(ours.standings.iter().all(|it| standing(it) == (true, 0)), "{:?}", ours.standings);
    assert_eq!(ours.standings.len(), theirs.order.len());
}

#[test]
fn the_report_of_a_known_table_has_the_values_of_numpy_and_scipy() {
    let golden = golden();
    let report = report(&golden);
    let [board] = &report.boards[..] else { panic!("one board") };
    let [statistics] = &report.statistics[..] else { panic!("one board") };
    assert_eq!(statistics.key, board.key);
    assert_eq!(statistics.ineligible, []);
    assert_eq!(statistics.keeps.len(), golden.keeps.len());
    for (ours, theirs) in statistics.keeps.iter().zip(&golden.keeps) {
        assert_eq!(ours.keep, theirs.keep);
        at_keep(board, ours, theirs);
    }
    let areas = statistics.areas.as_ref().expect("two keeps");
    assert_eq!((areas.lines.len(), &areas.left_out), (golden.areas.len(), &vec![]));
    for line in &areas.lines {
        repeated(Some(line.area), &golden.areas[&line.method]);
    }
    assert!(areas.lines.is_sorted_by(|a, b| a.area.mean >= b.area.mean));
    let [front] = &statistics.fronts[..] else { panic!("one cost differs: {:?}", statistics.fronts) };
    assert_eq!((front.axis, front.points, front.left_out), (CostAxis::NonzeroParams, 17, 0));
    let on: Vec<(String, f64)> = front.front.iter().map(|it| (it.method.clone(), it.keep)).collect();
    assert_eq!(on, golden.front);
    assert!(report.warnings.iter().all(|it| it.warning.severity() != crate::Severity::Error));
}

//! Nights on a real store: what is run, kept and said; and comparisons of two stores.

use serde_json::Value;

use crate::support::{GIVEN, Lab, MAGNITUDE, RANDOM, Said, Suite, json, library, run, secateur};

struct Nights {
    lab: Lab,
    plugin: std::path::PathBuf,
}

impl Nights {
    fn new() -> Self {
        let lab = Lab::new();
        let plugin = lab.path("libsecateur_magnitude.so");
        std::fs::copy(library("secateur-magnitude"), &plugin).expect("a plugin can be copied");
        Self { lab, plugin }
    }

    fn night(&self, suite: &Suite, more: &[&str]) -> Said {
        self.night_of(&suite.text(), more)
    }

    fn night_of(&self, suite: &str, more: &[&str]) -> Said {
        std::fs::write(self.lab.path("mini.yaml"), suite).expect("a suite can be written");
        let mut command = secateur();
        command
            .current_dir(self.lab.path("."))
            .args([
                "nightly",
                "mini.yaml",
                "--store",
                "store",
                "--out",
                "out",
                "--quiet",
                "--data-root",
                ".",
                "--plugin",
            ])
            .arg(&self.plugin)
            .args(more);
        Said::of(&command.output().expect("secateur starts"))
    }

    fn judgement(&self) -> Value {
        json(&self.lab.path("out/night.json"))
    }

    fn stored(&self, number: u32) -> Value {
        json(&self.lab.path(&format!("store/nights/mini/{number:04}.json")))
    }
}

fn suite() -> Suite {
    Suite {
        upstream: GIVEN,
        keeps: "[0.3]",
        more: "replicates: 2\n".to_owned(),
        ..Suite::new(&[MAGNITUDE, RANDOM])
    }
}

/// Replicates of the scores of a stored night.
fn replicates(night: &Value) -> std::collections::BTreeSet<u64> {
    let cells = night["cells"].as_array().expect("a night has cells");
    let scores = cells.iter().flat_map(|cell| cell["scores"].as_array().expect("scores"));
    scores.map(|scored| scored["replicate"].as_u64().expect("a replicate")).collect()
}

#[test]
fn nights_tell_what_changed_and_why() {
    let nights = Nights::new();
    let said = nights.night(&suite(), &[]).exits(0);
    assert_eq!(said.out.trim(), "FIRST: night 1 of mini: nothing to hold it against");
    assert_eq!(replicates(&nights.stored(1)).into_iter().collect::<Vec<_>>(), [0, 1, 2]);

    // Nothing is other than before: the fixed replicates come from the store, and another seed is run.
    let before = nights.lab.objects("store").len();
    let said = nights.night(&suite(), &[]).exits(0);
    assert_eq!(said.out.trim(), "OK: night 2 of mini: nothing changed since night 1");
    assert_eq!(replicates(&nights.stored(2)).into_iter().collect::<Vec<_>>(), [0, 1, 3]);
    assert!(nights.lab.objects("store").len() > before);
    // The report is that of the suite, without the rotating replicates.
    let rows = nights.lab.rows("store");
    assert!(rows.iter().all(|row| ["0", "1"].contains(&row["replicate"].as_str())));

    // Another build of the plugin that prunes the same changes no number, and is said.
    let mut bytes = std::fs::read(&nights.plugin).expect("a plugin can be read");
    bytes.push(0);
    std::fs::write(&nights.plugin, bytes).expect("a plugin can be written");
    let said = nights.night(&suite(), &[]).exits(0);
    assert_eq!(
        said.out.trim(),
        "OK: night 3 of mini: nothing changed since night 2; other than before: plugin"
    );
    let summary = std::fs::read_to_string(nights.lab.path("out/summary.md")).expect("a summary");
    assert!(summary.contains("plugin org.secateur.magnitude"), "{summary}");

    // Another learning rate changes numbers; with so few draws a small change cannot be a regression.
    let other = Suite { track: "{name: equal-allowance, allowance: 480ex, recipe: other}", ..suite() };
    let recipe = "recipes:\n  other: {batch: 16, lr: 0.0001, weight_decay: 5e-4}\n";
    let text = other.text().replace("recipes:\n", recipe);
    let said = nights.night_of(&text, &[]);
    let judgement = nights.judgement();
    let changes = judgement["changes"].as_array().expect("changes");
    assert!(!changes.is_empty() && said.out.contains("other than before: suite"), "{}", said.out);
    let alarm = said.out.starts_with("ALARM");
    assert_eq!(said.code, Some(i32::from(alarm)), "{}", said.out);
    assert_eq!(nights.stored(4)["accepted"], !alarm);

    // A method that is not in the suite any more is a removal and no regression.
    let said = nights.night(&Suite { methods: MAGNITUDE.to_owned(), ..suite() }, &[]).exits(0);
    assert!(said.out.contains("1 removal"), "{}", said.out);
    assert_eq!(nights.judgement()["removed"][0]["name"], "random");

    // Accepting needs no plugin.
    std::fs::remove_file(&nights.plugin).expect("a plugin can be removed");
    let said = nights.night(&suite(), &["--accept", "4"]).exits(0);
    assert!(said.out.contains("night 4 of mini is accepted"), "{}", said.out);
    assert!(nights.lab.path("store/nights/mini/0004.accepted").exists());
    nights.night(&suite(), &["--accept", "44"]).exits(2).names(&["the nights 1 to 5, and not 44"]);
    for name in ["summary.md", "junit.xml", "trends.svg", "night.json"] {
        assert!(nights.lab.path("out").join(name).exists(), "{name}");
    }
}

/// A night whose results are gone is an alarm, and what crashed is tried once more in the next one.
#[test]
fn a_night_that_loses_results_raises_an_alarm() {
    let nights = Nights::new();
    let suite = Suite::untrained(&[MAGNITUDE]);
    nights.night(&suite, &[]).exits(0);
    let said = nights
        .night(&Suite { more: "stage_memory_gib: 0.001\nthreads: 2\n".to_owned(), ..suite }, &[])
        .exits(1);
    assert!(said.out.starts_with("ALARM: night 2 of mini: ") && said.out.contains("gone"), "{}", said.out);
    assert_eq!(nights.stored(2)["accepted"], false);
    let junit = std::fs::read_to_string(nights.lab.path("out/junit.xml")).expect("there is one");
    assert!(junit.contains("<failure") && junit.contains("crashed"), "{junit}");
    nights.night(&Suite::untrained(&[MAGNITUDE]), &[]).exits(0);
}

#[test]
fn two_stores_are_compared_by_their_replicates() {
    let lab = Lab::new();
    lab.run(&suite(), "a", &[]).exits(0);
    lab.run(&suite(), "b", &[]).exits(0);
    let at = |name: &str| lab.path(name).display().to_string();
    let said = run(&["compare", &at("a"), &at("b")]).exits(0);
    assert!(said.out.starts_with("# OK: ") && said.out.contains("nothing changed since"), "{}", said.out);

    // As if one build were worse by far, and steadily so.
    let table = String::from_utf8(lab.results("a")).expect("UTF-8");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|own| own == name).expect("a column");
    let (score, replicate, method) = (column("score"), column("replicate"), column("method"));
    let write = |name: &str, level: f64| {
        let mut writer = csv::Writer::from_path(lab.path(name)).expect("a table can be written");
        writer.write_record(&header).expect("written");
        for record in csv::Reader::from_reader(table.as_bytes()).records() {
            let record = record.expect("a row");
            let fields = record.iter().enumerate().map(|(index, field)| {
                if index == score && &record[method] == "magnitude" {
                    format!("{}", level + 0.001 * record[replicate].parse::<f64>().expect("a number"))
                } else {
                    field.to_owned()
                }
            });
            writer.write_record(fields).expect("written");
        }
    };
    write("good.csv", 0.9);
    write("bad.csv", 0.1);
    let said = run(&["compare", &at("good.csv"), &at("bad.csv"), "--out", &at("comparison")]).exits(1);
    assert!(said.out.starts_with("# ALARM: ") && said.out.contains("## Regressions"), "{}", said.out);
    assert!(lab.path("comparison/junit.xml").exists());
    run(&["compare", &at("bad.csv"), &at("good.csv")]).exits(0);

    run(&["compare", &at("a"), &at("none.csv")]).exits(2).names(&["none.csv"]);
    run(&["compare", &at("a"), &at("mini.yaml")]).exits(2).names(&["no results.csv of Secateur"]);
    run(&["compare", &at("a"), &at("b"), "--suite", "minni"]).exits(2).names(&["minni", "mini"]);
    run(&["compare", &at("a"), &at("b"), "--alarm", "2"]).exits(2).names(&["--alarm is a chance"]);
}

//! What an identity depends on: a change reruns exactly the stages whose results it can change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{GIVEN, Lab, MAGNITUDE, RANDOM, Said, Suite, library, secateur};

/// A store with everything that a run needs, of which a test changes one thing at a time.
struct Bench {
    lab: Lab,
    suite: Suite,
    data: PathBuf,
    plugins: Vec<PathBuf>,
    jobs: &'static str,
}

impl Bench {
    /// A suite that has run.
    fn new(suite: Suite) -> Self {
        let lab = Lab::new();
        let plugins = ["secateur-magnitude", "secateur-lottery-ticket"].map(|name| {
            let copy = lab.path(&format!("{name}.so"));
            std::fs::copy(library(name), &copy).expect("copied");
            copy
        });
        let bench = Self { data: lab.path(""), plugins: plugins.to_vec(), lab, suite, jobs: "2" };
        let (planned, ran) = (bench.planned(), bench.ran().0);
        // What is equal runs once, and recovery without training passes weights on.
        assert!(!ran.is_empty() && ran.is_subset(&planned), "{ran:?} of {planned:?}");
        bench.runs("nothing that has run", &[]);
        bench
    }

    fn command(&self, name: &str) -> std::process::Command {
        self.lab.write(&self.suite);
        let mut command = secateur();
        command.current_dir(self.lab.path("")).args([name, "mini.yaml", "--store", "store"]);
        command.arg("--data-root").arg(&self.data);
        for plugin in &self.plugins {
            command.arg("--plugin").arg(plugin);
        }
        command
    }

    fn objects(&self) -> Vec<Value> {
        if self.lab.path("store").exists() { self.lab.objects("store") } else { Vec::new() }
    }

    /// Runs, and returns the labels of the stages that ran, and the whole of what was said.
    fn ran(&self) -> (BTreeSet<String>, Said) {
        let known: BTreeSet<String> =
            self.objects().iter().map(|object| object["identity"].to_string()).collect();
        let mut command = self.command("run");
        command.args(["--quiet", "--jobs", self.jobs]);
        let said = Said::of(&command.output().expect("secateur starts")).exits(0);
        let new =
            self.objects().into_iter().filter(|object| !known.contains(&object["identity"].to_string()));
        let labels: Vec<String> =
            new.map(|object| object["label"].as_str().expect("a label").to_owned()).collect();
        // What the run says of itself is what is new in the store.
        assert!(said.out.contains(&format!("\n{} stages ran", labels.len())), "{labels:?}\n{}", said.out);
        (labels.into_iter().collect(), said)
    }

    /// Labels of the stages that are not stored, as `plan` tells. Of those behind one that is not stored, nothing is known.
    fn planned(&self) -> BTreeSet<String> {
        let mut command = self.command("plan");
        let said =
            Said::of(&command.args(["--stages", "--json"]).output().expect("secateur starts")).exits(0);
        let plan: Value = serde_json::from_str(&said.out).expect("JSON");
        let stages = plan["stages"].as_array().expect("stages");
        let open = stages.iter().filter(|stage| stage["state"] == "to run");
        open.map(|stage| stage["label"].as_str().expect("a label").to_owned()).collect()
    }

    /// Checks that exactly the stages run whose labels begin like this, and that they were planned. Afterwards everything is
    /// stored.
    #[track_caller]
    fn runs(&self, change: &str, expected: &[&str]) {
        let planned = self.planned();
        let (ran, _) = self.ran();
        let all: BTreeSet<String> =
            self.objects().iter().map(|it| it["label"].as_str().unwrap_or_default().to_owned()).collect();
        let matching = |label: &&String| expected.iter().any(|start| label.starts_with(start));
        let wanted: BTreeSet<String> = all.iter().filter(matching).cloned().collect();
        assert_eq!(ran, wanted, "{change}");
        for start in expected {
            assert!(ran.iter().any(|label| label.starts_with(start)), "{change}: no stage `{start}…`");
        }
        assert!(ran.is_subset(&planned), "{change}: planned were {planned:?}");
        assert_eq!(self.planned(), BTreeSet::new(), "{change}");
    }

    /// Changes the suite's text by changing its parts, checks, and changes them back.
    #[track_caller]
    fn suite_change(&mut self, change: &str, edit: impl FnOnce(&mut Suite), expected: &[&str]) {
        let before = self.suite.clone();
        edit(&mut self.suite);
        assert_ne!(self.suite.text(), before.text(), "{change} changes nothing");
        self.runs(change, expected);
        self.suite = before;
        self.runs("what was before", &[]);
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let whole = std::fs::read(path).expect("readable");
    std::fs::write(path, [&whole[..], bytes].concat()).expect("written");
}

const AFTER_PREPARE: [&str; 5] = ["train", "prune", "verify", "recover", "evaluate"];

#[test]
fn a_value_of_the_suite_reruns_what_depends_on_it() {
    let mut bench = Bench::new(Suite { keeps: "[0.3]", ..Suite::new(&[MAGNITUDE, RANDOM]) });
    bench.suite_change("the seed", |suite| suite.seed = 8, &AFTER_PREPARE);
    bench.suite_change("the threads", |suite| suite.more = "threads: 2\n".to_owned(), &AFTER_PREPARE);
    // The upstream network does not know of it. What is pruned without training is the same, and so is its verdict.
    bench.suite_change(
        "the allowance",
        |suite| suite.track = "{name: equal-allowance, allowance: 640ex, recipe: base}",
        &[
            "prune",
            "recover",
            "verify dense-trained",
            "evaluate magnitude",
            "evaluate random",
            "evaluate dense-trained",
        ],
    );
    bench.suite_change(
        "batch norms",
        |suite| suite.track = "{name: equal-allowance, allowance: 480ex, recipe: base, recalibrate: 16}",
        &[
            "recover",
            "verify dense-trained",
            "evaluate magnitude",
            "evaluate random",
            "evaluate dense-trained",
        ],
    );
    bench.suite_change(
        "a parameter of one method",
        |suite| {
            suite.methods = suite
                .methods
                .replace("org.secateur.magnitude,", "org.secateur.magnitude, params: {scope: uniform},")
        },
        &["prune magnitude", "verify magnitude", "recover magnitude", "evaluate magnitude"],
    );
    bench.suite_change(
        "what may be pruned",
        |suite| suite.set = "prunable: {name: convolutions, stem: true}",
        &["prune", "verify", "recover magnitude", "recover random", "evaluate magnitude", "evaluate random"],
    );
    // One more keep is another run of the methods; what they emit at the others is the same.
    bench.suite_change(
        "a keep",
        |suite| {
            suite.keeps = "[0.3, 0.2]";
            suite.methods = MAGNITUDE.to_owned();
        },
        &[
            "prune magnitude",
            "verify magnitude at 0.2",
            "recover magnitude at 0.2",
            "evaluate magnitude at 0.2",
        ],
    );
}

#[test]
fn names_places_and_limits_rerun_nothing() {
    let mut bench = Bench::new(Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, RANDOM]) });
    let rows = bench.lab.rows("store").len();
    bench.suite_change(
        "a label",
        |suite| suite.methods = suite.methods.replace("label: magnitude", "label: another"),
        &[],
    );
    bench.suite_change("the track's name", |suite| suite.track = "{name: other, allowance: 0ex}", &[]);
    bench.suite_change(
        "the name of a recipe nobody uses",
        |suite| suite.more = "recipe_files: []\n".to_owned(),
        &[],
    );
    bench.suite_change("the limit", |suite| suite.more = "stage_seconds: 77\n".to_owned(), &[]);
    bench.suite_change("the order of methods", |suite| suite.methods = [RANDOM, MAGNITUDE].concat(), &[]);
    bench.suite_change("a description", |suite| suite.more = "description: words\n".to_owned(), &[]);
    bench.jobs = "1";
    bench.runs("the number of jobs", &[]);
    // The data and the checkpoint lie elsewhere.
    let elsewhere = bench.lab.path("elsewhere");
    std::fs::create_dir(&elsewhere).expect("made");
    for name in ["stripes", "given.safetensors"] {
        std::fs::rename(bench.lab.path(name), elsewhere.join(name)).expect("moved");
    }
    bench.data.clone_from(&elsewhere);
    bench.runs("a moved data folder", &[]);
    let picture = elsewhere.join("stripes/train/class-0/00.png");
    let bytes = std::fs::read(&picture).expect("readable");
    std::fs::write(&picture, bytes).expect("written");
    bench.runs("the time of a file", &[]);
    // So do the plugins, and the whole store.
    let plugin = bench.lab.path("renamed.so");
    std::fs::rename(&bench.plugins[0], &plugin).expect("moved");
    bench.plugins[0] = plugin;
    bench.runs("a renamed plugin", &[]);
    std::fs::rename(bench.lab.path("store"), bench.lab.path("moved")).expect("moved");
    std::fs::rename(bench.lab.path("moved"), bench.lab.path("store")).expect("moved");
    assert_eq!(bench.lab.rows("store").len(), rows);
}

#[test]
fn a_byte_of_a_plugin_reruns_its_own_prune_stages() {
    let ticket =
        "  - {label: ticket, method: org.secateur.lottery-ticket, params: {rate: 0.6, rewind: none}}\n";
    let bench =
        Bench::new(Suite { upstream: GIVEN, keeps: "[0.2]", ..Suite::new(&[MAGNITUDE, RANDOM, ticket]) });
    append(&bench.plugins[0], b"\0");
    // Two methods of that plugin, and they prune as before.
    bench.runs("a byte of a plugin", &["prune magnitude", "prune random"]);
    append(&bench.plugins[1], b"\0");
    bench.runs("a byte of the other plugin", &["prune ticket"]);
}

#[test]
fn a_byte_of_a_data_file_reruns_what_reads_it() {
    let bench = Bench::new(Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) });
    let file = |name: &str| bench.lab.path(&format!("stripes/{name}"));
    // Behind the picture's end: other bytes, and the same pixels.
    append(&file("train/class-0/00.png"), b"\0");
    bench.runs("a byte that is no pixel", &["prepare"]);
    // What is scored on is read by nobody but who scores.
    std::fs::copy(file("test/class-0/00.png"), file("test/class-1/00.png")).expect("copied");
    bench.runs("a picture to be scored on", &["prepare", "evaluate"]);
    // Pruning by magnitude looks at no picture, but it could. Its weights are the same, so that scores are.
    std::fs::copy(file("train/class-0/00.png"), file("train/class-1/00.png")).expect("copied");
    bench.runs("a picture to be trained on", &["prepare", "prune", "verify"]);
}

#[test]
fn a_byte_of_a_checkpoint_reruns_what_comes_of_it() {
    let bench = Bench::new(Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) });
    let path = bench.lab.path("given.safetensors");
    let mut bytes = std::fs::read(&path).expect("readable");
    let last = bytes.len() - 1;
    // The sign of a weight or a statistic.
    bytes[last] ^= 0x80;
    std::fs::write(&path, bytes).expect("written");
    bench.runs("a byte of the checkpoint", &["prune", "verify", "evaluate"]);
}

#[test]
fn failed_attempts_are_tried_again_only_when_asked_for() {
    let lab = Lab::new();
    let exits = "  - {label: exits, method: org.secateur.fixture.exits}\n";
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, exits]) };
    lab.run(&suite, "store", &[]).exits(1);
    for (more, ran) in [(&[][..], 0), (&["--retry"], 1), (&[], 0), (&["--retry"], 1)] {
        let said = lab.run(&suite, "store", more).exits(1);
        assert!(said.out.contains(&format!("\n{ran} stages ran")), "{}", said.out);
    }
    let identity = lab.rows("store").into_iter().find(|row| row["method"] == "exits").expect("a row");
    let attempts = lab.path("store/attempts").join(&identity["prune_stage"]);
    assert_eq!(std::fs::read_dir(attempts).expect("attempts").count(), 3);
}

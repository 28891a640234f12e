//! What tests have in common: programs, a task of a few dozen pictures, suites, stores and tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secateur_checkpoint::{TensorData, Tensors, write_safetensors};
use secateur_network::zoo;
use serde_json::Value;
use tempfile::TempDir;

/// Rows of a table by column name.
pub(crate) type Row = BTreeMap<String, String>;

/// The folder of the running profile: `target/<profile>`.
pub(crate) fn artifacts() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its program");
    test.ancestors().nth(2).expect("test programs lie in target/<profile>/deps").to_owned()
}

fn artifact(name: &str) -> PathBuf {
    let path = artifacts().join(name);
    assert!(path.exists(), "{} is not built; run the tests with `cargo xtask test`", path.display());
    path
}

/// A dynamic library of this workspace by its crate name.
pub(crate) fn library(name: &str) -> PathBuf {
    let name = name.replace('-', "_");
    artifact(&format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}

/// The workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

/// `secateur`, in an environment that nobody's settings reach.
pub(crate) fn secateur() -> Command {
    artifact("secateur-worker");
    sheltered(artifact("secateur"))
}

/// A program in an environment where nobody's settings reach a `secateur` that it starts.
pub(crate) fn sheltered(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
        .env("XDG_DATA_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/data"))
        .env_remove("SECATEUR_PLUGIN_PATH")
        .env_remove("SECATEUR_CHECKPOINT_SECONDS")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Checks that the error names something.
    #[track_caller]
    pub(crate) fn names(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in\n{}", self.err);
        }
        assert!(!self.err.contains("panicked at"), "the program panicked:\n{}", self.err);
        self
    }
}

/// Runs `secateur` with arguments.
pub(crate) fn run(arguments: &[&str]) -> Said {
    Said::of(&secateur().args(arguments).output().expect("secateur starts"))
}

/// A folder with a task, suites and stores, removed at the end.
pub(crate) struct Lab {
    folder: TempDir,
}

/// Methods of the shipped plugins as lines of a suite.
pub(crate) const MAGNITUDE: &str = "  - {label: magnitude, method: org.secateur.magnitude, baseline: true}\n";
pub(crate) const RANDOM: &str = "  - {label: random, method: org.secateur.random, baseline: true}\n";
pub(crate) const MATCHED: &str =
    "  - {label: matched, method: org.secateur.random-layerwise-matched, baseline: true}\n";
pub(crate) const TICKET: &str =
    "  - {label: ticket, method: org.secateur.lottery-ticket, params: {rate: 0.6, rewind: \"step:8\"}}\n";

/// Where pruning begins.
pub(crate) const TRAINED: &str = "train: {recipe: base, length: 24it, keep_steps: [8]}";
pub(crate) const GIVEN: &str = "checkpoint: given.safetensors";

/// A suite that runs in seconds.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    pub(crate) seed: u64,
    pub(crate) network: &'static str,
    pub(crate) upstream: &'static str,
    pub(crate) keeps: &'static str,
    pub(crate) track: &'static str,
    /// What may be removed.
    pub(crate) set: &'static str,
    /// Lines of recipes beside `base`.
    pub(crate) recipes: &'static str,
    pub(crate) methods: String,
    pub(crate) more: String,
}

impl Suite {
    pub(crate) fn new(methods: &[&str]) -> Self {
        Self {
            seed: 7,
            network: "{name: resnet8, width: 0.25}",
            upstream: TRAINED,
            keeps: "[0.3, 0.1]",
            track: "{name: equal-allowance, allowance: 480ex, recipe: base}",
            set: "prunable: {name: convolutions}",
            recipes: "",
            methods: methods.concat(),
            more: String::new(),
        }
    }

    /// A suite that trains nowhere and starts from the lab's checkpoint.
    pub(crate) fn untrained(methods: &[&str]) -> Self {
        Self { upstream: GIVEN, track: "{name: no-training, allowance: 0ex}", ..Self::new(methods) }
    }

    pub(crate) fn text(&self) -> String {
        let Self { seed, network, upstream, keeps, track, set, recipes, methods, more } = self;
        format!(
            "name: mini\n\
             seed: {seed}\n\
             network: {network}\n\
             upstream: {{task: stripes, {upstream}}}\n\
             tasks:\n  stripes: {{format: image-folder, path: stripes, validation_per_class: 2}}\n\
             {set}\n\
             recipes:\n  base: {{batch: 16, lr: 0.05, weight_decay: 5e-4, flip: true, shift: 1}}\n\
             {recipes}\
             keeps: {keeps}\n\
             tracks:\n  - {track}\n\
             {more}\
             methods:{}{methods}",
            if methods.is_empty() { " []\n" } else { "\n" },
        )
    }
}

impl Lab {
    /// A lab with pictures of four classes and a checkpoint.
    pub(crate) fn new() -> Self {
        let lab = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        std::fs::create_dir(lab.root()).expect("a folder can be made");
        write_pictures(&lab.path("stripes"));
        write_checkpoint(&lab.path("given.safetensors"), weight);
        lab
    }

    /// With a space and an umlaut, which paths may have.
    fn root(&self) -> PathBuf {
        self.folder.path().join("ein Prüfstand")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a suite file.
    pub(crate) fn write(&self, suite: &Suite) {
        std::fs::write(self.path("mini.yaml"), suite.text()).expect("a suite can be written");
    }

    /// `secateur run` on the suite file, with a store of this name.
    pub(crate) fn command(&self, store: &str) -> Command {
        let mut command = secateur();
        command.current_dir(self.root()).args(["run", "mini.yaml", "--store", store, "--quiet"]);
        command.arg("--data-root").arg(self.root());
        for name in [
            "secateur-magnitude",
            "secateur-lottery-ticket",
            "secateur-channel-baselines",
            "secateur-localization-dcp",
            "secateur-regrowth",
            "secateur-second-order",
            "secateur-regularized",
            "secateur-at-init",
            "fixture-misbehaves",
            "fixture-toy-methods",
        ] {
            command.arg("--plugin").arg(library(name));
        }
        command
    }

    /// Runs the suite.
    pub(crate) fn run(&self, suite: &Suite, store: &str, more: &[&str]) -> Said {
        self.write(suite);
        Said::of(&self.command(store).args(more).output().expect("secateur starts"))
    }

    /// Bytes of `results.csv`.
    pub(crate) fn results(&self, store: &str) -> Vec<u8> {
        let report = self.path(&format!("{store}-report"));
        let output = secateur()
            .arg("report")
            .arg("--store")
            .arg(self.path(store))
            .arg("--out")
            .arg(&report)
            .output()
            .expect("secateur starts");
        Said::of(&output).exits(0);
        std::fs::read(report.join("results.csv")).expect("a report has results.csv")
    }

    /// Rows of `results.csv`.
    pub(crate) fn rows(&self, store: &str) -> Vec<Row> {
        table(&self.results(store))
    }

    /// Stored results of stages, by kind and label.
    pub(crate) fn objects(&self, store: &str) -> Vec<Value> {
        let folder = self.path(store).join("objects");
        let mut objects: Vec<Value> = std::fs::read_dir(folder)
            .expect("a store has objects")
            .map(|entry| json(&entry.expect("readable").path().join("result.json")))
            .collect();
        objects.sort_by_key(|object| (object["kind"].to_string(), object["label"].to_string()));
        objects
    }

    /// The stored result of the one stage with this label.
    #[track_caller]
    pub(crate) fn object(&self, store: &str, label: &str) -> Value {
        let mut found = self.objects(store).into_iter().filter(|object| object["label"] == label);
        match (found.next(), found.next()) {
            (Some(object), None) => object,
            (None, _) => panic!("no stage is called `{label}`"),
            _ => panic!("several stages are called `{label}`"),
        }
    }

    /// A file of the stage with this label.
    #[track_caller]
    pub(crate) fn file(&self, store: &str, label: &str, name: &str) -> PathBuf {
        let object = self.object(store, label);
        let identity = object["identity"].as_str().expect("an object has an identity");
        self.path(store).join("objects").join(identity).join(name)
    }

    /// What the methods of the fixtures told in the log of a stage.
    #[track_caller]
    pub(crate) fn probes(&self, store: &str, label: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.file(store, label, "log.txt")).expect("a stage has a log");
        let lines = log.lines().filter_map(|line| line.split_once("probe "));
        lines
            .map(|(_, text)| {
                // The host writes the event's fields after the message.
                let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
                values.next().expect("a probe").expect("a probe is JSON")
            })
            .collect()
    }
}

/// Reads a JSON file.
pub(crate) fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Rows of a table.
pub(crate) fn table(bytes: &[u8]) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.deserialize().map(|row| row.expect("a row has as many fields as the header")).collect()
}

/// The lines of a table that belong to a method.
pub(crate) fn lines_of(bytes: &[u8], method: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().expect("a header").clone();
    let column = header.iter().position(|name| name == "method").expect("a column `method`");
    let records = reader.records().map(|record| record.expect("a row"));
    records.filter(|record| &record[column] == method).collect()
}

/// Small numbers that look random and are the same on every machine.
pub(crate) fn noise(index: u64) -> u64 {
    let mut x = index.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x2545_f491_4f6c_dd1d);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Pictures with stripes: of four classes, twelve to train and six to test each, 16 pixels wide.
fn write_pictures(folder: &Path) {
    for (split, count) in [("train", 12), ("test", 6)] {
        for class in 0..4_u64 {
            let folder = folder.join(split).join(format!("class-{class}"));
            std::fs::create_dir_all(&folder).expect("a folder can be made");
            for number in 0..count {
                let picture = image::RgbImage::from_fn(16, 16, |x, y| {
                    let stripe = match class {
                        0 => x / 2,
                        1 => y / 2,
                        2 => (x + y) / 2,
                        _ => x / 4 + y / 4,
                    } % 2;
                    let key = u64::from(x) | u64::from(y) << 8 | number << 16 | class << 32;
                    let base = 60 + 120 * stripe as u8;
                    image::Rgb([0, 1, 2].map(|channel| base + (noise(key | channel << 40) % 60) as u8))
                });
                picture.save(folder.join(format!("{number:02}.png"))).expect("a picture can be written");
            }
        }
    }
}

/// A weight of the lab's checkpoint: a multiple of 1/1024, so that no rounding is involved anywhere.
fn weight(index: u64) -> f32 {
    (noise(index) % 2001) as f32 / 1024.0 - 1000.0 / 1024.0
}

/// Writes a checkpoint of the suites' network.
pub(crate) fn write_checkpoint(path: &Path, weight: impl Fn(u64) -> f32) {
    let options = zoo::Options { width: Some(0.25), classes: Some(4), input: Some([3, 16, 16]) };
    let network = zoo::build("resnet8", &options).expect("the network exists");
    let mut tensors = Tensors::new();
    let mut index = 0;
    for param in network.params() {
        let values: Vec<f32> = (0..param.numel())
            .map(|_| {
                index += 1;
                weight(index)
            })
            .collect();
        tensors
            .insert(param.name.clone(), TensorData::from_f32(param.shape.clone(), &values).expect("it fits"));
    }
    for buffer in network.buffers() {
        let value = if buffer.name.ends_with("running_var") { 1.0 } else { 0.0 };
        let values = vec![value; buffer.shape.iter().product()];
        tensors.insert(
            buffer.name.clone(),
            TensorData::from_f32(buffer.shape.clone(), &values).expect("it fits"),
        );
    }
    write_safetensors(path, &tensors, &BTreeMap::new()).expect("a checkpoint can be written");
}

/// Processes whose command line has this text.
pub(crate) fn processes_with(text: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("there is /proc").filter_map(|entry| entry.ok());
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).replace('\0', " ").contains(text)).count()
}

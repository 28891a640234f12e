//! Methods that are Python classes.
//!
//! They run on the `python3` of the machine, or on the one that `SECATEUR_PYTHON` names, and need nothing that is not part of
//! Python. What numpy or torch is for, is left out where they cannot be imported.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{GIVEN, Lab, MAGNITUDE, Said, Suite, library, secateur, workspace};

/// The interpreter that the tests run on.
fn python() -> String {
    std::env::var("SECATEUR_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether the interpreter has a module.
fn has(module: &str) -> bool {
    let import =
        Command::new(python()).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
    import.is_ok_and(|status| status.success())
}

fn source(name: &str) -> PathBuf {
    workspace().join("tests/it/python").join(name)
}

/// A lab with the files of the classes.
fn lab() -> Lab {
    let lab = Lab::new();
    for name in ["methods.py", "faults.py"] {
        std::fs::copy(source(name), lab.path(name)).expect("a file can be copied");
    }
    lab
}

/// An entry with a class of a file. Arrays are the bridge's own unless others are asked for.
fn entry_with(label: &str, method: &str, class: &str, file: &str, more: &str) -> String {
    format!(
        "  - label: {label}\n    method: org.secateur.{method}\n    files: {{method: {file}}}\n    \
         params: {{class: \"{class}\", path: \"file:method\", {more}}}\n"
    )
}

fn entry(label: &str, class: &str, file: &str) -> String {
    entry_with(label, "python", class, file, "arrays: plain")
}

fn run(lab: &Lab, suite: &Suite, store: &str) -> Said {
    run_on(lab, suite, store, None)
}

fn run_on(lab: &Lab, suite: &Suite, store: &str, interpreter: Option<&Path>) -> Said {
    lab.write(suite);
    let mut command = lab.command(store);
    command.arg("--plugin").arg(library("secateur-python-bridge"));
    if let Some(interpreter) = interpreter {
        command.env("SECATEUR_PYTHON", interpreter);
    }
    Said::of(&command.output().expect("secateur starts"))
}

/// Digests of what a `prune` stage left.
#[track_caller]
fn outputs(lab: &Lab, store: &str, label: &str, track: &str) -> Vec<String> {
    let object = lab.object(store, &format!("prune {label} ({track}, replicate 0)"));
    let outputs = object["outputs"].as_object().expect("outputs");
    outputs.values().map(|output| output["digest"].to_string()).collect()
}

/// Numbers of processes that methods told in logs below a folder.
fn told_pids(folder: &Path) -> Vec<Pid> {
    let mut pids = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return pids };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            pids.extend(told_pids(&path));
        } else if path.ends_with("log.txt") {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let numbers =
                text.lines().filter_map(|line| line.split_once(" pid ")?.1.split(' ').next()?.parse().ok());
            pids.extend(numbers.filter_map(Pid::from_raw));
        }
    }
    pids
}

/// Waits until processes are gone; a zombie that nobody has buried yet is.
#[track_caller]
fn end_soon(pids: &[Pid]) {
    let start = Instant::now();
    let runs = |pid: &Pid| {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z') && !rest.starts_with('X'))
    };
    while pids.iter().any(runs) {
        assert!(start.elapsed() < Duration::from_secs(20), "still running: {pids:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn magnitude_in_python_selects_the_same_weights_as_in_rust() {
    let lab = lab();
    std::fs::create_dir_all(lab.path("package/inner")).expect("made");
    std::fs::copy(source("methods.py"), lab.path("package/inner/methods.py")).expect("copied");
    std::fs::write(lab.path("package/inner/__init__.py"), "").expect("written");
    let mut entries = vec![
        ("criterion".to_owned(), entry("criterion", "Magnitude", "methods.py")),
        ("whole".to_owned(), entry("whole", "methods:WholeMagnitude", "methods.py")),
        ("own".to_owned(), entry("own", "OwnMasks", "methods.py")),
        ("package".to_owned(), entry("package", "inner.methods:Magnitude", "package")),
    ];
    for arrays in ["numpy", "torch"] {
        if has(arrays) {
            for class in ["Magnitude", "WholeMagnitude"] {
                let label = format!("{arrays}-{class}");
                let more = format!("arrays: {arrays}");
                entries.push((label.clone(), entry_with(&label, "python", class, "methods.py", &more)));
            }
        } else {
            eprintln!("left out: {} has no {arrays}", python());
        }
    }
    let methods: String = entries.iter().map(|(_, text)| text.as_str()).collect();
    let suite = Suite { upstream: GIVEN, ..Suite::new(&[MAGNITUDE, &methods]) };
    run(&lab, &suite, "store").exits(0);
    let expected = outputs(&lab, "store", "magnitude", "equal-allowance");
    assert_eq!(expected.len(), 2);
    for (label, _) in &entries {
        assert_eq!(outputs(&lab, "store", label, "equal-allowance"), expected, "{label}");
    }
    let uniform = "  - {label: uniform, method: org.secateur.magnitude, params: {scope: uniform}}\n";
    let more = "arrays: plain, params: {scope: uniform}";
    let own = entry_with("own-uniform", "python", "Magnitude", "methods.py", more);
    run(&lab, &Suite { upstream: GIVEN, ..Suite::new(&[uniform, &own]) }, "uniform").exits(0);
    let [uniform, own] =
        ["uniform", "own-uniform"].map(|label| outputs(&lab, "uniform", label, "equal-allowance"));
    assert_eq!(uniform, own);
    assert_ne!(uniform, expected);
}

#[test]
fn channels_in_python_are_the_same_as_in_rust() {
    let lab = lab();
    let rust = "  - {label: rust, method: org.secateur.channel-l1, params: {normalize: false}}\n";
    let python = entry_with("python", "python-channels", "L1", "methods.py", "arrays: plain");
    let set = "channels: {name: within-blocks, budget: params}";
    let suite = Suite { set, keeps: "[0.8, 0.6]", ..Suite::untrained(&[rust, &python]) };
    run(&lab, &suite, "store").exits(0);
    let [rust, python] = ["rust", "python"].map(|label| outputs(&lab, "store", label, "no-training"));
    assert_eq!(rust.len(), 2);
    assert_eq!(rust, python);
}

#[test]
fn everything_that_the_host_offers_reaches_python() {
    let lab = lab();
    let mut labels = vec!["plain"];
    labels.extend(["numpy", "torch"].into_iter().filter(|arrays| has(arrays)));
    let methods: String = labels
        .iter()
        .map(|arrays| {
            let more = format!("arrays: {arrays}");
            [
                entry_with(arrays, "python", "Everything", "methods.py", &more),
                entry_with(&format!("gradual-{arrays}"), "python", "Gradual", "methods.py", &more),
            ]
            .concat()
        })
        .collect();
    let suite = Suite::new(&[&methods]);
    run(&lab, &suite, "store").exits(0);
    let log = lab.file("store", "prune plain (equal-allowance, replicate 0)", "log.txt");
    let log = std::fs::read_to_string(log).expect("a stage has a log");
    for line in
        ["printed by the class", "everything: logged by the class", "said by the class", "1 of 10 things"]
    {
        assert!(log.contains(line), "no `{line}` in {log}");
    }
    // Hooks ask in the middle of the training, and do not disturb it: every array gives the same bits, and so does a second run.
    let first = outputs(&lab, "store", "gradual-plain", "equal-allowance");
    for arrays in &labels {
        assert_eq!(
            outputs(&lab, "store", &format!("gradual-{arrays}"), "equal-allowance"),
            first,
            "{arrays}"
        );
    }
    run(&lab, &suite, "again").exits(0);
    assert_eq!(outputs(&lab, "again", "gradual-plain", "equal-allowance"), first);
}

/// The label and class of a method that fails, the outcome, and words of the reason.
const FAULTS: [(&str, &str, &[&str]); 14] = [
    ("Raises", "failed", &["ZeroDivisionError", "faults.py:", "in divide", "`return 1 / by`", "in prune"]),
    ("RaisesInHook", "failed", &["KeyError", "step 0", "in after_backward"]),
    ("GivesUp", "unsupported", &["the class does not handle this network"]),
    ("CannotReach", "infeasible", &["the class cannot reach"]),
    ("EmitsNothing", "invalid", &["emitted nothing"]),
    ("NanScores", "invalid", &["not a number"]),
    ("NoTensor", "failed", &["TypeError", "str is no tensor", "faults.py:"]),
    ("Overspends", "exhausted", &["the allowance of 480 samples is spent"]),
    ("Exits", "failed", &["`Exits` ended with exit code 3", "the stage's log"]),
    ("Dies", "failed", &["`Dies` was ended by signal 9"]),
    ("Garbage", "failed", &["`Garbage`", "the bridge's protocol does not have", "HTTP/1.1"]),
    ("OutOfTurn", "failed", &["`OutOfTurn`", "levitate"]),
    ("HangsUp", "failed", &["`HangsUp` closed the bridge's socket"]),
    ("OtherThread", "failed", &["RuntimeError", "the thread that runs `prune`"]),
];

#[test]
fn every_failing_class_ends_in_its_outcome_with_a_reason_and_leaves_nothing_behind() {
    let lab = lab();
    let mut methods: String = FAULTS.iter().map(|(class, _, _)| entry(class, class, "faults.py")).collect();
    methods.push_str(&entry("leaves", "LeavesProcess", "faults.py"));
    methods.push_str(MAGNITUDE);
    let suite = Suite { upstream: GIVEN, keeps: "[0.2]", ..Suite::new(&[&methods]) };
    run(&lab, &suite, "store").exits(1);
    let rows = lab.rows("store");
    for (class, outcome, reasons) in FAULTS {
        let row = rows.iter().find(|row| row["method"] == class).expect("a row for each method");
        let detail = &row["outcome_detail"];
        assert_eq!(row["outcome"], outcome, "{class}: {detail}");
        for reason in reasons {
            assert!(detail.contains(reason), "{class}: no `{reason}` in {detail}");
        }
        assert!(!detail.chars().any(char::is_control), "{class}: {detail:?}");
    }
    for label in ["leaves", "magnitude"] {
        assert!(
            rows.iter().filter(|row| row["method"] == label).all(|row| row["outcome"] == "ok"),
            "{label}"
        );
    }
    let pids = told_pids(&lab.path("store"));
    assert_eq!(pids.len(), 1, "the process that a class left");
    end_soon(&pids);
}

#[test]
fn a_class_that_never_returns_ends_at_the_limit_with_its_process() {
    let lab = lab();
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[&entry("hangs", "Hangs", "faults.py")]) };
    let limited = Suite { more: "stage_seconds: 4\n".to_owned(), ..suite };
    let start = Instant::now();
    run(&lab, &limited, "store").exits(1);
    assert!(start.elapsed() < Duration::from_secs(60));
    let rows = lab.rows("store");
    let hanging = rows.iter().find(|row| row["method"] == "hangs").expect("a row");
    assert_eq!(hanging["outcome"], "timeout", "{hanging:?}");
    let pids = told_pids(&lab.path("store"));
    assert_eq!(pids.len(), 1);
    end_soon(&pids);
}

#[test]
fn a_python_process_ends_with_a_run_that_is_stopped_or_killed() {
    for signal in [Signal::TERM, Signal::KILL] {
        let lab = lab();
        lab.write(&Suite { keeps: "[0.2]", ..Suite::untrained(&[&entry("hangs", "Hangs", "faults.py")]) });
        let mut command = lab.command("store");
        command.arg("--plugin").arg(library("secateur-python-bridge"));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("secateur starts");
        let start = Instant::now();
        let pids = loop {
            let pids = told_pids(&lab.path("store/work"));
            if !pids.is_empty() {
                break pids;
            }
            assert!(start.elapsed() < Duration::from_secs(120), "the class was never run");
            std::thread::sleep(Duration::from_millis(20));
        };
        kill_process(Pid::from_child(&child), signal).expect("secateur runs");
        let asked = Instant::now();
        let said = Said::of(&child.wait_with_output().expect("secateur ends"));
        end_soon(&pids);
        if signal == Signal::TERM {
            assert!(said.out.contains("stopped before the end"), "{said:?}");
            assert!(asked.elapsed() < Duration::from_secs(9), "it was not waited for: {:?}", asked.elapsed());
        }
    }
}

#[test]
fn what_is_wrong_with_a_class_is_told_before_anything_runs() {
    let lab = lab();
    std::fs::write(lab.path("broken.py"), "def prune(:\n").expect("written");
    std::fs::write(lab.path("needs.py"), "import no_such_module_at_all\n").expect("written");
    std::fs::write(lab.path("notes.txt"), "").expect("written");
    let refused = |entry: &str, words: &[&str]| {
        let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, entry]) };
        run(&lab, &suite, "store").exits(2).names(words);
        assert!(!lab.path("store").exists(), "{entry}");
    };
    let params = ["mini.yaml:", "methods[1].params"];
    let told = |words: &[&'static str]| -> Vec<&str> { params.iter().chain(words).copied().collect() };
    let with = |class: &str, file: &str, more: &str| entry_with("wrong", "python", class, file, more);
    refused(&entry("wrong", "Magnitud", "methods.py"), &told(&["`Magnitud`", "there are ", "Magnitude"]));
    refused(&entry("wrong", "numbers", "methods.py"), &told(&["`numbers`", "no class", "Criterion"]));
    refused(&entry("wrong", "faults:Raises", "methods.py"), &told(&["`faults`", "`methods`"]));
    refused(&entry("wrong", "1st", "methods.py"), &told(&["`1st`", "module:Class"]));
    refused(&entry("wrong", "broken:X", "broken.py"), &told(&["broken.py:1", "no Python"]));
    refused(
        &entry("wrong", "X", "needs.py"),
        &told(&["no_such_module_at_all", "install it", "SECATEUR_PYTHON"]),
    );
    refused(&entry("wrong", "X", "notes.txt"), &told(&["notes.txt", ".py"]));
    refused(&with("L1", "methods.py", ""), &told(&["removes channels", "org.secateur.python-channels"]));
    refused(
        &entry_with("wrong", "python-channels", "Magnitude", "methods.py", ""),
        &told(&["removes weights", "`org.secateur.python`"]),
    );
    refused(
        &with("Magnitude", "methods.py", "params: {skope: erk}"),
        &told(&["skope", "it takes scope='global'"]),
    );
    refused(&with("Magnitude", "methods.py", "params: {scope: x}"), &told(&["scope is `x`", "uniform"]));
    refused(&with("Magnitude", "methods.py", "clas: x"), &told(&["`clas`", "did you mean `class`"]));
    if !has("torch") {
        refused(&with("Magnitude", "methods.py", "arrays: torch"), &told(&["arrays", "torch", "install it"]));
    }
    let module = "  - {label: wrong, method: org.secateur.python, params: {class: \"nowhere_at_all:X\"}}\n";
    refused(module, &told(&["no module `nowhere_at_all`"]));
    let alone = "  - {label: wrong, method: org.secateur.python, params: {class: X}}\n";
    refused(alone, &told(&["without a module", "path"]));
    let nowhere =
        "  - {label: wrong, method: org.secateur.python, params: {class: X, path: /nowhere/x.py}}\n";
    refused(nowhere, &told(&["/nowhere/x.py", "files"]));

    // What the suite says of files is refused without asking anyone.
    refused(&entry("wrong", "X", "absent.py"), &["mini.yaml:", "methods[1].files.method", "absent.py"]);
    let misspelt = entry("wrong", "Magnitude", "methods.py").replace("file:method", "file:methd");
    refused(&misspelt, &["mini.yaml:", "methods[1].params", "`file:methd`", "did you mean `file:method`"]);
    let unused = entry("wrong", "Magnitude", "methods.py").replace("file:method", "methods.py");
    refused(&unused, &["mini.yaml:", "methods[1].files.method", "`file:method`"]);
}

#[test]
fn what_is_no_python_and_another_protocol_are_told_before_anything_runs() {
    let lab = lab();
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[&entry("python", "Magnitude", "methods.py")]) };
    let refused = |interpreter: &Path, words: &[&str]| {
        run_on(&lab, &suite, "store", Some(interpreter)).exits(2).names(words);
        assert!(!lab.path("store").exists(), "{}", interpreter.display());
    };
    refused(Path::new("/nowhere/python3"), &["/nowhere/python3", "cannot start", "SECATEUR_PYTHON"]);
    refused(Path::new("/bin/true"), &["/bin/true", "does not answer as Python does", "SECATEUR_PYTHON"]);
    refused(Path::new("/bin/false"), &["/bin/false", "does not say where it lies", "SECATEUR_PYTHON"]);
    refused(&source("speaks_99.py"), &["methods[0].params", "version 99", "version 1", "SECATEUR_PYTHON"]);
}

#[test]
fn a_change_of_one_byte_runs_the_method_again_and_nothing_else() {
    let lab = lab();
    std::fs::create_dir(lab.path("folder")).expect("made");
    std::fs::copy(source("methods.py"), lab.path("folder/methods.py")).expect("copied");
    let methods = [
        entry("file", "Magnitude", "methods.py"),
        entry("folder", "methods:WholeMagnitude", "folder"),
        MAGNITUDE.to_owned(),
    ];
    let suite = Suite { upstream: GIVEN, ..Suite::new(&[&methods.concat()]) };
    let ran = |suite: &Suite, count: usize| {
        let said = run(&lab, suite, "store").exits(0);
        assert!(said.out.contains(&format!("\n{count} stages ran")), "not {count}: {}", said.out);
    };
    run(&lab, &suite, "store").exits(0);
    ran(&suite, 0);
    // Of a row everything but the stages that it comes from.
    let scores = || {
        let rows = lab.rows("store").into_iter();
        let columns = ["method", "keep", "outcome", "score", "achieved_count", "task"];
        rows.map(|row| columns.map(|column| row[column].clone())).collect::<Vec<_>>()
    };
    let before = scores();
    let append = |name: &str| {
        let text = std::fs::read_to_string(lab.path(name)).expect("readable");
        std::fs::write(lab.path(name), text + "\n").expect("written");
    };
    append("methods.py");
    ran(&suite, 1);
    append("folder/methods.py");
    ran(&suite, 1);
    ran(&suite, 0);
    assert_eq!(scores(), before);
    // What Python leaves beside its files is not part of them, and where a file lies does not matter.
    std::fs::create_dir(lab.path("folder/__pycache__")).expect("made");
    std::fs::write(lab.path("folder/__pycache__/methods.pyc"), "x").expect("written");
    ran(&suite, 0);
    std::fs::create_dir(lab.path("elsewhere")).expect("made");
    std::fs::rename(lab.path("methods.py"), lab.path("elsewhere/methods.py")).expect("renamed");
    let moved = Suite {
        methods: suite.methods.replace("method: methods.py", "method: elsewhere/methods.py"),
        ..suite
    };
    ran(&moved, 0);
    // A file beside the one in the folder is part of the folder.
    std::fs::write(lab.path("folder/more.py"), "").expect("written");
    ran(&moved, 1);
}

/// An interpreter with other packages is another one, wherever it lies.
#[test]
fn what_is_installed_in_the_interpreter_belongs_to_the_identity_and_can_be_read() {
    let lab = lab();
    let environment = lab.path("environment");
    let made = Command::new(python()).args(["-m", "venv", "--without-pip"]).arg(&environment).output();
    if !made.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: {} makes no virtual environments", python());
        return;
    }
    let own = environment.join("bin/python");
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[&entry("python", "Magnitude", "methods.py")]) };
    let ran = |count: usize| {
        let said = run_on(&lab, &suite, "store", Some(&own)).exits(0);
        assert!(said.out.contains(&format!("\n{count} stages ran")), "not {count}: {}", said.out);
    };
    run_on(&lab, &suite, "store", Some(&own)).exits(0);
    ran(0);
    let packages =
        std::fs::read_dir(environment.join("lib")).expect("a folder").next().expect("one").expect("one");
    let packages = packages.path().join("site-packages");
    let install = |version: &str| {
        let folder = packages.join("thing.dist-info");
        std::fs::create_dir_all(&folder).expect("made");
        let text = format!("Metadata-Version: 2.1\nName: thing\nVersion: {version}\n");
        std::fs::write(folder.join("METADATA"), text).expect("written");
    };
    install("1.0");
    ran(1);
    install("1.1");
    ran(1);
    install("1.0");
    ran(0);
    // What is installed there can be imported under containment.
    std::fs::write(packages.join("thing.py"), "from secateur_bridge import Criterion\n\n\nclass Size(Criterion):\n    def score(self, run, param):\n        return abs(run.weight(param))\n").expect("written");
    let module = "  - {label: installed, method: org.secateur.python, params: {class: \"thing:Size\"}}\n";
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, module]) };
    run_on(&lab, &suite, "installed", Some(&own)).exits(0);
    let [installed, rust] =
        ["installed", "magnitude"].map(|label| outputs(&lab, "installed", label, "no-training"));
    assert_eq!(installed, rust);
}

#[test]
fn a_class_reads_its_file_and_nothing_else_of_the_run() {
    let lab = lab();
    std::fs::write(lab.path("neighbour.py"), "secret = 1\n").expect("written");
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[&entry("snoops", "Snoops", "faults.py")]) };
    run(&lab, &suite, "store").exits(1);
    let log = lab.file("store", "prune snoops (no-training, replicate 0)", "log.txt");
    let log = std::fs::read_to_string(log).expect("a stage has a log");
    if !log.contains("contained by Landlock") {
        eprintln!("left out: this kernel has no Landlock");
        return;
    }
    let got = |what: &str| {
        let line = log.lines().find(|line| line.contains(&format!("reached for {what}: ")));
        line.unwrap_or_else(|| panic!("no word of {what} in {log}")).contains("got it")
    };
    for allowed in ["its own file", "the training pictures", "its scratch folder"] {
        assert!(got(allowed), "{allowed}: {log}");
    }
    for denied in ["the test pictures", "the suite", "the neighbour", "the temporary folder"] {
        assert!(!got(denied), "{denied}: {log}");
    }
}

/// The beginnings for authors are filled in and looked at by the class's own interpreter.
#[test]
fn the_templates_are_suites_with_classes_that_can_be_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let templates = workspace().join("harness/cli/templates/python");
    for (kind, suite) in
        [("criterion", "weights"), ("hooks", "weights"), ("method", "weights"), ("channels", "channels")]
    {
        for (from, to) in [(format!("{kind}.py"), "mine.py"), (format!("suite-{suite}.yaml"), "suite.yaml")] {
            let text = std::fs::read_to_string(templates.join(from)).expect("a template");
            let text = [("@name@", "mine"), ("@Type@", "Mine"), ("@title@", "Mine"), ("@source@", "mine.py")]
                .iter()
                .fold(text, |text, (key, value)| text.replace(key, value));
            assert!(!text.contains('@'), "{kind}: {text}");
            std::fs::write(folder.path().join(to), text).expect("written");
        }
        let mut command = secateur();
        command.current_dir(folder.path()).args(["plan", "suite.yaml", "--store", "store"]);
        for name in ["secateur-magnitude", "secateur-channel-baselines", "secateur-python-bridge"] {
            command.arg("--plugin").arg(library(name));
        }
        Said::of(&command.output().expect("secateur starts")).exits(0);
    }
}

/// Arrays and files of the bridge's Python part, by its own tests.
#[test]
fn the_python_part_passes_its_own_tests() {
    let folder = workspace().join("plugins/python-bridge/python");
    let output = Command::new(python())
        .args(["-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."])
        .current_dir(folder)
        .output()
        .expect("Python starts");
    let said = Said::of(&output).exits(0);
    assert!(!said.err.contains("Ran 0 tests"), "{}", said.err);
}

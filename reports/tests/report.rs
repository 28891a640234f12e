//! The report as a whole, through its public functions.

use std::path::{Path, PathBuf};

use secateur_reports::testing::{synthetic, synthetic_detection, trial_records};
use secateur_reports::{Report, ReportError, ReportInput, SCHEMA, write_all};

#[rustfmt::skip]
const FILES: [&str; 21] = [
    "results.csv", "costs.csv", "speed.csv", "sizes.csv", "classes.csv", "pairs.csv", "tickets.csv", "pretraining.csv", "upstream_transfer.csv",
    "agreement.csv", "mask_similarity.csv", "layers.csv", "perturbation.csv", "leaderboard.csv", "statistics.csv", "leaderboard.tex", "summary.md", "report.json", "index.html",
    "analyses.html", "reading.html",
];

#[test]
fn all_files_are_written_whole_and_again_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("not/there/yet");
    let mut input = synthetic(1224);
    let paths = write_all(&input, &out).expect("the first report");
    assert_eq!(paths[..FILES.len()], FILES.map(|name| out.join(name)));
    let read = || paths.iter().map(|path| std::fs::read(path).expect("a written file")).collect::<Vec<_>>();
    let first = read();
    assert!(first.iter().all(|bytes| bytes.ends_with(b"\n")));
    input.rows.reverse();
    input.costs.reverse();
    input.speeds.reverse();
    input.trials.trials.reverse();
    write_all(&input, &out).expect("the second report");
    assert!(read() == first, "the order of rows changed a file");
    // No temporary file is left behind: what is there are the files, and the folders of assets, methods, tasks and trials.
    assert_eq!(files_below(&out), paths.len());
    assert_eq!(std::fs::read_dir(&out).expect("the folder").count(), FILES.len() + 4);
    let count = |folder: &str| files_below(&out.join(folder));
    // Seven methods; five of them at three keeps in three replicates, and two controls.
    assert_eq!(
        (count("methods"), count("tasks"), count("trials"), count("assets")),
        (7, 12, 5 * 9 + 2 * 3, 3)
    );
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[test]
fn pages_that_are_no_more_go_and_what_is_not_ours_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path();
    let mut input = synthetic(408);
    write_all(&input, out).expect("the first report");
    let foreign = [out.join("methods/notes.html"), out.join("methods/imp.txt"), out.join("own.html")];
    for path in &foreign {
        std::fs::write(path, "mine").expect("a file");
    }
    // A list that was tampered with removes nothing outside of the site's folders.
    let list = out.join("assets/pages.txt");
    let listed = std::fs::read_to_string(&list).expect("a list");
    std::fs::write(&list, listed + "own.html\nmethods/../own.html\n../own.html\nmethods/imp.txt\n")
        .expect("a list");
    input.rows.retain(|row| row.method != "imp");
    input.costs.retain(|stage| stage.method != "imp");
    input.trials = trial_records(&input.rows);
    write_all(&input, out).expect("the second report");
    assert!(!out.join("methods/imp.html").exists() && out.join("methods/magnitude.html").exists());
    assert_eq!(files_below(&out.join("trials")), input.trials.trials.len());
    assert!(foreign.iter().all(|path| path.exists()));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").expect("a file");
    let out = file.join("out");
    match write_all(&synthetic(408), &out) {
        Err(ReportError::Write { path, .. }) => assert_eq!(path, out),
        other => panic!("expected a write error, got {other:?}"),
    }
}

#[test]
fn the_json_is_versioned_and_names_units_and_directions() {
    let input = synthetic(1224);
    let report = Report::new(&input);
    let bytes = secateur_reports::report_json(&report, &input.provenance).expect("JSON");
    let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(json["schema"], SCHEMA);
    let metrics = json["metrics"].as_array().expect("a list of metrics");
    for metric in metrics {
        assert!(metric["unit"].is_string() && !metric["description"].as_str().unwrap_or_default().is_empty());
    }
    let direction =
        |name: &str| metrics.iter().find(|it| it["name"] == name).map(|it| it["higher_is_better"].clone());
    assert_eq!(direction("score"), Some(true.into()));
    assert_eq!(direction("drop"), Some(false.into()));
    let boards = json["boards"].as_array().expect("a list of boards");
    assert_eq!(boards.len(), 2);
    assert_eq!(boards[0]["drop_interval_over"], "seeds-at-fixed-tasks");
    let warnings = json["warnings"].as_array().expect("a list of warnings");
    assert!(warnings.iter().all(|it| it["advice"].is_string() && it["board"]["suite"].is_string()));
}

/// Reads a file of `docs`.
fn documented(name: &str) -> serde_json::Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[test]
fn the_documented_schemas_are_those_of_the_code() {
    let advice = "write it anew: secateur schema report, and secateur schema results";
    assert!(documented("report.schema.json") == secateur_reports::report_schema(), "{advice}");
    assert!(documented("results.columns.json") == secateur_reports::results_columns(), "{advice}");
}

#[test]
fn reports_have_the_form_that_their_schema_says() {
    let schema = jsonschema::validator_for(&secateur_reports::report_schema()).expect("a schema");
    let check = |input: &ReportInput| {
        let bytes = secateur_reports::report_json(&Report::new(input), &input.provenance).expect("JSON");
        let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        let errors: Vec<String> =
            schema.iter_errors(&json).map(|it| format!("{}: {it}", it.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        json
    };
    check(&ReportInput::default());
    check(&synthetic_detection());
    let json = check(&synthetic(3000));
    // A schema that takes everything would be of no use.
    for (pointer, wrong) in [
        ("/schema", "secateur-report/0".into()),
        ("/boards/0/entries/3/place/place", "first".into()),
        ("/statistics/0/keeps/0/rank_test/critical_difference", serde_json::Value::Null),
        ("/warnings/0/severity", "fatal".into()),
    ] {
        let mut changed = json.clone();
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = wrong;
        assert!(!schema.is_valid(&changed), "{pointer}");
    }
    let mut changed = json;
    changed["boards"][0]["entries"][0].as_object_mut().expect("an entry").remove("keep");
    assert!(!schema.is_valid(&changed));
}

#[test]
fn the_json_of_detectors_has_their_differences() {
    let input = synthetic_detection();
    let bytes = secateur_reports::report_json(&Report::new(&input), &input.provenance).expect("JSON");
    let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let table = &json["pairs"][0];
    assert_eq!((&table["networks"], &table["lacking"]), (&51.into(), &6.into()));
    let pair = &table["keeps"][0]["pairs"][0];
    assert_eq!((&pair["method"], &pair["against"]), (&"dcp".into(), &"fpgm".into()));
    assert_eq!((&pair["replicates"], &pair["left_out"]), (&2.into(), &2.into()));
    assert_eq!(pair["interval"]["over"], "pictures-and-seeds");
}

#[test]
fn the_json_of_detectors_has_their_classes() {
    let input = synthetic_detection();
    let bytes = secateur_reports::report_json(&Report::new(&input), &input.provenance).expect("JSON");
    let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let [table] = &json["classes"].as_array().expect("a list")[..] else { panic!("one table") };
    assert_eq!(table["kind"], "class");
    assert_eq!(table["bands"][5], serde_json::json!({ "name": "star-5", "kind": "class", "objects": 50 }));
    let lines = table["lines"].as_array().expect("a list of lines");
    for line in lines {
        assert_eq!(line["cells"].as_array().map(Vec::len), Some(6));
        let is_method = line["keep"].as_f64() < Some(1.0);
        assert_eq!(line["frequency_correlation"]["n"].as_u64(), is_method.then_some(3), "{line}");
    }
    let named = |name: &str| json["metrics"].as_array().expect("a list").iter().any(|it| it["name"] == name);
    assert!(named("frequency_correlation"));
}

#[test]
fn what_a_report_is_made_of_survives_its_own_form() {
    // Draws without an object are nothing, not a number that JSON does not have.
    let input = synthetic_detection();
    assert!(input.resampled.iter().any(|network| network.values.contains(&None)));
    let text = serde_json::to_string(&input).expect("JSON");
    let back: ReportInput = serde_json::from_str(&text).expect("our own JSON");
    let without = |input: &ReportInput| -> Vec<Vec<usize>> {
        let places = |values: &[Option<f64>]| (0..values.len()).filter(|it| values[*it].is_none()).collect();
        input.resampled.iter().map(|network| places(&network.values)).collect()
    };
    assert_eq!(without(&back), without(&input));
    assert_eq!(back.resampled.len(), input.resampled.len());
    let mut older: serde_json::Value = serde_json::from_str(&text).expect("our own JSON");
    older.as_object_mut().expect("an object").remove("resampled");
    let older: ReportInput = serde_json::from_value(older).expect("an older form");
    assert_eq!(older.resampled, []);
}

#[test]
fn a_large_report_takes_seconds() {
    let input = synthetic(100_000);
    assert!(input.rows.len() >= 95_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = std::time::Instant::now();
    let paths = write_all(&input, folder.path()).expect("the report");
    let seconds = started.elapsed().as_secs_f64();
    // A few seconds on one core; the margin is for busy machines and slow builds.
    assert!(seconds < 60.0, "{seconds} s");
    let size = |path: &PathBuf| std::fs::metadata(path).expect("a page").len();
    let page = paths.iter().find(|path| path.ends_with("index.html")).map(size).expect("the overview");
    assert!(page < 25_000_000, "{page} bytes");
    // Trials have no pages any more, and the page says where they are.
    assert!(!folder.path().join("trials").exists());
    let text = std::fs::read_to_string(folder.path().join("index.html")).expect("the overview");
    assert!(text.contains("secateur show"));
}

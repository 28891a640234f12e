//! What a store keeps, and what it takes to make it run something again.

use crate::support::{Lab, MAGNITUDE, RANDOM, Said, Suite, library};

/// A rebuilt plugin is another input of its own stage. If it prunes the same, everything after that is shared.
#[test]
fn a_rebuilt_plugin_that_prunes_the_same_runs_only_its_own_stage_again() {
    let lab = Lab::new();
    let suite = Suite::untrained(&[MAGNITUDE]);
    let rebuilt = lab.path("librebuilt.so");
    std::fs::copy(library("secateur-magnitude"), &rebuilt).expect("copied");
    lab.write(&suite);
    let run = || {
        let mut command = crate::support::secateur();
        command
            .args(["run", "mini.yaml", "--store", "store", "--quiet", "--data-root", ".", "--plugin"])
            .arg(&rebuilt);
        Said::of(&command.current_dir(lab.path(".")).output().expect("secateur starts")).exits(0)
    };
    run();
    let before = lab.rows("store");
    assert!(run().out.contains("\n0 stages ran"));
    let mut bytes = std::fs::read(&rebuilt).expect("readable");
    bytes.push(0);
    std::fs::write(&rebuilt, bytes).expect("written");
    let said = run();
    assert!(said.out.contains("\n1 stages ran"), "{}", said.out);
    let without = |rows: Vec<crate::support::Row>| -> Vec<crate::support::Row> {
        rows.into_iter()
            .map(|mut row| {
                row.remove("prune_stage");
                row
            })
            .collect()
    };
    assert_eq!(without(lab.rows("store")), without(before));
}

/// One byte of one picture is another task.
#[test]
fn a_changed_picture_is_noticed() {
    let lab = Lab::new();
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) };
    lab.run(&suite, "store", &[]).exits(0);
    let (from, to) = (lab.path("stripes/test/class-0/00.png"), lab.path("stripes/test/class-1/00.png"));
    std::fs::copy(from, to).expect("copied");
    let said = lab.run(&suite, "store", &[]).exits(0);
    // The training pictures are the same, so nothing is verified or pruned again; the scores are new.
    assert!(said.out.contains("\n3 stages ran"), "{}", said.out);
}

#[test]
fn the_index_is_rebuilt_and_a_damaged_result_is_named() {
    let lab = Lab::new();
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) };
    lab.run(&suite, "store", &[]).exits(0);
    let before = lab.results("store");
    let plan = || {
        let plugin = library("secateur-magnitude");
        let mut command = crate::support::secateur();
        command.args(["plan", "mini.yaml", "--store", "store", "--data-root", ".", "--plugin"]).arg(plugin);
        Said::of(&command.current_dir(lab.path(".")).output().expect("secateur starts")).exits(0).out
    };
    let planned = plan();
    let index = lab.path("store/ledger.sqlite");
    let whole = std::fs::read(&index).expect("readable");
    let damaged = [None, Some(b"no index at all ".repeat(500)), Some(whole[..whole.len() / 2].to_vec())];
    for content in damaged {
        for file in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
            let path = lab.path("store").join(file);
            if path.exists() {
                std::fs::remove_file(path).expect("removed");
            }
        }
        if let Some(content) = content {
            std::fs::write(&index, content).expect("written");
        }
        assert_eq!(plan(), planned);
        let said = lab.run(&suite, "store", &[]).exits(0);
        assert!(said.out.contains("\n0 stages ran"), "{}", said.out);
        assert_eq!(lab.results("store"), before);
        assert_eq!(plan(), planned);
    }

    let damaged = lab.file("store", "prepare stripes", "result.json");
    std::fs::write(&damaged, "{\"schema\": 1, ").expect("written");
    lab.run(&suite, "store", &[]).exits(2).names(&[&damaged.display().to_string()]);
}

/// Labels are free text; tables and pages must bear that.
#[test]
fn labels_may_hold_anything_that_is_one_line() {
    let lab = Lab::new();
    let label = "größe, \"quoted\" <b>&amp;</b> | `x` = 1;";
    let entry = format!("  - {{label: '{label}', method: org.secateur.magnitude, baseline: true}}\n");
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[RANDOM, &entry]) };
    lab.run(&suite, "store", &[]).exits(0);
    assert_eq!(lab.rows("store").iter().filter(|row| row["method"] == label).count(), 1);
    let page = std::fs::read_to_string(lab.path("store-report/index.html")).expect("a report has a page");
    assert!(page.contains("größe") && !page.contains("<b>&amp;</b>"));
    let said = lab.run(&suite, "store", &["--only", &format!("method={label}")]).exits(0);
    assert!(said.out.contains("\n0 stages ran"), "{}", said.out);
}

//! Methods that misbehave: each ends in its own outcome with a readable reason, and changes nothing else.

use crate::support::{GIVEN, Lab, MAGNITUDE, RANDOM, Suite, lines_of};

/// Label and last part of the identifier, the outcome, and words of the reason.
const CASES: [(&str, &str, &[&str]); 14] = [
    ("panics", "panicked", &["the fixture panics on purpose", "crash.rs"]),
    ("panics-in-hook", "panicked", &["the hook panics on purpose in step 0", "crash.rs"]),
    ("mute", "failed", &["without a message"]),
    ("emits-nothing", "invalid", &["emitted nothing", "0.3"]),
    ("wrong-count", "invalid", &["emitted nothing"]),
    ("nan-scores", "invalid", &["not a number", "weight"]),
    ("wrong-shape", "invalid", &["shape", "[3, 1, 4]"]),
    ("unknown-param", "invalid", &["no parameter 4294967295"]),
    ("loose-loss", "invalid", &["the loss depends on nothing"]),
    ("overspends", "exhausted", &["the allowance of 480 samples is spent"]),
    ("exits", "failed", &["left without a report"]),
    ("aborts", "crashed", &["SIGABRT"]),
    ("segfaults", "crashed", &["SIGSEGV"]),
    ("floods", "ok", &[]),
];

fn entry(name: &str) -> String {
    format!("  - {{label: {name}, method: org.secateur.fixture.{name}}}\n")
}

#[test]
fn every_misbehaving_method_ends_in_its_outcome_and_changes_no_other_row() {
    let lab = Lab::new();
    let good = Suite { upstream: GIVEN, ..Suite::new(&[MAGNITUDE, RANDOM]) };
    lab.run(&good, "good", &[]).exits(0);
    let faulty: String = CASES.iter().map(|(name, _, _)| entry(name)).collect();
    // In the middle, so that what comes after them is seen to be as it was, too.
    let suite = Suite { methods: [MAGNITUDE, &faulty, RANDOM].concat(), ..good.clone() };
    let said = lab.run(&suite, "faulty", &[]).exits(1);
    assert!(said.out.contains("results are not ok"), "{}", said.out);

    let (with, without) = (lab.results("faulty"), lab.results("good"));
    for method in ["dense-as-is", "dense-trained", "magnitude", "random"] {
        let lines = lines_of(&with, method);
        assert!(!lines.is_empty(), "{method}");
        assert_eq!(lines, lines_of(&without, method), "{method}");
    }
    let rows = lab.rows("faulty");
    for (name, outcome, reasons) in CASES {
        let own: Vec<_> = rows.iter().filter(|row| row["method"] == name).collect();
        // None is dropped: a row for each keep.
        assert_eq!(own.len(), 2, "{name}");
        for row in own {
            assert_eq!(row["outcome"], outcome, "{row:?}");
            for reason in reasons {
                assert!(
                    row["outcome_detail"].contains(reason),
                    "{name}: no `{reason}` in {}",
                    row["outcome_detail"]
                );
            }
            let one_line = !row["outcome_detail"].chars().any(char::is_control);
            assert!(one_line, "{name}: {:?}", row["outcome_detail"]);
        }
    }
    // The flood is cut, and what the host itself logs is there.
    let log = lab.file("faulty", "prune floods (equal-allowance, replicate 0)", "log.txt");
    let text = std::fs::read_to_string(&log).expect("a stage has a log");
    assert!(text.len() <= 5 << 20, "{} bytes", text.len());
    assert!(text.contains("has been cut here"), "{}", &text[text.len() - 200..]);
    // After its hook's panic, nothing that the method called was answered.
    let text = std::fs::read_to_string(lab.file(
        "faulty",
        "prune panics-in-hook (equal-allowance, replicate 0)",
        "log.txt",
    ));
    let text = text.expect("a stage has a log");
    assert_eq!(text.matches("refused after the panic: ").count(), 3, "{text}");
    assert!(!text.contains("not refused"), "{text}");

    // What is final is not tried again; what crashed or failed is, when asked for.
    let again = lab.run(&suite, "faulty", &[]).exits(1);
    assert!(again.out.contains("\n0 stages ran"), "{}", again.out);
    let retried = lab.run(&suite, "faulty", &["--retry"]).exits(1);
    let retries = CASES.iter().filter(|(_, outcome, _)| matches!(*outcome, "failed" | "crashed")).count();
    assert!(retried.out.contains(&format!("\n{retries} stages ran")), "{}", retried.out);
    assert_eq!(lab.results("faulty"), with);
}

#[test]
fn a_method_that_never_returns_ends_at_the_limit() {
    let lab = Lab::new();
    let methods = [MAGNITUDE, &entry("hangs")].concat();
    let suite = Suite { methods, ..Suite::untrained(&[]) };
    lab.run(&suite, "store", &["--only", "method=magnitude"]).exits(0);
    // The limit is no part of a stage's identity, so only the one that hangs is left to run.
    let limited = Suite { more: "stage_seconds: 3\n".to_owned(), ..suite };
    lab.run(&limited, "store", &[]).exits(1);
    let rows = lab.rows("store");
    let hanging: Vec<_> = rows.iter().filter(|row| row["method"] == "hangs").collect();
    assert_eq!(hanging.len(), 2);
    for row in hanging {
        assert_eq!(row["outcome"], "timeout", "{row:?}");
        assert!(row["outcome_detail"].contains("3 seconds"), "{row:?}");
    }
    assert!(rows.iter().filter(|row| row["method"] == "magnitude").all(|row| row["outcome"] == "ok"));
}

//! A trained network on real pictures, where they are at hand.

use std::path::PathBuf;

use crate::support::{Said, library, secateur, table, workspace};

/// The published ResNet-20 scores 81.3 % on these pictures, which went through JPEG after it was trained.
#[test]
fn a_published_network_scores_what_it_scores_elsewhere() {
    let Some(data) = std::env::var_os("SECATEUR_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("left out: SECATEUR_SHARED_DATA does not name a folder of data");
        return;
    };
    for name in ["cifar10-jpeg.tar.gz", "resnet20_cifar10.pth.tar"] {
        if !data.join(name).exists() {
            eprintln!("left out: there is no {name} in {}", data.display());
            return;
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (store, report) = (folder.path().join("store"), folder.path().join("report"));
    let run = secateur()
        .arg("run")
        .arg(workspace().join("benchmarks/suites/cifar10-jpeg.yaml"))
        .arg("--store")
        .arg(&store)
        .arg("--data-root")
        .arg(&data)
        .arg("--plugin")
        .arg(library("secateur-magnitude"))
        .arg("--plugin")
        .arg(library("secateur-lottery-ticket"))
        .args([
            "--only",
            "method=dense-as-is",
            "--only",
            "track=no-training",
            "--only",
            "replicate=0",
            "--quiet",
        ])
        .output();
    Said::of(&run.expect("secateur starts")).exits(0);
    let written = secateur().arg("report").arg("--store").arg(&store).arg("--out").arg(&report).output();
    Said::of(&written.expect("secateur starts")).exits(0);
    let rows = table(&std::fs::read(report.join("results.csv")).expect("a report has results.csv"));
    // The suite's other trials are missing; the one that ran stands in the rows of all replicates and keeps that share it.
    let scored: Vec<_> = rows.iter().filter(|row| row["outcome"] == "ok").collect();
    assert!(!scored.is_empty(), "{rows:?}");
    for row in scored {
        assert_eq!(row["method"], "dense-as-is", "{row:?}");
        let top1: f64 = row["top1"].parse().expect("a number");
        assert!((top1 - 0.813).abs() <= 0.001, "{top1}");
    }
}

//! What a plugin can reach, and what it can change for others.

use crate::support::{Lab, Suite};

/// The one promise that every score stands on: no method sees the test pictures.
#[test]
fn a_plugin_reads_the_training_pictures_and_nothing_else_of_the_run() {
    let lab = Lab::new();
    let snoops = "  - {label: snoops, method: org.secateur.fixture.snoops}\n";
    lab.run(&Suite { keeps: "[0.2]", ..Suite::untrained(&[snoops]) }, "store", &[]).exits(0);
    let log = lab.file("store", "prune snoops (no-training, replicate 0)", "log.txt");
    let log = std::fs::read_to_string(log).expect("a stage has a log");
    if !log.contains("contained by Landlock") {
        assert!(log.contains("not contained"), "the log says how the plugin was contained: {log}");
        eprintln!("left out: this kernel has no Landlock");
        return;
    }
    let got = |what: &str| {
        let line = log.lines().find(|line| line.contains(&format!("reached for {what}: ")));
        line.unwrap_or_else(|| panic!("no word of {what} in {log}")).contains("got it")
    };
    for allowed in ["the training pictures", "its own folder"] {
        assert!(got(allowed), "{allowed}: {log}");
    }
    for denied in
        ["the test pictures", "the store", "the suite", "a file of another stage", "the temporary folder"]
    {
        assert!(!got(denied), "{denied}: {log}");
    }
    // Older kernels contain files and not the network.
    if log.contains("contained by Landlock,") {
        eprintln!("left out: this kernel does not contain the network");
    } else {
        assert!(!got("the network"), "{log}");
    }
}

/// Seeds and modes of libtorch belong to the thread or the process; the host sets its own whenever it trains.
#[test]
fn what_a_plugin_does_to_libtorchs_state_does_not_show_in_the_weights() {
    let lab = Lab::new();
    let calm = "  - {label: calm, method: org.secateur.fixture.disturbs}\n";
    let wild = "  - {label: wild, method: org.secateur.fixture.disturbs, params: {disturb: true}}\n";
    lab.run(&Suite::new(&[calm, wild]), "store", &[]).exits(0);
    let outputs = |method: &str| {
        let object = lab.object("store", &format!("prune {method} (equal-allowance, replicate 0)"));
        [&object["outputs"]["keep-0"]["digest"], &object["outputs"]["keep-1"]["digest"]]
            .map(ToString::to_string)
    };
    assert_eq!(outputs("calm"), outputs("wild"));
}

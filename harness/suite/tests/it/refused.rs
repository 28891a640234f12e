use secateur_suite::read_suite;

use crate::WHOLE;

/// The error of a suite in which one text was replaced.
fn error(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    read_suite("suite.yaml", &WHOLE.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn unknown_keys_name_file_line_and_nearest() {
    let error = error("replicates: 2", "replicats: 2");
    assert!(error.starts_with("suite.yaml:3:1: unknown field `replicats`"), "{error}");
    assert!(error.contains("did you mean `replicates`"), "{error}");
    assert!(error.contains("3 | replicats: 2"), "{error}");
}

#[test]
fn a_seed_is_needed_and_zero_is_one() {
    assert!(error("seed: 3\n", "").contains("missing field `seed`"));
    assert_eq!(crate::read(&WHOLE.replace("seed: 3", "seed: 0")).seed, 0);
}

#[test]
fn values_that_make_no_sense_are_refused_with_their_place() {
    for (from, to, expected) in [
        ("keeps: [0.1, 0.2]", "keeps: [0.1, 90]", "90 is not in (0, 1]"),
        ("keeps: [0.1, 0.2]", "keeps: []", "at least one keep"),
        (
            "recipe: recover}\nmethods",
            "recipe: recovr}\nmethods",
            "there is no recipe `recovr`; did you mean `recover`?",
        ),
        ("allowance: 6400ex", "allowance: 2ep", "counted in pictures"),
        ("tracks: [equal]", "tracks: [eqal]", "there is no track `eqal`; did you mean `equal`?"),
        ("keeps: [0.1]}\ntransfer", "keeps: [0.3]}\ntransfer", "0.3 is not among the suite's keeps"),
        ("label: ticket", "label: magnitude", "`magnitude` is used twice"),
        (
            "label: ticket,",
            "label: ticket, start: init,",
            "`upstream.trained` must say the recipe and the pictures",
        ),
        ("label: ticket,", "label: ticket, start: nowhere,", "unknown variant `nowhere`"),
        (
            "checkpoint: somewhere",
            "checkpoint: a\n  trained: {recipe: recovr, length: 1it}",
            "there is no recipe `recovr`; did you mean `recover`?",
        ),
        ("lr: 0.05", "lr: 0", "not a positive number"),
        ("length: 100it", "length: 100", "`100` is not a length"),
        ("params: {rate: 0.5}", "params: {rate: .nan}", "not a finite number"),
        (
            "checkpoint: somewhere",
            "checkpoint: a\n  train: {recipe: head, length: 1ep}",
            "both `checkpoint` and `train`",
        ),
        ("prunable: {name: convolutions}", "prunable: {name: convolutions, head: true}", "cannot be pruned"),
        ("prunable: {name: convolutions}\n", "", "`channels` for suites that remove channels"),
        (
            "prunable: {name: convolutions}",
            "prunable: {name: convolutions}\nchannels: {name: inner}",
            "a suite removes weights or channels",
        ),
        (
            "prunable: {name: convolutions}",
            "channels: {name: inner, budget: flops}",
            "unknown variant `flops`",
        ),
        ("prunable: {name: convolutions}", "channels: {name: inner, align: 0}", "at least 1"),
        (
            "prunable: {name: convolutions}",
            "prunable: {name: pairs, pattern: \"2:4\"}",
            "write `keeps: [0.5]`",
        ),
        ("prunable: {name: convolutions}", "prunable: {name: pairs, pattern: \"4:2\"}", "is not a pattern"),
        ("prunable: {name: convolutions}", "prunable: {name: pairs, pattern: 2}", "pattern"),
        ("replicates: 2", "replicates: 0", "at least 1"),
        ("name: whole", "name: a/b", "is not made of letters"),
    ] {
        let error = error(from, to);
        assert!(error.contains(expected), "{to}: {error}");
        assert!(error.starts_with("suite.yaml"), "{error}");
    }
}

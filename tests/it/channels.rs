//! Suites that remove channels, from the suite file to the rows of the report.

use crate::support::{GIVEN, Lab, Suite};

const CHANNELS: &str = "  - {label: random, method: org.secateur.channel-random, baseline: true}\n  \
    - {label: l1, method: org.secateur.channel-l1}\n  \
    - {label: l2-global, method: org.secateur.channel-l2, params: {scope: global, readers: true}}\n  \
    - {label: slimming, method: org.secateur.network-slimming}\n  \
    - {label: dcp, method: org.secateur.dcp, params: {search: top-k, samples: 16, losses: 1}}\n";

fn suite(set: &'static str, methods: &str) -> Suite {
    Suite {
        set,
        keeps: "[0.7, 0.5]",
        more: "measure: true\nmeasure_batches: [2]\n".to_owned(),
        ..Suite::new(&[methods])
    }
}

#[test]
fn channels_are_really_gone_and_every_budget_is_met() {
    let lab = Lab::new();
    let set = "channels: {name: within-blocks, budget: channels}";
    lab.run(&suite(set, CHANNELS), "store", &[]).exits(0);
    let rows = lab.rows("store");
    let number = |row: &crate::support::Row, key: &str| {
        row[key].parse::<u64>().unwrap_or_else(|_| panic!("{key}: {row:?}"))
    };
    let mut seen = 0;
    for row in rows.iter().filter(|row| row["granularity"] == "channels") {
        seen += 1;
        assert_eq!(row["outcome"], "ok", "{row:?}");
        assert_eq!(row["prunable_set"], "within-blocks");
        // 4, 8 and 16 inner channels; with one channel as the unit, targets are exact.
        assert_eq!(number(row, "prunable_total"), 28);
        assert_eq!(number(row, "target_count"), number(row, "achieved_count"));
        assert!(number(row, "params_remaining") < number(row, "params_total"));
        assert_eq!(number(row, "macs_executed"), number(row, "macs_nonzero"));
    }
    assert_eq!(seen, 10);
    let dense = rows.iter().find(|row| row["method"] == "dense-trained").unwrap();
    let pruned = rows.iter().find(|row| row["method"] == "l1" && row["keep"] == "0.5").unwrap();
    assert!(number(pruned, "macs_executed") * 10 < number(dense, "macs_executed") * 7);

    // What is trained and scored after pruning has the smaller shapes; the snapshot has the dense ones.
    let shape = |label: &str, file: &str| {
        let path = lab.file("store", label, file);
        secateur_checkpoint::read(&path).unwrap().tensors["layer3.0.conv1.weight"].shape.clone()
    };
    assert_eq!(shape("prune l1 (equal-allowance, replicate 0)", "keep-1.safetensors"), [16, 8, 3, 3]);
    let recovered = "recover l1 at 0.5 (equal-allowance, replicate 0)";
    assert_eq!(shape(recovered, "weights.safetensors"), [8, 8, 3, 3]);

    // Dense, masked and compacted are measured side by side, and only the last one is smaller.
    let measured = lab.object("store", "measure l1 at 0.5 (equal-allowance, replicate 0)");
    let forms: Vec<(&str, u64, u64)> = measured["facts"]["forms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|form| {
            let count = |key: &str| form[key].as_u64().unwrap();
            (form["form"].as_str().unwrap(), count("params"), count("macs_core"))
        })
        .collect();
    let [("dense", params, macs), ("masked", same, same_macs), ("compacted", fewer, fewer_macs)] = forms[..]
    else {
        panic!("{forms:?}");
    };
    assert_eq!((params, macs), (same, same_macs));
    assert_eq!((fewer, fewer_macs), (number(pruned, "params_remaining"), number(pruned, "macs_executed")));
}

#[test]
fn budgets_of_parameters_and_operations_are_met_as_nearly_as_channels_allow() {
    let lab = Lab::new();
    for (set, store) in [
        ("channels: {name: all, summed: true}", "params"),
        ("channels: {name: all, summed: true, budget: macs, align: 2, min_keep: 2}", "macs"),
    ] {
        let methods = "  - {label: l1, method: org.secateur.channel-l1, baseline: true}\n  \
            - {label: fpgm, method: org.secateur.channel-fpgm, params: {scope: global}}\n";
        lab.run(&Suite { upstream: GIVEN, ..suite(set, methods) }, store, &[]).exits(0);
        for row in lab.rows(store).iter().filter(|row| row["granularity"] == "channels") {
            let number = |key: &str| row[key].parse::<f64>().unwrap();
            let key = if store == "params" { "params_remaining" } else { "macs_executed" };
            assert_eq!(number("achieved_count"), number(key), "{row:?}");
            let missed = (number("achieved_count") - number("target_count")).abs() / number("prunable_total");
            assert!(missed < 0.1, "{missed}: {row:?}");
        }
    }
}

#[test]
fn plans_against_the_rules_are_invalid_and_name_the_group() {
    let lab = Lab::new();
    let cases = [
        ("removes-class", "channel group `fc` is the network's output and must stay whole"),
        ("removes-stream", "channel group `layer2.0.conv2` does not belong to the suite's set"),
        ("empties-group", "channel group `layer2.0.conv1` keeps 0 of 8 units"),
        ("misses-budget", "with a tolerance of"),
        ("masks-weights", "this suite removes channels, not single weights"),
    ];
    let methods: String = cases
        .iter()
        .map(|(name, _)| format!("  - {{label: {name}, method: org.secateur.fixture.{name}}}\n"))
        .chain(["  - {label: weights, method: org.secateur.magnitude}\n".to_owned()])
        .collect();
    let suite = Suite { upstream: GIVEN, ..suite("channels: {name: within-blocks}", &methods) };
    lab.run(&suite, "store", &[]).exits(1);
    let rows = lab.rows("store");
    let of = |name: &str| rows.iter().find(|row| row["method"] == name).unwrap();
    for (name, reason) in cases {
        let row = of(name);
        assert!(row["outcome_detail"].contains(reason), "{name}: {}", row["outcome_detail"]);
        let expected = if name == "masks-weights" { "unsupported" } else { "invalid" };
        assert_eq!(row["outcome"], expected, "{name}");
    }
    assert_eq!(of("weights")["outcome"], "unsupported");
    // What no whole channels can reach is infeasible.
    let few = Suite {
        upstream: GIVEN,
        keeps: "[0.001]",
        ..self::suite("channels: {name: within-blocks}", "  - {label: l1, method: org.secateur.channel-l1}\n")
    };
    lab.run(&few, "few", &[]).exits(1);
    let rows = lab.rows("few");
    let row = rows.iter().find(|row| row["method"] == "l1").unwrap();
    assert_eq!(row["outcome"], "infeasible");
    assert!(row["outcome_detail"].contains("remain at the least"), "{}", row["outcome_detail"]);
}

#[test]
fn a_compacted_network_is_transferred_with_a_new_classifier() {
    let lab = Lab::new();
    // The task that it comes from serves as another one: what counts is that the body is smaller and the head new.
    let transfer = "evaluate: false\n\
        transfer:\n  tasks: [stripes]\n  linear: {recipe: base, length: 4it}\n  full: {recipe: base, length: 4it}\n";
    let methods = "  - {label: l1, method: org.secateur.channel-l1}\n";
    let mut suite = suite("channels: {name: within-blocks, budget: channels}", methods);
    suite.more = transfer.to_owned();
    lab.run(&suite, "store", &[]).exits(0);
    let rows = lab.rows("store");
    for regime in ["linear", "full"] {
        let of = |method: &str| {
            rows.iter().filter(|row| row["method"] == method && row["regime"] == regime).collect::<Vec<_>>()
        };
        let pruned = of("l1");
        assert_eq!(pruned.len(), 2, "{regime}");
        for row in pruned {
            assert_eq!((row["outcome"].as_str(), row["granularity"].as_str()), ("ok", "channels"), "{row:?}");
            assert_ne!(row["params_remaining"], of("dense-trained")[0]["params_remaining"]);
        }
    }
}

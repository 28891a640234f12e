//! RigL, STR and AC/DC as plugins: what the contract's hooks promise, seen from inside a method.

use serde_json::Value;

use crate::counts::masks;
use crate::support::{Lab, Suite};

const METHODS: [&str; 3] = ["rigl", "str", "acdc"];

fn of_kind<'a>(probes: &'a [Value], kind: &str) -> Vec<&'a Value> {
    probes.iter().filter(|probe| probe["kind"] == kind).collect()
}

fn number(probe: &Value, key: &str) -> i64 {
    probe[key].as_i64().unwrap_or_else(|| panic!("no number `{key}` in {probe}"))
}

#[test]
fn regrowth_thresholds_and_alternation_work_through_the_hooks() {
    let lab = Lab::new();
    let methods: String = METHODS
        .iter()
        .map(|name| format!("  - {{label: {name}, method: org.secateur.fixture.{name}}}\n"))
        .collect();
    let suite = Suite { methods, ..Suite::new(&[]) };
    lab.run(&suite, "store", &[]).exits(0);
    let rows = lab.rows("store");
    for method in METHODS {
        let own: Vec<_> = rows.iter().filter(|row| row["method"] == method).collect();
        assert_eq!(own.len(), 2, "{method}");
        for row in own {
            // `achieved_count` is what `verify` counts in the tensors.
            assert_eq!(row["outcome"], "ok", "{row:?}");
            assert_eq!(row["achieved_count"], row["target_count"], "{row:?}");
            assert!(row["method_samples"].parse::<u64>().expect("a number") <= 480, "{row:?}");
        }
    }
    let label = |method: &str| format!("prune {method} (equal-allowance, replicate 0)");
    rigl(&lab, &label("rigl"));
    str(&lab.probes("store", &label("str")));
    acdc(&lab.probes("store", &label("acdc")));
}

fn rigl(lab: &Lab, label: &str) {
    let probes = lab.probes("store", label);
    let updates = of_kind(&probes, "rigl");
    assert!(!updates.is_empty());
    for update in &updates {
        // The number of weights of a layer never changes.
        assert_eq!(number(update, "active_before"), number(update, "active_after"), "{update}");
        // Gradients are dense: there are some where the mask is zero, else nothing could be grown by them.
        let masked = number(update, "weights") - number(update, "active_before");
        assert!(masked == 0 || number(update, "dense_gradients") > 0, "{update}");
        // What is grown starts at zero.
        assert_eq!(number(update, "grown_nonzero"), 0, "{update}");
    }
    assert!(updates.iter().any(|update| number(update, "grown") > 0), "nothing was grown");
    // Fewer are replaced as training goes on: half a cosine.
    let replaced = |step: i64| -> i64 {
        updates
            .iter()
            .filter(|update| number(update, "step") == step)
            .map(|update| number(update, "dropped"))
            .sum()
    };
    assert!(replaced(4) > replaced(8) && replaced(8) > 0, "{} and {}", replaced(4), replaced(8));
    // The update replaces the optimizer's step; in other steps weights move.
    let steps = of_kind(&probes, "rigl-step");
    assert!(steps.iter().any(|step| step["skipped"] == true));
    for step in steps {
        assert_eq!(step["skipped"] == true, number(step, "moved") == 0, "{step}");
    }
    // The snapshot has the layers' counts of the last update before it.
    let last: Vec<&&Value> = updates.iter().rev().take(updates.len() / 4).collect();
    let masks = masks(&lab.file("store", label, "keep-1.safetensors"));
    for update in last {
        let name = update["param"].as_str().expect("a name");
        let (_, mask) = masks.iter().find(|(own, _)| own == name).expect("a mask");
        assert_eq!(
            mask.iter().filter(|keep| **keep).count() as i64,
            number(update, "active_after"),
            "{name}"
        );
    }
}

fn str(probes: &[Value]) {
    let layers = of_kind(probes, "str");
    assert!(!layers.is_empty());
    for layer in &layers {
        // A learnable threshold per layer has moved, so it had a gradient or decay; see below for which.
        assert!(layer["start"].as_f64() != layer["end"].as_f64(), "{layer}");
        assert!(number(layer, "nonzero") < number(layer, "weights"), "{layer}");
    }
    // Decay alone would move all of them by the same amount; the loss moves each by its own.
    let mut ends: Vec<String> = layers.iter().map(|layer| layer["end"].to_string()).collect();
    ends.sort();
    ends.dedup();
    assert!(ends.len() > layers.len() / 2, "{ends:?}");
}

fn acdc(probes: &[Value]) {
    // Two pairs of phases for each of two targets: dense, compressed, dense, compressed.
    let kinds: Vec<&str> = probes.iter().filter_map(|probe| probe["kind"].as_str()).collect();
    let (end, compressed, dense) = ("acdc-end-of-phase", "acdc-compressed", "acdc-decompressed");
    assert_eq!(kinds, [end, compressed, end, dense, end, compressed].repeat(2));
    for target in probes.chunks(6) {
        let [first, pruned, sparse, lifted, second, again] = target else { panic!("six of them") };
        let goal = number(first, "target");
        assert_eq!(number(first, "masks"), 0, "{first}");
        for probe in [pruned, sparse, again] {
            assert!(number(probe, "masks") > 0, "{probe}");
            assert!(number(probe, "nonzero") <= goal, "{probe}");
        }
        // Lifting a mask brings no weight back: what comes back starts at zero.
        assert_eq!(number(lifted, "masks"), 0, "{lifted}");
        assert_eq!(number(lifted, "nonzero"), number(sparse, "nonzero"), "{lifted}");
        // Then it trains.
        assert!(number(second, "nonzero") > goal, "{second}");
    }
}

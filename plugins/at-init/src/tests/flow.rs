//! Properties of synaptic flow.

use secateur_network::{Builder, Op, Window};
use secateur_sdk::prelude::*;
use secateur_sdk::secateur_abi as abi;

use super::bench::{Bench, conv, flat};
use crate::looking::At;
use crate::synflow::{Flow, left_after};

#[test]
fn the_flow_of_each_layer_is_that_of_the_network() {
    // Conservation (arXiv 2006.05467, theorem 2): without shifts the scores of a layer that cuts input from output add up
    // to the sum of the outputs, by which they are divided here; whatever is masked.
    let sums = Bench::small(false).ask(|run| {
        let mut flow = Flow::new(run, At::Start)?;
        let mut sums = Vec::new();
        for count in [84, 40, 20, 10] {
            let scores = flow.scores(run)?;
            for (param, scores) in run.prunable().iter().zip(&scores) {
                let alive = scores.f_clamp_min(0.0)?;
                sums.push(alive.f_sum(Kind::Double)?.f_double_value(&[])?);
                run.set_scores(param, scores)?;
            }
            run.select(Scope::Global, count)?;
        }
        Ok(sums)
    });
    for sum in sums.unwrap() {
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}

#[test]
fn the_density_falls_exponentially_to_the_exact_count() {
    assert_eq!(left_after(1, 2, 100, 10_000), 1_000);
    assert_eq!(left_after(50, 100, 100, 10_000), 1_000);
    assert_eq!(left_after(100, 100, 100, 10_000), 100);
    assert_eq!(left_after(1, 1, 37, 10_000), 37);
    assert!((1..100).all(|round| left_after(round, 100, 3, 1000) >= left_after(round + 1, 100, 3, 1000)));
}

/// Fifteen convolutions of one weight, each with a shift, and a batch norm behind the first.
fn chain() -> Bench {
    let mut builder = Builder::new("chain", [1, 2, 2]);
    let mut last = builder.input();
    for layer in 0..15 {
        let window = Window::square(1, 1, 0);
        let op = Op::Conv2d { in_channels: 1, out_channels: 1, window, groups: 1, bias: true };
        last = builder.push(&format!("conv{layer}"), op, &[last]);
        if layer == 0 {
            let norm = Op::BatchNorm2d { channels: 1, eps: 0.0, momentum: 0.1 };
            last = builder.push("norm", norm, &[last]);
        }
    }
    let last = builder.push("flat", Op::Flatten, &[last]);
    builder.push("head", Op::Linear { in_features: 4, out_features: 2, bias: false }, &[last]);
    let bench = Bench::new(builder.finish().unwrap(), vec![0; 8], 2);
    for layer in 0..15 {
        bench.set(&format!("conv{layer}.weight"), &[-1000.0]);
        bench.set(&format!("conv{layer}.bias"), &[if layer == 0 { 1000.0 } else { 0.0 }]);
    }
    bench.set("head.weight", &[1.0; 8]);
    bench
}

#[test]
fn flows_beyond_32_bit_floats_are_scaled_down_with_their_shifts() {
    // The flow is 2 * 1000^15 for each of eight ways out. Half of it is what the first layer adds, so that the first
    // weight's score is a half, and the others' are one.
    let bench = chain();
    let scores = bench.ask(|run| Flow::new(run, At::Start)?.scores(run)).unwrap();
    let layers: Vec<f64> = scores.iter().map(|scores| flat(scores).iter().sum()).collect();
    assert_eq!(layers.len(), 16);
    assert!((layers[0] - 0.5).abs() < 1e-5, "{layers:?}");
    assert!(layers[1..].iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{layers:?}");
    // The answer has the weights as they were; `kept` checks it.
    let kept = bench.kept("org.secateur.synflow", r#"{"rounds": 3}"#, 100, &[0.9]).unwrap();
    assert_eq!(kept[0].values().map(Vec::len).sum::<usize>(), 21);
    // A running mean does not scale with the input.
    bench.model.set_buffer(0, &Tensor::from_slice(&[0.5_f32])).unwrap();
    let refused = bench.ask(|run| Flow::new(run, At::Start)?.scores(run)).unwrap_err();
    assert_eq!(refused.status, abi::E_UNSUPPORTED);
    assert!(refused.message.contains("running means"), "{refused}");
}

#[test]
fn what_scaling_down_takes_is_told_after_the_first_round() {
    let run = |allowance, keeps: &[f64]| {
        chain().kept("org.secateur.synflow", r#"{"rounds": 10}"#, allowance, keeps).map(|_| ())
    };
    for keeps in [&[0.9][..], &[0.9, 0.8]] {
        // The rounds alone are known before.
        let rounds = 10 * keeps.len() as u64;
        let refused = run(rounds - 1, keeps).unwrap_err();
        assert!(refused.message.contains(&format!("take {rounds} training samples")), "{refused}");
        let enough = (rounds..).find(|allowance| match run(*allowance, keeps) {
            Ok(()) => true,
            Err(refused) => {
                assert_eq!(refused.status, abi::E_EXHAUSTED, "{refused}");
                assert!(refused.message.contains("beyond 32-bit floats"), "{refused}");
                false
            }
        });
        // Each keep overflows anew.
        assert!(enough.unwrap() >= rounds + keeps.len() as u64, "{enough:?}");
    }
}

#[test]
fn networks_without_a_flow_are_told() {
    let bench = Bench::small(true);
    bench.set("head.weight", &[0.0; 48]);
    let refused = bench.kept("org.secateur.synflow", "{}", 1000, &[0.5]).unwrap_err();
    assert_eq!(refused.status, abi::E_INFEASIBLE, "{refused}");

    let mut builder = Builder::new("clipped", [1, 2, 2]);
    let input = builder.input();
    let last = conv(&mut builder, "conv", 1, 2, Window::square(1, 1, 0), input);
    let last = builder.push("clip", Op::Relu6, &[last]);
    let last = builder.push("flat", Op::Flatten, &[last]);
    builder.push("head", Op::Linear { in_features: 8, out_features: 2, bias: false }, &[last]);
    let bench = Bench::new(builder.finish().unwrap(), vec![0; 8], 2);
    let refused = bench.kept("org.secateur.synflow", "{}", 1000, &[0.5]).unwrap_err();
    assert_eq!(refused.status, abi::E_UNSUPPORTED, "{refused}");
    assert!(refused.message.contains("`clip`"), "{refused}");
}

//! AC/DC on black pictures, on which no weight has a gradient: weight decay alone moves weights, in a way that is known.

use std::cell::RefCell;
use std::ffi::CStr;
use std::sync::Arc;

use secateur_bench::{EntryFunction, Trial, normalized_task};
use secateur_host::{Removable, Snapshot};
use secateur_network::{Builder, Op};
use secateur_sdk::prelude::*;
use secateur_sdk::secateur_abi as abi;
use secateur_sdk::{Exported, SharedEntry, build_entry};
use secateur_suite::{Recipe, Schedule};

use crate::ac_dc::Turns;
use crate::phases::Change;
use crate::secateur_plugin_entry;
use crate::trainings::for_each_target;

const STEPS: u64 = 8;

/// What is left of a weight of 1 after so many steps from rest, with v = v / 2 + w / 8 and w = w - v.
const FACTORS: [f32; 9] =
    [1.0, 0.875, 0.703_125, 0.529_296_9, 0.376_220_7, 0.252_655_03, 0.159_290_31, 0.092_696_67, 0.047_812_76];

/// Magnitudes from 1.2 down to 0.1 in an order of their own, so that the largest six are at 0, 1, 4, 5, 8 and 11.
const BODY: [f32; 12] = [-1.2, 0.8, 0.6, -0.1, 1.0, -0.7, 0.4, 0.3, 1.1, 0.5, -0.2, -0.9];
const HEAD: [f32; 4] = [0.04, -0.03, 0.02, -0.01];
const LARGEST_SIX: [usize; 6] = [0, 1, 4, 5, 8, 11];

/// The weights of both layers one behind the other.
fn start() -> Vec<f32> {
    [&BODY[..], &HEAD].concat()
}

/// Trains two linear layers, of 12 and 4 weights, of which a half is to stay: of the first, or of both.
fn run(entry: EntryFunction, method: &str, params: &str, prunable: &[&str]) -> (Vec<f32>, Vec<Vec<bool>>) {
    let data = normalized_task([1, 2, 3], vec![0; 4 * 6], 2, [0.0, 1.0]);
    let mut builder = Builder::new("linear", [1, 2, 3]);
    let input = builder.input();
    let flattened = builder.push("flat", Op::Flatten, &[input]);
    let linear = |in_features| Op::Linear { in_features, out_features: 2, bias: false };
    let body = builder.push("body", linear(6), &[flattened]);
    builder.push("head", linear(2), &[body]);
    let network = Arc::new(builder.finish().unwrap());
    let model = secateur_bench::model(network.clone(), 5);
    let id = |name: &str| network.find_param(name).unwrap().id;
    let (body, head) = (id("body.weight"), id("head.weight"));
    model.set_param(body, &Tensor::from_slice(&BODY).view([2, 6])).unwrap();
    model.set_param(head, &Tensor::from_slice(&HEAD).view([2, 2])).unwrap();
    let recipe =
        Recipe { momentum: 0.5, weight_decay: 0.125, schedule: Schedule::Constant, ..Recipe::new(4, 1.0) };
    let prunable: Vec<_> = prunable.iter().map(|name| id(name)).collect();
    let trial = Trial {
        recipe: Some(&recipe),
        allowance: STEPS * 4,
        ..Trial::new(&model, &data, Removable::Weights(prunable.clone()), &[0.5])
    };
    let Snapshot { state, .. } = trial.run(entry, method, params).answers().unwrap().remove(0);
    let weights = [body, head].iter().flat_map(|id| flat(state.param(*id))).collect();
    let kept = |mask: &Tensor| flat(mask).iter().map(|kept| *kept != 0.0).collect();
    (weights, prunable.iter().map(|id| kept(state.mask(*id).unwrap())).collect())
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.detach().to_kind(Kind::Float).reshape([-1])).unwrap()
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
struct Config {
    reset_momentum: bool,
}

thread_local! {
    /// Whether there are masks, and all weights, after each step.
    static SEEN: RefCell<Vec<(bool, Vec<f32>)>> = const { RefCell::new(Vec::new()) };
}

/// AC/DC's turns, watched.
struct Watched {
    config: Config,
}

impl PruneMethod for Watched {
    const ID: &'static CStr = c"org.secateur.test.by-hand";
    const NAME: &'static CStr = c"Watched turns";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Tells what it sees after each step.";
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS;
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        for_each_target(run, request, 1.0, 1, |target, steps| {
            let turns = Turns {
                changes: vec![(2, Change::Compress), (4, Change::Decompress), (6, Change::Compress)],
                next: 0,
                scope: Scope::Global,
                count: target.count,
                reset_momentum: self.config.reset_momentum,
            };
            run.train_with(TrainOptions::afresh(steps), &mut Watcher(turns))?;
            Ok(())
        })
    }
}

struct Watcher(Turns);

impl TrainHooks for Watcher {
    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        self.0.after_step(run, step)?;
        let (mut masked, mut weights) = (false, Vec::new());
        for param in run.params() {
            masked |= run.mask(&param)?.is_some();
            weights.extend(flat(&run.weight(&param)?));
        }
        SEEN.with_borrow_mut(|seen| seen.push((masked, weights)));
        Ok(())
    }
}

extern "C" fn watched_entry() -> *const abi::Entry {
    static ENTRY: std::sync::OnceLock<SharedEntry> = std::sync::OnceLock::new();
    ENTRY.get_or_init(|| build_entry(&[Exported::<Watched>::describe], None)).0
}

#[test]
fn weights_and_momentum_at_each_change_are_those_worked_out_by_hand() {
    for reset in [true, false] {
        let params = format!(r#"{{"reset_momentum": {reset}}}"#);
        run(watched_entry, "org.secateur.test.by-hand", &params, &["body.weight"]);
        let seen = SEEN.take();
        assert_eq!(seen.len() as u64, STEPS);
        for (done, (masked, weights)) in (1..).zip(&seen) {
            assert_eq!(*masked, (2..4).contains(&done) || done >= 6, "step {done}");
            // The decompression after four steps forgets all momentum, that of the head too, or none.
            let factor = if reset && done > 4 { FACTORS[4] * FACTORS[done - 4] } else { FACTORS[done] };
            for (index, (weight, start)) in weights.iter().zip(start()).enumerate() {
                // What was masked stays at zero: nothing but a gradient could bring it back.
                let there = done < 2 || index >= 12 || LARGEST_SIX.contains(&index);
                let expected = if there { start * factor } else { 0.0 };
                assert!((weight - expected).abs() < 1e-6, "step {done}, {index}: {weight}, not {expected}");
            }
        }
        // The method makes the same turns of its own phases.
        let params = format!(
            r#"{{"warmup": 0.25, "compressed": 0.25, "decompressed": 0.25, "last_decompressed": 0.25,
                "last_compressed": 0.25, "reset_momentum": {reset}}}"#
        );
        let (weights, masks) = run(secateur_plugin_entry, "org.secateur.ac-dc", &params, &["body.weight"]);
        assert_eq!(weights, seen[7].1);
        assert_eq!(masks, [(0..12).map(|index| LARGEST_SIX.contains(&index)).collect::<Vec<bool>>()]);
    }
}

#[test]
fn a_scope_says_how_many_weights_each_layer_keeps() {
    // All weights of the head are smaller than those of the body. Raw densities are 8 / 12 and 4 / 4, so that the layers'
    // eight are as 8 to 4: 5.3 and 2.7.
    for (scope, counts) in [("global", [8, 0]), ("uniform", [6, 2]), ("erk", [5, 3])] {
        let params = format!(
            r#"{{"scope": "{scope}", "warmup": 0.25, "compressed": 0.25, "decompressed": 0.25,
                "last_decompressed": 0.25, "last_compressed": 0.25}}"#
        );
        let (_, masks) =
            run(secateur_plugin_entry, "org.secateur.ac-dc", &params, &["body.weight", "head.weight"]);
        for ((mask, start), count) in masks.iter().zip([&BODY[..], &HEAD]).zip(counts) {
            let mut order: Vec<usize> = (0..start.len()).collect();
            order.sort_by(|a, b| start[*b].abs().total_cmp(&start[*a].abs()));
            for (place, index) in order.into_iter().enumerate() {
                assert_eq!(mask[index], place < count, "{scope}: {mask:?}");
            }
        }
    }
}

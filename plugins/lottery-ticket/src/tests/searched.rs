//! Searches, rewinding, and masks without a search.

use std::collections::BTreeMap;

use secateur_engine::{NoHooks, Position, Sgd, State, Streams, Trainer};
use secateur_sdk::prelude::*;

use super::bench::{Answer, Lab, SEED, answers, largest, masked, start};

const KEEPS: [f64; 3] = [0.6, 0.3, 0.1];

#[test]
fn counts_are_exact_and_iterative_tickets_are_nested() {
    for params in [
        r#"{}"#,
        r#"{"rate": 0.5, "rewind": "none"}"#,
        r#"{"rounds": 4}"#,
        r#"{"rounds": 3, "emit": "trained"}"#,
        r#"{"scope": "uniform", "rounds": 5}"#,
    ] {
        let found = answers(params, 200, &KEEPS);
        for answer in &found {
            assert_eq!(answer.kept(), answer.count, "{params}");
            // Nothing is left under a mask.
            assert_eq!(answer.weights, masked(&answer.weights, &answer.kept), "{params}");
        }
        assert!(found.windows(2).all(|pair| pair[1].is_within(&pair[0])), "{params}");
        assert_eq!(found, answers(params, 200, &KEEPS), "{params}");
    }
}

#[test]
fn each_round_trains_an_equal_share() {
    // 0.125 in three rounds of a half each, with 60 of 120 steps for them.
    let found = answers(r#"{"rounds": 3}"#, 120, &[0.5, 0.125]);
    assert_eq!(found.iter().map(|answer| answer.steps).collect::<Vec<_>>(), [20, 60]);
    // A rate of a half takes the same steps but for what rounding leaves.
    let by_rate = answers(r#"{"rate": 0.5}"#, 120, &[0.5, 0.125]);
    assert_eq!(found, by_rate);
}

#[test]
fn rewound_tickets_have_the_starts_values_bit_for_bit() {
    let start = start();
    for (params, transferred) in [
        (r#"{}"#, r#"{"mode": "mask-transfer"}"#),
        (r#"{"mode": "one-shot"}"#, r#"{"mode": "mask-transfer"}"#),
        (r#"{"rounds": 3, "scope": "erk"}"#, r#"{"mode": "mask-transfer", "scope": "erk"}"#),
    ] {
        let found = answers(params, 120, &KEEPS);
        for answer in &found {
            assert_eq!(answer.weights, masked(&start, &answer.kept), "{params}");
        }
        // Something was searched: the masks are not those of the start, the largest one at least.
        assert_ne!(found[0].kept, answers(transferred, 0, &KEEPS)[0].kept, "{params}");
    }
    let kept = answers(r#"{"rewind": "none"}"#, 120, &KEEPS);
    assert!(kept.iter().all(|answer| answer.weights != masked(&start, &answer.kept)));
}

/// What training from a kept state makes of a mask, with the engine's own parts.
fn trained_from(lab: &Lab, state: &State, kept: &[bool], at: Position, momentum: bool) -> Vec<f32> {
    state.restore_weights(&lab.model, None).unwrap();
    for (id, kept) in lab.prunable.iter().zip([&kept[..54], &kept[54..]]) {
        let mask = Tensor::from_slice(kept).view_as(lab.model.param(*id));
        lab.model.set_mask(*id, Some(&mask)).unwrap();
    }
    let sgd = Sgd::new(&lab.recipe, lab.model.params().len());
    if momentum {
        state.restore_weights(&lab.model, Some(&sgd)).unwrap();
    }
    let streams = Streams::new(SEED).fork("train");
    let _alone = secateur_bench::alone();
    let trainer = Trainer { model: &lab.model, sgd: &sgd, data: &lab.data, recipe: &lab.recipe, streams };
    trainer.train(at, at.schedule_total, &[], &mut NoHooks).unwrap();
    lab.values(&State::of(&lab.model, None))
}

#[test]
fn rewinding_to_a_step_brings_its_momentum_back() {
    let lab = Lab::new(0.05);
    let early = lab.early_step();
    let upstream = |state: &State| BTreeMap::from([("step:2".to_owned(), state.clone())]);
    let rewound = lab.run(r#"{"mode": "one-shot", "rewind": "step:2"}"#, 40, &[0.3], upstream(&early));
    let rewound = rewound.unwrap().remove(0);
    assert_eq!(rewound.weights, masked(&lab.values(&early), &rewound.kept));
    // Trained on for a round of ten steps behind the search's ten.
    let lab = Lab::new(0.05);
    let params = r#"{"mode": "one-shot", "rewind": "step:2", "emit": "trained"}"#;
    let trained = lab.run(params, 40, &[0.3], upstream(&early)).unwrap().remove(0);
    let at = Position { batch: 10, ..Position::start(10) };
    let expected = trained_from(&Lab::new(0.05), &early, &trained.kept, at, true);
    assert_eq!(trained.weights, expected);
    assert_ne!(trained.weights, trained_from(&Lab::new(0.05), &early, &trained.kept, at, false));
}

#[test]
fn transferred_masks_are_the_largest_weights_of_the_start_and_cost_nothing() {
    let start = start();
    for answer in answers(r#"{"mode": "mask-transfer"}"#, 0, &KEEPS) {
        assert_eq!(answer.kept, largest(&start, answer.count));
        assert_eq!(answer.weights, masked(&start, &answer.kept));
        assert_eq!(answer.steps, 0);
    }
    // The same masks on the values of another checkpoint.
    let lab = Lab::new(0.05);
    let early = lab.early_step();
    let upstream = BTreeMap::from([("step:2".to_owned(), early.clone())]);
    let params = r#"{"mode": "mask-transfer", "rewind": "step:2"}"#;
    for answer in lab.run(params, 0, &KEEPS, upstream).unwrap() {
        assert_eq!(answer.kept, largest(&start, answer.count));
        assert_eq!(answer.weights, masked(&lab.values(&early), &answer.kept));
    }
}

#[test]
fn the_host_finds_the_checkpoint_by_its_values() {
    let lab = Lab::new(0.05);
    let early = lab.early_step();
    let start = State::of(&lab.model, None);
    let found = |params: &str, upstream: &[(&str, &State)]| {
        let lab = Lab::new(0.05);
        let upstream = upstream.iter().map(|(name, state)| ((*name).to_owned(), (*state).clone())).collect();
        lab.run(params, 40, &[0.5], upstream).unwrap().remove(0).weights_of
    };
    let kept = [("step:2", &early)];
    assert_eq!(found(r#"{"mode": "one-shot"}"#, &kept).as_deref(), Some("start"));
    assert_eq!(found(r#"{"mode": "one-shot", "rewind": "step:2"}"#, &kept).as_deref(), Some("step:2"));
    assert_eq!(found(r#"{"mode": "mask-transfer", "rewind": "step:2"}"#, &kept).as_deref(), Some("step:2"));
    for params in [r#"{"mode": "one-shot", "rewind": "none"}"#, r#"{"mode": "one-shot", "emit": "trained"}"#]
    {
        assert_eq!(found(params, &kept), None, "{params}");
    }
    // The method's own word for a checkpoint does not matter: these are the values of the start.
    let copy = [("step:2", &start)];
    assert_eq!(found(r#"{"mode": "one-shot", "rewind": "step:2"}"#, &copy).as_deref(), Some("start"));
    // One remaining weight in the last bit is enough.
    let last = *lab.prunable.last().unwrap();
    let values = Tensor::copy(start.param(last));
    let bits = values.view_dtype(Kind::Int).view([-1]);
    let largest = values.abs().view([-1]).argmax(0, false).int64_value(&[]);
    let _ = bits.get(largest).bitwise_xor_(1);
    lab.model.set_param(last, &values).unwrap();
    let almost = State::of(&lab.model, None);
    let params = r#"{"mode": "mask-transfer", "rewind": "step:2"}"#;
    assert_eq!(found(params, &[("step:2", &almost)]).as_deref(), Some("step:2"));
    assert_eq!(found(r#"{"mode": "mask-transfer"}"#, &[("step:2", &almost)]).as_deref(), Some("start"));
}

#[test]
fn scopes_share_the_weights_out() {
    let layers = |params: &str| answers(params, 40, &[0.5]).remove(0).layers();
    assert_eq!(layers(r#"{"mode": "mask-transfer", "scope": "uniform"}"#), [27, 108]);
    // Densities of 13 / 54 and 16 / 216 times a common factor: the first layer is dense.
    assert_eq!(layers(r#"{"mode": "one-shot", "scope": "erk"}"#), [54, 81]);
}

#[test]
fn one_shot_tickets_come_from_one_training() {
    let both: Vec<Answer> = answers(r#"{"mode": "one-shot"}"#, 40, &[0.5, 0.1]);
    assert!(both.iter().all(|answer| answer.steps == 20));
    let alone = answers(r#"{"mode": "one-shot"}"#, 40, &[0.1]);
    assert_eq!(both[1], alone[0]);
    assert!(both[1].is_within(&both[0]));
}

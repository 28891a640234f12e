//! Tickets of networks that are trained without labels: what MoCo remembers is of one training.

use std::sync::Arc;

use secateur_bench::{Trial, alone, convolutions, noise, task};
use secateur_engine::contrast::ContrastSet;
use secateur_engine::{Model, NoHooks, Position, Sgd, State, Streams, Trainer};
use secateur_host::Removable;
use secateur_network::ParamId;
use secateur_sdk::tch::Kind;
use secateur_suite::{Contrast, Recipe, Schedule};

use super::bench::{BATCH, SEED, TOTAL};
use crate::secateur_plugin_entry;

const STEPS: u64 = 10;

fn model() -> Model {
    secateur_bench::model(Arc::new(convolutions().projected(None, 4).unwrap()), 5)
}

fn recipe(contrast: Contrast) -> Recipe {
    let (contrast, schedule) = (Some(contrast), Schedule::Constant);
    Recipe { contrast, schedule, shift: 1, ..Recipe::new(BATCH as u32, 0.05) }
}

fn set<'m>(model: &'m Model, recipe: &Recipe) -> ContrastSet<'m> {
    let views = Box::new(task([1, 4, 4], noise(16 * 16), 2));
    ContrastSet::new(views, recipe, model, Streams::new(9)).unwrap()
}

fn prunable(model: &Model) -> Vec<ParamId> {
    ["first.weight", "second.weight"].map(|name| model.network().find_param(name).unwrap().id).to_vec()
}

fn values(state: &State, model: &Model) -> Vec<Vec<f32>> {
    let params = model.network().params().iter();
    params.map(|spec| Vec::try_from(state.param(spec.id).detach().reshape([-1])).unwrap()).collect()
}

#[test]
fn a_ticket_is_trained_as_if_nothing_had_been_trained_before_it() {
    let moco = Contrast::MocoV2 { temperature: 0.2, queue: 16, momentum: 0.9 };
    for contrast in [Contrast::Simclr { temperature: 0.5 }, moco] {
        let recipe = recipe(contrast);
        let searched = model();
        let (data, prunable) = (set(&searched, &recipe), prunable(&searched));
        let trial = Trial {
            recipe: Some(&recipe),
            allowance: 4 * STEPS * BATCH,
            seed: SEED,
            ..Trial::new(&searched, &data, Removable::Weights(prunable.clone()), &[0.3])
        };
        // One training to find the mask, and one of the ticket.
        let params = r#"{"mode": "one-shot", "emit": "trained"}"#;
        let outcome = trial.run(secateur_plugin_entry, "org.secateur.lottery-ticket", params);
        let snapshot = outcome.answers().unwrap().remove(0);
        assert_eq!(snapshot.meters.steps, 2 * STEPS, "{contrast:?}");
        let masks = prunable.iter().map(|id| snapshot.state.mask(*id).unwrap());
        let kept: f64 = masks.map(|mask| mask.sum(Kind::Double).double_value(&[])).sum();
        assert_eq!(kept, (0.3 * TOTAL as f64).round(), "{contrast:?}");

        // The same with the engine's own parts, on a set that has seen nothing. Batches go on where the search ended;
        // everything else begins anew.
        let again = model();
        for id in &prunable {
            again.set_mask(*id, snapshot.state.mask(*id)).unwrap();
        }
        let data = set(&again, &recipe);
        let sgd = Sgd::new(&recipe, again.params().len());
        let streams = Streams::new(SEED).fork("train");
        let at = Position { batch: STEPS, ..Position::start(STEPS) };
        let _alone = alone();
        let trainer = Trainer { model: &again, sgd: &sgd, data: &data, recipe: &recipe, streams };
        trainer.train(at, STEPS, &[], &mut NoHooks).unwrap();
        let expected = State::of(&again, None);
        assert!(values(&snapshot.state, &again) == values(&expected, &again), "{contrast:?}");
    }
}

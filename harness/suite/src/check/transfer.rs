//! Transfer to other tasks.

use super::check_keeps;
use super::upstream::without_labels;
use crate::contrast::Optimizer;
use crate::spec::Suite;
use crate::task::{OfficialSource, TaskFormat, TaskSource};
use crate::transfer::{Regime, Select, Transfer};

pub(super) fn check(
    suite: &Suite,
    transfer: &Transfer,
    recipe_known: &dyn Fn(&str) -> Option<String>,
    add: &mut impl FnMut(&str, String),
) {
    if transfer.tasks.is_empty() {
        add(
            "transfer.tasks",
            "needs at least one task; `generated/*` stands for the twelve generated ones".to_owned(),
        );
    }
    super::task::check_labels(suite, "transfer.tasks", &transfer.tasks, add);
    if transfer.linear.is_none() && transfer.full.is_none() {
        add("transfer", "needs `linear`, `full` or both".to_owned());
    }
    if suite.prunable.as_ref().is_some_and(|set| set.head) {
        add("prunable.head", "cannot be pruned in a suite that transfers: the head is replaced".to_owned());
    }
    for (name, regime) in [("linear", &transfer.linear), ("full", &transfer.full)] {
        let Some(regime) = regime else { continue };
        let own = [("recipe", &regime.recipe)].into_iter();
        for (part, recipe) in own.chain(regime.task_recipes.values().map(|recipe| ("task_recipes", recipe))) {
            match suite.recipes.get(recipe) {
                None => {
                    add(&format!("transfer.{name}.{part}"), recipe_known(recipe).unwrap_or_default());
                }
                Some(found) if found.contrast.is_some() => {
                    add(&format!("transfer.{name}.{part}"), without_labels(recipe));
                }
                Some(found) if name == "linear" && found.optimizer == Optimizer::Lars => {
                    let reason =
                        "has `optimizer: lars`; a linear classifier on features is trained with `sgd`";
                    add(&format!("transfer.{name}.{part}"), format!("`{recipe}` {reason}"));
                }
                Some(_) => {}
            }
        }
        check_keeps(suite, regime.keeps.as_deref(), &format!("transfer.{name}.keeps"), add);
        check_regime(suite, transfer, (&format!("transfer.{name}"), regime), add);
    }
}

fn check_regime(
    suite: &Suite,
    transfer: &Transfer,
    (key, regime): (&str, &Regime),
    add: &mut impl FnMut(&str, String),
) {
    if let Some(problem) = regime.normalize.as_ref().and_then(|own| own.problem()) {
        add(&format!("{key}.normalize"), problem);
    }
    if regime.replicates.is_some_and(|count| count == 0 || count > suite.replicates) {
        add(&format!("{key}.replicates"), format!("must be from 1 to the suite's {}", suite.replicates));
    }
    if regime.select == Select::BestValidation {
        let sources = transfer.tasks.iter().filter_map(|task| suite.tasks.get_key_value(task));
        for (task, help) in sources.filter_map(|(task, source)| Some((task, without_validation(source)?))) {
            let reason = format!("is `best-validation`, but task `{task}` has no validation split; {help}");
            add(&format!("{key}.select"), reason);
        }
    }
}

/// What would give a task a validation split, if it has none.
fn without_validation(task: &TaskSource) -> Option<&'static str> {
    match task.format {
        TaskFormat::Official => {
            let validates = |official: &OfficialSource| {
                official.held_out || official.sample.is_some_and(|sample| sample.validation > 0)
            };
            let is_there = task.official.as_ref().is_some_and(validates);
            (!is_there).then_some("write `held_out: true` into its `official`")
        }
        TaskFormat::ImageFolder | TaskFormat::Unlabelled if task.validation_per_class == 0 => {
            Some("say its `validation_per_class`")
        }
        TaskFormat::Voc | TaskFormat::Coco => {
            let lists = task.detection.as_ref().and_then(|detection| detection.validation.as_ref());
            lists.is_some_and(Vec::is_empty).then_some("name its lists in `detection.validation`")
        }
        TaskFormat::ImageFolder | TaskFormat::Unlabelled => None,
    }
}

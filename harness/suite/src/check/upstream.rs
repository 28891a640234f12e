//! Where pruning begins, and the tracks that begin there.

use super::valid_name;
use crate::spec::{Suite, Track};
use crate::task::TaskFormat;
use crate::upstream::Upstream;
use crate::yaml::nearest;

pub(super) fn check(
    suite: &Suite,
    recipe_known: &dyn Fn(&str) -> Option<String>,
    add: &mut impl FnMut(&str, String),
) {
    check_one(suite, "upstream", &suite.upstream, recipe_known, add);
    // A track that names what is not there may mean any of them, and is told of by itself.
    let named: Vec<&String> = suite.tracks.iter().filter_map(|track| track.pretraining.as_ref()).collect();
    let all_known = named.iter().all(|name| suite.pretrainings.contains_key(*name));
    // Whatever else stands on it, pruning a task directly or transfer, stands on it by a track.
    if all_known && !suite.tracks.is_empty() && named.len() == suite.tracks.len() {
        let help = "leave `pretraining` out of one, or write one of `pretrainings` here in its place";
        add("upstream", format!("is pruned in no track; {help}"));
    }
    for (name, upstream) in &suite.pretrainings {
        let key = format!("pretrainings.{name}");
        if !valid_name(name) || name == "upstream" {
            let other =
                "is not made of letters, digits, `-`, `_` and `.`, or is `upstream`, which is the other key";
            add(&key, format!("`{name}` {other}"));
        }
        if all_known && !named.contains(&name) {
            add(&key, format!("is pruned in no track; write `pretraining: {name}` into one, or remove it"));
        }
        check_one(suite, &key, upstream, recipe_known, add);
    }
    let networks = [
        ("network.projection", Some(&suite.network)),
        (
            "transfer.network.projection",
            suite.transfer.as_ref().and_then(|transfer| transfer.network.as_ref()),
        ),
    ];
    for (key, network) in networks {
        if network.is_some_and(|network| network.projection.is_some()) {
            let help =
                "belongs to a network that is trained without labels; write it as `upstream.projection`";
            add(key, help.to_owned());
        }
    }
}

fn check_one(
    suite: &Suite,
    key: &str,
    upstream: &Upstream,
    recipe_known: &dyn Fn(&str) -> Option<String>,
    add: &mut impl FnMut(&str, String),
) {
    match (&upstream.checkpoint, &upstream.train) {
        (None, None) => add(key, "needs `checkpoint` or `train`".to_owned()),
        (Some(_), Some(_)) => add(key, "has both `checkpoint` and `train`; remove one".to_owned()),
        _ => {}
    }
    if upstream.train.is_some() && upstream.trained.is_some() {
        add(&format!("{key}.trained"), "stands beside `train`, which says it already".to_owned());
    }
    let train = upstream.train.iter().map(|train| ("train", &train.recipe));
    let trained = upstream.trained.iter().map(|trained| ("trained", &trained.recipe));
    for (part, name) in train.chain(trained) {
        match suite.recipes.get(name) {
            None => add(&format!("{key}.{part}.recipe"), recipe_known(name).unwrap_or_default()),
            Some(recipe) => match (recipe.contrast.is_some(), upstream.projection.is_some()) {
                (true, false) => {
                    let help = "what the network ends in where it has no classes, for example `{out: 128}`";
                    add(&format!("{key}.projection"), format!("is needed beside recipe `{name}`: {help}"));
                }
                (false, true) => {
                    let reason = format!("stands beside recipe `{name}`, which trains with labels");
                    add(&format!("{key}.projection"), reason);
                }
                _ => {}
            },
        }
    }
    if upstream.train.as_ref().is_some_and(|train| train.keep_steps.contains(&0)) {
        add(
            &format!("{key}.train.keep_steps"),
            "step 0 is the initialization, which is always kept as `init`".to_owned(),
        );
    }
    let Some(projection) = upstream.projection else {
        super::task::check_labels(suite, &format!("{key}.task"), std::slice::from_ref(&upstream.task), add);
        return;
    };
    if let Some(task) = suite.tasks.get(&upstream.task)
        && task.format == TaskFormat::Unlabelled
        && task.validation_per_class == 1
    {
        let reason = "needs at least 2, or 0: views of one picture are told from nothing";
        add(&format!("tasks.{}.validation_per_class", upstream.task), reason.to_owned());
    }
    if projection.out == 0 || projection.hidden == Some(0) {
        add(&format!("{key}.projection"), "has a width of 0".to_owned());
    }
    if suite.prunable.as_ref().is_some_and(|set| set.head) {
        add("prunable.head", format!("cannot be pruned where `{key}` has no classes, but a projection"));
    }
    if !suite.score_on.is_test() {
        add("score_on", format!("validation scores classes, which the network of `{key}` has not"));
    }
}

/// The pre-training of a track, and whether the track trains it on as it was trained.
pub(super) fn check_track(suite: &Suite, index: usize, track: &Track, add: &mut impl FnMut(&str, String)) {
    if let Some(name) = track.pretraining.as_ref().filter(|name| !suite.pretrainings.contains_key(*name)) {
        let near = nearest(name, suite.pretrainings.keys().map(String::as_str));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        add(&format!("tracks[{index}].pretraining"), format!("there is no pre-training `{name}`{help}"));
        return;
    }
    let Some((name, recipe)) = track.recipe.as_ref().and_then(|name| Some((name, suite.recipes.get(name)?)))
    else {
        return;
    };
    let wrong = match (recipe.contrast.is_some(), suite.base(track).projection.is_some()) {
        (true, false) => "trains without labels, and the network that this track prunes has no projection",
        (false, true) => {
            "trains with labels, and the network that this track prunes has a projection in place of classes"
        }
        _ => return,
    };
    add(&format!("tracks[{index}].recipe"), format!("`{name}` {wrong}"));
}

/// Why a recipe is not for tasks that are scored.
pub(super) fn without_labels(recipe: &str) -> String {
    format!(
        "`{recipe}` has `contrast`: it trains without labels, and networks are scored by their classes here"
    )
}

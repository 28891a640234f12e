//! Whether networks, tasks and recipes of a suite are made for each other.

use anyhow::{Context as _, bail};
use secateur_network::Op;
use secateur_suite::{NetworkSpec, Suite};

/// Whether the networks exist, and networks, tasks and recipes are all of classes or all of boxes.
pub(super) fn check_networks(suite: &Suite) -> anyhow::Result<()> {
    let has_boxes = |task: &str| match suite.tasks.get(task) {
        Some(source) => source.format.has_boxes(),
        None => secateur_data::generated::detection_info(task).is_some(),
    };
    let mut recipes = Vec::new();
    let own = [("network".to_owned(), &suite.upstream)].into_iter();
    let others = suite.pretrainings.iter().map(|(name, it)| (format!("pretrainings.{name}"), it));
    for (key, pretraining) in own.chain(others) {
        let boxes = has_boxes(&pretraining.task);
        check_task(suite, &key, &suite.network, &pretraining.task, boxes)?;
        if boxes && pretraining.projection.is_some() {
            bail!("suite {}: {key}: training without labels is for pictures with one class each", suite.name);
        }
        let train = pretraining.train.iter().map(|train| &train.recipe);
        let trained = pretraining.trained.iter().map(|trained| &trained.recipe);
        recipes.extend(train.chain(trained).map(|name| (name, boxes)));
    }
    let upstream = has_boxes(&suite.upstream.task);
    if let Some((transfer, network)) = suite.transfer.as_ref().and_then(|it| Some((it, it.network.as_ref()?)))
    {
        for task in &transfer.tasks {
            check_task(suite, "transfer.network", network, task, has_boxes(task))?;
        }
    }
    recipes.extend(suite.direct.iter().map(|direct| (&direct.recipe, upstream)));
    for track in &suite.tracks {
        recipes.extend(track.recipe.iter().map(|name| (name, has_boxes(&suite.base(track).task))));
    }
    for (name, boxes) in recipes {
        check_recipe(suite, name, boxes)?;
    }
    for (transfer, full) in suite.transfer.iter().filter_map(|it| Some((it, it.full.as_ref()?))) {
        for task in &transfer.tasks {
            check_recipe(suite, full.task_recipes.get(task).unwrap_or(&full.recipe), has_boxes(task))?;
        }
    }
    Ok(())
}

/// Whether a network exists and answers as its task asks.
fn check_task(
    suite: &Suite,
    key: &str,
    network: &NetworkSpec,
    task: &str,
    has_boxes: bool,
) -> anyhow::Result<()> {
    let options = secateur_network::zoo::Options { width: Some(network.width), ..Default::default() };
    let built = secateur_network::zoo::build(&network.name, &options)
        .with_context(|| format!("suite {}: {key}.name", suite.name))?;
    let detects = matches!(built.node(built.output()).op, Op::BoxPredictions { .. });
    if has_boxes != detects {
        let (own, other) =
            if has_boxes { ("boxes", "scores classes") } else { ("classes", "predicts boxes") };
        bail!(
            "suite {}: {key}: task `{task}` has {own}, but network `{}` {other}; `secateur networks` lists detectors by \
             names with `ssd`",
            suite.name,
            network.name
        );
    }
    Ok(())
}

/// Whether a recipe's augmentation is for the kind of pictures it is used on.
fn check_recipe(suite: &Suite, name: &str, has_boxes: bool) -> anyhow::Result<()> {
    let recipe = &suite.recipes[name];
    let for_classes = [
        ("shift", recipe.shift > 0),
        ("crop_area", recipe.crop_area.is_some()),
        ("color_jitter", recipe.color_jitter.is_some()),
        ("grayscale", recipe.grayscale > 0.0),
        ("blur", recipe.blur.is_some()),
    ];
    if let Some((key, _)) = for_classes.into_iter().find(|(_, is_there)| has_boxes && *is_there) {
        bail!(
            "suite {}: recipes.{name}.{key} is for pictures with one class; detectors have `crop`, `expand` and `photometric`",
            suite.name
        );
    }
    if !has_boxes && (recipe.crop || recipe.expand > 0.0 || recipe.photometric) {
        bail!(
            "suite {}: recipes.{name} has `crop`, `expand` or `photometric`, which are for detection; pictures with one \
             class have `shift`, `flip`, `crop_area`, `color_jitter`, `grayscale` and `blur`",
            suite.name
        );
    }
    Ok(())
}

//! Tasks that are read from files.

use crate::spec::Suite;
use crate::task::{Metric, Packed, TaskFormat, TaskSource};
use crate::views::Interpolation;

/// The largest side of pictures that can be packed, in pixels.
const LARGEST_SIDE: u32 = 4096;

/// What files with classes and files with boxes do not have in common.
pub(super) fn check(name: &str, task: &TaskSource, add: &mut impl FnMut(&str, String)) {
    let key = |field: &str| format!("tasks.{name}.{field}");
    if task.mean.len() != 3 || task.std.len() != 3 {
        add(&key("mean"), "mean and std need three values each".to_owned());
    }
    if !task.std.iter().all(|std| *std > 0.0) {
        add(&key("std"), "must be positive".to_owned());
    }
    for (field, side) in [("side", task.side), ("resize", task.resize)] {
        if side.is_some_and(|side| !(1..=LARGEST_SIDE).contains(&side)) {
            add(&key(field), format!("must be from 1 to {LARGEST_SIDE} pixels"));
        }
    }
    check_packed(&key, task, add);
    match (task.format == TaskFormat::Official, &task.official) {
        (true, None) => {
            add(&key("official"), "is needed: `{set: ID}`, as `secateur data list` has it".to_owned())
        }
        (false, Some(_)) => add(&key("official"), "is for the format `official`".to_owned()),
        _ => {}
    }
    if task.format == TaskFormat::Official {
        let own = "is the official set's own; leave it out";
        if task.metric != Metric::default() {
            add(&key("metric"), own.to_owned());
        }
        if task.mean != [0.5; 3] {
            add(&key("mean"), own.to_owned());
        }
        if task.std != [0.5; 3] {
            add(&key("std"), own.to_owned());
        }
        if task.validation_per_class > 0 {
            add(&key("validation_per_class"), "is `official.held_out` for official sets".to_owned());
        }
        if let Some((official, sample)) = task.official.as_ref().and_then(|it| Some((it, it.sample?))) {
            if sample.train == 0 {
                add(&key("official.sample"), "leaves nothing to learn from".to_owned());
            }
            if official.held_out {
                let help = "`sample` says its validation split itself";
                add(&key("official.held_out"), format!("stands beside `sample`; leave it out: {help}"));
            }
        }
    }
    if !task.format.has_boxes() {
        if task.metric.is_of_detection() {
            add(
                &key("metric"),
                "is for objects in boxes; pictures with one class each have `top1`".to_owned(),
            );
        }
        if task.detection.is_some() {
            add(&key("detection"), "is for the formats `voc` and `coco`".to_owned());
        }
        return;
    }
    if !task.metric.is_of_detection() {
        add(&key("metric"), "must be `voc-ap50`, `voc07-ap50` or `coco-ap` for objects in boxes".to_owned());
    }
    if task.side.is_none() {
        add(&key("side"), "is needed: a detector reads squares of one size".to_owned());
    }
    if task.validation_per_class > 0 {
        add(
            &key("validation_per_class"),
            "does not divide pictures with objects of several classes; see `detection.validation`".to_owned(),
        );
    }
    if let Some([small, medium]) = task.detection.as_ref().and_then(|detection| detection.size_borders)
        && !(small > 0.0 && small < medium && medium.is_finite())
    {
        add(&key("detection.size_borders"), "must be two positive areas, the smaller one first".to_owned());
    }
}

/// Whether networks that answer with classes are asked for them on tasks that have some.
pub(super) fn check_labels(suite: &Suite, key: &str, tasks: &[String], add: &mut impl FnMut(&str, String)) {
    let unlabelled =
        |task: &&String| suite.tasks.get(*task).is_some_and(|source| !source.format.has_labels());
    if let Some(task) = tasks.iter().find(unlabelled) {
        let help = "such pictures are for an `upstream` or one of `pretrainings` with a `projection`";
        add(key, format!("`{task}` has no labels; {help}"));
    }
}

/// What only tasks have whose files are packed as they are.
fn check_packed(key: &dyn Fn(&str) -> String, task: &TaskSource, add: &mut impl FnMut(&str, String)) {
    let boxes = task.format.has_boxes();
    let for_classes = "is for pictures with one class each";
    if task.packed == Packed::Files {
        if boxes {
            add(&key("packed"), for_classes.to_owned());
        } else if task.side.is_none() {
            add(
                &key("side"),
                "is needed beside `packed: files`: networks see pictures of one size".to_owned(),
            );
        }
    }
    if task.interpolation != Interpolation::Bilinear && (boxes || task.packed == Packed::Pixels) {
        add(&key("interpolation"), "is for tasks with `packed: files`".to_owned());
    }
    match (task.resize, task.side) {
        (Some(_), _) if task.packed == Packed::Pixels => {
            add(&key("resize"), "is for tasks with `packed: files`".to_owned());
        }
        (Some(resize), Some(side)) if resize < side => {
            add(&key("resize"), format!("{resize} is below `side`, {side}, which is cut out of it"));
        }
        _ => {}
    }
}

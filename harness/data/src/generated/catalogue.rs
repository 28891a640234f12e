//! The list of generated tasks.

use secateur_metrics::ClassificationMetric::{self, MeanPerClass, Top1};

use super::scene::Scene;
use super::tasks::{colours, creatures, digits, flowers, layouts, materials, surfaces, symbols, upstream};

/// What a generated task is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Networks are trained on it before they are pruned.
    Upstream,
    /// Pruned networks are transferred to it.
    Transfer,
}

/// A generated task, before any picture of it is made.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Identifier, `generated/` and a name.
    pub id: &'static str,
    /// Title for people.
    pub title: &'static str,
    /// One sentence: what varies between the classes.
    pub summary: &'static str,
    /// What it is for.
    pub role: Role,
    /// The metric by which it is judged.
    pub metric: ClassificationMetric,
    /// Number of training pictures.
    pub train: usize,
    /// Number of validation pictures.
    pub validation: usize,
    /// Number of test pictures.
    pub test: usize,
    /// Number of pictures of the most frequent class over that of the rarest, alike in all splits; 1 is balanced.
    pub imbalance: f32,
    pub(super) class_names: fn() -> Vec<String>,
    pub(super) draw: fn(&mut Scene<'_>, usize),
}

impl Entry {
    /// Class names in label order.
    #[must_use]
    pub fn classes(&self) -> Vec<String> {
        (self.class_names)()
    }
}

/// All generated tasks: the upstream one first, then the twelve transfer tasks by name.
#[must_use]
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

static CATALOGUE: [Entry; 13] = [
    Entry {
        id: "generated/upstream",
        title: "Upstream",
        summary: "Objects, fields, marks, groups, balls, living things and views, each with its nuisances.",
        role: Role::Upstream,
        metric: Top1,
        train: 18_000,
        validation: 1_000,
        test: 2_000,
        imbalance: 1.0,
        class_names: upstream::classes,
        draw: upstream::draw,
    },
    Entry {
        id: "generated/colour-layout",
        title: "Colour layout",
        summary: "Which of six families of hue lies beside or above which other.",
        role: Role::Transfer,
        metric: Top1,
        train: 480,
        validation: 300,
        test: 2_000,
        imbalance: 1.0,
        class_names: colours::classes,
        draw: colours::draw,
    },
    Entry {
        id: "generated/counts",
        title: "Counts",
        summary: "One to six separate things, whatever they are.",
        role: Role::Transfer,
        metric: Top1,
        train: 900,
        validation: 300,
        test: 2_000,
        imbalance: 1.0,
        class_names: layouts::count_classes,
        draw: layouts::count,
    },
    Entry {
        id: "generated/creatures",
        title: "Creatures",
        summary: "Animals assembled from bodies, legs, ears or horns, and tails.",
        role: Role::Transfer,
        metric: MeanPerClass,
        train: 2_000,
        validation: 500,
        test: 2_000,
        imbalance: 4.0,
        class_names: creatures::classes,
        draw: creatures::draw,
    },
    Entry {
        id: "generated/digits",
        title: "Digits",
        summary: "The ten digits in a shaky hand, beside parts of others.",
        role: Role::Transfer,
        metric: Top1,
        train: 1_000,
        validation: 400,
        test: 2_000,
        imbalance: 1.0,
        class_names: digits::classes,
        draw: digits::draw,
    },
    Entry {
        id: "generated/flowers",
        title: "Flowers",
        summary: "Number and form of petals, and the eye; colour says nothing.",
        role: Role::Transfer,
        metric: MeanPerClass,
        train: 1_600,
        validation: 400,
        test: 2_000,
        imbalance: 3.0,
        class_names: flowers::classes,
        draw: flowers::draw,
    },
    Entry {
        id: "generated/gratings",
        title: "Gratings",
        summary: "Directions of a coarse and of a fine wave, both weak.",
        role: Role::Transfer,
        metric: Top1,
        train: 800,
        validation: 300,
        test: 2_000,
        imbalance: 1.0,
        class_names: surfaces::grating_classes,
        draw: surfaces::grating,
    },
    Entry {
        id: "generated/materials",
        title: "Materials",
        summary: "What a lump is made of, told by how it takes the light.",
        role: Role::Transfer,
        metric: MeanPerClass,
        train: 800,
        validation: 400,
        test: 2_000,
        imbalance: 4.0,
        class_names: materials::classes,
        draw: materials::draw,
    },
    Entry {
        id: "generated/orientation",
        title: "Orientation",
        summary: "Which of eight directions a thing with a front points to.",
        role: Role::Transfer,
        metric: Top1,
        train: 800,
        validation: 300,
        test: 2_000,
        imbalance: 1.0,
        class_names: layouts::orientation_classes,
        draw: layouts::orientation,
    },
    Entry {
        id: "generated/relations",
        title: "Relations",
        summary: "Where a solid thing is as seen from a hollow one.",
        role: Role::Transfer,
        metric: Top1,
        train: 1_200,
        validation: 300,
        test: 2_000,
        imbalance: 1.0,
        class_names: layouts::relation_classes,
        draw: layouts::relation,
    },
    Entry {
        id: "generated/silhouettes",
        title: "Silhouettes",
        summary: "Sixteen filled outlines of any colour among small distractors.",
        role: Role::Transfer,
        metric: Top1,
        train: 1_200,
        validation: 400,
        test: 2_000,
        imbalance: 1.0,
        class_names: surfaces::silhouette_classes,
        draw: surfaces::silhouette,
    },
    Entry {
        id: "generated/symbols",
        title: "Symbols",
        summary: "Thirty signs of an invented script, some of them rare.",
        role: Role::Transfer,
        metric: MeanPerClass,
        train: 1_800,
        validation: 500,
        test: 2_000,
        imbalance: 4.0,
        class_names: symbols::classes,
        draw: symbols::draw,
    },
    Entry {
        id: "generated/textures",
        title: "Textures",
        summary: "Patterns that fill the picture, at any angle, in any two colours.",
        role: Role::Transfer,
        metric: Top1,
        train: 1_000,
        validation: 400,
        test: 2_000,
        imbalance: 1.0,
        class_names: surfaces::texture_classes,
        draw: surfaces::texture,
    },
];

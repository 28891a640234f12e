//! What detectors find of objects of one size, and of one class.
//!
//! Pruning may spare what is large or frequent and lose what is small or rare, and a mean over all objects does not tell
//! (arXiv 2012.04643 looks at both). Objects that are scored apart from the others are a *stratum*. [`scores`] takes one
//! line for each stratum from a scored network, [`tables`] joins the replicates of a method at a keep.

mod classes;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use secateur_store::DetectionFacts;
use serde::{Deserialize, Serialize};

use crate::export::csv::float_order;
use crate::export::csv::strata::score_order;
use crate::row::{Control, Row};
use crate::stats::{self, Over, Summary};

/// By what objects are divided into strata.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StrataKind {
    /// By their area.
    Size,
    /// By their class.
    Class,
}

/// Objects that are scored apart from the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Stratum {
    /// `small`, `medium` or `large`; the name of a class; or `frequent`, `middle` or `rare` for a third of the classes.
    pub name: String,
    /// Which objects it has.
    #[serde(flatten)]
    pub extent: Extent,
    /// How many of the test split they are.
    pub objects: u64,
}

/// Which objects a stratum has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Extent {
    /// Those of a range of areas.
    Size {
        /// Least area in square pixels of the original picture.
        area_from: f64,
        /// Largest area; absent: any.
        area_to: Option<f64>,
    },
    /// Those of one class.
    Class,
    /// Those of several classes. Scores on them are means of the classes' scores.
    Classes {
        /// Names, the most frequent class first.
        classes: Vec<String>,
    },
}

impl Stratum {
    /// By what it is divided from the others.
    #[must_use]
    pub fn kind(&self) -> StrataKind {
        match self.extent {
            Extent::Size { .. } => StrataKind::Size,
            Extent::Class | Extent::Classes { .. } => StrataKind::Class,
        }
    }

    fn areas(&self) -> (f64, Option<f64>) {
        match self.extent {
            Extent::Size { area_from, area_to } => (area_from, area_to),
            Extent::Class | Extent::Classes { .. } => (0.0, None),
        }
    }

    /// What it has in common with the same stratum of another network.
    fn key(&self) -> (u64, &str) {
        (self.areas().0.to_bits(), &self.name)
    }

    /// The order of reading: sizes from small to large, classes from frequent to rare, those of one frequency by name.
    pub(crate) fn order(&self, other: &Stratum) -> Ordering {
        let frequency = |it: &Stratum| if it.kind() == StrataKind::Class { it.objects } else { 0 };
        let (areas, others) = (self.areas(), other.areas());
        self.kind()
            .cmp(&other.kind())
            .then_with(|| areas.0.total_cmp(&others.0))
            .then_with(|| frequency(other).cmp(&frequency(self)))
            .then_with(|| (&self.name, self.objects).cmp(&(&other.name, other.objects)))
            .then_with(|| float_order(areas.1, others.1))
    }
}

/// How well one scored network finds the objects of one stratum. Reproducible, as rows are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StratumScore {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for; 1 for dense rows.
    pub keep: f64,
    /// Replicate number.
    pub replicate: u32,
    /// The objects.
    pub stratum: Stratum,
    /// Average precision in `[0, 1]`, mean over overlaps (COCO); absent where there are no objects.
    pub ap: Option<f64>,
    /// Average precision at an overlap of 0.5.
    pub ap50: Option<f64>,
    /// Identity of the stage that gave the scores.
    pub stage: String,
}

/// The scores by size and by class of the network that `row` is about.
pub(crate) fn scores(row: &Row, detection: &DetectionFacts) -> Vec<StratumScore> {
    let score = |name: &str, extent: Extent, objects: u64, ap: Option<f64>, ap50: Option<f64>| StratumScore {
        suite: row.suite.clone(),
        track: row.track.clone(),
        protocol: row.protocol.clone(),
        regime: row.regime.clone(),
        task: row.task.clone(),
        method: row.method.clone(),
        control: row.control,
        keep: row.keep,
        replicate: row.replicate,
        stratum: Stratum { name: name.to_owned(), extent, objects },
        ap,
        ap50,
        stage: row.stage.clone(),
    };
    let sizes = detection.sizes.iter().map(|size| {
        let extent = Extent::Size { area_from: size.from, area_to: size.to };
        score(&size.name, extent, size.objects, size.ap, size.ap50)
    });
    let classes = detection
        .classes
        .iter()
        .map(|class| score(&class.name, Extent::Class, class.objects, class.ap, class.ap50));
    sizes.chain(classes).collect()
}

/// Scores by size or by class of everything that was run on one detection task in one track.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StrataTable {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// By what objects are divided.
    pub kind: StrataKind,
    /// The most replicates that one of its methods was scored in.
    pub replicates: usize,
    /// Sizes, smallest first; or classes by the objects that the test split has of them, most first, and by name among
    /// equals; or, if there are more than twelve classes, their thirds in that order.
    // Readers of `report.json` know it by this name.
    #[serde(rename = "bands")]
    pub strata: Vec<Stratum>,
    /// Classes that are in no third, since the test split has no object of them.
    pub left_out: usize,
    /// Dense controls first, then by keep from large to small, then by method.
    pub lines: Vec<StrataLine>,
}

/// A method at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StrataLine {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Replicates with a score.
    pub scored: usize,
    /// One cell for each stratum of the table, in its order.
    pub cells: Vec<StrataCell>,
    /// Of classes: Spearman's rank correlation over all of them between the logarithm of their objects in the test split
    /// and their drop in average precision, `dense-trained` minus the method in one replicate; of that the mean over the
    /// replicates that both have. Negative: rare classes lose more. Absent with fewer than four classes, for dense controls,
    /// and where all classes are as frequent or lose as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_correlation: Option<Summary>,
}

/// Scores on the objects of one stratum over replicates. Intervals are over seeds, hence absent with one replicate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StrataCell {
    /// Average precision, mean over overlaps.
    pub ap: Option<Summary>,
    /// Average precision at an overlap of 0.5.
    pub ap50: Option<Summary>,
}

impl StrataLine {
    /// Whether it is a dense control.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.control, Some(Control::DenseAsIs | Control::DenseTrained | Control::Scratch))
    }
}

/// Sorts scores of one kind into tables and joins replicates. The order of `scores` does not matter.
#[must_use]
pub fn tables(scores: &[StratumScore], kind: StrataKind) -> Vec<StrataTable> {
    let mut sorted: Vec<&StratumScore> = scores.iter().filter(|it| it.stratum.kind() == kind).collect();
    sorted.sort_by(|a, b| score_order(a, b));
    let one_table = |a: &&StratumScore, b: &&StratumScore| {
        (&a.suite, &a.track, &a.protocol, &a.regime, &a.task)
            == (&b.suite, &b.track, &b.protocol, &b.regime, &b.task)
    };
    sorted.chunk_by(one_table).filter_map(|own| table(own, kind)).collect()
}

fn table(scores: &[&StratumScore], kind: StrataKind) -> Option<StrataTable> {
    let first = scores.first()?;
    let strata = merged(scores);
    let places: BTreeMap<(u64, &str), usize> =
        strata.iter().enumerate().map(|(place, it)| (it.key(), place)).collect();
    let (columns, left_out) = match kind {
        StrataKind::Size => (Column::each(&strata), 0),
        StrataKind::Class => classes::columns(&strata),
    };
    let one_run = |a: &&StratumScore, b: &&StratumScore| {
        (a.control, &a.method, a.keep.to_bits()) == (b.control, &b.method, b.keep.to_bits())
    };
    let runs: Vec<Run> = scores.chunk_by(one_run).filter_map(|own| Run::of(own, &places)).collect();
    let dense = runs.iter().find(|run| run.control == Some(Control::DenseTrained));
    let line = |run: &Run| {
        let mut line = run.line(&columns);
        if let Some(dense) = dense.filter(|_| kind == StrataKind::Class && !line.is_dense()) {
            line.frequency_correlation =
                classes::frequency_correlation(&strata, &dense.replicates, &run.replicates);
        }
        line
    };
    let mut lines: Vec<StrataLine> = runs.iter().map(line).collect();
    lines.sort_by(|a, b| {
        let dense = b.is_dense().cmp(&a.is_dense());
        // Within a keep the order of the scores stays: controls and baselines first, then by name.
        dense.then_with(|| b.keep.total_cmp(&a.keep))
    });
    let replicates = lines.iter().filter(|line| !line.is_dense()).map(|line| line.scored).max();
    Some(StrataTable {
        suite: first.suite.clone(),
        track: first.track.clone(),
        protocol: first.protocol.clone(),
        regime: first.regime.clone(),
        task: first.task.clone(),
        kind,
        replicates: replicates.unwrap_or(0),
        strata: columns.into_iter().map(|column| column.stratum).collect(),
        left_out,
        lines,
    })
}

/// All networks of a task are scored on the same objects; should they differ, the most is told.
fn merged(scores: &[&StratumScore]) -> Vec<Stratum> {
    let mut strata: BTreeMap<(u64, &str), Stratum> = BTreeMap::new();
    for score in scores {
        let stratum = strata.entry(score.stratum.key()).or_insert_with(|| score.stratum.clone());
        stratum.objects = stratum.objects.max(score.stratum.objects);
    }
    let mut strata: Vec<Stratum> = strata.into_values().collect();
    strata.sort_by(Stratum::order);
    strata
}

/// A column of a table, and the places of the strata that it is a mean of.
struct Column {
    stratum: Stratum,
    members: Vec<usize>,
}

impl Column {
    /// A column for each of the strata.
    fn each(strata: &[Stratum]) -> Vec<Column> {
        let column =
            |(place, stratum): (usize, &Stratum)| Column { stratum: stratum.clone(), members: vec![place] };
        strata.iter().enumerate().map(column).collect()
    }
}

/// What one network scores on one stratum.
#[derive(Clone, Copy, Default)]
struct Precision {
    ap: Option<f64>,
    ap50: Option<f64>,
}

/// By replicate, what a network scores on each stratum.
type Replicates = BTreeMap<u32, Vec<Precision>>;

/// The networks of a method at a keep.
struct Run<'a> {
    method: &'a str,
    control: Option<Control>,
    keep: f64,
    replicates: Replicates,
}

impl<'a> Run<'a> {
    fn of(scores: &[&'a StratumScore], places: &BTreeMap<(u64, &str), usize>) -> Option<Run<'a>> {
        let first = scores.first()?;
        let mut replicates = Replicates::new();
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        for score in scores {
            let Some(place) = places.get(&score.stratum.key()) else { continue };
            let own =
                replicates.entry(score.replicate).or_insert_with(|| vec![Precision::default(); places.len()]);
            // One value for each replicate. Contradictory ones are an error on the board; here the first stands.
            own[*place].ap = own[*place].ap.or(finite(score.ap));
            own[*place].ap50 = own[*place].ap50.or(finite(score.ap50));
        }
        Some(Run { method: &first.method, control: first.control, keep: first.keep, replicates })
    }

    fn line(&self, columns: &[Column]) -> StrataLine {
        let cell = |column: &Column| {
            let summary = |value: fn(&Precision) -> Option<f64>| {
                // A mean of other strata than in the next replicate would be another quantity.
                let mean = |own: &Vec<Precision>| {
                    let values: Option<Vec<f64>> = column.members.iter().map(|it| value(&own[*it])).collect();
                    stats::mean(&values?)
                };
                let means: Vec<f64> = self.replicates.values().filter_map(mean).collect();
                Summary::of(&means, Over::SeedsAtFixedTasks)
            };
            StrataCell { ap: summary(|it| it.ap), ap50: summary(|it| it.ap50) }
        };
        StrataLine {
            method: self.method.to_owned(),
            control: self.control,
            keep: self.keep,
            scored: self.replicates.len(),
            cells: columns.iter().map(cell).collect(),
            frequency_correlation: None,
        }
    }
}

#[cfg(test)]
mod tests;

//! What changed in a night, why it can have, and whether it is more than seeds do.

use std::collections::{BTreeMap, BTreeSet};

use secateur_store::{Cell, CellKey, Facts, Night, Outcome, Scored};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::draws::{Draws, Reference, gather, over_tasks, scatter};
use super::drift::{self, Drift};

use crate::stats::compare::holm;
use crate::stats::mean;

/// How sure a night must be before it raises an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Options {
    /// The chance that a night in which nothing is wrong raises an alarm, for changed numbers and for drift together. It is divided
    /// equally between the two, and within each over all comparisons after Holm.
    pub alarm: f64,
}

impl Default for Options {
    /// One quiet night in two hundred.
    fn default() -> Self {
        Self { alarm: 0.005 }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// A score fell by more than seeds explain, or a result that was there is not there any more.
    Regression,
    /// A score rose by more than seeds explain.
    Improvement,
    /// The number is another one, and seeds explain it.
    WithinNoise,
    /// There are too few draws to tell.
    TooFewDraws,
}

/// A cell whose fixed replicates have other scores than before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Which; without a task it is the mean over all tasks.
    pub key: CellKey,
    /// How many fixed replicates have another score, of how many.
    pub changed: (usize, usize),
    /// Mean of the draws before, and their number.
    pub before: (f64, usize),
    /// Mean of tonight's new draws, and their number.
    pub after: (f64, usize),
    /// Standard deviation of one draw, from all nights; absent if there are too few.
    pub sd: Option<f64>,
    /// Two-sided p-value of the difference, corrected for the number of comparisons after Holm.
    pub p: Option<f64>,
    /// What it amounts to.
    pub level: Grade,
}

impl Change {
    /// Tonight minus before.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.after.0 - self.before.0
    }
}

/// A cell that had a score in the night before and has none tonight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unscored {
    /// Which.
    pub key: CellKey,
    /// Fixed replicate.
    pub replicate: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub detail: String,
}

/// What the suite does not have any more, or has newly: a method, a task, a keep, or another thing under an old name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gone {
    /// `method`, `task`, `track`, `keep` or `cells`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Cells that it takes along.
    pub cells: usize,
}

/// What is thought of a night.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The night.
    pub number: u32,
    /// Name of the suite.
    pub suite: String,
    /// What is judged, for people: `night 13 of drill`.
    pub name: String,
    /// What it is held against, for people: `night 12`.
    pub against: String,
    /// The accepted night that it is held against; absent for a first night.
    pub base: Option<u32>,
    /// Accepted nights that the noise is learnt from.
    pub history: usize,
    /// Facts that are other ones than in the base night: name, before, after. Absent values are empty.
    pub causes: Vec<(String, String, String)>,
    /// What is not in the suite any more.
    pub removed: Vec<Gone>,
    /// What is new in it.
    pub added: Vec<Gone>,
    /// Labels that stand for another method, other parameters, or another metric than before; they are not compared.
    pub redefined: Vec<String>,
    /// Scores that the base night had and this one has not.
    pub unscored: Vec<Unscored>,
    /// Changed numbers, worst first.
    pub changes: Vec<Change>,
    /// Cells whose fixed replicates were computed anew and came out the same, bit for bit.
    pub confirmed: usize,
    /// Cells that were compared.
    pub compared: usize,
    /// What the rotating replicate says where the numbers did not change.
    pub drifts: Vec<Drift>,
    /// Fixed replicates without a score, whatever the base night had.
    pub missing: usize,
}

impl Judgement {
    /// The same judgement of two things that are no nights, under their own names.
    #[must_use]
    pub fn named(self, name: &str, against: &str) -> Self {
        Self { name: name.to_owned(), against: against.to_owned(), ..self }
    }

    /// Whether the night has something that must be looked at.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        !self.unscored.is_empty()
            || self.changes.iter().any(|change| change.level == Grade::Regression)
            || self.drifts.iter().any(|drift| drift.difference < 0.0)
    }

    /// Changes of a level.
    pub fn of(&self, level: Grade) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.level == level)
    }

    /// The verdict in one line.
    #[must_use]
    pub fn verdict(&self) -> String {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            number => Some(format!("{number} {many}")),
        };
        let level = |level| self.of(level).count();
        let falling = self.drifts.iter().filter(|drift| drift.difference < 0.0).count();
        let parts: Vec<String> = [
            count(self.unscored.len(), "result is gone", "results are gone"),
            count(level(Grade::Regression), "regression", "regressions"),
            count(falling, "falling drift", "falling drifts"),
            count(level(Grade::Improvement), "improvement", "improvements"),
            count(self.drifts.len() - falling, "rising drift", "rising drifts"),
            count(level(Grade::WithinNoise), "change within noise", "changes within noise"),
            count(
                level(Grade::TooFewDraws),
                "change that cannot be told yet",
                "changes that cannot be told yet",
            ),
            count(self.removed.len(), "removal", "removals"),
            count(self.added.len(), "addition", "additions"),
            count(self.redefined.len(), "label redefined", "labels redefined"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let word = match (self.is_alarm(), self.base) {
            (true, _) => "ALARM",
            (false, None) => "FIRST",
            (false, Some(_)) => "OK",
        };
        let what = match (self.base, parts.is_empty()) {
            (None, _) => "nothing to hold it against".to_owned(),
            (Some(_), true) => format!("nothing changed since {}", self.against),
            (Some(_), false) => parts.join(", "),
        };
        let cause = match (self.causes.as_slice(), self.base) {
            ([], _) | (_, None) => String::new(),
            (causes, _) => {
                let names: BTreeSet<&str> =
                    causes.iter().map(|(name, _, _)| name.split(' ').next().unwrap_or(name)).collect();
                format!("; other than before: {}", names.into_iter().collect::<Vec<_>>().join(", "))
            }
        };
        format!("{word}: {}: {what}{cause}", self.name)
    }
}

/// Holds a night against those before it.
///
/// A cell is compared if any of its fixed replicates has a score that no accepted night had for it. The new draws, those of the
/// rotating replicate included, are held against all draws since the level was last accepted, by Student's t with a
/// variance pooled over all levels and tonight. It is never taken to be smaller than one test picture's worth. Where no number changed,
/// [`Drift`] looks at the rotating replicates.
#[must_use]
pub fn judge(history: &[Night], tonight: &Night, options: Options) -> Judgement {
    let accepted =
        |night: &&Night| night.accepted && night.suite == tonight.suite && night.number != tonight.number;
    let base = history.iter().filter(accepted).max_by_key(|night| night.number);
    let known = gather(history, tonight);
    let mut judgement = Judgement {
        number: tonight.number,
        suite: tonight.suite.clone(),
        name: format!("night {} of {}", tonight.number, tonight.suite),
        against: base.map_or_else(String::new, |base| format!("night {}", base.number)),
        base: base.map(|night| night.number),
        history: history.iter().filter(accepted).count(),
        causes: base.map_or_else(Vec::new, |base| differences(&base.facts, &tonight.facts)),
        removed: Vec::new(),
        added: Vec::new(),
        redefined: Vec::new(),
        unscored: Vec::new(),
        changes: Vec::new(),
        confirmed: 0,
        compared: 0,
        drifts: Vec::new(),
        missing: missing(tonight),
    };
    let Some(base) = base else { return judgement };
    judgement.removed = gone(&base.cells, &tonight.cells);
    judgement.added = gone(&tonight.cells, &base.cells);
    let means = over_tasks(&tonight.cells);
    let base_means = over_tasks(&base.cells);
    let before: BTreeMap<&CellKey, &Cell> =
        base.cells.iter().chain(&base_means).map(|cell| (&cell.key, cell)).collect();
    judgement.redefined = redefined(&before, tonight);
    judgement.unscored = unscored(&before, tonight);
    let mut steady: Vec<(&Cell, &Draws)> = Vec::new();
    for cell in tonight.cells.iter().chain(&means) {
        let Some(draws) = known.get(&cell.key).filter(|draws| draws.is_of(cell)) else { continue };
        let Some(reference) = draws.reference() else { continue };
        judgement.compared += usize::from(!cell.key.task.is_empty());
        match compare(cell, before.get(&cell.key).copied(), draws, &reference, tonight.fixed) {
            Compared::Changed(change) => judgement.changes.push(*change),
            Compared::Confirmed => {
                judgement.confirmed += usize::from(!cell.key.task.is_empty());
                steady.push((cell, draws));
            }
            Compared::Same => steady.push((cell, draws)),
        }
    }
    decide(&mut judgement.changes, options.alarm / 2.0);
    judgement.drifts = drift::find(&steady, tonight.number, tonight.fixed, options.alarm / 2.0);
    judgement
}

enum Compared {
    /// Read from the store.
    Same,
    /// Computed anew, with the same scores.
    Confirmed,
    Changed(Box<Change>),
}

fn compare(cell: &Cell, before: Option<&Cell>, draws: &Draws, reference: &Reference, fixed: u32) -> Compared {
    let own = || cell.scores.iter().filter(|scored| scored.replicate < fixed && scored.score.is_some());
    let old = |replicate| before.and_then(|cell| cell.scores.iter().find(|it| it.replicate == replicate));
    let changed = own().filter(|scored| draws.is_new(scored)).count();
    let anew =
        own().filter(|scored| old(scored.replicate).is_some_and(|old| old.stage != scored.stage)).count();
    if changed == 0 {
        return if anew > 0 { Compared::Confirmed } else { Compared::Same };
    }
    // A replicate that was computed anew and came out the same is a draw of tonight all the same.
    let is_anew = |scored: &&Scored| {
        draws.is_new(scored) || old(scored.replicate).is_none_or(|old| old.stage != scored.stage)
    };
    let new: Vec<f64> = cell.scores.iter().filter(is_anew).filter_map(|scored| scored.score).collect();
    let after = mean(&new).unwrap_or_default();
    let (squares, freedom) = scatter(&new);
    let freedom = freedom + reference.freedom;
    let sd =
        (freedom >= 2.0).then(|| ((squares + reference.squares) / freedom).sqrt().max(reference.resolution));
    let p = sd.and_then(|sd| {
        let error = sd * (1.0 / new.len() as f64 + 1.0 / reference.count as f64).sqrt();
        chance(after - reference.mean, error, freedom)
    });
    Compared::Changed(Box::new(Change {
        key: cell.key.clone(),
        changed: (changed, own().count()),
        before: (reference.mean, reference.count),
        after: (after, new.len()),
        sd,
        p,
        level: Grade::TooFewDraws,
    }))
}

/// Two-sided p-value of a difference with a standard error.
pub(super) fn chance(difference: f64, error: f64, freedom: f64) -> Option<f64> {
    if error <= 0.0 {
        return Some(if difference == 0.0 { 1.0 } else { 0.0 });
    }
    Some(2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf((difference / error).abs()))
}

/// Corrects the p-values, says what each change amounts to, and puts the worst first.
fn decide(changes: &mut [Change], alarm: f64) {
    let raw: Vec<f64> = changes.iter().filter_map(|change| change.p).collect();
    let corrected = holm(&raw);
    for (change, p) in changes.iter_mut().filter(|change| change.p.is_some()).zip(corrected) {
        change.p = Some(p);
        change.level = match (p <= alarm, change.difference() < 0.0) {
            (false, _) => Grade::WithinNoise,
            (true, true) => Grade::Regression,
            (true, false) => Grade::Improvement,
        };
    }
    changes.sort_by(|a, b| {
        let p = |change: &Change| change.p.unwrap_or(1.0);
        a.level.cmp(&b.level).then(p(a).total_cmp(&p(b))).then_with(|| a.key.cmp(&b.key))
    });
}

/// Facts that differ, by name.
fn differences(before: &Facts, after: &Facts) -> Vec<(String, String, String)> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |facts: &Facts, name: &String| facts.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .map(|name| (name.clone(), value(before, name), value(after, name)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// What `from` has and `to` has not, under the broadest name that covers it.
fn gone(from: &[Cell], to: &[Cell]) -> Vec<Gone> {
    let there: BTreeSet<&CellKey> = to.iter().map(|cell| &cell.key).collect();
    let mut left: Vec<&CellKey> =
        from.iter().map(|cell| &cell.key).filter(|key| !there.contains(key)).collect();
    let mut gone = Vec::new();
    type Name = fn(&CellKey) -> &str;
    let kinds: [(&'static str, Name); 4] = [
        ("track", |key| &key.track),
        ("method", |key| &key.method),
        ("task", |key| &key.task),
        ("keep", |key| &key.keep),
    ];
    for (what, name) in kinds {
        let kept: BTreeSet<&str> = to.iter().map(|cell| name(&cell.key)).collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for key in &left {
            if !kept.contains(name(key)) {
                *counts.entry(name(key)).or_default() += 1;
            }
        }
        gone.extend(counts.iter().map(|(name, cells)| Gone {
            what,
            name: (*name).to_owned(),
            cells: *cells,
        }));
        left.retain(|key| kept.contains(name(key)));
    }
    // What is left is a combination of names that both have.
    let mut combinations: BTreeMap<String, usize> = BTreeMap::new();
    for key in left {
        let name =
            format!("{} at keep {} ({}, {} {})", key.method, key.keep, key.track, key.regime, key.protocol);
        *combinations.entry(name).or_default() += 1;
    }
    gone.extend(combinations.into_iter().map(|(name, cells)| Gone { what: "cells", name, cells }));
    gone
}

fn redefined(base: &BTreeMap<&CellKey, &Cell>, tonight: &Night) -> Vec<String> {
    let mut labels = BTreeSet::new();
    for cell in &tonight.cells {
        if let Some(old) = base.get(&cell.key) {
            if old.method != cell.method {
                labels.insert(format!("{}: {} was {}", cell.key.method, cell.method, old.method));
            } else if old.metric != cell.metric && !old.metric.is_empty() && !cell.metric.is_empty() {
                labels.insert(format!("{}: {} was {}", cell.key.task, cell.metric, old.metric));
            }
        }
    }
    labels.into_iter().collect()
}

fn unscored(base: &BTreeMap<&CellKey, &Cell>, tonight: &Night) -> Vec<Unscored> {
    let mut unscored = Vec::new();
    for cell in &tonight.cells {
        let Some(old) = base.get(&cell.key) else { continue };
        for scored in cell.scores.iter().filter(|it| it.replicate < tonight.fixed && it.score.is_none()) {
            let had = old.scores.iter().any(|it| it.replicate == scored.replicate && it.score.is_some());
            if had {
                unscored.push(Unscored {
                    key: cell.key.clone(),
                    replicate: scored.replicate,
                    outcome: scored.outcome,
                    detail: scored.detail.clone(),
                });
            }
        }
    }
    unscored
}

fn missing(night: &Night) -> usize {
    let scores = night.cells.iter().flat_map(|cell| &cell.scores);
    scores.filter(|scored| scored.replicate < night.fixed && scored.score.is_none()).count()
}

//! How far our ranking of methods agrees with a paper's.
//!
//! A paper's figures come from other data, networks and training than ours, so they are never ranked together. What can be
//! compared is the order of the methods that both have, under the same protocol and regime at the same sparsity: by
//! Kendall's tau-b of the means over tasks.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::board::{Board, BoardKey, Entry};
use crate::conditions::TransferConditions;
use crate::draws::{self, DRAWS, Draw, PUBLISHED_TASKS, Scores};
use crate::published::{PublishedFigure, PublishedName, PublishedProtocol};
use crate::row::Control;
use crate::stats::bootstrap::percentile_ends;
use crate::stats::correlation::{Chance, kendall_chance, kendall_tau_b};
use crate::stats::{self, average_ranks};

/// Metrics of papers by which methods can be ranked: scores of which more is better.
const SCORES: [&str; 8] =
    ["top1", "mean-per-class", "coco-ap", "voc-map", "ap50", "voc-ap50", "voc07-ap50", "mean of metrics"];

/// Methods that both rankings must have: of two there is one pair, which is the same way round or not.
const FEWEST: usize = 3;

/// Begin of a task that is none, but a mean over others.
const MEAN: &str = "mean of ";

/// One of our boards at a keep held against a paper's table.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Agreement {
    /// Our board.
    pub key: BoardKey,
    /// Our keep; the paper's sparsity is one minus it.
    pub keep: f64,
    /// Who published the other ranking.
    pub citation: String,
    /// The paper's network.
    pub network: String,
    /// The methods that both have, in our order.
    pub methods: Vec<AgreedMethod>,
    /// Kendall's tau-b of the two rankings; absent where one side is tied altogether.
    pub tau: Option<f64>,
    /// Ends of its interval.
    pub interval: Option<(f64, f64)>,
    /// What was drawn with replacement for it.
    pub drawn: Vec<String>,
    /// Draws without a tau, because a side is tied altogether: they are left out.
    pub left_out: usize,
    /// How likely a tau as far from zero is between rankings that have nothing to do with one another.
    pub chance: Option<Chance>,
    /// Pairs of our labels that the paper has in the other order; the one that is ahead with us comes first.
    pub disagreements: Vec<(String, String)>,
    /// Our tasks.
    pub tasks: usize,
    /// The most replicates that one of our methods has.
    pub replicates: usize,
    /// The paper's tasks that all its methods were run on; 0 where it gives only means.
    pub published_tasks: usize,
}

/// A method that both sides have.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AgreedMethod {
    /// Our label.
    pub method: String,
    /// Further labels of ours that mean the same method of the paper, and are not ranked.
    pub others: Vec<String>,
    /// Its name in the paper.
    pub published: String,
    /// What is different.
    pub remark: Option<String>,
    /// Our mean over tasks.
    pub score: f64,
    /// Its rank among the methods that both have; ties share one.
    pub rank: f64,
    /// The paper's mean over tasks, in its own unit.
    pub published_score: f64,
    /// The rank of that.
    pub published_rank: f64,
}

/// Compares every board at every keep with every table that has its protocol, regime and sparsity, and at least two methods
/// in common with it. Tasks of which the paper scored other pictures than the official ones count on neither side.
#[must_use]
pub fn agreements(
    boards: &[Board],
    figures: &[PublishedFigure],
    names: &[PublishedName],
    protocols: &[PublishedProtocol],
    conditions: &[TransferConditions],
) -> Vec<Agreement> {
    let papers: BTreeSet<(&str, &str)> =
        figures.iter().map(|figure| (figure.citation.as_str(), figure.network.as_str())).collect();
    let mut found = Vec::new();
    // Papers count zeros among weights; channels are another thing.
    for board in boards.iter().filter(|board| board.key.granularity == "weights") {
        for keep in board.keeps() {
            for (citation, network) in &papers {
                let own: Vec<&PublishedFigure> = figures
                    .iter()
                    .filter(|it| it.citation == *citation && it.network == *network)
                    .filter(|it| it.protocol == board.key.protocol && it.regime == board.key.regime)
                    .filter(|it| SCORES.contains(&it.metric.as_str()))
                    .filter(|it| {
                        !of_paper(protocols, citation).any(|own| own.other_splits.contains_key(&it.task))
                    })
                    .collect();
                let left_out = left_out(board, of_paper(protocols, citation), conditions);
                found.extend(agreement((board, &left_out), keep, &own, names));
            }
        }
    }
    found
}

/// The protocols of a paper.
fn of_paper<'a>(
    protocols: &'a [PublishedProtocol],
    citation: &'a str,
) -> impl Iterator<Item = &'a PublishedProtocol> {
    protocols.iter().filter(move |protocol| protocol.citation == citation)
}

/// Places of our tasks that are sets of which the paper scored other pictures.
fn left_out<'a>(
    board: &Board,
    protocols: impl Iterator<Item = &'a PublishedProtocol>,
    conditions: &[TransferConditions],
) -> BTreeSet<usize> {
    let own: Vec<&TransferConditions> = conditions.iter().filter(|it| it.suite == board.key.suite).collect();
    let others: BTreeSet<&str> = protocols
        .flat_map(|protocol| protocol.other_splits.keys().filter_map(|task| protocol.tasks.get(task)))
        .map(String::as_str)
        .collect();
    let is_other = |task: &str| {
        let sources = own.iter().filter_map(|it| it.tasks.get(task)?.source.as_ref()?.official.as_ref());
        sources.into_iter().any(|official| others.contains(official.set.as_str()))
    };
    board.tasks.iter().enumerate().filter(|(_, task)| is_other(&task.id)).map(|(place, _)| place).collect()
}

/// A method that both sides have, before it is ranked.
struct Both<'a> {
    entry: &'a Entry,
    scores: Scores,
    others: Vec<String>,
    name: &'a PublishedName,
    figures: Vec<&'a PublishedFigure>,
}

fn agreement(
    (board, left_out): (&Board, &BTreeSet<usize>),
    keep: f64,
    figures: &[&PublishedFigure],
    names: &[PublishedName],
) -> Option<Agreement> {
    let first = figures.first()?;
    let entries: Vec<&Entry> = board.methods().filter(|it| it.keep.to_bits() == keep.to_bits()).collect();
    let mut both: Vec<Both<'_>> = Vec::new();
    for name in names {
        let own: Vec<&PublishedFigure> =
            figures.iter().copied().filter(|figure| name.names(figure, (1.0 - keep) * 100.0)).collect();
        if !own.is_empty() && !both.iter().any(|it| it.name.method == name.method) {
            let taken: Vec<&str> = both.iter().map(|it| it.entry.method.as_str()).collect();
            both.extend(ours((&entries, left_out), &taken, name, own));
        }
    }
    let columns = columns(figures, &both);
    if both.len() < FEWEST || columns.is_empty() {
        return None;
    }
    let theirs: Vec<Vec<f64>> = both
        .iter()
        .map(|it| columns.iter().filter_map(|column| value(&it.figures, column)).collect())
        .collect();
    let our_means: Vec<f64> = both.iter().filter_map(|it| it.scores.mean()).collect();
    let their_means: Vec<f64> = theirs.iter().filter_map(|values| stats::mean(values)).collect();
    let published_tasks = columns.iter().filter(|(task, _)| !task.starts_with(MEAN)).count();
    let tasks = both.iter().map(|it| it.scores.tasks()).max()?;
    let replicates = both.iter().map(|it| it.scores.replicates()).max()?;
    let mut drawn = Vec::new();
    for (count, words) in
        [(tasks, "our tasks"), (replicates, "our replicates"), (published_tasks, "the paper's tasks")]
    {
        if count > 1 {
            drawn.push(words.to_owned());
        }
    }
    let taus: Vec<f64> = (0..if drawn.is_empty() { 0 } else { DRAWS })
        .filter_map(|draw| tau_of(draw, &both, &theirs, (tasks, replicates)))
        .collect();
    let left_out = if drawn.is_empty() { 0 } else { DRAWS - taus.len() };
    let (ranks, published_ranks) = (average_ranks(&our_means), average_ranks(&their_means));
    let mut methods: Vec<AgreedMethod> = both
        .iter()
        .enumerate()
        .map(|(place, it)| AgreedMethod {
            method: it.entry.method.clone(),
            others: it.others.clone(),
            published: it.name.method.clone(),
            remark: it.name.remark.clone(),
            score: our_means[place],
            rank: ranks[place],
            published_score: their_means[place],
            published_rank: published_ranks[place],
        })
        .collect();
    methods.sort_by(|a, b| {
        a.rank
            .total_cmp(&b.rank)
            .then(a.published_rank.total_cmp(&b.published_rank))
            .then(a.method.cmp(&b.method))
    });
    Some(Agreement {
        key: board.key.clone(),
        keep,
        citation: first.citation.clone(),
        network: first.network.clone(),
        tau: kendall_tau_b(&our_means, &their_means),
        interval: percentile_ends(taus),
        drawn,
        left_out,
        chance: kendall_chance(&our_means, &their_means),
        disagreements: disagreements(&methods),
        methods,
        tasks,
        replicates,
        published_tasks,
    })
}

/// The first entry that `name` means, no baseline if there is another, and the labels of the rest.
fn ours<'a>(
    (entries, left_out): (&[&'a Entry], &BTreeSet<usize>),
    taken: &[&str],
    name: &'a PublishedName,
    figures: Vec<&'a PublishedFigure>,
) -> Option<Both<'a>> {
    let means = |entry: &&&Entry| {
        let mut configurations = entry.configurations.iter();
        // An entry that is given several times as much as the others is another method in the papers, such as RigL's "5x".
        entry.budget.stretch == 1
            && configurations.all(|(id, parameters)| name.means(id, parameters))
            && !taken.contains(&entry.method.as_str())
    };
    let mut meant: Vec<(&Entry, Scores)> = entries
        .iter()
        .filter(means)
        .filter_map(|entry| Some((*entry, Scores::of(entry)?.without(left_out))))
        .collect();
    meant.retain(|(_, scores)| scores.tasks() > 0);
    meant.sort_by_key(|(entry, _)| entry.control == Some(Control::Baseline));
    let mut meant = meant.into_iter();
    let (entry, scores) = meant.next()?;
    Some(Both { entry, scores, others: meant.map(|(it, _)| it.method.clone()).collect(), name, figures })
}

/// The tasks that all methods were run on in the paper, each with the first metric that all have. Means over tasks only
/// where there are no tasks.
fn columns<'a>(figures: &[&'a PublishedFigure], both: &[Both<'_>]) -> Vec<(&'a str, &'a str)> {
    let mut columns: Vec<(&str, &str)> = Vec::new();
    for figure in figures {
        let column = (figure.task.as_str(), figure.metric.as_str());
        let is_new = columns.iter().all(|(task, _)| *task != column.0);
        if is_new && both.iter().all(|it| value(&it.figures, &column).is_some()) {
            columns.push(column);
        }
    }
    let (means, tasks): (Vec<_>, Vec<_>) = columns.into_iter().partition(|(task, _)| task.starts_with(MEAN));
    if tasks.is_empty() { means.into_iter().take(1).collect() } else { tasks }
}

fn value(figures: &[&PublishedFigure], (task, metric): &(&str, &str)) -> Option<f64> {
    figures.iter().find(|it| it.task == *task && it.metric == *metric)?.value.parse().ok()
}

/// Tau-b of one draw of our tasks and replicates, and of the paper's tasks.
fn tau_of(
    draw: usize,
    both: &[Both<'_>],
    theirs: &[Vec<f64>],
    (tasks, replicates): (usize, usize),
) -> Option<f64> {
    let ours = Draw::new(draw, tasks, replicates);
    let columns = draws::places(PUBLISHED_TASKS, draw, theirs.first()?.len());
    let our_means: Option<Vec<f64>> = both.iter().map(|it| ours.mean(&it.scores)).collect();
    let their_means: Option<Vec<f64>> = theirs
        .iter()
        .map(|values| stats::mean(&columns.iter().map(|column| values[*column]).collect::<Vec<_>>()))
        .collect();
    kendall_tau_b(&our_means?, &their_means?)
}

fn disagreements(methods: &[AgreedMethod]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (place, ahead) in methods.iter().enumerate() {
        for behind in &methods[place + 1..] {
            if ahead.rank < behind.rank && ahead.published_rank > behind.published_rank {
                pairs.push((ahead.method.clone(), behind.method.clone()));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests;

//! Bootstrap draws: tasks and replicates with replacement.
//!
//! A draw is made of streams of numbers that depend on what they are for and on the number of the draw, and on nothing
//! else. So all analyses see the same draws, and a method more or less changes none of them.
//!
//! Tasks and replicates are drawn independently of each other, not replicates anew within each task: one replicate is one
//! pruned network that is scored on all tasks, so what is peculiar to it must stay with it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::board::Entry;
use crate::stats::bootstrap::percentile_ends;
use crate::stats::{self, Interval, Over};

/// Draws of every interval that is made here.
pub(crate) const DRAWS: usize = 1000;

/// What the streams of random numbers are for. Another text would be another stream, and change published intervals.
pub(crate) const REPLICATES: &str = "secateur-reports 2026-11: replicates of a draw, paired bootstrap";
const TASKS: &str = "secateur-reports 2026-11: tasks of a draw";
/// Tasks of a paper, which are others than ours.
pub(crate) const PUBLISHED_TASKS: &str = "secateur-reports 2026-11: tasks of a paper of a draw";

/// The random numbers of one draw for one purpose.
pub(crate) struct Stream(blake3::OutputReader);

impl Stream {
    pub(crate) fn new(purpose: &str, draw: usize) -> Stream {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        Stream(hasher.update(&(draw as u64).to_le_bytes()).finalize_xof())
    }

    /// A number of which all 2^64 are as likely.
    pub(crate) fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// One of `count` places for a number. Of 2^64 numbers each place gets as many but for one: no bias that a thousand draws
/// could show.
pub(crate) fn place(number: u64, count: usize) -> usize {
    ((u128::from(number) * count as u128) >> 64) as usize
}

/// `count` of `count` places, drawn with replacement.
pub(crate) fn places(purpose: &str, draw: usize, count: usize) -> Vec<usize> {
    let mut stream = Stream::new(purpose, draw);
    (0..count).map(|_| place(stream.number(), count)).collect()
}

/// The scores of a method at a keep: `[tasks][replicates]`, replicates in their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scores(Vec<Vec<f64>>);

impl Scores {
    /// Nothing for an entry that lacks a score.
    pub(crate) fn of(entry: &Entry) -> Option<Scores> {
        let row = |cell: &crate::board::Cell| cell.trials.iter().map(|trial| trial.score).collect();
        let rows: Option<Vec<Vec<f64>>> = entry.cells.iter().map(row).collect();
        rows.filter(|_| entry.complete).map(Scores)
    }

    /// The scores of these replicates alone. Nothing if one is missing on a task.
    pub(crate) fn of_replicates(entry: &Entry, replicates: &BTreeSet<u32>) -> Option<Scores> {
        let row = |cell: &crate::board::Cell| -> Option<Vec<f64>> {
            let shared = cell.trials.iter().filter(|trial| replicates.contains(&trial.replicate));
            shared.map(|trial| trial.score).collect()
        };
        let rows: Option<Vec<Vec<f64>>> = entry.cells.iter().map(row).collect();
        rows.filter(|rows| rows.iter().all(|row| row.len() == replicates.len())).map(Scores)
    }

    /// The same without the tasks at some places.
    pub(crate) fn without(self, places: &BTreeSet<usize>) -> Scores {
        let kept = self.0.into_iter().enumerate().filter(|(place, _)| !places.contains(place));
        Scores(kept.map(|(_, scores)| scores).collect())
    }

    /// One score for each task.
    pub(crate) fn of_tasks(scores: &[f64]) -> Scores {
        Scores(scores.iter().map(|score| vec![*score]).collect())
    }

    /// The differences from another method with the same tasks and replicates, each from its counterpart.
    pub(crate) fn minus(&self, other: &Scores) -> Scores {
        let row = |(ours, theirs): (&Vec<f64>, &Vec<f64>)| {
            ours.iter().zip(theirs).map(|(ours, theirs)| ours - theirs).collect()
        };
        Scores(self.0.iter().zip(&other.0).map(row).collect())
    }

    pub(crate) fn tasks(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn replicates(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Mean over replicates on each task.
    pub(crate) fn means(&self) -> Vec<f64> {
        self.0.iter().filter_map(|scores| stats::mean(scores)).collect()
    }

    /// Mean over tasks of the means over replicates.
    pub(crate) fn mean(&self) -> Option<f64> {
        stats::mean(&self.means())
    }
}

/// Tasks and replicates of one draw.
pub(crate) struct Draw {
    tasks: Vec<usize>,
    /// As many as the most replicates of a method. A number stands for a place in each method's own list of replicates:
    /// methods with the same replicates get the same ones, and one with fewer loses none of them.
    replicates: Vec<u64>,
}

impl Draw {
    pub(crate) fn new(draw: usize, tasks: usize, replicates: usize) -> Draw {
        let mut stream = Stream::new(REPLICATES, draw);
        Draw {
            tasks: places(TASKS, draw, tasks),
            replicates: (0..replicates).map(|_| stream.number()).collect(),
        }
    }

    /// The same with every task once: for tasks that are fixed.
    pub(crate) fn of_replicates(draw: usize, tasks: usize, replicates: usize) -> Draw {
        Draw { tasks: (0..tasks).collect(), ..Draw::new(draw, tasks, replicates) }
    }

    /// Mean over the drawn replicates on each drawn task.
    pub(crate) fn means(&self, scores: &Scores) -> Vec<f64> {
        self.each_mean(scores).collect()
    }

    /// Mean over the drawn tasks of that.
    pub(crate) fn mean(&self, scores: &Scores) -> Option<f64> {
        // Without a list of them: this is done a thousand times for each of what may be thousands of methods.
        let (sum, count) =
            self.each_mean(scores).fold((0.0, 0_u32), |(sum, count), mean| (sum + mean, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    pub(crate) fn each_mean(&self, scores: &Scores) -> impl Iterator<Item = f64> {
        self.tasks.iter().filter_map(|task| {
            let scores = scores.0.get(*task).filter(|scores| !scores.is_empty())?;
            let drawn = self.replicates.iter().map(|number| scores[place(*number, scores.len())]);
            Some(drawn.sum::<f64>() / self.replicates.len() as f64)
        })
    }
}

/// What draws of so many tasks and replicates say something of; nothing for one of each.
pub(crate) fn over(tasks: usize, replicates: usize) -> Option<Over> {
    match (tasks > 1, replicates > 1) {
        (true, true) => Some(Over::TasksAndSeeds),
        (true, false) => Some(Over::Tasks),
        (false, true) => Some(Over::SeedsAtFixedTasks),
        (false, false) => None,
    }
}

/// All draws of so many tasks and replicates, made once for many intervals.
pub(crate) struct Draws {
    over: Option<Over>,
    all: Vec<Draw>,
}

impl Draws {
    pub(crate) fn new(tasks: usize, replicates: usize) -> Draws {
        let over = over(tasks, replicates);
        let count = if over.is_some() { DRAWS } else { 0 };
        Draws { over, all: (0..count).map(|draw| Draw::new(draw, tasks, replicates)).collect() }
    }

    /// The percentile interval of `value`. Nothing for one task and one replicate, or where a draw has no value.
    pub(crate) fn interval(&self, value: impl Fn(&Draw) -> Option<f64>) -> Option<Interval> {
        let (low, high) = percentile_ends(self.values(value)?)?;
        Some(Interval { low, high, over: self.over? })
    }

    /// The means of each draw on its tasks.
    pub(crate) fn means(&self, scores: &Scores) -> Vec<Vec<f64>> {
        self.all.iter().map(|draw| draw.means(scores)).collect()
    }

    /// As [`Draws::interval`], of a value that also depends on what belongs to each draw.
    pub(crate) fn interval_with<T>(
        &self,
        belonging: &[T],
        value: impl Fn(&Draw, &T) -> Option<f64>,
    ) -> Option<Interval> {
        let values: Option<Vec<f64>> =
            self.all.iter().zip(belonging).map(|(draw, it)| value(draw, it)).collect();
        let (low, high) = percentile_ends(values?)?;
        Some(Interval { low, high, over: self.over? })
    }

    /// The value of each draw; nothing where a draw has none.
    pub(crate) fn values(&self, value: impl Fn(&Draw) -> Option<f64>) -> Option<Vec<f64>> {
        self.all.iter().map(value).collect()
    }
}

/// Draws by their number of replicates, each made when it is first asked for: most methods of a board have the same replicates, and
/// hence the same draws. Threads share it.
pub(crate) struct DrawsOf {
    tasks: usize,
    by_replicates: Vec<OnceLock<Draws>>,
}

impl DrawsOf {
    /// For scores of so many tasks, with no more replicates than these.
    pub(crate) fn new(tasks: usize, most_replicates: usize) -> DrawsOf {
        DrawsOf { tasks, by_replicates: (0..=most_replicates.max(1)).map(|_| OnceLock::new()).collect() }
    }

    /// For the scores of these entries.
    pub(crate) fn entries<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> DrawsOf {
        let mut most = (0, 0);
        for cells in entries.into_iter().map(|entry| &entry.cells) {
            let replicates = cells.iter().map(|cell| cell.trials.len()).max().unwrap_or(0);
            most = (most.0.max(cells.len()), most.1.max(replicates));
        }
        DrawsOf::new(most.0, most.1)
    }

    /// The numbers of replicates that there may be draws of.
    pub(crate) fn counts(&self) -> std::ops::Range<usize> {
        0..self.by_replicates.len()
    }

    /// Draws of so many replicates; nothing for more than was said.
    pub(crate) fn replicates(&self, replicates: usize) -> Option<&Draws> {
        Some(self.by_replicates.get(replicates)?.get_or_init(|| Draws::new(self.tasks, replicates)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(rows: &[&[f64]]) -> Scores {
        Scores(rows.iter().map(|row| row.to_vec()).collect())
    }

    #[test]
    fn a_draw_does_not_depend_on_the_other_number() {
        // Another number of replicates changes no task, and the other way round.
        let (a, b) = (Draw::new(3, 5, 2), Draw::new(3, 5, 9));
        assert_eq!(a.tasks, b.tasks);
        assert_eq!(a.replicates, b.replicates[..2]);
        assert_eq!(Draw::new(3, 8, 2).replicates, a.replicates);
    }

    #[test]
    fn every_task_is_as_likely() {
        // Of 12,000 each of four is drawn 3,000 times; the standard deviation is 47.
        let mut counts = [0_usize; 4];
        for draw in 0..3000 {
            places(TASKS, draw, 4).into_iter().for_each(|task| counts[task] += 1);
        }
        assert!(counts.iter().all(|count| count.abs_diff(3000) < 240), "{counts:?}");
    }

    #[test]
    fn what_does_not_vary_has_an_interval_without_width() {
        let same = scores(&[&[0.5, 0.5], &[0.5, 0.5]]);
        let found = Draws::new(2, 2).interval(|draw| draw.mean(&same)).expect("an interval");
        assert_eq!((found.low, found.high, found.over), (0.5, 0.5, Over::TasksAndSeeds));
        assert_eq!(Draws::new(1, 1).interval(|draw| draw.mean(&same)), None);
    }

    #[test]
    fn the_interval_of_a_mean_over_tasks_is_as_wide_as_theory_says() {
        // Means of 30 numbers of which half are 0 and half are 1 have a standard deviation of 0.0913: nearly normal, so that
        // the interval is 0.5 -+ 0.179.
        let rows: Vec<Vec<f64>> = (0..30).map(|task| vec![f64::from(task % 2)]).collect();
        let all = Scores(rows);
        let found = Draws::new(30, 1).interval(|draw| draw.mean(&all)).expect("an interval");
        assert!((found.low - 0.321).abs() < 0.02 && (found.high - 0.679).abs() < 0.02, "{found:?}");
        assert_eq!(found.over, Over::Tasks);
    }

    #[test]
    fn methods_with_the_same_replicates_are_paired() {
        // The second is above the first by the same in each replicate, so that the difference never varies.
        let (a, b) = (scores(&[&[0.125, 0.75, 0.5]]), scores(&[&[0.25, 0.875, 0.625]]));
        let found =
            Draws::new(1, 3).interval(|draw| Some(draw.mean(&b)? - draw.mean(&a)?)).expect("an interval");
        assert!((found.low - 0.125).abs() < 1e-12 && (found.high - 0.125).abs() < 1e-12);
        assert_eq!(found.over, Over::SeedsAtFixedTasks);
    }
}

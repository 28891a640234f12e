//! The short answers at the top of the overview: which method is best at a budget, whether the difference is real, what it
//! costs, and whether it runs faster.

use serde::Serialize;

use super::super::names::Link;
use super::super::number::{Figure, Number};
use super::board::{KeyView, board_id, keep_title};
use super::order::p_value;
use super::{Context, tab_names};
use crate::analysis::statistics::RankTest;
use crate::board::{Board, Entry};
use crate::speed::{Speed, lines};
use crate::text;

/// Keeps of a board that get an answer; the rest is in the board.
const MOST_KEEPS: usize = 6;
/// Methods of a tie group that are named.
const MOST_TIED: usize = 4;

/// The answers of one board.
#[derive(Serialize)]
pub(super) struct AnswerBoard {
    id: String,
    title: String,
    key: KeyView,
    /// Whether the title says anything that tells it from others.
    alone: bool,
    /// Why nobody on it may be ranked in public; empty if nothing stands against it.
    barred: String,
    answers: Vec<Answer>,
}

/// The answers at one keep.
#[derive(Serialize)]
struct Answer {
    keep: String,
    budget: String,
    best: Link,
    method: String,
    mean: Figure,
    drop: Figure,
    /// Who cannot be told apart from the best.
    tied: Vec<Link>,
    more_tied: usize,
    /// The first that can be told apart, and by how much it is behind.
    next: Option<Next>,
    /// What the test of ranks over tasks says; absent where there is none.
    ranks: Option<RanksAnswer>,
    /// Why there is no such test.
    no_ranks: String,
    training: Number,
    prune: Number,
    recover: Number,
    speed: SpeedAnswer,
}

#[derive(Serialize)]
struct Next {
    link: Link,
    method: String,
    gap: Figure,
}

/// Friedman's test with Nemenyi's, in short.
#[derive(Serialize)]
struct RanksAnswer {
    tasks: Number,
    p: Number,
    differs: bool,
    /// Whether the best by the mean has the best average rank, too.
    agrees: bool,
    /// The first by average rank, and who is within the critical difference of it.
    first: Link,
    alike: Vec<Link>,
    more_alike: Option<Number>,
}

/// Measured beside theory.
#[derive(Serialize)]
struct SpeedAnswer {
    /// `yes`, `no`, or `not measured`.
    word: &'static str,
    /// Whether nothing but zeros is known of it: no operation goes.
    masked: bool,
    form: String,
    batch: String,
    measured: Number,
    theory: Number,
}

pub(super) fn answers(context: &Context<'_>) -> Vec<AnswerBoard> {
    let boards = &context.report.boards;
    let tabs = tab_names(context.report);
    boards
        .iter()
        .enumerate()
        .zip(tabs)
        .map(|((number, board), title)| AnswerBoard {
            id: board_id(number),
            title,
            key: KeyView::of(board),
            alone: boards.len() == 1,
            barred: context.standings.barred(&board.key),
            answers: board
                .keeps()
                .into_iter()
                .take(MOST_KEEPS)
                .filter_map(|keep| answer(context, board, keep))
                .collect(),
        })
        .filter(|it| !it.answers.is_empty())
        .collect()
}

fn answer(context: &Context<'_>, board: &Board, keep: f64) -> Option<Answer> {
    let placed: Vec<&Entry> = board
        .methods()
        .filter(|entry| entry.keep.to_bits() == keep.to_bits() && entry.place.is_some())
        .collect();
    // Who may not be ranked in public is no answer to a public question; where nobody may, the order of what was run is.
    let public: Vec<&Entry> = placed
        .iter()
        .copied()
        .filter(|entry| context.standings.row(&board.key, entry).rank().is_some())
        .collect();
    let ordered = if public.is_empty() { placed } else { public };
    let best = *ordered.first()?;
    let place = |entry: &Entry| entry.place.map(|place| place.place);
    let group = ordered.iter().filter(|entry| place(entry) == place(best)).count();
    let link = |entry: &Entry| context.names.method_link(&entry.method);
    let cost = context.costs.on(&board.key, &best.method);
    let seconds = |of, value| Number::maybe(of, value, text::seconds);
    let statistics = context.standings.board(&board.key);
    let statistics = statistics.and_then(|it| it.keeps.iter().find(|it| it.keep.to_bits() == keep.to_bits()));
    Some(Answer {
        keep: keep.to_string(),
        budget: keep_title(board, keep),
        best: link(best),
        method: text::clean(&best.method),
        mean: Figure::percent(["mean", "mean-half"], best.mean),
        drop: Figure::percent(["drop", "drop-half"], best.drop),
        tied: ordered[1..group].iter().take(MOST_TIED).map(|entry| link(entry)).collect(),
        more_tied: (group - 1).saturating_sub(MOST_TIED),
        next: ordered.get(group).map(|next| Next {
            link: link(next),
            method: text::clean(&next.method),
            gap: Figure::percent(["gap", "gap-half"], best.minus(next)),
        }),
        ranks: statistics.and_then(|it| Some(ranks(context, it.rank_test.as_ref()?, best))),
        no_ranks: statistics.and_then(|it| it.no_rank_test.clone()).unwrap_or_default(),
        training: Number::maybe("training", board.training_multiple(best), text::times),
        prune: seconds("prune-seconds", cost.and_then(|cost| cost.prune_seconds)),
        recover: seconds("recover-seconds", cost.and_then(|cost| cost.recover_seconds)),
        speed: speed(context, board, best),
    })
}

/// What the test of ranks adds: who is as good as the first by rank, as far as tasks tell.
fn ranks(context: &Context<'_>, test: &RankTest, best: &Entry) -> RanksAnswer {
    let first = test.ranks.first();
    let label = first.map_or("", |it| it.0.as_str());
    let alike: Vec<&String> = test
        .ranks
        .iter()
        .skip(1)
        .take_while(|it| first.is_some_and(|first| it.1 - first.1 <= test.critical_difference))
        .map(|it| &it.0)
        .collect();
    let more = alike.len().saturating_sub(MOST_TIED);
    RanksAnswer {
        tasks: Number::count("test-tasks", test.friedman.tasks as u64),
        p: p_value("iman-davenport-p", Some(test.friedman.f_p)),
        differs: test.differs,
        agrees: label == best.method,
        first: context.names.method_link(label),
        alike: alike.into_iter().take(MOST_TIED).map(|it| context.names.method_link(it)).collect(),
        more_alike: (more > 0).then(|| Number::count("more-alike", more as u64)),
    }
}

/// How fast the smallest form of a network is at its largest batch, where a network shows what it can do.
fn speed(context: &Context<'_>, board: &Board, entry: &Entry) -> SpeedAnswer {
    let lines = lines(&context.report.speeds);
    // Compacted stands after masked in the lines.
    let measured: Option<&Speed> = lines
        .iter()
        .rev()
        .find(|line| {
            let first = line.first;
            (&first.suite, &first.track, &first.method, first.keep.to_bits())
                == (&board.key.suite, &board.key.track, &entry.method, entry.keep.to_bits())
        })
        .and_then(|line| line.batches.last().copied());
    let promised =
        measured.map_or_else(|| board.theoretical_speedup(entry), |it| Some(it.theoretical_speedup));
    SpeedAnswer {
        word: match measured {
            // A tenth is what two measurements of one network may differ by on a busy machine.
            Some(speed) if speed.measured_speedup >= 1.1 => "yes",
            Some(_) => "no",
            None => "not measured",
        },
        masked: measured.is_none() && promised.is_some_and(|it| it < 1.005),
        form: measured.map_or(String::new(), |speed| text::clean(&speed.form)),
        batch: measured.map_or(String::new(), |speed| speed.batch.to_string()),
        measured: Number::maybe("measured", measured.map(|it| it.measured_speedup), text::times),
        theory: Number::maybe("theory", promised, text::times),
    }
}

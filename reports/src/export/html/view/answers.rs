//! The short answers at the top of the overview: which method is best at a budget, whether the difference is real, what it
//! costs, and whether it runs faster.

use serde::Serialize;

use super::super::names::Link;
use super::super::number::{Figure, Number};
use super::board::{KeyView, board_id, keep_head};
use super::{Context, tab_names};
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
    let best = *placed.first()?;
    let group = placed.iter().filter(|entry| entry.place.is_some_and(|place| place.place == 1)).count();
    let link = |entry: &Entry| context.names.method_link(&entry.method);
    let cost = context.report.costs.iter().find(|cost| {
        (&cost.suite, &cost.track, &cost.method) == (&board.key.suite, &board.key.track, &best.method)
    });
    let seconds = |of, value| Number::maybe(of, value, text::seconds);
    Some(Answer {
        keep: keep.to_string(),
        budget: keep_head(board, best),
        best: link(best),
        method: text::clean(&best.method),
        mean: Figure::percent(["mean", "mean-half"], best.mean),
        drop: Figure::percent(["drop", "drop-half"], best.drop),
        tied: placed[1..group].iter().take(MOST_TIED).map(|entry| link(entry)).collect(),
        more_tied: (group - 1).saturating_sub(MOST_TIED),
        next: placed.get(group).map(|next| Next {
            link: link(next),
            method: text::clean(&next.method),
            gap: Figure::percent(["gap", "gap-half"], best.minus(next)),
        }),
        training: Number::maybe("training", board.training_multiple(best), text::times),
        prune: seconds("prune-seconds", cost.and_then(|cost| cost.prune_seconds)),
        recover: seconds("recover-seconds", cost.and_then(|cost| cost.recover_seconds)),
        speed: speed(context, board, best),
    })
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

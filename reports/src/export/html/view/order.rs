//! How sure the order on a board is: the test of ranks with its diagram, and what tests and counts say of each method.

use serde::Serialize;

use super::super::critical;
use super::super::names::Link;
use super::super::number::{Figure, Number};
use super::board::keep_title;
use super::standing::GroupsView;
use super::{Context, control_note};
use crate::analysis::statistics::diagram::critical_diagram;
use crate::analysis::statistics::{Inseparable, KeepStatistics, MethodStatistics, RankTest, SignedRanks};
use crate::board::Board;
use crate::text::{self, clean};

/// Methods of a diagram. With more nobody finds a name, and the table has all of them.
const MOST_DRAWN: usize = 40;
/// Methods of a table, the best of them. The rest is in `statistics.csv`.
const MOST_ROWS: usize = 60;

/// The order at one keep.
#[derive(Serialize)]
pub(super) struct OrderView {
    keep: String,
    head: String,
    test: Option<TestView>,
    /// Why there is no test.
    no_test: String,
    /// The diagram, where the test finds differences.
    svg: String,
    undrawn: bool,
    /// The label of the magnitude baseline.
    magnitude: String,
    /// Whether there are tests over tasks against the first, and against magnitude.
    first: bool,
    signed: bool,
    rows: Vec<OrderRow>,
    hidden: usize,
    neighbours: Option<NeighboursView>,
    reversed: Number,
}

/// Friedman's test with Nemenyi's.
#[derive(Serialize)]
struct TestView {
    tasks: Number,
    methods: Number,
    chi_square: Number,
    p: Number,
    f: Number,
    f_p: Number,
    differs: bool,
    difference: Number,
}

/// Pairs of neighbours, and how many each criterion leaves together.
#[derive(Serialize)]
struct NeighboursView {
    pairs: Number,
    criteria: Vec<(&'static str, Number)>,
}

#[derive(Serialize)]
struct OrderRow {
    link: Link,
    method: String,
    note: &'static str,
    rank: Number,
    groups: GroupsView,
    first: SignedView,
    difference: Figure,
    magnitude: SignedView,
    reversal: Number,
    unpaired: Number,
}

/// Wilcoxon's test.
#[derive(Serialize)]
struct SignedView {
    p: Number,
    holm: Number,
}

/// One for each keep with ranked methods.
pub(super) fn views(context: &Context<'_>, board: &Board) -> Vec<OrderView> {
    let keeps = context.standings.board(&board.key).map_or(&[][..], |it| &it.keeps);
    keeps.iter().filter(|it| !it.methods.is_empty()).map(|it| view(context, board, it)).collect()
}

fn view(context: &Context<'_>, board: &Board, keep: &KeepStatistics) -> OrderView {
    let test = keep.rank_test.as_ref();
    let name = |test: &RankTest| {
        format!(
            "Critical-difference diagram of {} methods over {} tasks at keep {}: {}",
            test.friedman.methods,
            test.friedman.tasks,
            keep.keep,
            board.key.title()
        )
    };
    let differs = test.filter(|it| it.differs);
    let drawn = differs.filter(|it| it.ranks.len() <= MOST_DRAWN);
    let draw = |it: &RankTest| critical::draw(&critical_diagram(it), &context.series, &name(it));
    let magnitude = keep.methods.iter().find_map(|it| Some(&it.from_magnitude.as_ref()?.against));
    OrderView {
        keep: keep.keep.to_string(),
        head: keep_title(board, keep.keep),
        test: test.map(test_view),
        no_test: keep.no_rank_test.as_deref().map_or(String::new(), clean),
        svg: drawn.map_or(String::new(), draw),
        undrawn: differs.is_some() && drawn.is_none(),
        magnitude: magnitude.map_or(String::new(), |it| clean(it)),
        first: keep.methods.iter().any(|it| it.against_first.is_some()),
        signed: keep.methods.iter().any(|it| it.against_magnitude.is_some()),
        rows: keep.methods.iter().take(MOST_ROWS).map(|it| row(context, it)).collect(),
        hidden: keep.methods.len().saturating_sub(MOST_ROWS),
        neighbours: keep.inseparable.map(neighbours),
        reversed: chance("reversed-neighbours", keep.reversed_neighbours),
    }
}

fn test_view(test: &RankTest) -> TestView {
    let it = &test.friedman;
    let decimal = |of, value| Number::maybe(of, value, |it| format!("{it:.2}"));
    TestView {
        tasks: Number::count("test-tasks", it.tasks as u64),
        methods: Number::count("test-methods", it.methods as u64),
        chi_square: decimal("friedman", Some(it.chi_square)),
        p: p_value("friedman-p", Some(it.p)),
        f: decimal("iman-davenport", it.f),
        f_p: p_value("iman-davenport-p", Some(it.f_p)),
        differs: test.differs,
        difference: decimal("critical-difference", Some(test.critical_difference)),
    }
}

fn neighbours(it: Inseparable) -> NeighboursView {
    let criteria = [
        ("paired difference", "inseparable-paired", it.paired_difference),
        ("overlap of intervals", "inseparable-overlap", it.interval_overlap),
        ("Welch", "inseparable-welch", it.welch),
        ("least significant difference", "inseparable-least", it.least_significant_difference),
    ];
    let known =
        criteria.into_iter().filter_map(|(words, of, count)| Some((words, Number::count(of, count? as u64))));
    NeighboursView { pairs: Number::count("neighbours", it.pairs as u64), criteria: known.collect() }
}

fn row(context: &Context<'_>, it: &MethodStatistics) -> OrderRow {
    OrderRow {
        link: context.names.method_link(&it.method),
        method: clean(&it.method),
        note: control_note(it.control),
        rank: Number::new("rank", it.average_rank, format!("{:.2}", it.average_rank)),
        groups: GroupsView::of(it.groups),
        first: signed(["first-p", "first-p-holm"], it.against_first),
        difference: Figure::percent(["gap", "gap-half"], it.from_magnitude.as_ref().map(|it| it.seeds)),
        magnitude: signed(["magnitude-p", "magnitude-p-holm"], it.against_magnitude),
        reversal: chance("reversal", it.reversal.and_then(|it| it.paired)),
        unpaired: chance("reversal-unpaired", it.reversal.map(|it| it.unpaired)),
    }
}

fn signed([p, holm]: [&'static str; 2], test: Option<SignedRanks>) -> SignedView {
    SignedView { p: p_value(p, test.map(|it| it.p)), holm: p_value(holm, test.map(|it| it.p_holm)) }
}

/// The p-value of a test.
pub(super) fn p_value(of: &'static str, p: Option<f64>) -> Number {
    Number::maybe(of, p, text::p_value)
}

/// A chance in percent.
fn chance(of: &'static str, chance: Option<f64>) -> Number {
    Number::maybe(of, chance, |it| format!("{} %", text::percent(it, 0)))
}

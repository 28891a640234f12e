//! Numbers that claim to follow from others.
//!
//! A column often does not say from what it follows: is a drop dense minus pruned or the other way round, is `params %`
//! what is left or what is gone? So a claim has several *ways* to follow, and the column is held against the one that most
//! of its rows agree with. Where a column may be something else altogether, most rows must agree before the others
//! are called wrong.

use super::finding::Log;
use super::number::Number;
use super::range::Range;
use super::sheet::Sheet;

/// One way in which the cells of a column may follow from the rest of their rows.
pub(crate) struct Way<'a> {
    /// What a cell must be, in fractions of one where the column has percentages.
    pub(crate) expected: Box<dyn Fn(usize) -> Option<Range> + 'a>,
    /// From what it follows, in words.
    pub(crate) words: Box<dyn Fn(usize) -> String + 'a>,
}

impl<'a> Way<'a> {
    pub(crate) fn new(
        expected: impl Fn(usize) -> Option<Range> + 'a,
        words: impl Fn(usize) -> String + 'a,
    ) -> Way<'a> {
        Way { expected: Box::new(expected), words: Box::new(words) }
    }
}

/// How sure it is that a column follows at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sureness {
    /// Its name says so.
    Named,
    /// Only if two thirds of the rows do, and two at least.
    IfMostAgree,
}

/// Smallest number of rows of which none may agree with a named claim before the name is doubted.
const DOUBTFUL: usize = 4;

/// Rows with what they claim and what is expected.
type Checked = Vec<(usize, Number, Range)>;

/// Holds the numbers of a column against the best of the ways.
pub(crate) fn hold(
    log: &mut Log,
    id: &'static str,
    sheet: &Sheet,
    column: usize,
    ways: &[Way],
    sureness: Sureness,
) {
    hold_claims(log, id, sheet, column, |row| sheet.number(row, column), ways, sureness);
}

/// Holds what the cells of a column claim against the best of the ways.
pub(crate) fn hold_claims(
    log: &mut Log,
    id: &'static str,
    sheet: &Sheet,
    column: usize,
    claim: impl Fn(usize) -> Option<Number>,
    ways: &[Way],
    sureness: Sureness,
) {
    let factor = sheet.columns[column].scale * if sheet.columns[column].percent { 0.01 } else { 1.0 };
    let rows: Vec<(usize, Number)> = (0..sheet.table.rows())
        .filter(|row| sheet.holds(*row))
        .filter_map(|row| Some((row, claim(row)?)))
        .collect();
    let agrees = |number: Number, expected: Range| number.range().times(factor).meets(expected);
    let mut best: Option<(&Way, Checked, usize)> = None;
    for way in ways {
        let checked: Checked =
            rows.iter().filter_map(|(row, number)| Some((*row, *number, (way.expected)(*row)?))).collect();
        let agreeing = checked.iter().filter(|(_, number, expected)| agrees(*number, *expected)).count();
        // A way that more rows can be held against is the better one where as many agree.
        let better =
            best.as_ref().is_none_or(|(_, others, most)| (agreeing, checked.len()) > (*most, others.len()));
        if better && !checked.is_empty() {
            best = Some((way, checked, agreeing));
        }
    }
    let name = sheet.columns[column].name.trim();
    let Some((way, checked, agreeing)) = best else {
        log.could_not(id, format!("no row has all that `{name}` would follow from"));
        return;
    };
    let doubted = match sureness {
        Sureness::Named => checked.len() >= DOUBTFUL && agreeing * 2 < checked.len(),
        Sureness::IfMostAgree => agreeing < 2 || agreeing * 3 < checked.len() * 2,
    };
    if doubted {
        let checked = checked.len();
        log.could_not(
            id,
            format!(
                "`{name}` follows in {agreeing} of {checked} rows only, so it seems to mean something else"
            ),
        );
        return;
    }
    log.ran(id, checked.len());
    for (row, number, expected) in
        checked.into_iter().filter(|(_, number, expected)| !agrees(*number, *expected))
    {
        log.cell(id, sheet, row, column, || {
            format!(
                "{}{}",
                (way.words)(row),
                off(number, expected.times(1.0 / factor), sheet.table.cell(row, column))
            )
        });
    }
}

/// ` is 80.3 % to 80.7 %, the table says 88.7 % (8.0 too high)`.
pub(crate) fn off(number: Number, expected: Range, cell: &str) -> String {
    let decimals = usize::from(number.decimals);
    let unit = if number.percent { " %" } else { "" };
    let distance = expected.distance(number.value);
    let side = if distance > 0.0 { "too high" } else { "too low" };
    // A cell with a unit prefix is told in the cell's own words.
    let printed = number.half * 2.0 * 10_f64.powi(i32::from(number.decimals));
    let (expected, distance) = (expected.times(1.0 / printed), distance.abs() / printed);
    let more = if distance < 10_f64.powi(-i32::from(number.decimals)) { decimals + 2 } else { decimals };
    format!(" {}, the table says {cell} ({distance:.more$} {side})", expected.words(more, unit))
}

//! Shares and ratios against the counts beside them.

use crate::lint::bases::Bases;
use crate::lint::claims::{Sureness, Way, hold};
use crate::lint::finding::Log;
use crate::lint::networks::{Known, known};
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::{Kind, Sheet};

/// Most columns of counts that a ratio is held against.
const MOST_COUNTS: usize = 4;

/// What a share or a ratio is made of.
struct Size {
    count: Role,
    base: Role,
    left: Role,
    cut: Role,
    id: &'static str,
    words: &'static str,
}

const SIZES: [Size; 3] = [
    Size {
        count: Role::Params,
        base: Role::ParamsBase,
        left: Role::ParamsLeft,
        cut: Role::ParamsCut,
        id: "params-percent",
        words: "parameters",
    },
    Size {
        count: Role::Macs,
        base: Role::MacsBase,
        left: Role::MacsLeft,
        cut: Role::MacsCut,
        id: "macs-percent",
        words: "MACs",
    },
    Size {
        count: Role::Flops,
        base: Role::FlopsBase,
        left: Role::FlopsLeft,
        cut: Role::FlopsCut,
        id: "macs-percent",
        words: "FLOPs",
    },
];

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    let bases = Bases::new(sheet);
    let known = known(sheet);
    for size in &SIZES {
        shares(sheet, &bases, &known, size, log);
        more_than_dense(sheet, &bases, &known, size, log);
    }
    ratios(sheet, &bases, &known, log);
    sparsity(sheet, &bases, log);
    requested(sheet, log);
    for id in ["params-percent", "macs-percent"] {
        log.could_not(id, "no column of shares with the counts that they are of");
    }
    log.could_not("more-than-dense", "no counts or shares of what is left");
    log.could_not("compression", "no column of compressions with the counts that they are of");
    log.could_not("speed-up", "no column of theoretical speed-ups with the counts that they are of");
    log.could_not("sparsity", "no column of sparsities with the counts that they are of");
    log.could_not("requested-sparsity", "no columns of both the sparsity asked for and the one reached");
}

/// The dense count of a row, with where it stands.
struct Dense {
    range: Range,
    words: String,
}

/// Where dense counts may come from: a column, the dense rows of one name, or what is known of the network.
#[derive(Clone, Copy)]
enum Source {
    Column(usize),
    Rows(usize),
    Known,
}

fn sources(sheet: &Sheet, bases: &Bases, known: &[Option<Known>], size: &Size) -> Vec<Source> {
    if let Some(column) = sheet.first(size.base) {
        return vec![Source::Column(column)];
    }
    let mut sources: Vec<Source> = (0..bases.names.len()).map(Source::Rows).collect();
    // Operations are counted in many ways, parameters in one.
    if size.count == Role::Params && known.iter().any(Option::is_some) {
        sources.push(Source::Known);
    }
    sources
}

fn dense(
    sheet: &Sheet,
    bases: &Bases,
    known: &[Option<Known>],
    size: &Size,
    source: Source,
    row: usize,
) -> Option<Dense> {
    let at = |row: usize, column: usize| {
        Some(Dense { range: sheet.range(row, column)?, words: sheet.table.cell(row, column).to_owned() })
    };
    match source {
        Source::Column(column) => at(row, column),
        Source::Rows(name) => at(bases.of(name, row)?, sheet.first(size.count)?),
        Source::Known => {
            let known = known[row].as_ref()?;
            let count = known.params as f64;
            let words = format!("{} ({})", crate::text::si(count), known.name);
            // Published counts differ in what they leave out by some thousandths.
            Some(Dense { range: Range::around(count, count * 0.002), words })
        }
    }
}

fn shares(sheet: &Sheet, bases: &Bases, known: &[Option<Known>], size: &Size, log: &mut Log) {
    let Some(count) = sheet.first(size.count) else { return };
    let columns =
        (0..sheet.columns.len()).filter(|it| [size.left, size.cut].contains(&sheet.columns[*it].role));
    for column in columns {
        let named = sheet.columns[column].role == size.cut;
        // A name such as `params %` may mean what is left or what is gone.
        let cuts: &[bool] = match (sheet.columns[column].sure, named) {
            (true, true) => &[true],
            (true, false) => &[false],
            (false, _) => &[false, true],
        };
        let mut ways = Vec::new();
        let sources = sources(sheet, bases, known, size);
        for (source, is_cut) in sources.iter().flat_map(|source| cuts.iter().map(move |cut| (*source, *cut)))
        {
            ways.push(Way::new(
                move |row| {
                    let share = sheet
                        .range(row, count)?
                        .over(dense(sheet, bases, known, size, source, row)?.range)?;
                    Some(if is_cut { Range::exactly(1.0).minus(share) } else { share })
                },
                move |row| {
                    let own = sheet.table.cell(row, count);
                    let dense =
                        dense(sheet, bases, known, size, source, row).map_or_else(String::new, |it| it.words);
                    let gone = if is_cut { " left, what is gone" } else { "" };
                    let verb = if is_cut { "is" } else { "are" };
                    format!("{own} of {dense} {}{gone} {verb}", size.words)
                },
            ));
        }
        // A network that may be scored on another data set may have other counts.
        let is_guess = sources.iter().all(|it| matches!(it, Source::Known))
            && known.iter().flatten().any(|it| !it.is_sure);
        let sureness = if is_guess { Sureness::IfMostAgree } else { Sureness::Named };
        hold(log, size.id, sheet, column, &ways, sureness);
    }
}

fn more_than_dense(sheet: &Sheet, bases: &Bases, known: &[Option<Known>], size: &Size, log: &mut Log) {
    let id = "more-than-dense";
    for column in sheet.of(size.left) {
        log.ran(id, sheet.table.rows());
        for row in (0..sheet.table.rows()).filter(|row| sheet.is_result(*row)) {
            if sheet.fraction(row, column).is_some_and(|it| Range::exactly(1.0).below(it)) {
                log.cell(id, sheet, row, column, || format!("is more than 100 % of the {}", size.words));
            }
        }
    }
    let Some(count) = sheet.first(size.count) else { return };
    let sources = sources(sheet, bases, known, size);
    for row in (0..sheet.table.rows()).filter(|row| sheet.kinds[*row] == Kind::Plain) {
        let Some(own) = sheet.range(row, count) else { continue };
        let counts: Vec<Dense> =
            sources.iter().filter_map(|it| dense(sheet, bases, known, size, *it, row)).collect();
        if counts.is_empty() {
            continue;
        }
        log.ran(id, 1);
        // What is more than every dense count is wrong whichever of them is meant. Masks and quantization may add a little.
        if counts.iter().all(|dense| dense.range.times(1.01).below(own)) {
            log.cell(id, sheet, row, count, || {
                format!("is more than the {} {} of the dense network", counts[0].words, size.words)
            });
        }
    }
}

fn ratios(sheet: &Sheet, bases: &Bases, known: &[Option<Known>], log: &mut Log) {
    for (role, id) in [(Role::Compression, "compression"), (Role::SpeedUp, "speed-up")] {
        for column in sheet.of(role) {
            let mut ways = Vec::new();
            for size in &SIZES {
                if (size.count == Role::Params) != (role == Role::Compression) {
                    continue;
                }
                for count in sheet.of(size.count).into_iter().take(MOST_COUNTS) {
                    for source in sources(sheet, bases, known, size) {
                        ways.push(Way::new(
                            move |row| {
                                dense(sheet, bases, known, size, source, row)?
                                    .range
                                    .over(sheet.range(row, count)?)
                            },
                            move |row| {
                                let own = sheet.table.cell(row, count);
                                let dense = dense(sheet, bases, known, size, source, row)
                                    .map_or_else(String::new, |it| it.words);
                                format!("{dense} over {own} {} is", size.words)
                            },
                        ));
                    }
                }
            }
            if !ways.is_empty() {
                // Either may be counted over other weights, or measured.
                let sureness =
                    if sheet.columns[column].given { Sureness::Named } else { Sureness::IfMostAgree };
                hold(log, id, sheet, column, &ways, sureness);
            }
            if role == Role::Compression {
                log.ran("more-than-dense", sheet.table.rows());
                for row in (0..sheet.table.rows()).filter(|row| sheet.is_result(*row)) {
                    if sheet.range(row, column).is_some_and(|it| it.below(Range::exactly(1.0))) {
                        log.cell("more-than-dense", sheet, row, column, || {
                            "a compression below 1 leaves more than the network had".to_owned()
                        });
                    }
                }
            }
        }
    }
}

fn sparsity(sheet: &Sheet, bases: &Bases, log: &mut Log) {
    let id = "sparsity";
    for column in sheet.of(Role::Sparsity) {
        let mut ways = Vec::new();
        let weights = (sheet.first(Role::WeightsLeft), sheet.first(Role::WeightsTotal));
        let sureness = if let (Some(left), Some(total)) = weights {
            ways.push(gone(sheet, left, move |row| Some((row, total))));
            Sureness::Named
        } else if let Some(count) = sheet.first(Role::Params) {
            // Sparsity is of the prunable weights, and these may be all parameters or not.
            match sheet.first(Role::ParamsBase) {
                Some(base) => ways.push(gone(sheet, count, move |row| Some((row, base)))),
                None => {
                    for name in 0..bases.names.len() {
                        ways.push(gone(sheet, count, move |row| Some((bases.of(name, row)?, count))));
                    }
                }
            }
            Sureness::IfMostAgree
        } else {
            continue;
        };
        if !ways.is_empty() {
            hold(log, id, sheet, column, &ways, sureness);
        }
    }
}

fn gone<'a>(
    sheet: &'a Sheet,
    left: usize,
    total: impl Fn(usize) -> Option<(usize, usize)> + Clone + 'a,
) -> Way<'a> {
    let of = total.clone();
    Way::new(
        move |row| {
            let (at, column) = total(row)?;
            Some(Range::exactly(1.0).minus(sheet.range(row, left)?.over(sheet.range(at, column)?)?))
        },
        move |row| {
            let total = of(row).map_or("", |(at, column)| sheet.table.cell(at, column));
            format!("the sparsity of {} left of {total} is", sheet.table.cell(row, left))
        },
    )
}

/// The sparsity reached against the one asked for.
fn requested(sheet: &Sheet, log: &mut Log) {
    let id = "requested-sparsity";
    let target: Option<(usize, bool)> = sheet
        .first(Role::Requested)
        .map(|it| (it, false))
        .or_else(|| sheet.first(Role::Keep).map(|it| (it, true)));
    if let (Some((target, is_keep)), Some(reached)) = (target, sheet.first(Role::Sparsity)) {
        // What was asked for is exact, however few digits it has.
        let factor = if sheet.columns[target].percent { 0.01 } else { 1.0 };
        let keep = |row: usize| {
            sheet
                .number(row, target)
                .map(|it| it.value * factor)
                .map(|it| if is_keep { it } else { 1.0 - it })
        };
        let left = |row: usize| Some(Range::exactly(1.0).minus(sheet.fraction(row, reached)?));
        against(sheet, (target, reached), keep, left, log);
    } else if let (Some(target), Some(left), Some(total)) =
        (sheet.first(Role::WeightsTarget), sheet.first(Role::WeightsLeft), sheet.first(Role::WeightsTotal))
    {
        let total = |row: usize| sheet.number(row, total).map(|it| it.value).filter(|it| *it > 0.0);
        let keep = |row: usize| Some(sheet.number(row, target)?.value / total(row)?);
        let share = |row: usize| Some(Range::exactly(sheet.number(row, left)?.value / total(row)?));
        against(sheet, (target, left), keep, share, log);
    } else {
        log.could_not(id, "no columns of both the sparsity asked for and the one reached");
    }
}

fn against(
    sheet: &Sheet,
    (target, reached): (usize, usize),
    keep: impl Fn(usize) -> Option<f64>,
    left: impl Fn(usize) -> Option<Range>,
    log: &mut Log,
) {
    let id = "requested-sparsity";
    for row in (0..sheet.table.rows()).filter(|row| sheet.holds(*row)) {
        let (Some(keep), Some(left)) = (keep(row), left(row)) else { continue };
        log.ran(id, 1);
        // Whole channels cannot reach every count; of what little is to remain, a tenth.
        let room = (0.1 * keep).clamp(0.0005, 0.01);
        if !left.meets(Range::around(keep, room)) {
            log.cell(id, sheet, row, reached, || {
                format!(
                    "{} was asked for (`{}`), which leaves {} %; {} % are left",
                    sheet.table.cell(row, target),
                    sheet.columns[target].name.trim(),
                    Range::exactly(keep * 100.0).words(2, ""),
                    Range::exactly(left.middle() * 100.0).words(2, "")
                )
            });
        }
    }
}

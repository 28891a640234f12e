//! A table with what its columns and rows mean.

use std::collections::HashMap;

use super::number::{Number, Reading, read};
use super::range::Range;
use super::recognise::recognise;
use super::role::Role;
use super::table::{Style, Table};

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A result.
    Plain,
    /// A result of the network that was not pruned.
    Dense,
    /// A network without what dense ones have, such as upstream training: no result of pruning, and no base either.
    Scratch,
    /// The mean of other rows.
    Mean,
    /// The spread of other rows.
    Deviation,
    /// A heading inside of the table, or a line that says that there is more.
    Words,
    /// It has not as many cells as the header, so that nothing is known of them.
    Ragged,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// Its meaning.
    pub(crate) role: Role,
    /// Whether the meaning is certain.
    pub(crate) sure: bool,
    /// Whether the user gave it.
    pub(crate) given: bool,
    /// Whether 100 is the whole.
    pub(crate) percent: bool,
    /// Factor on all cells.
    pub(crate) scale: f64,
    /// Whether lower is better.
    pub(crate) lower_is_better: bool,
    /// Whether differences are dense minus pruned, where that is known.
    pub(crate) drop: bool,
    /// Whether the user said so.
    pub(crate) sign_given: bool,
    /// Whether the user said whether 100 is the whole.
    pub(crate) unit_given: bool,
    /// Whether it is one of several repetitions.
    pub(crate) one_seed: bool,
    /// What tells it from others of its role.
    pub(crate) stem: Vec<String>,
    /// What the cells hold, if numbers are expected there.
    pub(crate) readings: Vec<Reading>,
}

/// What holds for a whole table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    /// Columns that tell rows apart, if given.
    pub(crate) key: Vec<usize>,
    /// Columns within which rows are compared, if given.
    pub(crate) group: Vec<usize>,
}

/// A table that checks can ask for meanings.
#[derive(Debug)]
pub(crate) struct Sheet<'a> {
    /// The cells.
    pub(crate) table: &'a Table,
    /// The columns, in the table's order.
    pub(crate) columns: Vec<Column>,
    /// What each row is.
    pub(crate) kinds: Vec<Kind>,
    /// Under which heading inside of the table each row stands.
    pub(crate) sections: Vec<u32>,
    /// What was given.
    pub(crate) keys: Keys,
    /// Whether some line says that rows were left out.
    pub(crate) is_cut: bool,
}

/// Words that stand for the mean of rows.
const MEANS: [&str; 8] =
    ["mean", "average", "avg", "avg.", "overall", "mean over tasks", "mean-over-tasks", "mean over seeds"];
/// Words that stand for the spread of rows.
const DEVIATIONS: [&str; 5] = ["std", "sd", "stdev", "±", "std."];
/// Whole names of networks that were not pruned.
const DENSE: [&str; 13] = [
    "baseline",
    "base",
    "unpruned",
    "original",
    "uncompressed",
    "full",
    "full model",
    "no pruning",
    "none",
    "unpruned baseline",
    "base model",
    "reference",
    "original model",
];

impl<'a> Sheet<'a> {
    /// Looks at names and cells.
    pub(crate) fn new(table: &'a Table) -> Sheet<'a> {
        let columns = table.header.iter().map(|name| Column::guessed(name)).collect();
        let rows = table.rows();
        let (kinds, sections) = (vec![Kind::Plain; rows], vec![0; rows]);
        Sheet { table, columns, kinds, sections, keys: Keys::default(), is_cut: false }
    }

    /// Reads numbers and decides what is still open. Call it once, after what is given was entered.
    pub(crate) fn settle(&mut self) {
        self.mark_words();
        for index in 0..self.columns.len() {
            self.read_column(index);
        }
        self.promote();
        for index in 0..self.columns.len() {
            self.settle_unit(index);
        }
        self.mark_rows();
    }

    /// Headings, lines that stand for others, and rows of another width.
    fn mark_words(&mut self) {
        let (mut section, width) = (0, self.table.columns());
        // A separator at the end of the header alone is a fault of the header.
        let named =
            self.table.header.iter().rposition(|name| !name.is_empty()).map_or(width, |last| last + 1);
        for row in 0..self.table.rows() {
            let filled: Vec<&str> = (0..self.table.width_of(row))
                .map(|it| self.table.cell(row, it))
                .filter(|it| !it.is_empty())
                .take(3)
                .collect();
            let is_more = |cell: &&str| {
                matches!(*cell, "…" | "..." | "⋮")
                    || (cell.contains(" more") && cell.starts_with(|c: char| c.is_ascii_digit()))
            };
            if filled.len() <= 2 && filled.iter().any(is_more) {
                (self.kinds[row], self.is_cut) = (Kind::Words, true);
            } else if self.table.style == Style::Markdown
                && width >= 3
                && filled.len() == 1
                && !self.table.cell(row, 0).is_empty()
            {
                section += 1;
                self.kinds[row] = Kind::Words;
            } else if !(named..=width).contains(&self.table.width_of(row)) {
                self.kinds[row] = Kind::Ragged;
            }
            self.sections[row] = section;
        }
    }

    /// Reads a column's numbers, unless it turns out to have none.
    fn read_column(&mut self, index: usize) {
        let column = &self.columns[index];
        if column.given && !column.role.is_number() {
            return;
        }
        let decimals = self.table.decimals;
        let readings: Vec<Reading> =
            (0..self.table.rows())
                .map(|row| {
                    if self.holds(row) {
                        read(self.table.cell(row, index), decimals)
                    } else {
                        Reading::Missing
                    }
                })
                .collect();
        let count = |is: fn(&Reading) -> bool| readings.iter().filter(|it| is(it)).count();
        let numbers = count(|it| matches!(it, Reading::Number(_) | Reading::Of(..)));
        let filled = count(|it| !matches!(it, Reading::Missing));
        let is_numeric = numbers > 0 && numbers * 2 >= filled;
        let column = &mut self.columns[index];
        if column.role.is_number() {
            if is_numeric || column.given || filled == 0 {
                column.readings = readings;
            } else {
                column.role = Role::Other;
            }
        } else if is_numeric && matches!(column.role, Role::Other) && !column.sure {
            column.readings = readings;
        } else if is_numeric
            && matches!(column.role, Role::Network | Role::Dataset | Role::Method)
            && numbers == filled
        {
            column.role = Role::Other;
        }
        let fractional = |it: &Reading| it.number().is_some_and(|it| it.value.fract() != 0.0);
        if column.role == Role::Rank && !column.given && column.readings.iter().any(fractional) {
            column.role = if column.name.trim() == "#" { Role::Other } else { Role::AverageRank };
        }
    }

    /// Gives columns of unknown names a meaning where the others leave little choice.
    fn promote(&mut self) {
        let has = |columns: &[Column], role: Role| columns.iter().any(|it| it.role == role);
        if has(&self.columns, Role::Mean) && !has(&self.columns, Role::Score) {
            let inside = |it: &Reading| it.number().is_none_or(|it| (0.0..=100.0).contains(&it.value));
            let fits = |column: &Column| {
                let is_open = column.role == Role::Other && !column.given && !column.readings.is_empty();
                is_open && column.readings.iter().all(inside)
            };
            // A mean is over two columns at least.
            if self.columns.iter().filter(|it| fits(it)).count() >= 2 {
                self.columns.iter_mut().filter(|it| fits(it)).for_each(|it| it.role = Role::Score);
            }
        }
        for index in 0..self.columns.len() {
            let column = &self.columns[index];
            if column.role != Role::Other || column.given || !column.readings.is_empty() {
                continue;
            }
            let cells =
                (0..self.table.rows()).filter(|row| self.holds(*row)).map(|row| self.table.cell(row, index));
            let (mut distinct, mut filled) = (std::collections::HashSet::new(), 0);
            for cell in cells.filter(|cell| !cell.is_empty()) {
                filled += 1;
                distinct.insert(cell);
            }
            let first_text = index < 3 && !has(&self.columns, Role::Method);
            let tells_nothing = [
                "note", "link", "url", "paper", "code", "hash", "commit", "stage", "comment", "remark",
                "date", "uid",
            ];
            let name = column.name.to_lowercase();
            if filled > 0 && !tells_nothing.iter().any(|word| name.contains(word)) {
                if first_text && distinct.len() * 2 > filled {
                    self.columns[index].role = Role::Method;
                } else if distinct.len() * 2 <= filled {
                    self.columns[index].role = Role::Label;
                }
            }
        }
        // A list of networks without a word on methods: what is compared are the networks.
        if !has(&self.columns, Role::Method) {
            let names = self.columns.iter().position(|it| it.role == Role::Network && !it.given);
            let repeats = |index: usize| {
                let mut seen = std::collections::HashSet::new();
                (0..self.table.rows())
                    .filter(|row| self.holds(*row))
                    .any(|row| !seen.insert(self.table.cell(row, index)))
            };
            if let Some(index) = names.filter(|index| !repeats(*index)) {
                self.columns[index].sure = false;
            }
        }
    }

    /// Whether 100 is the whole.
    fn settle_unit(&mut self, index: usize) {
        let column = &self.columns[index];
        if column.unit_given {
            return;
        }
        let numbers = || column.readings.iter().filter_map(|it| it.number());
        let large = numbers().filter(|it| it.value.abs() > 1.5).count();
        let percent = column.percent || numbers().any(|it| it.percent);
        let is_share = column.role.is_share();
        let is_score = matches!(column.role, Role::Score | Role::Mean | Role::Base | Role::Low | Role::High);
        let percent = percent || ((is_share || is_score) && large * 2 > numbers().count());
        // A difference or a spread is in the unit of the scores, unless it says otherwise.
        let of_score = matches!(column.role, Role::Delta | Role::Spread).then(|| {
            let scores = || self.columns.iter().filter(|it| matches!(it.role, Role::Score | Role::Mean));
            let large = |it: &Column| {
                let numbers = || it.readings.iter().filter_map(|it| it.number());
                it.percent || numbers().filter(|it| it.value.abs() > 1.5).count() * 2 > numbers().count()
            };
            scores().any(large)
        });
        let own_large = numbers().any(|it| it.value.abs() > 1.0);
        let column = &mut self.columns[index];
        column.percent = percent || of_score.is_some_and(|it| it || own_large);
        if !(is_share || is_score || of_score.is_some()) {
            column.percent = percent;
        }
    }

    /// Dense rows, means and spreads.
    fn mark_rows(&mut self) {
        let of = |role: Role| self.columns.iter().position(|it| it.role == role);
        let words: Vec<usize> = [Role::Dataset, Role::Seed, Role::Scope].into_iter().filter_map(of).collect();
        let method = of(Role::Method).or_else(|| of(Role::Network));
        let full: Vec<(usize, f64)> = [(Role::Keep, 1.0), (Role::Requested, 0.0)]
            .into_iter()
            .filter_map(|(role, all)| Some((of(role)?, all)))
            .collect();
        let mut kinds = std::mem::take(&mut self.kinds);
        for (row, kind) in kinds.iter_mut().enumerate().filter(|(_, kind)| **kind == Kind::Plain) {
            let is = |list: &[&str]| {
                words
                    .iter()
                    .any(|column| list.contains(&self.table.cell(row, *column).to_lowercase().as_str()))
            };
            if is(&MEANS) {
                *kind = Kind::Mean;
            } else if is(&DEVIATIONS) {
                *kind = Kind::Deviation;
            }
            let name = method.map(|column| self.table.cell(row, column).to_lowercase());
            let name = name.as_deref().unwrap_or_default();
            if *kind != Kind::Plain {
                continue;
            }
            if is_scratch(name) {
                *kind = Kind::Scratch;
            } else if is_dense(name)
                || full.iter().any(|(column, all)| {
                    self.fraction(row, *column).is_some_and(|it| it.middle().to_bits() == all.to_bits())
                })
            {
                *kind = Kind::Dense;
            }
        }
        self.kinds = kinds;
    }

    /// Takes cells out of all that follows.
    pub(crate) fn forget(&mut self, cells: &[(usize, usize)]) {
        for (row, column) in cells {
            self.columns[*column].readings[*row] = Reading::Missing;
        }
    }

    /// Whether a row has cells that belong to the header's columns.
    pub(crate) fn holds(&self, row: usize) -> bool {
        !matches!(self.kinds[row], Kind::Words | Kind::Ragged)
    }

    /// Whether a row is a result, of a pruned or of a dense network.
    pub(crate) fn is_result(&self, row: usize) -> bool {
        matches!(self.kinds[row], Kind::Plain | Kind::Dense | Kind::Scratch)
    }

    /// Whether a row is about the network that was not pruned.
    pub(crate) fn is_dense_name(&self, row: usize) -> bool {
        self.kinds[row] == Kind::Dense
            || self.first(Role::Method).is_some_and(|it| is_dense(&self.table.cell(row, it).to_lowercase()))
    }

    /// Columns of a role.
    pub(crate) fn of(&self, role: Role) -> Vec<usize> {
        (0..self.columns.len()).filter(|it| self.columns[*it].role == role).collect()
    }

    /// The first column of a role.
    pub(crate) fn first(&self, role: Role) -> Option<usize> {
        self.columns.iter().position(|it| it.role == role)
    }

    /// The number of a cell, as printed.
    pub(crate) fn number(&self, row: usize, column: usize) -> Option<Number> {
        self.columns[column].readings.get(row)?.number()
    }

    /// All values that a cell may stand for, in the unit of its column.
    pub(crate) fn range(&self, row: usize, column: usize) -> Option<Range> {
        Some(self.number(row, column)?.range().times(self.columns[column].scale))
    }

    /// All values that a cell may stand for, as fractions of one if the column has percentages.
    pub(crate) fn fraction(&self, row: usize, column: usize) -> Option<Range> {
        let factor = if self.columns[column].percent { 0.01 } else { 1.0 };
        self.range(row, column).map(|it| it.times(factor))
    }

    /// The column that rows are ranked and scored by: the mean, or the one score, or the first one.
    pub(crate) fn main_score(&self) -> Option<usize> {
        let single = || self.of(Role::Score).into_iter().find(|it| !self.columns[*it].one_seed);
        self.first(Role::Mean).or_else(single)
    }

    /// A number for each row; equal ones where all these columns have equal texts, under the same heading.
    pub(crate) fn group_ids(&self, columns: &[usize], sections: bool) -> Vec<u32> {
        let mut known: HashMap<(u32, Vec<&str>), u32> = HashMap::new();
        (0..self.table.rows())
            .map(|row| {
                let section = if sections { self.sections[row] } else { 0 };
                let texts = columns.iter().map(|column| self.table.cell(row, *column)).collect();
                let next = known.len() as u32;
                *known.entry((section, texts)).or_insert(next)
            })
            .collect()
    }

    /// A row in words: its method, or its first cell.
    pub(crate) fn who(&self, row: usize) -> String {
        let column = self.first(Role::Method).or_else(|| self.first(Role::Network)).unwrap_or(0);
        crate::text::fit(self.table.cell(row, column), 60)
    }
}

impl Column {
    fn guessed(name: &str) -> Column {
        let guess = recognise(name);
        Column {
            name: name.to_owned(),
            role: guess.role,
            sure: guess.sure,
            given: false,
            percent: guess.percent,
            scale: guess.scale,
            lower_is_better: guess.lower_is_better,
            drop: guess.drop,
            sign_given: false,
            unit_given: false,
            one_seed: guess.one_seed,
            stem: guess.stem,
            readings: Vec::new(),
        }
    }

    /// Whether lower values are better, by role where the name does not say.
    pub(crate) fn prefers_low(&self) -> bool {
        match self.role {
            Role::Delta => self.drop,
            Role::Rank
            | Role::AverageRank
            | Role::Params
            | Role::Macs
            | Role::Flops
            | Role::ParamsLeft
            | Role::MacsLeft
            | Role::FlopsLeft
            | Role::Spread => true,
            _ => self.lower_is_better,
        }
    }
}

fn is_dense(name: &str) -> bool {
    name.starts_with("dense") || DENSE.contains(&name)
}

fn is_scratch(name: &str) -> bool {
    name == "scratch" || name == "from scratch"
}

//! Figures that papers have published: shown beside ours, never ranked with them.

mod names;
mod protocol;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use names::{PublishedName, read_names};
pub use protocol::{PublishedProtocol, PublishedRegime, read_protocols};

/// How a figure may have been come by.
pub const ORIGINS: [&str; 4] = ["paper", "computed from raw results", "abstract", "notes of others"];

/// Begins of citations that lead to a text.
const CITATIONS: [&str; 3] = ["arXiv:", "doi:", "https://"];

/// One published figure: a line of a file of `benchmarks/published`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedFigure {
    /// Who published it, for example `arXiv:2111.13445`.
    pub citation: String,
    /// Where it stands there: a table, a section, a file of results.
    #[serde(rename = "where")]
    pub place: String,
    /// How it was come by, one of [`ORIGINS`].
    pub origin: String,
    /// Network.
    pub network: String,
    /// `direct`, `transfer` or `upstream`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Method, in the words of the paper.
    pub method: String,
    /// Percent of zeros, counted as the paper does; absent where the paper names none.
    pub sparsity_percent: Option<f64>,
    /// Task.
    pub task: String,
    /// What the value is.
    pub metric: String,
    /// The value as it is printed there, usually in percent.
    pub value: String,
    /// Its spread as printed there, usually a standard deviation.
    pub spread: Option<String>,
    /// Number of runs that it is a mean of.
    pub runs: Option<u32>,
}

/// Why a file of published figures cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// The file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder without a table.
    #[error("{} has no file that ends in .csv", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A line is not a figure.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, the header being the first.
        line: u64,
        /// What is wrong, and what is expected.
        reason: String,
    },
}

/// Reads a file of published figures, or all of a folder but for `names.csv` (see [`read_names`]).
///
/// # Errors
/// Names the file, the line and what is wrong: another header, a value that is no number, an origin or a citation of an
/// unknown kind.
pub fn read_published(path: &Path) -> Result<Vec<PublishedFigure>, PublishedError> {
    let failed = |source| PublishedError::Read { path: path.to_owned(), source };
    if !path.is_dir() {
        return read_file(path);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let is_table = file.file_name().is_some_and(|name| name != names::FILE);
        if is_table && file.extension().is_some_and(|extension| extension == "csv") {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(PublishedError::Empty { path: path.to_owned() });
    }
    files.sort();
    let mut figures = Vec::new();
    for file in files {
        figures.extend(read_file(&file)?);
    }
    Ok(figures)
}

fn read_file(path: &Path) -> Result<Vec<PublishedFigure>, PublishedError> {
    let text =
        std::fs::read(path).map_err(|source| PublishedError::Read { path: path.to_owned(), source })?;
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let mut figures = Vec::new();
    for (index, figure) in reader.deserialize::<PublishedFigure>().enumerate() {
        let failed =
            |reason: String| PublishedError::Line { path: path.to_owned(), line: index as u64 + 2, reason };
        let figure = figure.map_err(|error| failed(error.to_string()))?;
        figure.check().map_err(failed)?;
        figures.push(figure);
    }
    Ok(figures)
}

impl PublishedFigure {
    fn check(&self) -> Result<(), String> {
        if !CITATIONS
            .iter()
            .any(|begin| self.citation.len() > begin.len() && self.citation.starts_with(begin))
        {
            return Err(format!(
                "`citation` is `{}`, which begins with none of {}",
                self.citation,
                CITATIONS.join(", ")
            ));
        }
        if !ORIGINS.contains(&self.origin.as_str()) {
            return Err(format!("`origin` is `{}`, which is none of {}", self.origin, ORIGINS.join(", ")));
        }
        for (name, value) in [("value", Some(&self.value)), ("spread", self.spread.as_ref())] {
            if value.is_some_and(|value| !value.parse::<f64>().is_ok_and(f64::is_finite)) {
                return Err(format!("`{name}` is `{}`, which is no number", value.map_or("", |it| it)));
            }
        }
        if self.sparsity_percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            return Err("`sparsity_percent` is not from 0 to 100".to_owned());
        }
        for (name, value) in [("method", &self.method), ("task", &self.task), ("where", &self.place)] {
            if value.is_empty() {
                return Err(format!("`{name}` is empty"));
            }
        }
        Ok(())
    }
}

/// Published figures of one paper and network under one protocol and regime.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PublishedTable {
    /// Who published them.
    pub citation: String,
    /// Network.
    pub network: String,
    /// `direct` or `transfer`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Where they stand, and how they were come by.
    pub sources: BTreeSet<String>,
    /// Task and metric of each column, in the order of the file.
    pub columns: Vec<(String, String)>,
    /// Columns of other splits than the official ones, by task, with what is different.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_splits: BTreeMap<String, String>,
    /// Methods in the order of the file.
    pub lines: Vec<PublishedLine>,
}

/// A method at a sparsity.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PublishedLine {
    /// Method.
    pub method: String,
    /// Percent of zeros, if the paper names it.
    pub sparsity_percent: Option<f64>,
    /// One for each column: the value and its spread as printed.
    pub values: Vec<Option<(String, Option<String>)>>,
}

/// Sorts figures into tables, in the order in which they came, and marks what protocols know of their splits.
#[must_use]
pub fn published_tables(figures: &[PublishedFigure], protocols: &[PublishedProtocol]) -> Vec<PublishedTable> {
    let mut places: BTreeMap<[&str; 4], usize> = BTreeMap::new();
    let mut tables: Vec<PublishedTable> = Vec::new();
    for figure in figures {
        let key = [&figure.citation, &figure.network, &figure.protocol, &figure.regime].map(String::as_str);
        let at = *places.entry(key).or_insert(tables.len());
        if at == tables.len() {
            let [citation, network, protocol, regime] = key.map(str::to_owned);
            let (sources, columns, other_splits, lines) = Default::default();
            tables.push(PublishedTable {
                citation,
                network,
                protocol,
                regime,
                sources,
                columns,
                other_splits,
                lines,
            });
        }
        tables[at].add(figure);
    }
    for table in &mut tables {
        let own = protocols.iter().filter(|protocol| protocol.citation == table.citation);
        let others = own.flat_map(|protocol| &protocol.other_splits);
        let shown = others.filter(|(task, _)| table.columns.iter().any(|(own, _)| own == *task));
        table.other_splits = shown.map(|(task, reason)| (task.clone(), reason.clone())).collect();
        for line in &mut table.lines {
            line.values.resize(table.columns.len(), None);
        }
    }
    tables
}

impl PublishedTable {
    fn add(&mut self, figure: &PublishedFigure) {
        self.sources.insert(format!("{}: {}", figure.origin, figure.place));
        let column = (figure.task.clone(), figure.metric.clone());
        let column = self.columns.iter().position(|known| *known == column).unwrap_or_else(|| {
            self.columns.push(column);
            self.columns.len() - 1
        });
        let bits = |percent: Option<f64>| percent.map(f64::to_bits);
        let same = |line: &PublishedLine| {
            line.method == figure.method && bits(line.sparsity_percent) == bits(figure.sparsity_percent)
        };
        let line = self.lines.iter().position(same).unwrap_or_else(|| {
            let (method, sparsity_percent) = (figure.method.clone(), figure.sparsity_percent);
            self.lines.push(PublishedLine { method, sparsity_percent, values: Vec::new() });
            self.lines.len() - 1
        });
        let values = &mut self.lines[line].values;
        if values.len() <= column {
            values.resize(column + 1, None);
        }
        values[column] = Some((figure.value.clone(), figure.spread.clone()));
    }
}

#[cfg(test)]
mod tests;

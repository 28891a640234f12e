//! Which of our methods is which of a paper's.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{PublishedError, PublishedFigure};

/// Name of the file in a folder of published figures.
pub(super) const FILE: &str = "names.csv";

/// A line of `names.csv`: a method of a paper and ours that is closest to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedName {
    /// Who published it, as in the tables.
    pub citation: String,
    /// The method, in the words of the table.
    pub method: String,
    /// Identifier of our method.
    pub id: String,
    /// What our parameters must be, `key=value` separated by spaces. With a question mark behind the value the key may
    /// also be left out: the value is the method's own.
    pub parameters: Option<String>,
    /// The percent of zeros at which to compare, where the paper counts them otherwise than over the prunable weights.
    pub sparsity_percent: Option<u32>,
    /// What is different.
    pub remark: Option<String>,
}

/// Reads the names that lie in a folder of published figures. A folder without them, and a single table, have none.
///
/// # Errors
/// Names the file, the line and what is wrong.
pub fn read_names(path: &Path) -> Result<Vec<PublishedName>, PublishedError> {
    let path = path.join(FILE);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read(&path).map_err(|source| PublishedError::Read { path: path.clone(), source })?;
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let mut names = Vec::new();
    for (index, name) in reader.deserialize::<PublishedName>().enumerate() {
        let failed =
            |reason: String| PublishedError::Line { path: path.clone(), line: index as u64 + 2, reason };
        let name = name.map_err(|error| failed(error.to_string()))?;
        name.check().map_err(failed)?;
        names.push(name);
    }
    Ok(names)
}

impl PublishedName {
    fn check(&self) -> Result<(), String> {
        for (name, value) in [("citation", &self.citation), ("method", &self.method), ("id", &self.id)] {
            if value.is_empty() {
                return Err(format!("`{name}` is empty"));
            }
        }
        match self.constraints().find(|(key, value, _)| key.is_empty() || value.is_empty()) {
            Some(_) => Err(format!(
                "`parameters` is `{}`; write `key=value`, or `key=value?` for a default, separated by spaces",
                self.parameters.as_deref().unwrap_or_default()
            )),
            None => Ok(()),
        }
    }

    /// Key, value, and whether the key may be left out.
    fn constraints(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.parameters.as_deref().unwrap_or_default().split_whitespace().map(|constraint| {
            let (key, value) = constraint.split_once('=').unwrap_or((constraint, ""));
            match value.strip_suffix('?') {
                Some(value) => (key, value, true),
                None => (key, value, false),
            }
        })
    }

    /// Whether a method of ours, with its parameters as JSON, is meant.
    #[must_use]
    pub fn means(&self, id: &str, parameters: &str) -> bool {
        let parameters: serde_json::Value = serde_json::from_str(parameters).unwrap_or_default();
        id == self.id
            && self.constraints().all(|(key, value, optional)| match parameters.get(key) {
                None => optional,
                Some(serde_json::Value::String(text)) => text == value,
                Some(other) => serde_json::from_str::<serde_json::Value>(value).is_ok_and(|it| it == *other),
            })
    }

    /// Whether a figure is one of this method at so many percent of zeros.
    #[must_use]
    pub fn names(&self, figure: &PublishedFigure, sparsity_percent: f64) -> bool {
        let stated =
            self.sparsity_percent.map_or(figure.sparsity_percent, |percent| Some(f64::from(percent)));
        // A keep of 0.1 is a sparsity of 90.00000000000001 % or so.
        figure.citation == self.citation
            && figure.method == self.method
            && stated.is_some_and(|percent| (percent - sparsity_percent).abs() < 1e-6)
    }
}

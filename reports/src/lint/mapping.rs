//! What the user says of columns, in options or in a file, and what we say of our own tables.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalogue::CHECKS;
use super::read::Format;
use super::role::{Role, RoleOption};
use super::sheet::Sheet;
use super::table::Table;

/// Largest map that is read, in bytes.
const MOST_MAP_BYTES: usize = 64 << 10;

/// What a column is said to be.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnChoice {
    /// The column's name, as in the header.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// What else is said.
    pub options: Vec<RoleOption>,
}

/// What may be said beside the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LintOptions {
    /// The format, if neither name nor text shall tell it.
    pub format: Option<Format>,
    /// Columns that are not to be recognised.
    pub columns: Vec<ColumnChoice>,
    /// Names of the columns that tell rows apart.
    pub key: Vec<String>,
    /// Names of the columns within which rows are compared and ranked.
    pub group: Vec<String>,
    /// Names of the columns whose lower values are better.
    pub lower_is_better: Vec<String>,
}

/// What is wrong with options or with a map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A column that no table has.
    #[error("{file} has no column `{name}`{hint}; it has {known}")]
    NoColumn {
        /// The file with the tables.
        file: String,
        /// What was asked for.
        name: String,
        /// The nearest name.
        hint: String,
        /// The names that are there.
        known: String,
    },
    /// `NAME=ROLE[:OPTION]` without one of its parts.
    #[error("`{text}` is not NAME=ROLE[:OPTION], for example `val_acc=score:fraction`")]
    NoRole {
        /// What was given.
        text: String,
    },
    /// A role or an option that does not exist.
    #[error("{place}`{name}` is no {what}{hint}; there are {known}")]
    Unknown {
        /// Where it stands; empty for options.
        place: String,
        /// What was given.
        name: String,
        /// Role or option.
        what: &'static str,
        /// The nearest name.
        hint: String,
        /// What there is.
        known: String,
    },
    /// A map that cannot be read.
    #[error("{file}{place}: {message}")]
    Map {
        /// The map.
        file: String,
        /// Line and column, as far as they are known.
        place: String,
        /// What is wrong.
        message: String,
    },
}

/// A map as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    group: Vec<String>,
    #[serde(default)]
    lower_is_better: Vec<String>,
}

/// Keys of a map.
const MAP_KEYS: [&str; 4] = ["columns", "key", "group", "lower_is_better"];

impl ColumnChoice {
    /// Reads `NAME=ROLE[:OPTION]…`.
    ///
    /// # Errors
    /// Says what is missing or not known, with what there is.
    pub fn parse(text: &str) -> Result<ColumnChoice, MappingError> {
        let (name, role) = text.rsplit_once('=').unwrap_or_default();
        if name.trim().is_empty() || role.trim().is_empty() {
            return Err(MappingError::NoRole { text: text.to_owned() });
        }
        choice(name.trim(), role.trim(), "")
    }
}

/// A role with its options, separated by colons.
fn choice(name: &str, text: &str, place: &str) -> Result<ColumnChoice, MappingError> {
    let mut parts = text.split(':').map(str::trim);
    let role = parts.next().unwrap_or_default();
    let role = find(&Role::ALL, role, "role", place)?;
    let options = parts
        .map(|option| find(&RoleOption::ALL, option, "option of a role", place))
        .collect::<Result<_, _>>()?;
    Ok(ColumnChoice { name: name.to_owned(), role, options })
}

fn find<T: Copy>(
    all: &[(T, &'static str)],
    name: &str,
    what: &'static str,
    place: &str,
) -> Result<T, MappingError> {
    let names = || all.iter().map(|(_, name)| *name);
    all.iter().find(|(_, known)| *known == name).map(|(it, _)| *it).ok_or_else(|| MappingError::Unknown {
        place: place.to_owned(),
        name: name.to_owned(),
        what,
        hint: hint(name, names()),
        known: names().collect::<Vec<_>>().join(", "),
    })
}

/// `; did you mean …?` where something is near.
fn hint<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    known
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The check whose identifier is nearest to a wrong one.
#[must_use]
pub fn nearest_check(wrong: &str) -> Option<&'static str> {
    nearest(wrong, CHECKS.iter().map(|it| it.id))
}

impl LintOptions {
    /// Adds what a map says. What was given before counts more.
    ///
    /// # Errors
    /// Names the line and the nearest key or role of what is not known.
    pub fn add_map(&mut self, file: &str, text: &str) -> Result<(), MappingError> {
        let map = read_map(file, text)?;
        for (name, role) in &map.columns {
            if !self.columns.iter().any(|it| it.name == *name) {
                let line = text
                    .lines()
                    .position(|line| line.contains(name.as_str()) && line.contains(role.as_str()));
                let place = line.map_or_else(|| format!("{file}: "), |line| format!("{file}:{}: ", line + 1));
                self.columns.push(choice(name, role, &place)?);
            }
        }
        for (own, new) in [(&mut self.key, map.key), (&mut self.group, map.group)] {
            if own.is_empty() {
                *own = new;
            }
        }
        self.lower_is_better.extend(map.lower_is_better);
        Ok(())
    }
}

fn read_map(file: &str, text: &str) -> Result<Map, MappingError> {
    let failed = |place: String, message: String| MappingError::Map { file: file.to_owned(), place, message };
    if text.len() > MOST_MAP_BYTES {
        return Err(failed(
            String::new(),
            format!("it has {} bytes; at most {MOST_MAP_BYTES} are read", text.len()),
        ));
    }
    // An empty map is null, which is no map.
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Map::default());
    }
    serde_yaml::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(String::new, |it| format!(":{}:{}", it.line(), it.column()));
        let message = error.to_string();
        let wrong = message.split("unknown field `").nth(1).and_then(|rest| rest.split('`').next());
        let hint = wrong.map_or_else(String::new, |wrong| hint(wrong, MAP_KEYS.into_iter()));
        failed(place, format!("{message}{hint}"))
    })
}

/// Our own tables: their names, the columns that they are known by, and their maps.
const PRESETS: [(&str, &[&str], &str); 3] = [
    (
        "results.csv",
        &["suite", "track", "replicate", "prunable_total", "stage"],
        include_str!("presets/results.yaml"),
    ),
    (
        "leaderboard.csv",
        &["suite", "track", "scope", "place", "tied", "error_increase"],
        include_str!("presets/leaderboard.yaml"),
    ),
    (
        "speed.csv",
        &["suite", "form", "unaligned_layers", "theoretical_speedup"],
        include_str!("presets/speed.yaml"),
    ),
];

/// Whether names of columns are in some table of the file.
pub(crate) fn check_names(file: &str, tables: &[Table], options: &LintOptions) -> Result<(), MappingError> {
    let header = || tables.iter().flat_map(|table| table.header.iter().map(String::as_str));
    let asked = options.columns.iter().map(|it| &it.name).chain(&options.key).chain(&options.group);
    for name in asked.chain(&options.lower_is_better) {
        if !header().any(|known| is_called(known, name)) {
            let mut known: Vec<&str> = header().filter(|it| !it.is_empty()).collect();
            let hint = hint(name, header());
            known.dedup();
            let more = if known.len() > 40 { ", …" } else { "" };
            known.truncate(40);
            let known = crate::text::clean(&format!("{}{more}", known.join(", ")));
            return Err(MappingError::NoColumn { file: file.to_owned(), name: name.clone(), hint, known });
        }
    }
    Ok(())
}

fn is_called(column: &str, name: &str) -> bool {
    column.trim().eq_ignore_ascii_case(name.trim())
}

/// Enters what is given, and what is known of our own tables, which is told.
pub(crate) fn apply(sheet: &mut Sheet, options: &LintOptions) -> Result<Option<&'static str>, MappingError> {
    let has = |name: &&str| sheet.table.header.iter().any(|column| column == name);
    let preset = PRESETS.iter().find(|(_, names, _)| names.iter().all(has));
    let mut all = options.clone();
    if let Some((file, _, map)) = preset {
        all.add_map(file, map)?;
    }
    let places = |names: &[String]| -> Vec<usize> {
        names
            .iter()
            .filter_map(|name| sheet.table.header.iter().position(|column| is_called(column, name)))
            .collect()
    };
    let (key, group) = (places(&all.key), places(&all.group));
    for column in &mut sheet.columns {
        if let Some(choice) = all.columns.iter().find(|it| is_called(&column.name, &it.name)) {
            // What was said of ours is not what the user said.
            (column.role, column.sure, column.given) = (choice.role, true, options.columns.contains(choice));
            for option in &choice.options {
                match option {
                    RoleOption::Percent => (column.percent, column.unit_given) = (true, true),
                    RoleOption::Fraction => (column.percent, column.unit_given) = (false, true),
                    RoleOption::Times(factor) => column.scale = *factor as f64,
                    RoleOption::HigherIsBetter => column.lower_is_better = false,
                    RoleOption::LowerIsBetter => column.lower_is_better = true,
                    RoleOption::Drop => (column.drop, column.sign_given) = (true, true),
                    RoleOption::Gain => (column.drop, column.sign_given) = (false, true),
                }
            }
        }
        if all.lower_is_better.iter().any(|name| is_called(&column.name, name)) {
            column.lower_is_better = true;
            if column.role == Role::Other {
                (column.role, column.sure) = (Role::Score, true);
            }
        }
    }
    (sheet.keys.key, sheet.keys.group) = (key, group);
    Ok(preset.map(|(name, ..)| *name))
}

//! Names of pages, and the links between them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::Report;
use crate::text::clean;

/// Characters of a file's name before its ending.
const LONGEST_NAME: usize = 60;

/// A link to a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    /// What is read.
    pub(super) text: String,
    /// Path from the site's root.
    pub(super) path: String,
}

/// The pages of methods and tasks.
#[derive(Debug)]
pub(super) struct Names {
    methods: BTreeMap<String, String>,
    tasks: BTreeMap<String, String>,
}

impl Names {
    /// One page for each method label and each task of the report.
    pub(super) fn of(report: &Report) -> Names {
        let methods: BTreeSet<&str> = report
            .boards
            .iter()
            .flat_map(|board| &board.entries)
            .map(|entry| entry.method.as_str())
            .chain(report.costs.iter().map(|cost| cost.method.as_str()))
            .filter(|method| !method.is_empty())
            .collect();
        let scored = report.boards.iter().flat_map(|board| &board.tasks).map(|task| &task.id);
        let seen = report.galleries.iter().map(|gallery| &gallery.task);
        let tasks: BTreeSet<&str> = scored.chain(seen).map(String::as_str).collect();
        Names { methods: paths("methods", &methods), tasks: paths("tasks", &tasks) }
    }

    /// The page of a method, if it has one.
    pub(super) fn method(&self, label: &str) -> Option<&str> {
        self.methods.get(label).map(String::as_str)
    }

    /// The page of a task, if it has one.
    pub(super) fn task(&self, id: &str) -> Option<&str> {
        self.tasks.get(id).map(String::as_str)
    }

    /// Labels of methods with their pages, by label.
    pub(super) fn methods(&self) -> impl Iterator<Item = (&str, &str)> {
        self.methods.iter().map(|(label, path)| (label.as_str(), path.as_str()))
    }

    /// Identifiers of tasks with their pages, by identifier.
    pub(super) fn tasks(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tasks.iter().map(|(id, path)| (id.as_str(), path.as_str()))
    }

    /// A link to a method's page; the text alone where there is none.
    pub(super) fn method_link(&self, label: &str) -> Link {
        Link { text: clean(label), path: self.method(label).unwrap_or_default().to_owned() }
    }
}

/// A path for each label. Labels are free text, file systems are not, and some of these do not tell letters by their case:
/// what would be the same file gets a part of its digest.
fn paths(folder: &str, labels: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for label in labels {
        *taken.entry(plain(label)).or_default() += 1;
    }
    let path = |label: &str| {
        let plain = plain(label);
        let digest = || blake3::hash(label.as_bytes()).to_hex()[..8].to_owned();
        let name = match taken.get(&plain) {
            Some(1) if !plain.is_empty() => plain,
            _ if plain.is_empty() => digest(),
            _ => format!("{plain}-{}", digest()),
        };
        format!("{folder}/{name}.html")
    };
    labels.iter().map(|label| ((*label).to_owned(), path(label))).collect()
}

/// Small letters, digits, dots and hyphens; everything else is a hyphen.
fn plain(label: &str) -> String {
    let mut name = String::with_capacity(label.len());
    for c in label.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => name.push(c),
            '.' if !name.is_empty() => name.push('.'),
            _ if !name.ends_with('-') && !name.is_empty() => name.push('-'),
            _ => {}
        }
        if name.len() >= LONGEST_NAME {
            break;
        }
    }
    name.trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(labels: &[&str]) -> BTreeMap<String, String> {
        paths("methods", &labels.iter().copied().collect())
    }

    #[test]
    fn plain_labels_are_their_own_names() {
        let names = named(&["imp-rewind_init", "gradual magnitude", "generated/figures", "v1.5"]);
        let paths: Vec<&str> = names.values().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "methods/generated-figures.html",
                "methods/gradual-magnitude.html",
                "methods/imp-rewind_init.html",
                "methods/v1.5.html"
            ]
        );
    }

    #[test]
    fn labels_never_share_a_file_or_leave_the_folder() {
        let long = "x".repeat(300);
        let longer = format!("{long}y");
        let labels =
            ["a b", "a-b", "A-B", "..", "../../etc", "", "ü", "ö", "/", "con\u{202e}", &long, &longer];
        let names = named(&labels);
        assert_eq!(names.len(), labels.len());
        let folded: BTreeSet<String> = names.values().map(|path| path.to_lowercase()).collect();
        assert_eq!(folded.len(), labels.len());
        for path in names.values() {
            let name = path.strip_prefix("methods/").expect("its folder");
            assert!(!name.starts_with('.') && !name.contains('/') && name.len() < 90, "{path}");
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
                "{path}"
            );
        }
    }

    #[test]
    fn adding_a_label_that_shares_nothing_moves_no_page() {
        let before = named(&["imp", "rigl"]);
        let after = named(&["imp", "rigl", "set"]);
        assert!(before.iter().all(|(label, path)| after[label] == *path));
    }
}

//! The table of `docs/tasks.md` says what the catalogue says.

use crate::Split;
use crate::official::{Entry, catalogue};

/// `1281167` as `1,281,167`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn row(set: &Entry) -> String {
    let count = |split: Split| match set.counts.of(split) {
        0 => String::new(),
        count => grouped(count),
    };
    let [train, validation, test] = Split::ALL.map(count);
    let archives: Vec<String> = set.archives.iter().map(|archive| format!("`{}`", archive.file)).collect();
    format!(
        "| `{}` | {} | {} | {train} | {validation} | {test} | {} | {} |",
        set.id,
        set.title,
        set.classes,
        set.metric.name(),
        archives.join(", ")
    )
    .replace("|  |", "| |")
    .replace("|  |", "| |")
}

#[test]
fn the_guide_has_the_table_of_the_catalogue() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tasks.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let section = guide.split("\n## ").find(|section| section.starts_with("Official data sets")).unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = catalogue().iter().map(row).collect();
    assert_eq!(rows.join("\n"), expected.join("\n"), "put this into docs/tasks.md:\n{}", expected.join("\n"));
}

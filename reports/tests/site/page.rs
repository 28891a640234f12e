//! Numbers of a page, with what they are and what they are of.

use std::path::{Path, PathBuf};

use scraper::{ElementRef, Html, Node, Selector};

use crate::oracle::Context;

/// A number as a page has it.
#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) of: String,
    pub(crate) value: f64,
    pub(crate) text: String,
    pub(crate) context: Context,
}

impl Number {
    /// Whether the text is the value, rounded to the decimals that it has. Its scale (percent, thousands, bytes, milliseconds)
    /// may be any that pages use.
    pub(crate) fn is_shown(&self) -> bool {
        // Tie groups are letters, one after another.
        if self.of.starts_with("group-") {
            let value = self.text.bytes().fold(0.0, |value, letter| value * 26.0 + f64::from(letter) - 96.0);
            return (value - self.value).abs() < 1e-9;
        }
        // What is below the last digit that is shown.
        if let Some(bound) = self.text.strip_prefix("< ") {
            return bound.parse::<f64>().is_ok_and(|bound| self.value < bound);
        }
        // Minutes with seconds, and hours with minutes, are no decimal numbers.
        if self.text.contains("min") {
            return true;
        }
        let shown: String = self.text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
        let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let Ok(shown) = shown.parse::<f64>() else { return false };
        let half = 0.500_001 * 0.1_f64.powi(decimals as i32);
        let scales = [
            1.0,
            100.0,
            1e3,
            1e-3,
            1e-6,
            1e-9,
            1e-12,
            1024_f64.powi(-1),
            1024_f64.powi(-2),
            1024_f64.powi(-3),
        ];
        scales.into_iter().any(|scale| (self.value.abs() * scale - shown).abs() <= half)
    }
}

/// Pages that have boards, statistics, costs or speeds.
pub(crate) fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut pages = vec![folder.join("index.html"), folder.join("analyses.html")];
    for below in ["methods", "tasks"] {
        let entries = std::fs::read_dir(folder.join(below)).expect("a folder of pages");
        pages.extend(entries.map(|entry| entry.expect("a page").path()));
    }
    pages.sort();
    pages
}

pub(crate) struct Page {
    html: Html,
}

impl Page {
    pub(crate) fn read(path: &Path) -> Page {
        Page::of(&std::fs::read_to_string(path).expect("a page"))
    }

    pub(crate) fn of(text: &str) -> Page {
        Page { html: Html::parse_document(text) }
    }

    /// All numbers that have a value. Difficulty is counted from predictions, which no table has; its own tests do.
    pub(crate) fn numbers(&self) -> Vec<Number> {
        self.select(":not(table.difficulty *)[data-of]")
            .filter(|element| !element.attr("data-value").unwrap_or_default().is_empty())
            .map(|element| Number {
                of: element.attr("data-of").unwrap_or_default().to_owned(),
                value: element.attr("data-value").unwrap_or_default().parse().expect("a number"),
                text: element.text().collect(),
                context: context(element),
            })
            .collect()
    }

    /// Cells of checked tables with a digit that is in no number: nobody could recompute it. Left out are words (`why`), names
    /// of methods, and the keep that the row states.
    pub(crate) fn bare_numbers(&self) -> Vec<String> {
        let mut bare = Vec::new();
        for cell in self.select("table.checked tbody td") {
            for node in cell.descendants() {
                let Node::Text(text) = node.value() else { continue };
                if !text.chars().any(|c| c.is_ascii_digit()) {
                    continue;
                }
                let keep = nearest(cell, "data-keep").unwrap_or_default();
                let excused = node
                    .ancestors()
                    .filter_map(ElementRef::wrap)
                    .take_while(|it| it.value().name() != "tr")
                    .any(|it| {
                        it.attr("data-value").is_some_and(|value| !value.is_empty())
                            || it.value().name() == "a"
                            || it.attr("class").is_some_and(|class| class.split(' ').any(|it| it == "why"))
                            || it.attr("data-batch").is_some() && it.value().name() == "span"
                            || it.attr("data-keep").is_some_and(|keep| text.contains(keep))
                    });
                if !excused && text.trim() != keep {
                    bare.push(format!("{} in {}", text.trim(), cell.html()));
                }
            }
        }
        bare
    }

    fn select(&self, selector: &str) -> impl Iterator<Item = ElementRef<'_>> {
        let selector = Selector::parse(selector).expect("a selector");
        self.html.select(&selector).collect::<Vec<_>>().into_iter()
    }
}

fn context(element: ElementRef<'_>) -> Context {
    let find = |name: &str| nearest(element, name).unwrap_or_default();
    Context {
        suite: find("data-suite"),
        track: find("data-track"),
        protocol: find("data-protocol"),
        regime: find("data-regime"),
        granularity: find("data-granularity"),
        method: find("data-method"),
        against: find("data-against"),
        keep: find("data-keep"),
        task: find("data-task"),
        form: find("data-form"),
        batch: find("data-batch"),
        cost: find("data-cost"),
    }
}

/// The attribute of the element or of what is around it.
fn nearest(element: ElementRef<'_>, name: &str) -> Option<String> {
    std::iter::once(element)
        .chain(element.ancestors().filter_map(ElementRef::wrap))
        .find_map(|it| it.attr(name).map(str::to_owned))
}

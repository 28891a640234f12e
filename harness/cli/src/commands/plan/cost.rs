//! What is left of a plan costs: pictures and hours, by what is trained alike.

use std::collections::{BTreeMap, BTreeSet};

use super::rates::{Rate, Rates};
use super::work::{Kind, Work};

/// The work that is left, and what it takes.
pub(super) struct Bill {
    rates: Rates,
    /// A speed that the user has given.
    given: Option<f64>,
    /// Absent: the side of the pictures is not known without their files.
    items: BTreeMap<Option<Kind>, Item>,
}

#[derive(Default)]
struct Item {
    trained: u64,
    seen: u64,
    /// Whether there are pictures beside these that nobody has counted.
    more: bool,
    /// Pictures in units of training.
    equivalent: f64,
    /// Seconds at measured speeds.
    seconds: f64,
    /// Whether the speed of some of it is not known.
    unmeasured: bool,
    /// Where the speeds are from, and each in pictures a second.
    sources: BTreeSet<String>,
}

impl Bill {
    pub(super) fn new(rates: Rates, given: Option<f64>) -> Self {
        Self { rates, given, items: BTreeMap::new() }
    }

    fn rate(&self, kind: Option<&Kind>, batch: u32) -> Option<Rate> {
        self.rates.rate(kind?, batch)
    }

    /// Lines for people; none if nothing is left that trains on pictures or looks at them.
    pub(super) fn lines(&self, device: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for (kind, item) in self.items.iter().filter(|(_, item)| item.trained + item.seen > 0 || item.more) {
            let name = kind
                .as_ref()
                .map_or_else(|| "pictures of sizes that their files say".to_owned(), Kind::to_string);
            let over = if item.more { "over " } else { "at most " };
            lines.push(format!(
                "{name}: {over}{} training pictures, and {} that are looked at",
                item.trained, item.seen
            ));
            let counted = item.equivalent > 0.0;
            if let Some(speed) = self.given.filter(|_| counted) {
                let hours = hour_words(item.equivalent / speed / 3600.0, item.more);
                lines.push(format!("  {hours} at {speed} pictures a second on {device}"));
            }
            if !item.unmeasured && !item.sources.is_empty() {
                let sources = item.sources.iter().cloned().collect::<Vec<_>>().join("; ");
                // Of nothing but pictures that nobody has counted there are no hours to tell.
                if counted {
                    let hours = hour_words(item.seconds / 3600.0, item.more);
                    lines.push(format!("  {hours} on {device}: {sources}"));
                }
            } else if self.given.is_none() {
                lines.push(format!(
                    "  nobody has measured how fast that is on {device}; --pictures-per-second N tells the hours at a speed"
                ));
            }
        }
        lines
    }

    /// The same for machines.
    pub(super) fn json(&self) -> serde_json::Value {
        let item = |(kind, item): (&Option<Kind>, &Item)| {
            let measured = !item.unmeasured && !item.sources.is_empty() && !item.more;
            let measured = measured.then_some(item.seconds / 3600.0);
            let given = self.given.filter(|_| !item.more);
            serde_json::json!({
                "network": kind.as_ref().map(|kind| &kind.network),
                "width": kind.as_ref().map(|kind| &kind.width),
                "side": kind.as_ref().map(|kind| kind.side),
                "views": kind.as_ref().map(|kind| if kind.views { 2 } else { 1 }),
                "training_pictures": item.trained,
                "pictures_looked_at": item.seen,
                "more": item.more,
                "hours": measured,
                "sources": item.sources,
                "hours_at_given_speed": given.map(|speed| item.equivalent / speed / 3600.0),
            })
        };
        self.items.iter().map(item).collect()
    }
}

impl Extend<(Option<Kind>, Work)> for Bill {
    fn extend<T: IntoIterator<Item = (Option<Kind>, Work)>>(&mut self, works: T) {
        for (kind, work) in works {
            let rate = self.rate(kind.as_ref(), work.batch);
            let item = self.items.entry(kind).or_default();
            item.trained = item.trained.saturating_add(work.trained.unwrap_or(0));
            item.seen = item.seen.saturating_add(work.seen.unwrap_or(0));
            let more = work.trained.is_none() || work.seen.is_none();
            item.more |= more;
            let equivalent = work.equivalent();
            item.equivalent += equivalent;
            match rate {
                Some(rate) => {
                    item.seconds += equivalent / rate.pictures_per_second;
                    let speed = format!("{:.1} pictures a second", rate.pictures_per_second);
                    item.sources.insert(format!("{speed}, {}", rate.source));
                }
                None => item.unmeasured |= more || equivalent > 0.0,
            }
        }
    }
}

/// `about 12.3 hours`, and minutes below one hour; `more than` where some of the pictures are not counted.
fn hour_words(hours: f64, more: bool) -> String {
    let about = if more { "more than" } else { "about" };
    match hours {
        hours if hours < 1.0 => format!("{about} {:.0} minutes", hours * 60.0),
        hours if hours < 100.0 => format!("{about} {hours:.1} hours"),
        hours => format!("{about} {hours:.0} hours"),
    }
}

#[cfg(test)]
mod tests;

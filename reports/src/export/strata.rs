//! What page and summary say of strata alike.

use super::correlation_words;
use crate::stats::Summary;
use crate::strata::{Extent, StrataCell, StrataKind, StrataTable, Stratum};
use crate::text;

/// Strata of which a table has room for every measure; of more it has the first only.
const MOST_WITH_ALL: usize = 4;

/// The head of a column, and what stands in it.
pub(crate) type Measure = (&'static str, fn(&StrataCell) -> Option<Summary>);

static MEASURES: [Measure; 2] = [("AP %", |cell| cell.ap), ("AP50 %", |cell| cell.ap50)];

/// What a table shows of each stratum.
pub(crate) fn measures(table: &StrataTable) -> &'static [Measure] {
    if table.strata.len() > MOST_WITH_ALL { &MEASURES[..1] } else { &MEASURES }
}

/// Whether a table has a column for correlations with frequency.
pub(crate) fn is_correlated(table: &StrataTable) -> bool {
    table.lines.iter().any(|line| line.frequency_correlation.is_some())
}

/// A mean correlation, and half of its interval or nothing.
pub(crate) fn mean_correlation_words(summary: Option<Summary>) -> (String, String) {
    let half = summary.and_then(|it| it.half_width());
    let half = half.map_or(String::new(), |half| format!("±{}", correlation_words(Some(half))));
    (correlation_words(summary.map(|it| it.mean)), half)
}

/// What the strata of a table are, in one line. `escape` is for names.
pub(crate) fn strata_words(table: &StrataTable, escape: fn(&str) -> String) -> String {
    let strata: Vec<String> = table.strata.iter().map(|it| stratum_words(it, escape)).collect();
    let left_out = match table.left_out {
        0 => String::new(),
        1 => "; 1 class has no object in the test split".to_owned(),
        count => format!("; {count} classes have no object in the test split"),
    };
    let begin = match table.kind {
        StrataKind::Size => "",
        StrataKind::Class => "In the test split: ",
    };
    format!("{begin}{}{left_out}.", strata.join("; "))
}

fn stratum_words(stratum: &Stratum, escape: fn(&str) -> String) -> String {
    let extent = match &stratum.extent {
        Extent::Size { area_from, area_to } => area_words(*area_from, *area_to) + ", ",
        Extent::Class => String::new(),
        Extent::Classes { classes } => match classes.as_slice() {
            [] => String::new(),
            [one] => format!("1 class, {}, ", escape(one)),
            [first, .., last] => {
                format!("{} classes, {} to {}, ", classes.len(), escape(first), escape(last))
            }
        },
    };
    let objects = if stratum.objects == 1 { "object" } else { "objects" };
    format!("{}: {extent}{} {objects}", escape(&stratum.name), text::count(stratum.objects))
}

/// A range of areas: `up to 144 px²`, `144 to 1,024 px²`, `from 1,024 px²`.
fn area_words(from: f64, to: Option<f64>) -> String {
    let area = |area: f64| text::count(area.max(0.0).round() as u64);
    match to {
        None if from <= 0.0 => "any area".to_owned(),
        None => format!("from {} px²", area(from)),
        Some(to) if from <= 0.0 => format!("up to {} px²", area(to)),
        Some(to) => format!("{} to {} px²", area(from), area(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_are_told_in_words() {
        let stratum =
            |name: &str, extent: Extent, objects: u64| Stratum { name: name.to_owned(), extent, objects };
        let classes =
            |names: &[&str]| Extent::Classes { classes: names.iter().map(|it| (*it).to_owned()).collect() };
        let size = |area_from, area_to| Extent::Size { area_from, area_to };
        for (stratum, words) in [
            (stratum("small", size(0.0, Some(1024.0)), 40), "small: up to 1,024 px², 40 objects"),
            (stratum("medium", size(1024.0, Some(9216.0)), 1), "medium: 1,024 to 9,216 px², 1 object"),
            (stratum("large", size(9216.0, None), 1200), "large: from 9,216 px², 1,200 objects"),
            (stratum("all", size(0.0, None), 0), "all: any area, 0 objects"),
            (stratum("bear", Extent::Class, 3), "bear: 3 objects"),
            (stratum("rare", classes(&["bear"]), 3), "rare: 1 class, bear, 3 objects"),
            (stratum("rare", classes(&["cat", "cow", "bear"]), 9), "rare: 3 classes, cat to bear, 9 objects"),
        ] {
            assert_eq!(stratum_words(&stratum, text::clean), words);
        }
    }

    #[test]
    fn correlations_have_two_decimals_and_their_interval_if_there_is_one() {
        let summary = |values: &[f64]| Summary::of(values, crate::stats::Over::SeedsAtFixedTasks);
        // The quantile of Student's t for one degree of freedom is tan(0.475 π) = 12.7062; the half width 12.7062 × 0.05.
        let (mean, half) = mean_correlation_words(summary(&[-0.4, -0.5]));
        assert_eq!((mean.as_str(), half.as_str()), ("−0.45", "±0.64"));
        assert_eq!(mean_correlation_words(summary(&[0.25])), ("0.25".to_owned(), String::new()));
        assert_eq!(mean_correlation_words(None), ("–".to_owned(), String::new()));
    }
}

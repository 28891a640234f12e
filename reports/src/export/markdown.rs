//! `summary.md`: what a pull request's reader needs, in one comment.

mod agreement;
mod analysis;
mod beside;
mod families;
mod pretraining;
mod statistics;
mod strata;
mod tickets;
mod upstream;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{incomplete_word, interval_words, lacking_words, metric_words, pair_words, start_words};
use crate::board::{Board, Entry};
use crate::pairs::PairTable;
use crate::row::{Control, Outcome, Provenance};
use crate::stats::Summary;
use crate::text;
use crate::{Report, Severity};

/// GitHub cuts nothing: it refuses a comment above 65,536 characters, so the summary stays well below.
const MOST_CHARACTERS: usize = 60_000;
/// Methods shown per keep. The rest is in `leaderboard.csv`.
const MOST_METHODS: usize = 10;
/// Pairs shown per board: as many as seven methods have. The rest is in `pairs.csv`.
const MOST_PAIRS: usize = 21;
/// Warnings shown per severity.
const MOST_WARNINGS: usize = 12;

/// `summary.md`: the outcome in a few lines, one table per board, the warnings.
#[must_use]
pub fn summary_md(report: &Report, provenance: &Provenance) -> String {
    let mut out = String::from("# Secateur report\n\n");
    top_lines(&mut out, report);
    let mut skipped = 0;
    for board in &report.boards {
        let table = board_table(board);
        // Room for the warnings and the provenance stays reserved.
        if out.len() + table.len() > MOST_CHARACTERS * 3 / 4 {
            skipped += 1;
            continue;
        }
        out.push_str(&table);
    }
    statistics::section(&mut out, &report.statistics, MOST_CHARACTERS * 25 / 32);
    families::section(&mut out, &report.families, &report.mode_pairs);
    upstream::section(&mut out, &report.upstream);
    tickets::section(&mut out, &report.tickets);
    pretraining::section(&mut out, &report.pretrainings);
    for table in &report.pairs {
        let table = pair_table(table);
        if out.len() + table.len() > MOST_CHARACTERS * 13 / 16 {
            let _ = writeln!(out, "More differences between methods are in `pairs.csv`.\n");
            break;
        }
        out.push_str(&table);
    }
    analysis::sections(&mut out, report, MOST_CHARACTERS * 27 / 32);
    agreement::section(&mut out, &report.agreements);
    beside::section(&mut out, &report.beside);
    for tables in [&report.sizes, &report.classes] {
        strata::section(&mut out, tables, MOST_CHARACTERS * 7 / 8);
    }
    if skipped > 0 {
        let _ = writeln!(out, "{skipped} more boards are in `index.html` and `leaderboard.csv`.\n");
    }
    warnings(&mut out, report);
    legend(&mut out, report);
    origin(&mut out, provenance);
    out
}

fn top_lines(out: &mut String, report: &Report) {
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    for entry in report.boards.iter().flat_map(|board| &board.entries) {
        for (outcome, count) in &entry.outcomes {
            *outcomes.entry(*outcome).or_default() += count;
        }
    }
    let trials: usize = outcomes.values().sum();
    if trials == 0 {
        out.push_str("There are no trials in the store.\n\n");
        return;
    }
    let words: Vec<String> = outcomes
        .iter()
        .map(|(outcome, count)| format!("{} {}", text::count(*count as u64), outcome.word()))
        .collect();
    let errors = report.warnings.iter().filter(|it| it.warning.severity() == Severity::Error).count();
    let _ = writeln!(
        out,
        "- **{} trials** on {} board{}: {}.",
        text::count(trials as u64),
        report.boards.len(),
        if report.boards.len() == 1 { "" } else { "s" },
        words.join(", ")
    );
    if errors > 0 {
        let _ = writeln!(out, "- **{errors} errors** make boards unfit for publication; see the warnings.");
    }
    for board in report.boards.iter().take(8) {
        for keep in board.keeps().last().into_iter() {
            if let Some(line) = winner(board, *keep) {
                let _ = writeln!(out, "- {}, keep {keep}: {line}", cell(&board.key.title()));
            }
        }
    }
    out.push('\n');
}

/// Who leads a keep, with everyone who cannot be told apart from the leader.
fn winner(board: &Board, keep: f64) -> Option<String> {
    let group: Vec<&Entry> = board
        .methods()
        .filter(|entry| entry.keep.to_bits() == keep.to_bits() && entry.place.is_some_and(|it| it.place == 1))
        .collect();
    let leader = group.first()?;
    let mut line = format!("**{}** leads with {}", cell(&leader.method), text::percent(leader.mean?.mean, 2));
    if let Some(drop) = leader.drop {
        let _ = write!(line, " (drop {})", pm(&drop));
    }
    if group.len() > 1 {
        let others: Vec<String> = group[1..].iter().take(4).map(|entry| cell(&entry.method)).collect();
        let more = if group.len() > 5 { format!(" and {} more", group.len() - 5) } else { String::new() };
        let _ = write!(line, ", not separable from {}{more}", others.join(", "));
    }
    line.push('.');
    Some(line)
}

fn board_table(board: &Board) -> String {
    let mut out = format!("## {}\n\n", cell(&board.key.title()));
    let metrics = match metric_words(board) {
        none if none.is_empty() => none,
        words => format!("; metric {}", cell(&words)),
    };
    let over = board
        .interval_over()
        .map_or(String::new(), |over| format!("; intervals of drops over {}", over.label()));
    let _ = writeln!(
        out,
        "{} task{}, {} replicate{}{metrics}{over}.\n",
        board.tasks.len(),
        if board.tasks.len() == 1 { "" } else { "s" },
        board.replicates.len(),
        if board.replicates.len() == 1 { "" } else { "s" }
    );
    out.push_str(
        "| keep | # | method | mean % | drop | avg. rank | sparsity % | compression | training pictures | training FLOPs | trials ok |\n",
    );
    out.push_str("|---:|---:|:---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for entry in board.entries.iter().filter(|entry| entry.is_dense()) {
        table_row(&mut out, board, entry);
    }
    for keep in board.keeps() {
        let entries: Vec<&Entry> = board.methods().filter(|it| it.keep.to_bits() == keep.to_bits()).collect();
        let mut hidden = 0;
        for (place, entry) in entries.iter().enumerate() {
            // Baselines are what the others are read against, so they are shown wherever they stand.
            if place < MOST_METHODS || entry.control == Some(Control::Baseline) {
                table_row(&mut out, board, entry);
            } else {
                hidden += 1;
            }
        }
        if hidden > 0 {
            let _ = writeln!(out, "| {keep} | | *{hidden} more in `leaderboard.csv`* | | | | | | | | |");
        }
    }
    out.push('\n');
    let starts = start_words(board);
    if !starts.is_empty() {
        let _ = writeln!(out, "{}\n", cell(&starts));
    }
    out
}

fn table_row(out: &mut String, board: &Board, entry: &Entry) {
    let dash = || "–".to_owned();
    let name = if entry.is_dense() { format!("*{}*", cell(&entry.method)) } else { cell(&entry.method) };
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {}/{} |",
        entry.keep,
        entry.place.map_or_else(dash, |place| place.to_string()),
        name,
        entry.mean.map_or_else(|| format!("*{}*", incomplete_word(entry)), |mean| pm(&mean)),
        entry.drop.map_or_else(dash, |drop| pm(&drop)),
        entry.average_rank.map_or_else(dash, |rank| format!("{rank:.2}")),
        entry.budget.sparsity.map_or_else(dash, |sparsity| text::percent(sparsity, 2)),
        entry.budget.compression.map_or_else(dash, text::times),
        entry.budget.samples().map_or_else(dash, |samples| text::count(samples.round() as u64)),
        board.training_multiple(entry).map_or_else(dash, text::times),
        entry.scored(),
        entry.trials(),
    );
}

/// Differences between methods at the smallest keep.
fn pair_table(table: &PairTable) -> String {
    let parts = [&table.suite, &table.track, &table.protocol, &table.regime, &table.task];
    let title = parts.map(|part| text::clean(part)).join(" · ");
    let mut out = format!("## Differences between methods: {}\n\n", cell(&title));
    let lacking = lacking_words(table);
    if !lacking.is_empty() {
        let _ = writeln!(out, "{lacking}\n");
    }
    let Some(keep) = table.keeps.first() else { return out };
    let _ = writeln!(out, "Keep {}, method minus against in points. {}\n", keep.keep, pair_words(keep));
    out.push_str(
        "| method | against | difference | 95 % interval | interval over | ahead in | replicates |\n",
    );
    out.push_str("|:---|:---|---:|:---|:---|---:|---:|\n");
    for pair in keep.pairs.iter().take(MOST_PAIRS) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {}{} | {} | {} % | {} |",
            cell(&pair.method),
            cell(&pair.against),
            text::points(pair.difference, 2),
            interval_words(&pair.interval),
            if pair.interval.contains_zero() { ", includes zero" } else { "" },
            pair.interval.over.label(),
            text::percent(pair.ahead, 1),
            pair.replicates,
        );
    }
    let hidden = keep.pairs.len().saturating_sub(MOST_PAIRS);
    let more =
        [(hidden, "pair at this keep", "pairs at this keep"), (table.keeps.len() - 1, "keep", "keeps")]
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count} more {}", if count == 1 { one } else { many }))
            .collect::<Vec<_>>();
    if !more.is_empty() {
        let _ = writeln!(out, "\nIn `pairs.csv`: {}.", more.join(", "));
    }
    out.push('\n');
    out
}

fn warnings(out: &mut String, report: &Report) {
    if report.warnings.is_empty() {
        return;
    }
    out.push_str("## Warnings\n\n");
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let of: Vec<_> = report.warnings.iter().filter(|it| it.warning.severity() == severity).collect();
        for it in of.iter().take(MOST_WARNINGS) {
            let _ = writeln!(
                out,
                "- **{}** ({}): {} {}",
                severity.word(),
                cell(&it.board.title()),
                cell(&it.warning.message()),
                it.warning.advice()
            );
        }
        if of.len() > MOST_WARNINGS {
            let _ = writeln!(out, "- … {} more of severity {}", of.len() - MOST_WARNINGS, severity.word());
        }
    }
    out.push('\n');
}

fn legend(out: &mut String, report: &Report) {
    if report.boards.is_empty() {
        return;
    }
    out.push_str(
        "<sub>Mean: of the tasks' own metrics, in percent, ± half of the 95 % t-interval where there are two or more \
         replicates. Drop: dense-trained minus method in percentage points, positive is worse. #: place by mean within \
         a keep; = marks methods that cannot be told apart. Sparsity: zeros among the prunable weights. Compression: \
         all dense parameters divided by remaining ones. A method with a trial that has no score is not ranked.</sub>\n\n",
    );
}

fn origin(out: &mut String, provenance: &Provenance) {
    let parts: Vec<String> = [
        ("secateur", &provenance.harness),
        ("libtorch", &provenance.libtorch),
        ("device", &provenance.device_class),
        ("machine", &provenance.machine),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| format!("{name} {}", cell(value)))
    .collect();
    if !parts.is_empty() {
        let _ = writeln!(out, "<sub>{}</sub>", parts.join(" · "));
    }
}

/// `81.23 ± 0.42`, or without the interval where there is none.
fn pm(summary: &Summary) -> String {
    let mean = text::signed(summary.mean, 2);
    match summary.half_width() {
        Some(half) => format!("{mean} ± {}", text::percent(half, 2)),
        None => mean,
    }
}

/// Untrusted text in Markdown: nothing in it may end a table cell, make a link or a tag, or notify a person.
fn cell(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in text::fit(&text::clean(name), 400).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("&#64;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{synthetic, synthetic_detection};

    #[test]
    fn the_summary_of_a_large_report_fits_a_comment() {
        let input = synthetic(20_000);
        let summary = summary_md(&Report::new(&input), &input.provenance);
        assert!(summary.len() < MOST_CHARACTERS, "{} characters", summary.len());
        assert!(summary.contains("more in `leaderboard.csv`"));
    }

    #[test]
    fn pairs_of_the_smallest_keep_are_listed_and_the_others_counted() {
        let input = synthetic_detection();
        let summary = summary_md(&Report::new(&input), &input.provenance);
        let (_, section) = summary.split_once("## Differences between methods: ").expect("a section");
        let (section, _) = section.split_once("\n## ").expect("an end");
        assert!(section.contains("Keep 0.25, method minus against in points."));
        assert!(section.contains("6 of 51 scored networks are in no pair"));
        assert!(section.contains("998 draws of pictures; 2 more have no object to find"));
        assert!(section.contains("In `pairs.csv`: 15 more pairs at this keep, 1 more keep."));
        let lines: Vec<Vec<&str>> = section
            .lines()
            .filter(|line| line.starts_with("| "))
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        assert_eq!(lines.len(), 1 + MOST_PAIRS);
        assert!(lines.iter().all(|line| line.len() == 9));
        for line in &lines[1..] {
            let (interval, over, replicates) = (line[4], line[5], line[7]);
            assert_eq!(over, if replicates == "1" { "pictures" } else { "pictures and seeds" });
            let sides = interval.matches(['−', '+']).collect::<Vec<_>>();
            assert_eq!(interval.ends_with(", includes zero"), sides == ["−", "+"], "{interval}");
        }
        // Classifiers have no such section.
        let input = synthetic(408);
        assert!(!summary_md(&Report::new(&input), &input.provenance).contains("Differences between"));
    }

    #[test]
    fn a_store_without_draws_says_so() {
        let mut input = synthetic_detection();
        input.resampled.iter_mut().for_each(|network| network.values.clear());
        let summary = summary_md(&Report::new(&input), &input.provenance);
        assert!(summary.contains("51 of 51 scored networks are in no pair"));
        assert!(!summary.contains("| method | against |"));
    }

    #[test]
    fn labels_cannot_break_the_table() {
        assert_eq!(cell("a|b\n<i>@you"), "a\\|b\u{fffd}&lt;i&gt;&#64;you");
        assert_eq!(cell("imp-rewind-init"), "imp-rewind-init");
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let input = crate::ReportInput::default();
        assert_eq!(
            summary_md(&Report::new(&input), &input.provenance),
            "# Secateur report\n\nThere are no trials in the store.\n\n"
        );
    }
}

//! `leaderboard.tex`: the boards as tables for a paper, to be read with `\input` by a document that loads `booktabs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::csv::statistics::reason_words;
use super::incomplete_word;
use crate::Report;
use crate::analysis::statistics::{BoardStatistics, KeepStatistics};
use crate::board::{Board, Entry};
use crate::stats::Summary;
use crate::text;

/// Methods of a keep in a table; a page has no room for more. The rest is in `leaderboard.csv`.
const MOST_METHODS: usize = 30;
/// Columns of a table.
const COLUMNS: usize = 7;

/// `leaderboard.tex`: one table for each board, the dense rows first, then each keep from best to worst, the best mean in
/// bold, and below a line of their own those that may not be ranked, with the reason.
#[must_use]
pub fn leaderboard_tex(report: &Report) -> String {
    let mut out = String::from(
        "% Tables of a Secateur report. The document must load the package booktabs; read this file with \\input.\n",
    );
    let by_key: BTreeMap<_, &BoardStatistics> = report.statistics.iter().map(|it| (&it.key, it)).collect();
    for board in &report.boards {
        table(&mut out, board, by_key.get(&board.key).copied());
    }
    out
}

fn table(out: &mut String, board: &Board, statistics: Option<&BoardStatistics>) {
    out.push_str("\n\\begin{table}\n  \\centering\n");
    let _ = writeln!(out, "  \\caption{{{}}}", caption(board, statistics));
    out.push_str("  \\begin{tabular}{llrrrrr}\n    \\toprule\n");
    out.push_str("    keep & method & mean \\% & drop & rank & compression & place \\\\\n");
    let dense: Vec<&Entry> = board.entries.iter().filter(|it| it.is_dense()).collect();
    if !dense.is_empty() {
        out.push_str("    \\midrule\n");
    }
    for entry in dense {
        row(out, entry, false);
    }
    for keep in statistics.iter().flat_map(|it| &it.keeps) {
        block(out, board, keep);
    }
    out.push_str("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
}

/// What the table is of, what its intervals are over, and what stands against all of it.
fn caption(board: &Board, statistics: Option<&BoardStatistics>) -> String {
    let over = board.interval_over().map_or(String::new(), |over| {
        format!(", $\\pm$ half of a 95\\,\\% t-interval over {}", escape(over.label()))
    });
    let against = match statistics.map(|it| reason_words(&it.ineligible)).unwrap_or_default() {
        none if none.is_empty() => none,
        reasons => format!(" Not to be ranked in public: {}.", escape(&reasons)),
    };
    format!(
        "{}. Mean over {} task{}; drop against dense-trained in percentage points{over}.{against}",
        escape(&board.key.title()),
        board.tasks.len(),
        if board.tasks.len() == 1 { "" } else { "s" }
    )
}

fn block(out: &mut String, board: &Board, keep: &KeepStatistics) {
    let entries: BTreeMap<&str, &Entry> = board
        .methods()
        .filter(|it| it.keep.to_bits() == keep.keep.to_bits())
        .map(|it| (it.method.as_str(), it))
        .collect();
    let of = |method: &str| entries.get(method).copied();
    let (above, below): (Vec<_>, Vec<_>) = keep.standings.iter().partition(|it| it.reasons.is_empty());
    let best = above.first().and_then(|it| of(&it.method)?.mean).map(|it| it.mean);
    if !above.is_empty() {
        out.push_str("    \\midrule\n");
    }
    let shown = above.iter().take(MOST_METHODS).filter_map(|it| of(&it.method));
    for entry in shown {
        // What is printed as equal to the best is the best, too.
        let is_best = entry.mean.zip(best).is_some_and(|(mean, best)| percent(mean.mean) == percent(best));
        row(out, entry, is_best);
    }
    more(out, above.len());
    if below.is_empty() {
        return;
    }
    let _ =
        writeln!(out, "    \\midrule\n    \\multicolumn{{{COLUMNS}}}{{l}}{{\\emph{{Below the line:}}}} \\\\");
    for standing in below.iter().take(MOST_METHODS) {
        let Some(entry) = of(&standing.method) else { continue };
        row(out, entry, false);
        let reasons = escape(&reason_words(&standing.reasons));
        let _ = writeln!(out, "    & \\multicolumn{{{}}}{{l}}{{\\quad {reasons}}} \\\\", COLUMNS - 1);
    }
    more(out, below.len());
}

fn more(out: &mut String, count: usize) {
    if let Some(hidden) = count.checked_sub(MOST_METHODS).filter(|hidden| *hidden > 0) {
        let _ = writeln!(
            out,
            "    \\multicolumn{{{COLUMNS}}}{{l}}{{\\emph{{{hidden} more in leaderboard.csv}}}} \\\\"
        );
    }
}

fn row(out: &mut String, entry: &Entry, is_best: bool) {
    let dash = || "--".to_owned();
    let bold = |words: String| if is_best { format!("\\textbf{{{words}}}") } else { words };
    let name = escape(&entry.method);
    let name = if entry.is_dense() { format!("\\emph{{{name}}}") } else { bold(name) };
    let mean = match entry.mean {
        Some(mean) => with_half_width(&mean, bold(percent(mean.mean))),
        None => escape(&incomplete_word(entry)),
    };
    let _ = writeln!(
        out,
        "    {} & {name} & {mean} & {} & {} & {} & {} \\\\",
        entry.keep,
        entry.drop.map_or_else(dash, |drop| with_half_width(&drop, percent(drop.mean))),
        entry.average_rank.map_or_else(dash, |rank| format!("{rank:.2}")),
        entry
            .budget
            .compression
            .filter(|it| it.is_finite())
            .map_or_else(dash, |ratio| format!("{ratio:.2}$\\times$")),
        entry.place.map_or_else(dash, |place| place.to_string()),
    );
}

/// A percentage with a mathematical minus.
fn percent(fraction: f64) -> String {
    text::percent(fraction, 2).replace('-', "$-$")
}

fn with_half_width(summary: &Summary, words: String) -> String {
    match summary.half_width() {
        Some(half) => format!("{words} $\\pm$ {}", percent(half)),
        None => words,
    }
}

/// Untrusted text for LaTeX: nothing in it may be a command, end a cell, or be a letter that a plain document has not.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text::fit(&text::clean(text), 200).chars() {
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("''"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '·' => escaped.push_str("$\\cdot$"),
            '…' => escaped.push_str("\\dots{}"),
            '–' => escaped.push_str("--"),
            '−' => escaped.push_str("$-$"),
            // Accented letters of Latin 1 are made of what every font has; these four are not.
            'À'..='ÿ' if !matches!(c, '×' | '÷' | 'Ð' | 'ð' | 'Þ' | 'þ') => escaped.push(c),
            c if c.is_ascii() => escaped.push(c),
            _ => escaped.push('?'),
        }
    }
    // Two signs that a font would join into another one.
    escaped.replace("?`", "?{}`").replace("!`", "!{}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Control;
    use crate::testing::{Sample, sample, synthetic};

    fn of(rows: Vec<crate::Row>) -> String {
        leaderboard_tex(&Report::new(&crate::ReportInput { rows, ..Default::default() }))
    }

    /// Holds a file to what LaTeX asks for: groups and environments that close in order, rows with as many cells as the table
    /// has columns, and commands of a short list only.
    fn check(tex: &str) {
        const COMMANDS: [&str; 29] = [
            "begin",
            "end",
            "centering",
            "caption",
            "toprule",
            "midrule",
            "bottomrule",
            "multicolumn",
            "emph",
            "textbf",
            "quad",
            "pm",
            "times",
            "cdot",
            "dots",
            "textbackslash",
            "textasciitilde",
            "textasciicircum",
            "textless",
            "textgreater",
            "textbar",
            "\\",
            "&",
            "%",
            "$",
            "#",
            "_",
            "{",
            "}",
        ];
        let (mut depth, mut maths, mut environments) = (0_i32, false, Vec::new());
        let body = tex.split_once('\n').expect("a first line, which is a comment").1;
        let mut rest = body.chars().peekable();
        let mut cells = 1;
        while let Some(c) = rest.next() {
            match c {
                '\\' => {
                    let mut name = String::from(rest.next().expect("a command has a name"));
                    while name.chars().all(char::is_alphabetic)
                        && rest.peek().is_some_and(|it| it.is_alphabetic())
                    {
                        name.extend(rest.next());
                    }
                    assert!(COMMANDS.contains(&name.as_str()) || name == ",", "\\{name}");
                    let mut argument = || -> String {
                        assert_eq!(rest.next(), Some('{'));
                        rest.by_ref().take_while(|it| *it != '}').collect()
                    };
                    match name.as_str() {
                        "begin" => environments.push(argument()),
                        "end" => assert_eq!(environments.pop(), Some(argument())),
                        "multicolumn" => cells += argument().parse::<usize>().expect("a number") - 1,
                        "\\" => {
                            assert_eq!((cells, depth, maths), (COLUMNS, 0, false));
                            cells = 1;
                        }
                        _ => {}
                    }
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                '$' => maths = !maths,
                '&' => cells += 1,
                '%' | '#' | '_' | '^' | '~' => panic!("a bare {c}"),
                c => assert!(c.is_ascii() || ('À'..='ÿ').contains(&c), "{c}"),
            }
            assert!(depth >= 0);
        }
        assert_eq!((depth, maths, environments.len()), (0, false, 0));
    }

    #[test]
    fn every_board_is_a_table_that_latex_takes() {
        let report = Report::new(&synthetic(3000));
        let tex = leaderboard_tex(&report);
        check(&tex);
        assert_eq!(tex.matches("\\begin{tabular}").count(), report.boards.len());
        assert!(tex.contains("Below the line") && tex.contains("trials have a score"));
        // Dense rows come first, and the best of every keep is in bold.
        let first = tex.lines().find(|line| line.contains(" & ") && !line.contains("method")).expect("a row");
        assert!(first.contains("\\emph{dense-as-is}"), "{first}");
        let best = tex.lines().filter(|line| line.contains("& \\textbf{")).count();
        assert!(best >= report.boards.iter().map(|board| board.keeps().len()).sum::<usize>());
    }

    #[test]
    fn names_cannot_be_commands() {
        let hostile = "a_b & 50 % $x$ \\input{/etc/passwd} ~^#{}<|>\" é 中 ?`";
        let mut rows: Vec<crate::Row> = ["dense-trained", "m"]
            .into_iter()
            .map(|method| {
                let control = (method != "m").then_some(Control::DenseTrained);
                let keep = if method == "m" { 0.1 } else { 1.0 };
                sample(&Sample { method, control, keep, ..Sample::default() })
            })
            .collect();
        rows[1].method = hostile.to_owned();
        rows[1].track = hostile.to_owned();
        rows[0].track = hostile.to_owned();
        let tex = of(rows);
        check(&tex);
        assert!(!tex.contains("\\input{/etc"));
        assert!(tex.contains("a\\_b \\& 50 \\% \\$x\\$ \\textbackslash{}input\\{/etc/passwd\\}"));
    }

    #[test]
    fn what_stands_against_a_board_is_in_its_caption() {
        let rows = vec![sample(&Sample { method: "m", ..Sample::default() })];
        let tex = of(rows);
        check(&tex);
        assert!(
            tex.contains("Not to be ranked in public: no complete dense-trained control in this run; "),
            "{tex}"
        );
        assert!(of(vec![]).lines().count() == 1);
    }
}

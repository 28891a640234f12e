//! What a comment has room for of the analyses of masks and tickets.

use std::fmt::Write as _;

use super::{cell, pm};
use crate::Report;
use crate::analysis::layers::{LayerTable, emptied, short};
use crate::analysis::perturbation::PerturbationTable;
use crate::analysis::similarity::{SimilarityPair, SimilarityTable};
use crate::export::{interval_words, mask_tally_words, ticket_words};
use crate::text;

/// Methods of a table. The rest is in the tables for programs.
const MOST_METHODS: usize = 24;

/// Adds the sections, as long as `out` stays below `room` characters.
pub(super) fn sections(out: &mut String, report: &Report, room: usize) {
    let perturbations = report.perturbations.iter().map(perturbation_table);
    // The smallest keep of each suite and track says most; the others are in the tables for programs.
    let names = |table: &SimilarityTable| (table.suites.clone(), table.track.clone());
    let similarities = report.similarities.chunk_by(|a, b| names(a) == names(b)).filter_map(<[_]>::first);
    let layers = report.layers.iter().map(layer_table);
    for table in perturbations.chain(similarities.map(similarity_table)).chain(layers) {
        if out.len() + table.len() > room {
            let _ = writeln!(
                out,
                "More of masks and tickets is in `perturbation.csv`, `mask_similarity.csv` and `layers.csv`.\n"
            );
            return;
        }
        out.push_str(&table);
    }
}

fn perturbation_table(table: &PerturbationTable) -> String {
    let title = format!("{}: {}", table.board.title(), text::clean(&table.ticket));
    let mut out = format!(
        "## Tickets with other positions: {}\n\nPerturbed minus ticket in points, paired (arXiv 2012.06908). {}\n\n",
        cell(&title),
        cell(&ticket_words(table))
    );
    out.push_str(
        "| keep | perturbation | method | ticket % | perturbed % | difference | sd | 95 % interval | n |\n",
    );
    out.push_str("|---:|:---|:---|---:|---:|---:|---:|:---|---:|\n");
    let dash = || "–".to_owned();
    for line in &table.lines {
        let interval = line.difference.and_then(|it| it.interval);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            line.keep,
            cell(&line.perturbation),
            cell(&line.method),
            line.ticket.map_or_else(dash, |it| pm(&it)),
            line.perturbed.map_or_else(dash, |it| pm(&it)),
            line.difference.map_or_else(dash, |it| text::points(it.mean, 2)),
            line.difference.and_then(|it| it.sd).map_or_else(dash, |sd| text::percent(sd, 2)),
            interval.map_or_else(dash, |it| {
                let zero = if it.contains_zero() { ", includes zero" } else { "" };
                format!("{}{zero} ({})", interval_words(&it), it.over.label())
            }),
            line.difference.map_or_else(dash, |it| it.n.to_string()),
        );
    }
    out.push('\n');
    out
}

/// For each method, how alike its replicates are, and which other method's masks are nearest.
fn similarity_table(table: &SimilarityTable) -> String {
    let title = format!("{} · {}", text::clean(&table.suites.join(", ")), text::clean(&table.track));
    let mut out = format!(
        "## How alike masks are: {}\n\nRelative mask similarity (arXiv 2012.06908) at keep {}: positions that both masks keep over \
         positions that either keeps, in percent. By chance: random masks with as many weights in each layer. Two random masks of \
         this keep have {} %.{}\n\n",
        cell(&title),
        table.keep,
        text::percent(table.at_random, 1),
        mask_tally_words(table.tally)
    );
    if table.pairs.is_empty() {
        return out;
    }
    out.push_str("| method | replicates alike % | by chance % | most alike | alike % | by chance % |\n");
    out.push_str("|:---|---:|---:|:---|---:|---:|\n");
    let values = |pair: Option<&SimilarityPair>| {
        let percent = |value: fn(&SimilarityPair) -> f64| {
            pair.map_or_else(|| "–".to_owned(), |pair| text::percent(value(pair), 1))
        };
        format!("{} | {}", percent(|pair| pair.similarity), percent(|pair| pair.by_chance))
    };
    for (place, side) in table.sides.iter().enumerate().take(MOST_METHODS) {
        let others = (0..table.sides.len()).filter(|other| *other != place);
        let nearest = others
            .filter_map(|other| Some((other, table.pair(place, other)?)))
            // Of equal ones the first.
            .reduce(|best, it| if it.1.similarity > best.1.similarity { it } else { best });
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            cell(&table.label(side)),
            values(table.pair(place, place)),
            nearest.map_or_else(|| "–".to_owned(), |(other, _)| cell(&table.label(&table.sides[other]))),
            values(nearest.map(|(_, pair)| pair)),
        );
    }
    let hidden = table.sides.len().saturating_sub(MOST_METHODS);
    if hidden > 0 {
        let _ = writeln!(out, "\nIn `mask_similarity.csv`: {hidden} more methods.");
    }
    out.push('\n');
    out
}

/// For each method at the smallest keep, the layers of which it leaves least and most.
fn layer_table(table: &LayerTable) -> String {
    let parts = [&table.suite, &table.track, &table.task, &table.granularity];
    let title = parts.map(|part| text::clean(part)).join(" · ");
    let mut out = format!("## What is left of each layer: {}\n\n", cell(&title));
    let cut = emptied(table);
    if !cut.is_empty() {
        let _ = writeln!(out, "**Layers without a weight left:** {}.\n", cell(&cut.join("; ")));
    }
    let Some(keep) = table.keeps.first() else { return out };
    let _ = writeln!(
        out,
        "Keep {}, weights that stay in percent of the layer, mean over replicates.{}\n",
        keep.keep,
        mask_tally_words(keep.tally)
    );
    out.push_str("| method | least | layer | most | layer |\n|:---|---:|:---|---:|:---|\n");
    for line in keep.lines.iter().take(MOST_METHODS) {
        let layers = || table.layers.iter().zip(&line.cells);
        let least = layers().reduce(|best, it| if it.1.kept < best.1.kept { it } else { best });
        let most = layers().reduce(|best, it| if it.1.kept > best.1.kept { it } else { best });
        let (Some(least), Some(most)) = (least, most) else { continue };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            cell(&line.method),
            text::percent(least.1.kept, 2),
            cell(short(&least.0.name)),
            text::percent(most.1.kept, 2),
            cell(short(&most.0.name)),
        );
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::synthetic;

    fn written(room: usize) -> String {
        let mut out = String::new();
        sections(&mut out, &Report::new(&synthetic(1224)), room);
        out
    }

    #[test]
    fn the_smallest_keep_has_a_line_for_each_method() {
        let out = written(60_000);
        assert!(out.contains("at keep 0.05: ") && !out.contains("at keep 0.2"));
        let (similarity, layers) = out.split_once("## What is left").expect("two sections");
        let rows = |text: &str| text.lines().filter(|line| line.starts_with("| ")).count();
        assert_eq!((rows(similarity), rows(layers)), (1 + 5, 1 + 5));
        // Tickets were drawn after magnitude's order; random masks are like nothing.
        assert!(similarity.contains("| imp | ") && similarity.contains(" | magnitude | "));
        assert!(
            layers.contains("**Layers without a weight left:** imp-rewind-init at 0.05 (layer5.0.conv1).")
        );
    }

    #[test]
    fn without_room_it_says_where_the_rest_is() {
        let out = written(100);
        assert!(out.starts_with("More of masks and tickets is in `perturbation.csv`"));
    }
}

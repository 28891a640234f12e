//! What every ranking should have, and what it should not.

use std::collections::BTreeSet;

use super::Surroundings;
use crate::lint::finding::Log;
use crate::lint::role::Role;
use crate::lint::sheet::{Kind, Sheet};

/// Fewest methods whose comparison wants baselines.
const FEWEST_METHODS: usize = 3;

const COPIED: [&str; 9] = [
    "paper",
    "published",
    "copied",
    "reported",
    "literature",
    "from paper",
    "as reported",
    "from the paper",
    "cited",
];

pub(super) fn check(sheet: &Sheet, surroundings: Surroundings, log: &mut Log) {
    controls(sheet, surroundings, log);
    copied(sheet, log);
}

fn controls(sheet: &Sheet, surroundings: Surroundings, log: &mut Log) {
    let ids = ["missing-dense", "missing-baseline"];
    let (Some(method), Some(_)) = (sheet.first(Role::Method), sheet.main_score()) else {
        ids.iter().for_each(|id| log.could_not(id, "no columns of methods and scores"));
        return;
    };
    let is_ranking =
        sheet.first(Role::Rank).or_else(|| sheet.first(Role::Delta)).is_some() || surroundings.is_only;
    let methods: BTreeSet<String> = (0..sheet.table.rows())
        .filter(|row| sheet.holds(*row) && !sheet.is_dense_name(*row) && sheet.kinds[*row] != Kind::Scratch)
        .map(|row| sheet.table.cell(row, method).to_lowercase())
        .collect();
    if !is_ranking || methods.is_empty() {
        ids.iter().for_each(|id| log.could_not(id, "the table ranks no methods"));
        return;
    }
    log.ran("missing-dense", methods.len());
    let has_dense = surroundings.has_dense || sheet.first(Role::Base).is_some();
    if !has_dense {
        log.header("missing-dense", sheet, Some(method), || {
            "no row of the dense network, and no column of its score: what is lost by pruning cannot be told"
                .to_owned()
        });
    }
    if methods.len() < FEWEST_METHODS || sheet.is_cut {
        log.could_not("missing-baseline", "fewer than three methods, or some are left out");
        return;
    }
    log.ran("missing-baseline", methods.len());
    let has = |words: &[&str]| {
        methods.iter().any(|name| {
            name.split(|c: char| !c.is_alphanumeric()).any(|word| words.iter().any(|it| word.starts_with(it)))
        })
    };
    let missing: Vec<&str> =
        [("random", has(&["random", "rand"])), ("magnitude", has(&["magnitude", "mag", "l1", "l2", "gmp"]))]
            .into_iter()
            .filter(|(_, there)| !there)
            .map(|(name, _)| name)
            .collect();
    if !missing.is_empty() {
        log.header("missing-baseline", sheet, Some(method), || {
            let (names, count) = (missing.join(" or "), methods.len());
            format!("{count} methods, and none of them is {names} pruning")
        });
    }
}

fn copied(sheet: &Sheet, log: &mut Log) {
    let id = "copied-row";
    let Some(rank) = sheet.first(Role::Rank) else {
        log.could_not(id, "no column of ranks");
        return;
    };
    let origin = sheet.first(Role::Origin);
    let method = sheet.first(Role::Method);
    let is_copied = |row: usize| {
        let said =
            origin.is_some_and(|it| COPIED.contains(&sheet.table.cell(row, it).to_lowercase().as_str()));
        said || method.is_some_and(|it| {
            let name = sheet.table.cell(row, it).to_lowercase();
            COPIED.iter().any(|word| name.contains(&format!("({word})")))
        })
    };
    let ranked: Vec<usize> = (0..sheet.table.rows())
        .filter(|row| sheet.holds(*row) && sheet.number(*row, rank).is_some())
        .collect();
    log.ran(id, ranked.len());
    let copied: Vec<usize> = ranked.iter().copied().filter(|row| is_copied(*row)).collect();
    if copied.len() < ranked.len() {
        for row in copied {
            log.cell(id, sheet, row, rank, || {
                format!("{} was not run with the others, and is ranked among them", sheet.who(row))
            });
        }
    }
}

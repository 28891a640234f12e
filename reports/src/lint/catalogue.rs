//! Every check with its identifier, its severity and an example. The guide's list is made from this one.

use crate::Severity;
use crate::Severity::{Error, Note, Warning};

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name, which does not change.
    pub id: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// What it looks for, in one line.
    pub explanation: &'static str,
    /// A case of it.
    pub example: &'static str,
}

const fn entry(
    id: &'static str,
    severity: Severity,
    explanation: &'static str,
    example: &'static str,
) -> Check {
    Check { id, severity, explanation, example }
}

/// Every check, in the order of the guide.
pub const CHECKS: [Check; 35] = [
    entry("cell-count", Error, "A row has more or fewer cells than the header.", "`a,b,c` above `1,2`"),
    entry(
        "empty-column",
        Warning,
        "The header has an unnamed column without any cell: a comma or a bar too many.",
        "`dset,model,seed,` above `dtd,str,1`",
    ),
    entry("repeated-column", Warning, "Two columns have the same name and different cells.", "`top-1` twice"),
    entry(
        "not-a-number",
        Error,
        "A cell of a column of numbers is meant to be one and cannot be read as one.",
        "`76,1`, `7O.3`, `nan`",
    ),
    entry(
        "mixed-precision",
        Note,
        "Cells of a column have different numbers of decimals.",
        "`76.1` among `75.92` and `74.30`",
    ),
    entry(
        "out-of-range",
        Error,
        "A value that the column's quantity cannot have.",
        "a top-1 of 104.2 %, a negative deviation",
    ),
    entry(
        "mixed-scale",
        Error,
        "A fraction among percentages, or a percentage among fractions.",
        "0.76 beside 76.0",
    ),
    entry("duplicate-row", Warning, "Two rows are equal in every cell.", "the same line twice"),
    entry(
        "contradictory-rows",
        Error,
        "Two rows are about the same thing and have different results.",
        "`dtd,str,0.9,seed 1` with 0.71 and with 0.69",
    ),
    entry(
        "rank-order",
        Error,
        "A row with a better rank has a worse score.",
        "rank 2 with 75.1 above rank 3 with 75.9",
    ),
    entry(
        "rank-sequence",
        Error,
        "Ranks leave a number out or have it twice without a tie.",
        "1, 2, 2, 4 for four different scores",
    ),
    entry("row-order", Warning, "Rows that are sorted by score but for a few.", "76.1, 75.2, 75.8, 74.9, …"),
    entry(
        "average-rank",
        Error,
        "An average rank that does not follow from the scores on the tasks.",
        "1.33 for a method that is first on all three tasks",
    ),
    entry(
        "single-seed-rank",
        Warning,
        "Ranks without ties among rows of a single seed.",
        "ranks 1 to 9 with n = 1",
    ),
    entry(
        "best-mark",
        Error,
        "Bold on a cell although another one of its group is better.",
        "**75.9** above 76.3",
    ),
    entry(
        "delta",
        Error,
        "A difference that does not follow from the score and its base, in size or sign.",
        "76.1 → 75.4 with Δ = −0.9",
    ),
    entry(
        "params-percent",
        Error,
        "A share of parameters that does not follow from the counts.",
        "2.82 M of 3.50 M as 88.7 %",
    ),
    entry(
        "macs-percent",
        Error,
        "A share of multiply-accumulates or FLOPs that does not follow from the counts.",
        "2.3 G of 4.1 G as 46 %",
    ),
    entry(
        "compression",
        Error,
        "A compression that is not dense parameters over remaining ones.",
        "25.6 M to 6.4 M as 5×",
    ),
    entry(
        "speed-up",
        Error,
        "A theoretical speed-up that is not dense work over remaining work.",
        "4.12 G to 1.07 G as 4.85×",
    ),
    entry(
        "sparsity",
        Error,
        "A sparsity that does not follow from remaining and total weights.",
        "1,000 of 10,000 weights as 80 %",
    ),
    entry(
        "requested-sparsity",
        Warning,
        "The sparsity reached is not the one asked for.",
        "75 % where 85 % were asked for",
    ),
    entry("more-than-dense", Error, "More is left than the network had.", "101.3 % of the parameters"),
    entry(
        "seed-count",
        Warning,
        "A few rows or cells have other seeds than the rest.",
        "four seeds where all others have three",
    ),
    entry(
        "missing-dense",
        Warning,
        "A ranking, or a table of differences, without a dense row or column to read them against.",
        "only pruned networks",
    ),
    entry(
        "missing-baseline",
        Warning,
        "A ranking without a random or a magnitude baseline.",
        "five new methods and no random pruning",
    ),
    entry(
        "mean-of-tasks",
        Error,
        "A mean that is not the mean of the row's columns.",
        "70.0, 80.0 and 90.0 with mean 81.0",
    ),
    entry(
        "mean-of-rows",
        Error,
        "A row of means whose cells are not the means of the rows that it sums up.",
        "seeds 75.1, 75.3 with a row `mean` of 75.9",
    ),
    entry(
        "spread",
        Error,
        "A deviation that does not follow from the seeds beside it.",
        "75.1, 75.3, 75.2 ± 0.8",
    ),
    entry(
        "interval",
        Error,
        "A mean outside of its own interval, or ends that are the wrong way round.",
        "76.1 in [76.4, 76.9]",
    ),
    entry(
        "copied-row",
        Warning,
        "Rows copied from papers are ranked among rows that were run.",
        "rank 2 with origin `paper`",
    ),
    entry(
        "network-size",
        Warning,
        "The dense row of a known network has another number of parameters.",
        "ResNet-34 with 2.18 M parameters; it has 21.8 M",
    ),
    entry(
        "flops-are-macs",
        Note,
        "A column of FLOPs has the number of multiply-accumulates of a known network; one is two FLOPs.",
        "ResNet-50 with 4.1 GFLOPs",
    ),
    entry(
        "mixed-sizes",
        Warning,
        "Dense rows of one network have different numbers of parameters or operations.",
        "ResNet-50 with 4.09 G in one row and 4.12 G in another",
    ),
    entry(
        "unit-mismatch",
        Error,
        "A count of parameters or operations that is off by a factor of a thousand from its column.",
        "25.6 beside 25,557,032",
    ),
];

/// The check of that identifier.
#[must_use]
pub fn check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

/// The list of checks as a table of Markdown, as the guide has it.
#[must_use]
pub fn checks_md() -> String {
    let mut out = String::from("| check | severity | what it finds | for example |\n|:---|:---|:---|:---|\n");
    for check in &CHECKS {
        let Check { id, severity, explanation, example } = check;
        out.push_str(&format!("| `{id}` | {} | {explanation} | {example} |\n", severity.word()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_kebab_case_and_unique() {
        for (index, check) in CHECKS.iter().enumerate() {
            assert!(check.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", check.id);
            assert!(CHECKS[..index].iter().all(|other| other.id != check.id), "{}", check.id);
            assert!(!check.explanation.contains('\n') && check.explanation.ends_with('.'), "{}", check.id);
        }
    }
}

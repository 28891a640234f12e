//! Agreement with published rankings as text.

use serde::Serialize;

use super::DASH;
use crate::analysis::agreement::{AgreedMethod, Agreement};
use crate::export::{correlation_words, disagreement_words};
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct AgreementView {
    board: String,
    keep: String,
    paper: String,
    methods: usize,
    tau: String,
    interval: String,
    p: String,
    how: &'static str,
    basis: String,
    disagreements: String,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    rank: String,
    method: String,
    score: String,
    published_rank: String,
    published: String,
    published_score: String,
    remark: String,
}

pub(super) fn views(agreements: &[Agreement]) -> Vec<AgreementView> {
    agreements.iter().map(view).collect()
}

fn view(it: &Agreement) -> AgreementView {
    let over = |drawn: &[String]| match drawn {
        [] => "no interval: nothing to draw from".to_owned(),
        drawn => format!("interval over {}", drawn.join(", ")),
    };
    let left_out = match it.left_out {
        0 => String::new(),
        count => {
            format!("; {} draws in which a side is tied altogether are left out", text::count(count as u64))
        }
    };
    let theirs = match it.published_tasks {
        0 => "only means of the paper's tasks".to_owned(),
        count => format!("the paper's {count} tasks"),
    };
    AgreementView {
        board: it.key.title(),
        keep: it.keep.to_string(),
        paper: format!("{}, {}", clean(&it.citation), clean(&it.network)),
        methods: it.methods.len(),
        tau: correlation_words(it.tau),
        interval: it.interval.map_or(DASH.to_owned(), |(low, high)| {
            format!("{} to {}", correlation_words(Some(low)), correlation_words(Some(high)))
        }),
        p: it.chance.map_or(DASH.to_owned(), |chance| format!("{:.3}", chance.p)),
        how: match it.chance {
            Some(chance) if !chance.exact => "approximated",
            _ => "",
        },
        basis: format!(
            "Means over our {} task{} in {} replicate{} and over {theirs}; {}{left_out}.",
            it.tasks,
            if it.tasks == 1 { "" } else { "s" },
            it.replicates,
            if it.replicates == 1 { "" } else { "s" },
            over(&it.drawn)
        ),
        disagreements: clean(&disagreement_words(it)),
        rows: it.methods.iter().map(row).collect(),
    }
}

fn row(method: &AgreedMethod) -> RowView {
    let mut remarks: Vec<String> = method.remark.iter().map(|remark| clean(remark)).collect();
    if !method.others.is_empty() {
        remarks.push(format!("not ranked, but meant as well: {}", clean(&method.others.join(", "))));
    }
    RowView {
        rank: rank_words(method.rank),
        method: clean(&method.method),
        score: text::percent(method.score, 2),
        published_rank: rank_words(method.published_rank),
        published: clean(&method.published),
        published_score: format!("{:.2}", method.published_score),
        remark: remarks.join("; "),
    }
}

fn rank_words(rank: f64) -> String {
    if rank.fract() == 0.0 { format!("{rank:.0}") } else { format!("{rank:.1}") }
}

//! What methods cost, as text and bars.

use serde::Serialize;

use super::{DASH, control_note};
use crate::cost::MethodCost;
use crate::row::Control;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct TrackView {
    title: String,
    rows: Vec<CostView>,
}

#[derive(Serialize)]
struct CostView {
    method: String,
    note: &'static str,
    stages: String,
    samples: String,
    method_share: f64,
    recover_share: f64,
    training: BarView,
    prune: BarView,
    recover: BarView,
    total: BarView,
    memory: BarView,
    latency: String,
}

/// A number with a bar of 0 to 100 % of the largest in its column.
#[derive(Serialize)]
struct BarView {
    text: String,
    share: f64,
}

pub(super) fn tracks(costs: &[MethodCost]) -> Vec<TrackView> {
    costs
        .chunk_by(|a, b| (&a.suite, &a.track) == (&b.suite, &b.track))
        .map(|track| {
            let title = track
                .first()
                .map_or(String::new(), |it| format!("{} · {}", clean(&it.suite), clean(&it.track)));
            // Controls first, then by what matters most to who waits.
            let mut order: Vec<&MethodCost> = track.iter().collect();
            let class = |cost: &MethodCost| match cost.control {
                Some(Control::DenseAsIs) => 0,
                Some(Control::DenseTrained) => 1,
                Some(Control::Scratch) => 2,
                Some(Control::Baseline) => 3,
                None if cost.method.is_empty() => 5,
                None => 4,
            };
            order.sort_by(|a, b| class(a).cmp(&class(b)).then_with(|| a.method.cmp(&b.method)));
            let most = |field: &dyn Fn(&MethodCost) -> Option<f64>| {
                track.iter().filter_map(field).fold(0.0, f64::max)
            };
            let samples = |cost: &MethodCost| {
                let spent = [cost.method_samples, cost.recover_samples];
                spent.iter().any(Option::is_some).then(|| spent.iter().flatten().sum::<f64>())
            };
            let (most_samples, most_training) = (most(&samples), most(&|it| it.training_macs));
            let (most_prune, most_recover) = (most(&|it| it.prune_seconds), most(&|it| it.recover_seconds));
            let most_total = most(&|it| Some(it.total_seconds));
            let most_memory = most(&|it| Some(it.peak_bytes as f64));
            let rows = order.into_iter().map(|cost| {
                let share = |part: Option<f64>| percent_of(part.unwrap_or(0.0), most_samples);
                CostView {
                    method: if cost.method.is_empty() {
                        "shared by all".to_owned()
                    } else {
                        clean(&cost.method)
                    },
                    note: control_note(cost.control),
                    stages: match cost.failed_stages {
                        0 => cost.stages.to_string(),
                        failed => format!("{} ({failed} not ok)", cost.stages),
                    },
                    samples: samples(cost).map_or(DASH.to_owned(), |_| {
                        format!(
                            "{} + {}",
                            text::count(cost.method_samples.unwrap_or(0.0).round() as u64),
                            text::count(cost.recover_samples.unwrap_or(0.0).round() as u64)
                        )
                    }),
                    method_share: share(cost.method_samples),
                    recover_share: share(cost.recover_samples),
                    training: bar(cost.training_macs, most_training, text::si),
                    prune: bar(cost.prune_seconds, most_prune, text::seconds),
                    recover: bar(cost.recover_seconds, most_recover, text::seconds),
                    total: bar((cost.stages > 0).then_some(cost.total_seconds), most_total, text::seconds),
                    memory: bar((cost.peak_bytes > 0).then_some(cost.peak_bytes as f64), most_memory, |it| {
                        text::bytes(it as u64)
                    }),
                    latency: cost
                        .latency_ms
                        .iter()
                        .take(4)
                        .map(|(keep, ms)| format!("{ms:.2} at {keep}"))
                        .collect::<Vec<_>>()
                        .join(", "),
                }
            });
            TrackView { title, rows: rows.collect() }
        })
        .collect()
}

fn bar(value: Option<f64>, most: f64, print: impl Fn(f64) -> String) -> BarView {
    BarView { text: value.map_or(DASH.to_owned(), print), share: percent_of(value.unwrap_or(0.0), most) }
}

/// One decimal, for it goes into a style attribute thousands of times.
fn percent_of(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole * 1000.0).round() / 10.0 } else { 0.0 }
}

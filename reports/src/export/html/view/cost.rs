//! What methods cost, as text and bars.

use serde::Serialize;

use super::super::names::Link;
use super::super::number::Number;
use super::{Context, control_note};
use crate::cost::MethodCost;
use crate::row::Control;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct TrackView {
    title: String,
    suite: String,
    track: String,
    rows: Vec<CostView>,
}

#[derive(Serialize)]
struct CostView {
    link: Link,
    method: String,
    note: &'static str,
    stages: Number,
    failed: usize,
    method_samples: Number,
    recover_samples: Number,
    method_share: f64,
    recover_share: f64,
    training: BarView,
    prune: BarView,
    recover: BarView,
    total: BarView,
    memory: BarView,
    /// Milliseconds with their keeps.
    latency: Vec<(Number, String)>,
}

/// A number with a bar of 0 to 100 % of the largest in its column.
#[derive(Serialize)]
struct BarView {
    number: Number,
    share: f64,
}

/// Keeps of which a row has the latency.
const MOST_LATENCIES: usize = 4;

pub(super) fn tracks(context: &Context<'_>) -> Vec<TrackView> {
    tracks_with(context, |_| true)
}

/// The rows of one method, with bars as long as among all methods of the track.
pub(super) fn tracks_of(context: &Context<'_>, label: &str) -> Vec<TrackView> {
    let mut tracks = tracks_with(context, |cost| cost.method == label);
    tracks.retain(|track| !track.rows.is_empty());
    tracks
}

fn tracks_with(context: &Context<'_>, shown: impl Fn(&MethodCost) -> bool) -> Vec<TrackView> {
    let costs = &context.report.costs;
    costs
        .chunk_by(|a, b| (&a.suite, &a.track) == (&b.suite, &b.track))
        .map(|track| {
            let (suite, name) =
                track.first().map_or_else(Default::default, |it| (clean(&it.suite), clean(&it.track)));
            // Controls first, then by what matters most to who waits.
            let mut order: Vec<&MethodCost> = track.iter().filter(|cost| shown(cost)).collect();
            let class = |cost: &MethodCost| match cost.control {
                Some(Control::DenseAsIs) => 0,
                Some(Control::DenseTrained) => 1,
                Some(Control::Scratch) => 2,
                Some(Control::Baseline) => 3,
                None if cost.method.is_empty() => 5,
                None => 4,
            };
            order.sort_by(|a, b| class(a).cmp(&class(b)).then_with(|| a.method.cmp(&b.method)));
            let most = Most::of(track);
            let rows = order.into_iter().map(|cost| cost_view(context, cost, &most)).collect();
            TrackView { title: format!("{suite} · {name}"), suite, track: name, rows }
        })
        .collect()
}

/// The largest number of each column, which has a full bar.
struct Most {
    samples: f64,
    training: f64,
    prune: f64,
    recover: f64,
    total: f64,
    memory: f64,
}

impl Most {
    fn of(track: &[MethodCost]) -> Most {
        let most =
            |field: &dyn Fn(&MethodCost) -> Option<f64>| track.iter().filter_map(field).fold(0.0, f64::max);
        let samples = |cost: &MethodCost| {
            Some(cost.method_samples.unwrap_or(0.0) + cost.recover_samples.unwrap_or(0.0))
        };
        Most {
            samples: most(&samples),
            training: most(&|it| it.training_macs),
            prune: most(&|it| it.prune_seconds),
            recover: most(&|it| it.recover_seconds),
            total: most(&|it| Some(it.total_seconds)),
            memory: most(&|it| Some(it.peak_bytes as f64)),
        }
    }
}

fn cost_view(context: &Context<'_>, cost: &MethodCost, most: &Most) -> CostView {
    let share = |part: Option<f64>| percent_of(part.unwrap_or(0.0), most.samples);
    let spent = cost.method_samples.is_some() || cost.recover_samples.is_some();
    let samples = |of, value: Option<f64>| {
        // Where one of the two is known, the other is none.
        let value = value.or(spent.then_some(0.0));
        Number::maybe(of, value, |it| text::count(it.round() as u64))
    };
    let total = (cost.stages > 0).then_some(cost.total_seconds);
    let memory = (cost.peak_bytes > 0).then_some(cost.peak_bytes as f64);
    CostView {
        link: if cost.method.is_empty() {
            Link { text: "shared by all".to_owned(), path: String::new() }
        } else {
            context.names.method_link(&cost.method)
        },
        method: clean(&cost.method),
        note: control_note(cost.control),
        stages: Number::count("stages", cost.stages as u64),
        failed: cost.failed_stages,
        method_samples: samples("method-samples", cost.method_samples),
        recover_samples: samples("recover-samples", cost.recover_samples),
        method_share: share(cost.method_samples),
        recover_share: share(cost.recover_samples),
        training: bar("training-macs", cost.training_macs, most.training, text::si),
        prune: bar("prune-seconds", cost.prune_seconds, most.prune, text::seconds),
        recover: bar("recover-seconds", cost.recover_seconds, most.recover, text::seconds),
        total: bar("total-seconds", total, most.total, text::seconds),
        memory: bar("peak-bytes", memory, most.memory, |it| text::bytes(it as u64)),
        latency: cost
            .latency_ms
            .iter()
            .take(MOST_LATENCIES)
            .map(|(keep, ms)| (Number::new("latency", *ms, format!("{ms:.2}")), keep.to_string()))
            .collect(),
    }
}

fn bar(of: &'static str, value: Option<f64>, most: f64, print: impl Fn(f64) -> String) -> BarView {
    BarView { number: Number::maybe(of, value, print), share: percent_of(value.unwrap_or(0.0), most) }
}

/// One decimal, for it goes into a style attribute thousands of times.
fn percent_of(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole * 1000.0).round() / 10.0 } else { 0.0 }
}

//! Measured networks as text.

use serde::Serialize;

use super::super::names::Link;
use super::super::number::{DASH, Number};
use super::Context;
use crate::speed::{Speed, SpeedLine, lines, remark};
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct SpeedTable {
    title: String,
    suite: String,
    track: String,
    batches: Vec<u32>,
    rows: Vec<SpeedView>,
}

#[derive(Serialize)]
struct SpeedView {
    link: Link,
    method: String,
    keep: String,
    shown_keep: String,
    form: String,
    params: Number,
    bytes: Number,
    macs: Number,
    theory: Number,
    memory: Number,
    cells: Vec<BatchView>,
    remark: String,
}

/// One batch size of a form.
#[derive(Serialize)]
struct BatchView {
    batch: u32,
    speedup: Number,
    median: Number,
    low: Number,
    high: Number,
    rate: String,
}

/// Tables of all measured networks, or of those of one method.
pub(super) fn tables(context: &Context<'_>, method: Option<&str>) -> Vec<SpeedTable> {
    let mut lines = lines(&context.report.speeds);
    lines.retain(|line| method.is_none_or(|method| line.first.method == method));
    let of_one_track = |a: &SpeedLine<'_>, b: &SpeedLine<'_>| {
        (&a.first.suite, &a.first.track, a.first.threads) == (&b.first.suite, &b.first.track, b.first.threads)
    };
    lines
        .chunk_by(of_one_track)
        .map(|track| {
            let first = track[0].first;
            let mut batches: Vec<u32> =
                track.iter().flat_map(|line| line.batches.iter().map(|speed| speed.batch)).collect();
            batches.sort_unstable();
            batches.dedup();
            let threads =
                if first.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", first.threads) };
            SpeedTable {
                title: format!("{} · {} · {threads}", clean(&first.suite), clean(&first.track)),
                suite: clean(&first.suite),
                track: clean(&first.track),
                rows: track.iter().map(|line| view(context, line, &batches)).collect(),
                batches,
            }
        })
        .collect()
}

fn view(context: &Context<'_>, line: &SpeedLine<'_>, batches: &[u32]) -> SpeedView {
    let first = line.first;
    let cell = |batch: &u32| {
        let speed: Option<&Speed> = line.batches.iter().find(|speed| speed.batch == *batch).copied();
        let ms = |of, value: Option<f64>| Number::maybe(of, value, |it| format!("{it:.2}"));
        BatchView {
            batch: *batch,
            speedup: Number::maybe("measured", speed.map(|it| it.measured_speedup), times),
            median: ms("median", speed.map(|it| it.median_ms)),
            low: ms("p10", speed.map(|it| it.p10_ms)),
            high: ms("p90", speed.map(|it| it.p90_ms)),
            rate: speed.map_or(String::new(), |speed| {
                format!("{} pictures/s", text::count(speed.pictures_per_second.round() as u64))
            }),
        }
    };
    // The largest batch is where a network shows what it can do.
    let told = line.batches.last().and_then(|speed| remark(speed));
    let bytes = |of, value: u64| Number::new(of, value as f64, text::bytes(value));
    SpeedView {
        link: context.names.method_link(&first.method),
        method: clean(&first.method),
        keep: first.keep.to_string(),
        shown_keep: if first.keep >= 1.0 { DASH.to_owned() } else { first.keep.to_string() },
        form: clean(&first.form),
        params: Number::count("params", first.params),
        bytes: bytes("bytes", first.bytes),
        macs: Number::new("macs", first.macs_core as f64, text::si(first.macs_core as f64)),
        theory: Number::new("theory", first.theoretical_speedup, times(first.theoretical_speedup)),
        memory: first.working_bytes.map_or_else(|| Number::absent("memory"), |it| bytes("memory", it)),
        cells: batches.iter().map(cell).collect(),
        remark: told.unwrap_or_default(),
    }
}

fn times(ratio: f64) -> String {
    format!("{ratio:.2}×")
}

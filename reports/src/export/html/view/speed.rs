//! Measured networks as text.

use serde::Serialize;

use super::DASH;
use crate::speed::{Speed, SpeedLine, lines, remark};
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct SpeedTable {
    title: String,
    batches: Vec<u32>,
    rows: Vec<SpeedView>,
}

#[derive(Serialize)]
struct SpeedView {
    method: String,
    keep: String,
    form: String,
    params: String,
    bytes: String,
    macs: String,
    theory: String,
    memory: String,
    cells: Vec<BatchView>,
    remark: String,
}

/// One batch size of a form.
#[derive(Serialize)]
struct BatchView {
    speedup: String,
    latency: String,
    rate: String,
}

pub(super) fn tables(speeds: &[Speed]) -> Vec<SpeedTable> {
    let lines = lines(speeds);
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
                rows: track.iter().map(|line| view(line, &batches)).collect(),
                batches,
            }
        })
        .collect()
}

fn view(line: &SpeedLine<'_>, batches: &[u32]) -> SpeedView {
    let first = line.first;
    let cell = |batch: &u32| match line.batches.iter().find(|speed| speed.batch == *batch) {
        Some(speed) => BatchView {
            speedup: format!("{:.2}×", speed.measured_speedup),
            latency: format!("{:.2} ms ({:.2} to {:.2})", speed.median_ms, speed.p10_ms, speed.p90_ms),
            rate: format!("{} pictures/s", text::count(speed.pictures_per_second.round() as u64)),
        },
        None => BatchView { speedup: DASH.to_owned(), latency: String::new(), rate: String::new() },
    };
    // The largest batch is where a network shows what it can do.
    let told = line.batches.last().and_then(|speed| remark(speed));
    SpeedView {
        method: clean(&first.method),
        keep: if first.keep >= 1.0 { DASH.to_owned() } else { first.keep.to_string() },
        form: clean(&first.form),
        params: text::count(first.params),
        bytes: text::bytes(first.bytes),
        macs: text::si(first.macs_core as f64),
        theory: format!("{:.2}×", first.theoretical_speedup),
        memory: first.working_bytes.map_or(DASH.to_owned(), text::bytes),
        cells: batches.iter().map(cell).collect(),
        remark: told.unwrap_or_default(),
    }
}

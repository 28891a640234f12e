//! Measured speed beside what the count of operations promises.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Latencies of one form of a network at one batch size, with the form's size. Not reproducible, hence apart from rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Speed {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// Method label.
    pub method: String,
    /// Keep; 1 for dense rows.
    pub keep: f64,
    /// `dense`, `masked` or `compacted`.
    pub form: String,
    /// Parameters that are stored.
    pub params: u64,
    /// Of these, the ones that no mask removes.
    pub params_nonzero: u64,
    /// Bytes of the stored parameters, masks included.
    pub bytes: u64,
    /// Multiply-accumulates executed for one picture, convention `core`.
    pub macs_core: u64,
    /// The same, convention `tp`.
    pub macs_tp: u64,
    /// Memory of a forward pass of the largest batch beside the weights, in bytes.
    pub working_bytes: Option<u64>,
    /// Convolutions whose number of channels is no multiple of [`LANES`].
    pub unaligned_layers: u64,
    /// Pictures in a batch.
    pub batch: u32,
    /// 10th percentile in milliseconds.
    pub p10_ms: f64,
    /// Median in milliseconds.
    pub median_ms: f64,
    /// 90th percentile in milliseconds.
    pub p90_ms: f64,
    /// Pictures a second at the median.
    pub pictures_per_second: f64,
    /// Dense multiply-accumulates over this form's, convention `core`.
    pub theoretical_speedup: f64,
    /// The dense form's median over this form's, measured in turns in one process.
    pub measured_speedup: f64,
    /// Threads.
    pub threads: u32,
    /// Identity of the stage.
    pub stage: String,
    /// The processor, its cores, the system and the device that it was measured on; empty where that is not known, and then
    /// the latency is compared with nothing.
    #[serde(default)]
    pub machine: String,
}

/// Channels that kernels handle at a time: AVX2 has eight 32-bit lanes, and tensor cores want multiples of eight.
pub const LANES: u64 = 8;

/// A compacted network that reaches less than this share of its theoretical speed-up gets a remark.
const POOR_SHARE: f64 = 0.7;

/// What a reader should know of a measured network, if anything.
#[must_use]
pub fn remark(speed: &Speed) -> Option<String> {
    let share = (speed.measured_speedup - 1.0) / (speed.theoretical_speedup - 1.0);
    if speed.form == "masked" && speed.params_nonzero < speed.params {
        return Some("masked: runs at dense speed".to_owned());
    }
    if speed.form != "compacted" || speed.theoretical_speedup <= 1.0 || share >= POOR_SHARE {
        return None;
    }
    Some(match speed.unaligned_layers {
        0 => "little of the theory: small layers, or memory-bound ones".to_owned(),
        layers => format!("{layers} layers are off multiples of {LANES} channels; try `align: {LANES}`"),
    })
}

/// One line of the table of speeds: a form of a network with all its batch sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeedLine<'a> {
    /// What all batch sizes have in common.
    pub first: &'a Speed,
    /// Every batch size, ascending.
    pub batches: Vec<&'a Speed>,
}

/// Lines in reading order: by suite, track, keep from large to small, method and form. Dense forms of pruned networks,
/// which every `measure` stage has as its reference, are left out.
#[must_use]
pub fn lines(speeds: &[Speed]) -> Vec<SpeedLine<'_>> {
    type Key<'a> = (&'a str, &'a str, u64, &'a str, usize);
    let mut found: BTreeMap<Key<'_>, Vec<&Speed>> = BTreeMap::new();
    for speed in speeds.iter().filter(|speed| speed.form != "dense" || speed.keep >= 1.0) {
        // Bits of positive numbers sort as the numbers do.
        let keep = u64::MAX - speed.keep.to_bits();
        // What is whole comes before what is cut: dense, masked, compacted.
        let form = ["dense", "masked"].iter().position(|form| *form == speed.form).unwrap_or(2);
        let key = (speed.suite.as_str(), speed.track.as_str(), keep, speed.method.as_str(), form);
        found.entry(key).or_default().push(speed);
    }
    let lines = found.into_values().filter_map(|mut batches| {
        batches.sort_by(|a, b| a.batch.cmp(&b.batch).then_with(|| a.stage.cmp(&b.stage)));
        Some(SpeedLine { first: *batches.first()?, batches })
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(form: &str, keep: f64, batch: u32, measured: f64, unaligned: u64) -> Speed {
        Speed {
            suite: "s".to_owned(),
            track: "t".to_owned(),
            method: "m".to_owned(),
            keep,
            form: form.to_owned(),
            params: 100,
            params_nonzero: if form == "dense" { 100 } else { 50 },
            bytes: 400,
            macs_core: 1000,
            macs_tp: 1100,
            working_bytes: None,
            unaligned_layers: unaligned,
            batch,
            p10_ms: 1.0,
            median_ms: 2.0,
            p90_ms: 3.0,
            pictures_per_second: 500.0,
            theoretical_speedup: 3.0,
            measured_speedup: measured,
            threads: 1,
            stage: "x".to_owned(),
            machine: String::new(),
        }
    }

    #[test]
    fn poor_speed_is_explained_and_good_speed_is_not() {
        assert_eq!(remark(&speed("compacted", 0.5, 8, 2.9, 5)), None);
        let text = remark(&speed("compacted", 0.5, 8, 1.5, 5)).unwrap();
        assert!(text.contains("5 layers") && text.contains("align: 8"), "{text}");
        assert!(remark(&speed("compacted", 0.5, 8, 1.5, 0)).unwrap().contains("memory-bound"));
        assert!(remark(&speed("masked", 0.5, 8, 1.0, 0)).unwrap().contains("dense speed"));
        assert_eq!(remark(&speed("dense", 1.0, 8, 1.0, 0)), None);
    }

    #[test]
    fn lines_have_all_batches_and_leave_references_out() {
        let speeds = [
            speed("compacted", 0.5, 32, 2.0, 0),
            speed("dense", 0.5, 8, 1.0, 0),
            speed("compacted", 0.5, 8, 2.0, 0),
            speed("dense", 1.0, 8, 1.0, 0),
        ];
        let found: Vec<(f64, &str, Vec<u32>)> = lines(&speeds)
            .iter()
            .map(|line| {
                let batches = line.batches.iter().map(|speed| speed.batch).collect();
                (line.first.keep, line.first.form.as_str(), batches)
            })
            .collect();
        assert_eq!(found, [(1.0, "dense", vec![8]), (0.5, "compacted", vec![8, 32])]);
    }
}

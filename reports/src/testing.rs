//! Synthetic reports for tests, benchmarks and the example page. The numbers are invented.

#[cfg(test)]
pub(crate) mod conditions;
mod detection;
mod masks;
mod trials;

pub use detection::{detection_facts, detection_sample, synthetic_detection};
pub use masks::{mask_set, masked_network};
pub use trials::{task_tests, trial_records};

use crate::row::{AboutMethod, Control, Outcome, Provenance, ReportInput, Row, StageCost};
use crate::speed::Speed;

const TASKS: [(&str, f64); 12] = [
    ("generated/textures", 0.742),
    ("generated/shapes", 0.913),
    ("generated/digits", 0.968),
    ("generated/strokes", 0.861),
    ("generated/blobs", 0.798),
    ("generated/gratings", 0.885),
    ("generated/mosaics", 0.664),
    ("generated/counting", 0.577),
    ("generated/rotations", 0.711),
    ("generated/colours", 0.946),
    ("generated/knots", 0.629),
    ("generated/glyphs", 0.832),
];
const KEEPS: [f64; 3] = [0.2, 0.1, 0.05];
const REGIMES: [(&str, f64); 2] = [("linear", -0.08), ("full", 0.0)];
const PRUNABLE: u64 = 270_896;
const PARAMS: u64 = 272_474;
const MACS: u64 = 40_551_424;
const ALLOWANCE: u64 = 150_000;
const TEST_PICTURES: u64 = 2000;
/// Replicates grow with the rows up to this many; then methods are added.
const MOST_REPLICATES: usize = 3;

/// A method: label, identifier, control, quality (fraction of the error that pruning adds which it avoids).
struct Method {
    label: String,
    id: &'static str,
    control: Option<Control>,
    quality: f64,
    samples: u64,
}

/// A report of about `rows` rows with everything a real one has: twelve tasks, two regimes, controls, baselines,
/// ties, failures and costs. Always the same for the same number.
#[must_use]
pub fn synthetic(rows: usize) -> ReportInput {
    let mut methods = base_methods();
    // Two of the methods are the dense controls, which have one keep.
    let per_replicate = |methods: usize| TASKS.len() * REGIMES.len() * (2 + (methods - 2) * KEEPS.len());
    let replicates = (rows / per_replicate(methods.len())).clamp(1, MOST_REPLICATES);
    while rows > replicates * per_replicate(methods.len()) {
        let number = methods.len();
        methods.push(Method {
            label: format!("method-{number:03}"),
            id: "org.example.variant",
            control: None,
            quality: 0.30 + 0.5 * noise(&[7, number as u64]),
            samples: 20_000 + (number as u64 * 977) % 130_000,
        });
    }
    let mut input = ReportInput { provenance: provenance(), ..ReportInput::default() };
    input.masks = masks::masks(&KEEPS, replicates as u32);
    for replicate in 0..replicates as u32 {
        for (index, method) in methods.iter().enumerate() {
            let dense = matches!(method.control, Some(Control::DenseAsIs | Control::DenseTrained));
            let keeps: &[f64] = if dense { &[1.0] } else { &KEEPS };
            for keep in keeps {
                for (task, _) in TASKS.iter().enumerate() {
                    for regime in 0..REGIMES.len() {
                        input.rows.push(row(method, index, *keep, task, regime, replicate));
                    }
                }
            }
            costs(&mut input.costs, method, index, keeps, replicate);
            // A few networks are measured, and once each.
            if replicate == 0 && index < 6 {
                for keep in keeps {
                    speeds(&mut input.speeds, method, index, *keep);
                }
            }
        }
    }
    input.tests = task_tests(&input.rows);
    if input.rows.len() <= crate::MOST_TRIAL_SCORES {
        input.trials = trial_records(&input.rows);
    } else {
        input.trials.left_out = input.rows.len() / (TASKS.len() * REGIMES.len());
    }
    input
}

fn base_methods() -> Vec<Method> {
    let method = |label: &str, id, control, quality, samples| Method {
        label: label.to_owned(),
        id,
        control,
        quality,
        samples,
    };
    vec![
        method("dense-as-is", "", Some(Control::DenseAsIs), 1.0, 0),
        method("dense-trained", "", Some(Control::DenseTrained), 1.0, 0),
        method("random", "org.secateur.random", Some(Control::Baseline), 0.0, 0),
        method("random-layerwise", "org.secateur.random", Some(Control::Baseline), 0.16, 0),
        method("magnitude", "org.secateur.magnitude", Some(Control::Baseline), 0.72, 0),
        method("imp", "org.secateur.lottery-ticket", None, 0.80, 120_000),
        method("imp-rewind-init", "org.secateur.lottery-ticket", None, 0.735, 120_000),
    ]
}

fn row(method: &Method, index: usize, keep: f64, task: usize, regime: usize, replicate: u32) -> Row {
    let dense = keep >= 1.0;
    let (task_name, ceiling) = TASKS[task];
    let (regime_name, shift) = REGIMES[regime];
    let target = (keep * PRUNABLE as f64).round() as u64;
    let outcome = match noise(&[11, index as u64, keep.to_bits(), u64::from(replicate)]) {
        _ if dense || index < 4 => Outcome::Ok,
        _ if method.label == "imp-rewind-init" && keep < 0.07 && task == 6 && replicate == 1 => {
            Outcome::Timeout
        }
        chance if index > 6 && chance > 0.985 => Outcome::Infeasible,
        chance if index > 6 && chance > 0.975 => Outcome::Crashed,
        _ => Outcome::Ok,
    };
    let ok = outcome == Outcome::Ok;
    // What pruning costs grows with sparsity, more on hard tasks, and a frozen network shows it more.
    let harm = if dense {
        0.0
    } else {
        0.034 * (1.0 / keep).ln() * (1.6 - ceiling) * if regime == 0 { 1.5 } else { 1.0 }
    };
    let wobble = 0.006
        * (noise(&[3, index as u64, keep.to_bits(), task as u64, u64::from(replicate), regime as u64]) - 0.5)
        + 0.008 * (noise(&[5, task as u64, u64::from(replicate), regime as u64]) - 0.5);
    let untrained = if method.control == Some(Control::DenseAsIs) { -0.006 } else { 0.0 };
    let exact = (ceiling + shift + untrained - harm * (1.35 - method.quality) + wobble).clamp(0.01, 0.999);
    let score = (exact * TEST_PICTURES as f64).round() / TEST_PICTURES as f64;
    let kept = if dense { PRUNABLE } else { target };
    let left = PARAMS - PRUNABLE + kept;
    // Random pruning thins all layers alike; scores by size spare the small early layers, which cost most.
    let macs = if dense { 1.0 } else { (keep * (1.0 + 0.35 * method.quality)).min(1.0) };
    let name = |kind: &str| format!("{kind}-{index:03}-{keep}-{task:02}-{regime}-{replicate}");
    Row {
        suite: "transfer-12-small".to_owned(),
        track: "short".to_owned(),
        protocol: "transfer".to_owned(),
        regime: regime_name.to_owned(),
        granularity: if dense { "dense" } else { "weights" }.to_owned(),
        task: task_name.to_owned(),
        method: method.label.clone(),
        method_id: method.id.to_owned(),
        params: if method.id.is_empty() { String::new() } else { format!("{{\"variant\":{index}}}") },
        control: method.control,
        keep,
        replicate,
        outcome,
        outcome_detail: match outcome {
            Outcome::Ok => String::new(),
            Outcome::Timeout => "the stage took longer than its limit of 600 s".to_owned(),
            Outcome::Infeasible => "layer stage3.2.conv2 would be left without a weight".to_owned(),
            _ => "the worker died of signal 11".to_owned(),
        },
        metric: if task.is_multiple_of(4) { "mean-per-class" } else { "top1" }.to_owned(),
        score: ok.then_some(score),
        top1: ok.then_some(score),
        mean_per_class: ok.then_some((score - 0.004).max(0.0)),
        test_pictures: ok.then_some(TEST_PICTURES),
        target_count: Some(if dense { PRUNABLE } else { target }),
        achieved_count: ok.then_some(kept),
        prunable_total: Some(PRUNABLE),
        prunable_set: "without-head".to_owned(),
        params_total: Some(PARAMS),
        params_remaining: ok.then_some(left),
        conv_fc_total: Some(PRUNABLE + 640),
        conv_fc_remaining: ok.then_some(kept + 640),
        macs_executed: ok.then_some(MACS),
        macs_nonzero: ok.then_some((MACS as f64 * macs).round() as u64),
        allowance_samples: ALLOWANCE,
        init_samples: 0,
        stretch: 1,
        method_samples: Some(method.samples.min(ALLOWANCE)),
        recover_samples: Some(match method.control {
            Some(Control::DenseAsIs) => 0,
            _ => ALLOWANCE - method.samples.min(ALLOWANCE),
        }),
        training_macs: Some(ALLOWANCE as f64 * (0.4 + 0.6 * macs)),
        stage: name("stage"),
        prune_stage: if dense { String::new() } else { name("prune") },
        nonzero_before: (!dense).then_some(PRUNABLE),
        weights_of: match method.id {
            "org.secateur.magnitude" | "org.secateur.random" => Some("end".to_owned()),
            "org.secateur.lottery-ticket" if method.label == "imp-rewind-init" => Some("init".to_owned()),
            _ => None,
        },
        pretrained: "end".to_owned(),
        ap: None,
        ap50: None,
        ar: None,
        ap_small: None,
        ap_medium: None,
        ap_large: None,
    }
}

fn speeds(speeds: &mut Vec<Speed>, method: &Method, index: usize, keep: f64) {
    let forms: &[&str] = if keep < 1.0 { &["dense", "masked", "compacted"] } else { &["dense"] };
    for form in forms {
        let left = if *form == "compacted" { keep } else { 1.0 };
        for batch in [1_u32, 32] {
            let median_ms = f64::from(batch) * (0.2 + left) * (1.0 + 0.05 * noise(&[17, index as u64]));
            speeds.push(Speed {
                suite: "transfer-12-small".to_owned(),
                track: "short".to_owned(),
                method: method.label.clone(),
                keep,
                form: (*form).to_owned(),
                params: (PARAMS as f64 * left) as u64,
                params_nonzero: (PARAMS as f64 * keep) as u64,
                bytes: (PARAMS as f64 * 4.0 * left) as u64,
                macs_core: (MACS as f64 * left) as u64,
                macs_tp: (MACS as f64 * 1.03 * left) as u64,
                working_bytes: Some((f64::from(batch) * left) as u64 * 300_000),
                unaligned_layers: if *form == "compacted" { 12 } else { 0 },
                batch,
                p10_ms: median_ms * 0.97,
                median_ms,
                p90_ms: median_ms * 1.08,
                pictures_per_second: f64::from(batch) * 1e3 / median_ms,
                theoretical_speedup: 1.0 / left,
                measured_speedup: 1.2 / (0.2 + left),
                threads: 1,
                stage: format!("measure-{index:03}-{keep}"),
                machine: "synthetic numbers, no machine".to_owned(),
            });
        }
    }
}

fn costs(costs: &mut Vec<StageCost>, method: &Method, index: usize, keeps: &[f64], replicate: u32) {
    let mut push = |kind: &str, keep: Option<f64>, seconds: f64, peak: u64, latency_ms: Option<f64>| {
        costs.push(StageCost {
            suite: "transfer-12-small".to_owned(),
            track: "short".to_owned(),
            method: method.label.clone(),
            keep,
            replicate: Some(replicate),
            kind: kind.to_owned(),
            task: String::new(),
            regime: String::new(),
            outcome: Outcome::Ok,
            seconds,
            peak_bytes: peak << 20,
            threads: 1,
            attempts: 1,
            finished: format!("2026-01-02T03:{:02}:{:02}Z", index % 60, replicate % 60),
            stage: format!("cost-{kind}-{index:03}-{}-{replicate}", keep.unwrap_or(1.0)),
            latency_ms,
        });
    };
    let jitter = 1.0 + 0.1 * noise(&[13, index as u64, u64::from(replicate)]);
    let work = method.samples as f64 / 476.0;
    if !keeps.contains(&1.0) {
        push("prune", None, (0.9 + work) * jitter, 412 + method.samples / 900, None);
    }
    for keep in keeps {
        if method.control != Some(Control::DenseAsIs) {
            push(
                "recover",
                Some(*keep),
                (ALLOWANCE - method.samples.min(ALLOWANCE)) as f64 / 476.0 * jitter,
                431,
                None,
            );
        }
        push("transfer", Some(*keep), 148.0 * jitter, 388, None);
        push("measure", Some(*keep), 6.0, 260, Some(3.1 * jitter));
    }
}

fn provenance() -> Provenance {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let about = |id: &str, name: &str, summary: &str, citation: &str| AboutMethod {
        id: id.to_owned(),
        name: name.to_owned(),
        version: "1".to_owned(),
        summary: summary.to_owned(),
        citation: citation.to_owned(),
    };
    Provenance {
        harness: "0.1.0".to_owned(),
        libtorch: "2.11.0".to_owned(),
        machine: "synthetic numbers, no machine".to_owned(),
        device_class: "cpu".to_owned(),
        plugins: vec![
            pair("libsecateur_magnitude.so", &"5f".repeat(32)),
            pair("libsecateur_lottery_ticket.so", &"c3".repeat(32)),
        ],
        data: TASKS
            .iter()
            .enumerate()
            .map(|(index, (task, _))| pair(task, &format!("{index:02x}").repeat(32)))
            .collect(),
        methods: vec![
            about(
                "org.secateur.lottery-ticket",
                "Lottery ticket",
                "Prunes by magnitude and rewinds.",
                "arXiv:1803.03635",
            ),
            about("org.secateur.magnitude", "Magnitude", "Removes the smallest weights.", "arXiv:1506.02626"),
            about("org.secateur.random", "Random", "Removes weights by chance.", ""),
        ],
        facts: vec![
            pair("seed", "20260102"),
            pair("suite file", &"a7".repeat(32)),
            pair("checkpoint", &"1d".repeat(32)),
        ],
    }
}

/// A number in [0, 1) that depends on `parts` only (splitmix64).
pub(crate) fn noise(parts: &[u64]) -> f64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in parts {
        state = state.wrapping_add(*part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    (state >> 11) as f64 / (1_u64 << 53) as f64
}

/// What tests vary of a row; the rest is the same for all.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Method label.
    pub method: &'static str,
    /// Which control it is.
    pub control: Option<Control>,
    /// Fraction of the prunable weights.
    pub keep: f64,
    /// Task identifier.
    pub task: &'static str,
    /// Replicate number.
    pub replicate: u32,
    /// The score; the outcome is `ok` either way.
    pub score: Option<f64>,
}

impl Default for Sample {
    fn default() -> Sample {
        Sample { method: "method", control: None, keep: 0.1, task: "task", replicate: 0, score: Some(0.5) }
    }
}

/// One row, `ok`, with its count reached.
#[must_use]
pub fn sample(sample: &Sample) -> Row {
    let method = Method {
        label: sample.method.to_owned(),
        id: "org.example.method",
        control: sample.control,
        quality: 0.5,
        samples: 0,
    };
    let mut row = row(&method, 0, sample.keep, 0, 0, sample.replicate);
    row.task = sample.task.to_owned();
    row.metric = "top1".to_owned();
    (row.score, row.top1, row.mean_per_class) = (sample.score, sample.score, None);
    row
}

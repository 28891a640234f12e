//! What a plugin pays for a call into the host, and the host for a call into a plugin.
//!
//! The method below is linked into the bench and entered through its entry table, as the host enters a library: the
//! calls go through the same function pointers, which a loader would have filled the same way. What a bench cannot
//! show is the cost of loading. Each figure is that of the SDK's safe function, not of the bare pointer.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use criterion::{Criterion as Bench, criterion_group, criterion_main};
use secateur_data::{Pictures, TaskInfo};
use secateur_engine::{DeviceSet, Model, Options, Streams};
use secateur_host::{Plugin, Removable, Session, SessionSetup, run_method};
use secateur_metrics::ClassificationMetric;
use secateur_network::zoo;
use secateur_sdk::prelude::*;
use secateur_suite::{Prunable, PruneSet, Recipe};
use tch::Device;

/// What the last run of the method measured.
static MEASURED: Mutex<Duration> = Mutex::new(Duration::ZERO);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
struct Config {
    operation: String,
    iterations: u64,
}

/// Times one operation from inside a plugin.
struct Probe(Config);

impl PruneMethod for Probe {
    const ID: &'static std::ffi::CStr = c"bench.probe";
    const NAME: &'static std::ffi::CStr = c"Probe";
    const VERSION: &'static std::ffi::CStr = c"1";
    const SUMMARY: &'static std::ffi::CStr = c"Times calls into the host.";
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::NONE;
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self(config))
    }

    fn prune(&mut self, run: &Run<'_>, _: &Request<'_>) -> Result<()> {
        let params = run.prunable();
        let param = params[0];
        let iterations = self.0.iterations;
        let start = Instant::now();
        match self.0.operation.as_str() {
            "nothing" => {}
            "cancelled" => (0..iterations).for_each(|_| {
                black_box(run.is_cancelled());
            }),
            "weight" => {
                for _ in 0..iterations {
                    let _ = black_box(run.weight(&param)?);
                }
            }
            "seed" => (0..iterations).for_each(|_| {
                black_box(run.seed("label"));
            }),
            "allowance" => {
                for _ in 0..iterations {
                    black_box(run.allowance()?);
                }
            }
            "hooks" => {
                // One step of training calls three hooks; the difference to "train" is theirs.
                run.train_with(TrainOptions::steps(iterations), &mut Idle)?;
            }
            "train" => {
                run.train(TrainOptions::steps(iterations))?;
            }
            other => return Err(Error::invalid(format!("unknown operation {other}"))),
        }
        if let Ok(mut measured) = MEASURED.lock() {
            *measured = start.elapsed();
        }
        Ok(())
    }
}

/// Hooks that do nothing.
struct Idle;

impl TrainHooks for Idle {}

export_plugin!(Probe);

/// A session on a network so small that a training step costs little beside the hooks.
fn with_session(body: impl FnOnce(&Session<'_>)) {
    let options = zoo::Options { width: Some(0.0625), classes: Some(2), input: Some([3, 4, 4]) };
    let network = std::sync::Arc::new(zoo::build("resnet8", &options).expect("a network of the zoo"));
    let model = Model::new(network.clone(), Options::default(), &Streams::new(0)).expect("a model");
    let info = TaskInfo {
        id: "bench".to_owned(),
        title: String::new(),
        summary: String::new(),
        version: 1,
        classes: vec!["a".to_owned(), "b".to_owned()],
        metric: ClassificationMetric::Top1,
        mean: vec![0.5; 3],
        std: vec![0.5; 3],
    };
    let pictures =
        Pictures { shape: [3, 4, 4], pixels: vec![7; 8 * 48], labels: vec![0, 1, 0, 1, 0, 1, 0, 1] };
    let set = DeviceSet::new(&pictures, &info, Device::Cpu).expect("a set");
    let recipe: Recipe = serde_json::from_str(r#"{"batch": 2, "lr": 0.001}"#).expect("a recipe");
    let cancelled = AtomicBool::new(false);
    let prunable = Prunable {
        name: "all".to_owned(),
        linear: false,
        stem: true,
        shortcuts: true,
        head: false,
        pattern: None,
    };
    let session = Session::new(SessionSetup {
        model: &model,
        train: &set,
        validation: &set,
        recipe: Some(&recipe),
        allowance: u64::MAX / 4,
        removable: Removable::new(&network, &PruneSet::Weights(prunable)),
        targets: Vec::new(),
        upstream: Default::default(),
        streams: Streams::new(0),
        cancelled: &cancelled,
        deadline: None,
        progress: |_, _, _| {},
    });
    body(&session);
}

fn calls(bench: &mut Bench) {
    tch::set_num_threads(1);
    let plugin = Plugin::in_process(secateur_plugin_entry).expect("the bench's own plugin");
    let mut group = bench.benchmark_group("plugin_call");
    for operation in ["cancelled", "weight", "seed", "allowance", "train", "hooks"] {
        group.bench_function(operation, |bencher| {
            bencher.iter_custom(|iterations| {
                with_session(|session| {
                    let params = format!(r#"{{"operation": "{operation}", "iterations": {iterations}}}"#);
                    run_method(&plugin, "bench.probe", &params, session).expect("the probe runs");
                });
                MEASURED.lock().map(|measured| *measured).unwrap_or_default()
            });
        });
    }
    // The whole way: create an instance, enter `prune`, leave it, destroy the instance.
    group.bench_function("create_prune_destroy", |bencher| {
        with_session(|session| {
            let params = r#"{"operation": "nothing", "iterations": 0}"#;
            bencher.iter(|| run_method(&plugin, "bench.probe", params, session).expect("the probe runs"));
        });
    });
    group.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);

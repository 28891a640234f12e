//! The order, with what every stage needs of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use secateur_data::{DataError, Pictures, Split, TaskInfo, pack};
use secateur_engine::{DeviceSet, Layout, Options, Precision};
use secateur_store::StageOrder;
use tch::Device;

/// Set by SIGTERM and SIGINT: the stage stops at the next step and reports `cancelled`.
pub(crate) static CANCELLED: AtomicBool = AtomicBool::new(false);

/// A stage order on its device.
pub(crate) struct Order {
    raw: StageOrder,
    pub(crate) device: Device,
    pub(crate) deadline: Instant,
}

impl Order {
    pub(crate) fn new(raw: StageOrder) -> anyhow::Result<Self> {
        let deadline = Instant::now() + Duration::from_secs(raw.limit_seconds);
        ctrlc::set_handler(|| CANCELLED.store(true, Ordering::Relaxed))
            .context("cannot install a signal handler")?;
        let device = match raw.device.as_str() {
            "cpu" => Device::Cpu,
            other => {
                let index = other.strip_prefix("cuda:").and_then(|index| index.parse().ok());
                let index =
                    index.with_context(|| format!("`{other}` is not a device; write `cpu` or `cuda:0`"))?;
                let library = secateur_host::load_cuda().map_err(anyhow::Error::msg).context("no CUDA")?;
                tracing::info!("CUDA from {}", library.display());
                anyhow::ensure!(tch::Cuda::is_available(), "libtorch finds no usable GPU");
                anyhow::ensure!(
                    (index as i64) < tch::Cuda::device_count(),
                    "there is no GPU {index}; libtorch finds {}",
                    tch::Cuda::device_count()
                );
                Device::Cuda(index)
            }
        };
        tch::set_num_threads(raw.environment.threads as i32);
        Ok(Self { raw, device, deadline })
    }

    pub(crate) fn spec(&self) -> &secateur_suite::StageSpec {
        &self.raw.spec
    }

    pub(crate) fn work_dir(&self) -> &Path {
        &self.raw.work_dir
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        CANCELLED.load(Ordering::Relaxed)
    }

    /// Path of an input.
    pub(crate) fn input(&self, name: &str) -> anyhow::Result<&Path> {
        self.optional_input(name).with_context(|| format!("the order has no input `{name}`"))
    }

    /// Path of an input that may be absent.
    pub(crate) fn optional_input(&self, name: &str) -> Option<&Path> {
        self.raw.inputs.get(name).map(|input| input.path.as_path())
    }

    /// Names of all inputs.
    pub(crate) fn input_names(&self) -> impl Iterator<Item = &str> {
        self.raw.inputs.keys().map(String::as_str)
    }

    /// How models compute.
    pub(crate) fn options(&self) -> Options {
        Options {
            device: self.device,
            layout: match self.raw.environment.layout.as_str() {
                "channels-last" => Layout::ChannelsLast,
                _ => Layout::Contiguous,
            },
            precision: match self.raw.environment.precision.as_str() {
                "bf16" => Precision::Bf16,
                _ => Precision::F32,
            },
        }
    }

    /// Description of the task whose packed splits lie at an input.
    pub(crate) fn task(&self, input: &str) -> anyhow::Result<TaskInfo> {
        Ok(pack::read_info(self.input(input)?)?)
    }

    /// A packed split.
    pub(crate) fn pictures(&self, input: &str, split: Split) -> Result<Pictures, anyhow::Error> {
        let folder = self.input(input)?;
        pack::read_split(folder, split).map_err(|error: DataError| error.into())
    }

    /// A packed split on the device.
    pub(crate) fn set(&self, input: &str, split: Split, info: &TaskInfo) -> anyhow::Result<DeviceSet> {
        Ok(DeviceSet::new(&self.pictures(input, split)?, info, self.device)?)
    }

    /// Path of an output below the work folder.
    pub(crate) fn output(&self, name: &str) -> PathBuf {
        self.raw.work_dir.join(name)
    }

    /// Appends an event; losing one is no reason to lose a stage.
    pub(crate) fn event(&self, event: &serde_json::Value) {
        let path = self.raw.work_dir.join("events.jsonl");
        if let Ok(mut file) = std::fs::File::options().append(true).create(true).open(path) {
            let _ = writeln!(file, "{event}");
        }
    }
}

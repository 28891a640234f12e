//! The order, with what every stage needs of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use secateur_data::detection::DetectionInfo;
use secateur_data::pack::{self, AnyInfo};
use secateur_data::{Split, TaskInfo};
use secateur_engine::contrast::{ContrastSet, Views};
use secateur_engine::detection::SceneSet;
use secateur_engine::{
    Augmentation, DeviceSet, Examples, Labelled, Layout, Model, Options, Precision, Streams, ViewSet,
    interpolation,
};
use secateur_network::Network;
use secateur_store::StageOrder;
use secateur_suite::{Interpolation, Normalize, Recipe};
use tch::Device;

/// Set by SIGTERM and SIGINT: the stage stops at the next step and reports `cancelled`.
pub(crate) static CANCELLED: AtomicBool = AtomicBool::new(false);

/// How a stage sees pictures with one class each, where it does not see them as their pack says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen<'a> {
    /// What trains on them.
    pub(crate) recipe: Option<&'a Recipe>,
    /// What they are normalized with.
    pub(crate) normalize: Option<Normalize>,
    /// How they are resized.
    pub(crate) interpolation: Option<Interpolation>,
}

impl Seen<'_> {
    fn info(&self, info: &TaskInfo) -> TaskInfo {
        let Some(own) = self.normalize else { return info.clone() };
        let single = |values: [f64; 3]| values.iter().map(|value| *value as f32).collect();
        TaskInfo { mean: single(own.mean), std: single(own.std), ..info.clone() }
    }
}

/// Where the pictures of a split are.
enum Pictures {
    /// All on the device.
    OnDevice(DeviceSet),
    /// Decoded and changed on threads whenever they are seen.
    InViews(Box<ViewSet>),
}

/// A stage order on its device.
pub(crate) struct Order {
    raw: StageOrder,
    pub(crate) device: Device,
    pub(crate) deadline: Instant,
}

impl Order {
    /// CUDA must be open already where the order names a GPU.
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

    /// Parameters of the method as it gets them: with the paths of files and the interpreter's program.
    pub(crate) fn params(&self, params: &serde_json::Value) -> anyhow::Result<serde_json::Value> {
        let files = self.raw.inputs.iter();
        let files = files.filter_map(|(name, input)| Some((name.strip_prefix("file-")?, input)));
        let files = files.map(|(name, input)| (name.to_owned(), input.path.clone())).collect();
        let mut params = secateur_suite::with_paths(params, &files).map_err(anyhow::Error::msg)?;
        if let (Some(interpreter), Some(params)) = (&self.raw.interpreter, params.as_object_mut()) {
            params.insert(interpreter.param.clone(), interpreter.program.to_string_lossy().into());
        }
        Ok(params)
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
    pub(crate) fn task(&self, input: &str) -> anyhow::Result<AnyInfo> {
        Ok(pack::read_any_info(self.input(input)?)?)
    }

    /// Channels, height and width of the pictures of a packed split.
    pub(crate) fn shape(&self, input: &str, split: Split) -> anyhow::Result<[usize; 3]> {
        Ok(pack::read_shape(self.input(input)?, split)?)
    }

    /// A packed split on the device, for a network.
    pub(crate) fn examples(
        &self,
        input: &str,
        split: Split,
        info: &AnyInfo,
        network: &Network,
        seen: &Seen<'_>,
    ) -> anyhow::Result<Box<dyn Examples>> {
        Ok(match info {
            AnyInfo::Classes(info) => self.pictures(input, split, info, seen)?,
            AnyInfo::Boxes(info) => Box::new(self.scenes(input, split, info, network)?),
        })
    }

    /// A packed split on the device with what a model is trained to say of it by a recipe: its labels, or which views are of one
    /// picture where the recipe is contrastive. Without a recipe pictures are all that is read.
    pub(crate) fn objective<'m>(
        &self,
        (input, split): (&str, Split),
        info: &AnyInfo,
        model: &'m Model,
        recipe: Option<&Recipe>,
        streams: Streams,
    ) -> anyhow::Result<Box<dyn Examples + 'm>> {
        let projection = model.network().projection().is_some();
        let seen = Seen { recipe, ..Seen::default() };
        match recipe.filter(|recipe| recipe.contrast.is_some() || projection) {
            Some(recipe) => {
                let views = self.views(input, split, info, &seen)?;
                Ok(Box::new(ContrastSet::new(views, recipe, model, streams)?))
            }
            None => self.examples(input, split, info, model.network(), &seen),
        }
    }

    /// Two views of each picture of a packed split.
    fn views(
        &self,
        input: &str,
        split: Split,
        info: &AnyInfo,
        seen: &Seen<'_>,
    ) -> anyhow::Result<Box<dyn Views>> {
        let AnyInfo::Classes(info) = info else {
            anyhow::bail!(
                "task {} has boxes; contrastive training takes pictures with one class each",
                info.id()
            );
        };
        Ok(match self.open(input, split, info, seen)? {
            Pictures::OnDevice(set) => Box::new(set),
            Pictures::InViews(set) => set,
        })
    }

    /// A packed split of pictures with one class each: on the device, or decoded and changed on threads where files were packed or
    /// a recipe sees more than shifts and mirror images.
    pub(crate) fn pictures(
        &self,
        input: &str,
        split: Split,
        info: &TaskInfo,
        seen: &Seen<'_>,
    ) -> anyhow::Result<Box<dyn Labelled>> {
        Ok(match self.open(input, split, info, seen)? {
            Pictures::OnDevice(set) => Box::new(set),
            Pictures::InViews(set) => set,
        })
    }

    fn open(&self, input: &str, split: Split, info: &TaskInfo, seen: &Seen<'_>) -> anyhow::Result<Pictures> {
        // More threads change nothing of what is seen.
        let threads = match self.device {
            Device::Cpu => self.raw.environment.threads as usize,
            _ => self.raw.loader_threads as usize,
        };
        let in_views = seen.recipe.is_some_and(|recipe| Augmentation::of(recipe).has_views());
        let info = seen.info(info);
        Ok(match pack::read_labelled(self.input(input)?, split)? {
            pack::Labelled::Files(files) => {
                let chosen = seen.interpolation.map(interpolation);
                let set = ViewSet::of_files(files, &info, chosen, self.device, threads)?;
                Pictures::InViews(Box::new(set))
            }
            pack::Labelled::Pixels(pictures) if in_views => {
                let set = ViewSet::of_pixels(pictures, &info, self.device, threads)?;
                Pictures::InViews(Box::new(set))
            }
            pack::Labelled::Pixels(pictures) => {
                Pictures::OnDevice(DeviceSet::new(&pictures, &info, self.device)?)
            }
        })
    }

    /// A packed split of pictures with objects in boxes on the device.
    pub(crate) fn scenes(
        &self,
        input: &str,
        split: Split,
        info: &DetectionInfo,
        network: &Network,
    ) -> anyhow::Result<SceneSet> {
        let scenes = pack::read_detection_split(self.input(input)?, split)?;
        Ok(SceneSet::new(&scenes, info, network, self.device)?)
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

//! Labelled pictures that are seen in random views, which are made ahead on threads.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use secateur_data::pack::PackedFiles;
use secateur_data::{Pictures, TaskInfo};
use secateur_pictures::{
    Interpolation, Loader, LoaderOptions, Normalisation, Pick, Raster, Source, Step, View,
};
use secateur_suite::BlurKernel;
use tch::{Device, Kind, Tensor};

use crate::contrast;
use crate::dataset::shifted;
use crate::error::{Error, Result};
use crate::examples::{Augmentation, Draw, Examples, Labelled, Score};
use crate::labels::{Labels, loss_and_right};
use crate::model::Model;
use crate::order::Order;
use crate::random::Streams;
use crate::train::loss;

/// Batches in memory: the one that is trained on, and those that are made meanwhile.
const IN_FLIGHT: usize = 4;
/// Batches that are ordered at once, at the least; more are ordered when these have been seen.
const STRETCH: usize = 256;
/// Widths over heights of random parts, as torchvision has them.
const RATIO: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];

/// One split of a task whose pictures are decoded, cut and changed on threads whenever they are seen, and normalized on the device.
///
/// What a batch is depends on neither threads nor what was drawn before: a view is a function of the streams, the epoch, and the
/// picture, and its shift one of the streams, the batch, and the row. While training goes through its batches in order, the next ones are made ahead.
pub struct ViewSet {
    source: Arc<dyn Source>,
    labels: Labels,
    /// What is done where nothing is random.
    test: View,
    side: u32,
    interpolation: Interpolation,
    threads: usize,
    running: RefCell<Option<Running>>,
    waited: Cell<Duration>,
}

/// Batches that are being made ahead.
struct Running {
    asked: Asked,
    order: Order,
    /// Number of the next batch.
    next: u64,
    /// The batch after the last that is ordered.
    end: u64,
    loader: Loader<u8>,
}

/// What all batches of a training have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Asked {
    streams: Streams,
    batch: usize,
    augmentation: Augmentation,
    /// Views of each picture.
    views: usize,
}

impl fmt::Debug for ViewSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewSet")
            .field("labels", &self.labels)
            .field("test", &self.test)
            .finish_non_exhaustive()
    }
}

/// The same interpolation for who decodes.
#[must_use]
pub fn interpolation(of: secateur_suite::Interpolation) -> Interpolation {
    match of {
        secateur_suite::Interpolation::Bilinear => Interpolation::Bilinear,
        secateur_suite::Interpolation::Bicubic => Interpolation::Bicubic,
    }
}

impl ViewSet {
    /// A split that was packed as files. `interpolation` takes the place of the one that the pack names.
    ///
    /// # Errors
    /// Fails if a label lies outside the classes, or libtorch fails.
    pub fn of_files(
        files: PackedFiles,
        info: &TaskInfo,
        interpolation: Option<Interpolation>,
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        let mut framing = files.framing();
        framing.interpolation = interpolation.unwrap_or(framing.interpolation);
        let labels = Labels::new(files.labels(), info, 3, device)?;
        Self::new(Arc::new(files), labels, framing.view(), (framing.side, framing.interpolation), threads)
    }

    /// A split of pixels of one size, for training that sees parts of them, or their colours changed.
    ///
    /// # Errors
    /// Fails if they are no squares of three channels, pixels and labels do not fit together, or as [`Self::of_files`].
    pub fn of_pixels(pictures: Pictures, info: &TaskInfo, device: Device, threads: usize) -> Result<Self> {
        let [channels, height, width] = pictures.shape;
        if channels != 3 || height != width || height == 0 {
            return Err(Error::Data(format!(
                "task {}: random parts and colours are for squares of three channels, but its pictures have {channels}x{height}x{width}",
                info.id
            )));
        }
        let labels = Labels::new(&pictures.labels, info, channels, device)?;
        let side = height as u32;
        let rasters: Option<Vec<Raster>> = pictures
            .pixels
            .chunks_exact(channels * height * width)
            .map(|planes| Raster::from_planes(side, side, planes.to_vec()))
            .collect();
        let rasters = rasters.filter(|rasters| rasters.len() == labels.count);
        let rasters = rasters.ok_or_else(|| {
            Error::Data(format!("task {}: pixels and labels are not of as many pictures", info.id))
        })?;
        let view = View { steps: vec![Step::CenterCrop { side }] };
        let source = Decoded { rasters, labels: pictures.labels };
        Self::new(Arc::new(source), labels, view, (side, Interpolation::Bilinear), threads)
    }

    fn new(
        source: Arc<dyn Source>,
        labels: Labels,
        test: View,
        (side, interpolation): (u32, Interpolation),
        threads: usize,
    ) -> Result<Self> {
        test.check("test view").map_err(|error| Error::Data(error.to_string()))?;
        let (running, waited) = (RefCell::new(None), Cell::new(Duration::ZERO));
        Ok(Self { source, labels, test, side, interpolation, threads: threads.max(1), running, waited })
    }

    /// `views` random views of each picture of a batch, normalized f32 `[views * n, 3, side, side]`: the first of all pictures, then the
    /// second of all.
    ///
    /// # Errors
    /// Fails if a picture cannot be read or decoded, or libtorch fails.
    pub fn views(&self, draw: &Draw<'_>, views: usize) -> Result<Tensor> {
        let Draw { indices, augmentation, streams, batch } = *draw;
        let asked = Asked { streams, batch: indices.len(), augmentation, views };
        let first = batch * indices.len() as u64;
        let in_order =
            |order: &Order| order.at(first, indices.len()).iter().map(|(index, _)| index).eq(indices);
        let mut running = self.running.borrow_mut();
        let goes_on = running.as_ref().is_some_and(|own| {
            own.asked == asked && own.next == batch && batch < own.end && in_order(&own.order)
        });
        if !goes_on && !self.is_empty() {
            let order = Order::new(streams, self.len());
            if in_order(&order) {
                *running = Some(self.start(asked, batch, order)?);
            } else {
                // Somebody's own choice: made at once, and nothing ahead.
                let epochs = (first..).map(|position| position / self.len() as u64);
                let picks = indices.iter().zip(epochs).map(|(index, epoch)| pick(*index, epoch)).collect();
                return self
                    .next(&mut self.load(picks, self.train_views(&asked), streams, indices.len())?, draw);
            }
        }
        let mut current = running.take().ok_or_else(nothing)?;
        let pictures = self.next(&mut current.loader, draw)?;
        current.next += 1;
        // Where that failed, who asks again is told the same again.
        *running = Some(current);
        Ok(pictures)
    }

    /// Begins to make batches ahead.
    fn start(&self, asked: Asked, first: u64, order: Order) -> Result<Running> {
        let batches = self.len().div_ceil(asked.batch.max(1)).max(STRETCH);
        let picked = order.at(first * asked.batch as u64, batches * asked.batch);
        let picks = picked.into_iter().map(|(index, epoch)| pick(index, epoch)).collect();
        let loader = self.load(picks, self.train_views(&asked), asked.streams, asked.batch)?;
        Ok(Running { asked, order, next: first, end: first + batches as u64, loader })
    }

    fn load(&self, picks: Vec<Pick>, views: Vec<View>, streams: Streams, batch: usize) -> Result<Loader<u8>> {
        let options = LoaderOptions {
            views,
            // Not used: bytes stay bytes, and are normalized on the device.
            normalisation: Normalisation::new([0.0; 3], [1.0; 3]),
            seed: streams.seed("views", 0),
            batch,
            threads: self.threads,
            in_flight: IN_FLIGHT,
        };
        Ok(Loader::new(Arc::clone(&self.source), picks, options)?)
    }

    /// The next batch of a loader, normalized on the device and shifted.
    fn next(&self, loader: &mut Loader<u8>, draw: &Draw<'_>) -> Result<Tensor> {
        // Mirroring is part of the views.
        let augmentation = Augmentation { flip: false, ..draw.augmentation };
        shifted(self.next_plain(loader)?, &Draw { augmentation, ..*draw })
    }

    /// The next batch of a loader, normalized on the device.
    fn next_plain(&self, loader: &mut Loader<u8>) -> Result<Tensor> {
        let before = loader.waited();
        let (mut pixels, mut shape) = (Tensor::new(), [0, 3, 0, 0]);
        if let Some(batch) = loader.next_batch()? {
            let side = batch.side as i64;
            shape = [batch.pixels().len() as i64 / (3 * side * side), 3, side, side];
            pixels = Tensor::f_from_data_size(batch.pixels(), &shape, Kind::Uint8)?;
        }
        self.waited.set(self.waited.get() + loader.waited().saturating_sub(before));
        if shape[0] == 0 {
            return Err(nothing());
        }
        let device = self.labels.values.device();
        if device != Device::Cpu {
            // From pinned memory the copy does not wait for what the device still has to do.
            pixels = pixels.f_pin_memory(device)?.f_to_device_(device, Kind::Uint8, true, false)?;
        }
        self.labels.normalize(&pixels)
    }

    /// What training sees of each picture.
    fn train_views(&self, asked: &Asked) -> Vec<View> {
        let Augmentation { flip, views: changes, .. } = asked.augmentation;
        let (side, interpolation) = (self.side, self.interpolation);
        let mut steps = match changes.crop_area {
            Some(scale) => vec![Step::RandomResizedCrop { side, scale, ratio: RATIO, interpolation }],
            None => self.test.steps.clone(),
        };
        if flip {
            steps.push(Step::Flip { probability: 0.5 });
        }
        if let Some(jitter) = changes.color_jitter {
            steps.push(Step::ColorJitter {
                brightness: jitter.brightness,
                contrast: jitter.contrast,
                saturation: jitter.saturation,
                hue: jitter.hue,
                probability: jitter.probability,
            });
        }
        if changes.grayscale > 0.0 {
            steps.push(Step::Grayscale { probability: changes.grayscale });
        }
        if let Some(blur) = changes.blur {
            let (sigma, probability) = (blur.sigma, blur.probability);
            steps.push(match blur.kernel {
                // Half of a tenth to both sides of the middle.
                BlurKernel::Gaussian => {
                    Step::GaussianBlur { taps: side / 10 / 2 * 2 + 1, sigma, probability }
                }
                BlurKernel::Boxes => Step::PillowBlur { sigma, probability },
            });
        }
        vec![View { steps }; asked.views]
    }

    /// Pictures as they are seen where nothing is random.
    fn plain(&self, indices: &[i64]) -> Result<Tensor> {
        let picks = indices.iter().map(|index| pick(*index, 0)).collect();
        self.next_plain(&mut self.load(picks, vec![self.test.clone()], Streams::new(0), indices.len())?)
    }
}

fn nothing() -> Error {
    Error::Data("there is no picture to be seen".to_owned())
}

/// A negative number is that of no picture, which the loader tells.
fn pick(index: i64, epoch: u64) -> Pick {
    Pick { index: usize::try_from(index).unwrap_or(usize::MAX), epoch }
}

/// Pixels in memory.
struct Decoded {
    rasters: Vec<Raster>,
    labels: Vec<u16>,
}

impl Source for Decoded {
    fn len(&self) -> usize {
        self.rasters.len()
    }

    fn label(&self, index: usize) -> u32 {
        self.labels.get(index).copied().map_or(0, u32::from)
    }

    fn name(&self, index: usize) -> String {
        format!("number {index}")
    }

    fn read(&self, _: usize, _: &mut Vec<u8>) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    fn decoded(&self, index: usize) -> Option<&Raster> {
        self.rasters.get(index)
    }
}

impl contrast::Views for ViewSet {
    fn count(&self) -> usize {
        self.len()
    }

    fn check(&self, augmentation: &Augmentation) -> Result<()> {
        self.check_augmentation(augmentation)
    }

    fn views(&self, draw: &Draw<'_>) -> Result<Tensor> {
        self.views(draw, 2)
    }

    fn waited(&self) -> Duration {
        self.waited.get()
    }
}

impl Labelled for ViewSet {
    fn labels(&self) -> &Tensor {
        &self.labels.values
    }

    fn in_order(&self, batch: usize, each: &mut dyn FnMut(&Tensor, &Tensor) -> Result<()>) -> Result<()> {
        let batch = batch.max(1);
        let picks = Pick::of_epoch(0, 0..self.len());
        let mut loader = self.load(picks, vec![self.test.clone()], Streams::new(0), batch)?;
        for start in (0..self.len()).step_by(batch) {
            let pictures = self.next_plain(&mut loader)?;
            each(&pictures, &self.labels.values.f_narrow(0, start as i64, pictures.size()[0])?)?;
        }
        Ok(())
    }
}

impl Examples for ViewSet {
    fn len(&self) -> usize {
        self.labels.count
    }

    fn classes_of_pictures(&self) -> Result<Vec<Vec<usize>>> {
        self.labels.of_pictures()
    }

    /// Pictures f32 `[n, 3, side, side]` and labels i64 `[n]`.
    fn gather(&self, indices: &[i64]) -> Result<(Tensor, Tensor)> {
        Ok((self.plain(indices)?, self.labels.of(indices)?.0))
    }

    fn check_augmentation(&self, augmentation: &Augmentation) -> Result<()> {
        augmentation.check_for_classes()
    }

    fn draw(&self, draw: &Draw<'_>) -> Result<(Tensor, Tensor)> {
        Ok((self.views(draw, 1)?, self.labels.of(draw.indices)?.0))
    }

    /// Cross-entropy of logits f32 `[n, classes]`.
    fn loss(&self, output: &Tensor, target: &Tensor, label_smoothing: f64) -> Result<Tensor> {
        loss(output, target, label_smoothing)
    }

    fn loss_and_right(
        &self,
        output: &Tensor,
        target: &Tensor,
        label_smoothing: f64,
    ) -> Result<(Tensor, Tensor)> {
        loss_and_right(output, target, label_smoothing)
    }

    fn score(&self, model: &Model) -> Result<Score> {
        self.labels.score(model, self)
    }

    fn waited(&self) -> Duration {
        self.waited.get()
    }
}

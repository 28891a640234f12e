//! Labelled pictures on a device.

use secateur_data::{Pictures, TaskInfo};
use secateur_metrics::ClassificationMetric;
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::evaluate::evaluate;
use crate::examples::{Augmentation, Draw, Examples, Score};
use crate::model::Model;
use crate::random::uniform;
use crate::train::loss;

/// One split of a task on a device: pictures as 8-bit values, normalized when a batch is made.
#[derive(Debug)]
pub struct DeviceSet {
    pictures: Tensor,
    labels: Tensor,
    scale: Tensor,
    offset: Tensor,
    count: usize,
    classes: usize,
    metric: ClassificationMetric,
}

impl DeviceSet {
    /// Copies a split to a device.
    ///
    /// # Errors
    /// Fails if pixels and labels do not fit together, a label lies outside the classes, or libtorch fails.
    pub fn new(pictures: &Pictures, info: &TaskInfo, device: Device) -> Result<Self> {
        let [channels, height, width] = pictures.shape;
        let count = pictures.len();
        if pictures.pixels.len() != count * channels * height * width {
            return Err(Error::Data(format!(
                "task {}: {} bytes of pixels do not make {count} pictures of {channels}x{height}x{width}",
                info.id,
                pictures.pixels.len()
            )));
        }
        if let Some(label) = pictures.labels.iter().find(|label| usize::from(**label) >= info.classes.len()) {
            return Err(Error::Data(format!(
                "task {}: label {label} lies outside its {} classes",
                info.id,
                info.classes.len()
            )));
        }
        let size = [count as i64, channels as i64, height as i64, width as i64];
        let labels: Vec<i64> = pictures.labels.iter().map(|label| i64::from(*label)).collect();
        let per_channel = |values: Vec<f32>| -> Result<Tensor> {
            Ok(Tensor::f_from_slice(&values)?.f_view([1, channels as i64, 1, 1])?.f_to_device(device)?)
        };
        if info.mean.len() != channels || info.std.len() != channels {
            return Err(Error::Data(format!("task {}: mean and std need {channels} values each", info.id)));
        }
        Ok(Self {
            pictures: Tensor::f_from_data_size(&pictures.pixels, &size, Kind::Uint8)?.f_to_device(device)?,
            labels: Tensor::f_from_slice(&labels)?.f_to_device(device)?,
            scale: per_channel(info.std.iter().map(|std| 1.0 / (255.0 * std)).collect())?,
            offset: per_channel(info.mean.iter().zip(&info.std).map(|(mean, std)| mean / std).collect())?,
            count,
            classes: info.classes.len(),
            metric: info.metric,
        })
    }

    /// All labels, i64 `[count]`.
    pub fn labels(&self) -> &Tensor {
        &self.labels
    }

    /// Consecutive pictures, normalized f32 `[length, c, h, w]`, with their labels.
    ///
    /// # Errors
    /// Fails if the range lies outside the set.
    pub fn range(&self, start: usize, length: usize) -> Result<(Tensor, Tensor)> {
        let pictures = self.pictures.f_narrow(0, start as i64, length as i64)?;
        let labels = self.labels.f_narrow(0, start as i64, length as i64)?;
        Ok((self.normalize(&pictures)?, labels))
    }

    fn normalize(&self, pictures: &Tensor) -> Result<Tensor> {
        Ok((pictures.f_to_kind(Kind::Float)? * &self.scale).f_sub_(&self.offset)?)
    }
}

impl Examples for DeviceSet {
    fn len(&self) -> usize {
        self.count
    }

    fn classes_of_pictures(&self) -> Result<Vec<Vec<usize>>> {
        let labels = Vec::<i64>::try_from(&self.labels)?;
        Ok(labels.into_iter().map(|label| vec![label as usize]).collect())
    }

    /// Pictures f32 `[n, c, h, w]` and labels i64 `[n]`.
    fn gather(&self, indices: &[i64]) -> Result<(Tensor, Tensor)> {
        let indices = Tensor::f_from_slice(indices)?.f_to_device(self.labels.device())?;
        let pictures = self.pictures.f_index_select(0, &indices)?;
        let labels = self.labels.f_index_select(0, &indices)?;
        Ok((self.normalize(&pictures)?, labels))
    }

    fn check_augmentation(&self, augmentation: &Augmentation) -> Result<()> {
        if augmentation.crop || augmentation.expand > 0.0 || augmentation.photometric {
            return Err(Error::Data(
                "the recipe's `crop`, `expand` and `photometric` are for detection; pictures with one class each have \
                 `shift` and `flip`"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    fn draw(&self, draw: &Draw<'_>) -> Result<(Tensor, Tensor)> {
        let (pictures, labels) = self.gather(draw.indices)?;
        Ok((shifted(pictures, draw)?, labels))
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
        let loss = self.loss(output, target, label_smoothing)?;
        let _guard = tch::no_grad_guard();
        Ok((loss, output.f_argmax(1, false)?.f_eq_tensor(target)?.f_sum(Kind::Double)?))
    }

    fn score(&self, model: &Model) -> Result<Score> {
        let evaluation = evaluate(model, self, self.classes)?;
        Ok(Score { metric: evaluation.score(self.metric), loss: evaluation.loss })
    }
}

/// Pictures shifted and mirrored at random.
fn shifted(pictures: Tensor, draw: &Draw<'_>) -> Result<Tensor> {
    let augmentation = draw.augmentation;
    if augmentation == Augmentation::default() {
        return Ok(pictures);
    }
    let mut rng = draw.streams.rng("augmentation", draw.batch);
    let size = pictures.size();
    let (batch, channels, height, width) = (size[0], size[1], size[2], size[3]);
    let shift = i64::from(augmentation.shift);
    let (padded_height, padded_width) = (height + 2 * shift, width + 2 * shift);
    // Rows are copied whole, and only then their values are picked: three times faster than one general index.
    let mut rows = Vec::with_capacity((batch * channels * height) as usize);
    let mut columns = Vec::with_capacity((batch * width) as usize);
    for picture in 0..batch {
        let down = uniform(&mut rng, 2 * shift as u64 + 1) as i64;
        let right = uniform(&mut rng, 2 * shift as u64 + 1) as i64;
        let mirrored = augmentation.flip && uniform(&mut rng, 2) == 1;
        for channel in 0..channels {
            let first = (picture * channels + channel) * padded_height + down;
            rows.extend(first..first + height);
        }
        columns.extend((0..width).map(|x| right + if mirrored { width - 1 - x } else { x }));
    }
    let device = pictures.device();
    let rows = Tensor::f_from_slice(&rows)?.f_to_device(device)?;
    let columns = Tensor::f_from_slice(&columns)?.f_view([batch, 1, 1, width])?.f_to_device(device)?;
    let padded = pictures.f_constant_pad_nd([shift, shift, shift, shift])?;
    let rows = padded.f_view([-1, padded_width])?.f_index_select(0, &rows)?;
    let rows = rows.f_view([batch, channels, height, padded_width])?;
    Ok(rows.f_gather(3, &columns.f_expand(&size, false)?, false)?)
}

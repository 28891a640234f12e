//! Labelled pictures on a device.

use secateur_data::{Pictures, TaskInfo};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::examples::{Augmentation, Draw, Examples, Labelled, Score};
use crate::labels::{Labels, loss_and_right};
use crate::model::Model;
use crate::random::uniform;
use crate::train::loss;

/// One split of a task on a device: pictures as 8-bit values, normalized when a batch is made.
#[derive(Debug)]
pub struct DeviceSet {
    pictures: Tensor,
    labels: Labels,
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
        let size = [count as i64, channels as i64, height as i64, width as i64];
        Ok(Self {
            labels: Labels::new(&pictures.labels, info, channels, device)?,
            pictures: Tensor::f_from_data_size(&pictures.pixels, &size, Kind::Uint8)?.f_to_device(device)?,
        })
    }

    /// Consecutive pictures, normalized f32 `[length, c, h, w]`, with their labels.
    ///
    /// # Errors
    /// Fails if the range lies outside the set.
    pub fn range(&self, start: usize, length: usize) -> Result<(Tensor, Tensor)> {
        let pictures = self.pictures.f_narrow(0, start as i64, length as i64)?;
        let labels = self.labels.values.f_narrow(0, start as i64, length as i64)?;
        Ok((self.labels.normalize(&pictures)?, labels))
    }
}

impl Labelled for DeviceSet {
    fn labels(&self) -> &Tensor {
        &self.labels.values
    }

    fn in_order(&self, batch: usize, each: &mut dyn FnMut(&Tensor, &Tensor) -> Result<()>) -> Result<()> {
        for start in (0..self.len()).step_by(batch.max(1)) {
            let (pictures, labels) = self.range(start, batch.min(self.len() - start))?;
            each(&pictures, &labels)?;
        }
        Ok(())
    }
}

impl Examples for DeviceSet {
    fn len(&self) -> usize {
        self.labels.count
    }

    fn classes_of_pictures(&self) -> Result<Vec<Vec<usize>>> {
        self.labels.of_pictures()
    }

    /// Pictures f32 `[n, c, h, w]` and labels i64 `[n]`.
    fn gather(&self, indices: &[i64]) -> Result<(Tensor, Tensor)> {
        let (labels, indices) = self.labels.of(indices)?;
        Ok((self.labels.normalize(&self.pictures.f_index_select(0, &indices)?)?, labels))
    }

    fn check_augmentation(&self, augmentation: &Augmentation) -> Result<()> {
        augmentation.check_for_classes()?;
        augmentation.check_without_views("pictures that lie on the device")
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
        loss_and_right(output, target, label_smoothing)
    }

    fn score(&self, model: &Model) -> Result<Score> {
        self.labels.score(model, self)
    }
}

/// Pictures shifted and mirrored at random.
pub(crate) fn shifted(pictures: Tensor, draw: &Draw<'_>) -> Result<Tensor> {
    let augmentation = draw.augmentation;
    if augmentation.shift == 0 && !augmentation.flip {
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

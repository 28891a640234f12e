//! Pictures on a device, batches of them, augmentation.

use secateur_data::{Pictures, TaskInfo};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::random::{Streams, uniform};

/// One split of a task on a device: pictures as 8-bit values, normalized when a batch is made.
#[derive(Debug)]
pub struct DeviceSet {
    pictures: Tensor,
    labels: Tensor,
    scale: Tensor,
    offset: Tensor,
    count: usize,
}

/// Random changes of training pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augmentation {
    /// Shift by at most so many pixels in each direction; the border gets the mean colour.
    pub shift: u32,
    /// Mirror half of the pictures.
    pub flip: bool,
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
        })
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no picture.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
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

    /// The pictures at `indices` (i64, on the device), normalized, with their labels.
    ///
    /// # Errors
    /// Fails if an index lies outside the set.
    pub fn gather(&self, indices: &Tensor) -> Result<(Tensor, Tensor)> {
        let pictures = self.pictures.f_index_select(0, indices)?;
        let labels = self.labels.f_index_select(0, indices)?;
        Ok((self.normalize(&pictures)?, labels))
    }

    fn normalize(&self, pictures: &Tensor) -> Result<Tensor> {
        Ok((pictures.f_to_kind(Kind::Float)? * &self.scale).f_sub_(&self.offset)?)
    }

    fn device(&self) -> Device {
        self.labels.device()
    }
}

/// An endless sequence of training batches: one permutation of the set after the other, cut into full batches.
///
/// Batch `k` is a function of the streams and `k` alone, so training can resume anywhere.
#[derive(Debug)]
pub struct Batches<'a> {
    set: &'a DeviceSet,
    streams: Streams,
    batch: usize,
    augmentation: Augmentation,
    epoch: Option<(u64, Vec<i64>)>,
}

impl<'a> Batches<'a> {
    /// Batches of `batch` pictures.
    ///
    /// # Errors
    /// Fails if the set or the batch is empty.
    pub fn new(
        set: &'a DeviceSet,
        streams: Streams,
        batch: usize,
        augmentation: Augmentation,
    ) -> Result<Self> {
        if set.is_empty() || batch == 0 {
            return Err(Error::Data("there is no picture to train on".to_owned()));
        }
        Ok(Self { set, streams, batch, augmentation, epoch: None })
    }

    /// Batch number `index`: pictures f32 `[batch, c, h, w]` and labels i64 `[batch]`.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn get(&mut self, index: u64) -> Result<(Tensor, Tensor)> {
        let count = self.set.len() as u64;
        let first = index * self.batch as u64;
        let mut indices = Vec::with_capacity(self.batch);
        for position in first..first + self.batch as u64 {
            let epoch = position / count;
            if self.epoch.as_ref().is_none_or(|(current, _)| *current != epoch) {
                self.epoch = Some((epoch, self.streams.permutation("order", epoch, self.set.len())));
            }
            if let Some((_, order)) = &self.epoch {
                indices.push(order[(position % count) as usize]);
            }
        }
        let indices = Tensor::f_from_slice(&indices)?.f_to_device(self.set.device())?;
        let (pictures, labels) = self.set.gather(&indices)?;
        Ok((self.augment(pictures, index)?, labels))
    }

    fn augment(&self, pictures: Tensor, index: u64) -> Result<Tensor> {
        if self.augmentation == Augmentation::default() {
            return Ok(pictures);
        }
        let mut rng = self.streams.rng("augmentation", index);
        let size = pictures.size();
        let (batch, channels, height, width) = (size[0], size[1], size[2], size[3]);
        let shift = i64::from(self.augmentation.shift);
        let (padded_height, padded_width) = (height + 2 * shift, width + 2 * shift);
        // Rows are copied whole, and only then their values are picked: three times faster than one general index.
        let mut rows = Vec::with_capacity((batch * channels * height) as usize);
        let mut columns = Vec::with_capacity((batch * width) as usize);
        for picture in 0..batch {
            let down = uniform(&mut rng, 2 * shift as u64 + 1) as i64;
            let right = uniform(&mut rng, 2 * shift as u64 + 1) as i64;
            let mirrored = self.augmentation.flip && uniform(&mut rng, 2) == 1;
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
}

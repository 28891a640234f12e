//! Where views come from.

use std::fmt::Debug;
use std::time::Duration;

use tch::Tensor;

use crate::dataset::DeviceSet;
use crate::error::Result;
use crate::examples::{Augmentation, Draw, Examples};

/// A source of two random views of each picture.
pub trait Views: Debug {
    /// Number of pictures.
    fn count(&self) -> usize;

    /// Whether views of this source can be changed so.
    ///
    /// # Errors
    /// Says which changes cannot be made.
    fn check(&self, augmentation: &Augmentation) -> Result<()>;

    /// Two views of each picture of a draw, normalized f32 `[2n, c, h, w]`: the first views of all pictures, then their second
    /// ones. The same draw gives the same views.
    ///
    /// # Errors
    /// Fails if an index lies outside the source, or pictures cannot be read.
    fn views(&self, draw: &Draw<'_>) -> Result<Tensor>;

    /// How long views were waited for so far, where they are made ahead on threads.
    fn waited(&self) -> Duration {
        Duration::ZERO
    }
}

/// Views of pictures that lie on the device, shifted and mirrored at random. Their labels are not looked at.
impl Views for DeviceSet {
    fn count(&self) -> usize {
        self.len()
    }

    fn check(&self, augmentation: &Augmentation) -> Result<()> {
        self.check_augmentation(augmentation)
    }

    fn views(&self, draw: &Draw<'_>) -> Result<Tensor> {
        let view = |purpose: &str| -> Result<Tensor> {
            Ok(self.draw(&Draw { streams: draw.streams.fork(purpose), ..*draw })?.0)
        };
        Ok(Tensor::f_cat(&[view("view/0")?, view("view/1")?], 0)?)
    }
}

//! Pictures with what a network should say of them, whatever that is, and batches of them.

use std::fmt::Debug;
use std::time::Duration;

use secateur_suite::{Blur, ColorJitter, Recipe};
use tch::Tensor;

use crate::detection::MatchedBoxes;
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::model::Model;
use crate::order::Order;
use crate::random::Streams;

/// One split of a task on a device.
///
/// Training, calibration and validation need no more of a task than this, so that they are the same for classes and for
/// boxes.
pub trait Examples: Debug {
    /// Number of pictures.
    fn len(&self) -> usize;

    /// Whether there is no picture.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The classes that occur in each picture.
    ///
    /// # Errors
    /// Fails if libtorch does.
    fn classes_of_pictures(&self) -> Result<Vec<Vec<usize>>>;

    /// Pictures as they are, normalized, f32 `[n, c, h, w]`, with their target.
    ///
    /// # Errors
    /// Fails if an index lies outside the set.
    fn gather(&self, indices: &[i64]) -> Result<(Tensor, Tensor)>;

    /// Whether pictures of this kind can be changed so.
    ///
    /// # Errors
    /// Says which changes are for other tasks.
    fn check_augmentation(&self, augmentation: &Augmentation) -> Result<()>;

    /// Pictures changed at random, with their target. The same draw gives the same batch.
    ///
    /// # Errors
    /// Fails if an index lies outside the set.
    fn draw(&self, draw: &Draw<'_>) -> Result<(Tensor, Tensor)>;

    /// The task's loss of a network's output, a scalar. On a GPU this does not wait for the device.
    ///
    /// # Errors
    /// Fails if output and target do not fit together.
    fn loss(&self, output: &Tensor, target: &Tensor, label_smoothing: f64) -> Result<Tensor>;

    /// The loss, and how many pictures of the batch were answered right: f64, a scalar on the device, without a graph; a
    /// picture may count in parts.
    ///
    /// # Errors
    /// Fails if output and target do not fit together.
    fn loss_and_right(
        &self,
        output: &Tensor,
        target: &Tensor,
        label_smoothing: f64,
    ) -> Result<(Tensor, Tensor)>;

    /// Scores a model in evaluation mode.
    ///
    /// # Errors
    /// Fails if there is no picture, or libtorch fails.
    fn score(&self, model: &Model) -> Result<Score>;

    /// The default boxes that stand for objects of a target, for tasks with boxes; `None` for others. `output` is the
    /// network's for the same pictures, if there is one.
    ///
    /// # Errors
    /// Fails if output and target do not fit together.
    fn matched(&self, target: &Tensor, output: Option<&Tensor>) -> Result<Option<MatchedBoxes>> {
        let _ = (target, output);
        Ok(None)
    }

    /// Whether the task has boxes.
    fn has_boxes(&self) -> bool {
        false
    }

    /// What training on these examples remembers from step to step, if anything.
    fn memory(&self) -> Option<&dyn Memory> {
        None
    }

    /// How long batches were waited for so far, where they are made ahead on threads.
    fn waited(&self) -> Duration {
        Duration::ZERO
    }
}

/// Pictures with one class each.
pub trait Labelled: Examples {
    /// All labels, i64 `[count]`.
    fn labels(&self) -> &Tensor;

    /// Passes all pictures in their order, normalized, f32 `[n, c, h, w]`, with their labels, i64 `[n]`, to `each`; `n` is `batch`,
    /// and what is left in the end.
    ///
    /// # Errors
    /// Fails if a picture cannot be read, or `each` does.
    fn in_order(&self, batch: usize, each: &mut dyn FnMut(&Tensor, &Tensor) -> Result<()>) -> Result<()>;
}

/// How well a split was answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The task's own metric.
    pub metric: f64,
    /// Mean loss.
    pub loss: f64,
}

/// Random changes of training pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Shift by at most so many pixels in each direction; the border gets the mean colour.
    pub shift: u32,
    /// Mirror half of the pictures.
    pub flip: bool,
    /// See random patches of the pictures.
    pub crop: bool,
    /// Put half of the pictures on a canvas of up to so many times their sides; 0: none.
    pub expand: f64,
    /// Change brightness, contrast, saturation and hue.
    pub photometric: bool,
    /// What only [`ViewSet`](crate::ViewSet) does.
    pub views: ViewChanges,
}

/// Random changes of pictures of any size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ViewChanges {
    /// See a random part of each picture: least and greatest share of its area.
    pub crop_area: Option<[f64; 2]>,
    /// Change colours.
    pub color_jitter: Option<ColorJitter>,
    /// How likely a picture becomes grey.
    pub grayscale: f64,
    /// Blur.
    pub blur: Option<Blur>,
}

impl Augmentation {
    /// The changes that a recipe asks for.
    #[must_use]
    pub fn of(recipe: &Recipe) -> Self {
        Self {
            shift: recipe.shift,
            flip: recipe.flip,
            crop: recipe.crop,
            expand: recipe.expand,
            photometric: recipe.photometric,
            views: ViewChanges {
                crop_area: recipe.crop_area,
                color_jitter: recipe.color_jitter,
                grayscale: recipe.grayscale,
                blur: recipe.blur,
            },
        }
    }

    /// Whether only a set that makes views can do them.
    #[must_use]
    pub fn has_views(&self) -> bool {
        self.views != ViewChanges::default()
    }

    /// Refuses what only detection has.
    ///
    /// # Errors
    /// Says what pictures with one class each have.
    pub(crate) fn check_for_classes(&self) -> Result<()> {
        if self.crop || self.expand > 0.0 || self.photometric {
            return Err(Error::Data(
                "the recipe's `crop`, `expand` and `photometric` are for detection; pictures with one class each have \
                 `shift`, `flip`, `crop_area`, `color_jitter`, `grayscale` and `blur`"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Refuses what needs views.
    ///
    /// # Errors
    /// Says which keys do.
    pub(crate) fn check_without_views(&self, what: &str) -> Result<()> {
        if !self.has_views() {
            return Ok(());
        }
        let keys = "`crop_area`, `color_jitter`, `grayscale` and `blur`";
        Err(Error::Data(format!("the recipe's {keys} are not for {what}")))
    }
}

/// One batch to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'d> {
    /// Its pictures.
    pub indices: &'d [i64],
    /// How they are changed.
    pub augmentation: Augmentation,
    /// Where randomness comes from.
    pub streams: Streams,
    /// Number of the batch.
    pub batch: u64,
}

/// An endless sequence of training batches: one permutation of the set after the other, cut into full batches.
///
/// Batch `k` is a function of the streams and `k` alone, so training can resume anywhere.
#[derive(Debug)]
pub struct Batches<'a> {
    set: &'a dyn Examples,
    streams: Streams,
    batch: usize,
    augmentation: Augmentation,
    order: Order,
}

impl<'a> Batches<'a> {
    /// Batches of `batch` pictures.
    ///
    /// # Errors
    /// Fails if the set or the batch is empty, or pictures of this task cannot be changed so.
    pub fn new(
        set: &'a dyn Examples,
        streams: Streams,
        batch: usize,
        augmentation: Augmentation,
    ) -> Result<Self> {
        if set.is_empty() || batch == 0 {
            return Err(Error::Data("there is no picture to train on".to_owned()));
        }
        set.check_augmentation(&augmentation)?;
        Ok(Self { set, streams, batch, augmentation, order: Order::new(streams, set.len()) })
    }

    /// Batch number `index`: pictures f32 `[batch, c, h, w]` and their target.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn get(&self, index: u64) -> Result<(Tensor, Tensor)> {
        let picked = self.order.at(index * self.batch as u64, self.batch);
        let indices: Vec<i64> = picked.into_iter().map(|(index, _)| index).collect();
        self.set.draw(&Draw {
            indices: &indices,
            augmentation: self.augmentation,
            streams: self.streams,
            batch: index,
        })
    }
}

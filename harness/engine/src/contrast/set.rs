//! Pictures with a contrastive objective.

use std::cell::RefCell;
use std::time::Duration;

use secateur_checkpoint::Tensors;
use secateur_suite::{Contrast, Recipe};
use tch::{Kind, Tensor};

use super::momentum::Momentum;
use super::retrieval::told_from_queue;
use super::{Views, info_nce, nt_xent, retrieved};
use crate::error::{Error, Result};
use crate::examples::{Augmentation, Draw, Examples, Score};
use crate::forward::Pass;
use crate::memory::Memory;
use crate::model::Model;
use crate::random::Streams;

/// Pictures without labels, of which a network should tell two views from views of others.
///
/// | | input | output | target |
/// |---|---|---|---|
/// | simCLR | both views, `[2n, c, h, w]` | `[2n, d]` | numbers of the pictures, i64 `[n]` |
/// | MoCo v2 | first views, `[n, c, h, w]` | `[n, d]` | keys of the second views, `[n, d]` |
///
/// A set belongs to one model, whose average MoCo's keys come from. The average begins with the first batch that is made; from then on
/// it is steps of training that change what later batches see ([`Memory::after_step`]), and not the making of others.
#[derive(Debug)]
pub struct ContrastSet<'m> {
    views: Box<dyn Views + 'm>,
    contrast: Contrast,
    model: &'m Model,
    /// Changes of the views that scoring and calibration see.
    augmentation: Augmentation,
    /// Pictures of a batch that is scored: a loss among few others is lower.
    batch: usize,
    streams: Streams,
    memory: RefCell<Option<Momentum>>,
}

impl<'m> ContrastSet<'m> {
    /// Views with the objective of a recipe, for a model that ends in a projection. MoCo's queue begins with what `streams` say.
    ///
    /// # Errors
    /// Fails if the recipe has no contrastive objective, the model has no projection, or there are no such views.
    pub fn new(
        views: Box<dyn Views + 'm>,
        recipe: &Recipe,
        model: &'m Model,
        streams: Streams,
    ) -> Result<Self> {
        let network = model.network();
        let contrast = recipe.contrast.ok_or_else(|| {
            Error::Unsupported(format!(
                "network {} ends in a projection, and the recipe has no `contrast` to train it with",
                network.name()
            ))
        })?;
        if network.projection().is_none() {
            return Err(Error::Unsupported(format!(
                "the recipe's `contrast` trains without labels, and network {} ends in a classifier; give it a `projection`",
                network.name()
            )));
        }
        let augmentation = Augmentation::of(recipe);
        views.check(&augmentation)?;
        let batch = recipe.batch as usize;
        Ok(Self { views, contrast, model, augmentation, batch, streams, memory: RefCell::new(None) })
    }

    /// Views that are always the same for the same pictures in the same order, from streams that no training has.
    fn fixed_views(&self, indices: &[i64]) -> Result<Tensor> {
        let streams = Streams::new(0).fork("contrast/fixed");
        self.views.views(&Draw { indices, augmentation: self.augmentation, streams, batch: 0 })
    }

    /// Input and target of both views of pictures. Where keys are made for training, libtorch's generators are seeded for the draw,
    /// since there may be dropout; else nothing is dropped out.
    fn batch_of(
        &self,
        views: Tensor,
        indices: &[i64],
        training: Option<&Draw<'_>>,
    ) -> Result<(Tensor, Tensor)> {
        let count = indices.len() as i64;
        if views.size().first() != Some(&(2 * count)) {
            let message =
                format!("{count} pictures have views of shape {:?}, and not two each", views.size());
            return Err(Error::Data(message));
        }
        match self.contrast {
            Contrast::Simclr { .. } => {
                Ok((views, Tensor::f_from_slice(indices)?.f_to_device(self.device())?))
            }
            Contrast::MocoV2 { queue, .. } => {
                let (first, second) = (views.f_narrow(0, 0, count)?, views.f_narrow(0, count, count)?);
                if let Some(draw) = training {
                    draw.streams.seed_torch("contrast/keys", draw.batch);
                }
                let keys = self.with_memory(queue, |memory| memory.keys(&second, training.is_some()))?;
                Ok((first, keys))
            }
        }
    }

    /// What MoCo remembers, made from the model if training begins.
    fn with_memory<T>(&self, queue: u32, body: impl FnOnce(&mut Momentum) -> Result<T>) -> Result<T> {
        let mut memory = self.memory.borrow_mut();
        match &mut *memory {
            Some(memory) => body(memory),
            empty => body(empty.insert(Momentum::new(self.model, queue, &self.streams)?)),
        }
    }

    fn device(&self) -> tch::Device {
        self.model.options().device
    }

    fn temperature(&self) -> f64 {
        let (Contrast::Simclr { temperature } | Contrast::MocoV2 { temperature, .. }) = self.contrast;
        temperature
    }
}

impl Examples for ContrastSet<'_> {
    fn len(&self) -> usize {
        self.views.count()
    }

    /// There are no labels, so that all pictures are of one class.
    fn classes_of_pictures(&self) -> Result<Vec<Vec<usize>>> {
        Ok(vec![vec![0]; self.len()])
    }

    /// The same views of the same pictures every time, changed as the recipe says.
    fn gather(&self, indices: &[i64]) -> Result<(Tensor, Tensor)> {
        // A method that is calibrating has libtorch's generators in its hands; they stay as they are.
        self.batch_of(self.fixed_views(indices)?, indices, None)
    }

    fn check_augmentation(&self, augmentation: &Augmentation) -> Result<()> {
        self.views.check(augmentation)
    }

    fn draw(&self, draw: &Draw<'_>) -> Result<(Tensor, Tensor)> {
        self.batch_of(self.views.views(draw)?, draw.indices, Some(draw))
    }

    /// NT-Xent for simCLR, InfoNCE against the target's keys and the queue for MoCo. There are no labels that could be smoothed.
    fn loss(&self, output: &Tensor, target: &Tensor, _: f64) -> Result<Tensor> {
        match self.contrast {
            Contrast::Simclr { temperature } => {
                let (found, pictures) = (output.size(), target.numel() as i64);
                if found.first() != Some(&(2 * pictures)) {
                    let expected = vec![2 * pictures, found.get(1).copied().unwrap_or(0)];
                    return Err(Error::Shape { what: "the output of two views".to_owned(), found, expected });
                }
                nt_xent(output, temperature)
            }
            Contrast::MocoV2 { temperature, queue, .. } => {
                self.with_memory(queue, |memory| info_nce(output, target, memory.queue(), temperature))
            }
        }
    }

    /// Right are views that find each other in the batch (simCLR), or that are nearer to their own keys than to all of the queue
    /// (MoCo).
    fn loss_and_right(
        &self,
        output: &Tensor,
        target: &Tensor,
        label_smoothing: f64,
    ) -> Result<(Tensor, Tensor)> {
        let loss = self.loss(output, target, label_smoothing)?;
        let right = match self.contrast {
            Contrast::Simclr { .. } => retrieved(output)?,
            Contrast::MocoV2 { queue, .. } => {
                self.with_memory(queue, |memory| told_from_queue(output, target, memory.queue()))?
            }
        };
        Ok((loss, right))
    }

    /// Retrieval accuracy and NT-Xent at the recipe's temperature, of either objective, over views that are always the same: a
    /// function of the model and the pictures, which MoCo's loss is not.
    ///
    /// Pictures come in batches of the recipe's size, or all in one if they are fewer; what is left over is not scored.
    fn score(&self, model: &Model) -> Result<Score> {
        let _guard = tch::no_grad_guard();
        let batch = self.batch.min(self.len());
        if batch < 2 {
            let count = self.len();
            return Err(Error::Data(format!("{count} pictures are too few to be told from each other")));
        }
        let order = Streams::new(0).permutation("contrast/scored", 0, self.len());
        let mut losses = Tensor::f_zeros([], (Kind::Double, self.device()))?;
        let mut right = losses.f_zeros_like()?;
        let batches = order.chunks_exact(batch);
        let count = batches.len();
        for indices in batches {
            let output = model.forward(&self.fixed_views(indices)?, &Pass::default())?;
            let _ = losses.f_add_(&nt_xent(&output, self.temperature())?)?;
            let _ = right.f_add_(&retrieved(&output)?)?;
        }
        Ok(Score {
            metric: right.f_double_value(&[])? / (count * batch) as f64,
            loss: losses.f_double_value(&[])? / count as f64,
        })
    }

    fn waited(&self) -> Duration {
        self.views.waited()
    }

    fn memory(&self) -> Option<&dyn Memory> {
        matches!(self.contrast, Contrast::MocoV2 { .. }).then_some(self)
    }
}

/// The average has no masks of its own: it follows weights that are zero where they are masked. Weights that a hook puts in the place
/// of parameters for one step are not in it.
impl Memory for ContrastSet<'_> {
    fn begin(&self) {
        *self.memory.borrow_mut() = None;
    }

    fn after_step(&self, target: &Tensor) -> Result<()> {
        let Contrast::MocoV2 { queue, momentum, .. } = self.contrast else { return Ok(()) };
        self.with_memory(queue, |memory| memory.advance(self.model, target, momentum))
    }

    fn to_tensors(&self) -> Result<Tensors> {
        self.memory.borrow().as_ref().map_or_else(|| Ok(Tensors::new()), Momentum::to_tensors)
    }

    fn restore(&self, tensors: &Tensors) -> Result<()> {
        if let Contrast::MocoV2 { queue, .. } = self.contrast {
            *self.memory.borrow_mut() = Momentum::from_tensors(self.model, queue, tensors)?;
        }
        Ok(())
    }
}

//! Auxiliary heads: where they stand, and what they may look at.

use std::cell::OnceCell;

use secateur_sdk::prelude::*;
use secateur_sdk::{Batch, Capture, Forward, MatchedBoxes};

use crate::layers::pivots;

/// A trained loss on the features behind a node.
pub(crate) trait Head {
    /// The node whose output it reads.
    fn node(&self) -> u32;

    /// What is trained of it.
    fn leaves(&self) -> Vec<Tensor>;

    /// Whether its loss is also of the network's output, so that a pass must not end at its node.
    fn needs_whole_pass(&self) -> bool {
        false
    }

    /// The loss, a scalar. In training mode the statistics of its batch norm follow.
    ///
    /// # Errors
    /// Fails if the host or libtorch does.
    fn loss(&self, seen: &Seen<'_>, train: bool) -> Result<Tensor>;
}

/// A batch after a pass: what losses are made of.
pub(crate) struct Seen<'r> {
    run: &'r Run<'r>,
    batch: Batch,
    /// The network's, after a whole pass.
    output: Option<Tensor>,
    boxes: OnceCell<MatchedBoxes>,
}

impl<'r> Seen<'r> {
    pub(crate) fn new(run: &'r Run<'_>, batch: Batch, output: Option<Tensor>) -> Self {
        Self { run, batch, output, boxes: OnceCell::new() }
    }

    /// Width of the pictures, in pixels.
    pub(crate) fn width(&self) -> i64 {
        self.batch.input.size()[3]
    }

    /// What a node gave.
    pub(crate) fn features(&self, node: u32) -> Result<Tensor> {
        self.run.captured(node, Capture::Output)
    }

    /// The task's loss of outputs of its kind.
    pub(crate) fn task_loss(&self, output: &Tensor) -> Result<Tensor> {
        self.run.loss(output, &self.batch.target)
    }

    /// The matched default boxes, asked for once.
    pub(crate) fn boxes(&self) -> Result<&MatchedBoxes> {
        if let Some(boxes) = self.boxes.get() {
            return Ok(boxes);
        }
        let boxes = self.run.matched_boxes(&self.batch.target, self.output.as_ref())?;
        Ok(self.boxes.get_or_init(|| boxes))
    }
}

/// Where a new head stands.
pub(crate) struct Place {
    /// The node whose output it reads.
    pub(crate) node: u32,
    /// Channels of that output.
    pub(crate) channels: i64,
    /// For its initial weights.
    pub(crate) seed: u64,
    /// Where it computes.
    pub(crate) device: Device,
}

/// New heads behind the pivots of a network, whose outputs are kept at every pass from now on. Their widths come from a
/// picture that goes through it; `make` is given the shape of the network's output, too.
///
/// # Errors
/// Fails if the network has no residual blocks, or there is no training picture.
pub(crate) fn new_heads<H: Head + 'static>(
    run: &Run<'_>,
    losses: usize,
    make: impl Fn(Place, &[i64]) -> Result<H>,
) -> Result<Vec<Box<dyn Head>>> {
    let pivots = pivots(run, losses)?;
    if pivots.is_empty() {
        return Ok(Vec::new());
    }
    for pivot in &pivots {
        run.capture(*pivot, Capture::Output)?;
    }
    run.rewind_data(Split::Train, 1, 0)?;
    let picture = run.next_batch()?.ok_or_else(|| Error::unsupported("there are no training pictures"))?;
    let output = run.forward_with(&picture.input, None, Forward { no_grad: true, ..Forward::default() })?;
    let mut heads: Vec<Box<dyn Head>> = Vec::with_capacity(pivots.len());
    for node in pivots {
        let features = run.captured(node, Capture::Output)?;
        let seed = run.seed(&format!("auxiliary head {node}"));
        let place = Place { node, channels: features.size()[1], seed, device: features.device() };
        heads.push(Box::new(make(place, &output.size())?));
    }
    Ok(heads)
}

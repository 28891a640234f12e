//! Pictures, forward and backward passes outside of training. All samples count against the allowance.

use secateur_abi as abi;
use tch::Tensor;

use crate::error::{Error, ErrorKind, Result};
use crate::run::{Batch, Run, lend};

/// A split of the task. There is no third one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Training pictures.
    Train,
    /// Validation pictures.
    Validation,
}

/// How a forward pass is run; the default is evaluation mode with a graph, on the network as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// Batch norm and dropout in training mode.
    pub train: bool,
    /// Record no graph.
    pub no_grad: bool,
    /// The network at the checkpoint that the method saved as `reference`; without one, the untouched network that the
    /// trial started from. No masks.
    pub reference: bool,
}

/// What to keep of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// Its first input.
    Input,
    /// Its output.
    Output,
    /// The gradient of its output, after a backward pass.
    OutputGrad,
}

impl Capture {
    fn code(self) -> u32 {
        match self {
            Self::Input => abi::CAPTURE_INPUT,
            Self::Output => abi::CAPTURE_OUTPUT,
            Self::OutputGrad => abi::CAPTURE_OUTPUT_GRAD,
        }
    }
}

impl Run<'_> {
    /// Starts reading a split over, in the host's own order: batches of `batch` pictures, at most `per_class` pictures
    /// of each class (0: all).
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the task has no such pictures.
    pub fn rewind_data(&self, split: Split, batch: u32, per_class: u32) -> Result<()> {
        let split = match split {
            Split::Train => abi::SPLIT_TRAIN,
            Split::Validation => abi::SPLIT_VALIDATION,
        };
        // SAFETY: as in `weight`.
        self.call(|ctx, err| unsafe { (self.tables.calibration.rewind)(ctx, split, batch, per_class, err) })?;
        Ok(())
    }

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// Fails before [`Run::rewind_data`].
    pub fn next_batch(&self) -> Result<Option<Batch>> {
        self.batch(|ctx, input, target, err| {
            // SAFETY: as in `weight`.
            unsafe { (self.tables.calibration.next)(ctx, input, target, err) }
        })
    }

    /// What the network gives as it stands, in evaluation mode, with a graph for [`Run::backward`]: logits
    /// `[n, classes]`, or on a task with boxes `[n, boxes, 4 + labels]`, for each default box its offsets and then the
    /// scores of the labels, the background first.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if the allowance does not reach.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let tensor = self.tensor(|ctx, out, err| {
            // SAFETY: as in `set_mask`.
            unsafe { (self.tables.calibration.forward)(ctx, lend(input), 0, out, err) }
        })?;
        tensor.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no tensor"))
    }

    /// Runs the network up to and including a node ([`Run::node`]), or to its end.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if the allowance does not reach.
    pub fn forward_with(&self, input: &Tensor, until: Option<u32>, options: Forward) -> Result<Tensor> {
        let mut flags = 0;
        for (wanted, flag) in [
            (options.train, abi::FWD_TRAIN),
            (options.no_grad, abi::FWD_NO_GRAD),
            (options.reference, abi::FWD_REFERENCE),
        ] {
            flags |= if wanted { flag } else { 0 };
        }
        let tensor = self.tensor(|ctx, out, err| {
            // SAFETY: as in `set_mask`.
            unsafe {
                match until {
                    Some(node) => {
                        (self.tables.calibration.forward_to)(ctx, lend(input), node, flags, out, err)
                    }
                    None => (self.tables.calibration.forward)(ctx, lend(input), flags, out, err),
                }
            }
        })?;
        tensor.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no tensor"))
    }

    /// From now on keeps what is asked for of a node at each forward pass.
    ///
    /// # Errors
    /// Fails if there is no such node.
    pub fn capture(&self, node: u32, what: Capture) -> Result<()> {
        // SAFETY: as in `weight`.
        self.call(|ctx, err| unsafe { (self.tables.calibration.capture)(ctx, node, what.code(), err) })?;
        Ok(())
    }

    /// What the last pass left at a node.
    ///
    /// # Errors
    /// Fails if nothing was captured there.
    pub fn captured(&self, node: u32, what: Capture) -> Result<Tensor> {
        let tensor = self.tensor(|ctx, out, err| {
            // SAFETY: as in `weight`.
            unsafe { (self.tables.calibration.captured)(ctx, node, what.code(), out, err) }
        })?;
        tensor.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no tensor"))
    }

    /// The task's loss, a scalar.
    ///
    /// # Errors
    /// Fails if the shapes do not fit.
    pub fn loss(&self, output: &Tensor, target: &Tensor) -> Result<Tensor> {
        let tensor = self.tensor(|ctx, out, err| {
            // SAFETY: as in `set_mask`.
            unsafe { (self.tables.calibration.loss)(ctx, lend(output), lend(target), out, err) }
        })?;
        tensor.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no tensor"))
    }

    /// Adds the gradients of a scalar to [`Run::grad`].
    ///
    /// # Errors
    /// Fails if the scalar does not depend on the network.
    pub fn backward(&self, loss: &Tensor) -> Result<()> {
        // SAFETY: as in `set_mask`.
        self.call(|ctx, err| unsafe { (self.tables.calibration.backward)(ctx, lend(loss), err) })?;
        Ok(())
    }

    /// Clears the gradients.
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn zero_grad(&self) -> Result<()> {
        // SAFETY: as in `weight`.
        self.call(|ctx, err| unsafe { (self.tables.calibration.zero_grad)(ctx, err) })?;
        Ok(())
    }
}

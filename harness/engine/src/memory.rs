//! What training builds up beside weights and the state of the optimizer.

use secateur_checkpoint::Tensors;
use tch::Tensor;

use crate::error::Result;

/// What a kind of examples remembers from one training step to the next, such as an average of earlier networks.
///
/// It belongs to one training: who begins another one, or puts other weights into the model, calls [`Memory::begin`].
pub trait Memory {
    /// Forgets everything. What is needed is made anew from the model, with the weights that it has when the next batch is made.
    fn begin(&self);

    /// Takes up a batch after the step that was made with it; `target` is the batch's.
    ///
    /// # Errors
    /// Fails if the target is not one of these examples.
    fn after_step(&self, target: &Tensor) -> Result<()>;

    /// Everything, as named tensors for a checkpoint beside those of [`crate::State`]; none of their names is used there.
    ///
    /// # Errors
    /// Fails if libtorch does.
    fn to_tensors(&self) -> Result<Tensors>;

    /// Puts back what [`Memory::to_tensors`] gave; other tensors may stand beside them.
    ///
    /// # Errors
    /// Fails if one is missing or misshapen; nothing has changed then.
    fn restore(&self, tensors: &Tensors) -> Result<()>;
}

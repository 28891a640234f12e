//! Default boxes and the objects that they are matched to, on tasks with boxes.

use secateur_abi as abi;
use tch::Tensor;
use torch_sys::C_tensor;

use crate::error::{Error, ErrorKind, Result};
use crate::run::{Run, lend};

/// The default boxes of a batch that are matched to an object, a row for each; there may be none.
///
/// Boxes are `x1, y1, x2, y2` in pixels of the network's input, f32 `[n, 4]`.
#[derive(Debug)]
pub struct MatchedBoxes {
    /// Index of the picture in the batch, i64 `[n]`.
    pub picture: Tensor,
    /// The default boxes.
    pub defaults: Tensor,
    /// What the network's output makes of these default boxes, decoded, with the output's graph. `None` without an output.
    pub predicted: Option<Tensor>,
    /// The boxes of the objects.
    pub truths: Tensor,
    /// Classes of the objects, i64 `[n]`, counted from 0 without the background.
    pub classes: Tensor,
}

impl Run<'_> {
    /// Whether the task has boxes, so that [`Run::matched_boxes`] answers.
    #[must_use]
    pub fn has_boxes(&self) -> bool {
        self.tables.boxes.is_some()
    }

    /// The default boxes that stand for the objects of a batch's target, and what an output of the network for the same
    /// pictures makes of them. In hooks the output is what was captured at the network's last node.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] on a task without boxes, [`ErrorKind::Invalid`] if target and output do not fit.
    pub fn matched_boxes(&self, target: &Tensor, output: Option<&Tensor>) -> Result<MatchedBoxes> {
        let Some(table) = self.tables.boxes else {
            return Err(Error::unsupported(
                "matched boxes exist on tasks with boxes only, and this task has none (the host has no \
                 secateur.host.boxes/1)",
            ));
        };
        let mut handles: [abi::TensorHandle; 5] = [std::ptr::null_mut(); 5];
        let [image, default, predicted, truth, class] = &mut handles;
        let output = output.map_or(std::ptr::null_mut(), lend);
        // SAFETY: the host's function with the running context; what is lent and the handles outlive the call.
        self.call(|ctx, err| unsafe {
            (table.matched)(ctx, lend(target), output, image, default, predicted, truth, class, err)
        })?;
        // SAFETY: what comes out belongs to the caller, by contract.
        let own = |handle: abi::TensorHandle| unsafe {
            (!handle.is_null()).then(|| Tensor::from_ptr(handle.cast::<C_tensor>()))
        };
        let [picture, defaults, predicted, truths, classes] = handles.map(own);
        let expect = |tensor: Option<Tensor>| {
            tensor.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no tensor"))
        };
        Ok(MatchedBoxes {
            picture: expect(picture)?,
            defaults: expect(defaults)?,
            predicted,
            truths: expect(truths)?,
            classes: expect(classes)?,
        })
    }
}

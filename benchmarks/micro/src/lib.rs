//! What the benches share: a residual network written by hand on tch, the same network as the engine runs it, and what
//! a detector does beside its layers.

mod channels;
mod graph;
mod hand;
mod photographs;
mod process;
mod regions;

pub use channels::filter_norms;
pub use graph::{GraphTraining, recipe};
pub use hand::{HandNetwork, HandTraining};
pub use photographs::photographs;
pub use process::{keep_memory, processor_seconds};
pub use regions::{Matching, Pooling, Suppression};

use secateur_engine::Layout;
use tch::{Device, Kind, Tensor};

/// A residual network for CIFAR and how it is run.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name in the zoo: `resnet8`, `resnet20` or `resnet56`.
    pub network: &'static str,
    /// Pictures in a batch.
    pub batch: i64,
    /// Memory layout.
    pub layout: Layout,
    /// Where it computes.
    pub device: Device,
}

impl Setting {
    /// A batch of noise with random classes, always the same.
    pub fn batch(&self) -> (Tensor, Tensor) {
        tch::manual_seed(0);
        let input = Tensor::randn([self.batch, 3, 32, 32], (Kind::Float, Device::Cpu));
        let target = Tensor::randint(10, [self.batch], (Kind::Int64, Device::Cpu));
        (input.to_device(self.device), target.to_device(self.device))
    }
}

/// The name of a layout in the identifiers of benches.
#[must_use]
pub fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Contiguous => "contiguous",
        Layout::ChannelsLast => "channels-last",
    }
}

/// A tensor of four dimensions in a layout, as a person would bring it there.
pub(crate) fn arrange(tensor: &Tensor, layout: Layout) -> Tensor {
    match layout {
        Layout::ChannelsLast if tensor.dim() == 4 => {
            tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
        }
        _ => tensor.shallow_clone(),
    }
}

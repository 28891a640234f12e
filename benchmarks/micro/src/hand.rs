//! Residual networks for CIFAR on tch's own layers and optimizer, as a person would write them.

use secateur_engine::Layout;
use tch::Tensor;
use tch::nn::{self, ModuleT, OptimizerConfig};

use crate::{Setting, arrange};

struct Block {
    conv1: nn::Conv2D,
    bn1: nn::BatchNorm,
    conv2: nn::Conv2D,
    bn2: nn::BatchNorm,
    shortcut: Option<(nn::Conv2D, nn::BatchNorm)>,
}

impl Block {
    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let y = x.apply(&self.conv1).apply_t(&self.bn1, train).relu();
        let y = y.apply(&self.conv2).apply_t(&self.bn2, train);
        match &self.shortcut {
            Some((conv, norm)) => (y + x.apply(conv).apply_t(norm, train)).relu(),
            None => (y + x).relu(),
        }
    }
}

/// The network.
pub struct HandNetwork {
    store: nn::VarStore,
    stem: nn::Conv2D,
    norm: nn::BatchNorm,
    blocks: Vec<Block>,
    head: nn::Linear,
}

impl HandNetwork {
    /// A network with random weights; they lie as the layout says.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        let per_stage = match setting.network {
            "resnet8" => 1,
            "resnet20" => 3,
            _ => 9,
        };
        let store = nn::VarStore::new(setting.device);
        let root = store.root();
        let conv = |from: i64, to: i64, kernel: i64, stride: i64| {
            let config = nn::ConvConfig { stride, padding: kernel / 2, bias: false, ..Default::default() };
            nn::conv2d(&root, from, to, kernel, config)
        };
        let norm = |channels: i64| nn::batch_norm2d(&root, channels, Default::default());
        let mut blocks = Vec::new();
        let mut channels = 16;
        for (stage, width) in [16, 32, 64].into_iter().enumerate() {
            for index in 0..per_stage {
                let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                blocks.push(Block {
                    conv1: conv(channels, width, 3, stride),
                    bn1: norm(width),
                    conv2: conv(width, width, 3, 1),
                    bn2: norm(width),
                    shortcut: (stride != 1).then(|| (conv(channels, width, 1, stride), norm(width))),
                });
                channels = width;
            }
        }
        let network = Self {
            stem: conv(3, 16, 3, 1),
            norm: norm(16),
            blocks,
            head: nn::linear(&root, 64, 10, Default::default()),
            store,
        };
        if setting.layout == Layout::ChannelsLast {
            for mut weight in network.store.trainable_variables() {
                let arranged = tch::no_grad(|| arrange(&weight.detach(), setting.layout));
                weight.set_data(&arranged);
            }
        }
        network
    }

    /// Logits of pictures that lie as the layout says.
    pub fn forward(&self, input: &Tensor, train: bool) -> Tensor {
        let mut x = self.norm.forward_t(&input.apply(&self.stem), train).relu();
        for block in &self.blocks {
            x = block.forward(&x, train);
        }
        x.adaptive_avg_pool2d([1, 1]).flatten(1, -1).apply(&self.head)
    }
}

/// The network, tch's optimizer, and a batch.
pub struct HandTraining {
    network: HandNetwork,
    optimizer: nn::Optimizer,
    layout: Layout,
    input: Tensor,
    target: Tensor,
}

impl HandTraining {
    /// Ready for the first step.
    ///
    /// # Panics
    /// Panics if libtorch fails.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        let network = HandNetwork::new(setting);
        // The rate and the decay of `recipe`.
        let config = nn::Sgd { momentum: 0.9, dampening: 0.0, wd: 1e-4, nesterov: false };
        let optimizer = config.build(&network.store, 0.01).expect("libtorch makes an optimizer");
        let (input, target) = setting.batch();
        Self { network, optimizer, layout: setting.layout, input, target }
    }

    /// One step on the batch. The batch is brought into the layout here, because each step of a real training has
    /// a new one.
    pub fn step(&mut self) {
        let output = self.network.forward(&arrange(&self.input, self.layout), true);
        let loss = output.cross_entropy_for_logits(&self.target);
        self.optimizer.backward_step(&loss);
    }

    /// Logits of the batch in evaluation mode, without gradients.
    pub fn evaluate(&self) -> Tensor {
        tch::no_grad(|| self.network.forward(&arrange(&self.input, self.layout), false))
    }
}

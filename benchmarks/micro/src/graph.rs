//! The same networks as graphs of the engine.

use std::sync::Arc;

use secateur_engine::{Model, Options, Pass, Result, Sgd, Streams, loss};
use secateur_network::zoo;
use secateur_suite::{Recipe, Schedule};
use tch::Tensor;

use crate::Setting;

/// Plain SGD with momentum and decay, without augmentation.
#[must_use]
pub fn recipe(batch: u32) -> Recipe {
    Recipe {
        batch,
        lr: 0.01,
        momentum: 0.9,
        nesterov: false,
        weight_decay: 1e-4,
        schedule: Schedule::Constant,
        warmup: 0.0,
        milestones: Vec::new(),
        gamma: 0.1,
        label_smoothing: 0.0,
        shift: 0,
        flip: false,
        ..Recipe::new(1, 1.0)
    }
}

/// A model, its optimizer, and a batch.
#[derive(Debug)]
pub struct GraphTraining {
    /// The model.
    pub model: Model,
    sgd: Sgd,
    input: Tensor,
    target: Tensor,
}

impl GraphTraining {
    /// Ready for the first step.
    ///
    /// # Errors
    /// Fails if the network is unknown, or libtorch fails.
    pub fn new(setting: Setting) -> Result<Self> {
        let network = zoo::build(setting.network, &zoo::Options::default());
        let network = network.map_err(|error| secateur_engine::Error::Data(error.to_string()))?;
        let options = Options { layout: setting.layout, device: setting.device, ..Options::default() };
        let model = Model::new(Arc::new(network), options, &Streams::new(0))?;
        let sgd = Sgd::new(&recipe(setting.batch as u32), model.params().len());
        let (input, target) = setting.batch();
        Ok(Self { model, sgd, input, target })
    }

    /// One step on the batch.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn step(&mut self) -> Result<()> {
        let output = self.model.forward(&self.input, &Pass { train: true, ..Pass::default() })?;
        let loss = loss(&output, &self.target, 0.0)?;
        self.model.zero_grad();
        self.model.backward(&loss, &[])?;
        self.sgd.step(&self.model, 0.01)
    }

    /// Logits of the batch in evaluation mode, without gradients.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn evaluate(&self) -> Result<Tensor> {
        let _guard = tch::no_grad_guard();
        self.model.forward(&self.input, &Pass::default())
    }
}

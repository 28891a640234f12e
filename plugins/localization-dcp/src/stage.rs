//! What all methods do with a network: train it with its auxiliary losses, then search its layers in order.

use secateur_sdk::prelude::*;

use crate::config::Settings;
use crate::layer_search::LayerSearch;
use crate::layers::{Layer, layers};
use crate::losses::Losses;

/// What the methods need and do.
pub(crate) const FLAGS: Flags = Flags::NEEDS_DATA
    .and(Flags::NEEDS_GRAD)
    .and(Flags::TRAINS)
    .and(Flags::WRITES_WEIGHTS)
    .and(Flags::DETERMINISTIC);

/// The network after training with the auxiliary losses: what is pruned, and what reconstruction aims at.
const TUNED: &str = "reference";

/// Steps of the training with the auxiliary losses.
pub(crate) fn training_steps(run: &Run<'_>, settings: &Settings) -> Result<u64> {
    Ok((run.allowance()?.left_steps() as f64 * settings.auxiliary_fraction) as u64)
}

/// A run with its layers and its trained losses.
pub(crate) struct Stage<'s, 'a> {
    run: &'s Run<'a>,
    settings: &'s Settings,
    layers: Vec<Layer<'s>>,
    losses: Losses,
}

impl<'s, 'a> Stage<'s, 'a> {
    /// Finds the layers, and trains network and losses together for so many steps.
    pub(crate) fn new(run: &'s Run<'a>, settings: &'s Settings, losses: Losses, steps: u64) -> Result<Self> {
        let layers = layers(run)?;
        losses.train(run, steps)?;
        run.save(TUNED)?;
        Ok(Self { run, settings, layers, losses })
    }

    /// The layers, in the order in which they are pruned.
    pub(crate) fn layers(&self) -> &[Layer<'s>] {
        &self.layers
    }

    /// Answers every target with the same fraction of each layer's channels.
    pub(crate) fn answer_uniformly(&self, request: &Request<'_>) -> Result<()> {
        self.answer(request, |target| self.uniform_counts(target))
    }

    /// Answers every target: each time anew, layer by layer, with as many units as `counts` says for the target.
    pub(crate) fn answer(
        &self,
        request: &Request<'_>,
        counts: impl Fn(&Target) -> Result<Vec<usize>>,
    ) -> Result<()> {
        let targets = request.targets();
        for (index, target) in targets.iter().enumerate() {
            let counts = counts(target)?;
            self.start_over()?;
            for (layer, count) in self.layers.iter().zip(counts) {
                if count < layer.group.units() {
                    self.prune_layer(layer, count)?;
                }
            }
            self.run.emit(index)?;
            self.run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }

    /// Units that each layer keeps when all keep the same fraction and the network meets the budget.
    fn uniform_counts(&self, target: &Target) -> Result<Vec<usize>> {
        for layer in &self.layers {
            self.run.set_unit_scores(&layer.group, &vec![0.0; layer.group.units()])?;
        }
        self.refuse_other_groups()?;
        self.run.select(Scope::Uniform, target.count)?;
        self.kept_counts()
    }

    /// Units that each layer keeps as the plan stands.
    pub(crate) fn kept_counts(&self) -> Result<Vec<usize>> {
        let kept = self.layers.iter().map(|layer| self.run.kept_units(&layer.group));
        kept.map(|kept| Ok(kept?.into_iter().filter(|kept| *kept).count())).collect()
    }

    /// Groups of the suite's set that DCP cannot judge by a convolution that reads them would have to be left whole,
    /// and then no longer all methods of a board have the same set.
    pub(crate) fn refuse_other_groups(&self) -> Result<()> {
        for group in self.run.groups() {
            if !self.layers.iter().any(|layer| layer.group.id() == group.id()) {
                return Err(Error::unsupported(format!(
                    "`{}` belongs to the suite's set, but is not read by convolutions alone",
                    group.name()
                )));
            }
        }
        Ok(())
    }

    /// All units and all weights as they were before anything was removed.
    pub(crate) fn start_over(&self) -> Result<()> {
        for layer in &self.layers {
            self.run.keep_units(&layer.group, &vec![true; layer.group.units()])?;
        }
        self.run.rewind_to(TUNED)
    }

    /// A search among a layer's channels, judged by the loss behind it.
    pub(crate) fn search<'l>(&'l self, layer: &'l Layer<'l>) -> Result<LayerSearch<'l, 'a>> {
        LayerSearch::new(self.run, self.settings, layer, self.losses.behind(layer.last))
    }

    fn prune_layer(&self, layer: &Layer<'_>, count: usize) -> Result<()> {
        let kept = self.search(layer)?.keep(count)?;
        self.run.keep_units(&layer.group, &kept)?;
        tracing::info!(group = layer.group.name(), kept = count, of = layer.group.units(), "selected");
        Ok(())
    }
}

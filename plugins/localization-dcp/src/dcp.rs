//! The methods `dcp` and `dcp-adapt`.

use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::{Capture, Forward};

use crate::config::{Config, Search};
use crate::heads::{Head, Joint};
use crate::layer_search::LayerSearch;
use crate::layers::{Layer, layers, pivots};

/// Weight decay of the auxiliary classifiers (section 4.1).
const WEIGHT_DECAY: f64 = 1e-4;
/// The network after training with the auxiliary losses: what is pruned, and what reconstruction aims at.
const TUNED: &str = "reference";

/// DCP: the same fraction of every layer's input channels goes, layer by layer.
pub(crate) struct Dcp(Config);

/// DCP-Adapt: layers keep different fractions, decided by how much the loss still falls when a channel joins.
pub(crate) struct DcpAdapt(Config);

impl PruneMethod for Dcp {
    const ID: &'static CStr = c"org.secateur.dcp";
    const NAME: &'static CStr = c"DCP";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Discrimination-aware channel pruning: channels join by the gradient of reconstruction and auxiliary losses.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1810.11809");
    const GRANULARITY: Granularity = Granularity::Channel;
    const FLAGS: Flags = FLAGS;
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self(config))
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let stage = Stage::new(run, &self.0)?;
        let targets = request.targets();
        for (index, target) in targets.iter().enumerate() {
            let counts = stage.uniform_counts(target.count)?;
            stage.start_over()?;
            for (layer, count) in stage.layers.iter().zip(counts) {
                if count < layer.group.units() {
                    stage.prune_layer(layer, count)?;
                }
            }
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }
}

impl PruneMethod for DcpAdapt {
    const ID: &'static CStr = c"org.secateur.dcp-adapt";
    const NAME: &'static CStr = c"DCP-Adapt";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"DCP whose layers keep the channels that still lower the loss by a fraction, the same one for all layers.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1810.11809");
    const GRANULARITY: Granularity = Granularity::Channel;
    const FLAGS: Flags = FLAGS;
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        config.check()?;
        if config.search != Search::Greedy {
            return Err(Error::invalid(
                "`dcp-adapt` stops a greedy search; `search: top-k` has nothing to stop",
            ));
        }
        Ok(Self(config))
    }

    /// The paper stops every layer's search when the loss falls by less than `epsilon` of its first value. Here the
    /// budget is given and `epsilon` follows from it: every layer's full order of channels is searched once, with the
    /// layers before it whole, and the host takes the channels with the largest falls over all layers. Falls are made
    /// non-increasing along the order, since a channel that joins late cannot stay without the earlier ones.
    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let stage = Stage::new(run, &self.0)?;
        for layer in &stage.layers {
            let mut search = stage.search(layer)?;
            let order = search.greedy(layer.group.units())?;
            let mut scores = vec![0.0; layer.group.units()];
            let mut most = f64::NEG_INFINITY;
            for (unit, gain) in order.units.iter().zip(&order.gains).rev() {
                most = most.max(*gain);
                scores[*unit] = most;
            }
            run.set_unit_scores(&layer.group, &scores)?;
            stage.start_over()?;
        }
        stage.keep_other_groups()?;
        let targets = request.targets();
        for (index, target) in targets.iter().enumerate() {
            run.select(Scope::Global, target.count)?;
            let mut kept = Vec::with_capacity(stage.layers.len());
            for layer in &stage.layers {
                kept.push(run.kept_units(&layer.group)?.iter().filter(|kept| **kept).count());
            }
            stage.start_over()?;
            for (layer, count) in stage.layers.iter().zip(kept) {
                if count < layer.group.units() {
                    stage.prune_layer(layer, count)?;
                }
            }
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }
}

const FLAGS: Flags = Flags::NEEDS_DATA
    .and(Flags::NEEDS_GRAD)
    .and(Flags::TRAINS)
    .and(Flags::WRITES_WEIGHTS)
    .and(Flags::DETERMINISTIC);

/// A run with its layers and its trained auxiliary classifiers.
struct Stage<'s, 'a> {
    run: &'s Run<'a>,
    config: &'s Config,
    layers: Vec<Layer<'s>>,
    heads: Vec<Head>,
}

impl<'s, 'a> Stage<'s, 'a> {
    /// Finds the layers and trains network and auxiliary classifiers together.
    fn new(run: &'s Run<'a>, config: &'s Config) -> Result<Self> {
        let layers = layers(run)?;
        let heads = new_heads(run, config)?;
        let steps = (run.allowance()?.left_steps() as f64 * config.auxiliary_fraction) as u64;
        if steps > 0 && !heads.is_empty() {
            for head in &heads {
                run.capture(head.node, Capture::Output)?;
            }
            let mut joint = Joint { heads: &heads, weight_decay: WEIGHT_DECAY };
            let trained = run.train_with(TrainOptions::afresh(steps), &mut joint)?;
            tracing::info!(steps, loss = trained.loss, "trained with auxiliary losses");
        }
        run.save(TUNED)?;
        Ok(Self { run, config, layers, heads })
    }

    /// Units that each layer keeps when all keep the same fraction and the network meets the budget.
    fn uniform_counts(&self, count: u64) -> Result<Vec<usize>> {
        for layer in &self.layers {
            self.run.set_unit_scores(&layer.group, &vec![0.0; layer.group.units()])?;
        }
        self.keep_other_groups()?;
        self.run.select(Scope::Uniform, count)?;
        let kept = self.layers.iter().map(|layer| self.run.kept_units(&layer.group));
        kept.map(|kept| Ok(kept?.into_iter().filter(|kept| *kept).count())).collect()
    }

    /// Groups of the suite's set that DCP cannot judge by a convolution that reads them would have to be left whole,
    /// and then no longer all methods of a board have the same set.
    fn keep_other_groups(&self) -> Result<()> {
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
    fn start_over(&self) -> Result<()> {
        for layer in &self.layers {
            self.run.keep_units(&layer.group, &vec![true; layer.group.units()])?;
        }
        self.run.rewind_to(TUNED)
    }

    fn search<'l>(&'l self, layer: &'l Layer<'l>) -> Result<LayerSearch<'l, 'a>> {
        // The first auxiliary loss behind the layer; after the last one, the network's own.
        let head = self.heads.iter().find(|head| head.node > layer.last);
        LayerSearch::new(self.run, self.config, layer, head)
    }

    fn prune_layer(&self, layer: &Layer<'_>, count: usize) -> Result<()> {
        let kept = self.search(layer)?.keep(count)?;
        self.run.keep_units(&layer.group, &kept)?;
        tracing::info!(group = layer.group.name(), kept = count, of = layer.group.units(), "selected");
        Ok(())
    }
}

/// New auxiliary classifiers behind the pivots. Their widths come from a picture that goes through the network.
fn new_heads(run: &Run<'_>, config: &Config) -> Result<Vec<Head>> {
    let pivots = pivots(run, config.losses)?;
    if pivots.is_empty() {
        return Ok(Vec::new());
    }
    for pivot in &pivots {
        run.capture(*pivot, Capture::Output)?;
    }
    run.rewind_data(Split::Train, 1, 0)?;
    let picture = run.next_batch()?.ok_or_else(|| Error::unsupported("there are no training pictures"))?;
    let logits = run.forward_with(&picture.input, None, Forward { no_grad: true, ..Forward::default() })?;
    let classes = logits.size()[1];
    pivots
        .iter()
        .map(|pivot| {
            let features = run.captured(*pivot, Capture::Output)?;
            Head::new(run, *pivot, features.size()[1], classes, features.device())
        })
        .collect()
}

//! The methods `dcp` and `dcp-adapt`.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::classifier::Classifier;
use crate::config::{Search, Settings};
use crate::dcp_config::DcpConfig;
use crate::heads::new_heads;
use crate::losses::Losses;
use crate::stage::{FLAGS, Stage, training_steps};

/// DCP: the same fraction of every layer's input channels goes, layer by layer.
pub(crate) struct Dcp(Settings);

/// DCP-Adapt: layers keep different fractions, decided by how much the loss still falls when a channel joins.
pub(crate) struct DcpAdapt(Settings);

impl PruneMethod for Dcp {
    const ID: &'static CStr = c"org.secateur.dcp";
    const NAME: &'static CStr = c"DCP";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Discrimination-aware channel pruning: channels join by the gradient of reconstruction and auxiliary losses.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1810.11809");
    const GRANULARITY: Granularity = Granularity::Channel;
    const FLAGS: Flags = FLAGS;
    type Config = DcpConfig;

    fn create(config: DcpConfig) -> Result<Self> {
        config.settings().map(Self)
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        stage(run, &self.0, "dcp")?.answer_uniformly(request)
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
    type Config = DcpConfig;

    fn create(config: DcpConfig) -> Result<Self> {
        let settings = config.settings()?;
        if settings.search != Search::Greedy {
            return Err(Error::invalid(
                "`dcp-adapt` stops a greedy search; `search: top-k` has nothing to stop",
            ));
        }
        Ok(Self(settings))
    }

    /// The paper stops every layer's search when the loss falls by less than `epsilon` of its first value. Here the
    /// budget is given and `epsilon` follows from it: every layer's full order of channels is searched once, with the
    /// layers before it whole, and the host takes the channels with the largest falls over all layers. Falls are made
    /// non-increasing along the order, since a channel that joins late cannot stay without the earlier ones.
    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let stage = stage(run, &self.0, "dcp-adapt")?;
        for layer in stage.layers() {
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
        stage.refuse_other_groups()?;
        stage.answer(request, |target| {
            run.select(Scope::Global, target.count)?;
            stage.kept_counts()
        })
    }
}

/// A stage whose auxiliary heads classify whole pictures.
fn stage<'s, 'a>(run: &'s Run<'a>, settings: &'s Settings, method: &str) -> Result<Stage<'s, 'a>> {
    if run.has_boxes() {
        return Err(Error::unsupported(format!(
            "`{method}` classifies whole pictures, and this task is detection; its form for regions of objects is `lcp` \
             (org.secateur.lcp) with `auxiliary: roi-align`"
        )));
    }
    let heads = new_heads(run, settings.losses, |place, output| Classifier::new(&place, output[1]))?;
    let steps = if heads.is_empty() { 0 } else { training_steps(run, settings)? };
    Stage::new(run, settings, Losses::Heads(heads), steps)
}

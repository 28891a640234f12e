//! The method `lcp`: DCP with losses that know where objects are (arXiv 1911.02237).

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::config::Settings;
use crate::heads::new_heads;
use crate::lcp_config::LcpConfig;
use crate::losses::Losses;
use crate::regions::{RegionHead, Terms};
use crate::stage::{FLAGS, Stage, training_steps};

/// LCP: channels are judged by how well the regions of objects can be told and found from what they leave.
pub(crate) struct Lcp {
    terms: Option<Terms>,
    settings: Settings,
}

impl PruneMethod for Lcp {
    const ID: &'static CStr = c"org.secateur.lcp";
    const NAME: &'static CStr = c"LCP";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Localization-aware channel pruning of detectors: channels are ranked by the gradient of reconstruction and of losses on the regions of objects.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1911.02237");
    const GRANULARITY: Granularity = Granularity::Channel;
    const FLAGS: Flags = FLAGS;
    type Config = LcpConfig;

    fn create(config: LcpConfig) -> Result<Self> {
        Ok(Self { terms: Terms::of(&config), settings: config.settings()? })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        if !run.has_boxes() {
            return Err(Error::unsupported(
                "`lcp` looks at the regions of objects, and this task has no boxes; its form for classification is `dcp` \
                 (org.secateur.dcp)",
            ));
        }
        let losses = self.losses(run)?;
        // Without heads, too: what is trained before the search must be the same on all rungs.
        let steps = training_steps(run, &self.settings)?;
        Stage::new(run, &self.settings, losses, steps)?.answer_uniformly(request)
    }
}

impl Lcp {
    fn losses(&self, run: &Run<'_>) -> Result<Losses> {
        let Some(terms) = self.terms else { return Ok(Losses::Reconstruction) };
        let heads = new_heads(run, self.settings.losses, |place, output| {
            // Four offsets and the background precede the classes.
            let classes = match output {
                [_, _, columns] if *columns > 5 => columns - 5,
                _ => {
                    let message = format!("a detector's output has the shape {output:?}");
                    return Err(Error::new(ErrorKind::Internal, message));
                }
            };
            RegionHead::new(&place, classes, terms)
        })?;
        Ok(Losses::Heads(heads))
    }
}

//! Ranks of feature maps.

use std::collections::BTreeMap;
use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::{Capture, Forward, Member};

use crate::by_mean;
use crate::norm::yes;
use crate::random::uniform;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How units compete: `uniform` (each group keeps the same fraction) or `global`. The paper sets rates by hand.
    #[serde(default = "uniform")]
    scope: Scope,
    /// Pictures over which ranks are averaged: 5 batches of 128 in the authors' code.
    #[serde(default = "default_pictures")]
    pictures: u32,
    /// Whether ranks are divided by their group's mean; it matters for a global scope only.
    #[serde(default = "yes")]
    normalize: bool,
}

fn default_pictures() -> u32 {
    640
}

/// The mean rank of a channel's feature maps as the next convolution reads them (arXiv 2002.10179, equation 5); where no
/// convolution reads them, of what the layer itself gives.
pub(crate) struct HRank {
    config: Config,
    ranks: BTreeMap<u32, Vec<f64>>,
}

/// Sum over the batch of the rank of each channel's map, `[n, c, h, w]` to `[c]`, with PyTorch's default tolerance.
pub(crate) fn rank_sums(maps: &Tensor) -> Result<Tensor> {
    let ranks = maps.f_linalg_matrix_rank_atol_rtol_float(None, None, false)?;
    Ok(ranks.f_sum_dim_intlist(0, false, Kind::Double)?)
}

/// Where a group's maps are seen.
struct View<'a> {
    group: u32,
    node: u32,
    what: Capture,
    member: Member<'a>,
}

impl HRank {
    /// What a convolution reads of a group, after activations; where none reads it, what one makes of it.
    fn view<'a>(run: &'a Run<'_>, group: &Group<'a>) -> Result<View<'a>> {
        for (side, what) in [(Side::In, Capture::Input), (Side::Out, Capture::Output)] {
            for member in group.members().into_iter().filter(|member| member.side() == side) {
                let param = run.param(member.param())?;
                if param.shape().len() == 4
                    && let Some(node) = run.owner(&param)
                {
                    return Ok(View { group: group.id(), node, what, member });
                }
            }
        }
        Err(Error::unsupported(format!("`{}` has no feature maps", group.name())))
    }
}

impl ChannelCriterion for HRank {
    const ID: &'static CStr = c"org.secateur.channel-hrank";
    const NAME: &'static CStr = c"HRank";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps the channels whose feature maps have the highest mean rank.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2002.10179");
    const FLAGS: Flags = Flags::NEEDS_DATA.and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if config.pictures == 0 {
            return Err(Error::invalid("`pictures` must be at least 1"));
        }
        Ok(Self { config, ranks: BTreeMap::new() })
    }

    fn scope(&self) -> Scope {
        self.config.scope
    }

    fn prepare(&mut self, run: &Run<'_>) -> Result<()> {
        let groups = run.groups();
        let mut views = Vec::with_capacity(groups.len());
        for group in &groups {
            let view = Self::view(run, group)?;
            run.capture(view.node, view.what)?;
            self.ranks.insert(view.group, vec![0.0; group.units()]);
            views.push(view);
        }
        let batch = self.config.pictures.min(128);
        run.rewind_data(Split::Train, batch, 0)?;
        let mut left = i64::from(self.config.pictures);
        while left > 0 {
            let Some(pictures) = run.next_batch()? else { break };
            let input = pictures.input.f_narrow(0, 0, left.min(pictures.input.size()[0]))?;
            left -= input.size()[0];
            drop(run.forward_with(&input, None, Forward { no_grad: true, ..Forward::default() })?);
            for View { group, node, what, member } in &views {
                let sums = member.sum_by_unit(&rank_sums(&run.captured(*node, *what)?)?)?;
                let ranks = self.ranks.entry(*group).or_default();
                for (rank, sum) in ranks.iter_mut().zip(sums) {
                    *rank += sum;
                }
            }
        }
        Ok(())
    }

    fn score(&mut self, _: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        let ranks = self.ranks.get(&group.id()).cloned().unwrap_or_default();
        Ok(if self.config.normalize { by_mean(ranks) } else { ranks })
    }
}

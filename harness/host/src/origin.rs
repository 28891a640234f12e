//! Where the values of a pruned network come from, as the host sees it.

use secateur_engine::State;
use secateur_network::ParamId;
use tch::{Kind, Tensor};

use crate::callback::{Answer, Failure};
use crate::prunable::Removable;
use crate::session::Session;

impl Session<'_> {
    /// The first of `start` and what the upstream kept (`init`, `step:500`) whose values the remaining prunable weights
    /// of a snapshot have, bit for bit. In suites that remove channels these are all parameters that remain. `None` where
    /// they have been changed, or nothing remains.
    ///
    /// What a method has saved under names of its own does not count, and nothing that it says is asked for. Each
    /// parameter is read once, and none behind the one in which the last checkpoint drops out.
    pub(crate) fn origin(&self, snapshot: &State) -> Answer<Option<String>> {
        let ids: Vec<ParamId> = match &self.setup.removable {
            Removable::Channels(_) => self.model().network().params().iter().map(|spec| spec.id).collect(),
            removable => removable.params().to_vec(),
        };
        let upstream = self.setup.upstream.iter().map(|(name, state)| (name.as_str(), state));
        let mut left: Vec<(&str, &State)> = std::iter::once(("start", &self.start)).chain(upstream).collect();
        let mut remains = false;
        for id in ids {
            let mask = snapshot.mask(id);
            remains |= match mask {
                Some(mask) => mask.f_any()?.f_int64_value(&[])? != 0,
                None => true,
            };
            let value = bits(snapshot.param(id))?;
            let mut same = Vec::with_capacity(left.len());
            for (name, state) in left {
                let other = value.f_ne_tensor(&bits(state.param(id))?)?;
                let changed = match mask {
                    Some(mask) => other.f_logical_and(mask)?.f_any()?,
                    None => other.f_any()?,
                };
                if changed.f_int64_value(&[])? == 0 {
                    same.push((name, state));
                }
            }
            left = same;
            if left.is_empty() {
                return Ok(None);
            }
        }
        Ok(left.first().filter(|_| remains).map(|(name, _)| (*name).to_owned()))
    }
}

/// The bits of floats as whole numbers, so that a zero is not a minus zero.
fn bits(values: &Tensor) -> Answer<Tensor> {
    let kind = match values.f_kind()? {
        Kind::Double => Kind::Int64,
        Kind::Float => Kind::Int,
        Kind::Half | Kind::BFloat16 => Kind::Int16,
        other => return Err(Failure::invalid(format!("weights of kind {other:?} have no bits to compare"))),
    };
    Ok(values.f_view_dtype(kind)?)
}
